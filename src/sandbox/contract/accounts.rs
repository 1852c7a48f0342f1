//! The checks of a store that keeps the logins of many accounts.

use std::time::Duration;

use super::checks::ensure;
use super::{Report, successor};
use crate::backend::{BackendError, LockKind, LoginStore, Record};
use crate::error::BoxError;
use crate::token::Token;

type Check = fn(&dyn LoginStore) -> Result<(), BoxError>;

const CHECKS: [(&str, Check); 7] = [
    ("a store without logins lists no account", lists_nothing),
    ("each account has a login of its own", own_logins),
    ("accounts are listed page by page, in the order of bytes", pages),
    ("a page may begin after a name that is no account", begins_anywhere),
    ("a lock is no account", locks),
    ("each account has a lock of its own", own_locks),
    ("an account without a login is not listed", cleared),
];

/// Names that a faulty store confuses with other names, locks, patterns or devices.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "tenant-42",
        "Tenant-42",
        "TENANT-42",
        "a",
        "a ",
        " a",
        "a.",
        ".a",
        "..",
        "a/b",
        "a//b",
        "/",
        "a\\b",
        "a:lock",
        "a:lock:",
        ":lock",
        "lock",
        "*",
        "a*",
        "[a]",
        "a?",
        "%",
        "%41",
        "_",
        "a_",
        "a%",
        "'; DROP TABLE",
        "con",
        "NUL.txt",
        "a.json",
        "a.json.lock",
        "a.name",
        "\u{e9}",
        "e\u{301}",
        "\u{df}",
        "ss",
        "\u{1f511}",
        "\u{202e}a",
        "a\nb",
        "a\0b",
        "-rf",
        "~",
        "$HOME",
        "default",
    ]
    .map(str::to_owned)
    .into();
    // 500 bytes each, which differ at the end, in case, or at the beginning.
    names.push("x".repeat(500));
    names.push("x".repeat(499) + "y");
    names.push("X".repeat(500));
    names.push("\u{e9}".repeat(250));
    names.push(format!("/{}", "tenants/42/".repeat(45)));
    names
}

