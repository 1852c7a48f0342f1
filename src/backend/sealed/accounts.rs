//! The sealed logins of many accounts.

use std::sync::Arc;

use super::super::{LoginStore, TokenBackend};
use super::SealedBackend;
use crate::error::BoxError;

/// Seals the logins of all accounts with the same keys, each bound to its account: a record that was
/// copied to another account cannot be opened there. `SealedBackend::context("a")` opens the login of
/// account `a`; if you set a context `c`, `context("c a")` opens it.
impl<S: LoginStore> LoginStore for SealedBackend<S> {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        let context = match self.context.as_str() {
            "" => name.to_owned(),
            context => format!("{context} {name}"),
        };
        Ok(Arc::new(SealedBackend {
            store: self.store.account(name)?,
            context,
            current: self.current.clone(),
            known: Arc::clone(&self.known),
            find: self.find.clone(),
            accepts_plain: self.accepts_plain,
        }))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        self.store.accounts(after, most)
    }
}
