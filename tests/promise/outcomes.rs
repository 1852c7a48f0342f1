//! Tests of clauses P8 and P6 of the promise over HTTP: the fate of a login when an answer is lost, late or
//! hostile, for every class of rotation, compared with the tables of the guide's page `design`.

use std::time::Duration;

use evergrant::Client;
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};

use crate::worker::{call, said};
use crate::world::{CLASSES, LIFE, PATIENCE, World, everything, is_alive};

/// The age of a token that lives an hour, shortly before its expiry: the token is due, and still works.
pub(crate) const IN_MARGIN: Duration = Duration::from_secs(3550);

/// Makes a client that has used its first token. The token has expired, or still works if `usable`.
fn started(rotation: Rotation, usable: bool) -> (World, Client) {
    let world = World::new(rotation);
    world.seed();
    let client = world.client();
    assert_eq!(call(&client), "ok at-1");
    world.clock.advance(if usable { IN_MARGIN } else { LIFE });
    (world, client)
}

fn refresh(client: &Client) -> String {
    said(client.refresh().map(|()| String::new()))
}

/// Whether a service of this class accepts a token again that it has replaced.
fn repeats(rotation: Rotation) -> bool {
    !matches!(rotation, Rotation::Strict | Rotation::StrictFamily)
}

/// Checks that the login is lost because an answer was lost, and that this run and every later run say so
/// without another request to the service.
#[track_caller]
fn is_lost(world: &World, what: &str) {
    let requests = |world: &World| world.token_requests();
    for client in [world.client(), world.client()] {
        let before = requests(world);
        for answer in [call(&client), refresh(&client)] {
            assert!(answer.starts_with("reauthorize "), "{what}: {answer}");
            assert!(
                answer.contains("the answer with the new refresh token was lost"),
                "{what}: {answer}"
            );
        }
        assert!(requests(world) <= before + 1, "{what}: a refused token was sent again");
    }
    // The record is kept, so that a person can read it, and the next login replaces it.
    assert!(world.stored().refused().is_some(), "{what}");
    log_in(world);
    assert_eq!(world.stored().refused(), None, "{what}");
    assert!(call(&world.client()).starts_with("ok "), "{what}");
}

fn log_in(world: &World) {
    let client = world.client();
    let authorization = client.authorize(&[]).unwrap();
    let callback = world.sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
}

/// The faults that lose an answer after the rotation.
pub(crate) fn losses() -> Vec<Fault> {
    let body = |status, content_type: &str, body: &[u8]| Fault::Body {
        status,
        content_type: content_type.to_owned(),
        body: body.to_vec(),
        commit: true,
    };
    vec![
        Fault::CutAfter,
        Fault::CutMid(0),
        Fault::CutMid(40),
        Fault::StatusAfter(500),
        Fault::StatusAfter(502),
        body(200, "text/html", b"<html>the gateway is tired</html>"),
        body(200, "application/json", b"{\"access_token\":\"at-9-x\",\"refresh_to"),
        body(200, "application/json", &vec![b' '; 2 << 20]),
        body(200, "application/json", b"{\"access_token\":\"\xff\xfe\",\"token_type\":\"Bearer\"}"),
        body(200, "application/json", b""),
        body(302, "text/html", b""),
    ]
}

/// The faults before the rotation, which leave the token unused.
pub(crate) fn outages() -> Vec<Fault> {
    let as_before = |fault| match fault {
        Fault::CutAfter => Fault::CutBefore,
        Fault::StatusAfter(status) => Fault::StatusBefore(status),
        Fault::Body { status, content_type, body, .. } => {
            Fault::Body { status, content_type, body, commit: false }
        }
        other => other,
    };
    losses().into_iter().filter(|fault| !matches!(fault, Fault::CutMid(_))).map(as_before).collect()
}

#[test]
fn a_lost_answer_costs_a_login_only_without_a_window() {
    let mut tried = 0;
    for (class, rotation) in CLASSES {
        for fault in losses() {
            for usable in [true, false] {
                let what = format!("{class}, usable: {usable}, {fault:?}");
                let (world, client) = started(rotation, usable);
                world.sandbox.fault(fault.clone());
                let answer = call(&client);
                tried += 1;
                if repeats(rotation) {
                    // The token was sent again at once, within the same call.
                    assert!(answer == "ok at-2" || answer == "ok at-3", "{what}: {answer}");
                    assert_eq!(world.token_requests(), 2, "{what}");
                    is_alive(&world, &what);
                    continue;
                }
                if usable {
                    assert_eq!(answer, "ok at-1", "{what}");
                    // A second use would revoke the whole login, the old access token included.
                    let requests = if rotation == Rotation::StrictFamily { 1 } else { 2 };
                    assert_eq!(world.token_requests(), requests, "{what}");
                    assert_eq!(call(&client), "ok at-1", "{what}");
                    assert_eq!(call(&world.client()), "ok at-1", "{what}");
                    assert_eq!(world.token_requests(), requests, "{what}");
                    world.clock.advance(LIFE - IN_MARGIN);
                } else {
                    assert!(answer.starts_with("reauthorize "), "{what}: {answer}");
                }
                is_lost(&world, &what);
                assert_eq!(world.refreshes(), 1, "{what}");
            }
        }
    }
    println!("{tried} lost answers");
}

