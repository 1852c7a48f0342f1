//! A request to the authorization server that a hook may change.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use super::form::{Params, parse};
use super::request::TokenRequest;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::stored_json::wipe;
use crate::substring;

/// How a request carries its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Form,
    Json,
    Query,
}

/// A request to the authorization server before it is sent. A hook of
/// [`ClientBuilder::before_token_request`](crate::ClientBuilder::before_token_request) may change the
/// parameters and the headers. `Debug` shows the names of the parameters and headers, and no values.
pub struct TokenDraft {
    method: &'static str,
    url: Zeroizing<String>,
    carrier: Carrier,
    params: Vec<(String, Secret)>,
    headers: Vec<(Cow<'static, str>, Secret)>,
    /// The values that the hook has added, which no error may show.
    added: Vec<Secret>,
    changed: bool,
}

impl TokenDraft {
    /// The address without its query.
    pub fn url(&self) -> &str {
        substring::before(&self.url, '?')
    }

    /// The value of a parameter, such as `grant_type`.
    pub fn param(&self, name: &str) -> Option<&Secret> {
        self.params.iter().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    /// The names and values of the parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a parameter, in place of the parameter with this name or at the end.
    pub fn set_param(&mut self, name: &str, value: impl Into<Secret>) {
        let value = value.into();
        self.note(&value);
        match self.params.iter_mut().find(|(have, _)| have == name) {
            Some((_, old)) => *old = value,
            None => self.params.push((name.to_owned(), value)),
        }
    }

    /// Gives a parameter another name. Does nothing if there is no such parameter.
    pub fn rename_param(&mut self, name: &str, new: &str) {
        for (have, _) in self.params.iter_mut().filter(|(have, _)| have == name) {
            new.clone_into(have);
            self.changed = true;
        }
    }

    /// Removes a parameter.
    pub fn remove_param(&mut self, name: &str) {
        self.params.retain(|(have, _)| have != name);
        self.changed = true;
    }

    /// Sets a header, in place of the header with this name.
    pub fn set_header(&mut self, name: &str, value: impl Into<Secret>) {
        let value = value.into();
        self.note(&value);
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self.headers.push((Cow::Owned(name.to_owned()), value));
    }

    /// Removes a header.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self.changed = true;
    }

    fn note(&mut self, value: &Secret) {
        self.changed = true;
        self.added.push(value.clone());
    }

    /// A request that is ready to be sent, as a draft.
    pub(crate) fn of(request: &TokenRequest) -> TokenDraft {
        let body = Zeroizing::new(String::from_utf8_lossy(&request.body).into_owned());
        let is_json = request
            .headers
            .iter()
            .any(|(name, value)| name == "Content-Type" && value.expose() == "application/json");
        let pairs = |text: &str| {
            parse(text).into_iter().map(|pair| (pair.name, Secret::new(pair.value))).collect()
        };
        let (carrier, params) = match (body.is_empty(), is_json) {
            (true, _) => (
                Carrier::Query,
                pairs(substring::split_once(&request.url, '?').map_or("", |q| q.1)),
            ),
            (false, true) => (Carrier::Json, members(&body)),
            (false, false) => (Carrier::Form, pairs(&body)),
        };
        TokenDraft {
            method: request.method,
            url: request.url.clone(),
            carrier,
            params,
            headers: request.headers.clone(),
            added: Vec::new(),
            changed: false,
        }
    }

    /// The request of a draft, and the values that the hook has added. If the hook changed nothing,
    /// `request` is returned byte for byte.
    pub(crate) fn into_request(self, request: TokenRequest) -> Result<(TokenRequest, Vec<Secret>)> {
        if !self.changed {
            return Ok((request, Vec::new()));
        }
        let mut params = Params::new();
        for (name, value) in &self.params {
            if self.carrier != Carrier::Query && params.has(name) && name != "resource" {
                return Err(Error::config(format!(
                    "a hook added a second parameter {name:?} to a token request"
                )));
            }
            params.push(name, value.expose());
        }
        let (url, body) = match self.carrier {
            Carrier::Form => (self.url.clone(), params.to_form()),
            Carrier::Json => (self.url.clone(), params.to_json()?),
            Carrier::Query => (Zeroizing::new(params.to_url(self.url())?), Zeroizing::default()),
        };
        Ok((TokenRequest { method: self.method, url, headers: self.headers, body }, self.added))
    }
}

/// The members of a JSON object of strings.
fn members(text: &str) -> Vec<(String, Secret)> {
    let mut value: Value = text.parse().unwrap_or_default();
    let mut found = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        found.push((name.clone(), Secret::new(value.as_str().unwrap_or_default())));
    }
    wipe(&mut value);
    found
}

