//! Tests of version 1 of the API, and of answers in the forms of older samples.

use evergrant::sandbox::ApiReply;
use evergrant::shell_ev::{ApiVersion, Bounds, Marker, SessionStatus, ShellEv};
use serde_json::{Value, json};

use super::{CARD, EVSE, SESSION, World, success};

const ACCOUNT: &str = "NL-TNM-C0216599X-A";

/// A client for version 1, and a server that answers every path with this body.
fn first(body: Value) -> (World, ShellEv) {
    let world = World::new();
    for method in ["GET", "POST"] {
        let (seen, body) = (world.seen.clone(), body.clone());
        world.sandbox.on(method, "/api/*", move |request| {
            seen.lock().unwrap().push(request.clone());
            ApiReply::json(200, body.clone())
        });
    }
    let shell = world.builder().version(ApiVersion::V1).build().unwrap();
    (world, shell)
}

#[test]
fn all_eight_calls_exist_in_version_1() {
    let (world, shell) = first(success(json!([{ "uid": 7, "id": SESSION }])));
    let bounds = Bounds { west: 1.0, south: 2.0, east: 3.0, north: 4.0 };
    shell.locations().list().page(1).unwrap();
    shell.locations().get("7").unwrap();
    shell.locations().nearby(1.0, 2.0).call().unwrap();
    shell.locations().markers(bounds, 5).call().unwrap();
    shell.charging().start(CARD, EVSE).call().unwrap();
    shell.charging().stop(SESSION).call().unwrap();
    shell.charging().get(SESSION).unwrap();
    shell.charging().active(ACCOUNT).call().unwrap();
    let lines = world.lines();
    let paths: Vec<&str> = lines.iter().map(|line| line.split('?').next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "GET /v1/locations",
            "GET /v1/locations/7",
            "GET /v1/locations/nearby",
            "GET /v1/locations/markers",
            "POST /v1/charge-session/start",
            "POST /v1/charge-session/stop",
            "GET /v1/charge-session/retrieve",
            "GET /v1/charge-session/active",
        ]
    );
}

#[test]
fn the_members_of_version_1_are_read() {
    let tariff = json!({ "startFee": 0.35, "perMinute": 0, "perKWh": 0.59, "currency": "EUR",
        "updated": "2024-01-05T00:00:00Z", "updatedBy": "TariffService", "structure": "Default" });
    let connector = json!({ "uid": 12, "connectorType": "Type2", "tariff": tariff, "fixedCable": false,
        "updated": "2024-01-05T00:00:00Z", "updatedBy": "Feed", "deleted": null });
    let (_world, shell) = first(success(json!([{
        "uid": 2_057_411, "operatorComment": "behind the house",
        "accessibility": { "status": "FreePublic", "remark": "barrier" },
        "evses": [{ "uid": 5, "deleted": "2024-01-05T00:00:00Z", "physicalReference": "A",
            "connectors": [connector] }],
    }])));
    let answer = shell.locations().nearby(1.0, 2.0).call().unwrap();
    assert!(answer.unread.is_empty(), "{:?}", answer.unread);
    let location = &answer[0];
    assert_eq!(location.uid.as_ref().unwrap().as_str(), "2057411");
    assert_eq!(location.operator_comment.as_deref(), Some("behind the house"));
    assert_eq!(location.accessibility.as_ref().unwrap().remark.as_deref(), Some("barrier"));
    let evse = &location.evses[0];
    assert_eq!(evse.deleted.as_deref(), Some("2024-01-05T00:00:00Z"));
    let connector = &evse.connectors[0];
    assert_eq!(
        (connector.fixed_cable, connector.updated_by.as_deref()),
        (Some(false), Some("Feed"))
    );
    let tariff = connector.tariff.as_ref().unwrap();
    assert_eq!(tariff.per_kwh.unwrap().to_string(), "0.59");
    assert_eq!(tariff.updated_by.as_deref(), Some("TariffService"));
    assert!(tariff.extra.is_empty() && connector.extra.is_empty() && location.extra.is_empty());
}

/// The form of the samples in the tests of Shell's Python SDK.
#[test]
fn names_with_a_capital_letter_are_read() {
    let session = json!({
        "EmaId": ACCOUNT, "EvseId": EVSE, "Id": SESSION, "StartedAt": "2022-10-21T09:11:23.455Z",
        "SessionState": "started", "SessionCode": null, "SessionMessage": "m", "UserId": SESSION,
    });
    let body = json!({ "RequestId": SESSION, "Status": "SUCCESS", "Data": [session] });
    let (_world, shell) = first(body);
    let answer = shell.charging().active(ACCOUNT).call().unwrap();
    assert!(answer.unread.is_empty() && answer.extra.is_empty(), "{answer:?}");
    assert_eq!(answer.request_id, SESSION);
    let session = &answer[0];
    assert_eq!(session.phase(), Some(SessionStatus::Started));
    assert_eq!(session.ema_id.as_ref().unwrap().as_str(), ACCOUNT);
    assert_eq!(session.session_message.as_deref(), Some("m"));
    assert!(session.started_at.is_some() && session.user_id.is_some());
    let (_world, shell) = first(json!({ "Data": [{ "SessionId": SESSION }] }));
    let started = shell.charging().start(CARD, EVSE).call().unwrap();
    assert_eq!(started.session_id.unwrap().as_str(), SESSION);
    // A member that cannot be read is reported with its path and the id of its object.
    let (_world, shell) = first(json!({ "Data": [{ "Id": SESSION, "StartedAt": "soon" }] }));
    let answer = shell.charging().active(ACCOUNT).call().unwrap();
    assert_eq!(
        (&*answer.unread[0].at, answer.unread[0].id.as_deref()),
        ("Data[0].StartedAt", Some(SESSION))
    );
    // A refusal with a good status is an error in this form, too.
    let (_world, shell) = first(json!({ "Status": "FAILED" }));
    assert_eq!(shell.charging().start(CARD, EVSE).call().unwrap_err().kind(), "api");
}

/// Shell's document about the change from version 1 to 2 removes `markerType`.
#[test]
fn a_marker_without_its_type_is_known_by_its_members() {
    let (_world, shell) = first(success(json!([
        { "locationUid": "7", "evseCount": 2, "locationCount": 1 },
        { "locationCount": 12, "evseCount": 40 },
        { "markerType": "Area", "locationCount": 3 },
        { "evseCount": 1 },
    ])));
    let bounds = Bounds { west: 1.0, south: 2.0, east: 3.0, north: 4.0 };
    let markers = shell.locations().markers(bounds, 5).call().unwrap();
    let kinds: Vec<_> = markers
        .iter()
        .map(|marker| match marker {
            Marker::Single(one) => one.location_uid.as_ref().unwrap().to_string(),
            Marker::Multi(several) => several.location_count.unwrap().to_string(),
            _ => "unknown".to_owned(),
        })
        .collect();
    assert_eq!(kinds, ["7", "12", "unknown", "unknown"]);
}

#[test]
fn a_connector_may_call_its_id_uuid() {
    let (_world, shell) =
        first(success(json!([{ "evses": [{ "connectors": [{ "uuid": "c" }] }] }])));
    let answer = shell.locations().nearby(1.0, 2.0).call().unwrap();
    assert_eq!(answer[0].evses[0].connectors[0].uid.as_ref().unwrap().as_str(), "c");
}
