//! Tests of the limits of the token endpoint.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::clock::ManualClock;

const SECOND: Duration = Duration::from_secs(1);

fn left(pace: &Pace) -> Option<Duration> {
    pace.left().map(|(wait, _)| wait)
}

#[test]
fn waits_grow_if_the_endpoint_names_no_time() {
    let clock = Arc::new(ManualClock::new());
    let pace = Pace::new(clock.clone(), None);
    assert_eq!(left(&pace), None);
    for wait in [1, 2, 4] {
        pace.hold(None);
        pace.hold(None); // This request was on its way together with the first request.
        assert_eq!(left(&pace), Some(wait * SECOND));
        clock.advance(wait * SECOND);
        assert_eq!(left(&pace), None);
    }
    pace.answered(true);
    pace.hold(None);
    assert_eq!(left(&pace), Some(SECOND));
}

#[test]
fn a_wait_is_kept_and_never_shortened_and_ends_after_ten_minutes() {
    let clock = Arc::new(ManualClock::new());
    let pace = Pace::new(clock.clone(), None);
    pace.hold(Some(30 * SECOND));
    pace.hold(Some(5 * SECOND));
    assert_eq!(left(&pace), Some(30 * SECOND));
    pace.hold(Some(86_400 * SECOND));
    assert_eq!(left(&pace), Some(600 * SECOND));
    clock.advance(600 * SECOND);
    assert_eq!(left(&pace), None);
}

#[test]
fn a_wait_of_zero_counts_as_no_wait() {
    let clock = Arc::new(ManualClock::new());
    let pace = Pace::new(clock.clone(), None);
    for wait in [1, 2, 4] {
        pace.hold(Some(Duration::ZERO));
        assert_eq!(left(&pace), Some(wait * SECOND));
        clock.advance(wait * SECOND);
    }
}

#[test]
fn refusals_hold_back_until_the_oldest_is_forgotten() {
    let clock = Arc::new(ManualClock::new());
    let limit = RefusalLimit { refusals: 2, window: 60 * SECOND };
    let pace = Pace::new(clock.clone(), Some(limit));
    let refused = || pace.held.lock().refusals.push(clock.monotonic());
    let at_once = || pace.most(&mut pace.held.lock());
    assert_eq!(at_once(), 2);
    refused();
    clock.advance(10 * SECOND);
    assert_eq!(at_once(), 1, "one more may be refused");
    refused();
    assert!(pace.slot().is_none(), "a sweep does not wait for an hour");
    assert_eq!(left(&pace), Some(50 * SECOND));
    clock.advance(50 * SECOND);
    assert_eq!(left(&pace), None);
    assert!(pace.slot().is_some());
}

#[test]
fn a_sweep_begins_slowly_and_again_after_each_wait() {
    let clock = Arc::new(ManualClock::new());
    let pace = Pace::new(clock.clone(), None);
    let at_once = || pace.most(&mut pace.held.lock());
    assert_eq!(at_once(), REFUSALS);
    for _ in 0..20 {
        pace.answered(true);
    }
    assert_eq!(at_once(), REFUSALS + 20);
    pace.hold(Some(SECOND));
    pace.answered(true);
    assert_eq!(at_once(), 1, "an answer to an earlier request");
    clock.advance(SECOND);
    pace.answered(true);
    pace.answered(true);
    assert_eq!(at_once(), 3, "each answer adds one");
    let client = OAuthError::new("as.example", "invalid_client");
    pace.refused(&OAuthError::new("as.example", "invalid_scope"));
    assert_eq!(at_once(), 3);
    pace.refused(&client);
    assert_eq!(at_once(), 1);
    for _ in 0..20 {
        pace.answered(true);
    }
    pace.begin();
    assert_eq!(at_once(), REFUSALS);
}

#[test]
fn a_sweep_waits_until_a_login_is_done() {
    let pace = Pace::new(Arc::new(ManualClock::new()), None);
    pace.hold(Some(SECOND));
    let first = pace.slot();
    let [asks, taken, done] = [const { AtomicBool::new(false) }; 3];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            asks.store(true, Ordering::SeqCst);
            let slot = pace.slot();
            taken.store(slot.is_some() && done.load(Ordering::SeqCst), Ordering::SeqCst);
        });
        // A slot that does not wait would be taken in this time, and fail the test.
        while !asks.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        (0..1000).for_each(|_| std::thread::yield_now());
        done.store(true, Ordering::SeqCst);
        drop(first);
    });
    assert!(taken.load(Ordering::SeqCst));
}

/// A pace with this limit, and its clock, which stands still.
fn limited(refusals: usize) -> Pace {
    let limit = RefusalLimit { refusals, window: 60 * SECOND };
    Pace::new(Arc::new(ManualClock::new()), Some(limit))
}

fn refused(pace: &Pace) {
    pace.held.lock().refusals.push(pace.clock.monotonic());
}

/// How many requests are under way, and how many of them belong to calls outside a sweep.
fn under_way(pace: &Pace) -> (usize, usize) {
    let held = pace.held.lock();
    (held.asking, held.calling)
}

#[test]
fn requests_under_way_count_as_refusals() {
    let pace = limited(2);
    let (first, second) = (pace.place().ok(), pace.place().ok());
    assert_eq!(under_way(&pace), (2, 2));
    assert_eq!(pace.most(&mut pace.held.lock()), 0);
    // The first request is refused, and the second is not.
    refused(&pace);
    drop(first);
    drop(second);
    assert_eq!(pace.most(&mut pace.held.lock()), 1, "one more may be refused");
    let third = pace.place().ok();
    refused(&pace);
    drop(third);
    assert!(pace.place().is_err_and(|(wait, _)| wait == 60 * SECOND), "the limit is reached");
    assert_eq!(under_way(&pace), (0, 0));
}

/// The sweep has its place under the limit before its request begins.
#[test]
fn a_request_of_a_sweep_counts_once() {
    let pace = limited(2);
    let slot = pace.slot();
    let place = pace.place().ok();
    assert_eq!(under_way(&pace), (1, 0));
    assert_eq!(pace.most(&mut pace.held.lock()), 2);
    drop((place, slot));
    assert!(pace.held.lock().sending.is_empty());
}

/// The service tolerates one more refusal, and a call is under way. Another call and a sweep wait for its answer.
#[test]
fn calls_and_sweeps_wait_for_the_answer_to_a_call() {
    for is_refused in [true, false] {
        let pace = limited(1);
        let call = pace.place().ok();
        let asks = AtomicUsize::new(0);
        let got: Vec<bool> = std::thread::scope(|scope| {
            let ask = |slot: bool| {
                let (pace, asks) = (&pace, &asks);
                scope.spawn(move || {
                    asks.fetch_add(1, Ordering::SeqCst);
                    if slot { pace.slot().is_some() } else { pace.place().is_ok() }
                })
            };
            let threads = [ask(true), ask(false)];
            while asks.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            // A thread that does not wait would go on in this time, and fail the test.
            (0..1000).for_each(|_| std::thread::yield_now());
            if is_refused {
                refused(&pace);
            }
            drop(call);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(got, [!is_refused; 2]);
    }
}
