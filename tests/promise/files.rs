//! Tests of the store in a file: refused files, kept files, and locks.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, FileBackend, FileLock};
use evergrant::clock::ManualClock;
use evergrant::sandbox::contract::{noted, successor};

use crate::support::*;

pub(crate) const CHILDREN: &[Child] =
    &[("files::hold", hold), ("files::refused", refused), ("files::increment", increment)];

#[test]
fn a_file_cut_at_any_byte_is_corrupt_and_never_overwritten() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let whole = record(1).to_json().unwrap();
    for end in 1..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let error = precise(FileBackend::new(&path).load());
        assert!(matches!(error, BackendError::Corrupt(_)), "cut at {end}: {error}");
        if end % 64 == 1 {
            let error = precise(FileBackend::new(&path).save(&record(2)));
            assert!(matches!(error, BackendError::Corrupt(_)), "cut at {end}: {error}");
            assert_eq!(fs::read(&path).unwrap(), whole[..end]);
        }
    }
}

#[test]
fn foreign_and_newer_files_are_kept_with_advice() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let huge = " ".repeat(5 << 20);
    for (content, reason) in [
        ("{\"access_token\":\"sesame\"}", "no version"),
        ("[\"sesame\"]", "not a JSON object"),
        (&huge, "larger than"),
    ] {
        fs::write(&path, content).unwrap();
        let store = FileBackend::new(&path);
        for error in [precise(store.load()), precise(store.save(&record(1)))] {
            let BackendError::Corrupt(text) = error else { panic!("{error}") };
            for part in [path.to_str().unwrap(), reason, "move it away and authorize again"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        assert_eq!(fs::read(&path).unwrap(), content.as_bytes());
    }
    let newer = "{\"version\":99,\"token\":\"sesame\"}";
    fs::write(&path, newer).unwrap();
    let store = FileBackend::new(&path);
    for error in [precise(store.load()), precise(store.save(&record(1)))] {
        let BackendError::Config(text) = error else { panic!("{error}") };
        let told = "newer release (format 99, this release reads 1): update this program";
        assert!(text.contains(told) && text.contains(path.to_str().unwrap()), "{text}");
    }
    assert_eq!(fs::read(&path).unwrap(), newer.as_bytes());
}

#[test]
fn a_file_of_4_mib_is_read_and_no_longer_file() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let first = record(1);
    let mut bytes = first.to_json().unwrap().to_vec();
    bytes.resize(4 << 20, b' ');
    fs::write(&path, &bytes).unwrap();
    assert_eq!(load(&path), Some(first));
    bytes.push(b' ');
    fs::write(&path, &bytes).unwrap();
    let error = precise(FileBackend::new(&path).load());
    assert!(error.to_string().contains("larger than 4194304 bytes"), "{error}");
}

/// The files of a folder, without the empty lock file that Windows needs between two saves.
fn left_in(folder: &std::path::Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(folder).unwrap().map(name);
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| !(cfg!(windows) && name.ends_with(".evergrant-saving"))).collect()
}

#[test]
fn a_logout_removes_every_file_with_a_token() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    store.save(&record(1)).unwrap();
    fs::write(dir.join(".store.json.evergrant-temp"), "left by a process that died").unwrap();
    fs::write(dir.join(".store.json.evergrant-next"), "left by a process that died").unwrap();
    store.clear().unwrap();
    assert_eq!(left_in(dir.path()), [""; 0]);
}

#[test]
fn a_record_of_more_than_4_mib_is_not_saved() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    let of = |length| evergrant::backend::Record::from(evergrant::Token::new("a".repeat(length)));
    let most = (4 << 20) - of(0).to_json().unwrap().len();
    let error = precise(store.save(&of(most + 1)));
    assert!(error.to_string().contains("the record is too large"), "{error}");
    store.save(&of(most)).unwrap();
}

