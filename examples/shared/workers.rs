//! The workers of `redis_workers` and `postgres_workers`: at the same moment all of them find that their
//! access token has ended. Each worker has a client and a store of its own, as on another machine.

use std::sync::Barrier;

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};

const WORKERS: usize = 16;

/// Runs the workers on stores for one account. The service is the sandbox, which ends a login when it
/// receives a refresh token twice.
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

    // A person logs in once; here the sandbox agrees.
    let first = client()?;
    let authorization = first.authorize(&["read"])?;
    first.exchange(authorization.clone(), &sandbox.approve(authorization.url())?)?;
    let kept = store()?;
    println!("the login is in {}, which survives: {:?}", kept.describe(), kept.durability());

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
