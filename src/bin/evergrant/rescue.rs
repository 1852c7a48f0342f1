//! Saves a new login that the store failed to save: by further tries, then in a file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evergrant::backend::Record;
use evergrant::{Client, Error};

use crate::command::{Context, Opened};
use crate::failure::{Failure, Outcome};
use crate::places::Places;
use crate::{show, signals};

/// The seconds between the tries, about a minute in all.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// Saves the login that the client could not save. A signal ends the tries early: then the login goes
/// into a file.
pub(crate) fn insist(opened: &Opened, client: &Client) -> Outcome<()> {
    let Err(mut error) = client.clone().close() else { return Ok(()) };
    let _hold = signals::hold();
    show::note(&format!(
        "warning: the new login `{}` cannot be saved; the command tries again for a minute: {error:#}",
        opened.name()
    ));
    for pause in PAUSES {
        let stop = signals::wait(Duration::from_secs(pause));
        match client.clone().close() {
            Ok(()) => {
                show::note("The new login is saved now.");
                return Ok(());
            }
            Err(last) => error = last,
        }
        if stop {
            break;
        }
    }
    let failure = into_file(opened, &error);
    // A waiting signal ends the process before `main` shows the failure, so show the failure here.
    if signals::is_waiting() {
        show::failure(&failure);
    }
    Err(failure)
}

fn into_file(opened: &Opened, error: &Error) -> Failure {
    let record = opened.unsaved.record().or_else(|| match error {
        Error::NotSaved(lost) => Some(lost.token.clone().into()),
        _ => None,
    });
    let Some(record) = record else { return Failure::new(format!("{error:#}")) };
    let name = opened.name();
    // Keep the settings of the login, so that the import uses the same store. If this fails, the
    // person can name the store with `--store`.
    let _ = crate::logins::settle(name, &opened.places);
    match write(name, &record, &opened.places) {
        Ok(path) => Failure::new(format!(
            "the new login `{name}` could not be saved in {}: {}. It is in the file {} now",
            opened.place.shown(),
            reason(error),
            path.display()
        ))
        .hint(format!(
            "evergrant import {} {} --name {name}",
            quoted(&opened.service.spelling),
            quoted(&path.display().to_string())
        )),
        Err(failure) => Failure::new(format!(
            "the new login `{name}` is lost: the store failed ({}), and it could not be written into a file: {}",
            reason(error),
            failure.text
        ))
        .hint(format!("evergrant login {name}")),
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::NotSaved(lost) => lost.source.to_string(),
        other => format!("{other:#}"),
    }
}

/// Quotes a word for a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@+=,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// Writes the record into a new file, in the first folder where this works.
fn write(name: &str, record: &Record, places: &Places) -> Outcome<PathBuf> {
    let bytes = record.to_json()?;
    let mut last = Failure::new("there is no folder for it");
    for folder in [places.logins.clone(), places.settings.clone(), std::env::temp_dir()] {
        for number in 1..100 {
            let path = folder.join(format!("{name}.rescue-{number}.json"));
            match create(&path, &bytes) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    last = crate::failure::file("write", &path, &error);
                    break;
                }
            }
        }
    }
    Err(last)
}

/// Writes a new file that this user alone can read, and flushes the file and its folder.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // An error is ignored: the file is complete, and some file systems cannot flush a folder.
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    written
}

/// Puts the record of a rescue file into its store. Returns whether the record was saved.
pub(crate) fn restore(context: &Context, opened: &Opened, record: &Record) -> Outcome<bool> {
    use evergrant::backend::BackendError;
    if opened.place.is_in(&context.places.logins) {
        context.places.make()?;
    }
    let store = &opened.store;
    let _guard = store.lock(Duration::from_secs(60))?;
    let stored = match store.load() {
        Err(error) if matches!(error.downcast_ref(), Some(BackendError::Empty(_))) => None,
        stored => stored?,
    };
    if let Some(stored) = stored {
        if stored.login() != record.login() || stored.generation() >= record.generation() {
            return Ok(false);
        }
        // A save of an imported record never replaces another record, so clear the older record first. The
        // lock excludes other processes meanwhile.
        store.clear()?;
    }
    store.save(record)?;
    Ok(true)
}
