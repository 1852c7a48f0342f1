//! Names the proxy in the error of a failed request.

use std::fmt;
use std::io;

use ureq::Agent;
use ureq::http::Uri;

use super::cause;
use crate::error::BoxError;

/// The cause of a failed request. It names the proxy, if one is used: the proxy may be down, and not the service.
pub(crate) fn cause_at(error: ureq::Error, agent: &Agent, uri: &Uri) -> BoxError {
    let cause = cause(error);
    match agent.config().proxy().filter(|proxy| !proxy.is_no_proxy(uri)) {
        // Without its user and password.
        Some(proxy) => through(cause, format!("{}:{}", proxy.host(), proxy.port())),
        None => cause,
    }
}

/// A cause with the proxy. An I/O error stays one, with its kind.
fn through(cause: BoxError, proxy: String) -> BoxError {
    match cause.downcast::<io::Error>() {
        Ok(cause) => {
            let kind = cause.kind();
            io::Error::new(kind, ByProxy { cause: cause.into(), proxy }).into()
        }
        Err(cause) => Box::new(ByProxy { cause, proxy }),
    }
}

/// The cause of a failure of a request that went through a proxy.
#[derive(Debug)]
struct ByProxy {
    cause: BoxError,
    proxy: String,
}

impl fmt::Display for ByProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (through the proxy {})", self.cause, self.proxy)
    }
}

impl std::error::Error for ByProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}
