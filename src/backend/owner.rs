//! Finds the owner of a file. std does not tell our user number, and a file system may give us another
//! number (NFS with `root_squash`, CIFS), so the check compares the owner with the owner of a file that
//! we have just made in the same folder.

use std::fs::{self, File, Metadata};
use std::path::Path;

use super::disk;
use crate::error::BoxError;
use crate::secret::random_id;

/// The user number of a file's owner; `None` on systems without user numbers.
#[cfg(unix)]
pub(super) fn of(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(metadata))
}

#[cfg(not(unix))]
pub(super) fn of(_: &Metadata) -> Option<u32> {
    None
}

/// The owner of the files that we make beside `path`: makes a file there to find out, and removes it.
pub(super) fn ours(path: &Path) -> Result<Option<u32>, BoxError> {
    if cfg!(not(unix)) {
        return Ok(None);
    }
    let probe = disk::beside(path, ".", &format!(".evergrant-{}", random_id()));
    let file = disk::create(&probe).map_err(|error| disk::failed("create", &probe, &error))?;
    let metadata = file.metadata();
    disk::remove(&probe)?;
    let metadata = metadata.map_err(|error| disk::failed("look at", &probe, &error))?;
    Ok(of(&metadata))
}

/// Whether the file belongs to this user (or to root), and no other user may write into it.
#[cfg(feature = "discovery")]
pub(crate) fn is_only_ours(metadata: &Metadata, path: &Path) -> bool {
    let Some(owner) = of(metadata) else { return true };
    let shared = disk::mode(metadata).is_some_and(|mode| mode & 0o022 != 0);
    !shared && (owner == 0 || ours(path).is_ok_and(|ours| ours == Some(owner)))
}

/// Refuses a lock file whose owner could take the lock away while it is held. `touched` says that this
/// process could set the file's times, which only the owner and root can do.
pub(super) fn check_lock(file: &File, path: &Path, touched: bool) -> Result<(), BoxError> {
    let looked = file.metadata().map_err(|error| disk::failed("look at", path, &error))?;
    let Some(owner) = of(&looked) else { return Ok(()) };
    let folder = disk::folder(path);
    let of_folder = || fs::metadata(folder).ok().and_then(|folder| of(&folder));
    if owner == 0 || of_folder() == Some(owner) {
        return Ok(());
    }
    // `ours` fails if this process cannot make a file in the folder. Then the process is not root, so it could
    // set the times only of its own file.
    let ours = ours(path).map_or(touched, |ours| ours == Some(owner));
    if ours {
        return Ok(());
    }
    Err(disk::wrong(format!(
        "the lock file {} belongs to user {owner}, who could take the lock away while it is held; \
         remove it, give it to root or to the owner of the folder, or use another folder",
        path.display()
    )))
}
