//! Routes each request to the code that answers it, and applies faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use serde_json::json;

use super::api::{self, ApiRequest};
use super::codes::Unfit;
use super::dpop::{self, Side, Target};
use super::faults::{Fault, Faults};
use super::http::{HttpRequest, Reply, pairs};
use super::metadata;
use super::resource;
use super::server::Server;
use super::settings::Settings;
use super::token_endpoint::{self, Forced, TokenCall};
use super::tokens::{Issued, Now, Refused};
use crate::provider::TokenFormat;

pub(super) type ApiHandler = Arc<dyn Fn(&ApiRequest) -> Reply + Send + Sync>;
type TokenHandler = Arc<dyn Fn(&TokenCall, Reply) -> Reply + Send + Sync>;

/// A route of the API that a test has added.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) needs_token: bool,
    pub(super) handler: ApiHandler,
}

/// The state that all connections share.
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    /// The sandbox's address, which is also its issuer identifier.
    pub(super) url: String,
    /// All tokens and counters, behind one lock, so that each decision is atomic.
    pub(super) server: Mutex<Server>,
    pub(super) faults: Mutex<Faults>,
    pub(super) routes: RwLock<Vec<Route>>,
    pub(super) on_token: RwLock<Option<TokenHandler>>,
    pub(super) stopping: AtomicBool,
}

/// How a request ends.
pub(super) enum Outcome {
    /// A reply and the tokens in it. With `cut`, only that many bytes of the body are sent.
    Answer { reply: Reply, cut: Option<usize>, issued: Option<Issued> },
    /// The connection is closed, and these issued tokens are lost.
    Close { lost: Option<Issued> },
}

impl Outcome {
    fn reply(reply: Reply) -> Outcome {
        Outcome::Answer { reply, cut: None, issued: None }
    }
}

