//! The type `ProofKey` in a build without the feature `dpop`: no key can be made or read, so no request
//! has a proof.

use crate::error::{Error, Result};
use crate::secret::Secret;

/// No value of this type exists.
#[derive(Clone, Debug)]
pub(crate) enum ProofKey {}

impl ProofKey {
    pub(crate) fn from_jwk(_: &Secret) -> Result<ProofKey> {
        Err(Error::config("build this program with the feature `dpop` of evergrant"))
    }
}
