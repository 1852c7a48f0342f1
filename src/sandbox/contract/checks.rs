//! The checks, one for each rule of the contract.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::worker::increment;
use super::{Contract, noted, successor};
use crate::backend::{BackendError, Guard};
use crate::error::{BoxError, chain};
use crate::record::Record;
use crate::token::Token;

/// The information that a check needs.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    Compare,
    Lock,
    LockFreedByDeath,
    Raw,
    /// A handle that shares no memory with others, or a second process.
    Fresh,
    Process,
    PowerCut,
}

pub(super) type Check = fn(&Contract<'_>) -> Result<(), BoxError>;
pub(super) type Row = (&'static str, &'static [Needs], Check);

const INSIDE: [Row; 19] = [
    ("an empty store loads nothing", &[], nothing_stored),
    ("every handle reads a saved record unchanged", &[], reads_back),
    ("unknown members survive", &[], unknown_members),
    ("odd characters survive", &[], odd_characters),
    ("a large record survives", &[], large_record),
    ("the stored record may be saved again", &[], saved_again),
    ("a note and its successor are saved", &[], note_and_successor),
    ("clear removes the record, and may be repeated", &[], clears),
    ("messages show no token", &[], no_secret),
    ("a reader never sees parts of two records", &[], whole_records),
    ("a damaged record is an error and is not overwritten", &[Needs::Raw], damaged),
    ("a save over another record is refused", &[Needs::Compare], compares),
    ("a save after clear is refused", &[Needs::Compare], compares_with_nothing),
    ("the lock excludes others until its guard is dropped", &[Needs::Lock], excludes),
    ("a busy lock with a wait of zero fails at once", &[Needs::Lock], no_wait),
    ("the guard outlives its handle", &[Needs::Lock], guard_is_owned),
    ("the guard may move to another thread", &[Needs::Lock], guard_moves),
    ("the lock is of the declared kind", &[Needs::Lock], kind),
    ("increments under the lock are never lost", &[Needs::Lock], increments),
];

/// All checks, in the order of the report.
pub(super) fn all() -> impl Iterator<Item = Row> {
    INSIDE.into_iter().chain(super::outside::OUTSIDE)
}

impl Contract<'_> {
    /// Fails unless a new handle reads `expected`.
    fn holds(&self, expected: &Record) -> Result<(), BoxError> {
        same(expected, self.open().load()?.as_ref())
    }

    /// Fails unless saving `record` is refused as a conflict.
    pub(super) fn refuses(&self, record: &Record, what: &str) -> Result<(), BoxError> {
        match self.open().save(record) {
            Err(error) if matches!(BackendError::find(&error), Some(BackendError::Conflict(_))) => {
                Ok(())
            }
            Err(error) => Err(format!("{what}: not a Conflict but: {}", chain(&*error)).into()),
            Ok(()) => Err(format!("{what}: was saved").into()),
        }
    }

    pub(super) fn busy(&self, wait: Duration) -> Result<(), BoxError> {
        let start = Instant::now();
        match self.open().lock(wait) {
            Err(error) if matches!(BackendError::find(&error), Some(BackendError::Busy(_))) => {}
            Err(error) => return Err(format!("not Busy but: {}", chain(&*error)).into()),
            Ok(_) => {
                return Err("a second handle got the lock, which the first handle still has".into());
            }
        }
        let took = start.elapsed();
        ensure(took < wait + Duration::from_secs(60), || {
            format!("the lock waited {took:?}, not {wait:?}")
        })
    }
}

pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}

