//! Requests with tokens that are bound to a key (DPoP, RFC 9449).

use std::sync::Arc;

use ureq::http::{HeaderMap, HeaderValue, Method};

use super::{Client, ClientBuilder};
use crate::error::{Error, Result};
use crate::refresh::{Live, Want};
use crate::secret::Secret;
use crate::transport::{Demand, Proofs, Side};

impl ClientBuilder {
    /// Binds each new login to a key (DPoP, RFC 9449): the client makes a key pair for the login and
    /// keeps it in the store with the tokens. Every token request and every request to the API then
    /// proves that the client has the key, so a stolen token is useless without the key. A stored login
    /// stays as it is until the next login.
    ///
    /// A token that the server does not bind to the key is an [`Error::Decode`] whose source is
    /// [`DpopError::NotBound`](crate::error::DpopError::NotBound), and is never sent. With
    /// [`Dpop::Required`](crate::provider::Dpop::Required) in the provider, every client does this.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::builder().dpop_required(true).start()?;
    /// # let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
    /// let client = Client::builder(provider, credentials, MemoryBackend::new()).dpop().build();
    /// let authorization = client.authorize(&["read"])?;
    /// # let callback = sandbox.approve(authorization.url())?;
    /// client.exchange(authorization, &callback)?;
    /// let me: serde_json::Value = client.get("/me").read_json()?;
    /// # assert_eq!(client.token()?.token_type(), "DPoP");
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn dpop(mut self) -> ClientBuilder {
        self.dpop = Demand::Bound;
        self
    }

    /// Binds each new login to a key as [`ClientBuilder::dpop`] does, if the server binds its tokens.
    /// Bearer tokens are accepted and sent, too (RFC 9449 section 5). An attacker who can change the
    /// server's answers can therefore make the client send an unbound token.
    pub fn dpop_if_offered(mut self) -> ClientBuilder {
        self.dpop = Demand::IfOffered;
        self
    }
}

/// The headers of one request that another HTTP library sends: [`Client::dpop_headers`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DpopHeaders {
    /// The value of the header `Authorization`.
    pub authorization: Secret,
    /// The value of the header `DPoP`.
    pub dpop: Secret,
}

impl Client {
    /// Returns the headers of one request for another HTTP library, if the login is bound to a key (DPoP, RFC
    /// 9449); `None` for a bearer token, which [`Client::access_token`] returns. The proof is good for one
    /// request with this method and address. Requests of this client and its middleware make their own proofs.
    ///
    /// Give each answer to [`Client::dpop_answer`], which says whether to send the request once more.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::access_token`], and [`Error::Config`] for an address that the access token must
    /// not go to.
    pub fn dpop_headers(&self, method: &Method, url: &str) -> Result<Option<DpopHeaders>> {
        let live = self.located(self.keeper().access(&Want::Usable)?)?;
        let url = self.url_at(&live, url)?.0;
        let Some(key) = live.key.as_ref().filter(|_| live.is_proven()) else {
            return live.header.is_some().then_some(None).ok_or_else(|| live.without_header());
        };
        let target = (Side::Api, method.as_str(), url.as_str());
        let dpop = self.proofs().proof(target, key, Some(live.access_token()), None)?;
        let authorization = Secret::new(format!("DPoP {}", live.access_token().expose()));
        Ok(Some(DpopHeaders { authorization, dpop }))
    }

    /// Remembers the nonce in an answer of the API to a request of another HTTP library (RFC 9449
    /// section 9). Returns whether the API wants the request once more, with new headers of
    /// [`Client::dpop_headers`]. `url` is the address that was given to `dpop_headers`. Call this
    /// method before you read the body: it also learns the time of the API's clock from the answer.
    pub fn dpop_answer(&self, url: &str, status: u16, headers: &HeaderMap) -> bool {
        use crate::error::ProofFault;
        // The same address that `dpop_headers` read from `url`.
        let live = self.keeper().hot(&Want::Usable);
        let at = live.and_then(|live| self.url_at(&live, url).ok()).map(|(url, _)| url);
        let Some(url) = at.or_else(|| self.url_of(url).ok()) else { return false };
        let url = url.as_str();
        let now = self.proofs().now();
        let learned = self.proofs().learn(Side::Api, url, headers, now);
        let fault = ProofFault::of(status, headers);
        fault == Some(ProofFault::Nonce) && learned.mends(ProofFault::Nonce)
    }

    /// The proof of a request to the API; `None` for a token that is not bound to a key.
    pub(crate) fn proof(
        &self,
        live: &Live,
        (method, url): (&str, &str),
        nonce: Option<&Arc<str>>,
    ) -> Result<Option<HeaderValue>> {
        let Some(key) = live.key.as_ref().filter(|_| live.is_proven()) else { return Ok(None) };
        let proof =
            self.proofs().proof((Side::Api, method, url), key, Some(live.access_token()), nonce)?;
        let mut value = HeaderValue::from_str(proof.expose())
            .map_err(|_| Error::config("the DPoP proof cannot be a header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    pub(crate) fn proofs(&self) -> &Proofs {
        &self.0.tokens.proofs
    }
}
