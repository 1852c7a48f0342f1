//! Ready providers: one function for each service.
//!
//! Services change: [`Provider::to_builder`] overrides any value. Each function's page names the
//! evidence for its values, how old that evidence is, and what no source confirms.
//!
//! The pages of services where people have accounts name their evidence with these tags. The sources
//! date from 2024 to September 2026.
//!
//! | tag | source |
//! | --- | --- |
//! | `[V:src]` | the source of httpx-oauth 0.17.0 (commit a8b7520) |
//! | `[V:run]` | httpx-oauth 0.17.0, run against a mocked server |
//! | `[V:doc]` | the service's own documentation, changelog, SDK or staff |
//! | `[V:issue]` | a public issue |
//! | `[G]` | golang/oauth2, package `endpoints` (commit 89ff2e1, December 2025) |
//! | `[N]` | Nango's catalogue (commit 2f4c0af, August 2026): the settings that an integrator uses; weak evidence that other settings do not work |
//! | `[?]` | none |
//!
//! The feature `services` adds a function for each service of a table. The page of each of these
//! functions lists the facts with their evidence; the guide's page `services` lists the facts of all
//! services and explains the tags.

// Each function makes its settings in the order of the groups of `Provider`: name, endpoints,
// authorization request, token request, reply, refresh, API.

#[cfg(feature = "identity")]
mod accounts;
mod ready;
#[cfg(feature = "services")]
mod table;

use std::time::Duration;

#[cfg(feature = "identity")]
pub use self::accounts::{
    discord, facebook, franceconnect, franceconnect_integration, kakao, linkedin, naver, okta,
    openid, reddit, shopify,
};
pub use self::ready::{Ready, named, ready};
#[cfg(feature = "services")]
pub use self::table::*;
use crate::error::{Error, Result};
use crate::provider::{ClientAuth, ErrorRule, Pkce, Provider, ProviderBuilder, Rotation, Verdict};

const DAY: Duration = Duration::from_secs(86_400);

/// GitHub.
///
/// - Endpoints, body credentials, scopes, and the word `token` before the access token: `[V:src]`,
///   `[G]`; the device endpoint: `[G]`.
/// - Refresh tokens exist for GitHub Apps with expiring user tokens. A refresh token is single use, and a
///   refresh revokes the old access token (`[V:doc GitHub docs]`).
/// - Errors come with status 200.
/// - GitHub has no revocation endpoint (RFC 7009); a call of its API revokes tokens (`[?]`).
/// - Whether GitHub honours PKCE: `[?]`.
pub fn github() -> Provider {
    let row = Provider::builder("github")
        .display_name("GitHub")
        .authorization_endpoint("https://github.com/login/oauth/authorize")
        .token_endpoint("https://github.com/login/oauth/access_token")
        .device_authorization_endpoint("https://github.com/login/device/code")
        .default_scopes(&["user", "user:email"])
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::Strict)
        .ends_access_token(true)
        .api_base("https://api.github.com")
        .api_auth_scheme("token");
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::github_profile());
    row.checked_by_test()
}

/// Google.
///
/// - Endpoints, body credentials and scopes: `[V:src]` (`[G]` has the authorization endpoint without
///   `v2`); the device endpoint: `[G]`. The revocation endpoint is an older address that still works;
///   the current address is not known (`[?]`).
/// - Google issues a refresh token only for `access_type=offline` and `prompt=consent` (`[N]`). A
///   refresh returns no new refresh token (`[N docs]`).
/// - Google has an API host for each product: allow the host that you call with
///   `ClientBuilder::allow_host`.
/// - The People API tells who has logged in (`[V:src]`). The People API must be enabled in the project
///   (`[?]`).
pub fn google() -> Provider {
    let row = Provider::builder("google")
        .display_name("Google")
        .authorization_endpoint("https://accounts.google.com/o/oauth2/v2/auth")
        .token_endpoint("https://oauth2.googleapis.com/token")
        .device_authorization_endpoint("https://oauth2.googleapis.com/device/code")
        .revocation_endpoint("https://accounts.google.com/o/oauth2/revoke")
        .default_scopes(&[
            "https://www.googleapis.com/auth/userinfo.profile",
            "https://www.googleapis.com/auth/userinfo.email",
        ])
        .authorize_param("access_type", "offline")
        .authorize_param("prompt", "consent")
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::None)
        .api_base("https://people.googleapis.com");
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::google_profile());
    row.checked_by_test()
}

