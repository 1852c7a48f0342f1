//! Ready providers, one row each.
//!
//! Services change: every value can be overridden with [`Provider::to_builder`]. Each row says what
//! its values rest on and from when that is; what no source confirmed is said, too.
//!
//! The rows for services where people have accounts name their evidence with these tags. The sources
//! date from 2024 to September 2026.
//!
//! | tag | what it stands for |
//! | --- | --- |
//! | `[V:src]` | the source of httpx-oauth 0.17.0 (commit a8b7520) |
//! | `[V:run]` | httpx-oauth 0.17.0, run against a mocked server |
//! | `[V:doc]` | the service's own documentation, changelog, SDK or staff |
//! | `[V:issue]` | a public issue |
//! | `[G]` | golang/oauth2, package `endpoints` (commit 89ff2e1, December 2025) |
//! | `[N]` | Nango's catalogue (commit 2f4c0af, August 2026): what an integrator runs; weak evidence that nothing else works |
//! | `[?]` | no source confirmed it |

#[cfg(feature = "identity")]
mod accounts;

use std::time::Duration;

#[cfg(feature = "identity")]
pub use self::accounts::{
    discord, facebook, franceconnect, franceconnect_integration, kakao, linkedin, naver, okta,
    openid, reddit, shopify,
};
use crate::error::{Error, Result};
use crate::provider::{
    ClientAuth, ErrorRule, Pkce, Provider, ProviderBuilder, RevocationStyle, Rotation, Verdict,
};

/// GitHub.
///
/// Endpoints, body credentials and scopes: `[V:src]`, `[G]`; the device endpoint: `[G]`. Refresh tokens
/// exist for GitHub Apps with expiring user tokens: single use, and a refresh ends the old access token
/// (`[V:doc GitHub docs]`). Errors come with status 200. The word `token` before the access token:
/// `[V:src]`. Tokens are revoked by a call of its API (`[?]`), not by RFC 7009, so there is no revocation
/// endpoint. Whether PKCE is honoured: `[?]`.
pub fn github() -> Provider {
    let row = Provider::builder("github")
        .display_name("GitHub")
        .authorization_endpoint("https://github.com/login/oauth/authorize")
        .token_endpoint("https://github.com/login/oauth/access_token")
        .device_authorization_endpoint("https://github.com/login/device/code")
        .api_base("https://api.github.com")
        .client_auth(ClientAuth::Body)
        .default_scopes(&["user", "user:email"])
        .api_header(("Authorization", Some("token")))
        .rotation(Rotation::Strict)
        .ends_access_token(true);
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::github_profile());
    row.checked_by_test()
}

/// Google.
///
/// Endpoints, body credentials and scopes: `[V:src]` (`[G]` has the authorization endpoint without `v2`);
/// the device endpoint: `[G]`. The revocation endpoint is an older one that still is in use; the current one:
/// `[?]`. A refresh answer brings no new refresh token (`[N docs]`). `access_type=offline` and
/// `prompt=consent` are what makes Google issue one at all (`[N]`). Google has an API host per product:
/// allow the one you call with `ClientBuilder::allow_host`. Who has logged in is asked of the People API
/// (`[V:src]`), which must be enabled in the project (`[?]`).
pub fn google() -> Provider {
    let row = Provider::builder("google")
        .display_name("Google")
        .authorization_endpoint("https://accounts.google.com/o/oauth2/v2/auth")
        .token_endpoint("https://oauth2.googleapis.com/token")
        .revocation_endpoint("https://accounts.google.com/o/oauth2/revoke")
        .revocation_style(RevocationStyle::Form)
        .device_authorization_endpoint("https://oauth2.googleapis.com/device/code")
        .api_base("https://people.googleapis.com")
        .client_auth(ClientAuth::Body)
        .default_scopes(&[
            "https://www.googleapis.com/auth/userinfo.profile",
            "https://www.googleapis.com/auth/userinfo.email",
        ])
        .authorize_param(("access_type", "offline"))
        .authorize_param(("prompt", "consent"))
        .rotation(Rotation::None);
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::google_profile());
    row.checked_by_test()
}

