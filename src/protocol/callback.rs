//! Checks the callback of the browser (RFC 6749 section 4.1.2, RFC 9207).

use std::fmt;

use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use url::Url;
use zeroize::Zeroizing;

use super::authorize::Authorization;
use super::error_text::{clean, hide};
use super::form::{Pair, parse};
use super::id_token::may_be_issuer;
use crate::error::{CallbackError, Error, OAuthError, Result};
use crate::secret::Secret;
use crate::substring;

/// The longest callback that is read, in bytes. Servers and browsers accept far less.
const LONGEST: usize = 64 * 1024;

/// An authorization code, checked to belong to its login.
pub(crate) struct Code {
    /// The code.
    pub(crate) code: Secret,
    /// The parameters that are kept with the token, such as `realmId`.
    pub(crate) fields: Map<String, Value>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.fields.keys().collect();
        f.debug_struct("Code").field("code", &self.code).field("fields", &fields).finish()
    }
}

impl Authorization {
    /// Checks a callback: a whole address, a path with a query, a query with or without `?`, or the
    /// body of a form post.
    ///
    /// The order matters: a callback without our state is not for this login, so neither its error nor
    /// its code is used.
    pub(crate) fn check(&self, callback: &str) -> Result<Code> {
        let named = self.code_param.as_deref().unwrap_or("code");
        let pairs = read(callback, named).ok_or_else(|| wrong(CallbackError::Unreadable))?;
        let state = one(&pairs, "state", "state");
        let iss = one(&pairs, "iss", "iss");
        let error = one(&pairs, "error", "error");
        let code = one(&pairs, named, "code");
        let (code, state, iss, error) = (code?, state?, iss?, error?);

        let state = state.ok_or_else(|| wrong(CallbackError::StateMissing))?;
        if !bool::from(state.as_bytes().ct_eq(self.state.expose().as_bytes())) {
            return Err(wrong(CallbackError::StateMismatch));
        }
        match (&self.issuer, iss) {
            (Some(issuer), Some(iss)) if !may_be_issuer(issuer, iss) => {
                return Err(wrong(CallbackError::IssuerMismatch));
            }
            (Some(_), None) if self.iss_in_callback => {
                return Err(wrong(CallbackError::IssuerMissing));
            }
            _ => {}
        }
        if let Some(error) = error {
            let mut error = OAuthError {
                host: self.host.clone(),
                code: clean(error).unwrap_or_else(|| "error".to_owned()),
                description: value(&pairs, "error_description").and_then(clean),
                uri: value(&pairs, "error_uri").and_then(clean),
                status: 0,
                request: None,
            };
            // The text comes from the server, or from an attacker who made up this address.
            hide(&mut error, &self.state);
            code.into_iter().for_each(|code| hide(&mut error, &Secret::new(code)));
            return Err(Error::OAuth(Box::new(error)));
        }
        let code = code.ok_or_else(|| wrong(CallbackError::CodeMissing))?;
        let mut fields = Map::new();
        for name in &self.callback_fields {
            let missing = || wrong(CallbackError::FieldMissing(name.clone()));
            let value = value(&pairs, name).ok_or_else(missing)?;
            fields.insert(name.clone(), Value::from(value));
        }
        Ok(Code { code: Secret::new(code), fields })
    }
}

impl Authorization {
    /// The error in a callback that does not prove that it belongs to this login. Some services leave the
    /// state out when they report an error, and anybody may have made up a callback without a state: the text
    /// is shown to a person, and the login goes on.
    pub(crate) fn unproven_error(&self, callback: &str) -> Option<String> {
        let pairs = read(callback, self.code_param.as_deref().unwrap_or("code"))?;
        if value(&pairs, "state").is_some() {
            return None;
        }
        let mut error = OAuthError {
            host: self.host.clone(),
            code: value(&pairs, "error").and_then(clean)?,
            description: value(&pairs, "error_description").and_then(clean),
            uri: None,
            status: 0,
            request: None,
        };
        hide(&mut error, &self.state);
        Some(match error.description {
            Some(description) => format!("{} ({description})", error.code),
            None => error.code,
        })
    }
}

