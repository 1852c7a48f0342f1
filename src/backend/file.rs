//! A store in a file.

mod enter;
mod mark;
mod room;
mod warnings;

use std::fs::{self, File, Metadata};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use zeroize::Zeroizing;

pub(super) use self::enter::Line;
use self::mark::Content;
use self::room::Reserved;
use super::pace::Pace;
use super::{BackendError, Durability, Entry, Guard, TokenBackend, disk};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::record::Record;

/// The largest record, in bytes. A larger file cannot be a record of this crate.
const LIMIT: u64 = 4 << 20;

/// Keeps a login in a file that only its owner can read.
///
/// The folder must exist and be writable. Beside a record `NAME`, the folder holds:
///
/// | file | content |
/// | --- | --- |
/// | `NAME.lock` | at most one byte; this file is the lock, and is never deleted |
/// | `.NAME.evergrant-next` | reserved space for the next record; also excludes two saves at the same time |
/// | `.NAME.evergrant-temp` | a record while it is written |
/// | `.NAME.evergrant-flushed` | names the record that is known to be on the disk: device, inode, time, SHA-256 |
/// | `.NAME.evergrant-saving` | nothing; on Windows, this file excludes two saves at the same time; it is never deleted |
///
/// A save writes a new file with mode 0600, flushes it, renames it over the record and flushes the
/// folder. If the process is killed or the power fails at any point, the file is the old record or the
/// new record, complete. (Windows has no call to flush a folder; there the store relies on the file
/// system's journal. On Windows a save waits up to 5 seconds while another program, such as a virus scanner
/// or a backup, keeps the record open.) Before a refresh, a save reserves space for the new record, so that a
/// full disk is noticed before a refresh token is sent. A symbolic link at the path is kept, and the file
/// that it leads to is replaced. A hard link or a mount at the path cannot be replaced whole, and is refused
/// before a refresh token or code is sent.
///
/// The store writes the files beside the record only if this user made them. The store removes another user's
/// files, or fails if it cannot remove them. A folder that anybody can write to, a record that others may
/// read, and a file system that cannot flush a folder each cause one warning ([`TokenBackend::warnings`]); in
/// the last case, [`TokenBackend::durability`] is [`Durability::Process`].
///
/// ```
/// use evergrant::backend::FileBackend;
/// use evergrant::{Token, TokenBackend as _, backend::Record};
///
/// # let path = std::env::temp_dir().join(format!("evergrant-doc-{}.json", std::process::id()));
/// let backend = FileBackend::new(&path);
/// assert!(backend.load()?.is_none());
/// backend.save(&Record::from(Token::new("at-1").with_refresh_token("rt-1")))?;
/// assert!(FileBackend::new(&path).load()?.is_some());
/// backend.clear()?;
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Debug)]
pub struct FileBackend {
    path: PathBuf,
    pace: Pace,
    // The content that was flushed last, so that a record is flushed once and not at each load.
    durable: Mutex<Option<Content>>,
    // The id of the user who owns the files that this process makes; known after the process has made
    // its first file.
    us: Mutex<Option<u32>>,
    private: bool,
    /// The device of the last file with reserved space, and whether its file system reserves space for bytes
    /// that are not flushed.
    reserves: Mutex<Option<(u64, bool)>>,
    /// Whether flushing the folder turned out to be impossible.
    unflushed: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

/// A file that was read, its bytes, and the record in them.
struct Stored {
    /// The open file. `None` on Windows, where an open file would delay the save of another process.
    file: Option<File>,
    identity: disk::Identity,
    metadata: Metadata,
    bytes: Zeroizing<Vec<u8>>,
    record: Record,
}

impl FileBackend {
    /// Makes a store in the file at `path` without opening it. A relative path refers to the present
    /// working directory, even if that changes later.
    pub fn new(path: impl AsRef<Path>) -> FileBackend {
        FileBackend {
            path: disk::absolute(path.as_ref()),
            pace: Pace::system(),
            durable: Mutex::new(None),
            us: Mutex::new(None),
            private: false,
            reserves: Mutex::new(None),
            unflushed: AtomicBool::new(false),
            warnings: Mutex::default(),
        }
    }

    /// Refuses a record whose file mode lets others read or write it. Without this setting, a record of this
    /// kind causes one warning. On systems without file modes this setting has no effect.
    #[must_use]
    pub fn private_only(mut self) -> FileBackend {
        self.private = true;
        self
    }

    /// Sets the clock that measures waits, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> FileBackend {
        self.pace = Pace::of(clock);
        self
    }

    /// Sets how the store waits.
    pub(super) fn paced(mut self, pace: Pace) -> FileBackend {
        self.pace = pace;
        self
    }

