//! A provider, made step by step and checked at the end.

use std::time::Duration;

use ureq::http::HeaderName;
use url::Url;

use super::{
    ClientAuth, Pkce, Provider, RefreshGrant, RevocationStyle, Rotation, TokenFormat, is_loopback,
};
use crate::error::{Error, Result};
use crate::error_rule::ErrorRule;

/// Makes a [`Provider`]; [`ProviderBuilder::build`] checks it.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProviderBuilder(pub(super) Box<Provider>);

/// A setter per field.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => |$self:ident, $value:ident| $set:expr;)*) => {
        impl ProviderBuilder {
            $($(#[$doc])* pub fn $name(mut self, $value: $type) -> ProviderBuilder {
                let $self = &mut self.0;
                $set;
                self
            })*
        }
    };
}

setters! {
    /// The name; in capitals it is the prefix of the environment variables.
    name: impl Into<String> => |p, v| p.name = v.into();
    /// The name as its owner spells it.
    display_name: impl Into<String> => |p, v| p.display_name = v.into();
    /// Where the browser is sent (RFC 6749 section 3.1). A query in it is kept.
    authorization_endpoint: impl Into<String> => |p, v| p.authorization_endpoint = Some(v.into());
    /// Where tokens are issued (RFC 6749 section 3.2). A query in it is kept.
    token_endpoint: impl Into<String> => |p, v| p.token_endpoint = v.into();
    /// Where refresh requests go, if not to the token endpoint.
    refresh_endpoint: impl Into<String> => |p, v| p.refresh_endpoint = Some(v.into());
    /// Where tokens are revoked (RFC 7009).
    revocation_endpoint: impl Into<String> => |p, v| p.revocation_endpoint = Some(v.into());
    /// How tokens are revoked.
    revocation_style: RevocationStyle => |p, v| p.revocation_style = v;
    /// Where a device login starts (RFC 8628).
    device_authorization_endpoint: impl Into<String> =>
        |p, v| p.device_authorization_endpoint = Some(v.into());
    /// Where the server tells what it knows of a token (RFC 7662).
    introspection_endpoint: impl Into<String> => |p, v| p.introspection_endpoint = Some(v.into());
    /// Where the service tells who has logged in (OpenID Connect Core section 5.3). The access token
    /// goes to its host.
    userinfo_endpoint: impl Into<String> => |p, v| p.userinfo_endpoint = Some(v.into());
    /// The issuer identifier (RFC 8414), and whether the server sends it with every callback
    /// (RFC 9207). If it does, a callback without it, or with another, is refused.
    issuer: (impl Into<String>, bool) => |p, v| { p.issuer = Some(v.0.into()); p.iss_in_callback = v.1 };
    /// The base of the API's addresses; a path that begins with `/` is appended to it, and the access
    /// token goes to its host.
    api_base: impl Into<String> => |p, v| p.api_base = Some(v.into());
    /// Where the browser is sent back to when the credentials name no redirect URI.
    redirect_uri: impl Into<String> => |p, v| p.redirect_uri = Some(v.into());
    /// How clients authenticate.
    client_auth: ClientAuth => |p, v| p.client_auth = v;
    /// How clients authenticate at the revocation endpoint, if not as at the token endpoint.
    revocation_auth: ClientAuth => |p, v| p.revocation_auth = Some(v);
    /// How clients authenticate at the introspection endpoint, if not as at the token endpoint.
    introspection_auth: ClientAuth => |p, v| p.introspection_auth = Some(v);
    /// How the parameters of a token request travel.
    token_format: TokenFormat => |p, v| p.token_format = v;
    /// What separates scopes; a space by the standard, a comma or a plus sign elsewhere.
    scope_separator: char => |p, v| p.scope_separator = v;
    /// The scopes that are asked for when the caller names none.
    default_scopes: &[&str] => |p, v| p.default_scopes = v.iter().map(|s| (*s).to_owned()).collect();
    /// One more parameter of the authorization request.
    authorize_param: (&str, &str) => |p, v| p.authorize_params.push(owned(v));
    /// One more parameter of every token request.
    token_param: (&str, &str) => |p, v| p.token_params.push(owned(v));
    /// One more parameter of refresh requests.
    refresh_param: (&str, &str) => |p, v| p.refresh_params.push(owned(v));
    /// A refresh grant under another name.
    refresh_grant: RefreshGrant => |p, v| p.refresh_grant = Some(v);
    /// Whether refresh requests carry the redirect URI.
    redirect_uri_on_refresh: bool => |p, v| p.redirect_uri_on_refresh = v;
    /// Whether refresh requests carry the granted scope.
    scope_on_refresh: bool => |p, v| p.scope_on_refresh = v;
    /// Whether PKCE is used.
    pkce: Pkce => |p, v| p.pkce = v;
    /// The lifetime of an access token when the answer names none. Without it, such a token counts as
    /// good until the API refuses it.
    default_lifetime: Duration => |p, v| p.default_lifetime = Some(v);
    /// Where in the answer the token object is, such as `data` or `data[0]`; tried in order, then
    /// the top level.
    reply_path: &str => |p, v| p.reply_paths.push(v.to_owned());
    /// Where an error answer has its code, such as `errors[0].meta.type`; tried before the usual
    /// places.
    error_code_path: &str => |p, v| p.error_code_paths.push(v.to_owned());
    /// Where an error answer has its description.
    error_text_path: &str => |p, v| p.error_text_paths.push(v.to_owned());
    /// One more rule about what an error answer means; tried in order, before the standard's.
    error_rule: ErrorRule => |p, v| p.error_rules.push(v);
    /// What becomes of a refresh token when it is used.
    rotation: Rotation => |p, v| p.rotation = v;
    /// Whether a refresh ends the previous access token at once.
    ends_access_token: bool => |p, v| p.ends_access_token = v;
    /// Whether a second use of a refresh token also ends other logins of the same user.
    reuse_ends_other_logins: bool => |p, v| p.reuse_ends_other_logins = v;
    /// How long a refusal is believed before it is asked again; one hour by default.
    refusal_pause: Duration => |p, v| p.refusal_pause = v;
    /// How long after it was issued a token can be refreshed at the earliest.
    earliest_refresh: Duration => |p, v| p.earliest_refresh = Some(v);
    /// How long after a refresh that stayed without an answer the same refresh token is not sent again;
    /// zero by default. For a service that refuses, and counts, what is sent too soon.
    unanswered_pause: Duration => |p, v| p.unanswered_pause = v;
    /// How many refused refreshes within how much time are enough: then nothing is sent until the
    /// oldest is that old. For a service that blocks an application after so many errors. Counted in the
    /// store, so all processes together.
    refusal_limit: (usize, Duration) => |p, v| p.refusal_limit = Some(v);
    /// How long a refresh token lives that is not used, for a service that does not say it in its
    /// answers. It is what `Record::refresh_expires_at` tells, and a refresh in the last quarter of it
    /// is told with a warning: the login was about to end.
    refresh_token_lifetime: Duration => |p, v| p.refresh_token_lifetime = Some(v);
    /// How long before its end a token is replaced; 60 seconds by default, and at most a tenth of the
    /// token's lifetime.
    margin: Duration => |p, v| p.margin = v;
    /// A parameter of the callback that is kept with the token, such as `realmId`.
    callback_field: &str => |p, v| p.callback_fields.push(v.to_owned());
    /// The header that carries the access token, and the word before it, if any;
    /// `("Authorization", Some("Bearer"))` by default.
    api_header: (&str, Option<&str>) =>
        |p, v| { p.api_header = v.0.to_owned(); p.api_word = v.1.map(str::to_owned) };
    /// The `User-Agent` of all requests, if the service wants a particular one.
    user_agent: impl Into<String> => |p, v| p.user_agent = Some(v.into());
    /// How long a token request may take; 120 seconds by default, because a service was seen to
    /// rotate after 35 seconds (Exact Online, exactonline-api-dotnet-client#152), and a request that is
    /// given up can still be served.
    token_timeout: Duration => |p, v| p.token_timeout = v;
    /// How long a refresh token lives that is not used, where the service documents it.
    idle_limit: Duration => |p, v| p.idle_limit = Some(v);
    /// How long a login lives after a person has consented, however often it is refreshed, where the
    /// service documents it.
    consent_limit: Duration => |p, v| p.consent_limit = Some(v);
}

