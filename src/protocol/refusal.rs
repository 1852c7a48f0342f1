//! Reads error answers of endpoints other than the token endpoint, which have the same form (RFC 6749
//! section 5.2).

use time::OffsetDateTime;

use super::reply::{Outcome, RawReply, read};
use crate::error::{Error, RateLimited};
use crate::provider::Provider;

/// The error in an answer of an endpoint that issues no tokens. `what` names the answer.
pub(super) fn refusal(
    provider: &Provider,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
    what: &str,
) -> Error {
    match read(provider, reply, sent_at).outcome {
        Outcome::Limited { error, retry_after: Some(retry_after), .. } => {
            RateLimited::answered(error.host, retry_after, error.description).into()
        }
        Outcome::Refused(error)
        | Outcome::TooEarly(error)
        | Outcome::Setup(error)
        | Outcome::Limited { error, .. }
        | Outcome::Unknown(error) => Error::OAuth(Box::new(error)),
        Outcome::Token(_) => Error::decode(
            format!("{what} of {}", provider.token_host()),
            "it is a token, which the client did not request",
        ),
    }
}
