//! Tests of the stores that are databases: the contract, and the promise between processes and machines, on
//! the real engines.
//!
//! SQLite needs nothing. A test starts the servers that it needs by itself, in a folder of its own. A test
//! whose server is not installed prints that it was skipped, and fails if `EVERGRANT_REQUIRE_ALL=1` is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod brakes;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod examples;
#[cfg(all(target_os = "linux", any(feature = "postgres", feature = "redis")))]
mod failover;
mod flaky;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod herd;
mod holds;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod hot;
mod logins;
#[cfg(feature = "postgres")]
mod logs;
#[cfg(all(target_os = "linux", any(feature = "postgres", feature = "redis")))]
mod machines;
mod many_accounts;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#[path = "../promise/movers.rs"]
mod movers;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod moving;
#[cfg(feature = "sqlite")]
mod new_lock;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod prepared;
#[cfg(feature = "redis")]
mod redis;
// The backups and the other releases of these tests replace files that are open, which Windows does not do.
#[cfg(unix)]
mod restored;
#[cfg(feature = "postgres")]
mod rows;
#[cfg(unix)]
mod schemas;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod secured;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod servers;
#[cfg(feature = "postgres")]
mod sessions;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(unix, feature = "sqlite"))]
mod sqlite_files;
#[cfg(feature = "sqlite")]
mod sqlite_journal;
// New databases have a write-ahead log on Linux only.
#[cfg(all(feature = "sqlite", target_os = "linux"))]
mod sqlite_log;
#[path = "../promise/support.rs"]
#[allow(dead_code)]
mod support;
mod sweep;
mod sweepers;
#[cfg(feature = "sqlite")]
mod traces;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#[allow(dead_code)] // Each store uses a part.
mod trips;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod upkeep;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#[path = "../promise/worker.rs"]
#[allow(dead_code)]
mod worker;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#[path = "../promise/world.rs"]
#[allow(dead_code)]
mod world;

/// The entry point of the processes that [`support::child`] starts, not a test of its own.
#[test]
fn child_entry() {
    support::run_child(&[
        #[cfg(feature = "sqlite")]
        sqlite::CHILDREN,
        #[cfg(feature = "sqlite")]
        new_lock::CHILDREN,
        #[cfg(all(unix, feature = "sqlite"))]
        sqlite_files::CHILDREN,
        #[cfg(all(feature = "sqlite", target_os = "linux"))]
        sqlite_log::CHILDREN,
        #[cfg(all(target_os = "linux", feature = "sqlite"))]
        trips::CHILDREN,
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
        worker::CHILDREN,
        #[cfg(unix)]
        schemas::CHILDREN,
        sweepers::CHILDREN,
        #[cfg(all(target_os = "linux", any(feature = "postgres", feature = "redis")))]
        machines::CHILDREN,
        #[cfg(feature = "postgres")]
        logs::CHILDREN,
    ]);
}
