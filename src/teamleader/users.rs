//! Users and teams.

use serde_json::json;

use super::json::{money, or_empty};
use super::kinds::Account;
use super::macros::{listed, methods, model, request, resource};
use super::{ActiveStatus, Decimal, Id, Money, Nothing, Reference, Telephone};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The fields that users can be sorted by.
    pub enum UserSort {
        /// The first name.
        FirstName = "first_name",
        /// The last name.
        LastName = "last_name",
        /// The email address.
        Email = "email",
        /// The user's function in the company.
        Function = "function",
    }

    /// Optional parts of a user.
    pub enum UserInclude {
        /// The rate that customers pay for the user's work.
        ExternalRate = "external_rate",
    }

    /// The fields that teams can be sorted by.
    pub enum TeamSort {
        /// The name.
        Name = "name",
    }

    /// Whether a user's email address is confirmed.
    pub enum EmailVerification {
        /// Not confirmed yet.
        Pending = "pending",
        /// Confirmed.
        Confirmed = "confirmed",
    }
}

model! {
    /// The user who is logged in, from [`Teamleader::me`](super::Teamleader::me).
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

model! {
    /// A user of an account.
    pub struct User {
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
        /// The telephone numbers.
        #[serde(default, deserialize_with = "or_empty")]
        telephones: Vec<Telephone>,
        /// The language code, such as `nl-BE`.
        language: Option<String>,
        /// The user's function in the company.
        function: Option<String>,
        /// The time zone, such as `Europe/Brussels`; not in a list.
        time_zone: Option<String>,
        /// Whether the user is in use.
        status: Option<ActiveStatus>,
        /// The teams of the user.
        #[serde(default, deserialize_with = "or_empty")]
        teams: Vec<Reference<Team>>,
        /// The rate that customers pay for the user's work; only on request.
        #[serde(default, deserialize_with = "money")]
        external_rate: Option<Money>,
    }

    /// A team of users.
    pub struct Team {
        /// The id.
        id: Id<Team>,
        /// The name.
        name: Option<String>,
        /// The user who leads the team.
        team_lead: Option<Reference<User>>,
        /// The users in the team.
        #[serde(default, deserialize_with = "or_empty")]
        members: Vec<Reference<User>>,
    }
}

request! {
    /// A filter for users.
    pub struct UserFilter {
        ; set
        /// Users with one of these ids.
        ids: Vec<Id<User>>,
        /// Users with this text in the name, the email address or the function.
        term: String,
        /// Users with one of these statuses.
        status: Vec<ActiveStatus>,
    }
}

request! {
    /// A filter for teams.
    pub struct TeamFilter {
        ; set
        /// Teams with one of these ids.
        ids: Vec<Id<Team>>,
        /// Teams with this text in the name.
        term: String,
        /// Teams that this user leads.
        team_lead_id: Id<User>,
    }
}

listed! {
    User => "users.list", UserFilter, UserSort, Nothing;
    Team => "teams.list", TeamFilter, TeamSort, Nothing;
}

resource! {
    /// The operations on users, from [`Teamleader::users`](super::Teamleader::users).
    pub struct Users of User
}

resource! {
    /// The operations on teams, from [`Teamleader::teams`](super::Teamleader::teams).
    pub struct Teams of Team
}

methods! {
    impl Users of User;
    fetch {
        /// Fetches one user.
        get(id: User) -> User = "users.info";
    }
}

impl Users<'_> {
    /// Fetches one user with optional parts.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(self, id: impl Into<Id<User>>, include: &[UserInclude]) -> Result<User> {
        let includes: Vec<&str> = include.iter().map(UserInclude::as_str).collect();
        self.0.fetch("users.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }
}
