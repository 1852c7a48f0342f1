//! The token exchange grant (RFC 8693).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::authorize::join_scopes;
use super::form::{Params, form_encoded};
use super::request::TokenRequest;
use super::requester::Requester;
use crate::credentials::check_text;
use crate::error::{Error, Result};
use crate::secret::Secret;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The kind of a token in an exchange (RFC 8693 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// An access token of the authorization server that receives the request.
    AccessToken,
    /// A refresh token of the authorization server that receives the request.
    RefreshToken,
    /// An ID token (OpenID Connect Core section 2).
    IdToken,
    /// A SAML 1.1 assertion, in base64url.
    Saml1,
    /// A SAML 2.0 assertion, in base64url.
    Saml2,
    /// Any JWT, such as the token of a workload or a token of another issuer.
    Jwt,
    /// Another kind, by its whole identifier, which is a URI.
    Other(String),
}

/// The beginning of the standard's identifiers.
const PREFIX: &str = "urn:ietf:params:oauth:token-type:";

/// The standard's kinds, with the ends of their identifiers.
const KINDS: [(TokenType, &str); 6] = [
    (TokenType::AccessToken, "access_token"),
    (TokenType::RefreshToken, "refresh_token"),
    (TokenType::IdToken, "id_token"),
    (TokenType::Saml1, "saml1"),
    (TokenType::Saml2, "saml2"),
    (TokenType::Jwt, "jwt"),
];

impl TokenType {
    /// The identifier, such as `urn:ietf:params:oauth:token-type:jwt`.
    pub fn identifier(&self) -> Cow<'_, str> {
        match (self, KINDS.iter().find(|(kind, _)| kind == self)) {
            (TokenType::Other(identifier), _) => Cow::Borrowed(identifier),
            (_, known) => format!("{PREFIX}{}", known.map_or("", |(_, end)| end)).into(),
        }
    }

    /// The kind with this identifier.
    pub fn of(identifier: &str) -> TokenType {
        let end = identifier.strip_prefix(PREFIX);
        match KINDS.iter().find(|(_, known)| end == Some(*known)) {
            Some((kind, _)) => kind.clone(),
            None => TokenType::Other(identifier.to_owned()),
        }
    }
}

