//! Tests that an update sends the members that were set, and nothing else.

use serde_json::{Map, Value};

use super::cases::cases;
use super::examples::{Exchange, World, fixtures};
use crate::teamleader::operations::Operation;

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
    assert!(operations >= 8 && sent > 60, "{operations} {sent}");
}
