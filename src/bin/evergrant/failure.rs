//! What went wrong, and the exit code for it.

use std::fmt;

use evergrant::backend::BackendError;
use evergrant::{BoxError, Error};

/// A person has to change something, but nobody has to log in again.
pub(crate) const WRONG: u8 = 1;
/// A later run may succeed: EX_TEMPFAIL of sysexits.h.
pub(crate) const LATER: u8 = 75;
/// A person has to log in: EX_NOPERM of sysexits.h.
pub(crate) const LOG_IN: u8 = 77;

/// The reader of the output has closed the pipe: 128 + SIGPIPE, as a shell reports it.
pub(crate) const UNREAD: u8 = 141;

/// The exit code of a command, or its failure.
pub(crate) type Outcome<T = u8> = Result<T, Failure>;

/// A message and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) text: String,
    /// The command that fixes the fault.
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(text: impl fmt::Display) -> Failure {
        Failure { code: WRONG, text: text.to_string(), hint: None }
    }

    /// A failure with a message of the library, in the words of the tool.
    pub(crate) fn told(code: u8, text: &str) -> Failure {
        Failure { code, text: in_words_of_the_tool(text), hint: None }
    }

    /// The failure when the reader of the output has closed the pipe. `main` prints no message for
    /// it.
    pub(crate) fn unread() -> Failure {
        Failure { code: UNREAD, text: "nobody reads the results".to_owned(), hint: None }
    }

    /// The failure when no login has this name.
    pub(crate) fn nobody(name: &str) -> Failure {
        let text = format!("nobody has logged in as `{name}`");
        Failure { code: LOG_IN, text, hint: Some(format!("evergrant login {name}")) }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// The failure of a call with the login `name`.
    pub(crate) fn of(name: &str, error: &Error) -> Failure {
        let text = in_words_of_the_tool(&format!("{error:#}"));
        let failure = Failure { code: code(error), text, hint: None };
        match error.needs_authorization() {
            true => failure.hint(format!("evergrant login {name}")),
            false => failure,
        }
    }
}

/// The exit code of an error.
pub(crate) fn code(error: &Error) -> u8 {
    if error.needs_authorization() {
        LOG_IN
    } else if error.is_transient() {
        LATER
    } else {
        WRONG
    }
}

/// Replaces the names of the library in a message by the tool's options.
fn in_words_of_the_tool(text: &str) -> String {
    let words = [
        ("`ClientBuilder::allow_host(\"", "`--allow "),
        ("\")` if it", "` if it"),
        ("`ProviderBuilder::api_base`", "`--api-base`"),
        ("(move_login)", "(`evergrant move`)"),
        ("use the store through SealedBackend", "the tool opens such a store only as `keyring:`"),
        ("only `Client::refresh` sends it again", "the tool does not send it again: log in again"),
        ("`ClientBuilder::dpop_if_offered`", "`dpop = \"offered\"` in its description"),
        ("`ClientBuilder::dpop`", "`dpop = \"required\"` in its description"),
    ];
    words.iter().fold(text.to_owned(), |text, (library, tool)| text.replace(library, tool))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let text = in_words_of_the_tool(&format!("{error:#}"));
        Failure { code: code(&error), text, hint: None }
    }
}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Failure {
        let later = matches!(
            error.downcast_ref(),
            Some(BackendError::Busy(_) | BackendError::Unavailable(_) | BackendError::Full(_))
        );
        Failure { code: if later { LATER } else { WRONG }, text: error.to_string(), hint: None }
    }
}

/// The failure of reading or writing a file.
pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {doing} {}: {error}", path.display()))
}