fn wrong(error: CallbackError) -> Error {
    Error::Callback(Box::new(error))
}

/// Reads the parameters. Returns `None` for a text without parameters. `code` is the name of the code's
/// parameter.
fn read(callback: &str, code: &str) -> Option<Vec<Pair>> {
    if callback.len() > LONGEST {
        return None;
    }
    let text = as_copied(callback);
    let text = unquoted(text.trim());
    // Some services append a fragment, such as `#_=_`; in a query a `#` is always encoded.
    let text = substring::before(text, '#');
    let query = match substring::split_once(text, '?') {
        Some((before, query)) if is_address(before) => query,
        _ => text,
    };
    let pairs = parse(query);
    let unreadable = |name: &&str| pairs.iter().any(|pair| pair.name == *name && !pair.clean);
    if [code, "state", "iss", "error"].iter().any(unreadable) {
        return None;
    }
    // A text without `=` is a bare code or an address, pasted from the wrong place.
    query.contains('=').then_some(pairs)
}

/// The text without the changes of a mail, a terminal or a page from which a person copied it: line breaks, which
/// no address contains (WHATWG URL section 4.4), and `&` in HTML.
fn as_copied(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(text.replace("&amp;", "&"));
    plain.retain(|c| !matches!(c, '\t' | '\r' | '\n'));
    plain
}

/// The text without a pair of quotes or brackets around it.
fn unquoted(text: &str) -> &str {
    let pairs = [("\"", "\""), ("'", "'"), ("<", ">"), ("`", "`")];
    let within = |(open, close)| text.strip_prefix(open)?.strip_suffix(close);
    pairs.into_iter().find_map(within).map_or(text, str::trim)
}

fn is_address(text: &str) -> bool {
    text.is_empty() || text.starts_with('/') || Url::parse(text).is_ok()
}

/// The value of a parameter that may come only once (RFC 6749 section 3.1). An empty parameter is
/// treated as omitted. `what` is the standard's name of the parameter, for the error.
fn one<'a>(pairs: &'a [Pair], name: &str, what: &'static str) -> Result<Option<&'a str>> {
    if pairs.iter().filter(|pair| pair.name == name).count() > 1 {
        return Err(wrong(CallbackError::Duplicate(what)));
    }
    Ok(value(pairs, name))
}

