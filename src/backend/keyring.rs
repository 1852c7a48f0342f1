//! A login sealed with a key from the platform's keyring.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyring_core::{CredentialStore, Entry as KeyringEntry, Error as KeyringError};
use zeroize::Zeroizing;

use super::{
    BackendError, Durability, Entry, FileBackend, FileLock, Guard, SealedBackend, SealingKey,
    TokenBackend, disk,
};
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_bytes;

/// The name of the key in the records.
const NAME: &str = "keyring";
/// How long another process may take to make the key.
const WAIT: Duration = Duration::from_secs(30);

/// Opens the keyring. Each call makes a new connection, because a session may end and begin again.
type Open = Box<dyn Fn() -> Result<Arc<CredentialStore>, KeyringError> + Send + Sync>;

/// Keeps a login in a file that is sealed with a key from the platform's keyring: the Secret Service (GNOME
/// Keyring, KWallet, KeePassXC), the macOS Keychain, the Windows Credential Manager.
///
/// The keyring holds the key, not the record. No keyring compares, flushes or locks as the
/// [contract](super) demands, and Windows keeps at most 2,560 bytes; the file compares, flushes and
/// locks, and has no limit. A copy of the file is useless without the keyring.
///
/// The first save makes a random key and puts it into the keyring, as base64. Each process reads the key once.
/// [`TokenBackend::clear`] removes the login and leaves the key.
///
/// ```no_run
/// use evergrant::backend::KeyringBackend;
/// # fn folder() -> std::path::PathBuf { ".".into() }
///
/// let store = KeyringBackend::new("my-app", "alice", folder().join("alice.json"));
/// ```
///
/// # Without a desktop
///
/// A server or a cron job often has no Secret Service: calls fail with [`BackendError::Unavailable`],
/// whose text names the cause. Start a Secret Service in the session (`dbus-run-session`,
/// `gnome-keyring-daemon
/// --unlock`), or use a key file and [`SealedBackend`].
pub struct KeyringBackend {
    sealed: SealedBackend<FileBackend>,
    key: Arc<Key>,
    /// Whether the key survives the machine's next start.
    durable: bool,
}

struct Key {
    open: Open,
    service: String,
    account: String,
}

impl KeyringBackend {
    /// Makes a store in the file at `path`, sealed with the key that the keyring has for `service` and
    /// `account`. Nothing is opened yet; the folder has to exist and be writable.
    pub fn new(
        service: impl Into<String>,
        account: impl Into<String>,
        path: impl AsRef<Path>,
    ) -> KeyringBackend {
        KeyringBackend::open_by(
            Box::new(platform),
            service.into(),
            account.into(),
            path.as_ref(),
            true,
        )
    }

    /// Makes a store like [`KeyringBackend::new`], with the kernel's keyring of this user. This keyring
    /// needs no desktop. The key and the login are lost when the machine restarts.
    #[cfg(target_os = "linux")]
    pub fn in_kernel(
        service: impl Into<String>,
        account: impl Into<String>,
        path: impl AsRef<Path>,
    ) -> KeyringBackend {
        let open: Open = Box::new(|| Ok(linux_keyutils_keyring_store::Store::new()?));
        KeyringBackend::open_by(open, service.into(), account.into(), path.as_ref(), false)
    }

    /// Makes a store like [`KeyringBackend::new`], with a keyring that you have opened: any store for
    /// `keyring-core`.
    pub fn with_store(
        store: Arc<CredentialStore>,
        service: impl Into<String>,
        account: impl Into<String>,
        path: impl AsRef<Path>,
    ) -> KeyringBackend {
        let open: Open = Box::new(move || Ok(Arc::clone(&store)));
        KeyringBackend::open_by(open, service.into(), account.into(), path.as_ref(), true)
    }

    fn open_by(
        open: Open,
        service: String,
        account: String,
        path: &Path,
        durable: bool,
    ) -> KeyringBackend {
        let key = Arc::new(Key { open, service, account });
        let asked = Arc::clone(&key);
        let sealed = SealedBackend::with_source(FileBackend::new(path), NAME, move |_| match asked
            .read(
        )? {
            Some(key) => Ok(key),
            None => Err(asked.missing()),
        });
        KeyringBackend { sealed, key, durable }
    }

