//! Compares the guide's table of operations with the calls of the typed operations. With `EVERGRANT_WRITE=1`, writes the
//! page. Another test makes each of these calls and checks the name of the operation that was sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::cases::cases;
use crate::teamleader::operations::{Kind, Operation};

const PAGE: &str = "src/guide/teamleader_operations.md";

/// The sources of the calls.
const CALLS: [&str; 2] = [include_str!("cases.rs"), include_str!("cases/more.rs")];

/// The method that calls an operation, such as `tasks().get`, copied from the source of its case.
fn method(name: &str) -> String {
    let quoted = format!("\"{name}\"");
    let source = CALLS.iter().find(|source| source.contains(&format!("({quoted}, |")));
    let source = source.or_else(|| CALLS.iter().find(|source| source.contains(&quoted)));
    let case = source.unwrap().split_once(&quoted).unwrap().1;
    let call: String = case.split_once("t.").unwrap().1.split_whitespace().collect();
    let mut parts = call.splitn(3, '(');
    let (first, second) = (parts.next().unwrap(), parts.next().unwrap());
    match second.strip_prefix(").") {
        Some("list") => format!("{first}().iter"),
        Some(second) => format!("{first}().{second}"),
        // The case of an upload sends only the first of the two requests.
        None if first.starts_with("fetch") => "files().upload".to_owned(),
        None => first.to_owned(),
    }
}

/// The column of the guide's table that has this operation.
fn column(operation: &Operation) -> usize {
    let (_, verb) = operation.name.rsplit_once('.').unwrap();
    match verb {
        _ if operation.kind == Kind::List => 0,
        _ if operation.kind == Kind::Info => 1,
        "create" | "add" | "draft" | "schedule" | "register" | "upload" | "start" | "import" => 2,
        "update" => 3,
        "delete" | "unregister" | "bulkDelete" | "cancel" => 4,
        _ => 5,
    }
}

fn page() -> String {
    let typed: Vec<&str> = cases().iter().map(|case| case.0).collect();
    let mut rows: BTreeMap<&str, (usize, usize, [Vec<String>; 6])> = BTreeMap::new();
    let mut counts = [0; 6];
    for operation in Operation::all() {
        let (resource, verb) = operation.name.rsplit_once('.').unwrap();
        let row = rows.entry(resource).or_default();
        row.1 += 1;
        if !typed.contains(&operation.name) {
            row.2[5].push(format!("{verb}: by name"));
            continue;
        }
        row.0 += 1;
        let column = column(operation);
        counts[column] += 1;
        let method = method(operation.name);
        let said = match column {
            5 => format!("{verb}: `{method}`"),
            _ => format!("`{method}`"),
        };
        row.2[column].push(said);
    }
    let mut page = format!(
        "# The operations of Teamleader Focus\n\n\
         {} of the {} operations of specification 1.112.0 have a typed method, on a resource of\n\
         [`Teamleader`](crate::teamleader::Teamleader). [`call`](crate::teamleader::Teamleader::call) calls any operation by its\n\
         name. The test `the_guide_has_every_operation_and_its_method` compares this page with the code, and writes the page with\n\
         `EVERGRANT_WRITE=1`.\n\n\
         | operations | typed | list | get | create | update | delete | other |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        typed.len(),
        Operation::all().len(),
    );
    for (resource, (typed, all, cells)) in &rows {
        let cells: Vec<String> = cells.iter().map(|cell| cell.join(", ")).collect();
        writeln!(page, "| `{resource}` | {typed} of {all} | {} |", cells.join(" | ")).unwrap();
    }
    let counts = counts.map(|count| count.to_string()).join(" | ");
    writeln!(page, "| all | {} of {} | {counts} |", typed.len(), Operation::all().len()).unwrap();
    page.replace("|  |", "| |").replace("|  |", "| |")
}

#[test]
fn the_guide_has_every_operation_and_its_method() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = page();
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    for (ours, theirs) in committed.lines().zip(page.lines()) {
        assert_eq!(ours, theirs, "EVERGRANT_WRITE=1 writes {PAGE}");
    }
    assert_eq!(committed, page, "EVERGRANT_WRITE=1 writes {PAGE}");
    assert!(cases().len() >= 240, "{}", cases().len());
}
