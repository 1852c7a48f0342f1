//! Tells how long a login stays valid without a person, and keeps a login alive. Nothing runs in the
//! background: call [`Client::keep_alive`] from a cron job.
//!
//! ```
//! # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
//! # use std::time::Duration;
//! # let sandbox = Sandbox::start()?;
//! # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! # client.seed(sandbox.login())?;
//! // Once a week, for a program that itself runs rarely.
//! client.keep_alive()?;
//! let health = client.health()?;
//! if health.needs_person_within(Duration::from_secs(14 * 86_400)) {
//!     eprintln!("please log in again soon: {health}");
//! }
//! # Ok::<(), evergrant::BoxError>(())
//! ```

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use crate::client::Client;
use crate::clock;
use crate::error::Result;
use crate::provider::Provider;
use crate::record::Record;

/// The idle limit that is assumed if the provider documents none.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(14 * 86_400);
/// When the refresh token is about to expire, [`Client::keep_alive`] refreshes at most this often.
const DAY: Duration = Duration::from_secs(86_400);

/// Whether a login still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginState {
    /// Nothing is stored.
    Missing,
    /// The service refused the refresh token, and no newer token was stored. A person has to log in.
    Refused,
    /// The login has expired: a known limit has passed (the refresh token's own, the idle limit or the
    /// consent limit), or the access token has expired and there is no refresh token.
    Ended,
    /// A refresh token was sent and no answer came; the next refresh finds out whether the service used the
    /// token.
    Unanswered,
    /// The login still works, as far as is known.
    Alive,
}

/// What is known about a stored login, from its record and from the provider's documented limits. Dates
/// are UTC; `None` means that the date is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether the login still works.
    pub state: LoginState,
    /// When the record was read.
    pub at: OffsetDateTime,
    /// When the access token expires. A refresh replaces the access token without a person.
    pub access_expires_at: Option<OffsetDateTime>,
    /// When a token was last issued.
    pub refreshed_at: Option<OffsetDateTime>,
    /// When a person last logged in with this crate.
    pub consented_at: Option<OffsetDateTime>,
    /// When the refresh token expires, by the service's answer or by the provider's
    /// [`idle_limit`](crate::provider::RefreshRules::idle_limit). Most services move this date at each
    /// refresh.
    pub refresh_expires_at: Option<OffsetDateTime>,
    /// When the login expires if nobody refreshes it (the provider's `idle_limit`).
    pub idle_ends_at: Option<OffsetDateTime>,
    /// When the login expires even if it is refreshed (the provider's `consent_limit`).
    pub consent_ends_at: Option<OffsetDateTime>,
    /// Whether [`Client::keep_alive`] would refresh now.
    pub refresh_due: bool,
    has_refresh_token: bool,
    needs_login: bool,
}

impl Health {
    /// `early` is from 0 to 1: at 1, a refresh is due after half of the usual time.
    pub(crate) fn of(
        record: Option<&Record>,
        provider: &Provider,
        needs_login: bool,
        at: OffsetDateTime,
        early: f64,
    ) -> Health {
        let token = record.map(Record::token);
        let refreshed_at = token.and_then(|token| token.issued_at());
        let consented_at = record.and_then(Record::consented_at);
        let after = |from: Option<OffsetDateTime>, limit: Option<Duration>| {
            Some(clock::later(from?, limit?))
        };
        let mut health = Health {
            state: LoginState::Missing,
            at,
            access_expires_at: token.and_then(|token| token.expires_at()),
            refreshed_at,
            consented_at,
            refresh_expires_at: record.and_then(Record::refresh_expires_at),
            idle_ends_at: after(refreshed_at, provider.refresh.idle_limit),
            consent_ends_at: after(consented_at, provider.refresh.consent_limit),
            refresh_due: false,
            has_refresh_token: token.is_some_and(|token| token.refresh_token().is_some()),
            needs_login,
        };
        if !needs_login {
            // The client asks for a new token whenever it needs one; nobody has to log in.
            health.state = LoginState::Alive;
            return health;
        }
        let Some(record) = record else { return health };
        health.state = if record.present_refusal().is_some() {
            LoginState::Refused
        } else if health.ends_at().is_some_and(|end| end <= at) {
            LoginState::Ended
        } else if record.unanswered().is_some() {
            LoginState::Unanswered
        } else {
            LoginState::Alive
        };
        health.refresh_due = health.has_refresh_token && health.is_due(record, provider, early);
        health
    }

