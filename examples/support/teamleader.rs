//! A sandbox that answers like Teamleader, so that the examples run without an account.

use std::sync::Mutex;

use evergrant::sandbox::{ApiReply, ApiRequest, Sandbox};
use evergrant::teamleader::Teamleader;
use evergrant::{BoxError, FileBackend, MemoryBackend};
use serde_json::{Value, json};

/// Makes a client with the credentials of the environment and the login in `teamleader.json` (the example
/// `get_tokens` writes that file). Without credentials, starts a sandbox and makes a client for it. The
/// sandbox runs until the first value is dropped.
pub(crate) fn teamleader() -> Result<(Option<Sandbox>, Teamleader), BoxError> {
    if std::env::var_os("TEAMLEADER_CLIENT_ID").is_some() {
        return Ok((None, Teamleader::from_env(FileBackend::new("teamleader.json"))?));
    }
    eprintln!("TEAMLEADER_CLIENT_ID is not set, so this runs against a sandbox on this machine.");
    let sandbox = Sandbox::start()?;
    let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    let teamleader = builder.provider(sandbox.provider()).build()?;
    teamleader.client().seed(sandbox.login())?;
    let deals = Mutex::new(Vec::new());
    sandbox.on("POST", "/api/*", move |request| answer(request, &deals));
    Ok((Some(sandbox), teamleader))
}

fn answer(request: &ApiRequest, deals: &Mutex<Vec<Value>>) -> ApiReply {
    let body = request.json();
    let id = || body["id"].clone();
    let made =
        |kind: &str, id: &str| ApiReply::json(201, json!({ "data": { "type": kind, "id": id } }));
    let data = |value: Value| {
        ApiReply::json(200, json!({ "data": value, "meta": { "matches": INVOICES } }))
    };
    match request.path.trim_start_matches("/api/") {
        "invoices.list" => data(page(&body, invoice)),
        "companies.list" => data(json!([])),
        "companies.add" => made("company", "c-1"),
        "dealSources.list" => data(json!([{ "id": "s-1", "name": "Fair" }])),
        "deals.create" => {
            let mut deals = deals.lock().unwrap_or_else(|error| error.into_inner());
            deals.push(body.clone());
            made("deal", "d-1")
        }
        "deals.info" => {
            let deals = deals.lock().unwrap_or_else(|error| error.into_inner());
            let mut deal = deals.last().cloned().unwrap_or_else(|| json!({ "title": "A deal" }));
            deal["id"] = id();
            deal["status"] = "open".into();
            deal["reference"] = "2025/1".into();
            data(deal)
        }
        "webhooks.register" => {
            let url = body["url"].as_str().unwrap_or_default().to_owned();
            std::thread::spawn(move || {
                let event =
                    json!({ "type": "deal.won", "subject": { "type": "deal", "id": "d-1" } });
                let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
                drop(agent.post(url).send_json(event));
            });
            ApiReply::new(204)
        }
        "webhooks.unregister" => ApiReply::new(204),
        _ => ApiReply::json(404, json!({ "errors": [{ "title": "not in this example" }] })),
    }
}

const INVOICES: u64 = 230;

fn page(body: &Value, make: fn(u64) -> Value) -> Value {
    let size = body["page"]["size"].as_u64().unwrap_or(20);
    let first = (body["page"]["number"].as_u64().unwrap_or(1).max(1) - 1) * size;
    (first..INVOICES.min(first + size)).map(make).collect()
}

/// Makes an invoice. One invoice in fifty is past its due date, and one in three is paid.
fn invoice(n: u64) -> Value {
    let due_on = if n % 50 == 7 { format!("2025-0{}-15", n % 9 + 1) } else { "2099-12-31".into() };
    let amount = json!({ "amount": 100 + n, "currency": if n % 100 == 7 { "USD" } else { "EUR" } });
    json!({
        "id": format!("i-{n}"), "invoice_number": format!("2025 / {n}"), "status": "outstanding",
        "due_on": due_on, "paid": n.is_multiple_of(3), "invoicee": { "name": format!("Customer {n}") },
        "total": { "due": amount }
    })
}
