//! Protected resource metadata: where it is, and how it is read (RFC 9728).

use serde_json::{Map, Value};
use url::Url;

use super::form::is_plain;
use crate::error::{Error, Result};
use crate::plain::is_unseen;
use crate::provider::is_loopback;

/// The path that the standard puts between the host and the path of a resource.
const PATH: &str = "/.well-known/oauth-protected-resource";

/// The members of resource metadata that are addresses.
const ADDRESSES: [&str; 4] =
    ["jwks_uri", "resource_documentation", "resource_policy_uri", "resource_tos_uri"];

/// The addresses of a resource's metadata, in order: with the resource's path after the well-known path
/// (section 3.1), then without the path, as some servers with a single resource publish the
/// metadata.
pub(crate) fn addresses(resource: &str) -> Result<Vec<String>> {
    let (origin, rest) = split(resource)?;
    // Only the slash that directly follows the host is removed.
    let rest = match rest.strip_prefix('/') {
        Some(behind) if behind.is_empty() || behind.starts_with('?') => behind,
        _ => rest,
    };
    let whole = format!("{origin}{PATH}{rest}");
    let short = format!("{origin}{PATH}");
    Ok(if whole == short { vec![whole] } else { vec![whole, short] })
}

/// Checks an address of a metadata document, which a challenge of the API `resource` has named (section 5.1).
/// Only an API on this machine may lead to an http address on this machine.
pub(crate) fn check_address(address: &str, resource: &str) -> Result<()> {
    let local = Url::parse(resource).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    let may_be = |url: Url| is_safe(&url) && (local || url.scheme() == "https");
    let fits = address.chars().all(is_plain) && Url::parse(address).is_ok_and(may_be);
    if !fits {
        return Err(Error::config(
            "the challenge's resource_metadata is not an https address without user name and fragment \
             (http is allowed only from loopback to loopback)",
        ));
    }
    Ok(())
}