#[cfg(feature = "jwt")]
setters! {
    /// What a client assertion names as its audience; the issuer by default.
    assertion_audience: super::AssertionAudience => |p, v| p.assertion_audience = v;
    /// The `typ` of a client assertion; `JWT` by default, `client-authentication+jwt` in the draft that
    /// updates RFC 7523.
    assertion_type: impl Into<String> => |p, v| p.assertion_type = Some(v.into());
}

#[cfg(feature = "identity")]
impl ProviderBuilder {
    /// How the service tells who has logged in, if not by a userinfo endpoint. The access token goes
    /// to the hosts of its addresses.
    pub fn profile(mut self, profile: super::Profile) -> ProviderBuilder {
        self.0.profile = Some(profile);
        self
    }
}

impl ProviderBuilder {
    /// The provider.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the token endpoint is missing, and for an address that cannot be
    /// read, is not `https` (loopback excepted, RFC 6749 section 3.2), has a fragment (section 3.1)
    /// or carries credentials; and for a header that no request can carry.
    pub fn build(self) -> Result<Provider> {
        let p = &self.0;
        if p.token_endpoint.is_empty() {
            return Err(Error::config(format!("provider {} has no token endpoint", p.name)));
        }
        let endpoints = [
            ("token endpoint", Some(&p.token_endpoint)),
            ("authorization endpoint", p.authorization_endpoint.as_ref()),
            ("refresh endpoint", p.refresh_endpoint.as_ref()),
            ("revocation endpoint", p.revocation_endpoint.as_ref()),
            ("device authorization endpoint", p.device_authorization_endpoint.as_ref()),
            ("introspection endpoint", p.introspection_endpoint.as_ref()),
            ("userinfo endpoint", p.userinfo_endpoint.as_ref()),
            ("API base", p.api_base.as_ref()),
        ];
        for (what, address) in endpoints {
            if let Some(address) = address {
                check_address(&p.name, what, address)?;
            }
        }
        #[cfg(feature = "identity")]
        for address in p.profile.iter().flat_map(|profile| profile.urls()) {
            check_address(&p.name, "profile's address", address)?;
        }
        let fits = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let texts = [p.user_agent.as_deref(), p.api_word.as_deref()];
        let named = HeaderName::try_from(&p.api_header).is_ok();
        if !named || !texts.iter().copied().flatten().all(fits) {
            return Err(Error::config(format!(
                "provider {} has a header that no request can carry",
                p.name
            )));
        }
        if p.iss_in_callback && p.issuer.is_none() {
            return Err(Error::config(format!("provider {} has no issuer to check", p.name)));
        }
        Ok(*self.0)
    }

    /// The provider, for rows whose addresses a test has checked.
    pub(crate) fn checked_by_test(self) -> Provider {
        *self.0
    }
}

fn owned(pair: (&str, &str)) -> (String, String) {
    (pair.0.to_owned(), pair.1.to_owned())
}

fn check_address(name: &str, what: &str, address: &str) -> Result<()> {
    let wrong = |why: &str| Err(Error::config(format!("provider {name}: the {what} {why}")));
    let Ok(url) = Url::parse(address) else {
        return wrong("is not an absolute address");
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return wrong("must be https (http is for loopback hosts only)");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("has no host");
    }
    if url.fragment().is_some() {
        return wrong("must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("must not carry credentials");
    }
    Ok(())
}
