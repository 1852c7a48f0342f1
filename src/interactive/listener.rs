//! The listener on loopback that waits for the callback of one login.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::Target;
use super::callback::{Answer, HEAD_LIMIT, Head, read_head};
use crate::clock::Clock;
use crate::error::{Error, LoginNotFinished, Result};

/// How many connections are kept at a time; the oldest connection is dropped for a new connection.
/// Browsers open a second connection that stays silent, and an attacker may open any number.
const CONNECTIONS: usize = 32;
/// How long a connection may take to send its request.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to sleep if no connection has sent anything.
const PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    path: String,
    port: u16,
}

struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
    since: Duration,
}

impl Listener {
    /// Listens on all addresses. If the chosen free port of one address is used on the other address,
    /// tries another port.
    pub(super) fn bind(target: &Target) -> Result<Listener> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Listener::bind_once(target) {
                Err(_) if target.port == 0 && tries < 8 => {}
                bound => return bound,
            }
        }
    }

    fn bind_once(target: &Target) -> Result<Listener> {
        let mut sockets: Vec<TcpListener> = Vec::new();
        let mut port = target.port;
        for host in &target.hosts {
            let address = SocketAddr::new(*host, port);
            let bound = TcpListener::bind(address).and_then(|socket| {
                socket.set_nonblocking(true)?;
                Ok(socket)
            });
            match bound {
                Ok(socket) => {
                    port = socket.local_addr().map_or(port, |address| address.port());
                    sockets.push(socket);
                }
                // Many machines have no IPv6; browsers then use the IPv4 address.
                Err(error) if !sockets.is_empty() && error.kind() != ErrorKind::AddrInUse => {}
                Err(error) => {
                    return Err(Error::config(format!(
                        "cannot listen on {address}: {error}; end the program that uses the port, or \
                         use a redirect URI with another port"
                    )));
                }
            }
        }
        Ok(Listener { sockets, path: target.path.clone(), port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the request that finishes the login. `code` is the name of the code's parameter. `judge`
    /// gets the path and query of each request that may be the callback, and returns the answer and, if the
    /// login is finished, its result.
    pub(super) fn serve<T>(
        self,
        clock: &dyn Clock,
        limit: Duration,
        code: &str,
        mut judge: impl FnMut(&str) -> (Answer, Option<Result<T>>),
    ) -> Result<T> {
        let start = clock.monotonic();
        // The oldest connection comes first.
        let mut connections: Vec<Connection> = Vec::new();
        let mut crowded = false;
        loop {
            let now = clock.monotonic();
            if now.saturating_sub(start) >= limit {
                let late = LoginNotFinished::new(Some(limit), None);
                return Err(Error::LoginNotFinished(Box::new(late)));
            }
            let mut idle = !self.accept(&mut connections, &mut crowded, now);
            let mut at = 0;
            while at < connections.len() {
                let head = connections[at].read(&mut idle);
                let late = now.saturating_sub(connections[at].since) > PATIENCE;
                let answer = match head {
                    Some(Head::Incomplete) if !late => {
                        at += 1;
                        continue;
                    }
                    Some(Head::Get(target)) if self.is_ours(&target, code) => {
                        let connection = connections.remove(at);
                        if crowded {
                            // Close all connections, because the exchange and the store need file
                            // descriptors.
                            connections.clear();
                        }
                        let (answer, end) = judge(&target);
                        connection.answer(&answer);
                        match end {
                            Some(end) => return end,
                            None => continue,
                        }
                    }
                    Some(Head::Get(_)) => Answer::Nothing(404),
                    Some(Head::Bad(status)) => Answer::Nothing(status),
                    None | Some(Head::Incomplete) => {
                        connections.remove(at);
                        continue;
                    }
                };
                connections.remove(at).answer(&answer);
            }
            if idle {
                clock.sleep(PAUSE);
            }
        }
    }

    /// Whether `target` can be the callback: an address with the callback's path and a code or an `error`.
    fn is_ours(&self, target: &str, code: &str) -> bool {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let named = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        path == self.path && (named(code) || named("error"))
    }

    /// Accepts waiting connections, and returns whether any connection was waiting. Sets `crowded` when no
    /// file descriptor was left.
    fn accept(&self, connections: &mut Vec<Connection>, crowded: &mut bool, now: Duration) -> bool {
        let mut any = false;
        for socket in &self.sockets {
            // Accept at most half as many connections as are kept, so that each connection is read
            // before a newer connection replaces it.
            for _ in 0..CONNECTIONS / 2 {
                match socket.accept() {
                    Ok((stream, _)) => {
                        any = true;
                        if connections.len() >= CONNECTIONS {
                            connections.remove(0);
                        }
                        if stream.set_nonblocking(true).is_ok() {
                            connections.push(Connection { stream, bytes: Vec::new(), since: now });
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => {
                        // No file descriptor is left, or the other side has closed: drop the oldest
                        // connection and go on. The newest connection has not been read yet, and may
                        // have the callback.
                        *crowded = true;
                        if !connections.is_empty() {
                            connections.remove(0);
                        }
                        break;
                    }
                }
            }
        }
        any
    }
}

impl Connection {
    /// Reads the bytes that have arrived. Returns `None` if the other side has closed the connection.
    fn read(&mut self, idle: &mut bool) -> Option<Head> {
        let mut buffer = [0; 2048];
        while self.bytes.len() < HEAD_LIMIT {
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(n) => {
                    *idle = false;
                    self.bytes.extend_from_slice(&buffer[..n]);
                    match read_head(&self.bytes) {
                        Head::Incomplete => {}
                        head => return Some(head),
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Some(Head::Incomplete);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        Some(read_head(&self.bytes))
    }

    /// Answers and closes. Does not wait long for a browser that does not read its page.
    fn answer(mut self, answer: &Answer) {
        let wait = Some(Duration::from_secs(2));
        let ready = self.stream.set_nonblocking(false).is_ok()
            && self.stream.set_write_timeout(wait).is_ok()
            && self.stream.set_read_timeout(Some(Duration::from_millis(50))).is_ok();
        if ready && self.stream.write_all(&answer.to_bytes()).is_ok() {
            let _ = self.stream.shutdown(Shutdown::Write);
            // Read the remaining bytes: otherwise the system resets the connection, and the browser
            // loses the page.
            let mut rest = [0; 1024];
            for _ in 0..16 {
                if !matches!(self.stream.read(&mut rest), Ok(n) if n > 0) {
                    break;
                }
            }
        }
    }
}
