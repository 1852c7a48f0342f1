//! The settings of the service that the refresh needs.

use std::borrow::Cow;
use std::time::Duration;

use crate::provider::{LoginHost, Provider, RefusalLimit, Rotation, on_host_of};
use crate::record::Binding;
use crate::token::Token;

/// How long three saves may take while the store's lock is held.
const SAVES: Duration = Duration::from_secs(60);

/// The settings of the provider and the grant that the refresh needs.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) binding: Binding,
    pub(crate) host: String,
    pub(crate) rotation: Rotation,
    pub(crate) ends_access_token: bool,
    pub(crate) ends_other_logins: bool,
    pub(crate) refusal_pause: Duration,
    pub(crate) earliest_refresh: Option<Duration>,
    pub(crate) unanswered_pause: Duration,
    pub(crate) refusal_limit: Option<RefusalLimit>,
    pub(crate) idle_limit: Option<Duration>,
    pub(crate) margin: Duration,
    pub(crate) token_timeout: Duration,
    /// Whether a login that is bound to a key also uses access tokens that are not bound (RFC 9449
    /// section 5).
    pub(crate) takes_unbound: bool,
    /// The authentication scheme, which precedes the access token in the header.
    pub(crate) auth_scheme: Option<String>,
    /// The rule that finds the host of the token endpoint in the callback.
    pub(crate) token_host_from: Option<LoginHost>,
    /// The rule that finds the base of the API in the data of a login.
    pub(crate) api_base_from: Option<LoginHost>,
    /// Whether the grant issues a refresh token, which may work only once. If not, each token is
    /// requested anew, and a failure of the store does not fail the call.
    pub(crate) one_time: bool,
}

impl Rules {
    pub(crate) fn new(provider: &Provider, binding: Binding, one_time: bool) -> Rules {
        Rules {
            binding,
            host: provider.token_host(),
            rotation: provider.refresh.rotation,
            ends_access_token: provider.refresh.ends_access_token,
            ends_other_logins: provider.refresh.reuse_ends_other_logins,
            refusal_pause: provider.refresh.refusal_pause,
            earliest_refresh: provider.refresh.earliest,
            unanswered_pause: provider.refresh.unanswered_pause,
            refusal_limit: provider.refresh.refusal_limit,
            idle_limit: provider.refresh.idle_limit,
            margin: provider.refresh.margin,
            token_timeout: provider.token_request.timeout,
            token_host_from: provider.authorization.token_host_from.clone(),
            api_base_from: provider.api.base_from.clone(),
            takes_unbound: false,
            auth_scheme: provider.api.auth_scheme.clone(),
            one_time,
        }
    }

    /// Returns the client, server and grant that a login with this token belongs to (its binding). If the
    /// callback named the host of the token endpoint, the token endpoint of the binding is on that host.
    pub(crate) fn binding_of(&self, token: &Token) -> Cow<'_, Binding> {
        let rule = self.token_host_from.as_ref();
        let Some(Ok(host)) = rule.and_then(|rule| rule.host(token.extra())) else {
            return Cow::Borrowed(&self.binding);
        };
        let mut binding = self.binding.clone();
        binding.token_endpoint = on_host_of(&binding.token_endpoint, &host);
        Cow::Owned(binding)
    }

    /// The longest time for which a call may hold the store's lock: for a request, its replay, and
    /// the saves.
    pub(super) fn hold(&self) -> Duration {
        self.token_timeout.saturating_mul(2).saturating_add(SAVES)
    }
}
