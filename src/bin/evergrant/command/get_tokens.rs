//! `get-tokens`: logs in and prints the tokens as lines of a `.env` file.

use super::{Context, login};
use crate::arguments;
use crate::failure::Outcome;
use crate::rescue::quoted;
use crate::show;

pub(crate) fn run(context: &Context, asked: &arguments::Login) -> Outcome {
    let (new, service) =
        context.new_login(&asked.provider, asked.name.as_deref(), asked.api_base.as_deref())?;
    let opened = context.open_with(new, service)?;
    let client = login::patient(opened.forgetful()?, &opened, asked);
    login::authorize(&client, &opened, asked)?;
    let token = client.token()?;
    let prefix = opened.provider().env_prefix();
    // A shell and the readers of .env files read the quoted text alike.
    let line = |name: &str, text: &str| format!("{prefix}_{name}={}\n", quoted(text));
    let mut lines = line("ACCESS_TOKEN", token.access_token().expose());
    if let Some(refresh_token) = token.refresh_token() {
        lines.push_str(&line("REFRESH_TOKEN", refresh_token.expose()));
    }
    if let Some(end) = token.expires_at() {
        lines.push_str(&line("EXPIRES_AT", &show::rfc3339(end)));
    }
    show::write(lines.as_bytes())?;
    context.tell(
        "These lines are secrets. The first refresh makes them invalid, so give them to one program only, or \
         import them with `evergrant import`.",
    );
    Ok(0)
}
