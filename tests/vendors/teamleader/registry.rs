//! Tests of the 290 operations, called by name.

use evergrant::sandbox::ApiReply;
use evergrant::teamleader::operations::{Kind, Operation, Returns};
use evergrant::{Error, MemoryBackend};
use serde_json::{Map, Value, json};

use super::support::{answering, builder, data, sandbox, world};

/// Puts a value for each field of a path into a body.
fn put(body: &mut Value, path: &str) {
    let (step, rest) = match path.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    let name = step.trim_end_matches('?');
    let (name, each) = match name.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let object = body.as_object_mut().unwrap();
    let inside = object.entry(name).or_insert_with(|| match rest {
        Some(_) if each => json!([{}]),
        Some(_) => json!({}),
        None => json!(format!("a {name}")),
    });
    if let Some(rest) = rest {
        put(if each { &mut inside[0] } else { inside }, rest);
    }
}

/// Returns the smallest body that an operation accepts.
fn smallest(operation: &Operation) -> Value {
    let mut body = Value::Object(Map::new());
    for demand in &operation.required {
        let set = demand.split('|').next().unwrap();
        set.split('+').for_each(|path| put(&mut body, path));
    }
    body
}

#[test]
fn all_290_operations_can_be_called_by_name() {
    let sandbox = sandbox();
    // Without a limit, the calls run without waiting.
    let builder = builder(&sandbox, MemoryBackend::new()).calls_a_minute(0);
    let teamleader = builder.build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    sandbox.on("POST", "/api/*", |request| {
        let name = request.path.strip_prefix("/api/").unwrap();
        let operation = Operation::named(name).expect("a name of the table");
        let expected = operation.takes_body.then(|| smallest(operation));
        let sent = (!request.body.is_empty()).then(|| request.json());
        let right = request.header("x-api-version") == Some("2023-09-26")
            && request.header("content-type") == operation.takes_body.then_some("application/json")
            && request.header("user-agent").is_some_and(|agent| agent.starts_with("evergrant/"))
            && request.header("authorization").is_some_and(|value| value.starts_with("Bearer "))
            && sent == expected;
        if !right {
            return ApiReply::json(400, json!({ "errors": [{ "title": format!("{request:?}") }] }));
        }
        let answer = match operation.returns {
            Returns::List => json!({ "data": [{ "id": name }] }),
            Returns::Object => json!({ "data": { "id": name } }),
            Returns::Reference => json!({ "data": { "type": "thing", "id": name } }),
            Returns::Location => json!({ "data": { "location": "https://cdn.example/f" } }),
            _ => return ApiReply::new(operation.status),
        };
        ApiReply::json(operation.status, answer)
    });
    for operation in Operation::all() {
        let answer: Value = teamleader.call(operation.name, &smallest(operation)).unwrap();
        let expected = match operation.returns {
            Returns::List => json!([{ "id": operation.name }]),
            Returns::Object => json!({ "id": operation.name }),
            Returns::Reference => json!({ "type": "thing", "id": operation.name }),
            Returns::Location => json!({ "location": "https://cdn.example/f" }),
            _ => Value::Null,
        };
        assert_eq!(answer, expected, "{}", operation.name);
    }
    let called = sandbox.counters().api_ok;
    println!("{called} operations called");
    assert_eq!((called, Operation::all().len()), (290, 290));
}

