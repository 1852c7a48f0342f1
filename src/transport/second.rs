//! The second request of a login: exchanges the first token for a token that lives longer.

use time::OffsetDateTime;

use super::{TokenTransport, always};
use crate::protocol::{self, Outcome};
use crate::provider::SecondExchange;
use crate::refresh::Sent;

/// How often the request is sent: it uses up nothing.
const TRIES: usize = 2;

impl TokenTransport {
    /// Exchanges the token of a login for a token that lives longer. If the exchange fails, the login
    /// keeps the first token: the code is used up, and a token that lives for an hour is better than no
    /// token.
    pub(super) fn exchanged_again(
        &self,
        mut sent: Sent,
        second: &SecondExchange,
        sent_at: OffsetDateTime,
    ) -> Sent {
        let Sent::Reply(reply) = &mut sent else { return sent };
        let Outcome::Token(first) = &mut reply.outcome else { return sent };
        let short = first.token.access_token().clone();
        for _ in 0..TRIES {
            let answer = self.run(sent_at, [Some(&short), None], &always, &|caller| {
                protocol::second_exchange(caller, second, &short)
            });
            let Sent::Reply(answer) = answer else { continue };
            let Outcome::Token(mut long) = answer.outcome else { continue };
            long.token = first.token.succeeded_by(long.token);
            reply.refresh_token = answer.refresh_token.or(reply.refresh_token.take());
            reply.outcome = Outcome::Token(long);
            return sent;
        }
        log::warn!(
            target: "evergrant",
            "the second exchange at {} failed: the login keeps the first token, which expires soon",
            crate::provider::host_of(&second.endpoint)
        );
        sent
    }
}
