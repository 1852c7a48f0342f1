//! Tests of settings: the builder, the environment, hooks.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::FileBackend;
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::shell_ev::{Environment, ShellEv};
use evergrant::{Client, Credentials, Error, MemoryBackend};
use serde_json::json;

use super::{World, success};

/// The variable that is set in a child process of this test binary.
pub(crate) const CHILD: &str = "EVERGRANT_TEST_SHELL_EV";

fn credentials() -> Credentials {
    Credentials::new("id", "secret")
}

#[test]
fn each_environment_has_its_own_hosts_and_tokens() {
    for (environment, host) in
        [(Environment::Sit, "api-test.shell.com"), (Environment::Production, "api.shell.com")]
    {
        let shell = ShellEv::new(environment, credentials(), MemoryBackend::new()).unwrap();
        let provider = shell.client().provider();
        assert_eq!(provider.token_endpoint(), format!("https://{host}/v2/oauth/token"));
        assert_eq!(provider.api_base(), Some(&*format!("https://{host}/ev")));
        assert_eq!(provider.client_auth(), ClientAuth::BasicRaw);
    }
    // A client does not use a token that was stored for the other environment.
    let store = MemoryBackend::new();
    let token = evergrant::Token::new("of the test environment");
    let sit = ShellEv::new(Environment::Sit, credentials(), store.clone()).unwrap();
    assert!(sit.client().seed(token).unwrap());
    let production = ShellEv::new(Environment::Production, credentials(), store).unwrap();
    let error = production.locations().nearby(0.0, 0.0).call().unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("api-test.shell.com"));
}

#[test]
fn an_environment_is_named_and_never_guessed() {
    for (text, environment) in [
        ("sit", Environment::Sit),
        ("0", Environment::Sit),
        ("PRODUCTION", Environment::Production),
        (" production ", Environment::Production),
        ("1", Environment::Production),
    ] {
        assert_eq!(text.parse::<Environment>().unwrap(), environment);
    }
    for text in ["prod", "", "2", "test"] {
        assert!(matches!(text.parse::<Environment>(), Err(Error::Config(_))), "{text}");
    }
}

#[test]
fn build_reports_wrong_settings() {
    let builder = || ShellEv::builder(Environment::Sit, credentials(), MemoryBackend::new());
    for wrong in [
        builder().timeout(Duration::ZERO),
        builder().token_url("http://api.example/token"),
        builder().api_base("nowhere"),
        builder().proxy("nonsense://host"),
    ] {
        assert!(matches!(wrong.build(), Err(Error::Config(_))));
    }
}

#[test]
fn credentials_are_sent_raw_in_the_header_or_the_body() {
    for (auth, secret) in [(ClientAuth::BasicRaw, "p@ss w%rd:é"), (ClientAuth::Body, "p@ss w%rd&é")]
    {
        let sandbox =
            Sandbox::builder().client("i/d", Some(secret)).client_auth(auth).start().unwrap();
        let shell = ShellEv::builder(
            Environment::Sit,
            Credentials::new("i/d", secret),
            MemoryBackend::new(),
        )
        .token_url(format!("{}/token", sandbox.url()))
        .api_base(format!("{}/api", sandbox.url()))
        .client_auth(auth)
        .build()
        .unwrap();
        shell.client().get("/me").call().unwrap();
        assert_eq!(sandbox.counters().client_credentials, 1);
    }
}

#[test]
fn token_requests_have_the_scopes_and_parameters() {
    let world = World::new();
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let kept = seen.clone();
    world.sandbox.on_token(move |call, reply| {
        kept.lock()
            .unwrap()
            .push(["scope", "audience"].map(|n| call.parameter(n).map(str::to_owned)));
        reply
    });
    let shell = world.builder().scopes(&["a", "b"]).token_param("audience", "x").build().unwrap();
    shell.client().access_token().unwrap();
    assert_eq!(*seen.lock().unwrap(), [[Some("a b".to_owned()), Some("x".to_owned())]]);
}

