//! The line (a queue) of the threads of one process that want the lock of one account.
//!
//! The store's own lock excludes other threads and processes. The line only decides which thread asks
//! the store: the first thread in the line asks, and all others wait in memory. A process therefore makes one
//! attempt at a time for each account, even if it has many clients. The threads that wait get the record that
//! a lock holder in this process reads or saves, so that all of them use the token of one refresh.
//!
//! | state | who asks the store |
//! | --- | --- |
//! | nobody of this process has the lock | the first in the line, after pauses that grow |
//! | a thread of this process has the lock | the first in the line, when the lock is dropped, and twice a second, because the store may have taken the lock away |
//!
//! A store in a file or in memory has a line too, and not only a store on a server: a thread that looks for the
//! lock by itself would find it free some time after the refresh, one thread after the other.
//!
//! The lines are in memory only, so a killed process leaves nothing behind. A forked child begins with
//! no lines.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::disk::Identity;
use super::pace::Pace;
use super::{BackendError, Entry, Guard, TokenBackend};
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_byte;

/// The hash of the address of a store and of the name of an account in the store ([`key`]).
pub(super) type Key = [u8; 32];

/// A hash of these parts.
pub(super) fn key<P: AsRef<[u8]>>(parts: &[P]) -> Key {
    let mut bytes = Zeroizing::new(b"evergrant".to_vec());
    for part in parts {
        bytes.push(0);
        bytes.extend_from_slice(part.as_ref());
    }
    digest(&SHA256, &bytes).as_ref().first_chunk().copied().unwrap_or_default()
}

/// The longest time that the first thread in the line waits before it asks the store, while another
/// thread of this process has the lock.
const WATCH: Duration = Duration::from_millis(500);

/// The first pause between two tries to take a lock that another process has.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest time that a call which does not wait for the lock waits for an attempt that is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a record that was read or saved under the lock is returned to calls that do not wait.
const FRESH: Duration = Duration::from_secs(1);

/// How an attempt to take a store's lock ended.
pub(super) enum Taken<T> {
    /// The lock.
    Lock(T),
    /// A thread of this process has the lock, and read or saved this record.
    Saved(Box<Record>),
    /// Another holder still has the lock.
    Busy,
}

impl Taken<(Guard, Option<Result<Option<Record>, BoxError>>)> {
    /// The result of [`TokenBackend::lock`](super::TokenBackend::lock).
    pub(super) fn guard(self, name: impl FnOnce() -> String) -> Result<Guard, BoxError> {
        match self {
            Taken::Lock((guard, _)) => Ok(guard),
            _ => Err(BackendError::Busy(name()).into()),
        }
    }

    /// The result of [`TokenBackend::enter`](super::TokenBackend::enter).
    pub(super) fn entry(self, store: &impl TokenBackend) -> Result<Entry, BoxError> {
        match self {
            Taken::Lock((guard, record)) => {
                let record = record.unwrap_or_else(|| store.load());
                Ok(Entry::Held { guard, record })
            }
            Taken::Saved(record) => Ok(Entry::Saved(*record)),
            Taken::Busy => Err(BackendError::Busy(store.describe()).into()),
        }
    }
}

/// The result of one attempt to take the store's lock.
pub(super) struct Got<T> {
    pub(super) lock: T,
    /// The record that was read under the lock, if the attempt read it.
    pub(super) record: Option<Record>,
}

/// How to wait for a lock.
pub(super) struct Wait<'a> {
    pub(super) key: Key,
    pub(super) pace: &'a Pace,
    pub(super) time: Duration,
    /// The longest pause between two tries to take a lock that another process has.
    pub(super) longest: Duration,
    /// Whether a record of another thread may end the wait.
    pub(super) takes_saved: bool,
    /// Returns the file that is now at the path of the lock. If a holder's file is no longer at the path,
    /// other processes lock another file. Called while the list of waiting threads is not locked: a file
    /// system may take long to answer.
    pub(super) place: &'a dyn Fn() -> Identity,
}

struct Lines {
    process: u32,
    lines: BTreeMap<Key, Line>,
    numbers: u64,
}

#[derive(Default)]
struct Line {
    /// The number of the holder in this process, and the file of its lock.
    holder: Option<(u64, Identity)>,
    waiting: VecDeque<Waiter>,
    /// Whether the first thread in the line is asking the store now.
    asking: bool,
    /// The record that a lock holder read or saved last, its number, and when.
    saved: Option<(u64, Duration, Record)>,
    /// The number of the last save or logout.
    told: u64,
}

struct Waiter {
    number: u64,
    woken: Arc<Condvar>,
    /// Whether the call does not wait for the lock.
    hurried: bool,
}

static LINES: Mutex<Lines> = Mutex::new(Lines { process: 0, lines: BTreeMap::new(), numbers: 0 });

