//! Tests of clause P5 of the promise between processes: one process has an unsaved token pair in memory, and
//! no other process sends the old refresh token again or reports that the login is lost.

use evergrant::provider::Rotation;

use crate::world::{CLASSES, LIFE, Worker, World};

/// Starts two processes when a token expires. The first process has refreshed, and its saves have failed.
fn unsaved(rotation: Rotation) -> (World, Worker, Worker) {
    let world = World::new(rotation);
    world.seed();
    let clocks = [("CLOCK", "manual"), ("STORE_CLOCK", "manual")];
    let failing = [clocks[0], clocks[1], ("FAIL_SAVES", "3")];
    let mut first = world.worker_under::<&str>(&[], &failing);
    let mut second = world.worker_under::<&str>(&[], &clocks);
    world.clock.advance(LIFE);
    for worker in [&mut first, &mut second] {
        assert_eq!(worker.ask(&format!("advance {}", LIFE.as_secs())), "done");
    }
    let answer = first.ask("call");
    assert!(answer.starts_with("not_saved "), "{rotation:?}: {answer}");
    (world, first, second)
}

/// Whether no process has to wait, because the old refresh token works until the new access token is used.
fn is_released(rotation: Rotation) -> bool {
    rotation == Rotation::UntilUsed
}

#[test]
fn others_wait_for_an_unsaved_pair_if_reuse_does_harm() {
    for (class, rotation) in CLASSES.into_iter().filter(|(class, _)| *class != "none") {
        let (world, mut first, mut second) = unsaved(rotation);
        let answer = second.ask("call");
        if is_released(rotation) {
            assert_eq!(answer, "ok at-3", "{class}");
            // The first process uses the newer token pair from the store; its own refresh token is only the
            // spare refresh token of the record.
            assert_eq!(first.ask("call"), "ok at-3", "{class}");
        } else {
            assert!(answer.starts_with("busy "), "{class}: {answer}");
            assert!(answer.contains(&format!("process {}", first.process.id())), "{answer}");
            assert_eq!(world.token_requests(), 1, "{class}");
            assert_eq!(first.ask("call"), "ok at-2", "{class}");
            assert_eq!(second.ask("call"), "ok at-2", "{class}");
            assert_eq!(world.token_requests(), 1, "{class}");
        }
        assert!(world.sandbox.login_alive(), "{class}");
        assert!(first.end().success() && second.end().success(), "{class}");
    }
}

#[test]
fn a_process_that_exits_normally_saves_an_unsaved_pair() {
    for (class, rotation) in CLASSES.into_iter().filter(|(class, _)| *class != "none") {
        let (world, first, mut second) = unsaved(rotation);
        assert!(first.end().success(), "{class}");
        assert_eq!(second.ask("call"), "ok at-2", "{class}");
        assert_eq!(
            (world.token_requests(), world.stored_name()),
            (1, "rt-2".to_owned()),
            "{class}"
        );
    }
}

/// The third of the cases that no client can prevent (see the guide page `promise`): the save fails,
/// and then the process dies.
#[test]
fn a_death_with_an_unsaved_pair_is_recovered_or_reported() {
    for (class, rotation) in CLASSES.into_iter().filter(|(class, _)| *class != "none") {
        let (world, first, mut second) = unsaved(rotation);
        first.kill();
        let answer = second.ask("call");
        if matches!(rotation, Rotation::Strict | Rotation::StrictFamily) {
            assert!(answer.starts_with("reauthorize "), "{class}: {answer}");
            assert!(answer.contains("the answer with the new refresh token was lost"), "{answer}");
        } else {
            assert_eq!(answer, "ok at-3", "{class}");
            assert!(world.sandbox.login_alive(), "{class}");
        }
    }
}
