//! `import`: takes over a login that another program has stored.

use std::io::Read as _;
use std::path::Path;

use evergrant::Token;

use super::Context;
use crate::arguments;
use crate::failure::{Failure, Outcome, file};
use crate::logins;
use crate::store::Place;

/// The most bytes that a file with a token may have.
const LIMIT: u64 = 1 << 20;

pub(crate) fn run(context: &Context, asked: &arguments::Import) -> Outcome {
    let (login, service) =
        context.new_login(&asked.provider, asked.name.as_deref(), asked.api_base.as_deref())?;
    let opened = context.open_with(login, service)?;
    let prefix = opened.provider().env_prefix();
    let token = match asked.file.as_deref() {
        Some("-") => Token::from_json(&read("the standard input", std::io::stdin().lock())?)?,
        Some(path) => {
            let path = Path::new(path);
            let open = std::fs::File::open(path).map_err(|error| file("read", path, &error))?;
            let text = read(&path.display().to_string(), open)?;
            match text.trim_start().starts_with(['{', '[', '\u{feff}']) {
                true => Token::from_json(&text)?,
                false => evergrant::Dotenv::file(path)?.token(&prefix)?,
            }
        }
        None => {
            let name = format!("{prefix}_REFRESH_TOKEN");
            let sources = context.sources(&opened.login, &opened.service);
            match sources.file_with(&name)? {
                Some(variables) => variables.token(&prefix)?,
                None => Token::from_env(&prefix)?,
            }
        }
    };
    if matches!(opened.place, Place::File(_)) && opened.login.about.is_default() {
        context.places.make()?;
    }
    let client = opened.client()?;
    if !client.seed(token)? {
        return Err(Failure::new(format!(
            "`{}` has a login already, and an older token must not replace it",
            opened.name()
        ))
        .hint(format!("evergrant logout {}, and import again", opened.name())));
    }
    logins::keep(&opened.login, &context.places)?;
    context.tell(&format!(
        "The login `{}` is here now. Do not use it in the other program any more: both would send the same \
         refresh token.",
        opened.name()
    ));
    Ok(0)
}

fn read(name: &str, source: impl std::io::Read) -> Outcome<String> {
    let mut text = String::new();
    let read = source.take(LIMIT).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
    Ok(text)
}
