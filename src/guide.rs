//! The long answers, one page each.

#[doc = include_str!("guide/tasks.md")]
pub mod tasks {}

#[doc = include_str!("guide/promise.md")]
pub mod promise {}

#[doc = include_str!("guide/platform.md")]
pub mod platform {}

#[doc = include_str!("guide/design.md")]
pub mod design {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[cfg(feature = "teamleader")]
#[cfg_attr(docsrs, doc(cfg(feature = "teamleader")))]
#[doc = include_str!("guide/teamleader.md")]
pub mod teamleader {}
