//! Keeps all logins alive.

use std::fmt;
use std::thread;
use std::time::Duration;

use super::status::unlisted;
use super::work::Work;
use super::{Logins, Progress, Report};
use crate::error::{Result, chain, one_line};

/// The default of [`Sweep::threads`].
const THREADS: usize = 8;
/// The default of [`Sweep::patience`].
const PATIENCE: Duration = Duration::from_secs(60);
/// The default of [`Sweep::longest_wait`].
const LONGEST_WAIT: Duration = Duration::from_secs(900);

type Show<'a> = Box<dyn Fn(&Progress<'_>) + Send + Sync + 'a>;

/// A sweep over all logins: [`Logins::keep_alive`].
///
/// A login is refreshed when a quarter to a half of its shortest known limit has passed since its last
/// refresh (with no known limit: after 3.5 to 7 days). The account and its record determine the moment:
/// every host computes the same moment, and the moment changes after each refresh, so that logins that
/// were added in one minute drift apart. Sweep at least once in a quarter of the shortest limit. More
/// frequent sweeps are better; each sweep reads every record once.
///
/// Any number of hosts may sweep at the same time. The host that comes second finds a fresh record and sends
/// nothing. A sweep may be killed at any point: run it again.
///
/// If the service refuses the client itself for five accounts in a row (a wrong secret), the sweep sends nothing
/// more, and puts off the logins that are due. Near a limit of refusals
/// ([`ProviderBuilder::refusal_limit`](crate::provider::ProviderBuilder::refusal_limit)), the sweep stops in the same
/// way; each process counts by itself.
///
/// If the service asks to wait (429, or 503 with `Retry-After`), all logins wait, and the sweep goes on after the
/// wait, for 10 minutes at most after one answer. The first request after a wait is a single request; each answer lets
/// one more login be under way. If the service goes on asking to wait, the sweep ends after
/// [`Sweep::longest_wait`], and puts off the logins that are due.
///
/// After three requests in a row without an answer, the sweep sends only one login, the probe, until an
/// answer comes: each request without an answer may have used up a refresh token. Until then each
/// thread may have one login under way, so fewer threads put fewer logins at risk. If the probe gets no
/// answer within [`Sweep::patience`], the sweep sends nothing more. A probe that may not be sent again while its access
/// token works (with [`Rotation::StrictFamily`](crate::provider::Rotation::StrictFamily)) gives its place to another
/// login, after growing pauses, until the same patience ends. The sweep does not try other logins
/// again whose requests got no answer.
///
/// A worker does not wait for a single login. If another process is refreshing the login, the service asked
/// to wait, or a refusal must be checked once more, the account is put off, and the worker goes on with
/// others. Clients of accounts that nobody has used for some time ([`LoginsBuilder::idle`](super::LoginsBuilder::idle))
/// are dropped when a sweep begins and ends.
#[must_use = "a sweep begins with `run`"]
pub struct Sweep<'a> {
    pub(super) logins: &'a Logins,
    pub(super) threads: usize,
    pub(super) patience: Duration,
    pub(super) longest_wait: Duration,
    pub(super) access_tokens: Option<Duration>,
    pub(super) gap: Duration,
    pub(super) show: Option<Show<'a>>,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(logins: &'a Logins) -> Sweep<'a> {
        Sweep {
            logins,
            threads: THREADS,
            patience: PATIENCE,
            longest_wait: LONGEST_WAIT,
            access_tokens: None,
            gap: Duration::ZERO,
            show: None,
        }
    }

    /// Sets how many threads work at the same time, the calling thread included; 8 by default.
    pub fn threads(mut self, threads: usize) -> Sweep<'a> {
        self.threads = threads.max(1);
        self
    }

    /// Sets how long the sweep goes on trying an account that it had to put off; one minute by default.
    /// After that, the account is [`Outcome::PutOff`](super::Outcome::PutOff). Waits that the service asks for do not
    /// count, nor does the time until a request is permitted.
    pub fn patience(mut self, patience: Duration) -> Sweep<'a> {
        self.patience = patience;
        self
    }

    /// Sets how long the sweep waits for a service that asks to wait (429, or 503 with `Retry-After`) and gives no
    /// other answer; 15 minutes by default. If a wait would end later, the logins that are due are
    /// [`Outcome::PutOff`](super::Outcome::PutOff). Any other answer of the service starts this time again, but not
    /// for a login whose own requests are answered only by such waits.
    pub fn longest_wait(mut self, longest: Duration) -> Sweep<'a> {
        self.longest_wait = longest;
        self
    }

    /// Also replaces access tokens that expire within this time, each at a moment of its own in the first half of
    /// the time. Calls of other processes then find fresh tokens. Sweep more often than twice in this time.
    pub fn access_tokens(mut self, within: Duration) -> Sweep<'a> {
        self.access_tokens = Some(within);
        self
    }

    /// Sends at most this many refreshes in each span of `per`, evenly spread, for a token endpoint with a known
    /// limit. An answer that asks to wait is respected in any case.
    pub fn at_most(mut self, requests: u32, per: Duration) -> Sweep<'a> {
        self.gap = per / requests.max(1);
        self
    }

    /// Calls `show` after each login, on the thread that was at work.
    pub fn on_progress(mut self, show: impl Fn(&Progress<'_>) + Send + Sync + 'a) -> Sweep<'a> {
        self.show = Some(Box::new(show));
        self
    }

    /// Sweeps, and returns when all logins are done.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`](crate::Error::Backend) if no name of an account can be read. If further names cannot be
    /// read, the logins that were found until then are done, and [`Report::unlisted`] has the reason. An error of a
    /// single login is in the [`Report`].
    pub fn run(self) -> Result<Report> {
        let Sweep { logins, threads, .. } = self;
        let clock = logins.0.pattern.shared_clock();
        let began = clock.monotonic();
        logins.0.clients.drop_idle();
        logins.0.pace.begin();
        let work = Work::new(&self);
        thread::scope(|scope| {
            for _ in 1..threads {
                // If the system starts no further thread, fewer threads do the work.
                let _ = thread::Builder::new().spawn_scoped(scope, || work.run());
            }
            work.run();
        });
        logins.0.clients.drop_idle();
        let (mut report, fault) = work.finish();
        if let Some(error) = fault {
            let error = unlisted(error);
            if report.total() == 0 {
                return Err(error);
            }
            report.unlisted = Some(one_line(&chain(&error)));
        }
        report.took = clock.monotonic().saturating_sub(began);
        Ok(report)
    }
}

impl fmt::Debug for Sweep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("threads", &self.threads)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
