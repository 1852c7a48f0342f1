//! Requests for a token of a grant that needs no stored login.

use time::OffsetDateTime;

use super::exchange::always;
use super::{Grant, TokenTransport};
use crate::error::{Error, Result};
use crate::protocol::{self, Requester, TokenRequest};
use crate::refresh::Sent;
use crate::secret::Secret;
use crate::token::Token;

impl TokenTransport {
    /// Requests a token. `stored` is the token that is replaced, if the store's lock is held and the store can
    /// be written.
    pub(super) fn granted(&self, stored: Option<&Token>, sent_at: OffsetDateTime) -> Sent {
        #[cfg(feature = "token-exchange")]
        if let Some(Grant::TokenExchange(grant)) = &self.grant {
            return self.exchanged_token(grant, stored, sent_at);
        }
        #[cfg(not(feature = "token-exchange"))]
        let _ = stored;
        self.asked_anew(sent_at, [None, None], &|caller| match &self.grant {
            Some(Grant::ClientCredentials { scopes }) => {
                protocol::client_credentials(caller, scopes)
            }
            #[cfg(feature = "jwt")]
            Some(Grant::JwtBearer(grant)) => protocol::jwt_bearer(caller, grant),
            _ => Err(Error::config("this client does not use this grant")),
        })
    }

    /// Requests a token that does not replace another token. If tokens are bound to keys, the new token
    /// gets a key of its own.
    fn asked_anew(
        &self,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> Sent {
        let key = match self.key_of(None) {
            Ok(key) => key,
            Err(error) => return Sent::Never(error.into()),
        };
        let sent = self.renew(sent_at, spent, None, key.as_ref(), &always, build);
        self.bound(sent, key.as_ref())
    }

    /// Refreshes an exchanged token if it came with a refresh token; otherwise, and whenever the refresh does
    /// not yield a token, exchanges anew. An exchange uses up nothing.
    #[cfg(feature = "token-exchange")]
    fn exchanged_token(
        &self,
        grant: &protocol::TokenExchange,
        stored: Option<&Token>,
        sent_at: OffsetDateTime,
    ) -> Sent {
        use crate::protocol::Outcome;
        use crate::refresh::{Ask, Transport as _};
        // An exchange costs nothing, and a repeated refresh could revoke other logins of the user.
        let harmless = !self.provider.refresh.reuse_ends_other_logins;
        // A refresh returns an access token, even if the exchange returned another kind of token.
        let renews = |token: &&Token| {
            let kind = token.issued_token_type();
            harmless && kind.is_none_or(|kind| kind == protocol::TokenType::AccessToken)
        };
        if let Some(token) = stored.filter(renews)
            && let Some(refresh_token) = token.refresh_token()
        {
            let ask = Ask::Refresh { token, refresh_token, in_time: &always };
            match self.send(ask, sent_at) {
                Sent::Never(error) => return Sent::Never(error),
                Sent::Reply(mut reply) => match &mut reply.outcome {
                    // An unbound token of a bound login is not used: the next exchange returns a bound
                    // token.
                    Outcome::Token(issued) if !self.keeps_bound(token, &issued.token) => {}
                    Outcome::Token(issued) => {
                        issued.token = token.succeeded_by(issued.token.clone());
                        return Sent::Reply(reply);
                    }
                    Outcome::Limited { .. } | Outcome::TooEarly(_) => return Sent::Reply(reply),
                    _ => {}
                },
                Sent::NoAnswer(_) => {}
            }
        }
        let (subject, actor) = match grant.tokens() {
            Ok(tokens) => tokens,
            Err(error) => return Sent::Never(error.into()),
        };
        let tokens = (&subject, actor.as_ref());
        self.asked_anew(sent_at, [Some(&subject), actor.as_ref()], &|caller| {
            protocol::token_exchange(caller, grant, tokens)
        })
    }
}
