//! Services for files and mail. `src/guide/services.md` explains the tags of the evidence.

services! {
    box_com = "Box", "files and mail"; {
        authorize("https://account.box.com/api/oauth2/authorize") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        token("https://api.box.com/oauth2/token") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        revoke("https://api.box.com/oauth2/revoke") => "s AR 2025-05";
        auth(Body) => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(1 hour) => "v developer.box.com 2026-02";
        refresh_life(unused 60 days) => "v developer.box.com 2026-02";
        rotation(Strict) => "v developer.box.com 2026-02";
        error(unknown);
        api("https://api.box.com") => "s N 2026-08";
    }

    dropbox = "Dropbox", "files and mail"; {
        authorize("https://www.dropbox.com/oauth2/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://api.dropboxapi.com/oauth2/token") => "v dropbox-sdk-python 2026-08";
        revoke("https://api.dropboxapi.com/2/auth/token/revoke") => "s AR 2025-05";
        revoke_style(Bearer) => "s AR 2025-05, s omniauth-dropbox-oauth2#8 2026-11";
        auth(Body) => "v dropbox-sdk-python 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(param "token_access_type" "offline") => "v Dropbox's staff 2026-11";
        access_life(4 hours) => "v Dropbox's staff 2026-11";
        refresh_life(unknown);
        rotation(None) => "v Dropbox's staff 2026-11";
        error(unknown);
        api("https://api.dropboxapi.com") => "s N 2026-08";
    }

    yahoo = "Yahoo", "files and mail"; {
        authorize("https://api.login.yahoo.com/oauth2/request_auth") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://api.login.yahoo.com/oauth2/get_token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s AA 2026-04, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api(unknown);
        note("HTTP Basic is accepted as well") => "s AR 2025-05";
    }
}
