//! Serves the counters of a program's logins to Prometheus: `cargo run --example metrics [-- --serve]`.
//!
//! The example uses a few logins on a sandbox on this machine and prints the page that Prometheus would
//! read. With `--serve` the example then serves the page on a loopback port until you stop it. In your
//! own service, add the text of `page` to your existing metrics page.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use evergrant::backend::MemoryStore;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Logins};

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let logins = Logins::builder(sandbox.provider(), sandbox.credentials(), MemoryStore::new())
        .on_event(|account, event| eprintln!("{account}: {event}"))
        .build();
    for account in ["tenant-7", "tenant-42"] {
        logins.add(account, sandbox.login())?;
        logins.client(account)?.refresh()?;
    }
    logins.keep_alive().run()?;
    print!("{}", page(&logins)?);
    if std::env::args().nth(1).as_deref() != Some("--serve") {
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("# http://{}/metrics", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        let _ = stream.read(&mut [0; 4096])?; // Every request gets the same page.
        let body = page(&logins)?;
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

/// The counters in Prometheus' text format
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).
fn page(logins: &Logins) -> Result<String, std::fmt::Error> {
    let counters = logins.counters();
    let mut page = String::new();
    let mut row = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
        writeln!(page, "# HELP evergrant_{name} {help}\n# TYPE evergrant_{name} {kind}")?;
        values
            .iter()
            .try_for_each(|(label, value)| writeln!(page, "evergrant_{name}{label} {value}"))
    };
    let one = |value: u64| vec![(String::new(), value as f64)];
    row("clients", "gauge", "Clients in memory.", &one(counters.clients as u64))?;
    let count = "counter";
    row("refreshes_total", count, "Access tokens from a refresh.", &one(counters.refreshed))?;
    row("adopted_total", count, "Access tokens of other processes.", &one(counters.adopted))?;
    row("recovered_total", count, "Refreshes after a lost answer.", &one(counters.recovered))?;
    row("put_off_total", count, "Refreshes put off by calls and sweeps.", &one(counters.put_off))?;
    row("saves_failed_total", count, "Tokens not saved at once.", &one(counters.saves_failed))?;
    row("need_person_total", count, "Logins found to need a person.", &one(counters.need_person))?;
    row("waits_total", count, "Calls that waited for a lock.", &one(counters.waits))?;
    let waited = vec![(String::new(), counters.waited.as_secs_f64())];
    row("waited_seconds_total", count, "Time of these waits.", &waited)?;
    let failures = counters.failures.iter();
    let failures: Vec<_> =
        failures.map(|(kind, n)| (format!("{{kind=\"{kind}\"}}"), *n as f64)).collect();
    row("failures_total", count, "Failed calls, and failed visits of sweeps.", &failures)?;
    let steps = || counters.steps.iter().map(|(step, did)| (format!("{{step=\"{step}\"}}"), did));
    let counts: Vec<_> = steps().map(|(label, (count, _))| (label, *count as f64)).collect();
    row("steps_total", count, "Steps of stores, and token requests.", &counts)?;
    let times: Vec<_> = steps().map(|(label, (_, time))| (label, time.as_secs_f64())).collect();
    row("step_seconds_total", count, "Time in these steps.", &times)?;
    Ok(page)
}
