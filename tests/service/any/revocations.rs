//! Tests of revocations that differ from RFC 7009, as at Dropbox, HubSpot and Square.

use evergrant::provider::{ClientAuth, RevocationStyle};
use evergrant::{Client, Credentials, Error, MemoryBackend, Token};

use super::{client, header, provider};
use crate::support::Fake;

/// Logs out, and returns the request of the revocation.
fn revoked(style: RevocationStyle, path: &str) -> String {
    let server = Fake::json("");
    let row = provider(&server)
        .client_auth(ClientAuth::Body)
        .revocation_endpoint(format!("{}{path}", server.url()))
        .revocation_style(style);
    let client = client(row);
    client.seed(Token::new("at/1").with_refresh_token("rt/1")).unwrap();
    client.revoke().unwrap();
    assert!(client.stored().unwrap().is_none());
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    requests[0].clone()
}

fn line(request: &str) -> &str {
    request.lines().next().unwrap()
}

#[test]
fn dropbox_gets_the_access_token_as_bearer_and_no_body() {
    let request = revoked(RevocationStyle::Bearer, "/2/auth/token/revoke");
    assert_eq!(line(&request), "POST /2/auth/token/revoke HTTP/1.1");
    assert_eq!(header(&request, "authorization"), Some("Bearer at/1"));
    assert_eq!(header(&request, "content-type"), None);
    assert_eq!(header(&request, "content-length"), Some("0"));
    assert!(request.ends_with("\r\n\r\n"));
}

#[test]
fn hubspot_gets_the_refresh_token_in_the_path_of_a_delete() {
    let request = revoked(RevocationStyle::TokenInPath, "/oauth/v1/refresh-tokens/?x=1");
    assert_eq!(line(&request), "DELETE /oauth/v1/refresh-tokens/rt%2F1?x=1 HTTP/1.1");
    for name in ["authorization", "content-type"] {
        assert_eq!(header(&request, name), None);
    }
}

#[test]
fn square_gets_the_secret_in_a_scheme_of_its_own() {
    let request = revoked(RevocationStyle::ClientScheme, "/oauth2/revoke");
    assert_eq!(line(&request), "POST /oauth2/revoke HTTP/1.1");
    assert_eq!(header(&request, "authorization"), Some("Client sesame"));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert!(request.ends_with(r#"{"client_id":"app","access_token":"at/1"}"#), "{request}");
}

#[test]
fn a_failed_revocation_keeps_the_login_and_shows_no_secret() {
    for style in
        [RevocationStyle::Bearer, RevocationStyle::TokenInPath, RevocationStyle::ClientScheme]
    {
        let server = Fake::start(|peer| {
            while let Some(request) = peer.request() {
                let body = format!("{{\"error\":\"no\",\"message\":\"{}\"}}", line(&request));
                let body = body.replace("\\", "");
                let more = " c4nary-at c4nary-rt c4nary-secret";
                peer.answer("400 Bad Request", "", (body + more).as_bytes());
            }
        });
        let row = provider(&server)
            .revocation_endpoint(format!("{}/revoke", server.url()))
            .revocation_style(style);
        let credentials = Credentials::new("app", "c4nary-secret");
        let client = Client::new(row.build().unwrap(), credentials, MemoryBackend::new());
        client.seed(Token::new("c4nary-at").with_refresh_token("c4nary-rt")).unwrap();
        let error = client.revoke().unwrap_err();
        assert!(!format!("{error:#} {error:?}").contains("c4nary"), "{error:?}");
        assert!(client.stored().unwrap().is_some());
    }
}

#[test]
fn a_client_without_a_secret_cannot_use_the_clients_scheme() {
    let server = Fake::json("");
    let row = provider(&server)
        .revocation_endpoint(server.url())
        .revocation_style(RevocationStyle::ClientScheme);
    let client =
        Client::new(row.build().unwrap(), Credentials::public("app"), MemoryBackend::new());
    client.seed(Token::new("at-1")).unwrap();
    assert!(matches!(client.revoke(), Err(Error::Config(_))));
    assert_eq!(server.connections(), 0);
}
