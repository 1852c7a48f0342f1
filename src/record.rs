//! The record that a store keeps: one versioned JSON value.

mod carrier;
mod note;
mod replaces;
#[cfg(feature = "encryption")]
mod sealed;
mod stored;

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::clock;
use crate::error::{BackendError, BoxError, Error, Result};
use crate::secret::{Secret, random_id};
use crate::stored_json::{self, Members};
use crate::token::Token;

pub(crate) use note::Seen;
pub use note::{Binding, Holder, Note, Refused};
use replaces::Replaces;

/// The format that this release reads and writes.
const VERSION: u32 = 1;

/// One login as a store keeps it: the token, the client that the token belongs to, and the state of the
/// last refresh.
///
/// A store treats a record as one opaque JSON value and copies no fields. The store uses `Serialize` and
/// `Deserialize`, which keep members that a later release adds, and refuse a record of a newer format with an
/// error that says so. `Serialize` writes secrets in clear text; `Debug` shows none.
///
/// ```
/// use evergrant::{Token, backend::Record};
///
/// let record = Record::from(Token::new("at-1").with_refresh_token("rt-1"));
/// let text = serde_json::to_string(&record)?;
/// let back: Record = serde_json::from_str(&text)?;
/// assert_eq!(back.revision(), 1);
/// assert_eq!(back.token().access_token().expose(), "at-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Record {
    version: u32,
    pub(crate) binding: Option<Binding>,
    pub(crate) login: String,
    pub(crate) revision: u64,
    pub(crate) generation: u64,
    pub(crate) token: Token,
    pub(crate) rotated_at: Option<OffsetDateTime>,
    pub(crate) note: Option<Note>,
    pub(crate) spare: Option<Secret>,
    pub(crate) refused: Option<Refused>,
    pub(crate) superseded: Option<Secret>,
    pub(crate) consented_at: Option<OffsetDateTime>,
    pub(crate) refresh_expires_at: Option<OffsetDateTime>,
    /// The times of recently refused token requests, for a service that counts refusals.
    pub(crate) refusals: Vec<OffsetDateTime>,
    /// The fingerprint of the refresh token with which `Client::seed` began this login, so that `seed` does
    /// not store that token again.
    pub(crate) seeded: Option<String>,
    unknown: Map<String, Value>,
    replaces: Replaces,
}

impl Record {
    /// Reads a stored record.
    ///
    /// # Errors
    ///
    /// [`BackendError::Config`] for a record of a newer format. Another error when the bytes are not one whole
    /// record: empty or cut, not JSON, or other JSON. The error says why, and shows nothing of the bytes.
    pub fn from_json(bytes: &[u8]) -> Result<Record, BoxError> {
        let text = stored_json::text_of(bytes).ok_or("it is neither UTF-8 nor UTF-16")?;
        if text.trim().is_empty() {
            return Err(BackendError::Empty("it is empty".to_owned()).into());
        }
        // serde_json's own error may quote the text, so only its line and column are used.
        let value: Value = text.parse().map_err(|error: serde_json::Error| {
            format!("it is not whole JSON (line {}, column {})", error.line(), error.column())
        })?;
        let version = value.get("version").and_then(Value::as_u64).unwrap_or_default();
        if version > u64::from(VERSION) {
            return Err(BackendError::Config(newer(version)).into());
        }
        Record::from_value(value).map_err(|why| match stored::wrong_member(&text) {
            Some(name) => format!("{why}: {name}").into(),
            None => why.into(),
        })
    }

    fn from_value(value: Value) -> Result<Record, String> {
        let Value::Object(members) = value else {
            return Err("it is not a JSON object".to_owned());
        };
        match members.get("version").and_then(Value::as_u64) {
            None => return Err("it is not a record of this crate: it has no version".to_owned()),
            Some(version) if version > u64::from(VERSION) => return Err(newer(version)),
            Some(_) => {}
        }
        let names = ["login", "revision", "generation", "token"];
        if let Some(missing) = names.iter().find(|name| !members.contains_key(**name)) {
            return Err(format!("it is not a whole record: it has no {missing}"));
        }
        Record::read(Members::new(members))
            .ok_or_else(|| "it is not a record of this crate: a member has a wrong type".to_owned())
    }

