//! The state of the refresh in memory.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use ureq::http::HeaderValue;
use zeroize::Zeroizing;

use super::Rules;
use super::history::History;
use super::second_look::Doubt;
use crate::backend::{Guard, LockKind};
use crate::clock::{self, Clock};
use crate::error::Error;
use crate::proof_key::ProofKey;
use crate::record::Record;
use crate::secret::Secret;
use crate::substring;
use crate::token::Token;

/// A token that calls may use: the token is durable in the store, or does not need to be stored. Clones
/// share one value.
#[derive(Clone, Debug)]
pub(crate) struct Live(Arc<Facts>);

#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) token: Token,
    pub(crate) login: Arc<str>,
    pub(crate) generation: u64,
    /// The value of the header that carries the token; `None` if no header can carry it.
    pub(crate) header: Option<HeaderValue>,
    /// The key that the token is bound to (RFC 9449).
    #[cfg_attr(not(feature = "dpop"), allow(dead_code))]
    pub(crate) key: Option<ProofKey>,
    /// The base of the API that came with the login, or why it cannot be used.
    pub(crate) base: Option<Result<String, String>>,
    /// When the token is due for a refresh, and when it expires, on both clocks: the monotonic clock
    /// is still right if the wall clock is set back.
    due: Option<Moment>,
    end: Option<Moment>,
    /// The token's age when this process got it, and the monotonic time of that moment.
    age: Option<(Duration, Duration)>,
}

impl Deref for Live {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

/// Token types that are never bearer tokens: they need a proof with each request, or are not access
/// tokens at all (RFC 9449, RFC 6749 section 7.1, RFC 8693 section 2.2.1). Words such as `bot` and
/// `User Access Token` are bearer tokens of their services.
const NO_BEARER: [&str; 4] = ["dpop", "pop", "mac", "n_a"];

fn is_no_bearer(token: &Token) -> bool {
    NO_BEARER.iter().any(|kind| token.token_type().eq_ignore_ascii_case(kind))
}

/// The value of the header that carries an access token. A token with control characters would
/// split the request, and bytes beyond ASCII are read differently by each server.
fn header(rules: &Rules, token: &Token) -> Option<HeaderValue> {
    let word = match (token.dpop_key().is_some(), token.is_dpop()) {
        // RFC 9449 section 7.1.
        (true, true) => Some("DPoP"),
        (true, false) if !rules.takes_unbound => return None,
        _ if is_no_bearer(token) => return None,
        _ => rules.auth_scheme.as_deref(),
    };
    let token = token.access_token();
    let text = Zeroizing::new(match word {
        Some(word) => format!("{word} {}", token.expose()),
        None => token.expose().to_owned(),
    });
    let fits = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let mut value = HeaderValue::from_str(&text).ok().filter(|_| fits)?;
    value.set_sensitive(true);
    Some(value)
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    wall: SystemTime,
    monotonic: Duration,
}

impl Moment {
    fn after(wall: SystemTime, monotonic: Duration, wait: Duration) -> Option<Moment> {
        Some(Moment { wall: wall.checked_add(wait)?, monotonic: monotonic.checked_add(wait)? })
    }

    fn passed(moment: Option<Moment>, clock: &dyn Clock) -> bool {
        moment.is_some_and(|moment| {
            clock.now() >= moment.wall || clock.monotonic() >= moment.monotonic
        })
    }
}

impl Live {
    pub(crate) fn new(record: &Record, clock: &dyn Clock, rules: &Rules) -> Live {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let token = record.token();
        let now = clock::utc(wall);
        // A changed access token cannot be sent, so it counts as expired.
        let end = if token.was_changed() { Some(now) } else { token.expires_at() };
        let left = end.map(|end| clock::until(now, end));
        // A clock that was ahead has dated the token: what is left is at most its lifetime.
        let left = left.map(|left| token.lifetime().map_or(left, |longest| left.min(longest)));
        let mut margin = token.margin(rules.margin);
        if !rules.one_time {
            // Adds a random part, so that machines that start together do not all request their tokens
            // at the same time.
            margin += margin / 2 * u32::from(crate::secret::random_byte()) / 256;
        }
        let after = |wait| Moment::after(wall, monotonic, wait);
        // A date in the future gives no age.
        let age = record.came_at().filter(|at| *at <= now).map(|at| clock::until(at, now));
        Live(Arc::new(Facts {
            due: left.and_then(|left| after(left.saturating_sub(margin))),
            end: left.and_then(after),
            age: age.map(|age| (age, monotonic)),
            token: token.clone(),
            login: record.login().into(),
            generation: record.generation(),
            header: header(rules, token),
            key: token.dpop_key().and_then(|jwk| ProofKey::from_jwk(jwk).ok()),
            base: rules.api_base_from.as_ref().and_then(|place| place.base(token.extra())),
        }))
    }

