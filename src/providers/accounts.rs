//! Services where people have accounts, for programs that ask who has logged in. The parent module
//! explains the tags.

use super::DAY;
use crate::error::{Error, Result};
use crate::provider::{
    ClientAuth, EmailPlace, Pkce, Profile, Provider, ProviderBuilder, RefreshGrant,
    RevocationStyle, Rotation,
};

/// Discord.
///
/// - Endpoints, Basic authentication, scopes and profile: `[V:src]`.
/// - An e-mail address that is not verified is not returned.
/// - Revoking either token revokes the whole authorization (`[V:doc discord-api-docs, Aug 2026]`).
/// - Whether a refresh replaces the refresh token: `[?]`, so the strictest case is assumed. Whether
///   Discord honours PKCE: `[?]`.
pub fn discord() -> Provider {
    let profile = Profile::get("https://discord.com/api/users/@me")
        .email(EmailPlace::at("email").verified("verified"));
    Provider::builder("discord")
        .display_name("Discord")
        .authorization_endpoint("https://discord.com/api/oauth2/authorize")
        .token_endpoint("https://discord.com/api/oauth2/token")
        .revocation_endpoint("https://discord.com/api/oauth2/token/revoke")
        .default_scopes(&["identify", "email"])
        .client_auth(ClientAuth::Basic)
        .rotation(Rotation::Unknown)
        .api_base("https://discord.com/api")
        .profile(profile)
        .checked_by_test()
}

/// Facebook. `version` is the version of the Graph API, such as `v22.0`.
///
/// - Endpoints, body credentials, scopes and profile: `[V:src]`, with version v5.0, which is outdated;
///   v22.0: `[G]`.
/// - There is no refresh token. [`crate::Client::refresh`] exchanges the access token for a token that
///   lives about 60 days (`fb_exchange_token`, `[V:src]`), and exchanges the new token again while it
///   is valid (`[N]`).
/// - The profile request needs the access token in the query (`[V:src]`).
/// - Whether Facebook honours PKCE: `[?]`.
///
/// # Errors
///
/// [`Error::Config`] for a version that is not written as `v22.0`.
pub fn facebook(version: &str) -> Result<Provider> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let numbers = version.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    if !numbers.is_some_and(|(major, minor)| digits(major) && digits(minor)) {
        return Err(Error::config(format!(
            "the version {version:?} of the Graph API must be written as v22.0"
        )));
    }
    let graph = format!("https://graph.facebook.com/{version}");
    let profile = Profile::get(format!("{graph}/me"))
        .query("fields", "id,email")
        .token_in_query("access_token")
        .email("email");
    Provider::builder("facebook")
        .display_name("Facebook")
        .authorization_endpoint(format!("https://www.facebook.com/{version}/dialog/oauth"))
        .token_endpoint(format!("{graph}/oauth/access_token"))
        .default_scopes(&["email", "public_profile"])
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::Unknown)
        .refresh_grant(
            RefreshGrant::new("fb_exchange_token", "fb_exchange_token").with_access_token(),
        )
        .api_base(graph)
        .profile(profile)
        .build()
}

/// FranceConnect, production.
///
/// - Endpoints of its first version, body credentials, scopes and userinfo: `[V:src]`. A second version
///   with other hosts exists (`[?]`).
/// - A `nonce` is mandatory. Every login with the scope `openid` sends a `nonce` and checks it in the ID
///   token.
/// - FranceConnect has neither refresh tokens nor revocation.
/// - Whether FranceConnect honours PKCE: `[?]`.
pub fn franceconnect() -> Provider {
    france("franceconnect", "https://app.franceconnect.gouv.fr/api/v1").checked_by_test()
}

/// FranceConnect, the integration environment; see [`franceconnect`].
pub fn franceconnect_integration() -> Provider {
    let base = "https://fcp.integ01.dev-franceconnect.fr/api/v1";
    france("franceconnect_integration", base).checked_by_test()
}

