//! Tests of grants without a stored login, and of dropping a client.

use std::time::Duration;

use super::steps::exchange;
use super::*;

/// Makes the world of a grant without a refresh token, with nothing stored.
fn machine() -> World {
    let mut world = World::new(Rotation::Unknown);
    world.rules.one_time = false;
    world.rules.binding.grant = "client_credentials".to_owned();
    *world.store.record.lock() = None;
    world
}

fn refreshed(generation: u64) -> impl Fn(&Event) -> bool {
    move |event| *event == Event::Refreshed { generation }
}

#[test]
fn newly_requested_tokens_are_counted_bound_and_reported() {
    let world = machine();
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    let first = world.stored();
    assert_eq!((first.generation, first.binding.as_ref()), (1, Some(&world.rules.binding)));
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    let second = world.stored();
    assert_eq!((second.generation, &second.login), (2, &first.login));
    assert_eq!((world.told(refreshed(1)), world.told(refreshed(2))), (1, 1));
    assert_eq!(keeper.refreshes(), 2);
    // Another process finds the token in the store.
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
    assert_eq!(world.told(|event| *event == Event::Adopted { generation: 2 }), 1);
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn an_unbound_stored_token_is_bound_when_it_is_found() {
    let world = machine();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.change(|record| record.binding = None);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.stored().binding.as_ref(), Some(&world.rules.binding));
}

#[test]
fn a_store_that_could_not_be_locked_or_read_is_not_written() {
    for failing in ["lock", "load"] {
        let world = machine();
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        assert_eq!(kind(&use_token(&world.keeper())), "at-2");
        assert!(!world.store.calls.lock().contains(&"save"), "{failing}");
    }
}

#[test]
fn the_store_is_locked_during_a_token_request_and_free_afterwards() {
    let world = machine();
    let (store, seen) = (Arc::clone(&world.store), Arc::new(Mutex::new(Vec::new())));
    let during = Arc::clone(&seen);
    *world.wire.1.lock() = Some(Box::new(move || during.lock().push(*store.held.lock())));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(*seen.lock(), [true]);
    assert!(!*world.store.held.lock());
}

/// A new process finds a token that is due but still works, and the service is down.
#[test]
fn a_stored_token_that_still_works_bridges_an_outage() {
    let world = machine();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.clock.advance(LIFE - Duration::from_secs(2));
    world.acts(&[Act::Broken; 4]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent().len(), 2, "one request, because a token still works");
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(kind(&use_token(&keeper)), "transport");
    assert_eq!(world.sent().len(), 4, "two requests, because no token works");
}

