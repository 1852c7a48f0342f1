//! Each test in this file fails after a small change of the file store that no other test detects.

use std::fs;

use evergrant::TokenBackend as _;
use evergrant::backend::FileBackend;
use evergrant::sandbox::contract::{noted, successor};
use serde_json::json;

use crate::support::*;

/// The store writes down which record it has flushed, and does not flush the same record again.
#[cfg(unix)]
#[test]
fn a_record_that_was_replaced_is_flushed_again_by_the_same_client() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = TempDir::new();
    let (path, mark) = (dir.join("store.json"), dir.join(".store.json.evergrant-flushed"));
    let store = FileBackend::new(&path);
    let mut current = record(1);
    store.save(&current).unwrap();
    for n in 2..5 {
        assert_eq!(store.load().unwrap().as_ref(), Some(&current));
        // A script renames a newer record over the file, and flushes nothing.
        current = successor(&current, token(n));
        fs::write(dir.join("theirs"), current.to_json().unwrap()).unwrap();
        fs::rename(dir.join("theirs"), &path).unwrap();
        fs::remove_file(&mark).unwrap();
        assert_eq!(store.load().unwrap().as_ref(), Some(&current));
        let text = fs::read_to_string(&mark).expect("the record was flushed, and that is noted");
        let inode = fs::metadata(&path).unwrap().ino().to_string();
        assert_eq!(text.split(' ').nth(1), Some(inode.as_str()), "record {n}");
        // A record that is known to be flushed is not flushed at each load.
        fs::remove_file(&mark).unwrap();
        assert!(store.load().unwrap().is_some());
        assert!(!mark.exists());
        fs::write(&mark, text).unwrap();
    }
}

/// The next record may be longer, so the store reserves space for twice the record's length.
#[cfg(unix)]
#[test]
fn the_reserved_space_grows_with_the_record() {
    use std::os::unix::fs::MetadataExt as _;
    for (letters, least) in [(10, 16 << 10), (40_000, 80_000), (300_000, 600_000)] {
        let dir = TempDir::new();
        let store = FileBackend::new(dir.join("store.json"));
        let members = [("id_token".to_owned(), json!("x".repeat(letters)))].into_iter().collect();
        let first = evergrant::backend::Record::from(token(1).with_extra(members));
        store.save(&first).unwrap();
        store.save(&noted(&first)).unwrap();
        let next = fs::metadata(dir.join(".store.json.evergrant-next")).unwrap();
        assert!(next.len() >= least, "{letters} letters: {} bytes", next.len());
        assert!(next.blocks() * 512 >= least, "{letters} letters: {} blocks", next.blocks());
    }
}
