//! Token introspection (RFC 7662).

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::client_auth::authenticate;
use super::refusal::refusal;
use super::reply::RawReply;
use super::request::{TokenRequest, about_token, build_form};
use super::requester::Requester;
use crate::error::{Error, Result};
use crate::provider::{Provider, TokenTypeHint};
use crate::secret::Secret;
use crate::stored_json::parse;

/// Builds a request for the server's information about a token (section 2.1). The client has to
/// authenticate.
pub(crate) fn introspect(
    caller: &Requester<'_>,
    token: &Secret,
    hint: Option<TokenTypeHint>,
) -> Result<TokenRequest> {
    let provider = caller.provider;
    let Some(endpoint) = provider.introspection_endpoint() else {
        return Err(Error::config(format!(
            "{} has no introspection endpoint",
            provider.display_name
        )));
    };
    let caller = Requester {
        auth: provider.token_request.introspection_auth.unwrap_or(caller.auth),
        ..*caller
    };
    let mut params = about_token(token, hint);
    let header = authenticate(&caller, &mut params)?;
    build_form(endpoint, header, &params)
}

/// Reads the answer (section 2.2): whether the token is active, and the members. An answer without a
/// boolean `active` is an error.
pub(crate) fn read_introspection(
    provider: &Provider,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
) -> Result<(bool, Map<String, Value>)> {
    let wrong = |why: &str| {
        Err(Error::decode(format!("the introspection of {}", provider.token_host()), why))
    };
    let value: Value = parse(reply.body).unwrap_or_default();
    let refused = value.get("error").is_some_and(Value::is_string) && value.get("active").is_none();
    if !(200..300).contains(&reply.status) || refused {
        return Err(refusal(provider, reply, sent_at, "the introspection"));
    }
    let Value::Object(members) = value else { return wrong("it is not a JSON object") };
    match members.get("active") {
        Some(Value::Bool(active)) => Ok((*active, members)),
        Some(_) => wrong("its member active is neither true nor false"),
        None => wrong("it has no member active"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderMap;

    fn answered(status: u16, body: &str) -> Result<bool> {
        let provider = Provider::new("https://a.example/a", "https://a.example/t")?;
        let reply = RawReply { status, headers: &HeaderMap::new(), body: body.as_bytes() };
        read_introspection(&provider, &reply, OffsetDateTime::UNIX_EPOCH).map(|(active, _)| active)
    }

    #[test]
    fn active_is_true_or_false_and_nothing_else() -> Result<()> {
        assert!(answered(200, r#"{"active":true,"x":[1]}"#)?);
        assert!(!answered(200, r#"{"active":false}"#)?);
        assert!(answered(200, r#"{"active":true,"error":"none"}"#)?);
        for body in [
            r#"{"active":"true"}"#,
            r#"{"active":1}"#,
            r#"{"active":null}"#,
            r#"{"scope":"a"}"#,
            "[true]",
            "true",
            "",
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            assert!(matches!(answered(200, body), Err(Error::Decode(_))), "{body}");
        }
        Ok(())
    }

    #[test]
    fn a_refusal_has_the_servers_code() {
        for (status, body, code) in [
            (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
            (401, r#"{"error":"invalid_token"}"#, "invalid_token"),
            (200, r#"{"error":"invalid_request"}"#, "invalid_request"),
            (403, "", "http_403"),
            (199, r#"{"active":true}"#, "http_199"),
            (500, r#"{"active":true}"#, "http_500"),
        ] {
            let Err(Error::OAuth(error)) = answered(status, body) else { panic!("{body}") };
            assert_eq!(error.code, code);
        }
    }
}
