//! Calls 5 to 8: charge sessions.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::Method;

use super::answer::{Call, incomplete};
use super::query::{Query, is_uuid, length};
use super::{Answer, Failure, FailureKind, RequestStatus, Session, ShellEv};
use crate::{Error, Result};

/// How often a session is looked at until Shell has decided.
const LOOK: Duration = Duration::from_secs(2);

/// The charge sessions of [`ShellEv::charging`].
#[derive(Clone, Copy, Debug)]
pub struct Charging<'a> {
    shell: &'a ShellEv,
}

impl<'a> Charging<'a> {
    pub(super) fn new(shell: &'a ShellEv) -> Charging<'a> {
        Charging { shell }
    }

    /// Asks for a session (`POST /v2/charge-session/start`) with the number of a charge card (1 to 50
    /// characters, such as `NL-TNM-C00122045-K`) at a charge point (its id by ISO 15118, 18 to 36
    /// characters, such as `NL*TNM*E02003451*0`). Shell starts it some time later:
    /// [`Charging::settled`].
    ///
    /// It is sent again only when it certainly was not processed: there was no connection, or the answer
    /// was 401 or 429. After an [`Error::Transport`] look at [`Charging::active`] before asking again:
    /// Shell documents no key by which it would know a second start for the first one.
    pub fn start(&self, card: &str, evse_id: &str) -> StartSession<'a> {
        let (card, evse_id) = (card.to_owned(), evse_id.to_owned());
        StartSession { shell: self.shell, card, evse_id, request_id: None }
    }

    /// Asks for the end of a session (`POST /v2/charge-session/stop`). Sent again only as
    /// [`Charging::start`] is.
    pub fn stop(&self, session_id: &str) -> StopSession<'a> {
        let session_id = session_id.to_owned();
        StopSession { shell: self.shell, session_id, request_id: None }
    }

    /// One session (`GET /v2/charge-session/retrieve`).
    pub fn retrieve(&self, session_id: &str) -> GetSession<'a> {
        let session_id = session_id.to_owned();
        GetSession { shell: self.shell, session_id, request_id: None }
    }

    /// The running sessions of an account for electric mobility, 14 to 19 characters
    /// (`GET /v2/charge-session/active`).
    pub fn active(&self, ema_id: &str) -> ActiveSessions<'a> {
        let ema_id = ema_id.to_owned();
        ActiveSessions { shell: self.shell, ema_id, request_id: None }
    }

    /// Looks at a session every two seconds until Shell has decided about its start or its stop, or
    /// `limit` has passed, and gives out what was seen last; [`Session::phase`] says which it was. A
    /// session that Shell does not know yet is looked at again. That a start is decided later is an
    /// inference from the words of the API, not documented.
    ///
    /// # Errors
    ///
    /// As [`GetSession::call`]; a 404 when `limit` has passed.
    pub fn settled(&self, session_id: &str, limit: Duration) -> Result<Session> {
        let clock = &self.shell.clock;
        let start = clock.monotonic();
        loop {
            let seen = self.retrieve(session_id).call();
            let passed = clock.monotonic().saturating_sub(start) >= limit;
            match seen {
                Ok(answer) => {
                    let request_id = answer.request_id.clone();
                    match answer.into_iter().next() {
                        Some(session) if passed => return Ok(session),
                        Some(session) if !session.phase().is_some_and(|p| p.is_pending()) => {
                            return Ok(session);
                        }
                        None if passed => {
                            return Err(incomplete(RETRIEVE, &request_id, "it has no session"));
                        }
                        _ => {}
                    }
                }
                Err(error) if passed || !is_not_found(&error) => return Err(error),
                Err(_) => {}
            }
            clock.sleep(LOOK);
        }
    }
}

const RETRIEVE: &str = "/v2/charge-session/retrieve";

fn is_not_found(error: &Error) -> bool {
    Failure::of(error).is_some_and(|failure| failure.kind == FailureKind::NotFound)
}

fn session_id(id: &str) -> Result<&str> {
    if is_uuid(id) { Ok(id) } else { Err(Error::Config("the session id is not a UUID".into())) }
}

