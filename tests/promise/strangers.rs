//! Tests of a store in a folder where other users can write: their files beside the record, links, and modes.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, FileBackend, FileLock};
use evergrant::sandbox::contract::noted;

use crate::support::*;

const STRANGER: u32 = 65533;

fn as_stranger(script: &str) -> bool {
    let id = STRANGER.to_string();
    let ids = [format!("--reuid={id}"), format!("--regid={id}")];
    works("setpriv", &[&ids[0], &ids[1], "--clear-groups", "sh", "-c", script])
}

/// Makes a folder with this mode, and in the folder makes `file` as another user (the stranger), before
/// the store exists. Returns `None`, and skips the test, unless the test runs as root, who can play
/// both users.
fn planted(mode: u32, file: &str) -> Option<(TempDir, File)> {
    let wrapper = unprivileged()?;
    let dir = TempDir::new();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    let path = dir.join(file);
    if wrapper.is_empty() || !as_stranger(&format!(": > {0} && chmod 666 {0}", path.display())) {
        skip("not root, who can be two other users");
        return None;
    }
    let seen = File::open(&path).unwrap();
    assert_eq!(seen.metadata().unwrap().uid(), STRANGER);
    Some((dir, seen))
}

/// Makes the first save as a user who is neither root nor the stranger.
fn save(dir: &TempDir) -> Output {
    save_under(dir, unprivileged().unwrap())
}

fn save_under(dir: &TempDir, wrapper: &[&str]) -> Output {
    child("disk::save", wrapper)
        .env("STORE", dir.join("store.json"))
        .env("STEP", "first")
        .output()
        .unwrap()
}

fn saw_nothing(mut seen: File) {
    let mut bytes = Vec::new();
    seen.read_to_end(&mut bytes).unwrap();
    assert!(bytes.is_empty(), "the other user could read {} bytes", bytes.len());
}

const HELPERS: [&str; 3] =
    [".store.json.evergrant-next", ".store.json.evergrant-temp", ".store.json.evergrant-flushed"];

#[test]
fn no_helper_file_of_another_user_is_written() {
    // Try root, who can write to any file, and another user.
    let nobody = unprivileged().unwrap_or_default();
    for (wrapper, user) in [(&[] as &[&str], 0), (nobody, 65534)] {
        for file in HELPERS {
            let Some((dir, seen)) = planted(0o777, file) else { return };
            succeeded(&save_under(&dir, wrapper));
            saw_nothing(seen);
            let record = fs::metadata(dir.join("store.json")).unwrap();
            assert_eq!((record.uid(), record.mode() & 0o777), (user, 0o600), "{file}");
        }
    }
}

#[test]
fn a_helper_file_that_only_another_user_may_open_is_made_again() {
    let Some((dir, seen)) = planted(0o777, HELPERS[0]) else { return };
    fs::set_permissions(dir.join(HELPERS[0]), fs::Permissions::from_mode(0o600)).unwrap();
    succeeded(&save(&dir));
    saw_nothing(seen);
    assert_eq!(fs::metadata(dir.join("store.json")).unwrap().uid(), 65534);
}

#[test]
fn an_unremovable_foreign_file_is_an_error_with_its_owner() {
    let file = HELPERS[0];
    // With the sticky bit, a user cannot remove another user's file.
    let Some((dir, seen)) = planted(0o1777, file) else { return };
    let output = save(&dir);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(file) && said.contains("belongs to user 65533"), "{said}");
    saw_nothing(seen);
    assert!(!dir.join("store.json").exists());
}

#[test]
fn a_lock_file_of_another_user_is_refused() {
    for mode in [0o777, 0o1777] {
        let Some((dir, _)) = planted(mode, "store.json.lock") else { return };
        let output = save(&dir);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("store.json.lock belongs to user 65533"), "{said}");
        // Root could set the file's times, but is not the file's owner either.
        let error =
            precise(FileBackend::new(dir.join("store.json")).lock(Duration::ZERO).map(drop));
        assert!(error.to_string().contains("belongs to user 65533"), "{error}");
    }
}

#[test]
fn a_lock_file_of_this_user_or_folder_owner_is_accepted() {
    let Some((dir, _)) = planted(0o777, "store.json.lock") else { return };
    // The test runs as root, and the folder belongs to the user of a service.
    assert!(works("chown", &["65533", dir.path().to_str().unwrap()]));
    FileBackend::new(dir.join("store.json")).lock(Duration::ZERO).unwrap();
    // First, the lock file belongs to the user of the test, and its folder belongs to root, so that the user
    // cannot make files there. In the second case, the lock file belongs to root, and its folder to the
    // stranger.
    for (owner, mode, of_folder) in [("65534", 0o600, "0"), ("0", 0o666, "65533")] {
        let dir = TempDir::new();
        let lock = dir.join("app.lock");
        fs::write(&lock, "").unwrap();
        fs::set_permissions(&lock, fs::Permissions::from_mode(mode)).unwrap();
        assert!(works("chown", &[owner, lock.to_str().unwrap()]));
        assert!(works("chown", &[of_folder, dir.path().to_str().unwrap()]));
        let output =
            child("strangers::lock", unprivileged().unwrap()).env("LOCK", lock).output().unwrap();
        succeeded(&output);
    }
}

