//! The errors of this crate, with one variant for each thing that the caller can do next.
//!
//! `{error}` prints what failed and what to do. [`std::error::Error::source`] gives the causes, down to the
//! original error, such as an [`std::io::Error`] with its kind. `{error:#}` adds the causes to the message.
//! `{error:?}` prints each cause on its own line, for a `main` that returns the error. An error reporter such
//! as `anyhow` prints the message and then the sources. Each of these forms shows every cause once.

mod chain;
mod challenge;
mod detail;
#[cfg(feature = "dpop")]
mod dpop;
mod id_token;
mod login;
mod make;
mod oauth;
mod resource;
mod step_up;
mod store;
mod unconfirmed;

use std::fmt;
use std::time::Duration;

use crate::plain;
use crate::token::Token;

pub(crate) use chain::{chain, same_io};
pub use challenge::Challenge;
pub(crate) use challenge::advice;
pub(crate) use detail::rfc3339;
pub use detail::{
    ApiError, BackendFailure, Busy, DecodeError, NotSaved, OutcomeUnknown, RateLimited, Refusal,
    TransportError,
};
#[cfg(feature = "dpop")]
pub use dpop::DpopError;
#[cfg(feature = "dpop")]
pub(crate) use dpop::ProofFault;
pub use id_token::IdTokenError;
pub use login::{CallbackError, LoginNotFinished};
pub use oauth::OAuthError;
pub(crate) use oauth::{CODE, REFRESH, TokenRequestInfo};
#[cfg(feature = "discovery")]
pub(crate) use resource::named as named_in_challenge;
pub use step_up::StepUp;
pub(crate) use step_up::wants_stronger_login;
pub use store::BackendError;
pub use unconfirmed::Unconfirmed;

/// Any error of a backend or a transport. `?` converts every error to a `BoxError`.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// All errors, with one variant for each thing that the caller can do next.
///
/// The documentation of each variant says what happened, whether the stored login remains valid, and what to
/// do. Only [`Error::NotAuthorized`] and [`Error::Reauthorize`] need a person to authorize;
/// [`Error::needs_authorization`] is true for these two.
///
/// An SDK built on this crate makes its own errors with [`Error::config`], [`Error::decode`], and
/// `Error::from` for [`ApiError`], [`RateLimited`], [`TransportError`], [`DecodeError`] and
/// [`OAuthError`].
///
/// ```
/// use evergrant::Error;
/// use evergrant::error::DecodeError;
/// use std::io::ErrorKind;
///
/// let cut = std::io::Error::new(ErrorKind::UnexpectedEof, "the file ends early");
/// let error = Error::from(DecodeError::new("the price list", cut));
/// assert_eq!(error.to_string(), "could not read the price list");
/// assert_eq!(format!("{error:#}"), "could not read the price list: the file ends early");
/// ```
#[non_exhaustive]
pub enum Error {
    /// The store holds no login, or only an expired access token without a refresh token.
    ///
    /// There is no login to lose, and nothing was sent. Let a person authorize once
    /// (`Client::authorize`), or call `Client::seed` with a token.
    NotAuthorized(Box<str>),

    /// The service refused the refresh token permanently, and the store held no newer token.
    ///
    /// The login is no longer valid; the record is kept. Let a person authorize again.
    Reauthorize(Box<Refusal>),

    /// The service refused the request for a reason that a new login does not fix: the client id or secret,
    /// the scope, the form of the request. During a login: the person or the service denied the login.
    ///
    /// The stored login remains valid. Change the setting that [`OAuthError::code`] is about, or start the
    /// login again.
    OAuth(Box<OAuthError>),

    /// The service issued a new refresh token, and the store could not keep it.
    ///
    /// The login remains valid as long as this process runs: the new token is in memory, and every
    /// later call tries to save it first. Repair the store and call again, or get the token with
    /// [`Error::into_token`] before the process ends.
    NotSaved(Box<NotSaved>),

