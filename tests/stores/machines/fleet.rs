//! Three hosts of 32 workers each on one store, a service, and a clock for all of them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use evergrant::TokenBackend;
use evergrant::backend::Record;
use evergrant::clock::Clock;
use evergrant::sandbox::{Fault, Gate, Sandbox};

use super::proxy::{Network, Proxy};
use super::worker::{Ahead, client, open, rotation};
use crate::servers::{Server, signal};
use crate::support::*;

pub(crate) const LIFE: Duration = Duration::from_secs(3600);
/// A time longer than a refresh can take with the sandbox's timeouts, and shorter than the grace window.
pub(crate) const PAST_DEADLINE: Duration = Duration::from_secs(310);
/// A test gives up after this time without a line from a worker. No test waits for this time to pass.
const HANGS: Duration = Duration::from_secs(600);

pub(crate) const HOSTS: usize = 3;
pub(crate) const WORKERS: usize = 32;

pub(crate) struct Fleet {
    pub(crate) server: Server,
    pub(crate) sandbox: Sandbox,
    class: &'static str,
    clock: Arc<Ahead>,
    /// The store over the test's own connection, which is never cut.
    pub(crate) store: Box<dyn TokenBackend>,
    proxies: Vec<Proxy>,
    workers: BTreeMap<usize, Worker>,
    /// The process group of each host.
    groups: [i32; HOSTS],
    next: usize,
    say: Sender<Said>,
    said: Receiver<Said>,
    /// The time of the longest call, in real time.
    pub(crate) longest: Duration,
}

struct Worker {
    host: usize,
    process: std::process::Child,
    input: ChildStdin,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The number of a worker, and a line that it wrote.
type Said = (usize, String);

/// The answers, by the number of the worker.
pub(crate) type Answers = BTreeMap<usize, String>;

impl Fleet {
    pub(crate) fn new(server: Server, class: &'static str) -> Fleet {
        let clock = Arc::new(Ahead::default());
        let sandbox = Sandbox::builder()
            .rotation(rotation(class))
            .access_token_lifetime(LIFE)
            .clock(clock.clone())
            .start()
            .unwrap();
        let proxies = (0..HOSTS).map(|_| Proxy::to(server.port())).collect();
        let store = open(&server.url(), clock.clone());
        let (say, said) = channel();
        let mut fleet = Fleet {
            server,
            sandbox,
            class,
            clock,
            store,
            proxies,
            workers: BTreeMap::new(),
            groups: [0; HOSTS],
            next: 0,
            say,
            said,
            longest: Duration::ZERO,
        };
        fleet.log_in();
        for host in 0..HOSTS {
            for _ in 0..WORKERS {
                fleet.start(host);
            }
        }
        let ready = fleet.hear(HOSTS * WORKERS, &|said| said == "ready");
        assert_eq!(ready.len(), HOSTS * WORKERS);
        fleet
    }

    /// Plays a person who logs in.
    pub(crate) fn log_in(&self) {
        let store = open(&self.server.url(), self.clock.clone());
        let client = client(self.sandbox.url(), self.class, store, self.clock.clone());
        let authorization = client.authorize(&[]).unwrap();
        let callback = self.sandbox.approve(authorization.url()).unwrap();
        client.exchange(authorization, &callback).unwrap();
    }

