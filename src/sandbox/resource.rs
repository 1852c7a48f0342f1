//! The sandbox's API as a protected resource: its metadata (RFC 9728), and tokens for it alone (RFC 8707).

use serde_json::json;

use super::http::Reply;
use super::settings::Settings;
use super::tokens::Refused;

/// The well-known path of the API's metadata (RFC 9728 section 3.1).
const PATH: &str = "/.well-known/oauth-protected-resource/api";

/// The document at its well-known path; `None` for another path.
pub(super) fn at(path: &str, url: &str, settings: &Settings) -> Option<Reply> {
    (settings.resource_metadata && path == PATH).then(|| {
        Reply::json(
            200,
            json!({
                "resource": identifier(url),
                "authorization_servers": [url],
                "scopes_supported": ["read", "write"],
                "bearer_methods_supported": ["header"],
                "resource_name": "The API of the sandbox",
                "dpop_bound_access_tokens_required": settings.dpop_required,
            }),
        )
    })
}

fn identifier(url: &str) -> String {
    format!("{url}/api")
}

/// The parameter of a challenge that names the document (RFC 9728 section 5.1).
pub(super) fn challenge(url: &str, settings: &Settings) -> Option<String> {
    settings.resource_metadata.then(|| format!("resource_metadata=\"{url}{PATH}\""))
}

/// Checks that a request is for a token for the API, and for nothing else (RFC 8707 section 2).
pub(super) fn check_target(
    url: &str,
    settings: &Settings,
    parameters: &[(String, String)],
) -> Result<(), Refused> {
    let named: Vec<_> = parameters.iter().filter(|(name, _)| name == "resource").collect();
    let fits = matches!(&named[..], [(_, resource)] if *resource == identifier(url));
    if settings.resource_metadata && !fits {
        return Err(Refused::new("invalid_target", "the resource is not the API"));
    }
    Ok(())
}
