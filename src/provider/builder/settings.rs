//! One method for each setting of a provider, in the order of the provider's groups.

mod api;
mod authorization;
mod refresh;
mod reply;
mod token_request;

use super::ProviderBuilder;

/// # Name
///
/// The provider's name in this crate, and its name in messages.
impl ProviderBuilder {
    /// The name. In capitals, the name is the prefix of the environment variables, such as `GITHUB`
    /// in `GITHUB_CLIENT_ID`.
    pub fn name(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.name = name.into();
        self
    }

    /// The name as its owner spells it, for messages.
    pub fn display_name(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.display_name = name.into();
        self
    }

    /// The `User-Agent` of all requests, for a service that requires a particular value.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> ProviderBuilder {
        self.0.user_agent = Some(user_agent.into());
        self
    }
}

/// # Endpoints
///
/// The addresses of the authorization server: [`Endpoints`](crate::provider::Endpoints).
impl ProviderBuilder {
    /// The authorization endpoint (RFC 6749 section 3.1): a person opens this address in a browser. A
    /// query in the address is kept.
    pub fn authorization_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.authorization = Some(address.into());
        self
    }

    /// The token endpoint (RFC 6749 section 3.2). A query in the address is kept.
    pub fn token_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.token = address.into();
        self
    }

    /// The address for refresh requests. The default is the token endpoint.
    pub fn refresh_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.refresh = Some(address.into());
        self
    }

    /// The device authorization endpoint (RFC 8628): a device login starts there.
    pub fn device_authorization_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.device_authorization = Some(address.into());
        self
    }

    /// The pushed authorization request endpoint (RFC 9126 section 2). With the feature `par`, every login
    /// first sends its parameters there, unless
    /// [`pushed_requests`](ProviderBuilder::pushed_requests) says otherwise.
    pub fn pushed_authorization_request_endpoint(
        mut self,
        address: impl Into<String>,
    ) -> ProviderBuilder {
        self.0.endpoints.pushed_authorization_request = Some(address.into());
        self
    }

    /// The revocation endpoint (RFC 7009).
    pub fn revocation_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.revocation = Some(address.into());
        self
    }

    /// The introspection endpoint (RFC 7662), whose answer says whether a token is active.
    pub fn introspection_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.introspection = Some(address.into());
        self
    }

    /// The userinfo endpoint (OpenID Connect Core section 5.3), whose answer says who has logged in. The
    /// access token is sent to its host.
    pub fn userinfo_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.userinfo = Some(address.into());
        self
    }

    /// The address of the server's key set (`jwks_uri`, RFC 7517): its keys check the signature of ID tokens.
    /// A provider that was made from metadata takes the address from the metadata.
    pub fn jwks_uri(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.jwks = Some(address.into());
        self
    }

    /// The issuer identifier (RFC 8414 section 2).
    pub fn issuer(mut self, issuer: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.issuer = Some(issuer.into());
        self
    }
}
