//! Tests that each setting changes only its own group, and that wrong settings are refused.

use std::time::Duration;

use super::*;
use crate::provider::*;

type Change = fn(ProviderBuilder) -> ProviderBuilder;

const MINUTE: Duration = Duration::from_secs(60);

const NAMES: [(&str, Change); 3] = [
    ("name", |row| row.name("x")),
    ("display_name", |row| row.display_name("x")),
    ("user_agent", |row| row.user_agent("x")),
];
const ENDPOINTS: [(&str, Change); 9] = [
    ("authorization_endpoint", |row| row.authorization_endpoint("https://x.example")),
    ("token_endpoint", |row| row.token_endpoint("https://x.example")),
    ("refresh_endpoint", |row| row.refresh_endpoint("https://x.example")),
    ("device_authorization_endpoint", |row| row.device_authorization_endpoint("https://x.example")),
    ("pushed_authorization_request_endpoint", |row| {
        row.pushed_authorization_request_endpoint("https://x.example")
    }),
    ("revocation_endpoint", |row| row.revocation_endpoint("https://x.example")),
    ("introspection_endpoint", |row| row.introspection_endpoint("https://x.example")),
    ("userinfo_endpoint", |row| row.userinfo_endpoint("https://x.example")),
    ("issuer", |row| row.issuer("https://x.example")),
];
const AUTHORIZATION: [(&str, Change); 14] = [
    ("redirect_uri", |row| row.redirect_uri("https://x.example")),
    ("redirect_uri_is_name", |row| row.redirect_uri_is_name(true)),
    ("default_scopes", |row| row.default_scopes(&["x"])),
    ("scope_separator", |row| row.scope_separator(',')),
    ("response_type", |row| row.response_type("x")),
    ("pkce", |row| row.pkce(Pkce::Off)),
    ("pushed_requests", |row| row.pushed_requests(PushedRequests::Off)),
    ("authorize_param", |row| row.authorize_param("x", "y")),
    ("issuer_in_callback", |row| row.issuer_in_callback(true)),
    ("unsigned_id_tokens", |row| row.unsigned_id_tokens(true)),
    ("id_token_without_nonce", |row| row.id_token_without_nonce(true)),
    ("code_param", |row| row.code_param("x")),
    ("token_host_from", |row| row.token_host_from(LoginHost::label("x", "y.example"))),
    ("callback_field", |row| row.callback_field("x")),
];
const TOKEN_REQUEST: [(&str, Change); 13] = [
    ("client_auth", |row| row.client_auth(ClientAuth::None)),
    ("revocation_auth", |row| row.revocation_auth(ClientAuth::None)),
    ("introspection_auth", |row| row.introspection_auth(ClientAuth::None)),
    ("client_id_param", |row| row.client_id_param("x")),
    ("client_secret_param", |row| row.client_secret_param("x")),
    ("token_format", |row| row.token_format(TokenFormat::Json)),
    ("client_credentials_grant", |row| row.client_credentials_grant("x")),
    ("second_exchange", |row| row.second_exchange(SecondExchange::new("https://x.example", "x"))),
    ("revocation_style", |row| row.revocation_style(RevocationStyle::Json)),
    ("dpop", |row| row.dpop(Dpop::Required)),
    ("token_param", |row| row.token_param("x", "y")),
    ("exchange_param", |row| row.exchange_param("x", "y")),
    ("token_timeout", |row| row.token_timeout(MINUTE)),
];
const REPLY: [(&str, Change); 7] = [
    ("token_path", |row| row.token_path("x")),
    ("reply_member", |row| row.reply_member(ReplyMember::AccessToken, "x")),
    ("default_lifetime", |row| row.default_lifetime(MINUTE)),
    ("error_code_path", |row| row.error_code_path("x")),
    ("error_text_path", |row| row.error_text_path("x")),
    ("error_rule", |row| row.error_rule(ErrorRule::new(Verdict::Refused))),
    ("registered_client", |row| row.registered_client(true)),
];
const REFRESH: [(&str, Change); 16] = [
    ("rotation", |row| row.rotation(Rotation::Strict)),
    ("ends_access_token", |row| row.ends_access_token(true)),
    ("reuse_ends_other_logins", |row| row.reuse_ends_other_logins(true)),
    ("refresh_grant", |row| row.refresh_grant(RefreshGrant::new("x", "y"))),
    ("refresh_format", |row| row.refresh_format(TokenFormat::Get)),
    ("refresh_auth", |row| row.refresh_auth(ClientAuth::None)),
    ("refresh_param", |row| row.refresh_param("x", "y")),
    ("redirect_uri_on_refresh", |row| row.redirect_uri_on_refresh(true)),
    ("scope_on_refresh", |row| row.scope_on_refresh(true)),
    ("margin", |row| row.margin(2 * MINUTE)),
    ("earliest_refresh", |row| row.earliest_refresh(MINUTE)),
    ("refusal_pause", |row| row.refusal_pause(MINUTE)),
    ("refusal_limit", |row| row.refusal_limit(1, MINUTE)),
    ("unanswered_pause", |row| row.unanswered_pause(MINUTE)),
    ("idle_limit", |row| row.idle_limit(MINUTE)),
    ("consent_limit", |row| row.consent_limit(MINUTE)),
];
const API: [(&str, Change); 6] = [
    ("api_base", |row| row.api_base("https://x.example")),
    ("api_base_from", |row| row.api_base_from(LoginHost::address("x", &["y.example"]))),
    ("api_header", |row| row.api_header("X-Token")),
    ("api_auth_scheme", |row| row.api_auth_scheme(None)),
    ("answer_rule", |row| row.answer_rule(AnswerRule::ended("x", "y"))),
    ("fixed_header", |row| row.fixed_header("X-Version", "1")),
];

