//! Tests with eight processes of eight threads at every expiry on real servers. Without faults, each
//! expiry causes one request; with kills and lost answers, a login is lost only in the cases that no
//! client can prevent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use evergrant::provider::Rotation;

use crate::crew::{Ahead, Answers, Crew, Place, THREADS};
use crate::person::Person;
use crate::server::{BASIC, Count, REDIRECT_URI, Server, stored};
use crate::wire::{Fault, Refresh, Wire};
use crate::{authlib, doorkeeper};

const PROCESSES: usize = 8;
/// How long an access token lives, by the clocks of the server and of all clients.
const LIFETIME: u32 = 3600;

/// Returns the number of expiries in a run without faults.
fn expiries() -> usize {
    if crate::everything_is_required() { 10 } else { 3 }
}

/// A fault of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    RequestLost,
    AnswerLost,
    AnswerCutInHalf,
    AnswerLostTwice,
    KilledBeforeTheServerHasIt,
    KilledBeforeTheAnswer,
    KilledWhenTheAnswerComes,
    KilledAtAnyMoment,
    AnotherKilled,
    Nothing,
}

/// Returns the faults of successive expiries.
fn troubles() -> &'static [Trouble] {
    let all = &[
        Trouble::AnswerLost,
        Trouble::KilledBeforeTheAnswer,
        Trouble::KilledAtAnyMoment,
        Trouble::RequestLost,
        Trouble::AnswerCutInHalf,
        Trouble::AnswerLostTwice,
        Trouble::KilledBeforeTheServerHasIt,
        Trouble::KilledWhenTheAnswerComes,
        Trouble::AnotherKilled,
        Trouble::Nothing,
    ];
    if crate::everything_is_required() { all } else { &all[..3] }
}

/// Returns which of the promise's five cases of a lost login this fault can cause, on a server that accepts
/// each refresh token once.
fn case(trouble: Trouble) -> Option<usize> {
    match trouble {
        Trouble::AnswerLost | Trouble::AnswerCutInHalf | Trouble::AnswerLostTwice => Some(1),
        Trouble::KilledBeforeTheAnswer
        | Trouble::KilledWhenTheAnswerComes
        | Trouble::KilledAtAnyMoment => Some(2),
        Trouble::RequestLost
        | Trouble::KilledBeforeTheServerHasIt
        | Trouble::AnotherKilled
        | Trouble::Nothing => None,
    }
}

struct Race {
    // This field comes first, so that the processes are dropped before the server, the proxy and the folder
    // that they use.
    crew: Crew,
    wire: Wire,
    server: Server,
    file: PathBuf,
    place: Place,
    clock: Arc<Ahead>,
    strict: bool,
    random: u64,
    began: Instant,
}

impl Race {
    fn new(kind: &'static str, server: Server) -> Race {
        let wire = Wire::to(server.port);
        let provider = server.provider(BASIC).build().expect("a provider");
        let file = server.file("login");
        let place = Place {
            kind,
            port: server.port,
            token_endpoint: wire.by_way(provider.token_endpoint()),
            store: file.clone(),
        };
        let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a date");
        let race = Race {
            crew: Crew::new(place.clone(), PROCESSES),
            wire,
            file,
            place,
            clock: Arc::default(),
            strict: provider.rotation() == Rotation::Strict,
            random: seed.as_nanos() as u64 | 1,
            began: Instant::now(),
            server,
        };
        race.log_in();
        race
    }

