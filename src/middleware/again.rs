//! Sends a request of the middleware once more if the API did not accept its proof (RFC 9449 sections 7.1 and 9).

use std::io::Read;
use std::sync::Arc;

use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use ureq::http::{HeaderMap, Method, Request, Response, Uri};
use ureq::middleware::MiddlewareNext;
use ureq::{Body, SendBody};

use super::is_refused;
use crate::client::Client;
use crate::error::{ApiError, Error, ProofFault, advice};
use crate::protocol;
use crate::refresh::Live;
use crate::request::{PROOF, without_query};
use crate::transport::Side;

/// How many bytes of a body are kept for a repetition.
const MOST_KEPT: u64 = 1 << 20;
/// How many bytes of the body of an error answer are kept.
const ERROR_BODY: u64 = 64 << 10;

/// A request that can be sent again, except for its proof.
struct Repeatable {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// The beginning of the body.
    body: Vec<u8>,
    /// Whether `body` is the whole body.
    whole: bool,
}

impl Client {
    /// Sends a request with a proof, and once more if another proof may be accepted.
    pub(super) fn handle_proven(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
        live: &Live,
    ) -> Result<Response<Body>, ureq::Error> {
        let (mut parts, body) = request.into_parts();
        let mut rest = body.into_reader();
        let mut kept = Repeatable {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            whole: false,
        };
        rest.by_ref().take(MOST_KEPT + 1).read_to_end(&mut kept.body)?;
        kept.whole = kept.body.len() as u64 <= MOST_KEPT;
        if let Some(length) = kept.length(&parts.headers) {
            parts.headers.insert(CONTENT_LENGTH, length.into());
        }
        kept.headers.clone_from(&parts.headers);

        let mut sent_at = self.proofs().now();
        let first = match kept.whole && kept.body.is_empty() {
            true => next.handle(Request::from_parts(parts, SendBody::none())),
            false => {
                let mut whole_body = (&*kept.body).chain(rest);
                let body = SendBody::from_reader(&mut whole_body);
                next.handle(Request::from_parts(parts, body))
            }
        };
        let url = kept.uri.to_string();
        let learn = |answer: &Response<Body>, sent_at| {
            let learned = self.proofs().learn(Side::Api, &url, answer.headers(), sent_at);
            let fault = ProofFault::of(answer.status().as_u16(), answer.headers());
            (fault, fault.filter(|fault| learned.mends(*fault)).map(|_| learned.into_nonce()))
        };
        let (mut answer, hidden) = match first {
            Ok(answer) => (answer, false),
            // The agent hides the headers of the answer. The API has done nothing, so the client sends the request
            // itself, and sees what the answer says.
            Err(ureq::Error::StatusCode(401)) if kept.whole => {
                sent_at = self.proofs().now();
                (self.send_again(&kept, live, None)?, true)
            }
            Err(error) => return Err(error),
        };
        let (mut fault, again) = learn(&answer, sent_at);
        if let Some(nonce) = again {
            if !kept.whole {
                return Err(failed(kept.into_error(answer, live)));
            }
            let sent_at = self.proofs().now();
            answer = self.send_again(&kept, live, nonce.as_ref())?;
            fault = learn(&answer, sent_at).0;
        }
        if fault.is_none() && is_refused(&answer) {
            self.keeper().suspect(live.access_token());
        }
        let status = answer.status();
        if hidden && (status.is_client_error() || status.is_server_error()) {
            return Err(ureq::Error::StatusCode(status.as_u16()));
        }
        Ok(answer)
    }

    /// Sends the request by the client's own agent, because a middleware can call the rest of its chain only once.
    fn send_again(
        &self,
        kept: &Repeatable,
        live: &Live,
        nonce: Option<&Arc<str>>,
    ) -> Result<Response<Body>, ureq::Error> {
        let url = kept.uri.to_string();
        let (url, loopback) = self.url_at(live, &url).map_err(failed)?;
        let proof = self.proof(live, (kept.method.as_str(), &url), nonce).map_err(failed)?;
        let mut headers = kept.headers.clone();
        if let Some(proof) = proof {
            headers.insert(PROOF, proof);
        }
        let mut request = Request::new(());
        request.method_mut().clone_from(&kept.method);
        request.uri_mut().clone_from(&kept.uri);
        *request.headers_mut() = headers;
        let agent = self.agent_at(loopback);
        match kept.body.is_empty() {
            true => agent.run(request),
            false => agent.run(request.map(|()| &*kept.body)),
        }
    }
}

fn failed(error: Error) -> ureq::Error {
    ureq::Error::Other(error.into())
}

impl Repeatable {
    /// The length for the header of a body that is kept whole: its reader no longer tells the length. POST, PUT and
    /// PATCH without a body have the length 0 (RFC 9110 section 8.6).
    fn length(&self, headers: &HeaderMap) -> Option<u64> {
        let usual = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        let told = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
        let needed = self.whole && !told && (usual || !self.body.is_empty());
        needed.then_some(self.body.len() as u64)
    }

    /// The error for a request that cannot be sent again.
    fn into_error(self, answer: Response<Body>, live: &Live) -> Error {
        let (parts, body) = answer.into_parts();
        let status = parts.status.as_u16();
        let mut error = ApiError::new(self.method.as_str(), without_query(&self.uri), status);
        // An API may repeat the token, so the token is taken out.
        let advice = advice(status, &parts.headers);
        error.advice = advice.and_then(|advice| protocol::clean(&live.redact(advice)));
        // If the body is cut off, the error has the part that was received.
        let _ = body.into_reader().take(ERROR_BODY).read_to_end(&mut error.body);
        error.headers = Box::new(parts.headers);
        Error::Api(Box::new(error))
    }
}
