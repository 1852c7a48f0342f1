//! A server in memory that knows the commands of this store, and fails on command.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use parking_lot::Mutex;
use redis::{RedisError, Value};

use super::super::lock::{NOTE, RELEASE, RENEW, TAKE};
use super::super::replicas::{CLEAR, DELETED};
use super::super::*;

/// A function that runs instead of a command, or just before it.
type Act = Box<dyn FnOnce() -> Option<RedisError> + Send>;

#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<State>>);

struct State {
    values: BTreeMap<String, String>,
    /// The lifetime that each key was given, in milliseconds.
    lives: BTreeMap<String, String>,
    settings: BTreeMap<&'static str, &'static str>,
    run: &'static str,
    replication: &'static str,
    /// How many replicas confirm each write.
    confirms: i64,
    opened: i64,
    open: BTreeSet<i64>,
    said: Vec<String>,
    acts: Vec<(&'static str, Act)>,
    refused: Vec<&'static str>,
}

/// An error of the connection.
pub(super) fn broken(kind: ErrorKind) -> RedisError {
    std::io::Error::from(kind).into()
}

/// An error that the server answers.
pub(super) fn answer(code: &str) -> RedisError {
    redis::make_extension_error(code.to_owned(), None)
}

impl Server {
    pub(super) fn new() -> Server {
        let settings =
            [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory", "0")].into();
        Server(Arc::new(Mutex::new(State {
            values: BTreeMap::new(),
            lives: BTreeMap::new(),
            settings,
            run: "first",
            confirms: 0,
            replication: "role:master\r\nconnected_slaves:0\r\nother:1\r\n",
            opened: 0,
            open: BTreeSet::new(),
            said: Vec::new(),
            acts: Vec::new(),
            refused: Vec::new(),
        })))
    }

    fn connect(&self) -> Wire {
        let mut state = self.0.lock();
        state.opened += 1;
        let id = state.opened;
        state.open.insert(id);
        Wire { server: self.clone(), id }
    }

    /// A store that keeps its connection, as a store for a URL does.
    pub(super) fn store(&self) -> RedisBackend {
        let server = self.clone();
        let open = move || -> Result<Link, BoxError> { Ok(Link::new(server.connect())) };
        RedisBackend::on(owned(8, Arc::new(open)), random_id(), "test".to_owned())
    }

    /// A store on connections that the program lends.
    pub(super) fn lent(&self) -> RedisBackend {
        let server = self.clone();
        RedisBackend::with_connections(move || Ok::<_, RedisError>(server.connect()))
    }

    /// Lets the next command of this name fail.
    pub(super) fn fails(&self, name: &'static str, error: RedisError) {
        self.0.lock().acts.push((name, Box::new(|| Some(error))));
    }

    /// Runs `act` just before the next command of this name.
    pub(super) fn before(&self, name: &'static str, act: impl FnOnce() + Send + 'static) {
        let act = || {
            act();
            None
        };
        self.0.lock().acts.push((name, Box::new(act)));
    }

    /// Refuses a command from now on.
    pub(super) fn refuses(&self, name: &'static str) {
        self.0.lock().refused.push(name);
    }

    /// The commands since the last call.
    pub(super) fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().said)
    }

    /// How often a command was sent since the last call of `said`.
    pub(super) fn count(&self, name: &str) -> usize {
        self.0.lock().said.iter().filter(|said| *said == name).count()
    }

    pub(super) fn opened(&self) -> i64 {
        self.0.lock().opened
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.0.lock().open.len()
    }

    /// Sets whether the server's list of connections has the open connections.
    pub(super) fn lists(&self, lists: bool) {
        let mut state = self.0.lock();
        state.open = if lists { (1..=state.opened).collect() } else { BTreeSet::new() };
    }

    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.0.lock().values.get(key).cloned()
    }

    pub(super) fn set(&self, key: &str, value: &str) {
        self.0.lock().values.insert(key.to_owned(), value.to_owned());
    }

    pub(super) fn life(&self, key: &str) -> String {
        self.0.lock().lives[key].clone()
    }

    pub(super) fn setting(&self, name: &'static str, value: &'static str) {
        self.0.lock().settings.insert(name, value);
    }

    pub(super) fn replication(&self, text: &'static str) {
        self.0.lock().replication = text;
    }

    /// Sets how many replicas confirm each write.
    pub(super) fn confirms(&self, count: i64) {
        self.0.lock().confirms = count;
    }

    pub(super) fn deletes(&self, key: &str) {
        self.0.lock().values.remove(key);
    }

    /// Restarts the server under another run id; connections stay usable.
    pub(super) fn run(&self, run: &'static str) {
        self.0.lock().run = run;
    }

    fn answer(&self, id: i64, words: &[String]) -> Result<Value, RedisError> {
        let name = name(words);
        self.0.lock().said.push(name.clone());
        let act = {
            let mut state = self.0.lock();
            let found = state.acts.iter().position(|(of, _)| *of == name);
            found.map(|at| state.acts.remove(at).1)
        };
        if let Some(error) = act.and_then(|act| act()) {
            return Err(error);
        }
        let mut state = self.0.lock();
        if state.refused.contains(&&*name) {
            return Err(answer("NOPERM"));
        }
        Ok(state.run(id, &name, words))
    }
}

