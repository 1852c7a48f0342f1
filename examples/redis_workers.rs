//! Workers on many machines share one login through Redis or Valkey.
//!
//! `REDIS_URL=redis://127.0.0.1/ cargo run --example redis_workers --features redis`
//!
//! Without `REDIS_URL` the example says that you must set this variable. The workers are in
//! `shared/workers.rs`.

#[path = "shared/workers.rs"]
mod workers;

use evergrant::{BoxError, RedisBackend};

fn main() -> Result<(), BoxError> {
    let Ok(url) = std::env::var("REDIS_URL") else {
        println!("Nothing was done. Set REDIS_URL to a server, such as redis://127.0.0.1/");
        return Ok(());
    };
    workers::run(|account| Ok(RedisBackend::new(&url)?.account(account)))
}
