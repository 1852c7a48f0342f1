//! Bodies of the fuzz targets. Each body takes arbitrary bytes and asserts the properties that must
//! hold for every input.
//!
//! `fuzz/` calls the bodies with libFuzzer on nightly; the tests below call them on stable. The bodies
//! that import from higher floors are in `src/sandbox/fuzz.rs`.

use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::HeaderMap;

use super::authorize::authorize;
use super::error_text::clean;
use super::reply::{Outcome, RawReply, read};
use crate::credentials::Credentials;
use crate::provider::Provider;
use crate::providers;
use crate::record::Record;

/// Reads the bytes as an answer of a token endpoint, with good and bad statuses and three providers. A
/// refresh token at the top level of whole JSON is always found, and the texts of an error are short
/// and have no control characters.
pub fn reply(bytes: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let top = value.as_ref().and_then(|value| value.get("refresh_token")?.as_str());
    let top = top.filter(|text| !text.is_empty());
    let wrapped = |builder: crate::provider::ProviderBuilder| {
        builder.token_path("data[0]").token_path("data").scope_separator(',').build()
    };
    let plain = Provider::builder("example").token_endpoint("https://a.example/token");
    let sent_at = OffsetDateTime::UNIX_EPOCH;
    let headers = HeaderMap::new();
    for provider in
        [plain.clone().build(), wrapped(plain), Ok(providers::teamleader())].into_iter().flatten()
    {
        for status in [200, 302, 400, 429, 500] {
            let raw = RawReply { status, headers: &headers, body: bytes };
            let reply = read(&provider, &raw, sent_at);
            let found = reply.refresh_token.as_ref().map(|secret| secret.expose());
            assert!(found != Some(""), "an empty text is no refresh token");
            if provider.reply.token_paths.is_empty()
                && let Some(top) = top.filter(|top| !top.contains(char::is_whitespace))
            {
                assert!(found == Some(top), "a refresh token was not found");
            }
            match &reply.outcome {
                Outcome::Token(issued) => {
                    let token = &issued.token;
                    let access_token = token.access_token().expose();
                    assert!(status == 200 && !access_token.is_empty());
                    assert!(!access_token.contains(char::is_control));
                    assert!(token.refresh_token() == reply.refresh_token.as_ref());
                    assert!(token.expires_at().is_none_or(|end| end > sent_at));
                }
                Outcome::Refused(error)
                | Outcome::TooEarly(error)
                | Outcome::Setup(error)
                | Outcome::Limited { error, .. }
                | Outcome::Unknown(error) => {
                    let texts = [Some(&error.code), error.description.as_ref(), error.uri.as_ref()];
                    for text in texts.into_iter().flatten() {
                        assert!(!text.contains(char::is_control) && text.chars().count() < 600);
                    }
                    assert!(!error.code.is_empty());
                }
            }
            #[cfg(feature = "device")]
            let _ =
                super::device::read_device(&provider, &Credentials::public("app"), &raw, sent_at);
            #[cfg(feature = "par")]
            let _ = super::par::read_pushed(&provider, &raw, sent_at);
        }
    }
}

/// Checks the bytes as a callback. No callback without the login's state is accepted. The same bytes
/// are also cleaned as the text of an error.
pub fn callback(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = clean(&text);
    let provider = Provider::new("https://a.example/authorize", "https://a.example/token")
        .and_then(|provider| provider.to_builder().issuer("https://a.example").build());
    let credentials = Credentials::public("app");
    let Ok(login) =
        provider.and_then(|provider| authorize(&provider, &credentials, None, &[], &[]))
    else {
        return;
    };
    assert!(login.check(&text).is_err(), "a state cannot be guessed");
    // Try the same text with the login's state in place of `STATE`, so that the later checks are
    // reached too.
    let ours = text.replace("STATE", login.state().expose());
    if let Ok(code) = login.check(&ours) {
        assert!(!code.code.is_empty() && ours.contains(login.state().expose()));
    }
}