impl fmt::Debug for TokenDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenDraft")
            .field("method", &self.method)
            .field("params", &self.params.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::request::build;
    use crate::provider::TokenFormat;

    fn request(format: TokenFormat) -> TokenRequest {
        let mut params = Params::new();
        params.push("grant_type", "refresh_token");
        params.push("refresh_token", "rt +1");
        build(format, "https://a.example/t?x=%2f", None, &params).unwrap()
    }

    const ALL: [TokenFormat; 4] =
        [TokenFormat::Form, TokenFormat::Json, TokenFormat::Query, TokenFormat::Get];

    #[test]
    fn a_draft_that_nobody_changes_stays_byte_for_byte() {
        for format in ALL {
            let request = request(format);
            let (url, body) = (request.url.clone(), request.body.clone());
            let draft = TokenDraft::of(&request);
            assert_eq!(draft.param("refresh_token"), Some(&Secret::new("rt +1")), "{format:?}");
            assert!(!format!("{draft:?}").contains("rt +1"));
            let (same, added) = draft.into_request(request).unwrap();
            assert_eq!((&same.url, &same.body, added.len()), (&url, &body, 0), "{format:?}");
        }
    }

    /// The body and the headers of a form after one change.
    fn after(change: impl FnOnce(&mut TokenDraft)) -> Result<(String, Vec<String>)> {
        let request = request(TokenFormat::Form);
        let mut draft = TokenDraft::of(&request);
        change(&mut draft);
        let (request, _) = draft.into_request(request)?;
        let header = |(name, value): &(Cow<'_, str>, Secret)| format!("{name}: {}", value.expose());
        let headers = request.headers.iter().map(header).collect();
        Ok((String::from_utf8_lossy(&request.body).into_owned(), headers))
    }

    #[test]
    fn one_change_alone_is_sent() {
        let (json, form) =
            ("Accept: application/json", "Content-Type: application/x-www-form-urlencoded");
        let (body, headers) = after(|draft| draft.rename_param("grant_type", "g")).unwrap();
        assert_eq!(body, "g=refresh_token&refresh_token=rt%20%2B1");
        assert_eq!(headers, [json, form]);
        let (body, _) = after(|draft| draft.remove_param("refresh_token")).unwrap();
        assert_eq!(body, "grant_type=refresh_token");
        let (_, headers) = after(|draft| draft.set_header("accept", "*/*")).unwrap();
        assert_eq!(headers, [form, "accept: */*"]);
        let (_, headers) = after(|draft| draft.remove_header("accept")).unwrap();
        assert_eq!(headers, [form]);
    }

    #[test]
    fn only_a_resource_may_come_twice_in_a_draft() {
        let twice = |name: &'static str| {
            after(move |draft| {
                draft.set_param("x", "1");
                draft.set_param(name, "2");
                draft.rename_param("x", name);
            })
        };
        let error = twice("audience").unwrap_err().to_string();
        assert!(error.contains("a second parameter \"audience\""), "{error}");
        assert!(twice("resource").unwrap().0.ends_with("&resource=1&resource=2"));
        // The query had the parameter twice before the hook ran, which is no error.
        let mut draft = TokenDraft::of(&TokenRequest {
            url: Zeroizing::new("https://a.example/t?a=1&a=2".to_owned()),
            ..request(TokenFormat::Get)
        });
        draft.set_param("b", "3");
        let (request, _) = draft.into_request(request(TokenFormat::Get)).unwrap();
        assert_eq!(&**request.url, "https://a.example/t?a=1&a=2&b=3");
    }

    #[test]
    fn changed_parameters_are_sent_where_the_others_were() {
        for (format, expected) in [
            (TokenFormat::Form, "grantType=refresh_token&sign=s%2F1"),
            (TokenFormat::Json, r#"{"grantType":"refresh_token","sign":"s/1"}"#),
            (TokenFormat::Get, "https://a.example/t?x=%2F&grantType=refresh_token&sign=s%2F1"),
        ] {
            let request = request(format);
            let mut draft = TokenDraft::of(&request);
            draft.rename_param("grant_type", "grantType");
            draft.remove_param("refresh_token");
            draft.set_param("sign", "s/0");
            draft.set_param("sign", "s/1");
            draft.set_header("X-Sign", "s/2");
            let (request, added) = draft.into_request(request).unwrap();
            let sent = match format {
                TokenFormat::Get => request.url.to_string(),
                _ => String::from_utf8_lossy(&request.body).into_owned(),
            };
            assert_eq!(sent, expected);
            assert_eq!(added.len(), 3);
            assert!(request.headers.iter().any(|(name, _)| name == "X-Sign"));
        }
    }
}
