//! Tests of the file systems and folders of a store: missing features, mounts, hard links, empty files. An
//! error comes before a refresh token is sent, and says what to do.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, Durability, FileBackend};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::{noted, successor};

use crate::strace::unusable;
use crate::support::*;
use crate::world::World;

pub(crate) const CHILDREN: &[Child] = &[
    ("places::life", life),
    ("places::lock", lock),
    ("places::broken", broken),
    ("places::mounted", mounted),
    ("places::closed", closed),
    ("places::unreadable", unreadable),
    ("places::unflushed", unflushed),
    ("places::each", each),
];

/// Runs a child under strace, in which calls on `path` fail.
fn injected(dir: &TempDir, key: &str, path: &Path, inject: &str) -> Output {
    let trace = dir.path().with_extension("trace");
    let (trace_path, inject) = (trace.display().to_string(), format!("inject={inject}"));
    let path = path.display().to_string();
    let wrapper = ["strace", "-f", "-qq", "-o", &trace_path, "-P", &path, "-e", &inject];
    let output = child(key, &wrapper).env("STORE", dir.join("store.json")).output().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(trace).unwrap();
    assert!(text.contains("(INJECTED)"), "nothing failed: {text}");
    output
}

/// Makes the store calls of a login and a refresh.
fn life() {
    let store = FileBackend::new(given("STORE"));
    assert_eq!(store.durability(), Durability::PowerCut);
    store.probe().unwrap();
    let first = record(1);
    store.save(&first).unwrap();
    let note = noted(&store.load().unwrap().unwrap());
    store.save(&note).unwrap();
    store.save(&successor(&note, token(2))).unwrap();
    println!("\ndurability {:?}", store.durability());
    for warning in store.warnings() {
        println!("\nwarning {warning}");
    }
}

#[test]
fn a_folder_that_cannot_be_flushed_is_used_with_one_warning() {
    if unusable() {
        return;
    }
    for error in ["EINVAL", "EOPNOTSUPP", "ENOSYS", "EBADF"] {
        let dir = TempDir::new();
        let inject = format!("fsync:error={error}");
        let output = injected(&dir, "places::life", dir.path(), &inject);
        succeeded(&output);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("\ndurability Process\n"), "{error}: {said}");
        let warnings: Vec<_> = said.lines().filter(|line| line.starts_with("warning ")).collect();
        assert_eq!(warnings.len(), 1, "{error}: {said}");
        assert!(warnings[0].contains("cannot be flushed"), "{error}: {said}");
        assert!(warnings[0].contains(dir.path().to_str().unwrap()), "{error}: {said}");
        assert_eq!(*load(&dir.join("store.json")).unwrap().token(), token(2));
    }
}

/// Makes each call as the first call of a new store, and checks that the call warns.
fn each() {
    let path = given("STORE");
    let save: fn(&FileBackend) = |store| store.save(&record(1)).unwrap();
    let load: fn(&FileBackend) = |store| drop(store.load().unwrap());
    let probe: fn(&FileBackend) = |store| store.probe().unwrap();
    let clear: fn(&FileBackend) = |store| store.clear().unwrap();
    for call in [probe, save, load, clear] {
        let store = FileBackend::new(&path);
        call(&store);
        assert_eq!(store.durability(), Durability::Process);
        assert_eq!(store.warnings().len(), 1, "{:?}", store.warnings());
        // Without this mark of what was flushed, the next load flushes again.
        let _ = fs::remove_file(path.with_file_name(".store.json.evergrant-flushed"));
    }
}

#[test]
fn each_call_that_cannot_flush_the_folder_warns() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    succeeded(&injected(&dir, "places::each", dir.path(), "fsync:error=EINVAL"));
}

#[test]
fn a_folder_that_cannot_be_read_is_used_with_the_same_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(wrapper) = unprivileged() else { return };
    let dir = TempDir::new();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o333)).unwrap();
    let output =
        child("places::unreadable", wrapper).env("STORE", dir.join("store.json")).output().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    succeeded(&output);
}

fn unreadable() {
    life();
    let store = FileBackend::new(given("STORE"));
    assert_eq!(*store.load().unwrap().unwrap().token(), token(2));
    drop(store.lock(Duration::ZERO).unwrap());
    assert_eq!(
        store.warnings().len(),
        1,
        "only the folder's mode may be warned of: {:?}",
        store.warnings()
    );
}

#[test]
fn a_failing_folder_flush_is_noticed_before_a_login() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let output = injected(&dir, "places::life", dir.path(), "fsync:error=EIO");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot flush the folder"), "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "the probe leaves nothing behind");
}

