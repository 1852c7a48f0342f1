//! The client as middleware of an existing ureq agent.

#[cfg(feature = "dpop")]
mod again;

use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderName, Request, Response, StatusCode};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, RequestExt as _, SendBody};

use crate::client::Client;
use crate::error::{Error, Result, wants_stronger_login};
use crate::refresh::{Live, Want};

/// Adds the access token and the provider's fixed headers to requests that go to the provider's API
/// base or to an allowed host. Other requests pass unchanged. A token that is about to expire is
/// refreshed first. If the client must ask the service for the API's address and gets no address, a
/// request that may be for the API fails. With a wrong text in
/// [`ClientBuilder::allow_host`](crate::ClientBuilder::allow_host), every request fails.
///
/// A redirect is followed without the token, even if the agent has
/// [`ureq::config::RedirectAuthHeaders::SameHost`], which does not look at the port. With a [fixed
/// header](crate::provider::ProviderBuilder::fixed_header), which may be a key, no redirect is
/// followed: the agent would carry the header to any host.
///
/// The middleware does not send a request again for a new token, so the caller gets the 401; the next call
/// looks for another token, unless the API asked for a stronger login (RFC 9470). The agent shows the
/// answer's headers only with `http_status_as_error(false)`;
/// [`Challenge::of`](crate::error::Challenge::of) reads them. An error of the client is inside
/// [`ureq::Error::Other`].
///
/// With a login that is bound to a key (feature `dpop`), each request carries its proof, and no redirect is
/// followed. If the API wants a nonce (`use_dpop_nonce`) or another time in the proof, the client sends the
/// request once more itself, with the settings of
/// [`ClientBuilder::http`](crate::ClientBuilder::http): the agent's other middleware does not see this
/// request. The client reads a body of at most 1 MiB before the request is sent, and keeps the body until
/// the answer. A longer body is sent in chunks, unless the request has a `Content-Length`, and is not sent
/// again: the call then fails with [`Error::Api`], whose advice says so, and the next call has the nonce.
/// If the agent hides the headers of a 401 (`http_status_as_error(true)`, ureq's default), the client learns
/// the nonce by one request more.
///
/// ```
/// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
/// # let sandbox = Sandbox::start()?;
/// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
/// # client.seed(sandbox.login())?;
/// # let url = format!("{}/api/me", sandbox.url());
/// # let spare = client.clone();
/// let agent: ureq::Agent = ureq::Agent::config_builder().middleware(client).build().into();
/// # // The sandbox is not behind the proxy that the environment may name.
/// # let agent: ureq::Agent =
/// #     ureq::Agent::config_builder().proxy(None).middleware(spare).build().into();
/// assert_eq!(agent.get(url).call()?.status(), 200);
/// # Ok::<(), evergrant::BoxError>(())
/// ```
impl Middleware for Client {
    fn handle(
        &self,
        mut request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        // The parsed form of the address is sent, so that the token goes to the host that was checked:
        // another parser may find another host in the address (`127.0.0.1.`, `0x7f.1`).
        let whole = request.uri().scheme().map(|_| request.uri().to_string());
        // The API's address may depend on the token, so send the same token that was used to check the
        // address.
        let mut decided = None;
        let failed = |error: Error| ureq::Error::Other(error.into());
        // The wrong text may have been meant for the host of this request.
        self.check_hosts().map_err(failed)?;
        let url = match whole {
            // No login allows this address, so the request passes unchanged.
            Some(target) if !self.may_be_api(&target) => None,
            Some(target) if self.base_comes_with_login() => {
                let live = self.keeper().access(&Want::Usable).and_then(|live| self.located(live));
                let live = decided.insert(live.map_err(failed)?);
                match self.url_at(live, &target) {
                    Ok((url, _)) => Some(url),
                    // The address that came with the login is not allowed.
                    Err(error) if matches!(live.base, Some(Err(_))) => return Err(failed(error)),
                    Err(_) => None,
                }
            }
            Some(target) => self.url_of(&target).ok(),
            None => None,
        };
        let Some(uri) = url.and_then(|url| url.parse().ok()) else {
            return next.handle(request);
        };
        *request.uri_mut() = uri;
        let live = self.carry(&mut request, decided).map_err(failed)?;
        let follows = self.provider().api.fixed_headers.is_empty();
        // A proof is valid for one address only.
        #[cfg(feature = "dpop")]
        let follows = follows && !live.is_proven();
        let request = without_redirected_token(request, follows)?;
        #[cfg(feature = "dpop")]
        if live.is_proven() {
            return self.handle_proven(request, next, &live);
        }
        let answer = next.handle(request);
        let refused = match &answer {
            Ok(answer) => is_refused(answer),
            Err(ureq::Error::StatusCode(status)) => *status == 401,
            Err(_) => false,
        };
        if refused {
            self.keeper().suspect(live.access_token());
        }
        answer
    }
}

/// Whether the API refused the token, for another reason than a wish for a stronger login (RFC 9470).
fn is_refused(answer: &Response<Body>) -> bool {
    answer.status() == StatusCode::UNAUTHORIZED && !wants_stronger_login(answer.headers())
}

/// Prevents the agent from sending the token to the address of a redirect: with
/// `RedirectAuthHeaders::SameHost` ureq would send the token to every port of the host.
fn without_redirected_token(
    request: Request<SendBody<'_>>,
    follows: bool,
) -> Result<Request<SendBody<'_>>, ureq::Error> {
    let config = request.middleware_config().ok_or_else(|| {
        let text = "the client works as middleware of an agent only";
        ureq::Error::Other(Error::config(text).into())
    })?;
    let config = config.redirect_auth_headers(RedirectAuthHeaders::Never);
    let config = if follows { config } else { config.max_redirects(0) };
    Ok(config.build())
}

impl Client {
    fn carry(&self, request: &mut Request<SendBody<'_>>, decided: Option<Live>) -> Result<Live> {
        // The agent follows redirects itself, and on the way to another host it removes only
        // `Authorization`.
        if *self.token_header() != ureq::http::header::AUTHORIZATION {
            return Err(Error::config(format!(
                "a token in the header {} cannot go through an agent that follows redirects: use \
                 the client's own requests",
                self.token_header()
            )));
        }
        let live = match decided {
            Some(live) => live,
            None => self.keeper().access(&Want::Usable)?,
        };
        let header = live.header.clone().ok_or_else(|| live.without_header())?;
        let headers = request.headers_mut();
        for (name, _) in &self.provider().api.fixed_headers {
            let value = self.headers().get(name).filter(|_| !headers.contains_key(name));
            if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(self.token_header(), header);
        #[cfg(feature = "dpop")]
        {
            let (method, url) = (request.method().to_string(), request.uri().to_string());
            if let Some(proof) = self.proof(&live, (&method, &url), None)? {
                request.headers_mut().insert(crate::request::PROOF, proof);
            }
        }
        Ok(live)
    }
}
