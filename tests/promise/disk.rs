//! Tests of a full disk: the client notices a full disk before a token is sent, and no login is lost if the
//! disk fills after the refresh note.

use std::fs;
use std::path::Path;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, FileBackend};
use evergrant::sandbox::contract::{noted, successor};

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[
    ("disk::save", save),
    ("disk::full", full),
    ("disk::limit", limit),
    ("disk::unwritten", unwritten),
];

/// Makes one save in a separate process; `STEP` names the save.
fn save() {
    let store = FileBackend::new(given("STORE"));
    let stored = store.load().unwrap();
    let _guard = store.lock(std::time::Duration::ZERO).unwrap();
    let next = match (given("STEP").to_str(), stored) {
        (Some("first"), None) => record(1),
        (Some("note"), Some(stored)) => noted(&stored),
        (Some("successor"), Some(stored)) => successor(&stored, token(2)),
        step => panic!("{step:?}"),
    };
    store.save(&next).unwrap();
}

/// Runs a child with a separate small file system at `$MOUNT`; this needs no root.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_the_note_and_does_no_harm_after_it() {
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return skip("unshare may not make a file system of its own here");
    }
    let dir = TempDir::new();
    let script = "mount -t tmpfs -o size=256k none \"$MOUNT\" && exec \"$0\" \"$@\"";
    let output = child("disk::full", &["unshare", "-rm", "sh", "-c", script])
        .env("MOUNT", dir.path())
        .output()
        .unwrap();
    succeeded(&output);
}

/// Fills the disk to the last byte, and returns the file that fills it.
fn fill(folder: &Path) -> std::path::PathBuf {
    use std::io::Write as _;
    let path = folder.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
    path
}

fn full() {
    let folder = given("MOUNT");
    let path = folder.join("store.json");
    let store = FileBackend::new(&path);
    let first = record(1);
    store.save(&first).unwrap();

    // The disk is full before the refresh note: the note fails, nothing is sent, the record stays, and no
    // file is left behind.
    let filler = fill(&folder);
    for _ in 0..3 {
        let error = precise(store.save(&noted(&first)));
        assert!(matches!(error, BackendError::Full(_)), "{error}");
        assert!(error.to_string().contains(folder.to_str().unwrap()), "{error}");
        assert!(
            !folder.join(".store.json.evergrant-next").exists(),
            "without reserved room there must be no file for it"
        );
        let error = precise(store.save(&successor(&first, token(2))));
        assert!(matches!(error, BackendError::Full(_)), "{error}");
    }
    assert_eq!(load(&path), Some(first.clone()));
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        3,
        "only the record, its mark and the filler may be left"
    );

    // The disk is full after the refresh note: the new record uses the reserved space, even if it is longer.
    fs::remove_file(&filler).unwrap();
    let note = noted(&first);
    store.save(&note).unwrap();
    fill(&folder);
    let longer = evergrant::Token::new("a".repeat(12 << 10)).with_refresh_token("sesame-rt-2");
    let second = successor(&note, longer);
    // Save with another handle, as another process would: the reserved space is in the file, not in the
    // handle.
    FileBackend::new(&path).save(&second).unwrap();
    assert_eq!(load(&path), Some(second));

    // A full disk does not prevent a logout.
    store.clear().unwrap();
    assert!(load(&path).is_none());
}

/// `ulimit -f` counts blocks of 512 bytes (POSIX); with the signal ignored, the write fails.
#[cfg(unix)]
#[test]
fn a_file_size_limit_refuses_the_note() {
    let dir = TempDir::new();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let output = child("disk::limit", &["sh", "-c", script])
        .env("STORE", dir.join("store.json"))
        .output()
        .unwrap();
    succeeded(&output);
}

fn limit() {
    let path = given("STORE");
    let store = FileBackend::new(&path);
    let first = record(1);
    store.save(&first).unwrap();
    let error = precise(store.save(&noted(&first)));
    assert!(matches!(error, BackendError::Full(_)), "{error}");
    assert_eq!(load(&path), Some(first));
}

/// The third write to the file is the write of the new record into its reserved space.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_on_a_full_disk_frees_the_reserved_space() {
    if crate::strace::unusable() {
        return;
    }
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return skip("unshare may not make a file system of its own here");
    }
    let dir = TempDir::new();
    let script = "mount -t tmpfs -o size=256k none \"$MOUNT\" && exec strace -f -qq -o /dev/null \
                  -P \"$MOUNT/.store.json.evergrant-next\" -e inject=write:error=EIO:when=3 \
                  \"$0\" \"$@\"";
    let output = child("disk::unwritten", &["unshare", "-rm", "sh", "-c", script])
        .env("MOUNT", dir.path())
        .output()
        .unwrap();
    succeeded(&output);
}

fn unwritten() {
    let folder = given("MOUNT");
    let path = folder.join("store.json");
    let store = FileBackend::new(&path);
    let first = record(1);
    let note = noted(&first);
    store.save(&first).unwrap();
    store.save(&note).unwrap();
    fill(&folder);
    let second = successor(&note, token(2));
    store.save(&second).unwrap();
    assert_eq!(load(&path), Some(second));
    assert!(!folder.join(".store.json.evergrant-next").exists(), "the file failed");
}
