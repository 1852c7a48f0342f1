//! Describes as data which answers of the API are about the access token.

/// A rule about answers of the API: an answer that meets all conditions says that the access token is
/// no longer valid, or that the call was refused for another reason.
///
/// Some services report an expired access token only in the body, with a status such as 200, 400 or
/// 403. The client applies rules only to JSON answers of at most 16 KiB: a longer answer meets no
///      rule. The
/// caller gets the whole body.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::AnswerRule;
///
/// // Slack: `{"ok":false,"error":"token_expired"}` with status 200.
/// let provider = Provider::builder("slack")
///     .token_endpoint("https://slack.com/api/oauth.v2.access")
///     .answer_rule(AnswerRule::ended("error", "token_expired").status(200))
///     .answer_rule(AnswerRule::ended("error", "invalid_auth").status(200))
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct AnswerRule {
    /// Whether the access token is no longer valid.
    pub(crate) ended: bool,
    pub(crate) status: Option<u16>,
    pub(crate) path: String,
    pub(crate) value: String,
}

impl AnswerRule {
    /// The access token is no longer valid if the member at this path, such as `error.code`, has this
    /// value. A number is compared as text. The client does the same as after a 401: it looks for
    /// another token, refreshes once, and sends the request again if its body can be sent again.
    pub fn ended(path: &str, value: &str) -> AnswerRule {
        AnswerRule { ended: true, status: None, path: path.to_owned(), value: value.to_owned() }
    }

    /// The access token is valid, but does not allow this call, if the member at this path has this value.
    /// The client never refreshes after such an answer, also if its status is 401.
    pub fn refused(path: &str, value: &str) -> AnswerRule {
        AnswerRule { ended: false, ..AnswerRule::ended(path, value) }
    }

    /// The answer must have this HTTP status. Without this condition, the client reads the beginning of
    /// every JSON answer.
    pub fn status(mut self, status: u16) -> AnswerRule {
        self.status = Some(status);
        self
    }

    /// Whether the rule may be about an answer with this status.
    pub(crate) fn is_about(&self, status: u16) -> bool {
        self.status.is_none_or(|wanted| wanted == status)
    }
}
