//! Doorkeeper on Rails. If its table has the column `previous_refresh_token`, a used refresh token stays
//! valid until the access token that was issued with its successor is used. Without the column, the used
//! refresh token and its access token are invalid at once.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use evergrant::provider::{ProviderBuilder, Rotation};
use evergrant::{Provider, Secret};

use crate::process::{Folder, Process};
use crate::server::{App, BASIC, Kind, NATIVE, POST, Server, root, skip};

pub(crate) struct Doorkeeper {
    has_previous: bool,
}

pub(crate) static UNTIL_USED: Doorkeeper = Doorkeeper { has_previous: true };
pub(crate) static STRICT: Doorkeeper = Doorkeeper { has_previous: false };

/// Starts a server with the column, whose access tokens live this many seconds; `None` if it is not
/// installed.
pub(crate) fn start(lifetime: u32) -> Option<Server> {
    run(&UNTIL_USED, lifetime)
}

/// Starts a server without the column.
pub(crate) fn start_strict(lifetime: u32) -> Option<Server> {
    run(&STRICT, lifetime)
}

fn run(kind: &'static Doorkeeper, lifetime: u32) -> Option<Server> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let gems = "%w[rails doorkeeper sqlite3 puma].each { |name| gem name }";
        let status = Command::new("ruby").args(["-e", gems]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    if !installed {
        return skip("Doorkeeper is not installed (tests/interop/install.sh does it)");
    }
    let folder = Folder::new();
    let mut command = Command::new("ruby");
    command.arg(root().join("tests/interop/doorkeeper.rb"));
    command.env("PREVIOUS", if kind.has_previous { "1" } else { "0" });
    command.env("AT_TTL", lifetime.to_string()).env_remove("DATABASE_URL");
    let started = Process::start(&mut command, &folder, |line| line.parse().ok());
    let (process, port) = started.unwrap_or_else(|why| panic!("Doorkeeper: {why}"));
    Some(Server::new(kind, process, folder, port))
}

impl Kind for Doorkeeper {
    fn provider(&self, url: &str, _port: u16) -> ProviderBuilder {
        let rotation = if self.has_previous { Rotation::UntilUsed } else { Rotation::Strict };
        Provider::builder("doorkeeper")
            .authorization_endpoint(format!("{url}/oauth/authorize"))
            .token_endpoint(format!("{url}/oauth/token"))
            .revocation_endpoint(format!("{url}/oauth/revoke"))
            .introspection_endpoint(format!("{url}/oauth/introspect"))
            .rotation(rotation)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["read"]
    }

    // Doorkeeper does not decode Basic credentials, so an id with a colon cannot be sent.
    fn apps(&self) -> &'static [App] {
        &[BASIC, POST, NATIVE]
    }

    fn own_apps(&self) -> &'static [App] {
        &[BASIC, POST]
    }

    fn me(&self) -> &'static str {
        "/me"
    }

    fn ends_access_token(&self) -> bool {
        !self.has_previous
    }

    // Doorkeeper introspects access tokens only.
    fn is_good(&self, server: &Server, refresh_token: &Secret) -> bool {
        let answer = server.ask(&format!("/_alive?token={}", refresh_token.expose()));
        answer["active"].as_bool().expect("active or not")
    }
}
