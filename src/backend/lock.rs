//! A lock between processes, in a file.

use std::cell::Cell;
use std::fs::{File, FileTimes};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::locked::Locked;
use super::{BackendError, Guard, disk, owner};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::secret::random_byte;

/// A lock that is held by one thread of one process at a time, and freed when that process dies.
///
/// It is the operating system's lock on a file of its own (`flock`, `LockFileEx`). The file is
/// created when it is not there and is never written; the folder has to exist. Its times are set when
/// it is taken, so that a cleaner of old files leaves it alone. It must not be deleted while it is
/// held: [`Guard::is_held`] notices that. Two locks on one file in one process exclude each other too,
/// even on NFS, where the system's lock belongs to the process. A child process does not inherit the
/// lock, started as a program or only forked.
///
/// Whoever owns the file or its folder could take the lock away. So the file must belong to this user,
/// to the folder's owner or to root.
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
    #[must_use]
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
    /// [`BackendError::Busy`] when somebody else still has it; [`BackendError::Config`] when the file
    /// may not be opened, belongs to somebody else, or is on a file system without locks;
    /// [`BackendError::Unavailable`] or [`BackendError::Full`] when it cannot be opened at present.
    pub fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let path = disk::place(&self.path)?;
        let new = Cell::new(false);
        let open = |path: &Path| open(path, &new);
        let locked = wait_for(&*self.clock, wait, || Locked::take(&path, &open))?;
        let Some(locked) = locked else {
            return Err(BackendError::Busy(self.path.display().to_string()).into());
        };
        let file = locked.file()?;
        let now = self.clock.now();
        let touched = file.set_times(FileTimes::new().set_accessed(now).set_modified(now));
        owner::check_lock(&file, &path, touched.is_ok())?;
        drop(file);
        let locked = Arc::new(locked);
        let checked = Arc::clone(&locked);
        let guard = Guard::freed_by_death(locked).with_check(move || checked.is_at(&path));
        Ok(guard.of_new_file(new.get()))
    }
}

/// Opens the lock file, or creates it and says so in `new`; never through a link.
fn open(path: &Path, new: &Cell<bool>) -> Result<File, BoxError> {
    loop {
        if let Some((file, _)) = disk::open(path, File::options().write(true))? {
            return Ok(file);
        }
        match disk::create(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => {
                new.set(true);
                return created.map_err(|error| disk::failed("create the lock file", path, &error));
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<File, BoxError> {
        super::open(path, &Cell::new(false))
    }

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

    /// Whoever may write in the folder can put a link there between a look and an opening.
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
