//! Tests of many machines: three hosts that share only the store, with 32 workers each, and faults of the
//! refreshing worker, of the store and of the network between them.

mod fleet;
pub(crate) mod proxy;
mod worker;

use self::fleet::{Answers, Fleet, HOSTS, PAST_DEADLINE, WORKERS};
use self::proxy::Network;
use crate::servers::{self, Server};

pub(crate) use self::worker::CHILDREN;

const ALL: usize = HOSTS * WORKERS;
const OTHERS: usize = ALL - 1;

/// Checks that every worker got this kind of answer.
#[track_caller]
fn all(answers: &Answers, kind: &str) {
    let differs = answers.values().find(|answer| !answer.starts_with(kind));
    assert!(differs.is_none(), "{kind} was expected: {answers:?}");
}

/// A round: one expiry with a fault.
type Round = fn(&mut Fleet, bool);

/// Checks what the other workers get while the outcome of a refresh is open. With a grace window the other
/// workers get a token. Without a window the other workers get `OutcomeUnknown`, and after the deadline a
/// token.
#[track_caller]
fn others_go_on(fleet: &mut Fleet, others: &[usize], strict: bool) {
    let answers = fleet.answers(OTHERS);
    if strict {
        all(&answers, "outcome_unknown ");
        fleet.advance(PAST_DEADLINE);
        let answers = fleet.all_call(others);
        all(&answers, "ok ");
    } else {
        all(&answers, "ok ");
    }
}

fn nothing(fleet: &mut Fleet, _: bool) {
    let before = fleet.token_requests();
    fleet.expire();
    let everybody = fleet.everybody();
    all(&fleet.all_call(&everybody), "ok ");
    assert_eq!(fleet.token_requests(), before + 1, "one request for {ALL} workers");
}

fn killed_before_the_send(fleet: &mut Fleet, strict: bool) {
    let before = fleet.token_requests();
    let holder = fleet.stopped_at("before the send");
    let others = fleet.but(holder);
    fleet.kill(holder);
    others_go_on(fleet, &others, strict);
    assert_eq!(fleet.token_requests(), before + 1);
}

