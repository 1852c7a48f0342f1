//! The few things a file store does to a disk, each error with its operation and path.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::BackendError;
use crate::error::BoxError;

/// An error of the operating system in our words: `cannot {doing} {path}: {error}`.
pub(super) fn failed(doing: &str, path: &Path, error: &io::Error) -> BoxError {
    let text = format!("cannot {doing} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            BackendError::Full(text).into()
        }
        _ => BackendError::Unavailable(text).into(),
    }
}

/// The path from here on, whatever the working directory becomes.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The folder that a file is in, without links, and the file's name there. The folder must exist.
pub(super) fn place(path: &Path) -> Result<PathBuf, BoxError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        let text = format!("{:?} does not name a file", path.display().to_string());
        return Err(BackendError::Unavailable(text).into());
    };
    // A bare name has an empty parent; it comes here only when the working directory is gone.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match fs::canonicalize(folder) {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) => Err(failed("open the folder", folder, &error)),
    }
}

/// Where a file really is: links at the path itself are followed, even to a file that does not
/// exist yet, so that what replaces the file replaces the target and keeps the link.
pub(super) fn target(path: &Path) -> Result<PathBuf, BoxError> {
    let mut found = place(path)?;
    for _ in 0..LINKS {
        match fs::symlink_metadata(&found) {
            Ok(metadata) if metadata.is_symlink() => {}
            Ok(_) => return Ok(found),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed("look at", &found, &error)),
        }
        let to = fs::read_link(&found).map_err(|error| failed("read the link", &found, &error))?;
        found = place(&found.parent().unwrap_or(Path::new("")).join(to))?;
    }
    let text = format!("{} leads through too many links", path.display());
    Err(BackendError::Unavailable(text).into())
}

/// As many as Linux follows.
const LINKS: usize = 40;

/// A name beside a file: `{before}{name}{after}`.
pub(super) fn beside(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

/// Makes the folder's entries durable. Only Unix lets a folder be flushed; elsewhere the file
/// system's journal is all there is.
pub(super) fn flush_folder(path: &Path) -> Result<(), BoxError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed("flush the folder", folder, &error))?;
    let _ = folder;
    Ok(())
}

/// Removes a file; one that is not there is success.
pub(super) fn remove(path: &Path) -> Result<(), BoxError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Which file it is, whatever its name.
#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether an open file is still the one at `path`, and not a file that was renamed or removed
/// after it was opened.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok(identity(&opened) == identity(&there)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says that it is not a file, before opening it could block (a FIFO) or do harm (a device).
pub(super) fn check_regular(metadata: &Metadata, path: &Path) -> Result<(), BoxError> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "a pipe, a device or a link" };
    let text = format!("{} is {what}, not a file", path.display());
    Err(BackendError::Unavailable(text).into())
}

/// Options that write, and create a file only its owner can read.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
