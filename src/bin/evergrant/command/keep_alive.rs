//! `keep-alive`: refreshes the logins that are due, for cron.

use evergrant::Client;

use super::Context;
use crate::failure::{Failure, LATER, LOG_IN, Outcome, WRONG};
use crate::logins::Login;
use crate::show;

pub(crate) fn run(context: &Context, names: &[String]) -> Outcome {
    let logins: Vec<(String, Outcome<Login>)> = match names {
        [] => {
            let logins = context.all()?;
            logins.into_iter().map(|login| (login.name.clone(), Ok(login))).collect()
        }
        // A wrong name stops no other login.
        names => names.iter().map(|name| (name.clone(), context.find(name))).collect(),
    };
    let mut code = 0;
    for (name, login) in logins {
        match login.and_then(|login| one(context, login)) {
            Ok(text) => context.tell(&format!("{name}: {text}")),
            Err(failure) => {
                code = worse(code, failure.code);
                show::failure(&Failure { text: format!("{name}: {}", failure.text), ..failure });
            }
        }
    }
    Ok(code)
}

fn one(context: &Context, login: Login) -> Outcome<&'static str> {
    let opened = context.open(login)?;
    let client = opened.client()?;
    match opened.tried(&client, Client::keep_alive)? {
        true => Ok("refreshed"),
        false => Ok("not due"),
    }
}

/// The code that matters more: a person has to log in, something is wrong, try later.
pub(crate) fn worse(a: u8, b: u8) -> u8 {
    let rank = |code| match code {
        LOG_IN => 3,
        WRONG => 2,
        LATER => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}
