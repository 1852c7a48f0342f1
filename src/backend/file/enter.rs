//! Locks and loads the record at a path whose links were followed.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use super::super::line::{self, Got, Key, Taken, Wait};
use super::super::lock::{self, LONGEST};
use super::super::{Guard, disk};
use super::mark::Content;
use super::{FileBackend, mark, room};
use crate::error::BoxError;
use crate::record::Record;

/// The result of a read under the lock.
type Read = Result<Option<Record>, BoxError>;

/// A lock that was taken, and the record that was read under the lock, if the caller asked for the record.
pub(in super::super) type Entered = (Guard, Option<Read>);

/// Who shares records: only clients with the same rules may use a record that another client has read.
#[derive(Clone, Copy)]
pub(in super::super) enum Line {
    /// The clients of the file.
    File,
    /// The clients that refuse a file which others may read.
    Private,
    /// The clients of a table beside which the file is.
    Table,
}

fn key(line: Line, target: &Path) -> Key {
    let kind: &[u8] = match line {
        Line::File => b"file",
        Line::Private => b"private file",
        Line::Table => b"table",
    };
    line::key(&[kind, target.as_os_str().as_encoded_bytes()])
}

impl FileBackend {
    /// Gives a record of this file that was saved to all threads that wait for its lock; `None` after a logout.
    pub(super) fn tell_all(&self, target: &Path, record: Option<&Record>) {
        for line in [Line::File, Line::Private] {
            self.tell(line, target, record);
        }
    }

    /// Takes the lock of the file ([`FileBackend::take`]), and reads the record if `reads`.
    pub(super) fn take_own(&self, wait: Duration, reads: bool) -> Result<Taken<Entered>, BoxError> {
        let line = if self.private { Line::Private } else { Line::File };
        let read = |target: &Path| self.load_at(target);
        self.take(line, wait, if reads { Some(&read) } else { None })
    }

    /// Loads the record at `target`, and flushes a record that may not be on the disk yet.
    pub(super) fn load_at(&self, target: &Path) -> Read {
        room::make_way(target, &*self.pace.clock);
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

    /// Takes the lock of the file, and waits for it up to `wait`. Then calls `read`, unless it is `None`.
    pub(in super::super) fn take(
        &self,
        line: Line,
        wait: Duration,
        read: Option<&dyn Fn(&Path) -> Read>,
    ) -> Result<Taken<Entered>, BoxError> {
        let start = self.pace.clock.monotonic();
        let (mut target, mut changed) = (disk::target(&self.path)?, false);
        loop {
            let left = wait.saturating_sub(self.pace.since(start));
            let taken = self.take_at(line, &target, left, read)?;
            // During the wait, a link on the path may have been changed: then the record belongs to another
            // lock and perhaps to another login.
            let now = disk::target(&self.path)?;
            if now == target {
                return Ok(taken);
            }
            if changed && left.is_zero() {
                return Ok(Taken::Busy);
            }
            (target, changed) = (now, true);
        }
    }

    fn take_at(
        &self,
        line: Line,
        target: &Path,
        wait: Duration,
        read: Option<&dyn Fn(&Path) -> Read>,
    ) -> Result<Taken<Entered>, BoxError> {
        self.look_at_folder(target);
        let path = disk::beside(target, "", ".lock");
        let there = || disk::identity_at(&path).ok().flatten();
        let wait = Wait {
            key: key(line, target),
            pace: &self.pace,
            time: wait,
            longest: LONGEST,
            takes_saved: read.is_some(),
            place: &there,
        };
        let opened = RefCell::new(None);
        let is_there = || disk::target(&self.path).is_ok_and(|now| now == target);
        let taken = line::take(&wait, |_| {
            let clock = &*self.pace.clock;
            let locked = lock::attempt(&path, clock, &mut opened.borrow_mut())?;
            let Some(locked) = locked else { return Ok(None) };
            let read = read.map(|read| read(target));
            // The record of a table is read without the target: after a change of the link it may be the
            // record of another login.
            let record = read.as_ref().and_then(|read| read.as_ref().ok().cloned()).flatten();
            let record = record.filter(|_| is_there());
            Ok(Some(Got { lock: (locked, read), record }))
        })?;
        let ((locked, read), place) = match taken {
            Taken::Lock(taken) => taken,
            Taken::Saved(record) => return Ok(Taken::Saved(record)),
            Taken::Busy => return Ok(Taken::Busy),
        };
        // By the time of a save, a link on the path may lead to another file, which has another lock.
        let (own, target) = (self.path.clone(), target.to_owned());
        let guard = lock::guard(locked, Some(place), path)?;
        let guard = guard.with_check(move || disk::target(&own).is_ok_and(|now| now == target));
        Ok(Taken::Lock((guard, read)))
    }

    /// Gives a record that was saved to the threads that wait for the lock; `None` after a logout.
    pub(in super::super) fn tell(&self, line: Line, target: &Path, record: Option<&Record>) {
        line::tell(&key(line, target), &self.pace, record);
    }
}
