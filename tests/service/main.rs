//! Tests of the features for any OAuth 2.0 service, beyond login and refresh.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any;
mod challenges;
#[cfg(feature = "registration")]
mod connect;
#[cfg(feature = "device")]
mod device;
#[cfg(feature = "discovery")]
mod discovery;
#[cfg(feature = "dpop")]
mod dpop;
#[cfg(feature = "token-exchange")]
mod exchange;
#[cfg(feature = "identity")]
mod flaws;
mod health;
mod id_tokens;
#[cfg(feature = "identity")]
mod identity;
#[cfg(feature = "introspection")]
mod introspection;
#[cfg(feature = "jwt")]
mod jwt;
mod logout;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(feature = "par")]
mod par;
#[cfg(feature = "identity")]
mod profiles;
#[cfg(feature = "registration")]
mod registration;
#[cfg(feature = "registration")]
mod registration_store;
mod replies;
#[cfg(feature = "discovery")]
mod resource;
#[cfg(feature = "identity")]
mod rows;
#[cfg(feature = "services")]
mod services;
mod standards;
#[cfg(feature = "registration")]
mod strangers;
#[allow(dead_code)]
#[path = "../client/support.rs"]
mod support;
mod surface;
mod tls;
#[cfg(not(feature = "dpop"))]
mod unbound;
#[cfg(all(feature = "oidc", feature = "jwt"))]
mod verified;
mod web;
