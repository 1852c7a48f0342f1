//! Tests of a process that is stopped (SIGSTOP) while the answer to its request arrives, for longer than a
//! request may take: the process reads the answer when it goes on, and no token is sent twice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use evergrant::provider::Rotation;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::world::{LIFE, PATIENCE, Worker, World};

const CERTIFICATE: &[u8] = include_bytes!("../keys/tls/server.pem");
const KEY: &[u8] = include_bytes!("../keys/tls/server.key");

/// The token timeout of the child, in seconds.
const LIMIT: u64 = 3;

/// The connection between the child and the service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Plain,
    Tls,
    /// TLS through a tunnel of a proxy.
    Proxied,
}

/// How much of the answer comes before the process is stopped.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    HalfOfTheHead,
    AllButTenBytes,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A relay between the child and the sandbox, which holds the first answer back.
struct Relay {
    address: SocketAddr,
    /// Receives a message when the sandbox has decided and the part before the stop is written.
    came: Receiver<()>,
    go: Sender<()>,
    /// Receives a message when the answer is written to its end.
    written: Receiver<()>,
}

impl Relay {
    fn start(sandbox: String, way: Way, before: Before) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ((say_came, came), (go, may_go), (say_written, written)) =
            (channel(), channel::<()>(), channel());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = accepted(stream.unwrap(), way);
                let request = request(&mut *stream);
                let mut service = TcpStream::connect(&sandbox).unwrap();
                service.write_all(&request).unwrap();
                let mut answer = Vec::new();
                service.read_to_end(&mut answer).unwrap();
                let at = match before {
                    Before::Nothing => 0,
                    Before::HalfOfTheHead => 20,
                    Before::AllButTenBytes => answer.len() - 10,
                };
                for (part, said) in [(&answer[..at], &say_came), (&answer[at..], &say_written)] {
                    stream.write_all(part).unwrap();
                    stream.flush().unwrap();
                    let _ = said.send(());
                    // The test waits only for the first answer.
                    let _ = may_go.recv();
                }
            }
        });
        Relay { address, came, go, written }
    }
}

fn accepted(mut stream: TcpStream, way: Way) -> Box<dyn Stream> {
    if way == Way::Proxied {
        let connect = request(&mut stream);
        assert!(connect.starts_with(b"CONNECT service.invalid:443 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    }
    if way == Way::Plain {
        return Box::new(stream);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    Box::new(StreamOwned::new(ServerConnection::new(config.into()).unwrap(), stream))
}

/// Reads the head and the body of a request.
fn request(stream: &mut (impl Stream + ?Sized)) -> Vec<u8> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes.clone()).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    bytes.extend(body);
    bytes
}

/// Stops a process, and returns when all of its threads have stopped.
fn stop(pid: u32) {
    signal("STOP", pid);
    let start = Instant::now();
    let stopped = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        threads.map(|thread| thread.unwrap().path().join("stat")).all(|stat| {
            // The line is "12 (name) T ...", and the name may contain any character.
            let text = std::fs::read_to_string(stat).unwrap();
            text.rsplit(") ").next().unwrap().starts_with('T')
        })
    };
    while !stopped() {
        assert!(start.elapsed() < PATIENCE, "the process does not stop");
        thread::yield_now();
    }
}

fn signal(name: &str, pid: u32) {
    let kill = format!("kill -{name} {pid}");
    let status = std::process::Command::new("sh").args(["-c", &kill]).status();
    assert!(status.unwrap().success(), "{kill}");
}

/// Makes a world, a relay, and a process that reaches the world's sandbox through the relay.
fn started(rotation: Rotation, way: Way, before: Before) -> (World, Relay, Worker, String) {
    let world = World::new(rotation);
    let sandbox = world.sandbox.url().trim_start_matches("http://").to_owned();
    let relay = Relay::start(sandbox, way, before);
    let url = match way {
        Way::Plain => format!("http://{}", relay.address),
        Way::Tls => format!("https://{}", relay.address),
        Way::Proxied => "https://service.invalid".to_owned(),
    };
    let proxy = if way == Way::Proxied { format!("http://{}", relay.address) } else { "".into() };
    let mut command = world.command::<&str>("world::work", &[]);
    command.env("URL", &url).env("THROUGH", proxy).env("TOKEN_TIMEOUT", LIMIT.to_string());
    let worker = Worker::start(command.env("CLOCK", "manual"));
    (world, relay, worker, url)
}

/// Stops the process once the service has decided, for longer than a request may take. The answer arrives
/// meanwhile. Returns what the process reports after it was resumed.
fn stopped(relay: &Relay, worker: &Worker, what: &str) -> String {
    relay.came.recv_timeout(PATIENCE).expect(what);
    // The request has been under way at least since this moment.
    let came = Instant::now();
    stop(worker.process.id());
    relay.go.send(()).unwrap();
    relay.written.recv_timeout(PATIENCE).expect(what);
    // Wait until the deadline has passed while the process is stopped.
    while came.elapsed() <= Duration::from_secs(LIMIT) {
        thread::park_timeout(Duration::from_millis(50));
    }
    signal("CONT", worker.process.id());
    worker.hear()
}

fn refreshes(rotation: Rotation, way: Way, before: Before) {
    let what = format!("{rotation:?}, {way:?}, {before:?}");
    let (world, relay, mut worker, _) = started(rotation, way, before);
    let token = world.sandbox.login();
    let refresh_token = token.refresh_token().unwrap().expose();
    let seed = format!("seed {} {refresh_token}", token.access_token().expose());
    assert_eq!(worker.ask(&seed), "ok true", "{what}");
    worker.ask(&format!("advance {}", LIFE.as_secs()));
    worker.say("refresh");
    assert_eq!(stopped(&relay, &worker, &what), "ok ", "{what}");
    assert_eq!((world.token_requests(), world.refreshes()), (1, 1), "{what}");
    assert_eq!(worker.ask("stored"), "ok rt-2 clean", "{what}");
    assert!(world.sandbox.login_alive(), "{what}");
    // The process goes on. Later answers are not held.
    drop(relay);
    assert_eq!(worker.ask("refresh"), "ok ", "{what}");
    assert_eq!(worker.ask("stored"), "ok rt-3 clean", "{what}");
}

fn every_way(rotation: Rotation) {
    let cases = [
        (Way::Plain, Before::Nothing),
        (Way::Plain, Before::HalfOfTheHead),
        (Way::Plain, Before::AllButTenBytes),
        (Way::Tls, Before::Nothing),
        (Way::Tls, Before::AllButTenBytes),
        (Way::Proxied, Before::Nothing),
    ];
    thread::scope(|scope| {
        for (way, before) in cases {
            scope.spawn(move || refreshes(rotation, way, before));
        }
    });
}

#[test]
fn an_answer_during_a_stop_is_read_strict() {
    every_way(Rotation::Strict);
}

#[test]
fn an_answer_during_a_stop_is_read_family() {
    every_way(Rotation::StrictFamily);
}

#[test]
fn a_login_exchanged_during_a_stop_is_saved() {
    let (world, relay, mut worker, url) = started(Rotation::Strict, Way::Plain, Before::Nothing);
    let address = worker.ask("authorize").replace(&url, world.sandbox.url());
    let callback = world.sandbox.approve(&address).unwrap();
    worker.say(&format!("callback {callback}"));
    assert_eq!(stopped(&relay, &worker, "a code"), "ok at-1");
    assert_eq!(world.token_requests(), 1);
    assert_eq!(worker.ask("stored"), "ok rt-1 clean");
}
