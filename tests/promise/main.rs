//! The promise, clause by clause, on real files and real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod contract;
mod crash;
mod disk;
mod files;
mod foreign;
mod full_disk;
mod kills;
mod order;
mod outcomes;
#[cfg(unix)]
mod reality;
#[cfg(target_os = "linux")]
mod stopped;
mod storm;
mod strace;
mod support;
mod threads_and_processes;
mod unsaved;
mod worker;
mod workers;
mod world;

/// What [`support::child`] starts: not a test of its own.
#[test]
fn child_entry() {
    support::run_child(&[
        files::CHILDREN,
        disk::CHILDREN,
        strace::CHILDREN,
        worker::CHILDREN,
        kills::CHILDREN,
    ]);
}
