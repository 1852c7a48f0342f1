//! Tests of clause P9 of the promise: no secret is in any output, log or file that others can read.

use std::error::Error as _;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use evergrant::backend::Record;
use evergrant::clock::ManualClock;
use evergrant::provider::TokenFormat;
use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use evergrant::{
    BoxError, Client, Credentials, Error, FileBackend, MemoryBackend, Token, TokenBackend,
};

use crate::support::{Fake, at, builder, provider_at, rt};

/// The output of a test, and the secrets that must not be in it.
#[derive(Default)]
struct Watch {
    texts: Vec<String>,
    secrets: Vec<String>,
}

impl Watch {
    fn secret(&mut self, text: &str) {
        assert!(text.len() >= 4, "{text}");
        let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        self.secrets.extend([form.replace('+', "%20"), form, text.to_owned()]);
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            self.secrets.push(engine.encode(text));
        }
    }

    fn token(&mut self, token: &Token) {
        self.secret(at(token));
        if let Some(refresh_token) = token.refresh_token() {
            self.secret(refresh_token.expose());
        }
    }

    fn debug(&mut self, value: &impl Debug) {
        self.texts.push(format!("{value:?}\n{value:#?}"));
    }

    fn error(&mut self, error: &Error) {
        self.texts.push(format!("{error}\n{error:#}\n{error:?}\n{error:#?}"));
        let mut source = error.source();
        while let Some(error) = source {
            self.texts.push(format!("{error}\n{error:?}\n{error:#?}"));
            source = error.source();
        }
    }

    fn check(&self) {
        let log = LINES.lock().unwrap().clone();
        assert!(!self.secrets.is_empty() && !self.texts.is_empty());
        for secret in &self.secrets {
            for text in self.texts.iter().chain(&log) {
                assert!(!text.contains(secret), "{secret:?} is in {text}");
            }
        }
    }
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the crate's log lines of every level, from all tests of this program.
struct Capture;

impl log::Log for Capture {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("evergrant")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.lock().unwrap().push(format!("{record:?} {}", record.args()));
        }
    }

    fn flush(&self) {}
}

fn watch() -> Watch {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    Watch::default()
}

fn parameter(query: &str, name: &str) -> String {
    let query = query.split_once('?').map_or(query, |(_, query)| query);
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name);
    found.unwrap().1.into_owned()
}

#[test]
fn no_type_and_no_log_line_shows_a_secret() {
    let mut watch = watch();
    let secret = "c4nary secret+/=%";
    watch.secret(secret);
    watch.secret(&format!("app:{secret}"));
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder()
        .client("app", Some(secret))
        .clock(clock.clone())
        .issuer_in_callback(true)
        .start()
        .unwrap();
    // Record every parameter of every token request, and every address of the API.
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (seen, urls) = (calls.clone(), Arc::new(Mutex::new(Vec::new())));
    sandbox.on_token(move |call, reply| {
        seen.lock().unwrap().push((call.clone(), format!("{call:?} {reply:?}")));
        reply
    });
    let addresses = urls.clone();
    sandbox.on("GET", "/api/watched", move |request| {
        let shown = format!("{} {} {request:?}", request.path, request.query);
        addresses.lock().unwrap().push(shown);
        ApiReply::json(200, 1)
    });
    let store = FileBackend::new(sandbox.folder().join("store.json"));
    watch.debug(&store);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = heard.clone();
    let building = Client::builder(sandbox.provider(), sandbox.credentials(), store)
        .clock(clock)
        .on_event(move |event| events.lock().unwrap().push(format!("{event} {event:?}")));
    watch.debug(&building);
    let client = building.build();

    let authorization = client.authorize(&["read"]).unwrap();
    watch.debug(&authorization);
    watch.secret(authorization.state().expose());
    let callback = sandbox.approve(authorization.url()).unwrap();
    watch.secret(&parameter(&callback, "code"));
    let state = authorization.state().expose();
    for broken in [
        callback.replace(state, "other"),
        callback.replace("iss=", "isn="),
        format!("{callback}&code=2"),
        format!("{callback}&error=x&error_description={}+{state}", parameter(&callback, "code")),
    ] {
        watch.error(&client.exchange(authorization.clone(), &broken).unwrap_err());
    }
    let token = client.exchange(authorization.clone(), &callback).unwrap();
    watch.token(&token);
    watch.debug(&token);
    watch.error(&client.exchange(authorization, &callback).unwrap_err());
    client.clear().unwrap();
    client.seed(sandbox.login()).unwrap();

    for fault in [None, Some(Fault::CutMid(60)), Some(Fault::TooMany(Some(1)))] {
        fault.into_iter().for_each(|fault| sandbox.fault(fault));
        if let Err(error) = client.refresh() {
            watch.error(&error);
        }
        watch.debug(&client.stored().unwrap());
        let stored = client.stored().unwrap().unwrap();
        watch.token(stored.token());
        watch.debug(&stored.note());
        watch.debug(&stored.binding());
    }
    let request =
        client.get("/watched").query("key", "c4nary-key").header("X-Key", "c4nary-header");
    watch.secret("c4nary-key");
    watch.secret("c4nary-header");
    watch.debug(&request);
    let answer = request.call().unwrap();
    watch.debug(&answer);
    sandbox.revoke_login();
    watch.error(&client.get("/watched").call().unwrap_err());
    watch.debug(&client.stored().unwrap());
    watch.debug(&client);
    watch.debug(client.provider());
    watch.debug(&sandbox.credentials());
    watch.debug(&sandbox);
    watch.debug(&sandbox.events());

    for (call, shown) in calls.lock().unwrap().iter() {
        for (name, value) in &call.parameters {
            if ["code", "code_verifier", "refresh_token"].contains(&name.as_str()) {
                watch.secret(value);
            }
        }
        watch.texts.extend([shown.clone(), call.query.clone()]);
    }
    // The caller put this key into the address, so a hook may see it there.
    let urls = urls.lock().unwrap().join("\n").replace("c4nary-key", "");
    watch.texts.push(urls);
    watch.texts.append(&mut heard.lock().unwrap());
    watch.check();
    let log = LINES.lock().unwrap().join("\n");
    assert!(
        log.contains("refreshed: access token") && log.contains("authorization needed"),
        "{log}"
    );
}

