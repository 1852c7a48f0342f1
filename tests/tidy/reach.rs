//! Lists every file that the crate touches, and every address to which it sends data. A call that is
//! not listed here fails the test: list the call, and say why it is safe.

use super::{Source, sources};

/// Calls that touch a file.
const FILE_CALLS: [&str; 22] = [
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions::new",
    "private().",
    "disk::private",
    "disk::open",
    "disk::create",
    "fs::read(",
    "fs::read_to_string",
    "fs::read_link",
    "fs::read_dir",
    "fs::write",
    "fs::copy",
    "fs::rename",
    "fs::remove_",
    "fs::create_dir",
    "fs::hard_link",
    "fs::set_permissions",
    "fs::canonicalize",
    "open_with_flags",
    "dotenvy::dotenv",
];

/// Calls that connect, listen, look up a name or start a program.
const SEND_CALLS: [&str; 13] = [
    "agent.run",
    "agents.send",
    "next.handle",
    "TcpStream::connect",
    "TcpListener::bind",
    "UdpSocket::bind",
    "to_socket_addrs",
    "socket_addrs(",
    "Client::open",
    "config.connect",
    "inner.connect",
    "webbrowser::open",
    "Command::new",
];

/// The source, the call, its count, the file that the call touches, and the reason why the call is
/// safe. Some entries name a test.
const FILES: [(&str, &str, usize, &str); 46] = [
    (
        "src/backend/accounts/folder.rs",
        "fs::read_dir",
        1,
        "the folder of a fleet's logins: names only, to list the accounts",
    ),
    (
        "src/backend/accounts/folder.rs",
        "File::options",
        1,
        "`NAME.name`, to read the long name of an account; 64 KiB at most",
    ),
    (
        "src/backend/accounts/folder.rs",
        "disk::open",
        1,
        "`NAME.name`: a regular file, no link, no wait",
    ),
    (
        "src/backend/accounts/folder.rs",
        "disk::create",
        1,
        "the next `NAME.name` under a random name, mode 0600; no secret",
    ),
    ("src/backend/accounts/folder.rs", "fs::rename", 1, "the next `NAME.name` over `NAME.name`"),
    (
        "src/backend/disk.rs",
        "File::open",
        1,
        "the folder of a login file, to flush it; nothing is read",
    ),
    (
        "src/backend/disk.rs",
        "OpenOptions::new",
        1,
        "`private`: mode 0600 for every file that is created",
    ),
    (
        "src/backend/disk.rs",
        "private().",
        1,
        "`create`: only a file that was not there, so no link is followed",
    ),
    (
        "src/backend/disk.rs",
        "fs::read_link",
        1,
        "a login file that is a link: its target is the login file",
    ),
    (
        "src/backend/disk.rs",
        "fs::remove_",
        1,
        "helper and login files, by name; a link goes, not its target",
    ),
    (
        "src/backend/disk/identity.rs",
        "File::options",
        2,
        "Windows: a file, to look at it or to flush it; nothing is read or written",
    ),
    ("src/backend/disk/mounts.rs", "fs::read(", 1, "/proc/self/mountinfo"),
    ("src/backend/disk/kinds.rs", "fs::canonicalize", 1, "the folder of a store's file"),
    (
        "src/backend/disk/kinds.rs",
        "fs::read_to_string",
        1,
        "/proc/self/mountinfo: the file systems of this process",
    ),
    ("src/backend/disk/paths.rs", "fs::canonicalize", 1, "the folder of a login file"),
    ("src/backend/file.rs", "File::options", 1, "the login file, to read it"),
    ("src/backend/file.rs", "disk::open", 1, "the login file: a regular file, no link, no wait"),
    ("src/backend/file.rs", "disk::create", 1, "the next login file under a random name"),
    ("src/backend/file.rs", "fs::rename", 1, "the next login file over the login file"),
    (
        "src/backend/file/mark.rs",
        "File::options",
        2,
        "the mark beside a login file, to read and to write it",
    ),
    ("src/backend/file/mark.rs", "disk::open", 2, "the mark: a regular file, no link, no wait"),
    ("src/backend/file/mark.rs", "disk::create", 1, "the mark; there is no secret in it"),
    (
        "src/backend/file/room.rs",
        "File::options",
        2,
        "`.NAME.evergrant-next`, to write it; on Windows `.NAME.evergrant-saving`, to lock it",
    ),
    (
        "src/backend/file/room.rs",
        "disk::open",
        2,
        "`.NAME.evergrant-next`: ours, with one name (strangers.rs); `.NAME.evergrant-saving`",
    ),
    (
        "src/backend/file/room.rs",
        "disk::create",
        2,
        "`.NAME.evergrant-next`, and a probe that is removed",
    ),
    (
        "src/backend/lock.rs",
        "File::options",
        1,
        "the lock file (on Windows also that of saves), to lock it; nothing is written",
    ),
    (
        "src/backend/lock.rs",
        "disk::open",
        1,
        "the lock file: a regular file, no link, no wait (strangers.rs)",
    ),
    ("src/backend/lock.rs", "disk::create", 1, "the lock file, empty"),
    ("src/backend/locked/gaps.rs", "File::options", 1, "a file of ours that is tested for gaps"),
    ("src/backend/locked/gaps.rs", "fs::rename", 1, "the same file, to another name"),
    (
        "src/backend/owner.rs",
        "disk::create",
        1,
        "a probe under a random name, empty, removed at once",
    ),
    (
        "src/backend/sealed/key.rs",
        "File::open",
        1,
        "the key file that the user names: a regular file, 4 KiB at most",
    ),
    (
        "src/backend/sqlite.rs",
        "File::options",
        1,
        "SQLite's journal and log, to flush them; nothing is read",
    ),
    ("src/backend/sqlite/connections.rs", "disk::create", 1, "a new database, mode 0600"),
    ("src/backend/sqlite/lock.rs", "disk::create", 1, "an empty file: the lock file is new"),
    (
        "src/backend/sqlite/connections.rs",
        "open_with_flags",
        1,
        "the database and the account's lock file: regular files",
    ),
    (
        "src/backend/sqlite/wal.rs",
        "File::options",
        1,
        "SQLite's log, to append zeros to it inside a write transaction",
    ),
    (
        "src/backend/sqlite/wal.rs",
        "fs::rename",
        2,
        "the log of a database that was replaced, to a random name; another log, back",
    ),
    ("src/discovery/cache.rs", "File::options", 1, "the cache file, to read it; 2 MiB at most"),
    (
        "src/discovery/cache.rs",
        "disk::open",
        1,
        "the cache file: regular, ours alone, no link, no wait (discovery.rs)",
    ),
    (
        "src/discovery/cache.rs",
        "disk::create",
        1,
        "the next cache file under a random name, mode 0600",
    ),
    ("src/discovery/cache.rs", "fs::rename", 1, "the next cache file over the cache file"),
    (
        "src/discovery/cache.rs",
        "fs::remove_",
        1,
        "the next cache file, when it could not be written",
    ),
    (
        "src/env/dotenv.rs",
        "File::open",
        1,
        "`.env`, when the program asks: a regular file, 1 MiB at most (dotenv.rs)",
    ),
    ("src/jwt.rs", "File::open", 1, "the key file of a service account that the user names"),
    ("src/record/note.rs", "fs::read_to_string", 1, "the name of this host"),
];

