//! Tests that this crate does not have the flaws of httpx-oauth 0.17.0 that were seen in a run (the
//! guide's page on httpx-oauth has the list).

use std::sync::Arc;

use evergrant::clock::ManualClock;
use evergrant::provider::{ClientAuth, Pkce, ProviderBuilder};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider, Token, providers};
use serde_json::{Value, json};
use url::Url;

use crate::identity::{EMAILS, GITHUB, told};
use crate::support::{Fake, sandbox};

/// Starts a service whose token endpoint always sends this answer, and makes a client with a stored login.
fn answering(body: &'static str) -> (Fake, Client) {
    let fake = Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
        }
    });
    let client = at(&fake, |row| row, &Credentials::new("app", "sesame"));
    client.seed(Token::new("at-0").with_refresh_token("rt-0")).unwrap();
    (fake, client)
}

fn at(
    fake: &Fake,
    change: impl Fn(ProviderBuilder) -> ProviderBuilder,
    credentials: &Credentials,
) -> Client {
    let row = Provider::builder("generic")
        .authorization_endpoint("https://login.example/authorize")
        .token_endpoint(fake.url())
        .revocation_endpoint(fake.url());
    let credentials = credentials.clone().with_redirect_uri("https://app.example/callback");
    Client::builder(change(row).build().unwrap(), credentials, MemoryBackend::new())
        .clock(Arc::new(ManualClock::new()))
        .build()
}

fn exchange(client: &Client) -> Result<Token, Error> {
    let authorization = client.authorize(&[])?;
    let state = query(authorization.url(), "state").unwrap();
    client.exchange(authorization, &format!("?code=c-1&state={state}"))
}

