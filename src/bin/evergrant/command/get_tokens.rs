//! `get-tokens`: logs in and prints the tokens as lines of a `.env` file.

use super::{Context, login};
use crate::arguments;
use crate::failure::Outcome;
use crate::show;

pub(crate) fn run(context: &Context, asked: &arguments::Login) -> Outcome {
    let (new, service) =
        context.new_login(&asked.provider, asked.name.as_deref(), asked.api_base.as_deref())?;
    let opened = context.open_with(new, service)?;
    let client = login::patient(opened.forgetful()?, &opened, asked);
    login::authorize(&client, &opened, asked)?;
    let token = client.token()?;
    let prefix = opened.provider().env_prefix();
    let mut lines = format!("{prefix}_ACCESS_TOKEN={}\n", token.access_token().expose());
    if let Some(refresh_token) = token.refresh_token() {
        lines.push_str(&format!("{prefix}_REFRESH_TOKEN={}\n", refresh_token.expose()));
    }
    if let Some(end) = token.expires_at() {
        lines.push_str(&format!("{prefix}_EXPIRES_AT={}\n", show::rfc3339(end)));
    }
    show::write(lines.as_bytes())?;
    context.tell(
        "These lines are secrets. The first refresh makes them invalid, so give them to one program: \
         `Client::seed`, or `evergrant import`.",
    );
    Ok(0)
}
