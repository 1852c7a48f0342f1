//! Logs in at a server of the AT Protocol (Bluesky and others), from the person's handle alone.
//!
//! The profile of the protocol demands pushed requests (RFC 9126), tokens that are bound to a key (DPoP,
//! RFC 9449), PKCE, and a client id that is the address of a document about the client. A handle leads to an
//! account id (DID), the account id to the account's server, and the server to its authorization server.
//!
//! `cargo run --features discovery,dpop,par --example atproto` uses a sandbox that enforces these
//! requirements. With a handle as the argument, the example uses the server of that account; the person
//! pastes the address that the browser shows at the end.
//!
//! ```console
//! $ cargo run --features discovery,dpop,par --example atproto -- alice.example.com
//! ```

use std::time::Duration;

use evergrant::discovery::Connect;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{BoxError, Client, Credentials, FileBackend};
use serde_json::{Value, json};

/// The id of a client under development on this machine: the id itself contains the metadata of the
/// client's document.
const LOCAL_CLIENT: &str =
    "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=atproto";

fn main() -> Result<(), BoxError> {
    let Some(handle) = std::env::args().nth(1) else { return on_the_sandbox() };
    let account = find(&format!("https://{handle}"), &handle)?;
    let client = client(&account.server, LOCAL_CLIENT, FileBackend::new("atproto.json"))?;
    if client.stored()?.is_none() {
        let authorization = client.authorize_with(&["atproto"], &[("login_hint", &*handle)])?;
        println!(
            "Open {}\nand paste the address that the browser shows at the end:",
            authorization.url()
        );
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        client.exchange(authorization, line.trim())?;
    }
    check(&account, &client)?;
    show(&client)
}

struct Account {
    /// The account's id, which never changes.
    did: String,
    /// The server that holds the account's data.
    server: String,
}

/// Finds an account. Asks the host `host` for the DID of the handle. (The DNS may also have the
/// DID; this example does not ask the DNS.)
fn find(host: &str, handle: &str) -> Result<Account, BoxError> {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let get = |address: &str| agent.get(address).call()?.body_mut().read_to_string();
    let did = get(&format!("{host}/.well-known/atproto-did"))?.trim().to_owned();
    let address = match did.split(':').collect::<Vec<_>>()[..] {
        ["did", "plc", _] => format!("https://plc.directory/{did}"),
        // The sandbox plays this host.
        ["did", "web", name] if name == handle => format!("{host}/.well-known/did.json"),
        ["did", "web", name] => format!("https://{name}/.well-known/did.json"),
        _ => return Err(format!("{handle} names no account").into()),
    };
    let document: Value = serde_json::from_str(&get(&address)?)?;
    if document["id"] != *did {
        return Err(format!("{address} is not the document of {did}").into());
    }
    // The document must also name the handle, because anybody can claim another person's DID.
    let names = document["alsoKnownAs"].as_array().into_iter().flatten();
    if !names.into_iter().any(|name| *name == format!("at://{handle}")) {
        return Err(format!("the account {did} does not have the handle {handle}").into());
    }
    let mut services = document["service"].as_array().into_iter().flatten();
    let server = services
        .find(|service| service["type"] == "AtprotoPersonalDataServer")
        .and_then(|service| service["serviceEndpoint"].as_str())
        .ok_or("the account has no server")?;
    Ok(Account { did, server: server.to_owned() })
}

/// A client for the account's server. `client_id` is the address of the document about the client.
fn client(server: &str, client_id: &str, store: FileBackend) -> Result<Client, BoxError> {
    let credentials = Credentials::public(client_id).with_redirect_uri("http://127.0.0.1/callback");
    let connection = Connect::to(server).credentials(credentials).discover()?;
    println!("authorization server: {}", connection.authorization_server().issuer());
    // Every server of the protocol binds tokens, even if its metadata does not say so.
    Ok(connection.client(store).dpop().build())
}

/// Removes the login if it is for another account than the person named: a server could log in somebody else.
fn check(account: &Account, client: &Client) -> Result<(), BoxError> {
    let login = client.stored()?.ok_or("there is no login")?;
    if login.token().extra().get("sub").and_then(Value::as_str) == Some(&*account.did) {
        return Ok(());
    }
    client.clear()?;
    Err(format!("the login was not for {}", account.did).into())
}

fn show(client: &Client) -> Result<(), BoxError> {
    let session: Value = client.get("/xrpc/com.atproto.server.getSession").read_json()?;
    let text = |name: &str| session[name].as_str().unwrap_or("?").to_owned();
    println!("logged in as {} ({})", text("handle"), text("did"));
    Ok(())
}

/// The sandbox plays the handle's host, the account's server and its authorization server.
fn on_the_sandbox() -> Result<(), BoxError> {
    const ID: &str = "https://app.example/client-metadata.json";
    const DID: &str = "did:web:alice.example.com";
    let sandbox = Sandbox::builder()
        .client(ID, None)
        .pkce_required(true)
        .issuer_in_callback(true)
        .pushed_requests(Duration::from_secs(60))
        .pushed_requests_required(true)
        .dpop_required(true)
        .dpop_nonces(3)
        .resource_metadata(true)
        .start()?;
    let server = format!("{}/api", sandbox.url());
    let document = json!({
        "id": DID,
        "alsoKnownAs": ["at://alice.example.com"],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": server}],
    });
    sandbox.on_open("GET", "/.well-known/atproto-did", |_| ApiReply::bytes(200, "text/plain", DID));
    sandbox.on_open("GET", "/.well-known/did.json", move |_| ApiReply::json(200, document.clone()));
    sandbox.on("GET", "/api/xrpc/com.atproto.server.getSession", |_| {
        ApiReply::json(200, json!({"handle": "alice.example.com", "did": DID}))
    });
    sandbox.on_token(|_, mut reply| {
        if let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body)
            && body.get("access_token").is_some()
        {
            body["sub"] = DID.into();
            reply.body = body.to_string().into_bytes();
        }
        reply
    });

    let account = find(sandbox.url(), "alice.example.com")?;
    println!("account: {}, on {}", account.did, account.server);
    let store = sandbox.folder().join("atproto.json");
    let client = client(&account.server, ID, FileBackend::new(store))?;
    let authorization =
        client.authorize_with(&["atproto"], &[("login_hint", "alice.example.com")])?;
    let callback = sandbox.approve(authorization.url())?;
    client.exchange(authorization, &callback)?;
    check(&account, &client)?;
    show(&client)?;
    client.refresh()?;
    show(&client)?;
    let counters = sandbox.counters();
    println!(
        "pushed requests: {}, nonces demanded: {}, refreshes: {}, logins lost: {}",
        counters.pushed_requests,
        counters.nonces_demanded,
        counters.refreshes,
        u8::from(!sandbox.login_alive())
    );
    Ok(())
}
