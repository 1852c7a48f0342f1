//! Implements pushed authorization requests (RFC 9126), without I/O.

use std::time::Duration;

use serde_json::{Value, json};

use super::codes::{Pending, Unfit};
use super::server::Server;
use super::token_endpoint::TokenCall;
use super::tokens::{Now, Refused};
use crate::secret::random_text;

/// A pushed request, whose `request_uri` works once and expires.
pub(super) struct Pushed {
    pending: Pending,
    ends_at: Duration,
    used: bool,
}

impl Server {
    /// Accepts a pushed request of an authenticated client, and returns the members of the reply (section
    /// 2.2).
    pub(super) fn push(&mut self, now: Now, call: &TokenCall) -> Result<Value, Refused> {
        let refused = |description| Err(Refused::new("invalid_request", description));
        let Some(lifetime) = self.settings.pushed_lifetime else {
            return Err(Refused { status: 404, ..Refused::new("not_found", "no pushed requests") });
        };
        if call.method != "POST" {
            return Err(Refused { status: 405, ..Refused::new("invalid_request", "wrong method") });
        }
        if call.parameter("request_uri").is_some() {
            return refused("request_uri is in a pushed request");
        }
        let pending = self.pending_of(&call.parameters);
        let mut pending = pending.map_err(|fault| Refused::new(fault.code, fault.description))?;
        // A proof also binds the code, and must match the parameter (RFC 9449 section 10.1).
        if let Some(key) = self.proofs.key.take()
            && *pending.dpop_jkt.get_or_insert(key.clone()) != key
        {
            return refused("dpop_jkt is not the key of the proof");
        }
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{}", random_text::<24>());
        let ends_at = now.monotonic.saturating_add(lifetime);
        self.pushed.insert(request_uri.clone(), Pushed { pending, ends_at, used: false });
        self.counters.pushed_requests += 1;
        Ok(json!({"request_uri": request_uri, "expires_in": lifetime.as_secs()}))
    }

    /// The pushed request of an authorization request that has only `client_id` and `request_uri` (section
    /// 4). The request is used up.
    pub(super) fn take_pushed(
        &mut self,
        now: Now,
        issuer: &str,
        parameters: &[(String, String)],
    ) -> Result<Pending, Unfit> {
        let get = |name: &str| parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        if parameters.len() != 2 {
            return Err(Unfit::Page("more than client_id and request_uri"));
        }
        let pushed = get("request_uri").and_then(|uri| self.pushed.get_mut(uri));
        let Some(pushed) = pushed else { return Err(Unfit::Page("unknown request_uri")) };
        let pending = pushed.pending.clone();
        if get("client_id") != Some(&pending.client) {
            return Err(Unfit::Page("the request_uri of another client"));
        }
        let used = std::mem::replace(&mut pushed.used, true);
        let fault = if used {
            "the request_uri was used before"
        } else if now.monotonic >= pushed.ends_at {
            "the request_uri has expired"
        } else {
            return Ok(pending);
        };
        let parameters = [("error", "invalid_request_uri"), ("error_description", fault)];
        Err(Unfit::Redirect(self.callback(issuer, &pending, &parameters)))
    }
}
