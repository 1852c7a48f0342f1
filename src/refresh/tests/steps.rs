//! Tests of each step, of the grants, and of events.

use std::time::{Duration, SystemTime};

use super::*;

pub(super) fn exchange(world: &World, keeper: &Keeper, number: u64) -> Result<Token> {
    let clock = world.clock.clone();
    keeper.authorize([("realmId".to_owned(), "9".into())].into_iter().collect(), &mut |sent_at| {
        let token = Token::new(format!("at-login-{number}"))
            .with_refresh_token(format!("rt-login-{number}"))
            .with_issued_at(sent_at)
            .with_expires_at(clock::later(clock.now_utc(), LIFE));
        issued(token)
    })
}

#[test]
fn a_good_token_is_returned_without_the_store() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.store.calls.lock().clear();
    for _ in 0..100 {
        assert_eq!(kind(&use_token(&keeper)), "at-1");
    }
    assert!(world.store.calls.lock().is_empty());
}

#[test]
fn a_refresh_calls_the_store_in_this_order() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let keeper = world.keeper();
    world.store.calls.lock().clear();
    world.past_end();
    let calls = || std::mem::take(&mut *world.store.calls.lock());
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert_eq!(calls(), ["lock", "load", "save", "load", "load", "save"], "the note is read back");
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-4");
    assert_eq!(
        calls(),
        ["lock", "load", "save", "load", "save"],
        "the note is read back once for each client"
    );
    let stored = world.stored();
    assert_eq!((stored.revision, stored.generation), (7, 4));
    assert_eq!(stored.superseded, Some(Secret::new("rt-3")));
    assert_eq!(stored.rotated_at, stored.token.issued_at());
    assert!(stored.note.is_none() && stored.login == world.stored().login);
}

#[test]
fn an_empty_store_is_never_written_by_a_refresh() {
    let world = World::new(Rotation::Strict);
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_authorized");
    assert_eq!(*world.store.calls.lock(), ["lock", "load"]);
    assert_eq!(world.told(|event| matches!(event, Event::AuthorizationNeeded { .. })), 1);
}

#[test]
fn a_record_of_another_client_is_an_error_and_stays() {
    let mut world = World::new(Rotation::Strict);
    world.rules.binding.client_id = "other".to_owned();
    world.past_end();
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "config");
    assert_eq!(keeper.seed(Token::new("x")).unwrap_err().kind(), "config");
    assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "config");
    assert_eq!(keeper.clear(&|_| Ok(false)).unwrap_err().kind(), "config");
    assert!(world.sent().is_empty());
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
}

#[test]
fn a_record_without_a_binding_is_bound_at_its_first_use() {
    let world = World::new(Rotation::Strict);
    world.change(|record| record.binding = None);
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.stored().binding.as_ref(), Some(&world.rules.binding));
}

#[test]
fn an_expired_token_without_a_refresh_token_needs_a_person() {
    let world = World::new(Rotation::Strict);
    let end = world.clock.now_utc();
    world.change(|record| record.token = Token::new("at").with_expires_at(end));
    assert_eq!(kind(&use_token(&world.keeper())), "not_authorized");
    assert!(world.sent().is_empty());
}

#[test]
fn a_refused_access_token_is_replaced_from_the_store_or_refreshed() {
    let world = World::new(Rotation::Strict);
    let (one, two) = (world.keeper(), world.keeper());
    assert_eq!(kind(&use_token(&one)), "at-1");
    assert_eq!(kind(&use_token(&two)), "at-1");
    let refused = Want::Instead(Secret::new("at-1"));
    assert_eq!(one.access(&refused).unwrap().access_token().expose(), "at-2");
    assert_eq!(two.access(&refused).unwrap().access_token().expose(), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    assert!(two.moved_on(&Secret::new("at-1")).is_some());
    assert!(two.moved_on(&Secret::new("at-2")).is_none());
    assert_eq!(world.sent(), ["rt-1"]);
}

#[test]
fn a_service_with_an_earliest_refresh_is_not_asked_before() {
    let mut world = World::new(Rotation::Strict);
    world.rules.earliest_refresh = Some(Duration::from_secs(570));
    world.clock.advance(Duration::from_secs(100));
    let keeper = world.keeper();
    let error = keeper.access(&keeper.newer()).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(470)));
    assert!(world.sent().is_empty());
    world.clock.advance(Duration::from_secs(470));
    assert!(keeper.access(&keeper.newer()).is_ok());
}

#[test]
fn a_wall_clock_set_back_does_not_keep_an_ended_token_alive() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let start = world.clock.now();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.past_end();
    world.clock.set_wall(start);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    world.clock.set_wall(SystemTime::UNIX_EPOCH);
    assert!(use_token(&keeper).is_ok());
}

#[test]
fn a_login_is_durable_when_it_returns_and_replaces_the_previous_one() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let before = world.stored();
    let token = exchange(&world, &keeper, 1).unwrap();
    assert_eq!(token.extra()["realmId"], "9");
    let stored = world.stored();
    assert_eq!(stored.revision, before.revision + 1);
    assert_ne!(stored.login, before.login);
    assert!(stored.consented_at.is_some() && stored.binding.is_some());
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
    *world.store.record.lock() = None;
    exchange(&world, &world.keeper(), 2).unwrap();
    assert_eq!(world.stored().revision, 1);
}

