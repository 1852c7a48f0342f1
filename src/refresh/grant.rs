//! The grants that start from nothing stored: a new login, and tokens that are asked anew.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::decide::{self, Unsaved};
use super::state::Pair;
use super::{Ask, Call, Keeper, Live, Release, Sent, Want};
use crate::backend::BackendError;
use crate::error::{
    BackendFailure, BoxError, Busy, Error, NotSaved, OAuthError, OutcomeUnknown, Result,
};
use crate::event::Event;
use crate::protocol::{Issued, Outcome, Reply};
use crate::record::Record;
use crate::secret::Secret;
use crate::token::Token;

/// How long a service that asked to come back later is believed, where no token works.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// An answer to anything but a refresh, unless it is an error that says what it is.
enum Judged {
    Issued(Box<Issued>),
    Unknown(OAuthError),
}

impl Keeper {
    /// A token of a grant without a refresh token: from the store, or asked anew. The store spares
    /// requests and nothing depends on it, so its failures are reported and do not fail the call.
    pub(super) fn regrant(&self, call: &mut Call<'_>) -> Result<Live> {
        let mut stored = None;
        let mut writable = true;
        match self.lock_or_go_on(call) {
            Ok(Some(live)) => return Ok(live),
            Ok(None) => match self.backend.load() {
                Ok(record) => stored = record,
                Err(error) => {
                    writable = false;
                    self.report(call, error.to_string());
                }
            },
            Err(error) => {
                writable = false;
                self.report(call, error.to_string());
            }
        }
        if let Some(record) = &stored {
            record.check(&self.rules.binding, &self.store())?;
            let live = self.live(record);
            if call.want.accepts(&live, &*self.clock) {
                self.bind(call, record);
                call.events.push(Event::Adopted { generation: live.generation });
                return Ok(self.publish(live));
            }
            if call.want.tolerates(&live, &*self.clock) {
                call.fallback = Some(live);
            }
        }
        if let Some(error) = self.failed_just_now(call) {
            return Err(error);
        }
        let token = match self.ask(call) {
            Ok(token) => token,
            Err(error) => {
                self.remember(call, &error);
                return self.end(call, error);
            }
        };
        let mut record = match &stored {
            Some(stored) => {
                let mut next = stored.next();
                next.generation = stored.generation.saturating_add(1);
                next.token = token;
                next
            }
            None => Record::new_login(token, None),
        };
        record.binding = Some(self.rules.binding.clone());
        if writable && let Err(error) = self.backend.save(&record) {
            self.report(call, error.to_string());
        }
        call.events.push(Event::Refreshed { generation: record.generation });
        let live = self.publish(self.live(&record));
        self.memory.lock().refreshes += 1;
        Ok(live)
    }

    /// The store's lock, for a token that is asked anew. `Some` ends the call: somebody else is asking,
    /// and there is a token that works until they have.
    fn lock_or_go_on(&self, call: &mut Call<'_>) -> Result<Option<Live>> {
        if call.turn.guard.is_some() {
            return Ok(None);
        }
        match self.backend.lock(Duration::ZERO) {
            Ok(guard) => {
                call.turn.guard = Some(guard);
                Ok(None)
            }
            Err(error) if BackendError::is_busy(&error) => {
                let ours = |record: &Record| record.check(&self.rules.binding, "").is_ok();
                let stored = self.backend.load().ok().flatten().filter(ours);
                let stored = stored.map(|record| self.live(&record));
                let works = stored.filter(|live| call.want.tolerates(live, &*self.clock));
                if let Some(live) = works.or(call.fallback.take()) {
                    return Ok(Some(self.publish(live)));
                }
                self.lock_patiently(call).map(|()| None)
            }
            Err(error) => Err(Error::backend("lock", self.store(), error)),
        }
    }

    /// The failure of a moment ago, so that a service that is down, or that refuses the credentials, is
    /// not asked by every call. A refresh by name asks all the same.
    fn failed_just_now(&self, call: &Call<'_>) -> Option<Error> {
        let memory = self.memory.lock();
        let (until, error) = memory.failed.as_ref()?;
        let left = until.checked_sub(self.clock.monotonic()).filter(|left| !left.is_zero())?;
        if call.fallback.is_some() || call.want.is_explicit() {
            return None;
        }
        let mut error = error.echo();
        if let Error::RateLimited(limited) = &mut error {
            limited.retry_after = left;
        }
        Some(error)
    }

    fn remember(&self, call: &Call<'_>, error: &Error) {
        // What is set up wrongly here costs nobody a request.
        if call.fallback.is_some() || matches!(error, Error::Config(_)) {
            return;
        }
        let pause = error.retry_after().unwrap_or(super::QUIET).min(LONGEST_PAUSE);
        let until = self.clock.monotonic().saturating_add(pause);
        self.memory.lock().failed = Some((until, error.echo()));
    }

    fn report(&self, call: &mut Call<'_>, reason: String) {
        call.events.push(Event::SaveFailed { store: self.store(), reason });
    }

