//! `logout`: the service revokes the login, and the store forgets it.

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::logins;

pub(crate) fn run(context: &Context, name: &str, forget: bool) -> Outcome {
    let login = context.find(name)?;
    let opened = context.open(login)?;
    let client = opened.client()?;
    let was_there = if forget {
        let was_there = client.stored()?.is_some();
        client.clear()?;
        was_there
    } else {
        if opened.provider().revocation_endpoint().is_none() {
            return Err(Failure::new(format!(
                "{} has no address for revocation that the tool knows: end the login on the service's own page, \
                 and remove it here",
                opened.provider().display_name()
            ))
            .hint(format!("evergrant logout {name} --forget")));
        }
        client.revoke().map_err(|error| opened.failed(&client, &error))?
    };
    logins::forget(opened.name(), &context.places)?;
    context.tell(match (was_there, forget) {
        (false, _) => "Nobody was logged in.",
        (true, true) => "The login is removed here; the service was not told.",
        (true, false) => "The service has revoked the login, and it is removed here.",
    });
    Ok(0)
}
