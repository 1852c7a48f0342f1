//! The oracle's checks at the end of a call, of a client and of a schedule: clauses P2, and P4 to P8, of the
//! promise.

use super::handle::{access_of, refresh_of, spare_of};
use super::oracle::{Asked, Excuses};
use super::schedule::{Failure, Fault, Point};
use super::server::Class;
use super::world::{NOBODY, State};
use super::*;

impl State {
    pub(super) fn asks(&mut self, actor: usize, want: &Want) {
        if actor == NOBODY {
            return;
        }
        let instead = match want {
            Want::Instead(refused) => Some(refused.expose()[1..].parse().unwrap()),
            _ => None,
        };
        let refused = match instead {
            Some(_) => self.oracle.asked[actor].refused.clone(),
            None => Vec::new(),
        };
        let (start, start_step) = (self.now, self.step);
        self.oracle.asked[actor] =
            Asked { start, start_step, instead, refused, ..Asked::default() };
    }

    /// Records that an actor begins to wait for the refresh lock, which another thread of its client
    /// holds.
    pub(super) fn waits(&mut self, actor: usize) {
        let client = self.actors[actor].client;
        let step = self.step;
        let asked = &mut self.oracle.asked[actor];
        asked.waits_since.get_or_insert(step);
        let usable = asked.instead.is_none();
        let known = &self.oracle.clients[client];
        if let Some((_, access)) = known.memory
            && known.waits
            && usable
            && !self.config.ends_access
            && !self.clock_was_set()
            && self.works_for_client(access)
        {
            let text =
                format!("actor {actor} queues behind a pair that waits, and a{access} works");
            self.violation("A9", text);
        }
    }

    /// Whether an access token works, also by the expiry that its client knows.
    fn works_for_client(&self, access: usize) -> bool {
        let early = if self.walls.len() > 1 { 45_000 } else { 50 };
        self.service.works(access, self.now)
            && self.now + early < self.service.access[access].told_end
    }

    /// Checks the use of an access token after the API has answered.
    pub(super) fn used(&mut self, actor: usize, access: usize, taken: bool) {
        self.check_durable(access);
        if actor != NOBODY && !taken {
            self.oracle.asked[actor].refused.push(access);
        }
    }

    fn check_durable(&mut self, access: usize) {
        let rotated = self.service.class != Class::None;
        if rotated && !self.oracle.durable.contains(&access) {
            self.violation("P2", format!("a{access} is used before its pair is in the store"));
        }
    }

    pub(super) fn judge(&mut self, actor: usize, want: &Want, result: &Result<Live>) {
        self.judge_as(actor, want, result, true);
    }

    /// Judges a call that does not wait. A call that does not wait may fail without a fault, also while a
    /// token works.
    pub(super) fn judge_unhurried(&mut self, actor: usize, want: &Want, result: &Result<Live>) {
        self.judge_as(actor, want, result, false);
    }

    fn judge_as(&mut self, actor: usize, want: &Want, result: &Result<Live>, waits: bool) {
        if actor == NOBODY {
            return;
        }
        let client = self.actors[actor].client;
        match result {
            Ok(live) => {
                let access = access_of(&live.token);
                self.note(actor, 5000, |_| format!("is given a{access}"));
                self.check_durable(access);
                // A pause that began after the call's last reading of the clock is treated as a pause after
                // the call.
                let now = match self.actors[actor].reached {
                    (Point::Unlock, at) => at,
                    _ => self.now,
                };
                let asked = &self.oracle.asked[actor];
                let known = &self.service.access[access];
                if now >= known.end
                    && known.issued < asked.start
                    && !self.clock_was_set()
                    && !self.clocks_differ()
                {
                    let ago = (now - known.end) / 1000;
                    self.violation("P6", format!("a{access}, handed out, expired {ago} s ago"));
                }
                // A store that returns to an older record numbers its tokens again from the older
                // number.
                let again = matches!(want, Want::Newer(..)) && self.oracle.excuses.rollback;
                if !want.fits(live) && !again {
                    self.violation("P6", format!("a{access} was refused and is handed out again"));
                }
            }
            Err(error) => {
                self.note(actor, 5001, |_| format!("fails: {} ({error})", error.kind()));
                self.oracle.failed_calls += 1;
                self.judge_error(actor, client, error, waits);
            }
        }
        if !waits && matches!(result, Err(Error::Busy(_))) {
            return; // The call ended during another thread's refresh, before the save of that refresh failed.
        }
        let known = &mut self.oracle.clients[client];
        known.waits = !known.in_hand.is_empty();
    }