    /// Asks for a token. Nothing is spent by asking, so a request without an answer is repeated.
    fn ask(&self, call: &Call<'_>) -> Result<Token> {
        let mut tries = 0;
        loop {
            tries += 1;
            let sent_at = self.clock.now_utc();
            let error: BoxError = match self.transport.send(Ask::Grant, sent_at) {
                Sent::Never(error) | Sent::NoAnswer(error) => error,
                Sent::Reply(reply) => match self.judge(reply)? {
                    Judged::Issued(issued) => return Ok(issued.token),
                    Judged::Unknown(error) => error.into(),
                },
            };
            if tries == 2 || call.fallback.is_some() || error.is::<Error>() {
                return Err(self.transport_error(error));
            }
            self.clock.sleep(Duration::from_millis(200));
        }
    }

    /// What an answer to anything but a refresh means.
    fn judge(&self, reply: Reply) -> Result<Judged> {
        Err(match reply.outcome {
            Outcome::Token(issued) => return Ok(Judged::Issued(issued)),
            Outcome::Unknown(error) => return Ok(Judged::Unknown(error)),
            Outcome::Refused(error) | Outcome::Setup(error) => Error::OAuth(Box::new(error)),
            Outcome::TooEarly(error) => self.come_back(super::QUIET, &error.to_string()),
            Outcome::Limited { error, retry_after, .. } => {
                self.come_back(retry_after.unwrap_or(super::QUIET), &error.to_string())
            }
        })
    }

