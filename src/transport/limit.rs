//! The time limit of a token request. Time in which the process is stopped is not counted.
//!
//! A process may be stopped while its answer arrives: by a signal, together with its container or
//! virtual machine, or when a laptop is closed. ureq's own limit goes on meanwhile, so ureq would throw
//! away an answer that is already in the socket, and with it the only refresh token that works. This
//! module cuts a wait into slices. A slice that took much longer than planned is counted as one slice,
//! and bytes that have arrived are read before a request is given up. [`head`] cleans the head of an answer.
//!
//! This module and [`super::public`] are the places that use `ureq::unversioned`, which may change with
//! a minor version of ureq: the two traits, [`NextTimeout`], and the default connector and resolver.

mod head;

use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::tls::TlsProvider;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Error, Timeout};

use super::public::CheckedResolver;
use crate::clock::Clock;

/// The limit that is given to ureq and that no request reaches. The time that is left of this limit
/// tells when the request began.
pub(super) const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The length of one wait for input.
const SLICE: Duration = Duration::from_secs(1);
/// A wait that takes this much longer than planned counts as a stop of the process; a busy computer causes shorter
/// delays.
const SLACK: Duration = Duration::from_secs(1);
/// After the limit, bytes that have already arrived are still read. The longest time of one such read.
const LOOK: Duration = Duration::from_millis(100);
/// The longest time of all reads after the limit. The reads go on while they return bytes, because an answer may
/// have arrived in several pieces.
const LOOKS: Duration = Duration::from_secs(1);

/// Makes an agent whose requests take `limit` at most, by `clock`. The limit in `config` must be
/// [`FAR`].
#[cfg(test)]
pub(super) fn agent(config: Config, limit: Duration, clock: Arc<dyn Clock>) -> Agent {
    agent_to(config, limit, clock, false)
}

/// Makes an agent as ureq does, except that the agent never looks up `localhost`.
pub(crate) fn plain_agent(config: Config) -> Agent {
    let resolver = CheckedResolver { inner: DefaultResolver::default(), public_only: false };
    Agent::with_parts(config, DefaultConnector::new(), resolver)
}

/// Does the same as [`agent`]; with `public_only`, the agent connects to public addresses only.
pub(super) fn agent_to(
    config: Config,
    limit: Duration,
    clock: Arc<dyn Clock>,
    public_only: bool,
) -> Agent {
    let connector = LimitedConnector { inner: DefaultConnector::new(), limit, clock };
    let resolver = CheckedResolver { inner: DefaultResolver::default(), public_only };
    Agent::with_parts(config, connector, resolver)
}

/// Connects as ureq does, with ureq's limits on connecting: until then nothing has been sent.
#[derive(Debug)]
struct LimitedConnector {
    inner: DefaultConnector,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl Connector for LimitedConnector {
    type Out = Limited;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Limited>, Error> {
        // Only rustls, of all TLS providers, is known to allow another read after a read that timed
        // out, and Windows allows it for no socket. With any other TLS library, and on Windows, the limit is
        // one single wait.
        let rustls = details.config.tls_config().provider() == TlsProvider::Rustls;
        let resumes = !cfg!(windows) && (rustls || !details.needs_tls());
        let slice = if resumes { SLICE } else { Duration::MAX };
        let connected = self.inner.connect(details, chained)?;
        Ok(connected.map(|inner| Limited {
            inner,
            limit: self.limit,
            slice,
            clock: self.clock.clone(),
            meter: None,
            head_is_clean: false,
        }))
    }
}

/// A connection for one request.
#[derive(Debug)]
struct Limited {
    inner: Box<dyn Transport>,
    limit: Duration,
    /// How long one wait for input may be.
    slice: Duration,
    clock: Arc<dyn Clock>,
    /// The meter is set when the connection is made and the request is about to be written.
    meter: Option<Meter>,
    /// Whether the answer's head has come and was cleaned.
    head_is_clean: bool,
}

/// The time left.
#[derive(Debug)]
struct Meter {
    left: Duration,
    /// The time that is left for reads after the limit.
    looks: Duration,
    /// When the time was last counted.
    at: Duration,
}

impl Meter {
    /// Counts the time since the last count, but little more than the planned `wait`. Returns whether more
    /// time has passed, which means that the process was stopped.
    fn count(&mut self, now: Duration, wait: Duration) -> bool {
        let took = now.saturating_sub(self.at);
        self.at = now;
        let most = wait.saturating_add(SLACK);
        if self.left.is_zero() {
            self.looks = self.looks.saturating_sub(took.min(LOOK));
        } else {
            self.left = self.left.saturating_sub(took.min(most));
        }
        took > most
    }
}

impl Limited {
    /// Counts the time since the last read or write, and returns the meter. Returns `None` while a
    /// connection is made (to a proxy, too), and for the connection to a proxy inside another
    /// connection: ureq's global limit does not apply to them.
    fn meter(&mut self, timeout: &NextTimeout) -> Option<&mut Meter> {
        if timeout.reason != Timeout::Global {
            return None;
        }
        let now = self.clock.monotonic();
        let left = || self.limit.saturating_sub(FAR.saturating_sub(*timeout.after));
        let meter = self.meter.get_or_insert_with(|| Meter { left: left(), looks: LOOKS, at: now });
        meter.count(now, SLICE);
        Some(meter)
    }