fn value<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|pair| pair.name == name && !pair.value.is_empty())
        .map(|pair| pair.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;
    use crate::protocol::authorize::authorize;
    use crate::protocol::form::encode_into;
    use crate::protocol::test_random::Random;
    use crate::provider::{Provider, ProviderBuilder};

    fn provider() -> ProviderBuilder {
        Provider::builder("example")
            .authorization_endpoint("https://a.example/authorize")
            .token_endpoint("https://a.example/token")
    }

    fn begun(provider: ProviderBuilder) -> Authorization {
        let uri = Some("https://app.example/cb");
        authorize(&provider.build().unwrap(), &Credentials::public("app"), uri, &[], &[]).unwrap()
    }

    /// Checks the callback after replacing `STATE` by the login's state.
    fn check(authorization: &Authorization, callback: &str) -> Result<Code> {
        authorization.check(&callback.replace("STATE", authorization.state().expose()))
    }

    fn refusal(authorization: &Authorization, callback: &str) -> CallbackError {
        match check(authorization, callback) {
            Err(Error::Callback(error)) => *error,
            other => panic!("{callback}: {other:?}"),
        }
    }

    #[test]
    fn every_form_of_callback_gives_the_same_code() {
        let login = begun(provider());
        for callback in [
            "https://app.example/cb?code=a%2Bb%2F%21%3D&state=STATE",
            "  https://app.example/cb?code=a%2Bb/!=&state=STATE\r\n",
            "com.example.app:/cb?code=a%2Bb/!=&state=STATE",
            "/cb?state=STATE&code=a%2Bb/!=",
            "?code=a%2Bb/!=&state=STATE&session_state=x?y",
            "code=a%2Bb/!=&state=STATE#_=_",
            "session_state=http://x?y&code=a%2Bb%2F!%3D&state=STATE",
            "code=a%2Bb/!=&state=STATE&session_state=x?y",
            "\"https://app.example/cb?code=a%2Bb/!=&state=STATE\"",
            " <https://app.example/cb?code=a%2Bb/!=&state=STATE>",
            "https://app.example/cb?code=a%2Bb/!=&amp;state=STATE",
            "https://app.example/cb?co\r\nde=a%2B\nb/!=&state=STATE",
            "view-source:https://app.example/cb?code=a%2Bb/!=&state=STATE",
        ] {
            let code = check(&login, callback).unwrap();
            assert_eq!(code.code.expose(), "a+b/!=", "{callback}");
        }
    }

    #[test]
    fn a_code_is_decoded_once() {
        let login = begun(provider());
        let code = check(&login, "?code=a%252B+b%21&state=STATE").unwrap();
        assert_eq!(code.code.expose(), "a%2B b!");
    }

    #[test]
    fn other_texts_are_not_a_callback() {
        let login = begun(provider());
        let long = format!("?code={}&state=STATE", "a".repeat(LONGEST));
        for callback in
            ["", " ", "?", "#", "hello", "https://app.example/cb", "code=%zz&state=STATE", &long]
        {
            assert_eq!(refusal(&login, callback), CallbackError::Unreadable, "{callback:.40}");
        }
    }

    #[test]
    fn a_callback_has_at_most_64_kib() {
        let login = begun(provider());
        let start = format!("?code=c&state={}&x=", login.state().expose());
        let longest = format!("{start}{}", "a".repeat(LONGEST - start.len()));
        assert!(check(&login, &longest).is_ok());
        assert_eq!(refusal(&login, &(longest + "a")), CallbackError::Unreadable);
    }

    #[test]
    fn a_repeated_code_state_iss_or_error_is_refused() {
        let login = begun(provider());
        for name in ["code", "state", "iss", "error"] {
            let callback = format!("?code=c&state=STATE&{name}=x&{name}=x");
            assert_eq!(refusal(&login, &callback), CallbackError::Duplicate(name));
        }
        assert!(check(&login, "?scope=a&code=c&state=STATE&scope=b").is_ok());
    }

    #[test]
    fn a_callback_without_our_state_is_refused() {
        let login = begun(provider());
        for callback in ["?code=c", "?code=c&state=", "?error=access_denied", "?iss=x"] {
            assert_eq!(refusal(&login, callback), CallbackError::StateMissing, "{callback}");
        }
        for callback in ["?code=c&state=x", "?error=access_denied&state=STATEx", "?state=%20STATE"]
        {
            assert_eq!(refusal(&login, callback), CallbackError::StateMismatch, "{callback}");
        }
    }

    #[test]
    fn an_issuer_for_all_tenants_is_that_of_any_tenant() {
        let of = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
        let all = of("{tenantid}");
        assert!(may_be_issuer(&all, &of("9188040d-6c67-4c5b-b112-36a304b66dad")));
        for other in [of(""), of("a/b"), of("{tenantid}"), of("a") + "/", "x".to_owned() + &of("a")]
        {
            assert!(!may_be_issuer(&all, &other), "{other}");
        }
        assert!(!may_be_issuer("https://a.example", "https://a.example/"));
    }

    #[test]
    fn a_known_issuer_is_compared() {
        let sends = begun(provider().issuer("https://a.example").issuer_in_callback(true));
        let knows = begun(provider().issuer("https://a.example"));
        let plain = begun(provider());
        let (none, own, other) = (
            "?code=c&state=STATE",
            "?code=c&state=STATE&iss=https%3A%2F%2Fa.example",
            "?code=c&state=STATE&iss=https%3A%2F%2Fa.example%2F",
        );
        assert_eq!(refusal(&sends, none), CallbackError::IssuerMissing);
        assert_eq!(refusal(&sends, other), CallbackError::IssuerMismatch);
        assert_eq!(refusal(&knows, other), CallbackError::IssuerMismatch);
        for (login, callback) in
            [(&sends, own), (&knows, own), (&knows, none), (&plain, none), (&plain, other)]
        {
            assert!(check(login, callback).is_ok(), "{callback}");
        }
        let denied = "?error=access_denied&state=STATE&iss=x";
        assert_eq!(refusal(&sends, denied), CallbackError::IssuerMismatch);
    }

    #[test]
    fn a_callback_needs_an_error_or_a_code_and_errors_win() {
        let login = begun(provider());
        let both = "?code=c&error=access_denied&error_description=no%0Away%1b&state=STATE";
        let Err(Error::OAuth(error)) = check(&login, both) else { panic!("not refused") };
        assert_eq!((error.code.as_str(), error.status), ("access_denied", 0));
        assert_eq!(error.description.as_deref(), Some("no way"));
        assert_eq!(error.host, "a.example");
        let echo =
            "?error=access_denied&error_description=STATE+c-sesame&code=c-sesame&state=STATE";
        let Err(Error::OAuth(error)) = check(&login, echo) else { panic!("not refused") };
        assert_eq!(error.description.as_deref(), Some("[..] [..]"));
        let latin = "?error=access_denied&error_description=%E9&state=STATE";
        assert!(matches!(check(&login, latin), Err(Error::OAuth(_))));
        assert!(check(&login, "?code=c&error=&state=STATE").is_ok());
        assert_eq!(refusal(&login, "?state=STATE"), CallbackError::CodeMissing);
        assert_eq!(refusal(&login, "?state=STATE&code="), CallbackError::CodeMissing);
    }

    #[test]
    fn the_providers_callback_fields_are_kept() {
        let login = begun(provider().callback_field("realmId"));
        let code = check(&login, "?code=sesame&state=STATE&realmId=12%203&other=x").unwrap();
        assert_eq!(Value::Object(code.fields.clone()), serde_json::json!({"realmId": "12 3"}));
        assert!(!format!("{code:?}").contains("sesame"));
        let missing = CallbackError::FieldMissing("realmId".to_owned());
        for callback in ["?code=sesame&state=STATE", "?code=sesame&state=STATE&realmId="] {
            assert_eq!(refusal(&login, callback), missing);
        }
    }

    #[test]
    fn parameters_may_come_in_any_order_but_not_twice() {
        let login = begun(provider());
        let mut random = Random::new(7);
        for round in 0..3000 {
            let mut pairs =
                vec![("code", "c%2B".to_owned()), ("state", login.state().expose().to_owned())];
            for _ in 0..random.below(4) {
                let mut value = Vec::new();
                encode_into(&random.text(9), &mut value);
                let name = *random.pick(&["scope", "x", "error_description"]);
                pairs.push((name, String::from_utf8(value).unwrap()));
            }
            let twice = random.below(2) == 0;
            if twice {
                let name = *random.pick(&["code", "state", "iss", "error"]);
                pairs.extend([(name, "c%2B".to_owned()), (name, String::new())]);
            }
            for at in (1..pairs.len()).rev() {
                pairs.swap(at, random.below(at + 1));
            }
            let query: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
            match login.check(&query.join("&")) {
                Ok(code) => assert!(!twice && code.code.expose() == "c+", "round {round}"),
                Err(Error::Callback(error)) => {
                    assert!(
                        twice && matches!(*error, CallbackError::Duplicate(_)),
                        "round {round}"
                    );
                }
                Err(error) => panic!("round {round}: {error}"),
            }
        }
    }
}
