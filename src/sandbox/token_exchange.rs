//! Implements the token exchange (RFC 8693), without I/O.

use super::server::{Server, Which};
use super::token_endpoint::TokenCall;
use super::tokens::{Decision, Now, Refused};

/// The beginning of a token type (section 3).
const TYPE: &str = "urn:ietf:params:oauth:token-type:";

impl Server {
    /// Exchanges a token of this server for another (section 2.1). A token that is not an access token has
    /// the type `N_A` (section 2.2.1).
    pub(super) fn token_exchange(&mut self, now: Now, call: &TokenCall) -> Decision {
        let refused = |description| Err(Refused::new("invalid_request", description));
        let subject = (call.parameter("subject_token"), call.parameter("subject_token_type"));
        let (Some(subject), Some(subject_type)) = subject else {
            return refused("subject_token and subject_token_type are both required");
        };
        let Some(owner) = self.bearer_of(now, subject, subject_type) else {
            return refused("the subject_token is not good");
        };
        match (call.parameter("actor_token"), call.parameter("actor_token_type")) {
            (None, None) => {}
            (Some(actor), Some(kind)) if self.bearer_of(now, actor, kind).is_some() => {}
            (Some(_), Some(_)) => return refused("the actor_token is not good"),
            _ => return refused("actor_token and actor_token_type belong together"),
        }
        let kind = call.parameter("requested_token_type").unwrap_or("");
        let kind = match kind.strip_prefix(TYPE).unwrap_or(kind) {
            "" | "access_token" => "access_token",
            "jwt" => "jwt",
            "id_token" => "id_token",
            _ => return refused("not a requested_token_type of the sandbox"),
        };
        let audiences: Vec<_> =
            call.parameters.iter().filter(|(name, _)| name == "audience").collect();
        if audiences.iter().any(|(_, audience)| audience == "unknown") {
            return Err(Refused::new("invalid_target", "an unknown audience"));
        }
        let scope = call.parameter("scope").unwrap_or_default().to_owned();
        let issued = match self.settings.exchange_refresh_tokens {
            true => self.begin_login(now, &scope),
            false => self.own_token(now, &scope, Some(owner)),
        };
        self.access_tokens[issued.access].kind = Some(kind);
        self.counters.token_exchanges += 1;
        Ok(issued)
    }

    /// The owner of a token of this server.
    fn bearer_of(&mut self, now: Now, text: &str, kind: &str) -> Option<String> {
        match kind.strip_prefix(TYPE)? {
            "access_token" => self.owner(now, text).map(|owner| owner.subject),
            "refresh_token" => match self.by_text.get(text)? {
                Which::Refresh(index) => {
                    let token = &self.refresh_tokens[*index];
                    let live = !token.ended && !self.logins[token.login].ended;
                    live.then(|| super::server::SUBJECT.to_owned())
                }
                Which::Access(_) => None,
            },
            _ => None,
        }
    }

    /// The members of an answer that say what was issued (section 2.2.1).
    pub(super) fn issued_type(&self, access: usize) -> Option<(String, &'static str)> {
        let token = &self.access_tokens[access];
        let kind = token.kind?;
        let token_type = match (kind, &token.jkt) {
            ("access_token", Some(_)) => "DPoP",
            ("access_token", None) => "Bearer",
            _ => "N_A",
        };
        Some((format!("{TYPE}{kind}"), token_type))
    }
}