/// Reads the bytes as metadata, and as an issuer. Accepted metadata names the expected issuer, and its
/// endpoints are https.
#[cfg(feature = "discovery")]
pub fn metadata(bytes: &[u8]) {
    use super::discovery::{Form, addresses, read};
    let issuer = "https://a.example";
    if let Ok(members) = read(issuer, "https://a.example/m", bytes) {
        assert!(members.get("issuer").and_then(Value::as_str) == Some(issuer));
        for name in ["token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri"] {
            let endpoint = members.get(name).and_then(Value::as_str);
            let endpoint = endpoint.map(|text| {
                url::Url::parse(text)
                    .map(|url| url.scheme() == "https" || crate::provider::is_loopback(&url))
            });
            assert!(endpoint.is_none_or(|fits| fits == Ok(true)), "an endpoint without TLS");
        }
    }
    let text = String::from_utf8_lossy(bytes);
    for address in addresses(&text, Form::Any).into_iter().flatten() {
        assert!(url::Url::parse(&address).is_ok(), "an address that is none");
    }
}

/// Reads the bytes as metadata of an API, and as the address of an API. Accepted metadata names the expected
/// resource, and its authorization servers are https.
#[cfg(feature = "discovery")]
pub fn resource_metadata(bytes: &[u8]) {
    use super::protected::{addresses, check_address, read};
    let resource = "https://a.example/mcp";
    if let Ok(members) = read(resource, "https://a.example/m", bytes) {
        assert!(members.get("resource").and_then(Value::as_str) == Some(resource));
        let servers = members.get("authorization_servers").and_then(Value::as_array);
        let safe = |server: &Value| server.as_str().is_some_and(|text| text.starts_with("https:"));
        assert!(servers.into_iter().flatten().all(safe), "a server without TLS");
    }
    let text = String::from_utf8_lossy(bytes);
    for address in addresses(&text).into_iter().flatten() {
        assert!(url::Url::parse(&address).is_ok(), "an address that is none");
    }
    let _ = check_address(&text, "https://api.example/");
}

/// Reads the bytes as the answer to a registration. A registration that was read can be stored and read
/// again, and its `Debug` output has no secrets.
#[cfg(feature = "registration")]
pub fn registration(bytes: &[u8]) {
    use super::registration::{Asked, Registration, read};
    let (headers, sent_at) = (HeaderMap::new(), OffsetDateTime::UNIX_EPOCH);
    for status in [200, 201, 400] {
        let raw = RawReply { status, headers: &headers, body: bytes };
        let address = "https://a.example/register";
        let asked = Asked { address, metadata: None, before: None, initial: None, sent_at };
        let Ok(registration) = read(&raw, asked) else { continue };
        assert!(status < 400 && !registration.client_id().is_empty());
        let safe = |address: &str| address.starts_with("https:");
        assert!(registration.client_uri().is_none_or(safe), "a token without TLS");
        let stored = serde_json::to_vec(&registration);
        let again = stored.and_then(|stored| serde_json::from_slice::<Registration>(&stored));
        let same = |again: Registration| {
            again.client_id() == registration.client_id()
                && again.client_secret() == registration.client_secret()
                && again.access_token() == registration.access_token()
        };
        assert!(again.is_ok_and(same), "what was stored has changed");
    }
}

/// Reads the bytes as the answer that starts a device login. The code and the
/// address of an accepted answer are fit to be shown to a person.
#[cfg(feature = "device")]
pub fn device(bytes: &[u8]) {
    let plain = Provider::builder("example").token_endpoint("https://a.example/token").build();
    let Ok(provider) = plain else { return };
    let (headers, sent_at) = (HeaderMap::new(), OffsetDateTime::UNIX_EPOCH);
    for status in [200, 400] {
        let raw = RawReply { status, headers: &headers, body: bytes };
        let credentials = Credentials::public("app");
        let Ok(code) = super::device::read_device(&provider, &credentials, &raw, sent_at) else {
            continue;
        };
        assert!(status == 200 && !code.device_code().is_empty() && !code.user_code().is_empty());
        let shown = code.to_string();
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "what moves a cursor");
        assert!(code.verification_uri().to_ascii_lowercase().trim_start().starts_with("http"));
        assert!(!code.interval().is_zero() && code.expires_at().is_none_or(|end| end > sent_at));
    }
    let before = std::time::Duration::from_secs(5);
    assert!(super::device::slower_interval(bytes, before) >= 2 * before);
}

