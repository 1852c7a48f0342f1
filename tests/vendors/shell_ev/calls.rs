//! Tests of the requests of each call: methods, paths, parameters, headers.

use evergrant::Error;
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::shell_ev::{
    ArrayEncoding, AuthorizationMethod, Bounds, ConnectorType, EvseStatus, RequestStatus,
};
use serde_json::json;

use super::{CARD, EVSE, SESSION, World, moment, success};

const BOUNDS: Bounds = Bounds { west: 4.5, south: 52.0, east: 5.0, north: 52.5 };

#[test]
fn all_eight_calls_use_the_documented_methods_and_paths() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let shell = world.shell();
    let (locations, charging) = (shell.locations(), shell.charging());
    locations.list().page(1).unwrap();
    locations.get_with("NL*MKS*E0000001*0").call().unwrap();
    locations.get_with("a/../b c").call().unwrap();
    locations.nearby(52.37, -4.5).call().unwrap();
    locations.markers(BOUNDS, 10).call().unwrap();
    charging.start(CARD, EVSE).call().unwrap();
    charging.stop(SESSION).call().unwrap();
    charging.get_with(SESSION).call().unwrap();
    charging.active("NL-TNM-C00122045-K").call().unwrap();
    let start = world.seen.lock().unwrap()[5].clone();
    assert_eq!(start.json(), json!({ "evChargeNumber": CARD, "evseId": EVSE }));
    assert_eq!(start.header("content-type"), Some("application/json"));
    let stop = world.seen.lock().unwrap()[6].clone();
    assert_eq!((stop.body.len(), stop.header("content-length")), (0, Some("0")));
    for request in world.seen.lock().unwrap().iter() {
        assert_eq!(request.header("accept"), Some("application/json"));
        assert!(request.header("authorization").unwrap().starts_with("Bearer "));
    }
    let session = format!("?sessionId={SESSION}");
    assert_eq!(
        world.lines(),
        [
            "GET /v2/locations?pageNumber=1&perPage=500".to_owned(),
            "GET /v2/locations/NL%2AMKS%2AE0000001%2A0".to_owned(),
            "GET /v2/locations/a%2F..%2Fb%20c".to_owned(),
            "GET /v2/locations/nearby?latitude=52.37&longitude=-4.5&limit=25".to_owned(),
            "GET /v2/locations/markers?west=4.5&south=52&east=5&north=52.5&zoom=10".to_owned(),
            "POST /v2/charge-session/start".to_owned(),
            format!("POST /v2/charge-session/stop{session}"),
            format!("GET /v2/charge-session/retrieve{session}"),
            "GET /v2/charge-session/active?emaId=NL-TNM-C00122045-K".to_owned(),
        ]
    );
}

/// Sets every parameter that all three lists have.
macro_rules! common {
    ($request:expr) => {
        $request
            .evse_status(EvseStatus::Available)
            .connector_types(&[ConnectorType::Type2])
            .connector_min_power(22)
            .authorization_methods(AuthorizationMethod::RfidToken)
            .with_operator_name(true)
            .evse_id("NL*TNM*E01000401*0")
            .location_external_id("L 1")
            .evse_external_id("E+1")
            .country(&["NLD", "DEU"])
            .exclude_country(&["BEL"])
    };
}

const COMMON: &str = "evseStatus=Available&connectorTypes=Type2&connectorMinPower=22&\
    authorizationMethods=RFIDToken&withOperatorName=true&evseId=NL%2ATNM%2AE01000401%2A0&\
    locationExternalId=L%201&evseExternalId=E%2B1&country%5B0%5D=NLD&country%5B1%5D=DEU&\
    excludeCountry%5B0%5D=BEL";

#[test]
fn every_parameter_is_sent_as_shells_sdks_send_it() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let shell = world.shell();
    let locations = shell.locations();
    let since = moment("2026-01-02T03:04:05+02:00");
    common!(locations.list()).updated_since(since).page_size(7).page(3).unwrap();
    common!(locations.nearby(0.0, 0.0))
        .operator_name("A&B")
        .with_max_power(false)
        .limit(100)
        .call()
        .unwrap();
    common!(locations.markers(BOUNDS, 20))
        .operator_name("A&B")
        .with_max_power(true)
        .call()
        .unwrap();
    locations.get_with("1").provider_id("Shell_RP_2").since(since).call().unwrap();
    let lines = world.lines();
    let moment = "2026-01-02T01%3A04%3A05Z";
    assert_eq!(
        lines[0],
        format!("GET /v2/locations?{COMMON}&updatedSince={moment}&pageNumber=3&perPage=7")
    );
    assert_eq!(
        lines[1],
        format!(
            "GET /v2/locations/nearby?latitude=0&longitude=0&{COMMON}&operatorName=A%26B&\
             withMaxPower=false&limit=100"
        )
    );
    assert_eq!(
        lines[2],
        format!(
            "GET /v2/locations/markers?west=4.5&south=52&east=5&north=52.5&zoom=20&{COMMON}&\
             operatorName=A%26B&withMaxPower=true"
        )
    );
    assert_eq!(lines[3], format!("GET /v2/locations/1?providerId=Shell_RP_2&since={moment}"));
}

