//! Access token, refresh token and their dates.

mod check;

use std::fmt;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock;
use crate::secret::Secret;
use crate::stored_json::{self, Fields, Members};

/// A token that an authorization server issued: an access token with its refresh token, dates and other
/// members.
///
/// `Serialize` writes the secrets in clear text, for stores; `Debug` shows none of them.
///
/// ```
/// use evergrant::Token;
/// use time::OffsetDateTime;
///
/// let token = Token::new("at-1")
///     .with_refresh_token("rt-1")
///     .with_expires_at(OffsetDateTime::from_unix_timestamp(1_893_456_000)?);
/// assert_eq!(token.access_token().expose(), "at-1");
/// assert!(!format!("{token:?}").contains("rt-1"));
/// # Ok::<(), time::error::ComponentRange>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Token {
    access_token: Secret,
    token_type: String,
    refresh_token: Option<Secret>,
    scope: Option<String>,
    issued_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    id_token: Option<Secret>,
    extra: Map<String, Value>,
    /// The private JWK that the token is bound to (RFC 9449).
    dpop_key: Option<Secret>,
    /// Members that a later release adds.
    unknown: Map<String, Value>,
}

fn bearer() -> String {
    "Bearer".to_owned()
}

impl Token {
    /// Makes a bearer token of unknown lifetime.
    pub fn new(access_token: impl Into<Secret>) -> Token {
        Token {
            access_token: access_token.into(),
            token_type: bearer(),
            refresh_token: None,
            scope: None,
            issued_at: None,
            expires_at: None,
            id_token: None,
            extra: Map::new(),
            dpop_key: None,
            unknown: Map::new(),
        }
    }

    /// Makes a token from a refresh token alone, such as a refresh token from another program's
    /// settings. The first call refreshes: the access token is a placeholder that has expired.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, Token, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # let login = sandbox.login();
    /// # let refresh_token = login.refresh_token().expect("the sandbox issues one").clone();
    /// client.seed(Token::from_refresh_token(refresh_token))?;
    /// let me: serde_json::Value = client.get("/me").read_json()?;
    /// assert_eq!(me["access_token_number"], 2);
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn from_refresh_token(refresh_token: impl Into<Secret>) -> Token {
        Token::new("none")
            .with_refresh_token(refresh_token)
            .with_expires_at(OffsetDateTime::UNIX_EPOCH)
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: impl Into<Secret>) -> Token {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Sets when the access token expires; kept in UTC.
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: OffsetDateTime) -> Token {
        self.expires_at = Some(in_utc(expires_at));
        self
    }

    /// Sets when the token was issued; kept in UTC.
    #[must_use]
    pub fn with_issued_at(mut self, issued_at: OffsetDateTime) -> Token {
        self.issued_at = Some(in_utc(issued_at));
        self
    }

