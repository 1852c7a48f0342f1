//! Moves a login from one store to another.

use std::time::Duration;

use super::{BackendError, Guard, LockKind, TokenBackend};
use crate::clock::{Clock as _, SystemClock};
use crate::error::BoxError;
use crate::record::Record;

/// How long to wait for each store's lock.
const WAIT: Duration = Duration::from_secs(60);
/// How long a lease must still last when a store is changed.
const STEP: Duration = Duration::from_secs(30);

/// Moves the login in `from` to `to`, and returns whether `from` had a login.
///
/// If a copied login is used in two places, the clients in both places send the same one-time refresh token,
/// which can revoke the login. The login is therefore never usable in both stores. First `from` is marked as
/// being moved, then `to` gets the login, then `from` is cleared. A process that dies between these steps
/// leaves a mark behind: clients of `from` fail with [`Error::Config`](crate::Error::Config) that says so,
/// and a second call of `move_login` to the same store finishes the move. Finish the move before you move the
/// login again or log out: until then `from` still has its tokens.
///
/// Pass both stores as your clients use them: a `SealedBackend` with its keys, for example. Running
/// clients of `from` fail when they next read the store; a client with an access token in memory uses
/// that token until it expires.
///
/// ```
/// use evergrant::backend::{self, FileBackend, TokenBackend};
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let (old, new) = (sandbox.folder().join("old.json"), sandbox.folder().join("new.json"));
///
/// let (old, new) = (FileBackend::new(old), FileBackend::new(new));
/// # old.save(&sandbox.login().into())?;
/// assert!(backend::move_login(&old, &new)?);
/// assert!(old.load()?.is_none() && new.load()?.is_some());
/// # Ok::<(), evergrant::BoxError>(())
/// ```
///
/// # Errors
///
/// [`BackendError::Busy`] when a store's lock is held for 60 s, when a lock is lost during the move, or when a refresh
/// token of this login was sent, the answer may still come, and the lock of `from` does not show that the sender has
/// ended (it is a lease, or its file was deleted and made anew);
/// [`BackendError::Conflict`] when a client without the lock changes the login in `from` during the move;
/// [`BackendError::Config`] when `to` holds a login already, or when an unfinished move of the login
/// leads to another store; otherwise the errors of the stores. None of these errors loses the login.
pub fn move_login(
    from: &(impl TokenBackend + ?Sized),
    to: &(impl TokenBackend + ?Sized),
) -> Result<bool, BoxError> {
    let guard = from.lock(WAIT)?;
    let other = to.lock(WAIT)?;
    let there = match to.load() {
        Err(error) if BackendError::is_empty(&error) => None,
        there => there?,
    };
    // The record is read after all waits: meanwhile a client of a store without a lock may refresh the login.
    let Some(stored) = from.load()? else { return Ok(false) };
    let marked = if stored.moves_to().is_none() {
        // The lock does not exclude a process whose lock file was deleted.
        let alone = guard.kind() == LockKind::FreedByDeath && !guard.is_new();
        if is_pending(&stored) && !alone {
            return Err(BackendError::Busy(from.describe()).into());
        }
        if there.is_some() {
            return Err(occupied(to));
        }
        to.probe()?;
        check_lock(from, &guard)?;
        let marked = stored.moving_to(&to.describe());
        from.save(&marked)?;
        marked
    } else if there.as_ref().is_some_and(|there| there.login() != stored.login()) {
        return Err(occupied(to));
    } else if there.is_none()
        && let Some(first) = stored.moves_to().filter(|first| *first != to.describe())
    {
        // The store of the unfinished move may have the login already.
        return Err(elsewhere(from, first));
    } else {
        stored
    };
    if there.is_none() {
        check_lock(to, &other)?;
        check_unchanged(from, &guard, &marked)?;
        to.save(&marked.moved(None))?;
    }
    let unchanged = check_unchanged(from, &guard, &marked);
    if unchanged.as_ref().is_err_and(BackendError::is_conflict) {
        take_back(to, &other, &marked);
    }
    unchanged?;
    from.clear()?;
    Ok(true)
}

/// Removes the copy of a login that has gone on in its first store: the login must not be usable in both stores.
fn take_back(to: &(impl TokenBackend + ?Sized), guard: &Guard, marked: &Record) {
    let is_copy = |there: Record| {
        there.login() == marked.login()
            && there.token().refresh_token() == marked.token().refresh_token()
            && there.note() == marked.note()
    };
    if guard.is_held() && to.load().is_ok_and(|there| there.is_some_and(is_copy)) {
        let _ = to.clear();
    }
}

fn check_lock(store: &(impl TokenBackend + ?Sized), guard: &Guard) -> Result<(), BoxError> {
    let held = guard.is_held() && guard.lasts(STEP);
    if held { Ok(()) } else { Err(BackendError::Busy(store.describe()).into()) }
}

/// Checks that nobody has saved another token, or the note of another request, over `marked`. In a store without a
/// lock, a client that has read the record before may do so.
fn check_unchanged(
    store: &(impl TokenBackend + ?Sized),
    guard: &Guard,
    marked: &Record,
) -> Result<(), BoxError> {
    check_lock(store, guard)?;
    let same = |now: Record| {
        now.note() == marked.note() && now.token().refresh_token() == marked.token().refresh_token()
    };
    let same = store.load()?.is_some_and(same);
    if same { Ok(()) } else { Err(BackendError::Conflict(store.describe()).into()) }
}

/// Whether the answer to a refresh token may still come to another process.
fn is_pending(record: &Record) -> bool {
    record.note().is_some_and(|note| !note.answered && SystemClock.now_utc() < note.deadline)
}

fn elsewhere(from: &(impl TokenBackend + ?Sized), first: &str) -> BoxError {
    let text = format!(
        "an unfinished move of the login in {} leads to {first}: finish that move first, then start the next move",
        from.describe()
    );
    BackendError::Config(text).into()
}

fn occupied(to: &(impl TokenBackend + ?Sized)) -> BoxError {
    let text = format!("{} holds a login, which is not replaced: clear it first", to.describe());
    BackendError::Config(text).into()
}
