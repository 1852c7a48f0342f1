//! Faults: failures on command.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A failure of one request. *Before* means that the server has not decided yet: no token was used up and
/// none was issued. *After* means that the server has decided, and only the reply fails.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Lets time pass on the sandbox's clock, then processes the request.
    DelayBefore(Duration),
    /// Processes the request, lets time pass on the sandbox's clock, then answers.
    DelayAfter(Duration),
    /// Closes the connection without processing the request.
    CutBefore,
    /// Processes the request and closes the connection: the reply is lost.
    CutAfter,
    /// Processes the request, sends the head and this many bytes of the body, and closes the connection.
    CutMid(usize),
    /// Answers with this status without processing the request.
    StatusBefore(u16),
    /// Decides, and answers with this status in place of the reply.
    StatusAfter(u16),
    /// Answers with 429 without processing the request, and with `Retry-After` in seconds if given.
    TooMany(Option<u64>),
    /// Answers with 503 without processing the request, and with `Retry-After` in seconds if given.
    Unavailable(Option<u64>),
    /// Answers with any status and body.
    Body {
        /// The HTTP status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The body.
        body: Vec<u8>,
        /// Whether the server processes the request first, so that a refresh token is used up.
        commit: bool,
    },
    /// Refuses a valid token: `invalid_grant` at the token endpoint, 401 at the API. No token is used up.
    RefuseOnce,
    /// Refuses a refresh as too early, as Exact Online does. At the API this fault does nothing.
    TooEarly,
    /// Holds the request until the gate is opened, then processes the request, even if the client has gone.
    HoldBefore(Gate),
    /// Processes the request, and holds the reply until the gate is opened.
    HoldAfter(Gate),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::DelayBefore(duration) => write!(f, "DelayBefore({duration:?})"),
            Fault::DelayAfter(duration) => write!(f, "DelayAfter({duration:?})"),
            Fault::CutBefore => f.write_str("CutBefore"),
            Fault::CutAfter => f.write_str("CutAfter"),
            Fault::CutMid(bytes) => write!(f, "CutMid({bytes})"),
            Fault::StatusBefore(status) => write!(f, "StatusBefore({status})"),
            Fault::StatusAfter(status) => write!(f, "StatusAfter({status})"),
            Fault::TooMany(seconds) => write!(f, "TooMany({seconds:?})"),
            Fault::Unavailable(seconds) => write!(f, "Unavailable({seconds:?})"),
            // The caller's body may contain tokens.
            Fault::Body { status, body, commit, .. } => {
                write!(f, "Body({status}, {} bytes, commit: {commit})", body.len())
            }
            Fault::RefuseOnce => f.write_str("RefuseOnce"),
            Fault::TooEarly => f.write_str("TooEarly"),
            Fault::HoldBefore(_) => f.write_str("HoldBefore"),
            Fault::HoldAfter(_) => f.write_str("HoldAfter"),
        }
    }
}

/// Holds requests until a test opens the gate. The test can wait until a request has arrived. Clones are
/// the same gate. An open gate stays open.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Debug, Default)]
struct GateState {
    open: bool,
    arrived: usize,
}

impl Gate {
    /// Makes a closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Opens the gate for all requests, now and later.
    pub fn open(&self) {
        self.0.0.lock().open = true;
        self.0.1.notify_all();
    }

    /// How many requests have arrived at the gate, including those that have passed.
    pub fn arrived(&self) -> usize {
        self.0.0.lock().arrived
    }

    /// Waits until this many requests have arrived, for at most `patience` of real time. Returns whether that
    /// many requests have arrived.
    #[must_use]
    pub fn wait_for(&self, requests: usize, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.0.0.lock();
        while state.arrived < requests {
            if self.0.1.wait_until(&mut state, until).timed_out() {
                return state.arrived >= requests;
            }
        }
        true
    }

    /// Holds a request. Returns `false` if the sandbox stops before the gate opens.
    pub(super) fn pass(&self, stopping: impl Fn() -> bool) -> bool {
        let mut state = self.0.0.lock();
        state.arrived += 1;
        self.0.1.notify_all();
        while !state.open {
            if stopping() {
                return false;
            }
            // The gate does not know the sandbox, so it checks for a stop at intervals.
            self.0.1.wait_for(&mut state, Duration::from_millis(20));
        }
        true
    }
}

/// The queued faults.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) token: VecDeque<Fault>,
    pub(super) api: VecDeque<Fault>,
}

impl Faults {
    /// Reads a fault from the query of `POST /fault`: `kind`, and `ms`, `bytes`, `status` or `seconds` if the
    /// kind needs it.
    pub(super) fn parse(parameter: impl Fn(&str) -> Option<String>) -> Option<Fault> {
        let number = |name: &str| parameter(name).and_then(|text| text.parse::<u64>().ok());
        let status = || number("status").and_then(|status| status.try_into().ok()).unwrap_or(500);
        let delay = || Duration::from_millis(number("ms").unwrap_or(0));
        Some(match parameter("kind")?.as_str() {
            "delay_before" => Fault::DelayBefore(delay()),
            "delay_after" => Fault::DelayAfter(delay()),
            "cut_before" => Fault::CutBefore,
            "cut_after" => Fault::CutAfter,
            "cut_mid" => {
                Fault::CutMid(number("bytes").and_then(|n| n.try_into().ok()).unwrap_or(20))
            }
            "status_before" => Fault::StatusBefore(status()),
            "status_after" => Fault::StatusAfter(status()),
            "too_many" => Fault::TooMany(number("seconds")),
            "unavailable" => Fault::Unavailable(number("seconds")),
            "refuse_once" => Fault::RefuseOnce,
            "too_early" => Fault::TooEarly,
            _ => return None,
        })
    }
}
