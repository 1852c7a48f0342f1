//! Events in the life of a login, for logs and hooks. An event holds names, times and counts, never a secret.

use std::fmt;
use std::time::Duration;

/// An event in the life of the stored login. The `log` crate (target `evergrant`) and the hook of
/// [`ClientBuilder::on_event`](crate::ClientBuilder::on_event) get each event after all locks are
/// released, so a hook may call the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A person has logged in, and the new login is stored.
    LoggedIn {
        /// The number of the access token: each new token of the login gets the next number.
        generation: u64,
    },
    /// The service issued a new access token without a person.
    Refreshed {
        /// The number of the access token: each new token of the login gets the next number.
        generation: u64,
    },
    /// Another process or client refreshed the token; this client uses the new token.
    Adopted {
        /// The number of the access token: each new token of the login gets the next number.
        generation: u64,
    },
    /// A call waited for the store's lock.
    Waited {
        /// How long the call waited.
        waited: Duration,
    },
    /// A refresh was put off; the current access token still works.
    PutOff {
        /// The reason with all causes, which names the store or the host.
        reason: String,
    },
    /// The service issued a new token after an earlier request that had no answer.
    Recovered {
        /// The number of the access token: each new token of the login gets the next number.
        generation: u64,
    },
    /// A new token could not be saved. The token is in memory, and the next call tries to save it
    /// again. For a grant without a person, such as client credentials, this event also reports that
    /// the store could not be locked or read; the token is then not saved later. If the store is set up
    /// wrongly and the client has had no token yet, the call returns an error instead of this event.
    SaveFailed {
        /// The store.
        store: String,
        /// What the store reported, with all causes.
        reason: String,
    },
    /// A person has to authorize again.
    AuthorizationNeeded {
        /// The reason.
        reason: String,
    },
    /// Something weakens the promise: a setting (reported once per client), or new tokens that were not
    /// saved when their client was dropped.
    Warning {
        /// The warning, in one sentence.
        text: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::LoggedIn { generation } => {
                write!(f, "logged in: access token {generation}")
            }
            Event::Refreshed { generation } => {
                write!(f, "refreshed: access token {generation}")
            }
            Event::Adopted { generation } => {
                write!(
                    f,
                    "uses access token {generation}, which another process or client refreshed"
                )
            }
            Event::Waited { waited } => {
                write!(f, "waited {} ms for the lock of the store", waited.as_millis())
            }
            Event::PutOff { reason } => {
                write!(f, "refresh put off: {reason}")
            }
            Event::Recovered { generation } => {
                write!(f, "refreshed: access token {generation}, after a request without an answer")
            }
            Event::SaveFailed { store, reason } => {
                write!(f, "could not save the new token in {store}: {reason}")
            }
            Event::AuthorizationNeeded { reason } => write!(f, "authorization needed: {reason}"),
            Event::Warning { text } => f.write_str(text),
        }
    }
}

/// Writes the events of one call to the log. If several saves fail in one call, the first is logged at
/// level error and the others at level debug.
pub(crate) fn log(host: &str, events: &[Event]) {
    let mut failed = false;
    for event in events {
        let repeats =
            matches!(event, Event::SaveFailed { .. }) && std::mem::replace(&mut failed, true);
        let level = if repeats { log::Level::Debug } else { event.level() };
        log::log!(target: "evergrant", level, "{host}: {event}");
    }
}

impl Event {
    pub(crate) fn level(&self) -> log::Level {
        match self {
            Event::Adopted { .. } | Event::Waited { .. } => log::Level::Debug,
            // The call returns an error with the same text, which the caller shows.
            Event::AuthorizationNeeded { .. } => log::Level::Debug,
            Event::LoggedIn { .. } | Event::Refreshed { .. } => log::Level::Info,
            Event::PutOff { .. } | Event::Recovered { .. } | Event::Warning { .. } => {
                log::Level::Warn
            }
            Event::SaveFailed { .. } => log::Level::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_the_caller_shows_is_not_logged_as_an_error() {
        let reason = || "why".to_owned();
        let needed = Event::AuthorizationNeeded { reason: reason() };
        assert_eq!(needed.level(), log::Level::Debug);
        let failed = Event::SaveFailed { store: "a store".to_owned(), reason: reason() };
        assert_eq!(failed.level(), log::Level::Error, "the call goes on");
        let first = Event::LoggedIn { generation: 1 };
        assert_eq!(
            (first.level(), &*first.to_string()),
            (log::Level::Info, "logged in: access token 1")
        );
    }
}
