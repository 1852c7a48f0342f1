//! Tests of pages, positions and synchronisation by `Modified`.

use std::sync::{Arc, Mutex};

use evergrant::Error;
use evergrant::exact_online::{EntityType, Position, Warehouse, odata::field};
use evergrant::sandbox::{ApiReply, ApiRequest, Fault};
use serde_json::{Value, json};

use super::grammar::query_pairs;
use super::support::{World, skiptoken};

/// Serves `count` rows, `size` a page, and records the queries.
fn pages(world: &World, path: &str, count: i64, size: i64) -> Arc<Mutex<Vec<String>>> {
    let queries: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&queries);
    let base = format!("{}/api/v1/{path}", world.sandbox.url());
    world.on("GET", path, move |request: &ApiRequest| {
        heard.lock().unwrap().push(request.query.clone());
        let start = skiptoken(request).unwrap_or(0);
        let end = (start + size).min(count);
        let rows: Vec<Value> = (start..end).map(|n| json!({ "LineNumber": n })).collect();
        // The link has the service's form: the options of the request, and a token.
        let next =
            (end < count).then(|| format!("{base}?$filter=X%20eq%20'a%26b'&$skiptoken={end}L"));
        ApiReply::json(200, json!({ "d": { "results": rows, "__next": next } }))
    });
    queries
}

#[test]
fn a_list_fetches_its_pages_lazily() {
    let world = World::new();
    let exact = world.seeded();
    let queries = pages(&world, "123/purchaseorder/PurchaseOrderLines", 150, 60);
    let mut rows = exact.purchase_order_lines().iter();
    assert!(queries.lock().unwrap().is_empty(), "nothing is sent before the first item is needed");
    assert_eq!(rows.next().unwrap().unwrap().line_number, Some(0));
    assert_eq!(queries.lock().unwrap().len(), 1);
    let numbers: Vec<_> = rows.map(|row| row.unwrap().line_number.unwrap()).collect();
    assert_eq!(numbers, (1..150).collect::<Vec<_>>());
    // The client follows each link unchanged.
    assert_eq!(
        *queries.lock().unwrap(),
        ["", "$filter=X%20eq%20'a%26b'&$skiptoken=60L", "$filter=X%20eq%20'a%26b'&$skiptoken=120L"]
    );
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let world = World::new();
    let exact = world.seeded();
    let own = world.sandbox.url().to_owned();
    for next in [
        "https://evil.example/api/v1/123/crm/Accounts?$skiptoken=1L".to_owned(),
        format!("{}/api/v1/123/crm/Accounts", own.replace("127.0.0.1", "localhost")),
        format!("{}/api/v1/123/crm/Accounts", own.replace("http:", "https:")),
        format!("http://user:pw@{}/api/v1/1/x", own.trim_start_matches("http://")),
        format!("{own}/other/v1/123/crm/Accounts"),
        format!("{own}/api/oauth2/token"),
        format!("{own}/api/../token"),
        "//evil.example/api/v1/1/x".to_owned(),
        "no address".to_owned(),
    ] {
        let link = next.clone();
        world.on("GET", "123/crm/Accounts", move |_| {
            ApiReply::json(200, json!({ "d": { "results": [{}], "__next": link } }))
        });
        let calls = world.sandbox.counters().api_calls;
        let found: Vec<_> = exact.accounts().iter().collect();
        assert!(matches!(found[..], [Err(Error::Decode(_))]), "{next}: {found:?}");
        assert_eq!(world.sandbox.counters().api_calls, calls + 1, "{next}");
    }
}

#[test]
fn the_next_call_fetches_a_failed_page_again() {
    let world = World::new();
    let exact = world.builder_on(evergrant::MemoryBackend::new());
    let exact = exact.division(123).configure(|client| client.retries(0)).build().unwrap();
    exact.client().seed(world.sandbox.login()).unwrap();
    pages(&world, "123/crm/Contacts", 150, 60);
    let mut batches = exact.contacts().pages();
    assert_eq!(batches.next().unwrap().unwrap().items.len(), 60);
    world.sandbox.api_fault(Fault::StatusBefore(502));
    assert!(batches.next().unwrap().unwrap_err().is_transient());
    assert_eq!(batches.next().unwrap().unwrap().items.len(), 60);
    assert_eq!(batches.next().unwrap().unwrap().items.len(), 30);
    assert!(batches.next().is_none());
    // An unreadable answer ends the list.
    world.on("GET", "123/crm/Contacts", |_| ApiReply::bytes(200, "text/html", "<h1>hello</h1>"));
    let found: Vec<_> = exact.contacts().pages().collect();
    assert!(matches!(found[..], [Err(Error::Decode(_))]));
}