#[test]
fn hooks_see_attempts_of_calls_but_no_token_requests() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (before, after, events) = (seen.clone(), seen.clone(), seen.clone());
    let shell = world
        .builder()
        .before_send(move |sending| {
            before.lock().unwrap().push(format!("send {} {}", sending.method, sending.attempt));
            Ok(())
        })
        .on_answer(move |received| after.lock().unwrap().push(format!("got {}", received.status)))
        .on_event(move |event| events.lock().unwrap().push(event.to_string()))
        .build()
        .unwrap();
    world.sandbox.api_fault(Fault::StatusBefore(502));
    shell.locations().nearby(0.0, 0.0).call().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        *seen,
        ["refreshed: access token 1", "send GET 0", "got 502", "send GET 1", "got 200"]
    );
}

#[test]
fn retries_follow_their_settings() {
    let world = World::new();
    world.answers(200, success(json!([])));
    let calls = |shell: &ShellEv, status, faults| {
        let before = world.sandbox.counters().api_calls;
        for _ in 0..faults {
            world.sandbox.api_fault(Fault::StatusBefore(status));
        }
        let result = shell.locations().nearby(0.0, 0.0).call();
        world.sandbox.clear_faults();
        (world.sandbox.counters().api_calls - before, result.is_ok())
    };
    let shell = world.shell();
    for status in [408, 413, 429, 500, 502, 503, 504, 521, 522, 524] {
        assert_eq!(calls(&shell, status, 2), (3, true), "{status}");
    }
    assert_eq!(calls(&shell, 400, 1), (1, false));
    let shell = world.builder().retries(4).retry_statuses(&[500]).build().unwrap();
    assert_eq!(calls(&shell, 500, 4), (5, true));
    assert_eq!(calls(&shell, 502, 1), (1, false));
    let slept = world.clock.slept();
    let shell = world.builder().backoff(Duration::from_secs(8), Duration::from_secs(10));
    assert_eq!(calls(&shell.build().unwrap(), 500, 2), (3, true));
    let slept = world.clock.slept() - slept;
    assert!(slept >= Duration::from_secs(18) && slept <= Duration::from_secs(19), "{slept:?}");
    let shell = world.builder().retry_methods(&[]).build().unwrap();
    assert_eq!(calls(&shell, 500, 1), (1, false));
}

#[test]
fn a_timeout_ends_calls_and_token_requests() {
    // This server accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let world = World::new();
    let timeout = Duration::from_millis(50);
    let api = world.builder().api_base(&url).timeout(timeout).retries(0).build().unwrap();
    api.client().seed(world.shell().client().token().unwrap()).unwrap();
    let error = api.locations().nearby(0.0, 0.0).call().unwrap_err();
    assert_eq!(error.kind(), "transport");
    let token = world.builder().token_url(&url).timeout(timeout).build().unwrap();
    assert_eq!(token.client().access_token().unwrap_err().kind(), "transport");
}

