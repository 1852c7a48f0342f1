//! Tests of every endpoint by its name, and of every operation of the resources that have structs.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use evergrant::Error;
use evergrant::exact_online::odata::field;
use evergrant::exact_online::*;
use evergrant::sandbox::{ApiReply, ApiRequest};
use serde_json::{Value, json};

use super::every::every_resource;
use super::models::listed;
use super::support::{DIVISION, World};

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

/// Answers every request and records it.
fn recorder(world: &World) -> Arc<Mutex<Vec<String>>> {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    for (method, status) in [("GET", 200), ("POST", 201), ("PUT", 204), ("DELETE", 204)] {
        let heard = Arc::clone(&heard);
        world.on(method, "*", move |request: &ApiRequest| {
            let query = if request.query.is_empty() { "" } else { "?" };
            let query = format!("{query}{}", request.query);
            heard.lock().unwrap().push(format!("{} {}{query}", request.method, request.path));
            assert_eq!(
                request.header("expect"),
                None,
                "Exact Online answers 500 to a header Expect"
            );
            match status {
                200 => ApiReply::json(200, json!({"d": {"results": [{"a": 1}]}})),
                201 => {
                    assert_eq!(request.header("prefer"), Some("return=representation"));
                    assert_eq!(request.header("content-type"), Some("application/json"));
                    ApiReply::json(201, json!({"d": {"ID": ID}}))
                }
                _ => ApiReply::new(204),
            }
        });
    }
    heard
}

#[test]
fn every_endpoint_is_callable_by_its_name() {
    let world = World::new();
    let exact = world.seeded();
    let heard = recorder(&world);
    let all = listed();
    assert_eq!((all.len(), Endpoint::all().count()), (453, 453));
    let uris: BTreeSet<_> = all.iter().map(|listed| listed.uri).collect();
    assert_eq!(uris.len(), 453);
    for listed in &all {
        let uri = listed.uri.replace("{division}", &DIVISION.to_string());
        let endpoint = Endpoint::find(listed.path).unwrap();
        assert_eq!(endpoint.has_division(), listed.uri.contains("{division}"), "{}", listed.path);
        if endpoint.takes("GET") {
            let rows: Vec<Value> =
                exact.call(listed.path).iter().collect::<Result<_, _>>().unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(heard.lock().unwrap().pop().unwrap(), format!("GET {uri}"));
        }
        if endpoint.takes("POST") {
            let made: Value = exact.call(listed.path).create(&json!({"a": 1})).unwrap();
            assert_eq!(made["ID"], ID);
            assert_eq!(heard.lock().unwrap().pop().unwrap(), format!("POST {uri}"));
        }
        let id: Guid = ID.parse().unwrap();
        if endpoint.takes("PUT") {
            exact.call(listed.path).update(id, &json!({"a": 1})).unwrap();
            assert_eq!(heard.lock().unwrap().pop().unwrap(), format!("PUT {uri}(guid'{ID}')"));
        }
        if endpoint.takes("DELETE") {
            exact.call(listed.path).delete(id).unwrap();
            assert_eq!(heard.lock().unwrap().pop().unwrap(), format!("DELETE {uri}(guid'{ID}')"));
        }
        assert!(heard.lock().unwrap().is_empty());
    }
}

#[test]
fn a_function_takes_parameters_and_an_odd_name_is_refused() {
    let world = World::new();
    let exact = world.seeded();
    let heard = recorder(&world);
    let id: Guid = ID.parse().unwrap();
    let _: Value = exact.call("read/logistics/StockPosition").param("itemId", id).single().unwrap();
    let call = exact.call("USERS/userhasrights").param("endpoint", "Logistics/Items");
    let _: Value = call.param("action", "GET").single().unwrap();
    let _: Value = exact.call_unlisted("{division}/crm/Novelties").single().unwrap();
    let _: Option<Value> = exact.call("hrm/Divisions").filter(field("Code").eq(7)).first().unwrap();
    exact.call("hrm/Divisions").delete(7).unwrap();
    exact.call("crm/Accounts").delete("it's").unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [
            format!("GET /api/v1/123/read/logistics/StockPosition?itemId=guid%27{ID}%27"),
            "GET /api/v1/123/users/UserHasRights?endpoint=%27Logistics%2FItems%27&action=%27GET%27"
                .to_owned(),
            "GET /api/v1/123/crm/Novelties".to_owned(),
            "GET /api/v1/123/hrm/Divisions?$filter=%28Code%20eq%207%29&$top=1".to_owned(),
            "DELETE /api/v1/123/hrm/Divisions(7)".to_owned(),
            "DELETE /api/v1/123/crm/Accounts('it''s')".to_owned(),
        ]
    );
    for name in ["crm/Nothing", "", "../current/Me", "crm/Accounts?x=1"] {
        let error = exact.call(name).single::<Value>().unwrap_err();
        assert!(matches!(&error, Error::Config(text) if text.contains("no endpoint")), "{error}");
    }
    for path in ["", "a b", "https://evil.example/x", "a//b", "a?b", "../oauth2/token"] {
        assert!(
            matches!(exact.call_unlisted(path).single::<Value>(), Err(Error::Config(_))),
            "{path}"
        );
    }
    assert_eq!(heard.lock().unwrap().len(), 6, "an invalid path was sent");
}

