//! Tests of the optional features: discovery, device logins, signing clients, introspection, userinfo, and
//! the issuer of a callback.

mod devices;
mod endpoints;
mod oidc_provider_only;
mod signing;

mod on_oidc_provider {
    crate::flows::flows! {
        crate::oidc_provider::start(60);
        endpoints::the_issuer_alone_is_enough,
        endpoints::a_callback_of_another_issuer_is_refused,
        endpoints::id_token_and_userinfo_name_the_user,
        endpoints::the_signature_of_an_id_token_is_verified,
        endpoints::a_token_is_looked_into,
        devices::a_device_logs_in,
        devices::a_device_that_nobody_wants_is_told_so,
        signing::clients_that_sign_are_taken_and_another_key_is_not,
    }
}

mod on_the_toolkit {
    crate::flows::flows! {
        crate::toolkit::start(60);
        endpoints::the_issuer_alone_is_enough,
        endpoints::a_callback_of_another_issuer_is_refused,
        endpoints::id_token_and_userinfo_name_the_user,
        endpoints::the_signature_of_an_id_token_is_verified,
        endpoints::a_token_is_looked_into,
        devices::a_device_logs_in,
        devices::a_device_that_nobody_wants_is_told_so,
    }
}

mod on_glewlwyd {
    crate::flows::flows! {
        crate::glewlwyd::start(60);
        endpoints::the_issuer_alone_is_enough,
        endpoints::a_callback_of_another_issuer_is_refused,
        endpoints::id_token_and_userinfo_name_the_user,
        endpoints::the_signature_of_an_id_token_is_verified,
        endpoints::a_token_is_looked_into,
        devices::a_device_slows_down_when_it_is_told_to,
        signing::clients_that_sign_are_taken_and_another_key_is_not,
    }
}
