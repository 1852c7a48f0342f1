//! The oracle's checks when a refresh token is sent: clauses P1 and P4 of the promise, and that the client
//! does not send a token that it has replaced.

use super::handle::{access_of, refresh_of, spare_of};
use super::oracle::Excuses;
use super::server::Class;
use super::world::{NOBODY, State};
use super::*;

impl State {
    pub(super) fn sending(&mut self, actor: usize, client: usize, token: usize) {
        if client >= self.oracle.clients.len() {
            return;
        }
        self.look_at_deadlines();
        let known = &self.oracle.clients[client];
        // Clause P4: the refresh note is in the store before the token is sent.
        if known.noted.is_none_or(|(noted, _)| noted != token) && self.service.class != Class::None
        {
            self.violation("P4", format!("r{token} is sent, and the store holds no note of it"));
        }
        let known = &self.oracle.clients[client];
        // If the store returned to an older record, a client does not send a token that it has replaced
        // itself.
        if self.oracle.excuses.rollback
            && known.replaced.contains(&token)
            && let Some((memory, _)) = known.memory.filter(|(memory, _)| *memory != token)
            && self.service.takes(memory, self.now)
            && self.service.class != Class::None
        {
            let text = format!(
                "the store went back, and the client sends r{token}, which it replaced itself; it \
                 has r{memory}, which works, in memory"
            );
            self.violation("A5", text);
        }
        self.spent_twice(client, token);
        if actor == NOBODY {
            return;
        }
        let asked = &self.oracle.asked[actor];
        if let Some(since) = asked.waits_since
            && let Some((_, by)) = self.oracle.clients[client]
                .refreshes
                .iter()
                .find(|(sent, by)| *sent > since && *by != actor)
            && !self.clock_was_set()
        {
            let text = format!(
                "actor {actor} began to wait before actor {by} sent a refresh, and yet sends another \
                 refresh afterwards"
            );
            self.violation("P1", text);
        }
        let asked = &self.oracle.asked[actor];
        // An API that refuses every token causes one refresh, and no further refresh for a while.
        let mended = |access: usize| {
            self.requests.iter().any(|request| {
                request.client == client
                    && request.mends
                    && request.decided.flatten().is_some_and(|(_, new)| new == access)
            })
        };
        if let Some(instead) = asked.instead
            && self.config.refuses
            && mended(instead)
            && !self.service.access[instead].dead
            && self.now < self.service.access[instead].issued + self.config.latency() + 1_000
        {
            let text = format!(
                "a{instead} came a moment ago for a 401, was refused, and r{token} is sent"
            );
            self.violation("A12", text);
        }
        let asked = &self.oracle.asked[actor];
        let stored = self.store.history.last().map_or(0, |record| access_of(&record.token));
        let margin = self.service.life.min(600_000) / 10 + 2_000;
        if !self.faulty()
            && !self.clocks_differ()
            && self.config.lock() != LockKind::None
            && !asked.refused.contains(&stored)
            && self.service.works(stored, self.now + margin + 2 * self.config.latency())
        {
            let text = format!("r{token} is sent although a{stored} is in the store and good");
            self.violation("P1", text);
        }
    }

    pub(super) fn mends(&self, actor: usize) -> bool {
        self.oracle.asked.get(actor).is_some_and(|asked| asked.instead.is_some())
    }

    /// Clause P1 of the promise: no token is sent twice while a living process has its successor or may get
    /// the answer.
    fn spent_twice(&mut self, client: usize, token: usize) {
        if self.service.class == Class::None || self.weak() {
            return;
        }
        let file = self.config.lock() == LockKind::FreedByDeath;
        let Excuses { deadline, rollback, freed, clock, .. } = self.oracle.excuses;
        if deadline || rollback || freed || clock {
            return;
        }
        // A grace window is shorter than a deadline, so without a lock that is released when its holder dies,
        // the other processes may use the rest of the window. Other processes know the note's date, and not
        // when the request left. (The clocks of two hosts differ by 20 s.)
        let first = self.requests.iter().find(|request| request.token == token);
        let age = first.map_or(0, |first| self.now - first.noted_at + 20_000);
        let lease = self.config.lock() == LockKind::Lease && self.faulty();
        let graced = self.service.class.has_window() && self.config.told == 0;
        if graced && (lease || !file && age >= self.service.window / 2) {
            return;
        }
        let flying = |request: &&world::Request| request.token == token && request.awaited;
        if let Some(other) = self.requests.iter().find(flying) {
            let other = other.actor;
            let text = format!("r{token} is sent while the request of actor {other} is on its way");
            self.violation("P1", text);
            return;
        }
        // If the old token works until its successor is used, an unsaved token pair does not prevent another
        // refresh.
        let until_used = matches!(self.service.class, Class::UntilUsed | Class::UntilUsedFamily);
        let unsaved = |other: &usize| {
            let mut clients = self.oracle.clients.iter();
            until_used
                && self.config.told == 0
                && clients.any(|known| known.in_hand.contains(other))
        };
        let mut held = self.in_living_hands().into_iter().filter(|other| !unsaved(other));
        let found =
            held.find(|other| self.replaces(*other, token) && self.service.takes(*other, self.now));
        if let Some(found) = found {
            let text = format!("client {client} sends r{token} while its successor r{found} lives");
            self.violation("P1", text);
        }
    }

    /// Whether the service issued `newer` in place of `older`, directly or by way of others.
    pub(super) fn replaces(&self, newer: usize, older: usize) -> bool {
        let parent = |token: &usize| self.service.refresh[*token].parent;
        std::iter::successors(parent(&newer), parent).any(|known| known == older)
    }

    /// The refresh tokens in the store or with a living process.
    pub(super) fn in_living_hands(&self) -> Vec<usize> {
        let mut held: Vec<usize> =
            self.oracle.clients.iter().flat_map(|known| known.in_hand.clone()).collect();
        if let Some(record) = self.store.history.last() {
            held.push(refresh_of(record));
            held.extend(spare_of(record));
        }
        let coming =
            self.requests.iter().filter(|request| request.awaited && request.failure.is_none());
        held.extend(
            coming.filter_map(|request| request.decided.flatten()).map(|(refresh, _)| refresh),
        );
        held
    }

    /// Checks that a refresh token that is revoked is not in the store.
    pub(super) fn revoked(&mut self, token: usize) {
        if self.store.history.last().is_some_and(|record| refresh_of(record) == token) {
            self.violation("A3", format!("r{token} is revoked while it is in the store"));
        }
    }
}