    /// Makes the key, if there is none. Fails if a stored login is sealed with a key that is gone.
    fn make_key(&self) -> Result<(), BoxError> {
        if self.sealed.has_key(NAME) || self.key.read()?.is_some() {
            return Ok(());
        }
        let target = disk::target(self.sealed.store().path())?;
        let _alone = FileLock::new(disk::beside(&target, "", ".key.lock")).lock(WAIT)?;
        if self.key.read()?.is_some() {
            return Ok(());
        }
        match self.sealed.store().load() {
            Ok(Some(_)) => return Err(self.key.missing()),
            Err(error) if !BackendError::is_empty(&error) => return Err(error),
            _ => {}
        }
        self.key.make()
    }
}

impl Key {
    fn entry(&self) -> Result<KeyringEntry, KeyringError> {
        (self.open)()?.build(&self.service, &self.account, None)
    }

    fn read(&self) -> Result<Option<SealingKey>, BoxError> {
        match self.entry().and_then(|entry| entry.get_password()) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let key = SealingKey::from_text(&text).map_err(|_| {
                    BackendError::Config(format!(
                        "{self} is not a sealing key: remove it, or use another name"
                    ))
                })?;
                Ok(Some(key))
            }
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn make(&self) -> Result<(), BoxError> {
        let text = Zeroizing::new(STANDARD.encode(Zeroizing::new(random_bytes::<32>())));
        let put =
            |entry: KeyringEntry| entry.set_password(&text).and_then(|()| entry.get_password());
        let back = self.entry().and_then(put).map_err(|error| self.failed(error))?;
        if *Zeroizing::new(back) == *text {
            return Ok(());
        }
        let text = format!(
            "{self} was read back with another value: this keyring does not keep what it stores"
        );
        Err(BackendError::Config(text).into())
    }

    fn missing(&self) -> BoxError {
        BackendError::Config(format!(
            "{self} is missing, and a login is sealed with it: unlock or restore the keyring, or clear \
             the store and log in again"
        ))
        .into()
    }

    /// The error of a keyring may contain the secret that was read: only the kind of error and the
    /// platform's text are kept.
    fn failed(&self, error: KeyringError) -> BoxError {
        let text = format!(
            "{self} cannot be reached: is a keyring running and unlocked? Without a desktop, use \
             SealedBackend with a key file"
        );
        match error {
            KeyringError::PlatformFailure(source) | KeyringError::NoStorageAccess(source) => {
                BackendError::Unavailable(text).because(source)
            }
            KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => BackendError::Config(
                format!("{self} is not a sealing key: remove it, or use another name"),
            )
            .into(),
            KeyringError::Ambiguous(_) => BackendError::Config(format!(
                "{self} exists more than once: keep only the right key"
            ))
            .into(),
            other => BackendError::Unavailable(text).because(other),
        }
    }
}

/// The key's name in messages.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {}/{} in the keyring", self.service, self.account)
    }
}

#[cfg(target_os = "macos")]
fn platform() -> Result<Arc<CredentialStore>, KeyringError> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn platform() -> Result<Arc<CredentialStore>, KeyringError> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn platform() -> Result<Arc<CredentialStore>, KeyringError> {
    Ok(dbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(not(any(unix, windows)))]
fn platform() -> Result<Arc<CredentialStore>, KeyringError> {
    Err(KeyringError::NotSupportedByStore("this system has no keyring".to_owned()))
}

impl TokenBackend for KeyringBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.sealed.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.make_key()?;
        self.sealed.save(record)
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.sealed.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.sealed.lock(wait)
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.sealed.enter(wait)
    }

    fn probe(&self) -> Result<(), BoxError> {
        self.make_key()?;
        self.sealed.probe()
    }

    fn warnings(&self) -> Vec<String> {
        self.sealed.warnings()
    }

    fn durability(&self) -> Durability {
        match self.sealed.durability() {
            Durability::PowerCut if !self.durable => Durability::Process,
            durability => durability,
        }
    }

    fn compares(&self) -> bool {
        self.sealed.compares()
    }

    fn describe(&self) -> String {
        self.sealed.describe()
    }
}

impl fmt::Debug for KeyringBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringBackend")
            .field("file", &self.describe())
            .field("service", &self.key.service)
            .field("account", &self.key.account)
            .finish_non_exhaustive()
    }
}
