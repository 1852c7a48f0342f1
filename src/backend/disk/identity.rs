//! Identifies files independently of their names.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Identifies a file: device and inode; on Windows the volume's serial number and the file's index on
/// the volume. `None` on systems without these numbers.
///
/// The index of a file is unique on NTFS and on FAT while the file exists; ReFS and some network servers
/// have longer indexes and cut them, so that two files may have the same index
/// (<https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information>).
pub(in super::super) type Identity = Option<(u64, u64)>;

/// The identity of an open file with this metadata.
#[cfg(not(windows))]
pub(in super::super) fn identity(_: &File, metadata: &Metadata) -> io::Result<Identity> {
    Ok(of(metadata))
}

#[cfg(windows)]
pub(in super::super) fn identity(file: &File, _: &Metadata) -> io::Result<Identity> {
    let about = winapi_util::file::information(file)?;
    Ok(Some((about.volume_serial_number(), about.file_index())))
}

/// The identity of the file at `path`; links are followed.
#[cfg(not(windows))]
pub(in super::super) fn identity_at(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|metadata| of(&metadata))
}

#[cfg(windows)]
pub(in super::super) fn identity_at(path: &Path) -> io::Result<Identity> {
    let about = winapi_util::file::information(looked_at(path)?)?;
    Ok(Some((about.volume_serial_number(), about.file_index())))
}

#[cfg(unix)]
fn of(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(any(unix, windows)))]
fn of(_: &Metadata) -> Identity {
    None
}

/// Opens a file without access to its content, which works even while another program does not
/// share the file.
#[cfg(windows)]
fn looked_at(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    /// `FILE_FLAG_BACKUP_SEMANTICS`: opens folders too.
    const FOLDERS_TOO: u32 = 0x0200_0000;
    super::busy::patiently(|| File::options().access_mode(0).custom_flags(FOLDERS_TOO).open(path))
}

/// Whether an open file is still at `path`. Returns `false` if the file was renamed or removed after it was
/// opened, and if there is a link at `path`.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = identity(file, &file.metadata()?)?;
    let there = match super::busy::patiently(|| fs::symlink_metadata(path)) {
        Ok(there) if there.is_symlink() => return Ok(false),
        #[cfg(not(windows))]
        Ok(there) => Ok(of(&there)),
        #[cfg(windows)]
        Ok(_) => identity_at(path),
        Err(error) => Err(error),
    };
    match there {
        Ok(there) => Ok(opened == there),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // On Windows: the file is being removed, or another file is there, which this user may not
        // open.
        Err(error) if super::busy::is_in_use(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the file at `path` has another name too (a hard link). Returns `false` where the system does not
/// tell.
pub(in super::super) fn has_second_name(path: &Path, metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        let _ = path;
        std::os::unix::fs::MetadataExt::nlink(metadata) > 1
    }
    #[cfg(windows)]
    {
        let _ = metadata;
        let about = looked_at(path).and_then(winapi_util::file::information);
        about.is_ok_and(|about| about.number_of_links() > 1)
    }
    #[cfg(not(any(unix, windows)))]
    {
        let _ = (path, metadata);
        false
    }
}

/// Flushes the file at `path` through a handle that may write, which Windows needs. A file that was
/// replaced meanwhile needs no flush: the new file was flushed before the replacement.
pub(in super::super) fn flush_again(path: &Path, expected: Identity) -> io::Result<()> {
    let opened = super::busy::patiently(|| File::options().write(true).open(path));
    let opened = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if identity(&opened, &opened.metadata()?)? == expected { opened.sync_all() } else { Ok(()) }
}
