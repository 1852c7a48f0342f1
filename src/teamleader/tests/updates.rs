//! Tests that requests have the members that were set, and nothing else, and that their ids have the right type.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::cases::cases;
use super::examples::{Exchange, World, fixtures, objects};
use crate::teamleader::operations::Operation;
use crate::teamleader::{Listed, Reference, custom_fields};

#[test]
fn an_update_sends_exactly_the_members_that_were_set() {
    let (world, fixtures) = (World::new(), fixtures());
    let (mut operations, mut sent) = (0, 0);
    for case in &cases() {
        let operation = Operation::named(case.0).unwrap();
        if !case.0.contains(".update") {
            continue;
        }
        operations += 1;
        let request = fixtures[case.0]["request"].as_object().unwrap();
        let needed = |name: &str| operation.required.iter().any(|path| path.starts_with(name));
        let (base, optional): (Map<String, Value>, Map<String, Value>) =
            request.clone().into_iter().partition(|(name, _)| name == "id" || needed(name));
        for (name, value) in optional {
            let mut body = base.clone();
            body.insert(name.clone(), value);
            *world.exchange.lock() = Exchange { status: operation.status, ..Exchange::default() };
            case.1(&world.teamleader, &Value::Object(body.clone())).unwrap();
            let exchange = world.exchange.lock();
            let on_the_wire = exchange.sent.as_ref().unwrap().as_object().unwrap();
            let names = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(on_the_wire), names(&body), "{} {name}", case.0);
            sent += 1;
        }
    }
    println!("{sent} updates of {operations} operations, each with one member");
    assert_eq!((operations, sent), (35, 272));
}

#[test]
fn requests_leave_out_unknown_members_of_answers() {
    let (world, fixtures) = (World::new(), fixtures());
    let (mut tried, mut sent_on) = (0, Vec::new());
    for case in &cases() {
        let fixture = &fixtures[case.0];
        let Some(request) = fixture.get("request") else { continue };
        let mut paths = Vec::new();
        objects(request, "", &mut paths);
        // `LineGroup::to_new` leaves out the unknown members of a group that was read.
        let of_an_answer = |path: &&String| {
            !path.rsplit_once('/').is_some_and(|(list, _)| list.ends_with("/grouped_lines"))
        };
        for path in paths.iter().filter(of_an_answer) {
            let mut request = request.clone();
            let object = request.pointer_mut(path).unwrap().as_object_mut().unwrap();
            object.insert("novelty".to_owned(), json!({ "a": 1 }));
            let status = Operation::named(case.0).unwrap().status;
            let answer = fixture.get("response").cloned();
            *world.exchange.lock() = Exchange { status, answer, ..Exchange::default() };
            case.1(&world.teamleader, &request).unwrap();
            let sent = world.exchange.lock().sent.take().unwrap_or_default();
            if sent.to_string().contains("novelty") {
                sent_on.push(format!("{} {path}", case.0));
            }
            tried += 1;
        }
    }
    println!("{tried} requests with an unknown member");
    assert!(sent_on.is_empty(), "{sent_on:?}");
    let known = json!({ "type": "user", "id": "u" });
    let mut reference: Reference = serde_json::from_value(known.clone()).unwrap();
    reference.extra.insert("novelty".to_owned(), json!(1));
    let field = custom_fields::NewCustomField::new("d", reference);
    assert_eq!(serde_json::to_value(field).unwrap(), json!({ "id": "d", "value": known }));
}

#[test]
fn a_filter_takes_the_ids_of_the_objects_that_it_finds() {
    fn read<T: serde::de::DeserializeOwned>() -> T {
        serde_json::from_value(json!({ "id": "a" })).unwrap()
    }
    fn sent<T: Listed>(filter: T::Filter) -> Value {
        serde_json::to_value(filter).unwrap()
    }
    macro_rules! filters {
        ($($module:ident: $object:ident, $filter:ident;)+) => {$({
            use crate::teamleader::$module::{$filter, $object};
            let object: $object = read();
            let filter = $filter::new().ids(vec![object.id]);
            assert_eq!(sent::<$object>(filter), json!({ "ids": ["a"] }));
        })+};
    }
    filters! {
        events: Event, EventFilter;
        meetings: Meeting, MeetingFilter;
        milestones: Milestone, MilestoneFilter;
        projects: Project, ProjectFilter;
        subscriptions: Subscription, SubscriptionFilter;
        tasks: Task, TaskFilter;
        tickets: Ticket, TicketFilter;
    }
}

#[test]
fn no_id_has_the_type_of_a_request() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/teamleader");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let text: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let (mut inside, mut requests) = (false, 0);
    for line in text.lines() {
        match line {
            "body! {" | "request! {" => inside = true,
            "}" => inside = false,
            _ => {}
        }
        let Some(name) = line.trim().strip_prefix("pub struct ").filter(|_| inside) else {
            continue;
        };
        let name = name.trim_end_matches(" {");
        assert!(!text.contains(&format!("Id<{name}>")), "Id<{name}>");
        requests += 1;
    }
    assert!(requests > 100, "{requests}");
}
