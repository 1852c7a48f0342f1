//! Services where people have accounts: a program asks them who somebody is. The parent module explains
//! the tags.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::provider::{
    ClientAuth, Pkce, Profile, Provider, ProviderBuilder, RefreshGrant, RevocationStyle, Rotation,
};

/// Discord.
///
/// Endpoints, Basic authentication, scopes and profile: `[V:src]`. An address that is not verified is
/// not given out. Revoking either token ends the whole authorization (`[V:doc discord-api-docs, Aug
/// 2026]`). Whether a refresh replaces the refresh token: `[?]`, so the strictest is assumed. Whether
/// PKCE is honoured: `[?]`.
pub fn discord() -> Provider {
    Provider::builder("discord")
        .display_name("Discord")
        .authorization_endpoint("https://discord.com/api/oauth2/authorize")
        .token_endpoint("https://discord.com/api/oauth2/token")
        .revocation_endpoint("https://discord.com/api/oauth2/token/revoke")
        .api_base("https://discord.com/api")
        .client_auth(ClientAuth::Basic)
        .default_scopes(&["identify", "email"])
        .profile(Profile::get("https://discord.com/api/users/@me").email("email", Some("verified")))
        .rotation(Rotation::Unknown)
        .checked_by_test()
}

/// Facebook. `version` is that of the Graph API, such as `v22.0`.
///
/// Endpoints, body credentials, scopes and profile: `[V:src]`, there with v5.0, which is far out of date;
/// v22.0 is `[G]`. There is no refresh token: [`crate::Client::refresh`] exchanges the access token for
/// one of about 60 days (`fb_exchange_token`, `[V:src]`), and that one for the next while it lives
/// (`[N]`). The profile wants the access token in the query (`[V:src]`). Whether PKCE is honoured: `[?]`.
///
/// # Errors
///
/// [`Error::Config`] for a version that is not written as `v22.0`.
pub fn facebook(version: &str) -> Result<Provider> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let numbers = version.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    if !numbers.is_some_and(|(major, minor)| digits(major) && digits(minor)) {
        return Err(Error::config("the version of the Graph API is written as v22.0"));
    }
    let graph = format!("https://graph.facebook.com/{version}");
    let profile = Profile::get(format!("{graph}/me")).query("fields", "id,email");
    Provider::builder("facebook")
        .display_name("Facebook")
        .authorization_endpoint(format!("https://www.facebook.com/{version}/dialog/oauth"))
        .token_endpoint(format!("{graph}/oauth/access_token"))
        .api_base(graph)
        .client_auth(ClientAuth::Body)
        .default_scopes(&["email", "public_profile"])
        .refresh_grant(RefreshGrant {
            grant_type: "fb_exchange_token".to_owned(),
            parameter: "fb_exchange_token".to_owned(),
            sends_access_token: true,
        })
        .profile(profile.token_in_query("access_token").email("email", None))
        .rotation(Rotation::Unknown)
        .build()
}

/// FranceConnect, production.
///
/// Endpoints of its first version, body credentials, scopes and userinfo: `[V:src]`; a second version
/// with other hosts exists (`[?]`). A `nonce` is mandatory: it is sent, and checked when the ID token
/// comes, as for every login with the scope `openid`. There is no refresh and no revocation. Whether PKCE
/// is honoured: `[?]`.
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
        .api_base(base)
        .client_auth(ClientAuth::Body)
        .default_scopes(&["openid", "email"])
        .rotation(Rotation::Unknown)
}

/// Kakao.
///
/// Endpoints, body credentials, scopes and profile: `[V:src]`. A refresh brings a new refresh token only
/// in the last month of its 60 days (`[V:issue]`); the old one is reported to stay good, and the
/// strictest is assumed. To revoke is to *unlink* the application from the account: a POST with the
/// access token as the bearer (`[?]`; what httpx-oauth sends has no such header, `[V:run]`). Whether PKCE
/// is honoured: `[?]`.
pub fn kakao() -> Provider {
    let profile = Profile::post("https://kapi.kakao.com/v2/user/me")
        .query("property_keys", "[\"kakao_account.email\"]")
        .email("kakao_account.email", None);
    Provider::builder("kakao")
        .display_name("Kakao")
        .authorization_endpoint("https://kauth.kakao.com/oauth/authorize")
        .token_endpoint("https://kauth.kakao.com/oauth/token")
        .revocation_endpoint("https://kapi.kakao.com/v1/user/unlink")
        .revocation_style(RevocationStyle::Bearer)
        .api_base("https://kapi.kakao.com")
        .client_auth(ClientAuth::Body)
        .default_scopes(&["profile_nickname", "account_email"])
        .profile(profile)
        .rotation(Rotation::Unknown)
        .checked_by_test()
}

