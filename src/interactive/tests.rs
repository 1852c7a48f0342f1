//! Tests of a login at the listener, with the requests that an open port gets.

#![cfg(feature = "sandbox")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;
use url::Url;

use crate::clock::{Clock, ManualClock};
use crate::sandbox::Sandbox;
use crate::{Client, ClientBuilder, Credentials, Error, FileBackend, MemoryBackend};

struct World {
    sandbox: Sandbox,
}

impl World {
    fn new() -> World {
        World { sandbox: Sandbox::start().unwrap() }
    }

    fn builder(&self) -> ClientBuilder {
        let credentials = Credentials::new("sandbox-client", "sandbox-secret");
        Client::builder(self.sandbox.provider(), credentials, MemoryBackend::new())
    }

    /// Logs in while `person` uses the address that is shown. Returns the result of the login.
    fn login(&self, client: &Client, person: impl FnOnce(&str) + Send) -> crate::Result<()> {
        let (shown, seen) = mpsc::channel::<String>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Ok(url) = seen.recv() {
                    person(&url);
                }
            });
            client.authorize_interactive(&["read"], |url| shown.send(url.to_owned()).unwrap())
        })
    }
}

/// Returns the address to which the browser is sent back, without the query.
fn listener(authorization_url: &str) -> Url {
    let url = Url::parse(authorization_url).unwrap();
    let (_, uri) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    Url::parse(&uri).unwrap()
}

fn connect(url: &Url) -> TcpStream {
    TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap()
}

fn ask(url: &Url, request: &str) -> String {
    let mut stream = connect(url);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn get(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    let query = url.query().unwrap_or_default();
    ask(&url, &format!("GET {}?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n", url.path()))
}

#[test]
fn a_login_ends_with_a_plain_page_and_a_stored_token() {
    let world = World::new();
    let client = world.builder().build();
    let page = Mutex::new(String::new());
    let address = Mutex::new(None);
    let done = world.login(&client, |url| {
        *address.lock() = Some(listener(url));
        let callback = world.sandbox.approve(url).unwrap();
        *page.lock() = get(&callback);
    });
    done.unwrap();
    assert!(client.stored().unwrap().is_some());
    let page = page.lock();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("You are logged in"), "{page}");
    assert!(!page.contains("code") && !page.contains("state"), "{page}");
    client.get("/me").call().unwrap();
    // The listener has closed; another program may have taken the port.
    let address = address.lock().take().unwrap();
    let port = address.port().unwrap();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
        let mut answer = String::new();
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.contains("There is nothing here"), "{answer}");
    }
}

