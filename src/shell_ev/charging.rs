//! Charge sessions: the calls below `/v2/charge-session`, or `/v1/charge-session` in version 1.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::answer::{Call, incomplete};
use super::query::{Query, is_uuid, length};
use super::{Answer, CardNumber, EmaId, EvseId, Id, RequestStatus, Session, ShellEv, ShellEvError};
use crate::{Error, Result};

/// The wait between two requests for a session.
const LOOK: Duration = Duration::from_secs(2);

/// The calls for charge sessions: [`ShellEv::charging`] returns this type.
#[derive(Clone, Copy, Debug)]
pub struct Charging<'a> {
    shell: &'a ShellEv,
}

impl<'a> Charging<'a> {
    pub(super) fn new(shell: &'a ShellEv) -> Charging<'a> {
        Charging { shell }
    }

    /// Requests the start of a session (`POST /v2/charge-session/start`) with a charge card at a charge
    /// point. Shell starts the session some time later: [`Charging::settled`] waits for the start.
    ///
    /// The request is sent again only when Shell certainly has not processed it: there was no connection, or
    /// the answer was 401 or 429. If [`Unconfirmed::of`](super::Unconfirmed::of) finds details in an error,
    /// check [`Charging::active`] before you request another start: Shell documents no idempotency key, so
    /// another request may start a second session.
    pub fn start(
        &self,
        card: impl Into<CardNumber>,
        evse_id: impl Into<EvseId>,
    ) -> StartSession<'a> {
        let (card, evse_id) = (card.into(), evse_id.into());
        StartSession { shell: self.shell, card, evse_id, request_id: None }
    }

    /// Requests the end of a session (`POST /v2/charge-session/stop`). The request is sent again in the
    /// same cases as [`Charging::start`].
    pub fn stop(&self, id: impl Into<Id<Session>>) -> StopSession<'a> {
        StopSession { shell: self.shell, id: id.into(), request_id: None }
    }

    /// Fetches the session with this id (`GET /v2/charge-session/retrieve`).
    ///
    /// # Errors
    ///
    /// The errors of [`GetSession::call`]; [`Error::Decode`] when the answer has no session.
    pub fn get(&self, id: impl Into<Id<Session>>) -> Result<Session> {
        let answer = self.get_with(id).call()?;
        let request_id = answer.request_id.clone();
        let found = answer.into_iter().next();
        found.ok_or_else(|| {
            incomplete(&self.shell.version.path(RETRIEVE), &request_id, "it has no session")
        })
    }

    /// Makes a request for the session with this id, with options.
    pub fn get_with(&self, id: impl Into<Id<Session>>) -> GetSession<'a> {
        GetSession { shell: self.shell, id: id.into(), request_id: None }
    }

    /// Makes a request for the running sessions of an account (`GET /v2/charge-session/active`).
    pub fn active(&self, ema_id: impl Into<EmaId>) -> ActiveSessions<'a> {
        ActiveSessions { shell: self.shell, ema_id: ema_id.into(), request_id: None }
    }

    /// Gets a session every two seconds until Shell has decided about its start or its stop, or until `limit`
    /// has passed. Returns the newest version of the session; [`Session::phase`] tells whether Shell has
    /// decided. If Shell does not know the session yet, this method tries again. The wording of Shell's API
    /// suggests that Shell decides some time after the request, but no document says so.
    ///
    /// # Errors
    ///
    /// The errors of [`GetSession::call`]; the API's 404 when `limit` has passed and Shell still does not know the
    /// session.
    pub fn settled(&self, id: impl Into<Id<Session>>, limit: Duration) -> Result<Session> {
        let id = id.into();
        let clock = &self.shell.clock;
        let start = clock.monotonic();
        loop {
            let seen = self.get_with(&id).call();
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
                            return Err(incomplete(
                                &self.shell.version.path(RETRIEVE),
                                &request_id,
                                "it has no session",
                            ));
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

const RETRIEVE: &str = "/charge-session/retrieve";

fn is_not_found(error: &Error) -> bool {
    ShellEvError::of(error).is_some_and(|refusal| refusal.is_not_found())
}

fn checked(id: &Id<Session>) -> Result<&str> {
    match is_uuid(id.as_str()) {
        true => Ok(id.as_str()),
        false => Err(Error::Config("the session id is not a UUID".into())),
    }
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
    let target = query.target(shell.version.path(path), shell.arrays)?;
    Ok(Call { shell, method, target, request_id, body })
}

/// A request to start a session: [`Charging::start`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct StartSession<'a> {
    shell: &'a ShellEv,
    card: CardNumber,
    evse_id: EvseId,
    request_id: Option<String>,
}

/// Shell's answer to a request to start a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Started {
    /// The id of the request at Shell.
    pub request_id: String,
    /// How the request ended.
    pub status: Option<RequestStatus>,
    /// The session. `None` if Shell accepted the request without naming a session; [`Charging::active`]
    /// then finds the session.
    pub session_id: Option<Id<Session>>,
    /// Members of the answer that have no field here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

model! {
    struct SessionId {
        session_id: Option<Id<Session>> = "sessionId",
    }
}

impl StartSession<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// The errors of [`crate::Request::call`]; [`Error::Decode`] for an answer that cannot be read, although
    /// Shell accepted the request; [`Error::Config`] for a string of the wrong length, before anything is
    /// sent.
    pub fn call(self) -> Result<Started> {
        length("the number of the charge card", self.card.as_str(), (1, 50))?;
        length("the id of the charge point", self.evse_id.as_str(), (18, 36))?;
        let body = json!({ "evChargeNumber": self.card.as_str(), "evseId": self.evse_id.as_str() });
        let path = "/charge-session/start";
        let call = call(self.shell, Method::POST, path, None, self.request_id, Some(body))?;
        let answer = call.answer::<SessionId>()?;
        let (request_id, status) = (answer.request_id, answer.status);
        let session_id = answer.data.into_iter().find_map(|data| data.session_id);
        Ok(Started { request_id, status, session_id, extra: answer.extra })
    }
}