#[test]
fn a_record_whose_number_changes_may_be_saved_again() {
    // serde_json writes this number and reads it back as the next larger `f64`.
    let number: f64 = 0.9962283038836859;
    let extra = serde_json::json!({ "number": number });
    let record =
        evergrant::backend::Record::from(token(1).with_extra(extra.as_object().unwrap().clone()));
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    store.save(&record).unwrap();
    store.save(&record).unwrap();
}

#[test]
fn a_missing_folder_is_an_error_and_a_missing_file_is_not() {
    let dir = TempDir::new();
    assert!(load(&dir.join("store.json")).is_none());
    let gone = FileBackend::new(dir.join("gone/store.json"));
    let lock = gone.lock(Duration::ZERO).map(drop);
    for error in
        [precise(gone.load()), precise(gone.save(&record(1))), precise(gone.clear()), precise(lock)]
    {
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        assert!(error.to_string().contains("gone"), "{error}");
    }
    assert!(precise(FileBackend::new("").load()).to_string().contains("does not name a file"));
}

#[test]
fn a_relative_path_is_fixed_when_the_store_is_made() {
    let store = FileBackend::new("relative.json");
    assert!(store.path().is_absolute());
    assert_eq!(store.describe(), store.path().display().to_string());
}

#[cfg(unix)]
#[test]
fn a_link_is_kept_and_its_target_is_replaced() {
    use std::os::unix::fs::symlink;
    let dir = TempDir::new();
    fs::create_dir(dir.join("real")).unwrap();
    let (link, real) = (dir.join("link.json"), dir.join("real/store.json"));
    symlink("real/store.json", &link).unwrap();
    let store = FileBackend::new(&link);
    assert!(store.load().unwrap().is_none());
    let first = record(1);
    store.save(&first).unwrap();
    store.save(&successor(&first, token(2))).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(load(&real), load(&link));
    // The lock belongs to the link's target, so it also holds for the other name.
    let _guard = store.lock(Duration::ZERO).unwrap();
    let busy = precise(FileBackend::new(&real).lock(Duration::ZERO).map(drop));
    assert!(matches!(busy, BackendError::Busy(_)));

    symlink("nowhere/store.json", dir.join("dangling.json")).unwrap();
    let error = precise(FileBackend::new(dir.join("dangling.json")).save(&first));
    assert!(error.to_string().contains("nowhere"), "{error}");
    symlink("loop.json", dir.join("loop.json")).unwrap();
    let error = precise(FileBackend::new(dir.join("loop.json")).load());
    assert!(error.to_string().contains("too many links"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn forty_links_are_followed_as_by_linux_itself() {
    let dir = TempDir::new();
    let first = record(1);
    fs::write(dir.join("0"), first.to_json().unwrap()).unwrap();
    for n in 1..=41 {
        std::os::unix::fs::symlink((n - 1).to_string(), dir.join(n.to_string())).unwrap();
    }
    assert!(fs::read(dir.join("40")).is_ok() && fs::read(dir.join("41")).is_err());
    assert_eq!(load(&dir.join("40")), Some(first));
    let error = precise(FileBackend::new(dir.join("41")).load());
    assert!(error.to_string().contains("too many links"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_a_folder_and_a_device_are_refused_without_waiting() {
    let dir = TempDir::new();
    let pipe = dir.join("queue");
    assert!(works("mkfifo", &[pipe.to_str().unwrap()]));
    for path in [pipe.as_path(), dir.path(), "/dev/zero".as_ref()] {
        let store = FileBackend::new(path);
        for error in [precise(store.load()), precise(store.clear())] {
            assert!(error.to_string().contains("not a file"), "{error}");
        }
    }
    assert!(precise(FileBackend::new(&pipe).save(&record(1))).to_string().contains("pipe"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a refusal leaves nothing behind");
    let error = precise(FileLock::new(&pipe).lock(Duration::ZERO).map(drop));
    assert!(error.to_string().contains("pipe"), "{error}");
}

#[test]
fn a_save_after_that_of_another_process_leaves_no_file_behind() {
    let dir = TempDir::new();
    let open = || FileBackend::new(dir.join("store.json"));
    let first = record(1);
    open().save(&first).unwrap();
    open().save(&noted(&first)).unwrap();
    open().save(&successor(&noted(&first), token(2))).unwrap();
    let left = left_in(dir.path());
    assert!(left.len() == 2 && left.contains(&"store.json".to_owned()), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_in_place_of_a_helper_file_is_named() {
    let dir = TempDir::new();
    let temp = dir.join(".store.json.evergrant-temp");
    fs::create_dir(&temp).unwrap();
    let store = FileBackend::new(dir.join("store.json"));
    store.save(&record(1)).unwrap();
    let error = precise(store.clear()).to_string();
    assert!(error.starts_with(&format!("cannot remove {}", temp.display())), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_reserved_file_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    fs::write(dir.join("victim"), "precious").unwrap();
    std::os::unix::fs::symlink("victim", dir.join(".store.json.evergrant-next")).unwrap();
    precise(FileBackend::new(&path).save(&record(1)));
    assert_eq!(fs::read(dir.join("victim")).unwrap(), b"precious");
    // A file with a second name, as in a backup by hard links, is not changed.
    fs::remove_file(dir.join(".store.json.evergrant-next")).unwrap();
    fs::hard_link(dir.join("victim"), dir.join(".store.json.evergrant-next")).unwrap();
    FileBackend::new(&path).save(&record(1)).unwrap();
    assert_eq!(fs::read(dir.join("victim")).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn every_file_is_private_whatever_the_umask_and_the_old_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for umask in ["000", "077", "277", "777"] {
        let dir = TempDir::new();
        let path = dir.join("store.json");
        let run = |step: &str| {
            let script = format!("umask {umask}; exec \"$0\" \"$@\"");
            let output = child("disk::save", &["sh", "-c", &script])
                .env("STORE", &path)
                .env("STEP", step)
                .output()
                .unwrap();
            succeeded(&output);
            for entry in fs::read_dir(dir.path()).unwrap() {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "umask {umask}, {step}: {:?}", entry.path());
            }
        };
        run("first");
        set(&path, 0o666);
        run("note");
        set(&path, 0o644);
        set(&dir.join(".store.json.evergrant-next"), 0o644);
        run("successor");
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 3, "only the record, its mark and its lock may be left");
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_and_the_record_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let first = record(1);
    FileBackend::new(&path).save(&first).unwrap();
    // Permission bits do not bind root: as root, the child runs as another user.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let Some(wrapper) = unprivileged() else { return };
    let output = child("files::refused", wrapper).env("STORE", &path).output().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    succeeded(&output);
    assert_eq!(load(&path), Some(first));
}

fn refused() {
    let store = FileBackend::new(given("STORE"));
    let first = store.load().unwrap().unwrap();
    let lock = store.lock(Duration::ZERO).map(drop);
    for error in [store.save(&noted(&first)), store.clear(), lock].map(Result::unwrap_err) {
        assert!(is_denied(&error), "{error}");
        assert!(matches!(precise::<()>(Err(error)), BackendError::Config(_)));
    }
}

#[test]
fn two_stores_on_one_file_in_one_process_exclude_each_other() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let clock = Arc::new(ManualClock::new());
    let one = FileBackend::new(&path);
    let other = FileBackend::new(&path).with_clock(clock.clone());
    let guard = one.lock(Duration::ZERO).unwrap();
    let error = precise(other.lock(Duration::from_secs(300)).map(drop));
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
    assert_eq!(clock.slept(), Duration::from_secs(300));
    drop(guard);
    other.lock(Duration::ZERO).unwrap();
}

#[test]
fn a_probe_finds_a_wrong_lock_file_and_a_hard_link() {
    let dir = TempDir::new();
    fs::create_dir(dir.join("locked.json.lock")).unwrap();
    let error = precise(FileBackend::new(dir.join("locked.json")).probe());
    assert!(error.to_string().contains("locked.json.lock"), "{error}");
    // A first record goes into an empty file, but not if the file has a second name.
    fs::write(dir.join("empty.json"), "").unwrap();
    fs::hard_link(dir.join("empty.json"), dir.join("other.json")).unwrap();
    let error = precise(FileBackend::new(dir.join("empty.json")).save(&record(1)));
    assert!(error.to_string().contains("second name"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_lock_whose_folder_is_now_a_file_is_not_held() {
    let dir = TempDir::new();
    let folder = dir.join("folder");
    fs::create_dir(&folder).unwrap();
    let guard = FileLock::new(folder.join("lock")).lock(Duration::ZERO).unwrap();
    assert!(guard.is_held());
    fs::rename(&folder, dir.join("away")).unwrap();
    fs::write(&folder, "").unwrap();
    assert!(!guard.is_held());
}

#[cfg(unix)]
#[test]
fn one_lock_file_under_two_names_is_one_lock() {
    let dir = TempDir::new();
    let (a, b) = (FileLock::new(dir.join("a")), FileLock::new(dir.join("b")));
    drop(a.lock(Duration::ZERO).unwrap());
    fs::hard_link(dir.join("a"), dir.join("b")).unwrap();
    let guard = a.lock(Duration::ZERO).unwrap();
    assert!(matches!(precise(b.lock(Duration::ZERO).map(drop)), BackendError::Busy(_)));
    drop(guard);
    b.lock(Duration::ZERO).unwrap();
}

fn hold() {
    let _guard = FileBackend::new(given("STORE")).lock(Duration::ZERO).unwrap();
    println!("holding");
    let _ = std::io::stdin().read_line(&mut String::new()); // Wait until this process is killed.
}

#[test]
fn a_killed_process_frees_its_lock() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let mut command = child::<&str>("files::hold", &[]);
    let command = command.env("STORE", &path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = start(command);
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("holding")));
    let store = FileBackend::new(&path);
    assert!(matches!(precise(store.lock(Duration::ZERO).map(drop)), BackendError::Busy(_)));
    holder.kill().unwrap();
    holder.wait().unwrap();
    store.lock(Duration::ZERO).unwrap();
}

#[cfg(unix)]
#[test]
fn a_child_process_does_not_inherit_the_lock() {
    let dir = TempDir::new();
    let store = FileBackend::new(dir.join("store.json"));
    let guard = store.lock(Duration::ZERO).unwrap();
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    drop(guard);
    let again = store.lock(Duration::ZERO);
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    again.unwrap();
}

fn increment() {
    let store = FileBackend::new(given("STORE"));
    for _ in 0..10 {
        let _guard = store.lock(Duration::from_secs(60)).unwrap();
        let stored = store.load().unwrap().unwrap();
        let note = noted(&stored);
        store.save(&note).unwrap();
        store.save(&successor(&note, token(2))).unwrap();
    }
}

#[test]
fn processes_under_the_lock_lose_no_update() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    FileBackend::new(&path).save(&record(1)).unwrap();
    let process = || start(child::<&str>("files::increment", &[]).env("STORE", &path));
    for mut process in [(); 8].map(|()| process()) {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(load(&path).unwrap().revision(), 1 + 8 * 10 * 2);
}

#[test]
fn of_saves_without_the_lock_all_but_one_conflict() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    FileBackend::new(&path).save(&record(1)).unwrap();
    let work = &|thread: u32| {
        let store = FileBackend::new(&path);
        let mut saved = 0;
        while saved < 5 {
            let stored = store.load().unwrap().unwrap();
            // Each token differs: a record with the same content as another thread's would be treated as
            // saved again.
            match store.save(&successor(&stored, token(10 * thread + saved))) {
                Ok(()) => saved += 1,
                error => assert!(matches!(precise(error), BackendError::Conflict(_))),
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || work(thread));
        }
    });
    assert_eq!(load(&path).unwrap().revision(), 1 + 8 * 5);
}
