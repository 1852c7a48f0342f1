//! Tells who has logged in, in the same form for every service.
//!
//! ```
//! # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
//! # let sandbox = Sandbox::start()?;
//! # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! # client.seed(sandbox.login())?;
//! let identity = client.id_and_email()?;
//! assert_eq!(identity.id, "ada");
//! assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
//! # Ok::<(), evergrant::BoxError>(())
//! ```
//!
//! The ready providers know where their service has the profile. Another provider needs a userinfo
//! endpoint (OpenID Connect) or a [`Profile`] of your own.
//!
//! Only the id identifies a user at a service. An e-mail address can belong to another person later, and
//! most services do not say whether it is verified.

use std::fmt;

use serde_json::Value;
use ureq::http::Method;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::protocol;
use crate::provider::{EmailPlace, Profile, Step};

/// Who has logged in. `Debug` shows no id, no address and no value of the profile.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// The user's id at this service, as a string even if the service writes a number. Never empty.
    pub id: String,
    /// The user's e-mail address, if the service gives one. An address that the service calls
    /// unverified is left out here, and is only in [`Identity::raw`].
    pub email: Option<String>,
    /// Whether the service says that the address is verified; `None` when it does not say. With
    /// `Some(false)`, [`Identity::email`] is `None`.
    pub email_verified: Option<bool>,
    /// The profile as the service sent it. [`Client::profile`] returns the same value.
    pub raw: Value,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.raw.as_object().map(|members| members.keys().collect::<Vec<_>>());
        f.debug_struct("Identity")
            .field("email", &self.email.is_some())
            .field("email_verified", &self.email_verified)
            .field("members", &members.unwrap_or_default())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Asks the service who has logged in, and returns the user's profile as the service sent it. Without a
    /// [`Profile`] in the provider, the client asks the userinfo endpoint, as `Client::userinfo` does.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the provider has neither a profile nor a userinfo endpoint; the errors of
    /// [`crate::Request::call`]; [`Error::Decode`] for an answer without a profile.
    pub fn profile(&self) -> Result<Value> {
        let Some(profile) = &self.provider().api.profile else {
            if self.provider().userinfo_endpoint().is_none() {
                let name = self.provider().display_name();
                return Err(Error::config(format!(
                    "{name} has neither a profile nor a userinfo endpoint, so it is not known who \
                     has logged in"
                )));
            }
            return self.userinfo().map(Value::Object);
        };
        let answer = self.step(&profile.first)?;
        match protocol::at(&answer, &profile.inside) {
            Some(found @ Value::Object(_)) => Ok(found.clone()),
            _ => Err(wrong(&profile.first, "it has no profile")),
        }
    }

    /// Asks the service who has logged in: the user's id, and the e-mail address if there is one. Some
    /// services return the address only in answer to a second request, which is sent if the profile has
    /// no address.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::profile`], for either request; [`Error::Decode`] for a profile without an id.
    pub fn id_and_email(&self) -> Result<Identity> {
        let raw = self.profile()?;
        let Some(profile) = &self.provider().api.profile else {
            let open_id = Profile::get(self.provider().userinfo_endpoint().unwrap_or_default());
            let open_id =
                open_id.id("sub").email(EmailPlace::at("email").verified("email_verified"));
            let (email, email_verified) = found(&open_id.first, &raw);
            return Ok(Identity { id: id(&open_id, &raw)?, email, email_verified, raw });
        };
        let id = id(profile, &raw)?;
        let mut address = found(&profile.first, &raw);
        if let (None, None, Some(second)) = (&address.0, address.1, &profile.second) {
            address = found(second, &self.step(second)?);
        }
        let (email, email_verified) = address;
        Ok(Identity { id, email, email_verified, raw })
    }

    fn step(&self, step: &Step) -> Result<Value> {
        let method = if step.post { Method::POST } else { Method::GET };
        let mut request = match &step.token_in_query {
            None => self.request(method, &step.url),
            Some(name) => {
                let token = self.access_token()?;
                self.without_token(method, &step.url).query(name, token.expose())
            }
        };
        for (name, value) in &step.query {
            request = request.query(name, value);
        }
        // A POST for a profile changes nothing, so it may be sent again.
        request.header("Accept", "application/json").repeatable(true).read_json()
    }
}

fn wrong(step: &Step, why: &str) -> Error {
    Error::decode(format!("the answer of {}", step.url), why)
}

fn id(profile: &Profile, raw: &Value) -> Result<String> {
    match protocol::at(raw, &profile.id) {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        // A number beyond 64 bits has already lost digits.
        Some(Value::Number(id)) if !id.is_f64() => Ok(id.to_string()),
        _ => Err(wrong(&profile.first, &format!("it has no id at {:?}", profile.id))),
    }
}

/// The first address in an answer, and whether the service says that it is verified. An address that the
/// service calls unverified is not returned.
fn found(step: &Step, answer: &Value) -> (Option<String>, Option<bool>) {
    let found = step.emails.iter().find_map(|place| {
        let entry = entry(place, answer)?;
        let email = protocol::at(entry, &place.path)?.as_str()?;
        let verified = place.verified.as_ref().and_then(|path| protocol::at(entry, path));
        // Some services write the flag as a string.
        let verified = verified.and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_bool(),
        });
        (!email.is_empty()).then(|| (email.to_owned(), verified))
    });
    match found {
        Some((_, Some(false))) => (None, Some(false)),
        Some((email, verified)) => (Some(email), verified),
        None => (None, None),
    }
}

fn entry<'a>(place: &EmailPlace, answer: &'a Value) -> Option<&'a Value> {
    let Some(list) = &place.list else { return Some(answer) };
    let list = protocol::at(answer, list)?.as_array()?;
    let is_primary = |entry: &&Value| match &place.primary {
        Some(primary) => protocol::at(entry, primary) == Some(&Value::Bool(true)),
        None => false,
    };
    list.iter().find(is_primary).or_else(|| list.first())
}
