//! `move`: moves a login to another store.

use evergrant::backend::{TokenBackend as _, move_login};

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::logins;
use crate::store::Place;

pub(crate) fn run(context: &Context, name: &str, to: &str) -> Outcome {
    let mut login = context.find(name)?;
    let from = context.place(&login)?;
    let place = Place::parse(to, name, &context.places.logins)?;
    if place.has_password() {
        return Err(Failure::new(
            "the address of the new store has a password, and other users of this machine can read arguments",
        ));
    }
    if from == place {
        return Err(Failure::new("this is the store that the login is in"));
    }
    let (old, new) = (from.open(name)?, place.open(name)?);
    if !move_login(&*old, &*new)? {
        return Err(Failure::nobody(name));
    }
    login.about.store = Some(place.address());
    logins::keep(&login, &context.places)?;
    context.tell(&format!("Moved `{name}` from {} to {}.", old.describe(), new.describe()));
    Ok(0)
}
