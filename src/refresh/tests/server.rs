//! A scripted server.

use super::*;

/// The fate of the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The request is not sent.
    Never,
    /// The request cannot be built, because a setting is wrong.
    Unwritable,
    /// The request is sent but does not arrive.
    LoseRequest,
    /// The request is served, but the answer does not arrive.
    LoseReply,
    /// The request is refused although the token is valid.
    Refuse,
    /// The server refuses the request as too early.
    TooEarly,
    /// The answer is `invalid_client`.
    Setup,
    /// The answer is 429.
    TooMany,
    /// The answer is 503 with `Retry-After: 30`.
    Unavailable,
    /// The answer is 503 with `Retry-After: 86400`.
    Tomorrow,
    /// The answer is 400 with an empty body.
    Bad,
    /// The answer is 500, and the server has not processed the request.
    Broken,
    /// The server rotates and answers without an access token.
    NoAccessToken,
    /// The answer is 200 without a token.
    Malformed,
    /// The answer is 422 with a message about the refresh token.
    Complaint,
    /// The server answers without a refresh token.
    NoRefreshToken,
    /// The server answers without a refresh token, and says that the old refresh token lives for a week
    /// from now.
    Dated,
}

/// A server that issues `rt-1`, `rt-2` ...
pub(super) struct Server {
    pub(super) rotation: Rotation,
    pub(super) issued: u64,
    /// The refresh tokens that still work.
    pub(super) good: Vec<String>,
    pub(super) spent: Vec<(String, OffsetDateTime)>,
    pub(super) sent: Vec<String>,
    pub(super) revoked: Vec<String>,
    pub(super) acts: VecDeque<Act>,
    pub(super) rotations: u64,
}

fn error(code: &str, status: u16) -> OAuthError {
    let host = "as.example".to_owned();
    OAuthError { host, code: code.to_owned(), description: None, uri: None, status, request: None }
}

fn reply(outcome: Outcome) -> Sent {
    Sent::Reply(Reply { refresh_token: None, outcome })
}

impl Server {
    pub(super) fn refresh(&mut self, spent: &str, now: OffsetDateTime) -> Option<String> {
        let within = |window: Duration| {
            self.spent.iter().any(|(old, at)| old == spent && clock::until(*at, now) < window)
        };
        let good = self.good.iter().any(|good| good == spent)
            || match self.rotation {
                Rotation::Grace(window) | Rotation::GraceThenFamily(window) => within(window),
                Rotation::UntilUsed => self.spent.last().is_some_and(|(old, _)| old == spent),
                _ => false,
            };
        if !good {
            let known = self.spent.iter().any(|(old, _)| old == spent);
            let kills =
                matches!(self.rotation, Rotation::StrictFamily | Rotation::GraceThenFamily(_));
            if known && kills {
                self.good.clear();
            }
            return None;
        }
        self.rotations += 1;
        if self.rotation == Rotation::None {
            return Some(spent.to_owned());
        }
        self.issued += 1;
        if self.good.iter().any(|good| good == spent) {
            self.spent.push((spent.to_owned(), now));
        }
        self.good.retain(|good| good != spent);
        let next = format!("rt-{}", self.issued);
        self.good.push(next.clone());
        Some(next)
    }

    fn token(&self, refresh_token: Option<&str>, now: OffsetDateTime) -> Token {
        let token = Token::new(format!("at-{}", self.rotations + 1))
            .with_issued_at(now)
            .with_expires_at(clock::later(now, LIFE));
        match refresh_token {
            Some(text) => token.with_refresh_token(text),
            None => token,
        }
    }
}

/// The server, a callback for each request, and a warning about the connection.
pub(super) struct Wire(
    pub(super) Mutex<Server>,
    pub(super) Mutex<Option<Hold>>,
    pub(super) Mutex<Option<String>>,
);

/// Called with each request before it is served.
pub(super) type Hold = Box<dyn FnMut() + Send>;

impl Transport for Wire {
    fn send(&self, ask: Ask<'_>, now: OffsetDateTime) -> Sent {
        if let Some(hold) = self.1.lock().as_mut() {
            hold();
        }
        let mut server = self.0.lock();
        // Without a connection, the client never gets to its check before the first byte.
        let connects = !matches!(server.acts.front(), Some(Act::Never | Act::Unwritable));
        let spent = match ask {
            Ask::Refresh { in_time, .. } if connects && !in_time() => {
                return Sent::Never("it is too late".into());
            }
            Ask::Refresh { refresh_token, .. } => refresh_token.expose().to_owned(),
            Ask::Revoke(token, _) => {
                server.revoked.push(token.expose().to_owned());
                return Sent::Never("no matter".into());
            }
            Ask::Grant(_) => String::new(),
        };
        let act = server.acts.pop_front();
        if act == Some(Act::Never) {
            return Sent::Never("connection refused".into());
        }
        if act == Some(Act::Unwritable) {
            return Sent::Never(Error::config("the client id is empty").into());
        }
        server.sent.push(spent.clone());
        match act {
            Some(Act::LoseRequest) => return Sent::NoAnswer("reset".into()),
            Some(Act::Refuse) => return reply(Outcome::Refused(error("invalid_grant", 400))),
            Some(Act::TooEarly) => return reply(Outcome::TooEarly(error("access_denied", 400))),
            Some(Act::Setup) => return reply(Outcome::Setup(error("invalid_client", 401))),
            Some(Act::Bad) => return reply(Outcome::Unknown(error("http_400", 400))),
            Some(Act::Malformed) => return reply(Outcome::Unknown(error("malformed", 200))),
            Some(Act::Broken) => return reply(Outcome::Unknown(error("http_500", 500))),
            Some(Act::Complaint) => {
                let refresh_token = Some(Secret::new("required"));
                let outcome = Outcome::Unknown(error("http_422", 422));
                return Sent::Reply(Reply { refresh_token, outcome });
            }
            Some(Act::TooMany) => {
                let error = error("http_429", 429);
                return reply(Outcome::Limited { error, retry_after: None, spent: false });
            }
            Some(act @ (Act::Unavailable | Act::Tomorrow)) => {
                let seconds = if act == Act::Tomorrow { 86_400 } else { 30 };
                let retry_after = Some(Duration::from_secs(seconds));
                let error = error("http_503", 503);
                return reply(Outcome::Limited { error, retry_after, spent: true });
            }
            _ => {}
        }
        if spent.is_empty() {
            server.rotations += 1;
            let token = server.token(None, now);
            return issued(token);
        }
        let Some(next) = server.refresh(&spent, now) else {
            return reply(Outcome::Refused(error("invalid_grant", 400)));
        };
        match act {
            Some(Act::LoseReply) => Sent::NoAnswer("cut".into()),
            Some(Act::NoAccessToken) => Sent::Reply(Reply {
                refresh_token: Some(Secret::new(next)),
                outcome: Outcome::Unknown(error("malformed", 200)),
            }),
            Some(Act::Dated) => {
                let refresh_expires_in = Some(Duration::from_secs(7 * 86_400));
                let issued = Issued { token: server.token(None, now), refresh_expires_in };
                reply(Outcome::Token(Box::new(issued)))
            }
            Some(Act::NoRefreshToken) => issued(server.token(None, now)),
            _ => issued(server.token(Some(&next), now)),
        }
    }

    fn warning(&self) -> Option<String> {
        self.2.lock().take()
    }
}

pub(super) fn issued(token: Token) -> Sent {
    let refresh_token = token.refresh_token().cloned();
    let issued = Issued { token, refresh_expires_in: None };
    Sent::Reply(Reply { refresh_token, outcome: Outcome::Token(Box::new(issued)) })
}
