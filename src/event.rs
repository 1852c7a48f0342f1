//! What happens to a token, for logs and hooks. Names, times and counts; never a secret.

use std::fmt;
use std::time::Duration;

/// Something that happened to the stored login. Told to the `log` crate (target `evergrant`) and to
/// the hook of [`ClientBuilder::on_event`](crate::ClientBuilder::on_event), after all locks are let go, so a hook may call the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A new access token was issued; `generation` counts them.
    Refreshed {
        /// Which token of this login it is.
        generation: u64,
    },
    /// Somebody else had refreshed; their token is used.
    Adopted {
        /// Which token of this login it is.
        generation: u64,
    },
    /// This call waited for the store's lock.
    Waited {
        /// How long.
        waited: Duration,
    },
    /// A refresh was put off; the current access token still works.
    PutOff {
        /// Why, naming the store or the host.
        reason: String,
    },
    /// An earlier request for a new token had stayed without an answer; this one was answered.
    Recovered {
        /// Which token of this login it is.
        generation: u64,
    },
    /// A new token could not be saved. It is kept in memory and saved by the next call that can. (For
    /// a grant that is asked anew, such as client credentials, also a store that could not be locked or
    /// read; nothing is saved later then.)
    SaveFailed {
        /// The store.
        store: String,
        /// What the store reported.
        reason: String,
    },
    /// A person has to authorize again.
    AuthorizationNeeded {
        /// Why.
        reason: String,
    },
    /// Something weakens the promise: the setup, told once per client, or a pair that was never saved
    /// before its client was dropped.
    Warning {
        /// What.
        text: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Refreshed { generation } => write!(f, "refreshed: token {generation}"),
            Event::Adopted { generation } => {
                write!(f, "adopted token {generation}, which somebody else had refreshed")
            }
            Event::Waited { waited } => write!(f, "waited {} ms for the lock", waited.as_millis()),
            Event::PutOff { reason } => write!(f, "refresh put off: {reason}"),
            Event::Recovered { generation } => {
                write!(f, "recovered: token {generation} came after an unanswered request")
            }
            Event::SaveFailed { store, reason } => write!(f, "could not save {store}: {reason}"),
            Event::AuthorizationNeeded { reason } => write!(f, "authorization needed: {reason}"),
            Event::Warning { text } => f.write_str(text),
        }
    }
}

impl Event {
    pub(crate) fn level(&self) -> log::Level {
        match self {
            Event::Adopted { .. } | Event::Waited { .. } => log::Level::Debug,
            Event::Refreshed { .. } => log::Level::Info,
            Event::PutOff { .. } | Event::Recovered { .. } | Event::Warning { .. } => {
                log::Level::Warn
            }
            Event::SaveFailed { .. } | Event::AuthorizationNeeded { .. } => log::Level::Error,
        }
    }
}
