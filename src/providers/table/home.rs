//! Services for homes and cars. `src/guide/services.md` explains the tags of the evidence.

services! {
    ecobee = "ecobee", "homes and cars"; {
        authorize("https://api.ecobee.com/authorize") => "s 3 public clients 2026-11";
        token("https://api.ecobee.com/token") => "v ecobee.com 2026-11";
        revoke(unknown);
        auth(None) => "v ecobee.com 2026-11";
        pkce(unknown);
        offline(unknown);
        format(Query) => "v ecobee.com 2026-11";
        refresh_param("ecobee_type", "jwt") => "v ecobee.com 2026-11";
        access_life(unknown);
        refresh_life(unknown);
        rotation(None) => "v ecobee.com 2026-11";
        ends_access() => "v ecobee.com 2026-11";
        error(unknown);
        api(unknown);
        note("the scopes are `smartRead` and `smartWrite`") => "s 10 public clients 2026-11";
        note("the credentials have no secret; `Credentials::public` makes them") => "v ecobee.com 2026-11";
    }

    enphase = "Enphase", "homes and cars"; {
        authorize("https://api.enphaseenergy.com/oauth/authorize") => "s 10 public clients 2026-11";
        token("https://api.enphaseenergy.com/oauth/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.enphaseenergy.com/api/v4") => "s 2 public clients 2026-11";
        note("every call needs the API key of the application, in a query parameter or a header") => "s 2 public clients 2026-11";
        note("there are no scopes") => "s 2 public clients 2026-11";
    }

    honeywell_home = "Honeywell Home", "homes and cars"; {
        authorize("https://api.honeywell.com/oauth2/authorize") => "s 10 public clients 2026-11";
        token("https://api.honeywell.com/oauth2/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.honeywell.com/v2") => "s 2 public clients 2026-11";
        note("every call needs the query parameter `apikey`") => "s 2 public clients 2026-11";
    }

    netatmo = "Netatmo", "homes and cars"; {
        authorize("https://api.netatmo.com/oauth2/authorize") => "s 10 public clients 2026-11";
        token("https://api.netatmo.com/oauth2/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(Unknown) => "s netatmo-api-python#73 2026-11";
        error(unknown);
        api("https://api.netatmo.com/api") => "s 2 public clients 2026-11";
        ended("error.code", "3", 403) => "s 2 public clients 2026-11";
        note("the API answers 403 for a missing right as well, with another code") => "s netatmo-api-python#103 2025-07";
    }

    philips_hue = "Philips Hue", "homes and cars"; {
        authorize("https://api.meethue.com/v2/oauth2/authorize") => "s 10 public clients 2026-11";
        token("https://api.meethue.com/v2/oauth2/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.meethue.com/route/clip/v2") => "s 2 public clients 2026-11";
        note("every call needs a header `hue-application-key`; `ProviderBuilder::fixed_header` sets it") => "s 2 public clients 2026-11";
    }

    smartcar = "Smartcar", "homes and cars"; {
        authorize("https://connect.smartcar.com/oauth/authorize") => "v smartcar/node-sdk 2025-11";
        token("https://auth.smartcar.com/oauth/token") => "v smartcar/node-sdk 2025-11";
        revoke(unknown);
        auth(Basic) => "v smartcar/node-sdk 2025-11";
        pkce(unknown);
        offline(unknown);
        authorize_param("mode", "live") => "v smartcar/node-sdk 2025-11";
        access_life(unknown);
        refresh_life(unused 60 days) => "v smartcar/node-sdk 2025-11";
        rotation(Unknown) => "v smartcar/node-sdk 2025-11";
        error(unknown);
        api("https://api.smartcar.com") => "v smartcar/node-sdk 2025-11";
        note("`mode` may also be `test` or `simulated`; `Client::authorize_with` sets it") => "v smartcar/node-sdk 2025-11";
        note("a refresh answers with a new refresh token, which lives 60 days") => "v smartcar/node-sdk 2025-11";
    }

    sonos = "Sonos", "homes and cars"; {
        authorize("https://api.sonos.com/login/v3/oauth") => "s 4 public clients 2026-11";
        token("https://api.sonos.com/login/v3/oauth/access") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        scope("playback-control-all") => "s 1 public client 2026-11";
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.ws.sonos.com/control/api/v1") => "s 2 public clients 2026-11";
    }

    tesla(region: ["na", "eu"], "the region of the API, `na` or `eu`") = "Tesla", "homes and cars"; {
        authorize("https://auth.tesla.com/oauth2/v3/authorize") => "v developer.tesla.com 2026-11";
        token("https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3/token") => "v developer.tesla.com 2026-11";
        revoke(unknown);
        auth(Body) => "s zenn.dev 2026-11, s 3 public clients 2026-11";
        pkce(unknown);
        offline(scope "offline_access") => "v developer.tesla.com 2026-11";
        scope("openid") => "v developer.tesla.com 2026-11";
        exchange_param("audience", "https://fleet-api.prd.{region}.vn.cloud.tesla.com") => "s zenn.dev 2026-11, s 1 public client 2026-11";
        access_life(unknown);
        refresh_life(unknown);
        rotation(Strict) => "s teslamotors/vehicle-command#187 2024-02";
        ends_access() => "s teslamotors/vehicle-command#187 2024-02";
        error(Refused code "login_required") => "s teslamotors/vehicle-command#139 2024-02";
        api("https://fleet-api.prd.{region}.vn.cloud.tesla.com") => "s tessie 2026-11, s zenn.dev 2026-11";
    }
}