#[test]
fn a_secret_that_a_server_repeats_is_not_in_the_error() {
    let mut watch = watch();
    let (refresh_token, secret) = ("c4nary+rt/= %&\"x", "c4nary:secret +/");
    watch.secret(refresh_token);
    watch.secret(secret);
    watch.secret(&format!("app:{secret}"));
    let form =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let basic = format!("{}:{}", form("app"), form(secret).replace('+', "%20"));
    watch.secret(&basic);
    for (status, code) in [
        ("400 Bad Request", "invalid_grant"),
        ("400 Bad Request", "invalid_request"),
        ("401 Unauthorized", "invalid_client"),
        ("429 Too Many Requests", "slow_down"),
        ("500 Oops", "server_error"),
        ("503 Later", "temporarily_unavailable"),
        ("200 OK", "invalid_grant"),
        ("200 OK", ""),
        ("302 Found", ""),
    ] {
        let server = Fake::start(move |peer| {
            let request = peer.request().unwrap();
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let authorization = request.lines().find(|line| line.starts_with("authorization"));
            let echo = format!(
                "you sent {refresh_token} and {secret} as {body} with {}",
                authorization.unwrap()
            );
            let answer = serde_json::json!({
                "error": code, "error_description": echo,
                "error_uri": format!("https://x.example/{refresh_token}"),
            });
            let location = format!("Location: /{}/x\r\n", form(refresh_token));
            peer.answer(status, &location, answer.to_string().as_bytes());
        });
        let credentials = Credentials::new("app", secret);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let events = heard.clone();
        let provider = provider_at(&server.url()).build().unwrap();
        let client = Client::builder(provider, credentials, MemoryBackend::new())
            .clock(Arc::new(ManualClock::new()))
            .on_event(move |event| events.lock().unwrap().push(format!("{event} {event:?}")))
            .build();
        let token = Token::new("c4nary-at").with_refresh_token(refresh_token);
        client.seed(token).unwrap();
        let error = client.refresh().unwrap_err();
        watch.error(&error);
        // The call uses the old token, and an event has the reason.
        let stored = client.stored().unwrap().unwrap();
        watch.debug(&stored);
        watch.debug(&stored.refused());
        watch.texts.append(&mut heard.lock().unwrap());
    }
    watch.check();
}

