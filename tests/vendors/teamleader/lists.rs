//! Tests of lists and their pages.

use evergrant::sandbox::{ApiReply, Fault};
use evergrant::teamleader::contacts::{Contact, ContactFilter, ContactSort};
use evergrant::teamleader::deals::{DealFilter, Users};
use evergrant::teamleader::files::{FileSubject, FileSubjectType};
use evergrant::teamleader::{ActiveStatus, Email, Order, Teamleader};
use evergrant::{Error, MemoryBackend};
use serde_json::{Value, json};

use super::support::{answering, builder, data, page_of, sandbox, world};

#[test]
fn a_list_is_fetched_page_by_page_as_needed() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, body| data(page_of(250, body)));
    let first: Vec<Contact> = teamleader.contacts().iter().take(101).map(Result::unwrap).collect();
    assert_eq!((first.len(), first[100].id.as_str()), (101, "100"));
    assert_eq!(asked.lock().len(), 2);
    assert_eq!(asked.lock()[1].1, json!({ "page": { "size": 100, "number": 2 } }));
    asked.lock().clear();
    assert_eq!(teamleader.contacts().iter().count(), 250);
    assert_eq!(asked.lock().len(), 3, "the third page is short, so it is the last");
    asked.lock().clear();
    let pages: Vec<usize> = teamleader
        .contacts()
        .page_size(50)
        .from_page(4)
        .pages()
        .map(|p| p.unwrap().len())
        .collect();
    assert_eq!(pages, [50, 50, 0]);
    let numbers: Vec<_> =
        asked.lock().iter().map(|(_, body)| body["page"]["number"].clone()).collect();
    assert_eq!(numbers, [4, 5, 6]);
}

#[test]
fn a_list_continues_from_a_page_number_after_a_restart() {
    let (sandbox, teamleader) = world();
    answering(&sandbox, |_, body| data(page_of(250, body)));
    let mut pages = teamleader.contacts().pages();
    pages.next().unwrap().unwrap();
    assert_eq!(pages.position(), Some(&2));
    let rest = teamleader.contacts().from_page(2).iter().count();
    assert_eq!(rest, 150);
}

#[test]
fn a_list_without_pages_is_fetched_once() {
    let (sandbox, teamleader) = world();
    // A list without pages sends all objects for every page number.
    let everything = |n: u64| (0..n).map(|n| json!({ "id": n.to_string() })).collect::<Value>();
    let asked = answering(&sandbox, move |_, _| data(everything(100)));
    assert_eq!(teamleader.departments().iter().count(), 100);
    assert!(asked.lock()[0].1.get("page").is_none());
    assert_eq!(teamleader.iter::<Value>("orders.list", &json!({})).unwrap().count(), 100);
    assert_eq!(asked.lock().len(), 2);
    // Some lists have pages in the specification but send all objects. The test calls one such list with a
    // typed method, and another by name.
    asked.lock().clear();
    assert_eq!(teamleader.contacts().iter().count(), 100);
    assert_eq!(teamleader.iter::<Value>("tickets.list", &()).unwrap().count(), 100);
    assert_eq!(asked.lock().len(), 4);
    asked.lock().clear();
    assert_eq!(teamleader.contacts().page_size(30).iter().count(), 100);
    assert_eq!(
        asked.lock().len(),
        1,
        "an answer with more objects than a page holds is the whole list"
    );
}

#[test]
fn iter_accepts_every_list_of_the_table_and_nothing_else() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, body| data(page_of(120, body)));
    let filter = json!({ "filter": { "subject": { "type": "deal", "id": "d" } } });
    let notes: Vec<Value> =
        teamleader.iter("notes.list", &filter).unwrap().map(Result::unwrap).collect();
    assert_eq!((notes.len(), &notes[119]["id"]), (120, &json!("119")));
    assert_eq!(asked.lock()[1].1["filter"]["subject"]["id"], "d");
    let body = json!({ "page": { "size": 60, "number": 2 } });
    let sizes: Vec<usize> = teamleader
        .pages::<Value>("tickets.list", &body)
        .unwrap()
        .map(|page| page.unwrap().len())
        .collect();
    assert_eq!(sizes, [60, 0]);
    let refused = |name: &str, body: Value| teamleader.iter::<Value>(name, &body).err();
    assert!(matches!(refused("deals.info", json!({ "id": "d" })), Some(Error::Config(_))));
    assert!(matches!(refused("no.list", json!({})), Some(Error::Config(_))));
    assert!(
        matches!(refused("notes.list", json!({})), Some(Error::Config(text)) if text.contains("filter.subject"))
    );
}

