//! Measures the overhead of the client: `cargo bench --bench overhead`.
//!
//! Compares an authenticated GET that has a valid token with the same GET by raw ureq. Each client uses one
//! keep-alive connection to a fast server on loopback. Client and server are pinned to one core (`taskset`).
//! Each block of 500 calls by the client is compared with a block of 500 calls by raw ureq, and with a block by
//! raw ureq that has the same limits on connecting, reading and writing as the client. Pairs of raw against raw
//! show the noise. The bench also measures `access_token()` with one thread and with two, and counts its
//! allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use evergrant::{Client, Credentials, MemoryBackend, Provider, Token};
use time::OffsetDateTime;

const BLOCK: u32 = 500;
const ROUNDS: usize = 100;
const BODY: &str = r#"{"id":"e540fe7e-dce2-459e-bf7e-24e605fc18b3","name":"a small object"}"#;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    if std::env::var_os("EVERGRANT_PINNED").is_none() {
        let program = std::env::current_exe().expect("this program");
        let status = std::process::Command::new("taskset")
            .args(["-c", "0"])
            .arg(program)
            .env("EVERGRANT_PINNED", "1")
            .status();
        match status {
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(error) => println!("not pinned to a core, so the figures vary: taskset: {error}"),
        }
    }
    hot();
    overhead();
}

/// A server that answers every request on a connection with the same bytes.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                stream.set_nodelay(true).expect("no delay");
                let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
                let mut stream = stream;
                let mut line = String::new();
                loop {
                    line.clear();
                    match reader.read_line(&mut line) {
                        Ok(0) | Err(_) => return,
                        Ok(_) if line == "\r\n" => {
                            if stream.write_all(answer.as_bytes()).is_err() {
                                return;
                            }
                        }
                        Ok(_) => {}
                    }
                }
            });
        }
    });
    port
}

fn client(port: u16) -> Client {
    let provider = Provider::builder("bench")
        .token_endpoint(format!("http://127.0.0.1:{port}/token"))
        .api_base(format!("http://127.0.0.1:{port}"))
        .build()
        .expect("a provider");
    let client = Client::new(provider, Credentials::public("bench"), MemoryBackend::new());
    let now = OffsetDateTime::now_utc();
    let token = Token::new("a".repeat(40))
        .with_refresh_token("r")
        .with_issued_at(now)
        .with_expires_at(now + time::Duration::days(1));
    client.seed(token).expect("an empty store");
    client
}

fn overhead() {
    let port = server();
    let client = client(port);
    let raw = ureq::Agent::new_with_defaults();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let limits = ureq::Agent::config_builder()
        .timeout_connect(seconds(10))
        .timeout_per_read(seconds(60))
        .timeout_per_write(seconds(60));
    let limited = ureq::Agent::new_with_config(limits.build());
    let url = format!("http://127.0.0.1:{port}/things/7");
    let bearer = format!("Bearer {}", "a".repeat(40));
    let ours = || {
        let answer = client.get("/things/7").call().expect("an answer");
        black_box(answer.read_bytes().expect("a body"));
    };
    let by = |agent: &ureq::Agent| {
        let mut answer =
            agent.get(&url).header("Authorization", &bearer).call().expect("an answer");
        black_box(answer.body_mut().read_to_vec().expect("a body"));
    };
    let theirs = || by(&raw);
    let limited = || by(&limited);
    let block = |call: &dyn Fn()| {
        let start = Instant::now();
        for _ in 0..BLOCK {
            call();
        }
        start.elapsed().as_secs_f64()
    };
    for _ in 0..4 {
        block(&ours);
        block(&theirs);
        block(&limited);
    }
    let (mut ratios, mut noise, mut per_call) = (Vec::new(), Vec::new(), Vec::new());
    let mut with_limits = Vec::new();
    for round in 0..ROUNDS {
        // The order alternates, so that neither client is always first.
        let (a, b, c) = if round % 2 == 0 {
            let a = block(&ours);
            let b = block(&theirs);
            (a, b, block(&theirs))
        } else {
            let b = block(&theirs);
            let a = block(&ours);
            (a, b, block(&theirs))
        };
        ratios.push(a / b);
        with_limits.push(a / block(&limited));
        noise.push(c / b);
        per_call.push(b / f64::from(BLOCK));
    }
    println!(
        "raw call: {:.1} us (median of {ROUNDS} blocks of {BLOCK})",
        median(&mut per_call) * 1e6
    );
    println!("noise: {:.3} (raw against raw)", median(&mut noise));
    println!("overhead: {:.3}", median(&mut ratios));
    println!("overhead over raw ureq with the same limits: {:.3}", median(&mut with_limits));
}

fn hot() {
    let client = client(1);
    let _ = client.access_token().expect("a token");
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..1000 {
        black_box(client.access_token().expect("a token"));
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("allocations: {allocations} in 1000 calls of access_token()");
    for threads in [1, 2] {
        let mut runs: Vec<f64> = (0..21).map(|_| time_hot(&client, threads)).collect();
        println!("hot: {:.0} ns with {threads} thread(s)", median(&mut runs));
    }
}

/// Returns the mean wall-clock time of a call in nanoseconds.
fn time_hot(client: &Client, threads: u32) -> f64 {
    const CALLS: u32 = 100_000;
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let run = || {
            let start = Instant::now();
            for _ in 0..CALLS {
                black_box(client.access_token().expect("a token"));
            }
            start.elapsed()
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread")).collect()
    });
    let sum: Duration = times.iter().sum();
    sum.as_nanos() as f64 / f64::from(threads) / f64::from(CALLS)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
