//! The decision tables of the refresh, as functions of nothing but the situation.
//!
//! The classes are those of [`Rotation`]. Why each row is as it is: `guide::design`.

use std::time::Duration;

use crate::backend::LockKind;
use crate::provider::Rotation;

/// What is known when the note of an unanswered spend is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What the service does with a used refresh token.
    pub(crate) rotation: Rotation,
    /// Whether a refresh ends the old access token.
    pub(crate) ends_access_token: bool,
    /// Whether a second use ends other logins of the user.
    pub(crate) ends_other_logins: bool,
    /// What ends the lock that is held. A note of this process's own counts as freed by death:
    /// nobody else can hold the answer.
    pub(crate) lock: LockKind,
    /// How long ago the token was sent.
    pub(crate) age: Duration,
    /// How long the holder may still get its answer; zero when the deadline has passed.
    pub(crate) deadline_in: Duration,
    /// How long the service asked not to be called.
    pub(crate) not_before_in: Duration,
    /// How long the same token is not to be sent again.
    pub(crate) pause: Duration,
    /// Whether the call can go on with the access token it has.
    pub(crate) usable: bool,
    /// Whether the caller asked for a refresh by name.
    pub(crate) explicit: bool,
}

/// How long a holder without a lock is left alone where a second request spends nothing.
const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send the same refresh token again, at once.
    Replay,
    /// Go on with the access token; decide again when it has ended.
    Keep,
    /// Release the lock and come back after this long: the service asked for it.
    NotBefore(Duration),
    /// Release the lock and come back after this long: somebody alive may hold the answer.
    Deadline(Duration),
    /// Only an explicit call may send it again.
    Stop,
}

/// A note is found, or this process's own earlier attempt stayed unanswered.
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
        // Nobody alive can hold the successor, so a replay destroys nothing but a family that is
        // lost already and, in that class, the rest of the access token's life.
        return if family && f.usable && !f.ends_access_token {
            Decision::Keep
        } else {
            Decision::Replay
        };
    }
    // The holder may be alive, with the successor in hand or about to have it.
    let alone = f.lock != LockKind::None;
    let harmless = match f.rotation {
        Rotation::None => alone || f.age >= LONG_ENOUGH,
        // Without a lock the holder has half of the window to save; the other half is ours.
        Rotation::Grace(window) => f.age < window && (alone || f.age >= window / 2),
        // A request that is slow would arrive after the window, and end the login.
        Rotation::GraceThenFamily(window) => f.age < window && alone,
        // A late use of the old token can end the login, and waiting loses nothing.
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

/// No answer came to a request just sent, and the lock is still held: send it once more, at once?
pub(crate) fn replays(rotation: Rotation, ends_access_token: bool, usable: bool) -> bool {
    match rotation {
        Rotation::StrictFamily => !usable || ends_access_token,
        _ => true,
    }
}

/// What a failed save of the successor means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaved {
    /// The stored refresh token is still the one to use: go on.
    GoOn,
    /// The old one works for everybody until ours is used: keep the pair, release the lock.
    Release,
    /// Nobody else may spend what we spent: keep the pair and the lock.
    KeepLock,
}

/// The successor could not be saved.
pub(crate) fn not_saved(rotation: Rotation, rotated: bool) -> Unsaved {
    match rotation {
        _ if !rotated => Unsaved::GoOn,
        Rotation::None | Rotation::UntilUsed => Unsaved::Release,
        _ => Unsaved::KeepLock,
    }
}
