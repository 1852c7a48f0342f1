//! Tests of inputs that other clients handled wrongly, by reports of their users.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant::error::IdTokenError;
use evergrant::sandbox::Reply;
use evergrant::{Client, Error, MemoryBackend, Token};
use serde_json::{Value, json};

use super::{client, provider, seeded};
use crate::support::{Fake, builder, sandbox, stranger};

/// Starts a server that always sends this answer.
fn answering(status: &'static str, headers: &'static str, body: impl Into<Vec<u8>>) -> Fake {
    let body = body.into();
    Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.answer(status, headers, &body);
        }
    })
}

#[test]
fn a_nested_refusal_code_asks_for_a_login() {
    for (code, status) in [
        ("refresh_token_reused", "401 Unauthorized"),
        ("refresh_token_expired", "401 Unauthorized"),
        ("refresh_token_invalidated", "401 Unauthorized"),
        ("REFRESH_TOKEN_REUSED", "400 Bad Request"),
    ] {
        let body = json!({"error": {"message": "no", "type": "invalid_request_error",
            "param": null, "code": code}});
        let server = answering(status, "", body.to_string());
        let error = stranger(provider(&server).build().unwrap()).refresh().unwrap_err();
        let Error::Reauthorize(refusal) = &error else { panic!("{code}: {error:?}") };
        assert_eq!(refusal.error.code, code);
    }
    // Also test an answer with a number in `code` beside an error code, and an answer whose error class is no
    // refusal.
    let body =
        r#"{"code":400,"error_code":"refresh_token_not_found","msg":"Invalid Refresh Token"}"#;
    let server = answering("400 Bad Request", "", body);
    let error = stranger(provider(&server).build().unwrap()).refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error:?}");
    let body = r#"{"error":{"type":"invalid_request_error","code":"rate_plan"}}"#;
    let server = answering("401 Unauthorized", "", body);
    let error = stranger(provider(&server).build().unwrap()).refresh().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_request_error"), "{error:?}");
}

