//! Keeps all logins alive.

use std::fmt;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::brake::{Brake, Stop};
use super::queue::{Next, Queue, Visit};
use super::status::{self, unlisted};
use super::{Logins, Outcome, Progress, Report};
use crate::backend::Record;
use crate::clock;
use crate::error::{Error, Result, chain, one_line};
use crate::health::Health;

/// The default of [`Sweep::threads`].
const THREADS: usize = 8;
/// The default of [`Sweep::patience`].
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the other accounts wait before they ask whether the silent service has answered the probe.
const SILENT: Duration = Duration::from_secs(10);
/// The wait after the first request of the probe, in milliseconds. The wait doubles after each further request.
const PROBE: u64 = 5000;
/// How often a refusal is checked again after the time of [`Sweep::patience`].
const LOOKS: u32 = 3;
/// The longest sleep of a worker that waits for an account.
const NAP: Duration = Duration::from_millis(100);

type Show<'a> = Box<dyn Fn(&Progress<'_>) + Send + Sync + 'a>;

/// A sweep over all logins: [`Logins::keep_alive`].
///
/// A login is refreshed when a quarter to a half of its shortest known limit has passed since its last
/// refresh (with no known limit: after 3.5 to 7 days). The account and its record determine the moment:
/// every host computes the same moment, and the moment changes after each refresh, so that logins that
/// were added in one minute drift apart. Sweep at least once in a quarter of the shortest limit. More
/// frequent sweeps are better; each sweep reads every record once.
///
/// Any number of hosts may sweep at the same time. The host that comes second finds a fresh record and sends
/// nothing. A sweep may be killed at any point: run it again.
///
/// If the service refuses the client itself for five accounts in a row (a wrong secret), the sweep sends nothing
/// more, and puts off the logins that are due. Near a limit of refusals
/// ([`ProviderBuilder::refusal_limit`](crate::provider::ProviderBuilder::refusal_limit)), the sweep stops in the same
/// way; each process counts by itself.
///
/// After three requests in a row without an answer, the sweep sends only one login, the probe, until an
/// answer comes: each request without an answer may have used up a refresh token. Until then each
/// thread may have one login under way, so fewer threads put fewer logins at risk. If the probe gets no
/// answer within [`Sweep::patience`], the sweep sends nothing more. The sweep does not try other logins
/// again whose requests got no answer.
///
/// A worker does not wait for a single login. If another process is refreshing the login, the service asked
/// to wait, or a refusal must be checked once more, the account is put off, and the worker goes on with
/// others.
#[must_use = "a sweep begins with `run`"]
pub struct Sweep<'a> {
    logins: &'a Logins,
    threads: usize,
    patience: Duration,
    access_tokens: Option<Duration>,
    gap: Duration,
    show: Option<Show<'a>>,
}

/// How a visit ends.
enum Visited {
    Done(Outcome, Option<String>),
    /// The account is visited again after this time, for this reason.
    Later(Duration, String),
}

/// The state that the workers of one sweep share.
struct Work<'a, 's> {
    sweep: &'s Sweep<'a>,
    queue: Queue<'s>,
    report: Mutex<Report>,
    /// The monotonic time of the next request, if the number of requests is limited.
    next_request: Mutex<Duration>,
    brake: Brake,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(logins: &'a Logins) -> Sweep<'a> {
        Sweep {
            logins,
            threads: THREADS,
            patience: PATIENCE,
            access_tokens: None,
            gap: Duration::ZERO,
            show: None,
        }
    }

    /// Sets how many threads work at the same time, the calling thread included; 8 by default.
    pub fn threads(mut self, threads: usize) -> Sweep<'a> {
        self.threads = threads.max(1);
        self
    }

