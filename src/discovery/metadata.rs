//! The metadata that the server published.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::fetching::Document;
use crate::error::{Error, Result};
use crate::provider::{ClientAuth, Dpop, Provider, ProviderBuilder, PushedRequests};

/// The checked metadata of an authorization server: it has the expected issuer, and its endpoints are
/// https addresses (http on loopback).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Document);

impl Metadata {
    pub(super) fn new(document: Document) -> Metadata {
        Metadata(document)
    }

    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.0.members
    }

    /// When the metadata was fetched, UTC.
    pub fn fetched_at(&self) -> OffsetDateTime {
        self.0.fetched_at
    }

    /// The issuer identifier (RFC 8414 section 2).
    pub fn issuer(&self) -> &str {
        self.text("issuer").unwrap_or_default()
    }

    /// A member that is a string, such as `token_endpoint`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    /// The strings of a member that is a list, such as `scopes_supported`; `None` when the server has
    /// no such member, which is not the same as an empty list. Lists are often incomplete: use a list
    /// to choose a value, not to refuse a value that the list does not have.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.0.list(name)
    }

    /// A member that is true or false; `None` when the server has no such member.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.flag(name)
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    /// Returns a builder for a provider with these endpoints, named after the host of the token endpoint.
    ///
    /// If the server offers pushed authorization requests (RFC 9126) and the crate has the feature
    /// `par`, logins are pushed; [`PushedRequests`] can turn this off.
    ///
    /// Clients authenticate with the first of these methods that the server lists: `client_secret_basic`
    /// (also used if the server has no list, RFC 8414 section 2), `client_secret_post`,
    /// `private_key_jwt`, `client_secret_jwt` (both with the feature `jwt`), `none`. PKCE stays on,
    /// whatever the server lists.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the server names no token endpoint, or only authentication methods that
    /// this build does not have.
    pub fn provider(&self) -> Result<ProviderBuilder> {
        self.with(&Map::new(), None)
    }

    /// Does the same as [`Metadata::provider`], for a client that authenticates with a TLS certificate: with
    /// [`ClientAuth::Certificate`], and with the addresses of `mtls_endpoint_aliases` if the server has
    /// them (RFC 8705 section 5).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the server names no token endpoint.
    pub fn mtls_provider(&self) -> Result<ProviderBuilder> {
        let aliases = self.0.members.get("mtls_endpoint_aliases").and_then(Value::as_object);
        self.with(aliases.unwrap_or(&Map::new()), Some(ClientAuth::Certificate))
    }

    fn with(
        &self,
        aliases: &Map<String, Value>,
        auth: Option<ClientAuth>,
    ) -> Result<ProviderBuilder> {
        let endpoint =
            |name: &str| aliases.get(name).and_then(Value::as_str).or_else(|| self.text(name));
        let token_endpoint = endpoint("token_endpoint").ok_or_else(|| {
            Error::config(format!("the metadata of {} has no token_endpoint", self.issuer()))
        })?;
        let iss = self.flag("authorization_response_iss_parameter_supported") == Some(true);
        let algorithms = self.list("id_token_signing_alg_values_supported").unwrap_or_default();
        let mut builder = Provider::builder(crate::provider::host_of(token_endpoint))
            .token_endpoint(token_endpoint)
            .issuer(self.issuer())
            .issuer_in_callback(iss)
            .unsigned_id_tokens(algorithms.contains(&"none"));
        if let Some(address) = self.text("authorization_endpoint") {
            builder = builder.authorization_endpoint(address);
        }
        if let Some(address) = endpoint("revocation_endpoint") {
            builder = builder.revocation_endpoint(address);
        }
        if let Some(address) = endpoint("introspection_endpoint") {
            builder = builder.introspection_endpoint(address);
        }
        if let Some(address) = endpoint("device_authorization_endpoint") {
            builder = builder.device_authorization_endpoint(address);
        }
        if let Some(address) = endpoint("userinfo_endpoint") {
            builder = builder.userinfo_endpoint(address);
        }
        if let Some(address) = self.text("jwks_uri") {
            builder = builder.jwks_uri(address);
        }
        if let Some(address) = endpoint("pushed_authorization_request_endpoint") {
            builder = builder.pushed_authorization_request_endpoint(address);
        }
        if self.flag("require_pushed_authorization_requests") == Some(true) {
            builder = builder.pushed_requests(PushedRequests::Required);
        }
        if self.flag("require_signed_request_object") == Some(true) {
            builder = builder.signed_requests(true);
        }
        let proofs = self.list("dpop_signing_alg_values_supported");
        if proofs.is_some_and(|algorithms| !algorithms.contains(&"ES256")) {
            builder = builder.dpop(Dpop::Off);
        }
        if let Some(auth) = auth {
            return Ok(builder.client_auth(auth));
        }
        let own = match self.methods("token_endpoint") {
            Some(methods) => best(&methods).ok_or_else(|| {
                Error::config(format!(
                    "{} lists only client authentication methods that this build does not have: {}",
                    self.issuer(),
                    methods.join(", ")
                ))
            })?,
            None => ClientAuth::Basic,
        };
        builder = builder.client_auth(own);
        // The introspection and revocation endpoints use the same method, unless the server's list for an
        // endpoint lacks this method.
        let other = |endpoint: &str| {
            let methods = self.methods(endpoint)?;
            let same = methods.iter().any(|method| named(method) == Some(own));
            best(&methods).filter(|_| !same)
        };
        if let Some(auth) = other("revocation_endpoint") {
            builder = builder.revocation_auth(auth);
        }
        if let Some(auth) = other("introspection_endpoint") {
            builder = builder.introspection_auth(auth);
        }
        Ok(builder)
    }

    fn methods(&self, endpoint: &str) -> Option<Vec<&str>> {
        self.list(&format!("{endpoint}_auth_methods_supported"))
    }
}

