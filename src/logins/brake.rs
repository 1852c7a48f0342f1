//! Decides when a sweep stops: the service refuses the client itself, or does not answer.

use std::time::Duration;

use parking_lot::Mutex;

use crate::error::{Error, OAuthError, chain};

/// After the service has refused the client itself for this many accounts in a row, a sweep sends nothing more.
pub(super) const REFUSALS: usize = 5;

/// Decides whether a sweep may refresh a login.
#[derive(Default)]
pub(super) struct Brake {
    /// For how long the sweep sends probes while no answer comes.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The accounts for which the service refused the client itself, in a row, and the last reason.
    refused: Vec<String>,
    reason: String,
    probe: Probe,
    /// When the first probe since the last answer got no answer, in monotonic time.
    silent_since: Option<Duration>,
    /// How many accounts were the probe since the last answer, got no answer, and may not send again.
    passed: u32,
}

/// The only login that a sweep refreshes while the service does not answer.
#[derive(Default)]
enum Probe {
    #[default]
    Free,
    Account {
        name: String,
        /// Whether a request of this account got no answer.
        tried: bool,
        /// Whether the last visit of this account sent a request.
        sent: bool,
    },
    /// No probe got an answer until the patience ended.
    Ended,
}

/// Why a sweep does not refresh a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The sweep may try the login again when the probe is answered.
    Wait,
    /// The sweep sends nothing more.
    End(String),
}

impl Brake {
    pub(super) fn new(patience: Duration) -> Brake {
        Brake { patience, state: Mutex::default() }
    }

    /// Returns why the login of this account must not be refreshed now. While the service is silent, the
    /// first account that asks becomes the probe: the only login that is refreshed.
    pub(super) fn stops(&self, account: &str, silent: bool) -> Option<Stop> {
        let mut state = self.state.lock();
        let count = state.refused.len();
        // A wrong secret would be refused for each login, and a service may block a client after many refusals.
        if count >= REFUSALS {
            let reason = &state.reason;
            let text = format!("not tried after {count} refusals of the client: {reason}");
            return Some(Stop::End(text));
        }
        if !silent {
            (state.probe, state.silent_since, state.passed) = (Probe::Free, None, 0);
            return None;
        }
        match &state.probe {
            Probe::Free => {
                let name = account.to_owned();
                state.probe = Probe::Account { name, tried: false, sent: false };
                None
            }
            Probe::Account { name, .. } if name == account => None,
            Probe::Account { .. } => Some(Stop::Wait),
            Probe::Ended => {
                let text = "not tried because the service does not answer";
                Some(Stop::End(text.to_owned()))
            }
        }
    }

    /// Whether the sweep tries an account again whose request got no answer. Only the probe is sent
    /// again: each further request would put another login at risk.
    pub(super) fn comes_back(&self, account: &str, silent: bool) -> bool {
        silent && self.stops(account, silent).is_none()
    }

    /// How many accounts were the probe since the last answer, got no answer, and may not send again. Each of them puts
    /// one more login at risk, so the pauses between the probes grow.
    pub(super) fn passed(&self) -> u32 {
        self.state.lock().passed
    }

    /// Learns how a request of an account ended. `answered` says that the service decided about the login.
    pub(super) fn learn(&self, account: &str, error: Option<&Error>, answered: bool) {
        let mut state = self.state.lock();
        match error {
            Some(error) if answer(error).is_some_and(is_about_client) => {
                if !state.refused.iter().any(|name| name == account) {
                    state.refused.push(account.to_owned());
                }
                state.reason = chain(error);
            }
            Some(Error::OAuth(_)) => state.refused.clear(),
            _ if answered => state.refused.clear(),
            _ => {}
        }
    }

    /// A request of this account got no answer, and the service is silent. The account becomes the probe, if there
    /// is none: its login is already at risk.
    pub(super) fn unanswered(&self, account: &str, now: Duration) {
        let mut state = self.state.lock();
        match &mut state.probe {
            Probe::Account { name, tried, sent } if name == account => {
                (*tried, *sent) = (true, true);
            }
            Probe::Free => {
                let name = account.to_owned();
                state.probe = Probe::Account { name, tried: true, sent: true };
            }
            _ => return,
        }
        state.silent_since.get_or_insert(now);
    }

    /// A visit begins. If the probe has sent nothing at its end, for example because another process has the lock, the
    /// next account that asks becomes the probe; also if the visit ends in a panic.
    pub(super) fn visiting(&self, account: &str) -> Visiting<'_> {
        if let Probe::Account { name, sent, .. } = &mut self.state.lock().probe
            && name == account
        {
            *sent = false;
        }
        Visiting { brake: self, account: account.to_owned() }
    }

    /// Called when the sweep has finished with an account. If the probe got no answer, the sweep sends
    /// nothing more. But if the last visit sent nothing, for example because a second request could end the login,
    /// another account becomes the probe until the patience ends.
    pub(super) fn done(&self, account: &str, put_off: bool, silent: bool, now: Duration) {
        let mut state = self.state.lock();
        let (tried, sent) = match &state.probe {
            Probe::Account { name, tried, sent } if name == account => (*tried, *sent),
            _ => return,
        };
        let unanswered = tried && put_off && silent;
        let end = state.silent_since.unwrap_or(now).saturating_add(self.patience);
        if unanswered && (sent || now >= end) {
            state.probe = Probe::Ended;
            return;
        }
        state.passed = state.passed.saturating_add(u32::from(unanswered));
        state.probe = Probe::Free;
    }
}