/// Microsoft Entra, with the API at Microsoft Graph. `tenant` is `common`, `organizations`,
/// `consumers` or a tenant's id or domain.
///
/// Endpoints and body credentials: `[V:src]`, `[G]`; the device endpoint: `[G]`. Each refresh brings a new
/// refresh token and does not end the old one; one lives for 90 days, 24 hours for a redirect URI
/// registered as a single-page application (`[V:doc entra-docs, May 2025]`). `offline_access` is what
/// makes Entra issue one. An integrator had to switch PKCE off for clients with a secret (`[N]`), so those
/// go without. The address of who has logged in is the login name, not always a mailbox (`[V:src]`).
///
/// # Errors
///
/// [`Error::Config`] for a tenant with other characters than letters, digits, `.` and `-`.
pub fn microsoft(tenant: &str) -> Result<Provider> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if tenant.is_empty() || !tenant.chars().all(plain) {
        return Err(Error::config("the tenant is a name, an id or a domain"));
    }
    let base = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0");
    let row = Provider::builder("microsoft")
        .display_name("Microsoft")
        .authorization_endpoint(format!("{base}/authorize"))
        .token_endpoint(format!("{base}/token"))
        .device_authorization_endpoint(format!("{base}/devicecode"))
        .api_base("https://graph.microsoft.com/v1.0")
        .client_auth(ClientAuth::Body)
        .default_scopes(&["User.Read", "offline_access"])
        .authorize_param(("response_mode", "query"))
        .pkce(Pkce::PublicClients)
        .rotation(Rotation::None)
        .idle_limit(Duration::from_secs(90 * 86_400));
    #[cfg(feature = "identity")]
    let row = row.profile(accounts::microsoft_profile());
    row.build()
}

/// Teamleader Focus.
///
/// Endpoints and body credentials as six SDKs and Teamleader's documentation have them. The refresh
/// token is single use; the server most likely ends the old access token with it, so a 401 on an
/// unexpired token is normal when several processes share a login. Errors of the token endpoint
/// have Teamleader's own form. PKCE is sent, as one integrator does; no source says that it is
/// honoured. The redirect URI has to be registered at Teamleader. Read November 2026; no call to the
/// service itself was made.
pub fn teamleader() -> Provider {
    Provider::builder("teamleader")
        .display_name("Teamleader")
        .authorization_endpoint("https://focus.teamleader.eu/oauth2/authorize")
        .token_endpoint("https://focus.teamleader.eu/oauth2/access_token")
        .api_base("https://api.focus.teamleader.eu")
        .redirect_uri("http://localhost:9999/callback")
        .client_auth(ClientAuth::Body)
        .rotation(Rotation::Strict)
        .ends_access_token(true)
        .error_code_path("errors[0].meta.type")
        .error_text_path("errors[0].meta.hint")
        .error_text_path("errors[0].title")
        .error_rule(ErrorRule::new(Verdict::Refused).field("errors[0].code", "8"))
        .error_rule(ErrorRule::new(Verdict::Refused).field("errors[0].code", "10"))
        .error_rule(ErrorRule::new(Verdict::Setup).field("errors[0].code", "4"))
        .error_rule(ErrorRule::new(Verdict::Refused).code("invalid_request").text("refresh token"))
        .error_rule(
            ErrorRule::new(Verdict::Refused).code("invalid_request").text("token has been revoked"),
        )
        .error_rule(ErrorRule::new(Verdict::Setup).field("errors[0].code", "2"))
        .error_rule(ErrorRule::new(Verdict::Setup).field("errors[0].code", "3"))
        .error_rule(ErrorRule::new(Verdict::Setup).field("errors[0].code", "5"))
        .error_rule(ErrorRule::new(Verdict::Setup).status(401).field("errors[0].status", "401"))
        .checked_by_test()
}

