//! Builds a provider and checks its settings.

mod settings;
#[cfg(test)]
mod tests;

use ureq::http::HeaderName;
use url::Url;

use super::{ApiRules, Provider, is_loopback};
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
    /// - for a [`fixed_header`](ProviderBuilder::fixed_header) that comes twice, that carries the access
    ///   token, or that the HTTP library sets itself (`Host`, `Connection`, `Content-Length`,
    ///   `Transfer-Encoding`);
    /// - for a [`LoginHost`](crate::provider::LoginHost) without a name, or with a host that has fewer
    ///   than two labels;
    /// - for [`issuer_in_callback`](ProviderBuilder::issuer_in_callback) without an issuer;
    /// - for a [`refusal_limit`](ProviderBuilder::refusal_limit) of 0.
    pub fn build(self) -> Result<Provider> {
        self.check_addresses()?;
        self.check_headers()?;
        self.check_issuer()?;
        if self.0.refresh.refusal_limit.is_some_and(|limit| limit.refusals == 0) {
            return Err(self.wrong("set a refusal_limit of at least 1"));
        }
        Ok(*self.0)
    }

    /// Returns the provider without the checks, for the ready providers, which a test checks.
    pub(crate) fn checked_by_test(self) -> Provider {
        *self.0
    }

    fn check_addresses(&self) -> Result<()> {
        let Provider { endpoints, authorization, token_request, api, .. } = &*self.0;
        if endpoints.token.is_empty() {
            return Err(self.wrong("set the token endpoint"));
        }
        let addresses = [
            ("authorization endpoint", &endpoints.authorization),
            ("refresh endpoint", &endpoints.refresh),
            ("device authorization endpoint", &endpoints.device_authorization),
            ("pushed authorization request endpoint", &endpoints.pushed_authorization_request),
            ("revocation endpoint", &endpoints.revocation),
            ("introspection endpoint", &endpoints.introspection),
            ("userinfo endpoint", &endpoints.userinfo),
            ("address of the key set", &endpoints.jwks),
            ("API base", &api.base),
        ];
        self.check_address("token endpoint", &endpoints.token)?;
        if let Some(second) = &token_request.second_exchange {
            self.check_address("address of the second exchange", &second.endpoint)?;
        }
        for (what, address) in addresses {
            if let Some(address) = address {
                self.check_address(what, address)?;
            }
        }
        let places = [
            ("API base's place", &api.base_from),
            ("token endpoint's place", &authorization.token_host_from),
        ];
        if authorization.token_host_from.as_ref().is_some_and(|place| place.lookup.is_some()) {
            return Err(
                self.wrong("the host of the token endpoint cannot be looked up with a token")
            );
        }
        for (what, place) in places {
            if let Some(fault) = place.as_ref().and_then(|place| place.fault()) {
                return Err(self.wrong(&format!("the {what} {fault}")));
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
        for (at, (name, value)) in api.fixed_headers.iter().enumerate() {
            if let Some(fault) = fixed_header_fault(api, at, name, value.expose()) {
                // The name is not shown: a caller may have swapped the name and the value, and the
                // value may be a secret.
                return Err(self.wrong(&format!("fixed header number {} {fault}", at + 1)));
            }
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

/// Why a fixed header cannot be sent with every call.
fn fixed_header_fault(api: &ApiRules, at: usize, name: &str, value: &str) -> Option<&'static str> {
    let Ok(parsed) = HeaderName::try_from(name) else { return Some("has no header name") };
    let same = |other: &str| parsed.as_str().eq_ignore_ascii_case(other);
    if same(&api.header) {
        return Some("would replace the access token");
    }
    if ["host", "connection", "content-length", "transfer-encoding"].into_iter().any(same) {
        return Some("is set by the HTTP library");
    }
    if api.fixed_headers[..at].iter().any(|(other, _)| same(other)) {
        return Some("comes twice");
    }
    (value.is_empty() || !fits_in_header(value))
        .then_some("has a value that is not printable ASCII")
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
