//! The account: its user, its departments, its tags.

use serde::Deserialize;
use serde_json::json;

use super::json::or_empty;
use super::macros::{listed, methods, request, resource};
use super::{Address, Currency, Decimal, Email, Nothing, Reference, Telephone};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// Whether a user's address of electronic mail was confirmed.
    pub enum EmailVerification {
        /// Not yet.
        Pending = "pending",
        /// It was.
        Confirmed = "confirmed",
    }

    /// Whether a department is in use.
    pub enum DepartmentStatus {
        /// In use.
        Active = "active",
        /// Put away.
        Archived = "archived",
    }

    /// What departments can be sorted by.
    pub enum DepartmentSort {
        /// The default first, or last.
        DefaultDepartment = "default_department",
        /// The name.
        Name = "name",
        /// When they were made.
        CreatedAt = "created_at",
    }

    /// What tags can be sorted by.
    pub enum TagSort {
        /// The tag.
        Tag = "tag",
    }
}

/// The user whose login it is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Me {
    /// The user's id.
    pub id: String,
    /// The account.
    pub account: Option<Reference>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The address of electronic mail.
    pub email: Option<String>,
    /// Whether that was confirmed.
    pub email_verification_status: Option<EmailVerification>,
    /// Telephone numbers.
    #[serde(default, deserialize_with = "or_empty")]
    pub telephones: Vec<Telephone>,
    /// Language, as `nl-BE`.
    pub language: Option<String>,
    /// What the user does.
    pub function: Option<String>,
    /// Time zone, as `Europe/Brussels`.
    pub time_zone: Option<String>,
    /// Preferences.
    pub preferences: Option<Preferences>,
}

/// Preferences of a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Preferences {
    /// Whether the user's time is invoiced.
    pub invoiceable: Option<bool>,
    /// How far back time can be tracked.
    pub historic_time_tracking_limit: Option<Span>,
    /// Whether the account wears another name.
    pub whitelabeling: Option<bool>,
}

/// A length of time, in the unit that it came in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Span {
    /// Which unit, as `hour`.
    pub unit: Option<String>,
    /// How many.
    pub value: Option<Decimal>,
}

/// A department.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Department {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// VAT number.
    pub vat_number: Option<String>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// Addresses of electronic mail.
    #[serde(default, deserialize_with = "or_empty")]
    pub emails: Vec<Email>,
    /// Whether it is in use.
    pub status: Option<DepartmentStatus>,
    /// Its address; not in a list.
    pub address: Option<Address>,
    /// Telephone numbers; not in a list.
    pub telephones: Option<Vec<Telephone>>,
    /// The address of a web site; not in a list.
    pub website: Option<String>,
    /// Bank account; not in a list.
    pub iban: Option<String>,
    /// Bank; not in a list.
    pub bic: Option<String>,
    /// Its fiscal regime; not in a list.
    pub fiscal_regime: Option<String>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tag {
    /// The tag itself.
    pub tag: String,
}

request! {
    /// Which departments.
    pub struct DepartmentFilter {
        ; set
        /// Those with these ids.
        ids: Vec<String>,
        /// Those in use, or put away.
        status: Vec<DepartmentStatus>,
    }
}

listed! {
    Department => "departments.list", DepartmentFilter, DepartmentSort, Nothing;
    Tag => "tags.list", Nothing, TagSort, Nothing;
}

resource! {
    /// The departments of an account: [`Teamleader::departments`](super::Teamleader::departments).
    pub struct Departments of Department
}

methods! {
    impl Departments;
    fetch {
        /// One.
        get(id: &str) -> Department = "departments.info";
    }
}

resource! {
    /// The tags of an account: [`Teamleader::tags`](super::Teamleader::tags).
    pub struct Tags of Tag
}
