//! Tests of the models, field by field, also with missing and odd values.

use evergrant::shell_ev::{
    AccessibilityStatus, Answer, AuthorizationMethod, ConnectorType, DayOfWeek, Decimal,
    EvseStatus, Id, Location, Marker, PowerType, PriceComponent, PriceType, RequestStatus, Session,
    SessionStatus, TariffType, WeekDay,
};
use serde_json::{Value, json};

use super::{SESSION, World, day, moment, success};

/// Returns a location with every member of every model; some values are 0 or `false`.
pub(crate) fn location() -> Value {
    serde_json::from_str(include_str!("location.json")).unwrap()
}

fn read(body: Value) -> Answer<Location> {
    let world = World::new();
    world.answers(200, body);
    world.shell().locations().get_with("1").call().unwrap()
}

/// Returns a decimal.
fn is(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn one(location: Value) -> (Location, Vec<String>) {
    let answer = read(success(json!([location])));
    let unread = answer.unread.iter().map(|unread| unread.at.clone()).collect();
    (answer.into_iter().next().unwrap(), unread)
}

#[test]
fn every_member_of_a_location_is_read_zeros_included() {
    let (location, unread) = one(location());
    assert_eq!(unread, [""; 0]);
    assert_eq!(location.uid.as_ref().map(Id::as_str), Some("XX*TST*E0000001*0"));
    assert_eq!(location.external_id.as_deref(), Some("T-1"));
    let coordinates = location.coordinates.unwrap();
    assert_eq!((coordinates.latitude, coordinates.longitude), (Some(0.0), Some(5.25)));
    assert_eq!(location.operator_name.as_deref(), Some("Test"));
    assert_eq!(location.operator_id.as_deref(), Some("XX-TST"));
    let address = location.address.unwrap();
    assert_eq!(address.street_and_number.as_deref(), Some("A 1"));
    assert_eq!((address.postal_code.as_deref(), address.city.as_deref()), (Some("1"), Some("C")));
    assert_eq!(address.country.as_deref(), Some("NLD"));
    assert_eq!(location.accessibility.unwrap().status, Some(AccessibilityStatus::FreePublic));
    assert_eq!(location.open_twenty_four_seven, Some(false));
    assert_eq!(location.location_type.as_deref(), Some("Unknown"));
    assert_eq!(location.updated, Some(moment("2026-01-02T03:04:05Z")));
    let hours = &location.opening_hours[0];
    assert_eq!(hours.week_day, Some(WeekDay::Monday));
    assert_eq!(
        (hours.start_time.as_deref(), hours.end_time.as_deref()),
        (Some("08:00"), Some("23:00"))
    );
    let evse = &location.evses[0];
    assert_eq!(evse.uid.as_ref().map(Id::as_str), Some("XX*TST*E0000001*0_1"));
    assert_eq!(evse.external_id.as_deref(), Some("E-1"));
    assert_eq!(evse.evse_id.as_ref().map(Id::as_str), Some("XX*TST*E0000001*0"));
    assert_eq!(evse.status, Some(EvseStatus::Available));
    assert_eq!(evse.updated, Some(moment("2026-01-02T03:04:06.5Z")));
    assert_eq!(evse.physical_reference.as_deref(), Some("left"));
    let methods = [AuthorizationMethod::PlugAndCharge, AuthorizationMethod::RfidToken];
    assert_eq!(evse.authorization_methods, methods);
    let connector = &evse.connectors[0];
    assert_eq!(
        (connector.uid.as_ref().map(Id::as_str), connector.external_id.as_deref()),
        (Some("2"), Some("C-1"))
    );
    assert_eq!(connector.connector_type, Some(ConnectorType::Type2));
    let electrical = connector.electrical_properties.as_ref().unwrap();
    assert_eq!(electrical.power_type, Some(PowerType::Ac3Phase));
    assert_eq!((electrical.voltage, electrical.amperage), (is("230"), is("32")));
    assert_eq!(electrical.max_electric_power, is("22"));
    let tariff = &connector.tariffs[0];
    assert_eq!(
        (tariff.tariff_id.as_ref().map(Id::as_str), tariff.internal_id.as_deref()),
        (Some("t"), Some("i"))
    );
    assert_eq!(tariff.tariff_type, Some(TariffType::Driver));
    let power = tariff.power_range.as_ref().unwrap();
    assert_eq!((power.min, power.max), (Some(0), Some(50)));
    assert_eq!(
        (tariff.operator_id.as_deref(), tariff.provider_id.as_deref()),
        (Some("o"), Some("p"))
    );
    assert_eq!(tariff.currency.as_deref(), Some("EUR"));
    let text = &tariff.tariff_alt_text[0];
    assert_eq!((text.language.as_deref(), text.text.as_deref()), (Some("en"), Some("cheap")));
    assert_eq!((tariff.min_price, tariff.max_price), (is("0"), is("1.5")));
    assert_eq!(tariff.start_date_time, Some(moment("2026-01-01T00:00:00Z")));
    assert_eq!(tariff.end_date_time, Some(moment("2026-12-31T22:59:59.5Z")));
    assert_eq!(tariff.last_updated, Some(moment("2026-01-01T00:00:00Z")));
    assert_eq!(tariff.created_by.as_deref(), Some("c"));
    let element = &tariff.elements[0];
    let price = &element.price_components[0];
    assert_eq!((&price.price_type, price.step_size), (&Some(PriceType::Flat), Some(1)));
    assert_eq!((price.price, price.vat), (is("0"), is("0")));
    let when = element.restrictions.as_ref().unwrap();
    assert_eq!(
        (when.start_time.as_deref(), when.end_time.as_deref()),
        (Some("08:00"), Some("20:00"))
    );
    assert_eq!((when.start_date, when.end_date), (Some(day(1, 1)), Some(day(12, 31))));
    assert_eq!((when.min_kwh, when.max_kwh), (is("0"), is("1")));
    assert_eq!((when.min_current, when.max_current), (is("2"), is("3")));
    assert_eq!((when.min_power, when.max_power), (is("4"), is("5")));
    assert_eq!((when.min_duration, when.max_duration), (Some(0), Some(60)));
    assert_eq!(when.day_of_week, [DayOfWeek::Monday, DayOfWeek::Sunday]);
}

#[test]
fn a_location_is_written_as_it_was_read() {
    let whole = location();
    let (read, _) = one(whole.clone());
    assert_eq!(serde_json::to_value(&read).unwrap(), whole);
    assert_eq!(serde_json::from_value::<Location>(whole).unwrap(), read);
    assert_eq!(serde_json::to_value(Location::default()).unwrap(), json!({}));
    assert!(serde_json::from_value::<Location>(json!([])).is_err());
}

/// Finds every path to a member of a value, deepest first.
fn paths(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                paths(value, format!("{at}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                paths(value, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(at);
}

fn count(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.values().map(count).sum(),
        Value::Array(list) => list.iter().map(count).sum(),
        _ => 1,
    }
}

#[test]
fn a_missing_or_malformed_member_leaves_the_others_readable() {
    let whole = location();
    let mut all = Vec::new();
    paths(&whole, String::new(), &mut all);
    all.retain(|path| !path.is_empty());
    assert!(all.len() > 70, "{}", all.len());
    for path in all {
        let lost = count(whole.pointer(&path).unwrap());
        for odd in [
            Value::Null,
            json!({ "odd": ["x"] }),
            json!("odd"),
            json!([[[]]]),
            json!(-1.5),
            json!(true),
        ] {
            let mut damaged = whole.clone();
            *damaged.pointer_mut(&path).unwrap() = odd.clone();
            let location: Location = serde_json::from_value(damaged).unwrap();
            let mut kept = serde_json::to_value(&location).unwrap();
            // Only the changed member differs: it has the odd value or is missing.
            if let Some(there) = kept.pointer_mut(&path) {
                *there = Value::Null;
            }
            let mut expected = whole.clone();
            *expected.pointer_mut(&path).unwrap() = Value::Null;
            let (kept, expected) = (count(&kept), count(&expected));
            assert!(kept + 1 >= expected, "{path} = {odd}: {kept} of {expected} ({lost} lost)");
        }
    }
}

#[test]
fn an_unreadable_value_is_named_and_kept() {
    let mut odd = location();
    odd["updated"] = json!("yesterday");
    odd["evses"][0]["connectors"][0]["electricalProperties"]["voltage"] = json!("high");
    odd["evses"].as_array_mut().unwrap().insert(0, json!("what"));
    odd["evses"].as_array_mut().unwrap().push(json!({ "uid": 7, "new": { "a": 1 } }));
    let (location, unread) = one(odd);
    let here = "data[0].evses[1].connectors[0].electricalProperties.voltage";
    assert_eq!(unread.len(), 3);
    for at in ["data[0].updated", "data[0].evses[0]", here] {
        assert!(unread.iter().any(|unread| unread == at), "{unread:?}");
    }
    assert_eq!(location.updated, None);
    assert_eq!(location.extra["updated"], "yesterday");
    assert_eq!(location.evses.len(), 2);
    assert_eq!(location.evses[1].uid.as_ref().map(Id::as_str), Some("7"));
    assert_eq!(location.evses[1].extra["new"], json!({ "a": 1 }));
    assert_eq!(location.evses[0].connectors[0].tariffs.len(), 1);
}

#[test]
fn ids_may_be_numbers_and_numbers_texts_or_floats() {
    let (location, unread) = one(json!({
        "uid": 2_057_411, "coordinates": { "latitude": "52.5", "longitude": 5 }, "openTwentyFourSeven": "true",
        "evses": [{ "connectors": [{ "uid": 2, "tariffs": [{ "powerRange": { "min": 0.0, "max": "50" } }] }] }],
    }));
    assert_eq!(unread, [""; 0]);
    assert_eq!(location.uid.as_ref().map(Id::as_str), Some("2057411"));
    let coordinates = location.coordinates.unwrap();
    assert_eq!((coordinates.latitude, coordinates.longitude), (Some(52.5), Some(5.0)));
    assert_eq!(location.open_twenty_four_seven, Some(true));
    let power = location.evses[0].connectors[0].tariffs[0].power_range.clone().unwrap();
    assert_eq!((power.min, power.max), (Some(0), Some(50)));
}

#[test]
fn a_price_keeps_its_digits() {
    let text = r#"{"price":0.1,"vat":21,"stepSize":1,"new":{"a":0.30}}"#;
    let price: PriceComponent = serde_json::from_str(text).unwrap();
    // With f64 the sum would be 0.30000000000000004.
    let sum = price.price.unwrap().checked_add("0.2".parse().unwrap()).unwrap();
    assert_eq!((sum.to_string(), price.vat), ("0.3".to_owned(), is("21")));
    assert_eq!(serde_json::to_value(&price).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    // A number that is not a decimal stays in `extra`.
    let odd: PriceComponent = serde_json::from_value(json!({ "price": 1e300 })).unwrap();
    assert_eq!((odd.price, &odd.extra["price"]), (None, &json!(1e300)));
}

#[test]
fn a_list_may_be_an_object_the_body_or_nothing() {
    assert_eq!(read(json!({ "data": { "uid": "1" } })).len(), 1);
    assert_eq!(read(json!([{ "uid": "1" }, { "uid": "2" }])).len(), 2);
    assert_eq!(read(json!({ "data": null })).len(), 0);
    let answer = read(json!({ "requestId": 5, "status": "PARTLY", "data": 7, "more": true }));
    assert_eq!((answer.len(), answer.request_id.as_str()), (0, "5"));
    assert_eq!(answer.status, Some(RequestStatus::Unknown("PARTLY".to_owned())));
    assert_eq!(answer.unread[0].at, "data");
    assert_eq!((&answer.extra["data"], &answer.extra["more"]), (&json!(7), &json!(true)));
}

/// Tries each enumeration with its known values and an unknown value.
#[test]
fn enumerations_read_and_write_every_value_and_keep_the_unknown() {
    macro_rules! check {
        ($($name:ident: $($text:literal)+;)+) => {$(
            let texts = [$($text),+];
            let known: Vec<&str> = $name::KNOWN.iter().map($name::as_str).collect();
            assert_eq!(known, texts, stringify!($name));
            for text in texts.iter().chain(&["SomethingNew"]) {
                let value: $name = serde_json::from_value(json!(text)).unwrap();
                assert_eq!(matches!(value, $name::Unknown(_)), *text == "SomethingNew");
                assert_eq!(serde_json::to_value(&value).unwrap(), json!(text));
                assert_eq!(value.to_string(), **text);
            }
        )+};
    }
    check! {
        EvseStatus: "Available" "Occupied" "Unavailable" "Unknown";
        ConnectorType: "Avcon" "Domestic" "Industrial2PDc" "IndustrialPneAc" "Industrial3PEAc" "Industrial3PENAc"
            "Type1" "Type1Combo" "Type2" "Type2Combo" "Type3" "LPI" "Nema520" "SAEJ1772" "SPI" "TepcoCHAdeMO"
            "Tesla" "Unspecified";
        AuthorizationMethod: "NewMotionApp" "RFIDToken" "PnC";
        AccessibilityStatus: "FreePublic" "PayingPublic" "Restricted" "Unspecified";
        PowerType: "AC1Phase" "AC3Phase" "DC";
        WeekDay: "Sun" "Mon" "Tue" "Wed" "Thu" "Fri" "Sat";
        DayOfWeek: "MONDAY" "TUESDAY" "WEDNESDAY" "THURSDAY" "FRIDAY" "SATURDAY" "SUNDAY";
        TariffType: "DRIVER" "ROAMING" "REIMBURSEMENT" "VMSP";
        PriceType: "TIME" "ENERGY" "FLAT" "PARKING_TIME";
        RequestStatus: "SUCCESS" "FAILED";
        SessionStatus: "start-requested" "started" "failed-to-start" "stop-requested" "stopped" "failed-to-stop";
    }
    let (location, unread) = one(json!({ "evses": [{ "status": "SomethingNew" }] }));
    assert_eq!(location.evses[0].status, Some(EvseStatus::Unknown("SomethingNew".to_owned())));
    assert_eq!(unread, [""; 0]);
}

#[test]
fn markers_are_read_and_an_unknown_kind_is_kept() {
    let world = World::new();
    let single = json!({
        "markerType": "SingleLocation", "coordinates": { "latitude": 1.0, "longitude": 2.0 }, "locationCount": 1,
        "evseCount": 0, "maxPower": 50.0, "operatorName": "o", "status": "Occupied", "locationUid": "7",
        "authorizationMethods": ["PnC"],
    });
    let multi = json!({
        "markerType": "MultiLocation", "coordinates": { "latitude": 0.0, "longitude": 0.0 }, "locationCount": 6.0,
        "evseCount": 12, "maxPower": 0.0, "operatorName": "o",
    });
    let new = json!({ "markerType": "New", "a": 1 });
    let list = json!([single, multi, new, { "evseCount": 1 }, "what"]);
    world.answers(200, success(list));
    let bounds = evergrant::shell_ev::Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
    let shell = world.shell();
    let answer = shell.locations().markers(bounds, 5).call().unwrap();
    assert_eq!((answer.len(), answer.unread.len()), (4, 1));
    let Marker::Single(one) = &answer[0] else { panic!("{:?}", answer[0]) };
    assert_eq!((one.location_count, one.evse_count, one.max_power), (Some(1), Some(0), is("50")));
    assert_eq!(
        (one.operator_name.as_deref(), one.location_uid.as_ref().map(Id::as_str)),
        (Some("o"), Some("7"))
    );
    assert_eq!(one.status, Some(EvseStatus::Occupied));
    assert_eq!(one.authorization_methods, [AuthorizationMethod::PlugAndCharge]);
    assert_eq!(answer[0].coordinates().unwrap().latitude, Some(1.0));
    let Marker::Multi(several) = &answer[1] else { panic!("{:?}", answer[1]) };
    assert_eq!((several.location_count, several.evse_count), (Some(6), Some(12)));
    assert_eq!((several.max_power, several.operator_name.as_deref()), (is("0"), Some("o")));
    assert_eq!(answer[1].coordinates().unwrap().latitude, Some(0.0));
    assert_eq!(answer[2], Marker::Unknown(new.clone()));
    assert!(matches!(answer[3], Marker::Unknown(_)));
    assert_eq!(serde_json::to_value(&answer[0]).unwrap(), single);
    assert_eq!(serde_json::to_value(&answer[2]).unwrap(), new);
}

#[test]
fn sessions_are_read_whatever_the_spelling_of_their_state() {
    let world = World::new();
    world.on("GET", "/charge-session/retrieve", |_| {
        evergrant::sandbox::ApiReply::json(200, success(json!([{
            "id": SESSION, "userId": "u", "emaId": "NL-TNM-C00122045-K", "evseId": "e", "stoppedAt": null,
            "startedAt": "2026-01-02T03:04:05+02:00", "lastUpdated": "2026-01-02T03:04:05.123",
            "sessionState": { "status": "Started" },
        }])))
    });
    world.on("GET", "/charge-session/active", |_| {
        evergrant::sandbox::ApiReply::json(200, success(json!([{
            "id": SESSION,
            "SessionState": { "status": "failed-to-start", "error": { "code": "InternalError", "message": "m" } },
        }])))
    });
    let shell = world.shell();
    let answer = shell.charging().get_with(SESSION).call().unwrap();
    let session: &Session = &answer[0];
    assert_eq!(
        (session.id.as_ref().map(Id::as_str), session.user_id.as_ref().map(Id::as_str)),
        (Some(SESSION), Some("u"))
    );
    assert_eq!(session.ema_id.as_ref().map(Id::as_str), Some("NL-TNM-C00122045-K"));
    assert_eq!(session.evse_id.as_ref().map(Id::as_str), Some("e"));
    assert_eq!(session.started_at, Some(moment("2026-01-02T01:04:05Z")));
    assert_eq!(session.stopped_at, None);
    assert_eq!(session.last_updated.as_deref(), Some("2026-01-02T03:04:05.123"));
    assert_eq!(session.phase(), Some(SessionStatus::Started));
    let answer = shell.charging().active("NL-TNM-C00122045-K").call().unwrap();
    let state = answer[0].session_state.as_ref().unwrap();
    assert_eq!(state.phase(), Some(SessionStatus::FailedToStart));
    let error = state.error.as_ref().unwrap();
    assert_eq!(
        (error.code.as_deref(), error.message.as_deref()),
        (Some("InternalError"), Some("m"))
    );
    let odd: Session =
        serde_json::from_value(json!({ "sessionState": { "status": "Paused" } })).unwrap();
    assert_eq!(odd.phase(), Some(SessionStatus::Unknown("Paused".to_owned())));
}
