//! A lock between processes: a locked file.

use std::fs::{File, FileTimes};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::locked::{Locked, Opened};
use super::{BackendError, Guard, disk, line, owner};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::secret::random_byte;

/// A lock for one thread of one process at a time. The lock is released when that process dies.
///
/// A `FileLock` is the operating system's lock on a separate file (`flock`, `LockFileEx`). The file is
/// created if it is missing; its folder must exist. The file is empty or has one byte. Taking the lock sets the file's
/// times, so that programs that delete old files do not delete it. Do not delete the file while the
/// lock is held; [`Guard::is_held`] notices this. Two locks on one file in one process exclude each
/// other too, even on NFS, where the system's lock belongs to the process. A child process does not
/// inherit the lock, whether it is a new program or only a fork.
///
/// The owner of the file could take the lock away. The file must therefore belong to this user, to the
/// folder's owner or to root.
///
/// ```
/// use evergrant::backend::{FileLock, LockKind};
/// use std::time::Duration;
///
/// # let path = std::env::temp_dir().join(format!("evergrant-doc-{}.lock", std::process::id()));
/// let lock = FileLock::new(&path);
/// let guard = lock.lock(Duration::from_secs(5))?;
/// assert_eq!(guard.kind(), LockKind::FreedByDeath);
/// assert!(FileLock::new(&path).lock(Duration::ZERO).is_err());
/// drop(guard);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileLock {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FileLock {
    /// Makes a lock on a file without opening it. A relative path refers to the present working
    /// directory, even if that changes later.
    pub fn new(path: impl AsRef<Path>) -> FileLock {
        FileLock { path: disk::absolute(path.as_ref()), clock: Arc::new(SystemClock) }
    }

    /// Sets the clock that measures waits, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> FileLock {
        self.clock = clock;
        self
    }

    /// The path of the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock, and waits for it no longer than `wait`. With a `wait` of zero, the call tries once.
    ///
    /// # Errors
    ///
    /// [`BackendError::Busy`] if another holder still has the lock; [`BackendError::Config`] if this
    /// user may not open the file, the file belongs to another user, or its file system has no locks;
    /// [`BackendError::Unavailable`] or [`BackendError::Full`] if the file cannot be opened at present.
    pub fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.lock_at(disk::place(&self.path)?, wait)
    }

    fn lock_at(&self, path: PathBuf, wait: Duration) -> Result<Guard, BoxError> {
        let mut opened = None;
        let clock = &*self.clock;
        let locked = wait_for(clock, wait, || attempt(&path, clock, &mut opened))?;
        let Some(locked) = locked else {
            return Err(BackendError::Busy(self.path.display().to_string()).into());
        };
        guard(locked, None, path)
    }
}

/// A locked file, and this thread's place in the line. The fields are dropped in this order: when the next thread
/// of this process tries to take the lock, the file is unlocked.
struct HeldFile {
    locked: Locked,
    _place: Option<line::Held>,
}

/// Makes the guard of a locked file at `path`.
///
/// An empty file is new: the process that wrote a refresh note may hold a deleted lock file. When no answer can
/// come to that process any more, a client makes the file one byte long. The length needs no space on the disk,
/// and a process that dies before leaves the file new for the next process.
pub(super) fn guard(
    locked: Locked,
    place: Option<line::Held>,
    path: PathBuf,
) -> Result<Guard, BoxError> {
    let length = locked.file()?.metadata().map(|metadata| metadata.len());
    let new = length.map_err(|error| disk::failed("look at", &path, &error))? == 0;
    let held = Arc::new(HeldFile { locked, _place: place });
    let (checked, settled) = (Arc::clone(&held), Arc::clone(&held));
    let guard = Guard::freed_by_death(held).with_check(move || checked.locked.is_at(&path));
    if !new {
        return Ok(guard);
    }
    // If this fails, the lock is also new for the next holder, which then waits for a refresh note's deadline.
    Ok(guard.of_new_file(move || drop(settled.locked.file().map(|file| file.set_len(1)))))
}

/// Tries once to take the lock in the file at `path`, whose folder is written without links.
pub(super) fn attempt(
    path: &Path,
    clock: &dyn Clock,
    opened: &mut Opened,
) -> Result<Option<Locked>, BoxError> {
    let Some(locked) = Locked::take_opened(path, &open, opened)? else { return Ok(None) };
    let file = locked.file()?;
    let now = clock.now();
    let touched = file.set_times(FileTimes::new().set_accessed(now).set_modified(now));
    owner::check_lock(&file, path, touched.is_ok())?;
    Ok(Some(locked))
}

/// Opens the lock file, or creates it. Does not follow links.
pub(super) fn open(path: &Path) -> Result<File, BoxError> {
    loop {
        if let Some((file, _)) = disk::open(path, File::options().write(true))? {
            return Ok(file);
        }
        match disk::create(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => {
                return created.map_err(|error| disk::failed("create the lock file", path, &error));
            }
        }
    }
}

/// The longest pause between two tries to take a lock that another process has.
pub(super) const LONGEST: Duration = Duration::from_millis(20);