    /// The path of the record.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn corrupt(&self, reason: &str) -> BoxError {
        let path = self.path.display();
        let advice = "restore it, or move it away and authorize again";
        BackendError::Corrupt(format!("{path} is not a readable record: {reason}; {advice}")).into()
    }

    fn empty(&self) -> BoxError {
        let text = format!("{} is empty: restore it, or authorize again", self.path.display());
        BackendError::Empty(text).into()
    }

    /// Reads the record at `target`; returns `None` if there is no file.
    fn read(&self, target: &Path) -> Result<Option<Stored>, BoxError> {
        let opened = disk::open(target, File::options().read(true))?;
        let Some((file, metadata)) = opened else { return Ok(None) };
        let room = metadata.len().min(LIMIT) as usize + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        disk::read_up_to(&file, LIMIT + 1, &mut bytes)
            .map_err(|error| disk::failed("read", target, &error))?;
        let identity = disk::identity(&file, &metadata);
        let identity = identity.map_err(|error| disk::failed("look at", target, &error))?;
        let file = if cfg!(windows) { None } else { Some(file) };
        if bytes.len() as u64 > LIMIT {
            return Err(self.corrupt(&format!("it is larger than {LIMIT} bytes")));
        }
        let record = Record::from_json(&bytes).map_err(|reason| {
            if BackendError::is_empty(&reason) {
                return self.empty();
            }
            BackendError::unreadable(&reason, self.path.display(), |why| self.corrupt(why))
        })?;
        Ok(Some(Stored { file, identity, metadata, bytes, record }))
    }

    /// Flushes a record that was read. Windows only flushes a file that is open for writing; a record
    /// that this user may not write, or that another program keeps open, causes a warning there.
    /// Returns whether the record was flushed.
    fn flush(&self, target: &Path, stored: &Stored) -> Result<bool, BoxError> {
        let flushed = match &stored.file {
            Some(file) => disk::flush(file),
            None => disk::flush_again(target, stored.identity).map(|()| None),
        };
        match flushed {
            Err(error) if disk::is_in_use(&error) => {
                self.warn(format!(
                    "{} cannot be opened for writing ({error}), which Windows needs to flush it: a \
                     power cut may bring back the previous record, if the last save was cut off",
                    target.display()
                ));
                Ok(false)
            }
            Err(error) => Err(disk::failed("flush", target, &error)),
            Ok(unflushed) => {
                self.cannot_flush(target, unflushed);
                Ok(true)
            }
        }
    }

    /// Flushes the folder, or warns if its file system cannot.
    fn flush_folder(&self, target: &Path) -> Result<(), BoxError> {
        let unflushed = disk::flush_folder(target)?;
        self.cannot_flush(target, unflushed);
        Ok(())
    }

    /// Checks that the stored record is the record that `record` replaces, or `record` itself. A first
    /// record may replace an empty file.
    fn compare(&self, target: &Path, record: &Record, json: &[u8]) -> Result<(), BoxError> {
        let stored = match self.read(target) {
            Err(error) if BackendError::is_empty(&error) && record.replaces().is_none() => None,
            stored => stored?,
        };
        // Compares the bytes too: a number in an unknown member may be read back with another last
        // digit.
        let same = stored.as_ref().is_some_and(|stored| stored.bytes.as_slice() == json);
        if same || record.may_replace(stored.as_ref().map(|stored| &stored.record)) {
            return Ok(());
        }
        Err(BackendError::Conflict(self.describe()).into())
    }

    /// Locks and returns the file with the reserved space, so that two saves exclude each other even without
    /// the store's lock. The lock lasts until the returned value is dropped, even after a rename.
    fn next_file(&self, target: &Path) -> Result<Reserved, BoxError> {
        room::reserve(target, &self.us, &*self.pace.clock)
    }

    /// Whether the file system of `file`, which is beside `target`, is known to reserve space for bytes that
    /// are not flushed. A link on the path may lead to another file system than at the last save.
    fn reserves_at_once(&self, file: &File, target: &Path) -> std::io::Result<bool> {
        let device = disk::identity(file, &file.metadata()?)?.map(|(device, _)| device);
        let mut known = self.reserves.lock();
        if let Some((of, at_once)) = *known
            && device == Some(of)
        {
            return Ok(at_once);
        }
        let at_once = disk::reserves_at_once(disk::folder(target));
        *known = device.map(|device| (device, at_once));
        Ok(at_once)
    }

    /// Puts `json` at `target` through the reserved file, or through a new file if the reserved file fails.
    fn replace(
        &self,
        target: &Path,
        reserved: &Reserved,
        record: &Record,
        json: &[u8],
    ) -> Result<(), BoxError> {
        let next = room::path(target);
        let file = reserved.next.file()?;
        if let Ok(unflushed) = room::overwrite(&file, json) {
            self.cannot_flush(target, unflushed);
            return self.put(target, &next, &file, record, json);
        }
        // A failed flush may have dropped the written pages, so this file is not flushed again, and its space
        // is freed for the new file. The file keeps its name, as a lock, until the record is in place.
        let _ = file.set_len(0);
        let done = self.replace_afresh(target, record, json);
        let _ = disk::remove(&next);
        done
    }

    /// Puts `json` at `target` through a new file. The caller holds [`Self::next_file`].
    fn replace_afresh(&self, target: &Path, record: &Record, json: &[u8]) -> Result<(), BoxError> {
        let temp = temp(target);
        disk::remove(&temp)?; // A process that died may have left this file.
        let write = || {
            let file = disk::create(&temp)?;
            (&file).write_all(json)?;
            self.cannot_flush(target, disk::flush(&file)?);
            Ok(file)
        };
        let done = write()
            .map_err(|error| disk::failed("write", &temp, &error))
            .and_then(|file| self.put(target, &temp, &file, record, json));
        if done.is_err() {
            let _ = disk::remove(&temp);
        }
        done
    }

    /// Removes the record and the files beside it, except the lock.
    fn remove(&self, target: &Path) -> Result<(), BoxError> {
        // Ignore a failure to lock: a full disk must not prevent a logout.
        let _saving = self.next_file(target);
        for path in [target.to_owned(), temp(target), room::path(target), mark::path(target)] {
            disk::remove(&path)?;
        }
        self.flush_folder(target)
    }

    /// The last steps of a save: compare once more, since other programs may not use the locks; rename;
    /// flush. While another program prevents the replacement, compares and tries the rename again.
    fn put(
        &self,
        target: &Path,
        from: &Path,
        file: &File,
        record: &Record,
        json: &[u8],
    ) -> Result<(), BoxError> {
        if cfg!(windows) {
            // On Windows, the lock would keep readers from the record. `room::saving` stays locked.
            let _ = file.unlock();
        }
        let replaced = disk::while_in_use(&*self.pace.clock, disk::REPLACING, || {
            self.compare(target, record, json)?;
            match disk::is_at(file, from) {
                Ok(true) => Ok(fs::rename(from, target)),
                Ok(false) => {
                    let text =
                        format!("{} was removed or replaced while it was written", from.display());
                    Err(BackendError::Unavailable(text).into())
                }
                Err(error) => Err(disk::failed("look at", from, &error)),
            }
        })?;
        replaced.map_err(|error| room::not_replaced(target, &error))?;
        self.flush_folder(target)?;
        let content = Content::of(file, json);
        // A refresh note is soon replaced, and hardly read by another process meanwhile.
        if record.note().is_none() {
            mark::write(target, content.as_ref(), *self.us.lock());
        }
        *self.durable.lock() = content;
        Ok(())
    }
}