    fn judge_error(&mut self, actor: usize, client: usize, error: &Error, waits: bool) {
        self.look_at_deadlines();
        let asked = self.oracle.asked[actor].clone();
        let fits = |access: usize| !asked.refused.contains(&access);
        // Clauses P4 and P6: while a token works, the call returns a token. If the store returned to an
        // older record, the client may report that the store does not return saved records.
        let went_back = self.oracle.excuses.rollback && matches!(error, Error::Config(_));
        if waits && !self.clock_was_set() && !self.config.refuses && !went_back {
            let stored = self.store.history.last().map(|record| access_of(&record.token));
            let readable = !asked.load_failed && self.now >= self.store.no_loads_until;
            let seen = self.oracle.stored_at <= asked.looked.max(asked.start_step);
            let stored = stored.filter(|_| readable && seen);
            let memory = self.oracle.clients[client].memory.map(|(_, access)| access);
            let works = [memory, stored].into_iter().flatten();
            let works = works.filter(|access| fits(*access)).find(|access| {
                self.works_for_client(*access) && self.oracle.durable.contains(access)
            });
            if let Some(access) = works {
                let text = format!("the call fails ({}) while a{access} works", error.kind());
                self.violation("P4/P6", text);
            }
        }
        // Without a fault no call fails, unless there is no lock to wait for.
        if waits && !self.faulty() && self.config.lock() != LockKind::None && !self.config.refuses {
            let text = format!("a call fails ({}) without any fault", error.kind());
            self.violation("P1", text);
        }
        match error {
            Error::Reauthorize(refusal) => self.judge_verdict(refusal.unanswered_since.is_some()),
            // The error is right: the store did not return a saved record.
            Error::Config(_) if self.oracle.excuses.rollback => {}
            Error::NotAuthorized(_) | Error::Config(_) => {
                self.violation("P7", format!("{} with a login in the store", error.kind()));
            }
            Error::Transport(_) if asked.unanswered => {
                let text = "a request had no answer, and the error says that it was never sent";
                self.violation("P8", text.to_owned());
            }
            _ => {}
        }
    }

    /// Clause P7 of the promise: a person is asked to log in only if no valid token is left.
    fn judge_verdict(&mut self, unanswered: bool) {
        let Excuses { deadline, rollback, freed, clock, .. } = self.oracle.excuses;
        if deadline || rollback || freed || clock || self.weak() {
            return;
        }
        let live =
            self.in_living_hands().into_iter().find(|token| self.service.takes(*token, self.now));
        if let Some(live) = live {
            self.violation("P7", format!("a person is told to log in again while r{live} lives"));
        }
        let stored = self.store.history.last().map(refresh_of);
        let was = stored.is_some_and(|token| self.oracle.unanswered.contains(&token));
        if was && !unanswered {
            let text = "an earlier request was not answered, and the error does not say so";
            self.violation("P8", text.to_owned());
        }
        // The process that had the answer may have been killed before it could store the answer, or stopped
        // until another process had the lock.
        let stops = self.config.lock() != LockKind::FreedByDeath;
        let may_be = self.oracle.faults.iter().any(|fault| match fault {
            Fault::Kill | Fault::Op(Failure::Before | Failure::After | Failure::Outage) => true,
            Fault::Stop(_) => stops,
            _ => false,
        });
        if unanswered && !was && !may_be {
            let text = "the error speaks of a request without a stored answer, and there was none";
            self.violation("P8", text.to_owned());
        }
    }

    pub(super) fn closing(&mut self, client: usize) {
        self.oracle.clients[client].closing = true;
    }

    /// Checks a client that was dropped.
    pub(super) fn closed(&mut self, actor: usize, client: usize) {
        self.note(actor, 5002, |_| "drops its client".to_owned());
        self.look_at_deadlines();
        let known = &mut self.oracle.clients[client];
        if known.in_hand.is_empty() {
            return;
        }
        known.in_hand.clear();
        let failed = known.failed_closing;
        self.oracle.excuses.unsaved = true;
        let held = self.store.held.is_some();
        if !failed && !held && !self.weak() && !self.oracle.excuses.rollback {
            let text = "a client is dropped with a pair that it could have saved";
            self.violation("P5", text.to_owned());
        }
    }

    /// Whether no client can prevent the loss of this login.
    pub(super) fn excused(&self) -> bool {
        let Excuses { lost, died, unsaved, late, deadline, rollback, freed, overwritten, clock } =
            self.oracle.excuses;
        if rollback || freed || clock || self.weak() {
            return true;
        }
        let lost = lost && !self.comes_back_in_time();
        match self.service.class {
            Class::None => false,
            Class::UntilUsed => overwritten,
            Class::UntilUsedFamily => late || deadline || overwritten,
            _ => lost || died || unsaved || late || deadline || overwritten,
        }
    }

    /// Whether a refresh token is sent again at once, within its grace window, after the answer was cut off.
    fn comes_back_in_time(&self) -> bool {
        let cut =
            |fault: &Fault| matches!(fault, Fault::Op(Failure::LoseReply | Failure::BrokenAfter));
        self.service.class.has_window()
            && self.config.lock() == LockKind::FreedByDeath
            && self.config.latency() < 1_000
            && self.oracle.faults.len() == 1
            && self.oracle.faults.iter().all(cut)
    }

    /// Whether the store has a refresh token that works.
    pub(super) fn reachable(&self) -> bool {
        let Some(record) = self.store.history.last() else { return false };
        let live = |token: usize| self.service.takes(token, self.now);
        live(refresh_of(record)) || spare_of(record).is_some_and(live)
    }

    pub(super) fn is_plain(&self) -> bool {
        self.store.history.last().is_some_and(|record| {
            record.note.is_none()
                && record.refused.is_none()
                && self.service.takes(refresh_of(record), self.now)
        })
    }
}
