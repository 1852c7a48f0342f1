//! Authorization server metadata: where it is, and how it is read (RFC 8414, OpenID Connect Discovery
//! 1.0).

use serde_json::{Map, Value};
use url::Url;

use super::form::is_plain;
use crate::error::{Error, Result};
use crate::plain::is_unseen;
use crate::provider::is_loopback;

/// The well-known paths of the standards. RFC 8414 inserts the path between the host and the path of
/// an issuer; OpenID Connect appends it.
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The member with the endpoints for clients that have a certificate (RFC 8705 section 5).
const ALIASES: &str = "mtls_endpoint_aliases";

/// Members that are addresses of the server and do not end in `_endpoint`.
const OTHER_ADDRESSES: [&str; 2] = ["jwks_uri", "check_session_iframe"];

/// The metadata document to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The document of OpenID Connect, then the documents of RFC 8414. After a status of 400 to 499,
    /// such as 404, the next document is tried.
    Any,
    /// `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 4).
    OpenId,
    /// `/.well-known/oauth-authorization-server`, inserted between the host and the path of the issuer
    /// (RFC 8414 section 3.1).
    OAuth,
}

/// The addresses to try, in order.
pub(crate) fn addresses(issuer: &str, form: Form) -> Result<Vec<String>> {
    let (origin, path) = split(issuer)?;
    let openid = format!("{origin}{path}{OPENID}");
    let oauth = format!("{origin}{OAUTH}{path}");
    // Some servers insert OpenID's well-known path where RFC 8414 inserts its own well-known path.
    let mixed = format!("{origin}{OPENID}{path}");
    Ok(match form {
        Form::OpenId => vec![openid],
        Form::OAuth => vec![oauth],
        Form::Any if path.is_empty() => vec![openid, oauth],
        Form::Any => vec![openid, oauth, mixed],
    })
}

/// If the text is the address of a metadata document, returns the issuer of that document. `None` for
/// any other text.
pub(crate) fn without_well_known(address: &str) -> Option<String> {
    [OPENID, OAUTH].iter().find_map(|path| {
        let at = address.find(path)?;
        let rest = &address[at + path.len()..];
        // In RFC 8414 the path of the issuer follows the well-known path.
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{}{rest}", &address[..at]))
    })
}

/// Splits an issuer into origin and path, the path without a slash at its end. Checks the issuer by
/// RFC 8414 section 2: https (loopback excepted, for tests), no query, no fragment.
fn split(issuer: &str) -> Result<(&str, &str)> {
    let Ok(url) = Url::parse(issuer) else {
        return Err(Error::config("the issuer is not an absolute address"));
    };
    // The text itself is not shown, because it may hold a password.
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    let wrong = |why: &str| Err(Error::config(format!("the issuer {shown:?} {why}")));
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return wrong("must be https (http is allowed only on loopback)");
    }
    if issuer.contains(['{', '}']) {
        return wrong(
            "has a placeholder: name a tenant here, and the pattern in `Discovery::expect_issuer`; for \
             Microsoft there is `providers::microsoft`",
        );
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
    // Splits the text itself and not the parsed address, because issuers are compared byte for byte.
    let host = rest.find('/').unwrap_or(rest.len());
    let (origin, path) = issuer.split_at(scheme.len() + 3 + host);
    Ok((origin, path.strip_suffix('/').unwrap_or(path)))
}

/// Reads a document that came from `address`. The document must name the issuer `expected`,
/// character for character (RFC 8414 section 3.3, OpenID Connect Discovery section 4.3).
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
            return Err(wrong(format!("it names the issuer {shown:?}, not {expected:?}")));
        }
        Some(_) => return Err(wrong("its issuer is not a string".to_owned())),
        None => return Err(wrong("it names no issuer".to_owned())),
    }
    // Plain HTTP addresses are accepted only from a document that came by HTTP from this machine:
    // another server must not lead the client to programs on this machine.
    let plain = Url::parse(address).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    check_endpoints(&members, plain, &wrong)?;
    if let Some(aliases) = members.get(ALIASES) {
        let Some(aliases) = aliases.as_object() else {
            return Err(wrong(format!("{ALIASES} is not an object")));
        };
        check_endpoints(aliases, plain, &wrong)?;
    }
    Ok(members)
}

