//! Tests the ready providers of services where people have accounts, offline: the requests that a row sends,
//! and the answers that it reads.

use std::sync::{Arc, Mutex};

use evergrant::provider::Profile;
use evergrant::provider::TokenTypeHint;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider, Token, providers};
use url::Url;

use crate::support::Fake;

/// Returns the services of httpx-oauth, in its order. FranceConnect has a row for each environment.
pub(crate) fn rows(sandbox: &Sandbox) -> Vec<Provider> {
    vec![
        providers::discord(),
        providers::facebook("v22.0").unwrap(),
        providers::franceconnect(),
        providers::franceconnect_integration(),
        providers::github(),
        providers::google(),
        providers::kakao(),
        providers::linkedin(),
        providers::microsoft("common").unwrap(),
        providers::naver(),
        // Okta uses this row with another name and address.
        providers::openid(sandbox.url()).unwrap(),
        providers::reddit(),
        providers::shopify("example", "2026-07").unwrap(),
    ]
}

fn app() -> Credentials {
    Credentials::new("app", "sesame").with_redirect_uri("https://app.example/callback")
}

/// Returns the text with the random values and the sandbox's address replaced.
fn plain(text: &str, sandbox: &Sandbox) -> String {
    let host = sandbox.url().trim_start_matches("http://");
    let mut text = text.replace(sandbox.url(), "https://issuer").replace(host, "issuer");
    for name in ["state", "nonce", "code_challenge", "code_verifier"] {
        for before in ["?", "&"] {
            let start = format!("{before}{name}=");
            if let Some(at) = text.find(&start) {
                let from = at + start.len();
                let length = text[from..].find(['&', '\n']).unwrap_or(text.len() - from);
                assert!(length >= 22, "{name} has 128 bits or more");
                text.replace_range(from..from + length, "*");
            }
        }
    }
    text
}

/// Shows the method, the credentials and the body of a request.
fn shown(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let method = head.split(' ').next().unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.map(|line| line.split_once(':').unwrap().1.trim())
    };
    assert_eq!(header("accept:"), Some("application/json"));
    assert!(header("user-agent:").unwrap().starts_with("evergrant/"), "{head}");
    match (header("authorization:"), body) {
        (None, body) => format!("{method} {body}"),
        (Some(credentials), "") => format!("{method} ({credentials})"),
        (Some(credentials), body) => format!("{method} ({credentials}) {body}"),
    }
}

/// Returns the requests of a login, a refresh and a revocation, a line for each.
fn walk(row: &Provider, sandbox: &Sandbox) -> String {
    let fake = Fake::json(r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}"#);
    let mut moved = row.to_builder().token_endpoint(fake.url());
    if row.revocation_endpoint().is_some() {
        moved = moved.revocation_endpoint(fake.url());
    }
    let client = Client::new(moved.build().unwrap(), app(), MemoryBackend::new());
    let authorization = client.authorize(&[]).unwrap();
    let url = authorization.url().to_owned();
    let state = Url::parse(&url).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let mut lines = vec![
        format!("{} ({})", row.name(), row.display_name()),
        format!("api {}", row.api_base().unwrap_or("-")),
        format!("authorize {url}"),
    ];
    client.exchange(authorization, &format!("?code=c-1&state={state}")).unwrap();
    client.refresh().unwrap();
    let requests = fake.requests();
    lines.push(format!("token {} {}", row.token_endpoint(), shown(&requests[0])));
    lines.push(format!("refresh {} {}", row.refresh_endpoint(), shown(&requests[1])));
    match row.revocation_endpoint() {
        Some(endpoint) => {
            client.revoke().unwrap();
            lines.push(format!("revoke {endpoint} {}", shown(&fake.requests()[2])));
            assert!(client.stored().unwrap().is_none());
        }
        None => {
            assert!(matches!(client.revoke(), Err(Error::Config(_))));
            lines.push("revoke -".to_owned());
        }
    }
    plain(&lines.join("\n"), sandbox)
}

#[test]
fn every_row_sends_what_it_should() {
    let sandbox = Sandbox::start().unwrap();
    let rows = rows(&sandbox);
    let walked: Vec<_> = rows.iter().map(|row| walk(row, &sandbox)).collect();
    let expected: Vec<_> = include_str!("rows.txt").trim_end().split("\n\n").collect();
    assert!(walked == expected, "\n{}\n", walked.join("\n\n"));
}

#[test]
fn every_row_has_https_addresses_and_keeps_them_when_changed() {
    let sandbox = Sandbox::start().unwrap();
    for row in rows(&sandbox) {
        let all = [
            row.authorization_endpoint(),
            Some(row.token_endpoint()),
            Some(row.refresh_endpoint()),
            row.revocation_endpoint(),
            row.device_authorization_endpoint(),
            row.userinfo_endpoint(),
            row.api_base(),
        ];
        for address in all.into_iter().flatten() {
            let url = Url::parse(address).unwrap();
            let discovered = row.name() == "openid";
            assert!(url.scheme() == "https" || discovered, "{}: {address}", row.name());
        }
        row.to_builder().build().unwrap();
        let changed = row.to_builder().token_endpoint("http://a.example/t").build();
        assert!(matches!(changed, Err(Error::Config(_))), "{}", row.name());
    }
}