    /// A refresh token or an authorization code was sent, and this client does not know whether the
    /// service used it: no answer came, or the answer does not say.
    ///
    /// The stored login is kept, and is probably still valid. Call again after [`Error::retry_after`]; after
    /// an authorization code, start the login again.
    OutcomeUnknown(Box<OutcomeUnknown>),

    /// The store failed.
    ///
    /// The login remains valid: no refresh token was used up. Repair the folder or server that [`Error`]'s
    /// source names, and call again.
    Backend(Box<BackendFailure>),

    /// Another process or client holds the store's lock.
    ///
    /// The login remains valid, and nothing was sent. Call again later. If the error persists, look at the
    /// process that holds the lock.
    Busy(Box<Busy>),

    /// The request did not reach the server, or no usable answer came back.
    ///
    /// The login remains valid: after a refresh or an exchange, this error says that the token or code never
    /// left the machine. Look at the network, the proxy and the address, and call again.
    Transport(Box<TransportError>),

    /// The service asked the client to wait, or this client waits by itself because of a rule of the
    /// service.
    ///
    /// The login remains valid. Call again after [`Error::retry_after`].
    RateLimited(Box<RateLimited>),

    /// The API answered with an error status.
    ///
    /// The login remains valid. Look at [`ApiError::status`], [`ApiError::advice`] and the body.
    Api(Box<ApiError>),

    /// The parameters that came to the redirect URI do not belong to this authorization, or a parameter
    /// is missing.
    ///
    /// The stored login remains valid, and nothing was sent. Wait for the right callback, or start the login
    /// again.
    Callback(Box<CallbackError>),

    /// A login was not finished: the time ran out, the pasted address could not be read, or the program
    /// stopped a device login.
    ///
    /// The stored login remains valid, and nothing was sent. Start the login again.
    LoginNotFinished(Box<LoginNotFinished>),

    /// An answer could not be read.
    ///
    /// The stored login remains valid. Read the answer as another type or as bytes, and tell the service or
    /// the author of the type.
    Decode(Box<DecodeError>),

    /// A setting is wrong; the message names the setting and says what to change.
    ///
    /// The stored login remains valid: nothing was sent and nothing was overwritten. Change the setting.
    Config(Box<str>),
}

impl Error {
    /// Whether a person has to authorize again (or for the first time).
    pub fn needs_authorization(&self) -> bool {
        matches!(self, Error::NotAuthorized(_) | Error::Reauthorize(_))
    }

