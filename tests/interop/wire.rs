//! A proxy on loopback in front of a token endpoint. The proxy keeps a diary of refreshes, and on command
//! holds or loses a request or an answer.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use url::form_urlencoded;

/// A test gives up after this long without a request. No test waits for this time to pass.
pub(crate) const HANGS: Duration = Duration::from_secs(600);

/// The fault that the proxy causes in a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server never gets the request, and the client's connection is closed.
    LoseRequest,
    /// The server has answered, and the client's connection is closed without a byte.
    LoseAnswer,
    /// The server has answered, and the client's connection is closed in the middle of the answer.
    HalfAnswer,
    /// The proxy holds the request until [`Wire::release`] passes it on or loses it.
    HoldRequest,
    /// The server has answered, and the proxy holds the answer until [`Wire::release`] passes it on or
    /// loses it.
    HoldAnswer,
}

/// A refresh that the proxy has seen. `Debug` shows no token.
#[derive(Default)]
pub(crate) struct Refresh {
    /// The refresh token that was sent.
    pub(crate) spent: String,
    /// Whether the server got the request.
    pub(crate) arrived: bool,
    /// The refresh token in the answer, if the answer had one.
    pub(crate) successor: Option<String>,
    /// Whether the client was sent the whole answer.
    pub(crate) delivered: bool,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    diary: Vec<Refresh>,
    /// How many refreshes are on their way.
    open: usize,
    /// Whether the proxy holds a refresh at the moment.
    held: bool,
    /// Whether the held refresh reaches the server; `None` until the test has decided.
    goes_on: Option<bool>,
}

pub(crate) struct Wire {
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Wire {
    /// Starts a proxy to the server on this port.
    pub(crate) fn to(server: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let ours = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&ours);
                std::thread::spawn(move || carry(client, server, &state));
            }
        });
        Wire { port, state }
    }

    /// Returns the address with the proxy's port.
    pub(crate) fn by_way(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).expect("an address");
        url.set_port(Some(self.port)).expect("a port");
        url.into()
    }

    /// Sets the faults of the next refreshes, one for each.
    pub(crate) fn fault(&self, faults: &[Fault]) {
        self.state.0.lock().unwrap().faults.extend(faults);
    }

    /// How many refreshes the proxy has seen.
    pub(crate) fn requests(&self) -> usize {
        self.state.0.lock().unwrap().diary.len()
    }

    /// Waits for the refresh with this number.
    pub(crate) fn wait_for(&self, number: usize) {
        drop(self.wait("nobody has sent a request", |state| state.diary.len() < number));
    }

    /// Waits until a refresh is held.
    pub(crate) fn wait_until_held(&self) {
        drop(self.wait("nothing was held", |state| !state.held));
    }

    /// Lets the held refresh go on, or loses it.
    pub(crate) fn release(&self, goes_on: bool) {
        self.state.0.lock().unwrap().goes_on = Some(goes_on);
        self.state.1.notify_all();
        drop(self.wait("it is still held", |state| state.held));
    }

    /// Waits until no refresh is on its way, then looks into the diary.
    pub(crate) fn diary<T>(&self, look: impl FnOnce(&[Refresh]) -> T) -> T {
        let state = self.wait("a request has no end", |state| state.open > 0);
        look(&state.diary)
    }

    /// Forgets faults that no refresh has met.
    pub(crate) fn clear(&self) {
        self.state.0.lock().unwrap().faults.clear();
    }

    fn wait(&self, else_: &str, not_yet: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.state.0.lock().unwrap();
        let waited = self.state.1.wait_timeout_while(state, HANGS, |state| not_yet(state));
        let (state, waited) = waited.unwrap();
        assert!(!waited.timed_out(), "{else_}");
        state
    }
}

/// Carries one request and its answer. A client makes a new connection for each request.
fn carry(client: TcpStream, server: u16, state: &(Mutex<State>, Condvar)) {
    let Some((head, body)) = request(&client) else { return };
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let refreshes = value("grant_type").is_some_and(|grant| grant == "refresh_token");
    let spent = value("refresh_token").filter(|_| refreshes);
    let Some(spent) = spent else {
        if let Some(answer) = exchange(server, &head, &body) {
            let _ = (&client).write_all(&answer);
        }
        return;
    };
    let mut now = state.0.lock().unwrap();
    let number = now.diary.len();
    now.diary.push(Refresh { spent: spent.clone(), ..Refresh::default() });
    now.open += 1;
    let fault = now.faults.pop_front();
    drop(now);
    state.1.notify_all();

    let lost =
        fault == Some(Fault::LoseRequest) || fault == Some(Fault::HoldRequest) && !goes_on(state);
    if !lost && let Some(answer) = exchange(server, &head, &body) {
        let mut now = state.0.lock().unwrap();
        now.diary[number].arrived = true;
        now.diary[number].successor = successor(&answer);
        drop(now);
        let length = match fault {
            Some(Fault::LoseAnswer) => 0,
            Some(Fault::HalfAnswer) => answer.len() / 2,
            Some(Fault::HoldAnswer) if !goes_on(state) => 0,
            _ => answer.len(),
        };
        let sent = (&client).write_all(&answer[..length]).is_ok();
        state.0.lock().unwrap().diary[number].delivered = sent && length == answer.len();
    }
    let _ = client.shutdown(Shutdown::Both);
    state.0.lock().unwrap().open -= 1;
    state.1.notify_all();
}

/// Holds a refresh until [`Wire::release`]. Returns whether the refresh goes on.
fn goes_on(state: &(Mutex<State>, Condvar)) -> bool {
    let mut now = state.0.lock().unwrap();
    now.held = true;
    state.1.notify_all();
    let mut now = state.1.wait_while(now, |state| state.goes_on.is_none()).unwrap();
    now.held = false;
    state.1.notify_all();
    now.goes_on.take().unwrap_or_default()
}

/// Reads a request: its head without the last line, and its body.
fn request(client: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.starts_with("connection:") {
            head.truncate(start);
        } else if line.is_empty() {
            head.truncate(start);
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return Some((head, body));
        }
    }
}

/// Sends a request on, and reads the answer up to the end of the connection.
fn exchange(server: u16, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", server)).ok()?;
    let head = format!("{head}Connection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// Finds the refresh token in an answer. These servers write compact JSON in one piece.
fn successor(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let (_, after) = text.split_once("\"refresh_token\"")?;
    Some(after.split('"').nth(1)?.to_owned())
}
