//! The exchange of a code whose authorization request another program made.

use serde_json::Map;

use super::Client;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::Token;
use crate::transport::{Coded, IdTokenLogin};

impl Client {
    /// Exchanges a code that did not come through [`Client::exchange`], and stores the login in place of any
    /// other: a web framework has made the authorization request and has checked the callback itself, or a
    /// person has copied the code. The login is durable when this returns.
    ///
    /// **Nothing shows that the code belongs to this person.** The `state` is not checked, nor the
    /// issuer (RFC 9207), nor the `nonce` of an ID token. The caller must have compared the `state`
    /// with the `state` in the session of the same browser (RFC 6749 section 10.12), or must have the
    /// code from the person in front of the terminal. Otherwise an attacker can log the person in with
    /// an account of the attacker. Where you can, use [`Client::authorize`] and [`Client::exchange`].
    ///
    /// `redirect_uri` must equal the redirect URI of the authorization request, byte for byte. If
    /// `redirect_uri` is `None`, the client sends the redirect URI of the credentials or the provider, if
    /// one of them has a redirect URI. `verifier` is the
    /// PKCE verifier, if the authorization request had a challenge. An ID token that fails its checks
    /// is left out. A code that is bound to a key (`dpop_jkt`, RFC 9449 section 10) cannot be exchanged
    /// here.
    ///
    /// # Errors
    ///
    /// Before the code is sent: [`Error::Config`] for a text that is not a code, or a provider whose token
    /// endpoint comes with the callback; [`Error::Backend`], [`Error::Busy`]. After that the errors of
    /// [`Client::exchange`].
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # let authorization = client.authorize(&["read"])?;
    /// # let session: serde_json::Value = serde_json::to_value(&authorization)?;
    /// # let callback = sandbox.approve(authorization.url())?;
    /// # let code = callback.split("code=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    /// # let verifier = session["verifier"].as_str().unwrap_or_default();
    /// let token = client.exchange_without_state_check(code, None, Some(&verifier.into()))?;
    /// assert!(token.refresh_token().is_some());
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn exchange_without_state_check(
        &self,
        code: impl Into<Secret>,
        redirect_uri: Option<&str>,
        verifier: Option<&Secret>,
    ) -> Result<Token> {
        if self.0.provider.authorization.token_host_from.is_some() {
            return Err(Error::config(format!(
                "the callback of {} says where the token endpoint is, so the code alone is not enough: \
                 use `Client::authorize` and `Client::exchange`",
                self.0.provider.display_name
            )));
        }
        let code = code.into();
        let redirect_uri = redirect_uri.or(self.redirect_uri());
        let text = code.expose();
        // A code has visible characters (RFC 6749 appendix A.11). People also paste a whole callback here.
        if text.is_empty() || text.contains("://") || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::config(
                "this is not an authorization code: give the value of the callback's parameter alone, \
                 decoded, without a blank or a line break",
            ));
        }
        let tokens = &self.0.tokens;
        let code = &code;
        let id_token = IdTokenLogin::default();
        let coded = Coded { code, redirect_uri, verifier, id_token, home: None, dpop_key: None };
        self.0.keeper.authorize(Map::new(), &mut |sent_at| tokens.exchange_code(&coded, sent_at))
    }
}
