//! A lock between processes, in a file.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::{BackendError, Guard, disk};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::secret::random_byte;

/// A lock that is held by one thread of one process at a time, and freed when that process dies.
///
/// It is the operating system's lock on a file of its own (`flock`, `LockFileEx`). The file is
/// created when it is not there, is never written, and must not be deleted: the folder has to exist.
/// Two locks on one file in one process exclude each other too, even on NFS, where the system's lock
/// belongs to the process. Child processes do not inherit it.
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
    /// A lock on a file. Nothing is opened yet; a relative path is fixed to the present working
    /// directory.
    pub fn new(path: impl AsRef<Path>) -> FileLock {
        FileLock { path: disk::absolute(path.as_ref()), clock: Arc::new(SystemClock) }
    }

    /// With a clock to wait on.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> FileLock {
        self.clock = clock;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock, waiting no longer than `wait`. Zero tries once.
    ///
    /// # Errors
    ///
    /// [`BackendError::Busy`] when somebody else still has it; [`BackendError::Unavailable`] or
    /// [`BackendError::Full`] when the file cannot be opened, or cannot be locked because its file
    /// system has no locks.
    pub fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let path = disk::place(&self.path)?;
        let locked = wait_for(&*self.clock, wait, || Locked::take(&path, &open))?;
        locked
            .map(Guard::freed_by_death)
            .ok_or_else(|| BackendError::Busy(self.path.display().to_string()).into())
    }
}

fn open(path: &Path) -> Result<File, BoxError> {
    if let Ok(metadata) = path.metadata() {
        disk::check_regular(&metadata, path)?;
    }
    let mut options = disk::private();
    options.create(true).truncate(false);
    options.open(path).map_err(|error| disk::failed("open the lock file", path, &error))
}

/// Tries at once, then again after 1 ms growing to 20 ms, each cut short by up to a half so that
/// waiting processes do not march in step. `None` after `wait`.
pub(super) fn wait_for<T>(
    clock: &dyn Clock,
    wait: Duration,
    attempt: impl FnMut() -> Result<Option<T>, BoxError>,
) -> Result<Option<T>, BoxError> {
    wait_up_to(clock, wait, Duration::from_millis(20), attempt)
}

/// The same for a server that others ask, too: up to 100 ms apart.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(super) fn wait_for_server<T>(
    clock: &dyn Clock,
    wait: Duration,
    attempt: impl FnMut() -> Result<Option<T>, BoxError>,
) -> Result<Option<T>, BoxError> {
    wait_up_to(clock, wait, Duration::from_millis(100), attempt)
}

fn wait_up_to<T>(
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

/// Until it says that it is done, or `wait` is over.
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

/// A locked file. The lock is let go before the handle closes, so a child process that was forked
/// and has not yet called `exec` cannot keep it.
#[derive(Debug)]
pub(super) struct Locked {
    file: File,
    // After the file: until it is closed, nobody in this process may open another.
    _slots: [Slot; 2],
}

impl Locked {
    /// One attempt. `None`: somebody else has it, here or in another process.
    pub(super) fn take(
        path: &Path,
        open: &dyn Fn(&Path) -> Result<File, BoxError>,
    ) -> Result<Option<Locked>, BoxError> {
        let Some(by_path) = Slot::take(Key::Path(path.to_owned())) else { return Ok(None) };
        let file = open(path)?;
        let fail = |error: &std::io::Error| Err(disk::failed("lock", path, error));
        let identity = match file.metadata() {
            Ok(metadata) => disk::identity(&metadata),
            Err(error) => return fail(&error),
        };
        // The same file under another name: a hard link, a second mount.
        let Some(by_file) = Slot::take(Key::File(identity)) else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                let text = format!(
                    "cannot lock {}: its file system has no locks; keep the file on another",
                    path.display()
                );
                return Err(BackendError::Unavailable(text).into());
            }
            Err(TryLockError::Error(error)) => return fail(&error),
        }
        let locked = Locked { file, _slots: [by_path, by_file] };
        // Renamed or removed while we were opening it: whoever comes next locks another file.
        match disk::is_at(&locked.file, path) {
            Ok(true) => Ok(Some(locked)),
            Ok(false) => Ok(None),
            Err(error) => fail(&error),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// What this process has locked. On NFS the system's lock does not keep two threads apart
/// (flock(2): it is emulated there by a lock that belongs to the process).
static TAKEN: Mutex<Vec<Key>> = Mutex::new(Vec::new());

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Path(PathBuf),
    File(Option<(u64, u64)>),
}

/// An entry of [`TAKEN`].
#[derive(Debug)]
struct Slot(Option<Key>);

impl Slot {
    fn take(key: Key) -> Option<Slot> {
        if key == Key::File(None) {
            return Some(Slot(None));
        }
        let mut taken = TAKEN.lock();
        if taken.contains(&key) {
            return None;
        }
        taken.push(key.clone());
        Some(Slot(Some(key)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(key) = &self.0 {
            TAKEN.lock().retain(|taken| taken != key);
        }
    }
}

#[cfg(test)]
mod gaps;
#[cfg(test)]
mod tests {
    use super::*;

    /// Between opening and locking, a save may put the file in the record's place: to write it then
    /// would be to write the record in place.
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

    #[test]
    fn a_lock_that_is_taken_or_cannot_be_opened_leaves_the_slot_as_it_was() {
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
