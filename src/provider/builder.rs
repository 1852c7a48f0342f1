//! Builds a provider and checks its settings.

mod settings;

use ureq::http::HeaderName;
use url::Url;

use super::{Provider, is_loopback};
use crate::error::{Error, Result};

/// Builds a [`Provider`]: one method for each setting, in the order of the provider's groups.
/// [`ProviderBuilder::build`] checks the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ProviderBuilder(pub(super) Box<Provider>);

/// # Build
impl ProviderBuilder {
    /// Checks the settings, and returns the provider.
    ///
    /// # Errors
    ///
    /// [`Error::Config`]
    ///
    /// - without a token endpoint;
    /// - for an address that is not absolute, is not `https` (loopback excepted, RFC 6749 section
    ///   3.2), has a fragment (section 3.1) or carries a user name or password;
    /// - for a header name or value that no request can carry;
    /// - for [`issuer_in_callback`](ProviderBuilder::issuer_in_callback) without an issuer.
    pub fn build(self) -> Result<Provider> {
        self.check_addresses()?;
        self.check_headers()?;
        self.check_issuer()?;
        Ok(*self.0)
    }

    /// Returns the provider without the checks, for the ready providers, which a test checks.
    pub(crate) fn checked_by_test(self) -> Provider {
        *self.0
    }

    fn check_addresses(&self) -> Result<()> {
        let Provider { endpoints, api, .. } = &*self.0;
        if endpoints.token.is_empty() {
            return Err(self.wrong("set the token endpoint"));
        }
        let addresses = [
            ("authorization endpoint", &endpoints.authorization),
            ("refresh endpoint", &endpoints.refresh),
            ("device authorization endpoint", &endpoints.device_authorization),
            ("revocation endpoint", &endpoints.revocation),
            ("introspection endpoint", &endpoints.introspection),
            ("userinfo endpoint", &endpoints.userinfo),
            ("API base", &api.base),
        ];
        self.check_address("token endpoint", &endpoints.token)?;
        for (what, address) in addresses {
            if let Some(address) = address {
                self.check_address(what, address)?;
            }
        }
        #[cfg(feature = "identity")]
        for address in api.profile.iter().flat_map(|profile| profile.urls()) {
            self.check_address("profile's address", address)?;
        }
        Ok(())
    }

    fn check_address(&self, what: &str, address: &str) -> Result<()> {
        match fault_of(address) {
            Some(fault) => Err(self.wrong(&format!("the {what} {fault}"))),
            None => Ok(()),
        }
    }

    fn check_headers(&self) -> Result<()> {
        let Provider { api, user_agent, .. } = &*self.0;
        if HeaderName::try_from(&api.header).is_err() {
            return Err(self.wrong("the name of the API header is not a header name"));
        }
        let values = [("User-Agent", user_agent), ("API auth scheme", &api.auth_scheme)];
        for (what, value) in values {
            if value.as_deref().is_some_and(|value| !fits_in_header(value)) {
                return Err(self.wrong(&format!("the {what} must be printable ASCII")));
            }
        }
        Ok(())
    }

    fn check_issuer(&self) -> Result<()> {
        let Provider { endpoints, authorization, .. } = &*self.0;
        if authorization.issuer_in_callback && endpoints.issuer.is_none() {
            return Err(self.wrong("issuer_in_callback needs an issuer"));
        }
        Ok(())
    }

    fn wrong(&self, what: &str) -> Error {
        Error::config(format!("provider {}: {what}", self.0.name))
    }
}

