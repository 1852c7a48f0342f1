//! Tests that this SDK does not have faults of other SDKs; the guide has the table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use evergrant::backend::{Guard, Record};
use evergrant::exact_online::{Account, SalesOrder};
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::{BoxError, Error, FileBackend, TokenBackend};
use serde_json::json;

use super::support::{World, call};

#[test]
fn threads_and_clients_on_one_store_make_one_refresh() {
    let world = World::new();
    world.log_in();
    world.advance(700);
    // Some threads make a client for each request, as a web application does; others share a client. The
    // threads wait for the lock by the computer's clock, because a wait by the manual clock takes no time.
    let process = || world.builder_on(FileBackend::new(world.store())).build().unwrap();
    let shared = process();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| call(&shared).unwrap());
            scope.spawn(|| call(&process()).unwrap());
        }
    });
    let counters = world.sandbox.counters();
    assert_eq!((counters.refreshes, counters.refused, counters.api_ok), (1, 0, 16));
}

/// A file whose saves fail on command.
struct Fragile(FileBackend, Arc<AtomicBool>);

impl TokenBackend for Fragile {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if self.1.load(Ordering::Relaxed) && record.note().is_none() {
            return Err("the disk is full".into());
        }
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.0.lock(wait)
    }
    fn durability(&self) -> evergrant::backend::Durability {
        self.0.durability()
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

#[test]
fn a_failed_save_loses_nothing_and_resends_no_old_token() {
    let world = World::new();
    world.log_in();
    world.advance(700);
    let broken = Arc::new(AtomicBool::new(true));
    let store = FileBackend::new(world.store()).with_clock(world.clock.clone());
    let exact = world.builder_on(Fragile(store, broken.clone())).build().unwrap();
    for _ in 0..3 {
        let error = call(&exact).unwrap_err();
        assert!(matches!(error, Error::NotSaved(_)), "{error:?}");
        assert!(
            error.into_token().unwrap().refresh_token().is_some(),
            "the error has no refresh token"
        );
    }
    assert_eq!((world.token_requests(), world.sandbox.counters().reuses), (2, 0));
    broken.store(false, Ordering::Relaxed);
    call(&exact).unwrap();
    call(&world.process()).unwrap();
    assert_eq!(world.token_requests(), 2, "the unsaved pair is saved and used");
}

#[test]
fn an_unreachable_token_endpoint_loses_nothing() {
    let world = World::new();
    world.log_in();
    world.advance(571);
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let provider = world.sandbox.provider().to_builder();
    let gone = provider.refresh_endpoint(format!("http://{nowhere}/token")).build().unwrap();
    let exact = world.builder().provider(gone).build().unwrap();
    call(&exact).unwrap();
    world.advance(40);
    let error = call(&exact).unwrap_err();
    assert!(matches!(error, Error::Transport(_)) && error.is_transient(), "{error:?}");
    assert!(world.stored().note().is_none(), "nothing left this machine");
    call(&world.process()).unwrap();
    assert_eq!(world.sandbox.counters().refused, 0);
}

#[test]
fn a_live_token_outlasts_an_outage_of_the_token_endpoint() {
    for fault in [
        Fault::StatusBefore(503),
        Fault::StatusBefore(500),
        Fault::TooMany(None),
        Fault::Unavailable(Some(5)),
        Fault::CutBefore,
    ] {
        let world = World::new();
        world.log_in();
        world.advance(575);
        world.sandbox.faults(10, fault);
        let exact = world.process();
        for _ in 0..12 {
            call(&exact).unwrap();
            world.advance(2);
        }
        assert!(world.token_requests() <= 6, "{}", world.token_requests());
        world.sandbox.clear_faults();
        world.advance(60);
        call(&exact).unwrap();
    }
}

#[test]
fn an_unreadable_token_answer_keeps_the_refresh_token() {
    for commit in [false, true] {
        let world = World::lenient();
        world.log_in();
        world.advance(700);
        world.sandbox.fault(Fault::Body {
            status: 200,
            content_type: "text/html".to_owned(),
            body: b"<h1>maintenance</h1>".to_vec(),
            commit,
        });
        let before = world.stored();
        let error = call(&world.process()).unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
        assert_eq!(world.stored().token(), before.token());
        world.advance(600);
        call(&world.process()).unwrap();
    }
    // After an answer without a refresh token, the access token is new and the refresh token is unchanged.
    let world = World::new();
    world.log_in();
    world.advance(700);
    let body = json!({"access_token": "at-of-theirs", "token_type": "bearer", "expires_in": "600"});
    world.sandbox.fault(Fault::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        body: body.to_string().into_bytes(),
        commit: false,
    });
    let before = world.stored();
    let exact = world.process();
    assert_eq!(exact.client().access_token().unwrap().expose(), "at-of-theirs");
    assert_eq!(world.stored().token().refresh_token(), before.token().refresh_token());
}

