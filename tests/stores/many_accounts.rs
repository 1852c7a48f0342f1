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
        _ => format!("{}{n:08}", "administrations/".repeat(31)),
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

/// Each page goes through all keys of the database, also through those of other programs.
#[cfg(feature = "redis")]
#[test]
fn redis_lists_accounts_among_the_keys_of_other_programs() {
    const COUNT: usize = 1000;
    let all = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|value| value == "1");
    let foreign = if all { 1_000_000 } else { 100_000 };
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, &[]);
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let script = "for n = ARGV[1], ARGV[2] do redis.call('SET', ARGV[3] .. n, 'x') end";
        for from in (0..foreign).step_by(100_000) {
            let mut fill = redis::cmd("EVAL");
            // Some of these keys begin almost like ours.
            let prefix = if from == 0 { "evergrant-" } else { "session:" };
            fill.arg(script).arg(0).arg(from).arg(from + 99_999).arg(prefix);
            fill.exec(&mut connection).unwrap();
        }
        let mut wanted: Vec<_> = (0..COUNT).map(name).collect();
        for name in &wanted {
            redis::cmd("SET")
                .arg(format!("evergrant:{name}"))
                .arg(&*JSON)
                .exec(&mut connection)
                .unwrap();
        }
        wanted.sort();
        let store = evergrant::RedisBackend::new(server.url()).unwrap();
        let mut processor = || -> f64 {
            let info: String = redis::cmd("INFO").arg("cpu").query(&mut connection).unwrap();
            let used = info.lines().find_map(|line| line.strip_prefix("used_cpu_user:"));
            used.unwrap().trim().parse().unwrap()
        };
        let before = processor();
        assert!(store.accounts(None, PAGE).unwrap() == wanted);
        let took = processor() - before;
        let program = program.file_name().unwrap().to_string_lossy();
        println!(
            "{program}: a page of {COUNT} accounts among {foreign} other keys takes {took:.2} s of the \
             server's processor time"
        );
    }
}

/// Refreshes each login ten times, a note and a successor each time, and looks at the table. `EVERGRANT_LOGINS=10000`
/// takes minutes.
#[cfg(feature = "postgres")]
#[test]
fn ten_refreshes_of_each_login_do_not_multiply_the_table() {
    use evergrant::sandbox::contract::{noted, successor};
    use evergrant::{PostgresBackend, TokenBackend as _};
    let wanted = std::env::var("EVERGRANT_LOGINS").ok();
    let count = wanted.map_or(500, |count| count.parse().unwrap());
    let Some(server) = crate::servers::postgres_set(&["fsync=off", "max_connections=50"]) else {
        return;
    };
    let mut admin = postgres::Client::connect(&server.url(), postgres::NoTls).unwrap();
    let mut look = |when: &str| {
        // The counters of a session reach the server's statistics when the session ends, at the latest.
        let sql = "SELECT pg_table_size(relid), pg_indexes_size(relid), n_live_tup, n_dead_tup, n_tup_upd, \
                   n_tup_hot_upd, autovacuum_count FROM pg_stat_user_tables WHERE relname = 'evergrant_logins'";
        let row = admin.query_one(sql, &[]).unwrap();
        let [table, index, live, dead, updated, hot, vacuums] =
            [0, 1, 2, 3, 4, 5, 6].map(|column| row.get::<_, i64>(column));
        println!(
            "{when}: table {} KiB, index {} KiB, {live} live and {dead} dead rows, {hot} of {updated} updates in \
             the row's page (HOT), {vacuums} vacuums",
            table / 1024,
            index / 1024
        );
        (table, index)
    };
    let rounds = |rounds: u32| {
        let store = PostgresBackend::new(server.url()).unwrap();
        std::thread::scope(|scope| {
            for part in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for n in (part..count).step_by(4) {
                        let login = store.account(name(n));
                        let mut record = match login.load().unwrap() {
                            Some(record) => record,
                            None => {
                                let long = "x".repeat(600);
                                let first = record(0).token().clone().with_scope(long);
                                login.save(&first.into()).unwrap();
                                login.load().unwrap().unwrap()
                            }
                        };
                        for round in 0..rounds {
                            let note = noted(&record);
                            login.save(&note).unwrap();
                            let token = record.token().clone();
                            record =
                                successor(&note, token.with_refresh_token(format!("rt-{round}")));
                            login.save(&record).unwrap();
                        }
                    }
                });
            }
        });
    };
    rounds(0);
    let (before, index) = look("after the logins");
    (0..10).for_each(|_| rounds(1));
    let (after, index_after) = look("after ten refreshes of each login");
    // Twenty new versions of each row are written, and only the last ones are needed.
    assert!(after < 4 * before, "{before} bytes, then {after}");
    assert!(index_after < 8 * index, "{index} bytes of the index, then {index_after}");
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
