//! The logins of this user: one store for each, and beside it a file that says which service the login is for.

use std::path::{Path, PathBuf};

use evergrant::backend::Record;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome, file};
use crate::places::Places;
use crate::store::{Place, Store};
use crate::text;

/// The settings of a login, in the file `NAME.about.json` beside its record. The settings contain no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The service: a name, an issuer, or the path of a description.
    pub(crate) service: String,
    /// The address of the store; the default file if it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    /// The variable that has the address of the store, for an address with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store_env: Option<String>,
    /// The scopes that the person asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// The `.env` file that has the credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env_file: Option<PathBuf>,
    /// The base of the API's addresses, if the person gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
    /// Set while the person logs in, because the login may never be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<Unfinished>,
}

/// The settings that apply again if the person does not log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Unfinished {
    /// The settings of the previous login with this name.
    before: Option<Box<About>>,
}

/// A login of the tool: its name and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) about: About,
    /// Whether the login has files in the folder of the logins, which then name the store.
    pub(crate) known: bool,
    /// Why the file about the login cannot be read.
    pub(crate) fault: Option<String>,
}

const ABOUT: &str = ".about.json";

impl Login {
    /// A login without files.
    pub(crate) fn new(name: &str, about: About) -> Login {
        Login { name: name.to_owned(), about, known: false, fault: None }
    }

    /// The store that the login's settings name, or the default file.
    pub(crate) fn place(&self, places: &Places) -> Outcome<Place> {
        if let Some(fault) = &self.fault {
            return Err(Failure::new(fault).hint(written_anew(&self.name)));
        }
        match (&self.about.store, &self.about.store_env) {
            (Some(address), _) => Place::parse(address, &self.name, &places.logins),
            (None, Some(variable)) => {
                Place::parse(&variable_of(variable)?, &self.name, &places.logins)
            }
            (None, None) => Ok(Place::File(file_of(&self.name, places))),
        }
    }

    /// Writes the store into the settings: its address or, if the address has a password, the name of the
    /// variable.
    pub(crate) fn remember(&mut self, place: &Place, variable: Option<&str>) {
        let variable = variable.filter(|_| place.has_password()).map(str::to_owned);
        self.about.store = variable.is_none().then(|| place.address());
        self.about.store_env = variable;
    }
}

/// The command that replaces the damaged settings of a login.
pub(crate) fn written_anew(name: &str) -> String {
    format!("evergrant login PROVIDER --name {name}, which writes the file anew")
}

/// Reads the address of a store from a variable.
pub(crate) fn variable_of(name: &str) -> Outcome<String> {
    std::env::var(name).ok().filter(|address| !address.is_empty()).ok_or_else(|| {
        Failure::new(format!("the variable {name}, which has the address of the store, is not set"))
    })
}

/// The default store of a login.
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

/// Refuses a name that cannot be a file name on every system, or that the tool's own files have.
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
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let name = name.strip_suffix(ABOUT).or_else(|| name.strip_suffix(".json"));
        if let Some(name) = name.filter(|name| check_name(name).is_ok()) {
            logins.extend(find(name, places)?);
        }
    }
    logins.sort_by(|a: &Login, b: &Login| a.name.cmp(&b.name));
    logins.dedup_by(|a, b| a.name == b.name);
    Ok(logins)
}

fn read(path: &Path) -> Result<About, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let about = text::decoded(&bytes).and_then(|text| serde_json::from_str(&text).ok());
    about.ok_or_else(|| format!("{shown} is not a description of a login"))
}

/// Whether a file that is no record is the damaged login of a ready provider, and not the description of a service.
fn is_damaged(name: &str, stored: &Path, places: &Places) -> bool {
    places.settings != places.logins
        && stored.is_file()
        && evergrant::providers::named(name).is_ok()
}

/// Whether a file has a stored login. A description of a service may have the same name.
pub(crate) fn has_record(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| Record::from_json(&bytes).is_ok())
}

