//! The work of a sweep: the threads visit the accounts, and each visit decides what to do with the login.

use std::time::Duration;

use parking_lot::Mutex;

use super::brake::{Brake, Stop};
use super::pace::{Asked, Slot};
use super::queue::{Next, Queue, Visit};
use super::sweep::Sweep;
use super::{Outcome, Progress, Report, status};
use crate::backend::Record;
use crate::clock;
use crate::error::{BoxError, Error, Result, chain};
use crate::health::Health;

/// How long the other accounts wait before they ask whether the silent service has answered the probe.
const SILENT: Duration = Duration::from_secs(10);
/// The wait after the first request of the probe, in milliseconds. The wait doubles after each further request.
const PROBE: u64 = 5000;
/// How often a refusal is checked again after the time of [`Sweep::patience`].
const LOOKS: u32 = 3;
/// The shortest wait of an account that may not be sent.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest sleep of a worker that waits for an account.
const NAP: Duration = Duration::from_millis(100);

/// How a visit ends.
enum Visited {
    Done(Outcome, Option<String>),
    /// The account is visited again after this time, for this reason, unless its patience ends.
    Later(Duration, String),
    /// The account is visited again after this time: until then, the sweep may send nothing for it.
    Waits(Duration),
}

/// The state that the workers of one sweep share.
pub(super) struct Work<'a, 's> {
    sweep: &'s Sweep<'a>,
    queue: Queue<'s>,
    report: Mutex<Report>,
    /// The monotonic time of the next request, if the number of requests is limited.
    next_request: Mutex<Duration>,
    brake: Brake,
    /// The monotonic time at which the sweep began.
    began: Duration,
}

impl<'a, 's> Work<'a, 's> {
    pub(super) fn new(sweep: &'s Sweep<'a>) -> Work<'a, 's> {
        let clock = sweep.logins.0.pattern.shared_clock();
        Work {
            sweep,
            began: clock.monotonic(),
            queue: Queue::new(&*sweep.logins.0.store, clock),
            report: Mutex::default(),
            next_request: Mutex::default(),
            brake: Brake::new(sweep.patience),
        }
    }

    /// Returns the report, and why the names of further accounts could not be read.
    pub(super) fn finish(self) -> (Report, Option<BoxError>) {
        (self.report.into_inner(), self.queue.fault())
    }
}

