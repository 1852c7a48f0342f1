//! Replaces `with.rs` in a build without the feature `dpop`: no request has a proof.

use time::OffsetDateTime;

use crate::error::{Error, Result};
use crate::proof_key::ProofKey;
use crate::protocol::TokenRequest;
use crate::provider::Dpop;
use crate::refresh::Sent;
use crate::token::Token;
use crate::transport::TokenTransport;
use crate::transport::exchange::Raw;

#[derive(Default)]
pub(crate) struct Proofs;

/// No proof, no fault: no value of this type exists.
pub(crate) enum Again {}

pub(crate) struct Left;

impl Left {
    pub(crate) fn all() -> Left {
        Left
    }

    pub(crate) fn take(&mut self, again: Option<&Again>) -> bool {
        again.is_some()
    }
}

impl TokenTransport {
    pub(crate) fn login_key(&self) -> Result<Option<ProofKey>> {
        if self.provider.token_request.dpop == Dpop::Required {
            return Err(Error::config(format!(
                "{} issues only tokens that are bound to a key (DPoP, RFC 9449): build this program with \
                 the feature `dpop` of evergrant",
                self.provider.display_name
            )));
        }
        Ok(None)
    }

    pub(in crate::transport) fn prove(
        &self,
        _: &mut TokenRequest,
        _: Option<&ProofKey>,
        _: Option<&Again>,
    ) -> Result<()> {
        Ok(())
    }

    pub(in crate::transport) fn learned(
        &self,
        _: &str,
        _: &Raw,
        _: Option<&ProofKey>,
        _: OffsetDateTime,
    ) -> Option<Again> {
        None
    }

    pub(in crate::transport) fn bound(&self, sent: Sent, _: Option<&ProofKey>) -> Sent {
        sent
    }

    #[cfg(feature = "token-exchange")]
    pub(in crate::transport) fn keeps_bound(&self, _: &Token, _: &Token) -> bool {
        true
    }

    /// Refuses a token with a key.
    pub(crate) fn seeded(&self, token: Token, _: OffsetDateTime) -> Result<Token> {
        self.key_of(token.dpop_key()).map(|_| token)
    }
}
