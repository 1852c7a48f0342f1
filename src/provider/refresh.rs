//! How the service treats refresh tokens, and when a client may refresh.

use std::time::Duration;

use super::{ClientAuth, TokenFormat};

/// How refresh requests are made, what a refresh does to the tokens, and which limits the service
/// sets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshRules {
    /// What happens to a refresh token when it is used.
    pub rotation: Rotation,
    /// Whether a refresh makes the previous access token invalid at once.
    pub ends_access_token: bool,
    /// Whether a second use of a refresh token also revokes other logins of the same user.
    pub reuse_ends_other_logins: bool,
    /// A grant that replaces the standard's refresh grant.
    pub grant: Option<RefreshGrant>,
    /// How a refresh request carries its parameters. `None` means the same as for all token
    /// requests.
    pub format: Option<TokenFormat>,
    /// How the client authenticates for a refresh. `None` means the same as for all token requests.
    pub client_auth: Option<ClientAuth>,
    /// More parameters of refresh requests, as name and value.
    pub params: Vec<(String, String)>,
    /// The parameter in which refresh requests also carry the access token, such as OneLogin's
    /// `access_token`.
    pub access_token_param: Option<String>,
    /// Whether refresh requests carry the redirect URI.
    pub sends_redirect_uri: bool,
    /// Whether refresh requests carry the granted scope.
    pub sends_scope: bool,
    /// How long before its expiry an access token is replaced. At most a tenth of the token's
    /// lifetime.
    pub margin: Duration,
    /// How old an access token must be before the service accepts a refresh.
    pub earliest: Option<Duration>,
    /// How long the client waits before it sends a refused refresh token again.
    pub refusal_pause: Duration,
    /// How many refusals the service tolerates before it blocks the application.
    pub refusal_limit: Option<RefusalLimit>,
    /// How long the client waits before it sends a refresh token again after a request that got no
    /// answer.
    pub unanswered_pause: Duration,
    /// How long a refresh token lives if it is not used.
    pub idle_limit: Option<Duration>,
    /// How long a login lives after a person has consented, however often it is refreshed.
    pub consent_limit: Option<Duration>,
}

/// The defaults: an unknown rotation, a margin of 60 seconds, a pause of one hour after a refusal, and
/// no documented limits.
impl Default for RefreshRules {
    fn default() -> RefreshRules {
        RefreshRules {
            rotation: Rotation::Unknown,
            ends_access_token: false,
            reuse_ends_other_logins: false,
            grant: None,
            format: None,
            client_auth: None,
            params: Vec::new(),
            access_token_param: None,
            sends_redirect_uri: false,
            sends_scope: false,
            margin: Duration::from_secs(60),
            earliest: None,
            refusal_pause: Duration::from_secs(3600),
            refusal_limit: None,
            unanswered_pause: Duration::ZERO,
            idle_limit: None,
            consent_limit: None,
        }
    }
}

impl RefreshRules {
    /// Whether a refresh request carries the access token.
    pub(crate) fn sends_access_token(&self) -> bool {
        self.access_token_param.is_some()
            || self.grant.as_ref().is_some_and(|grant| grant.sends_access_token)
    }
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rotation {
    /// The refresh token stays valid, even if the answer contains another.
    None,
    /// The refresh token is replaced. The old token stays valid for this time, so that a request can be
    /// repeated.
    Grace(Duration),
    /// Like [`Rotation::Grace`], but a use of the old refresh token after that time revokes the
    /// whole login.
    GraceThenFamily(Duration),
    /// The refresh token is replaced. The old token stays valid until its successor or the new access
    /// token is used.
    UntilUsed,
    /// The refresh token is replaced. The old token is invalid at once.
    Strict,
    /// Like [`Rotation::Strict`], but a second use of the old refresh token revokes the whole
    /// login.
    StrictFamily,
    /// The behaviour is not known. The client is as careful as with [`Rotation::StrictFamily`].
    Unknown,
}

/// A grant that replaces the standard's refresh grant (RFC 6749 section 6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefreshGrant {
    /// The value of `grant_type`.
    pub grant_type: String,
    /// The name of the parameter that carries the token.
    pub parameter: String,
    /// Whether the parameter carries the access token and not the refresh token: some services issue no
    /// refresh token, and exchange the access token for a newer access token.
    pub sends_access_token: bool,
}

impl RefreshGrant {
    /// Makes a grant with this `grant_type`, whose `parameter` carries the refresh token.
    pub fn new(grant_type: impl Into<String>, parameter: impl Into<String>) -> RefreshGrant {
        RefreshGrant {
            grant_type: grant_type.into(),
            parameter: parameter.into(),
            sends_access_token: false,
        }
    }

    /// Makes the parameter carry the access token.
    #[must_use]
    pub fn with_access_token(mut self) -> RefreshGrant {
        self.sends_access_token = true;
        self
    }
}

/// How many refused token requests a service tolerates before it blocks the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefusalLimit {
    /// After this many refusals within [`RefusalLimit::window`], the client sends no token request.
    pub refusals: usize,
    /// How long a refusal is counted.
    pub window: Duration,
}