/// Where a token comes from.
#[derive(Clone)]
enum Source {
    Fixed(Secret),
    Read(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl Source {
    fn read(&self, name: &str) -> Result<Secret> {
        let token = match self {
            Source::Fixed(token) => token.clone(),
            Source::Read(read) => read()?,
        };
        if token.is_empty() {
            return Err(Error::config(format!("{name} is empty")));
        }
        check_text(name, token.expose())?;
        Ok(token)
    }
}

/// The token exchange grant (RFC 8693): a token that the program has takes the place of a person's login.
///
/// The `resource` and the `audience` of the new token are set on the client:
/// [`ClientBuilder::resource`](crate::ClientBuilder::resource) and
/// [`ClientBuilder::audience`](crate::ClientBuilder::audience), once for each service.
#[derive(Clone)]
#[must_use]
pub struct TokenExchange {
    subject: (Source, TokenType),
    actor: Option<(Source, TokenType)>,
    requested: Option<TokenType>,
    scopes: Vec<String>,
    account: Option<String>,
}

impl TokenExchange {
    /// Makes a grant that exchanges this token. The new token acts for the party that `subject_token` is
    /// about. A client with another `subject_token` refuses the stored result, unless
    /// [`TokenExchange::account`] is set.
    pub fn new(subject_token: impl Into<Secret>, kind: TokenType) -> TokenExchange {
        TokenExchange::of(Source::Fixed(subject_token.into()), kind)
    }

    /// Makes a grant that exchanges the token that `read` returns. `read` is called for each exchange: the
    /// file of a workload's token is written anew every hour, and another client's access token is
    /// refreshed. An exchange may run under the lock of the client's store, so `read` must not call this
    /// same client.
    ///
    /// `read` must return tokens of the same account each time: the store does not notice another account,
    /// unless [`TokenExchange::account`] names it.
    pub fn reading(
        kind: TokenType,
        read: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> TokenExchange {
        TokenExchange::of(Source::Read(Arc::new(read)), kind)
    }

    fn of(source: Source, kind: TokenType) -> TokenExchange {
        TokenExchange {
            subject: (source, kind),
            actor: None,
            requested: None,
            scopes: Vec::new(),
            account: None,
        }
    }

    /// Adds the token of the party that acts for the subject (`actor_token`).
    pub fn actor(mut self, actor_token: impl Into<Secret>, kind: TokenType) -> TokenExchange {
        self.actor = Some((Source::Fixed(actor_token.into()), kind));
        self
    }

    /// Adds the actor's token, as `read` returns it for each exchange.
    pub fn actor_reading(
        mut self,
        kind: TokenType,
        read: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> TokenExchange {
        self.actor = Some((Source::Read(Arc::new(read)), kind));
        self
    }

    /// Sets the kind of token to ask for (`requested_token_type`). By default the server decides.
    pub fn requested(mut self, kind: TokenType) -> TokenExchange {
        self.requested = Some(kind);
        self
    }

    /// Sets the scopes to ask for.
    pub fn scopes(mut self, scopes: &[&str]) -> TokenExchange {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// Names the account that the token is about. A client refuses a store that has the result for
    /// another account. The name is not sent.
    pub fn account(mut self, name: impl Into<String>) -> TokenExchange {
        self.account = Some(name.into());
        self
    }

    pub(crate) fn scopes_asked(&self) -> &[String] {
        &self.scopes
    }

    /// The text with which a store distinguishes the tokens and accounts of this grant. Errors show
    /// this text, so a token is named by its fingerprint.
    pub(crate) fn mark(&self) -> Option<String> {
        let fixed = |source: &Source| match source {
            Source::Fixed(token) => Some(token.fingerprint()),
            Source::Read(_) => None,
        };
        let account = self.account.clone();
        let named = account.is_some();
        let pairs = [
            ("account", account),
            ("subject", fixed(&self.subject.0).filter(|_| !named)),
            ("actor", self.actor.as_ref().and_then(|(source, _)| fixed(source)).filter(|_| !named)),
            ("type", self.requested.as_ref().map(|kind| kind.identifier().into_owned())),
        ];
        let marks = pairs
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", form_encoded(&value?))));
        Some(marks.collect::<Vec<_>>().join("&")).filter(|marks| !marks.is_empty())
    }

    /// Reads the tokens for one exchange: the subject's token and the actor's token.
    pub(crate) fn tokens(&self) -> Result<(Secret, Option<Secret>)> {
        let subject = self.subject.0.read("the subject token")?;
        let actor = self.actor.as_ref().map(|(source, _)| source.read("the actor token"));
        Ok((subject, actor.transpose()?))
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("subject", &self.subject.1)
            .field("actor", &self.actor.as_ref().map(|(_, kind)| kind))
            .field("requested", &self.requested)
            .field("scopes", &self.scopes)
            .field("account", &self.account)
            .finish()
    }
}

/// Builds an exchange (section 2.1) of these tokens.
pub(crate) fn token_exchange<'a>(
    caller: &Requester<'a>,
    grant: &'a TokenExchange,
    (subject, actor): (&'a Secret, Option<&'a Secret>),
) -> Result<TokenRequest> {
    let mut params = Params::new();
    params.push("grant_type", GRANT);
    params.push("subject_token", subject.expose());
    params.push("subject_token_type", grant.subject.1.identifier());
    if let Some((token, (_, kind))) = actor.zip(grant.actor.as_ref()) {
        params.push("actor_token", token.expose());
        params.push("actor_token_type", kind.identifier());
    }
    if let Some(kind) = &grant.requested {
        params.push("requested_token_type", kind.identifier());
    }
    let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    if let Some(scope) = join_scopes(&scopes, caller.provider.authorization.scope_separator)? {
        params.push("scope", scope);
    }
    caller.token_request(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    use crate::credentials::Credentials;
    use crate::provider::Provider;

    fn sent(grant: &TokenExchange, extra: &[(&str, &str)]) -> Result<String> {
        let provider = Provider::builder("example").token_endpoint("https://as.example/token");
        let (provider, credentials) = (provider.build()?, Credentials::public("app"));
        let extra: Vec<_> =
            extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let auth = provider.client_auth();
        let now = OffsetDateTime::UNIX_EPOCH;
        let caller = Requester {
            provider: &provider,
            credentials: &credentials,
            extra: &extra,
            home: None,
            auth,
            now,
        };
        let (subject, actor) = grant.tokens()?;
        let request = token_exchange(&caller, grant, (&subject, actor.as_ref()))?;
        Ok(String::from_utf8(request.body.to_vec()).unwrap().replace("%3A", ":"))
    }

    #[test]
    fn an_exchange_has_the_parameters_of_the_standard() -> Result<()> {
        let grant = TokenExchange::new("a/b", TokenType::AccessToken);
        assert_eq!(
            sent(&grant, &[])?,
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=a%2Fb\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token&client_id=app"
        );
        let grant = grant
            .actor("c", TokenType::Other("urn:x:badge".to_owned()))
            .requested(TokenType::Jwt)
            .scopes(&["r", "w"]);
        let targets =
            [("resource", "https://a.example/"), ("audience", "one"), ("audience", "two")];
        assert_eq!(
            sent(&grant, &targets)?,
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=a%2Fb\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token\
             &actor_token=c&actor_token_type=urn:x:badge\
             &requested_token_type=urn:ietf:params:oauth:token-type:jwt&scope=r%20w&client_id=app\
             &resource=https:%2F%2Fa.example%2F&audience=one&audience=two"
        );
        for name in ["subject_token", "actor_token_type", "requested_token_type", "scope"] {
            assert!(matches!(sent(&grant, &[(name, "x")]), Err(Error::Config(_))), "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_token_type_is_read_as_it_is_written() {
        for (kind, end) in KINDS {
            let identifier = format!("urn:ietf:params:oauth:token-type:{end}");
            assert_eq!(kind.identifier(), identifier);
            assert_eq!(TokenType::of(&identifier), kind);
        }
        let other = TokenType::of("urn:x");
        assert_eq!(
            (&other, &*other.identifier()),
            (&TokenType::Other("urn:x".to_owned()), "urn:x")
        );
    }

    #[test]
    fn a_token_that_cannot_be_meant_is_not_sent() {
        for (token, why) in
            [("", "is empty"), ("a\n", "ends with a line break"), ("a\u{200b}b", "cannot be seen")]
        {
            for (grant, name) in [
                (TokenExchange::new(token, TokenType::Jwt), "the subject token"),
                (
                    TokenExchange::new("a", TokenType::Jwt).actor(token, TokenType::Jwt),
                    "the actor token",
                ),
                (TokenExchange::reading(TokenType::Jwt, move || Ok(token.into())), "the subject"),
            ] {
                let error = sent(&grant, &[]).unwrap_err().to_string();
                assert!(error.contains(why) && error.starts_with(name), "{error}");
            }
        }
    }

    #[test]
    fn a_store_knows_whose_token_was_exchanged() {
        let grant = |token: &str| TokenExchange::new(token, TokenType::Jwt);
        let mark = grant("sesame").mark().unwrap();
        assert!(mark.starts_with("subject=") && !mark.contains("sesame"), "{mark}");
        assert_ne!(grant("other").mark().unwrap(), mark);
        assert_eq!(grant("x").account("ada b").mark().as_deref(), Some("account=ada%20b"));
        let both = |actor: &str| grant("x").actor(actor, TokenType::Jwt);
        assert!(both("one").mark().unwrap().contains("&actor="));
        assert_ne!(both("one").mark(), both("two").mark());
        assert_eq!(both("one").account("ada").mark().as_deref(), Some("account=ada"));
        let read = TokenExchange::reading(TokenType::Jwt, || Ok("a".into()));
        assert_eq!(read.mark(), None);
        assert!(read.requested(TokenType::IdToken).mark().unwrap().starts_with("type="));
        let shown = format!("{:?}", grant("sesame").actor("sesame", TokenType::Jwt));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
