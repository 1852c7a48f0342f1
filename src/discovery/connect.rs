//! From the address of an API to a client that can log in.

mod found;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use self::found::Found;
use super::{Fetching, Metadata, ResourceMetadata};
use crate::backend::TokenBackend;
use crate::client::{Client, ClientBuilder};
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::provider::{Dpop, Provider, ProviderBuilder, host_of};
#[cfg(feature = "registration")]
use crate::registration::{ClientMetadata, Registrar, Registration, RegistrationStore};
#[cfg(feature = "registration")]
use crate::secret::Secret;

/// Finds out how to log in to an API from its address alone, such as an MCP server or an instance of
/// Mastodon.
///
/// ```
/// # #[cfg(feature = "registration")] {
/// use evergrant::FileBackend;
/// use evergrant::discovery::Connect;
/// use evergrant::registration::{ClientMetadata, RegistrationStore};
/// # let sandbox = evergrant::sandbox::Sandbox::builder().registration(true).resource_metadata(true).start()?;
/// # let (address, folder) = (format!("{}/api", sandbox.url()), sandbox.folder());
///
/// let registrations = RegistrationStore::new(FileBackend::new(folder.join("mcp.client.json")));
/// let connection = Connect::to(&address) // such as https://mcp.example/mcp
///     .register(registrations, ClientMetadata::native("My program"))
///     .discover()?;
/// let client = connection.client(FileBackend::new(folder.join("mcp.json"))).build();
/// if client.stored()?.is_none() {
///     client.authorize_interactive(&connection.scopes(), |url| {
///         println!("Open {url}");
/// #       let callback = sandbox.approve(url).unwrap();
/// #       let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
/// #       std::thread::spawn(move || agent.get(callback).call());
///     })?;
/// }
/// let me: serde_json::Value = client.get("/me").read_json()?;
/// # assert_eq!(me["login"], "ada");
/// # }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
///
/// [`Connect::discover`] takes these steps:
///
/// 1. Sends one request to the API, without a token. The challenge of the 401 may name the API's metadata
///    (RFC 9728 section 5.1) and the scopes.
/// 2. Fetches the API's metadata, from the address in the challenge or from the well-known path. The metadata
///    names the authorization server. If the API has no metadata, the client treats the API's host as the
///    authorization server, which is right for earlier MCP servers and for Mastodon.
/// 3. Fetches the authorization server's metadata (RFC 8414, OpenID Connect Discovery) and checks its issuer.
/// 4. Takes the client id from [`Connect::credentials`] or from the stored registration, or registers the
///    program.
#[must_use]
pub struct Connect {
    address: String,
    resource: Option<String>,
    server: Option<String>,
    scopes: Option<Vec<String>>,
    credentials: Option<Credentials>,
    #[cfg(feature = "registration")]
    register: Option<(RegistrationStore, ClientMetadata)>,
    #[cfg(feature = "registration")]
    initial: Option<Secret>,
    file: Option<PathBuf>,
    fetching: Fetching,
}

impl Connect {
    /// Starts with the address of the API: https (http on loopback), without a fragment.
    pub fn to(address: impl Into<String>) -> Connect {
        Connect {
            address: address.into(),
            resource: None,
            server: None,
            scopes: None,
            credentials: None,
            #[cfg(feature = "registration")]
            register: None,
            #[cfg(feature = "registration")]
            initial: None,
            file: None,
            fetching: Fetching::default(),
        }
    }

    /// Sets the resource that the API's metadata must name, if it differs from the address; see
    /// [`ResourceDiscovery::expect_resource`](super::ResourceDiscovery::expect_resource).
    pub fn expect_resource(mut self, resource: impl Into<String>) -> Connect {
        self.resource = Some(resource.into());
        self
    }

