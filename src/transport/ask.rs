//! Requests to the other endpoints of an authorization server, and device polls. These requests use up no
//! stored token.

use time::OffsetDateTime;

use super::exchange::{Answer, Raw, always};
#[cfg(feature = "device")]
use super::id_token::{IdTokenLogin, times};
use super::{TokenTransport, without_secrets};
use crate::error::{BoxError, Error, Result, TransportError};
use crate::proof_key::ProofKey;
use crate::protocol::{self, Requester, TokenRequest};
#[cfg(feature = "introspection")]
use crate::provider::TokenTypeHint;
use crate::secret::Secret;
use crate::substring;

impl TokenTransport {
    /// Sends a request and reads the answer with `read`. The error contains no secret of the request.
    fn ask<T>(
        &self,
        sent_at: OffsetDateTime,
        secret: Option<&Secret>,
        endpoint: Option<&str>,
        key: Option<&ProofKey>,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
        read: impl FnOnce(&Answer) -> Result<T>,
    ) -> Result<T> {
        let (raw, hidden) = self.deliver(sent_at, [secret, None], key, &always, build);
        let failed = |mut source: BoxError| {
            without_secrets(&mut source, &hidden);
            match source.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => Error::Transport(Box::new(TransportError {
                    method: "POST".to_owned(),
                    url: substring::before(endpoint.unwrap_or_default(), '?').into(),
                    source,
                    sent: true,
                    unconfirmed: None,
                })),
            }
        };
        let mut answer = match raw {
            Raw::Never(error) | Raw::NoAnswer(error) => return Err(failed(error)),
            Raw::Answer(answer) => answer,
        };
        if let Some(cut) = answer.cut.take() {
            return Err(failed(cut));
        }
        let mut result = read(&answer);
        if let Err(Error::OAuth(error)) = &mut result {
            hidden.iter().for_each(|secret| protocol::hide(error, secret));
        }
        result
    }

    #[cfg(feature = "introspection")]
    pub(crate) fn introspect(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
        sent_at: OffsetDateTime,
    ) -> Result<(bool, serde_json::Map<String, serde_json::Value>)> {
        self.ask(
            sent_at,
            Some(token),
            self.provider.introspection_endpoint(),
            None,
            &|caller| protocol::introspect(caller, token, hint),
            |answer| protocol::read_introspection(&self.provider, &answer.as_reply(), sent_at),
        )
    }

    /// Pushes an authorization request (RFC 9126). Returns the login whose address names the pushed request.
    #[cfg(feature = "par")]
    pub(crate) fn push(
        &self,
        request: protocol::AuthorizationRequest<'_>,
        sent_at: OffsetDateTime,
    ) -> Result<protocol::Authorization> {
        let provider = &self.provider;
        let key = request.dpop_key().map(ProofKey::from_jwk).transpose()?;
        let pushed = self.ask(
            sent_at,
            Some(request.state()),
            provider.pushed_authorization_request_endpoint(),
            key.as_ref(),
            &|caller| protocol::push(caller, &request),
            |answer| protocol::read_pushed(provider, &answer.as_reply(), sent_at),
        )?;
        request.pushed(provider, pushed)
    }

    #[cfg(feature = "device")]
    pub(crate) fn device_code(
        &self,
        scopes: &[&str],
        sent_at: OffsetDateTime,
    ) -> Result<protocol::DeviceCode> {
        let (provider, credentials) = (&self.provider, &self.credentials);
        let by_default = || provider.default_scopes().iter().any(|scope| scope == "openid");
        // The key of the login, so that every poll proves the same key.
        let key = self.login_key()?;
        let openid = scopes.contains(&"openid") || scopes.is_empty() && by_default();
        let code = self.ask(
            sent_at,
            None,
            provider.device_authorization_endpoint(),
            None,
            &|caller| protocol::device_authorization(caller, scopes),
            |answer| protocol::read_device(provider, credentials, &answer.as_reply(), sent_at),
        )?;
        let code = code.asking_openid(openid);
        #[cfg(feature = "dpop")]
        let code = code.with_dpop_key(key.map(|key| key.jwk().clone()));
        #[cfg(not(feature = "dpop"))]
        let _ = key;
        Ok(code)
    }

    /// Sends one poll. Sets `slower` to the interval that a `slow_down` asks for.
    #[cfg(feature = "device")]
    pub(crate) fn poll_device(
        &self,
        code: &protocol::DeviceCode,
        before: std::time::Duration,
        slower: &mut std::time::Duration,
        sent_at: OffsetDateTime,
    ) -> crate::refresh::Sent {
        let device_code = code.device_code();
        let key = match self.key_of(code.dpop_key()) {
            Ok(key) => key,
            Err(error) => return crate::refresh::Sent::Never(error.into()),
        };
        let (spent, key) = ([Some(device_code), None], key.as_ref());
        let (raw, hidden) = self.deliver(sent_at, spent, key, &always, &|caller| {
            protocol::device_token(caller, device_code)
        });
        if let Raw::Answer(answer) = &raw {
            *slower = protocol::slower_interval(&answer.body, before);
        }
        let now = times(&raw, sent_at);
        let login = IdTokenLogin { asked: code.asks_openid(), ..IdTokenLogin::default() };
        let mut sent = self.judged(raw, &hidden, sent_at);
        // Some servers answer a poll with status 429 where RFC 8628 section 3.5 has 400.
        if let crate::refresh::Sent::Reply(reply) = &mut sent {
            reply.outcome.name_poll(slower);
        }
        self.with_fit_id_token(self.bound(sent, key), now, login, None)
    }
}