    /// Whether half of the shortest known limit has passed since the last refresh, or the refresh token
    /// is about to expire: some services replace a refresh token only shortly before its expiry.
    /// `early` makes both moments earlier. A date in the future would put the refresh off for as long, so a
    /// login with a date in the future is due at once.
    fn is_due(&self, record: &Record, provider: &Provider, early: f64) -> bool {
        let Some(refreshed_at) = self.refreshed_at else { return true };
        let since = clock::until(refreshed_at, self.at);
        let began = record.rotated_at().or(self.consented_at).unwrap_or(refreshed_at);
        let life = self.refresh_expires_at.map(|end| clock::until(began, end));
        let limits = [life, provider.refresh.idle_limit];
        let limit = limits.iter().flatten().min().copied().unwrap_or(UNKNOWN_LIMIT);
        // The date comes from a clock that was ahead, and says nothing about the age.
        if clock::until(self.at, refreshed_at) > DAY.min(limit / 8) {
            return true;
        }
        let near = self.refresh_expires_at.is_some_and(|end| {
            let begins = limit.mul_f64(0.25 + early / 8.0);
            clock::until(self.at, end) < begins && since >= DAY.min(limit / 8)
        });
        since >= limit.mul_f64(0.5 - early / 4.0) || near
    }

    /// When the login expires without a further refresh, as far as is known: the earliest of its
    /// limits, or the expiry of the access token if there is no refresh token. Returns `None` for a grant
    /// without a login.
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        if !self.needs_login {
            return None;
        }
        if !self.has_refresh_token {
            return self.access_expires_at;
        }
        let ends = [self.refresh_expires_at, self.idle_ends_at, self.consent_ends_at];
        ends.iter().flatten().min().copied()
    }

    /// Whether there is a refresh token.
    pub(crate) fn can_refresh(&self) -> bool {
        self.has_refresh_token
    }

    /// Whether a person has to log in now.
    pub fn needs_person(&self) -> bool {
        matches!(self.state, LoginState::Missing | LoginState::Refused | LoginState::Ended)
    }

    /// Whether a person has to log in now, or within this time if the login is not refreshed until
    /// then.
    pub fn needs_person_within(&self, time: Duration) -> bool {
        let soon = clock::later(self.at, time);
        self.needs_person() || self.ends_at().is_some_and(|end| end <= soon)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            LoginState::Missing => return f.write_str("nobody has logged in"),
            LoginState::Refused => "the service refused the refresh token",
            LoginState::Ended => "the login has expired",
            LoginState::Unanswered => "a refresh was never answered",
            LoginState::Alive => "the login is alive",
        })?;
        let days = |end: OffsetDateTime| clock::until(self.at, end).as_secs() / 86_400;
        match self.ends_at().filter(|_| !self.needs_person()) {
            Some(end) => write!(f, "; the login expires in {} days ({})", days(end), end.date()),
            None => Ok(()),
        }
    }
}

impl Client {
    /// Returns what is known about the stored login. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Backend`], and [`crate::Error::Config`] for another client's token.
    pub fn health(&self) -> Result<Health> {
        Ok(self.health_of(self.stored()?.as_ref()))
    }

    fn health_of(&self, record: Option<&Record>) -> Health {
        let needs_login = self.keeper().has_login();
        Health::of(record, self.provider(), needs_login, self.clock().now_utc(), 0.0)
    }

    /// Refreshes a login before it expires unused, and returns whether the login was refreshed. A
    /// refresh is due when half of the shortest known limit has passed since the last refresh (after a
    /// week if no limit is known), so one call a week is enough for limits of three weeks and more. If
    /// a person has to log in, the call returns an error, so that a cron job reports the problem.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::health`], and those of [`Client::refresh`] when a refresh is due or a person
    /// is needed. After a request without an answer, [`crate::Error::OutcomeUnknown`] as long as another request
    /// could revoke an access token that still works.
    pub fn keep_alive(&self) -> Result<bool> {
        let record = self.stored()?;
        let health = self.health_of(record.as_ref());
        if !health.refresh_due && !health.needs_person() {
            return Ok(false);
        }
        match &record {
            Some(record) => self.keeper().keep_alive(record).map(drop)?,
            None => self.refresh()?,
        }
        Ok(true)
    }
}
