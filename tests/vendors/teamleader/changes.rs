//! Tests of lists that read only the objects that have changed.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use evergrant::clock::{Clock as _, ManualClock};
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::teamleader::contacts::ContactFilter;
use evergrant::teamleader::{Changing, List, Position, Teamleader};
use evergrant::{Error, MemoryBackend};
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::support::provider;

/// 2026-11-30T12:00:00Z.
fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1796040000).unwrap()
}

/// The state of the service: its objects with the times of their changes, and the filters that it received.
struct Service {
    objects: Vec<(&'static str, OffsetDateTime)>,
    filters: Vec<Value>,
}

/// A server whose time the test sets, and a client that is logged in. The client's clock is a day behind.
fn world() -> (Sandbox, Teamleader, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(start().into()));
    let server = Sandbox::builder().client_auth(ClientAuth::Body).clock(clock.clone());
    let sandbox = server.start().unwrap();
    let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    let ours = ManualClock::at((start() - Duration::DAY).into());
    let builder = builder.provider(provider(&sandbox)).clock(Arc::new(ours));
    let teamleader = builder.build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    (sandbox, teamleader, clock)
}

fn service(sandbox: &Sandbox) -> Arc<Mutex<Service>> {
    let long_ago = start() - Duration::days(9);
    let objects = ["a", "b", "c", "d", "e"].map(|id| (id, long_ago)).to_vec();
    let service = Service { objects, filters: Vec::new() };
    let service = Arc::new(Mutex::new(service));
    let shared = service.clone();
    sandbox.on("POST", "/api/*", move |request| {
        let mut service = shared.lock();
        let body = request.json();
        let since = body["filter"]["updated_since"].as_str();
        let since = since.map(|text| OffsetDateTime::parse(text, &Rfc3339).unwrap());
        let matching =
            service.objects.iter().filter(|(_, at)| since.is_none_or(|since| *at >= since));
        let rows: Vec<Value> = matching.map(|(id, _)| json!({ "id": id })).collect();
        let [size, number] =
            ["size", "number"].map(|name| body["page"][name].as_u64().unwrap() as usize);
        let page: Vec<_> = rows.into_iter().skip(size * (number - 1)).take(size).collect();
        service.filters.push(body["filter"].clone());
        ApiReply::json(200, json!({ "data": page }))
    });
    service
}

/// Runs the list from this position, with the position as a program stores it. Returns the ids, and the last position.
fn run<T: Changing>(list: &List<'_, T>, stored: Option<&str>) -> (String, String) {
    let (mut ids, mut last) = (String::new(), String::new());
    let stored = stored.map(|stored| serde_json::from_str(stored).unwrap());
    for page in list.changes(stored) {
        let page = page.unwrap();
        for item in page.iter() {
            ids.push_str(serde_json::to_value(item).unwrap()["id"].as_str().unwrap());
        }
        last = serde_json::to_string(&page.position).unwrap();
    }
    (ids, last)
}

/// Tests the changes of one list. The messages of the assertions have the `name` of the list.
fn reads_changes<T: Changing>(name: &str, list: impl Fn(&Teamleader) -> List<'_, T>) {
    let (sandbox, teamleader, clock) = world();
    let service = service(&sandbox);
    let list = list(&teamleader);
    let (ids, last) = run(&list, None);
    assert_eq!(ids, "abcde", "{name}");
    assert_eq!(service.lock().filters, [Value::Null, Value::Null, Value::Null], "{name}");

    // The next run begins a minute before the start of the previous run, by the time of the service.
    service.lock().filters.clear();
    clock.sleep(std::time::Duration::from_secs(3600));
    service.lock().objects[2].1 = start() + Duration::minutes(10);
    let (ids, last) = run(&list, Some(&last));
    assert_eq!(ids, "c", "{name}");
    assert_eq!(
        service.lock().filters,
        [json!({ "updated_since": "2026-11-30T11:59:00Z" })],
        "{name}"
    );
    service.lock().filters.clear();
    assert_eq!(run(&list, Some(&last)).0, "", "{name}");
    assert_eq!(
        service.lock().filters,
        [json!({ "updated_since": "2026-11-30T12:59:00Z" })],
        "{name}"
    );
}

