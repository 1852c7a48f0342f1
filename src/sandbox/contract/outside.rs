//! The checks that need another process, a reopened store, or a power cut.

use std::time::{Duration, Instant};

use super::checks::{BRIEFLY, LONG, Needs, Row, ensure, first, same, token};
use super::worker::{Worker, increment};
use super::{Contract, noted, successor};
use crate::backend::{BackendError, TokenBackend};
use crate::error::{BoxError, chain};
use crate::record::Record;

pub(super) const OUTSIDE: [Row; 9] = [
    ("a reopened store has the saved record", &[Needs::Fresh], reopened),
    ("a handle reads what others have saved", &[Needs::Fresh], reads_again),
    (
        "a save is compared with what others have saved",
        &[Needs::Fresh, Needs::Compare],
        compares_anew,
    ),
    ("two processes see each other's saves", &[Needs::Process], seen_by_a_process),
    ("the save of a killed process is kept", &[Needs::Process], kept_after_a_kill),
    ("the lock excludes a second process", &[Needs::Process, Needs::Lock], keeps_out),
    (
        "the lock of a killed process is released",
        &[Needs::Process, Needs::LockFreedByDeath],
        freed_by_death,
    ),
    (
        "increments of two processes are never lost",
        &[Needs::Process, Needs::Lock],
        increments_of_two,
    ),
    ("a saved record survives a power cut", &[Needs::PowerCut], power_cut),
];

/// Another user of the store that shares no memory with the handles of this process.
enum Other {
    Handle(Box<dyn TokenBackend>),
    Process(Worker),
}

impl Other {
    fn load(&mut self) -> Result<Option<Record>, BoxError> {
        match self {
            Other::Handle(store) => store.load(),
            Other::Process(worker) => worker.load(),
        }
    }

    /// Saves a successor of the stored record.
    fn advance(&mut self, n: usize) -> Result<(), BoxError> {
        match self {
            Other::Handle(store) => {
                let stored = store.load()?.ok_or("nothing is stored")?;
                store.save(&successor(&stored, token(n)))
            }
            Other::Process(worker) => worker.ask(&format!("advance {n}")).map(drop),
        }
    }

    fn clear(&mut self) -> Result<(), BoxError> {
        match self {
            Other::Handle(store) => store.clear(),
            Other::Process(worker) => worker.ask("clear").map(drop),
        }
    }
}

impl Contract<'_> {
    fn worker(&self) -> Result<Worker, BoxError> {
        let (test, store) = self.process.as_ref().ok_or("no second process was given")?;
        Worker::start(test, store)
    }

    /// All other users that the author has set up.
    fn others(&self) -> Result<Vec<Other>, BoxError> {
        let mut others: Vec<Other> = Vec::new();
        others.extend(self.reopen.as_ref().map(|reopen| Other::Handle(reopen())));
        if self.process.is_some() {
            others.push(Other::Process(self.worker()?));
        }
        Ok(others)
    }
}

fn in_other(error: &BoxError) -> BoxError {
    format!("read by a reopened store: {}", chain(&**error)).into()
}

fn reopened(it: &Contract<'_>) -> Result<(), BoxError> {
    let handle = it.open();
    let first = first();
    let note = noted(&first);
    let second = successor(&note, token(2));
    for record in [&first, &note, &second] {
        handle.save(record)?;
        for mut other in it.others()? {
            same(record, other.load()?.as_ref()).map_err(|error| in_other(&error))?;
        }
    }
    handle.clear()?;
    for mut other in it.others()? {
        let found = other.load()?;
        ensure(found.is_none(), || "a reopened store still has the record after clear".to_owned())?;
    }
    Ok(())
}

/// A handle that has loaded and saved before must read the store again.
fn reads_again(it: &Contract<'_>) -> Result<(), BoxError> {
    for other in &mut it.others()? {
        it.empty()?;
        let handle = it.open();
        handle.save(&first())?;
        handle.load()?;
        for n in 2..4 {
            other.advance(n)?;
            let found = handle.load()?.map(|record| record.token().clone());
            ensure(found == Some(token(n)), || {
                "a handle returns its own old record, and not what others have saved since"
                    .to_owned()
            })?;
        }
        other.clear()?;
        ensure(handle.load()?.is_none(), || {
            "a handle returns a record after others cleared the store".to_owned()
        })?;
    }
    Ok(())
}