/// Reads the bytes as a userinfo answer, and as an ID token. An answer about another user is not
/// accepted.
#[cfg(feature = "oidc")]
pub fn userinfo(bytes: &[u8]) {
    // The claims are `{"sub":"ada"}`.
    let id_token = "e30.eyJzdWIiOiJhZGEifQ.c2ln";
    if let Ok(members) = super::id_token::userinfo("application/json", bytes, Some(id_token)) {
        assert!(members.get("sub").and_then(Value::as_str) == Some("ada"));
    }
    let _ = super::id_token::userinfo("", bytes, None);
    let text = String::from_utf8_lossy(bytes);
    let _ = super::id_token::claims(&text);
    let nonce = crate::secret::Secret::new("n-0S6_WzA2Mj");
    let expected = super::ExpectedIdToken {
        nonce_may_miss: false,
        issuer: Some("https://a.example"),
        client_id: "app",
        nonce: Some(&nonce),
        unsigned: false,
        just_came: true,
        access_token: Some(&nonce),
        authenticated_since: None,
        now: [time::OffsetDateTime::UNIX_EPOCH; 2],
    };
    if let Ok(claims) = expected.check(&text) {
        assert!(claims.get("nonce").and_then(Value::as_str) == Some(nonce.expose()));
        assert!(claims.get("iss").and_then(Value::as_str) == Some("https://a.example"));
        let _ = super::check_same_login(&claims, id_token);
    }
}

/// Reads the bytes as the value of a `WWW-Authenticate` header.
pub fn challenge(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = ureq::http::HeaderValue::from_bytes(line) {
            headers.append("www-authenticate", value);
        }
    }
    for challenge in crate::error::Challenge::of(&headers) {
        assert!(!challenge.scheme.contains(char::is_whitespace));
        for (name, value) in &challenge.parameters {
            assert!(!name.is_empty() && !value.contains(char::is_control));
            assert!(challenge.parameter(name).is_some());
        }
    }
}

/// Reads the first line of the bytes as an ID token and the rest as a key set. The example key of RFC
/// 8037 accepts only the example token of RFC 8037.
#[cfg(feature = "oidc")]
pub fn key_set(bytes: &[u8]) {
    const KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let text = String::from_utf8_lossy(bytes);
    let (token, set) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(signed) = super::Signed::read(token) else { return };
    if let Ok(set) = super::KeySet::read(set.as_bytes()) {
        let _ = set.check(&signed);
    }
    if let Ok(known) = super::KeySet::read(KEY.as_bytes())
        && known.check(&signed).is_ok()
    {
        assert!(token.starts_with("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."));
    }
}

/// Reads the bytes as a PEM key and as the key file of a service account. An error repeats no part of
/// the key.
#[cfg(feature = "jwt")]
pub fn key_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let errors = [
        crate::signing::SigningKey::from_pem(&text).err(),
        super::key_file::read_key_file(&text).err(),
        crate::signing::SigningKey::from_pkcs8_der(bytes).err(),
    ];
    for error in errors.into_iter().flatten() {
        let shown = error.to_string();
        assert!(shown.len() < 300, "an error that quotes its input");
        assert!(matches!(error, crate::error::Error::Config(_)));
    }
}

