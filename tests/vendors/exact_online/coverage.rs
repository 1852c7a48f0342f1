//! Tests that the guide's table of endpoints agrees with the code. `EVERGRANT_WRITE=1` writes the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;

use evergrant::exact_online::*;

use super::every::{every_other_struct, every_resource};

/// Tells at compile time which traits `M` implements: `Can::<M>::GET` is the constant of `Can` if `M`
/// implements `Get`, otherwise the constant of `Cannot`.
struct Can<M>(PhantomData<M>);

trait Cannot {
    const LIST: bool = false;
    const GET: bool = false;
    const CREATE: bool = false;
    const UPDATE: bool = false;
    const DELETE: bool = false;
    const BULK: Option<&'static str> = None;
    const SYNC: Option<&'static str> = None;
}

impl<T> Cannot for T {}

impl<M: List> Can<M> {
    const LIST: bool = true;
}
impl<M: Get> Can<M> {
    const GET: bool = true;
}
impl<M: Create> Can<M> {
    const CREATE: bool = true;
}
impl<M: Update> Can<M> {
    const UPDATE: bool = true;
}
impl<M: Delete> Can<M> {
    const DELETE: bool = true;
}
impl<M: Bulk> Can<M> {
    const BULK: Option<&'static str> = Some(M::BULK);
}
impl<M: Synchronize> Can<M> {
    const SYNC: Option<&'static str> = Some(M::SYNC);
}

/// A line of the table.
struct Line {
    path: &'static str,
    model: &'static str,
    method: &'static str,
    can: [bool; 5],
    bulk: Option<&'static str>,
    sync: Option<&'static str>,
}

fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {$(
            let noted = [$(stringify!($ability)),*];
            let can = [Can::<$model>::LIST, Can::<$model>::GET, Can::<$model>::CREATE, Can::<$model>::UPDATE, Can::<$model>::DELETE];
            let (bulk, sync) = (Can::<$model>::BULK, Can::<$model>::SYNC);
            let all = can.into_iter().chain([bulk.is_some(), sync.is_some()]);
            for (name, can) in ["list", "get", "create", "update", "delete", "bulk", "sync"].into_iter().zip(all) {
                assert_eq!(noted.contains(&name), can, "{} {name}", stringify!($model));
            }
            let (path, model, method) = ($model::PATH, stringify!($model), stringify!($method));
            lines.push(Line { path, model, method, can, bulk, sync });
        )+};
    }
    every_resource!(resources);
    for (path, model, method) in [(Me::PATH, "Me", "me"), (Deleted::PATH, "Deleted", "deleted")] {
        let can = [false; 5];
        let sync = path.starts_with("sync/").then_some(path);
        lines.push(Line { path, model, method, can, bulk: None, sync });
    }
    lines.sort_by_key(|line| line.path.to_lowercase());
    lines
}

/// Every endpoint whose rows have a struct.
fn typed(lines: &[Line]) -> BTreeSet<&'static str> {
    let mut typed: BTreeSet<_> = lines
        .iter()
        .flat_map(|line| [Some(line.path), line.bulk, line.sync].into_iter().flatten())
        .collect();
    macro_rules! others {
        ($($model:ident)+) => { $( typed.insert($model::PATH); )+ };
    }
    every_other_struct!(others);
    typed
}

fn page() -> String {
    let lines = lines();
    let typed = typed(&lines);
    let below = |start: &str| typed.iter().filter(|path| path.starts_with(start)).count();
    let mut page = String::from("# Endpoints of Exact Online\n\n");
    let all = Endpoint::all().count();
    let count = |mark: fn(&Line) -> bool| lines.iter().filter(|line| mark(line)).count();
    write!(
        page,
        "Of {all} endpoints, {} are typed: their rows have a struct. {} of these are below `bulk/` and {} below\n\
         `sync/`. The others are called by name: \
         [`ExactOnline::call`](crate::exact_online::ExactOnline::call).\n\n\
         The {} methods of [`ExactOnline`](crate::exact_online::ExactOnline) in the table list rows at {} endpoints, \
         get a row by\nits key at {}, create at {}, update at {}, delete at {}, read 1,000 rows a page at {}, and synchronise \
         at {}. A synchronisation\nselects rows by `Timestamp` at an endpoint below `sync/`, or by `Modified` at \
         the endpoint itself.\n\n\
         Endpoints, methods and properties come from lists of 2022 to 2026; none was tested against the service. \
         A test compares\nthis page with the code (`coverage::the_table_of_endpoints_agrees_with_the_code`).\n\n\
         | endpoint | rows | method | list | get | create | update | delete | bulk | sync |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        typed.len(),
        below("bulk/"),
        below("sync/"),
        lines.len(),
        count(|line| line.can[0]),
        count(|line| line.can[1]),
        count(|line| line.can[2]),
        count(|line| line.can[3]),
        count(|line| line.can[4]),
        count(|line| line.bulk.is_some()),
        count(|line| line.sync.is_some()),
    )
    .unwrap();
    let yes = |can: bool| if can { "yes" } else { "" };
    for line in &lines {
        let Line { path, model, method, can, .. } = line;
        let get = can[1] || *path == Me::PATH;
        let bulk = line.bulk.map(|path| format!("`{path}`")).unwrap_or_default();
        let sync = match line.sync {
            Some(sync) if sync.starts_with("sync/") => format!("`{sync}`"),
            Some(_) => "by `Modified`".to_owned(),
            None => String::new(),
        };
        writeln!(
            page,
            "| `{path}` | [`{model}`](crate::exact_online::{model}) | \
             [`{method}`](crate::exact_online::ExactOnline::{method}) | {} | {} | {} | {} | {} | {bulk} | {sync} |",
            yes(can[0]),
            yes(get),
            yes(can[2]),
            yes(can[3]),
            yes(can[4])
        )
        .unwrap();
    }
    let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for endpoint in Endpoint::all().filter(|endpoint| !typed.contains(endpoint.name)) {
        let (area, _) = endpoint.name.split_once('/').unwrap();
        others.entry(area).or_default().push(endpoint.name);
    }
    let left: usize = others.values().map(Vec::len).sum();
    assert_eq!(left + typed.len(), all);
    write!(page, "\n## By name\n\nThese {left} endpoints have no struct here.\n\n| area | endpoints |\n| --- | --- |\n")
        .unwrap();
    for (area, names) in others {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        writeln!(page, "| {area} | {} |", names.join(", ")).unwrap();
    }
    page
}

#[test]
fn the_table_of_endpoints_agrees_with_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/exact_online_endpoints.md");
    let page = page();
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    for (written, right) in written.lines().zip(page.lines()) {
        assert_eq!(written, right, "EVERGRANT_WRITE=1 writes the page");
    }
    assert_eq!(written, page, "EVERGRANT_WRITE=1 writes the page");
    assert!(typed(&lines()).len() >= 140);
}
