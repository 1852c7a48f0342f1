//! Workers on many machines share one login through a PostgreSQL database.
//!
//! `DATABASE_URL=postgres://user:password@127.0.0.1/database cargo run --example postgres_workers --features postgres`
//!
//! Without `DATABASE_URL` the example says that you must set this variable. The workers are in
//! `shared/workers.rs`.

#[path = "shared/workers.rs"]
mod workers;

use evergrant::{BoxError, PostgresBackend};

fn main() -> Result<(), BoxError> {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        println!(
            "Nothing was done. Set DATABASE_URL to a database, such as postgres://user@127.0.0.1/name"
        );
        return Ok(());
    };
    workers::run(|account| Ok(PostgresBackend::new(&url)?.account(account)))
}
