//! Authorization server metadata: where it is, and what it says (RFC 8414, OpenID Connect Discovery
//! 1.0).

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Error, Result};
use crate::plain::is_unseen;
use crate::provider::is_loopback;

/// What the standards put between the host and the path of an issuer, or behind it.
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Members that are addresses, `mtls_endpoint_aliases` included.
const ENDPOINTS: [&str; 8] = [
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "end_session_endpoint",
    "jwks_uri",
];

/// Which document is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The one of OpenID Connect, then those of RFC 8414. The next is asked for where one is not
    /// there (404 or another status of 400 to 499).
    Any,
    /// `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 4).
    OpenId,
    /// `/.well-known/oauth-authorization-server` between host and path (RFC 8414 section 3.1).
    OAuth,
}

/// The addresses to ask, in order.
pub(crate) fn addresses(issuer: &str, form: Form) -> Result<Vec<String>> {
    let (origin, path) = split(issuer)?;
    let openid = format!("{origin}{path}{OPENID}");
    let oauth = format!("{origin}{OAUTH}{path}");
    // Some servers put the name of the one where the other goes.
    let mixed = format!("{origin}{OPENID}{path}");
    let mut all = match form {
        Form::OpenId => vec![openid],
        Form::OAuth => vec![oauth],
        Form::Any => vec![openid, oauth, mixed],
    };
    all.dedup();
    if all.first() == all.last() && all.len() > 1 {
        all.pop();
    }
    Ok(all)
}

/// Origin and path of an issuer, the path without a slash at its end. RFC 8414 section 2: https
/// (loopback excepted, for tests), no query, no fragment.
fn split(issuer: &str) -> Result<(&str, &str)> {
    let Ok(url) = Url::parse(issuer) else {
        return Err(Error::config("the issuer is not an absolute address"));
    };
    // Not the text itself: it may hold a password.
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    let wrong = |why: &str| Err(Error::config(format!("the issuer {shown:?} {why}")));
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return wrong("must be https (http is for loopback hosts only)");
    }
    if issuer.contains(['?', '#']) {
        return wrong("must have neither a query nor a fragment (RFC 8414 section 2)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("must not carry credentials");
    }
    let unfit = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let Some((scheme, rest)) = issuer.split_once("://").filter(|_| !issuer.contains(unfit)) else {
        return wrong("is not an absolute address");
    };
    // The text itself, and not the parsed one: it is compared byte for byte.
    let host = rest.find('/').unwrap_or(rest.len());
    let (origin, path) = issuer.split_at(scheme.len() + 3 + host);
    Ok((origin, path.strip_suffix('/').unwrap_or(path)))
}

/// Reads a document that came from `address`. `expected` is the issuer it must name, character for
/// character (RFC 8414 section 3.3, OpenID Connect Discovery section 4.3).
pub(crate) fn read(expected: &str, address: &str, body: &[u8]) -> Result<Map<String, Value>> {
    let wrong = |why: String| Error::decode(format!("the metadata at {address}"), why);
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        wrong(format!("it is not JSON (line {}, column {})", error.line(), error.column()))
    })?;
    let Value::Object(members) = value else {
        return Err(wrong("it is not a JSON object".to_owned()));
    };
    match members.get("issuer") {
        Some(Value::String(issuer)) if issuer == expected => {}
        Some(Value::String(issuer)) => {
            let shown: String = issuer.chars().filter(|c| !is_unseen(*c)).take(200).collect();
            return Err(wrong(format!("it is that of the issuer {shown:?}, not of {expected:?}")));
        }
        Some(_) => return Err(wrong("its issuer is not a text".to_owned())),
        None => return Err(wrong("it names no issuer".to_owned())),
    }
    check_endpoints(&members, &wrong)?;
    if let Some(aliases) = members.get("mtls_endpoint_aliases") {
        let Some(aliases) = aliases.as_object() else {
            return Err(wrong("mtls_endpoint_aliases is not an object".to_owned()));
        };
        check_endpoints(aliases, &wrong)?;
    }
    Ok(members)
}