#[test]
fn unknown_names_and_missing_fields_are_refused_before_sending() {
    let (sandbox, teamleader) = world();
    let mut refused = 0;
    for operation in Operation::all() {
        let whole = smallest(operation);
        for field in whole.as_object().unwrap().keys() {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(field);
            let error = teamleader.call::<Value>(operation.name, &body).unwrap_err();
            assert!(matches!(&error, Error::Config(text) if text.contains(field)), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 300, "{refused}");
    // Try names of the Python SDK, methods of its models, and a misspelt name.
    for name in
        ["LegacyProjects.list", "deals.add", "invoices.add", "quotations.add", "contact.list"]
    {
        let error = teamleader.call::<Value>(name, &json!({})).unwrap_err();
        assert!(matches!(&error, Error::Config(text) if text.contains(name)), "{error}");
    }
    let error = teamleader.call::<Value>("contacts.list", &json!([1])).unwrap_err();
    assert!(matches!(error, Error::Config(_)));
    assert_eq!(sandbox.counters().api_calls, 0);
}

#[test]
fn call_returns_data_or_the_whole_answer() {
    let (sandbox, teamleader) = world();
    answering(&sandbox, |name, _| match name {
        "tickets.info" => ApiReply::json(200, json!({ "id": "t", "subject": "s" })),
        "dealPipelines.list" => {
            ApiReply::json(200, json!({ "data": [], "meta": { "default": "p", "matches": 7 } }))
        }
        "deals.info" => ApiReply::json(
            200,
            json!({ "data": { "id": "d", "lead": { "customer": { "type": "company", "id": "c" } } },
                    "included": { "company": [{ "id": "b" }, { "id": "c", "name": "Ada Ltd" }] } }),
        ),
        "daysOff.import" => ApiReply::bytes(201, "application/json", ""),
        "timers.stop" => ApiReply::bytes(200, "text/html", "<html>"),
        _ => data(json!(null)),
    });
    let id = json!({ "id": "t" });
    let ticket: Value = teamleader.call("tickets.info", &id).unwrap();
    assert_eq!(ticket["subject"], "s");
    let pipelines = teamleader.answer::<Vec<Value>>("dealPipelines.list", &()).unwrap();
    assert_eq!((pipelines.data.len(), &pipelines.meta["default"]), (0, &json!("p")));
    // The specification does not describe sideloading.
    let body = json!({ "id": "d", "include": "lead.customer" });
    let deal =
        teamleader.answer::<evergrant::teamleader::deals::Deal>("deals.info", &body).unwrap();
    let customer = deal.data.lead.clone().unwrap().customer.unwrap();
    assert_eq!(deal.included(&customer).unwrap()["name"], "Ada Ltd");
    let days = json!([{ "starts_at": "a", "ends_at": "b" }]);
    let import = json!({ "user_id": "u", "leave_type_id": "l", "days": days });
    teamleader.call::<()>("daysOff.import", &import).unwrap();
    let odd = teamleader.call::<Value>("timers.stop", &()).unwrap_err();
    assert!(matches!(odd, Error::Decode(_)), "{odd}");
}

#[test]
fn call_unlisted_calls_operations_outside_the_table() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, _| data(json!({ "id": "n" })));
    let note: Value = teamleader.call_unlisted("notes.delete", &json!({ "id": "n" })).unwrap();
    assert_eq!(note["id"], "n");
    assert_eq!(asked.lock()[0].0, "notes.delete");
}

#[test]
fn the_api_version_is_set_per_client_or_per_call() {
    use time::{Date, Month};
    let (sandbox, teamleader) = world();
    sandbox.on("POST", "/api/*", |request| data(json!(request.header("x-api-version"))));
    let me = |teamleader: &evergrant::teamleader::Teamleader| -> Option<String> {
        teamleader.call("users.me", &()).unwrap()
    };
    assert_eq!(me(&teamleader).as_deref(), Some("2023-09-26"));
    let other = Date::from_calendar_date(2022, Month::January, 31).unwrap();
    assert_eq!(me(&teamleader.with_api_version(other)).as_deref(), Some("2022-01-31"));
    assert_eq!(me(&teamleader).as_deref(), Some("2023-09-26"));
    let none = builder(&sandbox, MemoryBackend::new());
    let none = none.api_version(None).build().unwrap();
    none.client().seed(sandbox.login()).unwrap();
    assert_eq!(me(&none), None);
    let elsewhere = builder(&sandbox, MemoryBackend::new());
    let elsewhere = elsewhere.api_base(format!("{}/api/v2", sandbox.url())).build().unwrap();
    elsewhere.client().seed(sandbox.login()).unwrap();
    sandbox.on("POST", "/api/v2/users.me", |_| data(json!("elsewhere")));
    assert_eq!(me(&elsewhere).as_deref(), Some("elsewhere"));
    let plain = builder(&sandbox, MemoryBackend::new());
    assert!(matches!(plain.api_base("http://api.example").build(), Err(Error::Config(_))));
}

#[test]
fn operations_are_classified_as_reads_or_writes() {
    let kinds = |kind: Kind| Operation::all().iter().filter(|o| o.kind == kind).count();
    let all = [Kind::Action, Kind::List, Kind::Info, Kind::Read, Kind::File].map(kinds);
    assert_eq!(all, [182, 65, 29, 9, 5]);
    assert_eq!(Operation::all().iter().filter(|o| o.pages).count(), 41);
    let reads = Operation::all().iter().filter(|o| o.is_read()).count();
    assert_eq!(reads, 65 + 29 + 9 + 4); // `files.upload` is not a read
}
