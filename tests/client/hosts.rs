//! Tests of the hosts that get the access token, and of the hosts that do not.

use evergrant::sandbox::ApiReply;
use evergrant::{Client, Error, MemoryBackend, Provider};
use ureq::config::RedirectAuthHeaders;

use crate::support::{Fake, builder, sandbox, seeded};

fn refused(client: &Client, target: &str) -> String {
    match client.get(target).query("a", "b").call() {
        Err(Error::Config(text)) => text.into(),
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn a_token_goes_to_the_apis_own_origin_and_nowhere_else() {
    let (sandbox, elsewhere) = (sandbox(), Fake::json("{}"));
    let client = seeded(&sandbox);
    client.get(&format!("{}/api/me", sandbox.url())).call().unwrap();
    let other = format!("{}/x?secret=c4nary", elsewhere.url());
    let text = refused(&client, &other);
    assert!(text.contains(&elsewhere.url()) && !text.contains("c4nary"), "{text}");
    // The same host by another name, scheme or port is another origin.
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    for target in [
        format!("http://localhost:{port}/api/me"),
        format!("https://127.0.0.1:{port}/api/me"),
        "http://127.0.0.1:1/api/me".to_owned(),
        format!("{}.example/", sandbox.url()),
        format!("{}@evil.example/", sandbox.url()),
        "https://evil.example/".to_owned(),
        "//evil.example/".to_owned() + "x y",
        "data:,x".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        refused(&client, &target);
    }
    assert_eq!(elsewhere.connections(), 0);
    assert_eq!(sandbox.counters().api_calls, 1);
}

#[test]
fn an_allowed_host_gets_the_token_and_its_neighbours_do_not() {
    let (sandbox, files) = (sandbox(), Fake::json("{}"));
    let client = builder(&sandbox).allow_host(&files.url()).build();
    let token = sandbox.login();
    client.seed(token.clone()).unwrap();
    client.get(&format!("{}/a/b?c=d", files.url())).call().unwrap();
    let request = &files.requests()[0];
    assert!(request.starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{request}");
    let bearer = format!("authorization: bearer {}\r\n", token.access_token().expose());
    assert!(request.to_ascii_lowercase().contains(&bearer.to_ascii_lowercase()), "{request}");
    refused(&client, "http://127.0.0.1:1/");
}

#[test]
fn a_host_without_tls_cannot_be_allowed() {
    let sandbox = sandbox();
    let client = builder(&sandbox)
        .allow_host("http://files.example")
        .allow_host("foo://localhost")
        .allow_host("nonsense")
        .build();
    client.seed(sandbox.login()).unwrap();
    for target in ["http://files.example/x", "foo://localhost/", "data:,x", "ftp://localhost/"] {
        let text = refused(&client, target);
        assert!(text.contains("https"), "{text}");
    }
    // The middleware sends nothing without the token that the caller expects.
    let agent = ureq::Agent::config_builder().proxy(None).middleware(client).build();
    let agent: ureq::Agent = agent.into();
    let error = agent.get(format!("{}/api/echo", sandbox.url())).call().unwrap_err();
    assert!(error.to_string().contains("allow_host number 1"), "{error}");
    assert_eq!(sandbox.counters().api_calls, 0);
}

#[test]
fn an_address_with_credentials_is_refused_without_showing_them() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let address = sandbox.url().replace("http://", "http://ada:c4nary@");
    assert!(!refused(&client, &format!("{address}/api/me")).contains("c4nary"));
}

#[test]
fn a_target_is_a_path_with_a_slash_or_an_address() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    for target in ["", "me", "api/me", "?a=b", "@evil.example/", ".evil.example/", "me:80", "#"] {
        refused(&client, target);
    }
    for target in ["/a b", "/a\r\nHost: evil.example", "/\u{7f}", "/\\\n"] {
        refused(&client, target);
    }
    assert_eq!(sandbox.counters().api_calls, 0);
    let nowhere = sandbox.provider().to_builder().build().unwrap();
    let nowhere = Provider::builder("x").token_endpoint(nowhere.token_endpoint()).build().unwrap();
    let client = Client::new(nowhere, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    refused(&client, "/me");
}

#[test]
fn a_path_cannot_leave_its_host() {
    let sandbox = sandbox();
    sandbox.on("GET", "/api*", |request| ApiReply::json(200, &request.path));
    let client = seeded(&sandbox);
    for path in ["//evil.example/x", "/../../x", "/@evil.example", "/:80/x", "/%2f%2fevil"] {
        let seen: String = client.get(path).read_json().unwrap();
        assert_eq!(seen, format!("/api{path}"));
    }
}

#[test]
fn another_spelling_of_a_loopback_host_is_the_same_host() {
    let sandbox = sandbox();
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1.", "0x7f.1", "2130706433", "127.1"] {
        let at = |path: &str| format!("http://{host}:{port}{path}");
        let provider = sandbox
            .provider()
            .to_builder()
            .api_base(at("/api"))
            .token_endpoint(at("/token"))
            .build()
            .unwrap();
        let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
        client.seed(sandbox.login()).unwrap();
        client.get("/me").call().unwrap();
        client.get(&at("/api/me")).call().unwrap();
        client.get(&format!("{}/api/me", sandbox.url())).call().unwrap();
        client.refresh().unwrap();
        let agent = agent(client, RedirectAuthHeaders::Never);
        assert_eq!(agent.get(at("/api/me")).call().unwrap().status(), 200, "{host}");
    }
}

fn agent(client: Client, redirects: RedirectAuthHeaders) -> ureq::Agent {
    let config = ureq::Agent::config_builder().proxy(None).redirect_auth_headers(redirects);
    config.middleware(client).build().into()
}

#[test]
fn a_redirect_inside_middleware_takes_no_token_along() {
    let (sandbox, other) = (sandbox(), Fake::json("{}"));
    let to = format!("{}/x", other.url());
    sandbox.on("GET", "/api/away", move |_| ApiReply::new(302).with_header("Location", &to));
    for redirects in [RedirectAuthHeaders::Never, RedirectAuthHeaders::SameHost] {
        let agent = agent(seeded(&sandbox), redirects);
        agent.get(format!("{}/api/away", sandbox.url())).call().unwrap();
        let request = other.requests().pop().unwrap().to_ascii_lowercase();
        assert!(request.starts_with("get /x") && !request.contains("authorization"), "{request}");
    }
}

#[test]
fn middleware_gives_the_token_to_no_neighbour_of_the_base() {
    let (sandbox, other) = (sandbox(), Fake::json("{}"));
    let agent = agent(seeded(&sandbox), RedirectAuthHeaders::SameHost);
    let port = other.url().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "u:p@127.0.0.1", "LOCALHOST"] {
        agent.get(format!("http://{host}:{port}/")).call().unwrap();
    }
    for request in other.requests() {
        assert!(!request.to_ascii_lowercase().contains("bearer"), "{request}");
    }
    let calls = sandbox.url().replace("http:", "HTTP:") + "/api/me";
    assert_eq!(agent.get(calls).call().unwrap().status(), 200);
}
