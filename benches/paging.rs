//! Measures the paging of a list: `cargo bench --features teamleader --bench paging`.
//!
//! Reads 1,000 pages of 100 invoices from a fast server on loopback into typed values, and compares this
//! with raw ureq and serde_json, which read the same type. Client and server are pinned to one core
//! (`taskset`). Blocks of 100 pages are compared in pairs. Pairs of raw against raw show the noise. The bench
//! also prints the peak memory in 100 pages and in 1,000 pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use evergrant::teamleader::Teamleader;
use evergrant::teamleader::invoices::Invoice;
use evergrant::{Credentials, MemoryBackend, Provider, Token};
use serde::Deserialize;
use time::OffsetDateTime;

const PAGES: usize = 1000;
const BLOCK: usize = 100;
const ROUNDS: usize = 5;
const TOKEN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const AGENT: &str = "evergrant-bench";

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
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
    let port = server();
    memory(port);
    speed(port);
}

/// A page of 100 invoices, as in a list. The server fills in the id of the first invoice for each page.
fn page() -> String {
    let invoices: Vec<String> = (0..100)
        .map(|n| {
            let id = if n == 0 { "########-9c36-4e60-b3f4-7c2b".to_owned() } else { format!("{n:08}-9c36-4e60-b3f4-7c2b") };
            format!(
                r#"{{"id":"{id}","department":{{"type":"department","id":"6a6343fc-fdd8-4bc0-aa69-3a004c710e87"}},"invoice_number":"2025 / {n}","invoice_date":"2025-02-26","status":"outstanding","due_on":"2025-03-26","paid":false,"paid_at":null,"sent":true,"purchase_order_number":"000023","payment_reference":"+++084/2613/66074+++","invoicee":{{"name":"De Rode Duivels","vat_number":"BE0899623035","customer":{{"type":"company","id":"f1dfb84c-3c29-4548-9b9b-9090a080742a"}},"for_attention_of":{{"name":"Finance Dept.","contact":{{"type":"contact","id":"10c6c6ec-1a5f-4a51-a5a3-6a4f5ba7b1c9"}}}}}},"total":{{"tax_exclusive":{{"amount":{n}.50,"currency":"EUR"}},"tax_inclusive":{{"amount":{n}.605,"currency":"EUR"}},"payable":{{"amount":{n}.605,"currency":"EUR"}},"taxes":[{{"rate":0.21,"taxable":{{"amount":{n}.50,"currency":"EUR"}},"tax":{{"amount":0.105,"currency":"EUR"}}}}],"due":{{"amount":{n}.605,"currency":"EUR"}}}},"currency_exchange_rate":{{"from":"EUR","to":"EUR","rate":1}},"created_at":"2025-02-26T10:05:31+00:00","updated_at":"2025-02-27T10:05:31+00:00","web_url":"https://focus.teamleader.eu/invoice_detail.php?id=5b16f6ee","file":{{"type":"file","id":"5a7d3a8a-3f5b-4a2e-8d7e-2d0f3a5b6c7d"}},"deal":null,"project":null,"delivery_date":null}}"#
            )
        })
        .collect();
    format!(r#"{{"data":[{}]}}"#, invoices.join(","))
}

/// Answers every request on a connection with the page that its body asks for.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let page = page();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let body = page.clone();
            std::thread::spawn(move || {
                stream.set_nodelay(true).expect("no delay");
                let mut answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into_bytes();
                let at = answer.windows(8).position(|text| text == b"########").expect("a place");
                let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
                let mut stream = stream;
                let (mut line, mut length) = (String::new(), 0);
                loop {
                    line.clear();
                    match reader.read_line(&mut line) {
                        Ok(0) | Err(_) => return,
                        Ok(_) if line == "\r\n" => {}
                        Ok(_) => {
                            if let Some(value) =
                                line.to_ascii_lowercase().strip_prefix("content-length:")
                            {
                                length = value.trim().parse().expect("a length");
                            }
                            continue;
                        }
                    }
                    let mut request = vec![0; length];
                    if reader.read_exact(&mut request).is_err() {
                        return;
                    }
                    let text = String::from_utf8_lossy(&request);
                    let number = text.split("\"number\":").nth(1).expect("a page");
                    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
                    answer[at..at + 8].copy_from_slice(format!("{number:0>8}").as_bytes());
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn teamleader(port: u16) -> Teamleader {
    let provider = Provider::builder("bench")
        .token_endpoint(format!("http://127.0.0.1:{port}/token"))
        .api_base(format!("http://127.0.0.1:{port}"))
        .user_agent(AGENT)
        .build()
        .expect("a provider");
    let builder = Teamleader::builder(Credentials::public("bench"), MemoryBackend::new());
    let teamleader = builder.provider(provider).calls_a_minute(0).build().expect("a client");
    let now = OffsetDateTime::now_utc();
    let token = Token::new(TOKEN)
        .with_refresh_token("r")
        .with_issued_at(now)
        .with_expires_at(now + time::Duration::days(1));
    teamleader.client().seed(token).expect("an empty store");
    teamleader
}

#[derive(Deserialize)]
struct Envelope {
    data: Vec<Invoice>,
}

/// Fetches one page with ureq and serde_json only.
fn raw(agent: &ureq::Agent, url: &str, number: usize) -> Vec<Invoice> {
    let body = format!(r#"{{"page":{{"size":100,"number":{number}}}}}"#);
    let bytes = agent
        .post(url)
        .header("Authorization", format!("Bearer {TOKEN}"))
        .header("User-Agent", AGENT)
        .header("X-Api-Version", "2023-09-26")
        .header("Content-Type", "application/json")
        .send(body.as_bytes())
        .expect("an answer")
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_vec()
        .expect("a body");
    serde_json::from_slice::<Envelope>(&bytes).expect("invoices").data
}

fn memory(port: u16) {
    let teamleader = teamleader(port);
    let mut invoices = teamleader.invoices().iter();
    let mut peak = |pages: usize| {
        PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
        for invoice in invoices.by_ref().take(pages * 100) {
            black_box(invoice.expect("an invoice"));
        }
        PEAK.load(Ordering::Relaxed) as f64 / 1024.0
    };
    peak(10);
    let first = peak(BLOCK);
    let all = peak(PAGES);
    println!("peak memory: {first:.0} KiB in {BLOCK} pages, {all:.0} KiB in {PAGES} pages");
}

/// The processor time of this thread in seconds, or NaN if the system does not report it. Other work on the
/// machine changes the processor time less than the wall-clock time.
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

/// Returns the wall-clock time and the processor time of `run`, in seconds.
fn timed(run: impl FnOnce()) -> (f64, f64) {
    let (start, used) = (Instant::now(), processor());
    run();
    (start.elapsed().as_secs_f64(), processor() - used)
}

fn speed(port: u16) {
    let teamleader = teamleader(port);
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let url = format!("http://127.0.0.1:{port}/invoices.list");
    let mut per_page = Vec::new();
    // Ratios to raw, in wall-clock and processor time: by page, item by item, and raw again (the noise).
    let mut ratios: [[Vec<f64>; 2]; 3] = Default::default();
    for _ in 0..ROUNDS {
        let mut pages = teamleader.invoices().pages();
        let mut invoices = teamleader.invoices().iter();
        for block in 0..PAGES / BLOCK {
            let theirs = || {
                for number in 1..=BLOCK {
                    black_box(raw(&agent, &url, block * BLOCK + number));
                }
            };
            let mut by_page = || {
                for page in pages.by_ref().take(BLOCK) {
                    black_box(page.expect("a page"));
                }
            };
            let mut one_by_one = || {
                for invoice in invoices.by_ref().take(BLOCK * 100) {
                    black_box(invoice.expect("an invoice"));
                }
            };
            // The order alternates, so that no reader is always first.
            let (a, b, c) = if block % 2 == 0 {
                let a = timed(&mut by_page);
                let b = timed(theirs);
                (a, b, timed(&mut one_by_one))
            } else {
                let c = timed(&mut one_by_one);
                let b = timed(theirs);
                (timed(&mut by_page), b, c)
            };
            let again = timed(theirs);
            for (ratios, took) in ratios.iter_mut().zip([a, c, again]) {
                ratios[0].push(took.0 / b.0);
                ratios[1].push(took.1 / b.1);
            }
            per_page.push(b.0 / BLOCK as f64);
        }
    }
    println!(
        "raw page: {:.0} us (median of {} blocks of {BLOCK})",
        median(&mut per_page) * 1e6,
        ROUNDS * PAGES / BLOCK
    );
    let [by_page, one_by_one, noise] =
        ratios.map(|[mut wall, mut used]| (median(&mut wall), median(&mut used)));
    for (name, (wall, used)) in
        [("noise", noise), ("items one by one", one_by_one), ("pages", by_page)]
    {
        println!("{name}: {wall:.3} of raw in wall-clock time, {used:.3} in processor time");
    }
    println!("paging: {:.3}", by_page.0);
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
