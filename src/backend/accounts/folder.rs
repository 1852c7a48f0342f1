//! The logins of many accounts in a folder, one file for each.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::pace::Pace;
use super::super::{BackendError, Durability, Entry, FileBackend, Guard, TokenBackend, disk};
use super::names::{Named, account_of, file_of};
use super::{LoginStore, Page};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_id;

/// The longest account name that the store accepts, in bytes.
const LONGEST_NAME: usize = 64 << 10;

/// The ending of a login file.
const ENDING: &str = ".json";

/// Keeps the logins of many accounts in a folder, one file for each account, for the processes of one
/// machine. Each file is a [`FileBackend`], with the same lock, reserved space and promise.
///
/// The folder must exist and should have mode 0700. Keep no other files in the folder.
///
/// | account | file |
/// | --- | --- |
/// | `tenant-42` | `tenant-42.json` |
/// | `Anna/Bob` | `%41nna%2f%42ob.json`: small letters, digits and `-_@+.` stay as they are, each other byte is `%` and two digits |
/// | a name whose written form is longer than 120 characters, up to 64 KiB | its first 40 characters, `%-`, the SHA-256 of the name; the file with the further ending `.name` has the whole name |
///
/// Names that differ only in case have different files, also on file systems that ignore case. No login file
/// gets a name that Windows reserves for a device, such as `NUL`. Do not rename the files: a login whose
/// `.name` file is missing or damaged is listed by the name of its file, and all work on that account fails
/// with an error that names the file.
///
/// [`LoginStore::accounts`] reads the folder once for each page.
///
/// ```
/// use evergrant::backend::{FolderStore, LoginStore, Record};
/// use evergrant::Token;
///
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let folder = sandbox.folder();
/// let store = FolderStore::new(folder);
/// store.account("tenant-42")?.save(&Record::from(Token::new("at-1")))?;
/// assert!(folder.join("tenant-42.json").exists());
/// assert_eq!(store.accounts(None, 100)?, ["tenant-42"]);
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    private: bool,
    pace: Pace,
}

impl FolderStore {
    /// Makes a store in a folder without opening the folder. A relative path refers to the present working
    /// directory, even if that changes later.
    pub fn new(folder: impl AsRef<Path>) -> FolderStore {
        FolderStore {
            folder: disk::absolute(folder.as_ref()),
            private: false,
            pace: Pace::system(),
        }
    }

    /// Refuses a login file that others may read or write: [`FileBackend::private_only`].
    #[must_use]
    pub fn private_only(mut self) -> FolderStore {
        self.private = true;
        self
    }

    /// Sets the clock that measures waits, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> FolderStore {
        self.pace = Pace::of(clock);
        self
    }

    /// The path of an account's login file.
    pub fn path(&self, account: &str) -> PathBuf {
        self.folder.join(file_of(account).0)
    }

    /// Returns the reason if this name is the name of a login file whose account is not known.
    fn nameless(&self, name: &str) -> Option<String> {
        let file = login_file(name);
        let hashed = matches!(account_of(&file), Named::Hashed);
        if !hashed || fs::symlink_metadata(self.folder.join(&file)).is_err() {
            return None;
        }
        self.whole_name(&file).err().map(|error| error.to_string())
    }

    /// Reads the whole name of an account whose file name has a hash.
    fn whole_name(&self, file: &str) -> Result<String, BoxError> {
        let path = self.folder.join(file);
        let name = read_name(&name_path(&path))?.filter(|name| file_of(name).0 == file);
        name.ok_or_else(|| {
            BackendError::Corrupt(format!(
                "{} has no file {file}.name with the name of its account: restore that file, or move \
                 both away",
                path.display()
            ))
            .into()
        })
    }
}

