//! Moves a login from one store to another.

use std::time::Duration;

use super::{BackendError, Guard, LockKind, TokenBackend};
use crate::clock::{Clock as _, SystemClock};
use crate::error::BoxError;
use crate::record::Record;

/// How long to wait for each store's lock.
const WAIT: Duration = Duration::from_secs(60);

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
/// [`BackendError::Busy`] when a store's lock is held for 60 s, or when a refresh token of this login
/// was sent, the answer may still come, and the lock of `from` does not show that the sender has ended (it is a
/// lease, or its file was deleted and made anew);
/// [`BackendError::Config`] when `to` holds a login already, or when an unfinished move of the login
/// leads to another store; otherwise the errors of the stores. None of these errors loses the login.
pub fn move_login(
    from: &(impl TokenBackend + ?Sized),
    to: &(impl TokenBackend + ?Sized),
) -> Result<bool, BoxError> {
    let guard = from.lock(WAIT)?;
    let stored = from.load()?;
    let stored = stored.map(|stored| told_later(from, &guard, stored)).transpose()?;
    let other = to.lock(WAIT)?;
    let there = match to.load() {
        Err(error) if BackendError::is_empty(&error) => None,
        there => there?,
    };
    let there = there.map(|there| told_later(to, &other, there)).transpose()?;
    let Some(stored) = stored else { return Ok(false) };
    if stored.moves_to().is_none() {
        // The lock does not exclude a process whose lock file was deleted.
        let alone = guard.kind() == LockKind::FreedByDeath && !guard.is_new();
        let unlocked = stored.note().is_some_and(|note| note.unlocked);
        if is_pending(&stored) && (!alone || unlocked) {
            return Err(BackendError::Busy(from.describe()).into());
        }
        if there.is_some() {
            return Err(occupied(to));
        }
        to.probe()?;
        let marked = stored.moving_to(&to.describe());
        from.save(&marked)?;
        to.save(&marked.moved(None))?;
    } else if there.as_ref().is_some_and(|there| there.login() != stored.login()) {
        return Err(occupied(to));
    } else if there.is_none() {
        // The store of the unfinished move may have the login already.
        if let Some(first) = stored.moves_to().filter(|first| *first != to.describe()) {
            return Err(elsewhere(from, first));
        }
        to.save(&stored.moved(None))?;
    }
    from.clear()?;
    Ok(true)
}

/// If the lock's file is new and the next holder cannot see this, the refresh note must say it.
fn told_later(
    store: &(impl TokenBackend + ?Sized),
    guard: &Guard,
    stored: Record,
) -> Result<Record, BoxError> {
    let told = stored.note().is_none_or(|note| note.unlocked);
    if told || !guard.is_new() || guard.stays_new() || !is_pending(&stored) {
        return Ok(stored);
    }
    let next = stored.unlocked();
    store.save(&next)?;
    Ok(next)
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