/// A request to stop a session: [`Charging::stop`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct StopSession<'a> {
    shell: &'a ShellEv,
    id: Id<Session>,
    request_id: Option<String>,
}

/// Shell's answer to a request to stop a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stopped {
    /// The id of the request at Shell.
    pub request_id: String,
    /// How the request ended.
    pub status: Option<RequestStatus>,
    /// Members of the answer that have no field here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl StopSession<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// The errors of [`StartSession::call`]; [`Error::Config`] for an id that is not a UUID, before anything is
    /// sent.
    pub fn call(self) -> Result<Stopped> {
        let id = Some(("sessionId", checked(&self.id)?));
        let path = "/charge-session/stop";
        let call = call(self.shell, Method::POST, path, id, self.request_id, None)?;
        let answer = call.answer::<SessionId>()?;
        let (request_id, status, extra) = (answer.request_id, answer.status, answer.extra);
        Ok(Stopped { request_id, status, extra })
    }
}

/// A request for one session, with options: [`Charging::get_with`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct GetSession<'a> {
    shell: &'a ShellEv,
    id: Id<Session>,
    request_id: Option<String>,
}

impl GetSession<'_> {
    /// Sends the request. The list has one session.
    ///
    /// # Errors
    ///
    /// The errors of [`super::ListLocations::page`]; [`Error::Config`] for an id that is not a UUID, before
    /// anything is sent.
    pub fn call(self) -> Result<Answer<Session>> {
        let id = Some(("sessionId", checked(&self.id)?));
        call(self.shell, Method::GET, RETRIEVE, id, self.request_id, None)?.answer()
    }
}

/// A request for the running sessions of an account: [`Charging::active`].
#[derive(Debug)]
#[must_use = "nothing is sent before `call`"]
pub struct ActiveSessions<'a> {
    shell: &'a ShellEv,
    ema_id: EmaId,
    request_id: Option<String>,
}

impl ActiveSessions<'_> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// The errors of [`super::ListLocations::page`]; [`Error::Config`] for an account of the wrong length, before
    /// anything is sent.
    pub fn call(self) -> Result<Answer<Session>> {
        length("the account", self.ema_id.as_str(), (14, 19))?;
        let id = Some(("emaId", self.ema_id.as_str()));
        let path = "/charge-session/active";
        call(self.shell, Method::GET, path, id, self.request_id, None)?.answer()
    }
}

macro_rules! request_ids {
    ($($builder:ident)+) => {$(
        impl<'a> $builder<'a> {
            /// Sets the id of the request, a UUID with which Shell traces the request; random by default.
            pub fn request_id(mut self, id: &str) -> $builder<'a> {
                self.request_id = Some(id.to_owned());
                self
            }
        }
    )+};
}

request_ids! { StartSession StopSession GetSession ActiveSessions }
