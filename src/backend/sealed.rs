//! Encrypts a login before another store keeps it.

mod accounts;
mod key;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

pub use self::key::SealingKey;
use super::{BackendError, Durability, Entry, Guard, TokenBackend};
use crate::error::BoxError;
use crate::record::Record;

/// Finds the key of a name.
type Find = Arc<dyn Fn(&str) -> Result<SealingKey, BoxError> + Send + Sync>;

/// Encrypts the record with a key of yours and keeps it in another store.
///
/// ```
/// use evergrant::backend::{FileBackend, SealedBackend, SealingKey};
/// use evergrant::Client;
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let path = sandbox.folder().join("login.json");
/// # let (provider, credentials, login) = (sandbox.provider(), sandbox.credentials(), sandbox.login());
///
/// // A program takes it from `SealingKey::from_env` or `from_file`.
/// let key = SealingKey::generate();
/// let client = Client::new(provider, credentials, SealedBackend::new(FileBackend::new(&path), key));
/// client.seed(login)?;
/// client.refresh()?;
/// let file = std::fs::read_to_string(&path)?;
/// # let token = client.access_token()?;
/// assert!(!file.contains(token.expose()));
/// # Ok::<(), evergrant::BoxError>(())
/// ```
///
/// # What is encrypted
///
/// The whole record is encrypted, by AES-256-GCM. The store that keeps the sealed record sees the
/// login's random id, the numbers of revision and generation, the note of a refresh token that was sent
/// (with host and process id), fingerprints of refresh tokens, and the name of the key. That store can
/// neither read nor change the rest of the record: a record that was changed, cut, or put together from two
/// is [`BackendError::Corrupt`]. An older record of the same login also opens: the seal does not show how old
/// a record is.
///
/// The nonce is derived from the content (HMAC-SHA-256 with a separate key), so that a repeated save
/// writes the same bytes.
///
/// # Keys
///
/// Each record holds the name of the key that sealed it. To change the key, give the new key to
/// [`SealedBackend::new`] and the old key to [`SealedBackend::older_key`]. The next save uses the new key; [`SealedBackend::reseal`] saves at
/// once. For keys from a key service, use [`SealedBackend::with_source`].
///
/// A record whose key is missing causes [`BackendError::Config`] with the key's name, and a record whose key
/// has the name of a different key causes [`BackendError::Corrupt`]. In either case nothing is overwritten,
/// not even by a new login; after the loss of a key, call [`TokenBackend::clear`] before a new login.
///
/// The store that keeps the sealed record also locks, flushes and compares. A client that reads that
/// store without this type fails with a message that names the key.
pub struct SealedBackend<B> {
    store: B,
    context: String,
    current: String,
    known: Arc<Mutex<Vec<Arc<SealingKey>>>>,
    find: Option<Find>,
    accepts_plain: bool,
}

impl<B> SealedBackend<B> {
    /// Keeps logins in `store`, sealed with `key`.
    pub fn new(store: B, key: SealingKey) -> SealedBackend<B> {
        let current = key.name().to_owned();
        let known = Arc::new(Mutex::new(vec![Arc::new(key)]));
        SealedBackend {
            store,
            context: String::new(),
            current,
            known,
            find: None,
            accepts_plain: false,
        }
    }

    /// Keeps logins in `store`, sealed with the key `current`. `find` returns a key by its name, from a
    /// key service for example; it is called once for each name.
    pub fn with_source(
        store: B,
        current: impl Into<String>,
        find: impl Fn(&str) -> Result<SealingKey, BoxError> + Send + Sync + 'static,
    ) -> SealedBackend<B> {
        SealedBackend {
            store,
            context: String::new(),
            current: current.into(),
            known: Arc::default(),
            find: Some(Arc::new(find)),
            accepts_plain: false,
        }
    }

    /// Adds a key that opens records and seals none.
    #[must_use]
    pub fn older_key(self, key: SealingKey) -> SealedBackend<B> {
        self.known.lock().push(Arc::new(key));
        self
    }

    /// Binds records to a context, such as the name of an account: a record that was copied into another
    /// context cannot be opened there.
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> SealedBackend<B> {
        self.context = context.into();
        self
    }

    /// Accepts a record that is not sealed, and seals it at the next save. With this setting, anyone who can
    /// write into the store can replace the login by another login.
    #[must_use]
    pub fn accept_plain(mut self, accepts: bool) -> SealedBackend<B> {
        self.accepts_plain = accepts;
        self
    }

