//! Tests processes that are killed while they read a hundred thousand rows: no row is missing, each kill
//! repeats at most one page, and the use of memory does not grow.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use evergrant::exact_online::{Guid, Position};
use evergrant::sandbox::{ApiReply, Sandbox};
use serde_json::json;

use super::child::{Worker, builder, given, say};
use super::support::skiptoken;

const PAGE: usize = 1000;

/// The items by version. A change gives an item a new, higher version.
struct Stock {
    /// The version of each item, and the item.
    versions: Vec<(i64, u128)>,
    next: i64,
    requests: usize,
    /// The number of pages after which an item changes.
    busy: Option<usize>,
}

impl Stock {
    fn new(items: u128, busy: Option<usize>) -> Stock {
        let versions = (0..items).map(|item| (item as i64 * 3 + 5, item)).collect();
        Stock { versions, next: items as i64 * 3 + 5, requests: 0, busy }
    }

    fn page(&mut self, after: i64, base: &str) -> ApiReply {
        self.requests += 1;
        if self.busy.is_some_and(|pages| self.requests.is_multiple_of(pages)) {
            // An early item changes and moves to the end.
            let at = self.requests * 37 % self.versions.len();
            let (_, item) = self.versions.remove(at);
            self.versions.push((self.next, item));
            self.next += 3;
        }
        let start = self.versions.partition_point(|(version, _)| *version <= after);
        let page = &self.versions[start..self.versions.len().min(start + PAGE)];
        let rows: Vec<_> = page
            .iter()
            .map(|(version, item)| {
                json!({
                    "ID": Guid::from_u128(*item), "Timestamp": version.to_string(),
                    "Code": format!("{item}"), "Description": "A thing of this world",
                    "Stock": 12.5, "Modified": "/Date(1704412800000)/",
                })
            })
            .collect();
        let last = page.last().map_or(after, |(version, _)| *version);
        let more = self.versions.len() > start + PAGE;
        let next = more.then(|| format!("{base}?$skiptoken={last}L&$select=ID"));
        ApiReply::json(200, json!({ "d": { "results": rows, "__next": next } }))
    }
}

fn serve(items: u128, busy: Option<usize>) -> (Sandbox, Arc<Mutex<Stock>>) {
    let sandbox = Sandbox::builder().exact_online().start().unwrap();
    let stock = Arc::new(Mutex::new(Stock::new(items, busy)));
    let base = format!("{}/api/v1/123/sync/Logistics/Items", sandbox.url());
    let theirs = Arc::clone(&stock);
    sandbox.on("GET", "/api/v1/123/sync/Logistics/Items", move |request| {
        let after = match skiptoken(request) {
            Some(token) => token,
            None => {
                let filter = request.parameter("$filter").unwrap();
                let number = filter.strip_prefix("(Timestamp gt ").unwrap();
                number.strip_suffix("L)").unwrap().parse().unwrap()
            }
        };
        assert!(request.parameter("$select").unwrap().contains("ID"));
        theirs.lock().unwrap().page(after, &base)
    });
    (sandbox, stock)
}

/// Reads items into a file, and stores the position in another file.
pub(crate) fn child() {
    let exact = builder().division(123).build().unwrap();
    let folder = given("FOLDER");
    let (rows, place) = (Path::new(&folder).join("rows"), Path::new(&folder).join("position"));
    let stored = std::fs::read(&place).ok();
    let position: Option<Position> = stored.map(|json| serde_json::from_slice(&json).unwrap());
    let mut file = std::fs::File::options().append(true).create(true).open(rows).unwrap();
    for batch in exact.items().sync(position) {
        let batch = batch.unwrap();
        let mut text = String::from("\n");
        for row in &batch.items {
            text += &format!("{} {}\n", row.id.unwrap(), row.timestamp.unwrap());
        }
        file.write_all(text.as_bytes()).unwrap();
        say(&format!("worked {}", batch.items.len()));
        let new = place.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&batch.position).unwrap()).unwrap();
        std::fs::rename(&new, &place).unwrap();
        say("stored");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0").trim();
    say(&format!("peak {}", peak.trim_end_matches(" kB")));
}

