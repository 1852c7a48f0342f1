//! Tests that the three pages of the guide show the same grammar of the three vendor SDKs.

use std::fs;
use std::path::Path;

/// A vendor's page and its words: the type, and the words for several objects and for one object.
struct Vendor {
    page: &'static str,
    kind: &'static str,
    things: [&'static str; 2],
}

const VENDORS: [Vendor; 3] = [
    Vendor { page: "teamleader", kind: "Teamleader", things: ["contacts", "contact"] },
    Vendor { page: "exact_online", kind: "ExactOnline", things: ["accounts", "account"] },
    Vendor { page: "shell_ev", kind: "ShellEv", things: ["locations", "location"] },
];

/// Returns the part of a page about the grammar.
fn section(vendor: &Vendor) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(format!("src/guide/{}.md", vendor.page))).unwrap();
    let section = text.split("## The grammar of the three SDKs").nth(1).expect(vendor.page);
    section.split("\n## ").next().unwrap().to_owned()
}

/// Returns the visible lines of the program below the table, in words that all vendors share.
fn program(vendor: &Vendor) -> Vec<String> {
    let section = section(vendor);
    let code = section.split("```").nth(1).unwrap();
    let lines = code.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let common = |line: &str| {
        let [many, one] = vendor.things;
        let line = line.replace(vendor.kind, "Vendor").replace(vendor.page, "vendor");
        line.replace(many, "things").replace(one, "thing")
    };
    lines.map(common).collect()
}

/// Returns the first column of the table.
fn rows(vendor: &Vendor) -> Vec<String> {
    let section = section(vendor);
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect()
}

#[test]
fn the_programs_of_the_vendors_differ_in_names_only() {
    let [teamleader, exact_online, shell_ev] = VENDORS.each_ref().map(program);
    assert!(teamleader.len() > 20, "{teamleader:#?}");
    assert_eq!(teamleader, exact_online);
    // Shell's answers do not name the limits.
    let limits = |line: &&String| line.contains("limits");
    let without: Vec<_> = teamleader.iter().filter(|line| !limits(line)).cloned().collect();
    assert_eq!(shell_ev, without);
    assert_eq!(teamleader.iter().filter(limits).count(), 2);
}

#[test]
fn the_tables_of_the_vendors_have_the_same_rows() {
    let [teamleader, exact_online, shell_ev] = VENDORS.each_ref().map(rows);
    assert_eq!(teamleader.len(), 10, "{teamleader:?}");
    assert_eq!(teamleader, exact_online);
    assert_eq!(teamleader, shell_ev);
}
