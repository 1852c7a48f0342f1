//! Servers that fail over while clients refresh: PostgreSQL with a standby, PgBouncer, Redis with Sentinel.

#[cfg(feature = "postgres")]
mod bouncer;
#[cfg(feature = "redis")]
mod sentinel;
#[cfg(feature = "postgres")]
mod standby;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evergrant::backend::LoginStore;
use evergrant::clock::{Clock as _, ManualClock, SystemClock};
use evergrant::hooks::Event;
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, ClientBuilder};

const ACCOUNTS: usize = 12;
const WORKERS: usize = 8;
/// A test gives up after this time. No test waits for this time to pass.
const HANGS: Duration = Duration::from_secs(240);

/// Asks until the servers are in this state, and fails the test after [`HANGS`].
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < HANGS, "no end of the wait for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Opens the store, as the process of this number does.
type Open = dyn Fn(usize) -> Arc<dyn LoginStore> + Send + Sync;

/// Logins at a service that revokes a login when a used refresh token is sent again, and workers that refresh
/// them.
struct Load {
    sandbox: Sandbox,
    names: Vec<String>,
    open: Box<Open>,
    done: AtomicUsize,
    failed: Mutex<BTreeMap<String, usize>>,
    over: AtomicBool,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Load {
    fn new(open: impl Fn(usize) -> Arc<dyn LoginStore> + Send + Sync + 'static) -> Load {
        let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
        let load = Load {
            sandbox,
            names: (0..ACCOUNTS).map(|n| format!("tenant/{n}")).collect(),
            open: Box::new(open),
            done: AtomicUsize::new(0),
            failed: Mutex::default(),
            over: AtomicBool::new(false),
            warnings: Arc::default(),
        };
        let store = (load.open)(usize::MAX);
        for name in &load.names {
            store.account(name).unwrap().save(&load.sandbox.login().into()).unwrap();
        }
        load
    }

    /// A client of an account in this store.
    fn client(
        &self,
        store: &Arc<dyn LoginStore>,
        name: &str,
        with: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Client {
        let warnings = Arc::clone(&self.warnings);
        let (provider, credentials) = (self.sandbox.provider(), self.sandbox.credentials());
        let builder = Client::builder(provider, credentials, store.account(name).unwrap());
        let told = builder.on_event(move |event| {
            if let Event::Warning { text } = event
                && text.contains("went back")
            {
                warnings.lock().unwrap().push(text.clone());
            }
        });
        with(told).build()
    }

    /// Clients of all accounts, as one process has them.
    fn clients(&self, process: usize) -> Vec<Client> {
        let store = (self.open)(process);
        self.names.iter().map(|name| self.client(&store, name, |builder| builder)).collect()
    }

    /// Refreshes one login after another, until the test is over.
    fn work(&self, process: usize) {
        for client in self.clients(process).iter().cycle().skip(process) {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            self.refresh(client);
        }
    }

    fn refresh(&self, client: &Client) {
        match client.refresh() {
            Ok(()) => {
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let mut failed = self.failed.lock().unwrap();
                *failed.entry(error.kind().to_owned()).or_default() += 1;
            }
        }
    }

    /// Waits for this many more refreshes.
    fn until_more(&self, count: usize) {
        let (wanted, begun) = (self.done.load(Ordering::Relaxed) + count, Instant::now());
        while self.done.load(Ordering::Relaxed) < wanted {
            assert!(begun.elapsed() < HANGS, "no refresh: {:?}", self.failed.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets the workers refresh, and fails over meanwhile.
    fn run(&self, what: &str, fail_over: impl FnOnce()) {
        std::thread::scope(|scope| {
            for process in 0..WORKERS {
                scope.spawn(move || self.work(process));
            }
            let ends = Ends(&self.over);
            self.until_more(60);
            let before = self.done.load(Ordering::Relaxed);
            let begun = Instant::now();
            fail_over();
            self.until_more(60);
            let (after, took) = (self.done.load(Ordering::Relaxed), begun.elapsed());
            let failed = self.failed.lock().unwrap();
            println!(
                "{what}: {before} refreshes before, {after} at {took:.1?} after; failed calls {failed:?}"
            );
            drop(ends);
        });
    }

    /// The accounts whose login is lost: a new process cannot refresh it after the deadline of each refresh
    /// note.
    fn lost(&self) -> Vec<&str> {
        let store = (self.open)(WORKERS);
        let clock = Arc::new(ManualClock::new());
        clock.set_wall(SystemClock.now() + Duration::from_secs(600));
        let mut lost = Vec::new();
        for name in &self.names {
            let client = self.client(&store, name, |builder| builder.clock(clock.clone()));
            if let Err(error) = client.refresh() {
                assert_eq!(error.kind(), "reauthorize", "{error:#}");
                lost.push(name.as_str());
            }
        }
        lost
    }

    /// Refreshes logins after the server's replica was cut off, and lets the replica take over. The logins whose
    /// clients ended meanwhile are lost, and no others.
    fn loses_what_only_the_main_server_had(&self, cut: impl FnOnce(), fail_over: impl FnOnce()) {
        let mut lives = self.clients(0);
        lives.iter().for_each(|client| client.refresh().unwrap());
        cut();
        // The first third of the logins is not refreshed again; the process that refreshes the last
        // third ends.
        let (second, third) = (ACCOUNTS / 3, ACCOUNTS / 3 * 2);
        lives.truncate(third);
        lives[second..].iter().for_each(|client| client.refresh().unwrap());
        self.clients(1)[third..].iter().for_each(|client| client.refresh().unwrap());
        fail_over();
        for client in &lives[second..] {
            client.refresh().unwrap();
        }
        let told = self.warnings.lock().unwrap().clone();
        for (name, warning) in self.names[second..third].iter().zip(&told) {
            assert!(warning.contains(name) && warning.contains("went back"), "{warning}");
        }
        assert_eq!(self.sandbox.counters().reuses, 0);
        let lost = self.lost();
        println!("{ACCOUNTS} logins, put back {told:?}, lost {lost:?}");
        assert_eq!(lost, self.names[third..]);
        assert_eq!(told.len(), third - second);
    }

    #[track_caller]
    fn loses_nothing(&self) {
        let lost = self.lost();
        let counters = self.sandbox.counters();
        println!("{} logins, lost {lost:?}; {counters:?}", self.names.len());
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!((counters.reuses, counters.refused), (0, 0), "{counters:?}");
    }
}

/// Ends the workers, also if the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
