//! Tests of a login through a web application.

use evergrant::{Authorization, Client, Error, MemoryBackend};
use url::Url;

use crate::support::{builder, sandbox};

fn pairs(url: &str) -> Vec<(String, String)> {
    Url::parse(url).unwrap().query_pairs().map(|(n, v)| (n.into(), v.into())).collect()
}

#[test]
fn a_callback_may_be_an_address_a_query_or_a_form() {
    let sandbox = sandbox();
    for form in 0..4 {
        let client = builder(&sandbox).redirect_uri("http://127.0.0.1:7/cb?app=1").build();
        let begun = client.authorize(&["read"]).unwrap();
        // The authorization is stored as text until the callback comes.
        let session = serde_json::to_string(&begun).unwrap();
        assert!(session.len() < 2048, "{}", session.len());
        let callback = sandbox.approve(begun.url()).unwrap();
        let query = callback.split_once('?').unwrap().1;
        let came = match form {
            0 => callback.clone(),
            1 => format!("/cb?{query}"),
            2 => format!("?{query}"),
            _ => query.replace("%20", "+"), // This is the body of a form post.
        };
        let begun: Authorization = serde_json::from_str(&session).unwrap();
        let token = client.exchange(begun, &came).unwrap_or_else(|e| panic!("{form}: {e}"));
        assert_eq!(token.scope(), Some("read"));
    }
    assert_eq!(sandbox.counters().code_exchanges, 4);
}

#[test]
fn extra_authorization_parameters_replace_none_of_ours() {
    let sandbox = sandbox();
    let provider = sandbox.provider().to_builder().authorize_param("prompt", "none");
    let provider = provider.authorize_param("access_type", "offline").build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let params =
        [("prompt", "consent"), ("login_hint", "ada@example.com"), ("allow_signup", "true")];
    let begun = client.authorize_with(&["read"], &params).unwrap();
    let pairs = pairs(begun.url());
    for (name, value) in params.into_iter().chain([("access_type", "offline")]) {
        let found: Vec<_> = pairs.iter().filter(|(n, _)| n == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].1, value);
    }
    for ours in ["client_id", "redirect_uri", "state", "scope", "response_type", "code_challenge"] {
        let refused = client.authorize_with(&[], &[(ours, "x")]);
        assert!(matches!(refused, Err(Error::Config(_))), "{ours}");
    }
    assert!(client.authorize_with(&[], &[("a", "1"), ("a", "2")]).is_err(), "once each");
}

#[test]
fn resource_and_audience_go_into_every_request() {
    let sandbox = sandbox();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let calls = seen.clone();
    sandbox.on_token(move |call, reply| {
        let all =
            call.parameters.iter().filter(|(name, _)| name == "resource" || name == "audience");
        calls.lock().unwrap().push(all.cloned().collect::<Vec<_>>());
        reply
    });
    let file = sandbox.folder().join("login.json");
    let client = |resource: &str| {
        let backend = evergrant::FileBackend::new(&file);
        Client::builder(sandbox.provider(), sandbox.credentials(), backend)
            .resource("https://api.example/")
            .resource(resource)
            .audience("urn:aud")
            .build()
    };
    let two = client("https://files.example/a?b=1");
    let begun = two.authorize(&["read"]).unwrap();
    let expected = [
        ("resource", "https://api.example/"),
        ("resource", "https://files.example/a?b=1"),
        ("audience", "urn:aud"),
    ]
    .map(|(n, v)| (n.to_owned(), v.to_owned()));
    let sent = |pairs: Vec<(String, String)>| -> Vec<_> {
        pairs.into_iter().filter(|(n, _)| n == "resource" || n == "audience").collect()
    };
    assert_eq!(sent(pairs(begun.url())), expected);
    let callback = sandbox.approve(begun.url()).unwrap();
    two.exchange(begun, &callback).unwrap();
    two.refresh().unwrap();
    assert_eq!(*seen.lock().unwrap(), [expected.clone(), expected.clone()]);
    // A token for one service is not used for another service.
    let other = client("https://other.example/");
    assert!(matches!(other.access_token(), Err(Error::Config(_))));
    // The resource must be absolute and have no fragment (RFC 8707 section 2).
    for bad in ["/relative", "https://api.example/#part", ""] {
        let bad = builder(&sandbox).resource(bad).build();
        assert!(matches!(bad.authorize(&[]), Err(Error::Config(_))));
        bad.seed(sandbox.login()).unwrap();
        assert!(matches!(bad.refresh(), Err(Error::Config(_))));
    }
    let own = builder(&sandbox).client_credentials(&["a"]).resource("https://api.example/").build();
    own.access_token().unwrap();
    assert_eq!(seen.lock().unwrap().last().unwrap()[..], expected[..1]);
}

#[test]
fn a_token_parameter_replaces_only_the_providers_own() {
    let sandbox = sandbox();
    let provider = sandbox.provider().to_builder().token_param("tenant", "old").build().unwrap();
    let client = |name: &str| {
        Client::builder(provider.clone(), sandbox.credentials(), MemoryBackend::new())
            .token_param(name, "new")
            .build()
    };
    sandbox.on_token(|call, reply| {
        let tenants = call.parameters.iter().filter(|(name, _)| name == "tenant");
        let tenants: Vec<_> = tenants.map(|(_, value)| value.as_str()).collect();
        assert_eq!(tenants, ["new"]);
        reply
    });
    let tenant = client("tenant");
    tenant.seed(sandbox.login()).unwrap();
    tenant.refresh().unwrap();
    for ours in
        ["grant_type", "client_secret", "client_assertion", "refresh_token", "code", "scope"]
    {
        let client = client(ours);
        client.seed(sandbox.login()).unwrap();
        assert!(matches!(client.refresh(), Err(Error::Config(_))), "{ours}");
        assert!(client.stored().unwrap().unwrap().note().is_none(), "{ours}");
    }
    assert_eq!(sandbox.counters().refreshes, 1);
    // The parameter does not bind the store: a client with the parameter uses a login that was made without
    // it.
    let file = sandbox.folder().join("login.json");
    let plain =
        Client::new(sandbox.provider(), sandbox.credentials(), evergrant::FileBackend::new(&file));
    plain.seed(sandbox.login()).unwrap();
    let later =
        Client::builder(provider, sandbox.credentials(), evergrant::FileBackend::new(&file));
    later.token_param("tenant", "new").build().refresh().unwrap();
}