fn france(name: &str, base: &str) -> ProviderBuilder {
    Provider::builder(name)
        .display_name("FranceConnect")
        .authorization_endpoint(format!("{base}/authorize"))
        .token_endpoint(format!("{base}/token"))
        .userinfo_endpoint(format!("{base}/userinfo"))
        .default_scopes(&["openid", "email"])
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::Unknown)
        .api_base(base)
}

/// Kakao.
///
/// - Endpoints, body credentials, scopes and profile: `[V:src]`.
/// - A refresh returns a new refresh token only in the last month of its 60 days (`[V:issue]`). The old
///   token reportedly stays valid; the strictest case is assumed.
/// - Revocation *unlinks* the application from the account: a POST with the access token as the bearer
///   (`[?]`; the request of httpx-oauth has no such header, `[V:run]`).
/// - Whether Kakao honours PKCE: `[?]`.
pub fn kakao() -> Provider {
    let profile = Profile::post("https://kapi.kakao.com/v2/user/me")
        .query("property_keys", "[\"kakao_account.email\"]")
        .email("kakao_account.email");
    Provider::builder("kakao")
        .display_name("Kakao")
        .authorization_endpoint("https://kauth.kakao.com/oauth/authorize")
        .token_endpoint("https://kauth.kakao.com/oauth/token")
        .revocation_endpoint("https://kapi.kakao.com/v1/user/unlink")
        .default_scopes(&["profile_nickname", "account_email"])
        .client_auth(ClientAuth::Body)
        .revocation_style(RevocationStyle::Bearer)
        .rotation(Rotation::Unknown)
        .api_base("https://kapi.kakao.com")
        .profile(profile)
        .checked_by_test()
}

/// LinkedIn.
///
/// - Endpoints, body credentials, scopes and profile: `[V:src]`.
/// - Only approved partners get a refresh token. The refresh token lives 365 days from the consent, however
///   often it is used (`[V:doc LinkedIn on Microsoft Learn]`).
/// - The login sends no PKCE: Nango, which connects applications to services, switches PKCE off here (`[N]`).
/// - The scopes date from before 2023. A newer application has the scopes `openid profile email` and a
///   userinfo endpoint (`[?]`). LinkedIn's ID token has no `nonce` (`[V:issue authlib#763,
///   directus#23645, social-core#833]`), so the provider accepts an ID token without a nonce:
///
/// ```
/// use evergrant::provider::{EmailPlace, Profile};
/// use evergrant::providers;
///
/// let userinfo = Profile::get("https://api.linkedin.com/v2/userinfo")
///     .id("sub")
///     .email(EmailPlace::at("email").verified("email_verified"));
/// let provider = providers::linkedin()
///     .to_builder()
///     .default_scopes(&["openid", "profile", "email"])
///     .profile(userinfo)
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
pub fn linkedin() -> Provider {
    let profile = Profile::get("https://api.linkedin.com/v2/me")
        .query("projection", "(id)")
        .then_get("https://api.linkedin.com/v2/emailAddress")
        .query("q", "members")
        .query("projection", "(elements*(handle~))")
        .email("elements[0].handle~.emailAddress");
    Provider::builder("linkedin")
        .display_name("LinkedIn")
        .authorization_endpoint("https://www.linkedin.com/oauth/v2/authorization")
        .token_endpoint("https://www.linkedin.com/oauth/v2/accessToken")
        .default_scopes(&["r_emailaddress", "r_liteprofile", "r_basicprofile"])
        .pkce(Pkce::Off)
        .id_token_without_nonce(true)
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::None)
        .consent_limit(365 * DAY)
        .api_base("https://api.linkedin.com/v2")
        .profile(profile)
        .checked_by_test()
}

