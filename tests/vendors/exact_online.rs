//! Tests of Exact Online.

mod calls;
mod child;
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
mod support;
mod sync_kills;
mod timing;
mod webhooks;
mod week;
mod writes;
