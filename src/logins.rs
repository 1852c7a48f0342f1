//! All logins of one provider on one store: a client for each account, a list of their states, and a sweep that
//! keeps them alive.
//!
//! ```
//! use evergrant::backend::MemoryStore;
//! use evergrant::Logins;
//! # let sandbox = evergrant::sandbox::Sandbox::start()?;
//! # let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
//!
//! let logins = Logins::new(provider, credentials, MemoryStore::new());
//! for tenant in ["tenant-7", "tenant-42"] {
//!     logins.add(tenant, sandbox.login())?;
//! }
//!
//! // A worker calls the API for one tenant.
//! let me: serde_json::Value = logins.client("tenant-42")?.get("/me").read_json()?;
//!
//! // An overview.
//! for status in logins.list() {
//!     println!("{}", status?); // tenant-42: the login is alive
//! }
//!
//! // A cron job, on one host or on fifty.
//! let report = logins.keep_alive().threads(8).run()?;
//! assert_eq!(report.kept, 2);
//! # Ok::<(), evergrant::BoxError>(())
//! ```

mod brake;
mod builder;
mod clients;
mod counters;
mod pace;
mod queue;
mod report;
mod status;
mod sweep;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::clients::Clients;
use self::counters::Tally;
use self::pace::{Pace, Paced};
use crate::backend::{self, BackendError, LoginStore, TokenBackend, Watched};
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Busy, Error, Result};
use crate::event::Event;
use crate::provider::Provider;
use crate::token::Token;

pub use self::builder::LoginsBuilder;
pub use self::counters::{Counters, Step};
pub use self::report::{Outcome, Progress, Report, Told};
pub use self::status::{List, LoginStatus, Pending};
pub use self::sweep::Sweep;

/// A hook for the events of all accounts.
type AccountHook = Arc<dyn Fn(&str, &Event) + Send + Sync>;

/// All logins of one provider on one store. The [module](self) has an example.
///
/// The clients of all accounts share one HTTP agent, the same settings and the token endpoint's limits: if
/// the token endpoint asks one client to wait, no client asks for an access token meanwhile (10 minutes
/// at most). If the service blocks applications after a number of refusals
/// ([`ProviderBuilder::refusal_limit`](crate::provider::ProviderBuilder::refusal_limit)), the refusals
/// of all accounts count together. A new login by a person and a revocation are sent in any case. Each
/// process learns of waits and counts refusals by itself.
///
/// A value is cheap to clone and to share between threads. Several hosts share the logins if each makes
/// its own value for the same store.
#[derive(Clone)]
pub struct Logins(Arc<Inner>);

struct Inner {
    store: Arc<dyn LoginStore>,
    /// A client with the settings of all clients. The store of this client is empty and not used.
    pattern: Client,
    clients: Clients,
    pace: Arc<Pace>,
    tally: Arc<Tally>,
    hook: Option<AccountHook>,
}

impl Logins {
    /// Makes the logins of `store`, with the defaults of [`Logins::builder`].
    pub fn new(
        provider: Provider,
        credentials: Credentials,
        store: impl LoginStore + 'static,
    ) -> Logins {
        Logins::builder(provider, credentials, store).build()
    }

    /// Returns a builder, for logins with settings other than the defaults.
    pub fn builder(
        provider: Provider,
        credentials: Credentials,
        store: impl LoginStore + 'static,
    ) -> LoginsBuilder {
        LoginsBuilder::new(provider, credentials, Arc::new(store))
    }

    /// Returns the client of an account. Nothing is read or sent yet. All calls for one account return clones of
    /// one client, until nobody has used that client for 5 minutes ([`LoginsBuilder::idle`]). A clone counts as used
    /// until it is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] for a name that the store cannot keep.
    pub fn client(&self, account: &str) -> Result<Client> {
        self.0.clients.get(account, || self.new_client(account))
    }

    /// Adds the login of an account: stores a token, unless the account has a login that works
    /// ([`Client::seed`]). Returns whether the token was stored. For a login with a person, use
    /// [`Client::authorize`] of the account's client.
    ///
    /// # Errors
    ///
    /// The errors of [`Logins::client`] and of [`Client::seed`].
    pub fn add(&self, account: &str, token: Token) -> Result<bool> {
        self.client(account)?.seed(token)
    }

