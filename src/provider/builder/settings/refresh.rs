//! Settings: what a refresh does, and which limits the service sets.

use std::time::Duration;

use crate::provider::{
    ClientAuth, ProviderBuilder, RefreshGrant, RefusalLimit, Rotation, TokenFormat,
};

/// # Refresh
///
/// How refresh requests are made, what a refresh does to the tokens, and which limits the service sets:
/// [`RefreshRules`](crate::provider::RefreshRules).
impl ProviderBuilder {
    /// What happens to a refresh token when it is used. [`Rotation::Unknown`] by default.
    pub fn rotation(mut self, rotation: Rotation) -> ProviderBuilder {
        self.0.refresh.rotation = rotation;
        self
    }

    /// Whether a refresh makes the previous access token invalid at once.
    pub fn ends_access_token(mut self, ends: bool) -> ProviderBuilder {
        self.0.refresh.ends_access_token = ends;
        self
    }

    /// Whether a second use of a refresh token also revokes other logins of the same user.
    pub fn reuse_ends_other_logins(mut self, ends: bool) -> ProviderBuilder {
        self.0.refresh.reuse_ends_other_logins = ends;
        self
    }

    /// A grant that replaces the standard's refresh grant.
    pub fn refresh_grant(mut self, grant: RefreshGrant) -> ProviderBuilder {
        self.0.refresh.grant = Some(grant);
        self
    }

    /// How a refresh request carries its parameters. The default is the format of all token requests.
    pub fn refresh_format(mut self, format: TokenFormat) -> ProviderBuilder {
        self.0.refresh.format = Some(format);
        self
    }

    /// How the client authenticates for a refresh. The default is the method of all token requests.
    pub fn refresh_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.refresh.client_auth = Some(client_auth);
        self
    }

    /// Adds a parameter to refresh requests. This parameter replaces a
    /// [`token_param`](ProviderBuilder::token_param) with the same name.
    pub fn refresh_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.refresh.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes refresh requests carry the access token beside the refresh token, in the parameter of this
    /// name: the first version of OneLogin's API requires both.
    pub fn access_token_on_refresh(mut self, parameter: impl Into<String>) -> ProviderBuilder {
        self.0.refresh.access_token_param = Some(parameter.into());
        self
    }

    /// Whether refresh requests carry the redirect URI.
    pub fn redirect_uri_on_refresh(mut self, sends: bool) -> ProviderBuilder {
        self.0.refresh.sends_redirect_uri = sends;
        self
    }

    /// Whether refresh requests carry the granted scope.
    pub fn scope_on_refresh(mut self, sends: bool) -> ProviderBuilder {
        self.0.refresh.sends_scope = sends;
        self
    }

    /// How long before its expiry an access token is replaced. 60 seconds by default, and at most a
    /// tenth of the token's lifetime.
    pub fn margin(mut self, margin: Duration) -> ProviderBuilder {
        self.0.refresh.margin = margin;
        self
    }

    /// How old an access token must be before the service accepts a refresh.
    pub fn earliest_refresh(mut self, age: Duration) -> ProviderBuilder {
        self.0.refresh.earliest = Some(age);
        self
    }

    /// How long the client waits before it sends a refused refresh token again. One hour by default.
    pub fn refusal_pause(mut self, pause: Duration) -> ProviderBuilder {
        self.0.refresh.refusal_pause = pause;
        self
    }

    /// How many refused token requests within `window` the service tolerates before it blocks the
    /// application. After that many refusals, the client sends no token request until the oldest refusal is
    /// older than `window`. The record of a login counts the refusals of that login by all processes
    /// together. [`Logins`](crate::Logins) also counts the refusals of all its logins together, separately
    /// in each process: if several processes run, give each process a share of the number, at least 1
    /// ([`ProviderBuilder::build`] fails with 0). These logins never have more requests under way than the service
    /// still tolerates refusals: the next request waits for an answer, for 10 seconds at most, and is then not sent
    /// ([`Error::RateLimited`](crate::Error::RateLimited)).
    pub fn refusal_limit(mut self, refusals: usize, window: Duration) -> ProviderBuilder {
        self.0.refresh.refusal_limit = Some(RefusalLimit { refusals, window });
        self
    }

    /// How long the client waits before it sends a refresh token again after a request that got no answer.
    /// Zero by default. This setting is for a service that refuses, and counts, a request that comes too
    /// soon.
    pub fn unanswered_pause(mut self, pause: Duration) -> ProviderBuilder {
        self.0.refresh.unanswered_pause = pause;
        self
    }

    /// How long a refresh token lives if it is not used, for a service that documents this time but
    /// does not send it in its answers. Every refresh restarts this time.
    /// [`Health`](crate::health::Health) and
    /// [`Record::refresh_expires_at`](crate::backend::Record::refresh_expires_at) show when the token
    /// expires. A refresh in the last quarter of this time emits a warning.
    pub fn idle_limit(mut self, limit: Duration) -> ProviderBuilder {
        self.0.refresh.idle_limit = Some(limit);
        self
    }

    /// How long a login lives after a person has consented, however often it is refreshed, for a
    /// service that documents this time.
    pub fn consent_limit(mut self, limit: Duration) -> ProviderBuilder {
        self.0.refresh.consent_limit = Some(limit);
        self
    }
}