fn compares_anew(it: &Contract<'_>) -> Result<(), BoxError> {
    for other in &mut it.others()? {
        it.empty()?;
        let (handle, first) = (it.open(), first());
        handle.save(&first)?;
        handle.load()?;
        other.advance(2)?;
        match handle.save(&successor(&first, token(3))) {
            Err(error) if BackendError::is_conflict(&error) => {}
            Err(error) => return Err(format!("not a Conflict but: {}", chain(&*error)).into()),
            Ok(()) => return Err("a save overwrote a newer save of another handle".into()),
        }
        let found = other.load()?.map(|record| record.token().clone());
        ensure(found == Some(token(2)), || "a refused save has changed the store".to_owned())?;
    }
    Ok(())
}

fn seen_by_a_process(it: &Contract<'_>) -> Result<(), BoxError> {
    let (mut worker, handle) = (it.worker()?, it.open());
    let mut record = first();
    handle.save(&record)?;
    for n in 1..4 {
        // By now each handle may have cached the previous record.
        let theirs = worker.load()?;
        same(&record, theirs.as_ref()).map_err(|error| in_other(&error))?;
        worker.ask("note")?;
        worker.ask(&format!("advance {}", 2 * n))?;
        let found =
            handle.load()?.ok_or("a handle does not see the record that a second process saved")?;
        ensure(*found.token() == token(2 * n), || {
            "a handle does not see the record that a second process saved".to_owned()
        })?;
        ensure(found.revision() == record.revision() + 2, || {
            format!(
                "revision {} after two saves on revision {}",
                found.revision(),
                record.revision()
            )
        })?;
        record = successor(&found, token(2 * n + 1));
        handle.save(&record)?;
    }
    Ok(())
}

fn kept_after_a_kill(it: &Contract<'_>) -> Result<(), BoxError> {
    for order in ["first 1", "note", "advance 2"] {
        let mut worker = it.worker()?;
        worker.ask(order)?;
        let saved = worker.load()?.ok_or("a process does not see its own save")?;
        worker.kill()?;
        let found = it.open().load()?;
        same(&saved, found.as_ref()).map_err(|error| {
            format!("after the process that saved was killed: {}", chain(&*error))
        })?;
    }
    Ok(())
}

fn keeps_out(it: &Contract<'_>) -> Result<(), BoxError> {
    let mut worker = it.worker()?;
    let guard = it.open().lock(LONG)?;
    for wait in ["lock 0", "lock 50"] {
        match worker.ask(wait) {
            Err(error) if BackendError::is_busy(&error) => {}
            Err(error) => return Err(format!("not Busy but: {}", chain(&*error)).into()),
            Ok(_) => {
                return Err("a second process got the lock, which this process still has".into());
            }
        }
    }
    drop(guard);
    worker.ask("lock 30000")?;
    it.busy(BRIEFLY)?;
    worker.ask("unlock")?;
    it.open().lock(LONG).map(drop)
}

fn freed_by_death(it: &Contract<'_>) -> Result<(), BoxError> {
    let mut worker = it.worker()?;
    worker.ask("lock 30000")?;
    it.busy(Duration::ZERO)?;
    worker.kill()?;
    let start = Instant::now();
    match it.open().lock(LONG) {
        Ok(_) => Ok(()),
        Err(error) => {
            let waited = start.elapsed();
            Err(format!(
                "the lock is still held {waited:?} after its process was killed: {}",
                chain(&*error)
            )
            .into())
        }
    }
}

fn increments_of_two(it: &Contract<'_>) -> Result<(), BoxError> {
    const EACH: usize = 50;
    it.open().save(&first())?;
    let mut worker = it.worker()?;
    let theirs = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| worker.ask(&format!("increment {EACH}")));
        let ours = increment(&*it.open(), EACH);
        let theirs = theirs.join().map_err(|_| "a thread panicked")?;
        ours.and(theirs.map(drop))
    });
    theirs?;
    let stored = it.open().load()?.ok_or("nothing is stored")?;
    ensure(stored.revision() == 1 + 2 * EACH as u64, || {
        format!("{} of {} increments are left", stored.revision().saturating_sub(1), 2 * EACH)
    })
}

fn power_cut(it: &Contract<'_>) -> Result<(), BoxError> {
    let Some(cut) = &it.power_cut else { return Ok(()) };
    let first = first();
    let note = noted(&first);
    let second = successor(&note, token(2));
    for record in [&first, &note, &second] {
        it.open().save(record)?;
        cut();
        let reopened = it.reopen.as_ref().unwrap_or(&it.open)().load()?;
        same(record, reopened.as_ref())
            .map_err(|error| format!("after the power was cut: {}", chain(&*error)))?;
    }
    // A client trusts a record that it reads, so the record must be durable, whoever saved it.
    let found = it.open().load()?;
    cut();
    let reopened = it.reopen.as_ref().unwrap_or(&it.open)().load()?;
    ensure(found == reopened, || "a record that was read was gone after a power cut".to_owned())
}
