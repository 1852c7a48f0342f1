//! Saves a record in a store that can compare and replace bytes in one step. All database stores use
//! this code.

use std::sync::Arc;

use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::BackendError;
use super::line::key;
use crate::error::BoxError;
use crate::record::Record;

/// The account name of a store for which no name was set.
pub(super) const ACCOUNT: &str = "default";

/// The largest record, in bytes. A larger value cannot be a record of this crate.
pub(super) const LIMIT: usize = 4 << 20;

/// The largest number of reads in one save. A save reads again if another client has written between
/// its read and its write.
pub(super) const LOOKS: usize = 8;

/// What an error says after the store's name if its table has other columns.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) const OTHER_COLUMNS: &str = ": the table has other columns than this release knows, and nothing was \
    changed: if a newer release has changed the table, update this program; if an earlier release has made the \
    table, its owner must add the new columns (guide::stores, Updates)";

/// Bytes of a record, wiped when dropped.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// The part of a store that holds the bytes of one record.
pub(super) trait Place {
    /// Reads the bytes.
    fn read(&self) -> Result<Option<Bytes>, BoxError>;

    /// Replaces exactly `old` by `new`, durably and in one step. Returns `false` and writes nothing if the
    /// store holds other bytes. The caller may repeat the call.
    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError>;

    /// Whether bytes that are there already must be written again, because their first write may not be durable.
    fn writes_again(&self) -> bool {
        false
    }

    /// The name of the store and account in messages.
    fn name(&self) -> String;

    /// The bytes that were read or written last.
    fn seen(&self) -> &Seen;
}

/// The bytes that a store has read or written last, so that a save need not read them again: a swap
/// compares them with the stored bytes in any case.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Bytes>>>);

impl Seen {
    pub(super) fn set(&self, bytes: Option<Bytes>) {
        *self.0.lock() = bytes;
    }

    #[cfg(feature = "redis")]
    pub(super) fn is(&self, bytes: &Bytes) -> bool {
        self.0.lock().as_ref() == Some(bytes)
    }
}

/// Reads the record.
#[cfg(feature = "postgres")]
pub(super) fn load(place: &impl Place) -> Result<Option<Record>, BoxError> {
    read(place, place.read()?)
}

/// Reads the record in the bytes that were just read.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(super) fn read(place: &impl Place, bytes: Option<Bytes>) -> Result<Option<Record>, BoxError> {
    let record = bytes.as_ref().map(|bytes| parse(place, bytes)).transpose();
    place.seen().set(bytes);
    record
}

/// Reads the record in these bytes.
pub(super) fn parse(place: &impl Place, bytes: &[u8]) -> Result<Record, BoxError> {
    let corrupt = |reason: &str| {
        let text = format!(
            "{} holds no readable record: {reason}; restore it, or delete it and authorize again",
            place.name()
        );
        BackendError::Corrupt(text).into()
    };
    Record::from_json(bytes)
        .map_err(|reason| BackendError::unreadable(&reason, place.name(), corrupt))
}

/// Saves `record` in place of the record that it replaces. The store compares whole records, byte by
/// byte, so that a late save never overwrites a newer record. The same record may be saved again, in
/// case the answer to the first save was lost. Returns the saved bytes, and whether this call has written
/// them (`true`) or they were there already.
pub(super) fn save(place: &impl Place, record: &Record) -> Result<(Bytes, bool), BoxError> {
    let json = Zeroizing::new(record.to_json()?);
    if json.len() > LIMIT {
        let text = format!("cannot write {}: the record is too large", place.name());
        return Err(BackendError::Unavailable(text).into());
    }
    // Remember the bytes only between a refresh note and the record that follows.
    let written = || {
        let keeps = record.note().is_some();
        place.seen().set(keeps.then(|| json.clone()));
    };
    let known = place.seen().0.lock().take();
    if let Some(known) = known.filter(|known| *known != json)
        && parse(place, &known).is_ok_and(|known| record.may_replace(Some(&known)))
        && place.swap(Some(&known), &json, record)?
    {
        written();
        return Ok((json, true));
    }
    for _ in 0..LOOKS {
        let old = place.read()?;
        // Compares the bytes too: a number in an unknown member may be read back with a different
        // last digit.
        if old.as_ref() == Some(&json) {
            if place.writes_again() && !place.swap(Some(&json), &json, record)? {
                continue;
            }
            return Ok((json, false));
        }
        let stored = old.as_ref().map(|old| parse(place, old)).transpose()?;
        if !record.may_replace(stored.as_ref()) {
            break;
        }
        if place.swap(old.as_ref().map(|old| old.as_slice()), &json, record)? {
            written();
            return Ok((json, true));
        }
    }
    Err(BackendError::Conflict(place.name()).into())
}

