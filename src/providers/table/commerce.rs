//! Services for shops and payments. `src/guide/services.md` explains the tags of the evidence.

services! {
    amazon = "Login with Amazon", "shops and payments"; {
        authorize("https://www.amazon.com/ap/oa") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        token("https://api.amazon.com/auth/o2/token") => "s N 2026-08, s GO 2026-01, s PSA 2026-08";
        revoke(unknown);
        auth(Body) => "s N 2026-08, s AA 2026-04, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.amazon.com") => "s N 2026-08";
    }

    ebay = "eBay", "shops and payments"; {
        authorize("https://auth.ebay.com/oauth2/authorize") => "v ebay-oauth-nodejs-client 2022";
        token("https://api.ebay.com/identity/v1/oauth2/token") => "v ebay-oauth-nodejs-client 2022";
        revoke(unknown);
        auth(Basic) => "v developer.ebay.com 2026-11";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        redirect_name() => "v developer.ebay.com 2026-11";
        access_life(2 hours) => "v developer.ebay.com 2026-11";
        refresh_life(consent 547 days) => "s requests-oauthlib#456 2026-11";
        rotation(None) => "s ebay crate on docs.rs 2026-11";
        error(unknown);
        api("https://api.ebay.com") => "s N 2026-08";
        note("the redirect URI of the credentials is the RuName of the application") => "v developer.ebay.com 2026-11";
    }

    etsy = "Etsy", "shops and payments"; {
        authorize("https://www.etsy.com/oauth/connect") => "s N 2026-08, s PSA 2026-08, s AR 2025-05";
        token("https://api.etsy.com/v3/public/oauth/token") => "v developers.etsy.com 2026-11";
        revoke(unknown);
        auth(None) => "s AR 2025-05, s 4 public clients 2026-11";
        pkce(S256) => "v developers.etsy.com 2026-11";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.etsy.com") => "s N 2026-08";
        note("every call needs a header `x-api-key` with `keystring:secret`; `ProviderBuilder::fixed_header` sets it") => "s N 2026-08";
        note("the credentials have no secret; `Credentials::public` makes them") => "s AR 2025-05";
    }

    mollie = "Mollie", "shops and payments"; {
        authorize("https://my.mollie.com/oauth2/authorize") => "v oauth2-mollie-php 2025-12";
        token("https://api.mollie.com/oauth2/tokens") => "v oauth2-mollie-php 2025-12";
        revoke("https://api.mollie.com/oauth2/tokens") => "v oauth2-mollie-php 2025-12";
        revoke_style(Delete) => "v oauth2-mollie-php 2025-12";
        auth(Basic) => "v docs.mollie.com 2024";
        pkce(Off) => "s N 2026-08";
        offline(unknown);
        scope("organizations.read") => "v oauth2-mollie-php 2025-12";
        redirect_on_refresh() => "v docs.mollie.com 2024";
        access_life(1 hour) => "v docs.mollie.com 2024";
        refresh_life(endless) => "v docs.mollie.com 2024";
        rotation(None) => "v docs.mollie.com 2024";
        error(unknown);
        api("https://api.mollie.com") => "s N 2026-08";
        note("a login must name a scope; a code lives 30 seconds") => "v docs.mollie.com 2024";
    }

    paypal = "PayPal", "shops and payments"; {
        authorize("https://www.paypal.com/signin/authorize") => "s N 2026-08, s SP 2026-08, s BA 2026-08";
        token("https://api.paypal.com/v1/oauth2/token") => "s N 2026-08, s PSA 2026-08";
        revoke(unknown);
        auth(Basic) => "s N 2026-08, s SP 2026-08, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api-m.paypal.com") => "s N 2026-08";
    }

    square = "Square", "shops and payments"; {
        authorize("https://connect.squareup.com/oauth2/authorize") => "s N 2026-08, s GR 2025-02";
        token("https://connect.squareup.com/oauth2/token") => "v square-nodejs-sdk 2026-05";
        revoke("https://connect.squareup.com/oauth2/revoke") => "v square-nodejs-sdk 2026-05";
        revoke_style(ClientScheme) => "v square-nodejs-sdk 2026-05";
        auth(Body) => "v square-nodejs-sdk 2026-05";
        pkce(Off) => "v square-nodejs-sdk 2026-05";
        offline(always) => "v developer.squareup.com 2026-11";
        authorize_param("session", "false") => "s N 2026-08";
        format(Json) => "v square-nodejs-sdk 2026-05";
        access_life(30 days) => "v developer.squareup.com 2026-11";
        refresh_life(endless) => "v developer.squareup.com 2026-11";
        rotation(None) => "v square-nodejs-sdk 2026-05";
        margin(3 days) => "v developer.squareup.com 2026-11";
        error(unknown);
        api("https://connect.squareup.com") => "s N 2026-08";
        note("the service advises a refresh every seven days; `Client::keep_alive` does this") => "v developer.squareup.com 2026-11";
        note("a code lives five minutes") => "v developer.squareup.com 2026-11";
        note("a client without a secret uses `square_pkce`") => "v square-nodejs-sdk 2026-05";
    }

    square_pkce = "Square, client without a secret", "shops and payments"; {
        authorize("https://connect.squareup.com/oauth2/authorize") => "s N 2026-08, s GR 2025-02";
        token("https://connect.squareup.com/oauth2/token") => "v square-nodejs-sdk 2026-05";
        revoke(other) => "v square-nodejs-sdk 2026-05";
        auth(None) => "v square-nodejs-sdk 2026-05";
        pkce(S256) => "v square-nodejs-sdk 2026-05";
        offline(always) => "v developer.squareup.com 2026-11";
        authorize_param("session", "false") => "s N 2026-08";
        format(Json) => "v square-nodejs-sdk 2026-05";
        access_life(30 days) => "v developer.squareup.com 2026-11";
        refresh_life(unknown);
        rotation(Unknown) => "v square-nodejs-sdk 2026-05";
        margin(3 days) => "v developer.squareup.com 2026-11";
        error(unknown);
        api("https://connect.squareup.com") => "s N 2026-08";
        note("a refresh answers with a new refresh token") => "v square-nodejs-sdk 2026-05";
        note("the service advises a refresh every seven days; `Client::keep_alive` does this") => "v developer.squareup.com 2026-11";
    }

    stripe_connect = "Stripe Connect", "shops and payments"; {
        authorize("https://connect.stripe.com/oauth/authorize") => "s N 2026-08, s SP 2026-08, s PSA 2026-08";
        token("https://connect.stripe.com/oauth/token") => "v stripe-php 2026-07";
        revoke(other) => "v stripe-php 2026-07";
        auth(SecretAsBearer) => "s GO 2026-01, s PSA 2026-08";
        pkce(S256) => "s N 2026-08";
        offline(unknown);
        access_life(unknown);
        refresh_life(unknown);
        rotation(unknown);
        error(unknown);
        api("https://api.stripe.com") => "s N 2026-08";
        note("the answer has `stripe_user_id`, the id of the connected account, and no lifetime") => "s PSA 2026-08, s GO 2026-01";
    }
}