impl Work<'_, '_> {
    /// The work of one thread.
    pub(super) fn run(&self) {
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
            visit.resume(clock.monotonic());
            match self.visit(&mut visit) {
                Visited::Done(outcome, reason) => self.done(&visit, outcome, reason),
                Visited::Waits(wait) => {
                    let free_from = Some(clock.monotonic());
                    self.queue.put_off(Visit { free_from, ..visit }, wait);
                }
                Visited::Later(wait, reason) => {
                    let end = visit.since.saturating_add(self.sweep.patience);
                    let is_late = clock.monotonic().saturating_add(wait) > end;
                    if is_late && !(visit.doubted && visit.looks <= LOOKS) {
                        self.done(&visit, Outcome::PutOff, Some(reason));
                    } else {
                        let tries = visit.tries.saturating_add(1);
                        let free_from = Some(clock.monotonic().saturating_add(wait));
                        self.queue.put_off(Visit { tries, free_from, ..visit }, wait);
                    }
                }
            }
        }
    }

    fn done(&self, visit: &Visit, outcome: Outcome, reason: Option<String>) {
        let (account, reason) = (&*visit.account, reason.as_deref());
        let logins = &self.sweep.logins.0;
        let (put_off, now) = (outcome == Outcome::PutOff, logins.pattern.clock().monotonic());
        self.brake.done(account, put_off, logins.pace.is_silent(), now);
        let outcome = match outcome {
            Outcome::PutOff | Outcome::Failed if visit.unsaved => Outcome::NotSaved,
            // An earlier visit has saved new tokens, so this login counts as refreshed.
            Outcome::Kept if visit.saved => Outcome::Refreshed,
            outcome => outcome,
        };
        logins.tally.swept(outcome);
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
        let _probe = self.brake.visiting(&visit.account);
        visit.unsaved = logins.0.clients.has_unsaved(&visit.account);
        // An account that has waited for the service before is due; its record need not be read again.
        if visit.waits
            && !visit.sends_nothing()
            && let Some(asked) = logins.0.pace.asked()
            && let waits @ Visited::Waits(_) = self.wait_as_asked(visit, &asked)
        {
            return waits;
        }
        let record = match self.record(&visit.account) {
            Ok(Some(record)) => record,
            Ok(None) => return Visited::Done(Outcome::Gone, None),
            Err(error) => return self.failed(visit, &error, false),
        };
        if !visit.unsaved
            && let Some(done) = self.rests(&visit.account, &record)
        {
            return done;
        }
        // The second read of the store after a refusal, and the save of a new token, do not wait for a permission. The
        // call ends if it would send a request.
        let sends_nothing = visit.sends_nothing();
        visit.doubted = false;
        let slot = if sends_nothing { Ok(None) } else { self.permission(visit).map(Some) };
        // A turn that is not used passes.
        visit.has_turn &= slot.is_ok();
        slot.map(|slot| self.refresh(visit, &record, slot.is_some()))
            .unwrap_or_else(|stopped| stopped)
    }

    /// Returns how the visit ends if this login needs no request.
    fn rests(&self, account: &str, record: &Record) -> Option<Visited> {
        let health = self.sweep.logins.health_of(account, record);
        if let Some(reason) = self.refused_lately(record, &health) {
            return Some(Visited::Done(Outcome::NeedsPerson, Some(reason)));
        }
        let early = status::early(account, record);
        let due = health.refresh_due || health.needs_person() || self.access_due(&health, early);
        (!due).then_some(Visited::Done(Outcome::Kept, None))
    }

    /// Waits until the sweep may send a request for this login. Returns how the visit ends if the sweep does not
    /// refresh this login now.
    fn permission(&self, visit: &mut Visit) -> Result<Slot<'_>, Visited> {
        let pace = &self.sweep.logins.0.pace;
        let clock = self.sweep.logins.0.pattern.clock();
        let mut slot = None;
        loop {
            if let Some(asked) = pace.asked() {
                return Err(self.wait_as_asked(visit, &asked));
            }
            if let Some((wait, reason)) = pace.full() {
                return Err(Visited::Later(wait, reason));
            }
            match self.brake.stops(&visit.account, pace.is_silent()) {
                // The patience of the probe ends the wait of all others.
                Some(Stop::Wait) => return Err(Visited::Waits(SILENT)),
                Some(Stop::End(reason)) => {
                    return Err(Visited::Done(Outcome::PutOff, Some(reason)));
                }
                None => {}
            }
            // Each wait may change the state, so the loop begins again after it.
            let began = clock.monotonic();
            match slot.take() {
                None => {
                    slot = pace.slot();
                    if slot.is_none() {
                        let (wait, reason) = pace.full().unwrap_or_default();
                        return Err(Visited::Later(wait.max(SHORTEST), reason));
                    }
                }
                Some(slot) if visit.has_turn => return Ok(slot),
                Some(taken) => {
                    self.wait_for_turn();
                    (visit.has_turn, slot) = (true, Some(taken));
                }
            }
            let waited = clock.monotonic().saturating_sub(began);
            visit.since = visit.since.saturating_add(waited);
        }
    }

    /// A wait that the service asked for uses up no patience. But the sweep does not wait for a service that asks to
    /// wait again and again.
    fn wait_as_asked(&self, visit: &mut Visit, asked: &Asked) -> Visited {
        visit.waits = true;
        let now = self.sweep.logins.0.pattern.clock().monotonic();
        let end = asked.since.max(self.began).saturating_add(self.sweep.longest_wait);
        if now.saturating_add(asked.left) <= end {
            return Visited::Waits(asked.left);
        }
        Visited::Done(Outcome::PutOff, Some(Asked::REASON.to_owned()))
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

    /// Waits until the next request may be sent, if the number of requests is limited.
    fn wait_for_turn(&self) {
        if self.sweep.gap.is_zero() {
            return;
        }
        let clock = self.sweep.logins.0.pattern.clock();
        let now = clock.monotonic();
        let at = {
            let mut next = self.next_request.lock();
            let at = now.max(*next);
            *next = at.saturating_add(self.sweep.gap);
            at
        };
        clock.sleep(at.saturating_sub(now));
    }

    /// Refreshes the login. If this visit is not `permitted` to send, it only reads and saves.
    fn refresh(&self, visit: &mut Visit, record: &Record, permitted: bool) -> Visited {
        let logins = self.sweep.logins;
        let has = || logins.0.clients.has(&visit.account);
        let was_there = *visit.was_there.get_or_insert_with(has);
        let client = match logins.client(&visit.account) {
            Ok(client) => client,
            Err(error) => return self.failed(visit, &error, false),
        };
        visit.has_turn = false;
        let keeper = client.keeper();
        let (renewals, sends) = (keeper.renewals(), keeper.sends());
        let got = keeper.keep_alive_unhurried(record, permitted);
        let (refreshed, sent) = (keeper.renewals() > renewals, keeper.sends() > sends);
        visit.unsaved = keeper.has_unsaved();
        visit.saved |= refreshed;
        let doubted = keeper.has_doubt();
        let verdict = matches!(got, Err(Error::Reauthorize(_))) || doubted && got.is_err();
        let silent = logins.0.pace.is_silent();
        if silent && (sent || matches!(got, Err(Error::Transport(_)))) {
            self.brake.unanswered(&visit.account, logins.0.pattern.clock().monotonic());
        }
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
            // The next visit asks for permission, and learns how long the login waits.
            Err(Error::RateLimited(limited)) if !permitted && !visit.unsaved => {
                Visited::Waits(limited.retry_after.min(SHORTEST))
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
    fn failed(&self, visit: &mut Visit, error: &Error, sent: bool) -> Visited {
        self.sweep.logins.0.tally.failed(error);
        let reason = chain(error);
        if error.needs_authorization() {
            return Visited::Done(Outcome::NeedsPerson, Some(reason));
        }
        // Only a person can decide whether the token may be sent again.
        if matches!(error, Error::OutcomeUnknown(unknown) if unknown.by_name) {
            self.sweep.logins.0.tally.needs_person();
            return Visited::Done(Outcome::NeedsPerson, Some(reason));
        }
        if !error.is_transient() {
            return Visited::Done(Outcome::Failed, Some(reason));
        }
        let doubled = |first: u64, times: u32, longest: u64| {
            Duration::from_millis((first << times.min(10)).min(longest))
        };
        let doubling = |first, longest| doubled(first, visit.tries, longest);
        let wait = match error {
            Error::Busy(_) => doubling(100, 2000),
            Error::OutcomeUnknown(unknown) if sent || unknown.retry_after.is_none() => {
                let silent = self.sweep.logins.0.pace.is_silent();
                if !sent || !self.brake.comes_back(&visit.account, silent) {
                    return Visited::Done(Outcome::PutOff, Some(reason));
                }
                doubled(PROBE, visit.tries.saturating_add(self.brake.passed()), 60_000)
            }
            // Wait also if the answer asks for no wait, or asks for a short wait again and again.
            error => error.retry_after().unwrap_or_default().max(doubling(1000, 30_000)),
        };
        let now = self.sweep.logins.0.pattern.clock().monotonic();
        let asked = match error {
            Error::RateLimited(limited) if limited.asked => {
                visit.tries = visit.tries.saturating_add(1);
                let own = *visit.asked_since.get_or_insert(now);
                let all = self.sweep.logins.0.pace.asked();
                Some(Asked { left: wait, since: all.map_or(own, |all| own.min(all.since)) })
            }
            // The service asked another client to wait after the permission for this visit.
            Error::RateLimited(_) => self.sweep.logins.0.pace.asked(),
            _ => None,
        };
        match asked.map(|asked| self.wait_as_asked(visit, &asked)) {
            Some(Visited::Done(outcome, _)) => Visited::Done(outcome, Some(reason)),
            Some(waits) => waits,
            None => Visited::Later(wait, reason),
        }
    }
}