#[test]
fn a_division_is_chosen_and_never_guessed() {
    let world = World::new();
    let exact = world.builder_on(evergrant::MemoryBackend::new()).build().unwrap();
    exact.client().seed(world.sandbox.login()).unwrap();
    let heard = recorder(&world);
    let error = exact.accounts().page().unwrap_err();
    assert!(matches!(&error, Error::Config(text) if text.contains("ExactOnline::division")));
    assert!(heard.lock().unwrap().is_empty());
    let other = exact.division(456);
    other.accounts().page().unwrap();
    other.division(-7).items().page().unwrap();
    assert_eq!((exact.current_division(), other.current_division()), (None, Some(456)));
    exact.me().unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "GET /api/v1/456/crm/Accounts",
            "GET /api/v1/-7/logistics/Items",
            "GET /api/v1/current/Me"
        ]
    );
}

/// A key of the endpoint, and its form in an address.
fn key<M: Model>() -> (M::Key, String)
where
    M::Key: FromStr,
{
    let key: M::Key = [ID, "7"].into_iter().find_map(|text| text.parse().ok()).unwrap();
    (key.clone(), Into::<odata::Literal>::into(key).to_string())
}

/// The path of the endpoint's address.
fn address<M: Model>() -> String {
    let path = Endpoint::find(M::PATH).unwrap().path();
    format!("/api{}", path.replace("{division}", &DIVISION.to_string()))
}

// Each of these functions runs an operation, and records the method and the address that the request should
// have.

fn list<M: List>(rows: &Resource<M>, wanted: &mut Vec<String>) {
    assert_eq!(rows.page().unwrap().items.len(), 1);
    assert_eq!(rows.iter().count(), 1);
    wanted.extend(vec![format!("GET {}", address::<M>()); 2]);
}

fn get<M: Get>(rows: &Resource<M>, wanted: &mut Vec<String>)
where
    M::Key: FromStr,
{
    let (key, shown) = key::<M>();
    rows.get(key).unwrap();
    let filter = format!("({} eq {shown})", M::KEY);
    let filter = [(' ', "%20"), ('(', "%28"), (')', "%29"), ('\'', "%27")]
        .iter()
        .fold(filter, |filter, (from, to)| filter.replace(*from, to));
    wanted.push(format!("GET {}?$filter={filter}&$top=1", address::<M>()));
}

fn create<M: Create>(rows: &Resource<M>, wanted: &mut Vec<String>) {
    rows.create(&json!({"a": 1})).unwrap();
    wanted.push(format!("POST {}", address::<M>()));
}

fn update<M: Update>(rows: &Resource<M>, wanted: &mut Vec<String>)
where
    M::Key: FromStr,
{
    let (key, shown) = key::<M>();
    rows.update(key, &json!({"a": 1})).unwrap();
    wanted.push(format!("PUT {}({shown})", address::<M>()));
}

fn delete<M: Delete>(rows: &Resource<M>, wanted: &mut Vec<String>)
where
    M::Key: FromStr,
{
    let (key, shown) = key::<M>();
    rows.delete(key).unwrap();
    wanted.push(format!("DELETE {}({shown})", address::<M>()));
}

/// The rows below `bulk/` have an endpoint of their own.
fn bulk<M: Bulk>(_: &Resource<M>, _: &mut Vec<String>) {}

/// The rows below `sync/` have an endpoint of their own as well.
fn sync<M: Synchronize>(_: &Resource<M>, _: &mut Vec<String>) {}

#[test]
fn every_resource_has_the_operations_of_its_endpoint() {
    let world = World::new();
    let exact = world.seeded();
    let heard = recorder(&world);
    let check = |path: &str, wanted: Vec<String>| {
        let used = std::mem::take(&mut *heard.lock().unwrap());
        assert_eq!(used, wanted, "{path}");
        // The resource uses every method that the endpoint takes. Rows below `sync/` are synchronised.
        let endpoint = Endpoint::find(path).unwrap();
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let takes = endpoint.takes(method) && !path.starts_with("sync/");
            let uses = used.iter().any(|line| line.starts_with(method));
            assert_eq!(takes, uses, "{path} {method}");
        }
        used.len()
    };
    let mut tried = 0;
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {$(
            let mut wanted = Vec::new();
            $( $ability(&exact.$method(), &mut wanted); )*
            tried += check($model::PATH, wanted);
        )+};
    }
    every_resource!(resources);
    assert!(tried > 600, "{tried}");
}