/// LinkedIn.
///
/// Endpoints, body credentials, scopes and profile: `[V:src]`. A refresh token comes for approved
/// partners only and lives 365 days from the consent, however often it is used (`[V:doc LinkedIn on
/// Microsoft Learn]`). An integrator had to switch PKCE off (`[N]`). The scopes are those from before
/// 2023; a newer application is given `openid profile email` and a userinfo endpoint (`[?]`):
///
/// ```
/// use evergrant::{provider::Profile, providers};
///
/// let userinfo = Profile::get("https://api.linkedin.com/v2/userinfo").id("sub");
/// let provider = providers::linkedin()
///     .to_builder()
///     .default_scopes(&["openid", "profile", "email"])
///     .profile(userinfo.email("email", Some("email_verified")))
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
pub fn linkedin() -> Provider {
    let profile = Profile::get("https://api.linkedin.com/v2/me")
        .query("projection", "(id)")
        .then_get("https://api.linkedin.com/v2/emailAddress")
        .query("q", "members")
        .query("projection", "(elements*(handle~))")
        .email("elements[0].handle~.emailAddress", None);
    Provider::builder("linkedin")
        .display_name("LinkedIn")
        .authorization_endpoint("https://www.linkedin.com/oauth/v2/authorization")
        .token_endpoint("https://www.linkedin.com/oauth/v2/accessToken")
        .api_base("https://api.linkedin.com/v2")
        .client_auth(ClientAuth::Body)
        .default_scopes(&["r_emailaddress", "r_liteprofile", "r_basicprofile"])
        .pkce(Pkce::Off)
        .profile(profile)
        .rotation(Rotation::None)
        .consent_limit(Duration::from_secs(365 * 86_400))
        .checked_by_test()
}

/// Naver.
///
/// Endpoints, body credentials, revocation and profile: `[V:src]`. The lifetime comes as a text
/// (`[V:issue panva/oauth4webapi#112]`). Revocation is a request to the token endpoint and takes the
/// access token (`[V:src]`). What becomes of a refresh token when it is used: `[?]`. Whether PKCE is
/// honoured: `[?]`.
pub fn naver() -> Provider {
    let profile = Profile::post("https://openapi.naver.com/v1/nid/me").inside("response");
    Provider::builder("naver")
        .display_name("Naver")
        .authorization_endpoint("https://nid.naver.com/oauth2.0/authorize")
        .token_endpoint("https://nid.naver.com/oauth2.0/token")
        .revocation_endpoint("https://nid.naver.com/oauth2.0/token")
        .revocation_style(RevocationStyle::DeleteGrant)
        .api_base("https://openapi.naver.com")
        .client_auth(ClientAuth::Body)
        .profile(profile.email("email", None))
        .rotation(Rotation::Unknown)
        .checked_by_test()
}

/// Any OpenID Connect provider, by its issuer: one request for its metadata, or up to three. Where it is
/// asked again and again, keep the answer with [`crate::discovery::Discovery`].
///
/// The scopes `openid email` are httpx-oauth's (`[V:src]`); everything else is what the server says.
///
/// # Errors
///
/// As [`Provider::discover`].
pub fn openid(issuer: &str) -> Result<Provider> {
    Provider::discover(issuer)?.name("openid").default_scopes(&["openid", "email"]).build()
}

/// Okta, by the domain of the organization, such as `example.okta.com`: its own authorization server,
/// `https://{domain}` (`[V:src]`). One request for its metadata, or up to three. For a custom
/// authorization server use [`openid`] with `https://{domain}/oauth2/{serverId}`.
///
/// With the scope `offline_access` a refresh token is issued. Whether it rotates is a setting of the
/// application (`[V:doc okta-developer-docs, Aug 2026]`), so the strictest is assumed.
///
/// # Errors
///
/// [`Error::Config`] for a domain with other characters than letters, digits, `.` and `-`; and as
/// [`Provider::discover`].
pub fn okta(domain: &str) -> Result<Provider> {
    okta_at(&okta_issuer(domain)?)
}

fn okta_at(issuer: &str) -> Result<Provider> {
    openid(issuer)?.to_builder().name("okta").display_name("Okta").build()
}

fn okta_issuer(domain: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if domain.is_empty() || !domain.chars().all(plain) {
        return Err(Error::config("the domain is a host name, such as example.okta.com"));
    }
    Ok(format!("https://{domain}"))
}