/// The round that kills the lock holder after the rotation is the only round in which a login at a strict
/// service is lost, whatever the workers do.
fn killed_after_the_rotation(fleet: &mut Fleet, strict: bool) {
    let (holder, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    fleet.kill(holder);
    gate.open();
    let answers = fleet.answers(OTHERS);
    if !strict {
        return all(&answers, "ok ");
    }
    all(&answers, "outcome_unknown ");
    fleet.advance(PAST_DEADLINE);
    let everybody = fleet.everybody();
    let answers = fleet.all_call(&everybody);
    all(&answers, "reauthorize ");
    let told = |answer: &String| answer.contains("the answer with the new refresh token was lost");
    assert!(answers.values().all(told), "{answers:?}");
    fleet.log_in();
}

fn stopped_before_the_send_past_its_lease(fleet: &mut Fleet, strict: bool) {
    let before = fleet.token_requests();
    let holder = fleet.stopped_at("before the send");
    fleet.end_lease();
    let others = fleet.but(holder);
    others_go_on(fleet, &others, strict);
    fleet.go_on(holder);
    all(&fleet.answers(1), "ok ");
    assert_eq!(fleet.token_requests(), before + 1, "the holder gives up before it sends a request");
}

/// The lock holder goes on before the deadline, and no other worker has done anything.
fn stopped_after_the_send(fleet: &mut Fleet, _: bool) {
    let before = fleet.token_requests();
    let (holder, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    fleet.stop(holder);
    gate.open();
    fleet.go_on(holder);
    all(&fleet.answers(ALL), "ok ");
    assert_eq!(fleet.token_requests(), before + 1);
}

/// The stopped lock holder goes on only after the other workers have decided what to do about its refresh
/// (the tables are on the guide's page `design`). Without a window the others report that the login is lost,
/// which is true until the lock holder continues and saves the only valid token pair.
fn stopped_after_the_send_past_its_deadline(fleet: &mut Fleet, strict: bool) {
    let (holder, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    fleet.stop(holder);
    gate.open();
    // The other workers have waited for as long as a refresh can take.
    fleet.advance(PAST_DEADLINE);
    all(&fleet.answers(OTHERS), "busy ");
    fleet.end_lease();
    let others = fleet.but(holder);
    let answers = fleet.all_call(&others);
    all(&answers, if strict { "reauthorize " } else { "ok " });
    fleet.go_on(holder);
    all(&fleet.answers(1), "ok ");
}

/// The holder's lease has expired, and the deadline of its refresh note has not passed. With a window the
/// other workers have their own token pair, and the lock holder's late save is refused. Without a window they
/// have waited, and the lock holder's token pair is saved.
fn stopped_after_the_reply(fleet: &mut Fleet, strict: bool) {
    let before = fleet.token_requests();
    let holder = fleet.stopped_at("after the reply");
    fleet.end_lease();
    let answers = fleet.answers(OTHERS);
    all(&answers, if strict { "outcome_unknown " } else { "ok " });
    let theirs = fleet.stored();
    fleet.go_on(holder);
    all(&fleet.answers(1), "ok ");
    assert_eq!(fleet.token_requests(), before + if strict { 1 } else { 2 });
    let stored = fleet.stored();
    let same = stored.token().refresh_token() == theirs.token().refresh_token();
    assert_eq!(same, !strict, "the newer record stays");
}

/// The store crashes during the refresh, and restarts with all confirmed writes.
fn store_restarted(fleet: &mut Fleet, _: bool) {
    let before = fleet.token_requests();
    let (_, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    fleet.server.crash();
    fleet.server.restart();
    gate.open();
    let answers = fleet.answers(ALL);
    let known = ["ok ", "backend ", "outcome_unknown "];
    let is_known = |answer: &String| known.iter().any(|kind| answer.starts_with(kind));
    assert!(answers.values().all(is_known), "{answers:?}");
    assert!(fleet.token_requests() <= before + 2);
}

/// Between the lock holder's host and the store, every connection is closed, and no new connection is made.
fn network_cut(fleet: &mut Fleet, strict: bool) {
    let (holder, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    let host = fleet.host_of(holder);
    fleet.network(host, Network::Closed);
    gate.open();
    let mut answers = fleet.answers(ALL);
    all(&Answers::from([(0, answers.remove(&holder).unwrap())]), "not_saved ");
    let (near, far): (Answers, Answers) =
        answers.into_iter().partition(|(id, _)| fleet.host_of(*id) == host);
    all(&near, "backend ");
    all(&far, if strict { "outcome_unknown " } else { "ok " });
    fleet.network(host, Network::Works);
    all(&fleet.all_call(&[holder]), "ok ");
}

/// Between the lock holder's host and the store, no data is carried, but the connections stay open.
fn network_silent(fleet: &mut Fleet, _: bool) {
    let before = fleet.token_requests();
    let (holder, gate) = fleet.decided();
    fleet.all_wait(OTHERS);
    let host = fleet.host_of(holder);
    fleet.network(host, Network::Silent);
    gate.open();
    let mut answers = fleet.answers(WORKERS);
    all(&Answers::from([(0, answers.remove(&holder).unwrap())]), "not_saved ");
    all(&answers, "backend ");
    // The server still has the connection that the holder's lock names, so no other worker takes the lock.
    fleet.network(host, Network::SilentForOld);
    all(&fleet.all_call(&[holder]), "ok ");
    // The other workers have waited for the lock, which the holder has kept until its token pair was saved.
    all(&fleet.answers(ALL - WORKERS), "ok ");
    assert_eq!(fleet.token_requests(), before + 1);
    fleet.network(host, Network::Works);
}

/// Whether the long runs are required.
fn everything() -> bool {
    std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1")
}

fn run(server: Server, class: &'static str, rounds: &[(&str, Round)]) {
    let kind = server.url().split(':').next().unwrap().to_owned();
    let mut fleet = Fleet::new(server, class);
    let began = fleet.now();
    let strict = class != "grace";
    for (name, round) in rounds {
        let what = format!("{kind}, {class}, {name}");
        println!("{what}");
        round(&mut fleet, strict);
        fleet.settled(&what);
    }
    let virtually = fleet.now().duration_since(began).unwrap();
    println!(
        "{kind}, {class}: {} expiries, {} token requests; longest call {:.1} s; \
         {} h on the workers' clocks",
        rounds.len(),
        fleet.token_requests(),
        fleet.longest.as_secs_f32(),
        virtually.as_secs() / 3600,
    );
}

const GRACE: &[(&str, Round)] = &[
    ("nothing", nothing),
    ("killed after the rotation", killed_after_the_rotation),
    ("stopped before the send, past its lease", stopped_before_the_send_past_its_lease),
    ("stopped after the send, past its deadline", stopped_after_the_send_past_its_deadline),
    ("stopped after the reply", stopped_after_the_reply),
    ("store restarted", store_restarted),
    ("network cut", network_cut),
    ("killed before the send", killed_before_the_send),
    ("stopped after the send", stopped_after_the_send),
];

/// The rounds that lose no token pair even if a second use of a refresh token revokes the whole login.
const FAMILY: &[(&str, Round)] = &[
    ("nothing", nothing),
    ("killed before the send", killed_before_the_send),
    ("stopped before the send, past its lease", stopped_before_the_send_past_its_lease),
    ("stopped after the send", stopped_after_the_send),
    ("stopped after the reply", stopped_after_the_reply),
    ("store restarted", store_restarted),
    ("network cut", network_cut),
    ("killed after the rotation", killed_after_the_rotation),
];

/// This round takes a minute of real time without answers.
const SILENT: (&str, Round) = ("network silent", network_silent);

fn with_a_window(server: Server) {
    let times = if everything() { 49 } else { GRACE.len() };
    let mut rounds: Vec<_> = GRACE.iter().copied().cycle().take(times).collect();
    rounds.extend(everything().then_some(SILENT));
    run(server, "grace", &rounds);
}

fn strictly(server: impl Fn() -> Server) {
    let past: (&str, Round) =
        ("stopped after the send, past its deadline", stopped_after_the_send_past_its_deadline);
    run(server(), "strict", &[FAMILY, &[past]].concat());
    if everything() {
        run(server(), "family", &[FAMILY, &[SILENT]].concat());
    }
}

// One test for each store, so that at most two fleets run at once.

#[cfg(feature = "redis")]
#[test]
fn on_redis_no_login_is_lost_needlessly() {
    for (n, program) in servers::redis_programs().into_iter().enumerate() {
        with_a_window(servers::redis(&program, servers::FLUSHED));
        if n == 0 {
            strictly(|| servers::redis(&program, servers::FLUSHED));
        }
    }
}

#[cfg(feature = "postgres")]
#[test]
fn on_postgres_no_login_is_lost_needlessly() {
    if let Some(server) = servers::postgres() {
        with_a_window(server);
        strictly(|| servers::postgres().expect("PostgreSQL is installed"));
    }
}
