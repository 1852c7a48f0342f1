//! Checks that the sources keep to the design: floors, sizes of files, and the modules that use files,
//! the network and the clock. Checks the commands in the documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tidy/commands.rs"]
mod commands;
#[path = "tidy/outside.rs"]
mod outside;
#[path = "tidy/program.rs"]
mod program;
#[path = "tidy/reach.rs"]
mod reach;

use std::fs;
use std::path::{Path, PathBuf};

/// How many lines a file may have at most.
const LONGEST: usize = 450;

/// The floor of each top-level module. A module imports only from its own floor and from those below.
const FLOORS: [(u8, &[&str]); 6] = [
    (
        0,
        &[
            "secret",
            "substring",
            "stored_json",
            "plain",
            "token",
            "record",
            "credentials",
            "error",
            "env",
            "clock",
            "event",
            "signing",
            "proof_key",
        ],
    ),
    (1, &["provider", "providers"]),
    (2, &["protocol"]),
    (3, &["backend"]),
    (4, &["refresh"]),
    (
        5,
        &[
            "transport",
            "client",
            "request",
            "interactive",
            "middleware",
            "paging",
            "hooks",
            "discovery",
            "registration",
            "device",
            "introspection",
            "token_exchange",
            "jwt",
            "oidc",
            "health",
            "identity",
            "logins",
        ],
    ),
];

/// Modules outside the floors, which may import anything.
const BESIDE: [&str; 3] = ["lib", "guide", "sandbox"];

/// The command `evergrant`.
const PROGRAM: &str = "src/bin/";

/// Functions that only `clock` may call.
const CLOCK: [&str; 4] =
    ["thread::sleep", "SystemTime::now", "Instant::now", "OffsetDateTime::now_utc"];

/// Vendor SDKs, which import only what a user of the crate can import, and `sdk`, which they share.
const VENDORS: [&str; 4] = ["shell_ev", "teamleader", "exact_online", "sdk"];

/// Exceptions: a module, and the path that it may use.
const EXCEPTIONS: [(&str, &str); 3] = [
    // A `.env` file is read for its variables.
    ("env", "std::fs"),
    ("env", "File::open"),
    // A record names the host that holds a lock.
    ("record", "std::fs"),
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Returns the top-level module: `refresh` for `src/refresh/save.rs`.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split(['/', '.']).next().unwrap_or_default()
    }

    /// Returns the lines of code, without comments and without the tests at the end of the file.
    fn code(&self) -> impl Iterator<Item = &str> {
        let is_test = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        let body = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = if is_test { "" } else { body };
        lines.lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    /// Returns all lines without comments, those of tests included.
    fn lines_of_code(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.split_inclusive('\n');
        lines.filter(|line| !line.trim_start().starts_with("//"))
    }
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, modules)| modules.contains(&module)).map(|(floor, _)| *floor)
}

