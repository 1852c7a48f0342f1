//! Settings in environment variables, by the names of Shell's SDKs.

use std::str::FromStr;
use std::time::Duration;

use ureq::http::Method;

use super::query::encoded;
use super::{Environment, ShellEvBuilder};
use crate::sdk::shown;
use crate::{Credentials, Error, Result, TokenBackend};

/// The longest wait between two attempts, as in Shell's SDKs.
const LONGEST_BACKOFF: Duration = Duration::from_secs(120);

fn wrong(text: String) -> Error {
    Error::Config(text.into())
}

/// Returns the value of the variable with the prefix `SHELL_EV_`, or else of the variable with the plain
/// name. An empty variable is treated as absent.
pub(super) fn variable(name: &str) -> Result<Option<String>> {
    by_both_names(name, &of_process)
}

fn by_both_names(name: &str, get: Lookup<'_>) -> Result<Option<String>> {
    for name in [&format!("SHELL_EV_{name}"), name] {
        if let Some(value) = get(name)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn of_process(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(wrong(format!("{name} is not valid Unicode")))
        }
    }
}

/// Returns a variable of the process, or of the file if the name begins with `SHELL_EV_` or `O_AUTH_`. A
/// plain name such as `PROXY_ADDRESS` in the file may belong to another program.
#[cfg(feature = "dotenv")]
pub(super) fn of_file(file: &crate::Dotenv, name: &str) -> Result<Option<String>> {
    by_both_names(name, &|name| {
        let own = ["SHELL_EV_", "O_AUTH_"].iter().any(|prefix| name.starts_with(prefix));
        if own { file.variable(name) } else { of_process(name) }
    })
}

type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>>;

fn parsed<T: FromStr>(get: Lookup<'_>, name: &str, what: &str) -> Result<Option<T>> {
    let Some(text) = get(name)? else { return Ok(None) };
    text.trim()
        .parse()
        .map(Some)
        .map_err(|_| wrong(format!("{name} is {}, not {what}", shown(&text))))
}

fn seconds(get: Lookup<'_>, name: &str) -> Result<Option<Duration>> {
    let Some(number) = parsed::<f64>(get, name, "a number of seconds")? else { return Ok(None) };
    Duration::try_from_secs_f64(number)
        .map(Some)
        .map_err(|_| wrong(format!("{name} is {number}, not a number of seconds")))
}

fn list<T>(get: Lookup<'_>, name: &str, read: fn(&str) -> Option<T>) -> Result<Option<Vec<T>>> {
    let Some(text) = get(name)? else { return Ok(None) };
    let item = |item: &str| {
        read(item.trim())
            .ok_or_else(|| wrong(format!("{name} has {}, which cannot be read", shown(item))))
    };
    text.split(',').map(item).collect::<Result<_>>().map(Some)
}

/// Returns the address of a proxy with its port and its credentials. Shell's sample has a port in the address
/// and in `PROXY_PORT`.
fn proxy(get: Lookup<'_>) -> Result<Option<String>> {
    let Some(address) = get("PROXY_ADDRESS")? else { return Ok(None) };
    let (scheme, host) = address.trim().split_once("://").unwrap_or(("http", address.trim()));
    let host = host.trim_end_matches('/');
    let port: Option<u16> = parsed(get, "PROXY_PORT", "a port")?;
    let named = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let host = match (named, port) {
        (Some(named), Some(port)) if named != port => {
            return Err(wrong(format!("PROXY_ADDRESS has port {named}, but PROXY_PORT is {port}")));
        }
        (None, Some(port)) => format!("{host}:{port}"),
        _ => host.to_owned(),
    };
    let user = match (get("PROXY_USERNAME")?, get("PROXY_PASSWORD")?) {
        (Some(user), password) => {
            format!("{}:{}@", encoded(&user), encoded(&password.unwrap_or_default()))
        }
        (None, _) => String::new(),
    };
    Ok(Some(format!("{scheme}://{user}{host}")))
}

fn credentials(get: Lookup<'_>) -> Result<Credentials> {
    let first = |names: [&'static str; 2]| {
        for name in names {
            let Some(value) = get(name)? else { continue };
            if value.chars().any(|c| c.is_control() || c == '\u{feff}') {
                return Err(wrong(format!("{name} has a line break or another control character")));
            }
            if value.trim().len() < value.len() {
                log::warn!(target: "evergrant", "{name} begins or ends with a blank");
            }
            return Ok(value);
        }
        Err(wrong(format!("{} is not set", names[0])))
    };
    let id = first(["O_AUTH_CLIENT_ID", "SHELL_EV_CLIENT_ID"])?;
    Ok(Credentials::new(id, first(["O_AUTH_CLIENT_SECRET", "SHELL_EV_CLIENT_SECRET"])?))
}