/// Whether a document may come from this address, and whether a document may lead the client to this address:
/// https, or http on this machine.
fn is_safe(url: &Url) -> bool {
    (url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Splits a resource identifier into origin and the rest. Fails unless the identifier is https (loopback
/// excepted, for tests) and has no fragment (section 1.2).
fn split(resource: &str) -> Result<(&str, &str)> {
    let Ok(url) = Url::parse(resource) else {
        return Err(Error::config("the resource is not an absolute address"));
    };
    // The text itself is not shown, because it may hold a password.
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    let wrong = |why: &str| Err(Error::config(format!("the resource {shown:?} {why}")));
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return wrong("must be https (http is allowed only on loopback)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("must not carry credentials");
    }
    if resource.contains('#') {
        return wrong("must have no fragment (RFC 9728 section 1.2)");
    }
    let Some((scheme, rest)) =
        resource.split_once("://").filter(|_| resource.chars().all(is_plain))
    else {
        return wrong("has a character that an address cannot contain unencoded");
    };
    // Splits the text itself and not the parsed address, because identifiers are compared byte for byte.
    let host = rest.find(['/', '?']).unwrap_or(rest.len());
    Ok(resource.split_at(scheme.len() + 3 + host))
}

/// The scheme, host and port of a resource.
pub(crate) fn origin(resource: &str) -> Result<&str> {
    Ok(split(resource)?.0)
}

/// Reads a document that came from `address`. The document must name the resource `expected`, character for
/// character; otherwise no part of the document is used (section 3.3).
pub(crate) fn read(expected: &str, address: &str, body: &[u8]) -> Result<Map<String, Value>> {
    let wrong =
        |why: String| Err(Error::decode(format!("the resource metadata at {address}"), why));
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let members = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return wrong("it is not a JSON object".to_owned()),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return wrong(format!("it is not JSON (line {line}, column {column})"));
        }
    };
    match members.get("resource") {
        Some(Value::String(resource)) if resource == expected => {}
        Some(Value::String(resource)) => {
            let shown: String = resource.chars().filter(|c| !is_unseen(*c)).take(200).collect();
            return wrong(format!("it names the resource {shown:?}, not {expected:?}"));
        }
        Some(_) => return wrong("its resource is not a string".to_owned()),
        None => return wrong("it names no resource".to_owned()),
    }
    // Plain HTTP addresses are accepted only from a document that came by HTTP from this machine.
    let local = Url::parse(address).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    let fits = |text: &str| {
        text.chars().all(is_plain)
            && Url::parse(text).is_ok_and(|url| is_safe(&url) && (local || url.scheme() == "https"))
    };
    match members.get("authorization_servers") {
        None | Some(Value::Null) => {}
        Some(Value::Array(servers)) => {
            if !servers.iter().all(|server| server.as_str().is_some_and(fits)) {
                return wrong(
                    "its authorization_servers are not all https addresses without user name and fragment"
                        .to_owned(),
                );
            }
        }
        Some(_) => return wrong("its authorization_servers is not a list".to_owned()),
    }
    for name in ADDRESSES {
        match members.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() || fits(text) => {}
            Some(_) => return wrong(format!("its {name} is not an https address")),
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_its_metadata_at_the_well_known_path() -> Result<()> {
        for (resource, expected) in [
            // The example of RFC 9728 section 3.1.
            (
                "https://resource.example.com",
                &["https://resource.example.com/.well-known/oauth-protected-resource"][..],
            ),
            (
                "https://resource.example.com/resource1",
                &[
                    "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
                    "https://resource.example.com/.well-known/oauth-protected-resource",
                ],
            ),
            ("https://a.example/", &["https://a.example/.well-known/oauth-protected-resource"]),
            (
                "https://a.example:8443/x/y/?q=1",
                &[
                    "https://a.example:8443/.well-known/oauth-protected-resource/x/y/?q=1",
                    "https://a.example:8443/.well-known/oauth-protected-resource",
                ],
            ),
            (
                "https://a.example/?q=1",
                &[
                    "https://a.example/.well-known/oauth-protected-resource?q=1",
                    "https://a.example/.well-known/oauth-protected-resource",
                ],
            ),
            (
                "https://a.example?q=1",
                &[
                    "https://a.example/.well-known/oauth-protected-resource?q=1",
                    "https://a.example/.well-known/oauth-protected-resource",
                ],
            ),
        ] {
            assert_eq!(addresses(resource)?, expected, "{resource}");
        }
        assert_eq!(origin("https://a.example:8443/x?y")?, "https://a.example:8443");
        Ok(())
    }

    #[test]
    fn a_resource_is_https_without_a_fragment() {
        for resource in [
            "http://a.example/mcp",
            "https://a.example/#x",
            "https://user:sesame@a.example/",
            "https://user@a.example/",
            "https://:sesame@a.example/",
            "a.example",
            "",
            "ftp://127.0.0.1",
            "https://a.example/\u{1}",
            "https://a.example/ x",
            "https:a.example",
            "https://a.example\\x",
        ] {
            let error = addresses(resource).unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{resource}");
            assert!(!error.to_string().contains("sesame"), "{error}");
        }
        assert!(addresses("http://127.0.0.1:8080/mcp").is_ok());
        for address in [
            "http://a.example/x",
            "ftp://127.0.0.1/x",
            "x",
            "https://u@a.example/",
            "https://:p@a.example/",
            "https://a.example/#x",
            "https://a.example/$(id)",
        ] {
            for resource in ["https://api.example/", "http://127.0.0.1:1/"] {
                let refused = check_address(address, resource);
                assert!(matches!(refused, Err(Error::Config(_))), "{address}");
            }
        }
        assert!(check_address("https://a.example/x?y=1", "https://api.example/").is_ok());
        let local = "http://127.0.0.1:6379/x";
        assert!(check_address(local, "http://localhost:1/").is_ok());
        for remote in ["https://api.example/", "https://127.0.0.1/", "x"] {
            assert!(matches!(check_address(local, remote), Err(Error::Config(_))), "{remote}");
        }
    }

    fn refusal(body: &str) -> String {
        format!(
            "{:#}",
            read("https://a.example/mcp", "https://a.example/w", body.as_bytes()).unwrap_err()
        )
    }

    #[test]
    fn the_metadata_of_another_resource_is_not_used() {
        for resource in [
            "https://a.example/mcp/",
            "https://a.example",
            "https://A.example/mcp",
            "https://a.example:443/mcp",
            "https://a.example/mcp?",
            "https://b.example/mcp",
        ] {
            let text = refusal(&format!(r#"{{"resource":"{resource}"}}"#));
            assert!(text.contains("not \"https://a.example/mcp\""), "{text}");
            assert!(text.contains("https://a.example/w"), "{text}");
        }
        let odd = refusal("{\"resource\":\"https://b.example/\\u202e\\u001b[31m\"}");
        assert!(odd.contains("\"https://b.example/[31m\""), "{odd}");
        assert!(refusal("{}").contains("names no resource"));
        assert!(refusal(r#"{"resource":["https://a.example/mcp"]}"#).contains("not a string"));
        for body in ["<html>", "", "[]", "null", "{\"resource\":"] {
            assert!(refusal(body).contains("it is not"), "{body}");
        }
    }

    #[test]
    fn every_address_of_the_metadata_is_https() {
        let with = |member: &str| format!(r#"{{"resource":"https://a.example/mcp",{member}}}"#);
        for member in [
            r#""authorization_servers":"https://as.example""#,
            r#""authorization_servers":["https://as.example",7]"#,
            r#""authorization_servers":["http://as.example"]"#,
            r#""authorization_servers":["http://127.0.0.1:6379"]"#,
            r#""authorization_servers":["https://u:p@as.example"]"#,
            r#""authorization_servers":["/as"]"#,
            r#""jwks_uri":"http://a.example/keys""#,
            r#""resource_documentation":"javascript:alert(1)""#,
            r#""resource_policy_uri":7"#,
            r#""resource_tos_uri":"https://a.example/\u001b[31m""#,
        ] {
            let text = refusal(&with(member));
            let name = member.split('"').nth(1).unwrap();
            assert!(text.contains(name), "{member}: {text}");
        }
        let good = with(
            r#""authorization_servers":["https://as.example/t1"],"jwks_uri":null,"later":{"x":1},
            "resource_name#de":"Dienst","dpop_bound_access_tokens_required":true"#,
        );
        let read = |from: &str, body: &str| read("https://a.example/mcp", from, body.as_bytes());
        assert_eq!(read("https://a.example/w", &format!("\u{feff}{good}")).unwrap().len(), 6);
        let local = with(r#""authorization_servers":["http://127.0.0.1:1"]"#);
        assert!(read("http://127.0.0.1:1/w", &local).is_ok());
        for from in ["http://a.example/w", "https://127.0.0.1:1/w"] {
            assert!(read(from, &local).is_err(), "{from}");
        }
    }
}
