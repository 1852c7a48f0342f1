//! Shell's environments.

use std::str::FromStr;

use super::env;
use crate::sdk::shown;
use crate::{Error, Provider, Result, providers};

/// The environment of Shell that the client calls. There is no default: the default of Shell's SDKs changed from
/// production to test between two releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// The test environment: `api-test.shell.com`.
    Sit,
    /// The production environment: `api.shell.com`.
    Production,
}

impl Environment {
    /// Returns the environment's provider: token endpoint, API base, client authentication.
    pub fn provider(self) -> Provider {
        match self {
            Environment::Sit => providers::shell_ev_sit(),
            Environment::Production => providers::shell_ev(),
        }
    }

    /// Reads the variable `SHELL_EV_ENVIRONMENT`, or else `ENVIRONMENT`, as Shell's SDKs do.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when neither variable is set, and for a value other than `SIT`, `0`,
    /// `PRODUCTION` and `1`. Upper and lower case make no difference.
    pub fn from_env() -> Result<Environment> {
        Environment::of_variable(env::variable("ENVIRONMENT")?)
    }

    /// Does the same as [`Environment::from_env`], and reads `SHELL_EV_ENVIRONMENT` from the file `.env`
    /// of the current folder when neither variable is set.
    ///
    /// # Errors
    ///
    /// The errors of [`Environment::from_env`], and [`Error::Config`] for a file that cannot be read.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv() -> Result<Environment> {
        let file = crate::Dotenv::here()?;
        let name = env::of_file(&file, "ENVIRONMENT")?;
        Environment::of_variable(name).map_err(|error| file.told(error))
    }

    fn of_variable(name: Option<String>) -> Result<Environment> {
        name.ok_or_else(|| Error::Config("SHELL_EV_ENVIRONMENT is not set".into()))?.parse()
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Environment> {
        match text.trim().to_ascii_lowercase().as_str() {
            "sit" | "0" => Ok(Environment::Sit),
            "production" | "1" => Ok(Environment::Production),
            _ => Err(Error::Config(
                format!("Shell has no environment {}: use SIT or PRODUCTION", shown(text)).into(),
            )),
        }
    }
}
