//! A login from a terminal: a listener on loopback waits for the browser (RFC 8252 section 7.3), or a
//! person pastes the address of the callback.

mod callback;
mod listener;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use self::callback::Answer;
use self::listener::Listener;
use crate::client::Client;
use crate::error::{CallbackError, Error, LoginNotFinished, Result};
use crate::provider::is_loopback;

/// How often a person may paste an address.
const TRIES: u32 = 5;

impl Client {
    /// Logs a person in: listens on loopback, calls `show` with the address to open, waits for the browser's
    /// callback, exchanges the code and stores the login. The login is durable when this method returns.
    ///
    /// The client listens at the redirect URI of the credentials, such as
    /// `http://localhost:9999/callback`; without one, at the provider's own redirect URI, or else at
    /// `http://127.0.0.1/callback`. A redirect URI without a port, or with port 0, means any free port:
    /// the login request then names the port that the client got. Register such a redirect URI without
    /// a port, as a native or desktop application: for native applications the server must allow any
    /// port (RFC 8252 section 7.3). If a server compares the whole redirect URI, register a redirect
    /// URI with a port, and give the same redirect URI to the credentials; for port 80, write `:80`.
    /// For `localhost` the client listens on both 127.0.0.1 and `[::1]`; for an address such as
    /// `127.0.0.2`, on that address only. The callback may be a GET or a posted form. A request that
    /// does not belong to this login (another path, another state, half a request) is answered or
    /// dropped, and the client goes on waiting, for 5 minutes or as long as
    /// [`ClientBuilder::login_timeout`](crate::ClientBuilder::login_timeout) says. Until the code is
    /// exchanged the stored login does not change.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the redirect URI is not on loopback, or is a name of the service (use
    /// [`Client::authorize_pasted`]), or when its port is taken; [`Error::LoginNotFinished`] when the
    /// time is over (with the error in a callback without a state, if there was such a callback);
    /// [`Error::OAuth`] with `access_denied` when the person said no; otherwise the errors of
    /// [`Client::authorize`] and [`Client::exchange`].
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let credentials = evergrant::Credentials::new("sandbox-client", "sandbox-secret");
    /// # let client = Client::new(sandbox.provider(), credentials, MemoryBackend::new());
    /// # std::thread::scope(|scope| {
    /// client.authorize_interactive(&["read"], |url| {
    ///     println!("Open {url}");
    /// #   // What the browser does.
    /// #   let (url, sandbox) = (url.to_owned(), &sandbox);
    /// #   let browser = ureq::Agent::config_builder().proxy(None).build().new_agent();
    /// #   scope.spawn(move || browser.get(sandbox.approve(&url).unwrap()).call());
    /// })
    /// # })?;
    /// # assert!(client.stored()?.is_some());
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn authorize_interactive(&self, scopes: &[&str], show: impl FnOnce(&str)) -> Result<()> {
        if self.provider().authorization.redirect_uri_is_name {
            return Err(Error::config(format!(
                "the redirect URI of {} is a name, and only the service knows the address behind the \
                 name, so this program cannot listen there: use `Client::authorize_pasted`, or \
                 `Client::authorize` and `Client::exchange` on a web page",
                self.provider().display_name()
            )));
        }
        let wanted = self.redirect_uri().map(str::to_owned);
        let target = Target::new(wanted.as_deref())?;
        let listener = Listener::bind(&target)?;
        // The listener has chosen a free port, whose number goes into the redirect URI.
        let redirect_uri = match wanted {
            Some(redirect_uri) if target.port == 0 => with_port(&redirect_uri, listener.port()),
            Some(redirect_uri) => redirect_uri,
            None => format!("http://127.0.0.1:{}{}", listener.port(), target.path),
        };
        let authorization = self.authorize_at(Some(&redirect_uri), scopes, &[])?;
        show(authorization.url());
        let limit = self.login_timeout();
        let mut unproven = None;
        let code = self.provider().authorization.code_param.as_deref().unwrap_or("code");
        let result = listener.serve(self.clock(), limit, code, |target_and_query| {
            let pending = authorization.clone();
            match self.exchange(pending, target_and_query) {
                Ok(_) => (Answer::Done, Some(Ok(()))),
                // The request came from another tab or an attack. The right callback may still come.
                Err(Error::Callback(wrong)) if wrong.is_of_another_text() => {
                    if let Some(error) = authorization.unproven_error(target_and_query) {
                        self.keeper().warn(format!(
                            "a callback without state said {error}; the login waits for a callback with state"
                        ));
                        unproven = Some(error);
                    }
                    (Answer::NotOurs(wrong.to_string()), None)
                }
                Err(error) => (Answer::Failed, Some(Err(error))),
            }
        });
        result.map_err(|error| match error {
            // `exchange` has already called `explained` on its own errors.
            Error::LoginNotFinished(mut late) => {
                late.unproven_error = unproven;
                authorization.explained(Error::LoginNotFinished(late), self.clock().now_utc())
            }
            error => error,
        })
    }

