//! Tests of a table whose columns change what is written into them: too short, filled with blanks, or
//! missing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, FileBackend, FileLock, Record, TableBackend, TokenTable};
use evergrant::clock::ManualClock;
use evergrant::sandbox::contract::{noted, successor};
use evergrant::{BoxError, Token, TokenBackend as _};

use crate::support::*;

type Row = Arc<Mutex<Option<(String, Option<String>)>>>;

/// A function that changes an access token and a refresh token as the columns do.
type Change = fn(&str, &str) -> (String, Option<String>);

struct Columns(Row, Change);

impl TokenTable for Columns {
    fn get(&self) -> Result<Option<Token>, BoxError> {
        let row = self.0.lock().unwrap().clone();
        Ok(row.map(|(access, refresh)| match refresh {
            Some(refresh) => Token::new(access).with_refresh_token(refresh),
            None => Token::new(access),
        }))
    }

    fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = token.map(|token| {
            let refresh = token.refresh_token().map_or("", |refresh| refresh.expose());
            (self.1)(token.access_token().expose(), refresh)
        });
        Ok(())
    }
}

fn cut(text: &str) -> String {
    text.chars().take(10).collect()
}

fn pair(letter: &str, length: usize) -> Token {
    Token::new(letter.repeat(length)).with_refresh_token(format!("rt-{letter}"))
}

#[test]
fn a_table_that_changes_a_token_is_reported_and_emptied() {
    let cases: [(Change, &str); 4] = [
        (|access, refresh| (cut(access), Some(refresh.to_owned())), "access token"),
        (|access, _| (access.to_owned(), None), "refresh token"),
        (|access, refresh| (access.to_owned(), Some(format!("{refresh:9}"))), "refresh token"),
        (|access, _| (access.to_owned(), Some(String::new())), "refresh token"),
    ];
    for (change, told) in cases {
        let dir = TempDir::new();
        let row = Row::default();
        let store = TableBackend::new(Columns(row.clone(), change), dir.join("login.json"));
        let error = store.save(&Record::from(pair("a", 20))).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("column"), "{error}");
        assert!(store.load().unwrap().is_none() && row.lock().unwrap().is_none());
    }
}

#[test]
fn a_successor_longer_than_its_column_stays_whole_in_the_file() {
    let (dir, row) = (TempDir::new(), Row::default());
    let open = || {
        let change: Change = |access, refresh| (cut(access), Some(refresh.to_owned()));
        TableBackend::new(Columns(row.clone(), change), dir.join("login.json"))
    };
    let first = Record::from(pair("a", 10));
    open().save(&first).unwrap();
    let note = noted(&first);
    open().save(&note).unwrap();
    let next = successor(&note, pair("b", 20));
    assert!(open().save(&next).is_err());
    for _ in 0..2 {
        assert_eq!(open().load().unwrap(), Some(next.clone()));
    }
    assert!(
        open().save(&noted(&next)).is_err(),
        "the note was saved in a table that changes tokens"
    );
    assert_eq!(open().load().unwrap(), Some(next));
}

const KEEPS: Change = |access, refresh| (access.to_owned(), Some(refresh.to_owned()));

fn put(row: &Row, token: &Token) {
    Columns(row.clone(), KEEPS).set(Some(token)).unwrap();
}

#[test]
fn a_table_replaces_only_the_token_that_is_expected() {
    let table = Columns(Row::default(), KEEPS);
    let (a, b) = (pair("a", 10), pair("b", 10));
    assert!(!table.replace(Some(&a), &b).unwrap());
    assert!(table.replace(None, &a).unwrap());
    assert!(!table.replace(None, &b).unwrap());
    assert_eq!(table.get().unwrap(), Some(a.clone()));
    assert!(table.replace(Some(&a), &b).unwrap());
    assert_eq!(table.get().unwrap(), Some(b));
}

#[test]
fn waits_for_file_and_table_locks_use_the_stores_clock() {
    let (dir, row) = (TempDir::new(), Row::default());
    let clock = Arc::new(ManualClock::new());
    let file = dir.join("login.json");
    let store = TableBackend::new(Columns(row.clone(), KEEPS), &file).with_clock(clock.clone());
    store.save(&Record::from(pair("a", 10))).unwrap();
    let held = FileBackend::new(&file).lock(Duration::ZERO).unwrap();
    let busy = precise(store.lock(Duration::from_secs(7)).map(drop));
    assert!(matches!(busy, BackendError::Busy(_)), "{busy}");
    assert_eq!(clock.slept(), Duration::from_secs(7));
    drop(held);
    // The store has to copy another program's token into the file, and a save has locked the file.
    put(&row, &pair("b", 10));
    let held = FileLock::new(dir.join("login.json.table.lock")).lock(Duration::ZERO).unwrap();
    let busy = precise(store.load());
    assert!(matches!(busy, BackendError::Busy(_)), "{busy}");
    assert_eq!(clock.slept(), Duration::from_secs(17));
    drop(held);
    assert_eq!(*store.load().unwrap().unwrap().token(), pair("b", 10));
}