    /// Sets how long the sweep goes on trying an account that it had to put off; one minute by default.
    /// After that, the account is [`Outcome::PutOff`].
    pub fn patience(mut self, patience: Duration) -> Sweep<'a> {
        self.patience = patience;
        self
    }

    /// Also replaces access tokens that expire within this time, each at a moment of its own in the first half of
    /// the time. Calls of other processes then find fresh tokens. Sweep more often than twice in this time.
    pub fn access_tokens(mut self, within: Duration) -> Sweep<'a> {
        self.access_tokens = Some(within);
        self
    }

    /// Sends at most this many refreshes in each span of `per`, evenly spread, for a token endpoint with a known
    /// limit. An answer that asks to wait is respected in any case.
    pub fn at_most(mut self, requests: u32, per: Duration) -> Sweep<'a> {
        self.gap = per / requests.max(1);
        self
    }

    /// Calls `show` after each login, on the thread that was at work.
    pub fn on_progress(mut self, show: impl Fn(&Progress<'_>) + Send + Sync + 'a) -> Sweep<'a> {
        self.show = Some(Box::new(show));
        self
    }

    /// Sweeps, and returns when all logins are done.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] if no name of an account can be read. If further names cannot be read, the logins that
    /// were found until then are done, and [`Report::unlisted`] has the reason. An error of a single login is in the
    /// [`Report`].
    pub fn run(self) -> Result<Report> {
        let clock = self.logins.0.pattern.shared_clock();
        let began = clock.monotonic();
        let work = Work {
            sweep: &self,
            queue: Queue::new(&*self.logins.0.store, clock.clone()),
            report: Mutex::default(),
            next_request: Mutex::default(),
            brake: Brake::default(),
        };
        thread::scope(|scope| {
            for _ in 1..self.threads {
                // If the system starts no further thread, fewer threads do the work.
                let _ = thread::Builder::new().spawn_scoped(scope, || work.run());
            }
            work.run();
        });
        let Work { queue, report, .. } = work;
        let mut report = report.into_inner();
        if let Some(error) = queue.fault() {
            let error = unlisted(error);
            if report.total() == 0 {
                return Err(error);
            }
            report.unlisted = Some(one_line(&chain(&error)));
        }
        report.took = clock.monotonic().saturating_sub(began);
        Ok(report)
    }
}

impl Work<'_, '_> {
    fn run(&self) {
        let clock = self.sweep.logins.0.pattern.clock();
        loop {
            let mut visit = match self.queue.next() {
                Next::Visit(visit) => visit,
                Next::Wait(wait) => {
                    clock.sleep(wait.min(NAP));
                    continue;
                }
                Next::Done => return,
            };
            match self.visit(&mut visit) {
                Visited::Done(outcome, reason) => self.done(&visit.account, outcome, reason),
                Visited::Later(wait, reason) => {
                    let end = visit.since.saturating_add(self.sweep.patience);
                    let is_late = clock.monotonic().saturating_add(wait) > end;
                    if is_late && !(visit.doubted && visit.looks <= LOOKS) {
                        self.done(&visit.account, Outcome::PutOff, Some(reason));
                    } else {
                        let tries = visit.tries.saturating_add(1);
                        self.queue.put_off(Visit { tries, ..visit }, wait);
                    }
                }
            }
        }
    }

    fn done(&self, account: &str, outcome: Outcome, reason: Option<String>) {
        let reason = reason.as_deref();
        let silent = self.sweep.logins.0.pace.is_silent();
        self.brake.done(account, outcome == Outcome::PutOff, silent);
        let done = {
            let mut report = self.report.lock();
            report.add(account, outcome, reason);
            report.total()
        };
        if let Some(show) = &self.sweep.show {
            let (listed, all_listed, waiting) = self.queue.size();
            show(&Progress { account, outcome, reason, done, listed, all_listed, waiting });
        }
    }

    fn visit(&self, visit: &mut Visit) -> Visited {
        let logins = self.sweep.logins;
        let record = match self.record(&visit.account) {
            Ok(Some(record)) => record,
            Ok(None) => return Visited::Done(Outcome::Gone, None),
            Err(error) => return self.failed(visit, &error, false),
        };
        let health = logins.health_of(&visit.account, &record);
        if let Some(reason) = self.refused_lately(&record, &health) {
            return Visited::Done(Outcome::NeedsPerson, Some(reason));
        }
        let early = status::early(&visit.account, &record);
        if !health.refresh_due && !health.needs_person() && !self.access_due(&health, early) {
            return Visited::Done(Outcome::Kept, None);
        }
        // The second read of the store after a refusal sends nothing.
        let second_look = std::mem::take(&mut visit.doubted);
        if !second_look && let Some(stopped) = self.stopped(visit) {
            return stopped;
        }
        let slot = logins.0.pace.slot();
        if slot.is_none() && !second_look {
            let text = "further refusals could block the application";
            return Visited::Later(Duration::from_secs(1), text.to_owned());
        }
        self.refresh(visit, &record)
    }

    /// Returns why the sweep does not refresh this login now. Waits until the next request is permitted.
    fn stopped(&self, visit: &mut Visit) -> Option<Visited> {
        let pace = &self.sweep.logins.0.pace;
        loop {
            if let Some((wait, reason)) = pace.left() {
                return Some(Visited::Later(wait, reason));
            }
            match self.brake.stops(&visit.account, pace.is_silent()) {
                Some(Stop::Wait(reason)) => return Some(Visited::Later(SILENT, reason)),
                Some(Stop::End(reason)) => {
                    return Some(Visited::Done(Outcome::PutOff, Some(reason)));
                }
                None if visit.has_turn => return None,
                None => {}
            }
            visit.since = visit.since.saturating_add(self.wait_for_turn());
            visit.has_turn = true;
        }
    }

