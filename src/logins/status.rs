//! What is known about a login, without its secrets.

use std::collections::VecDeque;
use std::fmt;

use time::OffsetDateTime;

use super::Logins;
use crate::backend::{Record, Refused, TokenBackend};
use crate::error::{Error, Result, one_line};
use crate::health::Health;
use crate::token::Token;

/// How many names a listing reads at a time.
pub(super) const PAGE: usize = 10_000;

/// What is known about the login of an account. The value contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginStatus {
    /// The account.
    pub account: String,
    /// Who has logged in: the e-mail address in the stored ID token, or else its subject. The ID token was not
    /// verified again. `None` if the service issued no ID token that can be read, and without the feature `oidc`.
    pub who: Option<String>,
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
    /// The host and the process that sent the refresh token last.
    pub holder: String,
    /// When the refresh token was first sent without an answer, UTC.
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
        who: who(record.token()),
        scopes: record.token().scopes().map(str::to_owned).collect(),
        refused: refused(&record).cloned(),
        pending: pending(&record),
        bound: record.token().dpop_key().is_some(),
        health,
    }))
}

#[cfg(feature = "oidc")]
fn who(token: &Token) -> Option<String> {
    let claims = token.unverified_claims().ok()??;
    let email = claims.email().map(|(email, _)| email);
    email.or_else(|| claims.subject()).map(one_line)
}

#[cfg(not(feature = "oidc"))]
fn who(_: &Token) -> Option<String> {
    None
}

/// Loads the record of an account, and fails if the record belongs to another client.
pub(super) fn load(logins: &Logins, store: &dyn TokenBackend) -> Result<Option<Record>> {
    let failed = |error| Error::backend("load", store.describe(), error);
    let Some(record) = store.load().map_err(failed)? else { return Ok(None) };
    let rules = logins.0.pattern.rules();
    record.check(&rules.binding_of(record.token()), &store.describe())?;
    Ok(Some(record))
}

/// The refusal of the present refresh token.
pub(super) fn refused(record: &Record) -> Option<&Refused> {
    record.present_refusal()
}

fn pending(record: &Record) -> Option<Pending> {
    let (note, sent_at) = record.unanswered()?;
    Some(Pending { holder: note.holder.to_string(), sent_at, deadline: note.deadline })
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
            self.logins.0.clients.drop_idle();
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

#[cfg(feature = "sandbox")]
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::{MemoryStore, Note};
    use crate::clock::{Clock as _, ManualClock};
    use crate::credentials::Credentials;
    use crate::health::LoginState;
    use crate::provider::Provider;
    use crate::sandbox::contract::noted;
    use crate::token::Token;

    /// The status of a login whose record has a note.
    fn status(change: impl FnOnce(&mut Note)) -> LoginStatus {
        let clock = Arc::new(ManualClock::new());
        let provider = Provider::builder("acme").token_endpoint("https://a.example/token").build();
        let store = crate::backend::MemoryBackend::new();
        let logins =
            Logins::builder(provider.unwrap(), Credentials::public("app"), MemoryStore::new())
                .clients(|client| client.clock(clock.clone()))
                .build();
        let token = Token::new("at-1").with_refresh_token("rt-1").with_issued_at(clock.now_utc());
        let first = Record::from(token);
        store.save(&first).unwrap();
        let mut record = noted(&first);
        change(record.note.as_mut().unwrap());
        store.save(&record).unwrap();
        read(&logins, "a", &store).unwrap().unwrap()
    }

    #[test]
    fn a_login_is_pending_exactly_while_a_request_has_no_answer() {
        let earlier = OffsetDateTime::UNIX_EPOCH;
        for (answered, since, unanswered) in [
            (false, None, true),
            (false, Some(earlier), true),
            (true, None, false),
            (true, Some(earlier), true),
        ] {
            let mut sent_at = None;
            let status = status(|note| {
                (note.answered, note.unanswered_since) = (answered, since);
                sent_at = since.or(Some(note.sent_at)).filter(|_| unanswered);
            });
            let expected = if unanswered { LoginState::Unanswered } else { LoginState::Alive };
            assert_eq!(status.health.state, expected, "{answered} {since:?}");
            assert_eq!(
                status.pending.map(|pending| pending.sent_at),
                sent_at,
                "{answered} {since:?}"
            );
        }
        // The note of a refresh token that was replaced since says nothing.
        let status = status(|note| note.fingerprint = "another".to_owned());
        assert_eq!((status.health.state, status.pending), (LoginState::Alive, None));
    }
}
