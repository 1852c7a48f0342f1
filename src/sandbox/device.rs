//! Implements the device authorization grant (RFC 8628), without I/O.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::Server;
use super::tokens::{Decision, Now, Refused};
use crate::secret::random_text;

/// The letters of a user code. Without vowels, no words can appear (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits for its person.
pub(super) struct Device {
    user_code: String,
    scope: String,
    issued_at: Duration,
    interval: Duration,
    last_poll: Option<Duration>,
    /// The person's decision.
    approved: Option<bool>,
    spent: bool,
}

impl Server {
    /// Starts a device login and returns the members of the reply.
    pub(super) fn begin_device(&mut self, now: Now, url: &str, scope: &str) -> Value {
        let (device_code, user_code) = (random_text::<24>(), user_code());
        let lifetime = self.settings.device_lifetime;
        let interval = self.settings.device_interval;
        let mut answer = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": format!("{url}/device"),
            "verification_uri_complete": format!("{url}/device?user_code={user_code}"),
            "expires_in": lifetime.as_secs(),
        });
        if let (Some(interval), Some(members)) = (interval, answer.as_object_mut()) {
            members.insert("interval".to_owned(), interval.as_secs().into());
        }
        self.devices.insert(
            device_code,
            Device {
                user_code,
                scope: scope.to_owned(),
                issued_at: now.monotonic,
                interval: interval.unwrap_or(Duration::from_secs(5)),
                last_poll: None,
                approved: None,
                spent: false,
            },
        );
        answer
    }

    /// Records the person's decision. Returns `false` if no device waits with this code.
    pub(super) fn decide_device(&mut self, now: Now, user_code: &str, approve: bool) -> bool {
        let lifetime = self.settings.device_lifetime;
        let waits = |device: &&mut Device| {
            device.user_code == user_code
                && device.approved.is_none()
                && now.monotonic.saturating_sub(device.issued_at) < lifetime
        };
        match self.devices.values_mut().find(waits) {
            Some(device) => {
                device.approved = Some(approve);
                true
            }
            None => false,
        }
    }

    /// Answers a poll of a device (section 3.5). A poll that is too early gets `slow_down`, and the interval
    /// grows.
    pub(super) fn poll_device(&mut self, now: Now, device_code: &str) -> Decision {
        let refused = |code, description| Err(Refused::new(code, description));
        let lifetime = self.settings.device_lifetime;
        let Some(device) = self.devices.get_mut(device_code) else {
            return refused("invalid_grant", "unknown device_code");
        };
        if device.spent {
            return refused("invalid_grant", "the device_code was used before");
        }
        if now.monotonic.saturating_sub(device.issued_at) >= lifetime {
            return refused("expired_token", "the device_code has expired");
        }
        let last = device.last_poll.replace(now.monotonic).unwrap_or(device.issued_at);
        if now.monotonic.saturating_sub(last) < device.interval {
            device.interval += Duration::from_secs(5);
            self.counters.slow_downs += 1;
            return refused("slow_down", "polled before the interval was over");
        }
        match device.approved {
            None => refused("authorization_pending", "the person has not decided yet"),
            Some(false) => refused("access_denied", "the person said no"),
            Some(true) => {
                device.spent = true;
                let scope = device.scope.clone();
                self.counters.device_logins += 1;
                Ok(self.begin_login(now, &scope))
            }
        }
    }
}

/// Makes a user code: eight letters in two groups.
fn user_code() -> String {
    let random = random_text::<16>();
    let letters: String = random
        .bytes()
        .take(8)
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
        .collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}
