//! Tests that a lock belongs to the process that took it, even after a `fork` without `exec`; and that the holder
//! notices when the lock file is deleted.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, FileBackend, Guard, MemoryBackend};

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[
    ("forks::drops", child_drops_its_copy),
    ("forks::waits", child_waits_for_the_lock_alone),
    ("forks::outlives", child_outlives_a_killed_parent),
    ("forks::memory", child_locks_a_store_in_memory),
];

/// Forks, and returns the child's process id. The child runs `work` and ends.
#[allow(unsafe_code)]
fn fork(work: impl FnOnce()) -> i32 {
    // SAFETY: the process has no other thread that does anything, and `_exit` runs no destructors.
    match unsafe { libc::fork() } {
        0 => {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            unsafe { libc::_exit(i32::from(done.is_err())) }
        }
        child => {
            assert!(child > 0, "fork failed");
            child
        }
    }
}

/// Waits until the child has ended, and checks that the child succeeded.
#[allow(unsafe_code)]
fn join(child: i32) {
    let mut status = 0;
    // SAFETY: `status` lives as long as the call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the forked child failed");
}

/// Tests through another file handle whether the system's lock is held.
fn is_locked() -> bool {
    let file = File::open(given("STORE").with_extension("json.lock")).unwrap();
    match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(error) => panic!("{error}"),
    }
}

fn lock() -> Guard {
    FileBackend::new(given("STORE")).lock(Duration::ZERO).unwrap()
}

fn run(key: &str) {
    let dir = TempDir::new();
    let output = child::<&str>(key, &[]).env("STORE", dir.join("store.json")).output().unwrap();
    succeeded(&output);
}

#[test]
fn a_forked_child_that_drops_its_copy_frees_nothing() {
    run("forks::drops");
}

fn child_drops_its_copy() {
    let mut guard = Some(lock());
    join(fork(|| {
        let copy = guard.take().unwrap();
        assert!(!copy.is_held(), "the child's copy must not hold the lock");
        drop(copy);
    }));
    assert!(is_locked());
    assert!(guard.as_ref().unwrap().is_held());
    drop(guard);
    assert!(!is_locked());
}

#[test]
fn a_forked_child_can_lock_as_soon_as_the_parent_releases() {
    run("forks::waits");
}

fn child_waits_for_the_lock_alone() {
    let guard = lock();
    let (mut told, mut tell) = std::io::pipe().unwrap();
    let (mut heard, mut answer) = std::io::pipe().unwrap();
    let child = fork(|| {
        let store = FileBackend::new(given("STORE"));
        let busy = precise(store.lock(Duration::ZERO).map(drop));
        answer.write_all(b"x").unwrap();
        assert!(matches!(busy, BackendError::Busy(_)), "the parent holds the lock: {busy}");
        told.read_exact(&mut [0]).unwrap();
        let ours = store.lock(Duration::ZERO).unwrap();
        assert!(ours.is_held() && is_locked());
        drop(ours);
        assert!(!is_locked());
    });
    // Without this `drop`, the test would wait for ever for a child that ends without an answer.
    drop(answer);
    heard.read_exact(&mut [0]).unwrap();
    drop(guard);
    tell.write_all(b"x").unwrap();
    join(child);
}

#[test]
fn a_forked_child_frees_the_lock_of_a_killed_parent() {
    run("forks::outlives");
}

#[allow(unsafe_code)]
fn child_outlives_a_killed_parent() {
    let (mut ended, lives) = std::io::pipe().unwrap();
    let mut lives = Some(lives);
    let (mut ready, mut tell) = std::io::pipe().unwrap();
    // The parent is a fork as well, so that this process can see how parent and child ended.
    let (mut result, mut report) = std::io::pipe().unwrap();
    let parent = fork(|| {
        let _guard = lock();
        fork(|| {
            lives = None; // Close the parent's own copy.
            tell.write_all(b"x").unwrap();
            assert_eq!(ended.read(&mut [0]).unwrap(), 0, "the parent has not ended");
            // The first attempt to lock closes the file descriptor that the fork duplicated.
            let locked = FileBackend::new(given("STORE")).lock(Duration::ZERO).is_ok();
            report.write_all(&[u8::from(locked)]).unwrap();
        });
        ready.read_exact(&mut [0]).unwrap();
        // SAFETY: `_exit` ends this process, as a kill does.
        unsafe { libc::_exit(0) };
    });
    join(parent);
    drop(lives.take());
    let mut locked = [0];
    result.read_exact(&mut locked).unwrap();
    assert_eq!(locked, [1]);
}