    fn record(&self, account: &str) -> Result<Option<Record>> {
        let logins = self.sweep.logins;
        status::load(logins, &logins.counted(account)?)
    }

    /// Why a person is needed, if the service has refused the refresh token so recently that it is not sent again.
    fn refused_lately(&self, record: &Record, health: &Health) -> Option<String> {
        let refused = status::refused(record)?;
        let pause = self.sweep.logins.0.pattern.provider().refresh.refusal_pause;
        let lately = (health.at - refused.at).unsigned_abs() < pause;
        lately.then(|| {
            let description = refused.description.as_ref();
            let description = description.map_or_else(String::new, |text| format!(": {text}"));
            format!("{health} ({}{description})", refused.code)
        })
    }

    fn access_due(&self, health: &Health, early: f64) -> bool {
        let Some((within, end)) = self.sweep.access_tokens.zip(health.access_expires_at) else {
            return false;
        };
        health.can_refresh() && clock::until(health.at, end) <= within.mul_f64(0.5 + early / 2.0)
    }

    /// Waits until the next request may be sent, if the number of requests is limited. Returns how long it
    /// waited.
    fn wait_for_turn(&self) -> Duration {
        if self.sweep.gap.is_zero() {
            return Duration::ZERO;
        }
        let clock = self.sweep.logins.0.pattern.clock();
        let now = clock.monotonic();
        let at = {
            let mut next = self.next_request.lock();
            let at = now.max(*next);
            *next = at.saturating_add(self.sweep.gap);
            at
        };
        let wait = at.saturating_sub(now);
        clock.sleep(wait);
        wait
    }

    fn refresh(&self, visit: &mut Visit, record: &Record) -> Visited {
        let logins = self.sweep.logins;
        let has = || logins.0.clients.has(&visit.account);
        let was_there = *visit.was_there.get_or_insert_with(has);
        let client = match logins.client(&visit.account) {
            Ok(client) => client,
            Err(error) => return self.failed(visit, &error, false),
        };
        visit.has_turn = false;
        let keeper = client.keeper();
        let (refreshes, sends) = (keeper.refreshes(), keeper.sends());
        let got = keeper.keep_alive_unhurried(record);
        let (refreshed, sent) = (keeper.refreshes() > refreshes, keeper.sends() > sends);
        let doubted = keeper.has_doubt();
        let verdict = matches!(got, Err(Error::Reauthorize(_))) || doubted && got.is_err();
        self.brake.learn(&visit.account, got.as_ref().err(), refreshed || sent && verdict);
        let visited = match got {
            Ok(_) if refreshed => Visited::Done(Outcome::Refreshed, None),
            Ok(_) => Visited::Done(Outcome::Kept, None),
            Err(error) if doubted => {
                visit.doubted = true;
                visit.looks = visit.looks.saturating_add(1);
                let wait = error.retry_after().unwrap_or(Duration::from_secs(1));
                Visited::Later(wait.max(Duration::from_millis(10)), chain(&error))
            }
            Err(error) => self.failed(visit, &error, sent),
        };
        drop(client);
        if !was_there {
            logins.0.clients.forget(&visit.account);
        }
        visited
    }

    /// `sent` says whether a request was sent at this visit.
    fn failed(&self, visit: &Visit, error: &Error, sent: bool) -> Visited {
        self.sweep.logins.0.tally.failed(error);
        let reason = chain(error);
        if error.needs_authorization() {
            return Visited::Done(Outcome::NeedsPerson, Some(reason));
        }
        if !error.is_transient() {
            return Visited::Done(Outcome::Failed, Some(reason));
        }
        let doubling = |first: u64, longest: u64| {
            Duration::from_millis((first << visit.tries.min(10)).min(longest))
        };
        let wait = match error {
            Error::Busy(_) => doubling(100, 2000),
            Error::OutcomeUnknown(unknown) if sent || unknown.retry_after.is_none() => {
                let silent = self.sweep.logins.0.pace.is_silent();
                if !sent || !self.brake.comes_back(&visit.account, silent) {
                    return Visited::Done(Outcome::PutOff, Some(reason));
                }
                doubling(PROBE, 60_000)
            }
            // Wait also if the answer asks for no wait, or asks for a short wait again and again.
            error => error.retry_after().unwrap_or_default().max(doubling(1000, 30_000)),
        };
        Visited::Later(wait, reason)
    }
}

impl fmt::Debug for Sweep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("threads", &self.threads)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