    /// The same token with more members.
    pub(super) fn with_members(&self, members: &Map<String, Value>, rules: &Rules) -> Live {
        let mut token = self.token.clone();
        token.add_extra(members);
        Live(Arc::new(Facts {
            base: rules.api_base_from.as_ref().and_then(|place| place.base(token.extra())),
            token,
            login: self.login.clone(),
            header: self.header.clone(),
            key: self.key.clone(),
            ..**self
        }))
    }

    /// Whether both are the same token of the same login.
    pub(super) fn is_same(&self, other: &Live) -> bool {
        (&self.login, self.generation) == (&other.login, other.generation)
    }

    /// Whether the token is not due for a refresh yet.
    pub(crate) fn is_good(&self, clock: &dyn Clock) -> bool {
        !Moment::passed(self.due, clock)
    }

    /// Whether the token has not expired yet.
    pub(crate) fn is_usable(&self, clock: &dyn Clock) -> bool {
        !Moment::passed(self.end, clock)
    }

    /// The token's age. From the moment when this process got the token, the monotonic clock
    /// measures the age.
    pub(super) fn age(&self, clock: &dyn Clock) -> Option<Duration> {
        let (age, since) = self.age?;
        Some(age.saturating_add(clock.monotonic().saturating_sub(since)))
    }

    /// Whether each request with this token carries a proof (RFC 9449 section 7.1).
    #[cfg(feature = "dpop")]
    pub(crate) fn is_proven(&self) -> bool {
        self.key.is_some() && self.token.is_dpop()
    }

    pub(crate) fn access_token(&self) -> &Secret {
        self.token.access_token()
    }

    /// Whether `text` contains the access token.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let token = self.access_token();
        !token.is_empty() && substring::has(text, token.expose())
    }

    /// Replaces the access token in `text` by `[..]`.
    pub(crate) fn redact(&self, text: String) -> String {
        if !self.is_in(&text) {
            return text;
        }
        substring::replaced(&text, self.access_token().expose(), "[..]")
    }

    /// The error for a token that no header can carry.
    pub(crate) fn without_header(&self) -> Error {
        let kind = self.token.token_type();
        #[cfg(feature = "dpop")]
        if self.token.dpop_key().is_some() && !self.token.is_dpop() {
            let token_type = kind.to_owned();
            let what = "the access token of the last refresh";
            return Error::decode(what, crate::error::DpopError::NotBound { token_type });
        }
        if self.token.is_dpop() {
            return Error::config(format!(
                "the access token is of the type {kind}, which is not a bearer token (RFC 6749 section 7.1), and \
                 the login has no key for it (RFC 9449): log in again with a client that binds its logins, \
                 `ClientBuilder::dpop`"
            ));
        }
        if is_no_bearer(&self.token) {
            return Error::config(format!(
                "the service issued a token of the type {kind}, which is not a bearer token (RFC \
                 6749 section 7.1); this client does not use it"
            ));
        }
        Error::config("the access token has characters that no header can carry")
    }

    pub(crate) fn id(&self) -> Id {
        (self.login.clone(), self.generation)
    }
}

/// Names a token: the id of its login, and its generation.
pub(crate) type Id = (Arc<str>, u64);

/// The kind of token that a call needs.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    /// Any token that works.
    Usable,
    /// A token other than this token, which the API refused.
    Instead(Secret),
    /// A token newer than this token, for an explicit `refresh()`. The number is the count of this
    /// client's refreshes at the start of the call: threads that ask at the same time share one
    /// refresh.
    Newer(Option<Id>, u64),
}

impl Want {
    /// Whether `live` satisfies the call without a refresh.
    pub(crate) fn accepts(&self, live: &Live, clock: &dyn Clock) -> bool {
        live.is_good(clock) && self.fits(live)
    }

    /// Whether the call can go on with `live` although this token is due.
    pub(crate) fn tolerates(&self, live: &Live, clock: &dyn Clock) -> bool {
        !self.is_explicit() && live.is_usable(clock) && self.fits(live)
    }

    /// Whether the call accepts the result of a refresh that was sent after the call began.
    pub(super) fn takes(&self, live: &Live) -> bool {
        matches!(self, Want::Newer(None, _)) || self.fits(live)
    }

    pub(super) fn fits(&self, live: &Live) -> bool {
        match self {
            Want::Usable => true,
            Want::Instead(refused) => live.access_token() != refused,
            Want::Newer(Some(id), _) => live.id() != *id,
            Want::Newer(None, _) => false,
        }
    }

    /// How demanding the call is: 0 takes any token that works, 2 only a new token. A failure is not shared
    /// with a less demanding call.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Want::Usable => 0,
            Want::Instead(_) => 1,
            Want::Newer(..) => 2,
        }
    }

    /// Whether the caller called `refresh()`.
    pub(crate) fn is_explicit(&self) -> bool {
        matches!(self, Want::Newer(..))
    }
}

