//! The sandbox's metadata document (RFC 8414, OpenID Connect Discovery 1.0).

use serde_json::{Value, json};

use super::http::Reply;
use super::settings::Settings;
use crate::provider::ClientAuth;

/// The document at either well-known path; `None` for another path.
pub(super) fn at(path: &str, url: &str, settings: &Settings) -> Option<Reply> {
    let known = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
    known.contains(&path).then(|| Reply::json(200, document(url, settings)))
}

fn document(url: &str, settings: &Settings) -> Value {
    let mut document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "introspection_endpoint": format!("{url}/introspect"),
        "device_authorization_endpoint": format!("{url}/device_authorization"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/jwks"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": settings.grants(),
        "token_endpoint_auth_methods_supported": [method(settings.client_auth)],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": settings.issuer_in_callback,
    });
    if let (Some(_), Some(members)) = (settings.pushed_lifetime, document.as_object_mut()) {
        let endpoint = format!("{url}/par");
        members.insert("pushed_authorization_request_endpoint".to_owned(), endpoint.into());
        let required = settings.pushed_required.into();
        members.insert("require_pushed_authorization_requests".to_owned(), required);
    }
    if let (true, Some(members)) = (settings.registration, document.as_object_mut()) {
        let endpoint = format!("{url}/register");
        members.insert("registration_endpoint".to_owned(), endpoint.into());
        // The methods of registered clients, and the method of the sandbox's own client.
        let mut methods = vec!["client_secret_basic", "client_secret_post", "none"];
        let own = method(settings.client_auth);
        methods.retain(|method| *method != own);
        methods.insert(0, own);
        members.insert("token_endpoint_auth_methods_supported".to_owned(), methods.into());
    }
    document
}

fn method(client_auth: ClientAuth) -> &'static str {
    match client_auth {
        ClientAuth::Body => "client_secret_post",
        ClientAuth::None => "none",
        ClientAuth::Certificate => "tls_client_auth",
        #[cfg(feature = "jwt")]
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
        #[cfg(feature = "jwt")]
        ClientAuth::SecretJwt => "client_secret_jwt",
        // The other methods depart from the standard and have no registered name.
        _ => "client_secret_basic",
    }
}