/// The authentication method with this name.
pub(crate) fn named(method: &str) -> Option<ClientAuth> {
    match method {
        "client_secret_basic" => Some(ClientAuth::Basic),
        "client_secret_post" => Some(ClientAuth::Body),
        #[cfg(feature = "jwt")]
        "private_key_jwt" => Some(ClientAuth::PrivateKeyJwt),
        #[cfg(feature = "jwt")]
        "client_secret_jwt" => Some(ClientAuth::SecretJwt),
        "none" => Some(ClientAuth::None),
        _ => None,
    }
}

/// The best listed method that this build has.
fn best(methods: &[&str]) -> Option<ClientAuth> {
    let preferred = [
        ClientAuth::Basic,
        ClientAuth::Body,
        #[cfg(feature = "jwt")]
        ClientAuth::PrivateKeyJwt,
        #[cfg(feature = "jwt")]
        ClientAuth::SecretJwt,
        ClientAuth::None,
    ];
    preferred.into_iter().find(|auth| methods.iter().any(|method| named(method) == Some(*auth)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(more: Value) -> Metadata {
        let mut members = json!({
            "issuer": "https://a.example",
            "authorization_endpoint": "https://a.example/authorize?tenant=1",
            "token_endpoint": "https://a.example/token",
        });
        let more = more.as_object().unwrap().clone();
        members.as_object_mut().unwrap().extend(more);
        let members = members.as_object().unwrap().clone();
        Metadata::new(Document { fetched_at: OffsetDateTime::UNIX_EPOCH, members })
    }

    #[test]
    fn missing_lists_mean_the_defaults_of_the_standard() -> Result<()> {
        let provider = metadata(json!({})).provider()?.build()?;
        assert_eq!(provider.client_auth(), ClientAuth::Basic);
        assert_eq!(provider.name(), "a.example");
        assert_eq!(provider.issuer(), Some("https://a.example"));
        assert!(
            !provider.authorization.issuer_in_callback
                && provider.authorization.pkce == crate::provider::Pkce::S256
        );
        assert!(provider.revocation_endpoint().is_none());
        Ok(())
    }

    #[test]
    fn the_authentication_method_is_chosen_from_the_list() -> Result<()> {
        for (methods, expected) in [
            (json!(["client_secret_post", "client_secret_basic"]), ClientAuth::Basic),
            (json!(["tls_client_auth", "client_secret_post", 7]), ClientAuth::Body),
            (json!(["none"]), ClientAuth::None),
            (json!("client_secret_post"), ClientAuth::Basic),
        ] {
            let metadata = metadata(json!({"token_endpoint_auth_methods_supported": methods}));
            assert_eq!(metadata.provider()?.build()?.client_auth(), expected, "{methods}");
        }
        for methods in [json!(["a_way_of_2031"]), json!([])] {
            let metadata = metadata(json!({"token_endpoint_auth_methods_supported": methods}));
            assert!(matches!(metadata.provider(), Err(Error::Config(_))), "{methods}");
            assert!(metadata.mtls_provider().is_ok());
        }
        Ok(())
    }

    #[test]
    fn revocation_may_use_another_authentication_method() -> Result<()> {
        let provider = metadata(json!({
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_post"],
            "introspection_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
        }));
        let provider = provider.provider()?.build()?;
        assert_eq!(provider.token_request.revocation_auth, Some(ClientAuth::Body));
        assert_eq!(provider.token_request.introspection_auth, None);
        Ok(())
    }

    #[test]
    fn an_unlisted_capability_does_not_fail_the_discovery() -> Result<()> {
        let shy = metadata(json!({
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["plain"],
            "response_types_supported": [],
            "scopes_supported": null,
        }));
        let provider = shy.provider()?.build()?;
        assert!(
            provider.authorization.pkce == crate::provider::Pkce::S256,
            "PKCE is not downgraded (RFC 7636 section 7.2)"
        );
        assert_eq!(shy.list("scopes_supported"), None);
        Ok(())
    }

    #[test]
    fn a_client_with_a_certificate_uses_the_mtls_aliases() -> Result<()> {
        let metadata = metadata(json!({
            "revocation_endpoint": "https://a.example/revoke",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.a.example/token"},
        }));
        let provider = metadata.mtls_provider()?.build()?;
        assert_eq!(provider.token_endpoint(), "https://mtls.a.example/token");
        assert_eq!(provider.revocation_endpoint(), Some("https://a.example/revoke"));
        assert_eq!(provider.client_auth(), ClientAuth::Certificate);
        assert_eq!(metadata.provider()?.build()?.token_endpoint(), "https://a.example/token");
        Ok(())
    }

    #[test]
    fn metadata_says_whether_logins_are_pushed() -> Result<()> {
        let address = "https://a.example/par";
        for (more, endpoint, pushed) in [
            (json!({}), None, PushedRequests::Offered),
            (
                json!({"pushed_authorization_request_endpoint": address}),
                Some(address),
                PushedRequests::Offered,
            ),
            (
                json!({"pushed_authorization_request_endpoint": address,
                    "require_pushed_authorization_requests": false}),
                Some(address),
                PushedRequests::Offered,
            ),
            (
                json!({"pushed_authorization_request_endpoint": address,
                    "require_pushed_authorization_requests": true}),
                Some(address),
                PushedRequests::Required,
            ),
            (
                json!({"require_pushed_authorization_requests": true}),
                None,
                PushedRequests::Required,
            ),
        ] {
            let provider = metadata(more).provider()?.build()?;
            assert_eq!(provider.pushed_authorization_request_endpoint(), endpoint);
            assert_eq!(provider.authorization.pushed_requests, pushed);
        }
        let alias = metadata(json!({
            "pushed_authorization_request_endpoint": address,
            "mtls_endpoint_aliases":
                {"pushed_authorization_request_endpoint": "https://mtls.a.example/par"},
        }));
        let provider = alias.mtls_provider()?.build()?;
        assert_eq!(
            provider.pushed_authorization_request_endpoint(),
            Some("https://mtls.a.example/par")
        );
        Ok(())
    }

    #[test]
    fn metadata_says_whether_logins_are_signed() -> Result<()> {
        for (value, expected) in [
            (json!(null), false),
            (json!(false), false),
            (json!("true"), false),
            (json!(true), true),
        ] {
            let provider = metadata(json!({ "require_signed_request_object": value }));
            let provider = provider.provider()?.build()?;
            assert_eq!(provider.authorization.signed_requests, expected, "{value}");
        }
        Ok(())
    }

    #[test]
    fn metadata_without_es256_turns_dpop_off() -> Result<()> {
        for (algorithms, expected) in [
            (None, Dpop::Offered),
            (Some(json!(["RS256", "ES256"])), Dpop::Offered),
            (Some(json!(["EdDSA"])), Dpop::Off),
            (Some(json!([])), Dpop::Off),
        ] {
            let more = match algorithms {
                Some(list) => json!({ "dpop_signing_alg_values_supported": list }),
                None => json!({}),
            };
            let provider = metadata(more).provider()?.build()?;
            assert_eq!(provider.token_request.dpop, expected);
        }
        Ok(())
    }

    #[test]
    fn metadata_without_a_token_endpoint_is_a_config_error() {
        let mut metadata = metadata(json!({}));
        metadata.0.members.remove("token_endpoint");
        assert!(matches!(metadata.provider(), Err(Error::Config(_))));
    }
}
