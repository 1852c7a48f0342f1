//! Tests of Exact Online.

mod attachments;
mod calls;
#[cfg_attr(not(all(feature = "sqlite", feature = "teamleader")), allow(dead_code))]
pub(crate) mod child;
mod defects;
mod grammar;
mod guide;
mod hostile;
mod limits;
mod login;
mod models;
mod odata;
mod paging;
mod settings;
pub(crate) mod support;
mod sync_kills;
mod timing;
mod webhooks;
mod week;
mod writes;
