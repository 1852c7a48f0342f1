//! Reserves space for the next record in `.NAME.evergrant-next`, and checks that a save can work in the
//! folder, before a refresh token or code is sent.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;

use super::super::locked::Locked;
use super::super::{BackendError, disk, lock, owner};
use crate::clock::Clock;
use crate::error::{BoxError, same_io};
use crate::secret::random_id;

/// The smallest space, in bytes, that is reserved for the next record, whose tokens may be longer than the
/// present tokens.
pub(super) const ROOM: usize = 16 << 10;

/// The path of the file that reserves the space.
pub(super) fn path(target: &Path) -> PathBuf {
    disk::beside(target, ".", ".evergrant-next")
}

/// How long a save waits while another save runs: longer than a disk takes to wake up.
const SAVING: Duration = Duration::from_secs(10);

/// How long a reader waits while a save runs.
const MAKE_WAY: Duration = Duration::from_millis(100);

/// The path of the lock between two saves on Windows. On Windows, the lock of the file with the
/// reserved space must be released before the file is renamed, because otherwise no other process could
/// read the record.
pub(super) fn saving(target: &Path) -> PathBuf {
    disk::beside(target, ".", ".evergrant-saving")
}

/// The file that reserves the space; while this value exists, no other save runs.
pub(super) struct Reserved {
    // This field comes first, so that it is dropped before `_saving`.
    pub(super) next: Locked,
    _saving: Option<Locked>,
}

/// Locks the file that reserves the space; on Windows, locks the file [`saving`] first.
pub(super) fn reserve(
    target: &Path,
    us: &Mutex<Option<u32>>,
    clock: &dyn Clock,
) -> Result<Reserved, BoxError> {
    let busy = |path: &Path| BackendError::Busy(path.display().to_string());
    let saving = if cfg!(windows) {
        let path = saving(target);
        let mut opened = None;
        let take = || Locked::take_opened(&path, &lock::open, &mut opened);
        Some(lock::wait_for(clock, SAVING, take)?.ok_or_else(|| busy(&path))?)
    } else {
        None
    };
    let next = path(target);
    let locked = lock::wait_for(clock, SAVING, || take(&next, us))?;
    Ok(Reserved { next: locked.ok_or_else(|| busy(&next))?, _saving: saving })
}

/// Locks and returns the file that reserves the space. Returns `None` if another save has locked the file, or
/// if another user owned the file, which is then removed. A save writes the file in place, so it must be a
/// file that this user made and that has no hard link.
///
/// `us` caches this user's number on this file system.
pub(super) fn take(path: &Path, us: &Mutex<Option<u32>>) -> Result<Option<Locked>, BoxError> {
    let created = Cell::new(false);
    let open = |path: &Path| open(path, &created);
    let Some(locked) = Locked::take(path, &open)? else { return Ok(None) };
    let file = locked.file()?;
    let failed = |error: &std::io::Error| disk::failed("look at", path, error);
    let metadata = file.metadata().map_err(|error| failed(&error))?;
    let owner = owner::of(&metadata);
    if created.get() {
        *us.lock() = owner;
        return Ok(Some(locked));
    }
    let mut ours = *us.lock() == owner;
    if !ours {
        let now = owner::ours(path)?;
        *us.lock() = now;
        ours = now == owner;
    }
    if !ours || disk::has_second_name(path, &metadata) {
        disk::remove(path)?;
        return Ok(None);
    }
    disk::make_private(&file).map_err(|error| disk::failed("set the mode of", path, &error))?;
    Ok(Some(locked))
}

/// On Windows before 10, and on some of its file systems, a record is not replaced while a reader has
/// it open. A reader therefore first waits for a running save, at most for `MAKE_WAY`: otherwise many readers
/// could delay a save until it fails.
pub(super) fn make_way(target: &Path, clock: &dyn Clock) {
    if cfg!(windows) {
        let path = saving(target);
        let _ = lock::wait_for(clock, MAKE_WAY, || {
            let opened = disk::open(&path, File::options().read(true))?;
            let is_free = opened.is_none_or(|(file, _)| file.try_lock_shared().is_ok());
            Ok(is_free.then_some(()))
        });
    }
}