    /// Sets the granted scope, as the server writes it.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Token {
        self.scope = Some(scope.into());
        self
    }

    /// Sets a token type other than `Bearer`.
    #[must_use]
    pub fn with_token_type(mut self, token_type: impl Into<String>) -> Token {
        self.token_type = token_type.into();
        self
    }

    /// Sets the ID token, which is kept unchanged.
    #[must_use]
    pub fn with_id_token(mut self, id_token: impl Into<Secret>) -> Token {
        self.id_token = Some(id_token.into());
        self
    }

    /// Sets the members of the answer that have no field of their own.
    #[must_use]
    pub fn with_extra(mut self, extra: Map<String, Value>) -> Token {
        self.extra = extra;
        self
    }

    /// Sets the key that the token is bound to (DPoP, RFC 9449): a private JWK of the curve P-256, as JSON. Use
    /// this for a login that another program has bound; [`Client::seed`](crate::Client::seed) checks the key.
    #[cfg(feature = "dpop")]
    #[must_use]
    pub fn with_dpop_key(mut self, jwk: impl Into<Secret>) -> Token {
        let jwk = jwk.into();
        // Keep the key in the form in which the store returns the key.
        let read = stored_json::parse(jwk.expose().as_bytes()).and_then(stored_json::json);
        self.dpop_key = Some(read.unwrap_or(jwk));
        self
    }

    /// The key that the token is bound to (DPoP, RFC 9449): a private JWK, as JSON. Returns `None` for a
    /// bearer token. Without the key, nobody can use the token.
    pub fn dpop_key(&self) -> Option<&Secret> {
        self.dpop_key.as_ref()
    }

    /// Whether the server says that the access token is bound to a key (RFC 9449 section 5).
    pub(crate) fn is_dpop(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("dpop")
    }

    /// The access token (RFC 6749 section 1.4).
    pub fn access_token(&self) -> &Secret {
        &self.access_token
    }

    /// The refresh token (RFC 6749 section 1.5), if there is one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// The type as the server wrote it. API requests send `Bearer`, or the word that the provider sets, for
    /// every type but `DPoP`: the types `bearer`, `bot` and `User Access Token` mean the same.
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// The granted scope as the server wrote it; `None` when the answer had no scope, which means "as
    /// requested" (RFC 6749 section 5.1).
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The granted scopes, split at white space.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.as_deref().unwrap_or_default().split_whitespace()
    }

    /// When the request for this token was sent, UTC.
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at
    }

    /// When the access token expires, UTC; `None` if that is not known.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }

    /// The ID token, unverified, if the answer had one (OpenID Connect Core section 2).
    pub fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    /// Members of the answer without a field of their own, such as `instance_url`.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Whether the access token has expired at `now`; false if its expiry is not known.
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// The time from issue to expiry of the access token, if both are known.
    pub fn lifetime(&self) -> Option<Duration> {
        Some(clock::until(self.issued_at?, self.expires_at?))
    }

    /// Whether the token should be replaced at `now`: it has expired, or expires within `margin`. The
    /// margin is a tenth of the lifetime at most, so that a short-lived token is not replaced on every
    /// call.
    pub fn is_due(&self, now: OffsetDateTime, margin: Duration) -> bool {
        self.expires_at.is_some_and(|end| end <= clock::later(now, self.margin(margin)))
    }

    /// Returns `new`, with the members that it lacks taken from `self`. After an answer without a
    /// refresh token, the old refresh token stays in use (RFC 6749 section 6); an answer without a
    /// scope means the same scope (section 5.1).
    pub(crate) fn succeeded_by(&self, mut new: Token) -> Token {
        new.refresh_token = new.refresh_token.or_else(|| self.refresh_token.clone());
        new.scope = new.scope.or_else(|| self.scope.clone());
        new.id_token = new.id_token.or_else(|| self.id_token.clone());
        new.dpop_key = new.dpop_key.or_else(|| self.dpop_key.clone());
        let keep = |old: &Map<String, Value>, new: &mut Map<String, Value>| {
            for (name, value) in old {
                if !new.contains_key(name) {
                    new.insert(name.clone(), value.clone());
                }
            }
        };
        keep(&self.extra, &mut new.extra);
        keep(&self.unknown, &mut new.unknown);
        new
    }

    /// Removes the ID token.
    pub(crate) fn drop_id_token(&mut self) {
        self.id_token = None;
    }

    /// Adds members, or replaces their values.
    pub(crate) fn add_extra(&mut self, members: &Map<String, Value>) {
        self.extra.extend(members.clone());
    }

    /// Removes a member of the answer.
    pub(crate) fn drop_extra(&mut self, name: &str) {
        // `Map::remove` rebalances the tree, which is long.
        let mut members = Members::new(std::mem::take(&mut self.extra));
        members.must(name, Some);
        self.extra = members.rest();
    }

    /// Reads a stored token.
    pub(crate) fn read(value: Value) -> Option<Token> {
        let mut stored = Members::of(value)?;
        Some(Token {
            access_token: stored.must("access_token", stored_json::secret)?,
            token_type: stored.may("token_type", stored_json::text)?.unwrap_or_else(bearer),
            refresh_token: stored
                .may("refresh_token", stored_json::secret)?
                .filter(|token| !token.is_empty()),
            scope: stored.may("scope", stored_json::text)?,
            issued_at: stored.may("issued_at", stored_json::date)?,
            expires_at: stored.may("expires_at", stored_json::date)?,
            id_token: stored.may("id_token", stored_json::secret)?,
            extra: stored.may("extra", stored_json::object)?.unwrap_or_default(),
            dpop_key: stored.may("dpop_key", stored_json::json)?,
            unknown: stored.rest(),
        })
    }

    /// Returns the token as it is stored, with the secrets in clear text.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("access_token", self.access_token.expose());
        fields.text("token_type", &self.token_type);
        fields.may_secret("refresh_token", self.refresh_token.as_ref());
        fields.may_text("scope", self.scope.as_deref());
        fields.may_date("issued_at", self.issued_at);
        fields.may_date("expires_at", self.expires_at);
        fields.may_secret("id_token", self.id_token.as_ref());
        if !self.extra.is_empty() {
            fields.put("extra", Value::Object(self.extra.clone()));
        }
        fields.may_json("dpop_key", self.dpop_key.as_ref());
        fields.rest(&self.unknown);
        fields
    }

    pub(crate) fn margin(&self, margin: Duration) -> Duration {
        self.lifetime().map_or(margin, |lifetime| margin.min(lifetime / 10))
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Token, D::Error> {
        // The error does not say what was wrong: serde's text would quote the value.
        Token::read(Value::deserialize(deserializer)?).ok_or_else(|| {
            D::Error::custom("this is not a token: a member is missing or has a wrong type")
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of extra members may be secrets, so only their names are shown.
        let mut shown = f.debug_struct("Token");
        shown
            .field("access_token", &self.access_token)
            .field("token_type", &self.token_type)
            .field("refresh_token", &self.refresh_token)
            .field("scope", &self.scope)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("id_token", &self.id_token)
            .field("extra", &self.extra.keys().chain(self.unknown.keys()).collect::<Vec<_>>());
        if let Some(key) = &self.dpop_key {
            shown.field("dpop_key", key);
        }
        shown.finish()
    }
}

/// Converts a date to UTC; a date at the end of the calendar is not changed.
fn in_utc(date: OffsetDateTime) -> OffsetDateTime {
    date.checked_to_offset(time::UtcOffset::UTC).unwrap_or(date)
}

/// Parses an RFC 3339 date and time. The error says what is wrong with the date, and calls it `name`.
pub(crate) fn parse_date(name: &str, text: &str) -> Result<OffsetDateTime, String> {
    if let Ok(date) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(in_utc(date));
    }
    // If the text becomes a date when an offset is added, only the offset is missing.
    Err(match OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339) {
        Ok(_) => format!(
            "{name} is {text}, which has no offset from UTC and so names a different moment on \
             every machine; write {text}Z if it is UTC"
        ),
        Err(_) => format!(
            "{name} is not an RFC 3339 date and time; write it like 2026-06-01T12:00:00Z or \
             2026-06-01T14:00:00+02:00"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_at_most_a_tenth_of_the_lifetime() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let minute = Duration::from_secs(60);
        let at = |seconds| clock::later(start, Duration::from_secs(seconds));
        let token = |life| Token::new("at").with_issued_at(start).with_expires_at(at(life));
        assert!(!token(3600).is_due(at(3539), minute));
        assert!(token(3600).is_due(at(3540), minute));
        assert!(!token(30).is_due(at(26), minute));
        assert!(token(30).is_due(at(27), minute));
        assert!(token(0).is_due(start, minute));
        assert!(!Token::new("at").is_due(at(1 << 40), minute));
    }

    #[test]
    fn members_that_a_later_release_adds_are_kept() -> Result<(), serde_json::Error> {
        let text = r#"{"access_token":"at","later":{"kty":"EC"}}"#;
        let token: Token = serde_json::from_str(text)?;
        let back = serde_json::to_value(&token)?;
        assert_eq!(back["later"]["kty"], "EC");
        assert!(!format!("{token:?}").contains("EC"));
        Ok(())
    }

    #[test]
    fn the_key_of_a_token_is_stored_and_not_shown() -> Result<(), serde_json::Error> {
        let text = r#"{"access_token":"at","dpop_key":{"kty":"EC","d":"sesame"}}"#;
        let token: Token = serde_json::from_str(text)?;
        assert_eq!(serde_json::to_value(&token)?["dpop_key"]["d"], "sesame");
        assert_eq!(token.dpop_key().map(Secret::expose), Some(r#"{"d":"sesame","kty":"EC"}"#));
        assert!(!format!("{token:?}").contains("sesame"));
        // A refresh keeps the key.
        assert_eq!(token.succeeded_by(Token::new("at-2")).dpop_key(), token.dpop_key());
        let odd = r#"{"access_token":"at","dpop_key":7}"#;
        assert!(serde_json::from_str::<Token>(odd).is_err());
        Ok(())
    }
}
