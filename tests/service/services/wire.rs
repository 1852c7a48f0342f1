//! Makes each row log in, call the API, refresh and revoke on a server of the tests. `services.txt` shows the
//! requests to people; `facts.rs` compares the requests with the facts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::provider::LoginHost;
use evergrant::{Client, Credentials, MemoryBackend, Provider, Token};
use serde_json::{Map, Value, json};
use url::Url;

use super::entry::Entry;
use super::{compare, entries};
use crate::support::Fake;

/// The requests that a row sent, and the token that the client read.
pub(super) struct Seen {
    pub(super) row: Provider,
    pub(super) authorize: String,
    pub(super) exchange: String,
    pub(super) call: String,
    pub(super) refresh: String,
    pub(super) revocation: Option<String>,
    /// The token after the login.
    pub(super) token: Token,
}

/// Reads a time such as `30 minutes`.
pub(super) fn time(words: &[String]) -> Duration {
    let [count, unit] = words else { panic!("{words:?} is no time") };
    let unit = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        other => panic!("{other} is no unit of time"),
    };
    Duration::from_secs(count.parse::<u64>().unwrap() * unit)
}

/// Wraps a value in objects, so that it is the member at a path such as `a.b`.
pub(super) fn at_path(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inside, name| {
        let (name, index) = name.split_once('[').map_or((name, None), |(name, _)| (name, Some(())));
        let inside = if index.is_some() { json!([inside]) } else { inside };
        Value::Object(Map::from_iter([(name.to_owned(), inside)]))
    })
}

/// The token answer of a service: the answer of the standard, changed as the facts say.
pub(super) fn answer(entry: &Entry, number: usize) -> Value {
    let mut token = json!({"access_token": format!("at-{number}"), "token_type": "Bearer"});
    token["refresh_token"] = format!("rt-{number}").into();
    let words = entry.words("access_life");
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        _ if entry.all("assumed_life").next().is_some() => {}
        ["endless"] => {}
        [] => token["expires_in"] = 3600.into(),
        _ => token["expires_in"] = time(&words).as_secs().into(),
    }
    match entry.word("nested") {
        Some(path) => at_path(&path, token),
        None => token,
    }
}

/// The provider of the row, with all addresses on this server.
pub(super) fn moved(entry: &Entry, server: &str) -> Provider {
    let row = entry.provider();
    let mut moved = row
        .to_builder()
        .token_endpoint(format!("{server}/token"))
        .api_base(format!("{server}/api"));
    if row.refresh_endpoint() != row.token_endpoint() {
        moved = moved.refresh_endpoint(format!("{server}/refresh"));
    }
    if row.revocation_endpoint().is_some() {
        moved = moved.revocation_endpoint(format!("{server}/revoke"));
    }
    let member = |names: [&str; 3]| names.iter().find_map(|name| entry.word(name));
    if let Some(member) = member(["api_from", "api_host", "api_lookup"]) {
        // The service below names no host, so that the API is at its base.
        let place = LoginHost::address(&member, &["127.0.0.1"]);
        moved = moved.api_base_from(place);
    }
    moved.build().unwrap()
}

pub(super) fn client(row: Provider) -> Client {
    let redirect_uri = match row.authorization_rules().redirect_uri_is_name {
        true => "App-Name-1",
        false => "https://app.example/callback",
    };
    let credentials = match row.client_auth() {
        evergrant::provider::ClientAuth::None => Credentials::public("app"),
        _ => Credentials::new("app", "sesame"),
    };
    Client::builder(row, credentials.with_redirect_uri(redirect_uri), MemoryBackend::new())
        .clock(Arc::new(ManualClock::new()))
        .build()
}

/// Starts a server that answers token requests as the service does, and everything else with an empty object.
fn service(entry: &'static Entry) -> Fake {
    let answers = AtomicUsize::new(0);
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let wants_token = request.contains("grant_type");
            let body = match wants_token {
                true => answer(entry, answers.fetch_add(1, Ordering::SeqCst) + 1),
                false => json!({}),
            };
            let kind = "Content-Type: application/json\r\n";
            peer.answer("200 OK", kind, body.to_string().as_bytes());
        }
    })
}