#[test]
fn a_token_that_an_api_repeats_is_not_in_the_error() {
    let mut watch = watch();
    let sandbox = Sandbox::start().unwrap();
    for (status, path) in [(400, "/api/bad"), (200, "/api/good")] {
        sandbox.on("GET", path, move |request| {
            let token = request.header("authorization").unwrap().replace("Bearer ", "");
            ApiReply::json(status, &token).with_header("X-Echo", &token)
        });
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (sending, answers) = (heard.clone(), heard.clone());
    let client = builder(&sandbox)
        .before_send(move |request| {
            sending.lock().unwrap().push(format!("{request:?}"));
            Ok(())
        })
        .on_answer(move |answer| answers.lock().unwrap().push(format!("{answer:?}")))
        .build();
    client.seed(sandbox.login()).unwrap();
    watch.token(&client.token().unwrap());
    watch.error(&client.get("/bad").call().unwrap_err());
    watch.debug(&client.get("/good").call().unwrap());
    watch.error(&client.get("/good").read_json::<u8>().unwrap_err());
    watch.texts.append(&mut heard.lock().unwrap());
    watch.check();
}

#[test]
fn an_unusable_address_with_secrets_is_not_shown() {
    let mut watch = watch();
    for format in [TokenFormat::Query, TokenFormat::Get] {
        let provider =
            provider_at("http://127.0.0.1:1/token").token_format(format).build().unwrap();
        let credentials = Credentials::new("app", "c4nary-secret");
        let client = Client::builder(provider, credentials, MemoryBackend::new())
            .clock(Arc::new(ManualClock::new()))
            .http(|config| config.https_only(true))
            .build();
        client.seed(Token::new("c4nary-at").with_refresh_token("c4nary-rt")).unwrap();
        watch.error(&client.refresh().unwrap_err());
    }
    for secret in ["c4nary-secret", "c4nary-at", "c4nary-rt"] {
        watch.secret(secret);
    }
    watch.check();
}

/// A store that panics when a new token is saved, or fails with an error that shows the record.
struct Loud {
    inner: MemoryBackend,
    panics: bool,
}

impl TokenBackend for Loud {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.inner.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if record.generation() < 2 {
            return self.inner.save(record);
        }
        assert!(!self.panics, "cannot keep {record:?}");
        Err(format!("cannot keep {record:?}").into())
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.inner.clear()
    }
}

#[test]
fn a_backend_that_panics_or_fails_in_a_save_shows_no_token() {
    let mut watch = watch();
    let sandbox = Sandbox::start().unwrap();
    for panics in [true, false] {
        let backend = Loud { inner: MemoryBackend::new(), panics };
        let client = Client::builder(sandbox.provider(), sandbox.credentials(), backend)
            .clock(Arc::new(ManualClock::new()))
            .build();
        let token = sandbox.login();
        watch.token(&token);
        client.seed(token).unwrap();
        let refresh = std::panic::AssertUnwindSafe(|| client.refresh());
        match std::panic::catch_unwind(refresh) {
            Err(panic) => {
                assert!(panics);
                watch.texts.push(panic.downcast_ref::<String>().unwrap().clone());
                // The token pair is in memory, and the next call tries the save again.
                let again = std::panic::AssertUnwindSafe(|| client.access_token());
                assert!(std::panic::catch_unwind(again).is_err());
            }
            Ok(result) => {
                let error = result.unwrap_err();
                watch.error(&error);
                let Error::NotSaved(not_saved) = &error else { panic!("{error:?}") };
                watch.token(&not_saved.token);
            }
        }
        std::mem::forget(client);
    }
    watch.check();
}

#[test]
fn a_store_that_cannot_be_read_shows_nothing_of_its_contents() {
    let mut watch = watch();
    watch.secret("c4nary-token");
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("broken.json");
    let new = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    new().seed(Token::new("c4nary-token").with_refresh_token("c4nary-token")).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    assert!(good.contains("c4nary-token"));
    for broken in [
        good[..good.len() / 2].to_owned(),
        good.replace("\"c4nary-token\"", "c4nary-token"),
        good.replace("{", "\"c4nary-token\""),
        "\"c4nary-token\"".to_owned(),
        "c4nary-token".to_owned(),
        r#"{"version":"c4nary-token"}"#.to_owned(),
        r#"{"version":1,"token":"c4nary-token"}"#.to_owned(),
        r#"{"version":1,"revision":"c4nary-token"}"#.to_owned(),
        r#"{"version":1,"c4nary-token":1,"token":{"expires_at":"c4nary-token"}}"#.to_owned(),
    ] {
        std::fs::write(&path, &broken).unwrap();
        let error = new().access_token().unwrap_err();
        watch.error(&error);
        assert!(!error.needs_authorization(), "{broken}: {error}");
    }
    watch.check();
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files_of_a_login() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::start().unwrap();
    let folder = sandbox.folder().join("home");
    std::fs::create_dir(&folder).unwrap();
    let store = FileBackend::new(folder.join("login.json"));
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let is_store = entry.file_name() == "login.json";
        let token = client.stored().unwrap().unwrap();
        assert_eq!(text.contains(rt(token.token())), is_store, "{:?}", entry.path());
        names.push(entry.file_name());
    }
    assert!(names.len() >= 2, "the store and its lock: {names:?}");
}
