//! Describes as data what an error answer of a token endpoint means.

/// What an error answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The service refused the refresh token (or the code).
    Refused,
    /// It is too early to refresh. The refresh token is still valid.
    TooEarly,
    /// The request or the application is set up wrongly. The refresh token is still valid.
    Setup,
    /// The service failed temporarily and certainly did not use the refresh token.
    Transient,
    /// The answer does not say whether the service used the refresh token.
    Unknown,
}

/// A rule about error answers: an answer that meets all conditions means `verdict`.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::{ErrorRule, Verdict};
///
/// let provider = Provider::builder("example")
///     .token_endpoint("https://login.example/token")
///     .error_rule(ErrorRule::new(Verdict::TooEarly).text("access_token not expired"))
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// A rule without conditions: every error answer means `verdict`.
    pub fn new(verdict: Verdict) -> ErrorRule {
        ErrorRule { verdict, status: None, code: None, text: None, field: None, header: None }
    }

    /// The answer must have this HTTP status.
    pub fn status(mut self, status: u16) -> ErrorRule {
        self.status = Some(status);
        self
    }

    /// The answer must have this error code; case is ignored. An answer without a code, such as an
    /// empty body, has the code `http_` with its HTTP status, such as `http_400`.
    pub fn code(mut self, code: &str) -> ErrorRule {
        self.code = Some(code.to_owned());
        self
    }

    /// The description must contain this text; case is ignored.
    pub fn text(mut self, text: &str) -> ErrorRule {
        self.text = Some(text.to_ascii_lowercase());
        self
    }

    /// The member at this path, such as `errors[0].code`, must have this value. A number is compared as
    /// text.
    pub fn field(mut self, path: &str, value: &str) -> ErrorRule {
        self.field = Some((path.to_owned(), value.to_owned()));
        self
    }

    /// The header must contain this text; case is ignored.
    pub fn header(mut self, name: &str, text: &str) -> ErrorRule {
        self.header = Some((name.to_ascii_lowercase(), text.to_ascii_lowercase()));
        self
    }
}
