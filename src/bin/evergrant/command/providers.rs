//! `providers`: lists the known services, or shows the addresses and rules of one service.

use std::io::IsTerminal as _;

use evergrant::provider::{ClientAuth, Pkce, Rotation};
use evergrant::{Provider, providers};

use super::Context;
use crate::failure::Outcome;
use crate::service;
use crate::show::{self, Colour};

/// The page of the guide with the table of services and its evidence.
const SERVICES: &str = include_str!("../../../guide/services.md");

pub(crate) fn run(context: &Context, name: Option<&str>) -> Outcome {
    match name {
        Some(name) => one(context, name),
        None => all(context),
    }
}

fn all(context: &Context) -> Outcome {
    let head = |text: &str| (text.to_owned(), Colour::Strong);
    let mut table = vec![vec![head("NAME"), head("SERVICE"), head("FOR")]];
    for ready in providers::ready() {
        let plain = |text: &str| (text.to_owned(), Colour::Plain);
        table.push(vec![head(&ready.usage()), plain(ready.display_name()), plain(ready.kind())]);
    }
    for (name, path) in files(context) {
        table.push(vec![
            head(&name),
            (path, Colour::Plain),
            ("a file of yours".to_owned(), Colour::Plain),
        ]);
    }
    show::write(show::table(&table, std::io::stdout().is_terminal()).as_bytes())?;
    context.tell(
        "Any other service: the address of its issuer (https://...), or a file that describes it. \
         `evergrant providers NAME` shows what is known about a service.",
    );
    Ok(0)
}

/// The descriptions in the folder of settings that have a name.
fn files(context: &Context) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(&context.places.settings).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let described = service::described(&name, &context.places)?;
            (described == path).then(|| (name, path.display().to_string()))
        })
        .collect();
    files.sort();
    files
}

fn one(context: &Context, name: &str) -> Outcome {
    let ready = providers::ready();
    let short = name.split(':').next().unwrap_or_default().to_lowercase().replace('-', "_");
    let row = ready.iter().find(|row| row.name() == short);
    if let Some(row) = row.filter(|row| !row.parameters().is_empty() && !name.contains(':')) {
        // A service with parameters has no provider until the person gives the parameters.
        show::print(&format!("{}: {}", row.display_name(), row.kind()))?;
        show::print(&format!("write  {}", row.usage()))?;
        for (name, meaning) in row.parameters() {
            show::print(&format!("       {name} is {meaning}"))?;
        }
        return evidence(&short);
    }
    let service = service::find(name, &context.places)?;
    let lines = lines(&service.provider);
    let rows: Vec<_> = lines
        .into_iter()
        .map(|(name, value)| vec![(name.to_owned(), Colour::Strong), (value, Colour::Plain)])
        .collect();
    show::write(show::table(&rows, std::io::stdout().is_terminal()).as_bytes())?;
    // For a file or an issuer there is no evidence in the guide.
    match row.is_some() && service.spelling == name {
        true => evidence(&short),
        false => show::print(&format!("\ndescribed by: {}", service.spelling)).map(|()| 0),
    }
}

/// Prints the row of the guide, and where the evidence is.
fn evidence(name: &str) -> Outcome {
    let row = SERVICES.lines().find(|line| line.contains(&format!("crate::providers::{name})")));
    let heads = SERVICES.lines().find(|line| line.starts_with("| service |")).unwrap_or_default();
    if let Some(row) = row {
        show::print("")?;
        for (head, cell) in heads.split('|').zip(row.split('|')).skip(2) {
            let (head, cell) = (head.trim(), cell.trim());
            if !head.is_empty() && !cell.is_empty() {
                show::print(&format!("{head}: {}", cell.replace('`', "")))?;
            }
        }
    }
    show::print("")?;
    show::print(&format!(
        "evidence: https://docs.rs/evergrant/latest/evergrant/providers/fn.{name}.html"
    ))?;
    Ok(0)
}

fn lines(provider: &Provider) -> Vec<(&'static str, String)> {
    let prefix = provider.env_prefix();
    let known = |text: Option<&str>| text.unwrap_or("not known").to_owned();
    let authorization = provider.authorization_rules();
    let redirect = match (&authorization.redirect_uri, authorization.redirect_uri_is_name) {
        (_, true) => {
            format!("a name that the service gives, in {prefix}_REDIRECT_URI; use --paste")
        }
        (Some(uri), false) => format!("{uri}, or another address in {prefix}_REDIRECT_URI"),
        (None, false) => format!(
            "http://127.0.0.1/callback, registered as a native application's, or another address in {prefix}_REDIRECT_URI"
        ),
    };
    let scopes = provider.default_scopes().join(" ");
    let limit = |limit: Option<std::time::Duration>, text: &str| {
        limit.map(|limit| format!("{} days {text}", limit.as_secs() / 86_400))
    };
    let refresh = provider.refresh_rules();
    let limits =
        [limit(refresh.idle_limit, "without use"), limit(refresh.consent_limit, "after the login")];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    vec![
        ("service", provider.display_name().to_owned()),
        ("client id", format!("{prefix}_CLIENT_ID")),
        ("client secret", format!("{prefix}_CLIENT_SECRET, {}", auth(provider.client_auth()))),
        ("redirect URI to register", redirect),
        ("scopes by default", if scopes.is_empty() { "none".to_owned() } else { scopes }),
        ("login page", known(provider.authorization_endpoint())),
        (
            "login with --device",
            match provider.device_authorization_endpoint() {
                Some(_) => "works".to_owned(),
                None => "not known to work".to_owned(),
            },
        ),
        ("tokens", provider.token_endpoint().to_owned()),
        ("logout", known(provider.revocation_endpoint())),
        ("API", known(provider.api_base())),
        ("PKCE", pkce(authorization.pkce).to_owned()),
        ("a used refresh token", rotation(provider.rotation())),
        (
            "a login ends",
            if limits.is_empty() { "not known".to_owned() } else { limits.join(", ") },
        ),
    ]
}

fn auth(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic | ClientAuth::BasicRaw => "sent as HTTP Basic",
        ClientAuth::Body => "sent in the body",
        ClientAuth::None => "not sent",
        ClientAuth::SecretAsBearer => "sent as a bearer token",
        _ => "sent as the service wants it",
    }
}

fn pkce(pkce: Pkce) -> &'static str {
    match pkce {
        Pkce::S256 => "sent",
        Pkce::PublicClients => "sent by applications without a secret",
        Pkce::Off => "not sent",
        _ => "not known",
    }
}

fn rotation(rotation: Rotation) -> String {
    match rotation {
        Rotation::None => "stays valid".to_owned(),
        Rotation::UntilUsed => "works until its successor is used".to_owned(),
        Rotation::Strict => "is invalid at once".to_owned(),
        Rotation::Grace(window) | Rotation::GraceThenFamily(window) => {
            format!("works for {} more seconds", window.as_secs())
        }
        _ => "not known; treated as invalid at once".to_owned(),
    }
}
