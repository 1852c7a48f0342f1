//! The hint that names the kind of a token to the authorization server.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Tells the authorization server which kind of token a request is about (`token_type_hint`, RFC 7009
/// section 2.1). The server can find the token without the hint; the hint makes the search faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenTypeHint {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

impl TokenTypeHint {
    /// The value of the parameter: `access_token` or `refresh_token`.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenTypeHint::AccessToken => "access_token",
            TokenTypeHint::RefreshToken => "refresh_token",
        }
    }
}

impl fmt::Display for TokenTypeHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TokenTypeHint {
    type Err = Error;

    fn from_str(text: &str) -> Result<TokenTypeHint, Error> {
        match text {
            "access_token" => Ok(TokenTypeHint::AccessToken),
            "refresh_token" => Ok(TokenTypeHint::RefreshToken),
            _ => Err(Error::config(format!(
                "{text:?} is not a kind of token: write access_token or refresh_token"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_reads_what_it_writes() {
        for hint in [TokenTypeHint::AccessToken, TokenTypeHint::RefreshToken] {
            assert_eq!(hint.to_string().parse::<TokenTypeHint>().ok(), Some(hint));
        }
        assert!(matches!("id_token".parse::<TokenTypeHint>(), Err(Error::Config(_))));
    }
}
