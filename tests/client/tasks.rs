//! Runs the calls of the guide's page `tasks` against the sandbox.

use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use evergrant::{Authorization, BoxError, Client, Credentials, FileBackend, MemoryBackend, Token};
use serde_json::{Value, json};

use crate::support::sandbox;

fn client(sandbox: &Sandbox) -> Client {
    let store = FileBackend::new(sandbox.folder().join("login.json"));
    Client::new(sandbox.provider(), sandbox.credentials(), store)
}

#[test]
fn a_person_authorizes_once_and_cron_and_threads_go_on() -> Result<(), BoxError> {
    let sandbox = sandbox();
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let store = FileBackend::new(sandbox.folder().join("login.json"));
    let first = Client::new(sandbox.provider(), credentials, store);
    let browser = ureq::Agent::config_builder().proxy(None).build().new_agent();
    std::thread::scope(|scope| {
        first.authorize_interactive(&["repo"], |url| {
            let callback = sandbox.approve(url).unwrap();
            scope.spawn(move || browser.get(callback).call());
        })
    })?;
    let cron = client(&sandbox);
    let me: Value = cron.get("/me").read_json()?;
    assert_eq!(me["login"], "ada");
    std::thread::scope(|scope| {
        for page in [1, 2, 3] {
            let client = &cron;
            scope.spawn(move || client.get("/echo").query("page", page).call());
        }
    });
    assert_eq!(sandbox.counters().api_ok, 4);
    assert!(cron.revoke()? && !cron.revoke()? && !sandbox.login_alive());
    Ok(())
}

#[test]
fn a_program_acts_for_itself() -> Result<(), BoxError> {
    let sandbox = sandbox();
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
        .client_credentials(&["locations"])
        .build();
    assert_eq!(client.get("/me").call()?.status(), 200);
    Ok(())
}

#[test]
fn a_token_from_outside_starts_a_login_and_errors_have_their_codes() -> Result<(), BoxError> {
    let sandbox = sandbox();
    let client = client(&sandbox);
    assert!(client.get("/me").call().unwrap_err().needs_authorization());
    assert!(client.seed(sandbox.login())? && !client.seed(Token::new("stale"))?);
    let me: Value = client.get("/me").read_json()?;
    assert_eq!(me["login"], "ada");
    sandbox.expire_access_tokens();
    sandbox.faults(9, Fault::StatusBefore(503));
    assert!(client.refresh().unwrap_err().is_transient());
    Ok(())
}

#[test]
fn a_web_callback_finishes_a_login_that_a_session_kept() -> Result<(), BoxError> {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let authorization = client.authorize(&["read"])?;
    let session = serde_json::to_string(&authorization)?;
    let callback = sandbox.approve(authorization.url())?;
    let authorization: Authorization = serde_json::from_str(&session)?;
    let query = callback.split_once('?').unwrap().1;
    client.exchange(authorization, &format!("{query}\n"))?;
    client.get("/me").call()?;
    Ok(())
}

#[test]
fn every_page_of_a_list_is_read() -> Result<(), BoxError> {
    let sandbox = sandbox();
    sandbox.on("GET", "/api/user/repos", |request| {
        let page: u32 = request.parameter("page").map_or(1, |page| page.parse().unwrap());
        let reply = ApiReply::json(200, json!([{"full_name": page}]));
        let next = format!("<?page={}>; rel=\"next\"", page + 1);
        if page < 3 { reply.with_header("Link", &next) } else { reply }
    });
    let client = client(&sandbox);
    client.seed(sandbox.login())?;
    let items = client.linked_pages::<Value>("/user/repos?per_page=100").items();
    let names: Vec<_> = items.map(|item| item.unwrap()["full_name"].clone()).collect();
    assert_eq!(names, [1, 2, 3]);
    Ok(())
}