#[test]
fn an_unsaved_login_is_in_memory_and_in_the_error() {
    let world = World::new(Rotation::Strict);
    world.plan(|call, _| (call == "save").then_some(Fault::Before));
    let keeper = world.keeper();
    let error = exchange(&world, &keeper, 1).unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    assert_eq!(error.into_token().unwrap().access_token().expose(), "at-login-1");
    assert!(*world.store.held.lock());
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-login-1")));
}

#[test]
fn a_seed_never_replaces_what_is_stored() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert!(!keeper.seed(Token::new("stale").with_refresh_token("rt-0")).unwrap());
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
    keeper.clear(&|_| Ok(false)).unwrap();
    assert_eq!(kind(&use_token(&keeper)), "not_authorized");
    assert!(keeper.seed(Token::new("first").with_refresh_token("rt-1")).unwrap());
    assert!(!world.keeper().seed(Token::new("second")).unwrap());
    assert_eq!(kind(&use_token(&keeper)), "first");
    assert_eq!(world.stored().binding.as_ref(), Some(&world.rules.binding));
}

#[test]
fn login_seed_and_clear_wait_for_the_lock_and_then_fail() {
    let world = World::new(Rotation::Strict);
    *world.store.held.lock() = true;
    let keeper = world.keeper();
    let stored = world.store.record.lock().take();
    assert_eq!(keeper.seed(Token::new("x")).unwrap_err().kind(), "busy");
    *world.store.record.lock() = stored;
    assert_eq!(keeper.clear(&|_| Ok(false)).unwrap_err().kind(), "busy");
    assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "busy");
}

#[test]
fn a_hook_may_call_the_client() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let slot: Arc<Mutex<Option<Arc<Keeper>>>> = Arc::default();
    let (inside, seen) = (Arc::clone(&slot), Arc::new(Mutex::new(Vec::new())));
    let heard = Arc::clone(&seen);
    let hook: Hook = Arc::new(move |_: &Event| {
        let keeper = inside.lock().clone().unwrap();
        heard.lock().push(kind(&use_token(&keeper)).to_owned());
    });
    let (wire, handle) = (Box::new(Arc::clone(&world.wire)), Handle(Arc::clone(&world.store)));
    let keeper =
        Keeper::new(Box::new(handle), wire, world.clock.clone(), world.rules.clone(), Some(hook));
    let keeper = Arc::new(keeper);
    *slot.lock() = Some(Arc::clone(&keeper));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(*seen.lock(), ["at-2"]);
    *slot.lock() = None;
}

/// A logger that keeps the log lines of each thread.
struct Lines;

thread_local! {
    static LINES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(format!("{} {}", record.level(), record.args())));
    }

    fn flush(&self) {}
}

#[test]
fn each_event_is_a_line_in_the_log() {
    // No other test of this program sets a logger.
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let world = World::new(Rotation::Strict);
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let events: Vec<String> = world.events.lock().iter().map(ToString::to_string).collect();
    let lines = LINES.take();
    assert_eq!(lines, [format!("INFO as.example: {}", events[0])]);
}

#[test]
fn a_store_without_a_lock_causes_one_warning() {
    let warnings = |world: &World| world.told(|event| matches!(event, Event::Warning { .. }));
    let world = World::with(Rotation::Strict, LockKind::None, true);
    let keeper = world.keeper();
    for _ in 0..3 {
        world.past_end();
        use_token(&keeper).unwrap();
    }
    assert_eq!(warnings(&world), 1);
    let world = World::with(Rotation::None, LockKind::None, true);
    use_token(&world.keeper()).unwrap();
    assert_eq!(warnings(&world), 0);
    let world = World::new(Rotation::Strict);
    use_token(&world.keeper()).unwrap();
    assert_eq!(warnings(&world), 0);
}

#[test]
fn a_grant_without_a_refresh_token_works_with_any_store() {
    for failing in ["", "lock", "load", "save"] {
        let mut world = World::new(Rotation::Unknown);
        world.rules.one_time = false;
        world.rules.binding.grant = "client_credentials".to_owned();
        *world.store.record.lock() = None;
        let keeper = world.keeper();
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{failing}");
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{failing}");
        let failed = world.told(|event| matches!(event, Event::SaveFailed { .. }));
        assert_eq!(failed, usize::from(!failing.is_empty()), "{failing}");
        *world.store.plan.lock() = None;
        if failing.is_empty() {
            assert_eq!(kind(&use_token(&world.keeper())), "at-2", "the next run requests no token");
            assert_eq!(world.sent().len(), 1);
        }
        world.enter_margin();
        world.acts(&[Act::Broken]);
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{failing}: an outage is not an expiry");
        world.past_end();
        world.acts(&[Act::LoseRequest]);
        assert_eq!(kind(&use_token(&keeper)), "at-3", "{failing}");
    }
}

#[test]
fn a_store_of_another_environment_is_refused_for_client_credentials_too() {
    let mut world = World::new(Rotation::Unknown);
    world.rules.one_time = false;
    world.rules.binding.token_endpoint = "https://test.example/token".to_owned();
    assert_eq!(kind(&use_token(&world.keeper())), "config");
    assert!(world.sent().is_empty());
}
