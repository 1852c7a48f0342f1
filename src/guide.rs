//! The long answers, one page each.

#[doc = include_str!("guide/tasks.md")]
pub mod tasks {}

#[cfg(all(
    feature = "device",
    feature = "discovery",
    feature = "introspection",
    feature = "jwt",
    feature = "oidc"
))]
#[doc = include_str!("guide/any_service.md")]
pub mod any_service {}

#[doc = include_str!("guide/promise.md")]
pub mod promise {}

#[doc = include_str!("guide/platform.md")]
pub mod platform {}

#[doc = include_str!("guide/stores.md")]
pub mod stores {}

#[doc = include_str!("guide/design.md")]
pub mod design {}

#[cfg(feature = "shell-ev")]
#[doc = include_str!("guide/shell_ev.md")]
pub mod shell_ev {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[cfg(feature = "exact-online")]
#[doc = include_str!("guide/exact_online.md")]
pub mod exact_online {}

#[cfg(feature = "teamleader")]
#[doc = include_str!("guide/teamleader.md")]
pub mod teamleader {}

#[cfg(feature = "identity")]
#[doc = include_str!("guide/httpx_oauth.md")]
pub mod httpx_oauth {}
