//! A store that is restored from a backup: by an archive of its files, by `.backup`, by `pg_dump`, by Redis's own
//! copy, and by `DUMP` and `RESTORE` of each key. Each backup is made while another process holds the lock.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::hooks::Event;
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, Error, TokenBackend};

use crate::support::*;

/// Opens the store of the login, as another process does.
type Open<'a> = dyn Fn() -> Box<dyn TokenBackend> + 'a;

/// A client that runs writes its newer pair into the restored store. A client that starts with the restored store
/// sends the old refresh token.
fn is_an_old_backup(open: &Open<'_>, backup: impl FnOnce(), mut restore: impl FnMut()) {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let client = Client::builder(provider.clone(), credentials.clone(), open())
        .on_event(move |event| {
            if let Event::Warning { text } = event {
                tells.lock().unwrap().push(text.clone());
            }
        })
        .build();
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    let other = open();
    let held = other.lock(Duration::ZERO).unwrap();
    backup();
    drop((held, other));
    client.refresh().unwrap();
    client.refresh().unwrap();
    let newest = client.stored().unwrap().unwrap();
    restore();
    let old = open().load().unwrap().unwrap();
    assert!(old.revision() < newest.revision() && old.note().is_none());
    // The running client.
    client.refresh().unwrap();
    assert!(told.lock().unwrap().iter().any(|text| text.contains("went back")), "{told:?}");
    let next = open().load().unwrap().unwrap();
    assert_eq!(sandbox.counters().refreshes, 4);
    assert_ne!(next.token(), newest.token());
    client.refresh().unwrap();
    assert_eq!((sandbox.counters().reuses, sandbox.counters().refused), (0, 0));
    drop(client);
    // A client that starts with the backup.
    restore();
    let late = Client::new(provider, credentials, open());
    let error = late.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert_ne!(sandbox.counters().reuses, 0);
}

#[test]
fn an_archive_of_a_folder_is_an_old_backup() {
    if !works("tar", &["--version"]) {
        return skip("tar is not installed");
    }
    let (dir, out) = (TempDir::new(), TempDir::new());
    let tar = |what: &str| {
        let mut command = Command::new("tar");
        command.arg(what).arg(out.join("logins.tar")).arg("-C").arg(dir.path());
        succeeded(&command.arg(".").output().unwrap());
    };
    let store = evergrant::backend::FolderStore::new(dir.path());
    let open = || Box::new(evergrant::FileBackend::new(store.path("tenant"))) as Box<_>;
    is_an_old_backup(&open, || tar("-cf"), || tar("-xf"));
}

#[cfg(feature = "sqlite")]
#[test]
fn a_backup_of_sqlite_is_an_old_backup() {
    if !works("sqlite3", &["--version"]) {
        return skip("sqlite3 is not installed (tests/stores/install.sh)");
    }
    let dir = TempDir::new();
    let (path, copy) = (dir.join("logins.sqlite"), dir.join("copy.sqlite"));
    let tell = |what: &str| {
        let order = format!("{what} {}", copy.display());
        let output = Command::new("sqlite3").arg("-bail").arg(&path).arg(order).output().unwrap();
        succeeded(&output);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let open = || Box::new(evergrant::SqliteBackend::new(&path)) as Box<_>;
    is_an_old_backup(&open, || tell(".backup"), || tell(".restore"));
}

#[cfg(feature = "postgres")]
#[test]
fn a_dump_of_postgres_is_an_old_backup() {
    let Some(server) = crate::servers::postgres() else { return };
    if !works("pg_dump", &["--version"]) {
        return skip("pg_dump is not installed (tests/stores/install.sh)");
    }
    let dir = TempDir::new();
    let file = dir.join("dump.sql");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg(&file).arg("--dbname").arg(server.url());
        succeeded(&command.output().unwrap());
    };
    let backup = || run("pg_dump", &["--clean", "--if-exists", "--file"]);
    let restore = || run("psql", &["--quiet", "--set=ON_ERROR_STOP=1", "--file"]);
    let open = || Box::new(crate::postgres::elsewhere(&server)) as Box<_>;
    is_an_old_backup(&open, backup, restore);
}

/// The copy has the lock of another process, which names a connection of the server before its restart.
#[cfg(feature = "redis")]
#[test]
fn a_copy_of_redis_is_an_old_backup() {
    use crate::redis::do_it;
    for program in crate::servers::redis_programs() {
        let server = Mutex::new(crate::servers::redis(&program, &[]));
        let (url, dir) = {
            let server = server.lock().unwrap();
            let dir: (String, String) = do_it(&server, &["CONFIG", "GET", "dir"]);
            (server.url(), std::path::PathBuf::from(dir.1))
        };
        let (dump, copy) = (dir.join("dump.rdb"), dir.join("copy.rdb"));
        let backup = || {
            let server = server.lock().unwrap();
            let exists: i64 = do_it(&server, &["EXISTS", "evergrant:default:lock"]);
            assert_eq!(exists, 1);
            let _: () = do_it(&server, &["SAVE"]);
            std::fs::copy(&dump, &copy).unwrap();
        };
        let restore = || {
            let mut server = server.lock().unwrap();
            server.crash();
            std::fs::copy(&copy, &dump).unwrap();
            server.restart();
            let exists: i64 = do_it(&server, &["EXISTS", "evergrant:default:lock"]);
            assert_eq!(exists, 1, "the lock is not in the copy");
        };
        let open = || Box::new(evergrant::RedisBackend::new(&url).unwrap()) as Box<_>;
        is_an_old_backup(&open, backup, restore);
    }
}

/// `RESTORE` without the remaining life gives the lock no expiry. It names a connection that is still open.
#[cfg(feature = "redis")]
#[test]
fn restored_keys_of_redis_are_an_old_backup() {
    use crate::redis::do_it;
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, &[]);
        let url = server.url();
        let mut connection = redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
        // The holder's process runs on, and keeps its connection.
        let holder = evergrant::RedisBackend::new(&url).unwrap();
        let name = Mutex::new(String::new());
        let keys = ["evergrant:default", "evergrant:default:lock"];
        let dumped: Mutex<Vec<Vec<u8>>> = Mutex::default();
        let backup = || {
            // The dump has a lock of `holder`, as if it had been made a moment later.
            let lock = holder.account("spare").lock(Duration::ZERO).unwrap();
            let held: String = do_it(&server, &["GET", "evergrant:spare:lock"]);
            drop(lock);
            let _: () = do_it(&server, &["SET", keys[1], &held, "PX", "60000"]);
            *name.lock().unwrap() = held;
            for key in keys {
                let dump: Vec<u8> = do_it(&server, &["DUMP", key]);
                dumped.lock().unwrap().push(dump);
            }
            let _: () = do_it(&server, &["DEL", keys[1]]);
        };
        let restore = || {
            for (key, dump) in keys.iter().zip(&*dumped.lock().unwrap()) {
                let mut command = redis::cmd("RESTORE");
                command.arg(key).arg(0).arg(dump).arg("REPLACE");
                command.exec(&mut connection).unwrap();
            }
            let held: String = do_it(&server, &["GET", keys[1]]);
            assert_eq!(held, *name.lock().unwrap());
        };
        let open = || Box::new(evergrant::RedisBackend::new(&url).unwrap()) as Box<_>;
        is_an_old_backup(&open, backup, restore);
        assert!(holder.load().unwrap().is_some());
    }
}
