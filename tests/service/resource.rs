//! Tests of an API that names its authorization server (RFC 9728), and of a login that begins with the API's
//! address.

use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::{Clock as _, ManualClock};
use evergrant::discovery::{Connect, ResourceDiscovery};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Credentials, Error, MemoryBackend};
use serde_json::{Value, json};

use crate::support::{Fake, sandbox};

const PATH: &str = "/.well-known/oauth-protected-resource";

pub(crate) fn api(sandbox: &Sandbox) -> String {
    format!("{}/api", sandbox.url())
}

pub(crate) fn published() -> Sandbox {
    let sandbox = Sandbox::builder().registration(true).resource_metadata(true);
    sandbox.pkce_required(true).issuer_in_callback(true).start().unwrap()
}

/// Serves this document at a well-known path.
pub(crate) fn serve(sandbox: &Sandbox, path: &str, document: Value) {
    sandbox
        .on_open("GET", &format!("{PATH}{path}"), move |_| ApiReply::json(200, document.clone()));
}

#[test]
fn an_api_names_its_authorization_server() {
    let sandbox = published();
    let metadata = ResourceDiscovery::new(api(&sandbox)).metadata().unwrap();
    assert_eq!(metadata.resource(), api(&sandbox));
    assert_eq!(metadata.authorization_servers(), [sandbox.url()]);
    assert_eq!(metadata.scopes_supported(), ["read", "write"]);
    assert_eq!(metadata.bearer_methods_supported(), Some(vec!["header"]));
    assert!(!metadata.requires_dpop());
    assert_eq!(metadata.text("resource_name"), Some("The API of the sandbox"));
    let text = serde_json::to_string(&metadata).unwrap();
    assert_eq!(
        serde_json::from_str::<evergrant::discovery::ResourceMetadata>(&text).unwrap(),
        metadata
    );
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    client.seed(evergrant::Token::new("ended")).unwrap();
    let Err(Error::Api(error)) = client.get("/me").call() else { panic!() };
    let address = error.resource_metadata().unwrap();
    assert_eq!(address, format!("{}{PATH}/api", sandbox.url()));
    let again = ResourceDiscovery::new(api(&sandbox)).at(address).metadata().unwrap();
    assert_eq!(again.resource(), metadata.resource());
}

#[test]
fn metadata_of_another_resource_ends_the_login() {
    let sandbox = sandbox();
    let other = json!({"resource": format!("{}/other", sandbox.url()),
        "authorization_servers": [sandbox.url()]});
    serve(&sandbox, "/api", other);
    let error = ResourceDiscovery::new(api(&sandbox)).metadata().unwrap_err();
    assert_eq!(error.kind(), "decode");
    assert!(format!("{error:#}").contains("/other\", not \""), "{error:#}");
    let connect = || Connect::to(api(&sandbox)).credentials(sandbox.credentials());
    assert_eq!(connect().discover().unwrap_err().kind(), "decode");
    // Only the caller may declare that the two addresses belong together.
    let other = format!("{}/other", sandbox.url());
    let connection = connect().expect_resource(&other).discover().unwrap();
    assert_eq!(connection.resource().unwrap().resource(), other);
}

