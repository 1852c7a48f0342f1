//! The disk operations of a file store. Each error names the operation that failed, and the path.

mod busy;
mod identity;
mod kinds;
mod mounts;
mod paths;

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use self::busy::patiently;
pub(super) use self::busy::{REPLACING, is_in_use, while_in_use};
pub(crate) use self::identity::is_at;
pub(super) use self::identity::{Identity, flush_again, has_second_name, identity, identity_at};
pub(super) use self::kinds::reserves_at_once;
#[cfg(feature = "sqlite")]
pub(super) use self::kinds::with_kind;
pub(super) use self::mounts::{check_mount, mounted};
pub(super) use self::paths::absolute;
use super::BackendError;
use crate::error::{BoxError, same_io};

/// Makes the error `cannot {doing} {path}`, with the error of the operating system as its source.
pub(super) fn failed(doing: &str, path: &Path, error: &io::Error) -> BoxError {
    let text = format!("cannot {doing} {}", path.display());
    let precise = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            BackendError::Full(text)
        }
        // Windows also gives this error while another program has the file open.
        ErrorKind::PermissionDenied if cfg!(windows) => BackendError::Unavailable(text),
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput
        | ErrorKind::Unsupported => BackendError::Config(text),
        _ if cfg!(unix) && error.raw_os_error() == Some(ELOOP) => BackendError::Config(text),
        _ => BackendError::Unavailable(text),
    };
    precise.because(same_io(error))
}

/// The error "Too many levels of symbolic links", for which std has no stable name.
const ELOOP: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 40 } else { 62 };

/// Makes an error that only a person can fix.
pub(super) fn wrong(text: String) -> BoxError {
    BackendError::Config(text).into()
}

/// Makes an error of the operating system that only a person can fix.
pub(super) fn wrong_because(text: String, error: &io::Error) -> BoxError {
    BackendError::Config(text).because(same_io(error))
}

/// The path of a file, with its folder written without links. The folder must exist.
pub(super) fn place(path: &Path) -> Result<PathBuf, BoxError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(wrong(format!("{:?} does not name a file", path.display().to_string())));
    };
    // A file name without a folder has an empty parent. `absolute` returns a file name without a folder only
    // if the working directory is gone.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match paths::without_links(folder) {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = folder.display();
            let text =
                format!("cannot open the folder {folder}: create it, or name another folder");
            Err(wrong_because(text, &error))
        }
        Err(error) => Err(failed("open the folder", folder, &error)),
    }
}

/// Follows links at the path, even to a file that does not exist yet, so that a save replaces the
/// target and keeps the link.
pub(super) fn target(path: &Path) -> Result<PathBuf, BoxError> {
    let mut found = place(path)?;
    for _ in 0..=LINKS {
        match patiently(|| fs::symlink_metadata(&found)) {
            Ok(metadata) if metadata.is_symlink() => {}
            Ok(_) => return Ok(found),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed("look at", &found, &error)),
        }
        let to = fs::read_link(&found).map_err(|error| failed("read the link", &found, &error))?;
        found = place(&found.parent().unwrap_or(Path::new("")).join(to))?;
    }
    Err(wrong(format!("{} leads through too many links", path.display())))
}

/// The largest number of links that are followed, as on Linux.
const LINKS: usize = 40;

