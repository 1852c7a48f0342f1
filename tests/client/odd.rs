//! Tests of unusual headers and tokens.

use evergrant::backend::Record;
use evergrant::{Client, Error, MemoryBackend, Token, TokenBackend as _};
use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use crate::support::{Fake, sandbox, seeded};

fn header_of(request: &str, name: &str) -> Vec<String> {
    request
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .collect()
}

#[test]
fn a_header_that_would_split_the_request_is_not_sent() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    for (name, value) in [
        ("X-A", "c4nary\r\nX-B: 1"),
        ("X-A", "c4nary\n"),
        ("X-A", "c4nary\0"),
        ("X-A\r\nX-B", "1"),
        ("X A", "1"),
        ("", "1"),
    ] {
        let error = client.get("/me").header(name, value).call().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("c4nary"));
    }
    assert_eq!(sandbox.counters().api_calls, 0);
}

#[test]
fn a_caller_cannot_set_the_clients_own_headers() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    for name in ["Authorization", "AUTHORIZATION", "Content-Length", "transfer-encoding"] {
        let error = client.post("/echo").header(name, "12").send("body").unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{name}: {error:?}");
    }
    let answer = client.get("/echo").header("X-A", "1").header("x-a", "2").call().unwrap();
    assert_eq!(
        answer.read_json::<Value>().unwrap()["headers"]["x-a"],
        "2",
        "the last header is sent"
    );
    assert_eq!(sandbox.counters().api_calls, 1);
}

#[test]
fn a_service_may_have_its_own_header_for_the_token() {
    let api = Fake::json("{}");
    let sandbox = sandbox();
    for (header, scheme, expected) in [
        ("X-Shopify-Access-Token", None, "the-token"),
        ("Authorization", Some("Zoho-oauthtoken"), "Zoho-oauthtoken the-token"),
    ] {
        let provider = sandbox.provider().to_builder().api_base(api.url());
        let provider = provider.api_header(header).api_auth_scheme(scheme);
        let client =
            Client::new(provider.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
        client.seed(Token::new("the-token")).unwrap();
        client.get("/x").call().unwrap();
        let request = api.requests().pop().unwrap();
        assert_eq!(header_of(&request, header), [expected]);
        assert_eq!(request.matches("the-token").count(), 1, "{request}");
        assert!(matches!(client.get("/x").header(header, "x").call(), Err(Error::Config(_))));
    }
}

#[test]
fn an_invalid_header_fails_when_the_provider_is_built() {
    let provider = || sandbox().provider().to_builder();
    assert!(provider().user_agent("my app/1.0 (ada@example.org)").build().is_ok());
    for broken in [
        provider().user_agent("a\r\nb"),
        provider().user_agent("é"),
        provider().api_header("X A"),
        provider().api_header(""),
        provider().api_auth_scheme("Bear\ner"),
    ] {
        assert!(matches!(broken.build(), Err(Error::Config(_))));
    }
}

#[test]
fn any_token_is_sent_as_it_is_or_refused_without_a_panic() {
    let api = Fake::json("{}");
    let sandbox = sandbox();
    let provider = sandbox.provider().to_builder().api_base(api.url()).build().unwrap();
    let call = |token: &str| {
        let store = MemoryBackend::new();
        let client = Client::new(provider.clone(), sandbox.credentials(), store.clone());
        // Another program may have stored this token; `seed` would refuse it.
        store.save(&Record::from(Token::new(token))).unwrap();
        client.get("/").call().map(|_| ())
    };
    let visible: String = ('!'..='~').collect();
    for token in [visible.repeat(700), "a".to_owned(), visible] {
        call(&token).unwrap();
        let request = api.requests().pop().unwrap();
        assert_eq!(header_of(&request, "authorization"), [format!("Bearer {token}")]);
    }
    let before = api.requests().len();
    for token in ["c4nary\r\nX: 1", "c4nary\n", "\0c4nary", "c4naryé"] {
        let error = call(token).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("c4nary"));
    }
    // A token longer than any buffer is an error, and nothing hangs or panics.
    let error = call(&"x".repeat(300_000)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("xxxx"), "{}", error.kind());
    assert_eq!(api.requests().len(), before);
}

#[test]
fn the_user_agent_is_the_crates_the_providers_or_the_callers() {
    let sandbox = sandbox();
    let agent = |client: &Client| -> Value {
        let echo: Value = client.get("/echo").read_json().unwrap();
        echo["headers"]["user-agent"].clone()
    };
    assert!(agent(&seeded(&sandbox)).as_str().unwrap().starts_with("evergrant/"));
    let named = sandbox.provider().to_builder().user_agent("ada/1").build().unwrap();
    let new = || Client::builder(named.clone(), sandbox.credentials(), MemoryBackend::new());
    for (client, expected) in [
        (new().build(), "ada/1"),
        (new().http(|_| ureq::Agent::config_builder()).build(), "ada/1"),
        (new().http(|config| config.user_agent("bob/2")).build(), "bob/2"),
    ] {
        client.seed(sandbox.login()).unwrap();
        assert_eq!(agent(&client), expected);
    }
}

#[test]
fn a_caller_may_change_each_default_header() {
    let (sandbox, api) = (sandbox(), Fake::json("{}"));
    let provider = sandbox.provider().to_builder().api_base(api.url()).build().unwrap();
    let new = || Client::builder(provider.clone(), sandbox.credentials(), MemoryBackend::new());
    let usual = concat!("evergrant/", env!("CARGO_PKG_VERSION"));
    let own = |config: ConfigBuilder<AgentScope>| config.accept("a/b").accept_encoding("identity");
    let none =
        |config: ConfigBuilder<AgentScope>| config.user_agent("").accept("").accept_encoding("");
    // Some header values are not valid: ureq would panic.
    let torn = |config: ConfigBuilder<AgentScope>| {
        config.user_agent("a\nb").accept("\u{7f}").accept_encoding("\0")
    };
    for (builder, header, expected) in [
        (new(), None, [usual, "*/*", "gzip"]),
        (new(), Some(("accept", "text/csv")), [usual, "text/csv", "gzip"]),
        (new(), Some(("User-Agent", "eve/3")), ["eve/3", "*/*", "gzip"]),
        (new().http(own), None, [usual, "a/b", "identity"]),
        (new().http(none), None, [""; 3]),
        (new().http(torn), None, [usual, "*/*", "gzip"]),
    ] {
        let client = builder.build();
        client.seed(sandbox.login()).unwrap();
        let request = client.get("/");
        let request = match header {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        request.call().unwrap();
        let request = api.requests().pop().unwrap();
        let found = ["user-agent", "accept", "accept-encoding"].map(|n| header_of(&request, n));
        assert_eq!(found.map(|values| values.join(" and ")), expected, "{request}");
        assert_eq!(header_of(&request, "authorization").len(), 1);
    }
}