    /// Starts a worker in the process group of its host. Returns the worker's number.
    fn start(&mut self, host: usize) -> usize {
        let mut process = child::<&str>("machines::work", &[])
            .env("STORE", self.server.url_at(self.proxies[host].port))
            .env("SERVICE", self.sandbox.url())
            .env("CLASS", self.class)
            .env("AHEAD", self.clock.by().as_millis().to_string())
            .process_group(self.groups[host])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        if self.groups[host] == 0 {
            self.groups[host] = i32::try_from(process.id()).unwrap();
        }
        let id = self.next;
        self.next += 1;
        let say = self.say.clone();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("= ") {
                    let _ = say.send((id, said.to_owned()));
                }
            }
        });
        let input = process.stdin.take().unwrap();
        self.workers.insert(id, Worker { host, process, input });
        id
    }

    pub(crate) fn tell(&mut self, id: usize, line: &str) {
        let worker = self.workers.get_mut(&id).unwrap();
        worker.input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn everybody(&self) -> Vec<usize> {
        self.workers.keys().copied().collect()
    }

    pub(crate) fn but(&self, id: usize) -> Vec<usize> {
        self.workers.keys().copied().filter(|other| *other != id).collect()
    }

    pub(crate) fn tell_all(&mut self, ids: &[usize], line: &str) {
        ids.iter().for_each(|id| self.tell(*id, line));
    }

    /// Waits for the next `count` lines that are `wanted`; drops all others.
    fn hear(&mut self, count: usize, wanted: &dyn Fn(&str) -> bool) -> Answers {
        let mut heard = Answers::new();
        while heard.len() < count {
            let (id, said) = self.said.recv_timeout(HANGS).expect("a worker hangs");
            if wanted(&said) {
                heard.insert(id, said);
            }
        }
        heard
    }

    /// Waits for the answers of `count` calls.
    pub(crate) fn answers(&mut self, count: usize) -> Answers {
        let is_answer = |said: &str| said.starts_with(|c: char| c.is_ascii_digit());
        let mut heard = self.hear(count, &is_answer);
        for said in heard.values_mut() {
            let (took, answer) = said.split_once(' ').unwrap();
            self.longest = self.longest.max(Duration::from_millis(took.parse().unwrap()));
            *said = answer.to_owned();
        }
        heard
    }

    /// Makes each of these workers call once.
    pub(crate) fn all_call(&mut self, ids: &[usize]) -> Answers {
        self.tell_all(ids, "call");
        self.answers(ids.len())
    }

    /// Lets time pass for the sandbox and all workers.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.tell_all(&self.everybody(), &format!("ahead {}", by.as_millis()));
    }

    /// Lets the access token expire.
    pub(crate) fn expire(&mut self) {
        self.advance(LIFE);
    }

    /// Makes all workers call, and stops the process that reaches this place of the refresh.
    pub(crate) fn stopped_at(&mut self, place: &str) -> usize {
        let all = self.everybody();
        self.tell_all(&all, &format!("halt {place}"));
        self.hear(all.len(), &|said| said == "knows");
        self.expire();
        self.tell_all(&all, "call");
        let halted = self.hear(1, &|said| said == "halted");
        let id = *halted.keys().next().unwrap();
        self.stop(id);
        let others = self.but(id);
        self.tell_all(&others, "halt");
        self.hear(others.len(), &|said| said == "knows");
        id
    }

    /// Makes all workers call. The server decides the request, and the gate holds its answer. Returns the
    /// worker that sent the request.
    pub(crate) fn decided(&mut self) -> (usize, Gate) {
        let gate = Gate::new();
        self.sandbox.fault(Fault::HoldAfter(gate.clone()));
        self.expire();
        self.tell_all(&self.everybody(), "call");
        assert!(gate.wait_for(1, HANGS), "nobody has sent a request");
        let pid = self.stored().note().expect("a note").holder.pid;
        let found = self.workers.iter().find(|(_, worker)| worker.process.id() == pid);
        (*found.expect("a worker").0, gate)
    }

    /// Waits until `count` workers wait for the lock.
    pub(crate) fn all_wait(&mut self, count: usize) {
        self.hear(count, &|said| said == "waits");
    }

    pub(crate) fn stored(&self) -> Record {
        self.store.load().unwrap().unwrap()
    }

    fn pid(&self, id: usize) -> u32 {
        self.workers[&id].process.id()
    }

    fn until_stopped(&self, id: usize) {
        let path = format!("/proc/{}/stat", self.pid(id));
        let state = || std::fs::read_to_string(&path).unwrap();
        while !state().rsplit(')').next().unwrap().trim_start().starts_with('T') {
            std::thread::yield_now();
        }
    }

    pub(crate) fn stop(&self, id: usize) {
        signal("STOP", self.pid(id));
        self.until_stopped(id);
    }

    pub(crate) fn go_on(&mut self, id: usize) {
        signal("CONT", self.pid(id));
        self.tell(id, "go");
    }

    /// Kills a worker with SIGKILL, and starts another in its place.
    pub(crate) fn kill(&mut self, id: usize) {
        let host = self.workers.remove(&id).unwrap().host;
        self.start(host);
    }

    pub(crate) fn host_of(&self, id: usize) -> usize {
        self.workers[&id].host
    }

    pub(crate) fn network(&self, host: usize, network: Network) {
        self.proxies[host].set(network);
    }

    /// Ends the lease at the server, because the server's clock cannot be set. Another test shows that the
    /// server ends a lease by itself when the time of the lease is over.
    pub(crate) fn end_lease(&self) {
        let url = self.server.url();
        if url.starts_with("redis") {
            #[cfg(feature = "redis")]
            redis::cmd("PEXPIRE")
                .arg("evergrant:default:lock")
                .arg(1)
                .exec(&mut redis::Client::open(url).unwrap().get_connection().unwrap())
                .unwrap();
        } else {
            #[cfg(feature = "postgres")]
            postgres::Client::connect(&url, postgres::NoTls)
                .unwrap()
                .batch_execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks \
                     WHERE locktype = 'advisory' AND granted",
                )
                .unwrap();
        }
    }

    /// Checks the end of a round: all workers have the same token, and the login is valid.
    #[track_caller]
    pub(crate) fn settled(&mut self, what: &str) {
        let all = self.everybody();
        assert_eq!(all.len(), HOSTS * WORKERS);
        let answers = self.all_call(&all);
        let first = answers.values().next().unwrap().clone();
        let same = answers.values().all(|answer| *answer == first);
        assert!(same && first.starts_with("ok at-"), "{what}: {answers:?}");
        assert!(self.sandbox.login_alive(), "{what}: the login is lost");
        assert!(self.stored().note().is_none(), "{what}");
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.sandbox.counters().token_requests
    }

    pub(crate) fn now(&self) -> std::time::SystemTime {
        self.clock.now()
    }
}
