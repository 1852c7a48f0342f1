//! Authorization requests that the client signs (RFC 9101): the parameters are claims of a JWT, the request
//! object, which is sent by value.

use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::assertion::{audience, signed, signed_by_secret};
use super::authorize::AuthorizationRequest;
use super::form::Params;
use super::requester::Requester;
use crate::clock::later;
use crate::error::{Error, Result};
use crate::provider::ClientAuth;
use crate::secret::{Secret, random_id};

/// The type of the JWT (section 10.8).
const KIND: &str = "oauth-authz-req+jwt";
/// How long a request object is valid. A person opens the address within this time.
const LIFETIME: Duration = Duration::from_secs(600);
/// How far the server's clock may be behind ours.
const EARLIER: time::Duration = time::Duration::seconds(60);

/// Claims that the client sets itself, and parameters that a request object must not have (section 4).
const RESERVED: [&str; 9] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "request", "request_uri"];

impl<'a> AuthorizationRequest<'a> {
    /// Moves the parameters into a signed request object. The request then has only the parameters
    /// `client_id` and `request` (section 5). `caller` has the time of the server; `ours` is the same moment
    /// by our clock.
    ///
    /// A login with `openid` that is not pushed also sends `response_type` and `scope` as parameters, because
    /// OpenID Connect Core section 6.1 requires this. A pushed request sends no other parameters (RFC 9126
    /// section 3).
    pub(crate) fn signed(
        mut self,
        caller: &Requester<'_>,
        pushed: bool,
        ours: OffsetDateTime,
    ) -> Result<Self> {
        let Requester { provider, credentials, now, .. } = *caller;
        let mut claims = claims(&self.params)?;
        let inside = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let (kind, scope) = (inside("response_type"), inside("scope"));
        let openid = scope.as_ref().filter(|scope| scope.split(' ').any(|one| one == "openid"));
        let mut outside = Params::new();
        outside.push("client_id", credentials.id().to_owned());
        if let (Some(kind), Some(scope), false) = (kind, openid, pushed) {
            outside.push("response_type", kind);
            outside.push("scope", scope.clone());
        }
        let own = [
            ("iss", json!(credentials.id())),
            ("client_id", json!(credentials.id())),
            ("aud", json!(provider.endpoints.issuer.as_deref().unwrap_or(audience(provider)))),
            ("iat", json!(now.unix_timestamp())),
            ("nbf", json!(now.checked_sub(EARLIER).unwrap_or(now).unix_timestamp())),
            ("exp", json!(later(now, LIFETIME).unix_timestamp())),
            ("jti", json!(random_id())),
        ];
        claims.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let object = request_object(caller, &Value::Object(claims))?;
        outside.push("request", object.expose().to_owned());
        self.params = outside;
        if !pushed {
            self.authorization.expires_at = Some(later(ours, LIFETIME));
        }
        Ok(self)
    }
}

/// Signs with the key of the credentials, or with the client secret if the client also authenticates with the
/// secret.
fn request_object(caller: &Requester<'_>, claims: &Value) -> Result<Secret> {
    let Requester { provider, credentials, .. } = *caller;
    match (credentials.request_signer(), credentials.secret()) {
        (Some(signer), _) => signed(&*signer.0, Some(KIND), claims),
        (None, Some(secret)) if provider.token_request.client_auth == ClientAuth::SecretJwt => {
            Ok(signed_by_secret(secret, Some(KIND), claims))
        }
        _ => Err(Error::config(format!(
            "{} accepts a login only as a signed request (RFC 9101), and the credentials have no key: make \
             them with Credentials::signed, or add a key with Credentials::with_request_signer",
            provider.display_name
        ))),
    }
}

/// The parameters as claims (section 4): text as strings, numbers as numbers, JSON as JSON. A parameter that
/// comes twice, such as `resource`, is a list.
fn claims(params: &Params<'_>) -> Result<Map<String, Value>> {
    let mut claims = Map::new();
    for (name, value) in params.pairs() {
        if RESERVED.contains(&name) {
            return Err(Error::config(format!(
                "the parameter {name:?} cannot be in a signed request (RFC 9101 section 4)"
            )));
        }
        let value = match name {
            "max_age" => value.parse::<u64>().map_or_else(|_| value.into(), Value::from),
            "claims" | "authorization_details" => {
                serde_json::from_str(value).unwrap_or_else(|_| value.into())
            }
            _ => value.into(),
        };
        match claims.get_mut(name) {
            None => drop(claims.insert(name.to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests;