    /// Waits for input, within the limit of the request.
    fn wait(&mut self, timeout: &NextTimeout) -> Result<bool, Error> {
        while let Some(meter) = &mut self.meter {
            let over = meter.left.is_zero();
            if over && meter.looks.is_zero() {
                break;
            }
            let wait = if over { LOOK } else { meter.left.min(self.slice) };
            let result = self.inner.await_input(only(wait, Timeout::PerRead));
            let stopped = meter.count(self.clock.monotonic(), wait);
            match result {
                Err(Error::Timeout(_)) if over && !stopped => break,
                Err(Error::Timeout(_)) => {}
                result => return result,
            }
        }
        Err(Error::Timeout(timeout.reason))
    }

    /// Cleans the answer's head if it has come. No more bytes come if `ended`.
    fn clean_head(&mut self, ended: bool) {
        let buffers = self.inner.buffers();
        let Some(clean) = head::clean(buffers.input(), ended) else { return };
        self.head_is_clean = true;
        let received = buffers.input().len();
        // Without space for the clean head, ureq gets the bytes as they came: no byte of a token may be lost.
        if clean.len() > received + buffers.input_append_buf().len() {
            return;
        }
        buffers.input_consume(received);
        buffers.input_append_buf()[..clean.len()].copy_from_slice(&clean);
        buffers.input_appended(clean.len());
    }
}

/// Makes a limit for the layer below. The reason tells a timeout of that layer from a timeout of the
/// request.
fn only(after: Duration, reason: Timeout) -> NextTimeout {
    NextTimeout { after: after.into(), reason, ..NextTimeout::default() }
}

/// Gives a timeout of the layer below the reason of the request's own limit.
fn with_reason(error: Error, reason: Timeout) -> Error {
    if matches!(error, Error::Timeout(_)) { Error::Timeout(reason) } else { error }
}

impl Transport for Limited {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(meter) = self.meter(&timeout) else {
            return self.inner.transmit_output(amount, timeout);
        };
        let wait = meter.left;
        if wait.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        // A write is not cut into slices: after a write that timed out, it is not known how much was
        // sent.
        let result = self.inner.transmit_output(amount, only(wait, Timeout::PerWrite));
        result.map_err(|error| with_reason(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.meter(&timeout).is_none() {
            return self.inner.await_input(timeout);
        }
        loop {
            let more = match self.wait(&timeout) {
                // The head has come, and its body decides nothing any more.
                Err(_) if !self.head_is_clean && head::is_whole(self.inner.buffers().input()) => {
                    self.clean_head(true);
                    return Ok(true);
                }
                more => more?,
            };
            if !self.head_is_clean {
                self.clean_head(!more);
            }
            // ureq would refuse a half head with a flaw.
            if self.head_is_clean || !more {
                return Ok(more);
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests;
