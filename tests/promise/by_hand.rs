//! Tests of the store in a file that a person made or changed with an editor.

use std::fs;

use evergrant::backend::{BackendError, FileBackend};
use evergrant::sandbox::Sandbox;
use evergrant::sandbox::contract::successor;
use evergrant::{Client, TokenBackend as _};

use crate::support::*;

#[test]
fn a_record_that_an_editor_saved_is_read_and_replaced() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let first = record(1);
    let text = String::from_utf8(first.to_json().unwrap()).unwrap();
    let lines = text.replace(',', ",\r\n  ") + "\r\n";
    let units = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{lines}").encode_utf16().flat_map(order).collect()
    };
    let marked = format!("\u{feff}{lines}").into_bytes();
    for bytes in [marked, units(u16::to_le_bytes), units(u16::to_be_bytes)] {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(load(&path).as_ref(), Some(&first));
        FileBackend::new(&path).save(&successor(&first, token(2))).unwrap();
        assert!(fs::read(&path).unwrap().starts_with(b"{"));
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let error = precise(FileBackend::new(&path).load());
        assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    }
}

#[test]
fn an_empty_file_is_an_error_but_accepts_a_first_record() {
    // An editor and `echo > FILE` leave a line break, programs on Windows a byte order mark.
    for content in ["", "\n", " \r\n", "\u{feff}", "\u{feff}\r\n"] {
        accepts_a_first_record(content.as_bytes());
    }
}

fn accepts_a_first_record(content: &[u8]) {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    fs::write(&path, content).unwrap();
    let store = FileBackend::new(&path);
    let first = record(1);
    for error in [precise(store.load()), precise(store.save(&successor(&first, token(2))))] {
        assert!(matches!(error, BackendError::Empty(_)), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(!error.is_transient());
    }
    assert_eq!(fs::read(&path).unwrap(), content);
    store.probe().unwrap();
    store.save(&first).unwrap();
    assert_eq!(load(&path), Some(first));
}

#[test]
fn an_access_token_with_a_line_break_is_replaced() {
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("login.json");
    let client = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    let login = sandbox.login();
    let access_token = login.access_token().expose().to_owned();
    client().seed(login).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(&access_token, &format!("{access_token}\\n"))).unwrap();
    client().get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}
