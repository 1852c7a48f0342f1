//! A store in a file.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::lock::{Locked, wait_for};
use super::{BackendError, Durability, FileLock, Guard, TokenBackend, disk};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::record::Record;

/// Nobody's record is larger; a file that is was put there by mistake.
const LIMIT: u64 = 4 << 20;

/// The least room that is kept for a successor: its tokens may be longer than the present ones.
const ROOM: usize = 16 << 10;

/// A save that finds another one at work waits this long: longer than a disk that is waking up.
const SAVING: Duration = Duration::from_secs(10);

/// Keeps a login in a file, readable by its owner only.
///
/// Beside a record `NAME` there are, in the same folder, which has to exist and be writable:
///
/// | file | what |
/// | --- | --- |
/// | `NAME.lock` | the lock. Empty, never deleted |
/// | `.NAME.evergrant-next` | room for the next record, and what keeps two saves apart |
/// | `.NAME.evergrant-temp` | a record being written |
/// | `.NAME.evergrant-flushed` | which record is known to be on the disk: device, inode, time, SHA-256 |
///
/// A save writes beside the record, flushes the file, renames it over the record and flushes the
/// folder: a process killed or a power cut at any point leaves the old record or the new one, whole.
/// (Windows has no call to flush a folder; there the file system's journal is relied on.) A record
/// that announces a successor reserves the room for it first, so that a disk that is full is found
/// out before a refresh token is sent. The record gets a new file at each save, of mode 0600; a
/// symbolic link at the path is kept, and the file that it leads to is replaced.
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
    clock: Arc<dyn Clock>,
    // What was flushed last, so that a record is flushed once and not at each load.
    durable: Mutex<Option<Content>>,
}

/// Content of a file, recognizably: no name is ever given to other content under these.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    file: Option<(u64, u64)>,
    modified: Option<SystemTime>,
    digest: Vec<u8>,
}

/// The file, its bytes and the record in them.
type Stored = (File, Zeroizing<Vec<u8>>, Record);

impl FileBackend {
    /// A store in the file at `path`. Nothing is opened yet; a relative path is fixed to the present
    /// working directory.
    pub fn new(path: impl AsRef<Path>) -> FileBackend {
        FileBackend {
            path: disk::absolute(path.as_ref()),
            clock: Arc::new(SystemClock),
            durable: Mutex::new(None),
        }
    }

    /// With a clock to wait on.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> FileBackend {
        self.clock = clock;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn corrupt(&self, reason: &str) -> BoxError {
        BackendError::Corrupt(format!(
            "{} is not a readable record: {reason}; restore it, or move it away and authorize again",
            self.path.display()
        ))
        .into()
    }

