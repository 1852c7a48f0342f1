//! Stores a new login (exchange, seed), and logs out.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::decide::{self, Unsaved};
use super::grant::Judged;
use super::state::Pair;
use super::{Keeper, Live, Sent, Want};
use crate::backend::BackendError;
use crate::error::{BackendFailure, Busy, Error, NotSaved, OutcomeUnknown, Result, chain};
use crate::event::Event;
use crate::protocol::Issued;
use crate::record::Record;
use crate::secret::Secret;
use crate::token::Token;

impl Keeper {
    /// Makes a new login: `send` exchanges the code that a person's consent has produced. The new record is
    /// durable when this method returns.
    pub(crate) fn authorize(
        &self,
        extra: Map<String, Value>,
        send: &mut dyn FnMut(OffsetDateTime) -> Sent,
    ) -> Result<Token> {
        let mut events = Vec::new();
        let result = self.alone(&mut events, |call| {
            let stored = self.load_for_login()?;
            // Checks the store before the code is used up.
            self.probe()?;
            let sent_at = self.clock.now_utc();
            let judged = match send(sent_at) {
                Sent::Never(error) => return Err(self.transport_error(error)),
                Sent::NoAnswer(error) => Err(error),
                Sent::Reply(reply) => match self.judge(reply)? {
                    Judged::Issued(issued) => Ok(*issued),
                    Judged::Unknown(error) => Err(error.into()),
                },
            };
            // The code is not sent again: a code works once (RFC 6749 section 4.1.2).
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
            // An unsaved token pair of the previous login is dropped.
            let pair = Pair { record, spent: None, keeps_lock, ends_old: true };
            let (login, token) = (pair.record.login.clone(), pair.record.token.clone());
            let kept = self.keep(call, pair).and_then(|record| {
                // Without a lock, another client may have logged in meanwhile.
                let ours = record.filter(|record| record.login == login);
                ours.ok_or_else(|| BackendError::Conflict(self.store()).into())
            });
            match kept {
                Ok(record) => {
                    call.turn.doubt = None;
                    call.turn.history.learn(&record);
                    call.events.push(Event::LoggedIn { generation: record.generation });
                    self.publish(self.live(&record));
                    Ok(token)
                }
                Err(source) => {
                    let store = self.store();
                    let reason = chain(&*source);
                    call.events.push(Event::SaveFailed { store: store.clone(), reason });
                    Err(Error::NotSaved(Box::new(NotSaved { store, source, token })))
                }
            }
        });
        self.tell(events);
        result
    }

