//! The services for shops, for people at home and for their devices.

use evergrant::provider::{
    AnswerRule, ClientAuth, ErrorRule, Pkce, RefreshGrant, ReplyMember, RevocationStyle, Rotation,
    SecondExchange, TokenFormat, Verdict,
};
use evergrant::{Error, Secret};

use super::{Asked, Login, STANDARD, Service, Step};

fn at_path(asked: &Asked, method: &str, path: &str) -> bool {
    (&*asked.method, &*asked.path) == (method, path)
}

pub(super) const SERVICES: &[Service] = &[
    Service {
        name: "eBay",
        row: |row, _| {
            row.client_auth(ClientAuth::Basic)
                .redirect_uri_is_name(true)
                .authorize_param("prompt", "login")
                .rotation(Rotation::None)
        },
        redirect_uri: "App-Name-RuName-1",
        asks: &[("redirect_uri", "App-Name-RuName-1"), ("prompt", "login")],
        exchange: |asked| asked.by_basic() && asked.is("redirect_uri", "App-Name-RuName-1"),
        exchanged: r#"{"access_token":"at-{n}","expires_in":7200,"refresh_token":"rt-{n}","refresh_token_expires_in":47304000,"token_type":"User Access Token"}"#,
        refresh: |asked| asked.by_basic() && asked.lacks(&["redirect_uri"]),
        refreshed: r#"{"access_token":"at-{n}","expires_in":7200,"token_type":"User Access Token"}"#,
        rotates: false,
        ..STANDARD
    },
    Service {
        name: "Amazon Selling Partner",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .pkce(Pkce::Off)
                .authorize_param("application_id", "amzn1.sellerapps.app.1")
                .code_param("spapi_oauth_code")
                .callback_field("selling_partner_id")
                .api_header("x-amz-access-token")
                .api_auth_scheme(None)
        },
        login: Login::Callback("?spapi_oauth_code=c-1&selling_partner_id=A1&state={state}"),
        asks: &[("application_id", "amzn1.sellerapps.app.1")],
        exchange: |asked| asked.by_body() && asked.is("code", "c-1"),
        refresh: Asked::by_body,
        call: |client| {
            let token = client.token()?;
            assert_eq!(token.extra()["selling_partner_id"], "A1", "kept with the login");
            client.get("/x").read_json()
        },
        carries: |asked, token| {
            asked.has_header("x-amz-access-token", token) && asked.header("authorization").is_none()
        },
        ..STANDARD
    },
    Service {
        name: "Square",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .pkce(Pkce::Off)
                .token_format(TokenFormat::Json)
                .authorize_param("session", "False")
                .revocation_endpoint(format!("{server}/revoke"))
                .revocation_style(RevocationStyle::ClientScheme)
        },
        asks: &[("session", "False")],
        exchange: Asked::by_body,
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_at":"2999-01-01T00:00:00Z"}"#,
        refresh: Asked::by_body,
        refreshed: r#"{"access_token":"at-{n}","expires_at":"2999-01-01T00:00:00Z"}"#,
        rotates: false,
        revokes: Some(|asked, n| {
            asked.has_header("authorization", "Client sesame")
                && asked.is("client_id", "app")
                && asked.is("access_token", &format!("at-{n}"))
        }),
        ..STANDARD
    },
    Service {
        name: "Stripe Connect",
        row: |row, _| row.client_auth(ClientAuth::SecretAsBearer),
        exchange: |asked| asked.has_header("authorization", "Bearer sesame"),
        exchanged: r#"{"access_token":"at-{n}","refresh_token":"rt-{n}","stripe_user_id":"acct_1","livemode":false}"#,
        refresh: |asked| asked.has_header("authorization", "Bearer sesame"),
        refreshed: r#"{"access_token":"at-{n}","stripe_user_id":"acct_1","livemode":false}"#,
        rotates: false,
        ..STANDARD
    },
    Service {
        name: "TikTok",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .client_id_param("client_key")
                .scope_separator(',')
                .default_scopes(&["user.info.basic", "video.list"])
                .rotation(Rotation::Strict)
                .revocation_endpoint(format!("{server}/revoke"))
        },
        asks: &[("client_key", "app"), ("scope", "user.info.basic,video.list")],
        exchange: |asked| {
            asked.is("client_key", "app")
                && asked.is("client_secret", "sesame")
                && asked.lacks(&["client_id"])
        },
        refresh: |asked| asked.is("client_key", "app") && asked.lacks(&["client_id"]),
        revokes: Some(|asked, n| {
            asked.is("client_key", "app") && asked.is("token", &format!("rt-{n}"))
        }),
        ..STANDARD
    },
    // The code is exchanged for a short-lived token, which is exchanged for a long-lived token, which
    // renews itself.
    Service {
        name: "Instagram",
        row: |row, server| {
            let second = format!("{server}/access_token");
            let second = SecondExchange::new(second, "ig_exchange_token").format(TokenFormat::Get);
            let renewal = RefreshGrant::new("ig_refresh_token", "access_token").with_access_token();
            row.client_auth(ClientAuth::Body)
                .token_path("data[0]")
                .second_exchange(second)
                .refresh_endpoint(format!("{server}/refresh_access_token"))
                .refresh_grant(renewal)
                .refresh_format(TokenFormat::Get)
                .refresh_auth(ClientAuth::Omitted)
        },
        step: |asked| match &*asked.path {
            "/token" => Step::Exchange,
            "/access_token" => Step::SecondExchange,
            "/refresh_access_token" => Step::Refresh,
            _ => Step::Api,
        },
        exchange: Asked::by_body,
        exchanged: r#"{"data":[{"access_token":"short","user_id":17}]}"#,
        second: (
            |asked| {
                at_path(asked, "GET", "/access_token")
                    && asked.is("grant_type", "ig_exchange_token")
                    && asked.is("access_token", "short")
            },
            r#"{"access_token":"at-{n}","token_type":"bearer","expires_in":5183944}"#,
        ),
        refresh: |asked| {
            asked.method == "GET"
                && asked.is("grant_type", "ig_refresh_token")
                && asked.lacks(&["client_id", "client_secret"])
        },
        refreshed: r#"{"access_token":"at-{n}","token_type":"bearer","expires_in":5183944}"#,
        ..STANDARD
    },
    Service {
        name: "Withings",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .pkce(Pkce::Off)
                .scope_separator(',')
                .default_scopes(&["user.info", "user.metrics"])
                .token_path("body")
                .token_param("action", "requesttoken")
                .rotation(Rotation::UntilUsed)
                .error_rule(ErrorRule::new(Verdict::Refused).field("status", "401"))
                .answer_rule(AnswerRule::ended("status", "401").status(200))
        },
        asks: &[("scope", "user.info,user.metrics")],
        exchange: |asked| asked.by_body() && asked.is("action", "requesttoken"),
        exchanged: r#"{"status":0,"body":{"userid":"7","access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":10800}}"#,
        refresh: |asked| asked.by_body() && asked.is("action", "requesttoken"),
        refreshed: r#"{"status":0,"body":{"userid":"7","access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":10800}}"#,
        refused: ("200 OK", r#"{"status":401,"body":{},"error":"invalid refresh token"}"#),
        ended: ("200 OK", r#"{"status":401,"body":{},"error":"invalid token"}"#),
        ..STANDARD
    },
    Service {
        name: "Tesla",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .default_scopes(&["openid", "offline_access"])
                .exchange_param("audience", "https://fleet-api.prd.eu.vn.cloud.tesla.com")
                .rotation(Rotation::Strict)
                .ends_access_token(true)
                .error_rule(ErrorRule::new(Verdict::Refused).code("login_required"))
        },
        asks: &[("scope", "openid offline_access")],
        exchange: |asked| {
            asked.by_body() && asked.is("audience", "https://fleet-api.prd.eu.vn.cloud.tesla.com")
        },
        refresh: |asked| asked.by_body() && asked.lacks(&["audience"]),
        refused: ("401 Unauthorized", r#"{"error":"login_required"}"#),
        ..STANDARD
    },
    Service {
        name: "Netatmo",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .answer_rule(AnswerRule::ended("error.code", "3").status(403))
        },
        exchange: Asked::by_body,
        refresh: Asked::by_body,
        ended: ("403 Forbidden", r#"{"error":{"code":3,"message":"Access token expired"}}"#),
        ..STANDARD
    },
    // The API takes the token in the query, so the program itself puts the token there.
    Service {
        name: "WeChat",
        row: |row, server| {
            row.client_auth(ClientAuth::Body)
                .client_id_param("appid")
                .client_secret_param("secret")
                .token_format(TokenFormat::Get)
                .pkce(Pkce::Off)
                .refresh_endpoint(format!("{server}/refresh_token"))
                .error_rule(ErrorRule::new(Verdict::Refused).field("errcode", "40030"))
        },
        setup: |builder| {
            builder.before_token_request(|request| {
                if request.param("grant_type").map(Secret::expose) == Some("refresh_token") {
                    request.remove_param("secret");
                }
                Ok(())
            })
        },
        asks: &[("appid", "app")],
        step: |asked| match &*asked.path {
            "/token" => Step::Exchange,
            "/refresh_token" => Step::Refresh,
            _ => Step::Api,
        },
        exchange: |asked| {
            asked.method == "GET" && asked.is("appid", "app") && asked.is("secret", "sesame")
        },
        refresh: |asked| asked.is("appid", "app") && asked.lacks(&["secret", "client_id"]),
        refused: ("200 OK", r#"{"errcode":40030,"errmsg":"invalid refresh_token"}"#),
        call: |client| {
            let base = client.provider().api_base().unwrap_or_default().to_owned();
            let ask = |token: &Secret| -> Result<serde_json::Value, Error> {
                let address = format!("{base}/x");
                let request = client.without_token(ureq::http::Method::GET, &address);
                request.query("access_token", token.expose()).read_json()
            };
            let token = client.access_token()?;
            let answer = ask(&token)?;
            if answer["errcode"] != 42001 {
                return Ok(answer);
            }
            client.refused(&token);
            ask(&client.access_token()?)
        },
        carries: |asked, token| asked.is("access_token", token),
        ended: ("200 OK", r#"{"errcode":42001,"errmsg":"access_token expired"}"#),
        ..STANDARD
    },
    Service {
        name: "DingTalk",
        row: |row, _| {
            row.client_auth(ClientAuth::Body)
                .client_id_param("clientId")
                .client_secret_param("clientSecret")
                .code_param("authCode")
                .token_format(TokenFormat::Json)
                .pkce(Pkce::Off)
                .refresh_grant(RefreshGrant::new("refresh_token", "refreshToken"))
                .reply_member(ReplyMember::AccessToken, "accessToken")
                .reply_member(ReplyMember::RefreshToken, "refreshToken")
                .reply_member(ReplyMember::ExpiresIn, "expireIn")
        },
        setup: |builder| {
            builder.before_token_request(|request| {
                request.rename_param("grant_type", "grantType");
                Ok(())
            })
        },
        login: Login::Callback("?authCode=c-1&state={state}"),
        step: |asked| match (&*asked.path, asked.get("grantType")) {
            ("/token", Some("refresh_token")) => Step::Refresh,
            ("/token", _) => Step::Exchange,
            _ => Step::Api,
        },
        exchange: |asked| {
            asked.is("grantType", "authorization_code")
                && asked.is("clientId", "app")
                && asked.is("clientSecret", "sesame")
                && asked.is("code", "c-1")
        },
        exchanged: r#"{"accessToken":"at-{n}","refreshToken":"rt-{n}","expireIn":7200}"#,
        refresh: |asked| asked.is("clientId", "app"),
        refresh_token: "refreshToken",
        refreshed: r#"{"accessToken":"at-{n}","refreshToken":"rt-{n}","expireIn":7200}"#,
        ..STANDARD
    },
];