/// A command's name, or the name of its script.
fn name(words: &[String]) -> String {
    let scripts = [
        (TAKE, "TAKE"),
        (NOTE, "NOTE"),
        (RENEW, "RENEW"),
        (RELEASE, "RELEASE"),
        (SWAP, "SWAP"),
        (CLEAR, "CLEAR"),
        (DELETED, "DELETED"),
    ];
    match &*words[0] {
        "EVAL" => scripts.iter().find(|(text, _)| *text == words[1]).unwrap().1.to_owned(),
        "CLIENT" | "INFO" => format!("{} {}", words[0], words[1]),
        word => word.to_owned(),
    }
}

impl State {
    fn run(&mut self, id: i64, name: &str, words: &[String]) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        if words[0] == "EVAL" {
            let keys: usize = words[2].parse().unwrap();
            assert_eq!(keys, if ["TAKE", "NOTE"].contains(&name) { 2 } else { 1 });
            return self.script(name, &words[3..3 + keys], &words[3 + keys..]);
        }
        match name {
            "GET" => self.values.get(&words[1]).map_or(Value::Nil, |value| text(value)),
            "DEL" => Value::Int(self.values.remove(&words[1]).is_some().into()),
            "WAIT" => Value::Int(self.confirms),
            "CLIENT ID" => Value::Int(id),
            "CLIENT LIST" => match words[3].parse().is_ok_and(|id| self.open.contains(&id)) {
                true => text(&format!("id={} addr=here\n", words[3])),
                false => text(""),
            },
            "INFO server" => text(&format!("version:1\r\nrun_id:{}\r\n", self.run)),
            "INFO replication" => text(self.replication),
            "CONFIG" => match self.settings.get_key_value(&*words[2]) {
                Some((name, value)) => Value::Array(vec![text(name), text(value)]),
                None => Value::Array(Vec::new()),
            },
            other => panic!("what is {other}?"),
        }
    }

    fn script(&mut self, name: &str, keys: &[String], arguments: &[String]) -> Value {
        let key = &*keys[0];
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let held = self.values.get(key).cloned().unwrap_or_default();
        let ours = !held.is_empty() && arguments.first().is_some_and(|word| held.starts_with(word));
        let mut set = |value: &str, life: &str| {
            self.values.insert(key.to_owned(), value.to_owned());
            self.lives.insert(key.to_owned(), life.to_owned());
        };
        match name {
            "SWAP" if held == arguments[0] => set(&arguments[1], ""),
            "TAKE" => {
                let free =
                    held.is_empty() || held.starts_with(&arguments[3]) || held == arguments[2];
                if !free {
                    return Value::Array(vec![text(&held), Value::Nil, Value::Int(0)]);
                }
                set(&arguments[0], &arguments[1]);
                let record = self.values.get(&keys[1]).map_or(Value::Nil, |value| text(value));
                return Value::Array(vec![text(&arguments[0]), record, Value::Int(1)]);
            }
            "NOTE" => {
                let lock = self.values.get(&keys[1]).cloned().unwrap_or_default();
                let (ours, same) = (lock.starts_with(&arguments[2]), held == arguments[0]);
                if ours && same {
                    for (key, value, life) in
                        [(&keys[0], &arguments[1], ""), (&keys[1], &arguments[3], &*arguments[4])]
                    {
                        self.values.insert(key.clone(), value.clone());
                        self.lives.insert(key.clone(), life.to_owned());
                    }
                }
                let told = [ours, ours && same].map(|is| Value::Int(is.into()));
                return Value::Array(told.to_vec());
            }
            "RENEW" if ours => set(&arguments[1], &arguments[2]),
            "DELETED" if held.is_empty() => {}
            "CLEAR" if held == arguments[0] => drop(self.values.remove(key)),
            "RELEASE" if ours => drop(self.values.remove(key)),
            _ => return Value::Int(0),
        }
        Value::Int(1)
    }
}

/// A connection.
struct Wire {
    server: Server,
    id: i64,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.0.lock().open.remove(&self.id);
    }
}

impl ConnectionLike for Wire {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        // `*3`, and for each word `$length` and the word, each with an end of line.
        let text = String::from_utf8(command.to_vec()).unwrap();
        let (_, mut rest) = text.split_once("\r\n").unwrap();
        let mut words = Vec::new();
        while let Some((length, after)) = rest.split_once("\r\n") {
            let (word, after) = after.split_at(length[1..].parse().unwrap());
            words.push(word.to_owned());
            rest = &after[2..];
        }
        self.server.answer(self.id, &words)
    }

    fn req_packed_commands(&mut self, _: &[u8], _: usize, _: usize) -> RedisResult<Vec<Value>> {
        Err(broken(ErrorKind::Unsupported))
    }

    fn get_db(&self) -> i64 {
        0
    }

    fn check_connection(&mut self) -> bool {
        true
    }

    fn is_open(&self) -> bool {
        true
    }
}
