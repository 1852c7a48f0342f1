//! Lists all input from outside: every environment variable that the crate reads, and every string in
//! the details of its errors, each with a test of how the crate treats it. A new variable or string
//! without an entry fails here.

use std::fs;
use std::path::{Path, PathBuf};

/// Each place that reads the environment: the file, the call as it is written in the file, the variables that
/// the call reads, and a test of the variables.
const VARIABLES: [(&str, &str, &str, &str); 19] = [
    ("src/env.rs", "var(name", "PREFIX_CLIENT_ID and its like, by prefix", LINE_BREAK),
    ("src/env.rs", "var_os(name", "GOOGLE_APPLICATION_CREDENTIALS", KEY_FILE),
    (
        "src/backend/sealed/key.rs",
        "var(variable",
        "the sealing key, by the user's name for it",
        SEALING,
    ),
    ("src/env/dotenv.rs", "current_dir(", "the folder whose .env is read", FOLDER),
    (
        "src/env/dotenv.rs",
        "dotenvy::from_read_iter",
        "the same names, in a .env file",
        SETS_NOTHING,
    ),
    ("src/env/dotenv.rs", "dotenvy::Error", "the error, which is not shown", NAMES_FILE),
    ("src/exact_online/country.rs", "var(\"EXACT_ONLINE_COUNTRY\"", "the country", COUNTRY),
    ("src/record/note.rs", "var(\"COMPUTERNAME\"", "the host's name, on Windows", ONE_LINE),
    ("src/shell_ev/env.rs", "var(name", "the names of Shell's SDKs", SHELL),
    ("src/transport/config.rs", "var_os(\"REQUEST_METHOD\"", "that this is a CGI program", CGI),
    (
        "src/transport/config.rs",
        "var(name",
        "ALL_PROXY and HTTPS_PROXY, also in small letters",
        CGI,
    ),
    (
        "src/transport/proxied.rs",
        "var(name",
        "the variables of the proxy, after a failure",
        UNREADABLE,
    ),
    ("src/transport/config.rs", "var(\"http_proxy\"", "the proxy, in a CGI program", CGI),
    ("src/transport/config.rs", "var(\"NO_PROXY\"", "hosts without a proxy, in a CGI program", CGI),
    ("src/transport/config.rs", "var(\"no_proxy\"", "the same", CGI),
    ("src/sandbox.rs", "temp_dir(", "TMPDIR: where the sandbox keeps files", IN_TESTS),
    ("src/sandbox/contract/worker.rs", "var_os(STORE", "which store a worker opens", IN_TESTS),
    ("src/sandbox/fuzz/feed.rs", "var_os(\"EVERGRANT_SEEDS\"", "where seeds are written", IN_TESTS),
    ("src/backend/locked/gaps.rs", "temp_dir(", "TMPDIR, in tests", IN_TESTS),
];

const SEALING: &str = "a_key_given_as_a_name_or_path_is_not_shown";
const LINE_BREAK: &str = "a_variable_with_a_line_break_is_named_in_the_error";
const KEY_FILE: &str = "a_key_in_place_of_its_path_is_not_shown";
const FOLDER: &str = "a_dotenv_file_in_a_folder_above_is_not_read";
const SETS_NOTHING: &str = "a_dotenv_file_sets_nothing_in_the_process";
const NAMES_FILE: &str = "an_error_names_the_dotenv_file_that_was_read";
const COUNTRY: &str = "the_environment_names_country_and_credentials";
const SHELL: &str = "every_variable_is_read_and_wrong_values_are_reported";
const CGI: &str = "in_a_cgi_program_nobody_chooses_a_proxy_by_a_header";
const UNREADABLE: &str = "a_variable_that_names_no_proxy_is_in_the_error";
const ONE_LINE: &str = "no_text_from_outside_moves_a_cursor_or_begins_a_line";
/// The entry of a variable that only tests read names this test: such a variable needs no test of its own.
const IN_TESTS: &str = "the_tables_can_fail";

/// Each public field of an error's details that holds a string, an error, headers or bytes: the file, the
/// field, and a test.
const TEXTS: [(&str, &str, &str); 25] = [
    ("src/error/challenge.rs", "scheme", CHALLENGE),
    ("src/error/challenge.rs", "token68", CHALLENGE),
    ("src/error/challenge.rs", "parameters", CHALLENGE),
    ("src/error/step_up.rs", "acr_values", STEP_UP),
    ("src/error/step_up.rs", "scope", STEP_UP),
    ("src/error/unconfirmed.rs", "operation", ONE_LINE),
    ("src/error/unconfirmed.rs", "id", ONE_LINE),
    ("src/error/detail.rs", "host", ONE_LINE),
    ("src/error/oauth.rs", "host", ONE_LINE),
    ("src/error/oauth.rs", "code", SERVER),
    ("src/error/oauth.rs", "description", SERVER),
    ("src/error/oauth.rs", "uri", SERVER),
    ("src/error/detail.rs", "store", ONE_LINE),
    ("src/error/detail.rs", "source", ONE_LINE),
    ("src/error/detail.rs", "holder", ONE_LINE),
    ("src/error/detail.rs", "method", ONE_LINE),
    ("src/error/detail.rs", "url", ONE_LINE),
    ("src/error/detail.rs", "reason", ONE_LINE),
    ("src/error/detail.rs", "request_id", ONE_LINE),
    ("src/error/detail.rs", "advice", ONE_LINE),
    ("src/error/detail.rs", "what", ONE_LINE),
    // The bytes and headers are unchanged, and `Debug` does not show them.
    ("src/error/detail.rs", "headers", ONE_LINE),
    ("src/error/detail.rs", "body", ONE_LINE),
    ("src/error/login.rs", "source", ONE_LINE),
    ("src/error/login.rs", "unproven_error", UNPROVEN),
];