fn query(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let mut values = url.query_pairs().filter(|(have, _)| have == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    assert!(values.next().is_none(), "{name} is in the query twice");
    value
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
    line.map(|line| line.split_once(':').unwrap().1.trim())
}

#[test]
fn an_unreadable_lifetime_is_unknown() {
    for (lifetime, seconds) in [
        ("null", None),
        ("\"\"", None),
        ("\"soon\"", None),
        ("0", None),
        ("-1", None),
        ("{}", None),
        ("\"3600.5\"", Some(3600)),
        ("3600.5", Some(3600)),
        ("\"3600\"", Some(3600)),
    ] {
        let body = format!(r#"{{"access_token":"at-1","expires_in":{lifetime}}}"#);
        let (_fake, client) = answering(body.leak());
        client.refresh().unwrap();
        let token = client.token().unwrap();
        let left = token.expires_at().zip(token.issued_at()).map(|(end, at)| end - at);
        assert_eq!(left.map(|left| left.whole_seconds()), seconds, "{lifetime}");
        assert_eq!(
            client.access_token().unwrap().expose(),
            "at-1",
            "{lifetime}: the token is used"
        );
    }
}

#[test]
fn an_error_body_with_a_good_status_is_an_error() {
    for row in [None, Some(providers::github()), Some(providers::reddit())] {
        let fake = Fake::json(r#"{"error":"bad_verification_code","error_description":"no"}"#);
        let client = match row {
            None => at(&fake, |row| row, &Credentials::new("app", "sesame")),
            Some(row) => {
                let row = row.to_builder().token_endpoint(fake.url()).build().unwrap();
                let app = Credentials::new("app", "sesame");
                let app = app.with_redirect_uri("https://app.example/callback");
                Client::new(row, app, MemoryBackend::new())
            }
        };
        let error = exchange(&client).unwrap_err();
        let Error::OAuth(oauth) = &error else { panic!("{error:?}") };
        assert_eq!((&*oauth.code, oauth.status), ("bad_verification_code", 200));
        assert!(client.stored().unwrap().is_none());
        client.seed(Token::new("at-0").with_refresh_token("rt-0")).unwrap();
        assert!(client.refresh().is_err());
        assert_eq!(client.stored().unwrap().unwrap().token().access_token().expose(), "at-0");
    }
}

#[test]
fn an_answer_without_an_access_token_is_an_error() {
    for body in ["{}", "[]", "null", "\"at-1\"", "7", "", "[1]", r#"{"access_token":""}"#] {
        let (_fake, client) = answering(body);
        assert!(client.refresh().is_err(), "{body}");
        let stored = client.stored().unwrap().unwrap();
        assert_eq!(stored.token().refresh_token().unwrap().expose(), "rt-0", "{body}");
        client.clear().unwrap();
        assert!(exchange(&client).is_err(), "{body}");
        assert!(client.stored().unwrap().is_none(), "{body}");
    }
}

#[test]
fn a_form_and_a_byte_order_mark_are_read() {
    for body in [
        "access_token=at-1&token_type=bearer&expires_in=3600",
        "\u{feff}{\"access_token\":\"at-1\",\"token_type\":\"bearer\"}",
    ] {
        let (_fake, client) = answering(body);
        client.refresh().unwrap();
        assert_eq!(client.access_token().unwrap().expose(), "at-1");
    }
}

#[test]
fn a_refresh_that_brings_no_refresh_token_keeps_the_old_one() {
    for body in [
        r#"{"access_token":"at-1"}"#,
        r#"{"access_token":"at-1","refresh_token":null}"#,
        r#"{"access_token":"at-1","refresh_token":""}"#,
    ] {
        let (_fake, client) = answering(body);
        client.refresh().unwrap();
        assert_eq!(client.token().unwrap().refresh_token().unwrap().expose(), "rt-0", "{body}");
    }
}

#[test]
fn a_revocation_may_have_its_own_authentication_method() {
    let (fake, _) = answering(r#"{"access_token":"at-1","refresh_token":"rt-1"}"#);
    for (token, revocation) in
        [(ClientAuth::Body, ClientAuth::Basic), (ClientAuth::Basic, ClientAuth::Body)]
    {
        let before = fake.requests().len();
        let change = |row: ProviderBuilder| row.client_auth(token).revocation_auth(revocation);
        let client = at(&fake, change, &Credentials::new("app", "sesame"));
        client.seed(Token::new("at-0").with_refresh_token("rt-0")).unwrap();
        client.refresh().unwrap();
        client.revoke().unwrap();
        let requests = fake.requests().split_off(before);
        for (request, auth) in requests.iter().zip([token, revocation]) {
            let basic = header(request, "authorization:") == Some("Basic YXBwOnNlc2FtZQ==");
            let body = request.contains("client_secret=sesame");
            assert_eq!((basic, body), (auth == ClientAuth::Basic, auth == ClientAuth::Body));
        }
    }
}

#[test]
fn basic_credentials_are_form_encoded_or_raw_as_the_service_wants() {
    use base64::Engine as _;
    let odd = Credentials::new("app/1 x", "p+q:r%s=ü");
    for (auth, sent) in [
        (ClientAuth::Basic, "app%2F1%20x:p%2Bq%3Ar%25s%3D%C3%BC"),
        (ClientAuth::BasicRaw, "app/1 x:p+q:r%s=ü"),
    ] {
        let fake = Fake::json(r#"{"access_token":"at-1"}"#);
        let client = at(&fake, |row| row.client_auth(auth), &odd);
        exchange(&client).unwrap();
        let encoded = base64::engine::general_purpose::STANDARD.encode(sent);
        let request = fake.requests().remove(0);
        assert_eq!(header(&request, "authorization:"), Some(&*format!("Basic {encoded}")));
    }
}

#[test]
fn an_endpoints_query_is_kept_and_our_parameters_are_not_replaced() {
    let fake = Fake::json("{}");
    let endpoint = "https://login.example/authorize?tenant=7";
    let change = |row: ProviderBuilder| row.authorization_endpoint(endpoint);
    let client = at(&fake, change, &Credentials::new("app", "sesame"));
    // Values are strings, so `true` is not sent as `True`; the values are borrowed, so the client cannot
    // change them.
    let extras = [("include_granted_scopes", "true"), ("allow_signup", "false")];
    for _ in 0..2 {
        let authorization = client.authorize_with(&["a", "b"], &extras).unwrap();
        let url = authorization.url();
        assert!(url.starts_with(&format!("{endpoint}&")) && url.matches('?').count() == 1, "{url}");
        assert_eq!(query(url, "include_granted_scopes").as_deref(), Some("true"));
        assert_eq!(query(url, "allow_signup").as_deref(), Some("false"));
        assert_eq!(query(url, "scope").as_deref(), Some("a b"));
    }
    for name in ["client_id", "redirect_uri", "state", "response_type", "code_challenge"] {
        let refused = client.authorize_with(&[], &[(name, "x")]);
        assert!(matches!(refused, Err(Error::Config(_))), "{name}");
    }
}

#[test]
fn franceconnect_sends_pkce_and_a_nonce_that_is_checked() {
    let app = Credentials::new("app", "sesame").with_redirect_uri("https://app.example/callback");
    let forged = r#"{"access_token":"at-1","id_token":"e30.eyJub25jZSI6ImFub3RoZXIifQ.c2ln"}"#;
    let fake = Fake::json(forged);
    let row = providers::franceconnect().to_builder().token_endpoint(fake.url()).build().unwrap();
    let client = Client::new(row, app, MemoryBackend::new());
    let url = client.authorize(&[]).unwrap().url().to_owned();
    assert!(query(&url, "code_challenge").is_some() && query(&url, "nonce").is_some());
    assert!(matches!(exchange(&client), Err(Error::Decode(_))));
    assert!(fake.requests()[0].contains("&code_verifier="));
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn an_account_without_an_address_gives_an_identity_without_an_address() {
    let people = "https://people.googleapis.com/v1/people/me";
    let linkedin = "https://api.linkedin.com/v2/me";
    let mails = "https://api.linkedin.com/v2/emailAddress";
    let graph = "https://graph.microsoft.com/v1.0/me";
    let kakao = "https://kapi.kakao.com/v2/user/me";
    let shop = "https://example.myshopify.com/admin/api/2026-07/shop.json";
    let google = |person: Value| (providers::google(), vec![(people, 200, person)]);
    let linked = |answer: Value| {
        (providers::linkedin(), vec![(linkedin, 200, json!({"id": "1"})), (mails, 200, answer)])
    };
    let github = |list: Value| {
        let user = json!({"id": 1, "email": null});
        (providers::github(), vec![(GITHUB, 200, user), (EMAILS, 200, list)])
    };
    for (row, answers) in [
        google(json!({"resourceName": "1"})),
        google(json!({"resourceName": "1", "emailAddresses": []})),
        (providers::microsoft("common").unwrap(), vec![(graph, 200, json!({"id": "1"}))]),
        linked(json!({"elements": []})),
        linked(json!({"elements": [{}]})),
        linked(json!({})),
        github(json!([])),
        github(json!({"message": "odd"})),
        (providers::kakao(), vec![(kakao, 200, json!({"id": 1}))]),
        (
            providers::shopify("example", "2026-07").unwrap(),
            vec![(shop, 200, json!({"shop": {"id": 1}}))],
        ),
    ] {
        let (name, shown) = (row.name().to_owned(), format!("{answers:?}"));
        let identity = told(row, answers).0.id_and_email().unwrap();
        let found = (&*identity.id, identity.email, identity.email_verified);
        assert_eq!(found, ("1", None, None), "{name}: {shown}");
    }
    // An error of the second request is not hidden.
    let refused = vec![(GITHUB, 200, json!({"id": 1})), (EMAILS, 403, json!({}))];
    let error = told(providers::github(), refused).0.id_and_email().unwrap_err();
    assert!(matches!(error, Error::Api(api) if api.status == 403));
}

#[test]
fn an_unverified_address_is_not_returned() {
    let list = json!([
        {"email": "other@example.com", "primary": false, "verified": true},
        {"email": "eve@example.com", "primary": true, "verified": false},
    ]);
    let answers = vec![(GITHUB, 200, json!({"id": 1, "email": null})), (EMAILS, 200, list)];
    let identity = told(providers::github(), answers).0.id_and_email().unwrap();
    assert_eq!((identity.email, identity.email_verified), (None, Some(false)));
}

/// Starts a sandbox with this metadata and its own issuer. Returns the sandbox and the provider that
/// discovery makes.
fn with_metadata(change: impl Fn(&mut Value)) -> (Sandbox, Result<Provider, Error>) {
    let sandbox = sandbox();
    let url = sandbox.url().to_owned();
    let mut metadata = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
    });
    change(&mut metadata);
    sandbox.on_open("GET", "/.well-known/openid-configuration", move |_| {
        ApiReply::json(200, &metadata)
    });
    let provider = providers::openid(&url);
    (sandbox, provider)
}

#[test]
fn unusable_metadata_is_an_error() {
    assert!(with_metadata(|_| ()).1.is_ok());
    let unknown = |m: &mut Value| m["token_endpoint_auth_methods_supported"] = json!(["odd"]);
    assert!(matches!(with_metadata(unknown).1, Err(Error::Config(_))));
    let missing = |m: &mut Value| drop(m.as_object_mut().unwrap().remove("token_endpoint"));
    assert!(matches!(with_metadata(missing).1, Err(Error::Config(_))));
    for metadata in [json!("text"), json!(null), json!([])] {
        let whole = |m: &mut Value| *m = metadata.clone();
        assert!(with_metadata(whole).1.is_err(), "{metadata}");
    }
    let sandbox = sandbox();
    sandbox.on_open("GET", "/.well-known/*", |_| ApiReply::bytes(200, "text/html", "<html>"));
    let error = providers::openid(sandbox.url()).unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
}

#[test]
fn another_issuers_metadata_is_refused_and_a_grant_list_is_optional() {
    let other = |m: &mut Value| m["issuer"] = json!("https://evil.example");
    assert!(with_metadata(other).1.is_err());
    let (sandbox, provider) = with_metadata(|_| ());
    let client = Client::new(provider.unwrap(), sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn the_user_agent_is_the_crates_or_the_callers_own() {
    let own = |row: ProviderBuilder| row.user_agent("linux:example:1.0 (by /u/ada)");
    let plain = |row: ProviderBuilder| row;
    let fake = Fake::json(r#"{"access_token":"at-1"}"#);
    exchange(&at(&fake, plain, &Credentials::new("app", "sesame"))).unwrap();
    exchange(&at(&fake, own, &Credentials::new("app", "sesame"))).unwrap();
    let agents: Vec<_> =
        fake.requests().iter().map(|r| header(r, "user-agent:").unwrap().to_owned()).collect();
    let ours = format!("evergrant/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(agents, [ours.as_str(), "linux:example:1.0 (by /u/ada)"]);
}

#[test]
fn a_callback_cannot_replace_our_state_or_verifier() {
    let fake = Fake::json(r#"{"access_token":"at-1"}"#);
    let client = at(&fake, |row| row, &Credentials::new("app", "sesame"));
    let authorization = client.authorize(&[]).unwrap();
    let wrong = client.exchange(authorization.clone(), "?code=c-1&state=forged");
    assert!(matches!(wrong, Err(Error::Callback(_))));
    assert!(matches!(client.exchange(authorization.clone(), "?code=c-1"), Err(Error::Callback(_))));
    assert_eq!(fake.requests().len(), 0);
    let state = query(authorization.url(), "state").unwrap();
    let callback = format!("?code=c-1&state={state}&code_verifier=theirs");
    client.exchange(authorization.clone(), &callback).unwrap();
    let request = fake.requests().remove(0);
    assert!(request.contains("&code_verifier=") && !request.contains("theirs"), "{request}");
    // The person denied the request.
    let denied = format!("?error=access_denied&state={state}");
    let error = client.exchange(authorization, &denied).unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "access_denied"), "{error:?}");
}

#[test]
fn a_public_client_and_a_server_without_pkce_are_both_served() {
    let fake = Fake::json(r#"{"access_token":"at-1"}"#);
    let public = |row: ProviderBuilder| row.client_auth(ClientAuth::None);
    exchange(&at(&fake, public, &Credentials::public("app"))).unwrap();
    let off = |row: ProviderBuilder| row.client_auth(ClientAuth::Body).pkce(Pkce::Off);
    exchange(&at(&fake, off, &Credentials::new("app", "sesame"))).unwrap();
    let requests = fake.requests();
    assert!(requests[0].contains("client_id=app") && requests[0].contains("code_verifier="));
    assert!(
        !requests[0].contains("client_secret") && header(&requests[0], "authorization:").is_none()
    );
    assert!(requests[1].contains("client_secret=sesame") && !requests[1].contains("verifier"));
}
