//! The logins of one service, as a store for the library's `Logins`. Each login may be in a different file or
//! database.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use evergrant::BoxError;
use evergrant::backend::{BackendError, LoginStore, TokenBackend};

use crate::failure::Outcome;
use crate::signals;

/// Why a login is not opened after a signal.
pub(crate) const STOPPED: &str = "a signal stopped the command before it came to this login";

/// The store of each login, by the name of the login.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) BTreeMap<String, Arc<dyn TokenBackend>>);

impl LoginStore for Shelf {
    /// A sweep opens a login at the beginning of each visit. After a signal no visit begins, so that the command ends
    /// when the open token requests have ended.
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        if signals::is_waiting() {
            return Err(BackendError::Config(STOPPED.to_owned()).into());
        }
        let store = self.0.get(name).cloned();
        store.ok_or_else(|| BackendError::Config(format!("no login has the name {name:?}")).into())
    }

    /// The names of all logins, also of logins whose store is empty: the command must report an outcome for
    /// each name.
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = self.0.range::<str, _>((from, Bound::Unbounded)).map(|(name, _)| name.clone());
        Ok(names.take(most).collect())
    }
}

/// The names of all logins in a database.
pub(crate) fn names(database: &dyn LoginStore) -> Outcome<Vec<String>> {
    const PAGE: usize = 1000;
    let mut names: Vec<String> = Vec::new();
    loop {
        let page = database.accounts(names.last().map(String::as_str), PAGE)?;
        let ended = page.len() < PAGE;
        names.extend(page);
        if ended {
            return Ok(names);
        }
    }
}

#[cfg(test)]
mod tests {
    use evergrant::MemoryBackend;

    use super::*;

    #[test]
    fn names_are_read_page_by_page() {
        let mut shelf = Shelf::default();
        for n in 0..1001 {
            shelf.0.insert(format!("login-{n:04}"), Arc::new(MemoryBackend::new()));
        }
        let all = names(&shelf).unwrap();
        assert_eq!((all.len(), all[1000].as_str()), (1001, "login-1000"));
        assert_eq!(shelf.accounts(Some("login-0998"), 9).unwrap(), ["login-0999", "login-1000"]);
        assert!(shelf.account("other").is_err() && shelf.account("login-0007").is_ok());
    }
}
