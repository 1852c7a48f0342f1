//! Starts a charge session, waits until the car charges, and stops the session.
//!
//! `cargo run --features shell-ev --example shell_charge` uses a sandbox on this machine. With
//! `O_AUTH_CLIENT_ID`, `O_AUTH_CLIENT_SECRET` and `ENVIRONMENT` (`SIT` or `PRODUCTION`) set, the example
//! charges a real car: `... --example shell_charge -- CARD EVSE`. The token is kept in `shell.json`.

use std::time::Duration;

use evergrant::shell_ev::{Environment, SessionStatus, ShellEv, request_id};
use evergrant::{BoxError, Error, FileBackend};

#[path = "shared/shell.rs"]
mod shell;

fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (sandbox, shell, card, evse) = match std::env::var_os("O_AUTH_CLIENT_ID") {
        Some(_) => {
            let shell =
                ShellEv::from_env(Environment::from_env()?, FileBackend::new("shell.json"))?;
            let (Some(card), Some(evse)) = (arguments.next(), arguments.next()) else {
                return Err("usage: shell_charge CARD EVSE".into());
            };
            (None, shell, card, evse)
        }
        None => {
            let (sandbox, shell) = shell::sandbox()?;
            (Some(sandbox), shell, "NL-TNM-C00122045-K".to_owned(), "NL*TNM*E02003451*0".to_owned())
        }
    };
    let charging = shell.charging();
    let started = match charging.start(&card, &evse).call() {
        Ok(started) => started,
        // Shell may have started the session. Check `active` before you start another session.
        Err(error @ Error::Transport(_)) if request_id(&error).is_some() => {
            return Err(format!("it is not known whether the session started: {error:#}").into());
        }
        Err(error) => return Err(error.into()),
    };
    println!("start requested: request {}", started.request_id);
    let id = started.session_id.ok_or("Shell sent no session id")?;
    let session = charging.settled(&id, Duration::from_secs(60))?;
    println!(
        "session {id}: {}",
        session.phase().map_or("unknown".into(), |phase| phase.to_string())
    );
    if session.phase() == Some(SessionStatus::Started) {
        charging.stop(&id).call()?;
        let session = charging.settled(&id, Duration::from_secs(60))?;
        println!(
            "session {id}: {}",
            session.phase().map_or("unknown".into(), |phase| phase.to_string())
        );
    }
    drop(sandbox);
    Ok(())
}