#[test]
fn a_page_has_its_number_its_total_and_has_next() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |name, body| {
        let page = page_of(200, body);
        match name {
            "companies.list" => ApiReply::json(
                200,
                json!({ "data": page, "meta": { "page": body["page"], "matches": 200 } }),
            ),
            _ => data(page),
        }
    });
    let companies = teamleader.companies().page_size(100);
    let page = companies.page(2).unwrap();
    assert_eq!((page.items.len(), page.number, page.size), (100, 2, 100));
    assert_eq!((page.total, page.has_next), (Some(200), false));
    assert!(companies.page(1).unwrap().has_next);
    assert_eq!(asked.lock()[0].1["includes"], "pagination");
    assert_eq!(companies.count().unwrap(), Some(200));
    // Without a total, another page may follow a full page.
    let page = teamleader.contacts().page_size(100).page(2).unwrap();
    assert_eq!((page.total, page.has_next), (None, true));
    assert!(!teamleader.contacts().page_size(100).page(3).unwrap().has_next);
    assert_eq!(teamleader.contacts().count().unwrap(), None);
}

#[test]
fn page_sizes_outside_1_to_100_are_clamped_or_refused() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, body| data(page_of(1, body)));
    let list = |size: u32| teamleader.contacts().page_size(size).page(0).unwrap();
    assert_eq!((list(5000).size, list(0).size), (100, 1));
    assert_eq!(asked.lock()[0].1["page"], json!({ "size": 100, "number": 1 }));
    let build = |size: u32| builder(&sandbox, MemoryBackend::new()).page_size(size).build();
    assert!(
        matches!(build(101), Err(Error::Config(_))) && matches!(build(0), Err(Error::Config(_)))
    );
    assert!(build(20).is_ok());
}

#[test]
fn filters_and_sorting_are_sent_in_teamleaders_form() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, _| data(json!([])));
    let since = time::OffsetDateTime::from_unix_timestamp_nanos(1_767_225_600_123_000_000).unwrap();
    let filter = ContactFilter::new()
        .email(Email::primary("ada@mail.example"))
        .tags(vec!["expo".to_owned()])
        .status(ActiveStatus::Active)
        .updated_since(since);
    let list = teamleader.contacts().filter(filter).sort(ContactSort::Name, Order::Ascending);
    list.iter().for_each(drop);
    let filter = json!({
        "email": { "type": "primary", "email": "ada@mail.example" }, "tags": ["expo"],
        "status": "active", "updated_since": "2026-01-01T00:00:00Z",
    });
    let sort = json!([{ "field": "name", "order": "asc" }]);
    let page = json!({ "size": 100, "number": 1 });
    assert_eq!(asked.lock()[0].1, json!({ "filter": filter, "sort": sort, "page": page }));
    asked.lock().clear();
    let deals = DealFilter::new().responsible_user_id("u").estimated_closing_date(None);
    teamleader.deals().filter(deals).iter().for_each(drop);
    let filter = json!({ "responsible_user_id": "u", "estimated_closing_date": null });
    assert_eq!(asked.lock()[0].1["filter"], filter);
    let both = DealFilter::new().responsible_user_id(Users::Any(vec!["u".into(), "v".into()]));
    assert_eq!(serde_json::to_value(both).unwrap()["responsible_user_id"], json!(["u", "v"]));
    let subject = FileSubject::new(FileSubjectType::Deal, "d");
    teamleader.files().of(subject).iter().for_each(drop);
    assert_eq!(asked.lock()[1].1["filter"], json!({ "subject": { "type": "deal", "id": "d" } }));
}

#[test]
fn after_an_error_item_the_same_page_is_fetched_again() {
    let sandbox = sandbox();
    answering(&sandbox, |_, body| data(page_of(150, body)));
    let teamleader: Teamleader = builder(&sandbox, MemoryBackend::new())
        .configure(|client| client.retries(0))
        .build()
        .unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    let mut contacts = teamleader.contacts().iter();
    assert_eq!(contacts.by_ref().take(100).filter(Result::is_ok).count(), 100);
    sandbox.api_fault(Fault::StatusBefore(503));
    assert!(contacts.next().unwrap().unwrap_err().is_transient());
    assert_eq!(contacts.filter(Result::is_ok).count(), 50);
}

#[test]
fn empty_pages_with_a_large_total_end() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, _| {
        ApiReply::json(200, json!({ "data": [], "meta": { "matches": 1_000_000_000 } }))
    });
    assert_eq!(teamleader.contacts().iter().count(), 0);
    assert_eq!(asked.lock().len(), 2);
    let rows = teamleader.iter::<Value>("contacts.list", &json!({})).unwrap();
    assert_eq!(rows.take(9).count(), 0);
    assert_eq!(asked.lock().len(), 4);
}
