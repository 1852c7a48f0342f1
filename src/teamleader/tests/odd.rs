//! Makes malformed variants of an object: each has one changed member, at any depth. The tests of the other
//! vendors use this file as well.

use serde_json::{Value, json};

/// A changed object, the path of the changed member, and the change.
pub(super) struct Odd {
    pub(super) object: Value,
    pub(super) path: String,
    pub(super) change: &'static str,
}

/// The JSON pointers and the paths of all values inside a value.
fn places(value: &Value, at: (&str, &str), found: &mut Vec<(String, String)>) {
    let mut inside = |pointer: String, path: String, value: &Value| {
        found.push((pointer.clone(), path.clone()));
        places(value, (&pointer, &path), found);
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let dot = if at.1.is_empty() { "" } else { "." };
                inside(format!("{}/{name}", at.0), format!("{}{dot}{name}", at.1), member);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                inside(format!("{}/{n}", at.0), format!("{}[{n}]", at.1), item);
            }
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Every change of the object at every depth.
pub(super) fn odd(object: &Value) -> Vec<Odd> {
    let mut found = Vec::new();
    places(object, ("", ""), &mut found);
    let mut all = Vec::new();
    for (pointer, path) in found {
        let mut add = |change, object| all.push(Odd { object, path: path.clone(), change });
        let with = |value: &Value| {
            let mut object = object.clone();
            *object.pointer_mut(&pointer).unwrap() = value.clone();
            object
        };
        add("null", with(&Value::Null));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut without = object.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(name)),
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        add("removed", without);
        let own = kind(object.pointer(&pointer).unwrap());
        for value in [json!("odd"), json!(7.5), json!(true), json!({ "odd": [1] }), json!(["odd"])]
        {
            // An unknown string is a valid value of an enum, but not a date.
            if kind(&value) != own || own == "string" {
                add(kind(&value), with(&value));
            }
        }
    }
    all
}
