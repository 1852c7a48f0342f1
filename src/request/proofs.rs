//! The proofs of a request to the API (RFC 9449 section 7): one for each attempt, and one more attempt if the API
//! wants another nonce.

use ureq::http::{HeaderValue, Uri};

use super::Request;
use super::call::Call;
use super::send::Answer;
use crate::error::Result;
use crate::refresh::Live;

/// The state of the proofs of one call.
#[derive(Default)]
pub(super) struct Proofs {
    #[cfg(feature = "dpop")]
    sent_at: Option<time::OffsetDateTime>,
    /// The fault of the proof that the last answer named.
    #[cfg(feature = "dpop")]
    fault: Option<crate::error::ProofFault>,
    /// The nonce of the last answer, for the next attempt.
    #[cfg(feature = "dpop")]
    nonce: Option<std::sync::Arc<str>>,
    /// Whether the last attempt was a repetition because of its proof.
    #[cfg(feature = "dpop")]
    again: bool,
}

#[cfg(feature = "dpop")]
impl Proofs {
    /// The proof of the next attempt. Returns `None` for a token that is not bound to a key.
    pub(super) fn of(
        &mut self,
        request: &Request<'_>,
        live: &Live,
        uri: &Uri,
    ) -> Result<Option<HeaderValue>> {
        let client = request.client;
        self.sent_at = live.is_proven().then(|| client.proofs().now());
        if self.sent_at.is_none() {
            return Ok(None);
        }
        let target = (request.method.as_str(), &*uri.to_string());
        client.proof(live, target, self.nonce.take().as_ref())
    }

    /// Whether the last answer complained about the proof.
    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }
}

#[cfg(not(feature = "dpop"))]
impl Proofs {
    pub(super) fn of(&mut self, _: &Request<'_>, _: &Live, _: &Uri) -> Result<Option<HeaderValue>> {
        Ok(None)
    }

    pub(super) fn is_faulty(&self) -> bool {
        false
    }
}

impl Call<'_, '_, '_> {
    /// Learns the nonce of an answer. Returns whether the request is sent again with another proof: if the API
    /// refused the proof (`use_dpop_nonce`, or a date by another clock), and at most once in a row.
    #[cfg(feature = "dpop")]
    pub(super) fn proves_again(&mut self, answer: &Answer) -> bool {
        use crate::error::ProofFault;
        use crate::transport::Side;
        let proofs = &mut self.proofs;
        let (Some(sent_at), headers) = (proofs.sent_at, &answer.parts.headers) else {
            return false;
        };
        let url = self.uri.to_string();
        let learned = self.request.client.proofs().learn(Side::Api, &url, headers, sent_at);
        proofs.fault = ProofFault::of(answer.status(), headers);
        let mends = proofs.fault.is_some_and(|fault| learned.mends(fault));
        let again = mends && !proofs.again && self.payload.can_repeat();
        proofs.again = again;
        proofs.nonce = learned.into_nonce();
        again
    }

    #[cfg(not(feature = "dpop"))]
    pub(super) fn proves_again(&mut self, _: &Answer) -> bool {
        false
    }
}