/// Only on Apple's systems does this error mean that the file system cannot flush files.
#[test]
fn a_file_that_cannot_be_flushed_ends_the_save_of_a_note() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let temp = dir.join(".store.json.evergrant-temp");
    let output = injected(&dir, "places::life", &temp, "fsync:error=EINVAL");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot write"), "{said}");
    assert!(load(&dir.join("store.json")).unwrap().note().is_none());
}

fn unflushed() {
    let error = precise(FileBackend::new(given("STORE")).load());
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("cannot flush"), "{error}");
}

#[test]
fn a_record_that_cannot_be_flushed_is_not_returned() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let path = dir.join("store.json");
    fs::write(&path, record(1).to_json().unwrap()).unwrap();
    succeeded(&injected(&dir, "places::unflushed", &path, "fsync:error=EIO"));
}

#[test]
fn a_mode_that_cannot_be_changed_does_not_prevent_a_save() {
    use std::os::unix::fs::PermissionsExt as _;
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let next = dir.join(".store.json.evergrant-next");
    let first = record(1);
    let note = noted(&first);
    FileBackend::new(&path).save(&first).unwrap();
    FileBackend::new(&path).save(&note).unwrap();
    // Set the mode that a file system without modes shows for every file.
    fs::set_permissions(&next, fs::Permissions::from_mode(0o777)).unwrap();
    let trace = dir.path().with_extension("trace");
    let trace_path = trace.display().to_string();
    let wrapper = ["strace", "-f", "-qq", "-o", &trace_path, "-e", "inject=fchmod:error=EPERM"];
    let output = child("disk::save", &wrapper)
        .env("STORE", &path)
        .env("STEP", "successor")
        .output()
        .unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(trace).unwrap();
    assert!(text.contains("(INJECTED)"), "{text}");
    succeeded(&output);
    assert_eq!(*load(&path).unwrap().token(), token(2));
}

#[test]
fn a_file_that_its_owner_could_not_use_is_an_error() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let script = "umask 777; exec \"$0\" \"$@\"";
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fchmod:error=EPERM"];
    let wrapper = [&strace as &[&str], &["sh", "-c", script]].concat();
    let output = child("disk::save", &wrapper)
        .env("STORE", dir.join("store.json"))
        .env("STEP", "first")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot create"), "{said}");
}

fn lock() {
    let error = precise(FileBackend::new(given("STORE")).lock(Duration::ZERO).map(drop));
    assert!(matches!(error, BackendError::Config(_)), "{error}");
    println!("\n{error}");
}

#[test]
fn a_file_system_without_locks_is_reported_whatever_its_error() {
    if unusable() {
        return;
    }
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP"] {
        let dir = TempDir::new();
        let lock = dir.join("store.json.lock");
        let output = injected(&dir, "places::lock", &lock, &format!("flock:error={error}"));
        succeeded(&output);
        let said = String::from_utf8(output.stdout).unwrap();
        let hint = "its file system has no locks";
        assert!(
            said.contains(hint) && said.contains("keep the file on another"),
            "{error}: {said}"
        );
    }
}

fn broken() {
    let error = precise(FileBackend::new(given("STORE")).lock(Duration::ZERO).map(drop));
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("cannot lock"), "{error}");
}

#[test]
fn any_other_failure_to_lock_does_not_blame_the_file_system() {
    if unusable() {
        return;
    }
    let dir = TempDir::new();
    let lock = dir.join("store.json.lock");
    succeeded(&injected(&dir, "places::broken", &lock, "flock:error=EIO"));
}

/// A shell line that mounts the file of the store on itself, as a container mounts a single file.
const MOUNT: &str = "mount --bind \"$STORE\" \"$STORE\" && exec \"$0\" \"$@\"";

fn no_mounts() -> bool {
    let lacks = !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
    if lacks {
        skip("unshare may not mount here");
    }
    lacks
}

