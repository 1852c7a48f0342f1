//! Tests of Exact Online.

mod attachments;
mod batch;
mod calls;
#[cfg_attr(not(all(feature = "sqlite", feature = "teamleader")), allow(dead_code))]
pub(crate) mod child;
mod coverage;
mod defects;
mod every;
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
