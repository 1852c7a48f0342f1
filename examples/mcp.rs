//! Logs in to an MCP server by its address alone, and asks the server for its name.
//!
//! `cargo run --features registration --example mcp` uses the sandbox. With the address of an MCP
//! server as the argument, it uses that server: the first run registers the program there and opens a
//! login, and later runs use the files `mcp.client.json`, `mcp.metadata` and `mcp.json`.
//!
//! ```console
//! $ cargo run --features registration --example mcp -- https://mcp.example/mcp
//! ```

use std::path::Path;

use evergrant::discovery::Connect;
use evergrant::registration::{ClientMetadata, RegistrationStore};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{BoxError, Client, FileBackend};
use serde_json::{Value, json};

fn main() -> Result<(), BoxError> {
    let Some(address) = std::env::args().nth(1) else { return on_the_sandbox() };
    let client = connect(&address, Path::new("."), |url| eprintln!("Open {url}"))?;
    println!("logged in to {}", server_name(&client, &address)?);
    Ok(())
}

/// Finds the authorization server, registers the program if it has not registered before, and logs a person
/// in if nobody is logged in.
fn connect(address: &str, folder: &Path, show: impl FnOnce(&str)) -> Result<Client, BoxError> {
    let registrations = RegistrationStore::new(FileBackend::new(folder.join("mcp.client.json")));
    let connection = Connect::to(address)
        .register(registrations, ClientMetadata::native("evergrant's example"))
        .cache_file(folder.join("mcp.metadata"))
        .discover()?;
    println!("authorization server: {}", connection.authorization_server().issuer());
    let client = connection.client(FileBackend::new(folder.join("mcp.json"))).build();
    if client.stored()?.is_none() {
        client.authorize_interactive(&connection.scopes(), show)?;
    }
    Ok(client)
}

/// Begins an MCP session. A server answers with JSON, or with a stream of events that holds the JSON.
fn server_name(client: &Client, address: &str) -> Result<String, BoxError> {
    let request = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "evergrant-example", "version": "1"},
        },
    });
    let request = client
        .post(address)
        .header("Accept", "application/json, text/event-stream")
        .send_json(&request)?;
    let text = request.read_string()?;
    let event = text.lines().find_map(|line| line.strip_prefix("data:"));
    let answer: Value = serde_json::from_str(event.unwrap_or(&text))?;
    Ok(answer["result"]["serverInfo"]["name"].as_str().unwrap_or("a server without a name").into())
}

/// The sandbox plays the MCP server and a person who agrees.
fn on_the_sandbox() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().registration(true).resource_metadata(true).start()?;
    sandbox.on("POST", "/api", |request| {
        let name = format!("the sandbox, as {}", request.subject.as_deref().unwrap_or("nobody"));
        let result = json!({"serverInfo": {"name": name, "version": "1"}});
        ApiReply::json(200, json!({"jsonrpc": "2.0", "id": request.json()["id"], "result": result}))
    });
    let address = format!("{}/api", sandbox.url());
    for run in 1..=2 {
        let mut browser = None;
        let client = connect(&address, sandbox.folder(), |url| {
            println!("Open {url}");
            if let Ok(callback) = sandbox.approve(url) {
                let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
                browser = Some(std::thread::spawn(move || agent.get(callback).call().is_ok()));
            }
        })?;
        println!("run {run}: logged in to {}", server_name(&client, &address)?);
        if let Some(browser) = browser {
            let _ = browser.join();
        }
    }
    let counters = sandbox.counters();
    println!("registrations: {}, logins: {}", counters.registrations, counters.code_exchanges);
    Ok(())
}
