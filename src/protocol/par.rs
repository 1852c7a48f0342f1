//! Pushed authorization requests (RFC 9126).

use serde_json::Value;
use time::OffsetDateTime;

use super::authorize::{Authorization, AuthorizationRequest};
use super::client_auth::authenticate;
use super::form::Params;
use super::refusal::refusal;
use super::reply::RawReply;
use super::reply::lifetime::seconds;
use super::request::{TokenRequest, build_form};
use super::requester::Requester;
use crate::clock::later;
use crate::error::{Error, Result};
use crate::provider::Provider;
use crate::secret::Secret;
use crate::stored_json::parse;

/// The longest `request_uri` that is accepted, in bytes.
const LONGEST: usize = 2048;

/// The server's answer to a pushed request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    request_uri: String,
    expires_at: Option<OffsetDateTime>,
}

/// Builds the request that pushes the parameters of a login (section 2.1). The client authenticates as
/// at the token endpoint. `client_id` is always sent, because it is a parameter of the login.
pub(crate) fn push(
    caller: &Requester<'_>,
    request: &AuthorizationRequest<'_>,
) -> Result<TokenRequest> {
    let provider = caller.provider;
    let Some(endpoint) = provider.pushed_authorization_request_endpoint() else {
        return Err(Error::config(format!(
            "{} has no pushed authorization request endpoint",
            provider.display_name
        )));
    };
    if request.params.has("request_uri") {
        return Err(Error::config(
            "a pushed authorization request must not have the parameter `request_uri` (RFC 9126 section \
             2.1)",
        ));
    }
    let mut proof = Params::new();
    let header = authenticate(caller, &mut proof)?;
    let mut params = request.params.clone();
    params.add_missing(proof);
    build_form(endpoint, header, &params)
}

/// Reads the answer (section 2.2). The standard's status is 201; some servers answer 200.
pub(crate) fn read_pushed(
    provider: &Provider,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
) -> Result<Pushed> {
    let what = "the answer to the pushed authorization request";
    let wrong =
        |why: String| Err(Error::decode(format!("{what} of {}", provider.token_host()), why));
    let value: Value = parse(reply.body).unwrap_or_default();
    if !(200..300).contains(&reply.status) || value.get("error").is_some_and(Value::is_string) {
        return Err(refusal(provider, reply, sent_at, what));
    }
    if !matches!(reply.status, 200 | 201) {
        return wrong(format!("its status is {}, and must be 201", reply.status));
    }
    let Value::Object(members) = value else { return wrong("it is not a JSON object".to_owned()) };
    let request_uri = match members.get("request_uri") {
        Some(Value::String(text)) if is_usable(text) => text.clone(),
        Some(_) => return wrong("its member request_uri is not a URI".to_owned()),
        None => return wrong("it has no member request_uri".to_owned()),
    };
    let lifetime = match members.get("expires_in") {
        None | Some(Value::Null) => None,
        Some(value) => match seconds(value) {
            Some(lifetime) => Some(lifetime),
            None => return wrong("its member expires_in is not a number of seconds".to_owned()),
        },
    };
    let expires_at = lifetime.map(|lifetime| later(sent_at, lifetime));
    Ok(Pushed { request_uri, expires_at })
}

fn is_usable(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl AuthorizationRequest<'_> {
    /// The state of the login, which no error may repeat.
    pub(crate) fn state(&self) -> &Secret {
        &self.authorization.state
    }

    /// The login whose address has only `client_id` and the `request_uri` of the pushed request (section 4).
    pub(crate) fn pushed(self, provider: &Provider, pushed: Pushed) -> Result<Authorization> {
        let Pushed { request_uri, expires_at } = pushed;
        let AuthorizationRequest { mut authorization, endpoint, .. } = self;
        let mut params = Params::new();
        params.push(provider.token_request.client_id_name(), authorization.client_id().to_owned());
        params.push("request_uri", request_uri);
        authorization.url = params.to_url(&endpoint)?;
        authorization.expires_at = expires_at;
        Ok(authorization)
    }
}

#[cfg(test)]
mod tests;