/// The source, the call, its count, and the address with what prevents another address.
const SENDS: [(&str, &str, usize, &str); 16] = [
    ("src/backend/postgres/hosts.rs", "config.connect", 1, "a time limit; nothing is sent"),
    (
        "src/backend/postgres/hosts.rs",
        "to_socket_addrs",
        1,
        "the name service: the host of the database that the user names",
    ),
    ("src/backend/postgres/hosts.rs", "socket_addrs(", 1, "the same call"),
    (
        "src/backend/postgres/wire.rs",
        "config.connect",
        1,
        "the database that the user names: the login",
    ),
    ("src/backend/redis.rs", "Client::open", 2, "the server that the user names: the login"),
    (
        "src/interactive.rs",
        "webbrowser::open",
        1,
        "the authorization endpoint, written again (authorize.rs); state and challenge",
    ),
    (
        "src/interactive/listener.rs",
        "TcpListener::bind",
        1,
        "the redirect URI on loopback: the code comes in",
    ),
    (
        "src/middleware.rs",
        "next.handle",
        2,
        "API calls: the token to the base's origin and allowed ones (hosts.rs)",
    ),
    (
        "src/middleware/again.rs",
        "next.handle",
        2,
        "API calls with a proof, after the same check of the address (hosts.rs)",
    ),
    (
        "src/middleware/again.rs",
        "agent.run",
        2,
        "the same request to the same address with another proof, no redirect (dpop/middleware.rs)",
    ),
    (
        "src/request/send.rs",
        "agent.run",
        2,
        "API calls: the token to the base's origin and allowed ones (hosts.rs)",
    ),
    (
        "src/transport.rs",
        "agents.send",
        1,
        "the provider's endpoints: https or loopback, no redirect (builder.rs)",
    ),
    (
        "src/transport/exchange.rs",
        "agent.run",
        2,
        "the same, and the loopback host as it is parsed (hosts.rs)",
    ),
    (
        "src/transport/exchange.rs",
        "agents.send",
        1,
        "discovery, without a secret; registration, with its own tokens; public addresses only if asked",
    ),
    ("src/transport/limit.rs", "inner.connect", 1, "the connection below `agent.run`"),
    (
        "src/transport/public.rs",
        "socket_addrs(",
        1,
        "looks the names of endpoints up; nothing is sent to them",
    ),
];