    /// Whether the same call may succeed later without any other change. The stored login remains valid in
    /// that case.
    ///
    /// Returns `false` for a store that is set up wrongly or holds no readable record
    /// ([`BackendError::is_transient`]), and for a server with a certificate of an unknown authority or of
    /// another host. Also `false` for a request that may have been processed and whose repeat may do harm
    /// ([`Unconfirmed`]): a loop that sends a request again while its error is transient makes no second
    /// invoice.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::OutcomeUnknown(unknown) => !unknown.code,
            Error::Backend(failure) => BackendError::passes(&failure.source),
            Error::NotSaved(not_saved) => BackendError::passes(&not_saved.source),
            _ if Unconfirmed::of(self).is_some() => false,
            Error::Transport(failure) => !chain::is_distrust(&*failure.source),
            Error::Busy(_) | Error::RateLimited(_) => true,
            Error::Api(api) => api.status == 429 || api.status >= 500,
            _ => false,
        }
    }

    /// How long to wait before the next try, if the error says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::RateLimited(limited) => Some(limited.retry_after),
            Error::OutcomeUnknown(unknown) => unknown.retry_after,
            Error::Api(api) => api.retry_after,
            _ => None,
        }
    }

    /// Returns the token that could not be saved, from [`Error::NotSaved`].
    ///
    /// # Errors
    ///
    /// Returns the error unchanged if it is not [`Error::NotSaved`].
    pub fn into_token(self) -> Result<Token> {
        match self {
            Error::NotSaved(not_saved) => Ok(not_saved.token),
            other => Err(other),
        }
    }

    /// A short word for the variant, for counting: `not_authorized`, `reauthorize`, `oauth`,
    /// `not_saved`, `outcome_unknown`, `backend`, `busy`, `transport`, `rate_limited`, `api`,
    /// `callback`, `login_not_finished`, `decode`, `config`.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NotAuthorized(_) => "not_authorized",
            Error::Reauthorize(_) => "reauthorize",
            Error::OAuth(_) => "oauth",
            Error::NotSaved(_) => "not_saved",
            Error::OutcomeUnknown(_) => "outcome_unknown",
            Error::Backend(_) => "backend",
            Error::Busy(_) => "busy",
            Error::Transport(_) => "transport",
            Error::RateLimited(_) => "rate_limited",
            Error::Api(_) => "api",
            Error::Callback(_) => "callback",
            Error::LoginNotFinished(_) => "login_not_finished",
            Error::Decode(_) => "decode",
            Error::Config(_) => "config",
        }
    }

    /// A copy of this error for another thread that waited for the same attempt. An [`std::io::Error`]
    /// and a [`BackendError`] keep their type; of any other cause only the message is copied.
    pub(crate) fn echo(&self) -> Error {
        match self {
            Error::NotAuthorized(text) => Error::NotAuthorized(text.clone()),
            Error::Reauthorize(refusal) => Error::Reauthorize(refusal.clone()),
            Error::OAuth(error) => Error::OAuth(error.clone()),
            Error::NotSaved(e) => Error::NotSaved(Box::new(NotSaved {
                store: e.store.clone(),
                source: BackendError::echo(&e.source),
                token: e.token.clone(),
            })),
            Error::OutcomeUnknown(e) => Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                code: e.code,
                by_name: e.by_name,
                host: e.host.clone(),
                sent_at: e.sent_at,
                holder: e.holder.clone(),
                retry_after: e.retry_after,
                source: e.source.as_ref().map(|source| chain::echo(&**source)),
            })),
            Error::Backend(e) => Error::Backend(Box::new(BackendFailure {
                operation: e.operation,
                sent: e.sent,
                store: e.store.clone(),
                source: BackendError::echo(&e.source),
            })),
            Error::Busy(e) => Error::Busy(e.clone()),
            Error::Transport(e) => Error::Transport(Box::new(TransportError {
                method: e.method.clone(),
                url: e.url.clone(),
                source: chain::echo(&*e.source),
                sent: e.sent,
                unconfirmed: e.unconfirmed.clone(),
            })),
            Error::RateLimited(e) => Error::RateLimited(e.clone()),
            Error::Api(e) => Error::Api(e.clone()),
            Error::Callback(e) => Error::Callback(e.clone()),
            Error::LoginNotFinished(e) => Error::LoginNotFinished(Box::new(LoginNotFinished {
                limit: e.limit,
                address_expired_at: e.address_expired_at,
                unproven_error: e.unproven_error.clone(),
                source: e.source.as_ref().map(|source| chain::echo(&**source)),
            })),
            Error::Decode(e) => Error::Decode(Box::new(DecodeError {
                what: e.what.clone(),
                source: chain::echo(&*e.source),
                unconfirmed: e.unconfirmed.clone(),
            })),
            Error::Config(text) => Error::Config(text.clone()),
        }
    }
}

/// Puts a message from a service into one line, for an SDK that shows the message. Line breaks, escape
/// sequences, invisible characters and direction marks become blanks.
///
/// ```
/// assert_eq!(evergrant::error::one_line("no\r\nsuch\u{1b}row "), "no such row");
/// ```
pub fn one_line(text: &str) -> String {
    let plain = plain::plain(text.to_owned());
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints what failed, without the causes. `{error:#}` adds the causes.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (_, Ok(detail)) => plain::write(f, format_args!("{detail}"))?,
            (_, Err(text)) => match self {
                Error::NotAuthorized(_) => {
                    plain::write(f, format_args!("not authorized: {text}; authorize once"))?;
                }
                _ => plain::write(f, format_args!("{text}"))?,
            },
        }
        if f.alternate() { chain::write_causes(f, self) } else { Ok(()) }
    }
}

