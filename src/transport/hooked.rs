//! Calls the hooks of requests to the authorization server. A hook that panics loses no token.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::TokenTransport;
use super::exchange::{Answer, Raw};
use crate::error::{Error, Result};
use crate::hooks::TokenAnswer;
use crate::protocol::{TokenDraft, TokenRequest};
use crate::secret::Secret;
use crate::substring;

impl TokenTransport {
    /// The request after the hook has run, and the secrets that the hook has added. After an error or a
    /// panic of the hook nothing is sent.
    pub(super) fn drafted(&self, request: TokenRequest) -> Result<(TokenRequest, Vec<Secret>)> {
        let Some(before) = &self.hooks.before else { return Ok((request, Vec::new())) };
        let mut draft = TokenDraft::of(&request);
        match catch_unwind(AssertUnwindSafe(|| before(&mut draft))) {
            Ok(Ok(())) => draft.into_request(request),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                Err(Error::config("the hook before_token_request panicked; nothing was sent"))
            }
        }
    }

    /// The answer, with the body that the hook returns in place of the original body. After a panic of
    /// the hook the answer is read unchanged: a new refresh token in it must not be lost.
    pub(super) fn answered(&self, url: &str, mut raw: Raw) -> Raw {
        if let (Some(read), Raw::Answer(answer)) = (&self.hooks.answer, &mut raw)
            && answer.cut.is_none()
        {
            let url = substring::before(url, '?');
            let Answer { status, headers, body, .. } = answer;
            let seen = TokenAnswer { url, status: *status, headers, body: body.as_slice() };
            match catch_unwind(AssertUnwindSafe(|| read(&seen))) {
                Ok(Some(other)) => *body = other.into(),
                Ok(None) => {}
                Err(_) => log::warn!(
                    target: "evergrant",
                    "the hook on_token_answer panicked: the answer is read unchanged"
                ),
            }
        }
        raw
    }
}
