//! Prints an error and its causes, each cause once.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use super::BoxError;
use crate::plain;
use crate::substring::has;

/// The error and its causes in one line, for events and log lines.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    plain::plain(text)
}

/// Writes the causes in one line: `: cause: cause`.
pub(super) fn write_causes(f: &mut fmt::Formatter<'_>, error: &dyn StdError) -> fmt::Result {
    causes(error).try_for_each(|cause| plain::write(f, format_args!(": {cause}")))
}

/// Writes the causes, one per line.
pub(super) fn write_report(f: &mut fmt::Formatter<'_>, error: &dyn StdError) -> fmt::Result {
    if error.source().is_some() {
        f.write_str("\n\nCaused by:")?;
    }
    causes(error).try_for_each(|cause| {
        f.write_str("\n    ")?;
        plain::write(f, format_args!("{cause}"))
    })
}

/// Whether a request failed because of a certificate that will never be trusted: an unknown authority
/// has issued it, or it is for another host. (An expired certificate may be renewed.) This crate does
/// not depend on the types of the TLS library, so it searches the error's text; `tests/service/tls.rs`
/// checks them.
pub(super) fn is_distrust(error: &(dyn StdError + 'static)) -> bool {
    const WORDS: [&str; 2] = ["UnknownIssuer", "not valid for name"];
    std::iter::once(error).chain(causes(error)).any(|cause| {
        let text = cause.to_string();
        has(&text, "invalid peer certificate") && WORDS.iter().any(|word| has(&text, word))
    })
}

fn causes<'a>(error: &'a dyn StdError) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |error: &&(dyn StdError + 'static)| (**error).source())
}

/// Copies the messages of an error and its causes. An [`io::Error`] in the chain stays an [`io::Error`] with
/// its kind.
pub(super) fn echo(error: &(dyn StdError + 'static)) -> BoxError {
    match error.downcast_ref::<io::Error>() {
        Some(error) => same_io(error).into(),
        None => Box::new(Echo {
            text: plain::plain(error.to_string()),
            source: error.source().map(echo),
        }),
    }
}

/// Returns a cause that comes from outside this crate. If its message has invisible characters, returns
/// only the message, in one line.
pub(super) fn from_outside(error: BoxError) -> BoxError {
    if !error.to_string().contains(plain::is_unseen) {
        return error;
    }
    match error.downcast::<io::Error>() {
        Ok(error) => io::Error::new(error.kind(), plain::plain(error.to_string())).into(),
        Err(error) => echo(&*error),
    }
}

/// Copies an [`io::Error`]: the copy has the same code or kind, and the same message.
pub(crate) fn same_io(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// The message of an error, and the messages of its causes.
struct Echo {
    text: String,
    source: Option<BoxError>,
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl StdError for Echo {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
