//! Tests of logins that depart from the standard before the token request.

use evergrant::provider::{ClientAuth, Pkce, ProviderBuilder, TokenFormat};
use evergrant::{Client, Error, Token};
use url::Url;

use super::{builder, client, provider};
use crate::support::{Fake, at};

const TOKEN: &str = r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}"#;

/// Returns the value of a parameter of the authorization request.
fn asked(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let mut found = url.query_pairs().filter(|(have, _)| have == name);
    let value = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} comes twice");
    value
}

/// Logs in: `callback` has `STATE` where the state belongs.
fn log_in(client: &Client, callback: &str) -> Result<(String, Token), Error> {
    let authorization = client.authorize(&[])?;
    let url = authorization.url().to_owned();
    let callback = callback.replace("STATE", authorization.state().expose());
    client.exchange(authorization, &callback).map(|token| (url, token))
}

/// Decodes the form in the body of a request.
fn form(request: &str) -> Vec<(String, String)> {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn named(row: ProviderBuilder) -> Client {
    let credentials = evergrant::Credentials::new("app", "sesame")
        .with_redirect_uri("Ada_Lovelace-AdaLovel-Engine-abcdef");
    Client::new(row.build().unwrap(), credentials, evergrant::MemoryBackend::new())
}

#[test]
fn a_redirect_uri_that_is_a_name_needs_the_setting() {
    let server = Fake::json(TOKEN);
    let row = provider(&server).pkce(evergrant::provider::Pkce::Off);
    let refused = named(row.clone()).authorize(&[]).unwrap_err();
    assert!(refused.to_string().contains("not an absolute address"), "{refused}");
    let ebay = named(row.redirect_uri_is_name(true));
    let (url, _) = log_in(&ebay, "https://app.example/cb?code=c%231&state=STATE").unwrap();
    let name = "Ada_Lovelace-AdaLovel-Engine-abcdef";
    assert_eq!(asked(&url, "redirect_uri").as_deref(), Some(name));
    let sent = form(&server.requests()[0]);
    assert_eq!(
        sent,
        pairs(&[("grant_type", "authorization_code"), ("code", "c#1"), ("redirect_uri", name)])
    );
}

#[test]
fn a_login_in_a_terminal_says_why_a_name_does_not_work() {
    let server = Fake::json(TOKEN);
    let ebay = named(provider(&server).display_name("eBay").redirect_uri_is_name(true));
    let error = ebay.authorize_interactive(&[], |_| panic!("nobody is asked")).unwrap_err();
    assert!(matches!(error, Error::Config(_)));
    for part in ["eBay", "is a name", "authorize_pasted"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for odd in ["", "a b", "a\n", "\u{e9}"] {
        let client = Client::builder(
            provider(&server).redirect_uri_is_name(true).build().unwrap(),
            evergrant::Credentials::public("app"),
            evergrant::MemoryBackend::new(),
        );
        let refused = client.redirect_uri(odd).build().authorize(&[]);
        assert!(matches!(refused, Err(Error::Config(_))), "{odd:?}");
    }
}

#[test]
fn the_code_may_come_under_another_name() {
    for (name, callback) in [
        (
            "spapi_oauth_code",
            "https://app.example/cb?spapi_oauth_code=c%2F1&state=STATE&selling_partner_id=A1",
        ),
        ("authCode", "https://app.example/cb?code=other&authCode=c%2F1&state=STATE"),
    ] {
        let server = Fake::json(TOKEN);
        let row = provider(&server).code_param(name);
        log_in(&client(row.clone()), callback).unwrap();
        let sent = form(&server.requests()[0]);
        assert!(sent.contains(&("code".to_owned(), "c/1".to_owned())), "{name}: {sent:?}");
        let client = client(row);
        for (wrong, says) in [
            ("?code=c&state=STATE".to_owned(), "neither a code nor an error"),
            (format!("?{name}=a&{name}=b&state=STATE"), "code"),
            (format!("?{name}=c&state=x"), "state"),
        ] {
            let error = log_in(&client, &wrong).unwrap_err();
            assert!(matches!(error, Error::Callback(_)), "{error:?}");
            assert!(error.to_string().contains(says), "{error}");
        }
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

#[test]
fn an_authorization_keeps_the_name_of_the_code() {
    let server = Fake::json(TOKEN);
    let client = client(provider(&server).code_param("authCode"));
    let session = serde_json::to_string(&client.authorize(&[]).unwrap()).unwrap();
    let authorization: evergrant::Authorization = serde_json::from_str(&session).unwrap();
    let callback = format!("?authCode=c-1&state={}", authorization.state().expose());
    assert_eq!(at(&client.exchange(authorization, &callback).unwrap()), "at-1");
}

#[test]
fn client_id_and_secret_may_have_other_names() {
    let server = Fake::json(TOKEN);
    let tiktok = provider(&server)
        .client_auth(ClientAuth::Body)
        .client_id_param("client_key")
        .pkce(Pkce::Off)
        .scope_separator(',');
    let api = client(tiktok);
    let (url, _) = log_in(&api, "?code=c-1&state=STATE").unwrap();
    assert_eq!(asked(&url, "client_key").as_deref(), Some("app"));
    assert_eq!(asked(&url, "client_id"), None);
    api.refresh().unwrap();
    let requests = server.requests();
    let with = |first: &[(&str, &str)]| {
        pairs(&[first, &[("client_key", "app"), ("client_secret", "sesame")]].concat())
    };
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "c-1"),
        ("redirect_uri", "https://app.example/callback"),
    ];
    assert_eq!(form(&requests[0]), with(&code));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "rt-1")];
    assert_eq!(form(&requests[1]), with(&refresh));
}

#[test]
fn wechat_sends_appid_and_secret_in_the_query_of_a_get() {
    let server = Fake::json(TOKEN);
    let wechat = provider(&server)
        .client_auth(ClientAuth::Body)
        .client_id_param("appid")
        .client_secret_param("secret")
        .token_format(TokenFormat::Get)
        .pkce(Pkce::Off);
    let api = client(wechat.clone());
    let (url, _) = log_in(&api, "?code=c-1&state=STATE").unwrap();
    assert_eq!(asked(&url, "appid").as_deref(), Some("app"));
    let request = &server.requests()[0];
    let line = request.lines().next().unwrap();
    assert_eq!(
        line,
        "GET /token?grant_type=authorization_code&code=c-1\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&appid=app&secret=sesame HTTP/1.1"
    );
    // The id and the secret, under either name, cannot be added a second time as parameters.
    for name in ["appid", "secret", "client_id", "client_secret"] {
        let twice = builder(wechat.clone()).token_param(name, "x").build();
        let error = log_in(&twice, "?code=c-1&state=STATE").unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{name}: {error:?}");
    }
    assert_eq!(server.requests().len(), 1);
}