    /// Removes the login of an account. The tokens stay valid at the service; to revoke them, use
    /// [`Client::revoke`] of the account's client.
    ///
    /// # Errors
    ///
    /// The errors of [`Logins::client`] and of [`Client::clear`].
    pub fn remove(&self, account: &str) -> Result<()> {
        self.client(account)?.clear()?;
        self.0.clients.forget(account);
        Ok(())
    }

    /// Moves the login of an account to an account of another store, or to another name in this store, and
    /// returns whether there was a login (see [`backend::move_login`]). Clients of the account fail when they
    /// next read the store; a client with an access token in memory uses that token until it expires. If the
    /// account's client in this process has a new token that is not saved yet, `move_login` saves that token
    /// first.
    ///
    /// # Errors
    ///
    /// [`Error::NotSaved`] if that token cannot be saved, also because another holder has the lock; nothing was moved.
    /// [`Error::Busy`] if another holder has the lock of one of the two stores for 60 s, or is refreshing the login.
    /// [`Error::Backend`] with the other errors of [`backend::move_login`] as its source. No error loses the login;
    /// call again to finish the move.
    pub fn move_login(&self, account: &str, to: &dyn LoginStore, name: &str) -> Result<bool> {
        // Until the client's unsaved token pair is saved, the store has the old refresh token.
        if let Some(client) = self.0.clients.find(account) {
            client.keeper().save_waiting()?;
        }
        let from = self.store_of(account)?;
        let to = to.account(name);
        let to = to.map_err(|error| Error::backend("open", format!("account {name}"), error))?;
        let moved =
            backend::move_login(&*from, &*to).map_err(|error| {
                match BackendError::find(&error) {
                    Some(BackendError::Busy(store)) => {
                        let busy =
                            Busy { store: store.clone(), holder: None, waited: Duration::ZERO };
                        Error::Busy(Box::new(busy))
                    }
                    _ => Error::backend("move", from.describe(), error),
                }
            })?;
        self.0.clients.forget(account);
        Ok(moved)
    }

    /// Returns what is known about the login of an account, without its secrets; `None` if the account has no
    /// login. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], and [`Error::Config`] for another client's login.
    pub fn status(&self, account: &str) -> Result<Option<LoginStatus>> {
        let store = self.store_of(account)?;
        status::read(self, account, &*store)
    }

    /// Lists the logins in the order of their names, page by page. Nothing is sent.
    pub fn list(&self) -> List<'_> {
        List::new(self)
    }

    /// Prepares a sweep: each login that is due is refreshed, so that no login expires unused.
    pub fn keep_alive(&self) -> Sweep<'_> {
        Sweep::new(self)
    }

    /// Returns what these logins have done in this process so far, and drops idle clients.
    pub fn counters(&self) -> Counters {
        self.0.clients.drop_idle();
        self.0.tally.snapshot(self.0.clients.count())
    }

    fn store_of(&self, account: &str) -> Result<Arc<dyn TokenBackend>> {
        let store = self.0.store.account(account);
        store.map_err(|error| Error::backend("open", format!("account {account}"), error))
    }

    /// The store of an account, whose steps are counted.
    fn counted(&self, account: &str) -> Result<Watched> {
        let watcher: Arc<Tally> = Arc::clone(&self.0.tally);
        let store = Watched::new(self.store_of(account)?, watcher);
        Ok(store.with_clock(self.0.pattern.shared_clock()))
    }

    fn new_client(&self, account: &str) -> Result<Client> {
        let Inner { pattern, pace, tally, hook, .. } = &*self.0;
        let clock = pattern.shared_clock();
        let store = self.counted(account)?;
        let tokens = pattern.shared_tokens();
        let transport = Paced { tokens, pace: Arc::clone(pace), tally: Arc::clone(tally), clock };
        let (tally, every, own) = (Arc::clone(tally), hook.clone(), pattern.hook());
        let account: Box<str> = account.into();
        let hook = move |event: &Event| {
            tally.count(event);
            if let Some(every) = &every {
                every(&account, event);
            }
            if let Some(own) = &own {
                own(event);
            }
        };
        Ok(pattern.sibling(Box::new(store), Box::new(transport), Arc::new(hook)))
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins")
            .field("provider", &self.0.pattern.provider().name)
            .field("clients", &self.0.clients.count())
            .finish_non_exhaustive()
    }
}
