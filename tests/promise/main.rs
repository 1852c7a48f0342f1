//! Tests of the promise, clause by clause, on real files and real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
#[cfg(feature = "dpop")]
mod bound;
mod by_hand;
mod columns;
mod contract;
mod crash;
mod disk;
mod files;
mod flawed_stores;
mod foreign;
#[cfg(unix)]
mod forks;
mod full_disk;
mod gaps;
#[cfg(all(target_os = "linux", feature = "keyring"))]
mod keyring;
mod kills;
mod movers;
mod moving;
mod order;
mod outcomes;
#[cfg(target_os = "linux")]
mod places;
#[cfg(unix)]
mod reality;
#[cfg(feature = "encryption")]
mod sealed;
mod sharing;
#[cfg(target_os = "linux")]
mod stopped;
mod storm;
mod strace;
#[cfg(unix)]
mod strangers;
mod support;
mod table;
mod threads_and_processes;
mod unsaved;
#[cfg(windows)]
mod windows;
mod worker;
mod workers;
mod world;

/// The entry point of the processes that [`support::child`] starts, not a test of its own.
#[test]
fn child_entry() {
    support::run_child(&[
        files::CHILDREN,
        disk::CHILDREN,
        strace::CHILDREN,
        worker::CHILDREN,
        kills::CHILDREN,
        #[cfg(unix)]
        forks::CHILDREN,
        #[cfg(unix)]
        strangers::CHILDREN,
        #[cfg(target_os = "linux")]
        places::CHILDREN,
        table::CHILDREN,
        #[cfg(all(target_os = "linux", feature = "keyring"))]
        keyring::CHILDREN,
        moving::CHILDREN,
        #[cfg(windows)]
        windows::CHILDREN,
    ]);
}
