//! A sandbox that answers like Shell EV Recharge, so that the examples run without an account.

use std::sync::atomic::{AtomicU32, Ordering};

use evergrant::provider::ClientAuth;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::shell_ev::{Environment, ShellEv};
use evergrant::{BoxError, FileBackend};
use serde_json::{Value, json};

const SESSION: &str = "3f1c2a7e-8f4e-4b58-a9f1-6d1f0f7a2b10";

fn answer(data: Value) -> ApiReply {
    ApiReply::json(200, json!({ "status": "SUCCESS", "data": data }))
}

fn evse(status: &str, kind: &str, kilowatts: u32) -> Value {
    let electrical = json!({ "maxElectricPower": kilowatts });
    json!({
        "status": status,
        "connectors": [{ "connectorType": kind, "electricalProperties": electrical }],
    })
}

/// Starts a sandbox with three locations and one charge session, and makes a client for it.
pub(crate) fn sandbox() -> Result<(Sandbox, ShellEv), BoxError> {
    let sandbox = Sandbox::builder().client_auth(ClientAuth::BasicRaw).start()?;
    sandbox.on("GET", "/api/v2/locations/nearby", |_| {
        let place = |uid: u32, operator: &str, evses: Value| {
            json!({ "uid": uid, "operatorName": operator, "address": { "city": "Amsterdam" }, "evses": evses })
        };
        let (free, taken) = (evse("Available", "Type2", 22), evse("Occupied", "Type2", 11));
        answer(json!([
            place(2_057_411, "Shell Recharge", json!([free, taken])),
            place(2_057_412, "Canal Charging", json!([taken])),
            place(2_057_413, "Fast & Co", json!([evse("Available", "Type2Combo", 150)])),
        ]))
    });
    sandbox
        .on("POST", "/api/v2/charge-session/start", |_| answer(json!([{ "sessionId": SESSION }])));
    sandbox.on("POST", "/api/v2/charge-session/stop", |_| answer(json!(null)));
    let looks = AtomicU32::new(0);
    sandbox.on("GET", "/api/v2/charge-session/retrieve", move |_| {
        let states = ["start-requested", "Started", "Stopped"];
        let look = looks.fetch_add(1, Ordering::Relaxed) as usize;
        let state = json!({ "status": states[look.min(2)] });
        answer(
            json!([{ "id": SESSION, "startedAt": "2026-01-02T03:04:05Z", "sessionState": state }]),
        )
    });
    let store = FileBackend::new(sandbox.folder().join("shell.json"));
    let shell = ShellEv::builder(Environment::Sit, sandbox.credentials(), store)
        .token_url(format!("{}/token", sandbox.url()))
        .api_base(format!("{}/api", sandbox.url()))
        .build()?;
    Ok((sandbox, shell))
}
