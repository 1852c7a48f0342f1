//! Records that a client cannot use directly: sealed records, and records that are being moved to another
//! store.

use serde_json::Value;

use super::{Record, Replaces};
use crate::error::{Error, Result};
use crate::proof_key::ProofKey;

/// The member of a sealed record: the name of its key, and the sealed text.
pub(super) const SEALED: &str = "sealed";
/// The member of a record that is being moved: the name of the other store.
const MOVING: &str = "moving";

impl Record {
    /// The name of the key, and the sealed text, of a sealed record.
    pub(crate) fn sealed(&self) -> Option<(&str, &str)> {
        let sealed = self.beside(SEALED)?;
        let member = |name| sealed.get(name).and_then(Value::as_str).unwrap_or_default();
        Some((member("key"), member("text")))
    }

    /// A copy that no client uses, because the login is being moved to `store`.
    pub(crate) fn moving_to(&self, store: &str) -> Record {
        let mut next = self.next();
        next.put_beside(MOVING, Some(store.into()));
        next
    }

    /// The store to which this login is being moved.
    pub(crate) fn moves_to(&self) -> Option<&str> {
        self.beside(MOVING).map(|store| store.as_str().unwrap_or("another store"))
    }

    /// The record for the store to which the login moves. The new record replaces `stored`, the record in
    /// that store.
    pub(crate) fn moved(&self, stored: Option<&Record>) -> Record {
        let mut next = self.clone();
        next.put_beside(MOVING, None);
        next.revision = self.revision.max(stored.map_or(0, Record::revision)).saturating_add(1);
        next.replaces = stored.map(Replaces::of).unwrap_or_default();
        next
    }

    /// Refuses a record that a client cannot use directly.
    pub(crate) fn check_usable(&self, store: &str) -> Result<()> {
        if let Some((key, _)) = self.sealed() {
            return Err(Error::config(format!(
                "{store} holds a login that is sealed with the key {key}: use the store through \
                 SealedBackend"
            )));
        }
        if let Some(other) = self.moves_to() {
            return Err(Error::config(format!(
                "the login in {store} is being moved to {other}: finish the move (move_login), and \
                 use that store"
            )));
        }
        if let Some(key) = self.token.dpop_key()
            && let Err(error) = ProofKey::from_jwk(key)
        {
            return Err(Error::config(format!(
                "{store} holds a login that is bound to a key (DPoP, RFC 9449), which this program cannot \
                 use: {error}; use a build with the feature `dpop`, or clear the store (`TokenBackend::clear`) \
                 and log in again"
            )));
        }
        Ok(())
    }
}
