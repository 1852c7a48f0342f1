//! Lists every requirement of the standards for this client, and the tests that show it.
//!
//! The rows have the numbers of a checklist with parts A (requests and client authentication), B
//! (authorization code), C (token answers and refresh), D (using tokens, challenges), E (revocation,
//! introspection), F (PKCE, native apps), G (metadata), H (device grant), I (assertions), J (token
//! exchange, pushed requests), K (DPoP), L (OpenID Connect), M (HTTP), N (RFC 9700, OAuth 2.1), R
//! (registration of clients), S (metadata of an API) and T (signed requests). The level M is a MUST of
//! the standard, S a SHOULD, D a rule of practice; a row without a level explains the meaning of an
//! answer. Some real services break a MUST (a token answer without `token_type`, a lifetime of 0). The
//! client accepts these answers, and the row names the test with them.

use std::collections::BTreeSet;
use std::path::Path;

enum Shown {
    /// The names of tests, in `src` and `tests`.
    By(&'static [&'static str]),
    /// The reason why the requirement does not apply.
    Not(&'static str),
}

use Shown::{By, Not};

/// The number, the level, the requirement, and the tests or the reason.
type Row = (u16, &'static str, &'static str, Shown);

include!("standards/table.rs");

/// Returns the names of all tests.
fn tests() -> BTreeSet<String> {
    fn walk(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for after in text.split("#[test]").skip(1) {
                    // There may be other attributes between `#[test]` and the function.
                    let line = after.lines().find(|line| line.trim_start().starts_with("fn "));
                    let name = line.and_then(|line| line.trim_start()[3..].split('(').next());
                    names.extend(name.map(str::to_owned));
                }
                // A macro makes a test of each flow for each real server: `flows::name,`.
                for block in text.split("flows::flows! {").skip(1) {
                    let block = block.split("\n    }").next().unwrap_or_default();
                    let flow = |line: &str| Some(line.trim().split_once("::")?.1.to_owned());
                    let flows = block.lines().filter_map(flow);
                    names.extend(flows.map(|name| name.trim_end_matches(',').to_owned()));
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    walk(&root.join("src"), &mut names);
    walk(&root.join("tests"), &mut names);
    names
}

/// Returns the faults of the table.
fn faults(table: &[Row], tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let numbers: Vec<u16> = table.iter().map(|row| row.0).collect();
    let wanted: Vec<u16> = (1..=138).chain(145..=198).collect();
    if numbers != wanted {
        let missing: Vec<_> = wanted.iter().filter(|number| !numbers.contains(number)).collect();
        faults.push(format!("missing {missing:?}, or out of order"));
    }
    for (number, level, what, shown) in table {
        if what.len() < 8 || level.chars().any(|c| !"MSD".contains(c)) {
            faults.push(format!("{number} says too little"));
        }
        match shown {
            By([]) => faults.push(format!("{number} names no test")),
            By(names) => {
                let unknown = names.iter().filter(|name| !tests.contains(**name));
                faults
                    .extend(unknown.map(|name| format!("{number} names {name}, which is no test")));
            }
            Not(why) if why.len() < 30 => faults.push(format!("{number} gives no reason")),
            Not(_) => {}
        }
    }
    faults
}

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let tests = tests();
    assert!(tests.len() > 300, "{} tests were found", tests.len());
    let faults = faults(TABLE, &tests);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    let of = |letter: char, by: bool| {
        let rows = TABLE.iter().filter(|row| row.1.contains(letter));
        rows.filter(|row| matches!(row.3, By(_)) == by).count()
    };
    for letter in ['M', 'S', 'D'] {
        println!("{letter}: {} shown, {} do not apply", of(letter, true), of(letter, false));
    }
    // Only a few rows may have a reason in place of a test.
    assert!(of('M', false) + of('S', false) + of('D', false) <= 6);
}

#[test]
fn the_check_of_the_table_can_fail() {
    let tests = BTreeSet::from(["a_test".to_owned()]);
    let row = |shown| [(1, "M", "something is asked", shown)];
    let found = |table: &[Row]| faults(table, &tests)[1..].join("; ");
    assert_eq!(found(&row(By(&["a_test"]))), "");
    assert_eq!(found(&row(By(&["no_test"]))), "1 names no_test, which is no test");
    assert_eq!(found(&row(By(&[]))), "1 names no test");
    assert_eq!(found(&row(Not("no"))), "1 gives no reason");
    assert_eq!(found(&[(1, "X", "something is asked", By(&["a_test"]))]), "1 says too little");
    assert!(faults(&[], &tests)[0].starts_with("missing [1, 2"));
}
