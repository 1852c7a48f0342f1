//! The time limit of a token request, by time in which this process runs.
//!
//! A process may be stopped while its answer arrives: by a signal, with its container or its virtual
//! machine, under the lid of a laptop. ureq's own limit is a moment on a clock that goes on meanwhile, so
//! that it would throw away an answer that lies in the socket, and with it the only refresh token that
//! works. Here a wait is cut into slices. One that took much longer than it was to take counts as a
//! slice, and what has arrived is read before a request is given up.
//!
//! This is the one place that uses `ureq::unversioned`, which may change with a minor version of ureq:
//! the two traits, [`NextTimeout`], and the default connector and resolver.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::TlsProvider;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Error, Timeout};

use crate::clock::Clock;

/// ureq's own limit, which no request reaches. What is left of it tells when a request began.
pub(super) const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How long one wait for input is.
const SLICE: Duration = Duration::from_secs(1);
/// By how much a wait may be longer than it was to be, because the computer is busy.
const SLACK: Duration = Duration::from_secs(1);
/// A look at what has arrived, once the limit has passed.
const LOOK: Duration = Duration::from_millis(100);
/// How long such looks go on while each finds something: an answer may lie there in several pieces.
const LOOKS: Duration = Duration::from_secs(1);

/// An agent whose requests take `limit` at most, by `clock`, in which [`FAR`] is the limit of `config`.
pub(super) fn agent(config: Config, limit: Duration, clock: Arc<dyn Clock>) -> Agent {
    let connector = LimitedConnector { inner: DefaultConnector::new(), limit, clock };
    Agent::with_parts(config, connector, Names::default())
}

/// An agent as ureq makes it, for which `localhost` is this machine.
pub(crate) fn plain_agent(config: Config) -> Agent {
    Agent::with_parts(config, DefaultConnector::new(), Names::default())
}

/// Looks names up as ureq does, except `localhost`: plain http goes there, and what the system has for
/// the name, in a file or in DNS, may be another machine (RFC 6761 section 6.3).
#[derive(Debug, Default)]
struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let here = uri.host().is_some_and(|host| host.eq_ignore_ascii_case("localhost"));
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("http") => Some(80),
            _ => secure.then_some(443),
        });
        let Some(port) = port.filter(|_| here) else {
            return self.0.resolve(uri, config, timeout);
        };
        let both = [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
        let mut found = self.empty();
        config.ip_family().keep_wanted(both.into_iter()).for_each(|address: SocketAddr| {
            found.push(address);
        });
        Ok(found)
    }
}

/// Connects as ureq does. Its limits on connecting are left as they are: nothing has been sent then.
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
        // Whether a read may be tried again after it ran out of time is known of rustls alone, and
        // Windows promises it of no socket: there one wait is as long as the limit.
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
    /// Set when the connection stands and the request is about to be written.
    meter: Option<Meter>,
}

/// What is left of the limit.
#[derive(Debug)]
struct Meter {
    left: Duration,
    /// What is left for looks, after the limit.
    looks: Duration,
    /// When time was counted last.
    at: Duration,
}

impl Meter {
    /// Counts the time since the last count: after a wait that was to take `wait`, hardly more than
    /// that, whatever the clock says. Returns whether the process was stopped meanwhile.
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
    /// The meter, with the time since the last read or write counted. `None` while a connection is
    /// made, to a proxy too, and for the connection to a proxy inside another one: their limits are
    /// not ureq's global one.
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
}

/// A limit for the layer below, which tells it apart from the limit of the request.
fn only(after: Duration, reason: Timeout) -> NextTimeout {
    NextTimeout { after: after.into(), reason, ..NextTimeout::default() }
}

/// An error of the layer below, with the reason of the request's own limit.
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
        // In one piece: of a write that ran out of time nobody knows how much of it left.
        let result = self.inner.transmit_output(amount, only(wait, Timeout::PerWrite));
        result.map_err(|error| with_reason(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.meter(&timeout).is_none() {
            return self.inner.await_input(timeout);
        }
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

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests;