impl Shared {
    pub(super) fn now(&self) -> Now {
        let clock = &self.settings.clock;
        Now { monotonic: clock.monotonic(), wall: clock.now_utc() }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Processes a request.
    pub(super) fn handle(&self, request: &HttpRequest) -> Outcome {
        match (request.method.as_str(), request.path.as_str()) {
            (_, "/token") => self.token(request),
            ("GET", "/authorize") => Outcome::reply(self.authorize(request)),
            ("POST", "/authorize") => Outcome::reply(self.decide(request)),
            (_, "/par") => Outcome::reply(self.push(request)),
            (_, path) if path == "/register" || path.starts_with("/register/") => {
                let mut server = self.server.lock();
                Outcome::reply(server.registration(self.now(), request))
            }
            ("POST", "/revoke") => Outcome::reply(self.revoke(request)),
            ("POST", "/device_authorization") => Outcome::reply(self.device(request)),
            ("POST", "/introspect") => Outcome::reply(self.introspect(request)),
            ("GET", "/device") => {
                let query = pairs(request.query.as_bytes());
                let code = query.iter().find(|(name, _)| name == "user_code");
                Outcome::reply(page(200, &device_form(code.map_or("", |(_, code)| code))))
            }
            ("POST", "/device") => Outcome::reply(self.decide_device(request)),
            ("GET", "/counters") => Outcome::reply(Reply::json(200, self.server.lock().counters)),
            ("GET", "/events") => Outcome::reply(Reply::json(200, &self.server.lock().events)),
            ("POST", "/fault") => Outcome::reply(self.fault(request)),
            ("POST", "/expire") => {
                self.server.lock().expire_access_tokens(self.now());
                Outcome::reply(Reply::new(204))
            }
            ("POST", "/renew_nonces") => {
                self.server.lock().renew_nonces();
                Outcome::reply(Reply::new(204))
            }
            ("POST", "/login") => Outcome::reply(self.login(request)),
            ("GET", "/jwks") if self.route(request).is_none() => {
                let key = self.server.lock().signing_key.as_ref().map(|key| key.public_jwk());
                let keys: Vec<_> = key.into_iter().collect();
                Outcome::reply(Reply::json(200, json!({ "keys": keys })))
            }
            ("GET", path) if path.starts_with("/.well-known/") => self.metadata(request),
            _ => self.api(request),
        }
    }

    /// Answers a metadata request. Added routes come before built-in routes, so that a test can serve any
    /// document.
    fn metadata(&self, request: &HttpRequest) -> Outcome {
        self.server.lock().counters.metadata_requests += 1;
        if self.route(request).is_some() {
            return self.api(request);
        }
        let reply = metadata::at(&request.path, &self.url, &self.settings)
            .or_else(|| resource::at(&request.path, &self.url, &self.settings));
        Outcome::reply(reply.unwrap_or_else(|| self.not_found(request)))
    }

    fn token(&self, request: &HttpRequest) -> Outcome {
        self.server.lock().counters.token_requests += 1;
        let fault = self.faults.lock().token.pop_front();
        self.with_fault(fault, |forced| {
            let call = TokenCall::new(request, self.settings.token_format);
            let (reply, issued) = {
                let mut server = self.server.lock();
                token_endpoint::answer(&mut server, self.now(), &call, forced)
            };
            let handler = self.on_token.read().clone();
            match handler {
                Some(handler) => (handler(&call, reply), issued),
                None => (reply, issued),
            }
        })
    }

    fn api(&self, request: &HttpRequest) -> Outcome {
        self.server.lock().counters.api_calls += 1;
        let fault = self.faults.lock().api.pop_front();
        let outcome = self.with_fault(fault, |forced| {
            let reply = if forced == Some(Forced::Refusal) {
                api::unauthorized(true, self.named())
            } else {
                self.api_reply(request)
            };
            (reply, None)
        });
        if let Outcome::Answer { reply, .. } = &outcome {
            let counters = &mut self.server.lock().counters;
            counters.api_ok += u64::from(reply.status < 400);
            counters.api_unauthorized += u64::from(reply.status == 401);
        }
        outcome
    }

    /// The parameter of every challenge of the API that names its metadata.
    fn named(&self) -> Option<String> {
        resource::challenge(&self.url, &self.settings)
    }

    fn api_reply(&self, request: &HttpRequest) -> Reply {
        let route = self.route(request);
        let is_open = route.as_ref().is_some_and(|route| !route.needs_token);
        let found = self.server.lock().owner_of(self.now(), request);
        let with_token = !matches!(found, Ok(None));
        let by_key = request.header("dpop").is_some();
        let reply = match found {
            Err(Some(refused)) => dpop::unauthorized(Some(&refused)),
            Err(None) if by_key && !is_open => dpop::unauthorized(None),
            Err(None) | Ok(None) if !is_open => api::unauthorized(with_token, self.named()),
            found => {
                let call = ApiRequest::new(request, found.ok().flatten());
                match route {
                    Some(route) => (route.handler)(&call),
                    None => match api::built_in(&call) {
                        reply if reply.status == 404 && reply.body.is_empty() => {
                            self.not_found(request)
                        }
                        reply => reply,
                    },
                }
            }
        };
        match by_key {
            true => self.server.lock().with_nonce(Side::Api, reply),
            false => reply,
        }
    }

    /// The answer for a path without a route, which names the routes.
    fn not_found(&self, request: &HttpRequest) -> Reply {
        let routes = self.routes.read();
        let added = routes.iter().map(|route| format!("{} {}", route.method, route.path));
        let built_in = ["GET /api/me", "any /api/echo", "any /api/status/NUMBER", "GET /userinfo"];
        let known: Vec<_> = added.chain(built_in.map(str::to_owned)).collect();
        let text = format!(
            "there is no route {} {}; the API has: {}",
            request.method,
            request.path,
            known.join(", ")
        );
        Reply::json(404, json!({ "error": "not_found", "error_description": text }))
    }

    /// Finds the route that was added last.
    fn route(&self, request: &HttpRequest) -> Option<Route> {
        let routes = self.routes.read();
        let fits = |path: &str| match path.strip_suffix('*') {
            Some(start) => request.path.starts_with(start),
            None => request.path == path,
        };
        routes.iter().rev().find(|r| r.method == request.method && fits(&r.path)).cloned()
    }

    /// Applies a fault before or after the request is processed, or instead of an answer.
    fn with_fault(
        &self,
        fault: Option<Fault>,
        decide: impl FnOnce(Option<Forced>) -> (Reply, Option<Issued>),
    ) -> Outcome {
        let clock = &self.settings.clock;
        let forced = match &fault {
            Some(Fault::RefuseOnce) => Some(Forced::Refusal),
            Some(Fault::TooEarly) => Some(Forced::TooEarly),
            _ => None,
        };
        match &fault {
            Some(Fault::DelayBefore(duration)) => clock.sleep(*duration),
            Some(Fault::CutBefore) => return Outcome::Close { lost: None },
            Some(Fault::StatusBefore(status)) => return Outcome::reply(failure(*status, None)),
            Some(Fault::TooMany(seconds)) => return Outcome::reply(failure(429, *seconds)),
            Some(Fault::Unavailable(seconds)) => return Outcome::reply(failure(503, *seconds)),
            Some(Fault::Body { status, content_type, body, commit: false }) => {
                return Outcome::reply(Reply::bytes(*status, content_type, body.clone()));
            }
            Some(Fault::HoldBefore(gate)) if !gate.pass(|| self.is_stopping()) => {
                return Outcome::Close { lost: None };
            }
            _ => {}
        }
        let (reply, issued) = decide(forced);
        let instead = |reply| {
            // The tokens were issued, and the fault keeps them from the client.
            if let Some(issued) = issued {
                self.server.lock().sent(self.now(), issued, false);
            }
            Outcome::reply(reply)
        };
        match &fault {
            Some(Fault::DelayAfter(duration)) => clock.sleep(*duration),
            Some(Fault::CutAfter) => return Outcome::Close { lost: issued },
            Some(Fault::CutMid(bytes)) => {
                return Outcome::Answer { reply, cut: Some(*bytes), issued };
            }
            Some(Fault::StatusAfter(status)) => return instead(failure(*status, None)),
            Some(Fault::Body { status, content_type, body, .. }) => {
                return instead(Reply::bytes(*status, content_type, body.clone()));
            }
            Some(Fault::HoldAfter(gate)) if !gate.pass(|| self.is_stopping()) => {
                return Outcome::Close { lost: issued };
            }
            _ => {}
        }
        Outcome::Answer { reply, cut: None, issued }
    }

    fn authorize(&self, request: &HttpRequest) -> Reply {
        let parameters = pairs(request.query.as_bytes());
        let mut server = self.server.lock();
        match server.authorize(self.now(), &self.url, &parameters) {
            Ok(number) => {
                let scope = server.pending.get(&number).map(|p| p.scope.clone());
                page(200, &consent(&number, &self.settings.client_id, &scope.unwrap_or_default()))
            }
            Err(Unfit::Page(why)) => page(400, &format!("<p>{why}</p>")),
            Err(Unfit::Redirect(address)) => redirect(&address),
        }
    }

    fn decide(&self, request: &HttpRequest) -> Reply {
        let form = pairs(&request.body);
        let get = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let approve = match get("decision") {
            Some("approve") => true,
            Some("deny") => false,
            _ => return page(400, "<p>approve or deny</p>"),
        };
        let number = get("request").unwrap_or_default();
        let address = self.server.lock().decide(self.now(), &self.url, number, approve);
        match address {
            Some(address) => redirect(&address),
            None => page(400, "<p>this request does not wait for a decision</p>"),
        }
    }

    /// Answers a revocation request (RFC 7009).
    fn revoke(&self, request: &HttpRequest) -> Reply {
        let call = TokenCall::new(request, self.settings.token_format);
        let mut server = self.server.lock();
        if let Err(refused) = token_endpoint::authenticate(&mut server, self.now(), &call) {
            return token_endpoint::refusal(&refused);
        }
        if let Some(token) = call.parameter("token") {
            server.revoke(self.now(), token);
        }
        Reply::new(200)
    }

    /// Answers a pushed authorization request (RFC 9126 section 2).
    fn push(&self, request: &HttpRequest) -> Reply {
        let call = TokenCall::new(request, TokenFormat::Form);
        let mut server = self.server.lock();
        let (now, proven) =
            (self.now(), token_endpoint::authenticate(&mut server, self.now(), &call));
        let proven =
            proven.and_then(|()| server.proof(now, Side::Server, Target::of(request), None));
        let pushed = proven.and_then(|key| {
            server.proofs.key = key;
            server.push(now, &call)
        });
        server.proofs.key = None;
        let reply = match pushed {
            Ok(members) => Reply::json(201, members).with_header("Cache-Control", "no-store"),
            Err(refused) => token_endpoint::refusal(&refused),
        };
        server.with_nonce(Side::Server, reply)
    }

    /// Answers a device authorization request (RFC 8628 section 3.1).
    fn device(&self, request: &HttpRequest) -> Reply {
        let call = TokenCall::new(request, TokenFormat::Form);
        let mut server = self.server.lock();
        if let Err(refused) = token_endpoint::authenticate(&mut server, self.now(), &call) {
            return token_endpoint::refusal(&refused);
        }
        let scope = call.parameter("scope").unwrap_or_default();
        Reply::json(200, server.begin_device(self.now(), &self.url, scope))
    }

    /// Answers an introspection request (RFC 7662).
    fn introspect(&self, request: &HttpRequest) -> Reply {
        let call = TokenCall::new(request, TokenFormat::Form);
        let mut server = self.server.lock();
        if let Err(refused) = token_endpoint::authenticate(&mut server, self.now(), &call) {
            return token_endpoint::refusal(&refused);
        }
        let Some(token) = call.parameter("token") else {
            return token_endpoint::refusal(&Refused::new("invalid_request", "no token"));
        };
        Reply::json(200, server.introspect(self.now(), token))
    }

    fn decide_device(&self, request: &HttpRequest) -> Reply {
        let form = pairs(&request.body);
        let get = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let code = get("user_code").unwrap_or_default();
        let approve = get("decision") == Some("approve");
        if self.server.lock().decide_device(self.now(), code, approve) {
            page(200, "<p>the device may go on</p>")
        } else {
            page(400, "<p>no device waits with this code</p>")
        }
    }

    fn login(&self, request: &HttpRequest) -> Reply {
        let scope = pairs(request.query.as_bytes()).into_iter().find(|(name, _)| name == "scope");
        let mut server = self.server.lock();
        let issued = server.begin_login(self.now(), &scope.unwrap_or_default().1);
        token_endpoint::success(&server, self.now(), issued)
    }

    fn fault(&self, request: &HttpRequest) -> Reply {
        let query = pairs(request.query.as_bytes());
        let get = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut faults = self.faults.lock();
        if get("kind").as_deref() == Some("none") {
            *faults = Faults::default();
            return Reply::new(204);
        }
        let Some(fault) = Faults::parse(get) else {
            return Reply::bytes(400, "text/plain", "unknown kind");
        };
        let times = get("n").and_then(|n| n.parse().ok()).unwrap_or(1);
        let queue = match get("on").as_deref() {
            Some("api") => &mut faults.api,
            _ => &mut faults.token,
        };
        queue.extend(std::iter::repeat_n(fault, times));
        Reply::new(204)
    }
}

fn failure(status: u16, retry_after: Option<u64>) -> Reply {
    let reply = Reply::bytes(status, "text/html", "<h1>on command</h1>");
    match retry_after {
        Some(seconds) => reply.with_header("Retry-After", &seconds.to_string()),
        None => reply,
    }
}

fn redirect(address: &str) -> Reply {
    Reply::new(302).with_header("Location", address).with_header("Cache-Control", "no-store")
}

fn page(status: u16, body: &str) -> Reply {
    let text = format!("<!doctype html><title>evergrant sandbox</title>\n{body}\n");
    Reply::bytes(status, "text/html; charset=utf-8", text).with_header("Cache-Control", "no-store")
}

fn consent(number: &str, client: &str, scope: &str) -> String {
    let form = |decision: &str| {
        format!(
            "<form method=\"post\" action=\"/authorize\">\
             <input type=\"hidden\" name=\"request\" value=\"{number}\">\
             <button name=\"decision\" value=\"{decision}\">{decision}</button></form>"
        )
    };
    format!(
        "<p>{} asks for access to a sandbox for tests. Scope: {}</p>\n{}\n{}",
        escaped(client),
        escaped(scope),
        form("approve"),
        form("deny")
    )
}

fn device_form(code: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/device\"><input name=\"user_code\" value=\"{}\">\
         <button name=\"decision\" value=\"approve\">approve</button>\
         <button name=\"decision\" value=\"deny\">deny</button></form>",
        escaped(code)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