/// Microsoft Entra, with the API at Microsoft Graph. `tenant` is `common`, `organizations`,
/// `consumers`, or a tenant's id or domain.
///
/// - Endpoints and body credentials: `[V:src]`, `[G]`; the device endpoint: `[G]`.
/// - Entra issues a refresh token only for the scope `offline_access`.
/// - A refresh returns a new refresh token and does not revoke the old refresh token. A refresh token
///   lives for 90 days; for a redirect URI of a single-page application, 24 hours (`[V:doc entra-docs,
///   May 2025]`).
/// - A client with a secret sends no PKCE: Nango, which connects applications to services, switches PKCE off here (`[N]`).
/// - The e-mail address of `Client::id_and_email` is the login name, which is not always a mailbox
///   (`[V:src]`).
///
/// # Errors
///
/// [`Error::Config`] for a tenant with characters other than letters, digits, `.`, `-` and `_`.
pub fn microsoft(tenant: &str) -> Result<Provider> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if tenant.is_empty() || !tenant.chars().all(plain) {
        return Err(Error::config(format!(
            "the tenant {tenant:?} is not a name, an id or a domain"
        )));
    }
    let base = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0");
    let row = Provider::builder("microsoft")
        .display_name("Microsoft")
        .authorization_endpoint(format!("{base}/authorize"))
        .token_endpoint(format!("{base}/token"))
        .device_authorization_endpoint(format!("{base}/devicecode"))
        .default_scopes(&["User.Read", "offline_access"])
        .pkce(Pkce::PublicClients)
        .authorize_param("response_mode", "query")
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::None)
        .idle_limit(90 * DAY)
        .api_base("https://graph.microsoft.com/v1.0");
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::microsoft_profile());
    row.build()
}

/// Teamleader Focus.
///
/// The sources were read in November 2026; no call to the service itself was made.
///
/// - The endpoints and the credentials in the body are those of six SDKs and of Teamleader's
///   documentation.
/// - A refresh token is single use. A refresh most likely revokes the old access token, so a 401 on
///   an unexpired token is normal when several processes share a login.
/// - Errors of the token endpoint have Teamleader's own form.
/// - The redirect URI has to be registered at Teamleader.
/// - The login sends PKCE, as one integrator does; no source says that Teamleader honours it.
pub fn teamleader() -> Provider {
    let refused = || ErrorRule::new(Verdict::Refused);
    let setup = || ErrorRule::new(Verdict::Setup);
    Provider::builder("teamleader")
        .display_name("Teamleader")
        .authorization_endpoint("https://focus.teamleader.eu/oauth2/authorize")
        .token_endpoint("https://focus.teamleader.eu/oauth2/access_token")
        .redirect_uri("http://localhost:9999/callback")
        .client_auth(ClientAuth::Body)
        .error_code_path("errors[0].meta.type")
        .error_text_path("errors[0].meta.hint")
        .error_text_path("errors[0].title")
        .error_rule(refused().field("errors[0].code", "8"))
        .error_rule(refused().field("errors[0].code", "10"))
        .error_rule(setup().field("errors[0].code", "4"))
        .error_rule(refused().code("invalid_request").text("refresh token"))
        .error_rule(refused().code("invalid_request").text("token has been revoked"))
        .error_rule(setup().field("errors[0].code", "2"))
        .error_rule(setup().field("errors[0].code", "3"))
        .error_rule(setup().field("errors[0].code", "5"))
        .error_rule(setup().status(401).field("errors[0].status", "401"))
        .rotation(Rotation::Strict)
        .ends_access_token(true)
        .api_base("https://api.focus.teamleader.eu")
        .checked_by_test()
}