/// Every endpoint of a document, with its name.
pub(crate) fn endpoints(members: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    let aliases = members.get(ALIASES).and_then(Value::as_object);
    let all = members.iter().chain(aliases.into_iter().flatten());
    all.filter(|(name, _)| is_endpoint(name))
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .filter(|(_, address)| !address.is_empty())
}

fn is_endpoint(name: &str) -> bool {
    name.ends_with("_endpoint") || OTHER_ADDRESSES.contains(&name)
}

fn check_endpoints(
    members: &Map<String, Value>,
    plain: bool,
    wrong: &dyn Fn(String) -> Error,
) -> Result<()> {
    for (name, value) in members.iter().filter(|(name, _)| is_endpoint(name)) {
        let address = match value {
            Value::Null => continue,
            Value::String(address) if address.is_empty() && name != "token_endpoint" => continue,
            Value::String(address) => address,
            _ => return Err(wrong(format!("{name} is not a string"))),
        };
        // If the address has this character, a browser or a terminal would open another address.
        if address.contains(|c| !is_plain(c)) {
            return Err(wrong(format!(
                "{name} has a character that an address cannot contain unencoded"
            )));
        }
        let fits = Url::parse(address).is_ok_and(|url| {
            (url.scheme() == "https" || url.scheme() == "http" && plain && is_loopback(&url))
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !fits {
            let but = if plain {
                "http is allowed only on loopback"
            } else {
                "http is allowed only for an issuer on loopback"
            };
            return Err(wrong(format!(
                "{name} must be an https address without user name and fragment ({but})"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row has the issuer, the metadata address of RFC 8414, and the metadata address of OpenID
    /// Connect.
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
    fn well_known_addresses_are_built_from_the_issuer() -> Result<()> {
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
            "https://user@a.example",
            "https://:pw@a.example",
            "ftp://127.0.0.1",
            "https://a.example/\u{1}",
            "https://a.example/{tenant}",
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
    fn a_document_of_a_similar_issuer_is_refused() {
        for issuer in [
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "http://a.example",
            "https://a.example/x",
            "https://a.example ",
        ] {
            let text = refusal(&format!(r#"{{"issuer":"{issuer}"}}"#));
            assert!(text.contains("not \"https://a.example\""), "{text}");
            assert!(text.contains(&format!("the issuer {issuer:?}")), "{text}");
        }
        let odd = format!(r#"{{"issuer":"a\u0007{}"}}"#, "b".repeat(300));
        assert!(refusal(&odd).contains(&format!("the issuer \"a{}\", not", "b".repeat(199))));
        assert!(refusal(r#"{"issuer":["https://a.example"]}"#).contains("not a string"));
        assert!(refusal("{}").contains("names no issuer"));
    }

    #[test]
    fn an_unreadable_document_is_an_error_with_its_address() {
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
            "\"https://u@a.example/token\"",
            "\"https://:p@a.example/token\"",
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
    fn plain_http_is_only_for_a_server_on_this_machine() {
        let names = [
            "authorization",
            "token",
            "revocation",
            "introspection",
            "userinfo",
            "end_session",
            "device_authorization",
            "registration",
            "pushed_authorization_request",
            "backchannel_authentication",
            "of_2031",
        ];
        let names = names.map(|name| format!("{name}_endpoint"));
        let others = OTHER_ADDRESSES.map(str::to_owned);
        let here = "http://127.0.0.1:6379/x";
        for name in names.iter().chain(&others) {
            let body = |issuer| format!(r#"{{"issuer":"{issuer}","{name}":"{here}"}}"#);
            assert!(refusal(&body("https://a.example")).contains(name.as_str()), "{name}");
            let aliases =
                format!(r#"{{"issuer":"https://a.example","{ALIASES}":{{"{name}":"{here}"}}}}"#);
            assert!(refusal(&aliases).contains(name.as_str()), "{name}");
            let local = "http://127.0.0.1:1";
            assert!(read(local, "http://127.0.0.1:1/m", body(local).as_bytes()).is_ok(), "{name}");
            // The issuer's name alone is not enough: the document must come by HTTP from loopback.
            for from in ["https://a.example/m", "http://a.example/m", "https://127.0.0.1:1/m"] {
                assert!(read(local, from, body(local).as_bytes()).is_err(), "{name}");
            }
            for elsewhere in ["http://a.example/x", "ftp://127.0.0.1/x"] {
                let body = body(local).replace(here, elsewhere);
                assert!(read(local, "http://127.0.0.1:1/m", body.as_bytes()).is_err(), "{name}");
            }
        }
        let why = |from: &str, issuer: &str| {
            let body = format!(r#"{{"issuer":"{issuer}","token_endpoint":"http://b.example/"}}"#);
            format!("{:#}", read(issuer, from, body.as_bytes()).unwrap_err())
        };
        let local = why("http://127.0.0.1:1/m", "http://127.0.0.1:1");
        assert!(local.ends_with("(http is allowed only on loopback)"), "{local}");
        let other = why("https://a.example/m", "https://a.example");
        assert!(other.ends_with("(http is allowed only for an issuer on loopback)"), "{other}");
    }

    #[test]
    fn an_endpoint_with_terminal_or_shell_characters_is_refused() {
        for path in [
            "\\u001b[31m",
            "\\u202e",
            "\\u0000",
            "\\n",
            "\\t",
            " ",
            "$(id)",
            "`id`",
            "\\u200b",
            "'",
            "|",
            "<b>",
            "\\\\@evil.example",
            "\\u00e9",
            "{x}",
        ] {
            let body = format!(
                r#"{{"issuer":"https://a.example","authorization_endpoint":"https://a.example/{path}"}}"#
            );
            assert!(refusal(&body).contains("authorization_endpoint has a character"), "{body}");
        }
        let host = r#"{"issuer":"https://a.example","token_endpoint":"https://$(id).example/"}"#;
        assert!(refusal(host).contains("token_endpoint"));
    }

    #[test]
    fn an_issuer_is_read_from_the_address_of_its_metadata() {
        for (issuer, oauth, openid) in TABLE {
            let issuer = issuer.trim_end_matches('/');
            assert_eq!(without_well_known(oauth).as_deref(), Some(issuer));
            assert_eq!(without_well_known(openid).as_deref(), Some(issuer));
        }
        for other in ["https://a.example", "https://a.example/.well-known/openid-configuration2"] {
            assert_eq!(without_well_known(other), None, "{other}");
        }
    }

    #[test]
    fn the_endpoints_of_a_document_are_its_addresses() {
        let document = serde_json::json!({
            "issuer": "https://a.example",
            "token_endpoint": "https://a.example/t",
            "revocation_endpoint": "",
            "jwks_uri": null,
            "mtls_endpoint_aliases": {"token_endpoint": "https://b.example/t", "x": "y"},
        });
        let found: Vec<_> = endpoints(document.as_object().unwrap()).collect();
        let name = "token_endpoint";
        assert_eq!(found, [(name, "https://a.example/t"), (name, "https://b.example/t")]);
    }

    #[test]
    fn a_byte_order_mark_unknown_members_and_null_are_ignored() {
        let body = "\u{feff}{\"issuer\":\"https://a.example\",\"x\":{\"y\":[1]},\"jwks_uri\":null,\"revocation_endpoint\":\"\",\"token_endpoint\":\"https://a.example/t\"}";
        assert!(read("https://a.example", "https://a.example/m", body.as_bytes()).is_ok());
    }
}
