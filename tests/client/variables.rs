//! Tests of environment variables that come from files and secret stores: with a line break, a byte
//! order mark or a blank at the end.

use std::process::Command;

use evergrant::sandbox::Sandbox;
use evergrant::{Client, Credentials, Error, MemoryBackend, Token, TokenBackend as _};

const READER: &str = "EVERGRANT_TEST_READER";

struct Printed;

impl log::Log for Printed {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        println!("\n{} {}", record.level(), record.args());
    }
    fn flush(&self) {}
}

/// The child process: reads its environment and prints the results.
#[test]
fn reader() {
    if std::env::var_os(READER).is_none() {
        return;
    }
    log::set_logger(&Printed).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    for read in [
        Credentials::from_env("APP").map(|credentials| format!("id {:?}", credentials.id())),
        Token::from_env("APP").map(|token| format!("{token:?}")),
    ] {
        match read {
            Ok(text) => println!("\nok {text}"),
            Err(error) => println!("\n{} {error}", error.kind()),
        }
    }
}

/// Returns the output of a child process with these variables.
fn said(variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "variables::reader", "--nocapture", "--test-threads=1"])
        .env(READER, "1")
        .envs([("APP_CLIENT_ID", "app"), ("APP_ACCESS_TOKEN", "at")])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_variable_with_a_line_break_is_named_in_the_error() {
    for (name, value, fault) in [
        ("APP_ACCESS_TOKEN", "sesame\n", "ends with a line break"),
        ("APP_ACCESS_TOKEN", "sesame\r\n", "ends with a line break"),
        ("APP_REFRESH_TOKEN", "sesame\n", "ends with a line break"),
        ("APP_REFRESH_TOKEN", "\u{feff}sesame", "has a control character or a byte order mark"),
        ("APP_CLIENT_ID", "sesame\n", "ends with a line break"),
        ("APP_CLIENT_SECRET", "sesame\r", "ends with a line break"),
        ("APP_CLIENT_SECRET", "\u{feff}sesame", "has a character that cannot be seen"),
        ("APP_REDIRECT_URI", "http://127.0.0.1/sesame\n", "ends with a line break"),
    ] {
        let said = said(&[(name, value)]);
        assert!(said.contains(&format!("\nconfig {name} {fault}")), "{value:?}: {said}");
        assert!(!said.contains("sesame"), "{said}");
    }
    let said = said(&[]);
    assert!(said.contains("\nok id \"app\"") && said.contains("\nok Token"), "{said}");
}

#[test]
fn a_blank_around_a_client_id_or_secret_is_one_warning() {
    for name in ["APP_CLIENT_ID", "APP_CLIENT_SECRET"] {
        for value in ["sesame ", " sesame", "sesame\u{a0}"] {
            let said = said(&[(name, value)]);
            let warnings: Vec<_> = said.lines().filter(|line| line.contains("WARN")).collect();
            let expected = format!("WARN {name} begins or ends with a blank");
            assert_eq!(warnings, [expected], "{said}");
            assert!(said.contains("\nok id"), "the value is not used unchanged: {said}");
        }
    }
    assert!(!said(&[("APP_CLIENT_SECRET", "a b")]).contains("WARN"));
}

#[test]
fn an_invalid_token_is_not_stored_and_the_corrected_one_is() {
    let sandbox = Sandbox::start().unwrap();
    let good = sandbox.login();
    let (at, rt) = (good.access_token().expose(), good.refresh_token().unwrap().expose());
    let store = MemoryBackend::new();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store.clone());
    for (access_token, refresh_token, named) in [
        (format!("{at}\n"), rt.to_owned(), "the access token ends with a line break"),
        (at.to_owned(), format!("{rt}\r\n"), "the refresh token ends with a line break"),
        (String::new(), rt.to_owned(), "the access token is empty"),
        (at.to_owned(), String::new(), "the refresh token is empty"),
        (format!("{at} "), rt.to_owned(), "the access token begins or ends with a blank"),
    ] {
        let error = client.seed(Token::new(access_token).with_refresh_token(refresh_token));
        match error {
            Err(Error::Config(text)) => assert!(text.starts_with(named), "{text}"),
            other => panic!("{other:?}"),
        }
        assert!(store.load().unwrap().is_none());
    }
    assert!(client.seed(good).unwrap());
    client.get("/me").call().unwrap();
}

#[test]
fn credentials_with_a_line_break_are_not_sent() {
    let sandbox = Sandbox::start().unwrap();
    let own = sandbox.credentials();
    let secret = own.secret().unwrap().expose();
    for (credentials, named) in [
        (Credentials::new(format!("{}\n", own.id()), secret), "the client id"),
        (Credentials::new(own.id(), format!("{secret}\n")), "the client secret"),
    ] {
        let credentials = credentials.with_redirect_uri("http://127.0.0.1/callback");
        let client = Client::new(sandbox.provider(), credentials, MemoryBackend::new());
        let told = |error: Error| match error {
            Error::Config(text) => {
                assert!(text.starts_with(&format!("{named} ends with a line break")), "{text}");
            }
            other => panic!("{other:?}"),
        };
        told(client.authorize(&["read"]).map(|_| ()).unwrap_err());
        client.seed(sandbox.login()).unwrap();
        told(client.refresh().unwrap_err());
    }
    assert_eq!(sandbox.counters().token_requests, 0);
    assert!(sandbox.login_alive());
}