/// The path of a record while it is written.
fn temp(target: &Path) -> PathBuf {
    disk::beside(target, ".", ".evergrant-temp")
}

impl TokenBackend for FileBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.load_at(&disk::target(&self.path)?)
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let target = disk::target(&self.path)?;
        let json = Zeroizing::new(record.to_json()?);
        if json.len() as u64 > LIMIT {
            let text = format!("cannot write {}: the record is too large", target.display());
            return Err(BackendError::Unavailable(text).into());
        }
        // Compare first, so that a refused save leaves no file; the comparison in `put` decides.
        self.compare(&target, record, &json)?;
        if record.note().is_some() || record.replaces().is_none() {
            room::check_names(&target)?;
        }
        let reserved = self.next_file(&target)?;
        if record.note().is_none() {
            self.replace(&target, &reserved, record, &json)?;
            self.tell_all(&target, Some(record));
            return Ok(());
        }
        // Writes zeros: setting the file's length alone would reserve no space.
        let zeros = vec![0_u8; room::ROOM.max(json.len() * 2)];
        let file = reserved.next.file()?;
        let filled = self
            .reserves_at_once(&file, &target)
            .and_then(|at_once| room::fill(&file, &zeros, at_once));
        if let Err(error) = filled {
            let next = room::path(&target);
            let _ = disk::remove(&next); // An unflushed file must not count as reserved space.
            return Err(disk::failed("reserve room in", &next, &error));
        }
        self.replace_afresh(&target, record, &json)?;
        self.tell_all(&target, Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let target = disk::target(&self.path)?;
        if let Ok(metadata) = fs::symlink_metadata(&target) {
            disk::check_regular(&metadata, &target)?;
        }
        let done = self.remove(&target);
        self.tell_all(&target, None);
        done
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.take_own(wait, false)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.take_own(wait, true)?.entry(self)
    }

    fn probe(&self) -> Result<(), BoxError> {
        match self.load() {
            Err(error) if !BackendError::is_empty(&error) => return Err(error),
            _ => {}
        }
        let target = disk::target(&self.path)?;
        let unflushed = room::probe(&target)?;
        self.cannot_flush(&target, unflushed);
        match self.lock(Duration::ZERO) {
            Err(error) if !BackendError::is_busy(&error) => Err(error),
            _ => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.lock().clone()
    }

    fn durability(&self) -> Durability {
        if self.unflushed.load(Ordering::Relaxed) {
            Durability::Process
        } else {
            Durability::PowerCut
        }
    }

    fn compares(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn each_file_system_is_asked_whether_it_reserves_space() {
        let store = FileBackend::new("login");
        for folder in ["/dev/shm", "/proc", "/dev/shm"] {
            let (folder, Ok(file)) = (Path::new(folder), File::open(folder)) else { continue };
            let at_once = store.reserves_at_once(&file, &folder.join("login")).unwrap();
            assert_eq!(at_once, disk::reserves_at_once(folder), "{}", folder.display());
        }
    }
}