/// Reddit.
///
/// Endpoints, scope and profile: `[V:src]`; Basic authentication only: `[G]`. `duration=permanent` is
/// what brings a refresh token (`[V:src, N]`). The id is the user's name, and there never is an e-mail
/// address (`[V:src]`). A descriptive `User-Agent` is expected: set yours with
/// `ProviderBuilder::user_agent`. Whether the refresh token stays the same: `[?]`. Whether PKCE is
/// honoured: `[?]`.
pub fn reddit() -> Provider {
    Provider::builder("reddit")
        .display_name("Reddit")
        .authorization_endpoint("https://www.reddit.com/api/v1/authorize")
        .token_endpoint("https://www.reddit.com/api/v1/access_token")
        .revocation_endpoint("https://www.reddit.com/api/v1/revoke_token")
        .api_base("https://oauth.reddit.com")
        .client_auth(ClientAuth::Basic)
        .default_scopes(&["identity"])
        .authorize_param(("duration", "permanent"))
        .profile(Profile::get("https://oauth.reddit.com/api/v1/me").id("name"))
        .rotation(Rotation::Unknown)
        .checked_by_test()
}

/// Shopify. `shop` is the bare name of the shop (`example` for `example.myshopify.com`), `api_version` is
/// the Admin API's, such as `2023-04`, which is the one of httpx-oauth and long retired (`[?]`).
///
/// Endpoints, body credentials, scope and profile: `[V:src]`. `expiring=1` asks for access tokens of an
/// hour and a refresh token, which public applications must use from 1 January 2027; an old refresh token
/// works until its replacement is used (`[V:doc Shopify changelog]`). It goes with refreshes as well
/// (`[?]`). Who has logged in is the shop. The callback's `hmac` is not checked: `state` is. Whether PKCE
/// is honoured: `[?]`.
///
/// # Errors
///
/// [`Error::Config`] for a shop with other characters than letters, digits and `-`, or a version that is
/// not written as `2023-04`.
pub fn shopify(shop: &str, api_version: &str) -> Result<Provider> {
    if shop.is_empty() || !shop.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Error::config("the shop is a bare name, without .myshopify.com"));
    }
    let dated = |b: &u8| b.is_ascii_digit() || *b == b'-';
    if api_version.len() != 7 || !api_version.as_bytes().iter().all(dated) {
        return Err(Error::config("the version of the Admin API is written as 2023-04"));
    }
    let admin = format!("https://{shop}.myshopify.com/admin");
    let profile = Profile::get(format!("{admin}/api/{api_version}/shop.json"));
    Provider::builder("shopify")
        .display_name("Shopify")
        .authorization_endpoint(format!("{admin}/oauth/authorize"))
        .token_endpoint(format!("{admin}/oauth/access_token"))
        .api_base(format!("{admin}/api/{api_version}"))
        .api_header(("X-Shopify-Access-Token", None))
        .client_auth(ClientAuth::Body)
        .default_scopes(&["read_orders"])
        .token_param(("expiring", "1"))
        .profile(profile.inside("shop").email("email", None))
        .rotation(Rotation::UntilUsed)
        .build()
}

/// GitHub's profile: with the word `token` before the access token, and a second request for addresses
/// that are not public (`[V:src]`).
pub(super) fn github_profile() -> Profile {
    Profile::get("https://api.github.com/user")
        .email("email", None)
        .then_get("https://api.github.com/user/emails")
        .email_in_list("", "primary", "email", Some("verified"))
}

/// Google's, by the People API (`[V:src]`). Whether an address is verified is not read: no source of the
/// table says where that stands.
pub(super) fn google_profile() -> Profile {
    Profile::get("https://people.googleapis.com/v1/people/me")
        .query("personFields", "emailAddresses")
        .id("resourceName")
        .email_in_list("emailAddresses", "metadata.primary", "value", None)
}

/// Microsoft Graph's. The login name is taken for the address (`[V:src]`): it is not always a mailbox,
/// but what else there is can be set freely (`[?]`).
pub(super) fn microsoft_profile() -> Profile {
    Profile::get("https://graph.microsoft.com/v1.0/me").email("userPrincipalName", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sandbox")]
    #[test]
    fn okta_is_what_its_metadata_says_with_a_name_of_its_own() -> Result<()> {
        let sandbox = crate::sandbox::Sandbox::start().unwrap();
        let row = okta_at(sandbox.url())?;
        assert_eq!((row.name(), row.display_name()), ("okta", "Okta"));
        assert_eq!(row.default_scopes(), ["openid", "email"]);
        let (url, profile) = (sandbox.url(), row.profile.is_none());
        assert!(profile && row.userinfo_endpoint() == Some(&*format!("{url}/userinfo")));
        assert_eq!(row.revocation_endpoint(), Some(&*format!("{url}/revoke")));
        Ok(())
    }

    #[test]
    fn an_okta_domain_is_a_host_and_nothing_more() -> Result<()> {
        assert_eq!(okta_issuer("example.okta.com")?, "https://example.okta.com");
        for wrong in ["", "a/b", "https://a.okta.com", "a.okta.com:1", "a@b", "a?b", "a b"] {
            assert!(matches!(okta(wrong), Err(Error::Config(_))), "{wrong}");
        }
        Ok(())
    }
}
