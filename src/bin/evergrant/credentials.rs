//! The application's own id and secret: from the environment, a `.env` file, or the description of the service.

use std::path::{Path, PathBuf};

use evergrant::{Credentials, Dotenv, Provider};

use crate::failure::{Failure, Outcome};
use crate::places::Places;

/// Where credentials were found.
pub(crate) struct Found {
    pub(crate) credentials: Credentials,
    /// The `.env` file, if the client id is in one.
    pub(crate) file: Option<PathBuf>,
}

/// Where the tool looks for credentials.
pub(crate) struct Sources<'a> {
    /// The file that `--env-file` names.
    pub(crate) asked: Option<&'a Path>,
    /// The file that the login used before.
    pub(crate) before: Option<&'a Path>,
    pub(crate) places: &'a Places,
    /// The name of the login.
    pub(crate) login: &'a str,
    /// The name of the service.
    pub(crate) service: &'a str,
    /// The credentials in the description of the service.
    pub(crate) described: Option<&'a Credentials>,
}

impl Sources<'_> {
    /// The file of the service in the folder of settings, which all logins of the service may use.
    pub(crate) fn own_file(&self) -> PathBuf {
        self.places.settings.join(format!("{}.env", self.service))
    }

    /// The files to search, in order: the tool uses the first file that has the client id. A variable of the
    /// process has priority over all files.
    fn files(&self) -> Vec<PathBuf> {
        if let Some(asked) = self.asked {
            return vec![asked.to_owned()];
        }
        let mut files =
            vec![self.places.settings.join(format!("{}.env", self.login)), self.own_file()];
        files.extend(self.before.map(Path::to_owned));
        files.extend(std::env::current_dir().ok().map(|folder| folder.join(".env")));
        files.retain(|file| file.is_file());
        files
    }

    /// Finds the credentials of a provider.
    pub(crate) fn find(&self, provider: &Provider) -> Outcome<Found> {
        let prefix = provider.env_prefix();
        let id = format!("{prefix}_CLIENT_ID");
        if std::env::var_os(&id).is_some_and(|value| !value.is_empty()) {
            return Ok(Found { credentials: Credentials::from_env(&prefix)?, file: None });
        }
        for file in self.files() {
            let variables = Dotenv::file(&file)?;
            if variables.variable(&id)?.is_some() {
                let file = std::path::absolute(&file).unwrap_or(file);
                return Ok(Found {
                    credentials: variables.credentials(&prefix)?,
                    file: Some(file),
                });
            }
        }
        if let Some(credentials) = self.described {
            return Ok(Found { credentials: credentials.clone(), file: None });
        }
        let own = self.own_file();
        Err(Failure::new(format!(
            "the client id of {} is not known: set {id} (and {prefix}_CLIENT_SECRET, if the application has a \
             secret) in the environment, in .env, or in {}",
            provider.display_name(),
            own.display()
        ))
        .hint(format!("write the variables into {}", own.display())))
    }

    /// Finds the first file that has the provider's variable `name`. For tokens, which may be in a
    /// file without a client id.
    pub(crate) fn file_with(&self, name: &str) -> Outcome<Option<Dotenv>> {
        for file in self.files() {
            let variables = Dotenv::file(&file)?;
            if variables.variable(name)?.is_some() {
                return Ok(Some(variables));
            }
        }
        Ok(None)
    }
}