    /// Chooses one of the authorization servers that the API names, by its issuer. By default the client uses
    /// the first server that the API names. For an API without metadata, this setting names its authorization
    /// server.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Connect {
        self.server = Some(issuer.into());
        self
    }

    /// Sets the scopes of the login, for [`Connection::scopes`]. A registration also asks for these
    /// scopes.
    pub fn with_scopes(mut self, scopes: &[&str]) -> Connect {
        self.scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        self
    }

    /// Uses this client id, and its secret if it has one, and registers nothing. The client id may be
    /// the address of a document about the client, for a server that accepts such ids.
    pub fn credentials(mut self, credentials: Credentials) -> Connect {
        self.credentials = Some(credentials);
        self
    }

    /// Registers the program at the authorization server, once: the store keeps the registration. If the
    /// server does not list the authentication method of the metadata, the client registers with the first of
    /// these that the server lists: `client_secret_basic`, `client_secret_post`, `none`.
    #[cfg(feature = "registration")]
    pub fn register(mut self, store: RegistrationStore, metadata: ClientMetadata) -> Connect {
        self.register = Some((store, metadata));
        self
    }

    /// Sets the token with which the authorization server lets clients register.
    #[cfg(feature = "registration")]
    pub fn initial_access_token(mut self, token: impl Into<Secret>) -> Connect {
        self.initial = Some(token.into());
        self
    }

    /// Caches the metadata of the API and of its authorization server in a file, for later runs. After
    /// 24 hours the metadata is fetched again. While a server cannot be reached, the cached metadata is used
    /// even if it is old, and the log has a warning, so that a login still works. The file has no
    /// secret in it, and is as private, and checked as strictly, as the file of
    /// [`Discovery::cache_file`](super::Discovery::cache_file).
    pub fn cache_file(mut self, path: impl Into<PathBuf>) -> Connect {
        self.file = Some(path.into());
        self
    }

    /// Refuses private addresses in every request, for an API whose name comes from a stranger; see
    /// [`Discovery::public_only`](super::Discovery::public_only).
    pub fn public_only(mut self) -> Connect {
        self.fetching.public_only = true;
        self
    }

    /// Sets the clock that dates the metadata, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Connect {
        self.fetching.clock = clock;
        self
    }

    /// Changes ureq's configuration for these requests: a proxy, certificates. Redirects stay off. The client
    /// has a setting of its own: [`ClientBuilder::http`].
    pub fn http(
        mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> Connect {
        self.fetching.configure(change);
        self
    }

    /// Asks the API and its authorization server. Nobody logs in yet.
    ///
    /// The API says which authorization server to use. A secret ([`Connect::credentials`]) or an initial
    /// access token goes to that server, so name the server with [`Connect::authorization_server`] if you do
    /// not trust the API to choose the server.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an address that cannot be used; when neither the API nor its host says
    /// where to log in; when the API does not list the chosen authorization server; when the API
    /// accepts no access token in a header; when the API needs tokens that are bound to a key and the
    /// server accepts no proof with ES256; when the server registers no client and no credentials were
    /// given; when neither credentials nor a registration was asked for. [`Error::Decode`] for metadata
    /// of another resource or of another issuer. Otherwise the errors of
    /// [`ResourceDiscovery::metadata`](super::ResourceDiscovery::metadata),
    /// [`Discovery::metadata`](super::Discovery::metadata) and `RegistrationStore::get_or_register`.
    pub fn discover(self) -> Result<Connection> {
        let Found { resource, scopes, server } = self.found()?;
        let bound = resource.as_ref().is_some_and(ResourceMetadata::requires_dpop);
        // A bound token is sent in the header, even if the API accepts bearer tokens elsewhere only
        // (RFC 9449 section 7.1).
        self.check_token(resource.as_ref().filter(|_| !bound))?;
        let split = |scopes: &String| scopes.split_whitespace().map(str::to_owned).collect();
        let scopes = match (&self.scopes, scopes.as_ref().map(split), &resource) {
            (Some(scopes), ..) => scopes.clone(),
            (None, Some(scopes), _) => scopes,
            (None, None, Some(metadata)) => {
                metadata.scopes_supported().into_iter().map(str::to_owned).collect()
            }
            (None, None, None) => Vec::new(),
        };
        let base = self.address.split('?').next().unwrap_or_default();
        let mut provider = server.provider()?.api_base(base);
        if let Some(resource) = resource.as_ref().filter(|_| bound) {
            provider = self.with_bound_tokens(&server, resource, provider)?;
        }
        let (provider, credentials, registered) = self.identify(&server, provider)?;
        Ok(Connection {
            provider: provider.build()?,
            credentials,
            resource,
            server,
            scopes,
            #[cfg(feature = "registration")]
            registration: registered,
            #[cfg(not(feature = "registration"))]
            _registration: registered,
        })
    }

    /// Checks that the API accepts an access token in a header.
    fn check_token(&self, resource: Option<&ResourceMetadata>) -> Result<()> {
        let Some(resource) = resource else { return Ok(()) };
        let why = if resource.bearer_methods_supported().is_some_and(|it| !it.contains(&"header")) {
            "takes no access token in a header (bearer_methods_supported)"
        } else {
            return Ok(());
        };
        Err(Error::config(format!("{} {why}", host_of(&self.address))))
    }

    /// The provider for an API that takes only tokens that are bound to a key (RFC 9449). Without the feature
    /// `dpop`, the login fails before a person is asked.
    fn with_bound_tokens(
        &self,
        server: &Metadata,
        resource: &ResourceMetadata,
        provider: ProviderBuilder,
    ) -> Result<ProviderBuilder> {
        let name = "dpop_signing_alg_values_supported";
        let by_server = (server.issuer(), server.list(name));
        let by_api = (&*self.address, resource.list(name));
        for (who, signs) in [by_server, by_api] {
            if signs.is_some_and(|algorithms| !algorithms.contains(&"ES256")) {
                return Err(Error::config(format!(
                    "{} takes only tokens that are bound to a key, and {} accepts no proof that is signed \
                     with ES256 ({name}, RFC 9449)",
                    host_of(&self.address),
                    host_of(who)
                )));
            }
        }
        Ok(provider.dpop(Dpop::Required))
    }

    /// Returns the client id and secret: from the program, or by registration.
    fn identify(
        &self,
        server: &Metadata,
        provider: ProviderBuilder,
    ) -> Result<(ProviderBuilder, Credentials, Registered)> {
        if let Some(credentials) = &self.credentials {
            return Ok((provider, credentials.clone(), Registered::default()));
        }
        #[cfg(feature = "registration")]
        if let Some((store, metadata)) = &self.register {
            let mut registrar = Registrar::of(server)?.fetched_by(self.fetching.clone());
            if let Some(token) = &self.initial {
                registrar = registrar.initial_access_token(token.clone());
            }
            let registration = store.get_or_register(&registrar, &self.fitted(server, metadata))?;
            let provider =
                provider.client_auth(registration.client_auth()?).registered_client(true);
            return Ok((provider, registration.credentials(), Some(registration)));
        }
        Err(Error::config(format!(
            "{} needs a client id: give one with `Connect::credentials`, or register with \
             `Connect::register` (feature `registration`)",
            server.issuer()
        )))
    }

    /// Returns the client metadata, with an authentication method that this server lists.
    #[cfg(feature = "registration")]
    fn fitted(&self, server: &Metadata, metadata: &ClientMetadata) -> ClientMetadata {
        let mut metadata = metadata.clone();
        if let Some(scopes) = self.scopes.as_ref().filter(|_| !metadata.has("scope")) {
            metadata = metadata.member("scope", scopes.join(" "));
        }
        let listed = server.list("token_endpoint_auth_methods_supported").unwrap_or_default();
        let asked = metadata.text("token_endpoint_auth_method");
        if asked.is_some_and(|asked| !listed.contains(&asked)) {
            let known = ["client_secret_basic", "client_secret_post", "none"];
            if let Some(method) = known.into_iter().find(|method| listed.contains(method)) {
                metadata = metadata.auth_method(method);
            }
        }
        metadata
    }
}