#[test]
fn a_strangers_lock_file_is_refused_where_we_can_make_no_file() {
    let Some((dir, _)) = planted(0o777, "app.lock") else { return };
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = child("strangers::refused", unprivileged().unwrap())
        .env("LOCK", dir.join("app.lock"))
        .output()
        .unwrap();
    succeeded(&output);
}

pub(crate) const CHILDREN: &[Child] = &[("strangers::lock", lock), ("strangers::refused", refused)];

fn refused() {
    let error = precise(FileLock::new(given("LOCK")).lock(Duration::ZERO).map(drop));
    assert!(error.to_string().contains("belongs to user 65533"), "{error}");
}

fn lock() {
    assert!(
        File::create(given("LOCK").with_extension("other")).is_err(),
        "this user must not be able to make files in the folder"
    );
    FileLock::new(given("LOCK")).lock(Duration::ZERO).unwrap();
}

#[test]
fn links_in_place_of_our_files_are_not_followed() {
    let make = |name: &str, to: &Path| {
        let dir = TempDir::new();
        symlink(to, dir.join(name)).unwrap();
        dir
    };
    let other = TempDir::new();
    fs::write(other.join("victim"), "precious").unwrap();
    for to in [other.join("victim"), other.join("new")] {
        for name in [HELPERS[0], HELPERS[1], HELPERS[2], "store.json.lock"] {
            let dir = make(name, &to);
            let store = FileBackend::new(dir.join("store.json"));
            let locked = store.lock(Duration::ZERO).map(drop);
            if name.ends_with(".lock") {
                let error = precise(locked);
                assert!(error.to_string().contains("is a link, not a file"), "{error}");
                assert!(matches!(error, BackendError::Config(_)), "{error}");
            } else {
                locked.unwrap();
            }
            let first = record(1);
            let saved = store.save(&first).and_then(|()| store.save(&noted(&first)));
            assert_eq!(saved.is_err(), name == HELPERS[0], "{name}: {saved:?}");
            let _ = store.load();
            assert_eq!(fs::read(other.join("victim")).unwrap(), b"precious", "{name}");
            assert!(!other.join("new").exists(), "{name} made a file elsewhere");
        }
    }
    let dir = make("own.lock", &other.join("new"));
    precise(FileLock::new(dir.join("own.lock")).lock(Duration::ZERO).map(drop));
    assert!(!other.join("new").exists());
}

#[test]
fn a_folder_that_anybody_can_write_to_causes_one_warning() {
    for (mode, warned) in [(0o700, false), (0o755, false), (0o777, true), (0o1777, true)] {
        let dir = TempDir::new();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let store = FileBackend::new(dir.join("store.json"));
        for _ in 0..3 {
            drop(store.lock(Duration::ZERO).unwrap());
        }
        let warnings = store.warnings();
        assert_eq!(warnings.len(), usize::from(warned), "{mode:o}: {warnings:?}");
        assert!(warnings.iter().all(|text| text.contains(dir.path().to_str().unwrap())));
        assert!(warnings.iter().all(|text| text.contains(&format!("{mode:04o}"))), "{warnings:?}");
    }
}

#[test]
fn a_record_open_to_others_is_warned_of_or_refused() {
    for mode in [0o600, 0o400, 0o640, 0o604, 0o620, 0o666] {
        let dir = TempDir::new();
        let path = dir.join("store.json");
        let first = record(1);
        FileBackend::new(&path).save(&first).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let shared = mode & 0o077 != 0;
        let (plain, strict) = (FileBackend::new(&path), FileBackend::new(&path).private_only());
        for _ in 0..2 {
            assert_eq!(plain.load().unwrap().as_ref(), Some(&first));
        }
        let warnings = plain.warnings();
        assert_eq!(warnings.len(), usize::from(shared), "{mode:o}: {warnings:?}");
        assert!(warnings.iter().all(|text| text.contains(&format!("mode {mode:04o}"))));
        if shared {
            let error = precise(strict.load());
            assert!(matches!(error, BackendError::Config(_)), "{error}");
            assert!(error.to_string().contains("set its mode to 0600"), "{error}");
        } else {
            assert_eq!(strict.load().unwrap(), Some(first));
        }
    }
}
