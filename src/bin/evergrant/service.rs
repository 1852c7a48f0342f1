//! The service that a person names: a ready provider, an issuer, or a file.

use std::path::{Path, PathBuf};

use evergrant::discovery::Discovery;
use evergrant::provider::ProviderBuilder;
use evergrant::ureq::tls::TlsConfig;
use evergrant::{ClientBuilder, Credentials, Provider, providers};

use crate::description;
use crate::failure::{Failure, Outcome};
use crate::places::Places;

/// A service: its provider, and the other settings of its description.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) provider: Provider,
    /// The text from which the tool finds the service again: a name, an issuer, or an absolute
    /// path.
    pub(crate) spelling: String,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) allow_hosts: Vec<String>,
}

impl Service {
    /// Applies the settings that all clients of the service share.
    pub(crate) fn set(&self, builder: ClientBuilder, tls: Option<TlsConfig>) -> ClientBuilder {
        let builder = match tls {
            Some(tls) => builder.http(move |config| config.tls_config(tls.clone())),
            None => builder,
        };
        self.allow_hosts.iter().fold(builder, |builder, host| builder.allow_host(host))
    }
}

/// Whether a text is the address of an issuer.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn is_path(text: &str) -> bool {
    text.ends_with(".toml") || text.ends_with(".json") || text.contains(['/', '\\'])
}

/// Finds the service.
pub(crate) fn find(text: &str, places: &Places) -> Outcome<Service> {
    if is_address(text) {
        return Ok(Service {
            provider: discovered(text, places)?.build()?,
            spelling: text.to_owned(),
            credentials: None,
            allow_hosts: Vec::new(),
        });
    }
    let path = if is_path(text) { Some(PathBuf::from(text)) } else { described(text, places) };
    if let Some(path) = path {
        return from_file(&path, places);
    }
    let provider = providers::named(text).map_err(|error| unknown(text, &error))?;
    Ok(Service { provider, spelling: text.to_owned(), credentials: None, allow_hosts: Vec::new() })
}

/// The file in the folder of settings that describes this name.
pub(crate) fn described(name: &str, places: &Places) -> Option<PathBuf> {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    // If the folder of logins is also the folder of settings, a JSON file of this name may be a
    // login.
    let json = Some(places.settings.join(format!("{name}.json")));
    let json = json.filter(|path| !crate::logins::has_record(path));
    let toml = places.settings.join(format!("{name}.toml"));
    [Some(toml), json].into_iter().flatten().find(|path| path.is_file())
}

fn from_file(path: &Path, places: &Places) -> Outcome<Service> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = description::read(&path, |origin| match is_address(origin) {
        true => discovered(origin, places),
        false => Ok(providers::named(origin)?.to_builder()),
    })?;
    Ok(Service {
        provider: found.provider,
        spelling: path.display().to_string(),
        credentials: found.credentials,
        allow_hosts: found.allow_hosts,
    })
}

/// A provider from its metadata, which is cached for a day in the folder of the logins.
fn discovered(issuer: &str, places: &Places) -> Outcome<ProviderBuilder> {
    let name = name_of(issuer);
    let mut discovery = Discovery::new(issuer);
    if let Some(tls) = crate::command::authorities()? {
        discovery = discovery.http(move |config| config.tls_config(tls.clone()));
    }
    if places.make().is_ok() {
        discovery = discovery.cache_file(places.logins.join(format!("{name}.metadata.json")));
    }
    Ok(discovery.metadata()?.provider()?.name(name))
}

/// The name of a provider that only an address names: its host, with `_` for other characters.
fn name_of(issuer: &str) -> String {
    let address = issuer.split_once("://").map_or(issuer, |(_, rest)| rest).trim_end_matches('/');
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    address.to_lowercase().chars().map(plain).collect()
}

fn unknown(text: &str, error: &evergrant::Error) -> Failure {
    let name = text.split(':').next().unwrap_or_default().to_lowercase().replace('-', "_");
    let ready = providers::ready();
    if ready.iter().any(|ready| ready.name() == name) {
        return Failure::new(error);
    }
    let near = ready.iter().map(|ready| ready.name()).filter(|_| !name.is_empty());
    let near = near.filter(|ready| ready.contains(&name) || name.contains(ready));
    // Prefer a name that begins with the typed text.
    let near = near.min_by_key(|ready| (!ready.starts_with(&name), ready.len()));
    let failure = Failure::new(format!(
        "no service is known as `{text}`: write the address of its issuer (https://...), or a file that \
         describes the service"
    ));
    failure.hint(match near {
        Some(near) => format!("evergrant providers {near}"),
        None => "evergrant providers".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_known_leads_to_a_similar_name() {
        let places = Places { logins: "/nowhere".into(), settings: "/nowhere".into() };
        let failure = find("git", &places).err().unwrap();
        assert!(failure.text.contains("`git`"), "{}", failure.text);
        assert_eq!(failure.hint.as_deref(), Some("evergrant providers github"));
        let failure = find("exact_online", &places).err().unwrap();
        assert!(failure.text.contains("exact_online:COUNTRY"), "{}", failure.text);
        assert_eq!(name_of("https://Login.Example:8443/tenant/"), "login.example_8443_tenant");
    }
}
