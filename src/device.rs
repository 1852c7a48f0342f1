//! A login on a host without a browser: the person opens an address on any other device and types a
//! code (RFC 8628).
//!
//! ```
//! # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
//! # let clock = std::sync::Arc::new(evergrant::clock::ManualClock::new());
//! # let sandbox = Sandbox::builder().clock(clock.clone()).start()?;
//! # let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! # let client = client.clock(clock).build();
//! client.authorize_device(&["read"], |code| {
//!     println!("{code}");
//! #   sandbox.approve_device(code.user_code());
//! })?;
//! # assert!(client.stored()?.is_some());
//! # Ok::<(), evergrant::BoxError>(())
//! ```

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Map;

use crate::client::Client;
use crate::clock::{self, Clock};
use crate::error::{Error, LoginNotFinished, OAuthError, Result, chain};
pub use crate::protocol::DeviceCode;
use crate::token::Token;

/// The longest single sleep while the client waits for the next poll. After each sleep, the caller's
/// closure can stop the login.
const SLICE: Duration = Duration::from_secs(1);
/// The longest wait after polls that got no answer, unless the server asked for a longer wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long the client polls if the server does not say when the code expires.
const LIFETIME: Duration = Duration::from_secs(1800);

/// The progress of a device login, for the watcher of [`Client::exchange_device`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DevicePoll {
    /// The client waits before the next poll. The watcher gets this value about once a second.
    Waiting {
        /// The time until the next poll.
        left: Duration,
    },
    /// The person has not decided yet.
    Pending,
    /// The server asked to poll less often (RFC 8628 section 3.5).
    SlowDown {
        /// The wait between two polls from now on.
        interval: Duration,
    },
    /// A poll failed for a reason that may pass. The client waits longer before the next poll.
    Failed {
        /// The reason, with its causes.
        reason: String,
        /// The wait before the next poll.
        interval: Duration,
    },
}

impl Client {
    /// Logs in a person who has a browser on another device: asks for a code, calls `show` with the code,
    /// polls until the person has decided, and stores the login. The login is durable when this method
    /// returns. Until then the stored login does not change.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::device_code`] and [`Client::exchange_device`].
    pub fn authorize_device(&self, scopes: &[&str], show: impl FnOnce(&DeviceCode)) -> Result<()> {
        let code = self.device_code(scopes)?;
        show(&code);
        self.exchange_device(&code, |_| ControlFlow::Continue(())).map(|_| ())
    }

    /// Requests a device code and a user code from the server. An empty list of scopes means the provider's
    /// default scopes.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the provider has no device authorization endpoint, a scope has characters
    /// that no scope may have, or the store holds another client's token; [`Error::Backend`] for a store
    /// that cannot be read, before a person is asked; [`Error::OAuth`] when the server refuses, or, with
    /// the code `malformed`, when its answer cannot be read; [`Error::RateLimited`],
    /// [`Error::Transport`], [`Error::Decode`].
    pub fn device_code(&self, scopes: &[&str]) -> Result<DeviceCode> {
        self.keeper().prove_store()?;
        let asked_at = self.clock().monotonic();
        let code = self.tokens().device_code(scopes, self.clock().now_utc())?;
        Ok(code.asked_at(asked_at))
    }

    /// Polls with a code until the person has decided, and stores the login in place of any other. The login
    /// is durable when this method returns. `watch` gets the progress, and stops the login with
    /// [`ControlFlow::Break`], also during a wait.
    ///
    /// The first poll comes one interval after the call. `slow_down` makes the interval longer for the rest
    /// of the login, a poll that is not answered doubles the interval, and the client waits for
    /// `Retry-After`. The store's lock is held during a poll, and not during a wait.
    ///
    /// # Errors
    ///
    /// [`Error::OAuth`] with the server's code when the server refuses the login: `access_denied` when the
    /// person said no, `expired_token` when nobody entered the code in time (also by this machine's clock).
    /// [`Error::LoginNotFinished`] when `watch` stopped the login. [`Error::OutcomeUnknown`] when the server
    /// no longer knows the code after a poll that got no answer; the lost answer may have contained the
    /// token. [`Error::Config`] for a code of another client. [`Error::Backend`], [`Error::Busy`], and
    /// [`Error::NotSaved`], which carries the token.
    pub fn exchange_device(
        &self,
        code: &DeviceCode,
        mut watch: impl FnMut(&DevicePoll) -> ControlFlow<()>,
    ) -> Result<Token> {
        if !code.is_for(self.provider(), self.credentials()) {
            return Err(Error::config("this device code was given to another client"));
        }
        let mut polls = Polls::new(code, self.clock());
        loop {
            if polls.ends_while_waiting(self.clock()) {
                return Err(polls.unanswered.unwrap_or_else(|| self.expired()));
            }
            self.wait(polls.wait, &mut watch)?;
            let mut slower = polls.interval;
            let result = self.keeper().authorize(Map::new(), &mut |sent_at| {
                self.tokens().poll_device(code, polls.interval, &mut slower, sent_at)
            });
            let error = match result {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let event = polls.after(error, slower)?;
            stopped(watch(&event))?;
        }
    }

    fn wait(
        &self,
        whole: Duration,
        watch: &mut impl FnMut(&DevicePoll) -> ControlFlow<()>,
    ) -> Result<()> {
        let clock = self.clock();
        let end = clock.monotonic().saturating_add(whole);
        loop {
            let left = end.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return Ok(());
            }
            stopped(watch(&DevicePoll::Waiting { left }))?;
            clock.sleep(left.min(SLICE));
        }
    }

