//! Tests of the order in which threads ask for a lock, and of the records that they get.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::secret::random_id;
use crate::token::Token;

const LONG: Duration = Duration::from_secs(600);

fn key() -> Key {
    super::key(&[&random_id()])
}

fn record(n: u32) -> Record {
    Token::new(format!("at-{n}")).with_refresh_token(format!("rt-{n}")).into()
}

fn wait<'a>(key: Key, pace: &'a Pace, time: Duration) -> Wait<'a> {
    let longest = Duration::from_millis(20);
    Wait { key, pace, time, longest, takes_saved: true, place: &|| None }
}

/// Takes a lock that is free.
fn taken(key: Key, pace: &Pace, record: Option<Record>) -> Held {
    let taken = take(&wait(key, pace, Duration::ZERO), |_| {
        Ok(Some(Got { lock: (), record: record.clone() }))
    });
    let Ok(Taken::Lock(((), held))) = taken else { panic!("not taken") };
    held
}

fn waiting(key: &Key) -> usize {
    lines().lines.get(key).map_or(0, |line| line.waiting.len())
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::yield_now();
    }
}

#[test]
fn a_call_that_does_not_wait_asks_nothing_behind_a_thread() {
    let (key, pace) = (key(), Pace::system());
    let held = taken(key, &pace, None);
    let asked = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
    assert!(matches!(asked, Ok(Taken::Busy)));
    drop(held);
    assert!(!lines().lines.contains_key(&key), "the line is kept");
    drop(taken(key, &pace, None));
}

/// A thread reads the record, and then another thread logs out or saves, before the first thread is the holder.
#[test]
fn a_record_that_was_read_before_a_logout_is_not_shared() {
    let pace = Pace::system();
    for news in [None, Some(record(2))] {
        let key = key();
        let got = take(&wait(key, &pace, Duration::ZERO), |_| {
            let read = Some(record(1));
            tell(&key, &pace, news.as_ref());
            Ok(Some(Got { lock: (), record: read }))
        });
        assert!(matches!(got, Ok(Taken::Lock(_))));
        let next = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
        assert!(matches!(next, Ok(Taken::Busy)), "an older record was shared");
    }
}

#[test]
fn threads_ask_one_at_a_time_in_order_of_arrival() {
    let (key, pace) = (key(), Pace::system());
    let (order, asking) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let held = taken(key, &pace, None);
    std::thread::scope(|scope| {
        for n in 0..5 {
            let (order, asking, pace) = (&order, &asking, &pace);
            scope.spawn(move || {
                let got = take(&wait(key, pace, LONG), |_| {
                    assert_eq!(asking.fetch_add(1, Ordering::SeqCst), 0);
                    asking.fetch_sub(1, Ordering::SeqCst);
                    Ok(Some(Got { lock: (), record: None }))
                });
                assert!(matches!(got, Ok(Taken::Lock(_))));
                order.lock().push(n);
            });
            until(|| waiting(&key) == n + 1);
        }
        drop(held);
    });
    assert_eq!(*order.lock(), [0, 1, 2, 3, 4]);
}

#[test]
fn all_waiting_threads_get_one_saved_record() {
    let (key, pace) = (key(), Pace::system());
    let held = taken(key, &pace, Some(record(1)));
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let pace = &pace;
                // The first thread in the line may ask the store meanwhile, whose lock another process
                // has.
                scope.spawn(move || take::<()>(&wait(key, pace, LONG), |_| Ok(None)))
            })
            .collect();
        until(|| waiting(&key) == 20);
        tell(&key, &pace, Some(&record(2)));
        for call in calls {
            let told = call.join().unwrap();
            assert!(matches!(told, Ok(Taken::Saved(told)) if *told.token() == *record(2).token()));
        }
    });
    drop(held);
}

