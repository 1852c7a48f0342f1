//! Tests that the requests and the settings of each row agree with each of its facts.

use evergrant::provider::{LoginHost, Pkce, Rotation};
use evergrant::{Error, Token};
use serde_json::{Value, json};
use url::Url;

use super::entries;
use super::entry::{Entry, Fact};
use super::wire::{Seen, answer, at_path, client, header, moved, parameters, time, walk};
use crate::support::Fake;

/// The parameters of the authorization request.
fn asked(seen: &Seen) -> Vec<(String, String)> {
    let url = Url::parse(&seen.authorize).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = parameters.iter().filter(|(have, _)| have == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "{name} comes twice");
    value
}

/// The Basic credentials `app:sesame`, and below `sesame:`, in base64.
const BASIC: &str = "Basic YXBwOnNlc2FtZQ==";
const SECRET_ALONE: &str = "Basic c2VzYW1lOg==";

/// Checks how the client authenticated in a token request.
fn check_auth(entry: &Entry, how: &str, request: &str) {
    let sent = parameters(request);
    let id = value(&sent, &entry.word("client_id_param").unwrap_or("client_id".to_owned()))
        .map(str::to_owned);
    let secret = value(&sent, "client_secret");
    let header = header(request, "authorization");
    let found = (id.as_deref(), secret, header);
    match how {
        "Body" => assert_eq!(found, (Some("app"), Some("sesame"), None)),
        "Basic" | "BasicRaw" => assert_eq!(found, (None, None, Some(BASIC))),
        "None" => assert_eq!(found, (Some("app"), None, None)),
        "SecretAsBearer" => assert_eq!(found.2, Some("Bearer sesame")),
        "SecretAsUser" => assert_eq!(found.2, Some(SECRET_ALONE)),
        other => panic!("no check for auth({other})"),
    }
}