#[test]
fn a_token_is_read_where_the_folder_takes_no_lock() {
    let (dir, row) = (TempDir::new(), Row::default());
    let store = TableBackend::new(Columns(row.clone(), KEEPS), dir.join("login.json"));
    std::fs::create_dir(dir.join("login.json.table.lock")).unwrap();
    put(&row, &pair("a", 10));
    assert_eq!(*store.load().unwrap().unwrap().token(), pair("a", 10));
}

/// A table into which another program writes before every write that compares.
struct Raced(Columns);

impl TokenTable for Raced {
    fn get(&self) -> Result<Option<Token>, BoxError> {
        self.0.get()
    }
    fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
        self.0.set(token)
    }
    fn replace(&self, _: Option<&Token>, _: &Token) -> Result<bool, BoxError> {
        self.0.set(Some(&pair("z", 10))).map(|()| false)
    }
}

#[test]
fn a_token_written_during_a_repair_is_the_login() {
    let (dir, row) = (TempDir::new(), Row::default());
    let file = dir.join("login.json");
    let store = TableBackend::new(Columns(row.clone(), KEEPS), &file);
    let first = Record::from(pair("a", 10));
    store.save(&first).unwrap();
    let note = noted(&first);
    store.save(&note).unwrap();
    store.save(&successor(&note, pair("b", 10))).unwrap();
    // A restored backup has the replaced token again, and the store repairs the row.
    put(&row, &pair("a", 10));
    let raced = TableBackend::new(Raced(Columns(row.clone(), KEEPS)), &file);
    assert_eq!(*raced.load().unwrap().unwrap().token(), pair("z", 10));
}

#[test]
fn a_first_save_takes_no_other_programs_token_away() {
    let (dir, row) = (TempDir::new(), Row::default());
    let raced = TableBackend::new(Raced(Columns(row.clone(), KEEPS)), dir.join("login.json"));
    let error = precise(raced.save(&Record::from(pair("a", 10))));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(Columns(row, KEEPS).get().unwrap(), Some(pair("z", 10)));
}

#[test]
fn another_login_with_the_same_token_does_not_replace_the_record() {
    let (dir, row) = (TempDir::new(), Row::default());
    let store = TableBackend::new(Columns(row, KEEPS), dir.join("login.json"));
    let first = Record::from(pair("a", 10));
    store.save(&first).unwrap();
    let error = precise(store.save(&Record::from(pair("a", 10))));
    assert!(matches!(&error, BackendError::Conflict(text) if text.contains("the token table")));
    assert_eq!(store.load().unwrap(), Some(first));
}

#[test]
fn the_last_32_replaced_tokens_are_known() {
    let (dir, row) = (TempDir::new(), Row::default());
    let store = TableBackend::new(Columns(row.clone(), KEEPS), dir.join("login.json"));
    let mut record = Record::from(token(1));
    store.save(&record).unwrap();
    for n in 2..=34 {
        let note = noted(&record);
        store.save(&note).unwrap();
        record = successor(&note, token(n));
        store.save(&record).unwrap();
    }
    // The second token is the oldest that the store knows; the store treats the first token as a token of
    // another program.
    put(&row, &token(2));
    assert_eq!(*store.load().unwrap().unwrap().token(), token(34));
    put(&row, &token(1));
    assert_eq!(*store.load().unwrap().unwrap().token(), token(1));
}

/// A table that keeps the whole token, and whose next write fails.
#[derive(Default)]
struct Whole(Mutex<Option<Token>>, AtomicBool);

impl TokenTable for Whole {
    fn get(&self) -> Result<Option<Token>, BoxError> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
        if self.1.swap(false, Ordering::Relaxed) {
            return Err("the table fails on command".into());
        }
        *self.0.lock().unwrap() = token.cloned();
        Ok(())
    }
}

#[test]
fn a_repeated_save_writes_an_expiry_that_the_table_missed() {
    let dir = TempDir::new();
    let store = TableBackend::new(Whole::default(), dir.join("login.json"));
    let first = Record::from(token(1));
    store.save(&first).unwrap();
    let end = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(30_000);
    let longer = successor(&noted(&first), token(1).with_expires_at(end));
    store.save(&noted(&first)).unwrap();
    store.table().1.store(true, Ordering::Relaxed);
    store.save(&longer).unwrap_err();
    assert_eq!(store.table().get().unwrap().unwrap().expires_at(), None);
    store.save(&longer).unwrap();
    assert_eq!(store.table().get().unwrap().unwrap().expires_at(), Some(end));
}
