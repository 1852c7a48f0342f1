//! References from one object to another.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Id;
use super::companies::Company;
use super::contacts::Contact;
use super::json::or_empty;
use super::kinds::{Anything, User};
use super::users::Team;

/// A reference to an object, as in Teamleader's answers: the object's type and id.
///
/// `T` is the type of the object. If a reference can point to several types, `T` is [`Anything`] and
/// [`Reference::kind`] names the type.
#[derive(Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct Reference<T = Anything> {
    /// The type, as Teamleader names it: `contact`, `dealPhase`, `nextgenProject`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object's id, a UUID.
    pub id: Id<T>,
    /// The members that this version does not know, unchanged.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<T> Reference<T> {
    /// Makes a reference from a type and an id.
    pub fn new(kind: impl Into<String>, id: impl Into<Id<T>>) -> Reference<T> {
        Reference { kind: kind.into(), id: id.into(), extra: Map::new() }
    }

    /// Returns the contact or the company that the reference points to. Returns `None` for any other type.
    pub fn customer(&self) -> Option<Customer> {
        match self.kind.as_str() {
            "contact" => Some(Customer::contact(self.id.as_str())),
            "company" => Some(Customer::company(self.id.as_str())),
            _ => None,
        }
    }
}

/// A reference in JSON. This type is not generic, so its parser is compiled once.
#[derive(Deserialize)]
struct Untyped {
    #[serde(rename = "type", default, deserialize_with = "or_empty")]
    kind: String,
    id: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl<'de, T> Deserialize<'de> for Reference<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Reference<T>, D::Error> {
        let Untyped { kind, id, extra } = Untyped::deserialize(from)?;
        Ok(Reference { kind, id: Id::new(id), extra })
    }
}

impl<T> Clone for Reference<T> {
    fn clone(&self) -> Reference<T> {
        Reference { kind: self.kind.clone(), id: self.id.clone(), extra: self.extra.clone() }
    }
}

impl<T> fmt::Debug for Reference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Reference");
        debug.field("kind", &self.kind).field("id", &self.id);
        if !self.extra.is_empty() {
            debug.field("extra", &self.extra);
        }
        debug.finish()
    }
}

impl<T> PartialEq for Reference<T> {
    fn eq(&self, other: &Reference<T>) -> bool {
        self.id == other.id && self.kind == other.kind && self.extra == other.extra
    }
}

impl<T> Eq for Reference<T> {}

impl<T> Hash for Reference<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.kind.hash(state);
    }
}

/// Refers to a user.
impl From<Id<User>> for Reference<User> {
    fn from(id: Id<User>) -> Reference<User> {
        Reference::new("user", id)
    }
}

/// A contact or a company in a request: the customer of an invoice, a quotation or a deal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Customer {
    /// The contact with this id.
    Contact(Id<Contact>),
    /// The company with this id.
    Company(Id<Company>),
}

impl Customer {
    /// Makes a customer from the id of a contact.
    pub fn contact(id: impl Into<Id<Contact>>) -> Customer {
        Customer::Contact(id.into())
    }

    /// Makes a customer from the id of a company.
    pub fn company(id: impl Into<Id<Company>>) -> Customer {
        Customer::Company(id.into())
    }
}

impl From<Id<Contact>> for Customer {
    fn from(id: Id<Contact>) -> Customer {
        Customer::Contact(id)
    }
}

impl From<Id<Company>> for Customer {
    fn from(id: Id<Company>) -> Customer {
        Customer::Company(id)
    }
}

/// The user or the team that does the work, in a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assignee {
    /// The user with this id.
    User(Id<User>),
    /// The team with this id.
    Team(Id<Team>),
}

impl Assignee {
    /// Makes an assignee from the id of a user.
    pub fn user(id: impl Into<Id<User>>) -> Assignee {
        Assignee::User(id.into())
    }

    /// Makes an assignee from the id of a team.
    pub fn team(id: impl Into<Id<Team>>) -> Assignee {
        Assignee::Team(id.into())
    }
}

impl From<Id<User>> for Assignee {
    fn from(id: Id<User>) -> Assignee {
        Assignee::User(id)
    }
}

impl From<Id<Team>> for Assignee {
    fn from(id: Id<Team>) -> Assignee {
        Assignee::Team(id)
    }
}

/// The user or the contact who attends a meeting or an event, in a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attendee {
    /// The user with this id.
    User(Id<User>),
    /// The contact with this id.
    Contact(Id<Contact>),
}

impl Attendee {
    /// Makes an attendee from the id of a user.
    pub fn user(id: impl Into<Id<User>>) -> Attendee {
        Attendee::User(id.into())
    }

    /// Makes an attendee from the id of a contact.
    pub fn contact(id: impl Into<Id<Contact>>) -> Attendee {
        Attendee::Contact(id.into())
    }
}

impl From<Id<User>> for Attendee {
    fn from(id: Id<User>) -> Attendee {
        Attendee::User(id)
    }
}

impl From<Id<Contact>> for Attendee {
    fn from(id: Id<Contact>) -> Attendee {
        Attendee::Contact(id)
    }
}
