//! Requests to the other endpoints of an authorization server. They spend nothing.

use time::OffsetDateTime;

use super::wire::{Answer, Raw};
use super::{TokenTransport, without_secrets};
use crate::error::{BoxError, Error, Result, TransportError};
use crate::protocol::{self, TokenRequest};
use crate::secret::Secret;

impl TokenTransport {
    /// Sends a request and reads the answer with `read`. No secret that was sent is in the error.
    pub(super) fn ask<T>(
        &self,
        request: TokenRequest,
        secret: Option<&Secret>,
        read: impl FnOnce(&Answer) -> Result<T>,
    ) -> Result<T> {
        let hidden = self.hidden(&request, [secret, None]);
        let failed = |mut source: BoxError| {
            without_secrets(&mut source, &hidden);
            match source.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => Error::Transport(Box::new(TransportError {
                    method: "POST".to_owned(),
                    url: request.url.split('?').next().unwrap_or_default().to_owned(),
                    source,
                })),
            }
        };
        let mut answer = match self.send(&request) {
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
        hint: Option<&str>,
        sent_at: OffsetDateTime,
    ) -> Result<(bool, serde_json::Map<String, serde_json::Value>)> {
        let request = protocol::introspect(&self.caller(sent_at), token, hint)?;
        self.ask(request, Some(token), |answer| {
            protocol::read_introspection(&self.provider, &answer.as_reply(), sent_at)
        })
    }

    #[cfg(feature = "device")]
    pub(crate) fn device_code(
        &self,
        scopes: &[&str],
        sent_at: OffsetDateTime,
    ) -> Result<protocol::DeviceCode> {
        let caller = self.caller(sent_at);
        let request = protocol::device_authorization(&caller, scopes)?;
        self.ask(request, None, |answer| {
            protocol::read_device(&self.provider, &self.credentials, &answer.as_reply(), sent_at)
        })
    }

    /// One poll; `slower` is set to the interval that came with `slow_down`.
    #[cfg(feature = "device")]
    pub(crate) fn poll_device(
        &self,
        code: &protocol::DeviceCode,
        before: std::time::Duration,
        slower: &mut std::time::Duration,
        sent_at: OffsetDateTime,
    ) -> crate::refresh::Sent {
        use crate::refresh::Sent;
        let device_code = code.device_code();
        let request = match protocol::device_token(&self.caller(sent_at), device_code) {
            Ok(request) => request,
            Err(error) => return Sent::Never(error.into()),
        };
        let hidden = self.hidden(&request, [Some(device_code), None]);
        let mut sent = match self.send(&request) {
            Raw::Never(error) => Sent::Never(error),
            Raw::NoAnswer(error) => Sent::NoAnswer(error),
            Raw::Answer(answer) => {
                *slower = protocol::slower_interval(&answer.body, before);
                self.read(answer, sent_at)
            }
        };
        match &mut sent {
            Sent::Reply(reply) => hidden.iter().for_each(|secret| reply.hide(secret)),
            Sent::Never(error) | Sent::NoAnswer(error) => without_secrets(error, &hidden),
        }
        sent
    }
}