    /// What is at `target`; `None` when nothing is.
    fn read(&self, target: &Path) -> Result<Option<Stored>, BoxError> {
        let failed = |doing: &str, error: &std::io::Error| disk::failed(doing, target, error);
        // Looked at first: to open a pipe is to wait for its writer.
        let metadata = match fs::metadata(target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("look at", &error)),
        };
        disk::check_regular(&metadata, target)?;
        // Windows flushes only what is open for writing.
        let file = match File::options().read(true).write(cfg!(windows)).open(target) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", &error)),
        };
        let room = metadata.len().min(LIMIT) as usize + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        (&file).take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| failed("read", &error))?;
        if bytes.len() as u64 > LIMIT {
            return Err(self.corrupt(&format!("it is larger than {LIMIT} bytes")));
        }
        let record =
            Record::from_json(&bytes).map_err(|reason| self.corrupt(&reason.to_string()))?;
        Ok(Some((file, bytes, record)))
    }

    /// Whether what is stored is what `record` replaces, or this record already.
    fn compare(&self, target: &Path, record: &Record, json: &[u8]) -> Result<(), BoxError> {
        let stored = self.read(target)?;
        let stored = stored.as_ref().map(|(_, bytes, stored)| (bytes, stored));
        // The bytes too: a number in an unknown member may read back with another last digit.
        let same = stored.is_some_and(|(bytes, _)| bytes.as_slice() == json);
        if same || record.may_replace(stored.map(|(_, stored)| stored)) {
            return Ok(());
        }
        Err(BackendError::Conflict(self.describe()).into())
    }

    /// Keeps saves apart, those of callers without the store's lock included, and gives the file
    /// that has the room reserved before. It is locked until it is dropped, under either name.
    fn next_file(&self, target: &Path) -> Result<Locked, BoxError> {
        let next = disk::beside(target, ".", ".evergrant-next");
        let locked = wait_for(&*self.clock, SAVING, || Locked::take(&next, &open_next))?;
        locked.ok_or_else(|| BackendError::Busy(next.display().to_string()).into())
    }

    /// Puts `json` where `target` is, through the reserved file, or a fresh one if that fails.
    fn replace(
        &self,
        target: &Path,
        reserved: &Locked,
        record: &Record,
        json: &[u8],
    ) -> Result<(), BoxError> {
        let next = disk::beside(target, ".", ".evergrant-next");
        let kept = overwrite(reserved.file(), json);
        if kept.is_ok() {
            return self.put(target, &next, reserved.file(), record, json);
        }
        // A failed flush may have dropped the pages: the file is never flushed again, and its room
        // goes to the new one. It keeps its name, as a lock, until the record is in place.
        let _ = reserved.file().set_len(0);
        let done = self.replace_afresh(target, record, json);
        let _ = disk::remove(&next);
        done
    }

    /// Puts `json` where `target` is, through a new file. The caller has [`Self::next_file`].
    fn replace_afresh(&self, target: &Path, record: &Record, json: &[u8]) -> Result<(), BoxError> {
        let temp = disk::beside(target, ".", ".evergrant-temp");
        disk::remove(&temp)?; // Left by a process that died.
        let write = || {
            let file = disk::private().create_new(true).open(&temp)?;
            (&file).write_all(json)?;
            file.sync_all()?;
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

    /// The last steps: compare once more, since a foreign script knows no locks, rename, flush.
    fn put(
        &self,
        target: &Path,
        from: &Path,
        file: &File,
        record: &Record,
        json: &[u8],
    ) -> Result<(), BoxError> {
        self.compare(target, record, json)?;
        if cfg!(windows) {
            let _ = file.unlock(); // A lock there would keep readers from the record.
        }
        fs::rename(from, target).map_err(|error| disk::failed("replace", target, &error))?;
        disk::flush_folder(target)?;
        let content = Content::of(file, json);
        mark(target, content.as_ref());
        *self.durable.lock() = content;
        Ok(())
    }
}

/// The file that says which content was flushed, file and folder. It is written after that and never
/// flushed itself: who finds in it the very content that is in the record need not flush again, which
/// is most of what a short program spends on its store. After a power cut it may be gone or old, and
/// then it names another content.
fn mark_of(target: &Path) -> PathBuf {
    disk::beside(target, ".", ".evergrant-flushed")
}

fn mark(target: &Path, content: Option<&Content>) {
    if let Some(text) = content.and_then(Content::name) {
        let path = mark_of(target);
        // Never through a link, and never into a pipe: a file of its own each time. If it cannot be
        // written, the next program flushes once more.
        let _ = disk::remove(&path);
        let file = disk::private().write(true).create_new(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
    }
}

fn is_marked(target: &Path, content: &Content) -> bool {
    let path = mark_of(target);
    let regular = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    let mut found = Vec::new();
    let read = |file: File| (&file).take(256).read_to_end(&mut found).is_ok();
    let read = regular && File::open(path).is_ok_and(read);
    read && content.name().is_some_and(|name| name.as_bytes() == found)
}

impl TokenBackend for FileBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let target = disk::target(&self.path)?;
        let Some((file, bytes, record)) = self.read(&target)? else { return Ok(None) };
        let content = Content::of(&file, &bytes);
        let mut durable = self.durable.lock();
        // A rename is seen before it is durable, and its process may have died in between.
        if content.is_none() || *durable != content {
            if !content.as_ref().is_some_and(|content| is_marked(&target, content)) {
                file.sync_all().map_err(|error| disk::failed("flush", &target, &error))?;
                disk::flush_folder(&target)?;
                mark(&target, content.as_ref());
            }
            *durable = content;
        }
        Ok(Some(record))
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let target = disk::target(&self.path)?;
        let json = Zeroizing::new(record.to_json()?);
        if json.len() as u64 > LIMIT {
            let text = format!("cannot write {}: the record is too large", target.display());
            return Err(BackendError::Unavailable(text).into());
        }
        // First here, so that a refusal leaves no trace; what counts is the comparison in `put`.
        self.compare(&target, record, &json)?;
        let reserved = self.next_file(&target)?;
        if record.note().is_none() {
            return self.replace(&target, &reserved, record, &json);
        }
        // Zeros, written: a file grown by its length alone has no room.
        let room = vec![0_u8; ROOM.max(json.len() * 2)];
        if let Err(error) = overwrite(reserved.file(), &room) {
            let next = disk::beside(&target, ".", ".evergrant-next");
            let _ = disk::remove(&next); // Not flushed: it must not be taken for reserved room.
            return Err(disk::failed("reserve room in", &next, &error));
        }
        self.replace_afresh(&target, record, &json)
    }

    fn clear(&self) -> Result<(), BoxError> {
        let target = disk::target(&self.path)?;
        if let Ok(metadata) = fs::symlink_metadata(&target) {
            disk::check_regular(&metadata, &target)?;
        }
        // Not required: a full disk must not keep anybody from forgetting a login.
        let _saving = self.next_file(&target);
        disk::remove(&target)?;
        disk::remove(&disk::beside(&target, ".", ".evergrant-temp"))?;
        disk::remove(&disk::beside(&target, ".", ".evergrant-next"))?;
        disk::remove(&mark_of(&target))?;
        disk::flush_folder(&target)
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let target = disk::target(&self.path)?;
        let lock = disk::beside(&target, "", ".lock");
        FileLock::new(lock).with_clock(Arc::clone(&self.clock)).lock(wait)
    }

    fn durability(&self) -> Durability {
        Durability::PowerCut
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

impl Content {
    fn of(file: &File, bytes: &[u8]) -> Option<Content> {
        let metadata = file.metadata().ok()?;
        Some(Content {
            file: disk::identity(&metadata),
            modified: metadata.modified().ok(),
            digest: ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec(),
        })
    }

    /// The same in one line; `None` where a file has no identity.
    fn name(&self) -> Option<String> {
        let (device, inode) = self.file?;
        let modified = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        let digest: String = self.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{device} {inode} {modified} {digest}\n"))
    }
}

/// Opens or creates the file with the reserved room. It is written in place, so it must be ours:
/// not a link, and not known under a second name.
fn open_next(path: &Path) -> Result<File, BoxError> {
    let failed = |error: &std::io::Error| disk::failed("open", path, error);
    loop {
        match disk::private().create_new(true).open(path) {
            Ok(file) => return Ok(file),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&error)),
        }
        match fs::symlink_metadata(path) {
            Ok(metadata) => disk::check_regular(&metadata, path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&error)),
        }
        let file = match File::options().write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&error)),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
            let metadata = file.metadata().map_err(|error| failed(&error))?;
            if metadata.nlink() > 1 {
                disk::remove(path)?;
                continue;
            }
            if metadata.mode() & 0o777 != 0o600 {
                file.set_permissions(fs::Permissions::from_mode(0o600))
                    .map_err(|error| failed(&error))?;
            }
        }
        return Ok(file);
    }
}

/// Writes `bytes` over what a file holds, cuts it to their length and flushes it. In this order:
/// to cut first would give the room back.
fn overwrite(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}
