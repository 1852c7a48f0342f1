//! The decision tables of the refresh, as pure functions.
//!
//! The classes of services are the values of [`Rotation`]. The guide's page `design` gives the reason
//! for each row.

use std::time::Duration;

use crate::backend::LockKind;
use crate::provider::Rotation;

/// The situation when a refresh note without an answer is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What the service does with a used refresh token.
    pub(crate) rotation: Rotation,
    /// Whether the old access token becomes invalid at a refresh.
    pub(crate) ends_access_token: bool,
    /// Whether a second use revokes other logins of the user.
    pub(crate) ends_other_logins: bool,
    /// The kind of the lock that is held. For a refresh note of this process, the kind is
    /// [`LockKind::FreedByDeath`], because no other process can have the answer.
    pub(crate) lock: LockKind,
    /// How long ago the token was sent.
    pub(crate) age: Duration,
    /// How long the process that wrote the refresh note may still get its answer; zero after the deadline.
    pub(crate) deadline_in: Duration,
    /// How long the service asked to wait; zero if the service did not ask.
    pub(crate) not_before_in: Duration,
    /// How long the client must not send the same token again; zero if it may send the token at once.
    pub(crate) pause: Duration,
    /// Whether the call can go on with its access token.
    pub(crate) usable: bool,
    /// Whether the caller called `refresh()`.
    pub(crate) explicit: bool,
}

/// How long to wait for another process if the store has no lock and a second request does no harm.
const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// What to do about a refresh note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send the same refresh token again, at once.
    Replay,
    /// Go on with the access token; decide again when it has expired.
    Keep,
    /// Release the lock and try again after this time, as the service asked.
    NotBefore(Duration),
    /// Release the lock and try again after this time: until then, the process that wrote the refresh note
    /// may get its answer.
    Deadline(Duration),
    /// Only an explicit call may send the token again.
    Stop,
}

/// Decides about a refresh note, or about this process's own unanswered attempt.
pub(crate) fn found(f: &Found) -> Decision {
    let family = f.rotation == Rotation::StrictFamily;
    if !f.not_before_in.is_zero() {
        return if f.usable { Decision::Keep } else { Decision::NotBefore(f.not_before_in) };
    }
    if family && f.ends_other_logins && !f.explicit {
        return if f.usable { Decision::Keep } else { Decision::Stop };
    }
    if !f.pause.is_zero() {
        return if f.usable { Decision::Keep } else { Decision::Deadline(f.pause) };
    }
    if f.lock == LockKind::FreedByDeath || f.deadline_in.is_zero() {
        // No living process can have the new refresh token, so a replay can only revoke a login that is lost
        // already. With `StrictFamily` a replay would also revoke the access token early.
        return if family && f.usable && !f.ends_access_token {
            Decision::Keep
        } else {
            Decision::Replay
        };
    }
    // The process that wrote the refresh note may be alive, and may have the new refresh token or get it
    // soon.
    let alone = f.lock != LockKind::None;
    let harmless = match f.rotation {
        Rotation::None => alone || f.age >= LONG_ENOUGH,
        // Without a lock, the process that wrote the refresh note may save in the first half of the window;
        // this process sends only in the second half.
        Rotation::Grace(window) => f.age < window && (alone || f.age >= window / 2),
        // A slow request would arrive after the window and revoke the login.
        Rotation::GraceThenFamily(window) => f.age < window && alone,
        // A late use of the old token can revoke the login, and waiting loses nothing.
        Rotation::UntilUsed => false,
        Rotation::Strict | Rotation::StrictFamily | Rotation::Unknown => false,
    };
    if harmless {
        Decision::Replay
    } else if f.usable {
        Decision::Keep
    } else {
        Decision::Deadline(f.deadline_in)
    }
}

/// Whether to send a request again at once after no answer came, while the lock is still held.
pub(crate) fn replays(rotation: Rotation, ends_access_token: bool, usable: bool) -> bool {
    match rotation {
        Rotation::StrictFamily => !usable || ends_access_token,
        _ => true,
    }
}

/// What to do after the new refresh token could not be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaved {
    /// Go on: the stored refresh token is still valid.
    GoOn,
    /// Keep the token pair in memory and release the lock: the old refresh token works until the new token is
    /// used.
    Release,
    /// Keep the token pair and the lock: no other process may send the old refresh token again.
    KeepLock,
}

/// Decides what to do if the new refresh token could not be saved.
pub(crate) fn not_saved(rotation: Rotation, rotated: bool) -> Unsaved {
    match rotation {
        _ if !rotated => Unsaved::GoOn,
        Rotation::None | Rotation::UntilUsed => Unsaved::Release,
        _ => Unsaved::KeepLock,
    }
}
