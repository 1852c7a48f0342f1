use super::*;
use ureq::http::HeaderMap;

const ENDPOINT: &str = "https://as.example/register";

fn asked(address: &str) -> Asked<'_> {
    let sent_at = OffsetDateTime::UNIX_EPOCH;
    Asked { address, metadata: None, before: None, initial: None, sent_at }
}

fn answered(status: u16, body: &str) -> Result<Registration> {
    let reply = RawReply { status, headers: &HeaderMap::new(), body: body.as_bytes() };
    read(&reply, asked(ENDPOINT))
}

/// The answer of RFC 7592 section 3, with RFC 7591 section 3.2.1.
const WHOLE: &str = r#"{
    "registration_access_token": "reg-23410913-abewfq.123483",
    "registration_client_uri": "https://server.example.com/register/s6BhdRkqt3",
    "client_id": "s6BhdRkqt3",
    "client_secret": "cf136dc3c1fc93f31185e5885805d",
    "client_id_issued_at": 2893256800,
    "client_secret_expires_at": 2893276800,
    "client_name": "My Example Client",
    "client_name#ja-Jpan-JP": "クライアント名",
    "redirect_uris": ["https://client.example.org/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "client_secret_basic",
    "jwks_uri": "https://client.example.org/my_public_keys.jwks",
    "later": {"a": [1]}
}"#;

#[test]
fn the_answer_of_the_standard_is_read_whole() {
    let registration = answered(201, WHOLE).unwrap();
    assert_eq!(registration.client_id(), "s6BhdRkqt3");
    assert_eq!(registration.client_secret().unwrap().expose(), "cf136dc3c1fc93f31185e5885805d");
    assert_eq!(registration.issued_at().unwrap().unix_timestamp(), 2_893_256_800);
    assert_eq!(registration.secret_expires_at().unwrap().unix_timestamp(), 2_893_276_800);
    assert_eq!(registration.access_token().unwrap().expose(), "reg-23410913-abewfq.123483");
    // The address is on another host than the registration endpoint, and is used as the server gave it.
    let address = "https://server.example.com/register/s6BhdRkqt3";
    assert_eq!(registration.client_uri(), Some(address));
    let metadata = registration.metadata();
    assert_eq!(metadata.text("client_name#ja-Jpan-JP"), Some("クライアント名"));
    assert_eq!(metadata.get("later"), Some(&serde_json::json!({"a": [1]})));
    assert_eq!(metadata.get("client_secret"), None);
    assert_eq!(
        registration.credentials().redirect_uri(),
        Some("https://client.example.org/callback")
    );
    let text = serde_json::to_string(&registration).unwrap();
    assert_eq!(serde_json::from_str::<Registration>(&text).unwrap(), registration);
    let shown = format!("{registration:?} {:#?}", registration.metadata());
    assert!(!shown.contains("cf136") && !shown.contains("reg-2341"), "{shown}");
}

#[test]
fn a_registration_may_have_an_id_alone() {
    for body in [
        r#"{"client_id":"a"}"#,
        "\u{feff}{\"client_id\":\"a\"}",
        r#"{"client_id":"a","client_secret":null,"client_secret_expires_at":0}"#,
        r#"{"client_id":"a","client_secret":"","registration_client_uri":null,"error":null}"#,
    ] {
        for status in [200, 201] {
            let registration = answered(status, body).unwrap();
            assert_eq!((registration.client_id(), registration.client_secret()), ("a", None));
            assert_eq!(registration.method(), "none");
            assert!(registration.is_valid_at(OffsetDateTime::now_utc()));
        }
    }
    let never = r#"{"client_id":"a","client_secret":"s","client_secret_expires_at":0}"#;
    let never = answered(201, never).unwrap();
    assert_eq!((never.secret_expires_at(), never.method()), (None, "client_secret_basic"));
    let soon = r#"{"client_id":"a","client_secret":"s","client_secret_expires_at":100}"#;
    assert!(never.is_valid_at(OffsetDateTime::now_utc()));
    let public = r#"{"client_id":"a","client_secret_expires_at":"100"}"#;
    let public = answered(201, public).unwrap();
    assert_eq!(public.secret_expires_at().unwrap().unix_timestamp(), 100);
    assert!(public.is_valid_at(OffsetDateTime::now_utc()), "there is no secret that expires");
    let soon = answered(201, soon).unwrap();
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    assert!(soon.is_valid_at(at(99)) && !soon.is_valid_at(at(100)));
}