#[test]
fn a_position_continues_its_own_list_only() {
    let world = World::new();
    let exact = world.seeded();
    pages(&world, "123/crm/Contacts", 150, 60);
    let first = exact.contacts().pages().next().unwrap().unwrap();
    assert!(first.position.has_more());
    let json = serde_json::to_string(&first.position).unwrap();
    assert!(json.len() < 300 && !json.contains("127.0.0.1"), "{json}");
    let stored: Position = serde_json::from_str(&json).unwrap();
    let rest: Vec<_> =
        exact.contacts().pages_from(Some(stored.clone())).map(Result::unwrap).collect();
    assert_eq!(rest.iter().map(|batch| batch.items.len()).collect::<Vec<_>>(), [60, 30]);
    assert!(!rest[1].position.has_more());
    // No page follows the last page. A restarted list begins with its first page.
    let last: Position =
        serde_json::from_str(&serde_json::to_string(&rest[1].position).unwrap()).unwrap();
    assert!(exact.contacts().pages_from(Some(last.clone())).next().is_none());
    let again = exact.contacts().pages_from(Some(last.restarted())).map(Result::unwrap);
    assert_eq!(again.map(|page| page.items.len()).collect::<Vec<_>>(), [60, 60, 30]);
    let error = |position: &Position| {
        let other = [exact.accounts().pages_from(Some(position.clone())).next().unwrap().map(drop)];
        other.into_iter().all(|result| matches!(result, Err(Error::Config(_))))
    };
    assert!(error(&stored));
    let elsewhere = exact.division(7).contacts().pages_from(Some(stored)).next().unwrap();
    assert!(matches!(elsewhere, Err(Error::Config(_))));
    // An edited position cannot lead to another host or path.
    let edited =
        json.replace("/v1/123", "/oauth2").replace("\"next\":\"/v1", "\"next\":\"//evil.example");
    let edited: Position = serde_json::from_str(&edited).unwrap();
    assert!(matches!(
        exact.contacts().pages_from(Some(edited)).next().unwrap(),
        Err(Error::Config(_))
    ));
}

#[test]
fn the_next_synchronisation_continues_after_the_last_timestamp() {
    let world = World::new();
    let exact = world.seeded();
    let filters: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&filters);
    world.on("GET", "123/sync/CRM/Accounts", move |request| {
        heard.lock().unwrap().push(request.parameter("$filter").unwrap());
        let select = request.parameter("$select").unwrap();
        assert!(select.split(',').any(|name| name == "Timestamp"), "{select}");
        let rows = json!([{"Name": "b", "Timestamp": 42}, {"Name": "a", "Timestamp": "17"}]);
        ApiReply::json(200, json!({ "d": { "results": rows } }))
    });
    let first = exact.accounts().sync(None).next().unwrap().unwrap();
    assert_eq!((first.items.len(), first.position.timestamp()), (2, Some(42)), "the highest seen");
    assert!(first.items[0].name.as_deref() == Some("b") && first.items[0].timestamp == Some(42));
    let again = exact.accounts().select(&["Name"]).sync(Some(first.position)).next().unwrap();
    assert_eq!(again.unwrap().position.timestamp(), Some(42));
    // The number has 64 bits. The first run has a filter as well, because a request without a filter gets a
    // 400.
    assert_eq!(*filters.lock().unwrap(), ["(Timestamp gt 1L)", "(Timestamp gt 42L)"]);
    // A row without a version is returned, and does not move the position.
    world.rows("123/sync/CRM/Accounts", json!([{"Name": "b"}]));
    let found: Vec<_> = exact.accounts().sync(None).map(Result::unwrap).collect();
    assert_eq!((found[0].items.len(), found[0].position.timestamp()), (1, Some(1)));
}