#[test]
fn a_stored_token_that_works_is_used_while_the_lock_is_held() {
    let world = machine();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.clock.advance(LIFE - Duration::from_secs(2));
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_failed_request_is_repeated_later_or_explicitly() {
    let world = machine();
    let keeper = world.keeper();
    world.acts(&[Act::Setup; 3]);
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(world.sent().len(), 1);
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "oauth");
    assert_eq!(world.sent().len(), 2);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(world.sent().len(), 3);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

#[test]
fn a_failure_is_remembered_although_the_token_has_expired() {
    for in_memory in [true, false] {
        let world = machine();
        let first = world.keeper();
        assert_eq!(kind(&use_token(&first)), "at-2");
        world.past_end();
        world.acts(&[Act::Setup; 3]);
        let keeper = if in_memory { first } else { world.keeper() };
        assert_eq!(kind(&use_token(&keeper)), "oauth");
        assert_eq!(kind(&use_token(&keeper)), "oauth");
        assert_eq!(world.sent().len(), 2, "the second call did not ask");
    }
}

#[test]
fn a_second_try_for_a_token_waits_a_little() {
    let world = machine();
    world.acts(&[Act::Broken]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let slept = world.clock.slept();
    assert!(slept >= Duration::from_millis(100) && slept < Duration::from_secs(1), "{slept:?}");
}

#[test]
fn a_login_is_reported_and_has_the_dates_of_the_answer() {
    let mut world = World::new(Rotation::Strict);
    world.rules.idle_limit = Some(LIFE * 24);
    let keeper = world.keeper();
    let before = world.stored().generation;
    let sent_at = world.clock.now_utc();
    exchange(&world, &keeper, 1).unwrap();
    let stored = world.stored();
    assert_eq!(stored.rotated_at, Some(sent_at));
    assert_eq!(stored.refresh_expires_at, Some(clock::later(sent_at, LIFE * 24)));
    let logged_in = Event::LoggedIn { generation: before + 1 };
    assert_eq!(world.told(|event| *event == logged_in), 1);
    // A login without a refresh token has no dates.
    let end = clock::later(sent_at, LIFE);
    keeper
        .authorize(Default::default(), &mut |_| {
            issued(Token::new("at-alone").with_expires_at(end).with_issued_at(sent_at))
        })
        .unwrap();
    let stored = world.stored();
    assert_eq!((stored.rotated_at, stored.refresh_expires_at), (None, None));
}

/// A code works once, so the error says that it was a code.
#[test]
fn a_login_without_an_answer_is_an_unknown_outcome_with_its_cause() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let result = keeper.authorize(Default::default(), &mut |_| Sent::NoAnswer("the reset".into()));
    let Err(Error::OutcomeUnknown(unknown)) = result else { panic!("{result:?}") };
    assert!(unknown.code && !unknown.by_name);
    assert!(unknown.source.unwrap().to_string().contains("the reset"));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
}

#[test]
fn a_login_that_could_not_be_saved_is_reported() {
    let world = World::new(Rotation::Strict);
    world.fail_saves(false, Fault::Before);
    exchange(&world, &world.keeper(), 1).unwrap_err();
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
}

#[test]
fn only_a_failed_save_of_a_seed_is_an_error() {
    let world = World::new(Rotation::Strict);
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    world.fail_saves(false, Fault::Before);
    assert_eq!(keeper.seed(Token::new("at-seed")).unwrap_err().kind(), "backend");
    let (store, mut done) = (Arc::clone(&world.store), false);
    world.plan(move |call, _| {
        if call == "save" && !std::mem::replace(&mut done, true) {
            *store.record.lock() = Some(Record::new_login(Token::new("at-theirs"), None));
        }
        None
    });
    assert!(!keeper.seed(Token::new("at-seed")).unwrap());
    assert_eq!(world.stored().token.access_token().expose(), "at-theirs");
}

/// A dropped client warns of an unsaved token pair, unless it can save the pair now.
#[test]
fn a_dropped_client_warns_of_an_unsaved_pair() {
    let warnings = |world: &World| {
        world.told(
            |event| matches!(event, Event::Warning { text } if text.contains("was not saved")),
        )
    };
    for (failing, expected) in [("", 0), ("save", 1), ("load", 1)] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.fail_saves(false, Fault::Before);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "not_saved");
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        drop(keeper);
        assert_eq!(warnings(&world), expected, "{failing}");
        assert!(!*world.store.held.lock());
    }
    // The client does not hold the lock, and the lock is free.
    let world = World::new(Rotation::UntilUsed);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    drop(keeper);
    assert_eq!(warnings(&world), 0);
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
    // Another holder has the lock now.
    let world = World::new(Rotation::UntilUsed);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    *world.store.held.lock() = true;
    drop(keeper);
    assert_eq!(warnings(&world), 1);
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
}

#[test]
fn a_dropped_client_with_nothing_to_save_does_not_call_the_store() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.store.calls.lock().clear();
    drop(keeper);
    assert!(world.store.calls.lock().is_empty());
}

/// `exchange` and `seed` also emit the warning, since nothing else may happen for days.
#[test]
fn a_login_on_a_store_without_a_lock_is_warned_about() {
    let world = World::with(Rotation::Strict, LockKind::None, true);
    exchange(&world, &world.keeper(), 1).unwrap();
    assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 1);
}

#[test]
fn a_login_fails_if_the_lock_fails() {
    let world = World::new(Rotation::Strict);
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    let error = exchange(&world, &world.keeper(), 1).unwrap_err();
    assert_eq!(error.kind(), "backend");
}

#[test]
fn a_failing_store_is_tried_and_reported_once() {
    let world = machine();
    world.plan(|call, _| (call == "lock" || call == "load").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(*world.store.calls.lock(), ["lock", "load"]);
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
}

#[test]
fn a_client_credentials_call_with_a_working_token_does_not_wait() {
    let world = machine();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.clock.advance(LIFE - Duration::from_secs(2));
    *world.store.held.lock() = true;
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(*world.store.calls.lock(), ["lock", "load"]);
    // A call without a token waits, and reads the store once more.
    world.past_end();
    let (store, clock, mut locks) = (Arc::clone(&world.store), world.clock.clone(), 0);
    world.plan(move |call, _| {
        locks += usize::from(call == "lock");
        if locks == 2 {
            let mut next = store.record.lock().clone().unwrap().next();
            let end = clock::later(clock.now_utc(), LIFE);
            next.token = Token::new("at-theirs").with_expires_at(end);
            *store.record.lock() = Some(next);
        }
        None
    });
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&world.keeper())), "at-theirs");
    // The last two loads are for the lock holder's name and, once more, for the token.
    assert_eq!(*world.store.calls.lock(), ["lock", "load", "lock", "load", "load"]);
}