/// Calls `attempt` at once, and again after pauses that grow from 1 ms to 20 ms. Each pause is
/// shortened by a random part of up to a half, so that waiting processes do not retry at the same
/// moments. Returns `None` when `wait` is over.
pub(super) fn wait_for<T>(
    clock: &dyn Clock,
    wait: Duration,
    attempt: impl FnMut() -> Result<Option<T>, BoxError>,
) -> Result<Option<T>, BoxError> {
    wait_up_to(clock, wait, LONGEST, attempt)
}

/// Like [`wait_for`], with pauses of up to `longest`.
pub(super) fn wait_up_to<T>(
    clock: &dyn Clock,
    wait: Duration,
    longest: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, BoxError>,
) -> Result<Option<T>, BoxError> {
    let mut got = None;
    repeat(clock, wait, longest, &mut || {
        got = attempt()?;
        Ok(got.is_some())
    })?;
    Ok(got)
}

/// Repeats `attempt` until it returns `true` or `wait` is over.
fn repeat(
    clock: &dyn Clock,
    wait: Duration,
    longest: Duration,
    attempt: &mut dyn FnMut() -> Result<bool, BoxError>,
) -> Result<(), BoxError> {
    let start = clock.monotonic();
    let mut pause = Duration::from_millis(1);
    while !attempt()? {
        let left = wait.saturating_sub(clock.monotonic().saturating_sub(start));
        if left.is_zero() {
            break;
        }
        let cut = u32::from(random_byte());
        clock.sleep((pause - pause * cut / 512).min(left));
        pause = (pause * 2).min(longest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between opening and locking, another save may rename the file over the record; writing the file
    /// would then write the record in place.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_renamed_while_it_was_opened_is_not_taken() {
        let name = format!("evergrant-lock-{}", crate::secret::random_id());
        let path = disk::place(&std::env::temp_dir().join(name)).unwrap();
        let away = disk::beside(&path, "", ".away");
        let open_late = |path: &Path| {
            let file = open(path)?;
            std::fs::rename(path, &away)?;
            Ok(file)
        };
        assert!(Locked::take(&path, &open_late).unwrap().is_none());
        assert!(Locked::take(&path, &open).unwrap().is_some());
        disk::remove(&path).unwrap();
        disk::remove(&away).unwrap();
    }

    /// A user who may write in the folder can put a link there between the check and the opening.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_opened_through_a_link_is_not_taken() {
        let name = format!("evergrant-lock-{}", crate::secret::random_id());
        let path = disk::place(&std::env::temp_dir().join(name)).unwrap();
        let victim = disk::beside(&path, "", ".victim");
        std::fs::write(&victim, "precious").unwrap();
        let open_through_link = |path: &Path| {
            std::os::unix::fs::symlink(&victim, path)?;
            Ok(File::options().write(true).open(path)?)
        };
        assert!(Locked::take(&path, &open_through_link).unwrap().is_none());
        assert!(disk::open(&path, File::options().write(true)).is_err());
        disk::remove(&path).unwrap();
        disk::remove(&victim).unwrap();
    }

    #[test]
    fn a_lock_file_is_new_until_a_holder_settles_it() {
        let path = std::env::temp_dir().join(crate::secret::random_id());
        let lock = FileLock::new(&path);
        let take = || lock.lock(Duration::ZERO).unwrap();
        assert!(take().is_new());
        let guard = take();
        assert!(guard.is_new());
        // A holder that has lost its lock settles nothing.
        disk::remove(&path).unwrap();
        guard.settle();
        drop(guard);
        let guard = take();
        assert!(guard.is_new());
        guard.settle();
        drop(guard);
        assert!(!take().is_new());
        disk::remove(&path).unwrap();
    }

    /// On NFS, closing the file would free the lock that this process holds.
    #[test]
    fn a_held_file_is_not_opened_again_after_another_lock_ended() {
        let [held, other] = [(); 2]
            .map(|()| disk::place(&std::env::temp_dir().join(crate::secret::random_id())).unwrap());
        let guard = Locked::take(&held, &open).unwrap().unwrap();
        drop(Locked::take(&other, &open).unwrap().unwrap());
        let fails = |path: &Path| Err(disk::failed("open", path, &ErrorKind::NotFound.into()));
        assert!(Locked::take(&held, &fails).unwrap().is_none());
        drop(guard);
        disk::remove(&held).unwrap();
        disk::remove(&other).unwrap();
    }

    #[test]
    fn a_failed_attempt_leaves_the_slot_unchanged() {
        let path = disk::place(&std::env::temp_dir().join(crate::secret::random_id())).unwrap();
        let fails = |path: &Path| Err(disk::failed("open", path, &ErrorKind::NotFound.into()));
        assert!(Locked::take(&path, &fails).is_err());
        let held = Locked::take(&path, &open).unwrap();
        assert!(held.is_some());
        assert!(Locked::take(&path, &open).unwrap().is_none());
        assert!(Locked::take(&path, &open).unwrap().is_none(), "the second try frees nothing");
        drop(held);
        assert!(Locked::take(&path, &open).unwrap().is_some());
        disk::remove(&path).unwrap();
    }
}
