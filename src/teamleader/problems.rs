//! What Teamleader says is wrong.

use std::fmt;

use serde_json::Value;

use crate::error::{ApiError, Error};

/// One entry of the `errors` that Teamleader answers a bad request with; there can be several.
///
/// ```
/// use evergrant::teamleader::Problem;
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
/// if let Err(error) = teamleader.contacts().delete("nobody") {
///     for problem in Problem::of(&error) {
///         println!("{:?}: {}", problem.field, problem.title);
///     }
/// #   assert_eq!(Problem::of(&error)[0].field.as_deref(), Some("id"));
/// #   assert!(error.to_string().ends_with("answered 400: id is not a UUID (id)"));
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong, in words.
    pub title: String,
    /// Teamleader's number for it, if it gives one.
    pub code: Option<i64>,
    /// The HTTP status of this entry.
    pub status: Option<u16>,
    /// The field of the request that it is about.
    pub field: Option<String>,
    /// More in words; the token endpoint gives it.
    pub hint: Option<String>,
}

impl Problem {
    /// What an answer of the API complains about. Empty for other errors, and for an answer of
    /// another form.
    pub fn of(error: &Error) -> Vec<Problem> {
        match error {
            Error::Api(api) => read(api),
            _ => Vec::new(),
        }
    }
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
    let Some(body) = api.json() else { return Vec::new() };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let one = |error: &Value| Problem {
        title: text(&error["title"]).unwrap_or_else(|| "no title".to_owned()),
        code: error["code"].as_i64(),
        status: error["status"].as_u64().and_then(|status| status.try_into().ok()),
        field: text(&error["meta"]["field"]),
        hint: text(&error["meta"]["hint"]),
    };
    if let Some(errors) = body["errors"].as_array() {
        return errors.iter().map(one).collect();
    }
    // The form of RFC 6749, and one of a gateway.
    let fallback = ["error_description", "message", "error"];
    let title = fallback.iter().find_map(|name| text(&body[*name]));
    title.map(|title| Problem { title, ..Problem::default() }).into_iter().collect()
}

/// How long a reason may be in the text of an error.
const LONGEST: usize = 300;

/// Lets the error of an API call say what Teamleader complains about.
pub(super) fn explain(mut api: ApiError) -> Error {
    let problems: Vec<String> = read(&api).iter().map(Problem::to_string).collect();
    let joined = problems.join("; ");
    let plain = joined.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
    api.reason = Some(plain).filter(|reason| !reason.is_empty());
    Error::Api(Box::new(api))
}
