//! Measures a whole run of a script: `cargo bench --bench cold_start`.
//!
//! A run starts a process, reads the stored record, makes one GET and exits. The bench compares this run with
//! a run that uses bare ureq and a token in a JSON file. The bench starts the two kinds of process in pairs.
//! Both kinds run this program.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use evergrant::sandbox::Sandbox;
use evergrant::{Client, FileBackend};

const RUNS: usize = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--ours", url, file] => ours(url, file),
        [_, "--bare", url, file] => bare(url, file),
        _ => compare(),
    }
}

fn provider(url: &str) -> evergrant::Provider {
    evergrant::Provider::builder("sandbox")
        .token_endpoint(format!("{url}/token"))
        .api_base(format!("{url}/api"))
        .build()
        .expect("a provider")
}

fn ours(url: &str, file: &str) {
    let credentials = evergrant::Credentials::new("sandbox-client", "sandbox-secret");
    let client = Client::new(provider(url), credentials, FileBackend::new(file));
    let me: serde_json::Value = client.get("/me").read_json().expect("an answer");
    black_box(me);
}

fn bare(url: &str, file: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let token = record["token"]["access_token"].as_str().expect("a token");
    let me: serde_json::Value = ureq::Agent::new_with_defaults()
        .get(format!("{url}/api/me"))
        .header("Authorization", format!("Bearer {token}"))
        .call()
        .expect("an answer")
        .body_mut()
        .read_json()
        .expect("JSON");
    black_box(me);
}

fn compare() {
    let sandbox = Sandbox::start().expect("a sandbox");
    let file = sandbox.folder().join("login.json");
    let credentials = evergrant::Credentials::new("sandbox-client", "sandbox-secret");
    let client = Client::new(provider(sandbox.url()), credentials, FileBackend::new(&file));
    client.seed(sandbox.login()).expect("an empty store");
    let program = std::env::current_exe().expect("this program");
    let run = |kind: &str| {
        let start = Instant::now();
        let status = Command::new(&program).args([kind, sandbox.url()]).arg(&file).status();
        assert!(status.expect("a process").success(), "{kind}");
        start.elapsed().as_secs_f64()
    };
    for _ in 0..3 {
        run("--ours");
        run("--bare");
    }
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for round in 0..RUNS {
        let (ours, bare) = if round % 2 == 0 {
            let ours = run("--ours");
            (ours, run("--bare"))
        } else {
            let bare = run("--bare");
            (run("--ours"), bare)
        };
        ratios.push(ours / bare);
        times.push(bare);
    }
    println!("bare: {:.2} ms (median of {RUNS} runs)", median(&mut times) * 1e3);
    println!("cold: {:.3}", median(&mut ratios));
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