/// Returns those names that the store accepts.
fn accepted_of<'a>(store: &dyn LoginStore, names: &[&'a str]) -> Result<Vec<&'a str>, BoxError> {
    let mut kept = Vec::new();
    for name in names {
        match store.account(name) {
            Ok(_) => kept.push(*name),
            Err(error) if matches!(BackendError::find(&error), Some(BackendError::Config(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(kept)
}

/// The names that the store accepts.
fn accepted(store: &dyn LoginStore) -> Result<Vec<String>, BoxError> {
    let names = names();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let kept: Vec<_> = accepted_of(store, &names)?.into_iter().map(str::to_owned).collect();
    ensure(kept.len() * 2 > names.len(), || "most names are refused".to_owned())?;
    Ok(kept)
}

/// Checks a store that keeps the logins of many accounts, and removes all logins from the store.
/// [`Contract`](super::Contract) checks the store of a single account.
///
/// ```
/// use evergrant::backend::MemoryStore;
/// use evergrant::sandbox::contract;
///
/// contract::accounts(&MemoryStore::new()).assert();
/// ```
pub fn accounts(store: &dyn LoginStore) -> Report {
    let mut report = Report::default();
    for (name, check) in CHECKS {
        match empty(store).and_then(|()| check(store)) {
            Ok(()) => report.passed.push(name),
            Err(reason) => report.failed.push((name, reason.to_string())),
        }
    }
    if let Err(reason) = empty(store) {
        report.failed.push(("the store can be emptied", reason.to_string()));
    }
    report
}

fn empty(store: &dyn LoginStore) -> Result<(), BoxError> {
    loop {
        let found = store.accounts(None, 100)?;
        if found.is_empty() {
            return Ok(());
        }
        for name in found {
            store.account(&name)?.clear()?;
        }
    }
}

fn fill(store: &dyn LoginStore) -> Result<Vec<(String, Record)>, BoxError> {
    let save = |(number, name): (usize, String)| {
        let record = Record::from(Token::new(format!("at-{number}")).with_refresh_token("rt"));
        store.account(&name)?.save(&record)?;
        Ok((name, record))
    };
    accepted(store)?.into_iter().enumerate().map(save).collect()
}

fn listed(store: &dyn LoginStore, most: usize) -> Result<Vec<String>, BoxError> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = store.accounts(all.last().map(String::as_str), most)?;
        ensure(page.len() <= most, || {
            format!("a page of {most} names at most has {} names", page.len())
        })?;
        ensure(all.len() <= names().len(), || "the listing does not end".to_owned())?;
        let last = page.len() < most;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

fn lists_nothing(store: &dyn LoginStore) -> Result<(), BoxError> {
    for name in accepted(store)? {
        ensure(store.account(&name)?.load()?.is_none(), || format!("{name:?} has a login"))?;
    }
    let found = store.accounts(None, 10)?;
    ensure(found.is_empty(), || format!("{found:?} are listed"))
}

fn own_logins(store: &dyn LoginStore) -> Result<(), BoxError> {
    let all = fill(store)?;
    for (name, record) in &all {
        let found = store.account(name)?.load()?;
        ensure(found.as_ref() == Some(record), || format!("{name:?} has another login"))?;
        store.account(name)?.save(&successor(record, Token::new("at")))?;
    }
    for (name, _) in &all {
        let found = store.account(name)?.load()?.map(|record| record.revision());
        ensure(found == Some(2), || format!("{name:?} has revision {found:?}"))?;
    }
    Ok(())
}

fn pages(store: &dyn LoginStore) -> Result<(), BoxError> {
    let mut wanted: Vec<_> = fill(store)?.into_iter().map(|(name, _)| name).collect();
    wanted.sort();
    for most in [1, 7, wanted.len(), wanted.len() + 1, usize::MAX] {
        let found = listed(store, most)?;
        ensure(found == wanted, || format!("pages of {most}: {found:?}, not {wanted:?}"))?;
    }
    let none = store.accounts(None, 0)?;
    ensure(none.is_empty(), || format!("a page of 0 names has {none:?}"))
}

fn begins_anywhere(store: &dyn LoginStore) -> Result<(), BoxError> {
    let mut wanted: Vec<_> = fill(store)?.into_iter().map(|(name, _)| name).collect();
    wanted.sort();
    for after in ["", "A", "a:lock:zzz", "b", "\u{e8}", "\u{10ffff}"] {
        let found = store.accounts(Some(after), usize::MAX)?;
        let wanted: Vec<_> = wanted.iter().filter(|name| name.as_str() > after).collect();
        ensure(found.iter().eq(wanted.iter().copied()), || format!("after {after:?}: {found:?}"))?;
    }
    Ok(())
}

fn locks(store: &dyn LoginStore) -> Result<(), BoxError> {
    store.account("a")?.save(&Record::from(Token::new("at")))?;
    let mut guards = Vec::new();
    for name in accepted_of(store, &["a", "b", "c:lock"])? {
        guards.push(store.account(name)?.lock(Duration::from_secs(10))?);
    }
    let found = store.accounts(None, 10)?;
    drop(guards);
    ensure(found == ["a"], || {
        format!("while locks are held, the store lists {found:?}, and only `a` has a login")
    })?;
    let found = store.accounts(None, 10)?;
    ensure(found == ["a"], || {
        format!("after the locks are released, the store lists {found:?}, and only `a` has a login")
    })
}

fn own_locks(store: &dyn LoginStore) -> Result<(), BoxError> {
    let names = accepted_of(store, &["tenant-42", "Tenant-42", "a", "a:lock", "\u{e9}"])?;
    let mut guards = Vec::new();
    for name in &names {
        let guard = store.account(name)?.lock(Duration::from_secs(10))?;
        if guard.kind() == LockKind::None {
            return Ok(());
        }
        guards.push(guard);
    }
    for name in &names {
        match store.account(name)?.lock(Duration::ZERO) {
            Err(error) if BackendError::is_busy(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(format!("{name:?} was locked twice").into()),
        }
    }
    Ok(())
}

fn cleared(store: &dyn LoginStore) -> Result<(), BoxError> {
    let all = fill(store)?;
    for (name, _) in all.iter().step_by(2) {
        store.account(name)?.clear()?;
    }
    let mut wanted: Vec<_> = all.into_iter().skip(1).step_by(2).map(|(name, _)| name).collect();
    wanted.sort();
    let found = listed(store, 5)?;
    ensure(found == wanted, || format!("the store lists {found:?}, not {wanted:?}"))
}