/// The names of the groups in which two providers differ.
fn differ(a: &Provider, b: &Provider) -> Vec<&'static str> {
    let names =
        |row: &Provider| (row.name.clone(), row.display_name.clone(), row.user_agent.clone());
    let differ = [
        ("names", names(a) != names(b)),
        ("endpoints", a.endpoints != b.endpoints),
        ("authorization", a.authorization != b.authorization),
        ("token request", a.token_request != b.token_request),
        ("reply", a.reply != b.reply),
        ("refresh", a.refresh != b.refresh),
        ("api", a.api != b.api),
    ];
    differ.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect()
}

#[test]
fn each_setting_changes_its_own_group_and_no_other_setting() {
    let base = Provider::builder("base").token_endpoint("https://a.example/t");
    let groups: [(&str, &[(&str, Change)]); 7] = [
        ("names", &NAMES),
        ("endpoints", &ENDPOINTS),
        ("authorization", &AUTHORIZATION),
        ("token request", &TOKEN_REQUEST),
        ("reply", &REPLY),
        ("refresh", &REFRESH),
        ("api", &API),
    ];
    let mut seen: Vec<(&str, Provider)> = Vec::new();
    for (group, settings) in groups {
        for (name, change) in settings {
            let changed = *change(base.clone()).0;
            assert_eq!(differ(&changed, &base.0), [group], "{name}");
            let same = seen.iter().find(|(_, other)| *other == changed);
            assert_eq!(same.map(|(other, _)| other), None, "{name}");
            seen.push((name, changed));
        }
    }
}

#[test]
fn a_wrong_setting_is_named_and_its_value_is_not_shown() {
    let base = || Provider::builder("base").token_endpoint("https://a.example/t");
    for (row, what) in [
        (Provider::builder("base"), "set the token endpoint"),
        (base().refresh_endpoint("https://a:sesame@b.example"), "the refresh endpoint"),
        (base().api_base("http://b.example/sesame"), "the API base must be https"),
        (base().user_agent("sesame\n"), "the User-Agent"),
        (base().api_auth_scheme("sesame\n"), "the API auth scheme"),
        (base().issuer_in_callback(true), "needs an issuer"),
        (base().refusal_limit(0, MINUTE), "a refusal_limit of at least 1"),
        (base().token_host_from(LoginHost::label("", "b.example")), "endpoint's place has no name"),
        (base().api_base_from(LoginHost::address("x", &["com"])), "the API base's place needs"),
        (base().fixed_header("a b", "sesame"), "number 1 has no header name"),
        (base().fixed_header("X-A", "sesame\n"), "number 1 has a value"),
        (base().fixed_header("X-A", ""), "number 1 has a value"),
        (base().fixed_header("Authorization", "sesame"), "would replace the access token"),
        (base().api_header("X-Key").fixed_header("x-key", "sesame"), "would replace"),
        (base().fixed_header("Host", "sesame"), "is set by the HTTP library"),
        (base().fixed_header("X-A", "1").fixed_header("x-a", "sesame"), "number 2 comes twice"),
    ] {
        let text = row.build().map(drop).map_err(|error| error.to_string()).unwrap_err();
        assert!(text.contains("base") && text.contains(what), "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }
}

#[test]
fn an_address_with_a_character_that_none_has_is_refused() {
    for odd in ["/\u{1b}[31m", "/\u{202e}x", "/a\nb", "/a\tb", "/ ", "\\@evil.example", "/\u{e9}"] {
        let row = Provider::builder("base").token_endpoint("https://a.example/t");
        let row = row.authorization_endpoint(format!("https://a.example{odd}"));
        assert!(matches!(row.build(), Err(Error::Config(_))), "{odd:?}");
    }
    let host = Provider::builder("base").token_endpoint("https://$(id).example/");
    assert!(matches!(host.build(), Err(Error::Config(_))));
}

#[test]
fn a_provider_equals_its_rebuilt_copy() -> Result<()> {
    let row = crate::providers::exact_online("nl")?;
    assert_eq!(row.to_builder().build()?, row);
    assert_ne!(row.to_builder().margin(Duration::ZERO).build()?, row);
    Ok(())
}
