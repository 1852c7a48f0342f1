//! The protocol: builds requests and reads answers, but sends nothing.
//!
//! This module does no I/O and has no clock. The module takes a [`Provider`](crate::Provider), the
//! application's [`Credentials`](crate::Credentials) and the bytes of an answer, and returns the
//! request to send or the meaning of the answer. So tests with tables cover every rule of the standard
//! and every departure from it.

#[cfg(feature = "jwt")]
mod assertion;
mod authorize;
mod callback;
mod client_auth;
#[cfg(any(test, feature = "device"))]
#[cfg_attr(not(feature = "device"), allow(dead_code, unreachable_pub))]
mod device;
#[cfg(feature = "discovery")]
mod discovery;
#[cfg(feature = "dpop")]
pub(crate) mod dpop;
mod draft;
mod error_text;
mod form;
mod grant;
mod id_token;
mod import;
#[cfg(feature = "introspection")]
mod introspect;
#[cfg(feature = "jwt")]
mod jwt_bearer;
#[cfg(feature = "jwt")]
mod key_file;
#[cfg(feature = "oidc")]
mod key_set;
#[cfg(feature = "par")]
mod par;
mod pkce;
#[cfg(feature = "discovery")]
pub(crate) mod protected;
#[cfg(any(
    test,
    feature = "device",
    feature = "introspection",
    feature = "par",
    feature = "registration"
))]
mod refusal;
#[cfg(feature = "registration")]
pub(crate) mod registration;
mod reply;
mod request;
#[cfg(feature = "jwt")]
mod request_object;
mod requester;
mod resource;
mod retry_after;
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod skew;
#[cfg(feature = "token-exchange")]
mod token_exchange;

#[cfg(feature = "sandbox")]
pub(crate) mod fuzz;
#[cfg(test)]
pub(crate) mod test_random;

#[cfg(feature = "jwt")]
pub(crate) use assertion::may_be_our_clock;
pub use authorize::Authorization;
pub(crate) use authorize::{AuthorizationRequest, authorization_request};
#[cfg(feature = "device")]
pub use device::DeviceCode;
#[cfg(feature = "device")]
pub(crate) use device::{device_authorization, device_token, read_device, slower_interval};
#[cfg(feature = "discovery")]
pub use discovery::Form;
#[cfg(feature = "discovery")]
pub(crate) use discovery::{
    addresses as metadata_addresses, endpoints as metadata_endpoints, read as read_metadata,
    without_well_known,
};
pub use draft::TokenDraft;
pub(crate) use error_text::clean;
#[cfg(any(feature = "device", feature = "introspection", feature = "par"))]
pub(crate) use error_text::hide;
pub(crate) use form::form_encoded;
pub(crate) use grant::{client_credentials, exchange, refresh, revoke, second_exchange};
pub(crate) use id_token::{Expected as ExpectedIdToken, check_same_login};
#[cfg(feature = "oidc")]
pub(crate) use id_token::{claims, date as claim_date, userinfo};
#[cfg(feature = "introspection")]
pub(crate) use introspect::{introspect, read_introspection};
#[cfg(feature = "jwt")]
pub use jwt_bearer::JwtBearer;
#[cfg(feature = "jwt")]
pub(crate) use jwt_bearer::jwt_bearer;
#[cfg(feature = "jwt")]
pub(crate) use key_file::read_key_file;
#[cfg(feature = "oidc")]
pub(crate) use key_set::{KeySet, Signed};
#[cfg(feature = "par")]
pub(crate) use par::{push, read_pushed};
#[cfg(feature = "identity")]
pub(crate) use reply::at;
#[cfg(any(feature = "discovery", feature = "oidc"))]
pub(crate) use reply::redirect;
pub(crate) use reply::{Issued, Outcome, RawReply, Reply, has, names_a_dead_token, read, read_cut};
pub(crate) use request::TokenRequest;
pub(crate) use requester::Requester;
pub(crate) use retry_after::{date, retry_after};
#[cfg(any(feature = "dpop", feature = "jwt"))]
pub(crate) use skew::skew;
#[cfg(feature = "token-exchange")]
pub(crate) use token_exchange::token_exchange;
#[cfg(feature = "token-exchange")]
pub use token_exchange::{TokenExchange, TokenType};