#[test]
fn lists_are_indexed_or_repeated_and_empty_lists_not_sent() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let types = [ConnectorType::Type2, ConnectorType::Unknown("Type9".to_owned())];
    for encoding in [ArrayEncoding::Indexed, ArrayEncoding::Repeated] {
        let shell = world.builder().array_encoding(encoding).build().unwrap();
        let nearby = shell.locations().nearby(1.0, 2.0).connector_types(&types);
        nearby.country(&["NLD", "DEU"]).exclude_country(&[]).call().unwrap();
    }
    let start = "GET /v2/locations/nearby?latitude=1&longitude=2&limit=25";
    assert_eq!(
        world.lines(),
        [
            format!(
                "{start}&connectorTypes%5B0%5D=Type2&connectorTypes%5B1%5D=Type9&\
                 country%5B0%5D=NLD&country%5B1%5D=DEU"
            ),
            format!("{start}&connectorTypes=Type2&connectorTypes=Type9&country=NLD&country=DEU"),
        ]
    );
}

#[test]
fn wrong_parameters_are_refused_before_sending() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let shell = world.shell();
    let (locations, charging) = (shell.locations(), shell.charging());
    let bounds = |west| Bounds { west, ..BOUNDS };
    let long = "x".repeat(51);
    let errors = [
        locations.nearby(90.1, 0.0).call().map(drop),
        locations.nearby(f64::NAN, 0.0).call().map(drop),
        locations.nearby(0.0, f64::INFINITY).call().map(drop),
        locations.nearby(0.0, 0.0).limit(0).call().map(drop),
        locations.nearby(0.0, 0.0).limit(101).call().map(drop),
        locations.nearby(0.0, 0.0).connector_min_power(-1).call().map(drop),
        locations.nearby(0.0, 0.0).operator_name("").call().map(drop),
        locations.nearby(0.0, 0.0).country(&[""]).call().map(drop),
        locations.nearby(0.0, 0.0).request_id("7").call().map(drop),
        locations.markers(bounds(-181.0), 1).call().map(drop),
        locations.get_with("").call().map(drop),
        locations.get_with("..").call().map(drop),
        locations.list().page(0).map(drop),
        locations.list().from_page(0).iter().next().unwrap().map(drop),
        locations.page_size(501).page(1).map(drop),
        locations.page_size(0).iter().next().unwrap().map(drop),
        locations.get("..").map(drop),
        charging.get("").map(drop),
        charging.start("", EVSE).call().map(drop),
        charging.start(&long, EVSE).call().map(drop),
        charging.start(CARD, "NL*1").call().map(drop),
        charging.stop("{3f1c2a7e-8f4e-4b58-a9f1-6d1f0f7a2b1}").call().map(drop),
        charging.get_with("").call().map(drop),
        charging.active("short").call().map(drop),
    ];
    for (number, error) in errors.into_iter().enumerate() {
        assert!(matches!(error, Err(Error::Config(_))), "{number}: {error:?}");
    }
    let counters = world.sandbox.counters();
    assert_eq!((counters.api_calls, counters.token_requests), (0, 0));
}

#[test]
fn retries_keep_the_request_id_and_other_requests_have_another() {
    let world = World::new();
    world.answers(200, json!({ "status": "SUCCESS", "data": [] }));
    let shell = world.shell();
    world.sandbox.api_fault(Fault::Unavailable(None));
    world.sandbox.api_fault(Fault::RefuseOnce);
    let ids = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = ids.clone();
    world.on("GET", "/locations/nearby", move |request| {
        let mut kept = kept.lock().unwrap();
        kept.push(request.header("requestid").unwrap().to_owned());
        // The first request is sent again, because the service is unavailable.
        if kept.len() == 1 {
            ApiReply::new(503)
        } else {
            ApiReply::json(200, json!({ "data": [] }))
        }
    });
    let answer = shell.locations().nearby(1.0, 2.0).call().unwrap();
    let sent = std::mem::take(&mut *ids.lock().unwrap());
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|id| *id == answer.request_id), "{sent:?}");
    let other = shell.locations().nearby(1.0, 2.0).call().unwrap();
    assert_ne!(other.request_id, answer.request_id);
    // The caller can set a request id, and a request id in the answer's body replaces the id that was sent.
    let own = "11111111-2222-4333-8444-555555555555";
    assert_eq!(shell.locations().nearby(1.0, 2.0).request_id(own).call().unwrap().request_id, own);
    assert_eq!(ids.lock().unwrap().last().unwrap(), own);
    world.answers(200, success(json!([])));
    let answer = shell.locations().get_with("1").request_id(own).call().unwrap();
    assert_eq!(answer.request_id, "0b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d11");
    assert_eq!(answer.status, Some(RequestStatus::Success));
}