/// The path of another file in the same folder, with the name `{before}{name}{after}`.
pub(super) fn beside(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Flushes a file. If the file system cannot flush, returns the reason as `Some`: on Apple's systems
/// std flushes with `F_FULLFSYNC` (fcntl(2)), which SMB volumes do not support.
pub(super) fn flush(file: &File) -> io::Result<Option<io::Error>> {
    match file.sync_all() {
        Ok(()) => Ok(None),
        Err(error) if cfg!(target_vendor = "apple") && is_unsupported(&error) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Whether a flush failed because the file system cannot flush. `ENOTSUP` of Apple's systems has no
/// kind in std.
fn is_unsupported(error: &io::Error) -> bool {
    const ENOTSUP: i32 = 45;
    let apples = cfg!(target_vendor = "apple") && error.raw_os_error() == Some(ENOTSUP);
    apples || matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}

/// Makes the folder's entries durable. If the file system cannot flush a folder, returns the reason as
/// `Some`, not as a failure: some FUSE and network file systems only flush files. Only Unix can flush a
/// folder; elsewhere the store relies on the file system's journal.
pub(super) fn flush_folder(path: &Path) -> Result<Option<io::Error>, BoxError> {
    let folder = folder(path);
    #[cfg(unix)]
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Ok(()) => {}
        Err(error) if is_unsupported(&error) => return Ok(Some(error)),
        // A folder that may be written but not read cannot be opened, and so not flushed. Some
        // network file systems answer `EBADF`, because a folder is only open for reading.
        Err(error)
            if error.kind() == ErrorKind::PermissionDenied
                || error.raw_os_error() == Some(EBADF) =>
        {
            return Ok(Some(error));
        }
        Err(error) => return Err(failed("flush the folder", folder, &error)),
    }
    let _ = folder;
    Ok(None)
}

/// The error "Bad file descriptor", for which std has no name; the number is the same on every
/// Unix.
#[cfg(unix)]
const EBADF: i32 = 9;

/// Removes a file. Succeeds if there is no file.
pub(super) fn remove(path: &Path) -> Result<(), BoxError> {
    match patiently(|| fs::remove_file(path)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(denied("remove", path, &error))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Makes an error that also names the owner and mode of the file if permission was denied.
pub(super) fn denied(doing: &str, path: &Path, error: &io::Error) -> BoxError {
    #[cfg(unix)]
    if error.kind() == ErrorKind::PermissionDenied
        && let Ok(metadata) = fs::symlink_metadata(path)
    {
        use std::os::unix::fs::MetadataExt as _;
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        let path = path.display();
        let text =
            format!("cannot {doing} {path}, which belongs to user {owner} with mode {mode:04o}");
        return wrong_because(text, error);
    }
    failed(doing, path, error)
}

/// Refuses anything but a regular file, because opening it could block (a FIFO) or do harm (a device).
pub(super) fn check_regular(metadata: &Metadata, path: &Path) -> Result<(), BoxError> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "a folder, not a file: name a file in it"
    } else if metadata.is_symlink() {
        "a link, not a file: remove it"
    } else {
        "a pipe, a device or a socket, not a file"
    };
    Err(wrong(format!("{} is {what}", path.display())))
}

/// Options for writing; a file that they create is readable only by its owner.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a file that only its owner can read, whatever the umask. Fails if the file exists.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = patiently(|| private().create_new(true).open(path))?;
    make_private(&file)?;
    Ok(file)
}

/// Sets the mode to 0600. File systems without modes refuse this or ignore it; that is an error only if
/// the owner could not use the file.
pub(super) fn make_private(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let mode = file.metadata()?.mode() & 0o777;
        if mode != 0o600
            && let Err(error) = file.set_permissions(fs::Permissions::from_mode(0o600))
            && mode & 0o600 != 0o600
        {
            return Err(error);
        }
    }
    let _ = file;
    Ok(())
}

/// Opens an existing regular file, without following a link and without blocking. Returns `None` if there is
/// no file.
pub(crate) fn open(
    path: &Path,
    options: &mut fs::OpenOptions,
) -> Result<Option<(File, Metadata)>, BoxError> {
    let failed = |doing: &str, error: &io::Error| Err(denied(doing, path, error));
    match patiently(|| fs::symlink_metadata(path)) {
        Ok(metadata) => check_regular(&metadata, path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return failed("look at", &error),
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, NO_LINK_NO_WAIT);
    let file = match patiently(|| options.open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return failed("open", &error),
    };
    // Check again: since the first check, the file may have been replaced.
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(error) => return failed("look at", &error),
    };
    check_regular(&metadata, path)?;
    Ok(Some((file, metadata)))
}

/// Appends at most `limit` bytes of a file to `bytes`.
pub(super) fn read_up_to(file: &File, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.take(limit).read_to_end(bytes).map(drop)
}