/// Exact Online. `country` is `nl`, `be`, `de`, `uk`, `fr`, `es` or `us`: where the account lives.
///
/// Hosts as five code bases have them, lifetimes and the refresh rule as Exact's documentation has
/// them: an access token lives 600 seconds and is refused a refresh before 570; the refresh token
/// rotates each time. Its documentation refuses redirect URIs on localhost, so
/// `Client::authorize_pasted` is the way to log in from a terminal. PKCE is sent, as one integrator
/// does; no source says that it is honoured. API paths begin with `/v1/` and a division. Read November
/// 2026; no call to the service itself was made. What an old refresh token does after a rotation is
/// reported differently, so the strict case is assumed. A refresh token that is not used ends after 30
/// days. More than ten errors within an hour block the key, and users report that refused refreshes
/// count, so after eight nothing is sent. A refresh without an answer is not repeated for 30 seconds,
/// which is when the access token ends.
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
    let base = format!("https://start.exactonline.{ending}");
    let rule = ErrorRule::new;
    Provider::builder("exact_online")
        .display_name("Exact Online")
        .authorization_endpoint(format!("{base}/api/oauth2/auth"))
        .token_endpoint(format!("{base}/api/oauth2/token"))
        .api_base(format!("{base}/api"))
        .client_auth(ClientAuth::Body)
        .default_lifetime(Duration::from_secs(600))
        .earliest_refresh(Duration::from_secs(570))
        .margin(Duration::from_secs(30))
        .refusal_pause(Duration::from_secs(300))
        .unanswered_pause(Duration::from_secs(30))
        .refusal_limit((8, Duration::from_secs(3600)))
        .refresh_token_lifetime(Duration::from_secs(30 * 86_400))
        .rotation(Rotation::Strict)
        .error_rule(rule(Verdict::TooEarly).text("access_token not expired"))
        .error_rule(rule(Verdict::TooEarly).header("reason", "TooEarlyToRefreshTokens"))
        .error_rule(rule(Verdict::TooEarly).header("reason", "access token not expired"))
        .error_rule(rule(Verdict::Refused).text("old refresh token used"))
        .error_rule(rule(Verdict::Refused).text("refresh token expired"))
        .error_rule(rule(Verdict::Refused).text("the refresh token"))
        .error_rule(rule(Verdict::Refused).text("invalid or empty chainid"))
        .error_rule(
            rule(Verdict::Transient).field(
                "fault.detail.errorcode",
                "messaging.adaptors.http.flow.ApplicationNotFound",
            ),
        )
        .build()
}

/// Shell EV Recharge, production.
///
/// Hosts and client authentication as Shell's Python SDK 2.2.0 has them (Basic, not encoded first);
/// the token endpoint is said to accept credentials in the body, too. Client credentials only:
/// `Client::builder(..).client_credentials(&[])`. Where no lifetime is named, 300 seconds are assumed;
/// that number is ours. Read November 2026; no call to the service itself was made.
pub fn shell_ev() -> Provider {
    shell("shell_ev", "https://api.shell.com").checked_by_test()
}

/// Shell EV Recharge, the test environment (SIT). A token of one environment is never sent to the
/// other: the store's binding names the token endpoint.
pub fn shell_ev_sit() -> Provider {
    shell("shell_ev_sit", "https://api-test.shell.com").checked_by_test()
}

fn shell(name: &str, host: &str) -> ProviderBuilder {
    Provider::builder(name)
        .display_name("Shell EV Recharge")
        .token_endpoint(format!("{host}/v2/oauth/token"))
        .api_base(format!("{host}/ev"))
        .client_auth(ClientAuth::BasicRaw)
        .default_lifetime(Duration::from_secs(300))
        .error_code_path("ErrorCode")
        .error_text_path("Error")
        .error_text_path("error_descrription")
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
    fn a_country_or_tenant_that_does_not_exist_is_an_error() {
        assert!(matches!(exact_online("at"), Err(Error::Config(_))));
        assert!(matches!(microsoft("a/b"), Err(Error::Config(_))));
        assert!(matches!(microsoft(""), Err(Error::Config(_))));
    }
}
