//! The hosts of a URL: `postgres://app@one,two/app`. The store uses the host that accepts writes.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::super::BackendError;
use super::super::pool::PATIENCE;
use super::session::{self, Session};
use super::unanswered::Unanswered;
use crate::clock::{Clock as _, SystemClock};
use crate::error::{BoxError, Error, Result as CrateResult};

/// Reads a URL, adds the defaults for settings that the URL does not have, and names the database.
pub(super) fn configured(url: &str) -> CrateResult<(Config, String)> {
    let mut config: Config = url.parse().map_err(|error| {
        Error::config(format!("not a URL of a PostgreSQL database: {}", session::told(&error)))
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(PATIENCE * 3);
    }
    if config.get_ssl_mode() == SslMode::Require {
        let text = "a URL of PostgreSQL connects without TLS: for sslmode=require, give the store \
                    connections with TLS (PostgresBackend::with_connections)";
        return Err(Error::config(text));
    }
    // The library checks a silent connection only after two hours.
    if config.get_keepalives_idle() == Duration::from_secs(7200) {
        config.keepalives_idle(Duration::from_secs(60));
    }
    if config.get_application_name().is_none() {
        config.application_name("evergrant");
    }
    let host = config.get_hosts().first().map_or_else(String::new, |host| match host {
        Host::Tcp(name) => format!(" at {name}"),
        #[cfg(unix)]
        Host::Unix(path) => format!(" at {}", path.display()),
    });
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    let address = format!("PostgreSQL database {name}{host}");
    Ok((config, address))
}

/// The hosts, and the number of the host that answered last.
pub(super) struct Hosts {
    each: Vec<One>,
    last: Arc<AtomicUsize>,
}

/// A host: its name in messages, its configuration, and the threads that wait for its address.
struct One {
    name: String,
    config: Config,
    unanswered: Arc<Unanswered>,
}

impl Hosts {
    /// Makes a separate configuration for each host. With one configuration for all hosts, the library
    /// would wait for a host that accepts the connection but does not answer, and would not try the
    /// next host. If there are
    /// several hosts, the store uses only a host that accepts writes.
    pub(super) fn of(config: &Config) -> Hosts {
        let count = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        let each = (0..count).map(|number| {
            let mut one = only(config, number);
            if count > 1 {
                one.connect_timeout(PATIENCE / u32::try_from(count).unwrap_or(u32::MAX));
                if config.get_target_session_attrs() == TargetSessionAttrs::Any {
                    one.target_session_attrs(TargetSessionAttrs::ReadWrite);
                }
            }
            One { name: named(config, number), config: one, unanswered: Arc::default() }
        });
        Hosts { each: each.collect(), last: Arc::default() }
    }

    /// Opens a session. The host that answered last is tried first. The time limit is for all hosts
    /// together, and is the same as for a single host.
    pub(super) fn open(&self, name: &str) -> Result<Session, BoxError> {
        let count = self.each.len();
        let patience = PATIENCE / u32::try_from(count).unwrap_or(u32::MAX);
        let first = self.last.load(Ordering::Relaxed);
        let mut told = Vec::new();
        for number in (0..count).map(|n| (first + n) % count) {
            let Some(host) = self.each.get(number) else { break };
            match host.open(name, patience) {
                Ok(session) => {
                    self.last.store(number, Ordering::Relaxed);
                    return Ok(session);
                }
                Err(error) if count == 1 || BackendError::is_no_connection(&error) => {
                    return Err(error);
                }
                Err(error) => {
                    let cause =
                        error.source().map_or_else(|| error.to_string(), ToString::to_string);
                    told.push(format!("{}: {cause}", host.name));
                }
            }
        }
        let text = format!("{name}: no host accepts writes");
        Err(BackendError::Unavailable(text).because(told.join("; ")))
    }
}

impl One {
    /// Opens a session at the first address that answers.
    fn open(&self, name: &str, patience: Duration) -> Result<Session, BoxError> {
        let began = SystemClock.monotonic();
        let Some((host, port)) = self.to_resolve() else {
            return session::open(name, patience, &self.config);
        };
        // A thread of ours, because the library would leave a thread behind for each search that takes too long.
        let search = move || Ok((host.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>());
        let addresses = session::resolved(name, patience, &self.unanswered, search)?;
        let (mut last, mut more) = (None, addresses.len() as u32);
        for address in addresses {
            let mut config = self.config.clone();
            config.hostaddr(address.ip());
            // An address that does not answer leaves time for the other addresses.
            let part = (began + patience).saturating_sub(SystemClock.monotonic()) / more.max(1);
            more = more.saturating_sub(1);
            match session::open(name, part, &config) {
                Err(error) if !BackendError::is_no_connection(&error) => last = Some(error),
                done => return done,
            }
        }
        let none = || BackendError::Unavailable(format!("{name}: the host has no address")).into();
        Err(last.unwrap_or_else(none))
    }

    /// The name and the port of a host whose address is not known.
    fn to_resolve(&self) -> Option<(String, u16)> {
        let name = match self.config.get_hosts().first()? {
            Host::Tcp(name) => name,
            #[cfg(unix)]
            Host::Unix(_) => return None,
        };
        if !self.config.get_hostaddrs().is_empty() || name.parse::<IpAddr>().is_ok() {
            return None;
        }
        Some((name.clone(), self.config.get_ports().first().copied().unwrap_or(5432)))
    }
}

/// The name of a host in messages.
fn named(config: &Config, number: usize) -> String {
    let port = config.get_ports().get(number).or(config.get_ports().first()).copied();
    let name = match (config.get_hosts().get(number), config.get_hostaddrs().get(number)) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        #[cfg(unix)]
        (Some(Host::Unix(path)), _) => path.display().to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => String::new(),
    };
    format!("{name}:{}", port.unwrap_or(5432))
}

/// The configuration with only this host.
fn only(all: &Config, number: usize) -> Config {
    if all.get_hosts().len().max(all.get_hostaddrs().len()) < 2 {
        return all.clone();
    }
    let mut one = Config::new();
    match all.get_hosts().get(number) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        #[cfg(unix)]
        Some(Host::Unix(path)) => drop(one.host_path(path)),
        None => {}
    }
    all.get_hostaddrs().get(number).map(|address| one.hostaddr(*address));
    let port = all.get_ports().get(number).or(all.get_ports().first());
    port.map(|port| one.port(*port));
    all.get_user().map(|user| one.user(user));
    all.get_password().map(|password| one.password(password));
    all.get_dbname().map(|name| one.dbname(name));
    all.get_options().map(|options| one.options(options));
    all.get_application_name().map(|name| one.application_name(name));
    all.get_connect_timeout().map(|time| one.connect_timeout(*time));
    all.get_tcp_user_timeout().map(|time| one.tcp_user_timeout(*time));
    one.keepalives(all.get_keepalives()).keepalives_idle(all.get_keepalives_idle());
    all.get_keepalives_interval().map(|time| one.keepalives_interval(time));
    all.get_keepalives_retries().map(|count| one.keepalives_retries(count));
    one.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation());
    one.channel_binding(all.get_channel_binding());
    one.target_session_attrs(all.get_target_session_attrs());
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_gets_its_port_and_all_other_settings() {
        let url = "postgres://app:sesame@one:1,two:2/db?application_name=x&keepalives_idle=7\
                   &options=-c%20geqo%3Doff&connect_timeout=60";
        let hosts = Hosts::of(&url.parse().unwrap());
        let [one, two] = &hosts.each[..] else { panic!("two hosts") };
        assert_eq!((one.name.as_str(), two.name.as_str()), ("one:1", "two:2"));
        let two = &two.config;
        assert_eq!(two.get_hosts(), [Host::Tcp("two".to_owned())]);
        assert_eq!((two.get_ports(), two.get_password()), (&[2][..], Some(&b"sesame"[..])));
        assert_eq!((two.get_user(), two.get_dbname()), (Some("app"), Some("db")));
        assert_eq!(two.get_options(), Some("-c geqo=off"));
        assert_eq!(two.get_keepalives_idle().as_secs(), 7);
        assert_eq!(two.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        // The connection attempts to both hosts together must fit into the time limit of a call.
        assert_eq!(two.get_connect_timeout(), Some(&(PATIENCE / 2)));
        let one = "postgres://app@one/db?connect_timeout=60".parse().unwrap();
        let hosts = Hosts::of(&one);
        assert_eq!(format!("{:?}", hosts.each[0].config), format!("{one:?}"));
    }

    #[test]
    fn a_url_without_limits_gets_them_and_keeps_its_own() {
        let (config, address) = configured("postgres://app@db.example").unwrap();
        assert_eq!(address, "PostgreSQL database app at db.example");
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(30)));
        assert_eq!(config.get_application_name(), Some("evergrant"));
        let own = "connect_timeout=1&tcp_user_timeout=2000&application_name=bookkeeping";
        let (config, address) = configured(&format!("postgres:///books?{own}")).unwrap();
        assert_eq!(address, "PostgreSQL database books");
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(1)));
        assert!(config.get_tcp_user_timeout().is_some_and(|time| *time != PATIENCE * 3));
        assert_eq!(config.get_application_name(), Some("bookkeeping"));
        let error = configured("postgres://app@db.example?sslmode=require").unwrap_err();
        assert!(error.to_string().contains("with_connections"), "{error}");
    }
}