#[test]
fn a_row_that_is_missing_is_not_found() {
    let world = World::new();
    let exact = world.seeded();
    world.rows("123/crm/Accounts", json!([]));
    let (accounts, id) = (exact.accounts(), ID.parse().unwrap());
    assert_eq!(accounts.find(id).unwrap(), None);
    assert_eq!(accounts.first().unwrap(), None);
    assert_eq!(accounts.iter().count(), 0);
    // Twelve errors would exceed the endpoint's limit of errors.
    for _ in 0..12 {
        let error = accounts.get(id).unwrap_err();
        let refusal = ExactOnlineError::of(&error).unwrap();
        assert!(refusal.is_not_found() && !error.is_transient());
        let message = format!("no row has the key guid'{ID}'");
        assert_eq!((refusal.status(), refusal.message()), (200, Some(&*message)));
        assert!(
            error
                .to_string()
                .ends_with(&format!("/api/v1/123/crm/Accounts: the API answered 200: {message}")),
            "{error}"
        );
    }
    // A call by the endpoint's name takes the key from the table.
    assert_eq!(exact.call("crm/Accounts").find::<Value>(id).unwrap(), None);
    let error = exact.call("current/Me").get::<Value>("x").unwrap_err();
    assert!(matches!(error, Error::Api(_) | Error::Config(_)), "{error}");
}

#[test]
fn rows_are_counted_with_or_without_a_list() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/crm/Accounts/$count", |request| {
        // Exact Online would refuse `application/json` here.
        assert!(!request.header("accept").unwrap_or_default().contains("json"));
        assert_eq!(request.parameter("$filter").as_deref(), Some("(IsSupplier eq true)"));
        ApiReply::bytes(200, "text/plain", "\u{feff}4711")
    });
    world.on("GET", "123/crm/Accounts", |request| {
        assert_eq!(request.parameter("$inlinecount").as_deref(), Some("allpages"));
        ApiReply::json(200, json!({"d": {"results": [{"ID": ID}], "__count": "4711"}}))
    });
    let suppliers = exact.accounts().filter(field("IsSupplier").eq(true));
    assert_eq!(suppliers.count().unwrap(), 4711);
    let page = exact.accounts().query(odata::Query::new().inline_count()).page().unwrap();
    assert_eq!((page.count, page.items.len()), (Some(4711), 1));
}

#[test]
fn a_new_row_is_sent_in_exact_onlines_form() {
    let world = World::new();
    let exact = world.seeded();
    world.on("POST", "123/salesinvoice/SalesInvoices", |request| {
        // The body has all digits of amounts, dates without a zone, the lines inside, and only the fields
        // that are set.
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert_eq!(
            body,
            concat!(
                r#"{"OrderDate":"2026-01-05T00:00:00","#,
                r#""OrderedBy":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","#,
                r#""SalesInvoiceLines":[{"Quantity":0.1,"UnitPrice":1234567890123456.78}]}"#
            )
        );
        ApiReply::json(
            201,
            json!({"d": {"InvoiceID": ID, "SalesInvoiceLines": {"__deferred": {}}}}),
        )
    });
    let date = time::Date::from_calendar_date(2026, time::Month::January, 5).unwrap();
    let line = SalesInvoiceLine::with(|line| {
        line.quantity = Some("0.1".parse().unwrap());
        line.unit_price = Some("1234567890123456.78".parse().unwrap());
    });
    let invoice = SalesInvoice::with(|invoice| {
        invoice.ordered_by = Some(ID.parse().unwrap());
        invoice.order_date = Some(date.midnight());
        invoice.sales_invoice_lines = Some(vec![line]);
    });
    let made = exact.sales_invoices().create(&invoice).unwrap();
    assert_eq!((made.invoice_id, made.sales_invoice_lines), (Some(ID.parse().unwrap()), None));
}

#[test]
fn expanded_lines_are_read_in_either_shape() {
    let world = World::new();
    let exact = world.seeded();
    world.rows(
        "123/purchaseorder/PurchaseOrders",
        json!([
            {"PurchaseOrderID": ID, "PurchaseOrderLines": {"results": [{"LineNumber": 1}]}},
            {"PurchaseOrderID": ID, "PurchaseOrderLines": [{"LineNumber": 1}, {"LineNumber": 2}]},
            {"PurchaseOrderID": ID, "PurchaseOrderLines": {"__deferred": {"uri": "https://x"}}},
        ]),
    );
    let orders = exact.purchase_orders().expand(&["PurchaseOrderLines"]);
    let lines: Vec<_> = orders
        .iter()
        .map(|order| order.unwrap().purchase_order_lines.map(|lines| lines.len()))
        .collect();
    assert_eq!(lines, [Some(1), Some(2), None]);
}
