//! Locks and loads the record at a path whose links were followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::{FileLock, Guard, disk};
use super::mark::Content;
use super::{FileBackend, mark, room};
use crate::error::BoxError;
use crate::record::Record;

impl FileBackend {
    /// Loads the record at `target`, and flushes a record that may not be on the disk yet.
    pub(super) fn load_at(&self, target: &Path) -> Result<Option<Record>, BoxError> {
        room::make_way(target, &*self.clock);
        let Some(stored) = self.read(target)? else { return Ok(None) };
        self.check_mode(target, &stored.metadata)?;
        let content = Content::new(stored.identity, &stored.metadata, &stored.bytes);
        let mut durable = self.durable.lock();
        // A rename is visible before it is durable, and the process that renamed may have died.
        if durable.as_ref() != Some(&content) {
            if !mark::names(target, &content) {
                let flushed = self.flush(target, &stored)?;
                self.flush_folder(target)?;
                if !flushed {
                    return Ok(Some(stored.record));
                }
                mark::write(target, Some(&content), *self.us.lock());
            }
            *durable = Some(content);
        }
        Ok(Some(stored.record))
    }

    /// Locks the record at `target`.
    pub(super) fn lock_at(&self, target: PathBuf, wait: Duration) -> Result<Guard, BoxError> {
        self.look_at_folder(&target);
        let lock = disk::beside(&target, "", ".lock");
        let guard = FileLock::placed(lock, Arc::clone(&self.clock)).lock_placed(wait)?;
        // If a link on the path leads elsewhere by the time of a save, the record there has another
        // lock.
        let path = self.path.clone();
        Ok(guard.with_check(move || disk::target(&path).is_ok_and(|now| now == target)))
    }
}
