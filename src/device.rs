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
use crate::clock;
use crate::error::{Error, OAuthError, Result, chain};
pub use crate::protocol::DeviceCode;
use crate::token::Token;

/// How long is waited at once: a watcher can stop the waiting in between.
const SLICE: Duration = Duration::from_secs(1);
/// How long a code is polled for whose end the server does not tell.
const LIFETIME: Duration = Duration::from_secs(1800);

/// What a device login is doing, told to the watcher of [`Client::exchange_device`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DevicePoll {
    /// It waits before the next poll; told about once a second.
    Waiting {
        /// How long until then.
        left: Duration,
    },
    /// The person has not decided yet.
    Pending,
    /// The server asked to poll less often (RFC 8628 section 3.5).
    SlowDown {
        /// How long it waits between two polls from now on.
        interval: Duration,
    },
    /// A poll failed for a reason that may pass; it polls less often from now on.
    Failed {
        /// Why.
        reason: String,
        /// How long it waits before the next poll.
        interval: Duration,
    },
}

impl Client {
    /// Logs a person in who has a browser somewhere else: asks for a code, calls `show` with it, polls
    /// until the person has decided, and stores the login. It is durable when this returns. Until then
    /// the store is untouched.
    ///
    /// # Errors
    ///
    /// As [`Client::device_code`] and [`Client::exchange_device`].
    pub fn authorize_device(&self, scopes: &[&str], show: impl FnOnce(&DeviceCode)) -> Result<()> {
        let code = self.device_code(scopes)?;
        show(&code);
        self.exchange_device(&code, |_| ControlFlow::Continue(())).map(|_| ())
    }

    /// Asks for a code. No scopes means the provider's own default.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the provider has no device authorization endpoint, a scope cannot be
    /// one, or the store holds another client's token; [`Error::Backend`] for a store that cannot be
    /// read, before a person is asked; [`Error::OAuth`] when the server refuses, also with the code
    /// `malformed` for an answer that is none; [`Error::RateLimited`], [`Error::Transport`],
    /// [`Error::Decode`].
    pub fn device_code(&self, scopes: &[&str]) -> Result<DeviceCode> {
        self.keeper().prove_store()?;
        self.tokens().device_code(scopes, self.clock().now_utc())
    }

    /// Polls with a code until the person has decided, and stores the login in place of any other. It
    /// is durable when this returns. `watch` is told what happens, and stops it with
    /// [`ControlFlow::Break`], also while it waits.
    ///
    /// The first poll comes one interval after the call. `slow_down` makes the interval longer for
    /// good, a poll without an answer doubles it, and `Retry-After` is waited for. The store's lock is
    /// held while a poll is answered, and not while it waits.
    ///
    /// # Errors
    ///
    /// [`Error::OAuth`] with the server's code when it ends the login: `access_denied` when the person
    /// said no, `expired_token` when nobody came in time (also by this machine's clock).
    /// [`Error::NotAuthorized`] when the watcher stopped it. [`Error::OutcomeUnknown`] when the server
    /// no longer knows the code after a poll that stayed without an answer, which may have had the
    /// token. [`Error::Config`] for a code of another client. [`Error::Backend`], [`Error::Busy`],
    /// and [`Error::NotSaved`], which carries the token.
    pub fn exchange_device(
        &self,
        code: &DeviceCode,
        mut watch: impl FnMut(&DevicePoll) -> ControlFlow<()>,
    ) -> Result<Token> {
        if !code.is_for(self.provider(), self.credentials()) {
            return Err(Error::config("this device code was given to another client"));
        }
        let clock = self.clock();
        let lifetime = code.expires_at().map(|end| clock::until(clock.now_utc(), end));
        // By the monotonic clock: a wall clock that is set back does not lengthen it.
        let deadline = clock.monotonic().saturating_add(lifetime.unwrap_or(LIFETIME));
        let mut interval = code.interval();
        let mut wait = interval;
        let mut unanswered = None;
        loop {
            if clock.monotonic().saturating_add(wait) >= deadline {
                return Err(unanswered.unwrap_or_else(|| self.expired()));
            }
            self.wait(wait, &mut watch)?;
            let mut slower = interval;
            let result = self.keeper().authorize(Map::new(), &mut |sent_at| {
                self.tokens().poll_device(code, interval, &mut slower, sent_at)
            });
            let error = match result {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            wait = interval;
            let event = match &error {
                Error::OAuth(oauth) => match oauth.code.as_str() {
                    "authorization_pending" => DevicePoll::Pending,
                    "slow_down" => {
                        interval = slower;
                        wait = interval;
                        DevicePoll::SlowDown { interval }
                    }
                    // An answer that was lost may have had the token: servers say either then.
                    "invalid_grant" | "access_denied" => return Err(unanswered.unwrap_or(error)),
                    _ => return Err(error),
                },
                Error::RateLimited(limited) => {
                    wait = interval.max(limited.retry_after);
                    DevicePoll::Failed { reason: chain(&error), interval: wait }
                }
                Error::Transport(_) | Error::OutcomeUnknown(_) => {
                    // RFC 8628 section 3.5: exponential back-off.
                    interval = interval.saturating_mul(2);
                    wait = interval;
                    DevicePoll::Failed { reason: chain(&error), interval }
                }
                _ => return Err(error),
            };
            if matches!(error, Error::OutcomeUnknown(_)) {
                unanswered = Some(error);
            }
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
        }))
    }
}

fn stopped(flow: ControlFlow<()>) -> Result<()> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => {
            Err(Error::NotAuthorized("the device login was stopped by its caller".into()))
        }
    }
}