#[test]
fn a_proxy_is_used_as_its_address_says() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://me:p%40ss@{}", proxy.local_addr().unwrap());
    let head = std::thread::spawn(move || {
        let mut bytes = [0; 14];
        proxy.accept().unwrap().0.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let shell = ShellEv::builder(Environment::Sit, credentials(), MemoryBackend::new())
        .token_url("https://nonexistent.invalid/token")
        .proxy(&address)
        .build()
        .unwrap();
    assert_eq!(shell.client().access_token().unwrap_err().kind(), "transport");
    // The client speaks plain HTTP to the proxy, although the target is https.
    assert_eq!(head.join().unwrap(), "CONNECT nonexi");
}

#[test]
fn the_client_below_can_be_configured_and_the_provider_replaced() {
    let world = World::new();
    world.answers(503, json!({ "errors": [{ "code": "E0014" }] }));
    let provider = Environment::Sit.provider().to_builder();
    let provider = provider.token_endpoint(format!("{}/token", world.sandbox.url()));
    let provider = provider.api_base("https://nowhere.invalid").build().unwrap();
    let shell = world
        .builder_with(world.sandbox.credentials(), MemoryBackend::new())
        .provider(provider)
        .configure(|client| {
            client.retries(0).map_error(|_| panic!("the SDK must replace `map_error`"))
        })
        .build()
        .unwrap();
    // `api_base` overrides the provider's API base.
    let error = shell.locations().get("1").unwrap_err();
    assert!(error.to_string().contains("E0014"), "{error}");
    assert_eq!(world.lines().len(), 1);
}

#[test]
fn an_existing_client_works() {
    let world = World::new();
    world.answers(400, json!({ "errors": [{ "code": "E0001" }] }));
    let provider = Environment::Sit
        .provider()
        .to_builder()
        .token_endpoint(format!("{}/token", world.sandbox.url()))
        .api_base(format!("{}/api", world.sandbox.url()))
        .build()
        .unwrap();
    let client = Client::builder(provider, world.sandbox.credentials(), MemoryBackend::new())
        .client_credentials(&[]);
    let shell = ShellEv::from_client(client.http(|config| config.no_delay(false)).build());
    let error = shell.locations().nearby(0.0, 0.0).call().unwrap_err();
    assert_eq!(evergrant::shell_ev::ShellEvError::of(&error).unwrap().code(), Some("E0001"));
}

/// The process that [`the_environment_gives_credentials_and_settings`] starts.
pub(crate) fn child() {
    let store = FileBackend::new(std::env::temp_dir().join("evergrant-never-written.json"));
    let shell =
        Environment::from_env().and_then(|environment| ShellEv::from_env(environment, store));
    match shell {
        Ok(shell) => {
            let provider = shell.client().provider();
            println!("= {} {:?} {shell:?}", provider.name(), provider.margin());
        }
        Err(error) => println!("= {error}"),
    }
}

#[test]
fn the_environment_gives_credentials_and_settings() {
    let run = |pairs: &[(&str, &str)]| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "child_entry", "--nocapture"]).env(CHILD, "1");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if ["O_AUTH", "SHELL_EV", "TIMEOUT", "PROXY", "RETRY", "MAX_R", "ENVIR"]
                .iter()
                .any(|s| name.starts_with(s))
            {
                child.env_remove(name);
            }
        }
        let output = child.envs(pairs.iter().copied()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find_map(|line| Some(line.split_once("= ")?.1.to_owned())).unwrap()
    };
    let id = ("O_AUTH_CLIENT_ID", "app-7");
    let secret = ("O_AUTH_CLIENT_SECRET", "sesame");
    let production = ("ENVIRONMENT", "production");
    let shown = run(&[id, secret, production, ("O_AUTH_CLOCK_SKEW", "30"), ("TIMEOUT", "2.5")]);
    assert!(shown.starts_with("shell_ev 30s") && shown.contains("app-7"), "{shown}");
    assert!(!shown.contains("sesame"));
    // The names with the prefix `SHELL_EV_` come first, because other programs use the plain names.
    let ours = [
        ("SHELL_EV_ENVIRONMENT", "sit"),
        ("SHELL_EV_O_AUTH_CLIENT_ID", "app-8"),
        ("TIMEOUT", "x"),
        ("SHELL_EV_TIMEOUT", "7"),
    ];
    let shown = run(&[&[id, secret, production], &ours[..]].concat());
    assert!(shown.starts_with("shell_ev_sit 60s") && shown.contains("app-8"), "{shown}");
    assert!(run(&[production, id]).contains("O_AUTH_CLIENT_SECRET is not set"));
    assert!(run(&[production, secret]).contains("O_AUTH_CLIENT_ID is not set"));
    assert!(run(&[id, secret]).contains("SHELL_EV_ENVIRONMENT is not set"));
    assert!(run(&[id, secret, ("ENVIRONMENT", "prod")]).contains("prod"));
    let own = [("SHELL_EV_CLIENT_ID", "app-9"), ("SHELL_EV_CLIENT_SECRET", "sesame"), production];
    assert!(run(&own).contains("app-9"));
}