/// Checks one fact of a row.
fn check(entry: &'static Entry, fact: &Fact, seen: &Seen) {
    let words = fact.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (row, rules) = (&seen.row, seen.row.refresh_rules());
    let asked = asked(seen);
    let (exchanged, refreshed) = (parameters(&seen.exchange), parameters(&seen.refresh));
    match (fact.name, &words[..]) {
        // If the fact is unknown, the default applies: PKCE is sent.
        ("pkce", ["unknown"]) => check_pkce("S256", entry, &asked, &exchanged),
        ("rotation", ["unknown" | "setting"]) => assert_eq!(row.rotation(), Rotation::Unknown),
        ("authorize", [url]) => {
            let url = entry.filled(url);
            let rest = seen.authorize.strip_prefix(&url).unwrap();
            let joint = if url.contains('?') { '&' } else { '?' };
            assert!(rest.starts_with(joint), "{}", seen.authorize);
            assert_eq!(value(&asked, "response_type"), Some("code"));
            let id = entry.word("client_id_param").unwrap_or("client_id".to_owned());
            assert_eq!(value(&asked, &id), Some("app"));
        }
        ("token", [url]) => {
            assert_eq!(row.token_endpoint(), entry.filled(url));
            assert_eq!(value(&exchanged, "grant_type"), Some("authorization_code"));
            assert_eq!(value(&exchanged, "code"), Some("c-1"));
            assert_eq!(value(&refreshed, "grant_type"), Some("refresh_token"));
            assert_eq!(value(&refreshed, "refresh_token"), Some("rt-1"));
        }
        ("refresh_at", [url]) => {
            assert_eq!(row.refresh_endpoint(), entry.filled(url));
            assert!(seen.refresh.contains(" /refresh"), "{}", seen.refresh);
        }
        ("revoke", ["other" | "unknown"]) => assert!(seen.revocation.is_none()),
        ("revoke", [url]) => {
            assert_eq!(row.revocation_endpoint().unwrap(), entry.filled(url));
            assert!(
                seen.revocation.as_ref().unwrap().contains("-2"),
                "the revoked token must come from the refresh"
            );
        }
        ("revoke_style", [style]) => {
            assert_eq!(format!("{:?}", row.token_request_rules().revocation_style), *style);
        }
        ("auth", [how]) => {
            check_auth(entry, how, &seen.exchange);
            check_auth(entry, how, &seen.refresh);
        }
        ("client_id_param", [name]) => {
            assert!(value(&asked, "client_id").is_none() && value(&asked, name).is_some());
            assert!(
                value(&exchanged, "client_id").is_none()
                    && value(&refreshed, "client_id").is_none()
            );
        }
        ("pkce", [pkce]) => check_pkce(pkce, entry, &asked, &exchanged),
        ("offline", ["scope", scope]) | ("scope", [scope]) => {
            let separator = entry.word("separator").unwrap_or(" ".to_owned());
            let scopes = value(&asked, "scope").unwrap();
            assert!(scopes.split(&separator).any(|have| have == *scope), "{scopes}");
        }
        ("offline", ["param", name, wanted]) | ("authorize_param", [name, wanted]) => {
            assert_eq!(value(&asked, name), Some(&*entry.filled(wanted)));
        }
        ("offline", ["setting", _] | ["always" | "never" | "unknown"]) => {}
        ("separator", [separator]) => {
            assert_eq!(row.authorization_rules().scope_separator.to_string(), *separator);
        }
        ("redirect_name", []) => {
            assert_eq!(value(&asked, "redirect_uri"), Some("App-Name-1"));
            assert_eq!(value(&exchanged, "redirect_uri"), Some("App-Name-1"));
        }
        ("callback_field", [name]) => {
            assert_eq!(seen.token.extra().get(*name), Some(&json!("kept-1")));
        }
        ("format", ["Json"]) => {
            assert_eq!(header(&seen.exchange, "content-type"), Some("application/json"));
            assert_eq!(header(&seen.refresh, "content-type"), Some("application/json"));
        }
        ("format", ["Query"]) => {
            let line = seen.refresh.lines().next().unwrap();
            assert!(line.starts_with("POST ") && line.contains("refresh_token=rt-1"), "{line}");
        }
        ("token_param", [name, wanted]) => {
            assert_eq!(value(&exchanged, name), Some(&*entry.filled(wanted)));
            assert_eq!(value(&refreshed, name), Some(&*entry.filled(wanted)));
        }
        ("exchange_param", [name, wanted]) => {
            assert_eq!(value(&exchanged, name), Some(&*entry.filled(wanted)));
            assert_eq!(value(&refreshed, name), None);
        }
        ("refresh_param", [name, wanted]) => assert_eq!(value(&refreshed, name), Some(*wanted)),
        ("redirect_on_refresh", []) => {
            assert_eq!(value(&refreshed, "redirect_uri"), value(&exchanged, "redirect_uri"));
        }
        ("nested", [path]) => {
            assert!(answer(entry, 1).get("access_token").is_none(), "{path}");
            assert_eq!(seen.token.access_token().expose(), "at-1");
        }
        ("access_life", ["unknown"]) => {}
        ("access_life", ["endless"]) => assert_eq!(seen.token.lifetime(), None),
        ("access_life", life) => assert_eq!(seen.token.lifetime(), Some(time(&owned(life)))),
        ("refresh_life", ["endless" | "unknown"]) | ("note", _) => {}
        ("assumed_life", life) => {
            assert_eq!(seen.token.lifetime(), Some(time(&owned(life))));
        }
        ("refresh_life", ["unused", life @ ..]) => {
            assert_eq!(rules.idle_limit, Some(time(&owned(life))));
        }
        ("refresh_life", ["consent", life @ ..]) => {
            assert_eq!(rules.consent_limit, Some(time(&owned(life))));
        }
        ("rotation", [class]) => assert_eq!(format!("{:?}", row.rotation()), *class),
        ("rotation", ["Grace", life @ ..]) => {
            assert_eq!(row.rotation(), Rotation::Grace(time(&owned(life))));
        }
        ("rotation", ["GraceThenFamily", life @ ..]) => {
            assert_eq!(row.rotation(), Rotation::GraceThenFamily(time(&owned(life))));
        }
        ("ends_access", []) => assert!(rules.ends_access_token),
        ("margin", margin) => assert_eq!(rules.margin, time(&owned(margin))),
        ("error", ["unknown"]) => {}
        ("error", [verdict, condition @ ..]) => check_error(entry, verdict, condition),
        ("api", ["unknown"]) => assert!(row.api_base().is_none()),
        ("api", [url]) => {
            assert_eq!(row.api_base(), Some(&*entry.filled(url)));
            assert!(seen.call.starts_with("GET /api/x "), "{}", seen.call);
        }
        ("api_from", [member, hosts @ .., path]) => {
            let rule = LoginHost::address(member, hosts).path(path);
            assert_eq!(row.api_rules().base_from, Some(rule));
        }
        ("api_host", [member, hosts @ .., path]) => {
            let rule = LoginHost::host_name(member, hosts).path(path);
            assert_eq!(row.api_rules().base_from, Some(rule));
        }
        ("api_lookup", [member, domain, url]) => {
            let rule = LoginHost::label(member, domain).looked_up_at(*url);
            assert_eq!(row.api_rules().base_from, Some(rule));
        }
        ("api_scheme", [scheme]) => {
            assert_eq!(header(&seen.call, "authorization"), Some(&*format!("{scheme} at-1")));
        }
        ("header", [name, wanted]) => assert_eq!(header(&seen.call, name), Some(*wanted)),
        ("ended", [path, ended, status]) => check_ended(entry, path, ended, status),
        (name, words) => panic!("no check for {name}{words:?}: add one to tests/service/services"),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn check_pkce(pkce: &str, entry: &Entry, asked: &[(String, String)], sent: &[(String, String)]) {
    let public = entry.word("auth").as_deref() == Some("None");
    let expected = match pkce {
        "S256" => Pkce::S256,
        "PublicClients" => Pkce::PublicClients,
        "Off" => Pkce::Off,
        other => panic!("no check for pkce({other})"),
    };
    assert_eq!(entry.provider().authorization_rules().pkce, expected);
    let sends = expected == Pkce::S256 || expected == Pkce::PublicClients && public;
    assert_eq!(value(asked, "code_challenge_method"), sends.then_some("S256"));
    assert_eq!(value(asked, "code_challenge").is_some(), sends);
    assert_eq!(value(sent, "code_verifier").is_some(), sends);
}

/// Answers a refresh with this status and body. Returns the error of the client and the refresh token that
/// the client keeps.
pub(super) fn refused(entry: &'static Entry, status: &'static str, body: Value) -> (Error, String) {
    let fake = Fake::start(move |peer| {
        while peer.request().is_some() {
            let kind = "Content-Type: application/json\r\n";
            peer.answer(status, kind, body.to_string().as_bytes());
        }
    });
    let client = client(moved(entry, &fake.url()));
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    let error = client.refresh().unwrap_err();
    let stored = client.stored().unwrap().unwrap();
    (error, stored.token().refresh_token().unwrap().expose().to_owned())
}

fn check_error(entry: &'static Entry, verdict: &str, condition: &[&str]) {
    let (status, body) = match condition {
        ["code", code] => ("400 Bad Request", json!({"error": code})),
        ["text", text] => (
            "400 Bad Request",
            json!({"error": "failed", "error_description": format!("Oh: {text}.")}),
        ),
        ["field", path, value] => {
            // A service with its own error member may answer with status 200.
            let number = value.parse::<u64>().map_or(json!(value), |number| json!(number));
            ("200 OK", at_path(path, number))
        }
        other => panic!("no check for error {other:?}"),
    };
    let (error, kept) = refused(entry, status, body);
    let found = match () {
        () if error.needs_authorization() => "Refused",
        () if error.is_transient() => "Transient",
        () => "Setup",
    };
    assert_eq!(found, verdict, "{}: {error}", entry.name);
    assert_eq!(kept, "rt-1");
}

/// Checks that the client refreshes and calls again after the API's answer that means "the access token has
/// expired".
fn check_ended(entry: &'static Entry, path: &str, ended: &str, status: &str) {
    let number = ended.parse::<u64>().map_or(json!(ended), |number| json!(number));
    let (first, status) = (at_path(path, number), format!("{status} Status"));
    let fake = Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let kind = "Content-Type: application/json\r\n";
            let token = answer(entry, 2).to_string();
            match header(&request, "authorization") {
                _ if request.contains("grant_type") => {
                    peer.answer("200 OK", kind, token.as_bytes())
                }
                Some(sent) if sent.ends_with("at-1") => {
                    peer.answer(&status, kind, first.to_string().as_bytes());
                }
                _ => peer.answer("200 OK", kind, b"{}"),
            }
        }
    });
    let client = client(moved(entry, &fake.url()));
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    client.get("/x").call().unwrap();
    assert_eq!(client.access_token().unwrap().expose(), "at-2", "{}", entry.name);
}