#[test]
fn a_clone_outlives_the_original_and_shows_no_secret() {
    let world = World::new();
    world.log_in();
    let exact = world.builder().division(123).build().unwrap();
    let clone = exact.division(456);
    let token = exact.client().token().unwrap();
    drop(exact);
    call(&clone).unwrap();
    let credentials = world.sandbox.credentials();
    let shown = format!(
        "{token:?} {clone:?} {:?} {:?} {:?} {:?}",
        clone.client(),
        clone.accounts(),
        world.builder(),
        clone.accounts().iter(),
    );
    for secret in
        [token.access_token(), token.refresh_token().unwrap(), credentials.secret().unwrap()]
    {
        assert!(!shown.contains(secret.expose()), "{shown}");
    }
}

#[test]
fn a_write_that_may_have_been_processed_is_sent_once() {
    let world = World::new();
    let exact = world.seeded();
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    world.on("POST", "123/crm/Accounts", move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ApiReply::json(201, json!({"d": {}}))
    });
    let account = Account::with(|account| account.name = Some("Rose".to_owned()));
    for (fault, times) in [
        (Fault::StatusAfter(500), 1),
        (Fault::StatusAfter(503), 1),
        (Fault::CutAfter, 1),
        (Fault::CutBefore, 0),
    ] {
        made.store(0, Ordering::Relaxed);
        world.sandbox.api_fault(fault);
        exact.accounts().create(&account).unwrap_err();
        assert_eq!(made.load(Ordering::Relaxed), times);
    }
    // A request that was certainly not processed is sent again.
    world.sandbox.api_fault(Fault::TooMany(None));
    made.store(0, Ordering::Relaxed);
    exact.accounts().create(&account).unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[test]
fn an_empty_answer_to_a_change_is_a_success() {
    let world = World::new();
    let exact = world.seeded();
    let id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let path = format!("123/salesorder/SalesOrders(guid'{id}')");
    world.on("PUT", &path, |request| {
        // The row that is sent has the service's own names, and only the fields that are set.
        assert_eq!(
            request.json(),
            json!({"Description": "new", "WarehouseID": request.json()["WarehouseID"]})
        );
        ApiReply::new(204)
    });
    world.on("DELETE", &path, |_| ApiReply::new(204));
    let change = SalesOrder::with(|order| {
        order.description = Some("new".to_owned());
        order.warehouse_id = Some(id.parse().unwrap());
    });
    exact.sales_orders().update(id.parse().unwrap(), &change).unwrap();
    exact.sales_orders().delete(id.parse().unwrap()).unwrap();
}

#[test]
fn rows_without_a_key_and_the_current_user_are_read() {
    let world = World::new();
    let exact = world.seeded();
    world.rows("123/crm/Accounts", json!([{ "Name": "Rose" }]));
    let rows = exact.accounts().select(&["Name"]).page().unwrap().items;
    assert_eq!((rows[0].name.as_deref(), rows[0].id), (Some("Rose"), None));
    for shape in [
        json!({"results": [{"FullName": "Ada", "CurrentDivision": 123}]}),
        json!({"FullName": "Ada"}),
    ] {
        world.on("GET", "current/Me", move |_| ApiReply::json(200, json!({ "d": shape })));
        assert_eq!(exact.me().unwrap().full_name.as_deref(), Some("Ada"));
    }
    world.on("GET", "current/Me", |_| ApiReply::json(200, json!({ "d": { "results": [] } })));
    assert!(matches!(exact.me(), Err(Error::Decode(_))));
}
