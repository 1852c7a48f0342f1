//! django-oauth-toolkit, which revokes a login when it receives a refresh token twice. The server may have a
//! grace window, within which a second use gets the same new pair.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use evergrant::provider::{ClientAuth, ProviderBuilder, Rotation};
use evergrant::{Provider, Secret};

use crate::process::{Folder, Process};
use crate::server::{App, Kind, Server, root, skip};

const OWN: App = App("own", "s3cret", ClientAuth::Basic);
const DEVICE: App = App("device", "", ClientAuth::None);

struct Toolkit {
    /// The grace window, in seconds.
    grace: u64,
}

/// Starts a server without a grace window, whose access tokens live this many seconds; `None` if it is not
/// installed.
pub(crate) fn start(lifetime: u32) -> Option<Server> {
    run(&Toolkit { grace: 0 }, lifetime)
}

/// Starts a server on which a used refresh token stays valid for 30 seconds.
pub(crate) fn start_with_grace(lifetime: u32) -> Option<Server> {
    run(&Toolkit { grace: 30 }, lifetime)
}

fn run(kind: &'static Toolkit, lifetime: u32) -> Option<Server> {
    let python = root().join(".interop/venv/bin/python");
    if !root().join(".interop/venv/bin/django-admin").exists() {
        return skip("django-oauth-toolkit is not installed (tests/interop/install.sh does it)");
    }
    let folder = Folder::new();
    let database = folder.file("toolkit.sqlite");
    std::fs::write(&database, tables(&python)).expect("a database");
    let mut command = toolkit(&python, "run", &database);
    command.env("GRACE", kind.grace.to_string()).env("AT_TTL", lifetime.to_string());
    let started = Process::start(&mut command, &folder, |line| line.parse().ok());
    let (process, port) = started.unwrap_or_else(|why| panic!("django-oauth-toolkit: {why}"));
    Some(Server::new(kind, process, folder, port))
}

/// Returns the database with which every server starts. The database is made once.
fn tables(python: &PathBuf) -> &'static [u8] {
    static TABLES: OnceLock<Vec<u8>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let folder = Folder::new();
        let database = folder.file("toolkit.sqlite");
        let output = toolkit(python, "init", &database).output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(&database).expect("a database")
    })
}

fn toolkit(python: &PathBuf, what: &str, database: &PathBuf) -> Command {
    let mut command = Command::new(python);
    // Python must not write a folder of bytecode into the repository.
    command.arg("-B").arg(root().join("tests/interop/toolkit.py")).arg(what).arg(database);
    command
}

impl Kind for Toolkit {
    fn provider(&self, url: &str, port: u16) -> ProviderBuilder {
        let rotation = match self.grace {
            0 => Rotation::StrictFamily,
            grace => Rotation::GraceThenFamily(Duration::from_secs(grace)),
        };
        Provider::builder("toolkit")
            .authorization_endpoint(format!("{url}/o/authorize/"))
            .token_endpoint(format!("{url}/o/token/"))
            .revocation_endpoint(format!("{url}/o/revoke_token/"))
            .introspection_endpoint(format!("{url}/o/introspect/"))
            .device_authorization_endpoint(format!("{url}/o/device-authorization/"))
            .userinfo_endpoint(format!("{url}/o/userinfo/"))
            .issuer(format!("http://127.0.0.1:{port}/o"))
            .issuer_in_callback(true)
            .rotation(rotation)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["openid", "read"]
    }

    fn own_apps(&self) -> &'static [App] {
        &[OWN]
    }

    fn has_oauth_metadata(&self) -> bool {
        true
    }

    fn device_app(&self) -> App {
        DEVICE
    }

    fn device_scopes(&self) -> &'static [&'static str] {
        &["read"]
    }

    fn me(&self) -> &'static str {
        "/o/userinfo/"
    }

    // The subject is the primary key of alice's row in the table of users.
    fn alice(&self) -> (&'static str, &'static str) {
        ("sub", "1")
    }

    fn ends_access_token(&self) -> bool {
        true
    }

    // The toolkit introspects access tokens only.
    fn is_good(&self, server: &Server, refresh_token: &Secret) -> bool {
        let answer = server.ask(&format!("/_alive?token={}", refresh_token.expose()));
        answer["active"].as_bool().expect("active or not")
    }
}
