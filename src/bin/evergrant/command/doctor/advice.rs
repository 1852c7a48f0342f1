//! Advice for each kind of error: the command or the change that fixes it.

use std::error::Error;

use evergrant::backend::BackendError;

use crate::failure::{LATER, WRONG};
use crate::rescue::quoted;
use crate::store::Place;

/// The page of the guide that explains stores and platforms.
pub(super) const PLATFORM: &str =
    "see https://docs.rs/evergrant/latest/evergrant/guide/platform/index.html";
pub(super) const STORES: &str =
    "see https://docs.rs/evergrant/latest/evergrant/guide/stores/index.html";

/// The exit code for a store's error, and the advice.
pub(super) fn of_store(error: &(dyn Error + 'static), place: &Place, login: &str) -> (u8, String) {
    let database = !matches!(place, Place::File(_) | Place::Keyring(_) | Place::Sqlite(_));
    match found(error) {
        Some(BackendError::Busy(_)) => {
            (LATER, "another process refreshes the login now: run this again".to_owned())
        }
        Some(BackendError::Unavailable(_)) if database => {
            (LATER, "start the server, or correct its address in the store's variable".to_owned())
        }
        Some(BackendError::Unavailable(_)) if matches!(place, Place::Keyring(_)) => {
            (LATER, "unlock the keyring of your session".to_owned())
        }
        Some(BackendError::Unavailable(_)) => (LATER, "run this again".to_owned()),
        Some(BackendError::NoConnection(_)) => {
            (LATER, "run this again, or allow more connections at the server".to_owned())
        }
        Some(BackendError::Full(_)) => (LATER, "free space on the disk of the store".to_owned()),
        Some(BackendError::Corrupt(_)) => {
            let name = quoted(login);
            let mend = format!("evergrant logout {name} --forget, and evergrant login {name}");
            (WRONG, mend)
        }
        _ => (
            WRONG,
            "give the user of this process the right to write there, or choose another store with --store"
                .to_owned(),
        ),
    }
}

/// The store's own error in a chain of errors.
fn found<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a BackendError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The command that makes a folder for this user alone.
pub(super) fn make_folder(folder: &str) -> String {
    match cfg!(windows) {
        true => format!("mkdir {folder:?}, or connect the drive that has it"),
        false => format!("mkdir -p -m 700 {}, or mount the disk that has it", quoted(folder)),
    }
}

/// The command that moves away a file at whose path a folder must be.
pub(super) fn move_away(path: &str) -> String {
    let old = format!("{path}.old");
    match cfg!(windows) {
        true => format!("move {path:?} {old:?}"),
        false => format!("mv {} {}", quoted(path), quoted(&old)),
    }
}

/// The command that sets a variable.
pub(super) fn set(name: &str, value: &str) -> String {
    match cfg!(windows) {
        true => format!("set {name}={value}"),
        false => format!("export {name}={value}"),
    }
}

/// The command that removes a variable.
pub(super) fn unset(name: &str) -> String {
    match cfg!(windows) {
        true => format!("set {name}="),
        false => format!("unset {name}"),
    }
}

/// The command that synchronizes the clock with a time server.
pub(super) fn set_clock() -> &'static str {
    match std::env::consts::OS {
        "windows" => "w32tm /resync",
        "macos" => "sudo sntp -sS time.apple.com",
        _ => "timedatectl set-ntp true",
    }
}

#[cfg(test)]
mod tests {
    use evergrant::BoxError;

    use super::*;

    #[test]
    fn each_error_of_a_store_has_its_own_advice() {
        let file = Place::File("/logins/acme.json".into());
        let server = Place::Redis("redis://r.example/0".to_owned());
        let advice = |error: BackendError, place: &Place| {
            let error: BoxError = error.into();
            of_store(&*error, place, "acme")
        };
        let text = || "no".to_owned();
        let (code, mend) = advice(BackendError::Unavailable(text()), &server);
        assert!(code == LATER && mend.contains("start the server"), "{mend}");
        let (code, mend) = advice(BackendError::Corrupt(text()), &file);
        assert_eq!(
            (code, &*mend),
            (WRONG, "evergrant logout acme --forget, and evergrant login acme")
        );
        assert_eq!(advice(BackendError::Busy(text()), &file).0, LATER);
        assert!(advice(BackendError::Full(text()), &file).1.contains("free space"));
        assert!(advice(BackendError::Config(text()), &file).1.contains("right to write"));
    }
}
