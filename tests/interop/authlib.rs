//! Authlib on Flask, set up as in its documentation: a used refresh token and the access token that
//! came with it are invalid at once.

use std::process::Command;

use evergrant::provider::{ProviderBuilder, Rotation};
use evergrant::{Provider, Secret};

use crate::process::{Folder, Process};
use crate::server::{App, BASIC, Kind, ODD, POST, Server, root, skip};

pub(crate) struct Authlib;

/// Starts a server whose access tokens live this many seconds; `None` if the server is not installed.
pub(crate) fn start(lifetime: u32) -> Option<Server> {
    let python = root().join(".interop/authlib/bin/python");
    if !root().join(".interop/authlib/bin/flask").exists() {
        return skip("Authlib is not installed (tests/interop/install.sh does it)");
    }
    let folder = Folder::new();
    let mut command = Command::new(python);
    // Python must not write a folder of bytecode into the repository.
    command.arg("-B").arg(root().join("tests/interop/authlib_server.py"));
    command.env("AT_TTL", lifetime.to_string());
    let started = Process::start(&mut command, &folder, |line| line.parse().ok());
    let (process, port) = started.unwrap_or_else(|why| panic!("Authlib: {why}"));
    Some(Server::new(&Authlib, process, folder, port))
}

impl Kind for Authlib {
    fn provider(&self, url: &str, _port: u16) -> ProviderBuilder {
        Provider::builder("authlib")
            .authorization_endpoint(format!("{url}/authorize"))
            .token_endpoint(format!("{url}/token"))
            .revocation_endpoint(format!("{url}/revoke"))
            .introspection_endpoint(format!("{url}/introspect"))
            .rotation(Rotation::Strict)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["read"]
    }

    fn own_apps(&self) -> &'static [App] {
        &[BASIC, ODD, POST]
    }

    fn me(&self) -> &'static str {
        "/me"
    }

    fn ends_access_token(&self) -> bool {
        true
    }

    // Authlib's introspection reports the access token's expiry, even if the request is about another
    // token.
    fn is_good(&self, server: &Server, refresh_token: &Secret) -> bool {
        let answer = server.ask(&format!("/_alive?token={}", refresh_token.expose()));
        answer["active"].as_bool().expect("active or not")
    }
}

#[cfg(feature = "oidc")]
#[test]
fn the_signature_of_an_id_token_of_authlib_is_verified() {
    use evergrant::{Client, Credentials, MemoryBackend};
    let Some(server) = start(60) else { return };
    let provider = server.provider(BASIC).issuer(&server.url);
    let provider = provider.jwks_uri(format!("{}/jwks", server.url)).build().unwrap();
    let credentials =
        Credentials::new(BASIC.0, BASIC.1).with_redirect_uri(crate::server::REDIRECT_URI);
    let client = Client::new(provider, credentials, MemoryBackend::new());
    let login = client.authorize(&["openid", "read"]).unwrap();
    let mut person = crate::person::Person::new(crate::server::REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, &server, BASIC, login.url());
    let token = client.exchange(login, &callback).unwrap();
    let claims = client.verified_claims(token.id_token().unwrap());
    let claims = claims.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!((claims.subject(), claims.issuer()), ("alice", &*server.url));
}