    /// Returns the record as JSON, with the secrets in clear text.
    ///
    /// # Errors
    ///
    /// Fails when a date is outside the years 0 to 9999, the only years that RFC 3339 can write.
    pub fn to_json(&self) -> Result<Vec<u8>, BoxError> {
        let mut value = self.fields().into_value()?;
        let text = serde_json::to_vec(&value);
        stored_json::wipe(&mut value);
        Ok(text?)
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The id of the login: `exchange` and `seed` make the id at random, and a refresh keeps the id.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Counts every write of this record.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of the access token: each new token of the login gets the next number.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The server and client that the record belongs to; `None` before a client first uses it.
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    /// The note of a refresh without a definite answer, if there is one.
    pub fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// The service's refusal of the refresh token, if there is one.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// When a person last consented, UTC.
    pub fn consented_at(&self) -> Option<OffsetDateTime> {
        self.consented_at
    }

    /// When the refresh token expires, UTC: as the service's answer says, or by the provider's
    /// [`idle_limit`](crate::provider::RefreshRules::idle_limit). Returns `None` if neither date is known.
    pub fn refresh_expires_at(&self) -> Option<OffsetDateTime> {
        self.refresh_expires_at
    }

    /// When this refresh token was received, UTC.
    pub fn rotated_at(&self) -> Option<OffsetDateTime> {
        self.rotated_at
    }

    /// When the access token was received: a little after the request for it was sent.
    pub(crate) fn came_at(&self) -> Option<OffsetDateTime> {
        let sent_at = self.token.issued_at()?;
        let came_at = self.rotated_at.map_or(sent_at, |rotated_at| sent_at.max(rotated_at));
        Some(clock::to_millisecond(came_at))
    }

    /// A clone. The derived code is long, and would be compiled into each module that clones a record.
    #[inline(never)]
    pub(crate) fn copy(&self) -> Record {
        self.clone()
    }

    /// A copy with the next revision, which replaces `self`.
    pub(crate) fn next(&self) -> Record {
        let mut next = self.copy();
        next.revision = self.revision.saturating_add(1);
        next.replaces = Replaces::of(self);
        next
    }

    /// A member that a store added to the record for its own use.
    pub(crate) fn beside(&self, name: &str) -> Option<&Value> {
        self.unknown.get(name)
    }

    /// Sets or removes a member that a store added to the record for its own use.
    pub(crate) fn put_beside(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.unknown.insert(name.to_owned(), value),
            None => self.unknown.remove(name),
        };
    }

    /// A new login, which replaces `stored`.
    pub(crate) fn new_login(token: Token, stored: Option<&Record>) -> Record {
        Record::from(token).in_place_of(stored)
    }

    /// A copy that counts the token's life from `now`, for a record whose dates come from a clock that
    /// was ahead.
    pub(crate) fn dated_from(&self, now: OffsetDateTime) -> Record {
        let mut next = self.next();
        let end = self.token.lifetime().map(|lifetime| clock::later(now, lifetime));
        let token = self.token.clone().with_issued_at(now);
        next.token = match end {
            Some(end) => token.with_expires_at(end),
            None => token,
        };
        next.rotated_at = self.rotated_at.map(|at| at.min(now));
        next
    }

    /// The first record of a login, which replaces `stored`.
    pub(crate) fn in_place_of(mut self, stored: Option<&Record>) -> Record {
        let count = |count: Option<u64>| count.map_or(1, |count| count.saturating_add(1));
        self.revision = count(stored.map(|stored| stored.revision));
        self.generation = count(stored.map(|stored| stored.generation));
        self.replaces = stored.map(Replaces::of).unwrap_or_default();
        self
    }

    /// Checks that this record may be used under `binding`.
    pub(crate) fn check(&self, binding: &Binding, store: &str) -> Result<()> {
        self.check_usable(store)?;
        let Some(own) = &self.binding else { return Ok(()) };
        let differs = |what: &str, stored: &str, ours: &str| {
            Error::config(format!(
                "{store} holds a token for another {what}: {stored}, not {ours}; give each its \
                 own store"
            ))
        };
        let none = "(none)";
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| none.to_owned());
        if own.token_endpoint != binding.token_endpoint {
            Err(differs("token endpoint", &own.token_endpoint, &binding.token_endpoint))
        } else if own.client_id != binding.client_id {
            Err(differs("client", &own.client_id, &binding.client_id))
        } else if own.grant != binding.grant {
            Err(differs("grant", &own.grant, &binding.grant))
        } else if own.scope != binding.scope {
            Err(differs("scope", &or_none(&own.scope), &or_none(&binding.scope)))
        } else if own.audience != binding.audience {
            Err(differs("audience", &or_none(&own.audience), &or_none(&binding.audience)))
        } else {
            Ok(())
        }
    }
}

