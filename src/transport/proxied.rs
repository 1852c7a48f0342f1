//! Names the proxy in the error of a failed request.

use std::env::VarError;
use std::fmt;
use std::io;

use ureq::Agent;
use ureq::http::Uri;
use url::Url;

use super::cause;
use crate::error::BoxError;
use crate::provider::is_loopback;

/// The cause of a failed request. If the request used a proxy, the text names the proxy, because the proxy
/// may be down instead of the service.
pub(crate) fn cause_at(error: ureq::Error, agent: &Agent, uri: &Uri) -> BoxError {
    let cause = cause(error);
    match agent.config().proxy().filter(|proxy| !proxy.is_no_proxy(uri)) {
        // The address is shown without user and password.
        Some(proxy) => noted(cause, format!("through the proxy {}:{}", proxy.host(), proxy.port())),
        None if Url::parse(&uri.to_string()).is_ok_and(|url| is_loopback(&url)) => cause,
        None => match unreadable() {
            Some(name) => {
                noted(cause, format!("{name} is not the address of a proxy, so none was used"))
            }
            None => cause,
        },
    }
}

/// The environment variable that should name a proxy, but has an unreadable value. ureq ignores this variable
/// silently.
fn unreadable() -> Option<&'static str> {
    let names =
        ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    names.into_iter().find(|name| match std::env::var(name) {
        Ok(value) => !value.is_empty() && ureq::Proxy::new(&value).is_err(),
        Err(VarError::NotUnicode(_)) => true,
        Err(VarError::NotPresent) => false,
    })
}

/// Adds a note about the proxy to a cause. An I/O error stays an I/O error of the same kind.
fn noted(cause: BoxError, proxy: String) -> BoxError {
    match cause.downcast::<io::Error>() {
        Ok(cause) => {
            let kind = cause.kind();
            io::Error::new(kind, ByProxy { cause: cause.into(), proxy }).into()
        }
        Err(cause) => Box::new(ByProxy { cause, proxy }),
    }
}

/// The cause of a failed request, and a text about the proxy.
#[derive(Debug)]
struct ByProxy {
    cause: BoxError,
    proxy: String,
}

impl fmt::Display for ByProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.proxy)
    }
}

impl std::error::Error for ByProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}
