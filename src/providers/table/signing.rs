//! Services for signatures and for human resources. `src/guide/services.md` explains the tags of the evidence.

services! {
    acrobat_sign(shard: label, "the shard of the account, such as `na1` or `eu1`") = "Adobe Acrobat Sign", "signatures and staff"; {
        authorize("https://secure.{shard}.adobesign.com/public/oauth/v2") => "s 4 public clients 2026-11";
        token("https://api.{shard}.adobesign.com/oauth/v2/token") => "s 6 public clients 2026-11";
        refresh_at("https://api.{shard}.adobesign.com/oauth/v2/refresh") => "v opensource.adobe.com 2026-11, s 2 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "v opensource.adobe.com 2026-11";
        pkce(unknown);
        offline(unknown);
        access_life(1 hour) => "v opensource.adobe.com 2026-11";
        refresh_life(unused 60 days) => "v opensource.adobe.com 2026-11";
        rotation(None) => "v opensource.adobe.com 2026-11";
        error(unknown);
        api("https://api.{shard}.adobesign.com/api/rest/v6") => "s 1 public client 2026-11";
        note("the answer names the account's host: `api_access_point`") => "v opensource.adobe.com 2026-11";
    }

    docusign = "DocuSign", "signatures and staff"; {
        authorize("https://account.docusign.com/oauth/auth") => "v docusign-esign-node-client 2025-06";
        token("https://account.docusign.com/oauth/token") => "v developers.docusign.com 2026-11";
        revoke(unknown);
        auth(Basic) => "v developers.docusign.com 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(scope "extended") => "s cortezaproject 2026-11";
        scope("signature") => "v docusign-esign-node-client 2025-06";
        access_life(unknown);
        refresh_life(unused 30 days) => "s cortezaproject 2026-11";
        rotation(Unknown) => "v developers.docusign.com 2026-11";
        error(unknown);
        api(unknown);
        note("`GET https://account.docusign.com/oauth/userinfo` lists the accounts; the API's address is unknown to this row") => "v docusign-esign-node-client 2025-06";
        note("with the scope `extended`, a refresh renews the 30 days") => "s cortezaproject 2026-11";
        note("the demo environment is at `https://account-d.docusign.com`") => "s SP 2026-08";
    }

    gusto = "Gusto", "signatures and staff"; {
        authorize("https://api.gusto.com/oauth/authorize") => "s N 2026-08, s 4 public clients 2026-11";
        token("https://api.gusto.com/oauth/token") => "s N 2026-08, s 10 public clients 2026-11";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s 1 public client 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.gusto.com") => "s N 2026-08";
    }
}