#[test]
fn a_call_without_a_wait_gets_a_fresh_record_of_the_holder() {
    let clock = Arc::new(ManualClock::new());
    let (key, pace) = (key(), Pace::of(clock.clone()));
    let held = taken(key, &pace, Some(record(1)));
    let ask = |takes_saved| {
        let wait = Wait { takes_saved, ..wait(key, &pace, Duration::ZERO) };
        take::<()>(&wait, |_| panic!("asked the store")).ok().unwrap()
    };
    assert!(matches!(ask(true), Taken::Saved(told) if *told.token() == *record(1).token()));
    assert!(matches!(ask(false), Taken::Busy));
    clock.sleep(FRESH + Duration::from_millis(1));
    assert!(matches!(ask(true), Taken::Busy), "an old record is told");
    tell(&key, &pace, Some(&record(2)));
    assert!(matches!(ask(true), Taken::Saved(told) if *told.token() == *record(2).token()));
    // No thread gets a login that was removed, or a record with a refresh note.
    tell(&key, &pace, None);
    assert!(matches!(ask(true), Taken::Busy));
    drop(held);
    tell(&key, &pace, Some(&record(3)));
    assert!(!lines().lines.contains_key(&key));
}

#[test]
fn a_record_that_is_reported_late_replaces_no_newer_one() {
    let (key, pace) = (key(), Pace::system());
    let of = |login: &str, generation| {
        let mut record = record(1);
        (record.login, record.generation) = (login.to_owned(), generation);
        record
    };
    let _held = taken(key, &pace, Some(of("one", 1)));
    let told = || {
        let asked = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
        let Ok(Taken::Saved(record)) = asked else { panic!("nothing is told") };
        (record.login, record.generation)
    };
    tell(&key, &pace, Some(&of("one", 3)));
    tell(&key, &pace, Some(&of("one", 2)));
    assert_eq!(told(), ("one".to_owned(), 3));
    // Generations are compared only within a login, so the lower generation of another login is
    // accepted.
    tell(&key, &pace, Some(&of("two", 1)));
    assert_eq!(told(), ("two".to_owned(), 1));
}

#[test]
fn a_lock_that_the_store_took_away_is_asked_for_again() {
    let clock = Arc::new(ManualClock::new());
    let (key, pace) = (key(), Pace::of(clock.clone()));
    let lost = taken(key, &pace, None);
    // The holder does not know that the lock is lost: the next thread finds out.
    let asked = AtomicUsize::new(0);
    let got = take(&wait(key, &pace, LONG), |_| {
        asked.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Got { lock: (), record: None }))
    });
    let Ok(Taken::Lock(((), held))) = got else { panic!("not taken") };
    assert_eq!((clock.slept(), asked.into_inner()), (WATCH, 1));
    drop(lost);
    let busy = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
    assert!(matches!(busy, Ok(Taken::Busy)), "the lost lock has freed that of its successor");
    // The holder knows that the lock is lost.
    held.lost();
    drop(taken(key, &pace, None));
}

#[test]
fn a_holder_whose_lock_file_is_gone_stops_nobody() {
    let (key, pace) = (key(), Pace::system());
    let replaced = AtomicBool::new(false);
    let place = || Some((1, replaced.load(Ordering::SeqCst).into()));
    let on_file = Wait { place: &place, ..wait(key, &pace, Duration::ZERO) };
    let lock = || take(&on_file, |_| Ok(Some(Got { lock: (), record: None }))).ok().unwrap();
    let first = lock();
    assert!(matches!(lock(), Taken::Busy));
    replaced.store(true, Ordering::SeqCst);
    assert!(matches!(lock(), Taken::Lock(_)));
    drop(first);
}

#[test]
fn a_slow_check_of_a_lock_file_stops_no_other_line() {
    let (key, clock) = (key(), Arc::new(ManualClock::new()));
    let pace = Pace::of(clock.clone());
    let looks = AtomicUsize::new(0);
    let place = || {
        looks.fetch_add(1, Ordering::SeqCst);
        assert!(LINES.try_lock_for(Duration::from_secs(10)).is_some(), "all lines are locked");
        None
    };
    let on_file = |time| Wait { place: &place, ..wait(key, &pace, time) };
    let held = take(&on_file(LONG), |_| Ok(Some(Got { lock: (), record: Some(record(1)) })));
    let fresh = take::<()>(&on_file(Duration::ZERO), |_| panic!("asked the store"));
    assert!(matches!(fresh, Ok(Taken::Saved(_))));
    let waits = Wait { takes_saved: false, ..on_file(WATCH * 3) };
    assert!(matches!(take::<()>(&waits, |_| Ok(None)), Ok(Taken::Busy)));
    assert!(looks.load(Ordering::SeqCst) > 6);
    drop(held);
}

