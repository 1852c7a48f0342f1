//! The accounts of a server.

use std::sync::Arc;

use super::super::accounts::Page;
use super::super::{LoginStore, TokenBackend};
use super::{LOCK, RedisBackend, record_key};
use crate::error::BoxError;

/// How many keys the server reads in one step. Other clients wait during a step.
const STEP: usize = 1000;

/// Lists all accounts under the prefix: each key that begins with the prefix and is no lock is an account.
/// The account that was set on this value is ignored. Each page reads all keys of the database once (`SCAN`),
/// without blocking other clients. Give the store a database of its own if yours has many other keys.
impl LoginStore for RedisBackend {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        Ok(Arc::new(RedisBackend::account(self, name)))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let pattern = format!("{}*", literal(&self.prefix));
        self.run(|connection| {
            let mut page = Page::new(after, most);
            let mut cursor = 0_u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(STEP);
                let (next, keys): (u64, Vec<Vec<u8>>) = scan.query(&mut **connection)?;
                for key in &keys {
                    // This store writes only keys in UTF-8.
                    let key = std::str::from_utf8(key).ok();
                    if let Some(account) = key.and_then(|key| account_of(&self.prefix, key)) {
                        page.offer(account);
                    }
                }
                if next == 0 {
                    return Ok(page.names());
                }
                cursor = next;
            }
        })
    }
}

/// The account of a key; `None` for a lock. The reverse of [`record_key`].
fn account_of<'a>(prefix: &str, key: &'a str) -> Option<&'a str> {
    let account = key.strip_prefix(prefix)?;
    let shorter = key.trim_end_matches(':').ends_with(LOCK).then(|| account.strip_suffix(':'));
    let account = shorter.unwrap_or(Some(account))?;
    (record_key(prefix, account) == key).then_some(account)
}

/// Escapes a text, so that a pattern matches it literally.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if "*?[]^-\\".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_record_keys_name_an_account() {
        for prefix in ["evergrant:", "", "app*:lock:"] {
            for account in ["", "a", ":", "a:lock", "a:lock::", ":lock", "*", "lock"] {
                let key = record_key(prefix, account);
                assert_eq!(account_of(prefix, &key), Some(account), "{key}");
                let lock = super::super::lock_key(&key);
                assert_eq!(account_of(prefix, &lock), None, "{lock}");
            }
        }
        assert_eq!(account_of("app:", "other:a"), None);
        assert_eq!(literal("a*[b]\\"), "a\\*\\[b\\]\\\\");
    }
}