#[test]
fn an_outage_before_the_rotation_costs_no_login_in_any_class() {
    let mut tried = 0;
    for (class, rotation) in CLASSES {
        for fault in outages() {
            let all = [(true, 3), (false, 1), (true, 1), (false, 3)];
            for (usable, times) in all.into_iter().take(if everything() { 4 } else { 2 }) {
                let what = format!("{class}, usable: {usable}, {times} x {fault:?}");
                let (world, client) = started(rotation, usable);
                world.sandbox.faults(times, fault.clone());
                let mut answer = call(&client);
                tried += 1;
                for _ in 0..times {
                    if usable {
                        assert!(answer.starts_with("ok "), "{what}: {answer}");
                    } else if !answer.starts_with("ok ") {
                        assert!(answer.starts_with("outcome_unknown "), "{what}: {answer}");
                    }
                    world.clock.advance(Duration::from_secs(6));
                    answer = call(&client);
                }
                world.sandbox.clear_faults();
                is_alive(&world, &what);
            }
        }
    }
    println!("{tried} outages");
}

#[test]
fn the_note_of_a_killed_process_decides_for_the_next_one() {
    for (class, rotation) in CLASSES {
        for usable in [true, false] {
            for rotated in [true, false] {
                let what = format!("{class}, usable: {usable}, rotated: {rotated}");
                let (world, _) = started(rotation, usable);
                let gate = Gate::new();
                // Hold the request for ever, so that another request comes only after the lock holder's
                // death.
                world.sandbox.fault(if rotated {
                    Fault::HoldAfter(gate.clone())
                } else {
                    Fault::HoldBefore(gate.clone())
                });
                let mut worker = world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
                let age = if usable { IN_MARGIN } else { LIFE };
                worker.ask(&format!("advance {}", age.as_secs()));
                worker.say("call");
                assert!(gate.wait_for(1, PATIENCE), "{what}");
                assert!(world.stored().note().is_some(), "{what}");
                // The store is locked: a client with a usable token uses that token, and sends nothing.
                if usable {
                    assert_eq!(call(&world.client()), "ok at-1", "{what}");
                    assert_eq!(world.token_requests(), 1, "{what}");
                }
                worker.kill();
                let answer = call(&world.client());
                let kept = rotation == Rotation::StrictFamily && usable;
                if kept {
                    assert_eq!((answer.as_str(), world.token_requests()), ("ok at-1", 1), "{what}");
                    world.clock.advance(LIFE - IN_MARGIN);
                } else {
                    assert_eq!(world.token_requests(), 2, "{what}");
                }
                if rotated && !repeats(rotation) {
                    let over = if usable { "ok at-1" } else { "reauthorize " };
                    assert!(answer.starts_with(over), "{what}: {answer}");
                    world.clock.advance(LIFE - IN_MARGIN);
                    is_lost(&world, &what);
                } else {
                    assert!(answer.starts_with("ok "), "{what}: {answer}");
                    is_alive(&world, &what);
                }
                gate.open();
            }
        }
    }
}

/// No process came back within the window.
#[test]
fn the_error_after_a_missed_window_names_the_lost_answer() {
    for (class, rotation) in CLASSES.into_iter().filter(|(class, _)| class.starts_with("grace")) {
        let (world, client) = started(rotation, false);
        world.sandbox.fault(Fault::CutAfter);
        world.sandbox.fault(Fault::CutBefore);
        let answer = call(&client);
        assert!(answer.starts_with("outcome_unknown "), "{class}: {answer}");
        world.clock.advance(Duration::from_secs(31));
        is_lost(&world, class);
    }
}

#[test]
fn a_wait_that_the_service_asks_for_costs_no_login() {
    for (class, rotation) in CLASSES {
        for usable in [true, false] {
            for fault in [Fault::TooMany(Some(30)), Fault::Unavailable(Some(30))] {
                let what = format!("{class}, usable: {usable}, {fault:?}");
                let (world, client) = started(rotation, usable);
                world.sandbox.fault(fault);
                for client in [&client, &client, &world.client()] {
                    let answer = call(client);
                    if usable {
                        assert_eq!(answer, "ok at-1", "{what}");
                    } else {
                        assert!(answer.starts_with("rate_limited "), "{what}: {answer}");
                        assert!(answer.contains("30 s"), "{what}: {answer}");
                    }
                    assert_eq!(world.token_requests(), 1, "{what}");
                }
                world.clock.advance(Duration::from_secs(30));
                if usable {
                    world.clock.advance(LIFE - IN_MARGIN);
                }
                assert_eq!(call(&client), "ok at-2", "{what}");
                is_alive(&world, &what);
            }
        }
    }
}

