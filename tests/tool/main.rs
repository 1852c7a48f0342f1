//! Tests of the command `evergrant` as a person and as cron use it: each test starts the program against a sandbox.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alive;
mod calls;
mod commands;
mod databases;
mod day;
mod kept;
mod losses;
mod odd;
mod pages;
mod picture;
mod sealed;
#[path = "../promise/support.rs"]
#[allow(dead_code)]
mod shared;
mod support;
mod terminal;
mod together;
