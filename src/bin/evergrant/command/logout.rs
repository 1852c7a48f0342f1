//! `logout`: the service revokes the login, and the store forgets it.

use std::time::Duration;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::logins::{self, Login};

pub(crate) fn run(context: &Context, name: &str, forget: bool) -> Outcome {
    let login = context.find(name)?;
    if forget {
        return forgotten(context, &login);
    }
    let opened = context.open(login)?;
    let client = opened.client()?;
    if opened.provider().revocation_endpoint().is_none() {
        return Err(Failure::new(format!(
                "{} has no address for revocation that the tool knows: end the login on the service's own page, \
                 and remove it here",
                opened.provider().display_name()
            ))
            .hint(format!("evergrant logout {name} --forget")));
    }
    let was_there = client.revoke().map_err(|error| opened.failed(&client, &error))?;
    logins::forget(opened.name(), &context.places)?;
    context.tell(match was_there {
        false => "Nobody was logged in.",
        true => "The service has revoked the login, and the login was removed from its store.",
    });
    Ok(0)
}

/// Removes a login from its store without asking the service, even if the service's description is
/// gone.
fn forgotten(context: &Context, login: &Login) -> Outcome {
    let store = context.store(&context.place(login)?, &login.name)?;
    let guard = store.lock(Duration::from_secs(60))?;
    // A damaged record is removed, too.
    let was_there = !matches!(store.load(), Ok(None));
    store.clear()?;
    drop(guard);
    logins::forget(&login.name, &context.places)?;
    context.tell(match was_there {
        false => "Nobody was logged in.",
        true => "The login was removed from its store, and was not revoked at the service.",
    });
    Ok(0)
}