#[test]
fn a_row_refuses_text_that_would_change_its_host() {
    for version in ["", "22", "v22", "v22.", "v.0", "v1/../x.0", "v22.0/x", "v22.0.0"] {
        assert!(matches!(providers::facebook(version), Err(Error::Config(_))), "{version}");
    }
    for shop in ["", "a.b", "evil.example/", "a@b", "a b", "é"] {
        assert!(matches!(providers::shopify(shop, "2026-07"), Err(Error::Config(_))), "{shop}");
    }
    for version in ["", "2026", "2026-7", "2026/07", "../../x"] {
        assert!(matches!(providers::shopify("example", version), Err(Error::Config(_))));
    }
    assert!(matches!(providers::okta("a.okta.com/x"), Err(Error::Config(_))));
    assert!(matches!(providers::openid("http://a.example"), Err(Error::Config(_))));
}

/// A row, the status and body of an answer, and what the row reads from the answer: access token, refresh
/// token and seconds, or the error code.
type Dialect =
    (&'static str, u16, &'static str, Result<(&'static str, &'static str, i64), &'static str>);

/// Answers that real services have sent. The refresh token before each answer is `rt-0`; 0 seconds
/// means no lifetime.
const DIALECTS: [Dialect; 17] = [
    (
        "discord",
        200,
        r#"{"token_type":"Bearer","access_token":"a","expires_in":604800,"refresh_token":"r","scope":"identify"}"#,
        Ok(("a", "r", 604_800)),
    ),
    (
        "facebook",
        200,
        r#"{"access_token":"a","token_type":"bearer","expires_in":5183944}"#,
        Ok(("a", "a", 5_183_944)),
    ),
    (
        "facebook",
        400,
        r#"{"error":{"message":"Code was used.","type":"OAuthException","code":100,"fbtrace_id":"T1"}}"#,
        Err("OAuthException"),
    ),
    (
        "github",
        200,
        r#"{"access_token":"a","expires_in":28800,"refresh_token":"r","refresh_token_expires_in":15897600,"scope":"","token_type":"bearer"}"#,
        Ok(("a", "r", 28_800)),
    ),
    ("github", 200, "access_token=a&scope=user&token_type=bearer", Ok(("a", "rt-0", 0))),
    (
        "github",
        200,
        r#"{"error":"bad_refresh_token","error_description":"The token is wrong or expired."}"#,
        Err("bad_refresh_token"),
    ),
    (
        "google",
        200,
        r#"{"access_token":"a","token_type":"Bearer","expires_in":3599}"#,
        Ok(("a", "rt-0", 3_599)),
    ),
    (
        "kakao",
        200,
        r#"{"access_token":"a","token_type":"bearer","expires_in":21599}"#,
        Ok(("a", "rt-0", 21_599)),
    ),
    (
        "kakao",
        200,
        r#"{"access_token":"a","token_type":"bearer","expires_in":21599,"refresh_token":"r","refresh_token_expires_in":5184000}"#,
        Ok(("a", "r", 21_599)),
    ),
    (
        "linkedin",
        200,
        r#"{"access_token":"a","expires_in":5184000,"refresh_token":"r","refresh_token_expires_in":31536000}"#,
        Ok(("a", "r", 5_184_000)),
    ),
    (
        "microsoft",
        200,
        r#"{"token_type":"Bearer","scope":"User.Read","expires_in":"3599","ext_expires_in":"3599","access_token":"a","refresh_token":"r"}"#,
        Ok(("a", "r", 3_599)),
    ),
    (
        "naver",
        200,
        r#"{"access_token":"a","refresh_token":"r","token_type":"bearer","expires_in":"3600"}"#,
        Ok(("a", "r", 3_600)),
    ),
    (
        "reddit",
        200,
        r#"{"access_token":"a","token_type":"bearer","expires_in":3600.0,"scope":"identity"}"#,
        Ok(("a", "rt-0", 3_600)),
    ),
    ("reddit", 200, r#"{"error":"invalid_grant"}"#, Err("invalid_grant")),
    (
        "shopify",
        200,
        r#"{"access_token":"a","scope":"read_orders","expires_in":3600,"refresh_token":"r","refresh_token_expires_in":7776000}"#,
        Ok(("a", "r", 3_600)),
    ),
    (
        "franceconnect",
        200,
        r#"{"access_token":"a","token_type":"Bearer","expires_in":60,"id_token":"e30.e30.c2ln"}"#,
        Ok(("a", "rt-0", 60)),
    ),
    (
        "openid",
        200,
        r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"id_token":"e30.e30.sig","scope":"openid"}"#,
        Ok(("a", "rt-0", 3_600)),
    ),
];

#[test]
fn every_row_reads_an_answer_in_its_dialect() {
    let sandbox = Sandbox::start().unwrap();
    let rows = rows(&sandbox);
    for row in &rows {
        let name = row.name();
        let own = DIALECTS.iter().any(|(row, ..)| *row == name);
        assert!(own || name == "franceconnect_integration", "`DIALECTS` has no answer of {name}");
    }
    for (name, status, body, expected) in DIALECTS {
        let row = rows.iter().find(|row| row.name() == name).unwrap();
        let fake = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(&format!("{status} Status"), "", body.as_bytes());
            }
        });
        let moved = row.to_builder().token_endpoint(fake.url()).build().unwrap();
        let clock = Arc::new(evergrant::clock::ManualClock::new());
        let client = Client::builder(moved, app(), MemoryBackend::new()).clock(clock).build();
        client.seed(Token::new("at-0").with_refresh_token("rt-0")).unwrap();
        match (client.refresh(), expected) {
            (Ok(()), Ok((access_token, refresh_token, seconds))) => {
                let token = client.stored().unwrap().unwrap().token().clone();
                assert_eq!(token.access_token().expose(), access_token, "{name}: {body}");
                let rt = token.refresh_token().map(|token| token.expose().to_owned());
                assert_eq!(rt.as_deref(), Some(refresh_token), "{name}: {body}");
                let left = token.expires_at().zip(token.issued_at()).map(|(end, at)| end - at);
                let left = left.map_or(0, |left| left.whole_seconds());
                assert_eq!(left, seconds, "{name}: {body}");
            }
            (Err(error), Err(code)) => {
                let shown = error.to_string();
                assert!(shown.contains(code), "{name}: {shown}");
                let stored = client.stored().unwrap().unwrap();
                assert_eq!(stored.token().refresh_token().unwrap().expose(), "rt-0");
            }
            (got, _) => panic!("{name}: {body}: {got:?}"),
        }
    }
}

