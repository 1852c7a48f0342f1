//! The workers of `redis_workers` and `postgres_workers`. All workers call the API at the same moment, with
//! an access token that has expired at the service. Each worker has its own client and store, as on another
//! machine.

use std::sync::Barrier;

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};

const WORKERS: usize = 16;

/// Runs the workers on stores for one account. The sandbox revokes the login if it receives a refresh token
/// twice.
pub(crate) fn run<S: TokenBackend + 'static>(
    open: impl Fn(&str) -> Result<S, BoxError> + Sync,
) -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start()?;
    let account = format!("example-{}", std::process::id());
    let store = || open(&account);
    let client = || {
        let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
        Ok::<_, BoxError>(Client::new(provider, credentials, store()?))
    };

    // A person logs in once. Here the sandbox approves the login.
    let first = client()?;
    let authorization = first.authorize(&["read"])?;
    first.exchange(authorization.clone(), &sandbox.approve(authorization.url())?)?;
    let kept = store()?;
    println!("the login is in {}; its durability: {:?}", kept.describe(), kept.durability());

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
    println!("{WORKERS} workers got status 200 after {} refresh", sandbox.counters().refreshes);
    Ok(first.clear()?)
}
