//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

mod metadata;
mod value;

use std::borrow::Cow;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;
use zeroize::Zeroizing;

pub use self::metadata::ClientMetadata;
pub use self::value::Registration;
use super::error_text::hide;
use super::form::Params;
use super::refusal::refusal;
use super::reply::{RawReply, redirect};
use super::request::{TokenRequest, build_form};
use crate::error::{Error, Result};
use crate::provider::{Provider, host_of};
use crate::secret::Secret;
use crate::stored_json::{self, parse};

/// The protocol by which a server registers clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// RFC 7591.
    Standard,
    /// Mastodon's own protocol, at `/api/v1/apps`: a form with `client_name`, `redirect_uris`, `scopes`
    /// and `website` (docs.joinmastodon.org, methods/apps, 2026-11). The registration cannot be read or
    /// changed later.
    Mastodon,
}

/// Builds a registration (RFC 7591 section 3.1).
pub(crate) fn register(
    endpoint: &str,
    form: Form,
    metadata: &ClientMetadata,
    initial: Option<&Secret>,
) -> Result<TokenRequest> {
    if form == Form::Mastodon {
        let uris = metadata.redirect_uris().join("\n");
        let mut params = Params::new();
        params.push("client_name", metadata.text("client_name").unwrap_or_default());
        params.push("redirect_uris", uris);
        for (name, member) in [("scopes", "scope"), ("website", "client_uri")] {
            if let Some(value) = metadata.text(member) {
                params.push(name, value);
            }
        }
        return build_form(endpoint, None, &params);
    }
    with_json("POST", endpoint, initial, metadata.members())
}

/// Builds a request to the address of a registration: `GET` or `DELETE` (RFC 7592 sections 2.1 and 2.3).
pub(crate) fn manage(method: &'static str, registration: &Registration) -> Result<TokenRequest> {
    let (address, token) = management(registration)?;
    Ok(request(method, address, Some(token), Zeroizing::default()))
}

/// Builds the request that updates a registration (RFC 7592 section 2.2). The request has all metadata,
/// because the server removes members that the request leaves out. Of the values that the server issued,
/// the request has only the client id and the secret.
pub(crate) fn update(
    registration: &Registration,
    metadata: &ClientMetadata,
) -> Result<TokenRequest> {
    let (address, token) = management(registration)?;
    let mut members = metadata.members().clone();
    members.insert("client_id".to_owned(), registration.client_id().into());
    if let Some(secret) = registration.client_secret() {
        members.insert("client_secret".to_owned(), secret.expose().into());
    }
    let built = with_json("PUT", address, Some(token), &members);
    stored_json::wipe(&mut Value::Object(members));
    built
}

fn management(registration: &Registration) -> Result<(&str, &Secret)> {
    registration.client_uri().zip(registration.access_token()).ok_or_else(|| {
        Error::config(
            "the server gave no address and no token to manage this registration (RFC 7592 section 3)",
        )
    })
}

fn with_json(
    method: &'static str,
    address: &str,
    token: Option<&Secret>,
    members: &Map<String, Value>,
) -> Result<TokenRequest> {
    let body = serde_json::to_vec(members).map_err(|error| {
        Error::config(format!("the client metadata cannot be written as JSON: {error}"))
    })?;
    Ok(request(method, address, token, Zeroizing::new(body)))
}

fn request(
    method: &'static str,
    address: &str,
    token: Option<&Secret>,
    body: Zeroizing<Vec<u8>>,
) -> TokenRequest {
    let mut headers: Vec<(Cow<'static, str>, Secret)> =
        vec![("Accept".into(), Secret::new("application/json"))];
    if let Some(token) = token {
        headers.push(("Authorization".into(), Secret::new(format!("Bearer {}", token.expose()))));
    }
    if !body.is_empty() {
        headers.push(("Content-Type".into(), Secret::new("application/json")));
    }
    TokenRequest { method, url: Zeroizing::new(address.to_owned()), headers, body }
}

/// The request that was sent, for reading its answer.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The address of the request.
    pub(crate) address: &'a str,
    /// The metadata in the request.
    pub(crate) metadata: Option<&'a ClientMetadata>,
    /// The registration that the request is about.
    pub(crate) before: Option<&'a Registration>,
    /// The initial access token.
    pub(crate) initial: Option<&'a Secret>,
    pub(crate) sent_at: OffsetDateTime,
}

const WHAT: &str = "the registration";

/// Reads the answer to a registration, a read or an update (RFC 7591 section 3.2.1, RFC 7592 section
/// 3). The standard's status is 201 for a registration and 200 otherwise; servers also use the other
/// status.
pub(crate) fn read(reply: &RawReply<'_>, asked: Asked<'_>) -> Result<Registration> {
    let wrong =
        |why: String| Err(Error::decode(format!("{WHAT} at {}", host_of(asked.address)), why));
    if let Some(error) = refused(reply, asked)? {
        return Err(error);
    }
    if !matches!(reply.status, 200 | 201) {
        return wrong(format!("its status is {}, and must be 201", reply.status));
    }
    let body = reply.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(reply.body);
    let members: Map<String, Value> = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return wrong("it is not a JSON object".to_owned()),
        Err(_) => return wrong("it is not JSON".to_owned()),
    };
    let registration = match Registration::of(members) {
        Ok(registration) => registration,
        Err(why) => return wrong(why),
    };
    let plain = |address: &str| Url::parse(address).is_ok_and(|url| url.scheme() == "http");
    // Another server must not lead the client to programs on this machine.
    if registration.client_uri().is_some_and(plain) && !plain(asked.address) {
        return wrong("its member registration_client_uri is not an https address".to_owned());
    }
    let registration = match asked.before {
        Some(before) if before.client_id() != registration.client_id() => {
            return wrong("it has another client_id".to_owned());
        }
        Some(before) => before.succeeded_by(registration),
        None => registration,
    };
    Ok(match asked.metadata {
        Some(metadata) => registration.asked(metadata),
        None => registration,
    })
}

/// Reads the answer to a removal (RFC 7592 section 2.3).
pub(crate) fn read_removal(reply: &RawReply<'_>, asked: Asked<'_>) -> Result<()> {
    match refused(reply, asked)? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The error in an answer, if it is a refusal (RFC 7591 section 3.2.2). A redirect is not followed.
fn refused(reply: &RawReply<'_>, asked: Asked<'_>) -> Result<Option<Error>> {
    let value: Value = parse(reply.body).unwrap_or_default();
    let named =
        value.get("error").is_some_and(Value::is_string) && value.get("client_id").is_none();
    if (200..300).contains(&reply.status) && !named {
        return Ok(None);
    }
    if (300..400).contains(&reply.status) {
        let why = format!("status {}: {}", reply.status, redirect(reply.headers));
        return Err(Error::decode(format!("{WHAT} at {}", host_of(asked.address)), why));
    }
    let host = Provider::builder("registration").token_endpoint(asked.address).build()?;
    let mut error = refusal(&host, reply, asked.sent_at, WHAT);
    if let Error::OAuth(error) = &mut error {
        let kept = asked.before.into_iter().flat_map(Registration::secrets);
        let new = ["client_secret", "registration_access_token"];
        let new = new.iter().filter_map(|name| Some(Secret::new(value.get(name)?.as_str()?)));
        kept.chain(asked.initial).cloned().chain(new).for_each(|secret| hide(error, &secret));
    }
    Ok(Some(error))
}

#[cfg(test)]
mod tests;
