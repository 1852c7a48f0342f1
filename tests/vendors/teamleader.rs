//! Tests of Teamleader Focus.

mod changes;
mod custom_fields;
mod defects;
mod files;
mod grammar;
mod guide;
mod limits;
mod lists;
mod login;
mod models;
mod registry;
pub(crate) mod support;
mod webhooks;
mod writes;
