//! Tests of proxies from the environment and from the caller, which are never used for loopback.

use std::process::Command;

use evergrant::{Client, Credentials, MemoryBackend, Provider, Token};
use ureq::Proxy;

use crate::support::{Fake, builder, sandbox, seeded};

/// The variable that is set in a child process of this test binary.
pub(crate) const CHILD: &str = "EVERGRANT_TEST_PROXY";

const VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// A proxy that refuses every request, and records it.
fn proxy() -> Fake {
    Fake::start(|peer| {
        peer.request();
        peer.answer("502 Bad Gateway", "Connection: close\r\n", b"");
    })
}

fn in_a_child(proxy: &Fake) -> std::process::Output {
    let all = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.url()));
    in_a_child_with(&all)
}

fn in_a_child_with(variables: &[(&str, String)]) -> std::process::Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child_entry", "--nocapture"]).env(CHILD, "1");
    for name in VARIABLES {
        child.env_remove(name);
    }
    child.env_remove("REQUEST_METHOD").envs(variables.iter().cloned());
    child.output().unwrap()
}

/// The child process, which makes a login, a refresh and calls on loopback, then a call to a host that does
/// not exist.
pub(crate) fn child() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    client.get("/me").call().unwrap();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    let address = sandbox.url().replace("127.0.0.1", "localhost");
    let provider = sandbox.provider().to_builder().api_base(format!("{address}/api"));
    let client =
        Client::new(provider.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    client.get("/me").call().unwrap();
    let stranger = abroad().build();
    stranger.seed(Token::new("at")).unwrap();
    let error = stranger.get("/").call().unwrap_err();
    println!("{error:#}");
}

fn abroad() -> evergrant::ClientBuilder {
    let base = "https://nonexistent.invalid";
    let provider = Provider::builder("abroad")
        .token_endpoint(format!("{base}/token"))
        .api_base(base)
        .build()
        .unwrap();
    Client::builder(provider, Credentials::new("app", "secret"), MemoryBackend::new()).retries(0)
}

#[test]
fn a_proxy_of_the_environment_is_not_used_for_loopback() {
    let proxy = proxy();
    let output = in_a_child(&proxy);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].starts_with("CONNECT nonexistent.invalid:443 "), "{requests:?}");
}

/// A web server gives a CGI program the request's header `Proxy` as `HTTP_PROXY`.
#[test]
fn in_a_cgi_program_nobody_chooses_a_proxy_by_a_header() {
    let cgi = || ("REQUEST_METHOD", "GET".to_owned());
    let (evil, good) = (proxy(), proxy());
    for (variables, used) in [
        (vec![cgi(), ("HTTP_PROXY", evil.url())], 0),
        (vec![cgi(), ("HTTP_PROXY", evil.url()), ("http_proxy", good.url())], 1),
        (vec![cgi(), ("HTTP_PROXY", evil.url()), ("HTTPS_PROXY", good.url())], 2),
        (vec![("HTTP_PROXY", good.url())], 3),
    ] {
        // On Windows both spellings name the same variable.
        if cfg!(windows) && used == 1 {
            continue;
        }
        let output = in_a_child_with(&variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(evil.connections(), 0, "{variables:?}");
        assert!(cfg!(windows) || good.connections() == used, "{variables:?}");
    }
    // Hosts that `NO_PROXY` names still bypass the proxy.
    let past = ("NO_PROXY", "nonexistent.invalid".to_owned());
    in_a_child_with(&[cgi(), past, ("http_proxy", good.url())]);
    assert!(cfg!(windows) || good.connections() == 3);
}

#[test]
fn a_proxy_of_the_callers_is_not_for_loopback_either() {
    let (proxy, sandbox) = (proxy(), sandbox());
    let url = proxy.url();
    let through = move |config: ureq::config::ConfigBuilder<ureq::typestate::AgentScope>| {
        config.proxy(Some(Proxy::new(&url).unwrap()))
    };
    let client = builder(&sandbox).http(through.clone()).build();
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    client.get(&format!("{}/api/me", sandbox.url())).call().unwrap();
    assert_eq!(proxy.connections(), 0);

    // Token requests and API calls to other hosts use the proxy.
    let abroad = abroad().http(through).build();
    let token = Token::new("at").with_refresh_token("rt");
    abroad.seed(token).unwrap();
    assert_eq!(abroad.get("/").call().unwrap_err().kind(), "transport");
    assert_eq!(proxy.connections(), 1);
    assert_eq!(abroad.refresh().unwrap_err().kind(), "transport");
    assert!(abroad.stored().unwrap().unwrap().note().is_none(), "nothing left this machine");
    assert!(proxy.requests().iter().all(|request| request.starts_with("CONNECT ")));
}

/// ureq panics at the first request through a SOCKS proxy unless ureq's feature `socks-proxy` is on.
#[test]
fn a_socks_proxy_is_asked_and_a_wrong_address_is_named() {
    let proxy = Fake::start(|peer| peer.close());
    let through = abroad().proxy(&proxy.url().replace("http://", "socks5h://")).unwrap().build();
    through.seed(Token::new("at")).unwrap();
    let error = through.get("/").retries(0).call().unwrap_err();
    assert_eq!((error.kind(), proxy.connections()), ("transport", 1), "{error:#}");
    let error = abroad().proxy("gopher://user:c4nary@proxy.example").map(drop).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("proxy.example ") && !text.contains("c4nary"), "{text}");
}

#[test]
fn the_error_names_the_proxy_that_is_down() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = format!("http://ada:sesame@{closed}");
    let client = abroad().proxy(&proxy).unwrap().build();
    client.seed(Token::new("at").with_refresh_token("rt")).unwrap();
    for error in [client.get("/").call().unwrap_err(), client.refresh().unwrap_err()] {
        let text = format!("{error:#}");
        assert!(text.contains(&format!("(through the proxy {closed})")), "{text}");
        assert!(!text.contains("sesame") && error.is_transient(), "{text}");
        let mut causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
        assert!(causes.any(|cause| cause.is::<std::io::Error>()), "{error:?}");
    }
}

#[test]
fn a_variable_that_names_no_proxy_is_in_the_error() {
    let output = in_a_child_with(&[("HTTPS_PROXY", "ada:sesame at nowhere".to_owned())]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(
        shown.contains("(HTTPS_PROXY is not the address of a proxy, so none was used)"),
        "{shown}"
    );
    assert!(!shown.contains("sesame"), "{shown}");
}
