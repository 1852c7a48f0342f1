//! The key pair that a login is bound to (RFC 9449).

#[cfg(feature = "dpop")]
mod pair;
#[cfg(not(feature = "dpop"))]
mod without;

#[cfg(feature = "dpop")]
pub(crate) use self::pair::ProofKey;
#[cfg(not(feature = "dpop"))]
pub(crate) use self::without::ProofKey;
