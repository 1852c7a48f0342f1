//! Services for sales and customer relations. `src/guide/services.md` explains the tags of the evidence.

services! {
    hubspot = "HubSpot", "sales"; {
        authorize("https://app.hubspot.com/oauth/authorize") => "s N 2026-08, s SP 2026-08, s PSA 2026-08";
        token("https://api.hubapi.com/oauth/v1/token") => "s N 2026-08, s SP 2026-08, s PSA 2026-08";
        revoke("https://api.hubapi.com/oauth/v1/refresh-tokens") => "v hubspot-api-nodejs 2026-03";
        revoke_style(TokenInPath) => "v hubspot-api-nodejs 2026-03";
        auth(Body) => "v developers.hubspot.com 2026-11";
        pkce(S256) => "v developers.hubspot.com 2026-11";
        offline(unknown);
        access_life(30 minutes) => "v developers.hubspot.com 2026-11";
        refresh_life(unknown);
        rotation(unknown);
        error(Refused field "status" "BAD_REFRESH_TOKEN") => "v developers.hubspot.com 2026-11";
        api("https://api.hubapi.com") => "v hubspot-api-nodejs 2026-03";
        note("the service announced that it closes this token endpoint on 16 February 2027; an endpoint of a dated version replaces it") => "v developers.hubspot.com 2026-11";
        note("a revocation revokes the refresh token only; access tokens stay valid") => "v developers.hubspot.com 2026-11";
    }

    pipedrive = "Pipedrive", "sales"; {
        authorize("https://oauth.pipedrive.com/oauth/authorize") => "v pipedrive.readme.io 2026-11";
        token("https://oauth.pipedrive.com/oauth/token") => "v pipedrive/client-nodejs 2026-04";
        revoke("https://oauth.pipedrive.com/oauth/revoke") => "v pipedrive/client-nodejs 2026-04";
        auth(Basic) => "v pipedrive/client-nodejs 2026-04";
        pkce(Off) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api_from("api_domain", ["pipedrive.com"], "/api/v1") => "v pipedrive/client-nodejs 2026-04";
        note("the service's SDK replaces the refresh token if an answer has one") => "v pipedrive/client-nodejs 2026-04";
        note("a revocation of the refresh token marks the application as uninstalled") => "v pipedrive/client-nodejs 2026-04";
    }

    salesforce = "Salesforce", "sales"; {
        authorize("https://login.salesforce.com/services/oauth2/authorize") => "s N 2026-08, s PSA 2026-08, s AR 2025-05";
        token("https://login.salesforce.com/services/oauth2/token") => "s N 2026-08, s PSA 2026-08, s AR 2025-05";
        revoke("https://login.salesforce.com/services/oauth2/revoke") => "s AR 2025-05, s PSA 2026-08";
        auth(Body) => "s N 2026-08, s PSA 2026-08";
        pkce(S256) => "v Salesforce's guide for partners 2026-11";
        offline(scope "refresh_token") => "v Salesforce's help 2026-11";
        authorize_param("prompt", "consent") => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(setting) => "v Salesforce's help 2026-11";
        error(unknown);
        api_from("instance_url", ["salesforce.com", "force.com"], "") => "v sfdx-core 2026-08";
        note("without rotation, a refresh token stays valid; with rotation, each refresh token works once") => "v Salesforce's help 2026-11";
        note("the answer names no lifetime; a setting of the organization decides the lifetime") => "v Salesforce's help 2026-11";
        note("a public client must not send a secret") => "v Salesforce's guide for partners 2026-11";
        note("a sandbox is at `https://test.salesforce.com`") => "s PSA 2026-08";
    }

    zoho(data_centre: ["com", "eu", "in", "com.au", "com.cn", "jp", "sa"], "the end of the account's host, such as `com` in `accounts.zoho.com`") = "Zoho", "sales"; {
        authorize("https://accounts.zoho.{data_centre}/oauth/v2/auth") => "s N 2026-08, s AA 2026-04, s SP 2026-08";
        token("https://accounts.zoho.{data_centre}/oauth/v2/token") => "s N 2026-08, s AA 2026-04, s NA 2026-07";
        revoke("https://accounts.zoho.{data_centre}/oauth/v2/token/revoke") => "v zoho.com 2026-11";
        auth(Body) => "v zoho.com 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(param "access_type" "offline") => "s N 2026-08";
        authorize_param("prompt", "consent") => "s N 2026-08";
        separator(',') => "s SP 2026-08";
        redirect_on_refresh() => "v zoho.com 2026-11";
        access_life(1 hour) => "v zoho.com 2026-11";
        refresh_life(endless) => "v zoho.com 2026-11";
        rotation(None) => "v zoho.com 2026-11";
        error(Transient text "too many requests") => "v manageengine.com 2026-11";
        api("https://www.zohoapis.{data_centre}") => "s N 2026-08";
        api_from("api_domain", ["zohoapis.com", "zohoapis.eu", "zohoapis.in", "zohoapis.com.au", "zohoapis.com.cn", "zohoapis.jp", "zohoapis.sa"], "") => "s N 2026-08";
        api_scheme("Zoho-oauthtoken") => "v zoho.com 2026-11";
        note("a refresh token gets at most ten access tokens in ten minutes, then none for ten minutes; a user has at most 20 refresh tokens") => "v zoho.com 2026-11";
        note("a refresh must go to the data centre of the account; with several data centres, use `ProviderBuilder::token_host_from`") => "v zoho.com 2026-11";
    }
}
