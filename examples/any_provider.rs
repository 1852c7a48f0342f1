//! Logs in at any ready provider and prints the identity of the person.
//!
//! `cargo run --features identity --example any_provider` uses the sandbox. With the name of a service as the
//! first argument, and the application's id and secret in the environment, it uses that service. Some
//! services need a second argument: Facebook a version, Microsoft a tenant, Okta a domain, OpenID an issuer,
//! Shopify a shop.
//!
//! ```console
//! $ DISCORD_CLIENT_ID=... DISCORD_CLIENT_SECRET=... DISCORD_REDIRECT_URI=http://127.0.0.1:8123/callback \
//!     cargo run --features identity --example any_provider -- discord
//! $ OKTA_CLIENT_ID=... cargo run --features identity --example any_provider -- okta example.okta.com
//! ```

use evergrant::error::CallbackError;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, FileBackend, Provider, providers};

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = arguments.first() else { return on_the_sandbox() };
    let provider = named(name, arguments.get(1).map_or("", String::as_str))?;
    let client = Client::from_env(provider, FileBackend::new(format!("{name}.json")))?;
    if client.stored()?.is_none() {
        // With an https redirect URI, the person pastes the address of the last page that the browser shows.
        let redirect_uri =
            std::env::var(format!("{}_REDIRECT_URI", client.provider().env_prefix()));
        match redirect_uri {
            Ok(uri) if uri.starts_with("https:") => client.authorize_pasted(&[], ask)?,
            _ => client.authorize_interactive(&[], |url| eprintln!("Open {url}"))?,
        }
    }
    show(&client)
}

fn named(name: &str, given: &str) -> Result<Provider, BoxError> {
    let or = |default| if given.is_empty() { default } else { given };
    Ok(match name {
        "discord" => providers::discord(),
        "facebook" => providers::facebook(or("v22.0"))?,
        "franceconnect" => providers::franceconnect(),
        "github" => providers::github(),
        "google" => providers::google(),
        "kakao" => providers::kakao(),
        "linkedin" => providers::linkedin(),
        "microsoft" => providers::microsoft(or("common"))?,
        "naver" => providers::naver(),
        "okta" => providers::okta(given)?,
        "openid" => providers::openid(given)?,
        "reddit" => providers::reddit(),
        "shopify" => providers::shopify(given, "2026-07")?,
        _ => return Err(format!("this example does not know the provider {name:?}").into()),
    })
}

fn show(client: &Client) -> Result<(), BoxError> {
    let identity = client.id_and_email()?;
    let email = identity.email.as_deref().unwrap_or("no email address");
    let verified = match identity.email_verified {
        Some(true) => "verified",
        Some(false) => "not verified",
        None => "verification unknown",
    };
    let name = client.provider().display_name();
    println!("{name}: {} ({email}; {verified})", identity.id);
    Ok(())
}

fn ask(url: &str, wrong: Option<&CallbackError>) -> std::io::Result<String> {
    if let Some(wrong) = wrong {
        eprintln!("The login failed: {wrong}.");
    }
    eprintln!("Open {url}\nand paste the address that the browser shows at the end:");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// Discovers the sandbox by its metadata, like any OpenID Connect provider, and logs in.
fn on_the_sandbox() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let provider = named("openid", sandbox.url())?;
    let file = FileBackend::new(sandbox.folder().join("openid.json"));
    let client = Client::new(provider, sandbox.credentials(), file);
    let authorization = client.authorize(&[])?;
    println!("Open {}", authorization.url());
    let callback = sandbox.approve(authorization.url())?;
    client.exchange(authorization, &callback)?;
    show(&client)
}
