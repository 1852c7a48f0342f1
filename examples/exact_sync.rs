//! A cron job: appends new and changed invoice lines to a file of JSON lines, and keeps its position in
//! another file: `cargo run --features exact-online --example exact_sync [FOLDER]`.
//!
//! Log in with `exact_login` first, and set `EXACT_ONLINE_DIVISION` besides its variables. The files and
//! `exact.json` are in FOLDER (by default the working directory). If a run is killed, the next run continues
//! from the saved position and writes at most one page twice. A reader of the file uses, for each `ID`, the
//! line with the highest `Timestamp`. Without the variables the example reads from a sandbox on this machine.

use std::fs::{self, File};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use evergrant::exact_online::{Country, ExactOnline, Position};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{BoxError, FileBackend};
use indicatif::ProgressBar;
use serde_json::json;

fn main() -> Result<(), BoxError> {
    if std::env::var_os("EXACT_ONLINE_CLIENT_ID").is_none() {
        return demo();
    }
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or(".".to_owned()));
    let country = Country::from_env()?;
    let division = std::env::var("EXACT_ONLINE_DIVISION")?.parse()?;
    let exact = ExactOnline::from_env(country, FileBackend::new(folder.join("exact.json")))?;
    let rows = sync(&exact.division(division), &folder)?;
    println!("{rows} new or changed lines");
    Ok(())
}

/// Appends the rows that changed since the last run, and returns their number.
fn sync(exact: &ExactOnline, folder: &Path) -> Result<u64, BoxError> {
    let place = folder.join("invoices.position");
    let position: Option<Position> = match fs::read(&place) {
        Ok(json) => Some(serde_json::from_slice(&json)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let mut lines =
        File::options().append(true).create(true).open(folder.join("invoices.jsonl"))?;
    let quiet = !std::io::stderr().is_terminal();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    for page in exact.sales_invoices().sync(position) {
        let page = page?;
        let mut text = String::new();
        for row in &page {
            text += &serde_json::to_string(row)?;
            text.push('\n');
        }
        lines.write_all(text.as_bytes())?;
        lines.sync_data()?;
        // Write the position only after the rows are on the disk.
        let new = place.with_extension("new");
        fs::write(&new, serde_json::to_vec(&page.position)?)?;
        fs::rename(&new, &place)?;
        bar.inc(page.len() as u64);
        bar.set_message(format!("{} lines", bar.position()));
    }
    bar.finish_and_clear();
    Ok(bar.position())
}

/// Runs twice against a sandbox: the first run reads all rows, the second the rows that changed.
fn demo() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().exact_online().start()?;
    let exact = ExactOnline::builder(
        Country::Netherlands,
        sandbox.credentials(),
        FileBackend::new(sandbox.folder().join("exact.json")),
    );
    let exact = exact.provider(sandbox.provider()).division(123).build()?;
    exact.client().authorize_pasted(&[], |url, _| sandbox.approve(url))?;
    let address = format!("{}/api/v1/123/sync/SalesInvoice/SalesInvoices", sandbox.url());
    for newest in [2501, 2504] {
        let address = address.clone();
        sandbox.on("GET", "/api/v1/123/sync/SalesInvoice/SalesInvoices", move |request| {
            let digits =
                |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let after = request.parameter("$skiptoken").or(request.parameter("$filter"));
            let after: u64 = after.map(digits).and_then(|text| text.parse().ok()).unwrap_or(0);
            let last = (after + 1000).min(newest);
            let row = |n| json!({ "Timestamp": n, "InvoiceNumber": n / 3, "AmountDC": 12.5 });
            let rows: Vec<_> = (after + 1..=last).map(row).collect();
            let next = (last < newest).then(|| format!("{address}?$skiptoken={last}L"));
            ApiReply::json(200, json!({ "d": { "results": rows, "__next": next } }))
        });
        println!("{} new or changed lines", sync(&exact, sandbox.folder())?);
    }
    let written = fs::read_to_string(sandbox.folder().join("invoices.jsonl"))?;
    println!(
        "{} lines written, the last: {}",
        written.lines().count(),
        written.lines().last().unwrap_or_default()
    );
    println!("the position: {}", fs::read_to_string(sandbox.folder().join("invoices.position"))?);
    Ok(())
}