    /// The store that keeps the sealed record.
    pub fn store(&self) -> &B {
        &self.store
    }
}

impl<B: TokenBackend> SealedBackend<B> {
    /// Seals the stored record with the current key, unless the record is already sealed with that key.
    /// Returns whether the record was written.
    ///
    /// # Errors
    ///
    /// The errors of [`TokenBackend::lock`] after a wait of 10 seconds, of [`TokenBackend::load`] and
    /// of [`TokenBackend::save`].
    pub fn reseal(&self) -> Result<bool, BoxError> {
        let _guard = self.store.lock(Duration::from_secs(10))?;
        let Some(carrier) = self.store.load()? else { return Ok(false) };
        if carrier.sealed().is_some_and(|(key, _)| key == self.current) {
            return Ok(false);
        }
        self.save(&self.open(&carrier)?.next())?;
        Ok(true)
    }

    /// Whether this process has read the key.
    #[cfg(feature = "keyring")]
    pub(super) fn has_key(&self, name: &str) -> bool {
        self.known.lock().iter().any(|key| key.name() == name)
    }

    fn key(&self, name: &str) -> Result<Arc<SealingKey>, BoxError> {
        let found = || self.known.lock().iter().find(|key| key.name() == name).cloned();
        if let Some(key) = found() {
            return Ok(key);
        }
        let Some(find) = &self.find else {
            let store = self.describe();
            let text =
                format!("{store} is sealed with the key {name}, which this program does not have");
            return Err(BackendError::Config(text).into());
        };
        // The list of keys is not locked during this call, because a key service may be slow.
        let key = find(name).map_err(|error| {
            if BackendError::find(&error).is_some() {
                return error;
            }
            BackendError::Unavailable(format!(
                "the key {name} of {} was not found",
                self.describe()
            ))
            .because(error)
        })?;
        let key = Arc::new(key.named(name));
        self.known.lock().push(Arc::clone(&key));
        Ok(key)
    }

    fn open(&self, carrier: &Record) -> Result<Record, BoxError> {
        let Some((name, text)) = carrier.sealed() else {
            if self.accepts_plain {
                return Ok(carrier.clone());
            }
            return Err(BackendError::Config(format!(
                "{} holds a login that is not sealed: allow it with SealedBackend::accept_plain, and it \
                 is sealed at its next save",
                self.describe()
            ))
            .into());
        };
        let corrupt = |why: &str| BackendError::Corrupt(format!("{} {why}", self.describe()));
        let record = self.key(name)?.open(&self.context, text).ok_or_else(|| {
            corrupt(&format!(
                "does not open with the key {name}: the key is a different one, or the record \
                 was changed"
            ))
        })?;
        if record.is_in(carrier) {
            return Ok(record);
        }
        Err(corrupt("was changed outside its sealed part").into())
    }
}

impl<B: TokenBackend> TokenBackend for SealedBackend<B> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.store.load()?.map(|carrier| self.open(&carrier)).transpose()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let key = self.key(&self.current)?;
        let sealed = key.seal(&self.context, record)?;
        let carrier = record.carrier(key.name(), sealed);
        if self.accepts_plain {
            let stored = self.store.load()?;
            // The stored record is not sealed, and the store compares with it. The sealed record must
            // therefore say that it replaces that record. If the stored record is sealed, the new record
            // already names it.
            if let Some(stored) = stored.filter(|stored| record.may_replace(Some(stored))) {
                return self.store.save(&carrier.over(&stored));
            }
        }
        self.store.save(&carrier)
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.store.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.store.lock(wait)
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        let opened =
            |carrier: Option<Record>| carrier.map(|carrier| self.open(&carrier)).transpose();
        match self.store.enter(wait)? {
            Entry::Held { guard, record } => {
                Ok(Entry::Held { guard, record: record.and_then(opened) })
            }
            Entry::Saved(carrier) => self.open(&carrier).map(Entry::Saved),
        }
    }

    fn probe(&self) -> Result<(), BoxError> {
        self.store.probe()?;
        self.key(&self.current)?;
        match self.load() {
            Err(error) if !BackendError::is_empty(&error) => Err(error),
            _ => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.store.warnings()
    }

    fn durability(&self) -> Durability {
        self.store.durability()
    }

    fn compares(&self) -> bool {
        self.store.compares()
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}

impl<B: TokenBackend> fmt::Debug for SealedBackend<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedBackend")
            .field("store", &self.store.describe())
            .field("key", &self.current)
            .finish_non_exhaustive()
    }
}
