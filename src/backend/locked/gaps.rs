//! Tests of the locks between threads beside the system's lock, and of unlocking.

use std::cell::Cell;

use super::*;

fn open(path: &Path) -> Result<File, BoxError> {
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path).map_err(|error| disk::failed("open", path, &error))
}

fn lock_file() -> PathBuf {
    let name = format!("evergrant-lock-{}", crate::secret::random_id());
    disk::place(&std::env::temp_dir().join(name)).unwrap()
}

/// Where the system's lock belongs to the process, opening and closing the file a second time frees the
/// lock of another thread.
#[test]
fn a_thread_does_not_open_a_lock_file_that_another_thread_holds() {
    let path = lock_file();
    let opened = Cell::new(0);
    let counted = |path: &Path| {
        opened.set(opened.get() + 1);
        open(path)
    };
    let held = Locked::take(&path, &counted).unwrap();
    assert!(held.is_some());
    assert!(Locked::take(&path, &counted).unwrap().is_none());
    assert_eq!(opened.get(), 1);
    drop(held);
    assert!(Locked::take(&path, &counted).unwrap().is_some());
    assert_eq!(opened.get(), 2);
    disk::remove(&path).unwrap();
}

/// One file has two names, on a file system whose locks do not exclude other threads.
#[test]
fn a_locked_file_is_recognized_under_another_name() {
    let file = Key::File(Some((u64::MAX, 1)));
    let held = Slot::take(file.clone());
    assert!(held.is_some());
    assert!(Slot::take(file.clone()).is_none());
    assert!(Slot::take(Key::File(Some((u64::MAX, 2)))).is_some());
    drop(held);
    assert!(Slot::take(file).is_some());
    // Files without an identity do not exclude each other.
    let unknown = [Slot::take(Key::File(None)), Slot::take(Key::File(None))];
    assert!(unknown.iter().all(Option::is_some));
}

/// A forked child that has not called `exec` yet has a copy of the handle, so closing our handle alone
/// does not free the lock.
#[test]
fn a_released_lock_is_free_while_a_copied_handle_is_open() {
    let path = lock_file();
    let held = Locked::take(&path, &open).unwrap().unwrap();
    let copy = held.file().unwrap().try_clone().unwrap();
    drop(held);
    assert!(Locked::take(&path, &open).unwrap().is_some());
    drop(copy);
    disk::remove(&path).unwrap();
}

/// A process with many waiting threads would otherwise run out of open files.
#[test]
fn a_waiting_lock_opens_its_file_once() {
    let path = lock_file();
    let count = Cell::new(0);
    let counted = |path: &Path| {
        count.set(count.get() + 1);
        open(path)
    };
    // The lock is held through a handle that is not in this process's list.
    let other = open(&path).unwrap();
    other.try_lock().unwrap();
    let mut opened = None;
    for _ in 0..5 {
        assert!(Locked::take_opened(&path, &counted, &mut opened).unwrap().is_none());
    }
    assert_eq!(count.get(), 1);
    // Another thread neither opens the file nor takes the lock before the waiting thread.
    assert!(Locked::take(&path, &counted).unwrap().is_none());
    assert_eq!(count.get(), 1);
    drop(other);
    assert!(Locked::take_opened(&path, &counted, &mut opened).unwrap().is_some());
    assert_eq!(count.get(), 1);
    disk::remove(&path).unwrap();
}

#[test]
fn a_waiting_lock_opens_a_file_that_replaced_its_own() {
    let path = lock_file();
    let away = disk::beside(&path, "", ".away");
    let other = open(&path).unwrap();
    other.try_lock().unwrap();
    let mut opened = None;
    assert!(Locked::take_opened(&path, &open, &mut opened).unwrap().is_none());
    std::fs::rename(&path, &away).unwrap();
    let mut tries = (0..LOOK).map(|_| Locked::take_opened(&path, &open, &mut opened).unwrap());
    assert!(tries.find_map(|held| held).is_some_and(|held| held.is_at(&path)));
    disk::remove(&path).unwrap();
    disk::remove(&away).unwrap();
}

/// A forked child finds the file that its parent waits to lock in the list, and closes its copy.
#[test]
fn a_file_that_waits_is_listed_with_those_that_are_locked() {
    let path = lock_file();
    let other = open(&path).unwrap();
    other.try_lock().unwrap();
    let mut opened = None;
    assert!(Locked::take_opened(&path, &open, &mut opened).unwrap().is_none());
    let file = opened.as_ref().unwrap().0.file().unwrap();
    let listed = || TAKEN.lock().files.iter().any(|(_, listed)| Arc::ptr_eq(listed, &file));
    assert!(listed());
    drop(opened);
    assert!(!listed());
    disk::remove(&path).unwrap();
}