/// Naver.
///
/// - Endpoints, body credentials, revocation and profile: `[V:src]`.
/// - The answer gives the lifetime as a JSON string (`[V:issue panva/oauth4webapi#112]`).
/// - Revocation is a request to the token endpoint with the access token (`[V:src]`).
/// - Whether a refresh replaces the refresh token: `[?]`. Whether Naver honours PKCE: `[?]`.
pub fn naver() -> Provider {
    let profile =
        Profile::post("https://openapi.naver.com/v1/nid/me").inside("response").email("email");
    Provider::builder("naver")
        .display_name("Naver")
        .authorization_endpoint("https://nid.naver.com/oauth2.0/authorize")
        .token_endpoint("https://nid.naver.com/oauth2.0/token")
        .revocation_endpoint("https://nid.naver.com/oauth2.0/token")
        .client_auth(ClientAuth::Body)
        .revocation_style(RevocationStyle::DeleteGrant)
        .rotation(Rotation::Unknown)
        .api_base("https://openapi.naver.com")
        .profile(profile)
        .checked_by_test()
}

/// Any OpenID Connect provider, by its issuer. Fetches the metadata with one to three requests; for
/// frequent use, keep the metadata with [`crate::discovery::Discovery`].
///
/// The scopes are `openid email`, as in httpx-oauth (`[V:src]`). All other settings come from the
/// metadata.
///
/// # Errors
///
/// The errors of [`Provider::discover`].
pub fn openid(issuer: &str) -> Result<Provider> {
    Provider::discover(issuer)?.name("openid").default_scopes(&["openid", "email"]).build()
}

/// Okta, by the domain of the organization, such as `example.okta.com`. The authorization server of the
/// organization is `https://{domain}` (`[V:src]`). Fetches the metadata with one to three requests. For a
/// custom authorization server, use [`openid`] with `https://{domain}/oauth2/{serverId}`.
///
/// - Okta issues a refresh token for the scope `offline_access`.
/// - A setting of the application says whether the refresh token rotates (`[V:doc okta-developer-docs, Aug
///   2026]`), so the strictest case is assumed.
///
/// # Errors
///
/// [`Error::Config`] for a domain with characters other than letters, digits, `.` and `-`; and the
/// errors of [`Provider::discover`].
pub fn okta(domain: &str) -> Result<Provider> {
    okta_at(&okta_issuer(domain)?)
}

fn okta_at(issuer: &str) -> Result<Provider> {
    openid(issuer)?.to_builder().name("okta").display_name("Okta").build()
}

fn okta_issuer(domain: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if domain.is_empty() || !domain.chars().all(plain) {
        return Err(Error::config(format!(
            "the domain {domain:?} must be a host name, such as example.okta.com"
        )));
    }
    Ok(format!("https://{domain}"))
}

/// Reddit.
///
/// - Endpoints, scope and profile: `[V:src]`; Basic authentication only: `[G]`.
/// - Reddit issues a refresh token only for `duration=permanent` (`[V:src, N]`).
/// - The id is the user's name. Reddit never returns an e-mail address (`[V:src]`).
/// - Reddit expects a descriptive `User-Agent`: set yours with `ProviderBuilder::user_agent`.
/// - Whether a refresh replaces the refresh token: `[?]`. Whether Reddit honours PKCE: `[?]`.
pub fn reddit() -> Provider {
    Provider::builder("reddit")
        .display_name("Reddit")
        .authorization_endpoint("https://www.reddit.com/api/v1/authorize")
        .token_endpoint("https://www.reddit.com/api/v1/access_token")
        .revocation_endpoint("https://www.reddit.com/api/v1/revoke_token")
        .default_scopes(&["identity"])
        .authorize_param("duration", "permanent")
        .client_auth(ClientAuth::Basic)
        .rotation(Rotation::Unknown)
        .api_base("https://oauth.reddit.com")
        .profile(Profile::get("https://oauth.reddit.com/api/v1/me").id("name"))
        .checked_by_test()
}

