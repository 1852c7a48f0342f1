//! The table of services: each service is a row of data. A row is an entry of `services!` in a file of
//! `src/providers/table`; its name is the name of a function of [`crate::providers`].
//!
//! Each line of an entry is a fact: its name, its value in parentheses, and its evidence. `unknown` in place
//! of a value means that no source states the fact; an unknown fact has no evidence. The macros below turn an
//! entry into
//!
//! 1. a function that returns the provider. [`Fact`] says which setting of the builder a fact changes;
//! 2. the page of the function in the documentation, with all facts.
//!
//! `tests/service/services.rs` reads the same entries with a macro of its own: it checks the evidence, compares
//! the requests of each row with the facts, and writes the page `src/guide/services.md`.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::provider::{
    AnswerRule, ClientAuth, ErrorRule, LoginHost, Pkce, Provider, ProviderBuilder, RevocationStyle,
    Rotation, TokenFormat, Verdict,
};

/// The effect of a fact: the setting that the fact changes in the provider. The variants are named after the
/// builder's methods.
#[derive(Clone, Copy)]
enum Fact {
    AuthorizationEndpoint(&'static str),
    TokenEndpoint(&'static str),
    RefreshEndpoint(&'static str),
    RevocationEndpoint(&'static str),
    RevocationStyle(RevocationStyle),
    ClientAuth(ClientAuth),
    ClientIdParam(&'static str),
    Pkce(Pkce),
    Scope(&'static str),
    ScopeSeparator(char),
    AuthorizeParam(&'static str, &'static str),
    RedirectUriIsName,
    CallbackField(&'static str),
    TokenFormat(TokenFormat),
    TokenParam(&'static str, &'static str),
    ExchangeParam(&'static str, &'static str),
    RefreshParam(&'static str, &'static str),
    RedirectUriOnRefresh,
    TokenPath(&'static str),
    DefaultLifetime(Duration),
    ErrorRule(Verdict, Condition),
    Rotation(Rotation),
    EndsAccessToken,
    Margin(Duration),
    IdleLimit(Duration),
    ConsentLimit(Duration),
    ApiBase(&'static str),
    /// The member of the token answer that names the API's address, the allowed hosts, and the path after the
    /// address.
    ApiBaseFrom(&'static str, &'static [&'static str], &'static str),
    /// The member of the token answer that names the API's host, the allowed hosts, and the path after the
    /// host.
    ApiHost(&'static str, &'static [&'static str], &'static str),
    /// The member that has the first part of the API's host, the rest of the host, and the address whose
    /// answer has the member.
    ApiLookup(&'static str, &'static str, &'static str),
    ApiAuthScheme(&'static str),
    FixedHeader(&'static str, &'static str),
    /// The path, the value and the status of an answer that says that the access token is no longer valid.
    Ended(&'static str, &'static str, u16),
    /// No setting: a fact that is only for readers, or a fact that is unknown.
    Said,
}

/// The condition under which an error rule applies to an answer of the token endpoint.
#[derive(Clone, Copy)]
enum Condition {
    Code(&'static str),
    Text(&'static str),
    Field(&'static str, &'static str),
}

/// The part of the addresses that differs from account to account: its name in the entry, with braces,
/// and its value.
type Place<'a> = Option<(&'static str, &'a str)>;

/// The values that a parameter of a row can have.
#[derive(Clone, Copy)]
enum Check {
    /// The first part of a host: letters, digits and `-`.
    Label,
    /// A host name: letters, digits, `.` and `-`.
    Host,
    /// One of these strings.
    OneOf(&'static [&'static str]),
}

impl Check {
    fn allows(self, value: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let label = |text: &str| !text.is_empty() && text.len() < 64 && text.bytes().all(plain);
        match self {
            Check::Label => label(value),
            Check::Host => value.contains('.') && value.split('.').all(label),
            Check::OneOf(allowed) => allowed.contains(&value),
        }
    }
}

/// The provider of a row.
fn row(name: &str, display_name: &str, facts: &[Fact]) -> Provider {
    described(name, display_name, facts, None).checked_by_test()
}

/// The provider of a row with a parameter.
fn row_at(
    name: &str,
    display_name: &str,
    facts: &[Fact],
    (parameter, value, check): (&'static str, &str, Check),
) -> Result<Provider> {
    if !check.allows(value) {
        let named = parameter.trim_matches(['{', '}']).replace('_', " ");
        return Err(Error::config(format!("{display_name} has no {named} {value:?}")));
    }
    described(name, display_name, facts, Some((parameter, value))).build()
}

fn described(name: &str, display_name: &str, facts: &[Fact], place: Place<'_>) -> ProviderBuilder {
    let scopes = facts.iter().filter_map(|fact| match fact {
        Fact::Scope(scope) => Some(*scope),
        _ => None,
    });
    let row = Provider::builder(name)
        .display_name(display_name)
        .default_scopes(&scopes.collect::<Vec<_>>());
    facts.iter().fold(row, |row, fact| fact.apply(row, place))
}

impl Fact {
    /// Makes the setting of this fact in the provider `row`.
    fn apply(self, row: ProviderBuilder, place: Place<'_>) -> ProviderBuilder {
        let at = |text: &'static str| match place {
            Some((name, value)) => text.replace(name, value),
            None => text.to_owned(),
        };
        match self {
            Fact::AuthorizationEndpoint(url) => row.authorization_endpoint(at(url)),
            Fact::TokenEndpoint(url) => row.token_endpoint(at(url)),
            Fact::RefreshEndpoint(url) => row.refresh_endpoint(at(url)),
            Fact::RevocationEndpoint(url) => row.revocation_endpoint(at(url)),
            Fact::RevocationStyle(style) => row.revocation_style(style),
            Fact::ClientAuth(how) => row.client_auth(how),
            Fact::ClientIdParam(name) => row.client_id_param(name),
            Fact::Pkce(pkce) => row.pkce(pkce),
            Fact::ScopeSeparator(separator) => row.scope_separator(separator),
            Fact::AuthorizeParam(name, value) => row.authorize_param(name, &at(value)),
            Fact::RedirectUriIsName => row.redirect_uri_is_name(true),
            Fact::CallbackField(name) => row.callback_field(name),
            Fact::TokenFormat(format) => row.token_format(format),
            Fact::TokenParam(name, value) => row.token_param(name, &at(value)),
            Fact::ExchangeParam(name, value) => row.exchange_param(name, &at(value)),
            Fact::RefreshParam(name, value) => row.refresh_param(name, value),
            Fact::RedirectUriOnRefresh => row.redirect_uri_on_refresh(true),
            Fact::TokenPath(path) => row.token_path(path),
            Fact::DefaultLifetime(life) => row.default_lifetime(life),
            Fact::ErrorRule(verdict, condition) => {
                let rule = ErrorRule::new(verdict);
                row.error_rule(match condition {
                    Condition::Code(code) => rule.code(code),
                    Condition::Text(text) => rule.text(text),
                    Condition::Field(path, value) => rule.field(path, value),
                })
            }
            Fact::Rotation(rotation) => row.rotation(rotation),
            Fact::EndsAccessToken => row.ends_access_token(true),
            Fact::Margin(margin) => row.margin(margin),
            Fact::IdleLimit(limit) => row.idle_limit(limit),
            Fact::ConsentLimit(limit) => row.consent_limit(limit),
            Fact::ApiBase(url) => row.api_base(at(url)),
            Fact::ApiBaseFrom(name, hosts, path) => {
                row.api_base_from(LoginHost::address(name, hosts).path(path))
            }
            Fact::ApiHost(name, hosts, path) => {
                row.api_base_from(LoginHost::host_name(name, hosts).path(path))
            }
            Fact::ApiLookup(name, domain, url) => {
                row.api_base_from(LoginHost::label(name, domain).looked_up_at(url))
            }
            Fact::ApiAuthScheme(scheme) => row.api_auth_scheme(scheme),
            Fact::FixedHeader(name, value) => row.fixed_header(name, value),
            Fact::Ended(path, value, status) => {
                row.answer_rule(AnswerRule::ended(path, value).status(status))
            }
            // `described` sets all scopes of a row at once.
            Fact::Scope(_) | Fact::Said => row,
        }
    }
}

#[macro_use]
mod macros;
#[cfg(doc)]
#[macro_use]
mod pages;

/// The entries of all files.
pub(super) fn ready() -> impl Iterator<Item = super::Ready> {
    let files = [
        accounting::READY,
        commerce::READY,
        developer::READY,
        files::READY,
        health::READY,
        home::READY,
        media::READY,
        office::READY,
        sales::READY,
        signing::READY,
        talk::READY,
    ];
    files.into_iter().flatten().copied()
}

mod accounting;
mod commerce;
mod developer;
mod files;
mod health;
mod home;
mod media;
mod office;
mod sales;
mod signing;
mod talk;

pub use self::{
    accounting::*, commerce::*, developer::*, files::*, health::*, home::*, media::*, office::*,
    sales::*, signing::*, talk::*,
};