/// Returns every path `crate::name` in source text, those in `use crate::{a, b}` included.
fn crate_paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(name(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut starts = true;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => starts = true,
                        c if starts && !c.is_whitespace() => {
                            found.push(name(&group[at..]));
                            starts = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Returns the rules that a source breaks. `public` has the names that a vendor SDK may use.
fn faults(source: &Source, public: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("{}: {text}", source.path));
    if source.text.lines().count() > LONGEST {
        fault(format!("{} lines", source.text.lines().count()));
    }
    if !source.path.starts_with("src/") {
        return faults;
    }
    if source.path.starts_with(PROGRAM) {
        // A program uses what every user of the crate can use; `crate` is the program itself.
        let code: String = source.code().flat_map(|line| [line, "\n"]).collect();
        for what in CLOCK {
            if code.contains(what) {
                fault(format!("uses {what}: time comes from the clock"));
            }
        }
        return faults;
    }
    let module = source.module();
    let own = floor(module);
    let vendor = VENDORS.contains(&module);
    if own.is_none() && !vendor && !BESIDE.contains(&module) {
        fault("is on no floor: list it in this test".to_owned());
        return faults;
    }
    let code: String = source.code().flat_map(|line| [line, "\n"]).collect();
    for path in crate_paths(&code) {
        let allowed = match own {
            Some(own) => floor(&path).is_some_and(|floor| floor <= own),
            None if vendor => public.contains(&path) || path == module || path == "sdk",
            None => true,
        };
        if !allowed {
            fault(format!("uses crate::{path}"));
        }
    }
    let excepted = |what: &str| EXCEPTIONS.contains(&(module, what));
    let beside = BESIDE.contains(&module);
    if own.is_some_and(|own| own < 5) || vendor {
        let plain = code.replace("ureq::http", "http");
        if plain.contains("ureq::") || plain.contains("use ureq") {
            fault("uses ureq for more than its http types".to_owned());
        }
    }
    if own.is_some_and(|own| own <= 2 || own == 4) {
        for what in ["std::fs", "std::net", "File::open", "TcpStream"] {
            if code.contains(what) && !excepted(what) {
                fault(format!("uses {what}"));
            }
        }
    }
    if module != "clock" && !beside {
        for what in CLOCK {
            if code.contains(what) {
                fault(format!("uses {what}: time comes from the clock"));
            }
        }
    }
    for name in without_errors_section(&source.text) {
        fault(format!("{name} returns a Result and has no section `# Errors`"));
    }
    faults
}

/// Returns the public functions and trait methods that return a `Result` and have no section `# Errors`.
fn without_errors_section(text: &str) -> Vec<String> {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let (mut docs, mut found) = (String::new(), Vec::new());
    let mut in_public_trait = false;
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let plain = line.trim_start();
        if plain.starts_with("///") {
            docs.push_str(plain);
            continue;
        }
        if plain.starts_with("#[") {
            continue;
        }
        if !line.starts_with([' ', '}']) {
            in_public_trait = plain.starts_with("pub trait");
        }
        let method = in_public_trait && plain.starts_with("fn ");
        if method || ["pub fn ", "pub const fn "].iter().any(|start| plain.starts_with(start)) {
            let mut signature = line.to_owned();
            while !signature.contains(['{', ';']) {
                let Some(more) = lines.next() else { break };
                signature.push_str(more.trim());
            }
            let result = signature.rsplit("->").next().filter(|_| signature.contains("->"));
            let fails = result.is_some_and(|result| {
                let result = result.trim_start();
                ["Result<", "io::Result<", "serde_json::Result<"]
                    .iter()
                    .any(|start| result.starts_with(start))
            });
            if fails && !docs.contains("# Errors") {
                found.push(name(plain.split("fn ").nth(1).unwrap_or_default()));
            }
        }
        docs.clear();
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
    };
    paths.into_iter().map(read).collect()
}

/// Returns the public names of `src/lib.rs`.
fn public_names(lib: &str) -> Vec<String> {
    let mut names = Vec::new();
    let flat = lib.lines().filter(|line| !line.trim_start().starts_with("//"));
    let flat = flat.collect::<Vec<_>>().join(" ");
    for item in flat.split(';') {
        if let Some(at) = item.find("pub mod ") {
            names.push(name(&item[at + 8..]));
        }
        if let Some(at) = item.find("pub use ") {
            let path = &item[at + 8..];
            let last = path.split_once('{').map_or_else(
                || path.rsplit("::").next().unwrap_or_default(),
                |(_, group)| group.trim_end().trim_end_matches('}'),
            );
            let renamed = |item: &str| name(item.rsplit(" as ").next().unwrap_or_default().trim());
            names.extend(last.split(',').map(renamed).filter(|name| !name.is_empty()));
        }
    }
    names
}

#[test]
fn the_sources_keep_to_the_design() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let public = public_names(&lib);
    let folders = ["src", "tests", "examples", "benches"];
    let all: Vec<Source> = folders.into_iter().flat_map(sources).collect();
    assert!(all.len() > 60, "{} sources were found", all.len());
    let faults: Vec<_> = all.iter().flat_map(|source| faults(source, &public)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Returns the public names without any feature, except `guide`, which is prose.
fn front_door(lib: &str) -> Vec<String> {
    let plain = lib.split_inclusive(';').filter(|item| !item.contains("#[cfg(feature"));
    let mut names = public_names(&plain.collect::<String>());
    names.retain(|name| name != "guide");
    names
}

#[test]
fn the_crate_root_has_at_most_27_names() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names = front_door(&lib);
    assert!(names.contains(&"Client".to_owned()) && names.contains(&"BoxError".to_owned()));
    assert!(names.len() <= 27, "{}: {names:?}", names.len());
}

fn found(path: &str, text: &str) -> Vec<String> {
    let public = ["Client".to_owned(), "error".to_owned()];
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    faults(&source, &public)
        .into_iter()
        .map(|fault| fault.replace(&format!("{path}: "), ""))
        .collect()
}

#[test]
fn the_check_of_floors_can_fail() {
    let up = "use crate::secret::Secret;\nuse crate::client::Client;\n";
    assert_eq!(found("src/refresh/save.rs", up), ["uses crate::client"]);
    assert_eq!(found("src/client.rs", up), [""; 0]);
    assert_eq!(found("src/token.rs", "fn f() { crate::provider::g() }"), ["uses crate::provider"]);
    let group = "use crate::{error::{Error, Result}, refresh::Keeper,\n    token::Token};";
    assert_eq!(found("src/protocol.rs", group), ["uses crate::refresh"]);
    assert_eq!(found("src/protocol.rs", "// crate::refresh\n/// crate::client"), [""; 0]);
    let test = "#[cfg(test)]\nmod tests {\n    use crate::client::Client;\n}";
    assert_eq!(found("src/token.rs", test), [""; 0]);
    assert_eq!(found("src/sandbox.rs", up), [""; 0]);
    assert_eq!(found("src/novelty.rs", ""), ["is on no floor: list it in this test"]);
}

#[test]
fn the_check_of_vendors_can_fail() {
    let own = "use crate::Client;\nuse crate::error::Error;\nuse crate::teamleader::page::Page;\n";
    assert_eq!(found("src/teamleader.rs", own), [""; 0]);
    let deep = "use crate::request::Request;\nuse crate::exact_online::X;\nuse ureq::Agent;";
    assert_eq!(
        found("src/teamleader.rs", deep),
        [
            "uses crate::request",
            "uses crate::exact_online",
            "uses ureq for more than its http types"
        ]
    );
}

#[test]
fn the_check_of_the_outside_world_can_fail() {
    assert_eq!(found("src/error.rs", "use ureq::http::HeaderMap;"), [""; 0]);
    let agent = found("src/refresh.rs", "use ureq::{Agent, http};");
    assert_eq!(agent, ["uses ureq for more than its http types"]);
    assert_eq!(found("src/transport.rs", "use ureq::Agent;"), [""; 0]);
    assert_eq!(found("src/token.rs", "std::fs::read(x)"), ["uses std::fs"]);
    assert_eq!(found("src/record.rs", "std::fs::read(x)"), [""; 0]);
    assert_eq!(found("src/backend/file.rs", "std::fs::read(x)"), [""; 0]);
    assert_eq!(found("src/protocol/x.rs", "std::net::IpAddr"), ["uses std::net"]);
    let sleeps = found("src/backend/file.rs", "std::thread::sleep(x); Instant::now();");
    assert_eq!(sleeps.len(), 2);
    assert_eq!(found("src/clock.rs", "std::thread::sleep(x); SystemTime::now();"), [""; 0]);
    let long = "\n".repeat(LONGEST + 1);
    assert_eq!(found("examples/long.rs", &long), ["451 lines"]);
}

#[test]
fn the_check_of_error_sections_can_fail() {
    let undocumented = "/// It.\npub fn it(\n    a: u8,\n) -> Result<()> {\n}\n";
    assert_eq!(without_errors_section(undocumented), ["it"]);
    let documented = undocumented.replace("/// It.", "/// It.\n///\n/// # Errors\n///\n/// No.");
    assert_eq!(without_errors_section(&documented), [""; 0]);
    assert_eq!(without_errors_section("pub fn it() -> io::Result<u8> {"), ["it"]);
    assert_eq!(
        without_errors_section("pub fn it() -> u8 {\npub(crate) fn b() -> Result<()> {"),
        [""; 0]
    );
    let method = "pub trait A {\n    fn b(&self) -> Result<()>;\n}\nimpl A for B {\n    fn b(&self) -> Result<()> {";
    assert_eq!(without_errors_section(method), ["b"]);
}

#[test]
fn names_at_the_root_are_read_from_the_source() {
    let lib = "pub mod a;\nmod b;\n// pub mod no;\npub use c::{D, E as F,\n    G};\npub use h::I;\n#[cfg(x)]\npub mod j;\n";
    assert_eq!(public_names(lib), ["a", "D", "F", "G", "I", "j"]);
    let lib = "pub mod a;\n#[cfg(feature = \"b\")]\npub mod b;\npub mod guide;\npub mod c;\n";
    assert_eq!(front_door(lib), ["a", "c"]);
}
