//! Services for developers. `src/guide/services.md` explains the tags of the evidence.

services! {
    atlassian = "Atlassian", "developer tools"; {
        authorize("https://auth.atlassian.com/authorize") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        token("https://auth.atlassian.com/oauth/token") => "s N 2026-08, s PSA 2026-08, s AR 2025-05";
        revoke(unknown);
        auth(Body) => "v developer.atlassian.com 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(scope "offline_access") => "s N 2026-08";
        authorize_param("audience", "api.atlassian.com") => "s N 2026-08";
        authorize_param("prompt", "consent") => "s N 2026-08";
        access_life(1 hour) => "v developer.atlassian.com 2026-11";
        refresh_life(unused 90 days) => "v Atlassian's staff 2022";
        refresh_life(consent 365 days) => "v Atlassian's staff 2022";
        rotation(GraceThenFamily 10 minutes) => "v Atlassian's staff 2022";
        error(unknown);
        api("https://api.atlassian.com") => "s N 2026-08";
    }

    bitbucket = "Bitbucket Cloud", "developer tools"; {
        authorize("https://bitbucket.org/site/oauth2/authorize") => "s N 2026-08, s GO 2026-01, s AA 2026-04";
        token("https://bitbucket.org/site/oauth2/access_token") => "s N 2026-08, s GO 2026-01, s AA 2026-04";
        revoke(unknown);
        auth(Basic) => "v Bitbucket's documentation 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(2 hours) => "s ND 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.bitbucket.org") => "s N 2026-08";
        note("the scopes are a setting of the application; the answer has them in the member `scopes`") => "v Bitbucket's documentation 2026-11";
    }

    digitalocean = "DigitalOcean", "developer tools"; {
        authorize("https://cloud.digitalocean.com/v1/oauth/authorize") => "s N 2026-08, s PSA 2026-08, s GR 2025-02";
        token("https://cloud.digitalocean.com/v1/oauth/token") => "s N 2026-08, s PSA 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s PSA 2026-08, s GR 2025-02";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.digitalocean.com") => "s N 2026-08";
    }

    figma = "Figma", "developer tools"; {
        authorize("https://www.figma.com/oauth") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        token("https://api.figma.com/v1/oauth/token") => "s N 2026-08, s BA 2026-08, s AR 2025-05";
        refresh_at("https://api.figma.com/v1/oauth/refresh") => "s N 2026-08, s AR 2025-05";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s BA 2026-08, s AR 2025-05";
        pkce(Off) => "s N 2026-08";
        offline(unknown);
        separator(',') => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(None) => "s N 2026-08";
        error(unknown);
        api("https://api.figma.com") => "s N 2026-08";
        note("a refresh answer has no refresh token") => "s N 2026-08";
    }

    gitlab(host: host, "the host, such as `gitlab.com`") = "GitLab", "developer tools"; {
        authorize("https://{host}/oauth/authorize") => "v docs.gitlab.com 2026-11";
        token("https://{host}/oauth/token") => "v docs.gitlab.com 2026-11";
        revoke("https://{host}/oauth/revoke") => "v docs.gitlab.com 2026-11";
        auth(Body) => "v docs.gitlab.com 2026-11, s N 2026-08";
        pkce(S256) => "v docs.gitlab.com 2026-11";
        offline(unknown);
        redirect_on_refresh() => "v docs.gitlab.com 2026-11";
        access_life(2 hours) => "v docs.gitlab.com 2026-11";
        refresh_life(unknown);
        rotation(Strict) => "v docs.gitlab.com 2026-11";
        ends_access() => "v docs.gitlab.com 2026-11";
        error(unknown);
        api("https://{host}") => "s N 2026-08";
    }

    heroku = "Heroku", "developer tools"; {
        authorize("https://id.heroku.com/oauth/authorize") => "s SP 2026-08, s GO 2026-01, s GR 2025-02";
        token("https://id.heroku.com/oauth/token") => "s SP 2026-08, s GO 2026-01, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s SP 2026-08, s GR 2025-02";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api(unknown);
    }

    linear = "Linear", "developer tools"; {
        authorize("https://linear.app/oauth/authorize") => "v linear.app 2026-11";
        token("https://api.linear.app/oauth/token") => "s N 2026-08, s SP 2026-08, s BA 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s AR 2025-05";
        pkce(Off) => "s N 2026-08";
        offline(always) => "v linear.app 2026-11";
        separator(',') => "v linear.app 2026-11";
        access_life(24 hours) => "s docs.unified.to 2026-11";
        refresh_life(unknown);
        rotation(Unknown) => "s docs.unified.to 2026-11";
        error(unknown);
        api("https://api.linear.app") => "s N 2026-08";
    }

    netlify = "Netlify", "developer tools"; {
        authorize("https://app.netlify.com/authorize") => "s SP 2026-08, s GR 2025-02, s NA 2026-07";
        token("https://api.netlify.com/oauth/token") => "s SP 2026-08, s GR 2025-02, s NA 2026-07";
        revoke(unknown);
        auth(Body) => "s SP 2026-08, s GR 2025-02";
        pkce(unknown);
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.netlify.com/api/v1") => "s SP 2026-08";
    }
}