const UNPROVEN: &str = "an_error_without_state_is_reported_at_the_end";
const SERVER: &str = "control_characters_and_long_texts_do_not_reach_a_message";
const STEP_UP: &str = "a_stronger_login_has_no_invisible_characters";
const CHALLENGE: &str = "a_challenge_has_no_invisible_characters";

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Returns the code without comments and tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let is_test = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        let body = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let body = if is_test { "" } else { body };
        body.lines().filter(|line| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
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

/// Returns the calls of a line that read the environment.
fn asked(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in ["var(", "var_os(", "vars(", "vars_os(", "temp_dir(", "home_dir(", "current_dir("] {
        for (at, _) in line.match_indices(&format!("env::{call}")) {
            let rest = &line[at + "env::".len()..];
            let end = rest.find(')').unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
        }
    }
    for (at, _) in line.match_indices("dotenvy::") {
        let is_path = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_');
        let path: String = line[at..].chars().take_while(|c| is_path(*c)).collect();
        found.push(path.split("::").take(2).collect::<Vec<_>>().join("::"));
    }
    found
}

/// Returns the public field in a line, if the field holds a string, an error, headers or bytes.
fn text_field(line: &str) -> Option<String> {
    let (name, kind) = line.trim_start().strip_prefix("pub ")?.split_once(": ")?;
    let holds = ["String", "BoxError", "HeaderMap", "Vec<u8>"];
    (!name.contains(['(', ' ']) && holds.iter().any(|part| kind.contains(part)))
        .then(|| name.to_owned())
}

/// The entries of the library and of the program.
fn variables() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    VARIABLES.into_iter().chain(super::program::VARIABLES)
}

fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let path = source.path.as_str();
        for line in source.code() {
            for call in asked(line) {
                if !variables().any(|(file, what, ..)| (file, what) == (path, &*call)) {
                    faults.push(format!("{path}: {call}) is not in the table of variables"));
                }
            }
            if line.contains("filter(|c| !c.is_control())") {
                faults.push(format!("{path}: clean a string with `plain` or `error::one_line`"));
            }
            let field = text_field(line).filter(|_| path.starts_with("src/error/"));
            if let Some(field) = field
                && !TEXTS.iter().any(|(file, name, _)| (*file, *name) == (path, &*field))
            {
                faults.push(format!("{path}: {field} is not in the table `TEXTS`"));
            }
        }
    }
    faults
}

#[test]
fn every_variable_and_every_text_has_its_entry() {
    let sources = sources("src");
    let faults = faults(&sources);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    // Each entry must name a call or field that still exists.
    let of = |path: &str| sources.iter().find(|source| source.path == path);
    for (path, what, ..) in variables() {
        let is_there = |source: &Source| source.code().flat_map(asked).any(|call| call == what);
        assert!(of(path).is_some_and(is_there), "{path} has no {what} any more");
    }
    for (path, name, _) in TEXTS {
        let is_there =
            |source: &Source| source.code().filter_map(text_field).any(|own| own == name);
        assert!(of(path).is_some_and(is_there), "{path} has no {name} any more");
    }
}

#[test]
fn every_entry_names_a_test_that_is_there() {
    let all: String = ["src", "tests"]
        .into_iter()
        .flat_map(sources)
        .map(|source| source.text)
        .collect::<Vec<_>>()
        .join("\n");
    let tests = variables().map(|entry| entry.3).chain(TEXTS.iter().map(|entry| entry.2));
    for test in tests {
        assert!(all.contains(&format!("fn {test}()")), "{test}");
    }
}

#[test]
fn the_tables_can_fail() {
    let of = |path: &str, text: &str| {
        faults(&[Source { path: path.to_owned(), text: text.to_owned() }]).len()
    };
    assert_eq!(of("src/env.rs", "std::env::var(name)"), 0);
    assert_eq!(of("src/env.rs", "std::env::var(\"HOME\")"), 1);
    assert_eq!(of("src/client.rs", "let a = std::env::var_os(name);"), 1);
    assert_eq!(of("src/client.rs", "for a in std::env::vars() {"), 1);
    assert_eq!(of("src/env/dotenv.rs", "dotenvy::dotenv()"), 1);
    assert_eq!(of("src/error/detail.rs", "    pub host: String,"), 0);
    assert_eq!(of("src/error/detail.rs", "    pub page: Option<String>,"), 1);
    assert_eq!(of("src/x.rs", "text.chars().filter(|c| !c.is_control()).collect()"), 1);
    assert_eq!(of("src/x.rs", "// std::env::var(name)"), 0);
}