#[test]
fn foreign_requests_neither_end_nor_block_a_login() {
    let world = World::new();
    let client = world.builder().build();
    let done = world.login(&client, |url| {
        let callback = world.sandbox.approve(url).unwrap();
        let address = listener(url);
        // One connection stays silent, as the second connection of Chromium does; another sends
        // half a request.
        let _idle = connect(&address);
        let mut half = connect(&address);
        half.write_all(b"GET /callback?code=").unwrap();
        // None of these is the callback: a connection that closes at once, TLS, another method, a favicon,
        // another path, a request without a code.
        connect(&address).shutdown(Shutdown::Both).unwrap();
        assert!(ask(&address, "\u{16}\u{3}\u{1}\r\n\r\n").contains("400"));
        assert!(ask(&address, "POST /callback HTTP/1.1\r\n\r\n").contains("405"));
        assert!(ask(&address, "GET /favicon.ico HTTP/1.1\r\n\r\n").contains("404"));
        assert!(ask(&address, "GET /other?code=c&state=s HTTP/1.1\r\n\r\n").contains("404"));
        assert!(ask(&address, "GET /callback HTTP/1.1\r\n\r\n").contains("404"));
        // A request to a host name that was pointed at this machine is refused, although all else is right.
        let query = Url::parse(&callback).unwrap().query().unwrap().to_owned();
        let foreign = format!("GET /callback?{query} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert!(ask(&address, &foreign).contains("400"));
        // A request with another state, without a state, or with the right state twice is refused.
        let wrong = get(&format!("{address}?code=stolen&state=guessed"));
        assert!(wrong.contains("400") && wrong.contains("another state"), "{wrong}");
        assert!(get(&format!("{address}?error=access_denied")).contains("no state"));
        assert!(get(&format!("{callback}&state=x")).contains("more than once"));
        // Many connections stay silent.
        let _crowd: Vec<TcpStream> = (0..200).map(|_| connect(&address)).collect();
        assert!(get(&callback).starts_with("HTTP/1.1 200"));
    });
    done.unwrap();
    assert_eq!(world.sandbox.counters().code_exchanges, 1);
}

#[test]
fn a_denied_login_is_an_access_denied_error() {
    let world = World::new();
    let client = world.builder().build();
    let done = world.login(&client, |url| {
        let page = get(&world.sandbox.deny(url).unwrap());
        assert!(page.contains("The login failed"), "{page}");
    });
    let Err(Error::OAuth(error)) = done else { panic!("{done:?}") };
    assert_eq!(error.code, "access_denied");
    assert_eq!(world.sandbox.counters().token_requests, 0);
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn a_login_ends_at_its_time_limit() {
    let world = World::new();
    let clock = Arc::new(ManualClock::new());
    let limit = Duration::from_secs(30);
    let client = world.builder().clock(clock.clone()).login_timeout(limit).build();
    let error = client.authorize_interactive(&[], |_| {}).unwrap_err();
    assert!(matches!(error, Error::LoginNotFinished(_)), "{error:?}");
    assert!(error.to_string().contains("the login was not finished within 30 s"), "{error}");
    assert!(clock.monotonic() >= limit);
}

#[test]
fn a_fixed_port_is_used_and_a_taken_port_is_an_error() {
    let world = World::new();
    // A port that was free is now taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let uri = format!("http://localhost:{port}/callback");
    let client = world.builder().redirect_uri(&uri).build();
    let error = client.authorize_interactive(&[], |_| {}).unwrap_err();
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    drop(taken);
    let done = world.login(&client, |url| {
        assert_eq!(listener(url).as_str(), uri);
        get(&world.sandbox.approve(url).unwrap());
    });
    done.unwrap();
}

#[test]
fn a_redirect_uri_on_another_host_needs_a_pasted_address() {
    let world = World::new();
    let client = world.builder().redirect_uri("https://app.example/callback").build();
    let error = client.authorize_interactive(&[], |_| {}).unwrap_err();
    assert!(error.to_string().contains("authorize_pasted"), "{error}");
    let client = world.builder().redirect_uri("http://127.0.0.1/callback").build();
    client.authorize_pasted(&[], |url, _| world.sandbox.approve(url)).unwrap();
    assert!(client.stored().unwrap().is_some());
    let failed = client.authorize_pasted(&[], |_, _| Err(std::io::ErrorKind::UnexpectedEof.into()));
    assert!(matches!(failed, Err(Error::LoginNotFinished(_))));
}

#[test]
fn an_abandoned_login_leaves_the_store_unchanged() {
    let world = World::new();
    let path = world.sandbox.folder().join("login.json");
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let client = Client::builder(world.sandbox.provider(), credentials, FileBackend::new(&path))
        .clock(Arc::new(ManualClock::new()))
        .build();
    client.seed(world.sandbox.login()).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(client.authorize_interactive(&[], |_| {}).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_listener_is_on_the_address_of_the_redirect_uri_alone() {
    let target = super::Target::new(Some("http://127.0.0.2:0/callback")).unwrap();
    let listener = super::Listener::bind(&target).unwrap();
    let reached = |host: &str| TcpStream::connect((host, listener.port())).is_ok();
    assert!(reached("127.0.0.2") && !reached("127.0.0.1"));
}

#[test]
fn a_redirect_uri_without_a_port_means_any_free_port() {
    let world = World::new();
    for uri in ["http://127.0.0.1:0/cb", "http://127.0.0.1/cb", "http://localhost/cb"] {
        let credentials =
            Credentials::new("sandbox-client", "sandbox-secret").with_redirect_uri(uri);
        let client =
            Client::builder(world.sandbox.provider(), credentials, MemoryBackend::new()).build();
        let done = world.login(&client, |url| {
            let address = listener(url);
            assert!(address.port().is_some_and(|port| port > 80), "{uri}: {address}");
            assert_eq!(address.path(), "/cb");
            get(&world.sandbox.approve(url).unwrap());
        });
        done.unwrap_or_else(|error| panic!("{uri}: {error}"));
        client.get("/me").call().unwrap();
    }
}

#[test]
fn a_person_who_pastes_something_else_is_asked_again() {
    let world = World::new();
    let client = world.builder().redirect_uri("http://127.0.0.1/callback").build();
    let mut said = Vec::new();
    let mut pasted = ["", "http://127.0.0.1/callback", "?code=c&state=other"].into_iter();
    client
        .authorize_pasted(&["read"], |url, wrong| {
            said.push(wrong.map(ToString::to_string).unwrap_or_default());
            match pasted.next() {
                Some(line) => Ok(format!("{line}\n")),
                None => world.sandbox.approve(url),
            }
        })
        .unwrap();
    assert_eq!(said.len(), 4);
    assert!(said[1].contains("not the address that the browser was sent to"), "{}", said[1]);
    assert!(said[3].contains("another state"), "{}", said[3]);
    assert!(client.stored().unwrap().is_some());
    // A closed terminal gives empty lines without end.
    let mut asked = 0;
    let closed = client.authorize_pasted(&[], |_, _| {
        asked += 1;
        Ok(String::new())
    });
    assert!(matches!(closed, Err(Error::Callback(_))) && asked == 5, "{closed:?}");
}

/// Some services leave the state out when they report an error (RFC 6749 section 4.1.2.1 wants it).
#[test]
fn an_error_without_state_is_reported_at_the_end() {
    let world = World::new();
    let clock = Arc::new(ManualClock::new());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let client = world
        .builder()
        .clock(clock.clone())
        .login_timeout(Duration::from_secs(300))
        .on_event(move |event| heard.lock().push(event.to_string()))
        .build();
    let done = world.login(&client, |url| {
        let address = listener(url);
        let query = "error=invalid_scope&error_description=no%1b%5b2Jsuch+scope";
        assert!(get(&format!("{address}?{query}")).contains("no state"));
        clock.advance(Duration::from_secs(301));
    });
    let error = done.unwrap_err();
    let Error::LoginNotFinished(late) = &error else { panic!("{error:?}") };
    let came = late.unproven_error.clone().unwrap();
    assert!(came.starts_with("invalid_scope (no") && !came.contains('\u{1b}'), "{came:?}");
    assert!(error.to_string().contains(&came), "{error}");
    assert!(told.lock().iter().any(|event| event.contains("without state said invalid_scope")));
}

#[test]
fn a_callback_may_come_as_a_posted_form() {
    let world = World::new();
    let client = world.builder().build();
    let done = world.login(&client, |url| {
        let callback = Url::parse(&world.sandbox.approve(url).unwrap()).unwrap();
        let form = callback.query().unwrap();
        let answer = ask(
            &listener(url),
            &format!(
                "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n{form}",
                callback.path(),
                form.len()
            ),
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
    done.unwrap();
    assert!(client.stored().unwrap().is_some());
}

#[test]
fn a_code_under_the_providers_own_name_ends_a_login() {
    let world = World::new();
    let provider = world.sandbox.provider().to_builder().code_param("authCode").build().unwrap();
    let client =
        Client::builder(provider, world.sandbox.credentials(), MemoryBackend::new()).build();
    let done = world.login(&client, |url| {
        let callback = world.sandbox.approve(url).unwrap();
        assert!(get(&callback).contains("404"), "this service names the code otherwise");
        let page = get(&callback.replace("code=", "authCode="));
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    });
    done.unwrap();
}

#[test]
fn the_cookies_of_other_programs_do_not_block_a_login() {
    let world = World::new();
    let client = world.builder().build();
    let done = world.login(&client, |url| {
        let callback = Url::parse(&world.sandbox.approve(url).unwrap()).unwrap();
        let (path, query) = (callback.path(), callback.query().unwrap());
        let cookies = "session=0123456789abcdef; ".repeat(4000);
        let page = ask(
            &callback,
            &format!("GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n"),
        );
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    });
    done.unwrap();
}