#[cfg(feature = "registration")]
type Registered = Option<Registration>;
#[cfg(not(feature = "registration"))]
type Registered = ();

/// How to log in to an API: everything that a client needs, except its store.
pub struct Connection {
    provider: Provider,
    credentials: Credentials,
    resource: Option<ResourceMetadata>,
    server: Metadata,
    scopes: Vec<String>,
    #[cfg(feature = "registration")]
    registration: Option<Registration>,
    #[cfg(not(feature = "registration"))]
    _registration: Registered,
}

impl Connection {
    /// Returns a builder for a client that keeps its login in this store. The API's address is the base of
    /// the client's requests. If the API has metadata, every authorization request, token request and refresh
    /// names the API as the `resource` (RFC 8707), so that the tokens work nowhere else.
    pub fn client(&self, backend: impl TokenBackend + 'static) -> ClientBuilder {
        let builder = Client::builder(self.provider.clone(), self.credentials.clone(), backend);
        match &self.resource {
            Some(resource) => builder.resource(resource.resource()),
            None => builder,
        }
    }

    /// The scopes for the login: the first that exist of the scopes of [`Connect::with_scopes`], the
    /// scopes in the API's challenge, and the `scopes_supported` of the API's metadata. A server may
    /// require a further scope for a refresh token, such as `offline_access`.
    pub fn scopes(&self) -> Vec<&str> {
        self.scopes.iter().map(String::as_str).collect()
    }

    /// The provider: the authorization server, with the API's address as the base.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The API's metadata, if it has any.
    pub fn resource(&self) -> Option<&ResourceMetadata> {
        self.resource.as_ref()
    }

    /// The authorization server's metadata.
    pub fn authorization_server(&self) -> &Metadata {
        &self.server
    }

    /// The registration, if the client was registered.
    #[cfg(feature = "registration")]
    pub fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("host", &host_of(&self.address))
            .field("authorization_server", &self.server)
            .field("credentials", &self.credentials)
            .field("public_only", &self.fetching.public_only)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("provider", &self.provider.name())
            .field("credentials", &self.credentials)
            .field("resource", &self.resource.as_ref().map(ResourceMetadata::resource))
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