impl LoginStore for FolderStore {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        if name.len() > LONGEST_NAME {
            let (length, most) = (name.len(), LONGEST_NAME);
            let text = format!(
                "a name of {length} bytes is too long for a folder: at most {most} bytes are allowed"
            );
            return Err(BackendError::Config(text).into());
        }
        if let Some(reason) = self.nameless(name) {
            return Ok(Arc::new(Nameless { path: self.folder.join(login_file(name)), reason }));
        }
        let (file, hashed) = file_of(name);
        let path = self.folder.join(file);
        let mut store = FileBackend::new(&path).paced(self.pace.clone());
        if self.private {
            store = store.private_only();
        }
        if !hashed {
            return Ok(Arc::new(store));
        }
        let named = AtomicBool::new(false);
        Ok(Arc::new(LongNamed { store, path: name_path(&path), name: name.to_owned(), named }))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let failed = |error| disk::failed("read the folder", &self.folder, &error);
        let mut page = Page::new(after, most);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            // This store writes only names in UTF-8.
            let Some(file) = file.to_str() else { continue };
            match account_of(file) {
                Named::Account(name) => page.offer(&name),
                Named::Hashed => match self.whole_name(file) {
                    Ok(name) => page.offer(&name),
                    // A damaged name must not hide the other accounts.
                    Err(_) => page.offer(file.strip_suffix(ENDING).unwrap_or(file)),
                },
                Named::Other => {}
            }
        }
        Ok(page.names())
    }
}

/// The login file of an account that is listed by the name of its file.
fn login_file(name: &str) -> String {
    format!("{name}{ENDING}")
}

/// The file, beside a login file, that contains the whole name of the account.
fn name_path(login: &Path) -> PathBuf {
    disk::beside(login, "", ".name")
}

fn read_name(path: &Path) -> Result<Option<String>, BoxError> {
    let opened = disk::open(path, File::options().read(true))?;
    let Some((file, _)) = opened else { return Ok(None) };
    let mut name = Vec::new();
    let read = file.take(LONGEST_NAME as u64 + 1).read_to_end(&mut name);
    read.map_err(|error| disk::failed("read", path, &error))?;
    // A damaged name is written again by the next save.
    Ok(String::from_utf8(name).ok())
}

/// The login of an account whose name is too long for a file name.
struct LongNamed {
    store: FileBackend,
    path: PathBuf,
    name: String,
    /// Whether this value has read the whole name from its file.
    named: AtomicBool,
}

impl LongNamed {
    /// Makes sure that the whole name is on the disk before the login: a login without a name would not
    /// be listed. The file with the name stays when the login is cleared, because another process may
    /// save a new login at the same moment.
    fn keep_name(&self) -> Result<(), BoxError> {
        if self.named.load(Ordering::Relaxed) {
            return Ok(());
        }
        let path = disk::target(&self.path)?;
        if read_name(&path)?.as_ref() != Some(&self.name) {
            let next = disk::beside(&path, ".", &format!(".evergrant-{}", random_id()));
            let written = disk::create(&next).and_then(|mut file| {
                file.write_all(self.name.as_bytes())?;
                disk::flush(&file)?;
                drop(file);
                fs::rename(&next, &path)
            });
            if let Err(error) = written {
                let _ = disk::remove(&next);
                return Err(disk::failed("write", &path, &error));
            }
        }
        // Another process may have written the file and not flushed the folder yet.
        disk::flush_folder(&path)?;
        self.named.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl TokenBackend for LongNamed {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.store.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.keep_name()?;
        self.store.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.store.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.store.lock(wait)
    }
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.store.enter(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        self.keep_name()?;
        self.store.probe()
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

/// A login whose account is not known, because the file with the account's name is missing or damaged.
struct Nameless {
    path: PathBuf,
    reason: String,
}

impl Nameless {
    fn fails<T>(&self) -> Result<T, BoxError> {
        Err(BackendError::Corrupt(self.reason.clone()).into())
    }
}

impl TokenBackend for Nameless {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.fails()
    }
    fn save(&self, _: &Record) -> Result<(), BoxError> {
        self.fails()
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.fails()
    }
    fn lock(&self, _: Duration) -> Result<Guard, BoxError> {
        self.fails()
    }
    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}