/// The state behind the short lock, which is never held during I/O, a hook or a backend call.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) live: Option<Live>,
    /// Whether a token pair is unsaved: then one call every few seconds tries to save the pair.
    pub(crate) unsaved: bool,
    /// Whether no call may use the token in memory, because it became invalid when the unsaved pair was issued.
    pub(crate) blocked: bool,
    /// An access token that the API refused and that the client has not replaced yet.
    pub(crate) suspect: Option<Secret>,
    /// How many attempts have ended, the failure of the last attempt, and how many threads wait.
    pub(crate) attempts: u64,
    pub(crate) failure: Option<Failure>,
    pub(crate) waiting: usize,
    /// The last failure of a token request, and until when it is not repeated (monotonic time).
    pub(crate) failed: Option<(Duration, Error)>,
    /// How many refreshes this client has made.
    pub(crate) refreshes: u64,
    /// How many token pairs this client saved at a call after the call that received them.
    pub(crate) saved_late: u64,
    /// How many token requests this client was about to send, and the number and token of the last refresh.
    pub(crate) sends: u64,
    pub(crate) result: Option<(u64, Live)>,
    /// The access token of a refresh that a 401 caused, and when it came; removed when the API accepts it.
    pub(crate) mended: Option<(Secret, Duration)>,
    /// An access token that the API refused although it was new, and until when it is not replaced.
    pub(crate) denied: Option<(Secret, Duration)>,
    /// While the token is usable, no attempt begins before this moment of the monotonic clock.
    pub(crate) quiet_until: Duration,
}

/// The failure of an attempt, for the threads that waited for it.
pub(crate) struct Failure {
    /// How demanding the failed call was ([`Want::rank`]). A less demanding call does not share the failure.
    pub(crate) rank: u8,
    pub(crate) error: Error,
    /// Whether a thread that waited tried to read the store and could not.
    pub(crate) unreadable: bool,
}

/// The state behind the refresh lock.
#[derive(Default)]
pub(crate) struct Turn {
    /// The store's lock, while it is held.
    pub(crate) guard: Option<Guard>,
    /// A token pair that is not in the store yet.
    pub(crate) unsaved: Option<Pair>,
    /// The nonce of a refresh note after which nothing was sent. The save of the refresh note may have
    /// failed.
    pub(crate) never_sent: Option<String>,
    /// The nonce of this process's own refresh note whose request got no answer.
    pub(crate) unanswered: Option<String>,
    /// Until when other clients wait for the last refresh note of this client, in monotonic time.
    pub(crate) note_ends: Duration,
    /// The warnings about the store that were already emitted.
    pub(crate) warned: Vec<String>,
    /// Whether the store has returned a refresh note as it was written.
    pub(crate) keeps_notes: bool,
    /// A refusal that is believed only after a second read of the store.
    pub(super) doubt: Option<Doubt>,
    /// The records that this client has seen.
    pub(crate) history: History,
}

impl Turn {
    /// The kind of the held lock, which keeps other clients out. A lock on a new file does not exclude a
    /// holder whose lock file was deleted, so it is treated as no lock.
    pub(crate) fn lock_kind(&self) -> LockKind {
        let held = self.guard.as_ref().filter(|guard| !guard.is_new());
        held.map_or(LockKind::None, Guard::kind)
    }

    /// Whether the lock's file is new ([`Guard::of_new_file`]).
    pub(crate) fn lock_is_new(&self) -> bool {
        self.guard.as_ref().is_some_and(Guard::is_new)
    }

    /// Whether this client still holds the store's lock.
    pub(crate) fn is_held(&self) -> bool {
        self.guard.as_ref().is_none_or(Guard::is_held)
    }
}

/// A new token pair, with everything that is needed to save it later.
#[derive(Clone)]
pub(crate) struct Pair {
    /// The record to save.
    pub(crate) record: Record,
    /// The refresh token that was sent for this token pair; `None` for a new login.
    pub(crate) spent: Option<Secret>,
    /// Whether the store's lock is kept until the token pair is saved.
    pub(crate) keeps_lock: bool,
    /// Whether the previous access token became invalid when the token pair was issued, or the pair belongs
    /// to another login.
    pub(crate) ends_old: bool,
}

impl Pair {
    /// Whether the answer replaced the refresh token that was sent.
    pub(super) fn rotated(&self) -> bool {
        self.record.token.refresh_token() != self.spent.as_ref()
    }

    /// Whether another client has already replaced the refresh token that we sent (then `stored` has the new
    /// token), or `stored` is the new login itself.
    pub(super) fn is_overtaken_by(&self, stored: &Record) -> bool {
        stored.login == self.record.login && stored.token.refresh_token() != self.spent.as_ref()
    }
}
