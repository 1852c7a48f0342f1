//! What the refresh needs to know about the service.

use std::time::Duration;

use crate::provider::{Provider, Rotation};
use crate::record::Binding;

/// What three saves may take while the store's lock is held.
const SAVES: Duration = Duration::from_secs(60);

/// What the refresh needs to know about the provider and the grant.
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
    pub(crate) refusal_limit: Option<(usize, Duration)>,
    pub(crate) refresh_token_lifetime: Option<Duration>,
    pub(crate) margin: Duration,
    pub(crate) token_timeout: Duration,
    /// The word before the access token in the header that carries it.
    pub(crate) api_word: Option<String>,
    /// Whether the grant leaves a refresh token, which is a one-time key. If it does not, a token
    /// is asked anew, and a store that fails does not fail the call.
    pub(crate) one_time: bool,
}

impl Rules {
    pub(crate) fn new(provider: &Provider, binding: Binding, one_time: bool) -> Rules {
        Rules {
            binding,
            host: provider.token_host(),
            rotation: provider.rotation,
            ends_access_token: provider.ends_access_token,
            ends_other_logins: provider.reuse_ends_other_logins,
            refusal_pause: provider.refusal_pause,
            earliest_refresh: provider.earliest_refresh,
            unanswered_pause: provider.unanswered_pause,
            refusal_limit: provider.refusal_limit,
            refresh_token_lifetime: provider.refresh_token_lifetime,
            margin: provider.margin,
            token_timeout: provider.token_timeout,
            api_word: provider.api_word.clone(),
            one_time,
        }
    }

    /// The longest legal hold of the store's lock: a request, its replay, and the saves.
    pub(super) fn hold(&self) -> Duration {
        self.token_timeout.saturating_mul(2).saturating_add(SAVES)
    }
}