/// Finds a login. A default file without settings is a login, too: then the name of the login is the name of
/// its service.
pub(crate) fn find(name: &str, places: &Places) -> Outcome<Option<Login>> {
    if check_name(name).is_ok() {
        let (path, stored) = (about_of(name, places), file_of(name, places));
        let there = |path: &Path| path.try_exists().map_err(|error| file("look for", path, &error));
        let login = |about| Login { known: true, ..Login::new(name, about) };
        if there(&path)? {
            match read(&path) {
                Ok(about) => {
                    if let Some(about) = settled(name, about, places) {
                        return Ok(Some(login(about)));
                    }
                }
                Err(fault) => {
                    return Ok(Some(Login { fault: Some(fault), ..login(About::default()) }));
                }
            }
        }
        if there(&stored)? && (has_record(&stored) || is_damaged(name, &stored, places)) {
            return Ok(Some(login(About { service: name.to_owned(), ..About::default() })));
        }
    }
    Ok(None)
}

/// The settings that apply to a login. If the process that made the login was killed, the store shows whether
/// the login was stored: then the new settings apply, otherwise the previous settings.
fn settled(name: &str, mut about: About, places: &Places) -> Option<About> {
    let Some(Unfinished { before }) = about.unfinished.take() else { return Some(about) };
    let stored = Login::new(name, about.clone()).place(places).and_then(|place| {
        let store = match place.open(name)? {
            Store::One(store) => store,
            Store::Many(database) => database.account(name)?,
        };
        Ok(store.load()?.is_some())
    });
    match stored {
        Ok(false) => before.map(|before| *before),
        // A store that cannot be read may have the login.
        Ok(true) | Err(_) => Some(about),
    }
}

/// Makes the new settings of a login permanent, because the login has been stored or is in a rescue file.
pub(crate) fn settle(name: &str, places: &Places) -> Outcome<()> {
    match read(&about_of(name, places)) {
        Ok(about) if about.unfinished.is_some() => {
            let about = About { unfinished: None, ..about };
            keep(&Login::new(name, about), places)
        }
        _ => Ok(()),
    }
}

/// Writes the settings of a login, in one atomic step.
pub(crate) fn keep(login: &Login, places: &Places) -> Outcome<()> {
    places.make()?;
    let text = serde_json::to_string_pretty(&login.about).unwrap_or_default() + "\n";
    write(&login.name, text.as_bytes(), places)
}

fn write(name: &str, text: &[u8], places: &Places) -> Outcome<()> {
    let path = about_of(name, places);
    let next = places.logins.join(format!(".{name}{ABOUT}.{}", std::process::id()));
    // An earlier process with the same id may have been killed here.
    let _ = std::fs::remove_file(&next);
    let written = crate::rescue::create(&next, text);
    let written = written.and_then(|()| std::fs::rename(&next, &path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&next);
        file("write", &path, &error)
    })
}

/// The new settings of a login, written before the person logs in. [`Kept::done`] keeps them, and
/// [`Kept::undo`] restores the previous settings.
pub(crate) struct Kept<'a> {
    name: &'a str,
    places: &'a Places,
    before: Option<Vec<u8>>,
}

impl Kept<'_> {
    pub(crate) fn new<'a>(login: &'a Login, places: &'a Places) -> Outcome<Kept<'a>> {
        let path = about_of(&login.name, places);
        let before = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            before => Some(before.map_err(|error| file("read", &path, &error))?),
        };
        let known = find(&login.name, places)?.filter(|known| known.fault.is_none());
        let known = known.map(|known| Box::new(known.about));
        let unfinished = Some(Unfinished { before: known });
        let about = About { unfinished, ..login.about.clone() };
        keep(&Login::new(&login.name, about), places)?;
        Ok(Kept { name: &login.name, places, before })
    }

    /// Keeps the new settings, because the login is stored.
    pub(crate) fn done(self) -> Outcome<()> {
        settle(self.name, self.places)
    }

    /// Restores the previous file, or removes the new file if there was none.
    pub(crate) fn undo(self) -> Outcome<()> {
        match &self.before {
            Some(before) => write(self.name, before, self.places),
            None => forget(self.name, self.places),
        }
    }
}

/// Removes the settings of a login. The store is not touched.
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
        let places = Places { logins: folder.clone(), settings: folder.join("settings") };
        assert!(list(&places).unwrap().is_empty());
        let about = About { service: "github".into(), ..About::default() };
        let login = Login { known: true, ..Login::new("work", about) };
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
