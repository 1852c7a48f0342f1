//! The folders of the tool: one for logins, one for settings.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome, file};

/// The folders. The folders are made when the tool first writes into them.
#[derive(Clone)]
pub(crate) struct Places {
    /// Logins: `NAME.json` and `NAME.about.json`.
    pub(crate) logins: PathBuf,
    /// Settings: `NAME.env` with credentials, `NAME.toml` and `NAME.json` with descriptions of services.
    pub(crate) settings: PathBuf,
}

impl Places {
    /// The folder that `EVERGRANT_HOME` names, for both; without this variable, the folders of the
    /// platform.
    pub(crate) fn of_this_user() -> Outcome<Places> {
        if let Some(home) = std::env::var_os("EVERGRANT_HOME")
            && !home.is_empty()
            && !Path::new(&home).is_absolute()
        {
            return Err(Failure::new("EVERGRANT_HOME must be the absolute path of a folder"));
        }
        let variable = |name: &str| {
            let path = std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        Places::from(&variable, std::env::consts::OS).ok_or_else(|| {
            let home = if cfg!(windows) { "APPDATA" } else { "HOME" };
            Failure::new(format!(
                "{home} is not set, so the folder of the logins is not known: set EVERGRANT_HOME to the \
                 absolute path of a folder"
            ))
        })
    }

    fn from(variable: &dyn Fn(&str) -> Option<PathBuf>, os: &str) -> Option<Places> {
        if let Some(home) = variable("EVERGRANT_HOME") {
            return Some(Places { logins: home.clone(), settings: home });
        }
        let one = |folder: PathBuf| {
            let folder = folder.join("evergrant");
            Places { logins: folder.clone(), settings: folder }
        };
        match os {
            "windows" => Some(one(variable("APPDATA")?)),
            "macos" => Some(one(variable("HOME")?.join("Library/Application Support"))),
            // The XDG Base Directory Specification.
            _ => {
                let folder = |name: &str, below: &str| {
                    let found = variable(name).or_else(|| Some(variable("HOME")?.join(below)))?;
                    Some(found.join("evergrant"))
                };
                Some(Places {
                    logins: folder("XDG_DATA_HOME", ".local/share")?,
                    settings: folder("XDG_CONFIG_HOME", ".config")?,
                })
            }
        }
    }

    /// Makes the folder of the logins, for this user alone.
    pub(crate) fn make(&self) -> Outcome<()> {
        make(&self.logins)
    }
}

fn make(folder: &Path) -> Outcome<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| file("make the folder", folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(os: &str, variables: &[(&str, &str)]) -> Option<(String, String)> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        let text = |path: PathBuf| path.to_string_lossy().replace('\\', "/");
        Places::from(&variable, os).map(|places| (text(places.logins), text(places.settings)))
    }

    #[test]
    fn each_platform_has_its_own_folders() {
        let two = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        let home = ("HOME", "/home/ada");
        let linux = two("/home/ada/.local/share/evergrant", "/home/ada/.config/evergrant");
        assert_eq!(places("linux", &[home]), linux);
        let xdg = [home, ("XDG_DATA_HOME", "/d"), ("XDG_CONFIG_HOME", "/c")];
        assert_eq!(places("linux", &xdg), two("/d/evergrant", "/c/evergrant"));
        let mac = "/home/ada/Library/Application Support/evergrant";
        assert_eq!(places("macos", &[home]), two(mac, mac));
        assert_eq!(places("windows", &[("APPDATA", "/r")]), two("/r/evergrant", "/r/evergrant"));
        assert_eq!(places("linux", &[home, ("EVERGRANT_HOME", "/x")]), two("/x", "/x"));
        assert_eq!(places("linux", &[]), None);
    }
}
