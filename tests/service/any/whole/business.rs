//! The services for companies and their developers.

use evergrant::provider::{
    AnswerRule, ClientAuth, ErrorRule, LoginHost, Pkce, ReplyMember, RevocationStyle, Rotation,
    TokenFormat, Verdict,
};

use super::{Asked, Login, NOT_ROTATED, ROTATED, STANDARD, Service, Step};

const LOCAL: &[&str] = &["127.0.0.1"];

fn at_path(asked: &Asked, method: &str, path: &str) -> bool {
    (&*asked.method, &*asked.path) == (method, path)
}

pub(super) const SERVICES: &[Service] = &[
    Service {
        name: "Slack",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .pkce(Pkce::Off)
                .scope_separator(',')
                .default_scopes(&["chat:write", "users:read"])
                .rotation(Rotation::Strict)
                .error_rule(ErrorRule::new(Verdict::Refused).code("invalid_refresh_token"))
                .answer_rule(AnswerRule::ended("error", "token_expired").status(200))
        },
        asks: &[("scope", "chat:write,users:read")],
        exchange: |asked| asked.by_body() && asked.is("code", "c-1"),
        exchanged: r#"{"ok":true,"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":43200,"token_type":"bot"}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"ok":true,"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":43200}"#,
        refused: ("200 OK", r#"{"ok":false,"error":"invalid_refresh_token"}"#),
        ended: ("200 OK", r#"{"ok":false,"error":"token_expired"}"#),
        ..STANDARD
    },
    Service {
        name: "Zoho",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .token_endpoint("https://never.example/oauth/v2/token")
                .revocation_endpoint("https://never.example/revoke")
                .scope_separator(',')
                .default_scopes(&["ZohoCRM.modules.ALL", "aaaserver.profile.READ"])
                .authorize_param("access_type", "offline")
                .authorize_param("prompt", "consent")
                .token_host_from(LoginHost::address("accounts-server", LOCAL))
                .api_base_from(LoginHost::address("api_domain", LOCAL).path("/crm"))
                .api_base(format!("{server}/never"))
                .api_auth_scheme("Zoho-oauthtoken")
                .rotation(Rotation::None)
                .error_rule(ErrorRule::new(Verdict::Refused).code("invalid_code"))
        },
        login: Login::Callback("?code=c-1&location=eu&accounts-server={server}&state={state}"),
        asks: &[
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("scope", "ZohoCRM.modules.ALL,aaaserver.profile.READ"),
        ],
        step: |asked| match &*asked.path {
            "/oauth/v2/token" if asked.is("grant_type", "refresh_token") => Step::Refresh,
            "/oauth/v2/token" => Step::Exchange,
            "/revoke" => Step::Revoke,
            _ => Step::Api,
        },
        exchange: |asked| asked.by_body() && asked.is("code", "c-1"),
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":3600,"api_domain":"{server}"}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"access_token":"at-{n}","expires_in":3600,"api_domain":"{server}"}"#,
        rotates: false,
        refused: ("200 OK", r#"{"error":"invalid_code"}"#),
        carries: |asked, token| {
            at_path(asked, "GET", "/crm/x")
                && asked.has_header("authorization", &format!("Zoho-oauthtoken {token}"))
        },
        revokes: Some(|asked, n| asked.is("token", &format!("rt-{n}"))),
        ..STANDARD
    },
    Service {
        name: "Adobe Acrobat Sign",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .pkce(Pkce::Off)
                .token_endpoint("https://never.example/oauth/v2/token")
                .refresh_endpoint("https://never.example/oauth/v2/refresh")
                .revocation_endpoint("https://never.example/oauth/v2/revoke")
                .token_host_from(LoginHost::address("api_access_point", LOCAL))
                .api_base_from(LoginHost::address("api_access_point", LOCAL).path("/api/rest/v6"))
                .rotation(Rotation::None)
        },
        login: Login::Callback("?code=c-1&api_access_point={server}&state={state}"),
        step: |asked| match &*asked.path {
            "/oauth/v2/token" => Step::Exchange,
            "/oauth/v2/refresh" => Step::Refresh,
            "/oauth/v2/revoke" => Step::Revoke,
            _ => Step::Api,
        },
        exchange: |asked| asked.by_body() && asked.is("grant_type", "authorization_code"),
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":3600}"#,
        refresh: |asked| asked.by_body() && asked.is("grant_type", "refresh_token"),
        refreshed: NOT_ROTATED,
        rotates: false,
        carries: |asked, token| at_path(asked, "GET", "/api/rest/v6/x") && asked.is_bearer(token),
        revokes: Some(|asked, n| asked.is("token", &format!("rt-{n}"))),
        ..STANDARD
    },
    Service {
        name: "DATEV",
        row: |row, _| {
            row.client_auth(ClientAuth::Basic)
                .response_type("code id_token")
                .authorize_param("response_mode", "query")
                .default_scopes(&["openid"])
        },
        asks: &[("response_type", "code id_token"), ("response_mode", "query")],
        exchange: |asked| asked.by_basic() && asked.get("code_verifier").is_some(),
        refresh: Asked::by_basic,
        ..STANDARD
    },
    Service {
        name: "HubSpot",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .rotation(Rotation::None)
                .revocation_endpoint(format!("{server}/oauth/v1/refresh-tokens/"))
                .revocation_style(RevocationStyle::TokenInPath)
                .error_rule(ErrorRule::new(Verdict::Refused).field("status", "BAD_REFRESH_TOKEN"))
        },
        step: |asked| match asked.path.starts_with("/oauth/v1/refresh-tokens/") {
            true => Step::Revoke,
            false => (STANDARD.step)(asked),
        },
        exchange: |asked| asked.by_body() && asked.get("code_verifier").is_some(),
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":1800}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"access_token":"at-{n}","expires_in":1800}"#,
        rotates: false,
        refused: ("400 Bad Request", r#"{"status":"BAD_REFRESH_TOKEN","message":"invalid"}"#),
        revokes: Some(|asked, n| {
            at_path(asked, "DELETE", &format!("/oauth/v1/refresh-tokens/rt-{n}"))
        }),
        ..STANDARD
    },
    Service {
        name: "Salesforce",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .default_scopes(&["refresh_token", "api"])
                .api_base_from(LoginHost::address("instance_url", LOCAL).path("/services/data"))
                .revocation_endpoint(format!("{server}/revoke"))
        },
        asks: &[("scope", "refresh_token api")],
        exchange: Asked::by_body,
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","instance_url":"{server}","issued_at":"1790000000000"}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"access_token":"at-{n}","instance_url":"{server}","issued_at":"1790000000000"}"#,
        rotates: false,
        carries: |asked, token| asked.path == "/services/data/x" && asked.is_bearer(token),
        revokes: Some(|asked, n| asked.is("token", &format!("rt-{n}"))),
        ..STANDARD
    },
    Service {
        name: "Dropbox",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .authorize_param("token_access_type", "offline")
                .rotation(Rotation::None)
                .revocation_endpoint(format!("{server}/revoke"))
                .revocation_style(RevocationStyle::Bearer)
        },
        asks: &[("token_access_type", "offline")],
        exchange: Asked::by_body,
        refresh: Asked::by_body,
        refreshed: NOT_ROTATED,
        rotates: false,
        revokes: Some(|asked, n| {
            asked.is_bearer(&format!("at-{n}")) && asked.header("content-type").is_none()
        }),
        ..STANDARD
    },
    // The code and the id of the installation come in a webhook.
    Service {
        name: "Sentry",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .token_format(TokenFormat::Json)
                .token_endpoint(format!("{server}/sentry-app-installations/7/authorizations/"))
                .reply_member(ReplyMember::AccessToken, "token")
                .reply_member(ReplyMember::RefreshToken, "refreshToken")
                .reply_member(ReplyMember::ExpiresAt, "expiresAt")
        },
        login: Login::Code,
        step: |asked| match &*asked.path {
            "/sentry-app-installations/7/authorizations/" => match asked.get("refresh_token") {
                Some(_) => Step::Refresh,
                None => Step::Exchange,
            },
            _ => Step::Api,
        },
        exchange: |asked| asked.by_body() && asked.has_header("content-type", "application/json"),
        exchanged: r#"{"token":"at-{n}","refreshToken":"rt-{n}","expiresAt":"2999-01-01T00:00:00Z"}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"token":"at-{n}","refreshToken":"rt-{n}","expiresAt":"2999-01-01T00:00:00Z"}"#,
        ..STANDARD
    },
    Service {
        name: "Notion",
        row: |row, server| {
            row.client_auth(ClientAuth::Basic)
                .token_format(TokenFormat::Json)
                .authorize_param("owner", "user")
                .fixed_header("Notion-Version", "2022-06-28")
                .revocation_endpoint(format!("{server}/revoke"))
                .revocation_style(RevocationStyle::Json)
        },
        asks: &[("owner", "user")],
        exchange: |asked| asked.by_basic() && asked.has_header("content-type", "application/json"),
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","bot_id":"b","workspace_id":"w"}"#,
        refresh: Asked::by_basic,
        refreshed: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","bot_id":"b","workspace_id":"w"}"#,
        carries: |asked, token| {
            asked.is_bearer(token) && asked.has_header("Notion-Version", "2022-06-28")
        },
        revokes: Some(|asked, n| asked.by_basic() && asked.is("token", &format!("rt-{n}"))),
        ..STANDARD
    },
    Service {
        name: "Zoom, server to server",
        row: |row, _| {
            row.client_auth(ClientAuth::Basic).client_credentials_grant("account_credentials")
        },
        setup: |builder| builder.client_credentials(&[]).token_param("account_id", "a-1"),
        login: Login::Application,
        exchange: |asked| {
            asked.by_basic()
                && asked.is("grant_type", "account_credentials")
                && asked.is("account_id", "a-1")
        },
        exchanged: NOT_ROTATED,
        refused: ("400 Bad Request", r#"{"error":"invalid_client"}"#),
        ..STANDARD
    },
    Service {
        name: "DocuSign",
        row: |row, server| {
            let place = LoginHost::address("accounts.0.base_uri", LOCAL).path("/restapi/v2.1");
            row.client_auth(ClientAuth::Basic)
                .default_scopes(&["signature", "extended"])
                .api_base_from(place.looked_up_at(format!("{server}/userinfo")))
        },
        asks: &[("scope", "signature extended")],
        exchange: Asked::by_basic,
        refresh: Asked::by_basic,
        looked_up: r#"{"sub":"1","accounts":[{"is_default":true,"base_uri":"{server}"}]}"#,
        carries: |asked, token| asked.path == "/restapi/v2.1/x" && asked.is_bearer(token),
        ..STANDARD
    },
    Service {
        name: "Xero",
        row: |row, server| {
            row.client_auth(ClientAuth::BasicRaw)
                .default_scopes(&["offline_access", "openid"])
                .rotation(Rotation::Grace(std::time::Duration::from_secs(1800)))
                .revocation_endpoint(format!("{server}/revoke"))
        },
        asks: &[("scope", "offline_access openid")],
        exchange: Asked::by_basic,
        exchanged: ROTATED,
        refresh: Asked::by_basic,
        call: |client| client.get("/x").header("Xero-Tenant-Id", "t-1").read_json(),
        carries: |asked, token| asked.is_bearer(token) && asked.has_header("Xero-Tenant-Id", "t-1"),
        revokes: Some(|asked, n| asked.by_basic() && asked.is("token", &format!("rt-{n}"))),
        ..STANDARD
    },
    // The first version of OneLogin's API: JSON, both tokens in a refresh, and a reply inside an object
    // with a status.
    Service {
        name: "OneLogin",
        row: |row, server| {
            row.client_auth(ClientAuth::Basic)
                .token_format(TokenFormat::Json)
                .refresh_endpoint(format!("{server}/auth/oauth2/token"))
                .refresh_auth(ClientAuth::Omitted)
                .access_token_on_refresh("access_token")
                .token_path("data[0]")
                .error_rule(ErrorRule::new(Verdict::Refused).field("status.type", "Unauthorized"))
                .rotation(Rotation::Strict)
                .ends_access_token(true)
                .idle_limit(std::time::Duration::from_secs(45 * 86_400))
        },
        step: |asked| match &*asked.path {
            "/auth/oauth2/token" => Step::Refresh,
            _ => (STANDARD.step)(asked),
        },
        exchange: |asked| asked.by_basic() && asked.is("code", "c-1"),
        exchanged: r#"{"status":{"error":false,"code":200,"type":"success","message":"Success"},"data":[{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":36000,"token_type":"bearer"}]}"#,
        refresh: |asked| {
            let newest = asked.get("refresh_token").map(|token| token.replace("rt", "at"));
            asked.has_header("content-type", "application/json")
                && asked.get("access_token") == newest.as_deref()
                && asked.lacks(&["client_id", "client_secret"])
        },
        refreshed: r#"{"status":{"error":false,"code":200,"type":"success","message":"Success"},"data":[{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":36000,"token_type":"bearer"}]}"#,
        refused: (
            "401 Unauthorized",
            r#"{"status":{"error":true,"code":401,"type":"Unauthorized","message":"Authentication Failure"}}"#,
        ),
        ..STANDARD
    },
];
