//! Tests of Exact Online.

mod batch;
mod calls;
mod child;
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
mod support;
mod sync_kills;
mod timing;
mod webhooks;
mod week;
mod writes;
