//! Runs the program of requests-oauthlib in the guide's page `coming_from`, and goes on with its stored token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, MemoryBackend, Token};
use serde_json::{Value, json};
use ureq::Agent;

use crate::server::{root, skip};

const PAGE: &str = include_str!("../../src/guide/coming_from.md");
/// The addresses in the program, and their paths in the sandbox.
const ADDRESSES: [(&str, &str); 3] = [
    ("https://github.com/login/oauth/authorize", "/authorize"),
    ("https://github.com/login/oauth/access_token", "/relay"),
    ("https://api.github.com/user", "/api/user"),
];

/// Starts a server. requests-oauthlib sends the secret as HTTP Basic at the login, and the program sends the secret in the
/// form at a refresh. GitHub accepts both and the sandbox one, so a relay moves the secret of a refresh into the header.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().client_auth(ClientAuth::BasicRaw).start().unwrap();
    let (token, credentials) = (format!("{}/token", sandbox.url()), sandbox.credentials());
    let login = format!("{}:{}", credentials.id(), credentials.secret().unwrap().expose());
    let basic = format!("Basic {}", STANDARD.encode(login));
    let config = Agent::config_builder().proxy(None).http_status_as_error(false);
    let agent = config.build().new_agent();
    sandbox.on_open("POST", "/relay", move |request| {
        let form = url::form_urlencoded::parse(&request.body).into_owned();
        let form: Vec<_> = form.filter(|(name, _)| name != "client_secret").collect();
        let mut answer =
            agent.post(&token).header("Authorization", &basic).send_form(form).unwrap();
        let body: Value = answer.body_mut().read_json().unwrap();
        ApiReply::json(answer.status().as_u16(), body)
    });
    sandbox
}

/// The program as the page shows it, with the addresses of the sandbox.
fn program(sandbox: &Sandbox) -> String {
    let section = PAGE.split_once("\n## requests-oauthlib\n").unwrap().1;
    let rest = section.split_once("\n```text\n").unwrap().1;
    let mut program = rest.split_once("\n```").unwrap().0.to_owned();
    for (theirs, path) in ADDRESSES {
        assert_eq!(program.matches(theirs).count(), 1, "{theirs}");
        program = program.replace(theirs, &format!("{}{path}", sandbox.url()));
    }
    program
}

/// Runs the program. A login is approved. Returns what the program prints at its end.
fn run(python: &Path, sandbox: &Sandbox) -> String {
    let mut command = Command::new(python);
    command.arg("-u").arg("-c").arg(program(sandbox)).current_dir(sandbox.folder());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        command.env_remove(name);
    }
    // The sandbox has no TLS.
    command.env("OAUTHLIB_INSECURE_TRANSPORT", "1");
    command.env("GITHUB_CLIENT_ID", sandbox.credentials().id());
    command.env("GITHUB_CLIENT_SECRET", sandbox.credentials().secret().unwrap().expose());
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().expect("Python starts");
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    if let Some(url) = line.strip_prefix("Open ") {
        let callback = sandbox.approve(url.trim()).unwrap();
        writeln!(child.stdin.take().unwrap(), "{callback}").unwrap();
        line.clear();
    }
    output.read_to_string(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{line}\n{}", String::from_utf8_lossy(&ended.stderr));
    line
}

#[test]
fn the_program_of_requests_oauthlib_runs_and_its_token_is_imported() {
    let python = root().join(".interop/requests/bin/python");
    if !python.exists() {
        skip::<()>("requests-oauthlib is not installed (tests/interop/install.sh does it)");
        return;
    }
    let sandbox = sandbox();
    sandbox.on("GET", "/api/user", |_| ApiReply::json(200, json!({ "login": "ada" })));
    let file = sandbox.folder().join("github.json");
    let stored = || serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap();

    // A login, and a second run with the stored token.
    assert!(run(&python, &sandbox).ends_with("ada\n"));
    let first = stored();
    assert_eq!(run(&python, &sandbox), "ada\n");
    assert_eq!((stored(), sandbox.counters().refreshes), (first.clone(), 0));
    // The access token has expired.
    let mut expired = first.clone();
    expired["expires_at"] = json!(1.0);
    std::fs::write(&file, expired.to_string()).unwrap();
    sandbox.expire_access_tokens();
    assert_eq!(run(&python, &sandbox), "ada\n");
    let second = stored();
    assert_eq!(sandbox.counters().refreshes, 1);
    assert_ne!(second["refresh_token"], first["refresh_token"]);

    // This crate goes on with the file.
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let token = Token::from_json(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(token.expires_at().is_some());
    client.seed(token).unwrap();
    let me: Value = client.get("/user").read_json().unwrap();
    assert_eq!((me["login"].as_str(), sandbox.counters().refreshes), (Some("ada"), 1));
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().refused, 0);
}