/// Fails unless `found` is `expected`, and names the members that differ.
pub(super) fn same(expected: &Record, found: Option<&Record>) -> Result<(), BoxError> {
    let Some(found) = found else { return Err("a saved record is gone: nothing is stored".into()) };
    if found == expected {
        return Ok(());
    }
    if expected.revision() != found.revision() && expected.login() == found.login() {
        let (expected, found) = (expected.revision(), found.revision());
        return Err(format!("revision {expected} was saved, revision {found} was read").into());
    }
    let members = |record: &Record| -> Result<Map<String, Value>, BoxError> {
        Ok(serde_json::from_slice(&record.to_json()?)?)
    };
    let (saved, read) = (members(expected)?, members(found)?);
    let differ = |there: bool| {
        let names = saved.iter().filter(|(name, _)| read.contains_key(*name) == there);
        let names = names.filter(|(name, value)| read.get(*name) != Some(*value));
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    Err(format!(
        "a record was not read as it was saved (lost: [{}], changed: [{}]). A store keeps the whole \
         record, as Record::to_json writes it; a table that has columns for the token alone needs \
         backend::TableBackend",
        differ(false),
        differ(true)
    )
    .into())
}

pub(super) fn token(n: usize) -> Token {
    Token::new(format!("sesame-at-{n}")).with_refresh_token(format!("sesame-rt-{n}"))
}

pub(super) fn first() -> Record {
    Record::from(token(1))
}

fn nothing_stored(it: &Contract<'_>) -> Result<(), BoxError> {
    ensure(it.open().load()?.is_none(), || "an empty store has a record".to_owned())
}

fn reads_back(it: &Contract<'_>) -> Result<(), BoxError> {
    let (first, handle) = (first(), it.open());
    handle.save(&first)?;
    it.holds(&first)?;
    let second = successor(&first, token(2));
    it.open().save(&second)?;
    let seen = handle.load()?;
    same(&second, seen.as_ref())
        .map_err(|error| format!("by a handle that had saved: {}", chain(&*error)).into())
}

fn unknown_members(it: &Contract<'_>) -> Result<(), BoxError> {
    let mut value: Value = serde_json::from_slice(&first().to_json()?)?;
    value["later"] = serde_json::json!({"a": [1, null, "x"], "big": 9_007_199_254_740_993_u64});
    let record = Record::from_json(value.to_string().as_bytes())?;
    it.open().save(&record)?;
    it.holds(&record)?;
    let back = it.open().load()?.ok_or("nothing is stored")?.to_json()?;
    let back: Value = serde_json::from_slice(&back)?;
    ensure(back["later"] == value["later"], || "an unknown member changed".to_owned())
}

fn odd_characters(it: &Contract<'_>) -> Result<(), BoxError> {
    let odd = "\u{0}\t\r\n\"'\\`;--$%{}?:/ \u{7f}\u{e9}\u{2028}\u{1f511}";
    let record = Record::from(Token::new(odd).with_refresh_token(odd).with_scope(odd));
    it.open().save(&record)?;
    it.holds(&record)
}

fn large_record(it: &Contract<'_>) -> Result<(), BoxError> {
    let record = Record::from(Token::new("a".repeat(200 << 10)).with_refresh_token("sesame"));
    it.open().save(&record)?;
    it.holds(&record)?;
    let small = successor(&record, token(2));
    it.open().save(&small)?;
    it.holds(&small)
}

fn saved_again(it: &Contract<'_>) -> Result<(), BoxError> {
    let first = first();
    it.open().save(&first)?;
    it.open().save(&first)?;
    let second = successor(&first, token(2));
    it.open().save(&second)?;
    it.open().save(&second)?;
    it.holds(&second)
}

fn note_and_successor(it: &Contract<'_>) -> Result<(), BoxError> {
    let first = first();
    it.open().save(&first)?;
    let note = noted(&first);
    it.open().save(&note)?;
    it.holds(&note)?;
    let again = noted(&note);
    it.open().save(&again)?;
    it.holds(&again)?;
    let second = successor(&again, token(2));
    it.open().save(&second)?;
    it.holds(&second)
}

fn clears(it: &Contract<'_>) -> Result<(), BoxError> {
    it.open().save(&first())?;
    for _ in 0..2 {
        it.open().clear()?;
        nothing_stored(it)?;
    }
    let record = first();
    it.open().save(&record)?;
    it.holds(&record)
}

fn no_secret(it: &Contract<'_>) -> Result<(), BoxError> {
    let handle = it.open();
    let record = first();
    handle.save(&record)?;
    let guard = handle.lock(Duration::from_secs(10))?;
    let mut said = format!("{} {guard:?} ", handle.describe());
    // Causes the errors that the backend can make: a busy lock, and a record that was not made from
    // the stored record.
    for error in [it.open().lock(Duration::ZERO).err(), handle.save(&first()).err()] {
        said += &error.map(|error| format!("{error} {error:?}")).unwrap_or_default();
    }
    ensure(!said.contains("sesame"), || "a token is in a message".to_owned())
}

fn whole_records(it: &Contract<'_>) -> Result<(), BoxError> {
    // The lengths differ, so that a mixture of two records is noticed.
    let numbered =
        |n: usize| token(n).with_scope(format!("{n} {}", "x".repeat(n * 7_919 % 20_000)));
    let mut record = Record::from(numbered(0));
    it.open().save(&record)?;
    // A read counts only if the writer has written since the previous read. The writer goes on until
    // both readers have enough reads after a write, so reads and writes surely overlap.
    const EACH: usize = 40;
    let written = AtomicUsize::new(0);
    thread::scope(|scope| {
        let reader = || -> Result<(), BoxError> {
            let handle = it.open();
            let (mut left, mut seen) = (EACH, 0);
            while left > 0 && seen != usize::MAX {
                let now = written.load(Ordering::Acquire);
                if now >= EACH && now != seen {
                    left -= 1;
                    seen = now;
                }
                let found = handle.load()?.ok_or("a reader found nothing stored")?;
                let n = found.revision().saturating_sub(1) as usize;
                ensure(*found.token() == numbered(n), || {
                    format!("a reader found parts of two records at revision {}", n + 1)
                })?;
            }
            Ok(())
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let mut wrote = Ok(());
        let mut n = 0;
        while wrote.is_ok() && (n < EACH || readers.iter().any(|reader| !reader.is_finished())) {
            n += 1;
            record = successor(&record, numbered(n));
            wrote = it.open().save(&record);
            written.store(n, Ordering::Release);
        }
        written.store(usize::MAX, Ordering::Release);
        let read = readers.map(|reader| reader.join().map_err(|_| "a reader panicked"));
        wrote?;
        read.into_iter().try_for_each(|read| read?)
    })
}

fn damaged(it: &Contract<'_>) -> Result<(), BoxError> {
    let Some(raw) = &it.raw else { return Ok(()) };
    let record = first();
    it.open().save(&record)?;
    let whole = record.to_json()?;
    let newer = String::from_utf8_lossy(&whole).replacen("\"version\":1", "\"version\":99", 1);
    let cuts = (0..whole.len()).map(|end| &whole[..end]);
    for bytes in cuts.chain([newer.as_bytes(), b"{\"access_token\":\"sesame\"}", b"[]"]) {
        raw(bytes);
        let what = || format!("{} bytes of {}", bytes.len(), whole.len());
        let answer = it.open().load();
        let error = match answer {
            Err(error) => error.to_string(),
            Ok(found) => return Err(format!("{}: read as {found:?}", what()).into()),
        };
        ensure(!error.contains("sesame"), || "a token is in a message".to_owned())?;
    }
    ensure(it.open().save(&successor(&record, token(2))).is_err(), || {
        "a damaged record was overwritten".to_owned()
    })?;
    raw(&whole);
    it.holds(&record)
}

fn compares(it: &Contract<'_>) -> Result<(), BoxError> {
    let first = first();
    it.open().save(&first)?;
    let second = successor(&first, token(2));
    it.open().save(&second)?;
    it.refuses(&first, "an older revision")?;
    it.refuses(&successor(&first, token(3)), "another successor of an older revision")?;
    it.refuses(&successor(&successor(&second, token(3)), token(4)), "a revision too far ahead")?;
    let stranger = Record::from(token(9));
    it.refuses(&stranger, "a new login that replaces nothing")?;
    it.refuses(&successor(&stranger, token(10)), "another login")?;
    it.holds(&second)
}

fn compares_with_nothing(it: &Contract<'_>) -> Result<(), BoxError> {
    let first = first();
    it.refuses(&successor(&first, token(2)), "a successor in an empty store")?;
    it.open().save(&first)?;
    it.open().clear()?;
    it.refuses(&successor(&first, token(2)), "a successor after clear")?;
    nothing_stored(it)
}

pub(super) const BRIEFLY: Duration = Duration::from_millis(50);
pub(super) const LONG: Duration = Duration::from_secs(30);

fn excludes(it: &Contract<'_>) -> Result<(), BoxError> {
    let handle = it.open();
    let guard = handle.lock(LONG)?;
    it.busy(BRIEFLY)?;
    drop(guard);
    it.open().lock(Duration::ZERO).map(drop)
}

fn no_wait(it: &Contract<'_>) -> Result<(), BoxError> {
    let _guard = it.open().lock(LONG)?;
    it.busy(Duration::ZERO)
}

fn guard_is_owned(it: &Contract<'_>) -> Result<(), BoxError> {
    let handle = it.open();
    let guard = handle.lock(LONG)?;
    drop(handle);
    it.busy(BRIEFLY)?;
    drop(guard);
    it.open().lock(Duration::ZERO).map(drop)
}

fn guard_moves(it: &Contract<'_>) -> Result<(), BoxError> {
    let guard = it.open().lock(LONG)?;
    let elsewhere = || -> Result<Guard, BoxError> {
        it.busy(Duration::ZERO)?;
        drop(guard);
        it.open().lock(LONG)
    };
    let theirs =
        thread::scope(|scope| scope.spawn(elsewhere).join()).map_err(|_| "a thread panicked")??;
    it.busy(Duration::ZERO)?;
    drop(theirs);
    it.open().lock(Duration::ZERO).map(drop)
}

fn kind(it: &Contract<'_>) -> Result<(), BoxError> {
    let guard = it.open().lock(LONG)?;
    ensure(Some(guard.kind()) == it.locks, || {
        format!("{:?} was declared, but the lock is {:?}", it.locks, guard.kind())
    })?;
    ensure(guard.lasts(Duration::from_secs(1)), || "the lock has already expired".to_owned())
}

fn increments(it: &Contract<'_>) -> Result<(), BoxError> {
    const THREADS: u64 = 16;
    const EACH: u64 = 8;
    it.open().save(&first())?;
    let work = || increment(&*it.open(), EACH as usize);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|t| t.join().map_err(|_| "a thread panicked"));
        ends.collect::<Vec<_>>().into_iter().try_for_each(|end| end?)
    })?;
    let stored = it.open().load()?.ok_or("nothing is stored")?;
    ensure(stored.revision() == 1 + THREADS * EACH, || {
        format!("{} of {} increments are left", stored.revision().saturating_sub(1), THREADS * EACH)
    })
}
