//! stub
use crate::{OAuthError, Secret, Token};
use std::time::Duration;
pub(crate) struct Reply {
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) outcome: Outcome,
}
pub(crate) struct Issued {
    pub(crate) token: Token,
    pub(crate) refresh_expires_in: Option<Duration>,
}
pub(crate) enum Outcome {
    Token(Box<Issued>),
    Refused(OAuthError),
    TooEarly(OAuthError),
    Setup(OAuthError),
    Limited { error: OAuthError, retry_after: Option<Duration>, spent: bool },
    Unknown(OAuthError),
}