/// Reads the bytes as a stored record. A readable record can be written and read again with the same
/// login.
pub fn record(bytes: &[u8]) {
    let Ok(record) = Record::from_json(bytes) else { return };
    let again = record.to_json().and_then(|bytes| Record::from_json(&bytes));
    assert!(again.is_ok(), "a record that was read was not written");
    let Ok(again) = again else { return };
    // The whole records are not compared: a decimal fraction in an unknown member may change in its
    // last digit.
    assert!(again.token().access_token() == record.token().access_token());
    assert!(again.token().refresh_token() == record.token().refresh_token());
    assert!(again.token().expires_at() == record.token().expires_at());
    assert!(again.login() == record.login() && again.revision() == record.revision());
    assert!(again.generation() == record.generation() && again.binding() == record.binding());
    assert!(again.note() == record.note() && again.refused() == record.refused());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::reply::tests::corpus::ROWS;
    use crate::sandbox::fuzz::feed::fed;
    use crate::token::Token;

    #[test]
    fn any_bytes_are_read_as_an_answer() {
        let seeds: Vec<_> = ROWS.iter().map(|row| row.body.as_bytes().to_vec()).collect();
        fed("reply", reply, &seeds, 3000);
        reply(&b"[".repeat(100_000));
        reply(&br#"{"a":"#.repeat(100_000));
    }

    #[test]
    fn any_text_is_read_as_a_callback() {
        let seeds = [
            "https://app.example/cb?code=a%2Bb%2F%21%3D&state=STATE&iss=https%3A%2F%2Fa.example#_=_",
            "?error=access_denied&error_description=no+way&state=STATE",
            "code=c&state=STATE",
        ];
        fed("callback", callback, &seeds.map(|seed| seed.as_bytes().to_vec()), 3000);
    }

    #[cfg(feature = "discovery")]
    #[test]
    fn any_bytes_are_read_as_resource_metadata() {
        let seeds = [
            br#"{"resource":"https://a.example/mcp","authorization_servers":["https://as.example/t1"],"scopes_supported":["a"],"bearer_methods_supported":["header"],"jwks_uri":"https://a.example/k","dpop_bound_access_tokens_required":false}"#.to_vec(),
            b"https://a.example:8443/mcp?x=1".to_vec(),
        ];
        let read = super::super::protected::read;
        assert!(read("https://a.example/mcp", "https://a.example/m", &seeds[0]).is_ok());
        fed("resource_metadata", resource_metadata, &seeds, 3000);
        resource_metadata(&b"[".repeat(100_000));
    }

    #[cfg(feature = "registration")]
    #[test]
    fn any_bytes_are_read_as_a_registration() {
        let seeds = [
            br#"{"client_id":"s6Bh","client_secret":"cf13","client_id_issued_at":2893256800,"client_secret_expires_at":0,"registration_access_token":"reg-2","registration_client_uri":"https://as.example/c/7","redirect_uris":["http://127.0.0.1/cb"],"client_name#de":"A"}"#.to_vec(),
            br#"{"error":"invalid_redirect_uri","error_description":"no"}"#.to_vec(),
            br#"{"client_id":"a","client_secret":"s","client_secret_expires_at":"1795200000"}"#.to_vec(),
        ];
        fed("registration", registration, &seeds, 3000);
        registration(&b"[".repeat(100_000));
    }

    #[cfg(feature = "discovery")]
    #[test]
    fn any_bytes_are_read_as_metadata() {
        let seeds = [
            br#"{"issuer":"https://a.example","token_endpoint":"https://a.example/t","mtls_endpoint_aliases":{"token_endpoint":"https://m.a.example/t"},"token_endpoint_auth_methods_supported":["none",7]}"#.to_vec(),
            br#"{"issuer":"https://a.example","token_endpoint":"http://a.example/t"}"#.to_vec(),
            b"https://a.example:8443/x/y/".to_vec(),
        ];
        fed("metadata", metadata, &seeds, 3000);
        metadata(&b"[".repeat(100_000));
        metadata(&br#"{"issuer":"#.repeat(100_000));
    }

    #[cfg(feature = "device")]
    #[test]
    fn any_bytes_are_read_as_a_device_answer() {
        let seeds = [
            br#"{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://a.example/d","verification_uri_complete":"https://a.example/d?c=1","expires_in":900,"interval":5}"#.to_vec(),
            br#"{"device_code":"d","user_code":"U\u202e","verification_url":"http://a.example","expires_in":"1e99","interval":null}"#.to_vec(),
            br#"{"error":"slow_down","interval":18446744073709551615}"#.to_vec(),
        ];
        fed("device", device, &seeds, 3000);
        device(&br#"{"device_code":"#.repeat(50_000));
    }

    #[cfg(feature = "oidc")]
    #[test]
    fn any_bytes_are_read_as_userinfo() {
        let seeds = [
            br#"{"sub":"ada","email":"a@example.com","email_verified":"true","address":{"x":[1]}}"#
                .to_vec(),
            br#"{"sub":["ada"]}"#.to_vec(),
            b"e30.eyJub25jZSI6Im4tMFM2X1d6QTJNaiJ9.c2ln".to_vec(),
        ];
        fed("userinfo", userinfo, &seeds, 3000);
        userinfo(&b"{\"sub\":".repeat(50_000));
    }

    #[cfg(feature = "oidc")]
    #[test]
    fn any_bytes_are_read_as_a_key_set() {
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let sets = [
            r#"{"keys":[{"kty":"RSA","n":"ofgW","e":"AQAB","alg":"RS256","use":"sig"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
            r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"a","key_ops":["verify"]}]}"#,
        ];
        let seeds: Vec<_> = sets.iter().map(|set| format!("{token}\n{set}").into_bytes()).collect();
        fed("key_set", key_set, &seeds, 2000);
        key_set(format!("{token}\n{}", "{\"keys\":[".repeat(50_000)).as_bytes());
    }

    #[test]
    fn any_bytes_are_read_as_challenges() {
        let seeds = [
            br#"Bearer realm="a, b=c", error="invalid_token" , error_description = "say \"no\"""#
                .to_vec(),
            b"Basic realm=\"x\", Bearer error=invalid_token\nNegotiate YII=, DPoP algs=\"ES256\""
                .to_vec(),
            b"error=invalid_request,error_description=Invalid request".to_vec(),
            b"Bearer error=\"caf\xe9\"".to_vec(),
        ];
        fed("challenge", challenge, &seeds, 6000);
        challenge(&b"a=\"\\\"\",".repeat(3000));
    }

    #[cfg(feature = "jwt")]
    #[test]
    fn any_bytes_are_read_as_a_key() {
        let pem = include_str!("../../tests/keys/ed25519.pem");
        let file = serde_json::json!({
            "type": "service_account", "client_email": "a@b.example", "private_key": pem,
            "private_key_id": "k", "token_uri": "https://a.example/t",
        });
        let seeds = [
            pem.as_bytes().to_vec(),
            include_bytes!("../../tests/keys/p256.pem").to_vec(),
            include_bytes!("../../tests/keys/p256.sec1.pem").to_vec(),
            file.to_string().into_bytes(),
        ];
        fed("key_file", key_file, &seeds, 1500);
    }

    #[test]
    fn any_bytes_are_read_as_a_record() {
        let token =
            Token::new("at").with_refresh_token("rt").with_expires_at(OffsetDateTime::UNIX_EPOCH);
        let plain = Record::from(token).to_json().unwrap();
        let full = br#"{"version":1,"login":"l","revision":2,"generation":1,"token":{"access_token":"a","extra":{"n":1.5}},"binding":{"token_endpoint":"https://a.example/t","client_id":"app","grant":"authorization_code"},"note":{"fingerprint":"f","nonce":"n","holder":{"host":"h","pid":1},"sent_at":"2026-11-20T21:00:00Z","deadline":"2026-11-20T21:02:00+02:00"},"refused":{"fingerprint":"f","at":"2026-11-20T21:00:00Z","code":"invalid_grant"},"later":[1]}"#;
        record(full);
        assert!(Record::from_json(full).is_ok());
        fed("record", record, &[plain, full.to_vec()], 6000);
    }
}
