//! Tests of what a program knows after a write.

use std::sync::{Arc, Mutex};

use evergrant::Error;
use evergrant::exact_online::*;
use evergrant::sandbox::{ApiReply, Fault};
use serde_json::{Map, Value, json};

use super::every::every_resource;
use super::models::{sample, written};
use super::support::World;

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

fn create(
    world: &World,
    reply: impl Fn() -> ApiReply + Send + Sync + 'static,
) -> Result<Account, Error> {
    world.on("POST", "123/crm/Accounts", move |_| reply());
    let exact = world.seeded();
    exact.accounts().create(&Account::with(|account| account.name = Some("Rose".to_owned())))
}

#[test]
fn an_unreadable_created_row_is_reported_as_created() {
    let world = World::new();
    let location = format!("{}/api/v1/123/crm/Accounts(guid'{ID}')", world.sandbox.url());
    let at = move |reply: ApiReply| reply.with_header("Location", &location);
    let row = json!({ "d": { "ID": ID, "Name": "Rose" } });
    let made = create(&world, move || ApiReply::json(201, row.clone())).unwrap();
    assert_eq!(made.id.unwrap().to_string(), ID);
    let odd = json!({ "d": { "ID": ID, "Blocked": ["odd"] } });
    let cases: [(&str, ApiReply, Option<&str>); 8] = [
        ("an odd property", ApiReply::json(201, odd), Some(ID)),
        ("no body, a location", at(ApiReply::new(201)), Some(ID)),
        ("204 and a location", at(ApiReply::new(204)), Some(ID)),
        ("no row, a location", at(ApiReply::json(201, json!({ "d": null }))), Some(ID)),
        ("HTML, a location", at(ApiReply::bytes(201, "text/html", "<h1>ok</h1>")), Some(ID)),
        ("no body", ApiReply::new(201), None),
        ("HTML", ApiReply::bytes(201, "text/html", "<h1>ok</h1>"), None),
        ("another envelope", ApiReply::json(201, json!({ "ID": ID })), None),
    ];
    for (what, reply, id) in cases {
        let error = create(&world, move || reply.clone()).unwrap_err();
        let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{what}: {error:#}"));
        assert!(told.processed && told.operation == "crm/Accounts", "{what}");
        assert_eq!(told.id.as_deref(), id, "{what}");
        let text = error.to_string();
        assert!(text.contains("which was processed") && text.contains("do not send"), "{text}");
        assert!(id.is_none_or(|id| text.contains(id)), "{text}");
        assert!(!error.is_transient(), "{what}");
    }
}

#[test]
fn a_lost_answer_to_a_create_says_so() {
    let world = World::new();
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        let what = format!("{fault:?}");
        world.sandbox.api_fault(fault);
        let error = create(&world, || ApiReply::new(201)).unwrap_err();
        let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{what}: {error:#}"));
        assert!(!told.processed && told.id.is_none(), "{what}");
        assert!(error.to_string().contains("may have been processed"), "{error:#}");
        assert!(!error.is_transient(), "{what}");
    }
    for status in [500, 502, 503, 504, 520] {
        let error = create(&world, move || ApiReply::new(status)).unwrap_err();
        let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{error:#}"));
        assert!(!told.processed && told.operation == "crm/Accounts", "{told:?}");
        assert!(error.to_string().contains("may have been processed"), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
    // A server that asks to wait has not processed the write, and a repeated update or deletion changes
    // nothing more.
    let busy = create(&world, || ApiReply::new(503).with_header("Retry-After", "7")).unwrap_err();
    assert!(Unconfirmed::of(&busy).is_none() && busy.is_transient(), "{busy}");
    let (exact, id) = (world.seeded(), ID.parse::<Guid>().unwrap());
    for method in ["PUT", "DELETE"] {
        world.on(method, &format!("123/crm/Accounts(guid'{ID}')"), |_| ApiReply::new(504));
    }
    for again in [
        exact.accounts().update(id.into(), &Account::default()).unwrap_err(),
        exact.accounts().delete(id.into()).unwrap_err(),
    ] {
        assert!(Unconfirmed::of(&again).is_none() && again.is_transient(), "{again}");
    }
    // A refused request was not processed, and a request that never left was not either.
    let refused = create(&world, || ApiReply::new(400)).unwrap_err();
    assert!(Unconfirmed::of(&refused).is_none() && !refused.to_string().contains("processed"));
    let nowhere = world.builder_on(evergrant::MemoryBackend::new()).division(123);
    let nowhere = nowhere.api_base("http://127.0.0.1:1/api").build().unwrap();
    nowhere.client().seed(world.sandbox.login()).unwrap();
    let unsent = nowhere.accounts().create(&Account::default()).unwrap_err();
    assert!(matches!(&unsent, Error::Transport(failed) if !failed.sent), "{unsent:?}");
    assert!(Unconfirmed::of(&unsent).is_none() && unsent.is_transient());
}

#[test]
fn the_file_of_an_attachment_needs_the_token() {
    let world = World::new();
    let exact = world.seeded();
    let token = exact.client().access_token().unwrap();
    let carried = format!("Bearer {}", token.expose());
    world.sandbox.on("GET", "/api/docs/SysAttachment.aspx", move |request| {
        assert_eq!(request.header("authorization"), Some(&*carried));
        ApiReply::bytes(200, "application/pdf", "%PDF")
    });
    let at = |url: String| DocumentAttachment::with(|attachment| attachment.url = Some(url));
    let own = at(format!("{}/api/docs/SysAttachment.aspx?ID=1", world.sandbox.url()));
    let files = exact.document_attachments();
    assert_eq!(files.file(&own).unwrap().read_string().unwrap(), "%PDF");
    let elsewhere = at("https://files.example/1".to_owned());
    for wrong in [elsewhere, DocumentAttachment::default()] {
        assert!(matches!(files.file(&wrong), Err(Error::Config(_))));
    }
}

#[test]
fn the_divisions_need_no_division() {
    let world = World::new();
    let exact = world.builder_on(evergrant::MemoryBackend::new()).build().unwrap();
    exact.client().seed(world.sandbox.login()).unwrap();
    world.rows("current/Me", json!([{ "CurrentDivision": 7 }]));
    world.rows("7/system/Divisions", json!([{ "Code": 7 }, { "Code": 8 }]));
    let codes: Vec<_> =
        exact.system_divisions().iter().map(|division| division.unwrap().code.unwrap()).collect();
    assert_eq!(codes, [7, 8]);
    // A chosen division is used as it is.
    world.rows("9/system/Divisions", json!([]));
    assert_eq!(exact.division(9).system_divisions().first().unwrap(), None);
    assert!(matches!(exact.accounts().first(), Err(Error::Config(_))));
}

#[test]
fn an_unlisted_path_may_have_a_key() {
    let world = World::new();
    let exact = world.seeded();
    world.rows(&format!("123/crm/Novelties(guid'{ID}')/Lines"), json!([{ "ID": ID }]));
    let path = format!("{{division}}/crm/Novelties(guid'{ID}')/Lines");
    assert_eq!(exact.call_unlisted(&path).single::<Value>().unwrap()["ID"], ID);
}

/// A value in each property of the struct.
fn full<M: Model>() -> Map<String, Value> {
    let full = |property: &Property| (property.name.to_owned(), sample(property.types[0]));
    M::PROPERTIES.iter().map(full).collect()
}

/// The bodies that a server received.
type Heard = Arc<Mutex<Vec<Value>>>;

fn heard(
    world: &World,
    method: &str,
    reply: impl Fn() -> ApiReply + Send + Sync + 'static,
) -> Heard {
    let heard = Heard::default();
    let sent = Arc::clone(&heard);
    world.on(method, "*", move |request| {
        sent.lock().unwrap().push(request.json());
        reply()
    });
    heard
}

/// Changes each property of a row, and clears each property.
fn check<M: Update + Clone + PartialEq>(
    rows: &Resource<M>,
    sent: &Heard,
    changes: impl Fn(&M, M) -> M,
) -> usize
where
    M::Key: From<Id<M>>,
{
    let key = || M::Key::from(ID.parse().unwrap());
    let read: M = serde_json::from_value(full::<M>().into()).unwrap();
    let mut expected = Vec::new();
    for property in M::PROPERTIES {
        let kind = property.types[0];
        let other = match kind {
            "Guid" => json!("3f2504e0-4f89-11d3-9a0c-0305e82c3302"),
            "String" | "Binary" => json!("another"),
            "Boolean" => json!(false),
            "DateTime" => json!("2025-02-03T00:00:00"),
            "Collection" | "DivisionClass" => continue,
            _ => json!(7),
        };
        assert_ne!(written(kind), other);
        for value in [other, Value::Null] {
            let mut row = full::<M>();
            row.insert(property.name.to_owned(), value.clone());
            let after: M = serde_json::from_value(row.into()).unwrap();
            let done = rows.update(key(), &changes(&read, after));
            if property.read_only {
                assert!(matches!(done, Err(Error::Config(_))), "{}.{}", M::PATH, property.name);
            } else {
                done.unwrap();
                expected.push(json!({ (property.name): value }));
            }
        }
    }
    assert_eq!(*sent.lock().unwrap(), expected, "{}", M::PATH);
    sent.lock().unwrap().clear();
    // If nothing has changed, nothing is sent.
    assert_eq!(serde_json::to_value(changes(&read, read.clone())).unwrap(), json!({}));
    expected.len()
}

#[test]
fn an_update_after_a_get_sends_the_changed_properties_only() {
    let world = World::new();
    let exact = world.seeded();
    let sent = heard(&world, "PUT", || ApiReply::new(204));
    let mut updates = Vec::new();
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {
            $( $( resources!(@$ability $method $model); )* )+
        };
        (@update $method:ident $model:ident) => {
            updates.push(check(&exact.$method(), &sent, |read, after: $model| read.changes(|row| *row = after)));
        };
        (@$other:ident $method:ident $model:ident) => {};
    }
    every_resource!(resources);
    let all: usize = updates.iter().sum();
    println!("{} structs, {all} updates, each with one property", updates.len());
    assert!(updates.len() > 70 && all > 2000, "{} {all}", updates.len());
}

/// A row with every property, and the JSON of those that are not read-only.
fn whole<M: Model>() -> (M, Value) {
    let row: M = serde_json::from_value(full::<M>().into()).unwrap();
    let mut settable = serde_json::to_value(&row).unwrap();
    for property in M::PROPERTIES.iter().filter(|property| property.read_only) {
        settable.as_object_mut().unwrap().remove(property.name);
    }
    (row, settable)
}

fn create_whole<M: Create>(rows: &Resource<M>, made: &Heard) {
    let (row, settable) = whole::<M>();
    rows.create(&row).unwrap();
    assert_eq!(made.lock().unwrap().pop(), Some(settable), "{}", M::PATH);
}

fn update_whole<M: Update>(rows: &Resource<M>, changed: &Heard)
where
    M::Key: From<Id<M>>,
{
    let (row, settable) = whole::<M>();
    rows.update(M::Key::from(ID.parse().unwrap()), &row).unwrap();
    assert_eq!(changed.lock().unwrap().pop(), Some(settable), "{}", M::PATH);
}

#[test]
fn a_row_is_sent_without_properties_that_the_service_sets() {
    let world = World::new();
    let exact = world.seeded();
    let made = heard(&world, "POST", || ApiReply::json(201, json!({ "d": {} })));
    let changed = heard(&world, "PUT", || ApiReply::new(204));
    let mut kinds = 0;
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {
            $( $( resources!(@$ability $method); )* )+
        };
        (@create $method:ident) => { create_whole(&exact.$method(), &made); kinds += 1; };
        (@update $method:ident) => { update_whole(&exact.$method(), &changed); kinds += 1; };
        (@$other:ident $method:ident) => {};
    }
    every_resource!(resources);
    assert!(kinds > 150, "{kinds}");
    assert!(made.lock().unwrap().is_empty() && changed.lock().unwrap().is_empty());
}

#[test]
fn lines_are_sent_without_properties_that_the_service_sets() {
    let world = World::new();
    let exact = world.seeded();
    let made = heard(&world, "POST", || ApiReply::json(201, json!({ "d": {} })));
    let lines = json!([
        { "AmountFC": 12.5, "VATCodeDescription": "told" },
        { "AmountFC": 1_234_567_890_123_456.8, "Novelty": [1, 2] }
    ]);
    let read = json!({ "EntryNumber": 7, "Customer": ID, "Created": "/Date(1704412800000)/", "SalesEntryLines": lines });
    let entry: SalesEntry = serde_json::from_value(read).unwrap();
    exact.sales_entries().create(&entry).unwrap();
    let sent = made.lock().unwrap().pop().unwrap();
    let lines =
        json!([{ "AmountFC": 12.5 }, { "AmountFC": 1_234_567_890_123_456.8, "Novelty": [1, 2] }]);
    assert_eq!(sent, json!({ "EntryNumber": 7, "Customer": ID, "SalesEntryLines": lines }));
    // The properties that the service sets are left out, even if another name has an escape in JSON.
    let mut entry: SalesEntry =
        serde_json::from_value(json!({ "EntryNumber": 7, "Created": "/Date(1704412800000)/" }))
            .unwrap();
    entry.extra.insert("A \"b\"".to_owned(), json!(1));
    exact.sales_entries().create(&entry).unwrap();
    let sent = made.lock().unwrap().pop().unwrap();
    assert_eq!(sent, json!({ "EntryNumber": 7, "A \"b\"": 1 }));
    // A call by the endpoint's name sends everything.
    let _: Value =
        exact.call("salesentry/SalesEntries").create(&json!({ "Created": "x" })).unwrap();
    assert_eq!(made.lock().unwrap().pop().unwrap(), json!({ "Created": "x" }));
}

#[test]
fn an_order_accepts_the_id_of_a_read_row() {
    let world = World::new();
    let exact = world.seeded();
    let made = heard(&world, "POST", || ApiReply::json(201, json!({ "d": {} })));
    world.on("GET", "*", |_| {
        let row =
            json!({ "ID": ID, "InvoiceID": ID, "OrderID": ID, "QuotationID": ID, "AccountId": ID });
        ApiReply::json(200, json!({ "d": { "results": [row] } }))
    });
    let sent = || made.lock().unwrap().pop().unwrap();
    let invoice = exact.sales_invoices().first().unwrap().unwrap();
    let print = PrintedSalesInvoice::with(|print| print.invoice_id = invoice.invoice_id);
    exact.printed_sales_invoices().create(&print).unwrap();
    assert_eq!(sent(), json!({ "InvoiceID": ID }));
    let order = exact.sales_orders().first().unwrap().unwrap();
    let print = PrintedSalesOrder::with(|print| print.order_id = order.order_id);
    exact.printed_sales_orders().create(&print).unwrap();
    assert_eq!(sent(), json!({ "OrderId": ID }));
    let charge = exact.sales_order_order_charge_lines().first().unwrap().unwrap();
    assert_eq!(charge.order_id, order.order_id);
    let id = exact.quotations().first().unwrap().unwrap().quotation_id;
    exact.accept_quotation().create(&QuotationAcceptance::with(|it| it.quotation_id = id)).unwrap();
    exact.reject_quotation().create(&QuotationRejection::with(|it| it.quotation_id = id)).unwrap();
    exact.reopen_quotation().create(&QuotationReopening::with(|it| it.quotation_id = id)).unwrap();
    exact.print_quotation().create(&QuotationPrint::with(|it| it.quotation_id = id)).unwrap();
    for _ in 0..4 {
        assert_eq!(sent(), json!({ "QuotationID": ID }));
    }
    let account = exact.accounts().first().unwrap().unwrap().id.unwrap();
    assert_eq!(exact.aging_receivables().get(account).unwrap().account_id, Some(account));
    assert_eq!(exact.aging_payables().get(account).unwrap().account_id, Some(account));
}

#[test]
fn a_copied_line_has_no_read_only_property() {
    fn full<M: Model>() -> M {
        let full = |property: &Property| (property.name.to_owned(), sample(property.types[0]));
        serde_json::from_value(M::PROPERTIES.iter().map(full).collect::<Map<_, _>>().into())
            .unwrap()
    }
    let sent = |row: Value| -> Vec<String> { row.as_object().unwrap().keys().cloned().collect() };
    let line: SalesInvoiceLine = full();
    let mut new = line.to_new();
    new.quantity = Some(3.into());
    assert_eq!(
        (new.item, new.unit_price, new.discount),
        (line.item, line.unit_price, line.discount)
    );
    for row in [
        serde_json::to_value(&new).unwrap(),
        serde_json::to_value(full::<SalesOrderLine>().to_new()).unwrap(),
        serde_json::to_value(full::<PurchaseOrderLine>().to_new()).unwrap(),
    ] {
        let names = sent(row);
        let foreign = |name: &String| {
            name.ends_with("ID")
                || name.starts_with("Amount")
                || name.starts_with("VATAmount")
                || name.ends_with("FullName")
                || name.ends_with("Number")
                || name.contains("temDescription")
        };
        assert!(names.len() > 12 && !names.iter().any(foreign), "{names:?}");
    }
    // The properties that the service requires are arguments.
    let id = ID.parse::<Guid>().unwrap();
    let invoice = SalesInvoice::new(id, [SalesInvoiceLine::new(id)]);
    assert_eq!(sent(serde_json::to_value(&invoice).unwrap()), ["OrderedBy", "SalesInvoiceLines"]);
    let order = SalesOrder::new(id, [SalesOrderLine::new(id)]);
    assert_eq!(sent(serde_json::to_value(&order).unwrap()), ["OrderedBy", "SalesOrderLines"]);
    let order = PurchaseOrder::new(id, [PurchaseOrderLine::new(id)]);
    assert_eq!(sent(serde_json::to_value(&order).unwrap()), ["PurchaseOrderLines", "Supplier"]);
    let document = Document::new("a bill", 20);
    assert_eq!(sent(serde_json::to_value(&document).unwrap()), ["Subject", "Type"]);
    let hook = WebhookSubscription::new(Topic::Accounts, "https://shop.example/hook");
    assert_eq!(sent(serde_json::to_value(&hook).unwrap()), ["CallbackURL", "Topic"]);
}
