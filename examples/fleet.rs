//! Keeps the logins of many accounts alive, as a nightly job does: `cargo run --example fleet [LOGINS]`.
//!
//! The example fills a folder with logins (300 by default) on a sandbox on this machine: most of them
//! have not been refreshed for ten days, and ten were revoked. Then the example lists the logins,
//! refreshes those that are due with a progress bar, and prints the report. A real job needs only the
//! function `sweep`, with its own provider, credentials and store. Run the job on any number of hosts,
//! and as often as you like.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use evergrant::backend::FolderStore;
use evergrant::clock::{Clock as _, SystemClock};
use evergrant::logins::Report;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Logins};
use indicatif::{ProgressBar, ProgressStyle};

fn main() -> Result<(), BoxError> {
    let count = std::env::args().nth(1).map_or(Ok(300), |count| count.parse::<u64>())?;
    let sandbox = Sandbox::start()?;
    let store = FolderStore::new(sandbox.folder());
    let logins = Logins::new(sandbox.provider(), sandbox.credentials(), store);
    fill(&sandbox, &logins, count)?;

    let mut states = BTreeMap::<String, u64>::new();
    for status in logins.list() {
        let health = status?.health;
        let due = if health.refresh_due { ", and is due for a refresh" } else { "" };
        *states.entry(format!("{:?}{due}", health.state)).or_default() += 1;
    }
    for (state, count) in &states {
        println!("{count:>6} {state}");
    }

    let report = sweep(&logins)?;
    println!("{report}");
    for told in report.told.iter().take(3) {
        println!("  {told}");
    }
    let again = sweep(&logins)?;
    println!("{again}");
    println!("{} requests reached the token endpoint", sandbox.counters().token_requests);
    Ok(())
}

/// Refreshes each login that is due, and shows a progress bar.
fn sweep(logins: &Logins) -> Result<Report, BoxError> {
    let quiet = !std::io::stderr().is_terminal();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let report = logins
        .keep_alive()
        .threads(8)
        .patience(Duration::from_secs(120))
        .on_progress(|progress| {
            bar.set_length(progress.listed);
            bar.set_position(progress.done);
            bar.set_message(format!("{} put off", progress.waiting));
        })
        .run()?;
    bar.finish_and_clear();
    Ok(report)
}

/// Adds logins. Most of these logins were last refreshed ten days ago.
fn fill(sandbox: &Sandbox, logins: &Logins, count: u64) -> Result<(), BoxError> {
    let long_ago = SystemClock.now_utc() - evergrant::time::Duration::days(10);
    let old = |token: evergrant::Token| token.with_issued_at(long_ago).with_expires_at(long_ago);
    for n in 0..10 {
        logins.add(&format!("former/{n}"), old(sandbox.login()))?;
    }
    sandbox.revoke_login();
    for n in 10..count.max(10) {
        let token = sandbox.login();
        logins.add(&format!("tenants/{n}"), if n % 5 == 0 { token } else { old(token) })?;
    }
    Ok(())
}
