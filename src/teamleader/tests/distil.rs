//! Distils the specification into `src/teamleader/operations.tsv`.
//!
//! `TEAMLEADER_OPENAPI=openapi.yaml cargo test --all-features --lib distil` compares the table with the
//! specification. With `EVERGRANT_WRITE=1` as well, the test writes the table anew. The table holds
//! facts only: names, required fields, forms of answers.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use yaml_rust2::Yaml;

use super::yaml::{content, operations, parsed, specification, success};

/// Operations that change nothing and are neither a list nor an `info`. The specification does not mark these
/// operations, so this list follows their descriptions.
const READS: [&str; 9] = [
    "accounts.projects-v2-status",
    "cloudPlatforms.url",
    "migrate.activityType",
    "migrate.id",
    "migrate.taxRate",
    "tickets.getMessage",
    "timers.current",
    "users.getWeekSchedule",
    "users.me",
];

/// Operations whose answer is an array in the specification but must be one object.
const NOT_A_LIST: [&str; 1] = ["creditNotes.info"];

/// The properties and the required names of an object, including those of `allOf`.
fn object(schema: &Yaml) -> (Vec<(&str, &Yaml)>, BTreeSet<&str>) {
    let mut properties: Vec<(&str, &Yaml)> = Vec::new();
    let mut required = BTreeSet::new();
    for part in schema["allOf"].as_vec().into_iter().flatten() {
        let (more, needed) = object(part);
        properties.extend(more);
        required.extend(needed);
    }
    let own = schema["properties"].as_hash().into_iter().flatten();
    properties.extend(own.filter_map(|(name, schema)| Some((name.as_str()?, schema))));
    required.extend(schema["required"].as_vec().into_iter().flatten().filter_map(Yaml::as_str));
    (properties, required)
}

/// Whether a schema or one of its parts sets this keyword to true.
fn says(schema: &Yaml, what: &str) -> bool {
    let parts = schema["allOf"].as_vec().into_iter().flatten();
    schema[what].as_bool() == Some(true) || parts.into_iter().any(|part| says(part, what))
}

/// The schema of a list's elements.
fn elements(schema: &Yaml) -> Option<&Yaml> {
    let own = Some(&schema["items"]).filter(|items| !items.is_badvalue());
    own.or_else(|| schema["allOf"].as_vec()?.iter().find_map(elements))
}

/// Collects the paths of the required fields below `prefix`, and the alternatives.
fn required(schema: &Yaml, prefix: &str, demands: &mut Vec<String>) {
    let (properties, needed) = object(schema);
    let mut seen = BTreeSet::new();
    for (name, _) in &properties {
        if !needed.contains(name) || !seen.insert(name) {
            continue;
        }
        // Several parts of a schema can describe one property, and each adds to the property.
        let parts = properties.iter().filter(|(other, _)| other == name).map(|(_, part)| *part);
        let (mut nullable, mut below) = ("", Vec::new());
        for part in parts {
            match elements(part) {
                Some(items) => required(items, &format!("{prefix}{name}[]."), &mut below),
                None => required(part, &format!("{prefix}{name}."), &mut below),
            }
            if says(part, "nullable") {
                nullable = "?";
            }
        }
        if below.is_empty() {
            below.push(format!("{prefix}{name}{nullable}"));
        }
        for demand in below {
            if !demands.contains(&demand) {
                demands.push(demand);
            }
        }
    }
    for forms in alternatives(schema) {
        let mut sets: Vec<Vec<String>> = Vec::new();
        for form in forms {
            let mut below = Vec::new();
            required(form, prefix, &mut below);
            sets.push(below);
        }
        // An alternative adds nothing if it requires every field of a smaller alternative.
        sets.sort_by_key(Vec::len);
        let mut kept: Vec<Vec<String>> = Vec::new();
        for set in sets {
            if !kept.iter().any(|smaller| smaller.iter().all(|path| set.contains(path))) {
                kept.push(set);
            }
        }
        if kept.iter().all(|set| !set.is_empty()) {
            demands.push(kept.iter().map(|set| set.join("+")).collect::<Vec<_>>().join("|"));
        }
    }
}

/// The alternatives of `oneOf`, including those inside `allOf`.
fn alternatives(schema: &Yaml) -> Vec<&[Yaml]> {
    let parts = schema["allOf"].as_vec().into_iter().flatten();
    let own = schema["oneOf"].as_vec().map(Vec::as_slice);
    parts.flat_map(alternatives).chain(own).collect()
}

/// Writes one row: name, kind, flags, required fields, status, form of the answer.
fn row(name: &str, operation: &Yaml) -> String {
    let body = &content(&operation["requestBody"])["schema"];
    let (fields, _) = object(body);
    let has = |field: &str| fields.iter().any(|(name, _)| *name == field);
    let (status, answer) = success(operation);
    let (answered, _) = object(&content(answer)["schema"]);
    let data = answered.iter().find(|(name, _)| *name == "data").map(|(_, data)| *data);
    let is_list = data.is_some_and(|data| elements(data).is_some()) && !NOT_A_LIST.contains(&name);
    let inside = data.map(|data| object(data).0).unwrap_or_default();
    let mut names: Vec<&str> = inside.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let returns = match () {
        () if is_list => "list",
        () if names.contains(&"location") => "location",
        () if names == ["id", "type"] => "reference",
        () if !names.is_empty() || !answered.is_empty() => "object",
        () => "nothing",
    };
    let kind = match () {
        () if is_list => "list",
        () if name.ends_with(".info") => "info",
        () if returns == "location" => "file",
        () if READS.contains(&name) => "read",
        () => "action",
    };
    let meta = answered.iter().find(|(name, _)| *name == "meta").map(|(_, meta)| object(meta).0);
    let counts = meta.is_some_and(|meta| meta.iter().any(|(name, _)| *name == "matches"));
    let mut flags = String::new();
    for (flag, set) in [
        ('B', !body.is_badvalue()),
        ('P', has("page")),
        ('S', has("sort")),
        ('F', has("filter")),
        ('I', has("includes")),
        ('C', counts),
    ] {
        flags.extend(set.then_some(flag));
    }
    let mut demands = Vec::new();
    required(body, "", &mut demands);
    format!("{name}\t{kind}\t{flags}\t{}\t{status}\t{returns}\n", demands.join(" "))
}

fn distil(text: &str) -> String {
    let document = parsed(text);
    let sum: String = ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let version = document["info"]["version"].as_str().expect("a version");
    let mut table = format!(
        "# Teamleader Focus, the operations of API specification {version}.\n\
         # Distilled by src/teamleader/tests/distil.rs; do not edit. SHA-256 of the source:\n\
         # {sum}\n\
         # name, kind, flags (B takes a body, P pages, S sorts, F filters, I includes, C counts),\n\
         # required (a.b below, [] each, ? may be null, + and, | or), status, returns\n"
    );
    let mut rows: Vec<String> =
        operations(&document).into_iter().map(|(name, operation)| row(name, operation)).collect();
    rows.sort_unstable();
    table.extend(rows);
    table
}

#[test]
fn the_table_matches_the_specification() {
    let Some(text) = specification() else {
        let _ = writeln!(std::io::stderr(), "skipped: TEAMLEADER_OPENAPI is not set");
        return;
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/teamleader/operations.tsv");
    let table = distil(&text);
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        std::fs::write(&path, &table).expect("the table is written");
    }
    let committed = std::fs::read_to_string(&path).expect("the table");
    for (ours, theirs) in committed.lines().zip(table.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(committed, table);
    println!("{} rows, no difference", table.lines().filter(|line| !line.starts_with('#')).count());
}