impl ShellEvBuilder {
    /// Makes a builder with the credentials and settings in the environment variables of
    /// [`super::ShellEv::from_env`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the id or the secret is missing, and for a value that cannot be read.
    pub fn from_env(
        environment: Environment,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEvBuilder> {
        ShellEvBuilder::from_lookup(environment, Box::new(backend), &variable)
    }

    /// Does the same as [`ShellEvBuilder::from_env`], and looks in a `.env` file for variables that are
    /// not set. Only names that begin with `SHELL_EV_` or `O_AUTH_` are read from the file.
    ///
    /// # Errors
    ///
    /// The errors of [`ShellEvBuilder::from_env`]; the message names the file.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(
        environment: Environment,
        file: &crate::Dotenv,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEvBuilder> {
        let get = |name: &str| of_file(file, name);
        ShellEvBuilder::from_lookup(environment, Box::new(backend), &get)
            .map_err(|error| file.told(error))
    }

    fn from_lookup(
        environment: Environment,
        backend: Box<dyn TokenBackend>,
        get: Lookup<'_>,
    ) -> Result<ShellEvBuilder> {
        let mut builder = ShellEvBuilder::new(environment, credentials(get)?, backend);
        if let Some(margin) = seconds(get, "O_AUTH_CLOCK_SKEW")? {
            builder = builder.margin(margin);
        }
        if let Some(timeout) = seconds(get, "TIMEOUT")? {
            builder = builder.timeout(timeout);
        }
        if let Some(retries) = parsed(get, "MAX_RETRIES", "a count")? {
            builder = builder.retries(retries);
        }
        if let Some(first) = seconds(get, "BACKOFF_FACTOR")? {
            builder = builder.backoff(first, LONGEST_BACKOFF);
        }
        if let Some(statuses) = list(get, "RETRY_STATUSES", |text| text.parse().ok())? {
            builder = builder.retry_statuses(&statuses);
        }
        let method = |text: &str| text.to_ascii_uppercase().parse::<Method>().ok();
        if let Some(methods) = list(get, "RETRY_METHODS", method)? {
            builder = builder.retry_methods(&methods);
        }
        if let Some(address) = proxy(get)? {
            builder = builder.proxy(&address);
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryBackend;

    fn build(pairs: &[(&str, &str)]) -> Result<super::super::ShellEv> {
        let known = [("O_AUTH_CLIENT_ID", "id"), ("O_AUTH_CLIENT_SECRET", "secret")];
        let get = |name: &str| {
            let found = pairs.iter().chain(&known).find(|(key, _)| *key == name);
            Ok(found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty()))
        };
        let backend = Box::new(MemoryBackend::new());
        ShellEvBuilder::from_lookup(Environment::Sit, backend, &get)?.build()
    }

    fn refusal(name: &str, value: &str) -> String {
        build(&[(name, value)]).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_variable_is_read_and_wrong_values_are_reported() {
        let all = [
            ("O_AUTH_CLOCK_SKEW", "30"),
            ("TIMEOUT", "2.5"),
            ("MAX_RETRIES", "3"),
            ("BACKOFF_FACTOR", "0.5"),
            ("RETRY_STATUSES", "429, 503"),
            ("RETRY_METHODS", "get,put"),
            ("PROXY_ADDRESS", "http://proxy.example"),
            ("PROXY_PORT", "8080"),
            ("PROXY_USERNAME", "me"),
            ("PROXY_PASSWORD", "p@ss"),
        ];
        let shell = build(&all).unwrap();
        assert_eq!(shell.client().provider().margin(), Duration::from_secs(30));
        for (name, value) in [
            ("O_AUTH_CLIENT_ID", ""),
            ("O_AUTH_CLIENT_SECRET", ""),
            ("O_AUTH_CLIENT_ID", "app\n"),
            ("O_AUTH_CLIENT_SECRET", "\u{feff}s"),
            ("O_AUTH_CLOCK_SKEW", "a bit"),
            ("TIMEOUT", "-1"),
            ("TIMEOUT", "NaN"),
            ("MAX_RETRIES", "1.5"),
            ("BACKOFF_FACTOR", "x"),
            ("RETRY_STATUSES", "429,never"),
            ("RETRY_METHODS", "GET,B AD"),
        ] {
            assert!(refusal(name, value).contains(name), "{name}={value}");
        }
        assert!(refusal("TIMEOUT", "0").contains("zero"));
    }

    #[test]
    fn a_proxy_address_is_built_from_its_parts() {
        let put = |pairs: &'static [(&str, &str)]| {
            let get = move |name: &str| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                Ok(found.map(|(_, value)| (*value).to_owned()))
            };
            proxy(&get).map_err(|error| error.to_string())
        };
        let is = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(put(&[]), Ok(None));
        assert_eq!(put(&[("PROXY_ADDRESS", "p.example")]), is("http://p.example"));
        let both = put(&[("PROXY_ADDRESS", "http://p.example:3000/"), ("PROXY_PORT", "3000")]);
        assert_eq!(both, is("http://p.example:3000"));
        let user = put(&[
            ("PROXY_ADDRESS", "https://p.example"),
            ("PROXY_PORT", "8080"),
            ("PROXY_USERNAME", "a@b"),
            ("PROXY_PASSWORD", "c/d"),
        ]);
        assert_eq!(user, is("https://a%40b:c%2Fd@p.example:8080"));
        assert!(put(&[("PROXY_ADDRESS", "http://p:3000"), ("PROXY_PORT", "8080")]).is_err());
        assert!(put(&[("PROXY_ADDRESS", "p"), ("PROXY_PORT", "many")]).is_err());
    }
}
