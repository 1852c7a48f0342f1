//! Grants without a refresh token, such as client credentials: each token is requested anew.

use std::time::Duration;

use super::{Ask, Call, Keeper, Live, Sent};
use crate::backend::BackendError;
use crate::error::{BoxError, Error, OAuthError, Result, chain};
use crate::event::Event;
use crate::protocol::{Issued, Outcome, Reply};
use crate::record::Record;
use crate::token::Token;

/// The longest time that the client waits when the service asks for a wait and no token works.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The answer to a request other than a refresh, unless the answer is a definite error.
pub(super) enum Judged {
    Issued(Box<Issued>),
    Unknown(OAuthError),
}

impl Keeper {
    /// Gets a token of a grant without a refresh token: from the store, or with a new request. The
    /// store only helps to avoid requests, so a failure that may pass is reported and does not fail the call. A
    /// store that is set up wrongly fails the first call of the client.
    pub(super) fn regrant(&self, call: &mut Call<'_>) -> Result<Live> {
        let result = self.stored_or_asked(call);
        self.warn_once(call);
        result
    }

    fn stored_or_asked(&self, call: &mut Call<'_>) -> Result<Live> {
        let first = self.memory.lock().live.is_none();
        let mut stored = None;
        let mut writable = true;
        // A store that is set up wrongly does not recover by itself: without an error, each run would
        // request a token and lose it.
        let mut wrong = None;
        match self.lock_or_go_on(call) {
            Ok(Some(live)) => return Ok(live),
            Ok(None) => {}
            Err(error) => {
                writable = false;
                match first && !error.is_transient() {
                    true => wrong = Some(error),
                    false => self.report(call, chain(&error)),
                }
            }
        }
        // Load even if the lock failed: a stored token that still works is used.
        match self.backend.load() {
            Ok(record) => stored = record,
            // The store is empty, and a token may be stored there.
            Err(error) if BackendError::is_empty(&error) => {}
            Err(error) if writable => {
                writable = false;
                let reason = chain(&*error);
                let error = Error::backend("load", self.store(), error);
                match first && !error.is_transient() {
                    true => wrong = Some(error),
                    false => self.report(call, reason),
                }
            }
            Err(_) => {}
        }
        if let Some(record) = &stored {
            record.check(&self.rules.binding_of(&record.token), &self.store())?;
            let live = self.live(record);
            if call.want.accepts(&live, &*self.clock) || self.came_while_waiting(call, &live) {
                self.bind(call, record);
                call.events.push(Event::Adopted { generation: live.generation });
                return Ok(self.publish(live));
            }
            if call.want.tolerates(&live, &*self.clock) {
                call.fallback = Some(live);
            }
        }
        if let Some(error) = wrong {
            return self.end(call, error);
        }
        if let Some(error) = self.failed_just_now(call) {
            return Err(error);
        }
        if let Some((wait, reason)) = self.transport.held_back() {
            let error = self.hold_back(wait, &reason);
            return self.end(call, error);
        }
        // Proves that the store accepts a token, before a token is requested.
        if first
            && writable
            && let Err(error) = self.probe()
        {
            if !error.is_transient() {
                self.remember(&error);
                return self.end(call, error);
            }
            writable = false;
            self.report(call, chain(&error));
        }
        let replaced = stored.as_ref().map(Record::token).filter(|_| writable);
        let token = match self.ask(call, replaced) {
            Ok(token) => token,
            Err(error) => {
                self.remember(&error);
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
        record.binding = Some(self.rules.binding_of(&record.token).into_owned());
        if writable && let Err(error) = self.backend.save(&record) {
            let reason = chain(&*error);
            let error = Error::backend("write", self.store(), error);
            if first && !error.is_transient() {
                self.remember(&error);
                return Err(error);
            }
            self.report(call, reason);
        }
        call.events.push(Event::Refreshed { generation: record.generation });
        let live = self.publish(self.live(&record));
        self.remember_result(call, &live);
        Ok(live)
    }

    /// Takes the store's lock for a new request. Returns `Some` if the call ends here: another lock holder is
    /// requesting a token, and the call has a token that works until then.
    fn lock_or_go_on(&self, call: &mut Call<'_>) -> Result<Option<Live>> {
        match self.backend.lock(Duration::ZERO) {
            Ok(guard) => {
                call.turn.guard = Some(guard);
                self.look_after_new_lock(call);
                Ok(None)
            }
            Err(error) if BackendError::is_busy(&error) => {
                if let Some(live) = self.without_lock(call) {
                    return Ok(Some(live));
                }
                call.waits_since = Some(self.clock.now_utc());
                match self.lock_patiently(call) {
                    Ok(()) => {
                        self.look_after_new_lock(call);
                        Ok(None)
                    }
                    // The holder may have saved a token, and another holder may have the lock by now.
                    Err(error) => match self.without_lock(call) {
                        Some(live) => Ok(Some(live)),
                        None => Err(error),
                    },
                }
            }
            Err(error) => Err(Error::backend("lock", self.store(), error)),
        }
    }

    /// Returns a recent failure, so that not every call sends a request to a service that is down or
    /// refuses the credentials. An explicit `refresh()` sends a request anyway.
    fn failed_just_now(&self, call: &Call<'_>) -> Option<Error> {
        let memory = self.memory.lock();
        let (until, error) = memory.failed.as_ref()?;
        let left = until.checked_sub(self.clock.monotonic()).filter(|left| !left.is_zero())?;
        if call.fallback.is_some() || call.is_explicit() {
            return None;
        }
        let mut error = error.echo();
        if let Error::RateLimited(limited) = &mut error {
            limited.retry_after = left;
        }
        Some(error)
    }

    fn remember(&self, error: &Error) {
        // A wrong setting fails before any request, so the failure need not be remembered.
        if matches!(error, Error::Config(_)) {
            return;
        }
        let pause = error.retry_after().unwrap_or(super::QUIET).min(LONGEST_PAUSE);
        let until = self.clock.monotonic().saturating_add(pause);
        self.memory.lock().failed = Some((until, error.echo()));
    }

    pub(super) fn report(&self, call: &mut Call<'_>, reason: String) {
        call.events.push(Event::SaveFailed { store: self.store(), reason });
    }

    /// Requests a token. The request uses up nothing, so it is repeated if no answer comes.
    fn ask(&self, call: &mut Call<'_>, replaced: Option<&Token>) -> Result<Token> {
        let mut tries = 0;
        loop {
            tries += 1;
            let sent_at = self.clock.now_utc();
            call.sent = self.count_send();
            let error: BoxError = match self.transport.send(Ask::Grant(replaced), sent_at) {
                Sent::Never(error) | Sent::NoAnswer(error) => error,
                Sent::Reply(reply) => match self.judge(reply)? {
                    Judged::Issued(issued) => return Ok(issued.token),
                    Judged::Unknown(error) => error.into(),
                },
            };
            if tries == 2 || self.can_fall_back(call) || error.is::<Error>() {
                return Err(self.transport_error(error));
            }
            self.clock.sleep(Duration::from_millis(200));
        }
    }

    /// Judges the answer to a request other than a refresh.
    pub(super) fn judge(&self, reply: Reply) -> Result<Judged> {
        Err(match reply.outcome {
            Outcome::Token(issued) => return Ok(Judged::Issued(issued)),
            Outcome::Unknown(error) => return Ok(Judged::Unknown(error)),
            Outcome::Refused(error) | Outcome::Setup(error) => Error::OAuth(Box::new(error)),
            Outcome::TooEarly(error) => self.come_back(super::QUIET, &error.told()),
            Outcome::Limited { error, retry_after, .. } => {
                self.come_back(retry_after.unwrap_or(super::QUIET), &error.told())
            }
        })
    }
}