/// Shopify. `shop` is the bare name of the shop (`example` for `example.myshopify.com`). `api_version` is
/// the version of the Admin API, such as `2026-07`.
///
/// - Endpoints, body credentials, scope and profile: `[V:src]`, where the API has version `2023-04`. Shopify
///   has probably retired this version (`[?]`).
/// - Scopes are joined by a comma (`[V:doc shopify-api-js, AuthScopes]`).
/// - `expiring=1` requests an access token that lives one hour, and a refresh token. Public
///   applications must use this from 1 January 2027. An old refresh token works until its replacement
///   is used (`[V:doc Shopify changelog]`). Refresh requests carry `expiring=1` as well (`[?]`).
/// - The identity is the shop, not a person.
/// - The client checks the callback's `state`, not its `hmac`.
/// - Whether Shopify honours PKCE: `[?]`.
///
/// # Errors
///
/// [`Error::Config`] for a shop with other characters than letters, digits and `-`, or a version that is
/// not written as `2026-07`.
pub fn shopify(shop: &str, api_version: &str) -> Result<Provider> {
    if shop.is_empty() || !shop.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Error::config(format!(
            "the shop {shop:?} must be a bare name, without .myshopify.com"
        )));
    }
    let dated = |b: &u8| b.is_ascii_digit() || *b == b'-';
    if api_version.len() != 7 || !api_version.as_bytes().iter().all(dated) {
        return Err(Error::config(format!(
            "the version {api_version:?} of the Admin API must be written as 2026-07"
        )));
    }
    let admin = format!("https://{shop}.myshopify.com/admin");
    let profile =
        Profile::get(format!("{admin}/api/{api_version}/shop.json")).inside("shop").email("email");
    Provider::builder("shopify")
        .display_name("Shopify")
        .authorization_endpoint(format!("{admin}/oauth/authorize"))
        .token_endpoint(format!("{admin}/oauth/access_token"))
        .default_scopes(&["read_orders"])
        .scope_separator(',')
        .client_auth(ClientAuth::Body)
        .token_param("expiring", "1")
        .rotation(Rotation::UntilUsed)
        .api_base(format!("{admin}/api/{api_version}"))
        .api_header("X-Shopify-Access-Token")
        .api_auth_scheme(None)
        .profile(profile)
        .build()
}

/// GitHub's profile. A second request asks for addresses that are not public (`[V:src]`).
pub(super) fn github_profile() -> Profile {
    let listed = EmailPlace::at("email").in_list("").primary("primary").verified("verified");
    Profile::get("https://api.github.com/user")
        .email("email")
        .then_get("https://api.github.com/user/emails")
        .email(listed)
}

/// Google's profile, by the People API (`[V:src]`). No source says which member shows whether an
/// address is verified.
pub(super) fn google_profile() -> Profile {
    Profile::get("https://people.googleapis.com/v1/people/me")
        .query("personFields", "emailAddresses")
        .id("resourceName")
        .email(EmailPlace::at("value").in_list("emailAddresses").primary("metadata.primary"))
}

/// Microsoft Graph's profile. The login name serves as the e-mail address (`[V:src]`). The login name
/// is not always a mailbox, but every other member can hold an address that nobody has verified
/// (`[?]`).
pub(super) fn microsoft_profile() -> Profile {
    Profile::get("https://graph.microsoft.com/v1.0/me").email("userPrincipalName")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sandbox")]
    #[test]
    fn okta_takes_its_endpoints_from_the_metadata() -> Result<()> {
        let sandbox = crate::sandbox::Sandbox::start().unwrap();
        let row = okta_at(sandbox.url())?;
        assert_eq!((row.name(), row.display_name()), ("okta", "Okta"));
        assert_eq!(row.default_scopes(), ["openid", "email"]);
        let (url, profile) = (sandbox.url(), row.api.profile.is_none());
        assert!(profile && row.userinfo_endpoint() == Some(&*format!("{url}/userinfo")));
        assert_eq!(row.revocation_endpoint(), Some(&*format!("{url}/revoke")));
        Ok(())
    }

    #[test]
    fn an_okta_domain_must_be_a_bare_host() -> Result<()> {
        assert_eq!(okta_issuer("example.okta.com")?, "https://example.okta.com");
        for wrong in ["", "a/b", "https://a.okta.com", "a.okta.com:1", "a@b", "a?b", "a b"] {
            assert!(matches!(okta(wrong), Err(Error::Config(_))), "{wrong}");
        }
        Ok(())
    }
}
