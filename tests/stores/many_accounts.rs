//! A hundred thousand accounts in one database: the list is complete and in order, and a dump has every
//! login.

use std::sync::LazyLock;
use std::time::Instant;

use evergrant::backend::{LoginStore, Record};

use crate::support::*;

const MANY: usize = 100_000;
/// How many names a sweep reads at a time.
const PAGE: usize = 10_000;

/// Names as programs have them: numbers, addresses, paths, letters beyond ASCII, and long ones.
fn name(n: usize) -> String {
    match n % 4 {
        0 => format!("tenant-{n}"),
        1 => format!("anna.{n}@example.com"),
        2 => format!("\u{c4}mter/Nord/{n}"),
        _ => format!("{}{n:08}", "administrations/".repeat(30)),
    }
}

/// Lists all accounts by pages as a sweep does.
fn lists_all(store: &dyn LoginStore, what: &str) {
    let began = Instant::now();
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = store.accounts(found.last().map(String::as_str), PAGE).unwrap();
        let last = page.len() < PAGE;
        found.extend(page);
        if last {
            break;
        }
    }
    println!("{what}: {} accounts are listed in {:.1?}", found.len(), began.elapsed());
    let mut wanted: Vec<_> = (0..MANY).map(name).collect();
    wanted.sort();
    assert!(found == wanted, "{} names", found.len());
    let record = Record::from_json(&JSON).unwrap();
    for n in [2, 3, MANY / 2, MANY - 1] {
        assert_eq!(store.account(&name(n)).unwrap().load().unwrap().as_ref(), Some(&record));
    }
}

/// The record of each account, as its store has it.
static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| record(1).to_json().unwrap());

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_lists_a_hundred_thousand_accounts_and_a_copy_has_them() {
    use evergrant::{SqliteBackend, TokenBackend as _};
    let dir = TempDir::new();
    let (path, copy) = (dir.join("logins.sqlite"), dir.join("copy.sqlite"));
    assert!(SqliteBackend::new(&path).load().unwrap().is_none());
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    let rows = connection.transaction().unwrap();
    {
        let sql = "INSERT INTO evergrant_logins (account, record) VALUES (?1, ?2)";
        let mut insert = rows.prepare(sql).unwrap();
        for n in 0..MANY {
            insert.execute(rusqlite::params![name(n), &*JSON]).unwrap();
        }
    }
    rows.commit().unwrap();
    lists_all(&SqliteBackend::new(&path), "SQLite");
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    lists_all(&SqliteBackend::new(&copy), "the copy");
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_lists_a_hundred_thousand_accounts_and_a_dump_has_them() {
    use evergrant::{PostgresBackend, TokenBackend as _};
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let (Some(server), Some(other)) = (crate::servers::postgres(), crate::servers::postgres())
    else {
        return;
    };
    let store = PostgresBackend::new(server.url()).unwrap();
    assert!(store.load().unwrap().is_none());
    let mut admin = postgres::Client::connect(&server.url(), postgres::NoTls).unwrap();
    let hex: String = JSON.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut rows = admin.copy_in("COPY evergrant_logins (account, record) FROM STDIN").unwrap();
    for n in 0..MANY {
        writeln!(rows, "{}\t\\\\x{hex}", name(n)).unwrap();
    }
    rows.finish().unwrap();
    lists_all(&store, "PostgreSQL");
    if !works("pg_dump", &["--version"]) {
        return skip("pg_dump is not installed");
    }
    let dump = Command::new("pg_dump").arg("--dbname").arg(server.url()).output().unwrap();
    succeeded(&dump);
    let mut psql = Command::new("psql")
        .args(["--quiet", "--set=ON_ERROR_STOP=1", "--dbname"])
        .arg(other.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    psql.stdin.take().unwrap().write_all(&dump.stdout).unwrap();
    assert!(psql.wait().unwrap().success());
    lists_all(&PostgresBackend::new(other.url()).unwrap(), "the restored dump");
}

#[cfg(feature = "redis")]
#[test]
fn redis_lists_a_hundred_thousand_accounts() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, &[]);
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        for from in (0..MANY).step_by(10_000) {
            let mut rows = redis::pipe();
            for n in from..from + 10_000 {
                rows.set(format!("evergrant:{}", name(n)), &*JSON).ignore();
            }
            rows.query::<()>(&mut connection).unwrap();
        }
        lists_all(&evergrant::RedisBackend::new(server.url()).unwrap(), "Redis");
    }
}

#[test]
fn a_folder_lists_twenty_thousand_accounts() {
    const COUNT: usize = 20_000;
    let dir = TempDir::new();
    let store = evergrant::backend::FolderStore::new(dir.path());
    let mut wanted = Vec::new();
    for n in (0..COUNT * 4 / 3).filter(|n| n % 4 != 3) {
        std::fs::write(store.path(&name(n)), &*JSON).unwrap();
        std::fs::write(format!("{}.lock", store.path(&name(n)).display()), "").unwrap();
        wanted.push(name(n));
    }
    let began = Instant::now();
    let mut found: Vec<String> = Vec::new();
    while found.len().is_multiple_of(PAGE) {
        let page = store.accounts(found.last().map(String::as_str), PAGE).unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    println!("a folder: {} accounts are listed in {:.1?}", found.len(), began.elapsed());
    wanted.sort();
    assert!(found == wanted, "{} names", found.len());
}