/// The mode of a file; `None` on systems without modes.
#[cfg(unix)]
pub(super) fn mode(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// `O_NOFOLLOW | O_NONBLOCK`, for which std has no names. On platforms whose values are not listed
/// here, the check after opening ([`is_at`]) finds a link before anything is written.
#[cfg(unix)]
const NO_LINK_NO_WAIT: i32 = {
    let linux = cfg!(any(target_os = "linux", target_os = "android"));
    let bsd = cfg!(any(
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ));
    if bsd {
        0x100 | 0x4
    } else if linux && cfg!(any(target_arch = "x86", target_arch = "x86_64", target_arch = "s390x"))
        || linux && cfg!(any(target_arch = "riscv32", target_arch = "riscv64"))
        || linux && cfg!(target_arch = "loongarch64")
    {
        0x2_0000 | 0x800
    } else if linux && cfg!(any(target_arch = "arm", target_arch = "aarch64"))
        || linux && cfg!(any(target_arch = "powerpc", target_arch = "powerpc64"))
    {
        0x8000 | 0x800
    } else {
        0
    }
};

// These tests use the error numbers of Linux.
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_says_who_can_fix_it() {
        // ENOSPC, EFBIG and EDQUOT mean that the disk is full.
        for full in [28, 27, 122] {
            let error = failed("write", Path::new("a"), &io::Error::from_raw_os_error(full));
            assert!(matches!(BackendError::find(&error), Some(BackendError::Full(_))), "{error}");
        }
        // A person has to fix EACCES, EPERM, EROFS, EISDIR, ENOTDIR, ENAMETOOLONG, EINVAL,
        // EOPNOTSUPP and ELOOP.
        for wrong in [13, 1, 30, 21, 20, 36, 22, 95, 40] {
            let error = failed("write", Path::new("a"), &io::Error::from_raw_os_error(wrong));
            assert!(matches!(BackendError::find(&error), Some(BackendError::Config(_))), "{error}");
        }
        // EIO, EMFILE, ENFILE, ESTALE and ETIMEDOUT may pass.
        for passing in [5, 24, 23, 116, 110] {
            let error = failed("write", Path::new("a"), &io::Error::from_raw_os_error(passing));
            let found = BackendError::find(&error);
            assert!(matches!(found, Some(BackendError::Unavailable(_))), "{error}");
        }
    }

    #[test]
    fn a_bare_name_is_in_the_working_directory() {
        let name = Path::new("login.json");
        assert_eq!(place(name).unwrap(), place(&absolute(name)).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_not_reported_as_missing() {
        let path = std::env::current_exe().unwrap();
        // The expected errors are ENOTDIR, and ETXTBSY because the program runs.
        for (path, cause) in [(path.join("b"), 20), (path.clone(), 26)] {
            let error = open(&path, &mut private()).unwrap_err();
            let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
            assert_eq!(source.raw_os_error(), Some(cause), "{error}");
            assert!(!error.to_string().contains("belongs to user"), "{error}");
        }
        let error = denied("open", &path, &io::Error::from_raw_os_error(13));
        assert!(error.to_string().contains("belongs to user"), "{error}");
    }

    #[test]
    fn an_unreadable_path_is_not_treated_as_empty() {
        let path = std::env::current_exe().unwrap();
        let mut reads = private();
        let (file, _) = open(&path, reads.write(false).read(true)).unwrap().unwrap();
        assert!(!is_at(&file, &path.with_extension("gone")).unwrap());
        let error = is_at(&file, &path.join("b")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
    }

    #[test]
    fn only_a_missing_folder_is_to_be_created() {
        let file = std::env::current_exe().unwrap();
        let text = |path: PathBuf| place(&path).unwrap_err().to_string();
        assert!(
            text(file.with_extension("gone").join("a"))
                .contains("create it, or name another folder")
        );
        let within = text(file.join("b/a"));
        assert!(within.starts_with("cannot open the folder "), "{within}");
        assert!(!within.contains("create it"), "{within}");
    }
}
