//! Services for health and sport. `src/guide/services.md` explains the tags of the evidence.

services! {
    fitbit = "Fitbit", "health and sport"; {
        authorize("https://www.fitbit.com/oauth2/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://api.fitbit.com/oauth2/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke("https://api.fitbit.com/oauth2/revoke") => "s 1 public client 2026-11";
        auth(Basic) => "v dev.fitbit.com 2026-11";
        pkce(S256) => "v dev.fitbit.com 2026-11";
        offline(unknown);
        access_life(8 hours) => "v dev.fitbit.com 2026-11";
        refresh_life(unknown);
        rotation(Strict) => "s fitbit-node#14 2026-11, s nxtbgthng/OAuth2Client#215 2026-11";
        error(unknown);
        api("https://api.fitbit.com") => "s N 2026-08";
        note("a client without a secret sends its id only: `Credentials::public`") => "v dev.fitbit.com 2026-11";
    }

    oura = "Oura", "health and sport"; {
        authorize("https://cloud.ouraring.com/oauth/authorize") => "s N 2026-08, s 7 public clients 2026-11";
        token("https://api.ouraring.com/oauth/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(other) => "s 1 public client 2026-11";
        auth(Body) => "s N 2026-08, s 1 public client 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(Strict) => "s 1 public client 2026-11";
        error(unknown);
        api("https://api.ouraring.com") => "s N 2026-08";
    }

    polar = "Polar AccessLink", "health and sport"; {
        authorize("https://flow.polar.com/oauth2/authorization") => "v accesslink-example-python 2025";
        token("https://polarremote.com/v2/oauth2/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "v accesslink-example-python 2025";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api(unknown);
        note("the answer has the user's id as `x_user_id`; a call of the API must register the user before there are data") => "v accesslink-example-python 2025";
    }

    strava = "Strava", "health and sport"; {
        authorize("https://www.strava.com/oauth/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://www.strava.com/api/v3/oauth/token") => "s N 2026-08, s AR 2025-05, s NA 2026-07";
        revoke(other) => "s PSA 2026-08";
        auth(Body) => "s AR 2025-05, s NA 2026-07, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        separator(',') => "s N 2026-08, s PSA 2026-08";
        authorize_param("approval_prompt", "force") => "s N 2026-08";
        callback_field("scope") => "v developers.strava.com 2026-11";
        access_life(6 hours) => "s strava_flutter#49 2026-11";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://www.strava.com") => "s N 2026-08";
        note("a person can grant fewer scopes than the login asks for; the callback names the granted scopes") => "v developers.strava.com 2026-11";
    }

    whoop = "WHOOP", "health and sport"; {
        authorize("https://api.prod.whoop.com/oauth/oauth2/auth") => "v developer.whoop.com 2026-11";
        token("https://api.prod.whoop.com/oauth/oauth2/token") => "v developer.whoop.com 2026-11";
        revoke(unknown);
        auth(Body) => "v developer.whoop.com 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(scope "offline") => "v developer.whoop.com 2026-11";
        refresh_param("scope", "offline") => "v developer.whoop.com 2026-11";
        access_life(unknown);
        refresh_life(unknown);
        rotation(Unknown) => "v developer.whoop.com 2026-11";
        error(unknown);
        api("https://api.prod.whoop.com") => "s N 2026-08";
    }

    withings = "Withings", "health and sport"; {
        authorize("https://account.withings.com/oauth2_user/authorize2") => "v withings-sas/api-oauth2-python 2020";
        token("https://wbsapi.withings.net/v2/oauth2") => "v developer.withings.com 2026-11";
        revoke(unknown);
        auth(Body) => "s AR 2025-05, s GR 2025-02";
        pkce(unknown);
        offline(unknown);
        separator(',') => "s AR 2025-05, s withings-node-oauth2 2026-11";
        token_param("action", "requesttoken") => "v developer.withings.com 2026-11";
        nested("body") => "s withings-node-oauth2 2026-11, s AR 2025-05";
        access_life(3 hours) => "v developer.withings.com 2026-11";
        refresh_life(unused 365 days) => "v developer.withings.com 2026-11";
        rotation(UntilUsed) => "v developer.withings.com 2026-11";
        error(Refused field "status" "401") => "s withings-node-oauth2 2026-11";
        api("https://wbsapi.withings.net") => "v developer.withings.com 2026-11";
        ended("status", "401", 200) => "s withings-node-oauth2 2026-11";
        note("the old refresh token works for 8 hours at most") => "v developer.withings.com 2026-11";
        note("an error has the HTTP status 200, and a `status` other than 0 in the body") => "s withings-node-oauth2 2026-11";
        note("a code lives 30 seconds") => "s glama.ai 2026-11";
    }
}
