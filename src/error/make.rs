//! Makes errors.

use super::{BackendFailure, BoxError, DecodeError, Error};

impl Error {
    /// Makes an [`Error::Config`]. The message names the setting, the file or the variable, and says what to
    /// change.
    pub fn config(text: impl Into<String>) -> Error {
        // A cold path is compiled to less code.
        #[cold]
        #[inline(never)]
        fn of(text: String) -> Error {
            Error::Config(text.into_boxed_str())
        }
        of(text.into())
    }

    /// Makes an [`Error::Backend`].
    #[cold]
    #[inline(never)]
    pub(crate) fn backend(operation: &'static str, store: String, source: BoxError) -> Error {
        Error::Backend(Box::new(BackendFailure { operation, sent: false, store, source }))
    }

    /// Makes an [`Error::Backend`] after something was sent.
    #[cold]
    #[inline(never)]
    pub(crate) fn backend_after(operation: &'static str, store: String, source: BoxError) -> Error {
        Error::Backend(Box::new(BackendFailure { operation, sent: true, store, source }))
    }

    /// Makes an [`Error::Decode`] from the name of the answer and the reason why reading failed. The source
    /// must not repeat a token.
    pub fn decode(what: impl Into<String>, source: impl Into<BoxError>) -> Error {
        Error::Decode(Box::new(DecodeError::new(what, source)))
    }
}
