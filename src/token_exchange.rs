//! Token exchange (RFC 8693): a client gets its tokens in exchange for a token that the program already
//! has.
//!
//! A service exchanges its user's token for a token with which it calls the next service on behalf of that
//! user; a workload exchanges the token of its platform for a token of an API. No person is involved. The
//! client asks for a new token whenever it needs one. If the server issues a refresh token as well, the
//! client refreshes with that token, and exchanges again when the server refuses the refresh token.
//!
//! ```
//! use evergrant::token_exchange::{TokenExchange, TokenType};
//! use evergrant::{Client, MemoryBackend};
//! # let sandbox = evergrant::sandbox::Sandbox::start()?;
//! # let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
//! # let user = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! # user.seed(sandbox.login())?;
//!
//! // `user` is another client, whose login is a person's.
//! let exchange = TokenExchange::reading(TokenType::AccessToken, move || user.access_token())
//!     .scopes(&["invoices"])
//!     .account("ada");
//! let client = Client::builder(provider, credentials, MemoryBackend::new())
//!     .token_exchange(exchange)
//!     .audience("https://invoices.example")
//!     .build();
//! let me: serde_json::Value = client.get("/me").read_json()?;
//! # assert_eq!(me["login"], "ada");
//! assert_eq!(client.token()?.issued_token_type(), Some(TokenType::AccessToken));
//! # Ok::<(), evergrant::BoxError>(())
//! ```

pub use crate::protocol::{TokenExchange, TokenType};
use crate::token::Token;

impl Token {
    /// The kind of token that an exchange has issued (`issued_token_type`, RFC 8693 section 2.2.1).
    /// Returns `None` for a token that was not exchanged, and for a server that does not name the type.
    ///
    /// A token that is not an access token has the [`Token::token_type`] `N_A`. This client does not send a
    /// token of another kind to an API; [`Client::token`](crate::Client::token) returns the token.
    pub fn issued_token_type(&self) -> Option<TokenType> {
        Some(TokenType::of(self.extra().get("issued_token_type")?.as_str()?))
    }
}
