//! A locked file, which excludes other threads and processes, forked processes included.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{BackendError, disk};
use crate::error::BoxError;

/// A locked file, or a file that waits to be locked. The file is unlocked before its handle closes, so
/// that a forked child cannot keep the lock. The lock belongs to the process that took it: the copy in
/// a forked child neither holds nor releases the lock.
#[derive(Debug)]
pub(super) struct Locked {
    // `TAKEN` owns the file, so that a forked child finds its copy and closes it.
    file: Weak<File>,
    process: u32,
    // Dropped after the file: no other thread of this process may open it before it is closed.
    _slots: [Slot; 2],
}

/// A file that waits to be locked, and the number of tries so far.
pub(super) type Opened = Option<(Locked, u32)>;

/// The number of tries after which a waiting call checks again whether its file is still at its
/// path.
const LOOK: u32 = 8;

impl Locked {
    /// Tries once to take the lock. Returns `None` if another thread or process has the lock.
    pub(super) fn take(
        path: &Path,
        open: &dyn Fn(&Path) -> Result<File, BoxError>,
    ) -> Result<Option<Locked>, BoxError> {
        Locked::take_opened(path, open, &mut None)
    }

    /// Like [`Locked::take`], for repeated tries: the file stays open in `opened` between the tries, and
    /// no other thread of this process opens it meanwhile. On NFS, closing the file would free a lock
    /// that this process has taken.
    pub(super) fn take_opened(
        path: &Path,
        open: &dyn Fn(&Path) -> Result<File, BoxError>,
        opened: &mut Opened,
    ) -> Result<Option<Locked>, BoxError> {
        // If the file was renamed or removed meanwhile, others lock the file that is there now. A
        // check at each try would take most of the time of a wait.
        let is_there = |opened: &Locked, tries| tries % LOOK != 0 || opened.is_at(path);
        let (candidate, tries) = match opened.take() {
            Some((opened, tries)) if is_there(&opened, tries) => (opened, tries),
            // The old file is closed first: otherwise the same file under another name would be
            // refused as locked.
            replaced => {
                drop(replaced);
                match Locked::open(path, open)? {
                    Some(candidate) => (candidate, 0),
                    None => return Ok(None),
                }
            }
        };
        let file = candidate.file()?;
        let fail = |error: &std::io::Error| Err(disk::failed("lock", path, error));
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                *opened = Some((candidate, tries + 1));
                return Ok(None);
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                let text = format!(
                    "cannot lock {}: its file system has no locks, or no lock service answers (NFS); \
                     keep the file on another file system",
                    path.display()
                );
                return Err(disk::wrong_because(text, &error));
            }
            Err(TryLockError::Error(error)) => return fail(&error),
        }
        // If the file was renamed or removed while we opened it, the next process locks another file.
        match disk::is_at(&file, path) {
            Ok(true) => Ok(Some(candidate)),
            Ok(false) => Ok(None),
            Err(error) => fail(&error),
        }
    }

    /// Opens the file without locking it. Returns `None` if another thread has opened or locked the file.
    fn open(
        path: &Path,
        open: &dyn Fn(&Path) -> Result<File, BoxError>,
    ) -> Result<Option<Locked>, BoxError> {
        let Some(by_path) = Slot::take(Key::Path(path.to_owned())) else { return Ok(None) };
        let file = open(path)?;
        let identity = file.metadata().and_then(|metadata| disk::identity(&file, &metadata));
        let identity = identity.map_err(|error| disk::failed("lock", path, &error))?;
        // The file may also be locked here under another name: a hard link, a second mount.
        let Some(by_file) = Slot::take(Key::File(identity)) else { return Ok(None) };
        let file = Arc::new(file);
        let weak = Arc::downgrade(&file);
        let process = std::process::id();
        TAKEN.lock().files.push((process, file));
        Ok(Some(Locked { file: weak, process, _slots: [by_path, by_file] }))
    }

    /// The file. Fails in a forked child.
    pub(super) fn file(&self) -> Result<Arc<File>, BoxError> {
        self.file.upgrade().filter(|_| self.process == std::process::id()).ok_or_else(|| {
            BackendError::Unavailable("the lock belongs to the parent process".to_owned()).into()
        })
    }

    /// Returns whether this process has the lock and the locked file is still the file at `path`. If
    /// `path` cannot be read, returns `false`.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.file().is_ok_and(|file| disk::is_at(&file, path).unwrap_or(false))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        let file = TAKEN.lock().release(self.file.as_ptr());
        if let Some(file) = file {
            let _ = file.unlock();
        }
    }
}

/// Whether the file system has no locks, or no lock service (`ENOLCK`, for which std has no name).
fn has_no_locks(error: &std::io::Error) -> bool {
    const ENOLCK: i32 = match () {
        () if cfg!(any(target_os = "linux", target_os = "android")) => 37,
        () if cfg!(any(target_os = "solaris", target_os = "illumos")) => 46,
        () => 77,
    };
    error.kind() == ErrorKind::Unsupported || cfg!(unix) && error.raw_os_error() == Some(ENOLCK)
}

/// The locked files of this process, and the files that wait to be locked. Each entry has the id of its
/// process, because a forked child has a copy of the list, and none of the files in the copy is locked
/// by the child.
static TAKEN: Mutex<Taken> = Mutex::new(Taken { keys: Vec::new(), files: Vec::new() });

struct Taken {
    // On NFS the system's lock does not exclude two threads of one process (flock(2): NFS emulates the
    // lock by a lock that belongs to the process).
    keys: Vec<(u32, Key)>,
    files: Vec<(u32, Arc<File>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Path(PathBuf),
    File(disk::Identity),
}

impl Taken {
    /// Closes the parent process's lock files, which a fork has copied into this process. If the parent is killed,
    /// its lock is free only when the last copy is closed.
    fn forget_the_parents(&mut self, process: u32) {
        self.keys.retain(|(of, _)| *of == process);
        self.files.retain(|(of, _)| *of == process);
    }

    fn release(&mut self, file: *const File) -> Option<Arc<File>> {
        let at = self.files.iter().position(|(_, held)| Arc::as_ptr(held) == file)?;
        Some(self.files.swap_remove(at).1)
    }
}

/// An entry of [`TAKEN`].
#[derive(Debug)]
struct Slot(Option<(u32, Key)>);

impl Slot {
    fn take(key: Key) -> Option<Slot> {
        if key == Key::File(None) {
            return Some(Slot(None));
        }
        let entry = (std::process::id(), key);
        let mut taken = TAKEN.lock();
        taken.forget_the_parents(entry.0);
        if taken.keys.contains(&entry) {
            return None;
        }
        taken.keys.push(entry.clone());
        Some(Slot(Some(entry)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(entry) = &self.0 {
            TAKEN.lock().keys.retain(|taken| taken != entry);
        }
    }
}

#[cfg(test)]
mod gaps;
