//! Tests of settings: the builder and the environment.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Command;

use evergrant::exact_online::{Country, ExactOnline};
use evergrant::{Credentials, Error, MemoryBackend};
use serde_json::json;

use super::child::say;
use super::support::World;

fn builder() -> evergrant::exact_online::ExactOnlineBuilder {
    let credentials = Credentials::new("app", "secret");
    ExactOnline::builder(Country::Netherlands, credentials, MemoryBackend::new())
}

#[test]
fn build_reports_wrong_settings() {
    for wrong in [
        builder().proxy("nonsense://host"),
        builder().api_base("nowhere"),
        builder().api_base("http://api.example"),
    ] {
        let error = wrong.build().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
    }
    assert!(builder().proxy("http://proxy.example:3128").build().is_ok());
}

#[test]
fn another_api_base_takes_the_calls_and_keeps_the_rules() {
    let exact = builder().api_base("https://gateway.example/exact").build().unwrap();
    let provider = exact.client().provider();
    let own = Country::Netherlands.provider().unwrap();
    assert_eq!(provider.api_base(), Some("https://gateway.example/exact"));
    assert_eq!(provider.token_endpoint(), own.token_endpoint());
    assert_eq!(provider.margin(), own.margin());
    // The client follows a link to a next page below the gateway's base.
    let world = World::new();
    let base = format!("{}/api", world.sandbox.url());
    let exact = world.builder_on(MemoryBackend::new()).division(123);
    let provider = world.sandbox.provider().to_builder().api_base("https://nowhere.invalid");
    let exact = exact.provider(provider.build().unwrap()).api_base(&base).build().unwrap();
    exact.client().seed(world.sandbox.login()).unwrap();
    world.rows("123/crm/Accounts", json!([{ "Name": "Rose" }]));
    assert_eq!(exact.accounts().first().unwrap().unwrap().name.as_deref(), Some("Rose"));
}

#[test]
fn a_proxy_carries_token_requests() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let head = std::thread::spawn(move || {
        let mut bytes = [0; 13];
        proxy.accept().unwrap().0.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let exact = builder().proxy(&address).configure(|client| client.retries(0)).build().unwrap();
    let token = evergrant::Token::new("ended").with_refresh_token("rt");
    let token = token.with_expires_at(time::OffsetDateTime::UNIX_EPOCH);
    exact.client().seed(token).unwrap();
    exact.me().unwrap_err();
    assert_eq!(head.join().unwrap(), "CONNECT start");
}

/// Runs in a child process: reports the client that the environment describes.
pub(super) fn child() {
    let made = Country::from_env().and_then(|country| {
        #[cfg(feature = "dotenv")]
        if std::env::var_os("FROM_DOTENV").is_some() {
            return ExactOnline::from_dotenv(country, MemoryBackend::new());
        }
        ExactOnline::from_env(country, MemoryBackend::new())
    });
    match made {
        Ok(exact) => say(&format!("{} {:?}", exact.country(), exact.client())),
        Err(error) => say(&error.to_string()),
    }
}

/// Returns the report of a child process with these variables.
fn run(variables: &[(&str, &str)]) -> String {
    let world = World::new();
    let folder = world.sandbox.folder();
    std::fs::write(folder.join(".env"), "EXACT_ONLINE_CLIENT_ID=of-the-file\n").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "exact_online::child::child_entry", "--nocapture"]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EXACT_ONLINE_") {
            child.env_remove(name);
        }
    }
    child.env("EVERGRANT_EXACT_CHILD", "settings").current_dir(folder);
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("= ")).expect(&text).to_owned()
}

#[test]
fn the_environment_names_country_and_credentials() {
    let (country, id) = (("EXACT_ONLINE_COUNTRY", "be"), ("EXACT_ONLINE_CLIENT_ID", "app-7"));
    let secret = ("EXACT_ONLINE_CLIENT_SECRET", "sesame");
    let shown = run(&[country, id, secret]);
    assert!(shown.starts_with("be ") && shown.contains("app-7"), "{shown}");
    assert!(!shown.contains("sesame"));
    assert_eq!(run(&[id, secret]), "EXACT_ONLINE_COUNTRY is not set");
    assert!(run(&[("EXACT_ONLINE_COUNTRY", "at"), id]).contains("no country \"at\""));
    assert!(run(&[country, secret]).contains("EXACT_ONLINE_CLIENT_ID"));
}

#[test]
#[cfg(feature = "dotenv")]
fn a_dotenv_file_has_the_credentials() {
    let file = ("FROM_DOTENV", "1");
    let shown = run(&[("EXACT_ONLINE_COUNTRY", "nl"), file]);
    assert!(shown.contains("of-the-file"), "{shown}");
    // A variable that is already set keeps its value.
    let shown = run(&[("EXACT_ONLINE_COUNTRY", "nl"), ("EXACT_ONLINE_CLIENT_ID", "app-7"), file]);
    assert!(shown.contains("app-7"), "{shown}");
}
