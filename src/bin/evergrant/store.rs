//! The store of a login, from its address as the person writes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use evergrant::FileBackend;
use evergrant::backend::{LoginStore, TokenBackend};

use crate::failure::{Failure, Outcome};

/// Where a login is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Sqlite(PathBuf),
    Postgres(String),
    Redis(String),
    Keyring(PathBuf),
}

/// An opened store.
pub(crate) enum Store {
    /// A file, which keeps one login.
    One(Arc<dyn TokenBackend>),
    /// A database, which has a row for each login.
    Many(Arc<dyn LoginStore>),
}

impl Place {
    /// Reads an address. A relative path is below the current folder. `keyring:` alone is a sealed file in the
    /// folder of the logins.
    pub(crate) fn parse(text: &str, login: &str, folder: &Path) -> Outcome<Place> {
        let absolute = |path: &str| {
            std::path::absolute(path)
                .map_err(|error| Failure::new(format!("the path {path:?} has no folder: {error}")))
        };
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        match scheme {
            "sqlite" if rest.is_empty() => Err(Failure::new("write `sqlite:` and the file")),
            "sqlite" => Ok(Place::Sqlite(absolute(rest)?)),
            "postgres" | "postgresql" => Ok(Place::Postgres(text.to_owned())),
            "redis" | "rediss" => Ok(Place::Redis(text.to_owned())),
            "keyring" if rest.is_empty() => {
                Ok(Place::Keyring(folder.join(format!("{login}.sealed.json"))))
            }
            "keyring" => Ok(Place::Keyring(absolute(rest)?)),
            // A scheme of one letter is a drive on Windows.
            _ if scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(Failure::new(format!(
                    "no store has addresses that begin with `{scheme}:`: write a file, or an address that begins \
                 with sqlite:, postgres:, redis: or keyring:, or ./{text} for a file"
                )))
            }
            _ if text.is_empty() => Err(Failure::new("the address of the store is empty")),
            _ => Ok(Place::File(absolute(text)?)),
        }
    }

    /// The address in the form that `parse` reads.
    pub(crate) fn address(&self) -> String {
        match self {
            Place::File(path) => path.display().to_string(),
            Place::Sqlite(path) => format!("sqlite:{}", path.display()),
            Place::Postgres(url) | Place::Redis(url) => url.clone(),
            Place::Keyring(path) => format!("keyring:{}", path.display()),
        }
    }

    /// The store as a person reads it, without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Place::Postgres(_) => "PostgreSQL".to_owned(),
            Place::Redis(_) => "Redis".to_owned(),
            other => other.address(),
        }
    }

    /// Whether the store is a file in this folder.
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        match self {
            Place::File(path) | Place::Sqlite(path) | Place::Keyring(path) => {
                path.parent() == Some(folder)
            }
            _ => false,
        }
    }

    /// Whether the address has a password in it. Also true for an address that cannot be parsed,
    /// because it may have a password.
    pub(crate) fn has_password(&self) -> bool {
        match self {
            Place::Postgres(url) | Place::Redis(url) => url::Url::parse(url).map_or(true, |url| {
                url.cannot_be_a_base()
                    || url.password().is_some()
                    || url.query_pairs().any(|(name, _)| name == "password")
            }),
            _ => false,
        }
    }

    /// Opens the store without reading it.
    pub(crate) fn open(&self, login: &str) -> Outcome<Store> {
        match self {
            Place::File(path) => Ok(Store::One(Arc::new(FileBackend::new(path)))),
            Place::Keyring(path) => keyring(path, login).map(Store::One),
            Place::Sqlite(path) => sqlite(path).map(Store::Many),
            Place::Postgres(url) => postgres(url).map(Store::Many),
            Place::Redis(url) => redis(url).map(Store::Many),
        }
    }
}

/// The failure of a build without a feature.
#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "redis", feature = "keyring")))]
fn lacks<T>(feature: &str) -> Outcome<T> {
    let text = format!("this build of the tool has no store `{feature}:`");
    Err(Failure::new(text).hint(format!("cargo install evergrant --features cli,{feature}")))
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &Path) -> Outcome<Arc<dyn LoginStore>> {
    Ok(Arc::new(evergrant::SqliteBackend::new(path)))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &Path) -> Outcome<Arc<dyn LoginStore>> {
    lacks("sqlite")
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Outcome<Arc<dyn LoginStore>> {
    Ok(Arc::new(evergrant::PostgresBackend::new(url)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str) -> Outcome<Arc<dyn LoginStore>> {
    lacks("postgres")
}

#[cfg(feature = "redis")]
fn redis(url: &str) -> Outcome<Arc<dyn LoginStore>> {
    Ok(Arc::new(evergrant::RedisBackend::new(url)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Outcome<Arc<dyn LoginStore>> {
    lacks("redis")
}

#[cfg(feature = "keyring")]
fn keyring(path: &Path, login: &str) -> Outcome<Arc<dyn TokenBackend>> {
    Ok(Arc::new(evergrant::backend::KeyringBackend::new("evergrant", login, path)))
}

#[cfg(not(feature = "keyring"))]
fn keyring(_: &Path, _: &str) -> Outcome<Arc<dyn TokenBackend>> {
    lacks("keyring")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Outcome<Place> {
        Place::parse(text, "work", Path::new("/logins"))
    }

    #[test]
    fn the_address_of_a_store_is_read_and_written() {
        for text in [
            "/tmp/x.json",
            "sqlite:/tmp/x.db",
            "postgres://app@db.example/app",
            "redis://r.example/0",
            "keyring:/tmp/x.json",
        ] {
            let place = parse(text).unwrap();
            assert_eq!(place.address(), text);
            assert!(!place.has_password());
        }
        let sealed = Place::Keyring("/logins/work.sealed.json".into());
        assert_eq!(parse("keyring:").unwrap(), sealed);
        for text in ["mysql://db.example/app", "postgre:db", "", "sqlite:"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_the_address_of_a_store_is_found() {
        for text in [
            "postgres://app:pw@db.example/app",
            "postgres://db/app?password=pw",
            "redis://:pw@r",
            "postgres://app:pw@a:5432,b/app",
            "postgres:host=db password=pw",
        ] {
            assert!(parse(text).unwrap().has_password(), "{text}");
        }
    }
}
