//! Error answers of Teamleader.

use std::fmt;

use serde_json::Value;

use crate::error::{ApiError, Error};
use crate::sdk::said;

/// An error answer of Teamleader's API, parsed.
///
/// ```
/// use evergrant::teamleader::TeamleaderError;
/// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
/// # let sandbox = Sandbox::start()?;
/// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
/// # let teamleader = builder.provider(sandbox.provider()).build()?;
/// # teamleader.client().seed(sandbox.login())?;
/// # sandbox.on("POST", "/api/contacts.delete", |_| {
/// #     let meta = serde_json::json!({ "field": "id" });
/// #     let error = serde_json::json!({ "title": "id is not a UUID", "status": 400, "meta": meta });
/// #     ApiReply::json(400, serde_json::json!({ "errors": [error] }))
/// # });
/// if let Err(error) = teamleader.contacts().delete("nobody")
///     && let Some(refusal) = TeamleaderError::of(&error)
/// {
///     println!("{}: {:?} {:?}", refusal.status(), refusal.member(), refusal.message());
/// #   assert_eq!((refusal.status(), refusal.member()), (400, Some("id")));
/// #   assert_eq!(refusal.message(), Some("id is not a UUID"));
/// #   assert!(error.to_string().contains("id is not a UUID (id)"));
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TeamleaderError {
    status: u16,
    request_id: Option<String>,
    problems: Vec<Problem>,
}

impl TeamleaderError {
    /// Reads an [`Error::Api`]. Returns `None` for every other error.
    pub fn of(error: &Error) -> Option<TeamleaderError> {
        let Error::Api(api) = error else { return None };
        let request_id = api.request_id.clone();
        Some(TeamleaderError { status: api.status, request_id, problems: read(api) })
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns Teamleader's code of the first problem.
    pub fn code(&self) -> Option<&str> {
        self.problems.iter().find_map(|problem| problem.code.as_deref())
    }

    /// Returns Teamleader's description of the first problem.
    pub fn message(&self) -> Option<&str> {
        self.problems.first().map(|problem| problem.title.as_str())
    }

    /// Returns the id of the request, if the answer has the header `X-Request-Id` or a similar header.
    /// Teamleader documents no such header.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the member of the request that the first problem is about.
    pub fn member(&self) -> Option<&str> {
        self.problems.first()?.field.as_deref()
    }

    /// Whether Teamleader says that the object does not exist: status 404.
    pub fn is_not_found(&self) -> bool {
        self.status == 404
    }

    /// Returns all problems. If the body has no `errors` but another message, the message is the only
    /// problem. For HTML and for a body without a message, the slice is empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for TeamleaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Teamleader answered {}", self.status)?;
        for (n, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for TeamleaderError {}

/// An entry in the `errors` of an answer. An answer can have several entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The description.
    pub title: String,
    /// Teamleader's code.
    pub code: Option<String>,
    /// The HTTP status of this entry.
    pub status: Option<u16>,
    /// The member of the request that the problem is about.
    pub field: Option<String>,
    /// A longer explanation. Only the token endpoint sends a hint.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        if let Some(field) = &self.field {
            write!(f, " ({field})")?;
        }
        match &self.hint {
            Some(hint) => write!(f, ": {hint}"),
            None => Ok(()),
        }
    }
}

fn read(api: &ApiError) -> Vec<Problem> {
    let body = api.json().unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let one = |error: &Value| Problem {
        title: text(&error["title"])
            .or_else(|| text(error))
            .unwrap_or_else(|| "no title".to_owned()),
        code: text(&error["code"]).or_else(|| error["code"].as_i64().map(|code| code.to_string())),
        status: error["status"].as_u64().and_then(|status| status.try_into().ok()),
        field: text(&error["meta"]["field"]),
        hint: text(&error["meta"]["hint"]),
    };
    if let Some(errors) = body["errors"].as_array() {
        return errors.iter().map(one).collect();
    }
    // The body is an OAuth error (RFC 6749), a gateway's error, or plain text.
    said(api).map(|title| Problem { title, ..Problem::default() }).into_iter().collect()
}

/// The longest reason in the message of an error, in characters.
const LONGEST: usize = 300;

/// Adds Teamleader's description of the problems to the error of an API call.
pub(super) fn explain(mut api: ApiError) -> Error {
    let problems: Vec<String> = read(&api).iter().map(Problem::to_string).collect();
    let joined = problems.join("; ");
    let plain = crate::error::one_line(&joined).chars().take(LONGEST).collect::<String>();
    api.reason = Some(plain).filter(|reason| !reason.is_empty());
    Error::Api(Box::new(api))
}