#[test]
fn a_recent_failure_does_not_block_a_newer_token() {
    let world = machine();
    let keeper = world.keeper();
    world.acts(&[Act::Setup, Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(kind(&use_token(&world.keeper())), "oauth");
    // Another process has stored a token that is due but still works.
    let now = world.clock.now_utc();
    let token = Token::new("at-theirs").with_issued_at(now - LIFE);
    let end = clock::later(now, Duration::from_secs(2));
    *world.store.record.lock() = Some(Record::new_login(token.with_expires_at(end), None));
    world.acts(&[Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "at-theirs");
    assert_eq!(world.sent().len(), 3);
}

#[test]
fn a_client_credentials_call_reports_the_stores_warnings() {
    let world = machine();
    world.store.warnings.lock().push("the folder is open to all".to_owned());
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 1);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    let memory = keeper.memory.lock();
    assert_eq!((memory.sends, memory.refreshes), (0, 0));
}

/// A grant without a refresh token can lose nothing on a store without a lock.
#[test]
fn client_credentials_on_a_store_without_a_lock_emit_no_warning() {
    let mut world = World::with(Rotation::Unknown, LockKind::None, true);
    world.rules.one_time = false;
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 0);
}

/// A transport that reports a wait: the service asked another client of these logins to wait.
struct Held(Arc<Wire>);

impl Transport for Held {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        self.0.send(ask, sent_at)
    }
    fn held_back(&self) -> Option<(Duration, String)> {
        Some((Duration::from_secs(30), "the service asked another client to wait".to_owned()))
    }
}

#[test]
fn no_token_is_requested_while_the_service_wants_none() {
    let world = machine();
    let handle = Box::new(Handle(Arc::clone(&world.store)));
    let held = Box::new(Held(Arc::clone(&world.wire)));
    let keeper = Keeper::new(handle, held, world.clock.clone(), world.rules.clone(), None);
    let error = use_token(&keeper).unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        ("rate_limited", Some(Duration::from_secs(30)))
    );
    assert!(world.sent().is_empty());
}

/// A store that reports a wrong setup in one kind of call.
struct Wrong(Handle, &'static str);

impl Wrong {
    fn fail(&self, call: &str) -> Result<(), BoxError> {
        let wrong = || BackendError::Config("another user's file".to_owned()).into();
        if self.1 == call { Err(wrong()) } else { Ok(()) }
    }
}

impl TokenBackend for Wrong {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.fail("save")?;
        self.fail("write")?;
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.fail("lock")?;
        self.0.lock(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        self.fail("save")
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

fn wrong(world: &World, call: &'static str) -> Keeper {
    let store = Box::new(Wrong(Handle(Arc::clone(&world.store)), call));
    let wire = Box::new(Arc::clone(&world.wire));
    Keeper::new(store, wire, world.clock.clone(), world.rules.clone(), None)
}

#[test]
fn no_token_is_requested_that_the_store_would_not_take() {
    let world = machine();
    let keeper = wrong(&world, "save");
    for _ in 0..3 {
        assert_eq!(kind(&use_token(&keeper)), "backend");
        world.clock.advance(Duration::from_secs(6));
    }
    assert!(world.sent().is_empty());
}

#[test]
fn a_token_that_cannot_be_written_names_the_operation() {
    let world = machine();
    match use_token(&wrong(&world, "write")) {
        Err(Error::Backend(failure)) => assert_eq!(failure.operation, "write"),
        other => panic!("{}", kind(&other)),
    }
}

#[test]
fn a_working_stored_token_is_used_despite_a_wrong_lock() {
    let world = machine();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.enter_margin();
    let keeper = wrong(&world, "lock");
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    world.past_end();
    assert_eq!(kind(&use_token(&wrong(&world, "lock"))), "backend");
    assert_eq!(world.sent().len(), 1);
}
