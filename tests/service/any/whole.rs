//! Tests services that depart from the standard, each from the login to the refusal: the test builds the
//! provider, a person logs in, the client calls the API, the API refuses the access token, the client
//! refreshes, the service refuses the refresh token, and the client logs out. The server checks each request
//! as the service does.
//!
//! The facts come from the services' own documents and SDKs. Where no source shows an answer, the answer has
//! the form of the standard.

mod business;
mod lightspeed;
mod people;

use std::sync::{Arc, Mutex};

use evergrant::clock::ManualClock;
use evergrant::provider::ProviderBuilder;
use evergrant::{Client, ClientBuilder, Credentials, Error, MemoryBackend};
use serde_json::Value;
use url::Url;

use super::provider;
use crate::support::Fake;

/// The parts of a request.
struct Asked {
    method: String,
    path: String,
    head: String,
    /// The parameters of the query, and the members of the form or of the JSON body.
    sent: Vec<(String, String)>,
}

impl Asked {
    fn read(request: &str) -> Asked {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parse = |text: &str| -> Vec<_> {
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
        };
        let mut sent = parse(query);
        match serde_json::from_str(body) {
            Ok(Value::Object(members)) => sent.extend(
                members.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())),
            ),
            _ => sent.extend(parse(body)),
        }
        let (method, path) = (method.to_owned(), path.to_owned());
        Asked { method, path, head: head.to_owned(), sent }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.sent.iter().filter(|(have, _)| have == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice");
        value
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    fn lacks(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_none())
    }

    fn header(&self, name: &str) -> Option<&str> {
        super::header(&self.head, name)
    }

    fn has_header(&self, name: &str, value: &str) -> bool {
        self.header(name) == Some(value)
    }

    /// Whether id and secret are only in the body.
    fn by_body(&self) -> bool {
        self.is("client_id", "app")
            && self.is("client_secret", "sesame")
            && self.header("authorization").is_none()
    }

    /// Whether id and secret are only in the header.
    fn by_basic(&self) -> bool {
        self.lacks(&["client_id", "client_secret"])
            && self.has_header("authorization", "Basic YXBwOnNlc2FtZQ==")
    }

    fn is_bearer(&self, token: &str) -> bool {
        self.has_header("authorization", &format!("Bearer {token}"))
    }
}

/// The purpose of a request.
#[derive(Debug)]
enum Step {
    Exchange,
    SecondExchange,
    Refresh,
    Revoke,
    Lookup,
    Api,
}

