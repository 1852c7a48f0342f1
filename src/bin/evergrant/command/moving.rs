//! `move`: moves a login to another store.

use evergrant::backend::move_login;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::logins;
use crate::store::Place;

pub(crate) fn run(
    context: &Context,
    name: &str,
    to: Option<&str>,
    variable: Option<&str>,
) -> Outcome {
    let mut login = context.find(name)?;
    let from = context.place(&login)?;
    let address = match (to, variable) {
        (Some(to), _) => to.to_owned(),
        (None, Some(variable)) => logins::variable_of(variable)?,
        (None, None) => {
            return Err(Failure::new("name the new store, or its variable with --to-env"));
        }
    };
    let place = Place::parse(&address, &login.name, &context.places.logins)?;
    if place.has_password() && variable.is_none() {
        return Err(Failure::new(
            "the address of the new store has a password, and other users of this machine can read arguments: \
             put the address into a variable, and name the variable with --to-env",
        ));
    }
    if from == place {
        return Err(Failure::new("the login is already in this store"));
    }
    context.check_alone(&login.name, &place)?;
    let (old, new) = (context.store(&from, &login.name)?, context.store(&place, &login.name)?);
    if let Some(other) = unfinished(&*old).filter(|other| *other != new.describe()) {
        return Err(Failure::new(format!(
            "an unfinished move of `{}` leads to {other}: finish that move first, with the same command as before",
            login.name
        )));
    }
    // An earlier run may have been killed after it had cleared the old store.
    if !move_login(&*old, &*new)? && new.load()?.is_none() {
        return Err(Failure::nobody(&login.name));
    }
    login.remember(&place, variable);
    logins::keep(&login, &context.places)?;
    let name = &login.name;
    context.tell(&format!("Moved `{name}` from {} to {}.", old.describe(), new.describe()));
    Ok(0)
}

/// The new store of an unfinished move, which `move_login` notes in the record.
fn unfinished(store: &dyn evergrant::backend::TokenBackend) -> Option<String> {
    let record = store.load().ok()??.to_json().ok()?;
    let record: serde_json::Value = serde_json::from_slice(&record).ok()?;
    record.get("moving")?.as_str().map(str::to_owned)
}
