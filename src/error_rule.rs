//! What an error answer of a token endpoint means, as data.

/// What an error answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The refresh token (or code) is refused.
    Refused,
    /// It is too early to refresh; the token is still good.
    TooEarly,
    /// The request or the application is set up wrongly; the token is untouched.
    Setup,
    /// A passing failure that certainly spent nothing.
    Transient,
    /// Nobody knows whether the token was spent.
    Unknown,
}

/// A rule: when all its conditions hold, the answer means `verdict`.
///
/// ```
/// use evergrant::provider::{ErrorRule, Verdict};
///
/// let rule = ErrorRule::new(Verdict::TooEarly).text("access_token not expired");
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ErrorRule {
    pub(crate) verdict: Verdict,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) field: Option<(String, String)>,
    pub(crate) header: Option<(String, String)>,
}

impl ErrorRule {
    /// A rule without conditions, which always holds.
    pub fn new(verdict: Verdict) -> ErrorRule {
        ErrorRule { verdict, status: None, code: None, text: None, field: None, header: None }
    }

    /// Only with this HTTP status.
    pub fn status(mut self, status: u16) -> ErrorRule {
        self.status = Some(status);
        self
    }

    /// Only with this error code, in any case; `http_400` and its like mean an answer with that status
    /// that names none, such as an empty one.
    pub fn code(mut self, code: &str) -> ErrorRule {
        self.code = Some(code.to_owned());
        self
    }

    /// Only if the description contains this text, in any case.
    pub fn text(mut self, text: &str) -> ErrorRule {
        self.text = Some(text.to_ascii_lowercase());
        self
    }

    /// Only if the member at this path, such as `errors[0].code`, has this value (numbers compare
    /// as text).
    pub fn field(mut self, path: &str, value: &str) -> ErrorRule {
        self.field = Some((path.to_owned(), value.to_owned()));
        self
    }

    /// Only if the header contains this text, in any case.
    pub fn header(mut self, name: &str, text: &str) -> ErrorRule {
        self.header = Some((name.to_ascii_lowercase(), text.to_ascii_lowercase()));
        self
    }
}