/// Logs in with an ID token that has this nonce in place of the right nonce.
fn with_nonce(nonce: Option<Value>, accepted: bool) -> Result<Token, Error> {
    let sandbox = sandbox();
    sandbox.on_token(move |_, reply| {
        let mut body = reply.to_json();
        let id_token = body["id_token"].as_str().unwrap().to_owned();
        let parts: Vec<&str> = id_token.split('.').collect();
        let mut claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        match &nonce {
            Some(nonce) => claims["nonce"] = nonce.clone(),
            None => drop(claims.as_object_mut().unwrap().remove("nonce")),
        }
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        body["id_token"] = format!("{}.{payload}.{}", parts[0], parts[2]).into();
        Reply::json(200, body)
    });
    let row = sandbox.provider().to_builder().id_token_without_nonce(accepted).build().unwrap();
    let client = Client::new(row, sandbox.credentials(), MemoryBackend::new());
    let authorization = client.authorize(&["openid"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback)
}

#[test]
fn a_missing_nonce_is_accepted_where_the_row_says_so() {
    for nonce in [None, Some(Value::Null)] {
        let token = with_nonce(nonce.clone(), true).unwrap();
        assert!(token.id_token().is_some(), "{nonce:?}");
        let Err(Error::Decode(refused)) = with_nonce(nonce, false) else { panic!() };
        let why: &IdTokenError = refused.source.downcast_ref().unwrap();
        assert!(
            matches!(why, IdTokenError::NonceMissing),
            "a null nonce must be treated as a missing nonce: {why:?}"
        );
    }
    for wrong in [json!("another"), json!(""), json!(7)] {
        assert!(with_nonce(Some(wrong.clone()), true).is_err(), "{wrong}");
    }
    #[cfg(feature = "identity")]
    assert!(evergrant::providers::linkedin().authorization_rules().id_token_without_nonce);
}

#[test]
fn revoking_an_invalid_token_succeeds() {
    for body in [
        r#"{"error":"invalid_token","error_description":"Token expired or revoked"}"#,
        r#"{"error":"invalid_grant"}"#,
    ] {
        let server = answering("400 Bad Request", "", body);
        let client = seeded(provider(&server).revocation_endpoint(server.url()));
        client.revoke_token(&"old".into(), None).unwrap();
        client.revoke().unwrap();
        assert!(client.stored().unwrap().is_none(), "{body}");
    }
    for body in [r#"{"error":"invalid_client"}"#, r#"{"error":"unsupported_token_type"}"#] {
        let server = answering("400 Bad Request", "", body);
        let client = seeded(provider(&server).revocation_endpoint(server.url()));
        assert!(matches!(client.revoke(), Err(Error::OAuth(_))), "{body}");
        assert!(client.stored().unwrap().is_some());
    }
    // The provider's rule treats every 401 as a refusal, but this 401 refuses the client and not the token.
    let server = answering("401 Unauthorized", "", r#"{"error":"invalid_client"}"#);
    let rule = evergrant::provider::ErrorRule::new(evergrant::provider::Verdict::Refused);
    let row = provider(&server).revocation_endpoint(server.url()).error_rule(rule.status(401));
    assert!(matches!(seeded(row).revoke(), Err(Error::OAuth(_))));
    // With `Bearer` the access token authenticates the request, so the 401 refuses this access token and not
    // the token to revoke.
    let server = answering("401 Unauthorized", "", r#"{"error":"invalid_token"}"#);
    let row = provider(&server)
        .revocation_endpoint(server.url())
        .revocation_style(evergrant::provider::RevocationStyle::Bearer);
    assert!(matches!(seeded(row).revoke(), Err(Error::OAuth(_))));
}

#[test]
fn an_html_page_is_an_answer_with_a_status() {
    let page = "<!DOCTYPE html><html><body>Access denied</body></html>";
    for status in ["403 Forbidden", "407 Proxy Authentication Required"] {
        let server = answering(status, "Content-Type: text/html\r\n", page);
        let number = &status[..3];
        let refreshed = stranger(provider(&server).build().unwrap()).refresh().unwrap_err();
        let asked = super::builder(provider(&server)).client_credentials(&[]).build();
        let asked = asked.access_token().unwrap_err();
        let login = client(provider(&server));
        let authorization = login.authorize(&[]).unwrap();
        let callback = format!("?code=c&state={}", authorization.state().expose());
        let exchanged = login.exchange(authorization, &callback).unwrap_err();
        for error in [refreshed, asked, exchanged] {
            let text = format!("{error:#}");
            assert!(text.contains(number) && text.contains("answer"), "{text}");
            assert!(!text.contains("no answer") && !text.contains("no complete"), "{text}");
            let sender = if number == "407" { "a proxy on the way sent it" } else { "HTML page" };
            assert!(text.contains(sender), "{text}");
            assert!(!error.needs_authorization(), "{text}");
        }
    }
}

#[test]
fn an_answer_that_is_not_json_is_described() {
    for (status, headers, body, expected) in [
        (
            "301 Moved Permanently",
            "Content-Type: text/html; charset=utf-8\r\nLocation: https://new.example/me?t=c4nary\r\n",
            "<html>",
            "status 301, content type text/html, 6 bytes, it redirects to https://new.example/me",
        ),
        (
            "307 Temporary Redirect",
            "Location: /login#c4nary\r\n",
            "",
            "status 307, content type not given, 0 bytes, it redirects to /login",
        ),
        (
            "200 OK",
            "Content-Type: text/html\r\n",
            "<html>Sign in",
            "content type text/html, 13 bytes",
        ),
        ("204 No Content", "", "", "status 204, content type not given, 0 bytes"),
        ("200 OK", "Content-Type: application/json\r\n", "", "application/json, 0 bytes"),
        ("200 OK", "Content-Type: application/json\r\n", "{\"a\":", "application/json, 5 bytes"),
    ] {
        let server = answering(status, headers, body);
        let error = seeded(provider(&server)).get("/me").read_json::<Value>().unwrap_err();
        let text = format!("{error:#}");
        assert!(matches!(error, Error::Decode(_)) && text.contains(expected), "{text}");
        assert!(!text.contains("c4nary"), "{text}");
    }
}

#[test]
fn one_byte_order_mark_before_json_is_ignored() {
    let server = answering("200 OK", "", "\u{feff}{\"a\":1}");
    let value: Value = seeded(provider(&server)).get("/me").read_json().unwrap();
    assert_eq!(value["a"], 1);
    let server = answering("400 Bad Request", "", "\u{feff}{\"a\":1}");
    let Err(Error::Api(error)) = seeded(provider(&server)).get("/me").call() else { panic!() };
    assert_eq!(error.json().unwrap()["a"], 1);
    let twice = answering("200 OK", "", "\u{feff}\u{feff}{}");
    assert!(seeded(provider(&twice)).get("/me").read_json::<Value>().is_err());
}

#[cfg(feature = "discovery")]
mod discovery {
    use super::*;
    use evergrant::discovery::Discovery;

    #[test]
    fn a_metadata_document_that_moved_says_where_to() {
        let location = "Location: https://new.example/.well-known/openid-configuration?c4nary\r\n";
        let server = answering("301 Moved Permanently", location, "");
        let error = Discovery::new(server.url()).metadata().unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("redirects to https://new.example/.well-known"), "{text}");
        assert!(!text.contains("API") && !text.contains("c4nary"), "{text}");
    }

    #[test]
    fn an_issuer_with_a_placeholder_says_what_to_do() {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let text = Discovery::new(issuer).metadata().unwrap_err().to_string();
        for part in ["expect_issuer", "providers::microsoft", "placeholder"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_address_of_a_metadata_document_is_taken_for_its_issuer() {
        let sandbox = sandbox();
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
        {
            let metadata = Discovery::new(format!("{}{path}", sandbox.url())).metadata().unwrap();
            assert_eq!(metadata.provider().unwrap().build().unwrap().issuer(), Some(sandbox.url()));
        }
    }
}

#[cfg(feature = "jwt")]
mod keys {
    use super::*;
    use evergrant::jwt::{ServiceAccount, SigningKey};

    #[test]
    fn the_error_for_other_google_credentials_says_what_to_do() {
        for (kind, says) in [
            ("authorized_user", "Token::from_json"),
            ("impersonated_service_account", "source_credentials"),
            ("external_account", "token exchange"),
        ] {
            let file = json!({"type": kind, "client_id": "c", "client_secret": "c4nary",
                "refresh_token": "c4nary"});
            let text = ServiceAccount::from_json(&file.to_string()).err().unwrap().to_string();
            assert!(text.contains(kind) && text.contains(says), "{text}");
            assert!(!text.contains("c4nary"), "{text}");
        }
    }

    #[test]
    fn an_encrypted_key_in_the_old_form_is_called_encrypted() {
        for kind in ["RSA", "EC"] {
            let pem = format!(
                "-----BEGIN {kind} PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                 DEK-Info: AES-256-CBC,00\n\nc4nary==\n-----END {kind} PRIVATE KEY-----\n"
            );
            let text = SigningKey::from_pem(&pem).err().unwrap().to_string();
            assert!(text.contains("is encrypted") && text.contains("openssl"), "{text}");
            assert!(!text.contains("c4nary"), "{text}");
        }
    }
}

#[test]
fn a_login_of_gcloud_is_imported_and_refreshed_first() {
    let file = json!({"type": "authorized_user", "account": "", "client_id": "sandbox-client",
        "client_secret": "c4nary", "universe_domain": "googleapis.com", "refresh_token": "RT"});
    let sandbox = sandbox();
    let issued = sandbox.login();
    let file = file.to_string().replace("RT", crate::support::rt(&issued));
    let token = Token::from_json(&file).unwrap();
    assert!(token.extra().is_empty(), "no secret of the client is kept with the token");
    let client = builder(&sandbox).build();
    client.seed(token).unwrap();
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.refreshes, counters.api_calls), (1, 1));
    let odd = Token::from_json(r#"{"type":"authorized_user","client_id":"x"}"#);
    assert!(matches!(odd, Err(Error::Config(_))));
}

#[cfg(feature = "identity")]
#[test]
fn shopify_joins_scopes_with_a_comma() {
    let shopify = evergrant::providers::shopify("example", "2026-07").unwrap();
    let client =
        Client::new(shopify, evergrant::Credentials::new("app", "s"), MemoryBackend::new());
    let authorization = client.authorize(&["read_orders", "write_products"]).unwrap();
    assert!(authorization.url().contains("scope=read_orders%2Cwrite_products"));
}
