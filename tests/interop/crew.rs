//! A crew: processes of many threads on one store, which get commands as lines. This file has the code of the
//! parent and of the processes. Each process runs this test program; its answers are lines that begin with `=
//! `.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, SystemTime};

use evergrant::clock::{Clock, SystemClock};
use evergrant::{Client, Credentials, FileBackend};
use serde_json::Value;

use crate::server::{BASIC, Kind, REDIRECT_URI, provider};
use crate::wire::HANGS;
use crate::{authlib, doorkeeper};

/// The threads of each process.
pub(crate) const THREADS: usize = 8;

/// The servers, by the names that are given to a process.
const KINDS: [(&str, &dyn Kind); 3] = [
    ("doorkeeper", &doorkeeper::UNTIL_USED),
    ("doorkeeper-strict", &doorkeeper::STRICT),
    ("authlib", &authlib::Authlib),
];

/// The computer's clocks, ahead by a given time.
#[derive(Debug, Default)]
pub(crate) struct Ahead(Mutex<Duration>);

impl Ahead {
    pub(crate) fn by(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    pub(crate) fn set(&self, by: Duration) {
        *self.0.lock().unwrap() = by;
    }
}

impl Clock for Ahead {
    fn now(&self) -> SystemTime {
        SystemClock.now() + self.by()
    }
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + self.by()
    }
    fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration);
    }
}

/// The settings that each process of the crew gets: the server, its port and token endpoint, and the store.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) kind: &'static str,
    pub(crate) port: u16,
    /// The token endpoint, through a [`crate::wire::Wire`].
    pub(crate) token_endpoint: String,
    pub(crate) store: PathBuf,
}

impl Place {
    fn kind(&self) -> &'static dyn Kind {
        KINDS.iter().find(|(name, _)| *name == self.kind).expect("a server").1
    }

    /// Makes a client with these settings.
    pub(crate) fn client(&self, clock: Arc<Ahead>) -> Client {
        let provider = provider(self.kind(), self.port, BASIC).token_endpoint(&self.token_endpoint);
        let provider = provider.build().expect("a provider");
        let credentials = Credentials::new(BASIC.0, BASIC.1).with_redirect_uri(REDIRECT_URI);
        let store = FileBackend::new(&self.store).with_clock(clock.clone());
        Client::builder(provider, credentials, store).clock(clock).build()
    }
}

/// If this process was started as a member of a crew, runs commands and never returns.
pub(crate) fn work_if_told_to() {
    let variable = |name: &str| std::env::var(format!("EVERGRANT_CREW_{name}")).ok();
    let Some(kind) = variable("KIND") else { return };
    let place = Place {
        kind: KINDS.iter().find(|(name, _)| *name == kind).expect("a server").0,
        port: variable("PORT").expect("a port").parse().expect("a number"),
        token_endpoint: variable("TOKEN").expect("an address"),
        store: variable("STORE").expect("a file").into(),
    };
    let clock = Arc::new(Ahead::default());
    let client = place.client(clock.clone());
    let me = place.kind().me();
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        // Each thread makes one call, with the clock ahead by the seconds in the line.
        clock.set(Duration::from_secs(line.parse().expect("seconds")));
        let start = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    say(&match client.get(me).read_json::<Value>() {
                        Ok(value) if value["sub"] == "alice" => "ok".to_owned(),
                        Ok(value) => format!("another answer: {value}"),
                        Err(error) => format!("{} {error:#}", error.kind()),
                    });
                });
            }
        });
    }
    std::process::exit(0);
}

fn say(text: &str) {
    // Write once, so that the lines of two threads do not mix.
    let line = format!("\n= {}\n", text.replace('\n', " "));
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
}

/// A process of the crew. Dropping the value kills the process.
struct Worker {
    process: Child,
    input: ChildStdin,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The answers that the threads of a crew got, each with the number of threads that got it.
pub(crate) type Answers = BTreeMap<String, usize>;

pub(crate) struct Crew {
    place: Place,
    workers: BTreeMap<usize, Worker>,
    /// The processes that got the command to call, and have not answered.
    busy: BTreeSet<usize>,
    next: usize,
    say: Sender<(usize, Option<String>)>,
    said: Receiver<(usize, Option<String>)>,
}

impl Crew {
    pub(crate) fn new(place: Place, processes: usize) -> Crew {
        let (say, said) = channel();
        let workers = BTreeMap::new();
        let mut crew = Crew { place, workers, busy: BTreeSet::new(), next: 0, say, said };
        (0..processes).for_each(|_| crew.start());
        crew
    }

    fn start(&mut self) {
        let place = &self.place;
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "crew_entry", "--nocapture", "--test-threads=1"])
            .env("EVERGRANT_CREW_KIND", place.kind)
            .env("EVERGRANT_CREW_PORT", place.port.to_string())
            .env("EVERGRANT_CREW_TOKEN", &place.token_endpoint)
            .env("EVERGRANT_CREW_STORE", &place.store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let id = self.next;
        self.next += 1;
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let say = self.say.clone();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("= ") {
                    let _ = say.send((id, Some(said.to_owned())));
                }
            }
            let _ = say.send((id, None));
        });
        let input = process.stdin.take().expect("its input");
        self.workers.insert(id, Worker { process, input });
    }

    /// Makes every thread call once.
    pub(crate) fn call(&mut self, ahead: Duration) {
        for (id, worker) in &mut self.workers {
            writeln!(worker.input, "{}", ahead.as_secs()).expect("the process reads commands");
            self.busy.insert(*id);
        }
    }

    /// Waits for the answers of the processes that live.
    pub(crate) fn answers(&mut self) -> Answers {
        let mut answers = Answers::new();
        let mut left: BTreeMap<usize, usize> = self.busy.iter().map(|id| (*id, THREADS)).collect();
        self.busy.clear();
        while !left.is_empty() {
            let (id, said) = self.said.recv_timeout(HANGS).expect("a process hangs");
            // The answers of a process that was killed are ignored.
            let Some(missing) = left.get_mut(&id) else { continue };
            *answers.entry(said.expect("a process has ended")).or_default() += 1;
            *missing -= 1;
            if *missing == 0 {
                left.remove(&id);
            }
        }
        answers
    }

    /// Finds the process with this process id.
    pub(crate) fn find(&self, pid: u32) -> Option<usize> {
        self.workers.iter().find(|(_, worker)| worker.process.id() == pid).map(|(id, _)| *id)
    }

    /// Chooses one of the processes, except `but`.
    pub(crate) fn another(&self, but: Option<usize>, choice: usize) -> usize {
        let all: Vec<usize> = self.workers.keys().copied().filter(|id| Some(*id) != but).collect();
        all[choice % all.len()]
    }

    /// Kills a process with SIGKILL, and starts another process in its place, which joins at the next
    /// call.
    pub(crate) fn kill(&mut self, id: usize) {
        drop(self.workers.remove(&id).expect("a process"));
        self.busy.remove(&id);
        self.start();
    }
}
