//! Tests of the pool: which connection it lends, and which connections it keeps open.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::clock::{Clock as _, ManualClock};

/// Opens numbered connections, and fails to open the fourth.
fn numbered() -> (Arc<Open<u32>>, Arc<AtomicU32>) {
    let opened = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&opened);
    let open = move || match count.fetch_add(1, Ordering::Relaxed) + 1 {
        4 => Err("no connection".into()),
        number => Ok(number),
    };
    (Arc::new(open), opened)
}

fn works(connection: u32) -> Done<u32, u32> {
    (Some(connection), Ok(connection))
}

fn fails(stale: bool) -> impl FnMut(u32) -> Done<u32, u32> {
    move |connection| {
        let error = format!("{connection} fails").into();
        (None, Err(Failed { error, stale }))
    }
}

fn by(clock: &Arc<ManualClock>) -> Pace {
    Pace::of(Arc::clone(clock) as _)
}

#[test]
fn a_connection_rests_after_its_use_unless_it_is_lent() {
    let pace = Pace::system();
    for keeps in [true, false] {
        let (open, opened) = numbered();
        let pool = if keeps { Pool::own(4, open) } else { Pool::lent(open) };
        assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
        let second = if keeps { 1 } else { 2 };
        let (used, done) = pool.lend("s", &pace, PATIENCE, works).unwrap();
        assert_eq!((used.connection, done), (second, second));
        assert_eq!(pool.run("s", &pace, works).unwrap(), second + 1);
        assert_eq!(opened.load(Ordering::Relaxed), second + 1);
    }
}

#[test]
fn work_is_repeated_once_if_the_resting_connection_was_dead() {
    let (open, opened) = numbered();
    let (pool, pace) = (Pool::own(4, open), Pace::system());
    let rest = |number| {
        let permit = enter(pool.permits.as_ref(), "s", &pace, Duration::ZERO).unwrap();
        pool.put(Used::join(number, permit), &pace);
    };
    let told = |work: &mut dyn FnMut(u32) -> Done<u32, u32>| {
        pool.run("s", &pace, work).unwrap_err().to_string()
    };
    rest(100);
    assert_eq!(told(&mut fails(false)), "100 fails");
    assert_eq!(opened.load(Ordering::Relaxed), 0);
    rest(100);
    assert_eq!(told(&mut fails(true)), "1 fails");
    assert_eq!(told(&mut fails(true)), "2 fails");
    rest(100);
    let mut dead =
        |connection| if connection == 100 { fails(true)(100) } else { works(connection) };
    assert_eq!(pool.run("s", &pace, dead).unwrap(), 3);
    assert_eq!(pool.run("s", &pace, works).unwrap(), 3);
    rest(100);
    assert_eq!(told(&mut dead), "no connection");
}

#[test]
fn a_use_without_an_answer_ends_all_that_rested_before() {
    let clock = Arc::new(ManualClock::new());
    let pace = by(&clock);
    let pool = Pool::own(8, numbered().0).keeping(|connection| *connection == 101);
    let rest = |number| {
        let permit = enter(pool.permits.as_ref(), "s", &pace, Duration::ZERO).unwrap();
        pool.put(Used::join(number, permit), &pace);
        clock.sleep(Duration::from_secs(1));
    };
    (100..104).for_each(rest);
    // Another thread has used a connection meanwhile.
    let silent = |connection| {
        rest(200);
        fails(false)(connection)
    };
    assert_eq!(pool.run("s", &pace, silent).unwrap_err().to_string(), "103 fails");
    let left = || pool.resting.lock().connections.iter().map(|(c, _)| *c).collect::<Vec<_>>();
    assert_eq!(left(), [101, 200], "only 101 must stay open");
    assert_eq!(pool.run("s", &pace, silent).unwrap_err().to_string(), "200 fails");
    // The next use gets the connection that was put back during that use, and no dead connection.
    assert_eq!(pool.run("s", &pace, works).unwrap(), 200);
    pool.doubt(clock.monotonic() + Duration::from_secs(1));
    assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
    assert!(left().contains(&101));
}

#[test]
fn a_refused_statement_keeps_its_connection() {
    let (open, opened) = numbered();
    let (pool, pace) = (Pool::own(4, open), Pace::system());
    let refused = |connection| {
        let error = "refused".into();
        (Some(connection), Err::<(), _>(Failed { error, stale: false }))
    };
    assert_eq!(pool.run("s", &pace, refused).unwrap_err().to_string(), "refused");
    assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

#[test]
fn a_connection_that_rests_for_a_minute_is_closed() {
    let clock = Arc::new(ManualClock::new());
    let pace = by(&clock);
    let pool = Pool::own(4, numbered().0);
    assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
    clock.sleep(Duration::from_secs(60));
    assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
    clock.sleep(Duration::from_secs(61));
    assert_eq!(pool.run("s", &pace, works).unwrap(), 2);
}

#[test]
fn three_of_four_connections_may_be_kept_for_locks() {
    let clock = Arc::new(ManualClock::new());
    let pace = by(&clock);
    for (most, holders) in [(1, 1), (2, 1), (3, 2), (4, 3), (8, 6)] {
        let pool = Pool::own(most, numbered().0);
        let held: Vec<_> =
            (0..holders).map(|_| pool.hold("s", &pace, Duration::ZERO).unwrap()).collect();
        let error = pool.hold("s", &pace, Duration::ZERO).unwrap_err();
        assert!(BackendError::is_no_connection(&error), "{error}");
        assert_eq!(clock.slept(), Duration::ZERO, "a call that does not wait has waited");
        drop(held);
        assert!(pool.hold("s", &pace, Duration::ZERO).is_ok());
    }
}

#[test]
fn a_full_server_is_asked_again_for_ten_seconds() {
    let clock = Arc::new(ManualClock::new());
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let open = move || match count.fetch_add(1, Ordering::Relaxed) {
        5 => Ok(7),
        _ => Err(BackendError::NoConnection("full".to_owned()).into()),
    };
    let pool: Pool<u32> = Pool::own(4, Arc::new(open));
    assert_eq!(pool.run("s", &by(&clock), works).unwrap(), 7);
    assert!(clock.slept() < Duration::from_secs(1));
    let (_in_use, _) = pool.lend("s", &by(&clock), PATIENCE, works).unwrap();
    let before = clock.slept();
    let error = pool.run("s", &by(&clock), works).unwrap_err();
    assert!(BackendError::is_no_connection(&error), "{error}");
    assert_eq!(clock.slept() - before, PATIENCE);
}

#[test]
fn a_forked_child_uses_no_connection_of_its_parent() {
    struct Told(u32, Arc<AtomicU32>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (opened, closed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let told = Arc::clone(&closed);
    let open = move || Ok(Told(opened.fetch_add(1, Ordering::Relaxed), Arc::clone(&told)));
    let (pool, pace) = (Pool::own(4, Arc::new(open)), Pace::system());
    let number = |connection: Told| {
        let number = connection.0;
        (Some(connection), Ok(number))
    };
    assert_eq!(pool.run("s", &pace, number).unwrap(), 0);
    pool.resting.lock().process = 0;
    assert_eq!(pool.run("s", &pace, number).unwrap(), 1);
    assert_eq!(closed.load(Ordering::Relaxed), 0, "a copy was closed");
}
