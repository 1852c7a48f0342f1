//! `keep-alive`: refreshes the logins that are due, for cron. The logins of one service are the accounts of
//! one `Logins`, whose sweep respects the limits of the service.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evergrant::{Logins, logins};
use parking_lot::Mutex;

use super::{Context, Opened, authorities};
use crate::failure::{Failure, LATER, LOG_IN, Outcome, WRONG};
use crate::shelf::{STOPPED, Shelf};
use crate::show;

/// How long the sweep tries again to refresh a login that another process refreshes, or whose service does
/// not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The outcome for each login, by name.
type Done = BTreeMap<String, Outcome<&'static str>>;

pub(crate) fn run(context: &Context, names: &[String]) -> Outcome {
    let names = match names {
        [] => context.all()?.into_iter().map(|login| login.name).collect(),
        names => names.to_vec(),
    };
    let mut done = Done::new();
    let mut groups: Vec<Vec<Opened>> = Vec::new();
    // The names of the results. A login has one result, even if the person names it twice.
    let mut told: Vec<String> = Vec::new();
    for name in &names {
        // An unknown name does not stop the other logins.
        let (name, found) = match context.find(name).and_then(|login| context.open(login)) {
            Err(failure) => (name.clone(), Err(failure)),
            Ok(opened) => (opened.name().to_owned(), Ok(opened)),
        };
        if told.contains(&name) {
            continue;
        }
        match found {
            Err(failure) => drop(done.insert(name.clone(), Err(failure))),
            Ok(opened) => match groups.iter_mut().find(|group| belongs(&opened, group)) {
                Some(group) => group.push(opened),
                None => groups.push(vec![opened]),
            },
        }
        told.push(name);
    }
    for group in groups {
        sweep(&group, &mut done)?;
    }
    let mut code = 0;
    for name in &told {
        let outcome = done.remove(name).unwrap_or_else(|| Err(Failure::new("was not visited")));
        match outcome {
            Ok(text) => context.tell(&format!("{name}: {text}")),
            Err(failure) => {
                code = worse(code, failure.code);
                show::failure(&Failure { text: format!("{name}: {}", failure.text), ..failure });
            }
        }
    }
    Ok(code)
}

/// Whether a login has the service and the credentials of a group.
fn belongs(opened: &Opened, group: &[Opened]) -> bool {
    group.first().is_some_and(|first| {
        first.service.spelling == opened.service.spelling
            && first.login.about.api_base == opened.login.about.api_base
            && first.credentials == opened.credentials
    })
}

/// Keeps the logins of one service alive.
fn sweep(group: &[Opened], done: &mut Done) -> Outcome<()> {
    let Some(Opened { service, credentials, .. }) = group.first() else { return Ok(()) };
    let stores = group.iter().map(|opened| (opened.name().to_owned(), Arc::clone(&opened.store)));
    let tls = authorities()?;
    let builder =
        Logins::builder(service.provider.clone(), credentials.clone(), Shelf(stores.collect()));
    let logins = builder.clients(|client| service.set(client, tls)).build();
    // If the store failed to save a new token, tries again, then writes the token into a file.
    let rescued = |name: &str, outcome: Outcome<&'static str>| {
        let opened = group.iter().find(|opened| opened.name() == name);
        let unsaved = opened.filter(|opened| opened.unsaved.record().is_some());
        let saved = match unsaved.zip(logins.client(name).ok()) {
            Some((opened, client)) => opened.finish(&client),
            None => Ok(false),
        };
        match saved {
            Ok(false) => outcome,
            Ok(true) => Ok("refreshed"),
            Err(failure) => Err(failure),
        }
    };
    let (found, safe) = (Mutex::new(Done::new()), Mutex::new(Vec::new()));
    let sweep = logins.keep_alive().patience(PATIENCE).on_progress(|progress| {
        let name = progress.account;
        let mut outcome = outcome(name, progress.outcome, progress.reason);
        if progress.outcome == logins::Outcome::NotSaved {
            // Only this process has the token, and the sweep may go on for long.
            outcome = rescued(name, outcome);
            safe.lock().push(name.to_owned());
        }
        found.lock().insert(name.to_owned(), outcome);
    });
    sweep.run()?;
    for (name, outcome) in found.into_inner() {
        let outcome = match safe.lock().contains(&name) {
            true => outcome,
            false => rescued(&name, outcome),
        };
        done.insert(name, outcome);
    }
    Ok(())
}

fn outcome(name: &str, outcome: logins::Outcome, reason: Option<&str>) -> Outcome<&'static str> {
    if reason.is_some_and(|reason| reason.contains(STOPPED)) {
        return Err(Failure::told(LATER, STOPPED));
    }
    let code = match outcome {
        logins::Outcome::Kept => return Ok("not due"),
        logins::Outcome::Refreshed => return Ok("refreshed"),
        logins::Outcome::Gone => return Err(Failure::nobody(name)),
        logins::Outcome::NeedsPerson => LOG_IN,
        logins::Outcome::PutOff | logins::Outcome::NotSaved => LATER,
        _ => WRONG,
    };
    let failure = Failure::told(code, reason.unwrap_or("the login could not be refreshed"));
    Err(match code {
        LOG_IN => failure.hint(format!("evergrant login {name}")),
        _ => failure,
    })
}

/// Returns the more serious of two exit codes. The order: a person has to log in, another fault,
/// try later.
pub(crate) fn worse(a: u8, b: u8) -> u8 {
    let rank = |code| match code {
        LOG_IN => 3,
        WRONG => 2,
        LATER => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}
