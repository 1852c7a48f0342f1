//! npm `oidc-provider`, which rotates on every refresh and revokes the login when it receives a refresh token
//! twice.

use std::process::{Command, Stdio};

use evergrant::Provider;
use evergrant::provider::{ProviderBuilder, Rotation};

use crate::keys::registered;
use crate::process::{Folder, Process};
use crate::server::{App, BASIC, Kind, ODD, POST, Server, root, skip};

struct OidcProvider;

/// Starts a server whose access tokens live this many seconds; `None` if the server is not installed.
pub(crate) fn start(lifetime: u32) -> Option<Server> {
    start_with(lifetime, &[])
}

/// Does the same as [`start`], with more variables in the server's environment. With `TLS=1` the server
/// speaks TLS only.
pub(crate) fn start_with(lifetime: u32, environment: &[(&str, &str)]) -> Option<Server> {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if node.is_err() {
        return skip("node is not installed");
    }
    if !root().join(".interop/node_modules/oidc-provider").exists() {
        return skip("oidc-provider is not installed (tests/interop/install.sh does it)");
    }
    let folder = Folder::new();
    let mut command = Command::new("node");
    command.arg(root().join("tests/interop/as.mjs"));
    command.env_remove("PORT").env("AT_TTL", lifetime.to_string());
    command.env("CLIENT_KEYS", registered().to_string()).envs(environment.iter().copied());
    for (from, to) in
        [("authority.pem", "ca.pem"), ("server.pem", "server.pem"), ("server.key", "server.key")]
    {
        std::fs::copy(root().join("tests/keys/tls").join(from), folder.file(to)).expect("a file");
    }
    let started = Process::start(&mut command, &folder, |line| line.parse().ok());
    let (process, port) = started.unwrap_or_else(|why| panic!("oidc-provider: {why}"));
    Some(Server::new(&OidcProvider, process, folder, port))
}

impl Kind for OidcProvider {
    fn provider(&self, url: &str, port: u16) -> ProviderBuilder {
        Provider::builder("oidc-provider")
            .authorization_endpoint(format!("{url}/auth"))
            .token_endpoint(format!("{url}/token"))
            .revocation_endpoint(format!("{url}/token/revocation"))
            .introspection_endpoint(format!("{url}/token/introspection"))
            .device_authorization_endpoint(format!("{url}/device/auth"))
            .userinfo_endpoint(format!("{url}/me"))
            .issuer(format!("http://localhost:{port}"))
            .issuer_in_callback(true)
            .authorize_param("prompt", "consent")
            .rotation(Rotation::StrictFamily)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["openid", "offline_access"]
    }

    fn own_apps(&self) -> &'static [App] {
        &[BASIC, ODD, POST]
    }

    fn has_oauth_metadata(&self) -> bool {
        true
    }

    fn device_app(&self) -> App {
        BASIC
    }

    fn me(&self) -> &'static str {
        "/me"
    }
}
