//! The server's clock. An assertion and a signed request carry the time, and a server refuses them with a
//! wrong time.
//!
//! The server's time comes from the `Date` of its answers, and is used only for these two, never for
//! the life of a token.

#[cfg(feature = "jwt")]
use std::sync::Arc;
#[cfg(feature = "jwt")]
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use time::OffsetDateTime;

use super::TokenTransport;
use super::exchange::Raw;
#[cfg(feature = "jwt")]
use crate::clock::Clock;
#[cfg(feature = "jwt")]
use crate::protocol;
#[cfg(feature = "jwt")]
use crate::provider::ClientAuth;

/// Clocks that differ by no more than this, in seconds, agree.
#[cfg(feature = "jwt")]
const TOLERANCE: i64 = 30;

/// The time of a server whose clock is further from ours than this, in seconds, is not used: an
/// attacker who gets an assertion with a later time could use the assertion until that time. A
/// difference from a wrong time zone is within the limit.
#[cfg(feature = "jwt")]
const LIMIT: i64 = 86_400;

/// How far the server's clock is from ours.
#[cfg(feature = "jwt")]
pub(super) struct Skew {
    seconds: AtomicI64,
    /// How far the server's clock was from ours, if the distance was over the limit.
    beyond: AtomicI64,
    told: AtomicBool,
    clock: Arc<dyn Clock>,
}

#[cfg(feature = "jwt")]
impl Skew {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Skew {
        Skew {
            seconds: AtomicI64::new(0),
            beyond: AtomicI64::new(0),
            told: AtomicBool::new(false),
            clock,
        }
    }
}

#[cfg(feature = "jwt")]
impl TokenTransport {
    /// The server's time when it is `now` here.
    pub(super) fn their_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        let seconds = time::Duration::seconds(self.skew.seconds.load(Ordering::Relaxed));
        now.checked_add(seconds).unwrap_or(now)
    }

    /// Learns the server's time from an answer. Returns when the answer came, if the server may have
    /// refused because the clocks differ, and another request would carry another time.
    pub(super) fn clock_was_wrong(
        &self,
        raw: &Raw,
        sent_at: OffsetDateTime,
    ) -> Option<OffsetDateTime> {
        let Raw::Answer(answer) = raw else { return None };
        let of_grant = matches!(self.grant, Some(super::Grant::JwtBearer(_)));
        let signs = self.credentials.signer().is_some()
            || self.provider.token_request.client_auth == ClientAuth::SecretJwt;
        if !signs && !of_grant {
            return None;
        }
        let came_at = self.skew.clock.now_utc();
        let skew = protocol::skew(&answer.headers, sent_at, came_at)?;
        if skew.unsigned_abs() > LIMIT.unsigned_abs() {
            self.skew.beyond.store(skew, Ordering::Relaxed);
            return None;
        }
        let skew = if skew.abs() > TOLERANCE { skew } else { 0 };
        let before = self.skew.seconds.swap(skew, Ordering::Relaxed);
        let moved = skew.abs_diff(before) > TOLERANCE.unsigned_abs();
        let wrong = moved && protocol::may_be_our_clock(answer.status, &answer.body, of_grant);
        wrong.then_some(came_at)
    }
}

#[cfg(feature = "jwt")]
impl TokenTransport {
    /// Returns once a warning that the server's clock is too far from ours.
    pub(super) fn clock_warning(&self) -> Option<String> {
        let beyond = self.skew.beyond.load(Ordering::Relaxed);
        if beyond == 0 || self.skew.told.swap(true, Ordering::Relaxed) {
            return None;
        }
        let (days, side) =
            (beyond.unsigned_abs() / 86_400, if beyond > 0 { "ahead" } else { "back" });
        Some(format!(
            "the clock of {} is {days} days {side} by its answer, and signed requests keep the time of \
             this machine: check the clock here, then tell the service",
            self.provider.token_host()
        ))
    }
}

#[cfg(not(feature = "jwt"))]
impl TokenTransport {
    pub(super) fn clock_warning(&self) -> Option<String> {
        None
    }

    pub(super) fn their_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        now
    }

    pub(super) fn clock_was_wrong(&self, _: &Raw, _: OffsetDateTime) -> Option<OffsetDateTime> {
        None
    }
}
