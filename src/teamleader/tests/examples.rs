//! Tests that the types send and return the same JSON as the examples of requests and answers.

use std::io::Write as _;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::cases::{Case, cases};
use super::yaml;
use crate::MemoryBackend;
use crate::sandbox::{ApiReply, Sandbox};
use crate::teamleader::Teamleader;
use crate::teamleader::operations::{Operation, Returns};

/// A request and an answer for each typed operation, written for these tests. The examples have every field
/// of the specification.
pub(super) fn fixtures() -> Map<String, Value> {
    serde_json::from_str(include_str!("fixtures.json")).expect("the fixtures")
}

/// The answer to the next call, and the path and the body that the call sent.
#[derive(Default)]
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) answer: Option<Value>,
    pub(super) path: String,
    pub(super) sent: Option<Value>,
}

pub(super) struct World {
    _sandbox: Sandbox,
    pub(super) teamleader: Teamleader,
    pub(super) exchange: Arc<Mutex<Exchange>>,
}

impl World {
    pub(super) fn new() -> World {
        let sandbox = Sandbox::start().unwrap();
        let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
        let builder = builder.provider(sandbox.provider()).calls_a_minute(0);
        let teamleader = builder.build().unwrap();
        teamleader.client().seed(sandbox.login()).unwrap();
        let exchange = Arc::new(Mutex::new(Exchange::default()));
        let shared = exchange.clone();
        sandbox.on("POST", "/api/*", move |request| {
            let mut exchange = shared.lock();
            exchange.path = request.path.clone();
            exchange.sent = (!request.body.is_empty()).then(|| request.json());
            match &exchange.answer {
                Some(answer) => ApiReply::json(exchange.status, answer),
                None => ApiReply::new(exchange.status),
            }
        });
        World { _sandbox: sandbox, teamleader, exchange }
    }

    /// Makes the call, compares the sent body and the result with the example, and returns the differences.
    fn check(
        &self,
        case: &Case,
        request: Option<&Value>,
        answer: Option<&Value>,
    ) -> Option<String> {
        let (name, call) = case;
        let operation = Operation::named(name).unwrap();
        let exchange =
            Exchange { status: operation.status, answer: answer.cloned(), ..Exchange::default() };
        *self.exchange.lock() = exchange;
        let came = match call(&self.teamleader, request.unwrap_or(&Value::Null)) {
            Ok(came) => came,
            Err(error) => return Some(format!("{name}: {error:?}")),
        };
        let exchange = self.exchange.lock();
        assert_eq!(exchange.path, format!("/api/{name}"));
        let mut differences = Vec::new();
        if let Some(sent) = &exchange.sent {
            compare(sent, request.unwrap_or(&json!({})), "sent", &mut differences);
        } else {
            assert!(!operation.takes_body, "{name} was sent without a body");
        }
        if let Some(answer) = answer {
            compare(&came, &answer["data"], "data", &mut differences);
        }
        (!differences.is_empty()).then(|| format!("{name}:\n{}", differences.join("\n")))
    }
}

/// Collects the places where `ours` differs from `theirs`.
fn compare(ours: &Value, theirs: &Value, at: &str, differences: &mut Vec<String>) {
    let moment = |text: &str| {
        // In one example a time has neither a `T` nor an offset.
        let text = if text.contains(' ') {
            format!("{}Z", text.replace(' ', "T"))
        } else {
            text.to_owned()
        };
        OffsetDateTime::parse(&text, &Rfc3339).ok()
    };
    let is_none = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in b {
                // The specification has two names for this field; the type writes one of them.
                let ours =
                    a.get(name).or_else(|| a.get("expires_at").filter(|_| name == "expires"));
                compare(ours.unwrap_or(&Value::Null), value, &format!("{at}.{name}"), differences);
            }
            for (name, value) in a {
                let said = b.contains_key(name)
                    || is_none(value)
                    || name == "expires_at" && b.contains_key("expires")
                    // Ascending is the default order.
                    || name == "order" && value == "asc"
                    || at == "sent" && name == "page";
                if !said {
                    differences
                        .push(format!("{at}.{name} is {value}, but the example has no such field"));
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &format!("{at}[{n}]"), differences);
            }
        }
        (Value::String(a), Value::String(b))
            if a == b || moment(a).is_some() && moment(a) == moment(b) => {}
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b || is_none(a) && is_none(b) => {}
        (a, b) => differences.push(format!("{at} is {a}, not {b}")),
    }
}

