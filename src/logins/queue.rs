//! The accounts that a sweep has still to visit.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::status::PAGE;
use crate::backend::LoginStore;
use crate::clock::Clock;
use crate::error::BoxError;
use crate::secret::random_byte;

/// While this many accounts are put off, no further accounts are begun.
const MOST_LATER: usize = 10_000;
/// How often the names are asked for again if they cannot be read, after growing pauses.
const TRIES: u32 = 3;

/// A planned visit to an account.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Visit {
    pub(super) account: String,
    /// How often the account was put off.
    pub(super) tries: u32,
    /// When the sweep first tried the account, in monotonic time. The sweep adds the time that does not count as
    /// patience.
    pub(super) since: Duration,
    /// Whether the account has waited because the service asked to wait.
    pub(super) waits: bool,
    /// From when the time until the next visit does not count: the account waits until a request is permitted, or
    /// until a worker is free.
    pub(super) free_from: Option<Duration>,
    /// When the service first answered a request of this account with a wait.
    pub(super) asked_since: Option<Duration>,
    /// Whether the account has already waited for the next permitted request.
    pub(super) has_turn: bool,
    /// Whether the account had a client before the sweep first visited it.
    pub(super) was_there: Option<bool>,
    /// Whether the next visit checks a refusal by a second read of the store.
    pub(super) doubted: bool,
    /// How often a refusal of this account was checked by a second read.
    pub(super) looks: u32,
    /// Whether the account's client has a new token that the store could not keep.
    pub(super) unsaved: bool,
    /// Whether a visit has saved new tokens.
    pub(super) saved: bool,
}

impl Visit {
    fn first(account: String, since: Duration) -> Visit {
        Visit {
            account,
            tries: 0,
            since,
            waits: false,
            free_from: None,
            asked_since: None,
            has_turn: false,
            was_there: None,
            doubted: false,
            looks: 0,
            unsaved: false,
            saved: false,
        }
    }

    /// Whether the next visit begins with work that needs no permission: a read or a save. If the login needs a
    /// request afterwards, the sweep visits the login once more.
    pub(super) fn sends_nothing(&self) -> bool {
        self.doubted || self.unsaved
    }

    /// The account is visited again. Moves `since` by the time that does not count.
    pub(super) fn resume(&mut self, now: Duration) {
        if let Some(from) = self.free_from.take() {
            self.since = self.since.saturating_add(now.saturating_sub(from));
        }
    }
}

/// What a worker does next.
pub(super) enum Next {
    Visit(Visit),
    Wait(Duration),
    Done,
}

pub(super) struct Queue<'a> {
    store: &'a dyn LoginStore,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// The last name that was read. Locked while names are read, so that one thread reads them.
    last: Mutex<Option<String>>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<String>,
    /// By the monotonic time of the next visit.
    later: BinaryHeap<Reverse<(Duration, Visit)>>,
    listed: u64,
    all_listed: bool,
    fault: Option<BoxError>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(store: &'a dyn LoginStore, clock: Arc<dyn Clock>) -> Queue<'a> {
        Queue { store, clock, state: Mutex::default(), last: Mutex::default() }
    }

    /// A worker that finds nothing to do ends. A worker that puts an account off visits it again later.
    pub(super) fn next(&self) -> Next {
        loop {
            let now = self.clock.monotonic();
            {
                let mut state = self.state.lock();
                let first = state.later.peek().map(|Reverse((due, _))| due.saturating_sub(now));
                if first.is_some_and(|wait| wait.is_zero())
                    && let Some(Reverse((_, visit))) = state.later.pop()
                {
                    return Next::Visit(visit);
                }
                let full = state.later.len() >= MOST_LATER;
                if !full && let Some(account) = state.ready.pop_front() {
                    return Next::Visit(Visit::first(account, now));
                }
                match first {
                    Some(wait) if full || state.all_listed => return Next::Wait(wait),
                    None if state.all_listed => return Next::Done,
                    _ => {}
                }
            }
            self.read_names();
        }
    }

    pub(super) fn put_off(&self, visit: Visit, wait: Duration) {
        let due = self.clock.monotonic().saturating_add(wait);
        self.state.lock().later.push(Reverse((due, visit)));
    }

    /// How many names were read, whether all names were read, and how many accounts are put off.
    pub(super) fn size(&self) -> (u64, bool, usize) {
        let state = self.state.lock();
        (state.listed, state.all_listed, state.later.len())
    }

    /// Why the names could not be read.
    pub(super) fn fault(self) -> Option<BoxError> {
        self.state.into_inner().fault
    }

    fn read_names(&self) {
        let mut last = self.last.lock();
        {
            let state = self.state.lock();
            if !state.ready.is_empty() || state.all_listed {
                return; // Another thread has read the names meanwhile.
            }
        }
        let mut tries = 0;
        let page = loop {
            match self.store.accounts(last.as_deref(), PAGE) {
                Err(_) if tries < TRIES => {
                    tries += 1;
                    self.clock.sleep(Duration::from_millis(100 << (2 * tries)));
                }
                page => break page,
            }
        };
        let mut state = self.state.lock();
        match page {
            Ok(mut page) => {
                state.all_listed = page.len() < PAGE;
                state.listed += page.len() as u64;
                *last = page.last().cloned().or(last.take());
                // The page is rotated at random, so that hosts that sweep at the same time begin at different
                // accounts.
                let turn = page.len() * usize::from(random_byte()) / 256;
                page.rotate_left(turn);
                state.ready = page.into();
            }
            Err(error) => {
                state.all_listed = true;
                state.fault = Some(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{MemoryStore, Record, TokenBackend};
    use crate::clock::ManualClock;
    use crate::token::Token;

    /// A store whose names cannot be read a number of times.
    struct Fails(MemoryStore, Mutex<u32>);

    impl LoginStore for Fails {
        fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
            self.0.account(name)
        }
        fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
            let mut left = self.1.lock();
            if *left > 0 {
                *left -= 1;
                return Err("the network is down".into());
            }
            self.0.accounts(after, most)
        }
    }

    fn filled(count: usize, failures: u32) -> Fails {
        let store = MemoryStore::new();
        for n in 0..count {
            store
                .account(&format!("a-{n}"))
                .unwrap()
                .save(&Record::from(Token::new("at")))
                .unwrap();
        }
        Fails(store, Mutex::new(failures))
    }

    #[test]
    fn each_account_comes_once_and_then_those_that_were_put_off() {
        let clock = Arc::new(ManualClock::new());
        let store = filled(PAGE + 7, 2);
        let queue = Queue::new(&store, clock.clone());
        let mut seen = Vec::new();
        let mut again = 0;
        loop {
            match queue.next() {
                Next::Visit(visit) if visit.tries == 0 => {
                    seen.push(visit.account.clone());
                    if visit.account.ends_with('5') {
                        queue.put_off(Visit { tries: 1, ..visit }, Duration::from_secs(9));
                    }
                }
                Next::Visit(_) => again += 1,
                Next::Wait(wait) => clock.sleep(wait),
                Next::Done => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), queue.size()), (PAGE + 7, (PAGE as u64 + 7, true, 0)));
        assert_eq!(again, seen.iter().filter(|name| name.ends_with('5')).count());
        assert!(queue.fault().is_none());
    }

    #[test]
    fn names_that_cannot_be_read_end_the_sweep_with_the_error() {
        let store = filled(3, 4);
        let queue = Queue::new(&store, Arc::new(ManualClock::new()));
        assert!(matches!(queue.next(), Next::Done));
        assert!(queue.fault().unwrap().to_string().contains("network"));
    }
}