#[test]
fn every_list_with_updated_since_reads_only_changes() {
    reads_changes("companies", |teamleader| teamleader.companies().page_size(2));
    reads_changes("contacts", |teamleader| teamleader.contacts().page_size(2));
    reads_changes("credit notes", |teamleader| teamleader.credit_notes().page_size(2));
    reads_changes("deals", |teamleader| teamleader.deals().page_size(2));
    reads_changes("invoices", |teamleader| teamleader.invoices().page_size(2));
    reads_changes("legacy projects", |teamleader| teamleader.legacy_projects().page_size(2));
    reads_changes("products", |teamleader| teamleader.products().page_size(2));
}

/// Returns how often the sources of the SDK contain this text.
fn count(folder: &Path, text: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: &Path| match path.is_dir() {
        true => count(path, text),
        false => fs::read_to_string(path).unwrap().matches(text).count(),
    };
    entries.map(|path| of(&path)).sum()
}

#[test]
fn every_filter_with_updated_since_has_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/teamleader");
    assert_eq!(count(&folder, "        updated_since: OffsetDateTime,"), 7);
}

#[test]
fn a_stopped_run_goes_on_with_its_next_page() {
    let (sandbox, teamleader, clock) = world();
    let service = service(&sandbox);
    let list = teamleader.contacts().page_size(2);
    let first = list.changes(None).next().unwrap().unwrap();
    assert!(first.position.has_more());
    // The run continues an hour later; the next run still begins at the start of this run.
    clock.sleep(std::time::Duration::from_secs(3600));
    let (ids, last) = run(&list, Some(&serde_json::to_string(&first.position).unwrap()));
    assert_eq!(ids, "cde");
    service.lock().objects[0].1 = start() + Duration::minutes(1);
    let (ids, last) = run(&list, Some(&last));
    assert_eq!(ids, "a");
    // The same run once more.
    let again: Position = serde_json::from_str(&last).unwrap();
    let again = serde_json::to_string(&again.restarted()).unwrap();
    assert_eq!(run(&list, Some(&again)).0, "a");
    let pages: Vec<_> = list.changes(Some(first.position.restarted())).items().collect();
    assert_eq!(pages.len(), 5);
}

#[test]
fn changes_since_a_given_time_are_a_first_run() {
    let (sandbox, teamleader, _) = world();
    let service = service(&sandbox);
    service.lock().objects[4].1 = start();
    let list = teamleader.contacts().page_size(2);
    let position = list.position_at(start() - Duration::hours(1)).unwrap();
    assert_eq!(list.changes(Some(position)).items().count(), 1);
    let filter = json!({ "updated_since": "2026-11-30T11:00:00Z" });
    assert_eq!(service.lock().filters, [filter]);
}

#[test]
fn a_position_of_another_list_and_a_second_time_are_refused() {
    let (sandbox, teamleader, _) = world();
    service(&sandbox);
    let position = teamleader.deals().changes(None).next().unwrap().unwrap().position;
    let filter = ContactFilter::new().updated_since(start());
    for (mut pages, says) in [
        (teamleader.contacts().changes(Some(position)), "belongs to deals.list"),
        (teamleader.contacts().filter(filter).changes(None), "updated_since"),
    ] {
        let error = pages.next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Config(_)) && error.to_string().contains(says), "{error}");
        assert!(pages.next().is_none());
    }
    // The requests keep the caller's other filters.
    let filter = ContactFilter::new().term("Ada".to_owned());
    let position = teamleader.contacts().position_at(start()).unwrap();
    let service = service(&sandbox);
    teamleader.contacts().filter(filter).changes(Some(position)).for_each(drop);
    let filter = json!({ "term": "Ada", "updated_since": "2026-11-30T12:00:00Z" });
    assert_eq!(service.lock().filters, [filter]);
}
