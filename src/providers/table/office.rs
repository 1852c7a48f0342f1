//! Services for offices: documents, tables, calendars, plans. `src/guide/services.md` explains the tags of the evidence.

services! {
    airtable = "Airtable", "office"; {
        authorize("https://airtable.com/oauth2/v1/authorize") => "v Airtable/oauth-example 2023";
        token("https://airtable.com/oauth2/v1/token") => "v Airtable/oauth-example 2023";
        revoke(unknown);
        auth(Basic) => "v Airtable/oauth-example 2023";
        pkce(S256) => "v Airtable/oauth-example 2023";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(Unknown) => "v Airtable/oauth-example 2023";
        error(unknown);
        api("https://api.airtable.com") => "s N 2026-08";
        note("a client without a secret sends its id only: `Credentials::public`") => "v Airtable/oauth-example 2023";
    }

    asana = "Asana", "office"; {
        authorize("https://app.asana.com/-/oauth_authorize") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://app.asana.com/-/oauth_token") => "v Asana/developer-docs 2024";
        revoke(unknown);
        auth(Body) => "v Asana/developer-docs 2024";
        pkce(S256) => "v Asana/developer-docs 2024";
        offline(unknown);
        scope("default") => "s N 2026-08";
        redirect_on_refresh() => "v Asana/developer-docs 2024";
        access_life(1 hour) => "v Asana/developer-docs 2024";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://app.asana.com/api/1.0") => "s SP 2026-08";
        note("the service says that refresh tokens are long-lived") => "v Asana/developer-docs 2024";
    }

    basecamp = "Basecamp", "office"; {
        authorize("https://launchpad.37signals.com/authorization/new") => "v bc3-api 2026-03";
        token("https://launchpad.37signals.com/authorization/token") => "v bc3-api 2026-03";
        revoke(unknown);
        auth(Body) => "v bc3-api 2026-03";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(14 days) => "v bc3-api 2026-03";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api(unknown);
        note("each account has its own address of the API, which is in the answer of `https://launchpad.37signals.com/authorization.json`") => "v bc3-api 2026-03";
        note("each call needs a `User-Agent` with a contact; `ProviderBuilder::user_agent` sets it") => "v bc3-api 2026-03";
    }

    calendly = "Calendly", "office"; {
        authorize("https://auth.calendly.com/oauth/authorize") => "v developer.calendly.com 2026-11";
        token("https://auth.calendly.com/oauth/token") => "s N 2026-08, s SP 2026-08";
        revoke("https://auth.calendly.com/oauth/revoke") => "v developer.calendly.com 2026-11";
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(2 hours) => "v developer.calendly.com 2026-11";
        refresh_life(endless) => "v developer.calendly.com 2026-11";
        rotation(Strict) => "v developer.calendly.com 2026-11";
        error(unknown);
        api("https://api.calendly.com") => "s N 2026-08";
        note("a new application gets no rights unless the login asks for scopes") => "s docs.unified.to 2026-11";
    }

    canva = "Canva", "office"; {
        authorize("https://www.canva.com/api/oauth/authorize") => "s N 2026-08, s 5 public clients 2026-11";
        token("https://api.canva.com/rest/v1/oauth/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s 2 public clients 2026-11";
        pkce(S256) => "s N 2026-08, s 3 public clients 2026-11";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.canva.com") => "s N 2026-08";
    }

    clickup = "ClickUp", "office"; {
        authorize("https://app.clickup.com/api") => "s N 2026-08, s NA 2026-07";
        token("https://api.clickup.com/api/v2/oauth/token") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.clickup.com") => "s N 2026-08";
    }

    harvest = "Harvest", "office"; {
        authorize("https://id.getharvest.com/oauth2/authorize") => "s N 2026-08, s SP 2026-08";
        token("https://id.getharvest.com/api/v2/oauth2/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.harvestapp.com") => "s N 2026-08";
    }

    jobber = "Jobber", "office"; {
        authorize("https://api.getjobber.com/api/oauth/authorize") => "s N 2026-08, s 1 public client 2026-11";
        token("https://api.getjobber.com/api/oauth/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s 4 public clients 2026-11";
        pkce(Off) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        assumed_life(1 hour) => "s N 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.getjobber.com/api") => "s N 2026-08";
        note("every call needs a header `X-JOBBER-GRAPHQL-VERSION` with a date; `ProviderBuilder::fixed_header` sets it") => "s N 2026-08";
    }

    miro = "Miro", "office"; {
        authorize("https://miro.com/oauth/authorize") => "s N 2026-08, s AA 2026-04";
        token("https://api.miro.com/v1/oauth/token") => "v miroapp/api-clients 2026-04";
        revoke(other) => "v miroapp/api-clients 2026-04";
        auth(Body) => "v miroapp/api-clients 2026-04, s N 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(setting "expiring tokens") => "v developers.miro.com 2026-11";
        access_life(1 hour) => "v developers.miro.com 2026-11";
        refresh_life(unused 60 days) => "v developers.miro.com 2026-11";
        rotation(Strict) => "v developers.miro.com 2026-11";
        ends_access() => "v developers.miro.com 2026-11";
        error(unknown);
        api("https://api.miro.com") => "s N 2026-08";
    }

    monday = "monday.com", "office"; {
        authorize("https://auth.monday.com/oauth2/authorize") => "s N 2026-08, s SP 2026-08";
        token("https://auth.monday.com/oauth2/token") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(Off) => "s N 2026-08";
        offline(never) => "s ND 2026-08";
        access_life(endless) => "s ND 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.monday.com") => "s N 2026-08";
        note("an integrator leaves `response_type` out of the authorization request; this row sends it") => "s N 2026-08";
    }

    notion = "Notion", "office"; {
        authorize("https://api.notion.com/v1/oauth/authorize") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        token("https://api.notion.com/v1/oauth/token") => "s N 2026-08, s AA 2026-04, s AR 2025-05";
        revoke("https://api.notion.com/v1/oauth/revoke") => "v notion-sdk-js 2026-08";
        revoke_style(Json) => "v notion-sdk-js 2026-08";
        auth(Basic) => "v notion-sdk-js 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        authorize_param("owner", "user") => "s N 2026-08";
        format(Json) => "v notion-sdk-js 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(Unknown) => "v developers.notion.com 2026-11";
        error(unknown);
        api("https://api.notion.com") => "s N 2026-08";
        header("Notion-Version", "2022-06-28") => "v notion-sdk-js 2026-08, s N 2026-08";
        note("the refresh token of an answer may be null") => "v notion-sdk-js 2026-08";
    }

    smartsheet = "Smartsheet", "office"; {
        authorize("https://app.smartsheet.com/b/authorize") => "s N 2026-08, s GR 2025-02";
        token("https://api.smartsheet.com/2.0/token") => "s N 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s GR 2025-02";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.smartsheet.com") => "s N 2026-08";
        note("other regions have the hosts `app.smartsheet.eu` and `api.smartsheet.eu`, or `app.smartsheet.au` and `api.smartsheet.au`") => "s N 2026-08";
    }

    ticktick = "TickTick", "office"; {
        authorize("https://ticktick.com/oauth/authorize") => "s N 2026-08, s 5 public clients 2026-11";
        token("https://ticktick.com/oauth/token") => "s N 2026-08, s 8 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s 2 public clients 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.ticktick.com") => "s N 2026-08";
        note("a public client uses HTTP Basic") => "s 1 public client 2026-11";
    }

    todoist = "Todoist", "office"; {
        authorize("https://todoist.com/oauth/authorize") => "s N 2026-08, s SP 2026-08, s GR 2025-02";
        token("https://todoist.com/oauth/access_token") => "s N 2026-08, s SP 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08, s NA 2026-07";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        separator(',') => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.todoist.com") => "s N 2026-08";
    }

    typeform = "Typeform", "office"; {
        authorize("https://api.typeform.com/oauth/authorize") => "s N 2026-08, s GR 2025-02";
        token("https://api.typeform.com/oauth/token") => "s N 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s GR 2025-02";
        pkce(Off) => "s N 2026-08";
        offline(scope "offline") => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.typeform.com") => "s N 2026-08";
    }

    webflow = "Webflow", "office"; {
        authorize("https://webflow.com/oauth/authorize") => "s N 2026-08, s SP 2026-08";
        token("https://api.webflow.com/oauth/access_token") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.webflow.com") => "s N 2026-08";
    }

    wrike = "Wrike", "office"; {
        authorize("https://login.wrike.com/oauth2/authorize/v4") => "s N 2026-08, s 10 public clients 2026-11";
        token("https://login.wrike.com/oauth2/token") => "s N 2026-08, s 3 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s GR 2025-02";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        separator(',') => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api_host("host", ["wrike.com"], "/api/v4") => "s N 2026-08";
    }
}
