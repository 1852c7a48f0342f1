//! The user who is logged in.

use super::json::or_empty;
use super::kinds::{Account, User};
use super::macros::model;
use super::{Decimal, Id, Reference, Telephone};
use crate::sdk::open_enum;

open_enum! {
    /// Whether a user's email address is confirmed.
    pub enum EmailVerification {
        /// Not confirmed yet.
        Pending = "pending",
        /// Confirmed.
        Confirmed = "confirmed",
    }
}

model! {
    /// The user who is logged in: [`Teamleader::me`](super::Teamleader::me).
    pub struct Me {
        /// The id.
        id: Id<User>,
        /// The account.
        account: Option<Reference<Account>>,
        /// The first name.
        first_name: Option<String>,
        /// The last name.
        last_name: Option<String>,
        /// The email address.
        email: Option<String>,
        /// Whether the email address is confirmed.
        email_verification_status: Option<EmailVerification>,
        /// The telephone numbers.
        #[serde(default, deserialize_with = "or_empty")]
        telephones: Vec<Telephone>,
        /// The language code, such as `nl-BE`.
        language: Option<String>,
        /// The user's function in the company.
        function: Option<String>,
        /// The time zone, such as `Europe/Brussels`.
        time_zone: Option<String>,
        /// The preferences.
        preferences: Option<Preferences>,
    }

    /// The preferences of a user.
    pub struct Preferences {
        /// Whether the user's time is invoiced.
        invoiceable: Option<bool>,
        /// How far back in time the user can track hours.
        historic_time_tracking_limit: Option<Span>,
        /// Whether the account uses its own branding.
        whitelabeling: Option<bool>,
    }

    /// A length of time.
    pub struct Span {
        /// The unit, such as `hour`.
        unit: Option<String>,
        /// The number of units.
        value: Option<Decimal>,
    }
}