#[test]
fn a_mounted_file_is_refused_before_a_token_is_sent() {
    if no_mounts() {
        return;
    }
    for name in ["store.json", "with blank.json"] {
        for content in [record(1).to_json().unwrap().to_vec(), Vec::new()] {
            let dir = TempDir::new();
            let path = dir.join(name);
            fs::write(&path, &content).unwrap();
            let wrapper = ["unshare", "-rm", "sh", "-c", MOUNT];
            let output = child("places::mounted", &wrapper).env("STORE", &path).output().unwrap();
            succeeded(&output);
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }
}

fn mounted() {
    let path = given("STORE");
    let store = FileBackend::new(&path);
    let empty = fs::metadata(&path).unwrap().len() == 0;
    let save = if empty { record(1) } else { noted(&store.load().unwrap().unwrap()) };
    for error in [precise(store.probe()), precise(store.save(&save))] {
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        let text = error.to_string();
        for part in [path.to_str().unwrap(), "single-file mount", "mount its folder instead"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_client_on_a_mounted_file_sends_no_token() {
    if no_mounts() {
        return;
    }
    let world = World::new(Rotation::Strict);
    world.seed();
    let wrapper = ["unshare", "-rm", "sh", "-c", MOUNT];
    let mut worker = world.worker_under(&wrapper, &[("CLOCK", "manual")]);
    assert_eq!(worker.ask("call"), "ok at-1");
    world.clock.advance(Duration::from_secs(3600));
    worker.ask("advance 3600");
    let answer = worker.ask("call");
    assert!(answer.starts_with("backend "), "{answer}");
    assert!(answer.contains("mount its folder") && answer.contains("nothing was sent"), "{answer}");
    assert_eq!(world.token_requests(), 0);
}

#[test]
fn a_record_with_a_hard_link_sends_no_token() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let store = FileBackend::new(&path);
    let first = record(1);
    store.save(&first).unwrap();
    fs::hard_link(&path, dir.join("other.json")).unwrap();
    let note = noted(&first);
    for error in [precise(store.probe()), precise(store.save(&note))] {
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        assert!(error.to_string().contains("second name (a hard link)"), "{error}");
    }
    assert_eq!(load(&path), Some(first), "the record must be readable as before");
    fs::remove_file(dir.join("other.json")).unwrap();
    store.probe().unwrap();
    store.save(&note).unwrap();
    // After a refresh token was sent, its successor is stored even if the record has a hard link.
    fs::hard_link(&path, dir.join("other.json")).unwrap();
    store.save(&successor(&note, token(2))).unwrap();
    assert_eq!(*load(&path).unwrap().token(), token(2));
}

#[test]
fn the_probe_finds_an_unusable_store_and_leaves_no_trace() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let store = FileBackend::new(&path);
    store.probe().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "only the lock may be left");
    // A probe while another client refreshes does not use the space that this client has reserved.
    let first = record(1);
    store.save(&first).unwrap();
    store.save(&noted(&first)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let next = dir.join(".store.json.evergrant-next");
    let room = fs::metadata(&next).unwrap().len();
    FileBackend::new(&path).probe().unwrap();
    assert_eq!(fs::metadata(&next).unwrap().len(), room);
    drop(guard);
    for (path, part) in [
        (dir.path().to_owned(), "is a folder, not a file: name a file in it"),
        (dir.join("missing/store.json"), "create it, or name another folder"),
        (path.join("store.json"), "store.json"),
    ] {
        let error = precise(FileBackend::new(&path).probe());
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let Some(wrapper) = unprivileged() else { return };
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let new = dir.join("new.json");
    let output = child("places::closed", wrapper).env("STORE", new).output().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    succeeded(&output);
}

fn closed() {
    let error = FileBackend::new(given("STORE")).probe().unwrap_err();
    assert!(is_denied(&error), "{error}");
    assert!(matches!(precise::<()>(Err(error)), BackendError::Config(_)));
}

#[test]
fn errors_that_only_a_person_can_fix_are_not_transient() {
    let dir = TempDir::new();
    let world = World::new(Rotation::Strict);
    fs::write(dir.join("torn.json"), "{\"version\":1").unwrap();
    fs::write(dir.join("empty.json"), "").unwrap();
    std::os::unix::fs::symlink("round", dir.join("round")).unwrap();
    for path in [
        dir.join("torn.json"),
        dir.join("empty.json"),
        dir.join("missing/store.json"),
        dir.path().to_owned(),
        dir.join("torn.json/store.json"),
        dir.join("round"),
        dir.join("round/store.json"),
    ] {
        let client = world.client_on(FileBackend::new(&path), world.clock.clone());
        let error = client.access_token().unwrap_err();
        assert_eq!(error.kind(), "backend", "{error}");
        assert!(!error.is_transient(), "{path:?}: {error}");
        assert!(!error.needs_authorization(), "{path:?}: {error}");
    }
    // A failure that passes by itself is reported as transient.
    let store = world.client_on(Passing, world.clock.clone());
    let error = store.access_token().unwrap_err();
    assert!(error.is_transient(), "{error}");
}

/// A store that is full for a while.
struct Passing;

impl evergrant::TokenBackend for Passing {
    fn load(&self) -> Result<Option<evergrant::backend::Record>, evergrant::BoxError> {
        Err(BackendError::Full("no room".to_owned()).into())
    }
    fn save(&self, _: &evergrant::backend::Record) -> Result<(), evergrant::BoxError> {
        self.load().map(drop)
    }
    fn clear(&self) -> Result<(), evergrant::BoxError> {
        Ok(())
    }
}