/// Exact Online. `country` is the country of the account: `nl`, `be`, `de`, `uk`, `fr`, `es` or `us`.
///
/// The sources were read in November 2026; no call to the service itself was made.
///
/// - The hosts are those of five code bases. The lifetimes and the refresh rule are those of Exact's
///   documentation.
/// - An access token lives 600 seconds. Exact refuses a refresh before the token is 570 seconds old.
/// - A refresh token rotates each time. Reports differ on whether an old refresh token works after a
///   rotation, so this provider assumes [`Rotation::Strict`]. A refresh token that is not used expires
///   after 30 days.
/// - Exact blocks the client id after more than ten errors within an hour, and users report that
///   refused refreshes are counted as errors. After eight refusals, the client sends nothing.
/// - After a refresh without an answer, the client sends the refresh again when the access token has
///   expired, and at the earliest after 30 seconds.
/// - The documentation forbids redirect URIs on localhost, so use `Client::authorize_pasted` to log in
///   from a terminal.
/// - The login sends PKCE, as one integrator does; no source says that Exact honours it.
/// - API paths begin with `/v1/` and a division.
///
/// # Errors
///
/// [`Error::Config`] for another country.
pub fn exact_online(country: &str) -> Result<Provider> {
    let ending = match country {
        "nl" | "be" | "de" | "fr" | "es" => country,
        "uk" => "co.uk",
        "us" => "com",
        _ => {
            return Err(Error::config(format!(
                "Exact Online has no country {country:?}: use nl, be, de, uk, fr, es or us"
            )));
        }
    };
    let base = format!("https://start.exactonline.{ending}/api");
    let refused = || ErrorRule::new(Verdict::Refused);
    let too_early = || ErrorRule::new(Verdict::TooEarly);
    let unknown_application = ErrorRule::new(Verdict::Transient)
        .field("fault.detail.errorcode", "messaging.adaptors.http.flow.ApplicationNotFound");
    Provider::builder("exact_online")
        .display_name("Exact Online")
        .authorization_endpoint(format!("{base}/oauth2/auth"))
        .token_endpoint(format!("{base}/oauth2/token"))
        .client_auth(ClientAuth::Body)
        .default_lifetime(Duration::from_secs(600))
        .error_rule(too_early().text("access_token not expired"))
        .error_rule(too_early().header("reason", "TooEarlyToRefreshTokens"))
        .error_rule(too_early().header("reason", "access token not expired"))
        .error_rule(refused().text("old refresh token used"))
        .error_rule(refused().text("refresh token expired"))
        .error_rule(refused().text("the refresh token"))
        .error_rule(refused().text("invalid or empty chainid"))
        .error_rule(unknown_application)
        .rotation(Rotation::Strict)
        .margin(Duration::from_secs(30))
        .earliest_refresh(Duration::from_secs(570))
        .refusal_pause(Duration::from_secs(300))
        .refusal_limit(8, Duration::from_secs(3600))
        .unanswered_pause(Duration::from_secs(30))
        .idle_limit(30 * DAY)
        .api_base(base)
        .build()
}

/// Shell EV Recharge, production.
///
/// The sources were read in November 2026; no call to the service itself was made.
///
/// - The hosts and the client authentication (Basic, not encoded first) are those of Shell's Python
///   SDK 2.2.0. The token endpoint reportedly also accepts credentials in the body.
/// - Client credentials only: `Client::builder(..).client_credentials(&[])`.
/// - An access token without a lifetime is treated as valid for 300 seconds. No source gives this
///   number.
pub fn shell_ev() -> Provider {
    shell("shell_ev", "https://api.shell.com").checked_by_test()
}

/// Shell EV Recharge, the test environment (SIT). A stored login names its token endpoint, so a token
/// of one environment is never sent to the other.
pub fn shell_ev_sit() -> Provider {
    shell("shell_ev_sit", "https://api-test.shell.com").checked_by_test()
}

fn shell(name: &str, host: &str) -> ProviderBuilder {
    Provider::builder(name)
        .display_name("Shell EV Recharge")
        .token_endpoint(format!("{host}/v2/oauth/token"))
        .client_auth(ClientAuth::BasicRaw)
        .default_lifetime(Duration::from_secs(300))
        .error_code_path("ErrorCode")
        .error_text_path("Error")
        .error_text_path("error_descrription")
        .api_base(format!("{host}/ev"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_passes_the_checks_of_the_builder() -> Result<()> {
        let mut rows = vec![github(), google(), teamleader(), shell_ev(), shell_ev_sit()];
        rows.push(microsoft("common")?);
        for country in ["nl", "be", "de", "uk", "fr", "es", "us"] {
            rows.push(exact_online(country)?);
        }
        for row in rows {
            assert!(row.token_endpoint().starts_with("https://"), "{}", row.name());
            assert!(row.api_base().is_some_and(|base| base.starts_with("https://")));
            row.to_builder().build()?;
        }
        Ok(())
    }

    #[test]
    fn an_unknown_country_or_tenant_is_an_error() {
        assert!(matches!(exact_online("at"), Err(Error::Config(_))));
        assert!(matches!(microsoft("a/b"), Err(Error::Config(_))));
        assert!(matches!(microsoft(""), Err(Error::Config(_))));
    }
}
