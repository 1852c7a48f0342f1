//! Checks the ID token that came with a token, before anything is stored.

use time::OffsetDateTime;

use super::TokenTransport;
use super::exchange::Raw;
use crate::error::{Error, IdTokenError};
use crate::protocol::{self, Authorization, Outcome};
use crate::refresh::Sent;
use crate::secret::Secret;
use crate::token::Token;

/// The time of a server is not used if it differs from ours by more than this.
const FURTHEST: time::Duration = time::Duration::DAY;

/// Returns our time and the time of the answer.
pub(super) fn times(raw: &Raw, ours: OffsetDateTime) -> [OffsetDateTime; 2] {
    let date = match raw {
        Raw::Answer(answer) => protocol::date(&answer.headers, ours),
        Raw::Never(_) | Raw::NoAnswer(_) => None,
    };
    [ours, date.filter(|date| (*date - ours).abs() <= FURTHEST).unwrap_or(ours)]
}

/// The values of the login that the ID token must agree with.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdTokenLogin<'a> {
    /// Whether the login asked for an ID token. Then an ID token that fails its checks ends the
    /// login.
    pub(super) asked: bool,
    /// The nonce that was sent.
    pub(super) nonce: Option<&'a Secret>,
    /// The earliest allowed time of the person's authentication, by our clock. `None` without `max_age`.
    pub(super) authenticated_since: Option<OffsetDateTime>,
}

impl IdTokenLogin<'_> {
    /// A login asks for an ID token by its nonce. Without a nonce, an ID token that fails its checks does not
    /// end the login.
    pub(super) fn of(authorization: &Authorization) -> IdTokenLogin<'_> {
        IdTokenLogin {
            asked: authorization.nonce().is_some(),
            nonce: authorization.nonce(),
            authenticated_since: authorization.authenticated_since(),
        }
    }
}

impl TokenTransport {
    /// Checks the ID token of an answer. A login that asked for an ID token fails if the ID token fails its
    /// checks, and nothing is stored. So does a login with `max_age` if the authentication is older. In all other cases the tokens work without an ID token: an ID token that
    /// fails its checks is left out, and the refresh or the login succeeds. `before` is the token that is
    /// refreshed. After a login with `max_age`, the time of the person's authentication must be known.
    pub(super) fn with_fit_id_token(
        &self,
        mut sent: Sent,
        now: [OffsetDateTime; 2],
        login: IdTokenLogin<'_>,
        before: Option<&Token>,
    ) -> Sent {
        let Sent::Reply(reply) = &mut sent else { return sent };
        let Outcome::Token(issued) = &mut reply.outcome else { return sent };
        let what = format!("the ID token of {}", self.provider.token_host());
        let Some(id_token) = issued.token.id_token() else {
            let needed = login.asked && login.authenticated_since.is_some();
            let why = IdTokenError::ClaimMissing("auth_time");
            return if needed { Sent::Never(Error::decode(what, why).into()) } else { sent };
        };
        let expected = protocol::ExpectedIdToken {
            issuer: self.provider.issuer(),
            client_id: self.credentials.id(),
            nonce: login.nonce,
            nonce_may_miss: self.provider.authorization.id_token_without_nonce,
            unsigned: self.provider.authorization.unsigned_id_tokens,
            just_came: true,
            access_token: Some(issued.token.access_token()),
            authenticated_since: login.authenticated_since,
            now,
        };
        let before = before.and_then(Token::id_token);
        let fit = expected.check(id_token.expose()).and_then(|claims| match before {
            Some(before) => protocol::check_same_login(&claims, before.expose()),
            None => Ok(()),
        });
        let Err(why) = fit else { return sent };
        let too_old = matches!(why, IdTokenError::AuthenticatedAt(_));
        if login.asked || too_old {
            return Sent::Never(Error::decode(what, why).into());
        }
        log::warn!(target: "evergrant", "{what} is not kept: {why}");
        issued.token.drop_id_token();
        sent
    }
}
