//! Revokes tokens (RFC 7009).

use std::time::Duration;

use time::OffsetDateTime;
use url::Url;

use super::{TokenTransport, always};
use crate::error::{BoxError, Error, RateLimited, Result, TransportError};
use crate::protocol::{self, Outcome};
use crate::provider::TokenTypeHint;
use crate::refresh::Sent;
use crate::secret::Secret;
use crate::token::Token;

impl TokenTransport {
    /// Revokes the refresh token, or the access token if there is no refresh token or the service wants the
    /// access token. Every success status is a success, also for a token that the server does not know; the
    /// body is ignored (RFC 7009 section 2.2).
    pub(crate) fn revoke(&self, token: &Token, sent_at: OffsetDateTime) -> Result<()> {
        let style = self.provider.token_request.revocation_style;
        let home = self.provider.home(token.extra())?;
        let home = home.as_ref();
        match token.refresh_token().filter(|_| !style.wants_access_token()) {
            Some(refresh_token) => {
                self.revoke_at(refresh_token, Some(TokenTypeHint::RefreshToken), home, sent_at)
            }
            None => {
                let hint = Some(TokenTypeHint::AccessToken);
                self.revoke_at(token.access_token(), hint, home, sent_at)
            }
        }
    }

    /// Revokes a token, which need not be the stored token.
    pub(crate) fn revoke_one(
        &self,
        secret: &Secret,
        hint: Option<TokenTypeHint>,
        sent_at: OffsetDateTime,
    ) -> Result<()> {
        self.revoke_at(secret, hint, None, sent_at)
    }

    fn revoke_at(
        &self,
        secret: &Secret,
        hint: Option<TokenTypeHint>,
        home: Option<&Url>,
        sent_at: OffsetDateTime,
    ) -> Result<()> {
        let failed = |source: BoxError| match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::Transport(Box::new(TransportError {
                method: "POST".to_owned(),
                url: self.provider.endpoints.revocation.clone().unwrap_or_default(),
                source,
                sent: true,
                unconfirmed: None,
            })),
        };
        let sent = self.run(sent_at, [Some(secret), None], &always, &|caller| {
            protocol::revoke(&caller.at(home), secret, hint)
        });
        let proves_with_token = self.provider.token_request.revocation_style.wants_access_token();
        let outcome = match sent {
            Sent::Reply(reply) => reply.outcome,
            Sent::Never(error) | Sent::NoAnswer(error) => return Err(failed(error)),
        };
        match outcome {
            Outcome::Token(_) => Ok(()),
            Outcome::Unknown(error) if (200..300).contains(&error.status) => Ok(()),
            // The answer does not say whether the token was revoked, so the token counts as valid.
            Outcome::Unknown(error) => Err(failed(error.into())),
            Outcome::Limited { error, retry_after, .. } => {
                let (host, reason) = (self.provider.token_host(), Some(error.told()));
                let retry_after = retry_after.unwrap_or(Duration::from_secs(5));
                Err(RateLimited::answered(host, retry_after, reason).into())
            }
            // A token that the service no longer accepts needs no revocation (RFC 7009 section 2.2).
            // But if the access token authenticates the request, the error may be about the access
            // token alone.
            Outcome::Refused(error) | Outcome::Setup(error)
                if !proves_with_token && protocol::names_a_dead_token(&error.code) =>
            {
                Ok(())
            }
            Outcome::Refused(error) | Outcome::TooEarly(error) | Outcome::Setup(error) => {
                Err(Error::OAuth(Box::new(error)))
            }
        }
    }
}