    /// Opens the browser for [`Client::authorize_interactive`]; `show` also gets the address, in case no
    /// browser opens.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::authorize_interactive`]. A browser that does not open is no error.
    #[cfg(feature = "browser")]
    pub fn authorize_in_browser(&self, scopes: &[&str], show: impl FnOnce(&str)) -> Result<()> {
        self.authorize_interactive(scopes, |url| {
            show(url);
            if let Err(error) = webbrowser::open(url) {
                log::warn!(target: "evergrant", "no browser was opened: {error}");
            }
        })
    }

    /// Logs a person in if no browser can reach this machine, or if the redirect URI is on another
    /// machine. `ask` shows the address to open, and returns the address that the browser was sent to,
    /// which the person pastes. If the person pasted another text, `ask` is called again with the
    /// fault, up to five times in all.
    ///
    /// # Errors
    ///
    /// [`Error::LoginNotFinished`] when `ask` fails; otherwise the errors of [`Client::authorize`] and
    /// [`Client::exchange`].
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// client.authorize_pasted(&["read"], |url, wrong| {
    ///     if let Some(wrong) = wrong {
    ///         println!("The login failed: {wrong}.");
    ///     }
    ///     println!("Open {url} and paste the address you are sent to:");
    /// #   let line = sandbox.approve(url)?;
    /// #   if false {
    ///     let mut line = String::new();
    ///     std::io::stdin().read_line(&mut line)?;
    /// #   }
    ///     Ok(line)
    /// })?;
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn authorize_pasted(
        &self,
        scopes: &[&str],
        mut ask: impl FnMut(&str, Option<&CallbackError>) -> std::io::Result<String>,
    ) -> Result<()> {
        let authorization = self.authorize(scopes)?;
        let mut wrong = None;
        loop {
            let pasted = ask(authorization.url(), wrong.as_ref().map(|(error, _)| error));
            let callback = pasted.map_err(|error| {
                let unread = LoginNotFinished::new(None, Some(error.into()));
                let error = Error::LoginNotFinished(Box::new(unread));
                authorization.explained(error, self.clock().now_utc())
            })?;
            let tries = wrong.take().map_or(1, |(_, tries)| tries + 1);
            let exchanged = match callback.trim() {
                "" => Err(Error::Callback(Box::new(CallbackError::Unreadable))),
                callback => self.exchange(authorization.clone(), callback),
            };
            match exchanged {
                // No code was sent, so the person may paste again.
                Err(Error::Callback(error)) if tries < TRIES && error.is_of_another_text() => {
                    wrong = Some((*error, tries));
                }
                result => return result.map(drop),
            }
        }
    }
}

/// The port and the addresses to listen on.
struct Target {
    /// The port; 0 means any free port.
    port: u16,
    /// The addresses to which a browser may connect.
    hosts: Vec<IpAddr>,
    path: String,
}

impl Target {
    fn new(redirect_uri: Option<&str>) -> Result<Target> {
        let v4 = IpAddr::from(Ipv4Addr::LOCALHOST);
        let Some(redirect_uri) = redirect_uri else {
            return Ok(Target { port: 0, hosts: vec![v4], path: "/callback".to_owned() });
        };
        // The error does not show the redirect URI: the variable may hold a secret by mistake.
        let url = Url::parse(redirect_uri)
            .map_err(|_| Error::config("the redirect URI is not an address"))?;
        if url.scheme() == "https" && comes_here(&url) {
            return Err(Error::config(format!(
                "the redirect URI https://{} is on this machine, but this program serves no https there, \
                 because no certificate authority signs for it: register an http redirect URI on 127.0.0.1 \
                 (RFC 8252 section 7.3), or use `Client::authorize_pasted`",
                url.host_str().unwrap_or_default()
            )));
        }
        if url.scheme() != "http" || !comes_here(&url) {
            return Err(Error::config(format!(
                "the redirect URI {}://{} is not on this machine, so this program cannot get the \
                 callback: use `Client::authorize_pasted`, or a redirect URI on 127.0.0.1",
                url.scheme(),
                url.host_str().unwrap_or_default()
            )));
        }
        // Only the address of the redirect URI is used: another program may have the same port on another address.
        let hosts = match url.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.to_canonical()],
            _ => vec![v4, Ipv6Addr::LOCALHOST.into()],
        };
        // `Url` drops the port 80 of an http address.
        let named = authority(redirect_uri).1.ends_with(":80");
        let port = url.port().unwrap_or(if named { 80 } else { 0 });
        Ok(Target { port, hosts, path: url.path().to_owned() })
    }
}

