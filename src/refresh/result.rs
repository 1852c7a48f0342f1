//! How a call ends without a new token, and which events it emits.

use std::time::Duration;

use time::OffsetDateTime;

use super::round::Step;
use super::{Call, Keeper, Live, QUIET};
use crate::backend::{Durability, Guard, LockKind};
use crate::error::{
    BoxError, Error, NotSaved, OAuthError, OutcomeUnknown, RateLimited, Refusal, Result,
    TransportError, chain,
};
use crate::event::{self, Event};
use crate::provider::Rotation;
use crate::record::{Record, Refused};
use crate::substring;

impl Keeper {
    /// Goes on with the access token that still works, or fails with `error`.
    pub(super) fn put_off(&self, call: &mut Call<'_>, error: Error) -> Result<Step> {
        self.end(call, error).map(Step::Done)
    }

    pub(super) fn end(&self, call: &mut Call<'_>, error: Error) -> Result<Live> {
        let Some(live) = self.take_fallback(call) else {
            // If a token pair is unsaved, the caller must get the pair in the error, whatever failed now.
            return Err(match (&call.turn.unsaved, error) {
                (Some(pair), Error::Backend(failure)) => {
                    let token = pair.record.token().clone();
                    let (store, source) = (failure.store, failure.source);
                    Error::NotSaved(Box::new(NotSaved { store, source, token }))
                }
                (_, error) => error,
            });
        };
        call.events.push(Event::PutOff { reason: chain(&error) });
        let quiet = error.retry_after().unwrap_or(QUIET);
        let live = self.publish(live);
        self.memory.lock().quiet_until = self.clock.monotonic().saturating_add(quiet);
        Ok(live)
    }

    /// Handles a new refresh token that could not be saved. The token pair stays in memory, and calls use the
    /// old access token while it works.
    pub(super) fn not_saved(&self, call: &mut Call<'_>, source: BoxError) -> Result<Step> {
        let store = self.store();
        let reason = chain(&*source);
        call.events.push(Event::SaveFailed { store: store.clone(), reason });
        if let Some(pair) = &call.turn.unsaved {
            if pair.ends_old {
                call.fallback = None;
            }
            // If the store has another client's newer token, only our token, which would be the spare refresh
            // token, could not be saved.
            let theirs = call.read.as_ref().filter(|read| pair.is_overtaken_by(read));
            let theirs = theirs.map(|read| self.live(read));
            let works = |live: &Live| call.want.tolerates(live, &*self.clock);
            call.fallback = theirs.filter(works).or(call.fallback.take());
        }
        self.put_off(call, Error::backend_after("write", store, source))
    }

    /// Step 6: the store is empty. The refresh never writes to an empty store.
    pub(super) fn nothing_stored(&self) -> Result<Step> {
        self.memory.lock().live = None;
        Err(Error::NotAuthorized(format!("{} holds no token", self.store()).into()))
    }

    /// Step 14: puts a token into memory, for this call and for later calls.
    pub(super) fn publish(&self, live: Live) -> Live {
        let mut memory = self.memory.lock();
        memory.live = Some(live.clone());
        memory.quiet_until = Duration::ZERO;
        memory.failed = None;
        live
    }

    /// The token of a record. A token that is already in memory keeps its deadlines, so that a wall
    /// clock that was set back does not lengthen its life.
    pub(super) fn live(&self, record: &Record) -> Live {
        if let Some(mine) = &self.memory.lock().live
            && (&*mine.login, mine.generation) == (record.login(), record.generation())
            && mine.token == record.token
        {
            return mine.clone();
        }
        Live::new(record, &*self.clock, &self.rules)
    }

    pub(super) fn store(&self) -> String {
        self.backend.describe()
    }

    pub(super) fn come_back(&self, retry_after: Duration, reason: &str) -> Error {
        RateLimited::answered(&self.rules.host, retry_after, Some(reason.to_owned())).into()
    }

    /// The error for a wait that this client imposes by itself: this call has sent no request to the
    /// service.
    pub(super) fn hold_back(&self, retry_after: Duration, reason: &str) -> Error {
        RateLimited::new(&self.rules.host, retry_after, Some(reason.to_owned())).into()
    }

    pub(super) fn reauthorize(&self, refused: &Refused) -> Error {
        Error::Reauthorize(Box::new(Refusal {
            error: OAuthError {
                host: self.rules.host.clone(),
                code: refused.code.clone(),
                description: refused.description.clone(),
                uri: None,
                status: refused.status,
                request: None,
            },
            refused_at: refused.at,
            unanswered_since: refused.unanswered_since,
        }))
    }

    pub(super) fn unknown(&self, sent_at: OffsetDateTime, source: BoxError) -> Error {
        Error::OutcomeUnknown(Box::new(OutcomeUnknown {
            host: self.rules.host.clone(),
            code: false,
            by_name: false,
            sent_at,
            holder: None,
            retry_after: None,
            source: Some(source),
        }))
    }

    /// The error for a request that was never answered. A request that could not even be built is a
    /// wrong setting, and its error is returned unchanged.
    pub(super) fn transport_error(&self, source: BoxError) -> Error {
        let source = match source.downcast::<Error>() {
            Ok(error) => return *error,
            Err(source) => source,
        };
        let url = substring::before(&self.rules.binding.token_endpoint, '?');
        let (method, url) = ("POST".to_owned(), url.to_owned());
        Error::Transport(Box::new(TransportError {
            method,
            url,
            source,
            sent: true,
            unconfirmed: None,
        }))
    }

    /// Warns once per client of everything that weakens the promise: what the store itself reports, and
    /// what follows from the kind of the store.
    pub(super) fn warn_once(&self, call: &mut Call<'_>) {
        let mut found = self.backend.warnings();
        let rotates = self.rules.one_time && self.rules.rotation != Rotation::None;
        let kind = call.turn.guard.as_ref().map(Guard::kind);
        if let Some(kind) = kind.filter(|_| rotates) {
            found.extend(self.weakness(kind, found.is_empty()));
        }
        for text in found {
            if !call.turn.warned.contains(&text) {
                call.turn.warned.push(text.clone());
                call.events.push(Event::Warning { text });
            }
        }
    }

    /// What can go wrong with this kind of store and a service that replaces refresh tokens.
    fn weakness(&self, kind: LockKind, unsaid: bool) -> Option<String> {
        let store = self.store();
        let host = &self.rules.host;
        match (self.backend.durability(), kind) {
            (Durability::Memory, _) => Some(format!(
                "{store} loses its content when the process ends, and {host} replaces refresh tokens: the login \
                 is lost with the process"
            )),
            (Durability::Process, _) if unsaid => Some(format!(
                "{store} may lose its last record in a power cut, a restart or a failover, and {host} \
                 replaces refresh tokens: the login would be lost; the guide's page on stores has \
                 the settings that prevent this"
            )),
            (_, LockKind::None) => Some(format!(
                "{store} has no lock between processes, and {host} replaces refresh tokens: two \
                 processes can lose the login; give the backend a lock"
            )),
            _ => None,
        }
    }

    /// Reports something that weakens a login, outside a call.
    pub(crate) fn warn(&self, text: String) {
        self.tell(vec![Event::Warning { text }]);
    }

    /// Emits the events, after all locks are released.
    pub(super) fn tell(&self, mut events: Vec<Event>) {
        events.extend(self.transport.warning().map(|text| Event::Warning { text }));
        event::log(&self.rules.host, &events);
        if let Some(hook) = &self.hook {
            events.iter().for_each(|event| hook(event));
        }
    }
}