#[test]
fn a_challenge_decides_where_the_metadata_is() {
    let sandbox = sandbox();
    let address = format!("{}{PATH}/elsewhere", sandbox.url());
    let challenge =
        format!("Bearer error=\"invalid_token\", resource_metadata=\"{address}\", scope=\"a b\"");
    let named = challenge.clone();
    sandbox.on_open("GET", "/mcp", move |_| {
        ApiReply::json(401, ()).with_header("WWW-Authenticate", &named)
    });
    let mcp = format!("{}/mcp", sandbox.url());
    let document = |resource: &str| {
        json!({"resource": resource, "authorization_servers": [sandbox.url()],
        "scopes_supported": ["c"]})
    };
    serve(&sandbox, "/elsewhere", document(&mcp));
    serve(&sandbox, "/mcp", document("https://never.example/"));
    let connect = || Connect::to(&mcp).credentials(sandbox.credentials());
    let connection = connect().discover().unwrap();
    assert_eq!(connection.scopes(), ["a", "b"], "those of the challenge");
    let connection = connect().with_scopes(&["d"]).discover().unwrap();
    assert_eq!(connection.scopes(), ["d"], "those of the caller");
    // The address of a challenge is checked, and its document too.
    serve(&sandbox, "/elsewhere", document(&api(&sandbox)));
    assert_eq!(connect().discover().unwrap_err().kind(), "decode");
    for bad in ["http://a.example/x", "nonsense", "https://u:p@a.example/x"] {
        let challenge = format!("Bearer resource_metadata=\"{bad}\"");
        sandbox.on_open("GET", "/mcp", move |_| {
            ApiReply::json(401, ()).with_header("WWW-Authenticate", &challenge)
        });
        let error = connect().discover().unwrap_err();
        assert!(error.to_string().contains("resource_metadata"), "{bad}: {error}");
    }
    // The client reads a challenge only in a 401.
    sandbox.on_open("GET", "/mcp", move |_| {
        ApiReply::json(405, ()).with_header("WWW-Authenticate", &challenge)
    });
    serve(&sandbox, "/mcp", document(&mcp));
    assert_eq!(connect().discover().unwrap().scopes(), ["c"]);
}

#[test]
fn metadata_may_be_at_the_path_of_the_host() {
    let sandbox = sandbox();
    serve(
        &sandbox,
        "",
        json!({"resource": api(&sandbox), "authorization_servers": [sandbox.url()]}),
    );
    let metadata = ResourceDiscovery::new(api(&sandbox)).metadata().unwrap();
    assert_eq!(metadata.resource(), api(&sandbox));
    assert_eq!(metadata.scopes_supported(), [""; 0]);
    let error = ResourceDiscovery::new(format!("{}/other", sandbox.url())).metadata().unwrap_err();
    assert_eq!(error.kind(), "decode", "it is the metadata of the API alone");
}

#[test]
fn an_answer_that_is_no_resource_metadata_is_an_error() {
    for (status, headers, body, kind) in [
        ("302 Found", "Location: https://a.example/\r\n", "", "decode"),
        ("200 OK", "Content-Type: text/html\r\n", "<html>", "decode"),
        ("500 Internal Server Error", "", "", "api"),
        ("429 Too Many Requests", "", "", "api"),
        ("404 Not Found", "", "", "config"),
        ("403 Forbidden", "", "", "config"),
    ] {
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, headers, body.as_bytes());
            }
        });
        let error = ResourceDiscovery::new(server.url()).metadata().unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert_eq!(server.requests().len(), 1);
    }
    let large = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "", &vec![b' '; (1 << 20) + 1]);
        }
    });
    let error = ResourceDiscovery::new(large.url()).metadata().unwrap_err();
    assert_eq!(error.kind(), "transport", "{error}");
}

#[test]
fn private_addresses_are_refused_where_asked() {
    let sandbox = published();
    let error = ResourceDiscovery::new(api(&sandbox)).public_only().metadata().unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    let connect = Connect::to(api(&sandbox)).credentials(sandbox.credentials()).public_only();
    let error = connect.discover().unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.metadata_requests), (0, 0), "nothing was sent");
}

#[test]
fn an_api_that_takes_no_token_in_a_header_is_refused() {
    let sandbox = sandbox();
    let document = json!({"resource": api(&sandbox), "authorization_servers": [sandbox.url()],
        "bearer_methods_supported": ["body"]});
    serve(&sandbox, "/api", document);
    let connect = Connect::to(api(&sandbox)).credentials(sandbox.credentials());
    let error = connect.discover().unwrap_err();
    let why = "bearer_methods_supported";
    assert!(matches!(&error, Error::Config(text) if text.contains(why)), "{error}");
}