#[test]
fn a_call_that_does_not_wait_passes_a_wait_for_a_permit() {
    let (key, pace) = (key(), Pace::system());
    let (asked, permit) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let ready = |time: Duration| {
                if time.is_zero() {
                    return Ok(None);
                }
                asked.store(true, Ordering::SeqCst);
                until(|| permit.load(Ordering::SeqCst));
                Ok(Some(7))
            };
            let attempt = |_, permit| Ok(Some(Got { lock: permit, record: None }));
            take_with(&wait(key, &Pace::system(), LONG), ready, attempt).is_ok()
        });
        until(|| asked.load(Ordering::SeqCst));
        let hurried = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
        assert!(matches!(hurried, Ok(Taken::Busy)));
        permit.store(true, Ordering::SeqCst);
        assert!(first.join().unwrap());
    });
    // The first thread in the line does not wait either, if its call does not wait.
    let ready = |time: Duration| {
        assert_eq!(time, Duration::ZERO);
        Ok(None::<()>)
    };
    let hurried = take_with::<_, ()>(&wait(key, &pace, Duration::ZERO), ready, |_, ()| {
        panic!("asked the store")
    });
    assert!(matches!(hurried, Ok(Taken::Busy)));
}

#[test]
fn no_permit_is_waited_for_while_a_thread_has_the_lock() {
    let clock = Arc::new(ManualClock::new());
    let (key, pace) = (key(), Pace::of(clock.clone()));
    let held = taken(key, &pace, None);
    let mut held = Some(held);
    let mut asked = 0;
    let ready = |time: Duration| {
        assert_eq!(time, Duration::ZERO);
        asked += 1;
        if asked == 3 {
            drop(held.take());
        }
        Ok((asked > 3).then_some(()))
    };
    let attempt = |_, ()| Ok(Some(Got { lock: (), record: None }));
    let got = take_with(&wait(key, &pace, LONG), ready, attempt);
    assert!(matches!(got, Ok(Taken::Lock(_))));
    assert_eq!((clock.slept(), asked), (WATCH * 3, 4));
}

#[test]
fn a_call_that_does_not_wait_gives_up_after_ten_seconds() {
    let clock = Arc::new(ManualClock::new());
    let (key, pace) = (key(), Pace::of(clock.clone()));
    let (asks, left) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            take::<()>(&wait(key, &pace, Duration::ZERO), |_| {
                asks.store(true, Ordering::SeqCst);
                until(|| left.load(Ordering::SeqCst) || clock.slept() > PATIENCE * 2);
                Ok(None)
            })
            .is_ok()
        });
        until(|| asks.load(Ordering::SeqCst));
        let busy = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
        left.store(true, Ordering::SeqCst);
        assert!(matches!(busy, Ok(Taken::Busy)));
        assert_eq!(clock.slept(), PATIENCE);
    });
}

#[test]
fn a_thread_that_fails_or_panics_leaves_the_line() {
    let (key, pace) = (key(), Pace::system());
    let failed = take::<()>(&wait(key, &pace, LONG), |_| Err("no answer".into()));
    assert!(failed.is_err_and(|error| error.to_string() == "no answer"));
    let panics = || take::<()>(&wait(key, &pace, LONG), |_| panic!("on purpose")).is_ok();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(waiting(&key), 0);
    drop(taken(key, &pace, None));
}

#[test]
fn a_lock_of_another_process_is_asked_for_in_growing_pauses() {
    let clock = Arc::new(ManualClock::new());
    let pace = Pace::of(clock.clone());
    let mut times = Vec::new();
    let busy = take::<()>(&wait(key(), &pace, Duration::from_secs(1)), |_| {
        times.push(clock.slept());
        Ok(None)
    });
    assert!(matches!(busy, Ok(Taken::Busy)));
    assert_eq!(clock.slept(), Duration::from_secs(1));
    let pauses: Vec<_> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses[0] <= SHORTEST && pauses[..4].is_sorted(), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(20)), "{pauses:?}");
    assert!((50..=110).contains(&times.len()), "{} looks", times.len());
}

#[test]
fn a_forked_child_has_no_line() {
    let (key, pace) = (key(), Pace::system());
    let parents = taken(key, &pace, None);
    let copy = Held { process: 0, ..parents };
    drop(copy);
    let busy = take::<()>(&wait(key, &pace, Duration::ZERO), |_| panic!("asked the store"));
    assert!(matches!(busy, Ok(Taken::Busy)), "the copy frees the parent's place");
}
