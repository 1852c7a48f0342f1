//! Errors about proofs of possession (RFC 9449).

use thiserror::Error;
use ureq::http::HeaderMap;

use super::Challenge;

/// Why a token is not used although the server issued it (DPoP, RFC 9449): the source of a
/// [`crate::Error::Decode`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DpopError {
    /// The client proved that it has a key, and the server issued a token that is not bound to the key:
    /// a thief could use the token (section 5). From a login: nothing was stored, and the code is used
    /// up. From a refresh: the new refresh token is stored, and the login remains valid.
    #[error(
        "the token has the type {token_type}, not DPoP, so it is not bound to the key of the login; if the \
         service issues no bound tokens, allow that with `ClientBuilder::dpop_if_offered`"
    )]
    NotBound {
        /// The type of the token, as the server wrote it.
        token_type: String,
    },
}

/// The fault of a request's proof that an API names in its challenge (sections 7.1 and 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofFault {
    /// The proof needs the nonce that came with the answer.
    Nonce,
    /// The proof was not accepted, perhaps because of its time.
    Invalid,
}

impl ProofFault {
    /// The fault for an error code of RFC 9449.
    pub(crate) fn named(code: &str) -> Option<ProofFault> {
        match code {
            "use_dpop_nonce" => Some(ProofFault::Nonce),
            "invalid_dpop_proof" => Some(ProofFault::Invalid),
            _ => None,
        }
    }

    /// The fault that the challenges of an answer name. If there is one, the access token is valid and
    /// a refresh cannot help.
    pub(crate) fn of(status: u16, headers: &HeaderMap) -> Option<ProofFault> {
        if status != 401 {
            return None;
        }
        Challenge::of(headers).iter().find_map(|challenge| ProofFault::named(challenge.error()?))
    }

    /// What the caller can do about the fault.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            ProofFault::Nonce => {
                "the client repeats a request once with the nonce of the answer, unless the body was a stream, or \
                 longer than 1 MiB in a middleware: send the request again; if this persists, tell the service"
            }
            ProofFault::Invalid => {
                "check the clock of this machine, whose time is in the proof, and the address of the request; \
                 the login remains valid"
            }
        }
    }
}