#[test]
fn one_of_several_authorization_servers_can_be_chosen() {
    let (sandbox, other) = (sandbox(), self::sandbox());
    let servers = json!([other.url(), sandbox.url()]);
    serve(&sandbox, "/api", json!({"resource": api(&sandbox), "authorization_servers": servers}));
    let connect = || Connect::to(api(&sandbox)).credentials(sandbox.credentials());
    let first = connect().discover().unwrap();
    assert_eq!(first.authorization_server().issuer(), other.url());
    let chosen = connect().authorization_server(sandbox.url()).discover().unwrap();
    assert_eq!(chosen.provider().issuer(), Some(sandbox.url()));
    let error = connect().authorization_server("https://as.example").discover().unwrap_err();
    assert!(error.to_string().contains("does not name the authorization server"), "{error}");
}

#[test]
fn the_host_of_an_api_without_metadata_is_its_authorization_server() {
    let sandbox = sandbox();
    let connection =
        Connect::to(api(&sandbox)).credentials(sandbox.credentials()).discover().unwrap();
    assert!(connection.resource().is_none());
    assert_eq!(connection.scopes(), [""; 0]);
    let client = connection.client(MemoryBackend::new()).build();
    let authorization = client.authorize(&[]).unwrap();
    assert!(!authorization.url().contains("resource="), "{}", authorization.url());
    // Mastodon's issuer has a slash at its end.
    let slash = format!("{}/", sandbox.url());
    let document = json!({"issuer": slash, "token_endpoint": format!("{}/token", sandbox.url())});
    sandbox.on_open("GET", "/.well-known/openid-configuration", move |_| {
        ApiReply::json(200, document.clone())
    });
    let connection =
        Connect::to(api(&sandbox)).credentials(sandbox.credentials()).discover().unwrap();
    assert_eq!(connection.authorization_server().issuer(), slash);
    let nothing = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("404 Not Found", "", b"");
        }
    });
    let error = Connect::to(nothing.url()).discover().unwrap_err();
    assert!(error.to_string().contains("neither"), "{error}");
}

#[test]
fn tokens_are_asked_for_the_api_alone() {
    let sandbox = published();
    let connection =
        Connect::to(api(&sandbox)).credentials(sandbox.credentials()).discover().unwrap();
    assert_eq!(connection.scopes(), ["read", "write"]);
    let client = connection.client(MemoryBackend::new()).build();
    client.authorize_pasted(&connection.scopes(), |url, _| sandbox.approve(url)).unwrap();
    client.refresh().unwrap();
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    // The sandbox accepts no other request.
    let provider = connection.provider().clone();
    let other = Client::builder(provider, sandbox.credentials(), MemoryBackend::new());
    let other = other.resource("https://other.example/").build();
    let error = other.authorize_pasted(&[], |url, _| sandbox.approve(url)).unwrap_err();
    assert!(matches!(&error, Error::OAuth(error) if error.code == "invalid_target"), "{error:?}");
}

#[test]
fn a_file_is_used_for_a_host_and_a_chosen_server_too() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = sandbox();
    let kept = |name: &str| {
        let connect = Connect::to(api(&sandbox)).credentials(sandbox.credentials());
        connect.cache_file(sandbox.folder().join(name)).clock(clock.clone())
    };
    let asked = || sandbox.counters().metadata_requests;
    kept("host").discover().unwrap();
    let before = asked();
    kept("host").discover().unwrap();
    assert_eq!(asked(), before, "the host is its authorization server");
    kept("chosen").authorization_server(sandbox.url()).discover().unwrap();
    let before = asked();
    kept("chosen").authorization_server(sandbox.url()).discover().unwrap();
    assert_eq!(asked(), before, "the caller's choice");
    // The file of another server is not used for this host.
    let other = self::sandbox();
    kept("other").authorization_server(other.url()).discover().unwrap();
    let connection = kept("other").discover().unwrap();
    assert_eq!(connection.authorization_server().issuer(), sandbox.url());
    // A date in the future comes from a clock that was wrong.
    clock.set_wall(std::time::SystemTime::UNIX_EPOCH);
    let before = asked();
    kept("host").discover().unwrap();
    assert_ne!(asked(), before);
}