#[test]
fn every_typed_operation_matches_its_fixture() {
    let (world, fixtures) = (World::new(), fixtures());
    let mut wrong = Vec::new();
    for case in &cases() {
        let fixture = &fixtures[case.0];
        wrong.extend(world.check(case, fixture.get("request"), fixture.get("response")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases().len(), fixtures.len());
}

#[test]
fn every_example_of_the_specification_matches_the_types() {
    let Some(text) = yaml::specification() else {
        let _ = writeln!(std::io::stderr(), "skipped: TEAMLEADER_OPENAPI is not set");
        return;
    };
    let document = yaml::parsed(&text);
    let (world, fixtures) = (World::new(), fixtures());
    let operations = yaml::operations(&document);
    let (mut requests, mut responses) = (0, 0);
    let mut wrong = Vec::new();
    for case in &cases() {
        let (_, operation) = operations.iter().find(|(name, _)| *name == case.0).unwrap();
        let fixture = &fixtures[case.0];
        let request = yaml::json(&yaml::content(&operation["requestBody"])["example"]);
        let request = request.map(|example| as_meant(case.0, example));
        let response = yaml::json(&yaml::content(yaml::success(operation).1)["example"]);
        let response = response.map(|example| as_sent(case.0, example));
        requests += usize::from(request.is_some());
        responses += usize::from(response.is_some());
        if request.is_some() || response.is_some() {
            let own = |part: &str| fixture.get(part);
            let request = request.as_ref().or(own("request"));
            wrong.extend(world.check(case, request, response.as_ref().or(own("response"))));
        }
    }
    println!(
        "{} examples of {} typed operations: {requests} requests, {responses} responses",
        requests + responses,
        cases().len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((requests, responses), (254, 152));
}

/// The example of an answer as Teamleader sends it. In the specification three examples lack `data`, or have a list where
/// one object is meant.
fn as_sent(name: &str, example: Value) -> Value {
    match &example["data"] {
        Value::Null if example.get("data").is_none() => json!({ "data": example }),
        Value::Array(objects) if Operation::named(name).unwrap().returns != Returns::List => {
            json!({ "data": objects[0] })
        }
        _ => example,
    }
}

/// The example of a request as its schema describes it. In the specification one example has `YYYY-MM-DD` in the place of
/// dates, and one has a filter outside `filter`.
fn as_meant(name: &str, example: Value) -> Value {
    let text = example.to_string().replace("YYYY-MM-DD", "2024-05-11");
    let mut example: Value = serde_json::from_str(&text).unwrap();
    if name == "reservations.list" {
        let ids = example.as_object_mut().unwrap().remove("plannable_item_ids").unwrap();
        example["filter"]["plannable_item_ids"] = ids;
    }
    example
}

#[test]
fn an_answer_without_data_is_read_as_the_object() {
    let (world, fixtures) = (World::new(), fixtures());
    let names = ["tickets.info", "tickets.getMessage"];
    for case in cases().iter().filter(|case| names.contains(&case.0)) {
        let object = &fixtures[case.0]["response"]["data"];
        *world.exchange.lock() =
            Exchange { status: 200, answer: Some(object.clone()), ..Exchange::default() };
        let came = case.1(&world.teamleader, &fixtures[case.0]["request"]).unwrap();
        let mut differences = Vec::new();
        compare(&came, object, "data", &mut differences);
        assert!(differences.is_empty(), "{}: {differences:?}", case.0);
    }
}

#[test]
fn the_comparison_finds_differences() {
    let differences = |ours: Value, theirs: Value| {
        let mut found = Vec::new();
        compare(&ours, &theirs, "data", &mut found);
        found.len()
    };
    assert_eq!(differences(json!({ "a": 1.0, "b": null }), json!({ "a": 1 })), 0);
    assert_eq!(
        differences(
            json!({ "a": "2025-01-01T00:00:00Z" }),
            json!({ "a": "2025-01-01T01:00:00+01:00" })
        ),
        0
    );
    assert_eq!(differences(json!({ "a": 1, "b": 2 }), json!({ "a": 1 })), 1);
    assert_eq!(differences(json!({}), json!({ "a": 1 })), 1);
    assert_eq!(differences(json!({ "a": [1] }), json!({ "a": [1, 2] })), 1);
    assert_eq!(differences(json!({ "a": 1.01 }), json!({ "a": 1 })), 1);
    assert_eq!(differences(json!({ "a": "x" }), json!({ "a": "y" })), 1);
}

#[test]
fn an_absent_or_null_field_is_never_an_error() {
    let (world, fixtures) = (World::new(), fixtures());
    let mut tried = 0;
    for case in &cases() {
        let fixture = &fixtures[case.0];
        let Some(answer) = fixture.get("response") else { continue };
        let object = match &answer["data"] {
            Value::Array(items) => &items[0],
            data => data,
        };
        let try_with = |change: &dyn Fn(&mut Map<String, Value>)| {
            let mut object = object.as_object().unwrap().clone();
            change(&mut object);
            let data = if answer["data"].is_array() { json!([object]) } else { json!(object) };
            let operation = Operation::named(case.0).unwrap();
            let answer = Some(json!({ "data": data }));
            let exchange = Exchange { status: operation.status, answer, ..Exchange::default() };
            *world.exchange.lock() = exchange;
            let request = fixture.get("request").unwrap_or(&Value::Null);
            case.1(&world.teamleader, request).map(drop)
        };
        // The models require these fields.
        let needed = ["id", "tag", "url", "location", "expires", "expires_at"];
        for name in object.as_object().unwrap().keys().filter(|name| !needed.contains(&&***name)) {
            let nulled = try_with(&|object| drop(object.insert(name.clone(), Value::Null)));
            let absent = try_with(&|object| drop(object.remove(name)));
            let unknown = try_with(&|object| drop(object.insert("novelty".to_owned(), json!({}))));
            for result in [nulled, absent, unknown] {
                tried += 1;
                assert!(result.is_ok(), "{}, {name}: {}", case.0, result.unwrap_err());
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

/// The paths of all objects inside a JSON value.
pub(super) fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            members
                .iter()
                .for_each(|(name, member)| objects(member, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| objects(item, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

/// The member names of the values that keep no unknown members. Requests have these values as well, and
/// must not send unknown members. The last two entries are a location, whose address is a secret.
const SENT: [&str; 17] = [
    "amount",
    "amount currency",
    "amount currency tax",
    "amount tax",
    "amount unit",
    "action minimum",
    "days type",
    "description type value",
    "email type",
    "method reference",
    "number type",
    "period unit",
    "stock_threshold",
    "title",
    "type value",
    "expires location",
    "expires_at location",
];

#[test]
fn models_keep_unknown_members_at_every_depth() {
    let (world, fixtures) = (World::new(), fixtures());
    let (mut kept, mut lost) = (0, std::collections::BTreeSet::new());
    for case in &cases() {
        let fixture = &fixtures[case.0];
        let Some(answer) = fixture.get("response") else { continue };
        let mut paths = Vec::new();
        objects(&answer["data"], "", &mut paths);
        for path in paths {
            let mut answer = answer.clone();
            let object = answer["data"].pointer_mut(&path).unwrap().as_object_mut().unwrap();
            let mut names: Vec<String> = object.keys().cloned().collect();
            names.sort_unstable();
            object.insert("novelty".to_owned(), json!({ "a": [1, "b"] }));
            let status = Operation::named(case.0).unwrap().status;
            *world.exchange.lock() =
                Exchange { status, answer: Some(answer), ..Exchange::default() };
            let request = fixture.get("request").unwrap_or(&Value::Null);
            let came = case.1(&world.teamleader, request).unwrap();
            match came.pointer(&format!("{path}/novelty")) {
                Some(novelty) => {
                    assert_eq!(novelty, &json!({ "a": [1, "b"] }), "{} {path}", case.0);
                    kept += 1;
                }
                None => drop(lost.insert(names.join(" "))),
            }
        }
    }
    assert!(kept > 150, "{kept}");
    let sent = SENT.map(str::to_owned).into();
    assert_eq!(lost, sent);
}