/// The first record of a login. This record replaces nothing, and is bound to a client at its first use.
impl From<Token> for Record {
    fn from(token: Token) -> Record {
        Record {
            version: VERSION,
            binding: None,
            login: random_id(),
            revision: 1,
            generation: 1,
            rotated_at: token.issued_at(),
            token,
            note: None,
            spare: None,
            refused: None,
            superseded: None,
            consented_at: None,
            refresh_expires_at: None,
            refusals: Vec::new(),
            seeded: None,
            unknown: Map::new(),
            replaces: Replaces::default(),
        }
    }
}

fn newer(version: u64) -> String {
    format!(
        "it was written by a newer release (format {version}, this release reads {VERSION}): update this \
         program"
    )
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("login", &self.login)
            .field("revision", &self.revision)
            .field("generation", &self.generation)
            .field("binding", &self.binding)
            .field("token", &self.token)
            .field("note", &self.note)
            .field("spare", &self.spare)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::from(Token::new("at-1").with_refresh_token("rt-1"))
    }

    fn refusal(text: &str) -> String {
        Record::from_json(text.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_record_cut_at_any_byte_is_an_error() -> Result<(), BoxError> {
        let whole = record().next().to_json()?;
        for end in 0..whole.len() {
            assert!(Record::from_json(&whole[..end]).is_err(), "cut at {end}");
        }
        Record::from_json(&whole).map(|_| ())
    }

    #[test]
    fn an_error_says_why_and_shows_nothing_of_the_content() {
        assert!(refusal("").contains("empty"));
        assert!(refusal("\n \0").contains("not whole JSON"));
        assert!(refusal("[1]").contains("not a JSON object"));
        assert!(refusal(r#"{"access_token":"sesame"}"#).contains("no version"));
        assert!(refusal(r#"{"version":2,"token":5}"#).contains("newer release"));
        assert!(refusal(r#"{"version":1,"login":"a"}"#).contains("no revision"));
        let odd = r#"{"version":1,"login":"a","revision":1,"generation":1,"token":"sesame"}"#;
        assert!(refusal(odd).contains("wrong type") && !refusal(odd).contains("sesame"));
    }

    #[test]
    fn members_that_a_later_release_adds_are_kept() -> Result<(), BoxError> {
        let mut value: Value = serde_json::from_slice(&record().to_json()?)?;
        value["later"] = serde_json::json!({"a": [1]});
        let back = Record::from_json(value.to_string().as_bytes())?.next();
        let again: Value = serde_json::from_slice(&back.to_json()?)?;
        assert_eq!(again["later"], serde_json::json!({"a": [1]}));
        assert_eq!(again["revision"], 2);
        Ok(())
    }

    #[test]
    fn a_save_replaces_only_the_record_it_was_made_from() -> Result<(), BoxError> {
        let first = record();
        let second = first.next();
        let read_back = Record::from_json(&second.to_json()?)?;
        assert!(second.may_replace(Some(&read_back)));
        assert!(first.may_replace(None) && !first.may_replace(Some(&second)));
        assert!(second.may_replace(Some(&first)) && second.may_replace(Some(&second)));
        assert!(!second.may_replace(None));
        let stranger = record();
        assert!(!second.may_replace(Some(&stranger)));
        // A script stored another refresh token without a new revision.
        let mut edited = first.clone();
        edited.token = Token::new("at-1").with_refresh_token("rt-2");
        assert!(!second.may_replace(Some(&edited)));
        edited.token = Token::new("at-9").with_refresh_token("rt-1");
        assert!(second.may_replace(Some(&edited)));
        let login = Record::new_login(Token::new("at-2"), Some(&second));
        assert!(login.may_replace(Some(&second)) && login.revision() == 3);
        Ok(())
    }

    #[test]
    fn a_record_bound_to_something_else_is_refused() {
        let binding = Binding {
            token_endpoint: "https://a.example/token".to_owned(),
            client_id: "app".to_owned(),
            grant: "authorization_code".to_owned(),
            scope: None,
            audience: None,
            unknown: Default::default(),
        };
        let mut bound = record();
        assert!(bound.check(&binding, "the store").is_ok());
        bound.binding = Some(binding.clone());
        assert!(bound.check(&binding, "the store").is_ok());
        for other in [
            Binding { token_endpoint: "https://b.example/token".to_owned(), ..binding.clone() },
            Binding { client_id: "other".to_owned(), ..binding.clone() },
            Binding { grant: "client_credentials".to_owned(), ..binding.clone() },
            Binding { scope: Some("read".to_owned()), ..binding.clone() },
            Binding { audience: Some("x".to_owned()), ..binding.clone() },
        ] {
            let error = bound.check(&other, "the store").err();
            assert!(matches!(error, Some(Error::Config(_))), "{error:?}");
        }
    }
}