#[test]
fn every_row_does_what_its_facts_say() {
    for entry in entries() {
        let seen = walk(entry);
        for fact in entry.facts {
            let shown = format!("{} {}{}", entry.name, fact.name, fact.value);
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                check(entry, fact, &seen);
            }));
            assert!(checked.is_ok(), "the row does not do what this fact says: {shown}");
        }
        let scheme = entry.word("api_scheme").unwrap_or("Bearer".to_owned());
        let sent = header(&seen.call, "authorization");
        assert_eq!(sent, Some(&*format!("{scheme} at-1")), "{}", entry.name);
    }
}

#[test]
fn the_check_of_facts_can_fail() {
    let calendly = entries().find(|entry| entry.name == "calendly").unwrap();
    let seen = walk(calendly);
    let fails = |name: &'static str, value: &'static str| {
        let fact = Fact { name, value, evidence: "" };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(calendly, &fact, &seen)))
            .is_err()
    };
    for (name, value) in [
        ("authorize", "(\"https://auth.calendly.com/oauth\")"),
        ("token", "(\"https://auth.calendly.com/oauth/tokens\")"),
        ("revoke", "(unknown)"),
        ("auth", "(Basic)"),
        ("pkce", "(Off)"),
        ("offline", "(scope \"offline_access\")"),
        ("access_life", "(3 hours)"),
        ("refresh_life", "(unused 30 days)"),
        ("rotation", "(None)"),
        ("ends_access", "()"),
        ("error", "(Refused code \"odd\")"),
        ("ended", "(\"status\", \"401\", 200)"),
        ("api", "(\"https://calendly.com\")"),
        ("header", "(\"X-Version\", \"1\")"),
        ("novelty", "(unknown)"),
    ] {
        assert!(fails(name, value), "{name}{value}");
    }
    assert!(!fails("auth", "(Body)") && !fails("rotation", "(Strict)"));
}

#[test]
fn every_row_reads_the_refusal_of_the_standard() {
    for entry in entries() {
        let (error, kept) = refused(entry, "400 Bad Request", json!({"error": "invalid_grant"}));
        assert!(error.needs_authorization(), "{}: {error}", entry.name);
        assert_eq!(kept, "rt-1");
    }
}
