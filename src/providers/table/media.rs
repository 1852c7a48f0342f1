//! Services for media and for social networks. `src/guide/services.md` explains the tags of the evidence.

services! {
    pinterest = "Pinterest", "media and social networks"; {
        authorize("https://www.pinterest.com/oauth") => "s N 2026-08, s GO 2026-01, s NA 2026-07";
        token("https://api.pinterest.com/v5/oauth/token") => "v pinterest/api-quickstart 2024";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s SP 2026-08, s AA 2026-04";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        refresh_param("refresh_on", "true") => "v pinterest/api-quickstart 2024";
        access_life(30 days) => "s ND 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.pinterest.com") => "s N 2026-08";
        note("a refresh token lives 365 days; whether a refresh renews it is not stated") => "s ND 2026-08";
    }

    spotify = "Spotify", "media and social networks"; {
        authorize("https://accounts.spotify.com/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://accounts.spotify.com/api/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke(unknown);
        auth(Basic) => "v developer.spotify.com 2026";
        pkce(S256) => "v developer.spotify.com 2026";
        offline(unknown);
        access_life(1 hour) => "v developer.spotify.com 2026";
        refresh_life(consent 180 days) => "v developer.spotify.com 2026";
        rotation(None) => "v developer.spotify.com 2026";
        error(unknown);
        api("https://api.spotify.com") => "s N 2026-08";
        note("the rotation is that of a client with a secret; for a client without a secret, set `Rotation::Unknown`") => "v developer.spotify.com 2026";
    }

    tiktok = "TikTok", "media and social networks"; {
        authorize("https://www.tiktok.com/v2/auth/authorize/") => "s N 2026-08, s SP 2026-08, s AA 2026-04";
        token("https://open.tiktokapis.com/v2/oauth/token/") => "v developers.tiktok.com 2026-11";
        revoke("https://open.tiktokapis.com/v2/oauth/revoke/") => "s AR 2025-05";
        auth(Body) => "v developers.tiktok.com 2026-11";
        client_id_param("client_key") => "v developers.tiktok.com 2026-11";
        pkce(S256) => "s AR 2025-05";
        offline(unknown);
        separator(',') => "v developers.tiktok.com 2026-11";
        access_life(2 hours) => "v developers.tiktok.com 2026-11";
        refresh_life(unused 180 days) => "v developers.tiktok.com 2026-11";
        rotation(Strict) => "v developers.tiktok.com 2026-11";
        error(unknown);
        api("https://open.tiktokapis.com") => "s N 2026-08";
        note("an earlier page of the service gives 24 hours and 365 days; the answer names both lifetimes") => "v developers.tiktok.com 2026-11";
        note("PKCE is required for mobile and desktop applications") => "v developers.tiktok.com 2026-11";
    }

    twitch = "Twitch", "media and social networks"; {
        authorize("https://id.twitch.tv/oauth2/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://id.twitch.tv/oauth2/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s AR 2025-05, s NA 2026-07";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.twitch.tv") => "s N 2026-08";
    }

    x = "X", "media and social networks"; {
        authorize("https://x.com/i/oauth2/authorize") => "v xdevplatform/docs 2026-08";
        token("https://api.x.com/2/oauth2/token") => "v xdevplatform/docs 2026-08";
        revoke("https://api.x.com/2/oauth2/revoke") => "v xdevplatform/docs 2026-08";
        auth(Basic) => "v xdevplatform/docs 2026-08";
        pkce(S256) => "v xdevplatform/docs 2026-08";
        offline(scope "offline.access") => "v xdevplatform/docs 2026-08";
        access_life(2 hours) => "v xdevplatform/docs 2026-08";
        refresh_life(endless) => "v xdevplatform/docs 2026-08";
        rotation(unknown);
        error(unknown);
        api("https://api.twitter.com") => "s N 2026-08";
        note("a client without a secret sends its id only: `Credentials::public`") => "v xdevplatform/docs 2026-08";
    }
}
