//! Why an ID token is not accepted.

use thiserror::Error;
use time::OffsetDateTime;

use super::detail::rfc3339;

/// Why an ID token is not accepted (OpenID Connect Core section 3.1.3.7): the source of a
/// [`crate::Error::Decode`]. If the error comes from a login, nothing was stored, and the code is used up: start
/// the login again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// The ID token is not a readable JWT: it is encrypted, cut, or something else.
    #[error("{0}")]
    Unreadable(&'static str),
    /// The ID token has no signature, and the provider does not allow that
    /// (`ProviderBuilder::unsigned_id_tokens`).
    #[error("it is not signed, and the provider does not allow unsigned ID tokens")]
    Unsigned,
    /// A required claim is missing or has another type.
    #[error("its {0} is missing or has the wrong type")]
    ClaimMissing(&'static str),
    /// The issuer of the ID token is not the provider's issuer.
    #[error("it comes from another authorization server: its iss is {came:?}, not {expected:?}")]
    Issuer {
        /// The issuer of the provider.
        expected: String,
        /// The issuer in the ID token, without characters that do not belong in a message.
        came: String,
    },
    /// The audience of the ID token does not include this client.
    #[error("it is for another application: its aud does not have the client id")]
    Audience,
    /// The ID token was issued to another application, or is for several applications and does not say to
    /// which application it was issued.
    #[error("it was issued to another application: its azp is not the client id")]
    AuthorizedParty,
    /// The ID token has expired.
    #[error("it expired at {}; if it should still be valid, set the clock of this machine", rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// The ID token was issued in the future, or long before this login.
    #[error("it was issued at {}, not now; if it was, set the clock of this machine", rfc3339(*.0))]
    IssuedAt(OffsetDateTime),
    /// The ID token has no nonce, although the login sent one.
    #[error("it has no nonce, although the login sent a nonce")]
    NonceMissing,
    /// The ID token has the nonce of another login.
    #[error("it has another nonce: it belongs to another login, or to an attack")]
    Nonce,
    /// The ID token belongs to another access token: its `at_hash` is not the hash of the access token that came with
    /// the ID token (section 3.1.3.6).
    #[error("its at_hash is not the hash of the access token that came with it")]
    AccessTokenHash,
    /// The person authenticated at this time, which is too long ago for the login's `max_age` (section 3.1.3.7,
    /// number 13).
    #[error("the person authenticated at {}, too long ago for the max_age of this login", rfc3339(*.0))]
    AuthenticatedAt(OffsetDateTime),
    /// The signature cannot be checked: its algorithm is not a public-key algorithm that this crate
    /// supports (such as `none`, HMAC with a shared secret, and ES512, whose curve P-521 `ring` does not have).
    #[error(
        "this crate does not check the algorithm {0:?}: it checks RS256, RS384, RS512, PS256, PS384, PS512, ES256, \
         ES384 and EdDSA"
    )]
    Algorithm(String),
    /// The signature cannot be checked: the key set of the server has no key for the `kid` and the
    /// algorithm of the ID token.
    #[error("the server's key set has no key for it")]
    NoKey,
    /// The signature is wrong: no key of the server has made it.
    #[error("no key of the server has made its signature")]
    Signature,
    /// After a refresh: this claim differs from the claim in the login's ID token (section 12.2).
    #[error("its {0} differs from the login's ID token")]
    OtherLogin(&'static str),
}
