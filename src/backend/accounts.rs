//! Stores that keep the logins of many accounts.

mod folder;
mod memory;
mod names;

use std::sync::Arc;

pub use self::folder::FolderStore;
pub use self::memory::MemoryStore;
use super::TokenBackend;
use crate::error::BoxError;

/// A store that keeps the logins of many accounts. [`Logins`](crate::Logins) works on a store of this kind.
///
/// An account's name may be any text; a store may refuse a name with a
/// [`BackendError::Config`](super::BackendError::Config). Two names that differ in a single byte are two
/// accounts, also on systems that ignore case.
///
/// ```
/// use evergrant::backend::{LoginStore, MemoryStore, Record};
/// use evergrant::Token;
///
/// let store = MemoryStore::new();
/// for name in ["tenant-42", "tenant-7", "Ämter/Nord"] {
///     store.account(name)?.save(&Record::from(Token::new("at-1")))?;
/// }
/// assert_eq!(store.accounts(None, 2)?, ["tenant-42", "tenant-7"]);
/// assert_eq!(store.accounts(Some("tenant-7"), 2)?, ["Ämter/Nord"]);
/// # Ok::<(), evergrant::BoxError>(())
/// ```
pub trait LoginStore: Send + Sync {
    /// Returns the store of one account. Nothing is read or written yet. All stores that this method
    /// returns for one account share the account's lock.
    ///
    /// # Errors
    ///
    /// [`BackendError::Config`](super::BackendError::Config) for a name that the store cannot keep.
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError>;

    /// Returns the names of the accounts that have a login: at most `most` names, from the first name
    /// after `after`, in the order of their bytes. If the answer has fewer than `most` names, no further
    /// names follow. The account `after` may have been removed.
    ///
    /// A name is listed if its account has a record, also if the record is damaged. Locks, and files
    /// that are being written, are not listed. An account that is added or removed meanwhile may or may
    /// not be listed. The memory that a call takes depends on `most` and not on the number of accounts.
    ///
    /// # Errors
    ///
    /// Any failure to read the names. The call returns all names of the page or an error: an error
    /// never hides an account.
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError>;
}

/// Passes every call to the shared store.
impl<S: LoginStore + ?Sized> LoginStore for Arc<S> {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        (**self).account(name)
    }
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        (**self).accounts(after, most)
    }
}

/// The first names after a given name, collected from names in any order. Repeated names count once.
pub(super) struct Page<'a> {
    after: Option<&'a str>,
    most: usize,
    names: Vec<String>,
    /// The last name that can still be on the page, if the page is full.
    last: Option<String>,
}

impl<'a> Page<'a> {
    pub(super) fn new(after: Option<&'a str>, most: usize) -> Page<'a> {
        Page { after, most, names: Vec::new(), last: None }
    }

    pub(super) fn offer(&mut self, name: &str) {
        let is_past = self.after.is_none_or(|after| name > after);
        if !is_past || self.last.as_ref().is_some_and(|last| name >= last.as_str()) {
            return;
        }
        self.names.push(name.to_owned());
        if self.names.len() / 2 > self.most {
            self.cut();
        }
    }

    /// Keeps the first names only. A set of names would be more code for the same result.
    fn cut(&mut self) {
        self.names.sort_unstable();
        self.names.dedup();
        self.names.truncate(self.most);
        if self.names.len() == self.most {
            self.last = self.names.last().cloned();
        }
    }

    pub(super) fn names(mut self) -> Vec<String> {
        self.cut();
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_first_names_after_a_name() {
        let names = ["b", "a", "é", "B", "", "a", "aa", "b"];
        let page = |after, most| {
            let mut page = Page::new(after, most);
            names.iter().for_each(|name| page.offer(name));
            page.names()
        };
        assert_eq!(page(None, 9), ["", "B", "a", "aa", "b", "é"]);
        assert_eq!(page(None, 2), ["", "B"]);
        assert_eq!(page(Some("B"), 2), ["a", "aa"]);
        assert_eq!(page(Some("ab"), 9), ["b", "é"]);
        assert!(page(None, 0).is_empty() && page(Some("é"), 9).is_empty());
    }
}
