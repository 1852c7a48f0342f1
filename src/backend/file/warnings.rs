//! The warnings of a store in a file: file modes that let other users in, and file systems that cannot flush.

use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::super::disk;
use super::FileBackend;
use crate::error::BoxError;

impl FileBackend {
    /// Warns of a record that others may read or write, or fails with [`FileBackend::private_only`].
    pub(super) fn check_mode(&self, target: &Path, metadata: &Metadata) -> Result<(), BoxError> {
        let Some(mode) = disk::mode(metadata).filter(|mode| mode & 0o077 != 0) else {
            return Ok(());
        };
        let text = format!(
            "{} holds a login, and users other than its owner may read or write the file (mode \
             {mode:04o}); set its mode to 0600",
            target.display()
        );
        if self.private {
            return Err(disk::wrong(text));
        }
        self.warn(text);
        Ok(())
    }

    pub(super) fn cannot_flush(&self, target: &Path, why: Option<std::io::Error>) {
        let Some(error) = why else { return };
        self.unflushed.store(true, Ordering::Relaxed);
        self.warn(format!(
            "the entries of the folder {} cannot be flushed ({error}): a power cut may bring back the \
             record before the last, with a refresh token that is used up; keep the file on another \
             file system, in a folder that you may read",
            disk::folder(target).display()
        ));
    }

    /// Warns of a folder in which others can make files and, without the sticky bit, rename and remove
    /// them.
    pub(super) fn look_at_folder(&self, target: &Path) {
        let folder = disk::folder(target);
        let mode = fs::metadata(folder).ok().as_ref().and_then(disk::mode);
        if let Some(mode) = mode.filter(|mode| mode & 0o002 != 0) {
            self.warn(format!(
                "anybody can write into the folder {} (mode {mode:04o}), which holds a login; keep \
                 the file in a folder of its own with mode 0700",
                folder.display()
            ));
        }
    }

    pub(super) fn warn(&self, text: String) {
        let mut warnings = self.warnings.lock();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
}
