//! How a record gets into a store that can exchange bytes in one step: what the databases share.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::BackendError;
use crate::error::BoxError;
use crate::record::Record;

/// The account of a store that was not told another.
pub(super) const ACCOUNT: &str = "default";

/// Nobody's record is larger; one that is was put there by mistake.
pub(super) const LIMIT: usize = 4 << 20;

/// How often a save looks again when the store has changed between its look and its write. Each
/// time somebody else has got through.
const LOOKS: usize = 8;

/// Bytes of a record, wiped when dropped.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// One place in a store, for the bytes of one record.
pub(super) trait Place {
    /// What is there.
    fn read(&self) -> Result<Option<Bytes>, BoxError>;

    /// Puts `new` where exactly `old` is, in one step, durably. `false`: something else is there, and
    /// nothing was written. It may be repeated.
    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError>;

    /// Its name in messages.
    fn name(&self) -> String;
}

/// The record in these bytes.
pub(super) fn parse(place: &impl Place, bytes: &[u8]) -> Result<Record, BoxError> {
    Record::from_json(bytes).map_err(|reason| {
        BackendError::Corrupt(format!(
            "{} holds no readable record: {reason}; restore it, or delete it and authorize again",
            place.name()
        ))
        .into()
    })
}

/// Saves `record` where what it replaces is. What is compared in the store are whole records, byte
/// by byte, so that a late save never gets over a newer one; the very record may be saved again, for
/// a save whose answer was lost. What was saved, and whether it was written now or was there already.
pub(super) fn save(place: &impl Place, record: &Record) -> Result<(Bytes, bool), BoxError> {
    let json = Zeroizing::new(record.to_json()?);
    if json.len() > LIMIT {
        let text = format!("cannot write {}: the record is too large", place.name());
        return Err(BackendError::Unavailable(text).into());
    }
    for _ in 0..LOOKS {
        let old = place.read()?;
        // The bytes too: a number in an unknown member may read back with another last digit.
        if old.as_ref() == Some(&json) {
            return Ok((json, false));
        }
        let stored = old.as_ref().map(|old| parse(place, old)).transpose()?;
        if !record.may_replace(stored.as_ref()) {
            break;
        }
        if place.swap(old.as_ref().map(|old| old.as_slice()), &json, record)? {
            return Ok((json, true));
        }
    }
    Err(BackendError::Conflict(place.name()).into())
}

/// 8 bytes that stand for these parts.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn hash(parts: &[&str]) -> [u8; 8] {
    let mut text = String::from("evergrant");
    for part in parts {
        text.push('\0');
        text.push_str(part);
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..8]);
    bytes
}
