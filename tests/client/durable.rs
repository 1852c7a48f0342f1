//! Tests of clause P2 of the promise: a new pair of tokens is durable before its access token is used.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evergrant::backend::{Guard, Record};
use evergrant::sandbox::{ApiReply, EventKind, Sandbox};
use evergrant::{BoxError, Client, MemoryBackend, Token, TokenBackend};
use serde_json::Value;

use crate::support::{PATIENCE, at, sandbox};

/// Holds the save of a new token until the test releases it.
struct Holding {
    inner: MemoryBackend,
    first: String,
    arrived: Mutex<Sender<()>>,
    let_go: Mutex<Receiver<()>>,
    saved: Arc<AtomicBool>,
}

struct Hand {
    arrived: Receiver<()>,
    let_go: Sender<()>,
    saved: Arc<AtomicBool>,
}

impl Holding {
    fn new(first: &Token) -> (Holding, Hand) {
        let (arrived, has_arrived) = channel();
        let (let_go, is_let_go) = channel();
        let saved = Arc::new(AtomicBool::new(false));
        let backend = Holding {
            inner: MemoryBackend::new(),
            first: at(first).to_owned(),
            arrived: Mutex::new(arrived),
            let_go: Mutex::new(is_let_go),
            saved: saved.clone(),
        };
        (backend, Hand { arrived: has_arrived, let_go, saved })
    }
}

impl TokenBackend for Holding {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.inner.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let successor = at(record.token()) != self.first;
        if successor {
            self.arrived.lock().unwrap().send(())?;
            self.let_go.lock().unwrap().recv_timeout(PATIENCE)?;
        }
        self.inner.save(record)?;
        self.saved.fetch_or(successor, Ordering::SeqCst);
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.inner.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.inner.lock(wait)
    }
}

fn used(sandbox: &Sandbox, access_token: &str) -> bool {
    let is = |event: &evergrant::sandbox::Event| {
        event.kind == EventKind::Used && event.access_token.as_deref() == Some(access_token)
    };
    sandbox.events().iter().any(is)
}

fn number(client: &Client) -> u64 {
    let me: Value = client.get("/me").read_json().unwrap();
    me["access_token_number"].as_u64().unwrap()
}

#[test]
fn while_a_new_token_is_saved_threads_use_the_old_one() {
    let sandbox = sandbox();
    let token = sandbox.login();
    let (backend, hand) = Holding::new(&token);
    let client = Client::new(sandbox.provider(), sandbox.credentials(), backend);
    client.seed(token).unwrap();
    thread::scope(|scope| {
        // Move `hand` into this closure: if an assertion fails, `hand` is dropped, which releases the save.
        let hand = hand;
        let refresh = scope.spawn(|| client.refresh());
        hand.arrived.recv_timeout(PATIENCE).unwrap();
        // The other threads use the old token, which works.
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| number(&client))).collect();
        for call in calls {
            assert_eq!(call.join().unwrap(), 1);
        }
        assert!(!refresh.is_finished());
        assert!(!used(&sandbox, "at-2"));
        hand.let_go.send(()).unwrap();
        refresh.join().unwrap().unwrap();
    });
    assert_eq!((number(&client), sandbox.counters().refreshes), (2, 1));
}

#[test]
fn no_request_carries_the_new_token_before_it_is_saved() {
    let sandbox = sandbox();
    let token = sandbox.login();
    let (backend, hand) = Holding::new(&token);
    let saved = hand.saved.clone();
    // Every request with the second token checks that its save has returned.
    let early = Arc::new(AtomicBool::new(false));
    let seen = early.clone();
    sandbox.on("GET", "/api/watch", move |request| {
        let number = request.access_token_number;
        seen.fetch_or(number == Some(2) && !saved.load(Ordering::SeqCst), Ordering::SeqCst);
        ApiReply::json(200, number)
    });
    let client = Client::new(sandbox.provider(), sandbox.credentials(), backend);
    client.seed(token).unwrap();
    sandbox.expire_access_tokens();
    let watch = || client.get("/watch").read_json::<usize>().unwrap();
    thread::scope(|scope| {
        let hand = hand;
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(watch)).collect();
        hand.arrived.recv_timeout(PATIENCE).unwrap();
        assert!(!used(&sandbox, "at-2"));
        assert!(calls.iter().all(|call| !call.is_finished()), "the calls wait for the save");
        hand.let_go.send(()).unwrap();
        for call in calls {
            assert_eq!(call.join().unwrap(), 2);
        }
    });
    assert!(!early.load(Ordering::SeqCst));
    assert_eq!(sandbox.counters().refreshes, 1);
}