#[test]
fn orders_synchronise_as_their_lines() {
    let world = World::new();
    let exact = world.seeded();
    let row = json!({"ID": "00000000-0000-0000-0000-000000000001", "Timestamp": 5, "LineNumber": 3,
        "PurchaseOrderID": "00000000-0000-0000-0000-000000000002", "Quantity": 1.5});
    world.rows("123/sync/PurchaseOrder/PurchaseOrders", json!([row]));
    world.rows("123/sync/SalesInvoice/SalesInvoices", json!([{"ID": row["ID"], "Timestamp": 5}]));
    world.rows(
        "123/sync/SalesOrder/SalesOrderHeaders",
        json!([{"OrderID": row["ID"], "Timestamp": 5}]),
    );
    let line = exact.purchase_orders().sync(None).items().next().unwrap().unwrap();
    assert_ne!(line.id.unwrap().guid(), line.purchase_order_id.unwrap().guid());
    assert_eq!((line.line_number, line.quantity), (Some(3), Some("1.5".parse().unwrap())));
    assert!(exact.sales_invoices().sync(None).items().next().unwrap().unwrap().id.is_some());
    assert!(exact.sales_orders().sync(None).items().next().unwrap().unwrap().order_id.is_some());
}

#[test]
fn rows_without_timestamp_synchronise_by_modified() {
    let world = World::new();
    let exact = world.seeded();
    let rows: Arc<Mutex<Vec<(i64, &str)>>> = Arc::new(Mutex::new(vec![(0, "a"), (60, "b")]));
    let theirs = Arc::clone(&rows);
    let date = |seconds: i64| format!("/Date({})/", 1_704_412_800_000 + seconds * 1000);
    world.on("GET", "123/inventory/Warehouses", move |request| {
        let mut rows = theirs.lock().unwrap().clone();
        let pairs = query_pairs(&request.query);
        let get =
            |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        if let Some(filter) = get("$filter") {
            let from = filter.strip_prefix("(Modified ge datetime'2024-01-05T00:").unwrap();
            let from = from.strip_suffix("')").unwrap();
            let (minutes, seconds) = from.split_once(':').unwrap();
            let from = minutes.parse::<i64>().unwrap() * 60 + seconds.parse::<i64>().unwrap();
            rows.retain(|(at, _)| *at >= from);
        }
        if get("$orderby").as_deref() == Some("Modified desc") {
            rows.sort_by_key(|(at, _)| -at);
            rows.truncate(1);
            // During the run a row changes that the run has already read.
            theirs.lock().unwrap().push((61, "changed meanwhile"));
        }
        let rows: Vec<_> = rows
            .iter()
            .map(|(at, name)| json!({ "Description": name, "Modified": date(*at) }))
            .collect();
        ApiReply::json(200, json!({ "d": rows }))
    });
    let names = |rows: &[Warehouse]| -> Vec<String> {
        rows.iter().map(|row| row.description.clone().unwrap()).collect()
    };
    let first = exact.warehouses().sync(None).next().unwrap().unwrap();
    assert_eq!(names(&first.items), ["a", "b", "changed meanwhile"]);
    // The next run starts from the change that was the newest when this run began, so the next run misses no
    // row.
    let second = exact.warehouses().sync(Some(first.position)).next().unwrap().unwrap();
    assert_eq!(names(&second.items)[..2], ["b", "changed meanwhile"]);
    let third = exact.warehouses().sync(Some(second.position)).next().unwrap().unwrap();
    assert_eq!(names(&third.items)[0], "changed meanwhile");
    // An empty list is no error.
    rows.lock().unwrap().clear();
    world.rows("123/inventory/StockCounts", json!([]));
    let empty = exact.stock_counts().sync(None).next().unwrap().unwrap();
    assert!(empty.items.is_empty() && !empty.position.has_more());
}

