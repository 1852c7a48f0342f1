//! Tests that no library of a store writes a token into the program's log.

use std::sync::Mutex;

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, PostgresBackend};

use crate::servers;
use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[("logs::refreshes", refreshes)];

static LINES: Mutex<String> = Mutex::new(String::new());

/// Keeps the log lines of every level and of every library.
struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().unwrap().push_str(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// A process, because a program has one log.
fn refreshes() {
    log::set_logger(&Capture).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let url = given("STORE").into_os_string().into_string().unwrap();
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client =
        Client::new(sandbox.provider(), sandbox.credentials(), PostgresBackend::new(&url).unwrap());
    client.seed(sandbox.login()).unwrap();
    let mut secrets = Vec::new();
    for _ in 0..8 {
        client.refresh().unwrap();
        let token = client.token().unwrap();
        for secret in [Some(token.access_token()), token.refresh_token()].into_iter().flatten() {
            secrets.push(secret.expose().to_owned());
        }
    }
    client.clear().unwrap();
    let lines = LINES.lock().unwrap();
    let of_library = lines.lines().find(|line| line.starts_with("tokio_postgres"));
    assert!(of_library.is_some(), "the library logs nothing");
    for secret in &secrets {
        let bytes = secret.as_bytes();
        let decimal: Vec<_> = bytes.iter().map(u8::to_string).collect();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [secret.clone(), decimal.join(", "), hex] {
            let line = lines.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "{secret} is in {line:?}");
        }
    }
}

#[test]
fn the_library_of_postgres_logs_no_token() {
    let Some(server) = servers::postgres() else { return };
    let mut process = child::<&str>("logs::refreshes", &[]);
    let output = process.env("STORE", server.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
