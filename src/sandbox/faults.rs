//! Failures on command.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// What goes wrong with one request. *Before* means before the server decides: nothing was spent,
/// nothing was issued. *After* means that the decision stands and only its answer suffers.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Lets time pass on the sandbox's clock, then decides.
    DelayBefore(Duration),
    /// Decides, lets time pass on the sandbox's clock, then answers.
    DelayAfter(Duration),
    /// Closes the connection without a decision.
    CutBefore,
    /// Decides and closes the connection: the answer is lost.
    CutAfter,
    /// Decides, answers the head and this many bytes of the body, and closes the connection.
    CutMid(usize),
    /// Answers this status without a decision.
    StatusBefore(u16),
    /// Decides, and answers this status instead.
    StatusAfter(u16),
    /// Answers 429 without a decision, with `Retry-After` in seconds if given.
    TooMany(Option<u64>),
    /// Answers 503 without a decision, with `Retry-After` in seconds if given.
    Unavailable(Option<u64>),
    /// Answers something else.
    Body {
        /// The status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The bytes of the body.
        body: Vec<u8>,
        /// Whether the request is decided first, so that a refresh token is spent.
        commit: bool,
    },
    /// Refuses a good token: `invalid_grant` at the token endpoint, 401 at the API. Nothing is
    /// spent.
    RefuseOnce,
    /// Refuses as too early, as Exact Online does. At the API it does nothing.
    TooEarly,
    /// Holds the request until the gate is opened, then decides, even if the client has gone.
    HoldBefore(Gate),
    /// Decides, and holds the answer until the gate is opened.
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
            // The body is the caller's own and may carry tokens.
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

/// Holds requests until a test opens it, and lets the test wait until one has arrived. Clones are
/// the same gate. Once open it stays open.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Debug, Default)]
struct GateState {
    open: bool,
    arrived: usize,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Lets everyone through, now and later.
    pub fn open(&self) {
        self.0.0.lock().open = true;
        self.0.1.notify_all();
    }

    /// How many requests have come to the gate, those included that have passed it.
    pub fn arrived(&self) -> usize {
        self.0.0.lock().arrived
    }

    /// Waits until that many requests have come, for at most `patience` of real time. Whether they
    /// came.
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

    /// Holds a request. False when the sandbox stops before the gate was opened.
    pub(super) fn pass(&self, stopping: impl Fn() -> bool) -> bool {
        let mut state = self.0.0.lock();
        state.arrived += 1;
        self.0.1.notify_all();
        while !state.open {
            if stopping() {
                return false;
            }
            // The gate does not know the sandbox, so a stop is looked for now and then.
            self.0.1.wait_for(&mut state, Duration::from_millis(20));
        }
        true
    }
}

/// The faults that are waiting for a request.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) token: VecDeque<Fault>,
    pub(super) api: VecDeque<Fault>,
}

impl Faults {
    /// A fault as named in the query of `POST /fault`: `kind`, and `ms`, `bytes`, `status` or
    /// `seconds` where the kind wants it.
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