    /// A person logs in.
    fn log_in(&self) {
        let client = self.place.client(self.clock.clone());
        let authorization = client.authorize(self.server.kind.scopes()).expect("an authorization");
        let mut person = Person::new(REDIRECT_URI);
        let callback =
            self.server.kind.log_in(&mut person, &self.server, BASIC, authorization.url());
        client.exchange(authorization, &callback).expect("a login");
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    /// Lets the access token expire, and makes every process call.
    fn expire(&mut self) {
        self.server.ask("/_expire");
        self.clock.set(self.clock.by() + Duration::from_secs(LIFETIME.into()));
        self.crew.call(self.clock.by());
    }

    /// Returns the process that has sent the refresh that is held.
    fn holder(&self) -> usize {
        let pid = stored(&self.file).note().expect("a note of the request").holder.pid;
        self.crew.find(pid).expect("a process of the crew")
    }

    /// Goes through an expiry with this fault. Returns the answers.
    fn go_through(&mut self, trouble: Trouble) -> Answers {
        let before = self.wire.requests();
        match trouble {
            Trouble::RequestLost => self.wire.fault(&[Fault::LoseRequest]),
            Trouble::AnswerLost => self.wire.fault(&[Fault::LoseAnswer]),
            Trouble::AnswerCutInHalf => self.wire.fault(&[Fault::HalfAnswer]),
            Trouble::AnswerLostTwice => self.wire.fault(&[Fault::LoseAnswer; 2]),
            Trouble::KilledBeforeTheServerHasIt => self.wire.fault(&[Fault::HoldRequest]),
            Trouble::KilledBeforeTheAnswer
            | Trouble::KilledWhenTheAnswerComes
            | Trouble::AnotherKilled => self.wire.fault(&[Fault::HoldAnswer]),
            Trouble::KilledAtAnyMoment | Trouble::Nothing => {}
        }
        self.expire();
        match trouble {
            Trouble::KilledBeforeTheServerHasIt | Trouble::KilledBeforeTheAnswer => {
                self.wire.wait_until_held();
                self.crew.kill(self.holder());
                self.wire.release(false);
            }
            Trouble::KilledWhenTheAnswerComes => {
                self.wire.wait_until_held();
                let holder = self.holder();
                self.wire.release(true);
                let moment = Duration::from_micros(self.below(3000));
                std::thread::sleep(moment);
                self.crew.kill(holder);
            }
            Trouble::KilledAtAnyMoment => {
                self.wire.wait_for(before + 1);
                // The answer may have been saved already. Then the store names no process, so kill any
                // process.
                let pid = stored(&self.file).note().map(|note| note.holder.pid);
                let holder = pid.and_then(|pid| self.crew.find(pid));
                let choice = self.below(PROCESSES as u64) as usize;
                let id = holder.unwrap_or_else(|| self.crew.another(None, choice));
                let moment = Duration::from_micros(self.below(20_000));
                std::thread::sleep(moment);
                self.crew.kill(id);
            }
            Trouble::AnotherKilled => {
                self.wire.wait_until_held();
                let choice = self.below(PROCESSES as u64) as usize;
                self.crew.kill(self.crew.another(Some(self.holder()), choice));
                self.wire.release(true);
            }
            _ => {}
        }
        self.crew.answers()
    }

    /// Checks that every thread has a token that works, without another refresh.
    fn settled(&mut self, what: &str) {
        let before = self.wire.requests();
        self.crew.call(self.clock.by());
        let answers = self.crew.answers();
        assert_eq!(answers, ok(PROCESSES * THREADS), "{what}");
        assert_eq!(self.wire.requests(), before, "{what}");
        assert!(self.server.is_alive(&self.file), "{what}");
        assert!(stored(&self.file).note().is_none(), "{what}");
    }

    /// Whether the refresh token in the store was used, and its successor is not in the store.
    fn successor_is_nowhere(&self) -> bool {
        let record = stored(&self.file);
        let token = record.token().refresh_token().expect("a refresh token").expose();
        let spent = |refresh: &&Refresh| refresh.spent == token && refresh.successor.is_some();
        self.wire.diary(|diary| diary.iter().any(|refresh| spent(&refresh)))
    }
}

fn ok(count: usize) -> Answers {
    Answers::from([("ok".to_owned(), count)])
}

fn without_faults(kind: &'static str, server: Option<Server>) {
    let Some(server) = server else { return };
    let mut race = Race::new(kind, server);
    let mut slowest = Duration::ZERO;
    for round in 1..=expiries() {
        let start = Instant::now();
        race.expire();
        let answers = race.crew.answers();
        slowest = slowest.max(start.elapsed());
        assert_eq!(answers, ok(PROCESSES * THREADS), "expiry {round}");
        assert_eq!(race.wire.requests(), round, "expiry {round}");
        assert_eq!(race.server.count(), Count { granted: round as u64, refused: 0 });
        assert_eq!(stored(&race.file).generation(), round as u64 + 1);
    }
    race.settled("at the end");
    println!(
        "{kind}: {} expiries, {PROCESSES} processes of {THREADS} threads, {} requests, every call \
         succeeded, slowest expiry {} ms, {:.1} s",
        expiries(),
        race.wire.requests(),
        slowest.as_millis(),
        race.began.elapsed().as_secs_f64(),
    );
}

fn with_kills_and_lost_answers(kind: &'static str, server: Option<Server>) {
    let Some(server) = server else { return };
    let mut race = Race::new(kind, server);
    let mut lost = [0; 6];
    for &trouble in troubles() {
        let what = format!("{kind}, seed {}, {trouble:?}", race.random);
        let before = race.wire.requests();
        let mut answers = race.go_through(trouble);
        if trouble == Trouble::AnswerLostTwice {
            // Threads of the process whose two requests were never answered get `outcome_unknown`. Calls of
            // other processes send the request again.
            let all: usize = answers.values().sum();
            answers.retain(|answer, _| !answer.starts_with("outcome_unknown "));
            let in_vain = all - answers.values().sum::<usize>();
            assert!(
                (1..=THREADS).contains(&in_vain),
                "{what}: {in_vain} threads got outcome_unknown"
            );
        }
        let nowhere = race.successor_is_nowhere();
        if answers.keys().all(|answer| answer == "ok") {
            assert!(
                !race.strict || !nowhere,
                "{what}: the successor is lost, so the login cannot work"
            );
        } else {
            // Every thread gets the error with its reason. The proxy's diary shows that the login was lost,
            // and by which fault.
            let told = |answer: &String| {
                answer.starts_with("reauthorize ")
                    && answer.contains("the answer with the new refresh token was lost")
            };
            assert!(answers.keys().all(told), "{what}: {answers:?}");
            assert!(race.strict, "{what}: a login is lost that could be kept: {answers:?}");
            assert!(nowhere, "{what}: a login is lost whose successor is known");
            let case = case(trouble).unwrap_or_else(|| panic!("{what}: {answers:?}"));
            lost[case] += 1;
            race.log_in();
        }
        match trouble {
            // After these faults, no living process has the successor.
            Trouble::AnswerLost | Trouble::AnswerLostTwice | Trouble::KilledBeforeTheAnswer => {
                assert_eq!(race.strict, !answers.contains_key("ok"), "{what}");
            }
            Trouble::Nothing | Trouble::AnotherKilled => {
                assert_eq!(race.wire.requests(), before + 1, "{what}");
            }
            _ => {}
        }
        race.wire.clear();
        race.settled(&what);
    }
    let (came, arrived, rotated, kept) = race.wire.diary(|diary| {
        let count = |what: fn(&Refresh) -> bool| diary.iter().filter(|&r| what(r)).count();
        (
            diary.len(),
            count(|refresh| refresh.arrived),
            count(|refresh| refresh.successor.is_some()),
            count(|refresh| refresh.successor.is_some() && refresh.delivered),
        )
    });
    println!(
        "{kind}: {} expiries, {PROCESSES} processes of {THREADS} threads, {came} requests sent, \
         {arrived} arrived, {rotated} granted, {kept} of these delivered; logins lost: {} by case 1, \
         {} by case 2, none else; {:.1} s",
        troubles().len(),
        lost[1],
        lost[2],
        race.began.elapsed().as_secs_f64(),
    );
}

#[test]
fn doorkeeper_gets_one_request_at_each_expiry() {
    without_faults("doorkeeper", doorkeeper::start(LIFETIME));
}

#[test]
fn doorkeeper_loses_no_login_to_kills_and_lost_answers() {
    with_kills_and_lost_answers("doorkeeper", doorkeeper::start(LIFETIME));
}

#[test]
fn strict_doorkeeper_gets_one_request_at_each_expiry() {
    without_faults("doorkeeper-strict", doorkeeper::start_strict(LIFETIME));
}

#[test]
fn strict_doorkeeper_loses_a_login_only_with_its_successor() {
    with_kills_and_lost_answers("doorkeeper-strict", doorkeeper::start_strict(LIFETIME));
}

#[test]
fn authlib_gets_one_request_at_each_expiry() {
    without_faults("authlib", authlib::start(LIFETIME));
}

#[test]
fn authlib_loses_a_login_only_with_its_successor() {
    with_kills_and_lost_answers("authlib", authlib::start(LIFETIME));
}