fn lines() -> MutexGuard<'static, Lines> {
    let mut lines = LINES.lock();
    if lines.process != std::process::id() {
        lines.process = std::process::id();
        lines.lines.clear();
    }
    lines
}

impl Lines {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Removes a line without a lock holder and without waiting threads.
    fn tidy(&mut self, key: &Key) {
        if self.lines.get(key).is_some_and(|line| line.holder.is_none() && line.waiting.is_empty())
        {
            self.lines.remove(key);
        }
    }
}

impl Line {
    fn wake_first(&self) {
        if let Some(first) = self.waiting.front() {
            first.woken.notify_one();
        }
    }

    fn wake(&self, which: impl Fn(&Waiter) -> bool) {
        self.waiting.iter().filter(|waiter| which(waiter)).for_each(|waiter| {
            waiter.woken.notify_one();
        });
    }

    /// Whether a thread of this process has the lock that others ask for, whose file is now `file`.
    fn is_held(&self, file: &Identity) -> bool {
        self.holder.as_ref().is_some_and(|(_, held)| held == file)
    }

    /// The record that is returned to a call: a record newer than the call, or, for a call that does not
    /// wait, a fresh record of the present lock holder.
    fn answer(&self, wait: &Wait<'_>, file: &Identity, number: u64) -> Option<Record> {
        let (saved, at, record) = self.saved.as_ref().filter(|_| wait.takes_saved)?;
        let fresh = || wait.time.is_zero() && self.is_held(file) && wait.pace.since(*at) <= FRESH;
        (*saved > number || fresh()).then(|| record.clone())
    }
}

/// The place in the line of the thread that holds the store's lock. When this value is dropped, the next thread asks for
/// the lock.
pub(super) struct Held {
    key: Key,
    number: u64,
    process: u32,
}

impl Held {
    /// Called when the store has taken the lock away: the next thread need not wait for this holder.
    pub(super) fn lost(&self) {
        if self.process != std::process::id() {
            return;
        }
        let mut lines = lines();
        if let Some(line) = lines.lines.get_mut(&self.key)
            && line.holder.as_ref().is_some_and(|(number, _)| *number == self.number)
        {
            line.holder = None;
            line.wake_first();
        }
        lines.tidy(&self.key);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.lost();
    }
}

/// The place in the line of a waiting thread. Dropping the value removes the thread from the line, also in a
/// panic.
struct Waiting {
    key: Key,
    number: u64,
    process: u32,
    hurried: bool,
}

impl Waiting {
    fn join(wait: &Wait<'_>, woken: &Arc<Condvar>) -> Waiting {
        let (mut lines, hurried) = (lines(), wait.time.is_zero());
        let number = lines.number();
        let waiter = Waiter { number, woken: Arc::clone(woken), hurried };
        lines.lines.entry(wait.key).or_default().waiting.push_back(waiter);
        Waiting { key: wait.key, number, process: lines.process, hurried }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        let mut lines = lines();
        if let Some(line) = lines.lines.get_mut(&self.key) {
            let was_first = line.waiting.front().is_some_and(|first| first.number == self.number);
            line.waiting.retain(|waiter| waiter.number != self.number);
            if was_first {
                line.asking = false;
                line.wake_first();
                line.wake(|waiter| waiter.hurried);
            }
        }
        lines.tidy(&self.key);
    }
}

/// Takes the lock of an account: calls `attempt` with the time that is left, and with the value that makes
/// this thread the holder. Waits in the line before the first attempt, and between two attempts. A call with
/// a time of zero makes one attempt, or none if another thread of this process is ahead.
///
/// # Errors
///
/// The errors of `attempt`.
pub(super) fn take<T>(
    wait: &Wait<'_>,
    mut attempt: impl FnMut(Duration) -> Result<Option<Got<T>>, BoxError>,
) -> Result<Taken<(T, Held)>, BoxError> {
    take_with(wait, |_| Ok(Some(())), |left, ()| attempt(left))
}