#[test]
fn callers_change_how_the_requests_are_sent() {
    let sandbox = published();
    let clock = Arc::new(ManualClock::new());
    let discovery = || ResourceDiscovery::new(api(&sandbox)).clock(clock.clone());
    assert_eq!(discovery().metadata().unwrap().fetched_at(), clock.now_utc());
    let error = discovery().http(|config| config.https_only(true)).metadata().unwrap_err();
    assert_eq!(error.kind(), "transport");
    let connect = Connect::to(api(&sandbox)).credentials(sandbox.credentials());
    let error = connect.http(|config| config.https_only(true)).discover().unwrap_err();
    assert_eq!(error.kind(), "transport");
    let odd = ResourceDiscovery::new("a.example").at(format!("{}{PATH}/api", sandbox.url()));
    assert!(matches!(odd.metadata(), Err(Error::Config(_))), "nothing can be compared with it");
}

#[test]
fn a_client_must_be_known_somehow() {
    let sandbox = published();
    let error = Connect::to(api(&sandbox)).discover().unwrap_err();
    assert!(error.to_string().contains("Connect::credentials"), "{error}");
    for address in ["http://mcp.example/", "mcp.example", "https://mcp.example/#x"] {
        let connect = Connect::to(address).credentials(Credentials::public("app"));
        assert!(matches!(connect.discover(), Err(Error::Config(_))), "{address}");
    }
}

#[test]
fn found_metadata_is_kept_for_a_day_or_an_outage() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = published();
    let folder = Sandbox::start().unwrap();
    let file = folder.folder().join("mcp.metadata");
    let address = api(&sandbox);
    let connect = || {
        let connect = Connect::to(&address).credentials(Credentials::public("app"));
        connect.cache_file(&file).clock(clock.clone())
    };
    let asked = |sandbox: &Sandbox| {
        let counters = sandbox.counters();
        (counters.api_calls, counters.metadata_requests)
    };
    let first = connect().discover().unwrap();
    let once = asked(&sandbox);
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    let second = connect().discover().unwrap();
    assert_eq!(second.authorization_server(), first.authorization_server());
    assert_eq!((second.resource(), second.scopes()), (first.resource(), first.scopes()));
    assert_eq!(asked(&sandbox), once, "nothing was asked");
    clock.advance(Duration::from_secs(1));
    connect().discover().unwrap();
    assert_ne!(asked(&sandbox), once);
    // The file is only about this API and its server.
    let other = Connect::to(sandbox.url()).credentials(Credentials::public("app"));
    let error = other.cache_file(&file).clock(clock.clone()).discover().unwrap_err();
    assert_eq!(error.kind(), "decode", "the host itself is another resource: {error}");
    connect().discover().unwrap();
    let error = connect().authorization_server("https://as.example").discover().unwrap_err();
    assert_eq!(error.kind(), "config", "{error}");
    assert_eq!(connect().public_only().discover().unwrap_err().kind(), "config");
    let whole = std::fs::read_to_string(&file).unwrap();
    drop(sandbox);
    clock.advance(Duration::from_secs(365 * 24 * 3600));
    assert_eq!(connect().discover().unwrap().resource().unwrap().resource(), address);
    for (old, new) in [
        ("\"resource\":\"http", "\"resource\":\"x"),
        ("\"token_endpoint\":\"http:", "\"token_endpoint\":\"ftp:"),
        ("{", "["),
    ] {
        let changed = whole.replace(old, new);
        assert_ne!(changed, whole, "{old}");
        std::fs::write(&file, changed).unwrap();
        let error = connect().discover().unwrap_err();
        assert_eq!(error.kind(), "transport", "{old}: {error}");
    }
}