    fn expired(&self) -> Error {
        Error::OAuth(Box::new(OAuthError {
            host: self.provider().token_host(),
            code: "expired_token".to_owned(),
            description: Some("nobody entered the code in time".to_owned()),
            uri: None,
            status: 0,
            request: None,
        }))
    }
}

/// Decides when the client polls next.
struct Polls {
    /// How long to wait before the next poll.
    wait: Duration,
    /// The wait between two polls, as the server has set it.
    interval: Duration,
    /// When the code expires, by the monotonic clock: setting the wall clock back does not lengthen its
    /// lifetime.
    deadline: Duration,
    /// Whether the wait is longer only because a poll got no answer.
    backs_off: bool,
    /// The error of a poll without an answer. The lost answer may have had the token.
    unanswered: Option<Error>,
}

impl Polls {
    fn new(code: &DeviceCode, clock: &dyn Clock) -> Polls {
        let by_wall = || {
            let left = code.expires_at().map(|end| clock::until(clock.now_utc(), end));
            clock.monotonic().saturating_add(left.unwrap_or(LIFETIME))
        };
        Polls {
            wait: code.interval(),
            interval: code.interval(),
            deadline: code.ends_at().unwrap_or_else(by_wall),
            backs_off: false,
            unanswered: None,
        }
    }

    /// Whether the code expires before the next poll. If the wait is long only because polls failed,
    /// shortens the wait first, so that one more poll is sent before the code expires.
    fn ends_while_waiting(&mut self, clock: &dyn Clock) -> bool {
        let left = self.deadline.saturating_sub(clock.monotonic());
        if self.backs_off && self.wait >= left {
            self.wait = self.wait.min(self.interval);
        }
        self.wait >= left
    }

    /// Handles a poll that returned no token: returns the progress if the login goes on, or else the
    /// error. `slower` is the interval that a `slow_down` asks for.
    fn after(&mut self, error: Error, slower: Duration) -> Result<DevicePoll> {
        let reason = chain(&error);
        self.backs_off = matches!(error, Error::Transport(_) | Error::OutcomeUnknown(_));
        match &error {
            Error::OAuth(oauth) => {
                let event = match oauth.code.as_str() {
                    "authorization_pending" => DevicePoll::Pending,
                    "slow_down" => {
                        self.interval = slower;
                        DevicePoll::SlowDown { interval: slower }
                    }
                    // The lost answer to an earlier poll may have contained the token: servers then refuse
                    // the code with either error.
                    "invalid_grant" | "access_denied" => {
                        return Err(self.unanswered.take().unwrap_or(error));
                    }
                    _ => return Err(error),
                };
                self.wait = self.interval;
                Ok(event)
            }
            Error::RateLimited(limited) => {
                self.wait = self.interval.max(limited.retry_after);
                Ok(DevicePoll::Failed { reason, interval: self.wait })
            }
            Error::Transport(_) | Error::OutcomeUnknown(_) => {
                // Exponential back-off (RFC 8628 section 3.5), until an answer comes.
                self.wait = self.wait.saturating_mul(2).min(self.interval.max(LONGEST_WAIT));
                let mut reason = reason;
                if let Error::OutcomeUnknown(unknown) = &error {
                    // A poll does not use up the device code, so only the cause of the failure is reported.
                    if let Some(cause) = &unknown.source {
                        reason = chain(&**cause);
                    }
                    self.unanswered = Some(error);
                }
                Ok(DevicePoll::Failed { reason, interval: self.wait })
            }
            _ => Err(error),
        }
    }
}

fn stopped(flow: ControlFlow<()>) -> Result<()> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => {
            Err(Error::LoginNotFinished(Box::new(LoginNotFinished::new(None, None))))
        }
    }
}
