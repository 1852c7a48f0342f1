//! Tests of a table whose columns change what is written into them: too short, filled with blanks, or
//! missing.

use std::sync::{Arc, Mutex};

use evergrant::backend::{Record, TableBackend, TokenTable};
use evergrant::sandbox::contract::{noted, successor};
use evergrant::{BoxError, Token, TokenBackend as _};

use crate::support::*;

type Row = Arc<Mutex<Option<(String, Option<String>)>>>;

/// What the columns make of an access token and a refresh token.
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
fn a_table_that_changes_a_token_is_told_and_keeps_no_part_of_it() {
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