fn environment<'a>(
    sandbox: &'a Sandbox,
    store: &'a str,
    folder: &'a str,
) -> [(&'a str, &'a str); 3] {
    [("URL", sandbox.url()), ("STORE", store), ("FOLDER", folder)]
}

fn log_in(sandbox: &Sandbox, store: &str) {
    let client = evergrant::Client::new(
        sandbox.provider(),
        sandbox.credentials(),
        evergrant::FileBackend::new(store),
    );
    client.seed(sandbox.login()).unwrap();
}

/// Returns the processed rows, one for each line. A line that a kill cut short is ignored.
fn worked_off(folder: &Path) -> Vec<(Guid, i64)> {
    let text = std::fs::read_to_string(folder.join("rows")).unwrap();
    let row = |line: &str| {
        let (id, version) = line.split_once(' ')?;
        Some((id.parse().ok()?, version.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn a_killed_synchronisation_repeats_at_most_one_page() {
    const ITEMS: u128 = 100_000;
    let (sandbox, stock) = serve(ITEMS, Some(9));
    let folder = sandbox.folder().to_owned();
    let store = folder.join("exact.json").to_str().unwrap().to_owned();
    log_in(&sandbox, &store);
    let environment = environment(&sandbox, &store, folder.to_str().unwrap());
    let mut dice = 0x2545_F491_4F6C_DD1D_u64;
    let mut kills = 0;
    loop {
        let mut worker = Worker::start("sync", &environment);
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        // The process is killed after `lines` lines: before or after it stores a position, or within the
        // next page.
        let lines = 1 + dice % 23;
        let mut heard = 0;
        let ended = loop {
            match worker.hear() {
                Some(line) if line.starts_with("peak") => break true,
                Some(_) => heard += 1,
                None => panic!("the process ended by itself"),
            }
            if heard == lines {
                worker.kill();
                kills += 1;
                break false;
            }
        };
        if ended {
            break;
        }
    }
    let rows = worked_off(&folder);
    let mut newest: HashMap<Guid, i64> = HashMap::new();
    let mut versions: HashMap<(Guid, i64), usize> = HashMap::new();
    for (id, version) in &rows {
        let known = newest.entry(*id).or_default();
        *known = (*known).max(*version);
        *versions.entry((*id, *version)).or_default() += 1;
    }
    // Another run reads the last changes.
    let stock = stock.lock().unwrap();
    assert_eq!(newest.len(), ITEMS as usize, "every item was read");
    let behind = stock.versions.iter().filter(|(v, item)| newest[&Guid::from_u128(*item)] < *v);
    assert!(behind.count() <= 1, "a change in the very last request comes in the next run");
    let repeated: usize = versions.values().map(|times| times - 1).sum();
    println!("{kills} kills, {repeated} of {} rows repeated", rows.len());
    assert!(kills >= 5, "{kills} kills");
    assert!(repeated <= kills * PAGE, "{repeated} rows repeated in {kills} kills");
}

#[test]
fn a_long_list_needs_no_more_memory_than_a_short_one() {
    let peak = |items: u128| {
        let (sandbox, _) = serve(items, None);
        let folder = sandbox.folder().to_owned();
        let store = folder.join("exact.json").to_str().unwrap().to_owned();
        log_in(&sandbox, &store);
        let environment = environment(&sandbox, &store, folder.to_str().unwrap());
        let worker = Worker::start("sync", &environment);
        let mut pages = 0;
        loop {
            let line = worker.hear().unwrap();
            match line.strip_prefix("peak ") {
                Some(peak) => break (peak.parse::<u64>().unwrap(), pages),
                None => pages += usize::from(line == "stored"),
            }
        }
    };
    let ((short, few), (long, many)) = (peak(5_000), peak(100_000));
    assert_eq!((few, many), (5, 100));
    println!("peak of {few} pages {short} kB, of {many} pages {long} kB");
    // On a system that does not report the memory, both peaks are 0.
    assert!(long <= short + short / 4, "{short} kB, then {long} kB");
}
