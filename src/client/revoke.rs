//! Logging out.

use std::cell::Cell;

use super::Client;
use crate::error::Result;
use crate::provider::TokenTypeHint;
use crate::secret::Secret;

impl Client {
    /// Logs out: revokes the stored token at the service (RFC 7009), then removes it from the store. A
    /// process that dies between the two steps leaves a revoked token in the store; the other order would
    /// leave a valid token that no store has. Returns whether the store had a login. Logging out also
    /// succeeds with a token that the service no longer accepts. A refresh on another thread or in another
    /// process happens before or after the log-out, never in the middle.
    ///
    /// # Errors
    ///
    /// The token stays in the store after: [`crate::Error::Config`] when the provider has no revocation
    /// endpoint, [`crate::Error::OAuth`] when the service refuses, [`crate::Error::RateLimited`],
    /// [`crate::Error::Transport`] when no answer came. The errors of [`Client::clear`] may also come after
    /// the revocation, when the record could not be removed: call again.
    pub fn revoke(&self) -> Result<bool> {
        if self.0.provider.token_request.revocation_style.wants_access_token() {
            // An expired access token cannot be revoked. If the client gets no new access token, the
            // expired access token is sent anyway.
            let _ = self.access_token();
        }
        let found = Cell::new(false);
        self.0.keeper.clear(&|token| match token {
            Some(token) => {
                found.set(true);
                self.0.tokens.revoke(token, self.0.clock.now_utc()).map(|()| true)
            }
            None => Ok(false),
        })?;
        Ok(found.get())
    }

    /// Revokes any token at the service (RFC 7009); the store does not change. The hint says which kind
    /// of token it is. Revoking a token that the service does not know succeeds. To log out, use
    /// [`Client::revoke`]: `revoke_token` does not wait for a refresh that is under way.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] when the provider has no revocation endpoint, [`crate::Error::OAuth`] when the service
    /// refuses, [`crate::Error::RateLimited`], [`crate::Error::Transport`] when no answer came.
    pub fn revoke_token(&self, token: &Secret, hint: Option<TokenTypeHint>) -> Result<()> {
        self.0.tokens.revoke_one(token, hint, self.0.clock.now_utc())
    }
}
