//! Proofs of possession on requests (RFC 9449): the key of a new login, the nonces of the servers, and what an
//! answer says about a proof.

#[cfg(feature = "dpop")]
mod with;
#[cfg(not(feature = "dpop"))]
mod without;

#[cfg(feature = "dpop")]
pub(super) use self::with::{Again, Left};
#[cfg(feature = "dpop")]
pub(crate) use self::with::{Demand, Proofs, Side};
#[cfg(not(feature = "dpop"))]
pub(crate) use self::without::Proofs;
#[cfg(not(feature = "dpop"))]
pub(super) use self::without::{Again, Left};
use super::TokenTransport;
use crate::error::Result;
use crate::proof_key::ProofKey;
use crate::secret::Secret;

impl TokenTransport {
    /// The key of a login: the key with which the login began, or a new key if the client or the server
    /// wants a bound login.
    pub(super) fn key_of(&self, jwk: Option<&Secret>) -> Result<Option<ProofKey>> {
        match jwk {
            Some(jwk) => ProofKey::from_jwk(jwk).map(Some),
            None => self.login_key(),
        }
    }
}