fn call<'a>(
    shell: &'a ShellEv,
    method: Method,
    path: &str,
    parameter: Option<(&'static str, &str)>,
    request_id: Option<String>,
    body: Option<Value>,
) -> Result<Call<'a>> {
    let mut query = Query::default();
    if let Some((name, value)) = parameter {
        query.text(name, value);
    }
    let target = query.target(path.to_owned(), shell.arrays)?;
    Ok(Call { shell, method, target, request_id, body })
}

/// A start of a session: [`Charging::start`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct StartSession<'a> {
    shell: &'a ShellEv,
    card: String,
    evse_id: String,
    request_id: Option<String>,
}

/// A session that Shell was asked to start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// Under which id Shell knows the request.
    pub request_id: String,
    /// How the request ended.
    pub status: Option<RequestStatus>,
    /// The session. `None` where Shell accepted the request and named none: look at
    /// [`Charging::active`].
    pub session_id: Option<String>,
}

model! {
    struct SessionId {
        session_id: Option<String> = "sessionId",
    }
}

impl StartSession<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// As [`crate::Request::call`], and [`Error::Decode`] for an answer that is not Shell's, although
    /// the request was accepted; [`Error::Config`] for a text of the wrong length, with nothing sent.
    pub fn call(self) -> Result<Started> {
        length("the number of the charge card", &self.card, (1, 50))?;
        length("the id of the charge point", &self.evse_id, (18, 36))?;
        let body = json!({ "evChargeNumber": self.card, "evseId": self.evse_id });
        let path = "/v2/charge-session/start";
        let call = call(self.shell, Method::POST, path, None, self.request_id, Some(body))?;
        let answer = call.answer::<SessionId>()?;
        let (request_id, status) = (answer.request_id, answer.status);
        let session_id = answer.data.into_iter().find_map(|data| data.session_id);
        Ok(Started { request_id, status, session_id })
    }
}

/// An end of a session: [`Charging::stop`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct StopSession<'a> {
    shell: &'a ShellEv,
    session_id: String,
    request_id: Option<String>,
}

/// A session that Shell was asked to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// Under which id Shell knows the request.
    pub request_id: String,
    /// How the request ended.
    pub status: Option<RequestStatus>,
}

impl StopSession<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// As [`StartSession::call`]; [`Error::Config`] for an id that is not a UUID, with nothing sent.
    pub fn call(self) -> Result<Stopped> {
        let id = Some(("sessionId", session_id(&self.session_id)?));
        let path = "/v2/charge-session/stop";
        let call = call(self.shell, Method::POST, path, id, self.request_id, None)?;
        let answer = call.answer::<SessionId>()?;
        Ok(Stopped { request_id: answer.request_id, status: answer.status })
    }
}

/// One session: [`Charging::retrieve`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct GetSession<'a> {
    shell: &'a ShellEv,
    session_id: String,
    request_id: Option<String>,
}

impl GetSession<'_> {
    /// Sends the request. The list has one session.
    ///
    /// # Errors
    ///
    /// As [`super::ListLocations::call`]; [`Error::Config`] for an id that is not a UUID, with nothing
    /// sent.
    pub fn call(self) -> Result<Answer<Session>> {
        let id = Some(("sessionId", session_id(&self.session_id)?));
        call(self.shell, Method::GET, RETRIEVE, id, self.request_id, None)?.answer()
    }
}

/// The running sessions of an account: [`Charging::active`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct ActiveSessions<'a> {
    shell: &'a ShellEv,
    ema_id: String,
    request_id: Option<String>,
}

impl ActiveSessions<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// As [`super::ListLocations::call`]; [`Error::Config`] for an account of the wrong length, with
    /// nothing sent.
    pub fn call(self) -> Result<Answer<Session>> {
        length("the account", &self.ema_id, (14, 19))?;
        let id = Some(("emaId", &*self.ema_id));
        let path = "/v2/charge-session/active";
        call(self.shell, Method::GET, path, id, self.request_id, None)?.answer()
    }
}

macro_rules! request_ids {
    ($($builder:ident)+) => {$(
        impl<'a> $builder<'a> {
            /// The id of the request, a UUID: for tracing it at Shell. A random one without this.
            pub fn request_id(mut self, id: &str) -> $builder<'a> {
                self.request_id = Some(id.to_owned());
                self
            }
        }
    )+};
}

request_ids! { StartSession StopSession GetSession ActiveSessions }