/// Deletes the record by `delete`, which deletes exactly these bytes, durably and in one step, and returns
/// `false` if the store holds other bytes. A deletion that reaches the server late therefore does not delete
/// a new login.
#[cfg(any(feature = "postgres", feature = "redis", test))]
pub(super) fn clear(
    place: &impl Place,
    delete: impl Fn(Bytes) -> Result<bool, BoxError>,
) -> Result<(), BoxError> {
    for _ in 0..LOOKS {
        let Some(old) = place.read()? else { return Ok(()) };
        if delete(old)? {
            return Ok(());
        }
    }
    Err(BackendError::Conflict(place.name()).into())
}

/// A hash of these parts, 8 bytes long.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn hash(parts: &[&str]) -> [u8; 8] {
    key(parts).first_chunk().copied().unwrap_or_default()
}

/// A hash of these parts as text, which identifies a store without showing a password.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(super) fn id(parts: &[&str]) -> String {
    key(parts).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    /// One record in memory. If `busy` is set, somebody else writes before every swap.
    #[derive(Default)]
    struct Memory {
        bytes: Mutex<Option<Bytes>>,
        reads: Mutex<usize>,
        seen: Seen,
        busy: bool,
    }

    impl Place for Memory {
        fn read(&self) -> Result<Option<Bytes>, BoxError> {
            *self.reads.lock() += 1;
            Ok(self.bytes.lock().clone())
        }
        fn swap(&self, _: Option<&[u8]>, new: &[u8], _: &Record) -> Result<bool, BoxError> {
            *self.bytes.lock() = (!self.busy).then(|| Zeroizing::new(new.to_vec()));
            Ok(!self.busy)
        }
        fn name(&self) -> String {
            "memory".to_owned()
        }
        fn seen(&self) -> &Seen {
            &self.seen
        }
    }

    #[test]
    fn a_save_reads_eight_times_and_then_reports_a_conflict() {
        let place = Memory { busy: true, ..Memory::default() };
        let error = save(&place, &Record::from(Token::new("at"))).unwrap_err();
        assert!(BackendError::is_conflict(&error), "{error}");
        assert_eq!(*place.reads.lock(), 8);
    }

    #[test]
    fn only_the_record_that_was_read_is_deleted() {
        let bytes = |text: &str| Some(Zeroizing::new(text.as_bytes().to_vec()));
        let place = Memory::default();
        clear(&place, |_| panic!("nothing is stored")).unwrap();
        *place.bytes.lock() = bytes("old");
        let delete = |old: Bytes| {
            let mut stored = place.bytes.lock();
            let same = stored.as_ref() == Some(&old);
            // Somebody saves a login between the first read and the deletion.
            *stored = if *old == *b"old" { bytes("new") } else { None };
            Ok(same && stored.is_none())
        };
        clear(&place, delete).unwrap();
        assert!(place.bytes.lock().is_none());
        *place.bytes.lock() = bytes("old");
        let looks = *place.reads.lock();
        let error = clear(&place, |_| Ok(false)).unwrap_err();
        assert!(BackendError::is_conflict(&error), "{error}");
        assert_eq!(*place.reads.lock() - looks, 8);
    }

    #[test]
    fn a_record_of_more_than_4_mib_is_not_written() {
        let of = |length| Record::from(Token::new("a".repeat(length)));
        let around = of(0).to_json().unwrap().len();
        let place = Memory::default();
        let (json, written) = save(&place, &of((4 << 20) - around)).unwrap();
        assert_eq!((json.len(), written), (4 << 20, true));
        let place = Memory::default();
        let error = save(&place, &of((4 << 20) - around + 1)).unwrap_err();
        assert_eq!(error.to_string(), "cannot write memory: the record is too large");
        assert!(place.bytes.lock().is_none());
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[test]
    fn a_hundred_thousand_names_have_numbers_of_their_own() {
        let long = "administrations/".repeat(31);
        let name = |n: usize| match n % 4 {
            0 => format!("tenant-{n}"),
            1 => format!("anna.{n}@example.com"),
            2 => format!("\u{c4}mter/Nord/{n}"),
            _ => format!("{long}{n}"),
        };
        let numbers: std::collections::BTreeSet<_> =
            (0..100_000).map(|n| hash(&["\"evergrant_logins\"", &name(n)])).collect();
        assert_eq!(numbers.len(), 100_000);
    }

    /// Programs of different releases must lock the same file.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[test]
    fn the_hash_of_an_account_never_changes() {
        assert_eq!(u64::from_be_bytes(hash(&["default"])), 0xb172_ce40_2981_1309);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