#[test]
fn an_access_token_that_renews_itself_needs_no_refresh_token() {
    let answers = Arc::new(Mutex::new(vec!["at-3", "at-2", "at-1"]));
    let fake = Fake::start(move |peer| {
        while peer.request().is_some() {
            let next = answers.lock().unwrap().pop().unwrap();
            let body = format!(r#"{{"access_token":"{next}","token_type":"bearer"}}"#);
            peer.answer("200 OK", "", body.as_bytes());
        }
    });
    let facebook = providers::facebook("v22.0").unwrap().to_builder().token_endpoint(fake.url());
    let client = Client::new(facebook.build().unwrap(), app(), MemoryBackend::new());
    // Each access token is exchanged for the next.
    client.seed(Token::new("at-0")).unwrap();
    for next in ["at-1", "at-2", "at-3"] {
        client.refresh().unwrap();
        assert_eq!(client.access_token().unwrap().expose(), next);
    }
    for (sent, request) in ["at-0", "at-1", "at-2"].iter().zip(fake.requests()) {
        assert!(request.contains(&format!("&fb_exchange_token={sent}&")), "{request}");
    }
}

#[test]
fn a_revocation_of_access_tokens_sends_a_live_access_token() {
    for row in [providers::kakao(), providers::naver()] {
        let fake = Fake::json(r#"{"access_token":"at-1","refresh_token":"rt-1"}"#);
        let url = fake.url();
        let moved = row.to_builder().token_endpoint(&url).revocation_endpoint(&url).build();
        let client = Client::new(moved.unwrap(), app(), MemoryBackend::new());
        let ended = Token::new("at-0").with_refresh_token("rt-0");
        client.seed(ended.with_expires_at(time::OffsetDateTime::UNIX_EPOCH)).unwrap();
        let refused = client.revoke_token(&"rt-0".into(), Some(TokenTypeHint::RefreshToken));
        assert!(matches!(refused, Err(Error::Config(_))), "{}", row.name());
        assert_eq!(fake.requests().len(), 0);
        client.revoke().unwrap();
        let requests = fake.requests();
        assert_eq!(requests.len(), 2, "{} {requests:#?}", row.name());
        assert!(requests[0].contains("refresh_token=rt-0"));
        let sent = requests[1].contains("Bearer at-1") || requests[1].contains("access_token=at-1");
        assert!(sent && !requests[1].contains("rt-1"), "{}", requests[1]);
        assert!(client.stored().unwrap().is_none());
    }
}

#[test]
fn a_post_without_a_body_sends_content_length_zero() {
    let fake = Fake::json(r#"{"access_token":"at-1","response":{"id":"1"},"id":1}"#);
    let row = providers::kakao().to_builder().revocation_endpoint(fake.url());
    let row = row.profile(Profile::post(fake.url())).build().unwrap();
    let client = Client::new(row, app(), MemoryBackend::new());
    client.seed(Token::new("at-0")).unwrap();
    client.id_and_email().unwrap();
    client.revoke().unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 2, "{requests:#?}");
    for request in requests {
        let head = request.to_ascii_lowercase();
        assert!(head.starts_with("post ") && head.contains("\r\ncontent-length: 0\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}
