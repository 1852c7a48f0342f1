//! The token exchange (RFC 8693) at idpyoidc.

use std::process::Command;

use evergrant::provider::{ClientAuth, ProviderBuilder, Rotation};
use evergrant::token_exchange::{TokenExchange, TokenType};
use evergrant::{Client, Error, FileBackend, MemoryBackend, Provider};

use crate::person::{Person, Place};
use crate::process::{Folder, Process};
use crate::server::{App, Kind, REDIRECT_URI, Server, root, skip};

const POST: App = App("post", "s3cret-of-32-bytes-and-some-more", ClientAuth::Body);

struct Idpyoidc;

fn start() -> Option<Server> {
    let python = root().join(".interop/idpyoidc/bin/python");
    if !root().join(".interop/idpyoidc/bin/flask").exists() {
        return skip("idpyoidc is not installed (tests/interop/install.sh does it)");
    }
    let folder = Folder::new();
    let mut command = Command::new(python);
    // Python must not write a folder of bytecode into the repository.
    command.arg("-B").arg(root().join("tests/interop/idpyoidc_server.py"));
    let started = Process::start(&mut command, &folder, |line| line.parse().ok());
    let (process, port) = started.unwrap_or_else(|why| panic!("idpyoidc: {why}"));
    Some(Server::new(&Idpyoidc, process, folder, port))
}

impl Kind for Idpyoidc {
    fn provider(&self, url: &str, _port: u16) -> ProviderBuilder {
        Provider::builder("idpyoidc")
            .authorization_endpoint(format!("{url}/authorization"))
            .token_endpoint(format!("{url}/token"))
            .introspection_endpoint(format!("{url}/introspection"))
            .rotation(Rotation::None)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["openid", "offline_access", "read"]
    }

    fn own_apps(&self) -> &'static [App] {
        &[]
    }

    fn me(&self) -> &'static str {
        panic!("the server has no API")
    }
}

/// A client that alice has authorized.
fn alice(server: &Server) -> Client {
    let client = server.builder(POST, MemoryBackend::new()).build();
    let authorization =
        client.authorize_with(server.kind.scopes(), &[("prompt", "consent")]).unwrap();
    match Person::new(REDIRECT_URI).walk(authorization.url()) {
        Place::Callback(callback) => client.exchange(authorization, &callback).unwrap(),
        Place::Page { url, body, .. } => panic!("no callback at {url}: {body}"),
    };
    client
}

#[test]
fn a_token_is_exchanged_for_another_and_anew() {
    let Some(server) = start() else { return };
    let user = alice(&server);
    let theirs = user.access_token().unwrap();
    let exchange = TokenExchange::reading(TokenType::AccessToken, move || user.access_token())
        .requested(TokenType::AccessToken)
        .scopes(&["read"])
        .account("alice");
    let open = || {
        let file = FileBackend::new(server.file("exchanged"));
        server.builder(POST, file).token_exchange(exchange.clone()).build()
    };
    let first = open().token().unwrap();
    assert_eq!(first.issued_token_type(), Some(TokenType::AccessToken));
    assert_eq!(first.scope(), Some("read"));
    assert!(first.token_type().eq_ignore_ascii_case("bearer"));
    assert_ne!(*first.access_token(), theirs);
    assert_eq!(open().token().unwrap().access_token(), first.access_token(), "kept in the store");
    let client = open();
    client.refresh().unwrap();
    assert_ne!(client.token().unwrap().access_token(), first.access_token());
}

#[test]
fn a_refused_exchange_is_told_with_its_code() {
    let Some(server) = start() else { return };
    let client = |exchange: TokenExchange| {
        server.builder(POST, MemoryBackend::new()).token_exchange(exchange).build()
    };
    let wrong = client(TokenExchange::new("not-a-token", TokenType::AccessToken));
    let Err(Error::OAuth(error)) = wrong.access_token() else { panic!() };
    assert_eq!(error.code, "invalid_request");
    let user = alice(&server).access_token().unwrap();
    let other = client(TokenExchange::new(user, TokenType::Saml2));
    let Err(Error::OAuth(error)) = other.access_token() else { panic!() };
    assert_eq!(error.code, "invalid_request");
}
