//! Tests a login with a real browser, from `authorize_interactive` to a stored record.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use evergrant::{Client, Credentials, FileBackend};

use super::oidc_provider;
use super::server::{NATIVE, stored};

/// The reason why the test cannot run here.
pub(crate) fn missing() -> Option<&'static str> {
    let chromium = std::env::var_os("CHROMIUM").is_some()
        || Command::new("chromium").arg("--version").stdout(Stdio::null()).status().is_ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !chromium {
        Some("chromium is not installed")
    } else if !root.join(".interop/node_modules/playwright-core").exists() {
        Some("playwright-core is not installed (tests/interop/install.sh does it)")
    } else {
        None
    }
}

/// Plays a person who opens the address of a login in a browser. Returns the text of the last page.
#[cfg(feature = "cli")]
pub(crate) fn person(url: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/browser.mjs");
    let output = Command::new("node").arg(script).arg(url).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_person_logs_in_with_a_real_browser() {
    if let Some(missing) = missing() {
        assert!(!super::everything_is_required(), "{missing}");
        let _ = writeln!(std::io::stderr(), "skipped: {missing}");
        return;
    }
    let Some(server) = oidc_provider::start(60) else { return };
    // The server accepts the registered redirect URI with any port; this port is free.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let credentials =
        Credentials::public(NATIVE.0).with_redirect_uri(format!("http://127.0.0.1:{port}/cb"));
    let file = server.file("login");
    let client =
        Client::new(server.provider(NATIVE).build().unwrap(), credentials, FileBackend::new(&file));
    let browser = Mutex::new(None);
    client
        .authorize_interactive(&["openid", "offline_access"], |url| {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/browser.mjs");
            let child = Command::new("node").arg(script).arg(url).stdout(Stdio::piped()).spawn();
            *browser.lock().unwrap() = Some(child.unwrap());
        })
        .unwrap();
    let output = browser.lock().unwrap().take().unwrap().wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("You are logged in"), "{shown}");
    assert!(server.knows_alice(&client));
    assert!(stored(&file).consented_at().is_some());
    client.refresh().unwrap();
    assert!(server.is_alive(&file));
}
