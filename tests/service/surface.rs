//! Checks the table of httpx-oauth's public API: the table has every item, and each test that it names
//! exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../src/guide/httpx_oauth.md");

/// Every class, method, setting and exception of httpx-oauth 0.17.0.
const SURFACE: [&str; 65] = [
    "OAuth2",
    "BaseOAuth2",
    "client_id",
    "client_secret",
    "authorize_endpoint",
    "access_token_endpoint",
    "refresh_token_endpoint",
    "revoke_token_endpoint",
    "name",
    "base_scopes",
    "token_endpoint_auth_method",
    "revocation_endpoint_auth_method",
    "request_headers",
    "get_httpx_client",
    "build_request",
    "send_request",
    "get_json",
    "get_authorization_url",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "extras_params",
    "get_access_token",
    "refresh_token",
    "revoke_token",
    "token_type_hint",
    "get_profile",
    "get_id_email",
    "OAuth2Token",
    "expires_at",
    "is_expired",
    "HTTPXOAuthError",
    "OAuth2Error",
    "NotSupportedAuthMethodError",
    "MissingRevokeTokenAuthMethodError",
    "RefreshTokenNotSupportedError",
    "RevokeTokenNotSupportedError",
    "OAuth2RequestError",
    "GetAccessTokenError",
    "RefreshTokenError",
    "RevokeTokenError",
    "OpenIDConfigurationError",
    "GetLongLivedAccessTokenError",
    "OAuth2AuthorizeCallbackError",
    "GetProfileError",
    "GetIdEmailError",
    "OAuth2AuthorizeCallback",
    "route_name",
    "redirect_url",
    "BrandingProtocol.display_name",
    "BrandingProtocol.logo_svg",
    "DiscordOAuth2",
    "FacebookOAuth2",
    "FranceConnectOAuth2",
    "GitHubOAuth2",
    "GoogleOAuth2",
    "KakaoOAuth2",
    "LinkedInOAuth2",
    "MicrosoftGraphOAuth2",
    "NaverOAuth2",
    "OktaOAuth2",
    "OpenID",
    "RedditOAuth2",
    "ShopifyOAuth2",
];

/// Returns the rows of all tables, cell by cell.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    cells.filter(|cells: &Vec<_>| cells.last() != Some(&"shown by")).collect()
}

/// Returns the code spans of a cell.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether `binary::file::function` is a test.
fn exists(test: &str) -> bool {
    let [binary, file, function] = test.split("::").collect::<Vec<_>>()[..] else { return false };
    let path = format!("tests/{binary}/{file}.rs");
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    let source = source.unwrap_or_default();
    source.contains(&format!("#[test]\nfn {function}()"))
}

#[test]
fn every_row_names_a_test_that_exists() {
    let rows = rows(PAGE);
    for row in &rows {
        let [theirs, ours, shown] = row[..] else { panic!("{row:?}") };
        assert!(!theirs.is_empty() && !ours.is_empty());
        let tests: Vec<_> = code(shown).collect();
        assert!(!tests.is_empty(), "{theirs}");
        for test in tests {
            assert!(exists(test), "{theirs}: there is no test {test}");
        }
    }
    assert!(rows.len() >= 80, "{} rows", rows.len());
    // Show that the check can fail.
    assert!(exists("service::surface::every_row_names_a_test_that_exists"));
    assert!(!exists("service::surface::rows") && !exists("service::nowhere::x") && !exists("x"));
}

#[test]
fn the_page_names_every_item_of_the_surface() {
    let rows = rows(PAGE);
    let named: BTreeSet<_> = rows.iter().flat_map(|row| code(row[0])).collect();
    let missing: Vec<_> = SURFACE.iter().filter(|name| !named.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
