//! Workers on many machines that share one login through a PostgreSQL database.
//!
//! `DATABASE_URL=postgres://user:password@127.0.0.1/database cargo run --example postgres_workers --features postgres`
//!
//! The service is the sandbox, which ends a login whose refresh token comes twice. Each worker has a
//! client and a store of its own, as in a process on another machine, and all of them find at the
//! same moment that their access token has ended. Without `DATABASE_URL` it says what to set.

use std::sync::Barrier;

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, PostgresBackend, TokenBackend as _};

const WORKERS: usize = 16;

fn main() -> Result<(), BoxError> {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        println!(
            "Nothing was started. Set DATABASE_URL to a database, such as postgres://user@127.0.0.1/name"
        );
        return Ok(());
    };
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start()?;
    let account = format!("example-{}", std::process::id());
    let store = || Ok::<_, BoxError>(PostgresBackend::new(&url)?.account(&account));
    let client = || {
        let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
        Ok::<_, BoxError>(Client::new(provider, credentials, store()?))
    };

    // Once, with a person, who is the sandbox here.
    let first = client()?;
    let authorization = first.authorize(&["read"])?;
    first.exchange(authorization.clone(), &sandbox.approve(authorization.url())?)?;
    println!(
        "the login is in {}, which survives: {:?}",
        store()?.describe(),
        store()?.durability()
    );

    sandbox.expire_access_tokens();
    let start = Barrier::new(WORKERS);
    std::thread::scope(|scope| {
        let work = || -> Result<u16, BoxError> {
            let client = client()?;
            start.wait();
            Ok(client.get("/me").call()?.status())
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(Ok(200)) => Ok(()),
            Ok(other) => Err(format!("{other:?} instead of 200").into()),
            Err(_) => Err(BoxError::from("a worker panicked")),
        })
    })?;
    println!("{WORKERS} workers answered with 200 after {} refresh", sandbox.counters().refreshes);
    Ok(first.clear()?)
}