/// A visit of an account.
pub(super) struct Visiting<'a> {
    brake: &'a Brake,
    account: String,
}

impl Drop for Visiting<'_> {
    fn drop(&mut self) {
        let mut state = self.brake.state.lock();
        if let Probe::Account { name, tried, .. } = &state.probe
            && *name == self.account
            && (!*tried || std::thread::panicking())
        {
            state.probe = Probe::Free;
        }
    }
}

/// The service's answer, also if it does not say whether the token was used.
fn answer(error: &Error) -> Option<&OAuthError> {
    match error {
        Error::OAuth(answer) => Some(answer),
        Error::OutcomeUnknown(unknown) => unknown.source.as_ref()?.downcast_ref(),
        _ => None,
    }
}

/// Whether the service refused the client, whatever the login: a wrong secret (RFC 6749 section 5.2), or a status
/// without a code that says nothing about a login: not authenticated, a wrong address, a proxy that wants a
/// password.
pub(super) fn is_about_client(error: &OAuthError) -> bool {
    let codes = ["invalid_client", "http_401", "http_404", "http_405", "http_407"];
    codes.contains(&&*error.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn oauth(code: &str) -> Error {
        Error::OAuth(Box::new(OAuthError::new("as.example", code)))
    }

    #[test]
    fn only_refusals_for_different_accounts_stop_a_sweep() {
        let brake = Brake::default();
        let wrong = oauth("invalid_client");
        for _ in 0..9 {
            brake.learn("a", Some(&wrong), false);
            brake.learn("b", Some(&wrong), false);
        }
        assert_eq!(brake.stops("c", false), None, "two accounts");
        brake.learn("c", Some(&oauth("inactive_user")), false);
        for account in ["d", "e", "f", "g"] {
            brake.learn(account, Some(&wrong), false);
        }
        assert_eq!(brake.stops("h", false), None, "an answer about a login starts the count again");
        brake.learn("h", Some(&wrong), false);
        assert!(matches!(brake.stops("i", false), Some(Stop::End(_))));
    }

    #[test]
    fn one_probe_is_sent_while_the_service_is_silent() {
        let brake = Brake::default();
        assert_eq!(brake.stops("a", false), None);
        assert!(!brake.comes_back("a", false), "a single silence makes no probe");
        assert!(brake.comes_back("b", true));
        assert!(!brake.comes_back("c", true));
        assert_eq!(brake.stops("c", true), Some(Stop::Wait));
        assert_eq!(brake.stops("b", true), None);
        // The probe was answered: another account may be the next probe.
        brake.done("b", false, false, ZERO);
        assert_eq!(brake.stops("c", true), None);
        brake.unanswered("c", ZERO);
        brake.done("c", true, true, ZERO);
        assert!(matches!(brake.stops("d", true), Some(Stop::End(_))));
        assert_eq!(brake.stops("d", false), None, "an answer came");
    }

    #[test]
    fn a_probe_that_sent_nothing_passes_the_probe_on() {
        let brake = Brake::default();
        assert_eq!(brake.stops("a", true), None);
        assert_eq!(brake.stops("b", true), Some(Stop::Wait));
        drop(brake.visiting("a"));
        assert_eq!(brake.stops("b", true), None, "another account is the probe");
        brake.done("b", true, true, ZERO);
        assert_eq!(brake.stops("c", true), None, "the service was not asked");
        brake.unanswered("c", ZERO);
        drop(brake.visiting("c"));
        assert_eq!(brake.stops("d", true), Some(Stop::Wait));
        brake.done("c", true, true, ZERO);
        assert!(matches!(brake.stops("d", true), Some(Stop::End(_))));
    }

    #[test]
    fn probes_that_may_not_be_sent_again_end_with_the_patience() {
        let second = Duration::from_secs(1);
        let brake = Brake::new(10 * second);
        for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
            let now = second * 5 * u32::try_from(n).unwrap();
            assert_eq!(brake.stops(name, true), None);
            brake.unanswered(name, now);
            // The next visit of the probe sends nothing.
            drop(brake.visiting(name));
            assert_eq!(brake.stops("d", true), Some(Stop::Wait), "{name} is still the probe");
            brake.done(name, true, true, now);
        }
        assert_eq!(brake.passed(), 2);
        assert!(matches!(brake.stops("d", true), Some(Stop::End(_))));
        // An answer begins a new silence.
        assert_eq!((brake.stops("d", false), brake.passed()), (None, 0));
        assert_eq!(brake.stops("d", true), None);
    }
}