/// Many processes wait for the lock of a process that dies. One of these processes sends the token again, for
/// all.
#[test]
fn processes_that_wait_for_a_dying_one_send_one_replay() {
    for rotation in [Rotation::UntilUsed, Rotation::Strict, Rotation::StrictFamily] {
        let (world, _) = started(rotation, false);
        let gate = Gate::new();
        world.sandbox.fault(Fault::HoldAfter(gate.clone()));
        let age = format!("advance {}", LIFE.as_secs());
        let start = || world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
        let mut crowd: Vec<_> = (0..9).map(|_| start()).collect();
        crowd.iter_mut().for_each(|worker| assert_eq!(worker.ask(&age), "done"));
        let mut holder = crowd.remove(0);
        holder.say("call");
        assert!(gate.wait_for(1, PATIENCE));
        crowd.iter_mut().for_each(|worker| worker.say("call"));
        holder.kill();
        for worker in &crowd {
            let answer = worker.hear();
            if rotation == Rotation::UntilUsed {
                assert_eq!(answer, "ok at-3");
            } else {
                assert!(answer.starts_with("reauthorize "), "{answer}");
                assert!(answer.contains("the answer with the new refresh token was lost"));
            }
        }
        assert_eq!(world.token_requests(), 2, "{rotation:?}");
        assert_eq!(world.refreshes(), 1, "{rotation:?}");
        gate.open();
    }
}

/// The old access token becomes invalid at the rotation, so the call cannot use it.
#[test]
fn without_an_old_token_a_lost_answer_fails_the_call() {
    for (class, rotation) in CLASSES {
        let world = World::with(rotation, |builder| builder.ends_access_token(true));
        world.seed();
        let client = world.client();
        assert_eq!(call(&client), "ok at-1", "{class}");
        world.clock.advance(IN_MARGIN);
        world.sandbox.fault(Fault::CutAfter);
        let answer = call(&client);
        assert_eq!(world.token_requests(), 2, "{class}");
        if repeats(rotation) {
            assert_eq!(answer, "ok at-3", "{class}");
            is_alive(&world, class);
        } else {
            assert!(answer.starts_with("reauthorize "), "{class}: {answer}");
            is_lost(&world, class);
        }
    }
}

/// In the fourth case that no client can prevent, a request whose sender has died is served after its replay.
/// The login is lost only if the service revokes a login for reuse.
#[test]
fn a_late_request_revokes_a_login_only_if_reuse_does() {
    for (class, rotation) in CLASSES {
        for reuse_ends in [true, false] {
            let what = format!("{class}, {reuse_ends}");
            let world = World::with(rotation, |builder| builder.reuse_ends_login(reuse_ends));
            world.seed();
            world.clock.advance(LIFE);
            let gate = Gate::new();
            world.sandbox.fault(Fault::HoldBefore(gate.clone()));
            let mut worker = world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
            worker.ask(&format!("advance {}", LIFE.as_secs()));
            worker.say("call");
            assert!(gate.wait_for(1, PATIENCE), "{what}");
            worker.kill();
            assert_eq!(call(&world.client()), "ok at-2", "{what}");
            let decided = |world: &World| {
                let counters = world.sandbox.counters();
                counters.refreshes + counters.recovered + counters.reuses
            };
            gate.open();
            let start = std::time::Instant::now();
            while decided(&world) < 2 {
                assert!(start.elapsed() < PATIENCE, "{what}: the late request is not decided");
                std::thread::yield_now();
            }
            let ends = match rotation {
                Rotation::StrictFamily => true,
                Rotation::UntilUsed => reuse_ends,
                _ => false,
            };
            if ends {
                let answer = call(&world.client());
                assert!(answer.starts_with("reauthorize "), "{what}: {answer}");
            } else {
                is_alive(&world, &what);
            }
        }
    }
}

#[test]
fn after_a_wrong_refusal_the_token_is_sent_again_after_a_pause() {
    for (class, rotation) in CLASSES {
        let (world, client) = started(rotation, false);
        world.sandbox.fault(Fault::RefuseOnce);
        for client in [&client, &world.client()] {
            let answer = call(client);
            assert!(answer.starts_with("reauthorize "), "{class}: {answer}");
            assert!(!answer.contains("was lost"), "{class}: {answer}");
        }
        assert_eq!(world.token_requests(), 1, "{class}");
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(call(&client), "ok at-2", "{class}");
        is_alive(&world, class);
    }
}

#[test]
fn a_wrong_server_clock_costs_neither_logins_nor_extra_refreshes() {
    for offset in [-86_400, -120, 120, 86_400] {
        for (class, rotation) in CLASSES {
            let what = format!("{class}, {offset} s");
            let world = World::with(rotation, |builder| builder.expires_at_in_reply(true));
            world.sandbox.clock_offset(offset);
            log_in(&world);
            let client = world.client();
            for round in 0..3 {
                for _ in 0..3 {
                    let answer = call(&client);
                    assert!(answer.starts_with("ok "), "{what}: {answer}");
                    assert_eq!(world.refreshes(), round, "{what}");
                }
                world.clock.advance(LIFE);
            }
            assert!(world.sandbox.login_alive(), "{what}");
        }
    }
}
