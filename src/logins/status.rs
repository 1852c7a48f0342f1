//! What is known about a login, without its secrets.

use std::collections::VecDeque;
use std::fmt;

use time::OffsetDateTime;

use super::Logins;
use crate::backend::{Note, Record, Refused, TokenBackend};
use crate::error::{Error, Result, one_line};
use crate::health::Health;

/// How many names a listing reads at a time.
pub(super) const PAGE: usize = 10_000;

/// What is known about the login of an account. The value contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginStatus {
    /// The account.
    pub account: String,
    /// Whether the login still works, and its dates. [`Health::refresh_due`] says whether a sweep would refresh
    /// the login now.
    pub health: Health,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// The service's refusal of the present refresh token, if there is one.
    pub refused: Option<Refused>,
    /// A refresh that was sent and has no answer yet.
    pub pending: Option<Pending>,
    /// Whether the tokens are bound to a key (DPoP, RFC 9449).
    pub bound: bool,
}

/// A refresh that was sent and has no answer yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pending {
    /// The host and the process that sent the refresh token.
    pub holder: String,
    /// When the refresh token was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// Until when an answer can come, UTC.
    pub deadline: OffsetDateTime,
}

/// `tenant-42: the login is alive; the login expires in 12 days (2026-03-01)`
impl fmt::Display for LoginStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", one_line(&self.account), self.health)
    }
}

/// Reads the status of an account. Returns `None` if there is no login.
pub(super) fn read(
    logins: &Logins,
    account: &str,
    store: &dyn TokenBackend,
) -> Result<Option<LoginStatus>> {
    let Some(record) = load(logins, store)? else { return Ok(None) };
    let health = logins.health_of(account, &record);
    Ok(Some(LoginStatus {
        account: account.to_owned(),
        scopes: record.token().scopes().map(str::to_owned).collect(),
        refused: refused(&record).cloned(),
        pending: pending(&record).map(|note| Pending {
            holder: note.holder.to_string(),
            sent_at: note.sent_at,
            deadline: note.deadline,
        }),
        bound: record.token().dpop_key().is_some(),
        health,
    }))
}

/// Loads the record of an account, and fails if the record belongs to another client.
pub(super) fn load(logins: &Logins, store: &dyn TokenBackend) -> Result<Option<Record>> {
    let failed = |error| Error::backend("load", store.describe(), error);
    let Some(record) = store.load().map_err(failed)? else { return Ok(None) };
    let rules = logins.0.pattern.rules();
    record.check(&rules.binding_of(record.token()), &store.describe())?;
    Ok(Some(record))
}

fn is_present(record: &Record, fingerprint: &str) -> bool {
    let present = record.token().refresh_token();
    present.is_some_and(|token| token.fingerprint() == fingerprint)
}

/// The refusal of the present refresh token.
pub(super) fn refused(record: &Record) -> Option<&Refused> {
    record.refused().filter(|refused| is_present(record, &refused.fingerprint))
}

fn pending(record: &Record) -> Option<&Note> {
    record.note().filter(|note| !note.answered && is_present(record, &note.fingerprint))
}

impl Logins {
    /// What is known about a login by its record.
    pub(super) fn health_of(&self, account: &str, record: &Record) -> Health {
        let pattern = &self.0.pattern;
        let (needs_login, now) = (pattern.keeper().has_login(), pattern.clock().now_utc());
        let early = early(account, record);
        Health::of(Some(record), pattern.provider(), needs_login, now, early)
    }
}

/// How much earlier than the latest time a login is refreshed, from 0 to 1. The value is the same on
/// every host and changes after each refresh, so that logins that were added together drift apart.
pub(super) fn early(account: &str, record: &Record) -> f64 {
    let generation = record.generation().to_string();
    let text = [account, record.login(), &generation].join("\0");
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    f64::from(u32::from_be_bytes(first)) / f64::from(u32::MAX)
}

/// The logins of a store, in the order of their names: [`Logins::list`].
///
/// An account whose record cannot be read, or belongs to another client, is an error, and the list continues
/// with the next account. If the names cannot be read, the list ends with an error.
#[must_use = "an iterator does nothing until it is used"]
pub struct List<'a> {
    logins: &'a Logins,
    names: VecDeque<String>,
    last: Option<String>,
    ended: bool,
}

impl<'a> List<'a> {
    pub(super) fn new(logins: &'a Logins) -> List<'a> {
        List { logins, names: VecDeque::new(), last: None, ended: false }
    }

    /// The next name.
    fn name(&mut self) -> Option<Result<String>> {
        if self.names.is_empty() && !self.ended {
            let page = self.logins.0.store.accounts(self.last.as_deref(), PAGE);
            match page {
                Ok(page) => {
                    self.ended = page.len() < PAGE;
                    self.names = page.into();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(unlisted(error)));
                }
            }
            self.last = self.names.back().cloned().or(self.last.take());
        }
        self.names.pop_front().map(Ok)
    }
}

/// The error for names that cannot be read.
pub(super) fn unlisted(error: crate::error::BoxError) -> Error {
    Error::backend("list", "the accounts of the store".to_owned(), error)
}

impl Iterator for List<'_> {
    type Item = Result<LoginStatus>;

    fn next(&mut self) -> Option<Result<LoginStatus>> {
        loop {
            let name = match self.name()? {
                Ok(name) => name,
                Err(error) => return Some(Err(error)),
            };
            // A login that was removed since its name was read is left out.
            if let Some(status) = self.logins.status(&name).transpose() {
                return Some(status);
            }
        }
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("last", &self.last).finish_non_exhaustive()
    }
}