    /// Stores a given token if nothing is stored or the stored login no longer works. Returns whether the
    /// token was stored.
    pub(crate) fn seed(&self, token: Token) -> Result<bool> {
        let mut events = Vec::new();
        // A login that still works is not changed, and this check needs no lock.
        let lives = || {
            let stored = self.load_checked().ok().flatten()?;
            (!self.gives_way(&stored, &token)).then_some(false)
        };
        let result = self.alone_unless(&mut events, &lives, |call| {
            if call.turn.unsaved.is_some() {
                return Ok(false);
            }
            let stored = self.load_for_login()?;
            if stored.as_ref().is_some_and(|stored| !self.gives_way(stored, &token)) {
                return Ok(false);
            }
            let mut record = self.first(token.clone(), stored.as_ref());
            record.seeded = record.token.refresh_token().map(Secret::fingerprint);
            // A refusal can pass: if the new token is refused too, the old refresh token is sent once
            // more.
            // A refresh token that is bound to another key cannot be sent.
            let same_key = |stored: &Record| stored.token.dpop_key() == token.dpop_key();
            let stored = stored.filter(same_key);
            record.spare = stored.and_then(|stored| stored.token.refresh_token().cloned());
            match self.backend.save(&record) {
                Ok(()) => {
                    call.turn.doubt = None;
                    call.turn.history.learn(&record);
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

    /// Whether `seed` may replace the stored login: the stored refresh token was refused, or there is
    /// no refresh token and the stored access token has expired. `seed` must differ from the token that
    /// this login began with, and from the login's known tokens, so that a stale environment variable
    /// is not used.
    fn gives_way(&self, stored: &Record, seed: &Token) -> bool {
        let Some(refresh_token) = stored.token.refresh_token() else {
            let another = seed.access_token() != stored.token.access_token();
            let now = self.clock.now_utc();
            // An expired seed with a refresh token works after a refresh.
            let works = seed.refresh_token().is_some() || !seed.is_expired(now);
            return stored.token.is_expired(now) && another && works;
        };
        let fingerprint = refresh_token.fingerprint();
        let refused =
            stored.refused.as_ref().is_some_and(|refused| refused.fingerprint == fingerprint);
        let Some(seed) = seed.refresh_token().filter(|_| refused) else { return false };
        let known = [Some(refresh_token), stored.superseded.as_ref(), stored.spare.as_ref()];
        !known.contains(&Some(seed)) && stored.seeded != Some(seed.fingerprint())
    }

    /// Deletes the stored record and the token in memory. Calls `before` first with the token; `before`
    /// returns whether it sent anything.
    pub(crate) fn clear(&self, before: &dyn Fn(Option<&Token>) -> Result<bool>) -> Result<()> {
        let mut events = Vec::new();
        let result = self.alone(&mut events, |call| {
            let stored = self.load_checked()?;
            let back = stored.as_ref().and_then(|stored| call.turn.history.newer_than(stored));
            let newest = call.turn.unsaved.as_ref().map(|pair| &pair.record);
            let newest = newest.or(back).or(stored.as_ref());
            // The requests of `before` may take as long as two token requests.
            let time = self.rules.token_timeout.saturating_mul(2);
            if !call.turn.guard.as_ref().is_none_or(|guard| guard.lasts(time)) {
                let (store, waited) = (self.store(), Duration::ZERO);
                return Err(Error::Busy(Box::new(Busy { store, holder: None, waited })));
            }
            let sent = before(newest.map(Record::token))?;
            // If the lock expired nevertheless, or there is no lock, a token that was stored meanwhile must
            // stay.
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
            (call.turn.unsaved, call.turn.doubt) = (None, None);
            self.memory.lock().live = None;
            Ok(())
        });
        self.tell(events);
        result
    }

    /// Checks, before a person is asked to log in, that a new login can be stored: the store can be
    /// locked, read and written, and has no login of another client. If another holder has the lock,
    /// this also shows that the store can be locked.
    pub(crate) fn prove_store(&self) -> Result<()> {
        let guard = match self.backend.lock(Duration::ZERO) {
            Err(error) if !BackendError::is_busy(&error) => {
                return Err(Error::backend("lock", self.store(), error));
            }
            locked => locked,
        };
        let stored = self.load_for_login()?;
        if let Ok(guard) = &guard {
            self.settle_lock(guard, [&None, &None], stored.as_ref());
        }
        self.probe()
    }

    pub(super) fn probe(&self) -> Result<()> {
        self.backend.probe().map_err(|error| Error::backend("write", self.store(), error))
    }

    /// Does the same as [`Keeper::load_checked`], but treats [`BackendError::Empty`] as no record.
    fn load_for_login(&self) -> Result<Option<Record>> {
        match self.load_checked() {
            Err(Error::Backend(failure)) if BackendError::is_empty(&failure.source) => Ok(None),
            loaded => loaded,
        }
    }

    /// Loads the record, and fails if it belongs to another client.
    pub(crate) fn load_checked(&self) -> Result<Option<Record>> {
        let stored =
            self.backend.load().map_err(|error| Error::backend("load", self.store(), error))?;
        if let Some(record) = &stored {
            record.check(&self.rules.binding_of(&record.token), &self.store())?;
        }
        Ok(stored)
    }

    /// Reads the store, and returns its access token if that token has not expired and differs from `refused`, the
    /// token that the API refused. Sends no token request.
    pub(crate) fn moved_on(&self, refused: &Secret) -> Option<Live> {
        let want = Want::Instead(refused.clone());
        let turn = self.turn.lock().ok()?;
        if turn.unsaved.is_some() {
            return None;
        }
        // The store's lock is not taken: another process may hold it for minutes, nothing is written
        // here, and `load` returns only durable records.
        let stored = self.load_checked().ok()??;
        if turn.history.newer_than(&stored).is_some() {
            return None;
        }
        let live = self.live(&stored);
        want.accepts(&live, &*self.clock).then(|| self.publish(live))
    }

    fn first(&self, token: Token, stored: Option<&Record>) -> Record {
        let mut record = Record::new_login(token, stored);
        record.binding = Some(self.rules.binding_of(&record.token).into_owned());
        record.refusals = stored.map(|stored| stored.refusals.clone()).unwrap_or_default();
        if record.token.refresh_token().is_some() {
            record.refresh_expires_at = self.refresh_end(record.token.issued_at(), None);
        }
        record
    }
}
