//! Tests of several processes that sweep the same logins; one process is killed in the middle.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{FolderStore, LoginStore};
use evergrant::clock::{Clock as _, SystemClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Credentials, Logins, Provider};

use crate::support::*;
use crate::sweep::due;

pub(crate) const CHILDREN: &[Child] = &[("sweepers::sweep", sweep)];

const PROCESSES: usize = 4;

pub(crate) fn open(name: &str) -> Arc<dyn LoginStore> {
    let (kind, rest) = name.split_once(' ').unwrap();
    match kind {
        "folder" => Arc::new(FolderStore::new(rest)),
        #[cfg(feature = "sqlite")]
        "sqlite" => Arc::new(evergrant::SqliteBackend::new(rest)),
        #[cfg(feature = "postgres")]
        "postgres" => Arc::new(evergrant::PostgresBackend::new(rest).unwrap()),
        #[cfg(feature = "redis")]
        "redis" => Arc::new(evergrant::RedisBackend::new(rest).unwrap()),
        other => panic!("what is {other}?"),
    }
}

/// How the service treats a used refresh token. If the lock is a lease, the login of a killed process waits
/// for the deadline of its refresh note, unless the service accepts the token again for some time.
fn rotation(store: &str) -> Rotation {
    let lease = store.starts_with("postgres") || store.starts_with("redis");
    if lease { Rotation::Grace(Duration::from_secs(900)) } else { Rotation::UntilUsed }
}

fn logins(service: &str, store: &str) -> Logins {
    let provider = Provider::builder("sandbox")
        .token_endpoint(format!("{service}/token"))
        .rotation(rotation(store))
        .build()
        .unwrap();
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    Logins::new(provider, credentials, open(store))
}

/// A process that sweeps, and writes a line for each login and a line for the report.
fn sweep() {
    let [store, service] =
        ["STORE", "SERVICE"].map(|name| given(name).into_os_string().into_string().unwrap());
    let say = |line: String| {
        let mut output = std::io::stdout().lock();
        output.write_all(format!("\n= {line}\n").as_bytes()).unwrap();
        output.flush().unwrap();
    };
    let logins = logins(&service, &store);
    let report = logins.keep_alive().threads(4).on_progress(|_| say("one".to_owned())).run();
    say(format!("report {}", report.unwrap()));
}

/// Four processes sweep at once, and one is killed. Each login is refreshed exactly once.
fn once_each(store: &str, count: usize) {
    let sandbox = Sandbox::builder().rotation(rotation(store)).start().unwrap();
    let names: Vec<_> = (0..count).map(|n| format!("tenants/{n}")).collect();
    let opened = open(store);
    let now = SystemClock.now_utc();
    for name in &names {
        let record = due(sandbox.login(), now).into();
        opened.account(name).unwrap().save(&record).unwrap();
    }
    let began = std::time::Instant::now();
    let mut children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = child::<&str>("sweepers::sweep", &[]);
            command.env("STORE", store).env("SERVICE", sandbox.url());
            start(command.stdout(Stdio::piped()))
        })
        .collect();
    let mut outputs: Vec<_> =
        children.iter_mut().map(|child| BufReader::new(child.stdout.take().unwrap())).collect();
    // The first process dies after a tenth of the logins, with refreshes under way.
    let lines = outputs[0].by_ref().lines().map(Result::unwrap);
    assert_eq!(lines.filter(|line| line == "= one").take(count / 10).count(), count / 10);
    children[0].kill().unwrap();
    let mut reports = Vec::new();
    for (child, output) in children.iter_mut().zip(outputs) {
        let lines = output.lines().map(Result::unwrap);
        reports.extend(lines.filter_map(|line| line.strip_prefix("= report ").map(str::to_owned)));
        child.wait().unwrap();
    }
    let took = began.elapsed();
    assert_eq!(reports.len(), PROCESSES - 1, "{reports:?}");
    for report in &reports {
        assert!(report.starts_with(&format!("{count} logins")), "{report}");
        assert!(report.ends_with("0 put off, 0 need a person, 0 failed"), "{report}");
    }
    // The next sweep refreshes the logins that the killed process has left.
    let again = logins(sandbox.url(), store);
    let last = again.keep_alive().run().unwrap();
    assert!(last.is_well() && last.total() == count as u64, "{last} {:?}", last.told);
    let counters = sandbox.counters();
    println!("{count} logins on {store} in {took:.1?}: {reports:?}; then {last}; {counters:?}");
    assert_eq!((counters.refreshes, counters.reuses, counters.refused), (count as u64, 0, 0));
    assert_eq!(again.keep_alive().run().unwrap().kept, count as u64);
    // No login is lost: each can be refreshed.
    for name in names.iter().step_by(7) {
        again.client(name).unwrap().refresh().unwrap();
    }
    assert_eq!(sandbox.counters().reuses, 0);
}

/// How many logins are swept. `EVERGRANT_LOGINS=10000` takes two minutes for each store.
fn count() -> usize {
    let all = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|value| value == "1");
    let wanted = std::env::var("EVERGRANT_LOGINS").ok();
    wanted.map_or(if all { 2000 } else { 400 }, |count| count.parse().unwrap())
}

#[test]
fn in_a_folder_each_login_is_refreshed_once() {
    let dir = TempDir::new();
    once_each(&format!("folder {}", dir.path().display()), count());
}

#[cfg(feature = "sqlite")]
#[test]
fn in_sqlite_each_login_is_refreshed_once() {
    let dir = TempDir::new();
    once_each(&format!("sqlite {}", dir.join("logins.sqlite").display()), count() / 4);
}

#[cfg(feature = "postgres")]
#[test]
fn in_postgres_each_login_is_refreshed_once() {
    let Some(server) = crate::servers::postgres() else { return };
    once_each(&format!("postgres {}", server.url()), count());
}

#[cfg(feature = "redis")]
#[test]
fn in_redis_each_login_is_refreshed_once() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, &[]);
        once_each(&format!("redis {}", server.url()), count());
    }
}
