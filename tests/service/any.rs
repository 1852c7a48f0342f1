//! Tests of services that depart from the standard, each with a server that answers as the service does.

mod bodies;
mod codes;
#[cfg(feature = "device")]
mod devices;
mod grants;
mod headers;
mod hooks;
mod hosts;
mod logins;
mod lookups;
mod replies;
mod reports;
mod revocations;
mod whole;

use evergrant::provider::ProviderBuilder;
use evergrant::{Client, ClientBuilder, Credentials, MemoryBackend, Provider, Token};

use crate::support::Fake;

/// Makes a provider whose token endpoint and API are on this server.
fn provider(server: &Fake) -> ProviderBuilder {
    Provider::builder("service")
        .authorization_endpoint("https://service.example/authorize")
        .token_endpoint(format!("{}/token", server.url()))
        .api_base(format!("{}/api", server.url()))
}

fn builder(provider: ProviderBuilder) -> ClientBuilder {
    let credentials =
        Credentials::new("app", "sesame").with_redirect_uri("https://app.example/callback");
    Client::builder(provider.build().unwrap(), credentials, MemoryBackend::new())
}

fn client(provider: ProviderBuilder) -> Client {
    builder(provider).build()
}

fn seeded(provider: ProviderBuilder) -> Client {
    let client = client(provider);
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    client
}

/// Returns the value of a header of a request.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    head.lines().skip(1).find_map(|line| {
        let (have, value) = line.split_once(':')?;
        have.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
