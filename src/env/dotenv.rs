//! A `.env` file, from which a program reads variables without setting them in the process.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::variable;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::plain;
use crate::secret::Secret;
use crate::stored_json;
use crate::token::Token;

/// The largest size of a `.env` file, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// The variables of a `.env` file and of the process. A variable of the process overrides a variable of
/// the file. The variables of the file are not set in the process, so that a file that somebody left in
/// a folder cannot choose the proxy, the browser or a library of the process.
///
/// ```
/// use evergrant::Dotenv;
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let path = sandbox.folder().join("app.env");
/// # std::fs::write(&path, "APP_CLIENT_ID=app-7\nBROWSER=/bin/other\n")?;
///
/// let file = Dotenv::file(&path)?;
/// assert_eq!(file.credentials("APP")?.id(), "app-7");
/// assert_eq!(file.path(), Some(&*path));
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "dotenv")))]
pub struct Dotenv {
    path: Option<PathBuf>,
    /// The folder in which the program looked for the file.
    folder: PathBuf,
    variables: Vec<(String, Secret)>,
}

impl Dotenv {
    /// Reads the file `.env` of the current folder. A missing file is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a file that cannot be read; the error shows nothing of its content.
    pub fn here() -> Result<Dotenv> {
        Dotenv::look(1)
    }

    /// Reads the file `.env` of the current folder, or else of the nearest parent folder with such a
    /// file. Anyone who can write into a parent folder can choose the application's credentials.
    ///
    /// # Errors
    ///
    /// The errors of [`Dotenv::here`].
    pub fn here_or_above() -> Result<Dotenv> {
        Dotenv::look(usize::MAX)
    }

    /// Reads the file `path`, which must exist.
    ///
    /// # Errors
    ///
    /// The errors of [`Dotenv::here`], and [`Error::Config`] for a file that does not exist.
    pub fn file(path: impl Into<PathBuf>) -> Result<Dotenv> {
        let path = path.into();
        let variables = read(&path)?;
        log::info!(target: "evergrant", "reads {}", path.display());
        Ok(Dotenv { path: Some(path), folder: PathBuf::new(), variables })
    }

    fn look(folders: usize) -> Result<Dotenv> {
        let folder = std::env::current_dir()
            .map_err(|error| Error::config(format!("the current folder is not known: {error}")))?;
        // Skip a folder named `.env`: tools for Python make such folders.
        let is_there = |path: &PathBuf| path.metadata().is_ok_and(|found| !found.is_dir());
        let mut paths = folder.ancestors().take(folders).map(|folder| folder.join(".env"));
        match paths.find(is_there) {
            Some(path) => Dotenv::file(path),
            None => Ok(Dotenv { path: None, folder, variables: Vec::new() }),
        }
    }

    /// The file that was read; `None` when there was none.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// A variable of the process or else of the file; an empty variable is treated as absent.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a variable of the process that is not Unicode.
    pub fn variable(&self, name: &str) -> Result<Option<String>> {
        if let Some(value) = variable(name)? {
            return Ok(Some(value));
        }
        // The first value of a name is used.
        let found = self.variables.iter().find(|(own, _)| own == name);
        let value = found.map(|(_, value)| value.expose().to_owned());
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// The variables that [`Credentials::from_env`] reads.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`]; the message says which file was read.
    pub fn credentials(&self, prefix: &str) -> Result<Credentials> {
        super::credentials(prefix, |name| self.variable(name)).map_err(|error| self.told(error))
    }

    /// The variables that [`Token::from_env`] reads.
    ///
    /// # Errors
    ///
    /// The errors of [`Token::from_env`]; the message says which file was read.
    pub fn token(&self, prefix: &str) -> Result<Token> {
        super::token(prefix, |name| self.variable(name)).map_err(|error| self.told(error))
    }

    /// Adds the file that was read to an error, for an SDK that reads variables of its own.
    pub fn told(&self, error: Error) -> Error {
        match error {
            Error::Config(text) => Error::config(format!("{text} ({self})")),
            other => other,
        }
    }
}

/// Says which file was read.
impl fmt::Display for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{} was read", path.display()),
            None => write!(f, "no .env file in {}", self.folder.display()),
        }
    }
}

impl fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("Dotenv").field("path", &self.path).field("variables", &names).finish()
    }
}

fn read(path: &Path) -> Result<Vec<(String, Secret)>> {
    let shown = plain::path(path);
    let wrong = |error: std::io::Error| Error::config(format!("{shown} cannot be read: {error}"));
    // Reading a pipe might never end.
    if !path.metadata().map_err(wrong)?.is_file() {
        return Err(Error::config(format!("{shown} is not a regular file")));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    let file = std::fs::File::open(path).map_err(wrong)?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::config(format!("{shown} is larger than {LIMIT} bytes")));
    }
    pairs(&bytes, &shown)
}

/// The variables of a file with these bytes. `shown` names the file in an error.
pub(crate) fn pairs(bytes: &[u8], shown: &str) -> Result<Vec<(String, Secret)>> {
    let text = stored_json::text_of(bytes)
        .ok_or_else(|| Error::config(format!("{shown} is not text in UTF-8")))?;
    let pairs = dotenvy::from_read_iter(text.as_bytes()).map(|pair| match pair {
        Ok((name, value)) => Ok((name, Secret::new(value))),
        // dotenvy's error repeats the line, which may hold a secret.
        Err(dotenvy::Error::LineParse(_, at)) => {
            Err(Error::config(format!("{shown} has an error at character {at} of a line")))
        }
        Err(_) => Err(Error::config(format!("{shown} is not text in UTF-8"))),
    });
    pairs.collect()
}
