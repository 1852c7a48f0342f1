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

/// The same file under two names, on a file system whose locks do not keep threads apart.
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
fn a_released_lock_is_free_although_a_copy_of_its_handle_is_open() {
    let path = lock_file();
    let held = Locked::take(&path, &open).unwrap().unwrap();
    let copy = held.file().unwrap().try_clone().unwrap();
    drop(held);
    assert!(Locked::take(&path, &open).unwrap().is_some());
    drop(copy);
    disk::remove(&path).unwrap();
}
