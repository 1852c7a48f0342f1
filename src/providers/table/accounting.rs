//! Services for accounting. `src/guide/services.md` explains the tags of the evidence.

services! {
    freeagent = "FreeAgent", "accounting"; {
        authorize("https://api.freeagent.com/v2/approve_app") => "s N 2026-08, s GR 2025-02";
        token("https://api.freeagent.com/v2/token_endpoint") => "s N 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s 1 public client 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.freeagent.com") => "s N 2026-08";
        note("the service implements draft 22 of OAuth 2.0") => "v dev.freeagent.com 2026-11";
    }

    freee = "freee", "accounting"; {
        authorize("https://accounts.secure.freee.co.jp/public_api/authorize") => "v developer.freee.co.jp 2026-11";
        token("https://accounts.secure.freee.co.jp/public_api/token") => "v developer.freee.co.jp 2026-11";
        revoke(unknown);
        auth(Body) => "s 3 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(6 hours) => "v developer.freee.co.jp 2026-11";
        refresh_life(unused 90 days) => "v developer.freee.co.jp 2026-11";
        rotation(Strict) => "v developer.freee.co.jp 2026-11";
        error(unknown);
        api("https://api.freee.co.jp") => "v developer.freee.co.jp 2026-11";
        note("do not revoke the access token before a refresh") => "v developer.freee.co.jp 2026-11";
    }

    freshbooks = "FreshBooks", "accounting"; {
        authorize("https://auth.freshbooks.com/oauth/authorize") => "s N 2026-08, s 10 public clients 2026-11";
        token("https://api.freshbooks.com/auth/oauth/token") => "v freshbooks-python-sdk 2024";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s 2 public clients 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(12 hours) => "s devart.com 2026-11, s truto.one 2026-03";
        refresh_life(unknown);
        rotation(Strict) => "s devart.com 2026-11, s truto.one 2026-03";
        error(unknown);
        api("https://api.freshbooks.com") => "s N 2026-08";
    }

    fortnox = "Fortnox", "accounting"; {
        authorize("https://apps.fortnox.se/oauth-v1/auth") => "s N 2026-08, s 2 public clients 2026-11";
        token("https://apps.fortnox.se/oauth-v1/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s 2 public clients 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(param "access_type" "offline") => "s N 2026-08";
        access_life(1 hour) => "s api-evangelist/fortnox 2026-11";
        refresh_life(unused 45 days) => "s api-evangelist/fortnox 2026-11";
        rotation(Unknown) => "s api-evangelist/fortnox 2026-11";
        error(unknown);
        api("https://api.fortnox.se/3") => "s N 2026-08";
        note("a code lives 10 minutes") => "s api-evangelist/fortnox 2026-11";
    }

    moneybird = "Moneybird", "accounting"; {
        authorize("https://moneybird.com/oauth/authorize") => "s 8 public clients 2026-11";
        token("https://moneybird.com/oauth/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(endless) => "s ND 2026-08";
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://moneybird.com/api/v2") => "s 2 public clients 2026-11";
        note("another source says that an access token lives one hour") => "s apideck 2026-11";
        note("a login without a scope gets `sales_invoices`") => "s ND 2026-08";
    }

    myob = "MYOB", "accounting"; {
        authorize("https://secure.myob.com/oauth2/account/authorize") => "s N 2026-08, s GR 2025-02";
        token("https://secure.myob.com/oauth2/v1/authorize") => "s N 2026-08, s GR 2025-02";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s GR 2025-02";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        authorize_param("prompt", "consent") => "s N 2026-08";
        callback_field("businessId") => "s N 2026-08";
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.myob.com/accountright") => "s N 2026-08";
        header("x-myobapi-version", "v2") => "s N 2026-08";
        note("every call needs a header `x-myobapi-key` with the client id; `ProviderBuilder::fixed_header` sets it") => "s N 2026-08";
    }

    quickbooks = "QuickBooks Online", "accounting"; {
        authorize("https://appcenter.intuit.com/connect/oauth2") => "v oauth-jsclient 2026-07";
        token("https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer") => "v oauth-jsclient 2026-07";
        revoke("https://developer.api.intuit.com/v2/oauth2/tokens/revoke") => "v oauth-jsclient 2026-07";
        revoke_style(Json) => "v oauth-pythonclient 2025";
        auth(Basic) => "v oauth-jsclient 2026-07";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        callback_field("realmId") => "s N 2026-08";
        access_life(1 hour) => "v Intuit's blog 2025-11";
        refresh_life(unused 100 days) => "v QuickBooks-V3-Java-SDK 2026-11";
        refresh_life(consent 1825 days) => "v oauth-jsclient 2026-07";
        rotation(Unknown) => "s intuit/oauth-jsclient#74 2026-11";
        error(unknown);
        api("https://quickbooks.api.intuit.com") => "v oauth-jsclient 2026-07";
        note("the refresh token changes once a day; sources differ on how long the previous refresh token works") => "s intuit/oauth-jsclient#74 2026-11";
        note("the sandbox's API is at `https://sandbox-quickbooks.api.intuit.com`") => "v oauth-jsclient 2026-07";
    }

    sage_accounting = "Sage Accounting", "accounting"; {
        authorize("https://www.sageone.com/oauth2/auth/central") => "s N 2026-08, s SP 2026-08";
        token("https://oauth.accounting.sage.com/token") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        authorize_param("filter", "apiv3.1") => "s N 2026-08";
        access_life(5 minutes) => "s truto.one 2026-04";
        refresh_life(unknown);
        rotation(Unknown) => "s truto.one 2026-04";
        error(unknown);
        api("https://api.accounting.sage.com") => "s N 2026-08";
        note("every call needs a header `X-Business`") => "s truto.one 2026-04";
    }

    visma_eaccounting = "Visma eAccounting", "accounting"; {
        authorize("https://identity.vismaonline.com/connect/authorize") => "s 6 public clients 2026-11";
        token("https://identity.vismaonline.com/connect/token") => "s 10 public clients 2026-11";
        revoke(unknown);
        auth(Basic) => "s 2 public clients 2026-11";
        pkce(unknown);
        offline(scope "offline_access") => "v developer.vismaonline.com 2026-11";
        scope("ea:api") => "v developer.vismaonline.com 2026-11";
        access_life(1 hour) => "s espen/omniauth-visma 2026-11";
        refresh_life(unknown);
        rotation(Unknown) => "s espen/omniauth-visma 2026-11";
        error(unknown);
        api("https://eaccountingapi.vismaonline.com/v2") => "s 2 public clients 2026-11";
    }

    wave = "Wave", "accounting"; {
        authorize("https://api.waveapps.com/oauth2/authorize") => "s N 2026-08, s SP 2026-08";
        token("https://api.waveapps.com/oauth2/token/") => "s N 2026-08, s SP 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s SP 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://gql.waveapps.com") => "s N 2026-08";
    }

    xero = "Xero", "accounting"; {
        authorize("https://login.xero.com/identity/connect/authorize") => "s N 2026-08, s SP 2026-08";
        token("https://identity.xero.com/connect/token") => "v xero-node 2026-07";
        revoke("https://identity.xero.com/connect/revocation") => "s 10 public clients 2026-11";
        auth(BasicRaw) => "v xero-node 2026-07";
        pkce(S256) => "s N 2026-08";
        offline(scope "offline_access") => "v xero-node 2026-07";
        access_life(30 minutes) => "v xero-node 2026-07";
        refresh_life(unused 60 days) => "v xero-node 2026-07";
        rotation(Grace 30 minutes) => "v Xero's staff 2026-11";
        error(unknown);
        api("https://api.xero.com") => "v xero-node 2026-07";
        note("every call needs a header `Xero-Tenant-Id`, from `GET /connections`") => "v xero-node 2026-07";
    }
}
