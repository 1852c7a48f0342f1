//! Tests of token requests that differ from the standard, or whose form depends on the grant.

use evergrant::provider::{ClientAuth, Pkce, RefreshGrant, SecondExchange, TokenFormat};
use evergrant::{Client, Credentials, Error, MemoryBackend};

use super::{builder, client, header, provider};
use crate::support::{Fake, Peer, at, rt};

/// Returns method, path and body of each request.
fn lines(server: &Fake) -> Vec<String> {
    let line = |request: String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let first = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
        format!("{first} {body}").trim_end().to_owned()
    };
    server.requests().into_iter().map(line).collect()
}

fn logged_in(client: &Client) -> Result<evergrant::Token, Error> {
    let authorization = client.authorize(&[])?;
    let callback = format!("?code=c-1&state={}", authorization.state().expose());
    client.exchange(authorization, &callback)
}

#[test]
fn the_response_type_may_be_another() {
    let server = Fake::json(r#"{"access_token":"at-1","expires_in":900}"#);
    let datev =
        provider(&server).response_type("code id_token").authorize_param("response_mode", "query");
    let client = client(datev);
    let authorization = client.authorize(&["openid"]).unwrap();
    assert!(authorization.url().contains("response_type=code%20id_token&"));
    let state = authorization.state().expose();
    let callback = format!("?code=c-1&id_token=a.b.c&state={state}");
    assert_eq!(at(&client.exchange(authorization, &callback).unwrap()), "at-1");
}

#[test]
fn client_credentials_may_have_another_name_and_parameters() {
    let server = Fake::json(r#"{"access_token":"at-1","expires_in":3600}"#);
    let zoom = provider(&server).client_credentials_grant("account_credentials");
    let client = builder(zoom).client_credentials(&[]).token_param("account_id", "a-7").build();
    client.access_token().unwrap();
    assert_eq!(lines(&server), ["POST /token grant_type=account_credentials&account_id=a-7"]);
    assert_eq!(header(&server.requests()[0], "authorization"), Some("Basic YXBwOnNlc2FtZQ=="));
}

#[test]
fn a_refresh_may_have_another_method_and_authentication() {
    let server = Fake::json(r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}"#);
    let row = provider(&server)
        .client_auth(ClientAuth::Body)
        .client_id_param("appid")
        .client_secret_param("secret")
        .pkce(Pkce::Off)
        .refresh_endpoint(format!("{}/refresh", server.url()))
        .refresh_format(TokenFormat::Get)
        .refresh_auth(ClientAuth::None);
    let client = client(row);
    logged_in(&client).unwrap();
    client.refresh().unwrap();
    assert_eq!(
        lines(&server),
        [
            "POST /token grant_type=authorization_code&code=c-1\
             &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&appid=app&secret=sesame",
            "GET /refresh?grant_type=refresh_token&refresh_token=rt-1&appid=app",
        ]
    );
}

/// Makes a provider like Instagram: the code is exchanged for a short-lived token, the short-lived
/// token for a long-lived token, and the long-lived token renews itself.
fn instagram(server: &Fake) -> evergrant::provider::ProviderBuilder {
    let second = format!("{}/access_token", server.url());
    let renewal = RefreshGrant::new("ig_refresh_token", "access_token").with_access_token();
    provider(server)
        .client_auth(ClientAuth::Body)
        .token_path("data[0]")
        .pkce(Pkce::Off)
        .second_exchange(SecondExchange::new(second, "ig_exchange_token").format(TokenFormat::Get))
        .refresh_endpoint(format!("{}/refresh_access_token", server.url()))
        .refresh_grant(renewal)
        .refresh_format(TokenFormat::Get)
        .refresh_auth(ClientAuth::Omitted)
}

/// Answers as Instagram does. `second` is the answer to the second exchange.
fn instagram_answers(peer: &mut Peer, second: (&str, &str)) {
    while let Some(request) = peer.request() {
        let (status, body) = match request.split(['?', ' ']).nth(1).unwrap() {
            "/token" => ("200 OK", r#"{"data":[{"access_token":"short","user_id":17}]}"#),
            "/access_token" => second,
            _ => (
                "200 OK",
                r#"{"access_token":"long-2","token_type":"bearer","expires_in":5183944}"#,
            ),
        };
        peer.answer(status, "", body.as_bytes());
    }
}

#[test]
fn a_short_token_is_exchanged_for_a_long_one() {
    let server = Fake::start(|peer| {
        let long = r#"{"access_token":"long-1","token_type":"bearer","expires_in":5183944}"#;
        instagram_answers(peer, ("200 OK", long));
    });
    let client = client(instagram(&server));
    let token = logged_in(&client).unwrap();
    assert_eq!((at(&token), rt(&token)), ("long-1", "long-1"));
    assert_eq!(token.extra()["user_id"], 17, "the first answer's members stay");
    client.refresh().unwrap();
    assert_eq!(at(&client.token().unwrap()), "long-2");
    assert_eq!(
        lines(&server)[1..],
        [
            "GET /access_token?grant_type=ig_exchange_token&access_token=short&client_id=app\
             &client_secret=sesame",
            "GET /refresh_access_token?grant_type=ig_refresh_token&access_token=long-1",
        ]
    );
}

#[test]
fn a_second_exchange_that_fails_keeps_the_first_token() {
    for second in [
        ("400 Bad Request", r#"{"error":{"type":"OAuthException","message":"no"}}"#),
        ("500 Internal Server Error", "oops"),
        ("200 OK", "{}"),
    ] {
        let server = Fake::start(move |peer| instagram_answers(peer, second));
        let client = client(instagram(&server));
        assert_eq!(at(&logged_in(&client).unwrap()), "short", "{second:?}");
        assert_eq!(at(client.stored().unwrap().unwrap().token()), "short");
        assert_eq!(server.requests().len(), 3, "sent once more");
    }
}

#[test]
fn a_client_that_omits_its_id_cannot_ask_for_itself() {
    let server = Fake::json("{}");
    let row = provider(&server).client_auth(ClientAuth::Omitted).build().unwrap();
    let client = Client::builder(row, Credentials::new("app", "sesame"), MemoryBackend::new());
    let error = client.client_credentials(&[]).build().access_token().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_parameter_of_the_exchange_is_in_no_other_request() {
    let server = Fake::json(r#"{"access_token":"at","refresh_token":"rt","expires_in":9}"#);
    let row = provider(&server).token_param("p", "1").exchange_param("p", "2");
    let row = row.exchange_param("audience", "api");
    let client = client(row);
    logged_in(&client).unwrap();
    client.refresh().unwrap();
    let requests = server.requests();
    let sent = |n: usize| requests[n].split("\r\n\r\n").nth(1).unwrap().to_owned();
    assert!(sent(0).ends_with("&p=2&audience=api") && !sent(0).contains("p=1"), "{}", sent(0));
    assert!(sent(1).contains("&p=1") && !sent(1).contains("audience"), "{}", sent(1));
}