/// Makes a row log in, call the API, refresh and revoke.
pub(super) fn walk(entry: &'static Entry) -> Seen {
    let server = service(entry);
    let client = client(moved(entry, &server.url()));
    let authorization = client.authorize(&[]).unwrap();
    let authorize = authorization.url().to_owned();
    let state = authorization.state().expose().to_owned();
    let mut callback = Url::parse("https://app.example/callback").unwrap();
    callback.query_pairs_mut().append_pair("code", "c-1").append_pair("state", &state);
    for fact in entry.all("callback_field") {
        callback.query_pairs_mut().append_pair(&fact.words()[0], "kept-1");
    }
    client.exchange(authorization, callback.as_str()).unwrap();
    let token = client.stored().unwrap().unwrap().token().clone();
    client.get("/x").call().unwrap();
    client.refresh().unwrap();
    let row = entry.provider();
    let revokes = row.revocation_endpoint().is_some();
    match client.revoke() {
        Ok(stored) => assert!(stored && revokes, "{}", entry.name),
        Err(error) => assert!(!revokes, "{}: {error}", entry.name),
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 3 + usize::from(revokes), "{} {requests:#?}", entry.name);
    let mut requests = requests.into_iter();
    let mut next = || requests.next().unwrap();
    let (exchange, call, refresh) = (next(), next(), next());
    Seen { row, authorize, exchange, call, refresh, revocation: revokes.then(next), token }
}

/// The value of a header in a request.
pub(super) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    head.lines().skip(1).find_map(|line| {
        let (have, value) = line.split_once(':')?;
        have.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The parameters of a token request: of its query, its form or its JSON object.
pub(super) fn parameters(request: &str) -> Vec<(String, String)> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let query = path.split_once('?').map_or("", |(_, query)| query);
    if let Ok(Value::Object(members)) = serde_json::from_str(body) {
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        return members.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    }
    let all = format!("{query}&{body}");
    url::form_urlencoded::parse(all.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Replaces the random values in a string.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["state", "nonce", "code_challenge", "code_verifier"] {
        for (before, ends) in [("?", "&\n"), ("&", "&\n"), ("\"", "\"")] {
            let start = match before {
                "\"" => format!("\"{name}\":\""),
                _ => format!("{before}{name}="),
            };
            if let Some(at) = text.find(&start) {
                let from = at + start.len();
                let length = text[from..].find(|c| ends.contains(c)).unwrap_or(text.len() - from);
                assert!(length >= 22, "{name} has 128 bits or more");
                text.replace_range(from..from + length, "*");
            }
        }
    }
    text
}

/// A request as a line: the method, the query, the credentials, the headers of the service, the body.
fn shown(request: &str, headers: &[String]) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    // The first part of the path belongs to the test's server, not to the service.
    let query = path[1..].find(['?', '/']).map(|at| path[1 + at..].to_owned());
    let query = query.filter(|query| query != "/x");
    let credentials = header(request, "authorization").map(|value| format!("({value})"));
    let more = headers
        .iter()
        .filter_map(|name| header(request, name).map(|value| format!("[{name}: {value}]")));
    let parts = [Some(method.to_owned()), query, credentials].into_iter().flatten().chain(more);
    let body = Some(body.to_owned()).filter(|body| !body.is_empty());
    parts.chain(body).collect::<Vec<_>>().join(" ")
}

/// The block of a row in `services.txt`.
fn block(entry: &'static Entry) -> String {
    let Seen { row, authorize, exchange, call, refresh, revocation, token } = walk(entry);
    let headers: Vec<_> = entry.all("header").map(|fact| fact.words()[0].clone()).collect();
    let shown = |request: &str| shown(request, &headers);
    // If the lifetime is unknown, the test's own answer says an hour, so the block shows `?`.
    let told = entry.all("access_life").next().is_some_and(|fact| !fact.is_unknown());
    let lives = match token.lifetime() {
        Some(life) if told || entry.all("assumed_life").next().is_some() => {
            format!("{} s", life.as_secs())
        }
        Some(_) => "?".to_owned(),
        None => "without end".to_owned(),
    };
    let rules = row.refresh_rules();
    let mut lines = vec![
        format!("{} ({})", entry.name, entry.display_name),
        format!("authorize {authorize}"),
        format!("token {} {}", row.token_endpoint(), shown(&exchange)),
        format!("api {} {}", row.api_base().unwrap_or("of the login"), shown(&call)),
        format!("refresh {} {}", row.refresh_endpoint(), shown(&refresh)),
    ];
    lines.push(match (row.revocation_endpoint(), revocation) {
        (Some(endpoint), Some(request)) => format!("revoke {endpoint} {}", shown(&request)),
        _ => "revoke -".to_owned(),
    });
    let ends = if rules.ends_access_token { ", a refresh ends the access token" } else { "" };
    let days = |limit: Option<std::time::Duration>| {
        limit.map_or("?".to_owned(), |limit| format!("{} days", limit.as_secs() / 86_400))
    };
    lines.push(format!(
        "lives {lives}, unused {}, from consent {}, {:?}{ends}",
        days(rules.idle_limit),
        days(rules.consent_limit),
        rules.rotation,
    ));
    plain(&lines.join("\n"))
}

#[test]
fn every_service_sends_what_the_snapshot_shows() {
    let blocks: Vec<_> = entries().map(block).collect();
    compare("tests/service/services/services.txt", &(blocks.join("\n\n") + "\n"));
}