    /// A new login: `send` exchanges what a person's consent has brought. The new record is durable
    /// when this returns.
    pub(crate) fn authorize(
        &self,
        extra: Map<String, Value>,
        send: &mut dyn FnMut(OffsetDateTime) -> Sent,
    ) -> Result<Token> {
        let mut events = Vec::new();
        let result = self.alone(&mut events, |call| {
            let stored = self.load_checked()?;
            let sent_at = self.clock.now_utc();
            let judged = match send(sent_at) {
                Sent::Never(error) => return Err(self.transport_error(error)),
                Sent::NoAnswer(error) => Err(error),
                Sent::Reply(reply) => match self.judge(reply)? {
                    Judged::Issued(issued) => Ok(*issued),
                    Judged::Unknown(error) => Err(error.into()),
                },
            };
            // The code is not sent again: it works once (RFC 6749 section 4.1.2).
            let Issued { token, refresh_expires_in } = judged.map_err(|source| {
                Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                    host: self.rules.host.clone(),
                    code: true,
                    by_name: false,
                    sent_at,
                    holder: None,
                    retry_after: None,
                    source: Some(source),
                }))
            })?;
            let mut members = token.extra().clone();
            for (name, value) in extra {
                members.insert(name, value);
            }
            let token = token.with_extra(members);
            let one_time = token.refresh_token().is_some();
            let mut record = self.first(token, stored.as_ref());
            record.refresh_expires_at =
                self.refresh_end(Some(sent_at), refresh_expires_in).filter(|_| one_time);
            record.consented_at = Some(sent_at);
            record.rotated_at = Some(self.clock.now_utc()).filter(|_| one_time);
            let keeps_lock = decide::not_saved(self.rules.rotation, one_time) == Unsaved::KeepLock;
            // A pair of the login before this one has nothing left to do.
            let pair = Pair { record, spent: None, keeps_lock };
            let (login, token) = (pair.record.login.clone(), pair.record.token.clone());
            let kept = self.keep(call, pair).and_then(|record| {
                // Without a lock, somebody else may have logged in meanwhile.
                let ours = record.filter(|record| record.login == login);
                ours.ok_or_else(|| BackendError::Conflict(self.store()).into())
            });
            match kept {
                Ok(record) => {
                    call.events.push(Event::Refreshed { generation: record.generation });
                    self.publish(self.live(&record));
                    Ok(token)
                }
                Err(source) => {
                    let store = self.store();
                    let reason = source.to_string();
                    call.events.push(Event::SaveFailed { store: store.clone(), reason });
                    Err(Error::NotSaved(Box::new(NotSaved { store, source, token })))
                }
            }
        });
        self.tell(events);
        result
    }

    /// Stores a token that somebody has already, if nothing is stored. Says whether it did.
    pub(crate) fn seed(&self, token: Token) -> Result<bool> {
        let mut events = Vec::new();
        let result = self.alone(&mut events, |call| {
            if call.turn.unsaved.is_some() || self.load_checked()?.is_some() {
                return Ok(false);
            }
            let record = self.first(token, None);
            match self.backend.save(&record) {
                Ok(()) => {
                    self.publish(self.live(&record));
                    Ok(true)
                }
                Err(error) if BackendError::is_conflict(&error) => Ok(false),
                Err(error) => Err(Error::backend("write", self.store(), error)),
            }
        });
        self.tell(events);
        result
    }

    /// Forgets what is stored and what is in memory, after `before` has seen the token and said
    /// whether it sent anything.
    pub(crate) fn clear(&self, before: &dyn Fn(Option<&Token>) -> Result<bool>) -> Result<()> {
        let mut events = Vec::new();
        let result = self.alone(&mut events, |call| {
            let stored = self.load_checked()?;
            let newest = call.turn.unsaved.as_ref().map(|pair| &pair.record).or(stored.as_ref());
            // What `before` sends may take as long as two token requests.
            let time = self.rules.token_timeout.saturating_mul(2);
            if !call.turn.guard.as_ref().is_none_or(|guard| guard.lasts(time)) {
                let (store, waited) = (self.store(), Duration::ZERO);
                return Err(Error::Busy(Box::new(Busy { store, holder: None, waited })));
            }
            let sent = before(newest.map(Record::token))?;
            // Where the lock ended all the same, or there is none, what came since is not ours to end.
            let id = |record: &Record| (record.login.clone(), record.generation);
            if sent
                && self.load_checked()?.is_some_and(|now| stored.as_ref().map(id) != Some(id(&now)))
            {
                let source = BackendError::Conflict(self.store()).into();
                return Err(Error::backend_after("clear", self.store(), source));
            }
            self.backend.clear().map_err(|error| {
                Error::Backend(Box::new(BackendFailure {
                    operation: "clear",
                    sent,
                    store: self.store(),
                    source: error,
                }))
            })?;
            call.turn.unsaved = None;
            self.memory.lock().live = None;
            Ok(())
        });
        self.tell(events);
        result
    }

    /// The stored record, if there is one, which must be ours.
    pub(crate) fn load_checked(&self) -> Result<Option<Record>> {
        let stored =
            self.backend.load().map_err(|error| Error::backend("load", self.store(), error))?;
        if let Some(record) = &stored {
            record.check(&self.rules.binding, &self.store())?;
        }
        Ok(stored)
    }

    /// The store's token if it is a good one and not the one the API refused. Nothing is refreshed.
    pub(crate) fn moved_on(&self, refused: &Secret) -> Option<Live> {
        let mut events = Vec::new();
        let want = Want::Instead(refused.clone());
        let found = self.alone(&mut events, |call| {
            let stored = if call.turn.unsaved.is_some() { None } else { self.load_checked()? };
            let live = stored.map(|record| self.live(&record));
            Ok(live.filter(|live| want.accepts(live, &*self.clock)).map(|live| self.publish(live)))
        });
        self.tell(events);
        found.ok().flatten()
    }

    fn first(&self, token: Token, stored: Option<&Record>) -> Record {
        let mut record = Record::new_login(token, stored);
        record.binding = Some(self.rules.binding.clone());
        record.refusals = stored.map(|stored| stored.refusals.clone()).unwrap_or_default();
        if record.token.refresh_token().is_some() {
            record.refresh_expires_at = self.refresh_end(record.token.issued_at(), None);
        }
        record
    }

    /// Runs `work` behind the refresh lock and the store's lock.
    fn alone<T>(
        &self,
        events: &mut Vec<Event>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut turn = Release { turn: self.turn.lock(), memory: &self.memory };
        let want = Want::Usable;
        let turn = &mut *turn.turn;
        let mut call = Call { want: &want, turn, events, fallback: None, salvaged: false };
        self.lock_patiently(&mut call)?;
        work(&mut call)
    }

    /// The store's lock, waited for as long as the longest legal hold.
    fn lock_patiently(&self, call: &mut Call<'_>) -> Result<()> {
        if call.turn.guard.is_some() {
            return Ok(());
        }
        let start = self.clock.monotonic();
        let wait = if call.fallback.is_some() { Duration::ZERO } else { self.rules.hold() };
        match self.backend.lock(wait) {
            Ok(guard) => {
                call.turn.guard = Some(guard);
                self.warn_once(call);
                Ok(())
            }
            Err(error) if BackendError::is_busy(&error) => {
                let waited = self.clock.monotonic().saturating_sub(start);
                Err(Error::Busy(Box::new(Busy { store: self.store(), holder: None, waited })))
            }
            Err(error) => Err(Error::backend("lock", self.store(), error)),
        }
    }
}

/// A pair that waits gets one more chance to be saved.
impl Drop for Keeper {
    fn drop(&mut self) {
        if self.turn.get_mut().unsaved.is_none() {
            return;
        }
        let last = std::panic::AssertUnwindSafe(|| {
            let mut events = Vec::new();
            let saved = self.alone_without_waiting(&mut events);
            if !saved {
                let text = "a new refresh token was never saved: the login may be lost";
                events.push(Event::Warning { text: text.to_owned() });
            }
            self.tell(events);
        });
        // A backend that panics must not turn a drop into an abort.
        let _ = std::panic::catch_unwind(last);
    }
}

impl Keeper {
    fn alone_without_waiting(&self, events: &mut Vec<Event>) -> bool {
        let mut turn = Release { turn: self.turn.lock(), memory: &self.memory };
        let turn = &mut *turn.turn;
        if turn.guard.is_none() {
            turn.guard = self.backend.lock(Duration::ZERO).ok();
        }
        if turn.guard.is_none() {
            return false;
        }
        let want = Want::Usable;
        let mut call = Call { want: &want, turn, events, fallback: None, salvaged: false };
        match self.backend.load() {
            Ok(stored) => self.save_pair(&mut call, stored).is_ok(),
            Err(_) => false,
        }
    }
}