#[test]
fn a_first_run_may_begin_at_a_date() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/read/sync/Sync/SyncTimestamp", |request| {
        assert_eq!(request.parameter("modified").as_deref(), Some("datetime'2026-01-05T00:00:00'"));
        assert_eq!(request.parameter("endPoint").as_deref(), Some("'SalesInvoices'"));
        let row = json!({"Modified": "/Date(1767571200000)/", "TimeStampAsBigInt": "4711"});
        ApiReply::json(200, json!({ "d": row }))
    });
    world.on("GET", "123/sync/SalesInvoice/SalesInvoices", |request| {
        assert_eq!(request.parameter("$filter").as_deref(), Some("(Timestamp gt 4710L)"));
        ApiReply::json(200, json!({ "d": { "results": [{ "Timestamp": 4711 }] } }))
    });
    let date = time::Date::from_calendar_date(2026, time::Month::January, 5).unwrap().midnight();
    let position = exact.sales_invoices().position_at(date).unwrap();
    assert_eq!(exact.sales_invoices().sync(Some(position)).items().count(), 1);
    // A synchronisation by `Modified` includes rows that changed exactly at the given date.
    world.on("GET", "123/inventory/Warehouses", |request| {
        if request.parameter("$top").is_none() {
            let filter = request.parameter("$filter");
            assert_eq!(filter.as_deref(), Some("(Modified ge datetime'2026-01-05T00:00:00')"));
        }
        ApiReply::json(200, json!({ "d": [{ "Modified": "/Date(1767571200000)/" }] }))
    });
    let position = exact.warehouses().position_at(date).unwrap();
    assert_eq!(exact.warehouses().sync(Some(position)).items().count(), 1);
}

#[test]
fn deleted_rows_are_read_by_kind() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/sync/Deleted", |request| {
        assert_eq!(
            request.parameter("$filter").as_deref(),
            Some("(((EntityType eq 2) or (EntityType eq 9)) and (Timestamp gt 1L))")
        );
        let row = json!({"ID": "00000000-0000-0000-0000-000000000001", "EntityType": 2,
            "EntityKey": "00000000-0000-0000-0000-000000000002", "Timestamp": "7",
            "DeletedDate": "/Date(1704412800000)/", "Division": 123});
        ApiReply::json(200, json!({ "d": { "results": [row] } }))
    });
    let kinds = [EntityType::Accounts, EntityType::Items];
    let batch = exact.deleted(None, &kinds).next().unwrap().unwrap();
    assert_eq!(batch.items[0].entity_type, Some(EntityType::Accounts));
    assert_eq!(batch.position.timestamp(), Some(7));
}

#[test]
fn a_bulk_list_names_the_fields_that_it_has() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/bulk/CRM/Accounts", |request| {
        let select = request.parameter("$select").unwrap();
        if request.parameter("$filter").is_some() {
            assert_eq!(select, "ID,Name");
        } else {
            assert!(select.starts_with("ID,") && !select.contains("Timestamp"));
            assert!(request.query.len() < 5_800);
        }
        ApiReply::json(200, json!({ "d": { "results": [{ "Name": "a" }] } }))
    });
    assert_eq!(exact.accounts().bulk(None).items().count(), 1);
    let chosen = exact.accounts().filter(field("Blocked").eq(false)).select(&["ID", "Name"]);
    assert_eq!(chosen.bulk(None).items().count(), 1);
}

#[test]
fn links_that_form_a_cycle_end_the_list() {
    let world = World::new();
    let exact = world.seeded();
    let path = "123/purchaseorder/PurchaseOrderLines";
    let base = format!("{}/api/v1/{path}", world.sandbox.url());
    // Page 0 links to page 1, page 1 to 2, page 2 to 3, and page 3 back to 1.
    world.on("GET", path, move |request: &ApiRequest| {
        let next = skiptoken(request).unwrap_or(0) % 3 + 1;
        let next = format!("{base}?$skiptoken={next}L");
        ApiReply::json(200, json!({ "d": { "results": [{ "LineNumber": 1 }], "__next": next } }))
    });
    let mut rows = exact.purchase_order_lines().iter();
    let error = rows.by_ref().take(100).find_map(Result::err).unwrap();
    assert!(
        matches!(error, Error::Decode(_)) && format!("{error:#}").contains("cycle"),
        "{error:#}"
    );
    assert!(rows.next().is_none());
}

#[test]
fn null_in_the_place_of_the_rows_is_no_row() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/crm/Accounts", |_| {
        ApiReply::json(200, json!({ "d": { "results": null, "__next": null } }))
    });
    assert_eq!(exact.accounts().iter().count(), 0);
    assert!(exact.accounts().first().unwrap().is_none());
}