/// `{error:?}` prints the message with its causes below, for a `main` that returns the error; `{error:#?}`
/// prints the fields. Neither form shows a secret.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            write!(f, "{self}")?;
            return chain::write_report(f, self);
        }
        match self.parts() {
            (name, Ok(detail)) => f.debug_tuple(name).field(&detail).finish(),
            (name, Err(text)) => f.debug_tuple(name).field(&text).finish(),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.parts().1.ok().and_then(std::error::Error::source)
    }
}

impl Error {
    /// The name of the variant and its content: a detail, or a message.
    fn parts(&self) -> (&'static str, Result<&(dyn std::error::Error + 'static), &str>) {
        match self {
            Error::NotAuthorized(text) => ("NotAuthorized", Err(text)),
            Error::Reauthorize(e) => ("Reauthorize", Ok(&**e)),
            Error::OAuth(e) => ("OAuth", Ok(&**e)),
            Error::NotSaved(e) => ("NotSaved", Ok(&**e)),
            Error::OutcomeUnknown(e) => ("OutcomeUnknown", Ok(&**e)),
            Error::Backend(e) => ("Backend", Ok(&**e)),
            Error::Busy(e) => ("Busy", Ok(&**e)),
            Error::Transport(e) => ("Transport", Ok(&**e)),
            Error::RateLimited(e) => ("RateLimited", Ok(&**e)),
            Error::Api(e) => ("Api", Ok(&**e)),
            Error::Callback(e) => ("Callback", Ok(&**e)),
            Error::LoginNotFinished(e) => ("LoginNotFinished", Ok(&**e)),
            Error::Decode(e) => ("Decode", Ok(&**e)),
            Error::Config(text) => ("Config", Err(text)),
        }
    }
}

/// Implements `Error::from` for each detail that an SDK can make.
macro_rules! from_detail {
    ($($detail:ident => $variant:ident,)*) => {$(
        impl From<$detail> for Error {
            fn from(detail: $detail) -> Error {
                Error::$variant(Box::new(detail))
            }
        }
    )*};
}

from_detail! {
    ApiError => Api,
    RateLimited => RateLimited,
    TransportError => Transport,
    DecodeError => Decode,
    OAuthError => OAuth,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "a\u{1b}[2Jb\r\nc\u{202e}d\u{2066}e\u{9b}f";

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    enum Kind {
        Known,
    }

    #[test]
    fn no_text_from_outside_moves_a_cursor_or_begins_a_line() {
        let quoted = serde_json::to_string(ODD).unwrap();
        let unknown = serde_json::from_str::<Kind>(&quoted).unwrap_err();
        assert!(unknown.to_string().contains('\u{1b}'), "serde_json repeats what it found");
        let mut api = ApiError::new("GET", "https://a.example/x", 400);
        api.reason = Some(ODD.to_owned());
        api.request_id = Some(ODD.to_owned());
        api.advice = Some(ODD.to_owned());
        let mut oauth = OAuthError::new(ODD, ODD);
        oauth.description = Some(ODD.to_owned());
        let limited = RateLimited::answered(ODD, Duration::ZERO, Some(ODD.to_owned()));
        let io = std::io::Error::other(ODD);
        for error in [
            Error::decode("the answer", unknown),
            Error::decode(ODD, ODD),
            Error::from(api),
            Error::from(oauth),
            Error::from(limited),
            Error::from(TransportError::new("GET", ODD, io)),
            Error::config(ODD),
            Error::backend("load", ODD.to_owned(), ODD.into()),
            Error::NotAuthorized(ODD.into()),
        ] {
            let causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
            let mut shown = vec![error.to_string(), format!("{error:#}"), chain(&error)];
            shown.push(
                format!("{error:?}").replace("\n\nCaused by:\n    ", "").replace("\n    ", ""),
            );
            if matches!(error, Error::Decode(_) | Error::Transport(_)) {
                shown.extend(causes.map(|cause| cause.to_string()));
            }
            for text in shown {
                assert!(!text.contains(plain::is_unseen), "{text:?}");
            }
        }
    }
}