/// Splits an address: up to `://`, host and port, and the rest.
fn authority(address: &str) -> (&str, &str, &str) {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find(['/', '?', '#']).map_or(address.len(), |at| start + at);
    (&address[..start], &address[start..end], &address[end..])
}

/// The address with this port. All other bytes are unchanged.
fn with_port(address: &str, port: u16) -> String {
    let (scheme, authority, rest) = authority(address);
    let host = match authority.rsplit_once(':') {
        Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    format!("{scheme}{host}:{port}{rest}")
}

/// Whether a browser that opens this address connects to this machine. Browsers treat every name below
/// `localhost` as this machine (RFC 6761 section 6.3); the requests of this crate treat only
/// `localhost` itself as this machine.
fn comes_here(url: &Url) -> bool {
    let below = |name: &str| {
        let name = name.strip_suffix('.').unwrap_or(name);
        name == "localhost" || name.ends_with(".localhost")
    };
    is_loopback(url) || matches!(url.host(), Some(Host::Domain(name)) if below(name))
}

#[cfg(test)]
mod target_tests {
    use super::*;

    #[test]
    fn the_redirect_uri_says_where_to_listen() -> Result<()> {
        for (uri, port, hosts, path) in [
            (None, 0, "127.0.0.1", "/callback"),
            (Some("http://localhost:9999/callback"), 9999, "127.0.0.1 ::1", "/callback"),
            (Some("http://app.localhost:9999/callback"), 9999, "127.0.0.1 ::1", "/callback"),
            (Some("http://localhost.:9999/callback"), 9999, "127.0.0.1 ::1", "/callback"),
            (Some("http://localhost/cb"), 0, "127.0.0.1 ::1", "/cb"),
            (Some("http://localhost:0/cb"), 0, "127.0.0.1 ::1", "/cb"),
            (Some("http://127.0.0.1/cb?x=:80"), 0, "127.0.0.1", "/cb"),
            (Some("http://127.0.0.1:80/cb"), 80, "127.0.0.1", "/cb"),
            (Some("http://[::1]:80/cb"), 80, "::1", "/cb"),
            (Some("http://[::1]/cb"), 0, "::1", "/cb"),
            (Some("http://127.0.0.1:8080"), 8080, "127.0.0.1", "/"),
            (Some("http://127.0.0.2:8080"), 8080, "127.0.0.2", "/"),
            (Some("http://127.0.0.1.:8080"), 8080, "127.0.0.1", "/"),
            (Some("http://0x7f.1:8080"), 8080, "127.0.0.1", "/"),
            (Some("http://[::1]:8080/a/b?x=1"), 8080, "::1", "/a/b"),
            (Some("http://[::ffff:127.0.0.3]:8080/"), 8080, "127.0.0.3", "/"),
        ] {
            let target = Target::new(uri)?;
            let found: Vec<String> = target.hosts.iter().map(IpAddr::to_string).collect();
            let found = (target.port, found.join(" "), target.path.as_str());
            assert_eq!(found, (port, hosts.to_owned(), path), "{uri:?}");
        }
        for (uri, with) in [
            ("http://127.0.0.1", "http://127.0.0.1:7"),
            ("http://127.0.0.1:0/cb?a=%2f:0", "http://127.0.0.1:7/cb?a=%2f:0"),
            ("http://LocalHost/cb", "http://LocalHost:7/cb"),
            ("http://[::1]/cb", "http://[::1]:7/cb"),
            ("http://[::1]:0/cb", "http://[::1]:7/cb"),
            ("http://[::]:?x", "http://[::]:7?x"),
        ] {
            assert_eq!(with_port(uri, 7), with);
        }
        let text = Target::new(Some("sesame")).err().map(|error| error.to_string());
        assert!(!text.unwrap_or_default().contains("sesame"));
        let https =
            Target::new(Some("https://localhost:8443/callback")).err().map(|e| e.to_string());
        let https = https.unwrap_or_default();
        assert!(https.contains("serves no https") && https.contains("authorize_pasted"), "{https}");
        for uri in ["https://localhost/x", "http://app.example/callback", "nonsense"] {
            assert!(matches!(Target::new(Some(uri)), Err(Error::Config(_))), "{uri}");
        }
        Ok(())
    }
}