fn fits_in_header(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Why an address cannot be used. The text does not repeat the address, which may hold a password.
fn fault_of(address: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(address) else { return Some("is not an absolute address") };
    // The parser would remove some of these characters and change others.
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || !c.is_ascii();
    if address.contains(odd) {
        return Some("has a character that an address cannot contain unencoded");
    }
    if url.host_str().is_some_and(|host| host.contains(['$', '(', ')', '\'', '`', '"'])) {
        return Some("has a host that is not valid");
    }
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return Some("must be https (http is allowed only on loopback)");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Some("has no host");
    }
    if url.fragment().is_some() {
        return Some("must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not carry a user name or password");
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::provider::*;

    type Change = fn(ProviderBuilder) -> ProviderBuilder;

    const MINUTE: Duration = Duration::from_secs(60);

    const NAMES: [(&str, Change); 3] = [
        ("name", |row| row.name("x")),
        ("display_name", |row| row.display_name("x")),
        ("user_agent", |row| row.user_agent("x")),
    ];
    const ENDPOINTS: [(&str, Change); 8] = [
        ("authorization_endpoint", |row| row.authorization_endpoint("https://x.example")),
        ("token_endpoint", |row| row.token_endpoint("https://x.example")),
        ("refresh_endpoint", |row| row.refresh_endpoint("https://x.example")),
        ("device_authorization_endpoint", |row| {
            row.device_authorization_endpoint("https://x.example")
        }),
        ("revocation_endpoint", |row| row.revocation_endpoint("https://x.example")),
        ("introspection_endpoint", |row| row.introspection_endpoint("https://x.example")),
        ("userinfo_endpoint", |row| row.userinfo_endpoint("https://x.example")),
        ("issuer", |row| row.issuer("https://x.example")),
    ];
    const AUTHORIZATION: [(&str, Change); 8] = [
        ("redirect_uri", |row| row.redirect_uri("https://x.example")),
        ("default_scopes", |row| row.default_scopes(&["x"])),
        ("scope_separator", |row| row.scope_separator(',')),
        ("pkce", |row| row.pkce(Pkce::Off)),
        ("authorize_param", |row| row.authorize_param("x", "y")),
        ("issuer_in_callback", |row| row.issuer_in_callback(true)),
        ("unsigned_id_tokens", |row| row.unsigned_id_tokens(true)),
        ("callback_field", |row| row.callback_field("x")),
    ];
    const TOKEN_REQUEST: [(&str, Change); 7] = [
        ("client_auth", |row| row.client_auth(ClientAuth::None)),
        ("revocation_auth", |row| row.revocation_auth(ClientAuth::None)),
        ("introspection_auth", |row| row.introspection_auth(ClientAuth::None)),
        ("token_format", |row| row.token_format(TokenFormat::Json)),
        ("revocation_style", |row| row.revocation_style(RevocationStyle::Json)),
        ("token_param", |row| row.token_param("x", "y")),
        ("token_timeout", |row| row.token_timeout(MINUTE)),
    ];
    const REPLY: [(&str, Change); 5] = [
        ("token_path", |row| row.token_path("x")),
        ("default_lifetime", |row| row.default_lifetime(MINUTE)),
        ("error_code_path", |row| row.error_code_path("x")),
        ("error_text_path", |row| row.error_text_path("x")),
        ("error_rule", |row| row.error_rule(ErrorRule::new(Verdict::Refused))),
    ];
    const REFRESH: [(&str, Change); 14] = [
        ("rotation", |row| row.rotation(Rotation::Strict)),
        ("ends_access_token", |row| row.ends_access_token(true)),
        ("reuse_ends_other_logins", |row| row.reuse_ends_other_logins(true)),
        ("refresh_grant", |row| row.refresh_grant(RefreshGrant::new("x", "y"))),
        ("refresh_param", |row| row.refresh_param("x", "y")),
        ("redirect_uri_on_refresh", |row| row.redirect_uri_on_refresh(true)),
        ("scope_on_refresh", |row| row.scope_on_refresh(true)),
        ("margin", |row| row.margin(2 * MINUTE)),
        ("earliest_refresh", |row| row.earliest_refresh(MINUTE)),
        ("refusal_pause", |row| row.refusal_pause(MINUTE)),
        ("refusal_limit", |row| row.refusal_limit(1, MINUTE)),
        ("unanswered_pause", |row| row.unanswered_pause(MINUTE)),
        ("idle_limit", |row| row.idle_limit(MINUTE)),
        ("consent_limit", |row| row.consent_limit(MINUTE)),
    ];
    const API: [(&str, Change); 3] = [
        ("api_base", |row| row.api_base("https://x.example")),
        ("api_header", |row| row.api_header("X-Token")),
        ("api_auth_scheme", |row| row.api_auth_scheme(None)),
    ];

    /// The names of the groups in which two providers differ.
    fn differ(a: &Provider, b: &Provider) -> Vec<&'static str> {
        let names =
            |row: &Provider| (row.name.clone(), row.display_name.clone(), row.user_agent.clone());
        let differ = [
            ("names", names(a) != names(b)),
            ("endpoints", a.endpoints != b.endpoints),
            ("authorization", a.authorization != b.authorization),
            ("token request", a.token_request != b.token_request),
            ("reply", a.reply != b.reply),
            ("refresh", a.refresh != b.refresh),
            ("api", a.api != b.api),
        ];
        differ.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect()
    }

    #[test]
    fn each_setting_changes_its_own_group_and_no_other_setting() {
        let base = Provider::builder("base").token_endpoint("https://a.example/t");
        let groups: [(&str, &[(&str, Change)]); 7] = [
            ("names", &NAMES),
            ("endpoints", &ENDPOINTS),
            ("authorization", &AUTHORIZATION),
            ("token request", &TOKEN_REQUEST),
            ("reply", &REPLY),
            ("refresh", &REFRESH),
            ("api", &API),
        ];
        let mut seen: Vec<(&str, Provider)> = Vec::new();
        for (group, settings) in groups {
            for (name, change) in settings {
                let changed = *change(base.clone()).0;
                assert_eq!(differ(&changed, &base.0), [group], "{name}");
                let same = seen.iter().find(|(_, other)| *other == changed);
                assert_eq!(same.map(|(other, _)| other), None, "{name}");
                seen.push((name, changed));
            }
        }
    }

    #[test]
    fn a_wrong_setting_is_named_and_its_value_is_not_shown() {
        let base = || Provider::builder("base").token_endpoint("https://a.example/t");
        for (row, what) in [
            (Provider::builder("base"), "set the token endpoint"),
            (base().refresh_endpoint("https://a:sesame@b.example"), "the refresh endpoint"),
            (base().api_base("http://b.example/sesame"), "the API base must be https"),
            (base().user_agent("sesame\n"), "the User-Agent"),
            (base().api_auth_scheme("sesame\n"), "the API auth scheme"),
            (base().issuer_in_callback(true), "needs an issuer"),
        ] {
            let text = row.build().map(drop).map_err(|error| error.to_string()).unwrap_err();
            assert!(text.contains("base") && text.contains(what), "{text}");
            assert!(!text.contains("sesame"), "{text}");
        }
    }

    #[test]
    fn an_address_with_a_character_that_none_has_is_refused() {
        for odd in
            ["/\u{1b}[31m", "/\u{202e}x", "/a\nb", "/a\tb", "/ ", "\\@evil.example", "/\u{e9}"]
        {
            let row = Provider::builder("base").token_endpoint("https://a.example/t");
            let row = row.authorization_endpoint(format!("https://a.example{odd}"));
            assert!(matches!(row.build(), Err(Error::Config(_))), "{odd:?}");
        }
        let host = Provider::builder("base").token_endpoint("https://$(id).example/");
        assert!(matches!(host.build(), Err(Error::Config(_))));
    }

    #[test]
    fn a_provider_equals_its_rebuilt_copy() -> Result<()> {
        let row = crate::providers::exact_online("nl")?;
        assert_eq!(row.to_builder().build()?, row);
        assert_ne!(row.to_builder().margin(Duration::ZERO).build()?, row);
        Ok(())
    }
}