/// Returns the calls in a source, each with its count.
fn calls(source: &Source, known: &[&'static str]) -> Vec<(&'static str, usize)> {
    let code: String = source.code().flat_map(|line| [line, "\n"]).collect();
    let count = |call: &&'static str| (*call, code.matches(call).count());
    known.iter().map(count).filter(|(_, count)| *count > 0).collect()
}

/// Returns the calls that are in the sources and not in the table, and the calls that are in the table and no
/// longer in the sources.
fn differences(
    all: &[Source],
    known: &[&'static str],
    table: &[(&str, &str, usize, &str)],
) -> Vec<String> {
    let is_ours = |source: &&Source| {
        // The sandbox is for tests, and the fuzz targets write their seeds into a given folder.
        source.path.starts_with("src/") && !source.path.starts_with("src/sandbox")
    };
    let mut found = Vec::new();
    for source in all.iter().filter(is_ours) {
        for (call, count) in calls(source, known) {
            found.push((source.path.as_str(), call, count));
        }
    }
    let listed: Vec<_> =
        table.iter().map(|(path, call, count, _)| (*path, *call, *count)).collect();
    let new = found.iter().filter(|entry| !listed.contains(entry));
    let gone = listed.iter().filter(|entry| !found.contains(entry));
    let new =
        new.map(|(path, call, count)| format!("{path}: {call} {count} times is not in the table"));
    let gone = gone.map(|(path, call, count)| format!("{path}: {call} is not there {count} times"));
    new.chain(gone).collect()
}

#[test]
fn every_file_that_is_touched_is_in_the_table() {
    let table: Vec<_> = FILES.into_iter().chain(super::program::FILES).collect();
    let differences = differences(&sources("src"), &FILE_CALLS, &table);
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn every_address_that_is_sent_to_is_in_the_table() {
    let differences = differences(&sources("src"), &SEND_CALLS, &SENDS);
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn the_check_of_files_and_addresses_can_fail() {
    let source = |text: &str| Source { path: "src/x.rs".to_owned(), text: text.to_owned() };
    let table = [("src/x.rs", "fs::write", 1, "somewhere")];
    let check = |text| differences(&[source(text)], &FILE_CALLS, &table).len();
    assert_eq!(check("std::fs::write(a, b)"), 0);
    assert_eq!(check("std::fs::write(a, b); File::open(c)"), 1);
    assert_eq!(check("fs::write(a, b);\nfs::write(c, d);"), 2);
    assert_eq!(check("// fs::write(a, b)"), 1);
    let sends = differences(&[source("agent.run(request)")], &SEND_CALLS, &[]);
    assert_eq!(sends, ["src/x.rs: agent.run 1 times is not in the table"]);
}
