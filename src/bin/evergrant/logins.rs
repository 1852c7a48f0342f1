//! The logins of this user: one store for each, and beside it a file that says which service the login is for.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome, file};
use crate::places::Places;
use crate::store::Place;

/// What the tool knows about a login beside its record. There is no secret in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The service: a name, an issuer, or the path of a description.
    pub(crate) service: String,
    /// The address of the store; the default file if it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    /// The `.env` file that has the credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env_file: Option<PathBuf>,
    /// The base of the API's addresses, if a person gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
}

/// A login by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) about: About,
}

const ABOUT: &str = ".about.json";

impl Login {
    /// The store of the login. `address` counts before the one that the login was made with.
    pub(crate) fn place(&self, address: Option<&str>, places: &Places) -> Outcome<Place> {
        match address.or(self.about.store.as_deref()) {
            Some(address) => Place::parse(address, &self.name, &places.logins),
            None => Ok(Place::File(file_of(&self.name, places))),
        }
    }
}

/// The store that a login has by default.
fn file_of(name: &str, places: &Places) -> PathBuf {
    places.logins.join(format!("{name}.json"))
}

fn about_of(name: &str, places: &Places) -> PathBuf {
    places.logins.join(format!("{name}{ABOUT}"))
}

/// The name that a login has by default: the service as the person names it, without parameters, folder and ending;
/// for an issuer, the name of its provider.
pub(crate) fn default_name(service: &str, provider: &str) -> String {
    if service.contains("://") {
        return provider.to_owned();
    }
    let path = Path::new(service);
    let is_file =
        ["toml", "json"].into_iter().any(|end| path.extension().is_some_and(|e| e == end));
    if is_file {
        return path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    }
    let name = service.split(':').next().unwrap_or(service);
    match evergrant::providers::named(service).is_ok() {
        true => name.to_lowercase().replace('-', "_"),
        false => name.to_owned(),
    }
}

/// Refuses a name that is no file's name on some system.
pub(crate) fn check_name(name: &str) -> Outcome<()> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+');
    let fits = (1..=100).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain);
    let reserved = [".about", ".sealed", ".metadata"].iter().any(|end| name.ends_with(end))
        || name.contains(".rescue-");
    match fits && !reserved {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "a login cannot have the name {name:?}: use letters, digits and any of - _ . @ +"
        ))),
    }
}

/// All logins, sorted by name.
pub(crate) fn list(places: &Places) -> Outcome<Vec<Login>> {
    let entries = match std::fs::read_dir(&places.logins) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file("read the folder", &places.logins, &error)),
    };
    let mut logins = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| file("read the folder", &places.logins, &error))?;
        let name = entry.file_name();
        if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(ABOUT)) {
            logins.push(Login { name: name.to_owned(), about: read(&entry.path())? });
        }
    }
    logins.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(logins)
}

fn read(path: &Path) -> Outcome<About> {
    let text = std::fs::read(path).map_err(|error| file("read", path, &error))?;
    serde_json::from_slice(&text).map_err(|_| {
        Failure::new(format!("{} is not a description of a login", path.display()))
            .hint("evergrant login PROVIDER, which writes the file again")
    })
}

/// Finds a login. A login that was stored by another program in the default file counts, if its name is that of a
/// service.
pub(crate) fn find(name: &str, places: &Places) -> Outcome<Option<Login>> {
    if check_name(name).is_ok() {
        let path = about_of(name, places);
        if path.exists() {
            return Ok(Some(Login { name: name.to_owned(), about: read(&path)? }));
        }
        if file_of(name, places).exists() && evergrant::providers::named(name).is_ok() {
            let about = About { service: name.to_owned(), ..About::default() };
            return Ok(Some(Login { name: name.to_owned(), about }));
        }
    }
    Ok(None)
}

/// Writes what is known about a login: whole, or not at all.
pub(crate) fn keep(login: &Login, places: &Places) -> Outcome<()> {
    places.make()?;
    let path = about_of(&login.name, places);
    let next = places.logins.join(format!(".{}{ABOUT}.{}", login.name, std::process::id()));
    let text = serde_json::to_string_pretty(&login.about).unwrap_or_default() + "\n";
    let written = std::fs::write(&next, text).and_then(|()| std::fs::rename(&next, &path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&next);
        file("write", &path, &error)
    })
}

/// Forgets what is known about a login. The store is not touched.
pub(crate) fn forget(name: &str, places: &Places) -> Outcome<()> {
    let path = about_of(name, places);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file("remove", &path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_again_by_its_name() {
        let folder = std::env::temp_dir().join(format!("evergrant-logins-{}", std::process::id()));
        let places = Places { logins: folder.clone(), settings: folder.clone() };
        assert!(list(&places).unwrap().is_empty());
        let about = About { service: "github".into(), ..About::default() };
        let login = Login { name: "work".into(), about };
        keep(&login, &places).unwrap();
        assert_eq!(find("work", &places).unwrap(), Some(login.clone()));
        assert_eq!(list(&places).unwrap(), [login]);
        assert_eq!(find("other", &places).unwrap(), None);
        std::fs::write(folder.join("github.json"), "{}").unwrap();
        assert_eq!(find("github", &places).unwrap().unwrap().about.service, "github");
        forget("work", &places).unwrap();
        assert!(find("work", &places).unwrap().is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_name_of_a_login_is_the_name_of_a_file() {
        for name in ["github", "work-2", "ada@example.org", "login.example"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "../x", "a/b", ".hidden", "x.about", "a b", "x.sealed"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(default_name("exact-online:nl", "exact_online"), "exact_online");
        assert_eq!(default_name("https://login.example", "login.example"), "login.example");
        assert_eq!(default_name("services/work.toml", "acme"), "work");
        assert_eq!(default_name("my-service", "acme"), "my-service");
    }
}
