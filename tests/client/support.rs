//! Makes clients, and servers that answer as the sandbox cannot.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::provider::{ProviderBuilder, Rotation};
use evergrant::sandbox::Sandbox;
use evergrant::{Client, ClientBuilder, Credentials, MemoryBackend, Provider, Token};

/// Real time after which a test gives up. No test waits for this time to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::start().unwrap()
}

pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
}

/// Makes a client with a login.
pub(crate) fn seeded(sandbox: &Sandbox) -> Client {
    let client = builder(sandbox).build();
    assert!(client.seed(sandbox.login()).unwrap());
    client
}

/// Makes a client of a service that is not the sandbox, with a login whose access token has expired.
pub(crate) fn stranger(provider: Provider) -> Client {
    let credentials = Credentials::new("app", "app-secret");
    let client = Client::builder(provider, credentials, MemoryBackend::new())
        .clock(Arc::new(ManualClock::new()))
        .build();
    let long_ago = time::OffsetDateTime::UNIX_EPOCH;
    let token = Token::new("at-1").with_refresh_token("rt-1").with_expires_at(long_ago);
    assert!(client.seed(token).unwrap());
    client
}

pub(crate) fn provider_at(token_endpoint: &str) -> ProviderBuilder {
    Provider::builder("fake").token_endpoint(token_endpoint).rotation(Rotation::Strict)
}

pub(crate) fn rt(token: &Token) -> &str {
    token.refresh_token().unwrap().expose()
}

pub(crate) fn at(token: &Token) -> &str {
    token.access_token().expose()
}

/// A server that answers as its handler says. Dropping the value stops the server.
pub(crate) struct Fake {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

/// A connection, for the handler of a [`Fake`].
pub(crate) struct Peer {
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl Fake {
    pub(crate) fn start(handler: impl Fn(&mut Peer) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, stopping) = <(Arc<Mutex<Seen>>, Arc<AtomicBool>)>::default();
        let (handler, theirs, stop) = (Arc::new(handler), seen.clone(), stopping.clone());
        let accepting = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                theirs.lock().unwrap().connections += 1;
                let mut peer = Peer { stream, seen: theirs.clone() };
                let handler = handler.clone();
                thread::spawn(move || handler(&mut peer));
            }
        });
        Fake { address, seen, stopping, accepting: Some(accepting) }
    }

    /// Answers every request with this JSON and keeps the connections open.
    pub(crate) fn json(body: &'static str) -> Fake {
        Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
            }
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// The heads and bodies of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().unwrap().join();
    }
}

impl Peer {
    /// The next request; `None` if the client has closed the connection.
    pub(crate) fn request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            bytes.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).ok()?;
        let request = head + &String::from_utf8_lossy(&body);
        self.seen.lock().unwrap().requests.push(request.clone());
        Some(request)
    }

    pub(crate) fn answer(&mut self, status: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.write(head.as_bytes());
        self.write(body);
    }

    /// Writes bytes. Returns whether the bytes could be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    pub(crate) fn close(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Waits until the client has closed the connection.
    pub(crate) fn wait_for_end(&mut self) {
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
    }
}
