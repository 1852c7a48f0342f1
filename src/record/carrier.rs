//! Records that are not used as they are: a sealed one, and one on its way to another store.

use serde_json::{Map, Value};

use super::{Record, Replaces};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::Token;

/// The member of a sealed record: the name of its key, and the sealed text.
const SEALED: &str = "sealed";
/// The member of a record that is being moved: the name of the other store.
const MOVING: &str = "moving";

impl Record {
    /// A copy without secrets, for a store that sees only what is sealed. It keeps the members by which stores
    /// compare, and the note, which asks for the successor's room.
    pub(crate) fn carrier(&self, key: &str, text: String) -> Record {
        let placeholder = |refresh_token: Option<&Secret>| {
            // Stores compare the refresh token, too.
            let token = Token::new(SEALED);
            match refresh_token {
                Some(secret) => {
                    token.with_refresh_token(format!("sealed-{}", secret.fingerprint()))
                }
                None => token,
            }
        };
        let mut carrier = Record::from(placeholder(self.token.refresh_token()));
        carrier.login.clone_from(&self.login);
        (carrier.revision, carrier.generation) = (self.revision, self.generation);
        carrier.note.clone_from(&self.note);
        carrier.replaces = Replaces(self.replaces.0.clone().map(|(login, revision, token)| {
            (login, revision, placeholder(token.as_ref()).refresh_token().cloned())
        }));
        let members = [("key".to_owned(), key.into()), ("text".to_owned(), text.into())];
        carrier.put_beside(SEALED, Some(Value::Object(Map::from_iter(members))));
        carrier
    }

    /// A copy of a carrier that replaces a record which is not sealed.
    pub(crate) fn over(mut self, plain: &Record) -> Record {
        self.replaces = Replaces::of(plain);
        self
    }

    /// The name of the key and the sealed text of a carrier.
    pub(crate) fn sealed(&self) -> Option<(&str, &str)> {
        let sealed = self.beside(SEALED)?;
        let member = |name| sealed.get(name).and_then(Value::as_str).unwrap_or_default();
        Some((member("key"), member("text")))
    }

    /// Whether a carrier belongs to this record.
    pub(crate) fn is_in(&self, carrier: &Record) -> bool {
        let refresh_token = |record: &Record| record.token.refresh_token().cloned();
        self.login == carrier.login
            && self.revision == carrier.revision
            && self.generation == carrier.generation
            && self.note == carrier.note
            && refresh_token(&self.carrier("", String::new())) == refresh_token(carrier)
    }

    /// A copy that no client uses, because the login is on its way to `store`.
    pub(crate) fn moving_to(&self, store: &str) -> Record {
        let mut next = self.next();
        next.put_beside(MOVING, Some(store.into()));
        next
    }

    /// The store that this login is on its way to.
    pub(crate) fn moves_to(&self) -> Option<&str> {
        self.beside(MOVING).map(|store| store.as_str().unwrap_or("another store"))
    }

    /// The record as the other store keeps it, in place of `stored`.
    pub(crate) fn moved(&self, stored: Option<&Record>) -> Record {
        let mut next = self.clone();
        next.put_beside(MOVING, None);
        next.revision = self.revision.max(stored.map_or(0, Record::revision)).saturating_add(1);
        next.replaces = stored.map(Replaces::of).unwrap_or_default();
        next
    }

    /// Refuses a record that a client cannot use as it is.
    pub(super) fn check_usable(&self, store: &str) -> Result<()> {
        if let Some((key, _)) = self.sealed() {
            return Err(Error::config(format!(
                "{store} holds a login that is sealed with the key {key}: use the store through \
                 SealedBackend"
            )));
        }
        if let Some(other) = self.moves_to() {
            return Err(Error::config(format!(
                "the login in {store} is being moved to {other}: finish the move (move_login), and \
                 use that store"
            )));
        }
        Ok(())
    }
}
