//! Services for talking: chat, telephone, video, support, newsletters. `src/guide/services.md` explains the tags of the evidence.

services! {
    front = "Front", "talk and support"; {
        authorize("https://app.frontapp.com/oauth/authorize") => "s N 2026-08, s 4 public clients 2026-11";
        token("https://app.frontapp.com/oauth/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 4 public clients 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api2.frontapp.com") => "s N 2026-08";
        note("an integrator sends id and secret in the body") => "s N 2026-08";
    }

    intercom = "Intercom", "talk and support"; {
        authorize("https://app.intercom.com/oauth") => "s N 2026-08, s 10 public clients 2026-11";
        token("https://api.intercom.io/auth/eagle/token") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(never) => "s ND 2026-08";
        access_life(endless) => "s ND 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.intercom.io") => "s N 2026-08";
        note("other regions have hosts such as `app.eu.intercom.com` and `api.eu.intercom.io`") => "s N 2026-08";
    }

    mailchimp = "Mailchimp", "talk and support"; {
        authorize("https://login.mailchimp.com/oauth2/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://login.mailchimp.com/oauth2/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s AA 2026-04, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(endless) => "s requests-oauthlib 2026-11";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api_lookup("dc", "api.mailchimp.com", "https://login.mailchimp.com/oauth2/metadata") => "s N 2026-08, s AA 2026-04";
    }

    ringcentral = "RingCentral", "talk and support"; {
        authorize("https://platform.ringcentral.com/restapi/oauth/authorize") => "v ringcentral-api-docs 2026-04";
        token("https://platform.ringcentral.com/restapi/oauth/token") => "v ringcentral-api-docs 2026-04";
        revoke(unknown);
        auth(Basic) => "v ringcentral-api-docs 2026-04";
        pkce(S256) => "v ringcentral-api-docs 2026-04";
        offline(setting "Issue refresh tokens") => "v ringcentral-api-docs 2026-04";
        access_life(1 hour) => "v ringcentral-api-docs 2026-04";
        refresh_life(unused 7 days) => "v ringcentral-api-docs 2026-04";
        rotation(UntilUsed) => "v ringcentral-api-docs 2026-04";
        ends_access() => "v ringcentral-api-docs 2026-04";
        error(unknown);
        api("https://platform.ringcentral.com") => "s N 2026-08";
        note("the old refresh token works for 10 seconds after the new access token is used, and for 60 minutes if the new access token is not used; a repeated refresh gives the same tokens") => "v ringcentral-api-docs 2026-04";
        note("a client without a secret sends its id only: `Credentials::public`") => "v ringcentral-api-docs 2026-04";
    }

    slack = "Slack", "talk and support"; {
        authorize("https://slack.com/oauth/v2/authorize") => "s N 2026-08, s GO 2026-01, s SP 2026-08";
        token("https://slack.com/api/oauth.v2.access") => "s N 2026-08, s GO 2026-01, s SP 2026-08";
        revoke(other) => "s docs.slack.dev by a third party 2026-11";
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(Off) => "s N 2026-08";
        offline(setting "token rotation") => "v docs.slack.dev 2026-11";
        separator(',') => "s N 2026-08";
        access_life(12 hours) => "v docs.slack.dev 2026-11";
        refresh_life(unknown);
        rotation(Strict) => "v docs.slack.dev 2026-11";
        error(Refused code "invalid_refresh_token") => "s veryfront#1940 2026-11";
        api("https://slack.com/api") => "s N 2026-08";
        ended("error", "token_expired", 200) => "s jtalk22/slack-mcp-server 2026-07";
        note("without token rotation, an access token never expires") => "v docs.slack.dev 2026-11";
        note("the members at the top of the answer are the bot's tokens; the user's tokens are in `authed_user` and rotate separately") => "v python-slack-sdk 2026-08";
    }

    webex = "Webex", "talk and support"; {
        authorize("https://webexapis.com/v1/authorize") => "s N 2026-08, s SP 2026-08, s NA 2026-07";
        token("https://webexapis.com/v1/access_token") => "s N 2026-08, s SP 2026-08, s NA 2026-07";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://webexapis.com") => "s N 2026-08";
    }

    zendesk(subdomain: label, "the first part of the host, `example` in `example.zendesk.com`") = "Zendesk", "talk and support"; {
        authorize("https://{subdomain}.zendesk.com/oauth/authorizations/new") => "s N 2026-08, s SP 2026-08, s GR 2025-02";
        token("https://{subdomain}.zendesk.com/oauth/tokens") => "s N 2026-08, s SP 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08, s GR 2025-02";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://{subdomain}.zendesk.com") => "s N 2026-08";
        note("an integrator asks for tokens of half an hour: `expires_in=1800` in each token request") => "s N 2026-08";
    }

    zoom = "Zoom", "talk and support"; {
        authorize("https://zoom.us/oauth/authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://zoom.us/oauth/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke("https://zoom.us/oauth/revoke") => "v Zoom's skill pages 2026-08, s AR 2025-05";
        auth(Basic) => "v Zoom's skill pages 2026-08";
        pkce(S256) => "v Zoom's skill pages 2026-08";
        offline(unknown);
        access_life(1 hour) => "v Zoom's skill pages 2026-08";
        refresh_life(unused 90 days) => "v Zoom's skill pages 2026-08";
        rotation(Strict) => "v Zoom's skill pages 2026-08";
        error(Refused field "code" "4735") => "v Zoom's skill pages 2026-08";
        api("https://api.zoom.us/v2") => "s N 2026-08";
        note("a new consent of a user revokes all earlier tokens of this user") => "v Zoom's skill pages 2026-08";
    }
}