/// Takes the lock like [`take`], for an attempt that needs a resource, such as a permit. `ready` waits
/// for the resource up to a time, and returns `None` if there is none. A call that does not wait for the lock
/// does not wait for the resource either, nor for a thread that waits for the resource.
///
/// # Errors
///
/// The errors of `ready` and `attempt`.
pub(super) fn take_with<R, T>(
    wait: &Wait<'_>,
    mut ready: impl FnMut(Duration) -> Result<Option<R>, BoxError>,
    mut attempt: impl FnMut(Duration, R) -> Result<Option<Got<T>>, BoxError>,
) -> Result<Taken<(T, Held)>, BoxError> {
    let (pace, start) = (wait.pace, wait.pace.clock.monotonic());
    let woken = Arc::new(Condvar::new());
    let (mut file, mut is_new) = ((wait.place)(), true);
    // Dropped after the list of lines is unlocked, also if `attempt` panics.
    let place = Waiting::join(wait, &woken);
    let mut lines = lines();
    let mut pause = SHORTEST;
    let mut watched = false;
    loop {
        if !std::mem::take(&mut is_new) {
            file = MutexGuard::unlocked(&mut lines, || (wait.place)());
        }
        let left = wait.time.saturating_sub(pace.since(start));
        let Some(line) = lines.lines.get_mut(&wait.key) else { return Ok(Taken::Busy) };
        if let Some(record) = line.answer(wait, &file, place.number) {
            return Ok(Taken::Saved(Box::new(record)));
        }
        if line.waiting.front().is_none_or(|first| first.number != place.number) {
            // A call that does not wait gets the result of the attempt that is under way.
            let shares = place.hurried && line.asking && pace.since(start) < PATIENCE;
            if left.is_zero() && !shares {
                return Ok(Taken::Busy);
            }
            let time = if place.hurried { WATCH } else { left };
            pace.wait(&mut lines, &woken, time);
            continue;
        }
        let held = line.is_held(&file);
        if held && !watched {
            if left.is_zero() {
                return Ok(Taken::Busy);
            }
            // The holder wakes this thread when it drops the lock.
            pace.pause(&mut lines, &woken, left.min(WATCH));
            (watched, pause) = (true, SHORTEST);
            continue;
        }
        line.asking = true;
        let got = MutexGuard::unlocked(&mut lines, || ready(Duration::ZERO))?;
        let needs = match got {
            Some(needs) => needs,
            None if left.is_zero() => return Ok(Taken::Busy),
            None => {
                if let Some(line) = lines.lines.get_mut(&wait.key) {
                    line.asking = false;
                    line.wake(|waiter| waiter.hurried);
                }
                if held {
                    watched = false;
                    continue;
                }
                let got = MutexGuard::unlocked(&mut lines, || ready(left))?;
                let Some(needs) = got else { return Ok(Taken::Busy) };
                let Some(line) = lines.lines.get_mut(&wait.key) else { return Ok(Taken::Busy) };
                if let Some(record) = line.answer(wait, &file, place.number) {
                    return Ok(Taken::Saved(Box::new(record)));
                }
                line.asking = true;
                needs
            }
        };
        let begun = lines.number();
        let left = wait.time.saturating_sub(pace.since(start));
        let look = || (attempt(left, needs), (wait.place)());
        let (got, after) = MutexGuard::unlocked(&mut lines, look);
        let number = lines.number();
        let Some(line) = lines.lines.get_mut(&wait.key) else { return got.map(|_| Taken::Busy) };
        line.asking = false;
        if let Some(Got { lock, record }) = got? {
            line.holder = Some((number, after));
            let now = pace.clock.monotonic();
            // If another thread has saved or logged out since the attempt began, the record may be older.
            if line.told < begun {
                line.saved = record.filter(is_told).map(|read| (number, now, read));
            }
            if line.saved.is_some() {
                line.wake(|_| true);
            }
            let held = Held { key: wait.key, number, process: place.process };
            return Ok(Taken::Lock((lock, held)));
        }
        line.wake(|waiter| waiter.hurried);
        let left = wait.time.saturating_sub(pace.since(start));
        if left.is_zero() {
            return Ok(Taken::Busy);
        }
        if line.is_held(&after) {
            watched = false;
            continue;
        }
        // Each pause is shortened by a random part, so that waiting processes do not retry at the same moment.
        let cut = u32::from(random_byte());
        pace.pause(&mut lines, &woken, (pause - pause * cut / 512).min(left));
        pause = (pause * 2).min(wait.longest);
    }
}

/// Whether a record shows that no refresh is under way, so that other threads may use the record.
fn is_told(record: &Record) -> bool {
    record.note().is_none()
}

/// Gives the durably stored record to the threads that wait for the lock of an account. `None` means that the
/// record which these threads may know is no longer stored. If the reports of two saves come in the wrong
/// order, the older record is ignored.
pub(super) fn tell(key: &Key, pace: &Pace, record: Option<&Record>) {
    let mut lines = lines();
    let (number, now) = (lines.number(), pace.clock.monotonic());
    let Some(line) = lines.lines.get_mut(key) else { return };
    line.told = number;
    if let (Some(record), Some((_, _, saved))) = (record, &line.saved)
        && record.login == saved.login
        && record.generation < saved.generation
    {
        return;
    }
    let told = record.filter(|record| line.holder.is_some() && is_told(record));
    line.saved = told.map(|record| (number, now, record.clone()));
    if line.saved.is_some() {
        line.wake(|_| true);
    }
}

/// Whether this process holds the lock of an account.
#[cfg(feature = "sqlite")]
pub(super) fn is_held(key: &Key) -> bool {
    lines().lines.get(key).is_some_and(|line| line.holder.is_some())
}

#[cfg(test)]
mod tests;
