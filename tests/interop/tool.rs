//! The command `evergrant` with a real server and a real browser.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::browser::{missing, person};
use super::oidc_provider;
use super::server::{NATIVE, skip, stored};

#[test]
fn a_person_logs_in_with_the_tool_at_a_real_browser() {
    if let Some(missing) = missing() {
        let _: Option<()> = skip(missing);
        return;
    }
    let Some(server) = oidc_provider::start(60) else { return };
    let home = server.file("home");
    std::fs::create_dir(&home).unwrap();
    let issuer = server.issuer();
    let description = format!(
        "from = \"{issuer}\"\napi_base = \"{issuer}\"\nclient_id = \"{}\"\n\
         redirect_uri = \"http://127.0.0.1/cb\"\n\
         [authorize_params]\nprompt = \"consent\"\n",
        NATIVE.0
    );
    std::fs::write(home.join("alice.toml"), description).unwrap();
    let tool = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evergrant"));
        command.args(arguments).env("EVERGRANT_HOME", &home).current_dir(&home);
        command
    };
    let arguments =
        ["login", "alice", "--no-browser", "--scope", "openid", "--scope", "offline_access"];
    let mut login = tool(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(login.stderr.take().unwrap());
    let mut shown = String::new();
    let url = loop {
        let before = shown.len();
        assert_ne!(lines.read_line(&mut shown).unwrap(), 0, "{shown}");
        let line = shown[before..].trim();
        if line.starts_with("http") {
            break line.to_owned();
        }
    };
    let page = person(&url);
    lines.read_to_string(&mut shown).unwrap();
    assert!(login.wait().unwrap().success(), "{shown}");
    assert!(page.contains("You are logged in"), "{page}");
    let output = |arguments: &[&str]| {
        let output = tool(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(output(&["status"]).contains("alice"));
    assert!(output(&["call", "alice", "GET", "/me"]).contains("\"alice\""));
    assert!(output(&["doctor", "alice"]).contains("ok    login"));
    let record = home.join("alice.json");
    assert!(stored(&record).consented_at().is_some() && server.is_alive(&record));
    output(&["logout", "alice"]);
    assert!(!record.exists());
}