#[test]
fn a_guard_notices_that_its_lock_file_was_deleted_or_replaced() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    let lock = dir.join("store.json.lock");
    for again in [false, true] {
        let guard = store.lock(Duration::ZERO).unwrap();
        assert!(guard.is_held());
        fs::remove_file(&lock).unwrap();
        if again {
            fs::write(&lock, "").unwrap();
        }
        assert!(
            !guard.is_held(),
            "the guard of a deleted file is held; another file there: {again}"
        );
        drop(guard);
        assert!(store.lock(Duration::ZERO).unwrap().is_held());
    }
    // A link to the same file does not keep the lock: if the file at the path is moved away, the lock is
    // lost.
    let guard = store.lock(Duration::ZERO).unwrap();
    fs::rename(&lock, dir.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &lock).unwrap();
    assert!(!guard.is_held());
}

#[test]
fn taking_the_lock_updates_the_files_times() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    drop(store.lock(Duration::ZERO).unwrap());
    let path = dir.join("store.json.lock");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let times = fs::FileTimes::new().set_accessed(old).set_modified(old);
    File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    drop(store.lock(Duration::ZERO).unwrap());
    let metadata = fs::metadata(path).unwrap();
    // Programs that delete old files look at the last change, at the last access, or at the later of the two.
    assert!(metadata.mtime() > 1_000_000 && metadata.atime() > 1_000_000);
    assert_eq!(metadata.len(), 0);
}

/// A path may lead through a link that is switched to another folder, as in a mounted volume of
/// configuration. The lock and the record of other processes are then in another folder.
#[test]
fn a_guard_notices_that_its_path_leads_elsewhere() {
    for of_folder in [true, false] {
        let dir = TempDir::new();
        let (one, two) = (dir.join("1"), dir.join("2"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&two).unwrap();
        let link = dir.join("link");
        let ends = if of_folder { ["1", "2"] } else { ["1/store", "2/store"] };
        std::os::unix::fs::symlink(ends[0], &link).unwrap();
        let path = if of_folder { link.join("store") } else { link.clone() };
        let guard = FileBackend::new(&path).lock(Duration::ZERO).unwrap();
        assert!(guard.is_held());
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(ends[1], &link).unwrap();
        assert!(
            !guard.is_held(),
            "the guard is held after its link was switched; link to the folder: {of_folder}"
        );
        assert!(FileBackend::new(&path).lock(Duration::ZERO).unwrap().is_held());
    }
}

#[test]
fn a_check_is_added_to_those_that_a_guard_has() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    let guard = store.lock(Duration::ZERO).unwrap().with_check(|| true);
    assert!(guard.is_held());
    fs::remove_file(dir.join("store.json.lock")).unwrap();
    assert!(!guard.is_held());
    drop(guard);
    assert!(!store.lock(Duration::ZERO).unwrap().with_check(|| false).is_held());
}

/// The thread that held the lock of a store in memory does not exist in the child.
#[test]
fn a_child_forked_during_a_hold_can_lock_a_store_in_memory() {
    run("forks::memory");
}

fn child_locks_a_store_in_memory() {
    let store = MemoryBackend::new();
    let guard = store.lock(Duration::ZERO).unwrap();
    join(fork(|| {
        assert!(!guard.is_held());
        let ours = store.lock(Duration::ZERO).unwrap();
        assert!(matches!(precise(store.lock(Duration::ZERO).map(drop)), BackendError::Busy(_)));
        drop(ours);
        store.lock(Duration::ZERO).unwrap();
    }));
    assert!(matches!(precise(store.lock(Duration::ZERO).map(drop)), BackendError::Busy(_)));
    drop(guard);
    store.lock(Duration::ZERO).unwrap();
    // In the child, the lock inside the guard is not dropped.
    let mut guard = Some(Guard::freed_by_death(Loud));
    join(fork(|| drop(guard.take())));
    std::mem::forget(guard);
}

/// Fails when the value is dropped.
struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        panic!("the lock of the parent was released");
    }
}