enum Login {
    /// A person logs in, and the browser sends this callback.
    Callback(&'static str),
    /// The program gets the code without a callback.
    Code,
    /// The application gets a token for itself, without a person.
    Application,
}

/// The behaviour of a service. In answers, `{n}` is the number of the token and `{server}` the server's
/// address.
struct Service {
    name: &'static str,
    row: fn(ProviderBuilder, &str) -> ProviderBuilder,
    setup: fn(ClientBuilder) -> ClientBuilder,
    redirect_uri: &'static str,
    login: Login,
    /// Parameters that the authorization request must have.
    asks: &'static [(&'static str, &'static str)],
    step: fn(&Asked) -> Step,
    exchange: fn(&Asked) -> bool,
    exchanged: &'static str,
    second: (fn(&Asked) -> bool, &'static str),
    refresh: fn(&Asked) -> bool,
    /// The parameter that carries the refresh token.
    refresh_token: &'static str,
    refreshed: &'static str,
    rotates: bool,
    refused: (&'static str, &'static str),
    looked_up: &'static str,
    call: fn(&Client) -> Result<Value, Error>,
    /// Whether a call carries this access token as the API requires.
    carries: fn(&Asked, &str) -> bool,
    ended: (&'static str, &'static str),
    /// Whether a revocation names the login with this number; `None` for a service that has no revocation.
    revokes: Option<fn(&Asked, &str) -> bool>,
}

const ROTATED: &str = r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":3600}"#;
const NOT_ROTATED: &str = r#"{"access_token":"at-{n}","expires_in":3600}"#;

/// A service that keeps to the standard.
const STANDARD: Service = Service {
    name: "",
    row: |row, _| row,
    setup: |builder| builder,
    redirect_uri: "https://app.example/callback",
    login: Login::Callback("?code=c-1&state={state}"),
    asks: &[],
    step: |asked| match (&*asked.path, asked.get("grant_type")) {
        ("/token", Some("refresh_token")) => Step::Refresh,
        ("/token", _) => Step::Exchange,
        ("/revoke", _) => Step::Revoke,
        ("/userinfo", _) => Step::Lookup,
        _ => Step::Api,
    },
    exchange: |asked| asked.is("grant_type", "authorization_code") && asked.is("code", "c-1"),
    exchanged: ROTATED,
    second: (|_| false, ""),
    refresh: |_| true,
    refresh_token: "refresh_token",
    refreshed: ROTATED,
    rotates: true,
    refused: ("400 Bad Request", r#"{"error":"invalid_grant"}"#),
    looked_up: "",
    call: |client| client.get("/x").read_json(),
    carries: |asked, token| asked.is_bearer(token),
    ended: ("401 Unauthorized", r#"{"error":"invalid_token"}"#),
    revokes: None,
};

#[derive(Default)]
struct State {
    /// The number of the newest token.
    newest: usize,
    /// The only valid refresh token.
    refresh_token: String,
    /// Access tokens with a number below this are no longer valid.
    oldest: usize,
    refuses: bool,
    revoked: bool,
    /// Requests that the service would not accept.
    wrong: Vec<String>,
}

impl State {
    /// Checks a request, and returns the status and the body of the answer.
    fn answer(&mut self, service: &Service, asked: &Asked, request: &str) -> (String, String) {
        let step = (service.step)(asked);
        let mut expects = |right: bool| {
            if !right {
                self.wrong.push(format!("{step:?}: {request}"));
            }
        };
        let ok = |body: &str| ("200 OK".to_owned(), body.to_owned());
        let told = |(status, body): (&str, &str)| (status.to_owned(), body.to_owned());
        let (status, body) = match step {
            Step::Exchange if self.refuses => told(service.refused),
            Step::Exchange => {
                expects((service.exchange)(asked));
                self.newest += 1;
                self.refresh_token = format!("rt-{}", self.newest);
                ok(service.exchanged)
            }
            Step::SecondExchange => {
                expects((service.second.0)(asked));
                ok(service.second.1)
            }
            Step::Refresh if self.refuses => told(service.refused),
            Step::Refresh => {
                let current = service.exchanged.contains("\"rt-{n}\"");
                let sent = asked.get(service.refresh_token);
                expects((service.refresh)(asked));
                expects(!current || sent == Some(&*self.refresh_token));
                self.newest += 1;
                if service.rotates {
                    self.refresh_token = format!("rt-{}", self.newest);
                }
                ok(service.refreshed)
            }
            Step::Revoke => {
                let revokes = service.revokes.unwrap();
                expects(revokes(asked, &self.newest.to_string()));
                self.revoked = true;
                ok("")
            }
            Step::Lookup => ok(service.looked_up),
            Step::Api => {
                let newest = format!("at-{}", self.newest);
                match (service.carries)(asked, &newest) && self.newest >= self.oldest {
                    true => ok(r#"{"n":{n}}"#),
                    false => told(service.ended),
                }
            }
        };
        let server = format!("http://{}", asked.header("host").unwrap());
        let body = body.replace("{n}", &self.newest.to_string()).replace("{server}", &server);
        (status, body)
    }
}

fn serve(service: &'static Service, state: &Arc<Mutex<State>>) -> Fake {
    let state = state.clone();
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let asked = Asked::read(&request);
            let (status, body) = state.lock().unwrap().answer(service, &asked, &request);
            peer.answer(&status, "Content-Type: application/json\r\n", body.as_bytes());
        }
    })
}

fn log_in(service: &Service, client: &Client, server: &Fake) {
    match service.login {
        Login::Callback(callback) => {
            let authorization = client.authorize(&[]).unwrap();
            let address = Url::parse(authorization.url()).unwrap();
            let asked: Vec<(String, String)> = address.query_pairs().into_owned().collect();
            for (name, value) in service.asks {
                let wanted = ((*name).to_owned(), (*value).to_owned());
                assert!(asked.contains(&wanted), "{}: {name} in {asked:?}", service.name);
            }
            let callback = callback
                .replace("{state}", authorization.state().expose())
                .replace("{server}", &server.url());
            client.exchange(authorization, &callback).unwrap();
        }
        Login::Code => drop(client.exchange_without_state_check("c-1", None, None).unwrap()),
        Login::Application => drop(client.token().unwrap()),
    }
}

fn walk(service: &'static Service) {
    let name = service.name;
    let state = Arc::new(Mutex::new(State::default()));
    let server = serve(service, &state);
    let row = (service.row)(provider(&server), &server.url()).build().unwrap();
    let credentials = Credentials::new("app", "sesame").with_redirect_uri(service.redirect_uri);
    let builder = Client::builder(row, credentials, MemoryBackend::new());
    let clock = Arc::new(ManualClock::new());
    let client = (service.setup)(builder.clock(clock.clone())).build();
    let call = || (service.call)(&client).unwrap_or_else(|error| panic!("{name}: {error:#}"));

    log_in(service, &client, &server);
    assert_eq!(call()["n"], 1, "{name}");
    // The API refuses the token before its expiry.
    state.lock().unwrap().oldest = 2;
    assert_eq!(call()["n"], 2, "{name}");
    assert_eq!(call()["n"], 2, "{name}");
    // If the service issues no refresh token, the client gets the next token by the same grant as the first.
    let one_time = !matches!(service.login, Login::Application);
    clock.advance(std::time::Duration::from_secs(60));
    client.refresh().unwrap_or_else(|error| panic!("{name}: {error:#}"));
    assert_eq!(call()["n"], 3, "{name}");
    // The service refuses the refresh: the stored login stays, and a person has to log in.
    let before = client.stored().unwrap().unwrap();
    state.lock().unwrap().refuses = true;
    clock.advance(std::time::Duration::from_secs(60));
    let error = client.refresh().unwrap_err();
    assert_eq!(error.needs_authorization(), one_time, "{name}: {error:#}");
    assert_eq!(client.stored().unwrap().unwrap().token(), before.token(), "{name}");

    state.lock().unwrap().refuses = false;
    if one_time {
        log_in(service, &client, &server);
        assert_eq!(call()["n"], 4, "{name}");
    }
    if service.revokes.is_some() {
        client.revoke().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert!(client.stored().unwrap().is_none(), "{name}");
    }
    let state = state.lock().unwrap();
    assert_eq!(state.revoked, service.revokes.is_some(), "{name}");
    assert!(state.wrong.is_empty(), "{name}:\n{}", state.wrong.join("\n\n"));
}

#[test]
fn every_service_that_departs_from_the_standard_works_from_login_to_refusal() {
    for service in business::SERVICES.iter().chain(people::SERVICES) {
        walk(service);
    }
}

#[test]
fn the_servers_of_these_services_notice_a_wrong_request() {
    let mut state = State::default();
    let service = &business::SERVICES[0];
    let request = "POST /token HTTP/1.1\r\nHost: a.example\r\n\r\ngrant_type=authorization_code";
    state.answer(service, &Asked::read(request), request);
    assert_eq!(state.wrong.len(), 1);
}
