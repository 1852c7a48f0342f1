//! `token`: prints an access token for another program.

use std::io::IsTerminal as _;

use evergrant::Client;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::show;

pub(crate) fn run(context: &Context, name: &str, terminal: bool) -> Outcome {
    if std::io::stdout().is_terminal() && !terminal {
        return Err(Failure::new(
            "a token is a secret, and a terminal keeps what it shows: pass the token to a program",
        )
        .hint(format!(
            "curl -H \"Authorization: Bearer $(evergrant token {name})\" https://..., or --terminal"
        )));
    }
    let opened = context.open(context.find(name)?)?;
    let client = opened.client()?;
    let token = opened.tried(&client, Client::token)?;
    if token.dpop_key().is_some() {
        return Err(Failure::new(
            "this login is bound to a key (RFC 9449), so the token alone is of no use to another program",
        )
        .hint(format!("evergrant call {name} GET /...")));
    }
    show::print(token.access_token().expose())?;
    Ok(0)
}
