//! How answers of the token endpoint are read.

use std::time::Duration;

use super::ErrorRule;

/// How answers of the token endpoint are read. These rules come first; then the client reads the
/// standard's members.
///
/// A path is written as `data` or `errors[0].code`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyRules {
    /// The paths of the object that holds the tokens, tried in order before the top level.
    pub token_paths: Vec<String>,
    /// The lifetime of an access token if the answer names none. With `None`, such a token counts as
    /// valid until the API refuses it.
    pub default_lifetime: Option<Duration>,
    /// The paths of the error code, tried in order before the usual places.
    pub error_code_paths: Vec<String>,
    /// The paths of the error description, tried in order before the usual places.
    pub error_text_paths: Vec<String>,
    /// The rules for what an error answer means, tried in order before the standard's.
    pub error_rules: Vec<ErrorRule>,
}