fn open(path: &Path, created: &Cell<bool>) -> Result<File, BoxError> {
    loop {
        match disk::create(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(disk::failed("create", path, &error)),
            Ok(file) => {
                created.set(true);
                return Ok(file);
            }
        }
        match disk::open(path, File::options().write(true)) {
            Ok(Some((file, _))) => return Ok(file),
            Ok(None) => {}
            // The file belongs to another user, who could read a record that we write into the file.
            // Therefore remove the file.
            Err(error) if is_closed(path, &error) => disk::remove(path)?,
            Err(error) => return Err(error),
        }
    }
}

/// Whether there is a regular file at `path` that this user may not open.
fn is_closed(path: &Path, error: &BoxError) -> bool {
    let regular = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    regular && matches!(BackendError::find(error), Some(BackendError::Config(_)))
}

/// Refuses a record file with a hard link. A save replaces the file under one name; the other name
/// would still lead to the old record, with a refresh token that is used up.
pub(super) fn check_names(target: &Path) -> Result<(), BoxError> {
    let how = if cfg!(windows) {
        "`fsutil hardlink list` shows it"
    } else {
        "find it with `find -samefile`"
    };
    match fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_file() && disk::has_second_name(target, &metadata) => {
            Err(disk::wrong(format!(
                "{} has a second name (a hard link), and a save would leave a used-up refresh token \
                 there; remove the other name ({how}), or make it a symbolic link",
                target.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Checks whether a record could be stored at `target`: writes a file as [`FileBackend::save`] does,
/// and removes it. Returns as `Some` the reason why the file or the folder cannot be flushed.
///
/// [`FileBackend::save`]: super::FileBackend
pub(super) fn probe(target: &Path) -> Result<Option<std::io::Error>, BoxError> {
    check_names(target)?;
    disk::check_mount("replace", target)?;
    let probe = disk::beside(target, ".", &format!(".evergrant-{}", random_id()));
    let written = disk::create(&probe)
        .map_err(|error| disk::failed("create", &probe, &error))
        .and_then(|file| {
            let zeros = vec![0_u8; ROOM];
            overwrite(&file, &zeros).map_err(|error| disk::failed("write", &probe, &error))
        });
    disk::remove(&probe)?;
    let unflushed = written?;
    Ok(disk::flush_folder(target)?.or(unflushed))
}

/// The error if the new file could not be renamed over the old file.
pub(super) fn not_replaced(target: &Path, error: &std::io::Error) -> BoxError {
    if error.kind() == ErrorKind::ResourceBusy {
        return disk::mounted("replace", target);
    }
    if disk::is_in_use(error) {
        let text = format!(
            "cannot replace {}: another program has it open, or this user may not replace it",
            target.display()
        );
        return BackendError::Unavailable(text).because(same_io(error));
    }
    disk::denied("replace", target, error)
}

/// Fills the file with `zeros`. Flushes the zeros, unless the file system reserves their space when they are
/// written (`at_once`).
pub(super) fn fill(mut file: &File, zeros: &[u8], at_once: bool) -> std::io::Result<()> {
    if !at_once {
        return overwrite(file, zeros).map(drop);
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(zeros)?;
    file.set_len(zeros.len() as u64)
}

/// Writes `bytes` over the file's content, cuts the file to their length and flushes it. The file is
/// cut after the write: a file that is cut first gives up disk space, which the write may then lack on
/// a full disk. Returns as `Some` the reason why the file cannot be flushed.
pub(super) fn overwrite(mut file: &File, bytes: &[u8]) -> std::io::Result<Option<std::io::Error>> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    disk::flush(file)
}
