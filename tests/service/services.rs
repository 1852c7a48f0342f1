//! Tests the table of services in `src/providers/table`: its evidence, the requests of each row, and the page
//! of the guide. The tests read the entries themselves, as strings, so that they do not depend on the code
//! that turns an entry into a provider.

mod answers;
mod entry;
mod evidence;
mod facts;
mod page;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use self::entry::{Entry, Fact, Make};

/// Reads entries as strings.
macro_rules! services {
    ($(
        $name:ident $(($parameter:ident: $check:tt, $meaning:literal))? = $display:literal, $kind:literal;
        { $($fact:ident $value:tt $(=> $evidence:literal)?;)* }
    )*) => {
        pub(super) const ENTRIES: &[super::Entry] = &[$(super::Entry {
            name: stringify!($name),
            display_name: $display,
            kind: $kind,
            parameter: concat!($(stringify!($parameter))?),
            allowed: concat!($(stringify!($check))?),
            make: make!($name $($parameter)?),
            facts: &[$(super::Fact {
                name: stringify!($fact),
                value: stringify!($value),
                evidence: concat!($($evidence)?),
            }),*],
        }),*];
    };
}

macro_rules! make {
    ($name:ident) => {
        super::Make::Plain(evergrant::providers::$name)
    };
    ($name:ident $parameter:ident) => {
        super::Make::At(evergrant::providers::$name)
    };
}

/// Reads the source files of the table of providers.
macro_rules! files {
    ($($file:literal $name:ident)*) => {
        $(#[path = $file] mod $name;)*
        const FILES: &[(&str, &[Entry])] = &[$((stringify!($name), $name::ENTRIES)),*];
    };
}

files! {
    "../../src/providers/table/accounting.rs" accounting
    "../../src/providers/table/commerce.rs" commerce
    "../../src/providers/table/developer.rs" developer
    "../../src/providers/table/files.rs" files
    "../../src/providers/table/health.rs" health
    "../../src/providers/table/home.rs" home
    "../../src/providers/table/media.rs" media
    "../../src/providers/table/office.rs" office
    "../../src/providers/table/sales.rs" sales
    "../../src/providers/table/signing.rs" signing
    "../../src/providers/table/talk.rs" talk
}

/// All entries of the table.
fn entries() -> impl Iterator<Item = &'static Entry> {
    FILES.iter().flat_map(|(_, entries)| *entries)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a file with the text that it should have. With `EVERGRANT_WRITE=1`, writes the file.
fn compare(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        fs::write(&file, text).unwrap();
    }
    let have = fs::read_to_string(&file).unwrap_or_default();
    let different = have.lines().zip(text.lines()).find(|(have, want)| have != want);
    assert!(
        have == text,
        "{path} differs from the table of services: {different:#?}\nread the change, then write the \
         file: EVERGRANT_WRITE=1 cargo test --features services --test service services"
    );
}

#[test]
fn every_file_of_the_table_is_tested_and_no_service_comes_twice() {
    let mut files: Vec<_> = fs::read_dir(root().join("src/providers/table"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter_map(|path| Some(Path::new(&path).file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "macros" && name != "pages")
        .collect();
    files.sort();
    let tested: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, tested, "list the file in `files!`");
    let mut names: Vec<_> = entries().map(|entry| entry.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn every_row_passes_the_checks_of_the_builder() {
    for entry in entries() {
        let row = entry.provider();
        assert_eq!((row.name(), row.display_name()), (entry.name, entry.display_name));
        row.to_builder().build().unwrap();
    }
}

#[test]
fn a_parameter_cannot_change_the_host() {
    for entry in entries() {
        let Make::At(make) = entry.make else { continue };
        for wrong in
            ["", "a/b", "a@b", "a b", "a?b", "a#b", "a:1", "\u{e9}", ".", "a..b", "evil.example/"]
        {
            let error = make(wrong).unwrap_err();
            assert!(matches!(error, evergrant::Error::Config(_)), "{}: {wrong}", entry.name);
        }
    }
}