#[test]
fn an_invalid_registration_answer_is_an_error_without_its_text() {
    for (status, body, why) in [
        (201, "<html>sesame</html>", "not JSON"),
        (201, "", "not JSON"),
        (201, "[\"sesame\"]", "not a JSON object"),
        (201, r#"{"client_secret":"sesame"}"#, "client_id is missing"),
        (201, r#"{"client_id":"","client_secret":"sesame"}"#, "client_id is missing"),
        (201, r#"{"client_id":7}"#, "client_id is missing"),
        (201, r#"{"client_id":"sesame\u0007"}"#, "cannot be seen"),
        (201, r#"{"client_id":"a","client_secret":"sesame\n"}"#, "cannot be seen"),
        (201, r#"{"client_id":"a","client_secret_expires_at":"soon"}"#, "not a time"),
        (201, r#"{"client_id":"a","client_secret_expires_at":-1}"#, "not a time"),
        (201, r#"{"client_id":"a","registration_client_uri":"http://a.example/c"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"http://127.0.0.1/c"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"https://u@a.example/"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"/c/7"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"https://:p@a.example/"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"https://a.example/#x"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"https://a.example/$(id)"}"#, "https"),
        (201, r#"{"client_id":"a","registration_client_uri":"ftp://127.0.0.1/c"}"#, "https"),
        (202, r#"{"client_id":"a"}"#, "its status is 202"),
        (302, "", "it redirects without an address"),
    ] {
        let error = answered(status, body).unwrap_err();
        let text = format!("{error:#}");
        assert_eq!(error.kind(), "decode", "{text}");
        assert!(text.contains(why) && text.contains("as.example"), "{body}: {text}");
        assert!(!text.contains("sesame"), "{text}");
    }
    let local = r#"{"client_id":"a","registration_client_uri":"http://127.0.0.1/c"}"#;
    let reply = RawReply { status: 201, headers: &HeaderMap::new(), body: local.as_bytes() };
    assert!(read(&reply, asked("http://127.0.0.1:1/register")).is_ok());
}

#[test]
fn a_refused_registration_has_the_servers_code() {
    for (status, body, code) in [
        // The example of RFC 7591 section 3.2.2.
        (400, r#"{"error":"invalid_redirect_uri"}"#, "invalid_redirect_uri"),
        (400, r#"{"error":"invalid_client_metadata"}"#, "invalid_client_metadata"),
        (400, r#"{"error":"invalid_software_statement"}"#, "invalid_software_statement"),
        (400, r#"{"error":"unapproved_software_statement"}"#, "unapproved_software_statement"),
        (200, r#"{"error":"invalid_client_metadata"}"#, "invalid_client_metadata"),
        (401, r#"{"error":"invalid_token"}"#, "invalid_token"),
        (100, r#"{"client_id":"a"}"#, "http_100"),
        (400, r#"{"client_id":"a","error":"invalid_client_metadata"}"#, "invalid_client_metadata"),
        (401, "", "http_401"),
        (403, "<html>no</html>", "http_403"),
        (500, r#"{"client_id":"a"}"#, "http_500"),
    ] {
        let Err(Error::OAuth(error)) = answered(status, body) else { panic!("{body}") };
        assert_eq!((error.code.as_str(), error.status), (code, status), "{body}");
        assert_eq!(error.host, "as.example");
    }
}

#[test]
fn a_refusal_that_repeats_a_secret_does_not_show_it() {
    let before = answered(201, WHOLE).unwrap();
    let initial = Secret::new("initial-token");
    let body = r#"{"error":"invalid_token","error_description":
        "cf136dc3c1fc93f31185e5885805d reg-23410913-abewfq.123483 initial-token"}"#;
    let reply = RawReply { status: 401, headers: &HeaderMap::new(), body: body.as_bytes() };
    let asked = Asked { before: Some(&before), initial: Some(&initial), ..asked(ENDPOINT) };
    let error = read(&reply, asked).unwrap_err();
    let shown = format!("{error} {error:?}");
    for secret in ["cf136dc", "reg-2341", "initial-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn sent(request: &TokenRequest) -> (String, Value) {
    let header = request.headers.iter().find(|(name, _)| name == "Authorization");
    let header = header.map(|(_, value)| value.expose().to_owned()).unwrap_or_default();
    (header, serde_json::from_slice(&request.body).unwrap_or_default())
}

#[test]
fn a_registration_is_json_with_the_initial_token() {
    let metadata = ClientMetadata::native("App").contacts(&["a@example.com"]);
    let request = register(ENDPOINT, Form::Standard, &metadata, Some(&"sesame".into())).unwrap();
    assert_eq!((request.method, request.url.as_str()), ("POST", ENDPOINT));
    let (header, body) = sent(&request);
    assert_eq!(header, "Bearer sesame");
    assert_eq!(
        body,
        serde_json::json!({
            "client_name": "App",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "contacts": ["a@example.com"],
        })
    );
    let request = register(ENDPOINT, Form::Standard, &metadata, None).unwrap();
    assert_eq!(sent(&request).0, "");
    assert!(!format!("{request:?}").contains("example.com"));
}

#[test]
fn metadata_says_what_kind_of_client_it_is() {
    for (uri, expected) in [
        ("https://app.example/cb", None),
        ("https://127.0.0.1/cb", Some("native")),
        ("http://127.0.0.1/cb", Some("native")),
        ("com.example.app:/cb", Some("native")),
    ] {
        let metadata = ClientMetadata::new("App").with_redirect_uris(&[uri]);
        assert_eq!(metadata.text("application_type"), expected, "{uri}");
    }
    let own = ClientMetadata::new("App").grant_types(&["client_credentials"]);
    assert_eq!(own.list("response_types"), Some(vec![]));
    let code = ClientMetadata::new("App").grant_types(&["authorization_code"]);
    assert_eq!(code.list("response_types"), Some(vec!["code"]));
}

#[test]
fn mastodon_gets_a_form_of_its_own() {
    let metadata = ClientMetadata::native("My app").scope(&["read", "write"]);
    let address = "https://mastodon.example/api/v1/apps";
    let request = register(address, Form::Mastodon, &metadata, None).unwrap();
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        "client_name=My%20app&redirect_uris=http%3A%2F%2F127.0.0.1%2Fcallback&scopes=read%20write"
    );
    let answer = r#"{"id":"1","name":"My app","website":null,"scopes":["read","write"],
        "redirect_uri":"http://127.0.0.1/callback","client_id":"TWhM","client_secret":"ZEaF",
        "client_secret_expires_at":0}"#;
    let reply = RawReply { status: 200, headers: &HeaderMap::new(), body: answer.as_bytes() };
    let asked = Asked { metadata: Some(&metadata), ..asked(address) };
    let registration = read(&reply, asked).unwrap();
    assert_eq!(registration.metadata().redirect_uris(), ["http://127.0.0.1/callback"]);
    assert_eq!((registration.secret_expires_at(), registration.access_token()), (None, None));
    assert!(matches!(manage("GET", &registration), Err(Error::Config(_))));
}

#[test]
fn an_update_has_all_metadata_and_nothing_that_was_issued() {
    let before = answered(201, WHOLE).unwrap();
    let metadata = before.metadata().clone().member("client_name", "New");
    let metadata = metadata.member("jwks_uri", Value::Null);
    let request = update(&before, &metadata).unwrap();
    assert_eq!(request.method, "PUT");
    assert_eq!(request.url.as_str(), "https://server.example.com/register/s6BhdRkqt3");
    let (header, body) = sent(&request);
    assert_eq!(header, "Bearer reg-23410913-abewfq.123483");
    assert_eq!(body["client_id"], "s6BhdRkqt3");
    assert_eq!(body["client_secret"], "cf136dc3c1fc93f31185e5885805d");
    assert_eq!((&body["client_name"], body.get("jwks_uri")), (&"New".into(), None));
    for name in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        assert_eq!(body.get(name), None, "{name} (RFC 7592 section 2.2)");
    }
    for method in ["GET", "DELETE"] {
        let request = manage(method, &before).unwrap();
        assert!(request.body.is_empty() && request.method == method);
        assert!(request.headers.iter().all(|(name, _)| name != "Content-Type"));
    }
}

#[test]
fn a_read_keeps_members_that_the_answer_leaves_out() {
    let before = answered(201, WHOLE).unwrap();
    let about = |body: &str| {
        let reply = RawReply { status: 200, headers: &HeaderMap::new(), body: body.as_bytes() };
        read(&reply, Asked { before: Some(&before), ..asked(ENDPOINT) })
    };
    let same = about(r#"{"client_id":"s6BhdRkqt3","client_name":"New"}"#).unwrap();
    assert_eq!(same.client_secret(), before.client_secret());
    assert_eq!(same.secret_expires_at(), before.secret_expires_at());
    assert_eq!(
        (same.access_token(), same.client_uri()),
        (before.access_token(), before.client_uri())
    );
    assert_eq!(same.metadata().text("client_name"), Some("New"));
    assert_eq!(same.issued_at(), before.issued_at());
    let new = r#"{"client_id":"s6BhdRkqt3","client_secret":"s2","client_secret_expires_at":0,
        "registration_access_token":"r2"}"#;
    let new = about(new).unwrap();
    assert_eq!(new.client_secret().unwrap().expose(), "s2");
    assert_eq!((new.access_token().unwrap().expose(), new.secret_expires_at()), ("r2", None));
    let public = about(r#"{"client_id":"s6BhdRkqt3","token_endpoint_auth_method":"none"}"#);
    assert_eq!(public.unwrap().client_secret(), None);
    assert!(
        format!("{:#}", about(r#"{"client_id":"b"}"#).unwrap_err()).contains("another client_id")
    );
}

#[test]
fn the_first_redirect_uri_is_that_of_the_credentials() {
    for uri in [
        "http://127.0.0.1/callback",
        "http://localhost/cb",
        "http://127.0.0.1:8080/callback",
        "https://app.example/cb",
        "com.example.app:/cb",
    ] {
        let body = serde_json::json!({"client_id": "a", "redirect_uris": [uri]});
        let registration = answered(201, &body.to_string()).unwrap();
        assert_eq!(registration.credentials().redirect_uri(), Some(uri));
    }
}