fn check_endpoints(members: &Map<String, Value>, wrong: &dyn Fn(String) -> Error) -> Result<()> {
    for name in ENDPOINTS {
        let url = match members.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(address)) => Url::parse(address).ok(),
            Some(_) => return Err(wrong(format!("{name} is not a text"))),
        };
        let fits = url.is_some_and(|url| {
            (url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url))
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !fits {
            return Err(wrong(format!(
                "{name} is not an https address (http is for loopback hosts only) without fragment"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issuer, the address of RFC 8414, and that of OpenID Connect.
    const TABLE: [(&str, &str, &str); 5] = [
        (
            "https://a.example",
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ),
        (
            "https://a.example/",
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ),
        (
            "https://a.example/t1",
            "https://a.example/.well-known/oauth-authorization-server/t1",
            "https://a.example/t1/.well-known/openid-configuration",
        ),
        (
            "https://a.example/t1/",
            "https://a.example/.well-known/oauth-authorization-server/t1",
            "https://a.example/t1/.well-known/openid-configuration",
        ),
        (
            "https://a.example:8443/x/y",
            "https://a.example:8443/.well-known/oauth-authorization-server/x/y",
            "https://a.example:8443/x/y/.well-known/openid-configuration",
        ),
    ];

    #[test]
    fn the_well_known_address_is_made_of_the_issuer() -> Result<()> {
        for (issuer, oauth, openid) in TABLE {
            assert_eq!(addresses(issuer, Form::OAuth)?, [oauth]);
            assert_eq!(addresses(issuer, Form::OpenId)?, [openid]);
        }
        assert_eq!(
            addresses("https://a.example/t1", Form::Any)?,
            [TABLE[2].2, TABLE[2].1, "https://a.example/.well-known/openid-configuration/t1"]
        );
        assert_eq!(addresses("https://a.example", Form::Any)?, [TABLE[0].2, TABLE[0].1]);
        Ok(())
    }

    #[test]
    fn an_issuer_is_https_without_query_and_fragment() {
        for issuer in [
            "http://a.example",
            "https://a.example/?x=1",
            "https://a.example?",
            "https://a.example/#x",
            "a.example",
            "",
            "https://user:pw@a.example",
            "https://a.example/ x",
            "https:a.example",
            "https://a.example\\x",
        ] {
            assert!(matches!(addresses(issuer, Form::Any), Err(Error::Config(_))), "{issuer}");
        }
        assert!(addresses("http://127.0.0.1:8080", Form::Any).is_ok());
    }

    fn refusal(body: &str) -> String {
        let expected = "https://a.example";
        match read(expected, "https://a.example/m", body.as_bytes()) {
            Err(Error::Decode(error)) => format!("{:#}", Error::Decode(error)),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_document_of_another_issuer_is_not_used_however_alike() {
        for issuer in [
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "http://a.example",
            "https://a.example/x",
            "https://a.example ",
        ] {
            let text = refusal(&format!(r#"{{"issuer":"{issuer}"}}"#));
            assert!(text.contains("not of \"https://a.example\""), "{text}");
        }
        assert!(refusal(r#"{"issuer":["https://a.example"]}"#).contains("not a text"));
        assert!(refusal("{}").contains("names no issuer"));
    }

    #[test]
    fn what_is_not_metadata_is_told_with_its_address() {
        for body in ["<html>", "", "[]", "null", "{\"issuer\":", "\"https://a.example\""] {
            let text = refusal(body);
            assert!(text.contains("https://a.example/m"), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
        assert!(refusal(&deep).contains("not JSON"));
    }

    #[test]
    fn an_endpoint_without_tls_or_of_another_type_is_refused() {
        for endpoint in [
            "\"http://a.example/token\"",
            "\"https://a.example/token#x\"",
            "\"https://u:p@a.example/token\"",
            "\"/token\"",
            "\"\"",
            "7",
            "[\"https://a.example/token\"]",
        ] {
            for body in [
                format!(r#"{{"issuer":"https://a.example","token_endpoint":{endpoint}}}"#),
                format!(
                    r#"{{"issuer":"https://a.example","mtls_endpoint_aliases":{{"token_endpoint":{endpoint}}}}}"#
                ),
            ] {
                assert!(refusal(&body).contains("token_endpoint"), "{body}");
            }
        }
        let body = r#"{"issuer":"https://a.example","mtls_endpoint_aliases":[]}"#;
        assert!(refusal(body).contains("mtls_endpoint_aliases"));
    }

    #[test]
    fn a_mark_unknown_members_and_null_do_not_matter() {
        let body = "\u{feff}{\"issuer\":\"https://a.example\",\"x\":{\"y\":[1]},\"jwks_uri\":null}";
        assert!(read("https://a.example", "https://a.example/m", body.as_bytes()).is_ok());
    }
}
