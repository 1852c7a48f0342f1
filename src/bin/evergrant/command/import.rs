//! `import`: stores a login that another program has obtained.

use std::collections::BTreeMap;
use std::path::Path;

use evergrant::Token;
use evergrant::backend::Record;

use super::{Context, Opened};
use crate::arguments;
use crate::failure::{Failure, Outcome, file};
use crate::{logins, text};

/// The largest size of a file with a token, in bytes.
const LIMIT: u64 = 1 << 20;

pub(crate) fn run(context: &Context, asked: &arguments::Import) -> Outcome {
    let (login, service) =
        context.new_login(&asked.provider, asked.name.as_deref(), asked.api_base.as_deref())?;
    let opened = context.open_with(login, service)?;
    let prefix = opened.provider().env_prefix();
    let token = match asked.file.as_deref() {
        Some("-") => {
            let text = read("the standard input", std::io::stdin().lock())?;
            if let Ok(record) = Record::from_json(text.as_bytes()) {
                return whole(context, &opened, &record);
            }
            Token::from_json(&text)?
        }
        Some(path) => {
            let path = Path::new(path);
            let open = std::fs::File::open(path).map_err(|error| file("read", path, &error))?;
            let text = read(&path.display().to_string(), open)?;
            if let Ok(record) = Record::from_json(text.as_bytes()) {
                return whole(context, &opened, &record);
            }
            match text.trim_start().starts_with(['{', '[', '\u{feff}']) {
                true => Token::from_json(&text)?,
                false => block(&text, path, &prefix)?,
            }
        }
        None => {
            let sources = context.sources(&opened.login, &opened.service);
            let names = ["REFRESH_TOKEN", "ACCESS_TOKEN"].map(|name| format!("{prefix}_{name}"));
            let mut file = None;
            for name in &names {
                file = if file.is_none() { sources.file_with(name)? } else { file };
            }
            match file {
                Some(variables) => variables.token(&prefix)?,
                None => Token::from_env(&prefix)?,
            }
        }
    };
    if opened.place.is_in(&context.places.logins) {
        context.places.make()?;
    }
    let client = opened.client()?;
    let kept = logins::Kept::new(&opened.login, &context.places)?;
    let seeded = match client.seed(token) {
        Err(evergrant::Error::NotSaved(_)) => opened.finish(&client).map(|_| true),
        seeded => seeded.map_err(Into::into),
    };
    match &seeded {
        Ok(true) => kept.done()?,
        // The store may have the login in spite of its error. The mark in the settings makes each command look.
        Err(_) if opened.unsaved.record().is_some() => {}
        _ => kept.undo()?,
    }
    if !seeded? {
        return Err(Failure::new(format!(
            "`{}` has a login already, and an older token must not replace it",
            opened.name()
        ))
        .hint(format!("evergrant logout {}, and import again", opened.name())));
    }
    context.tell(&format!(
        "The login `{}` is stored. Do not use it in the other program any more: both would send the same \
         refresh token.",
        opened.name()
    ));
    Ok(0)
}

/// The token in the lines of a `.env` file. Variables of the process are ignored.
fn block(text: &str, path: &Path, prefix: &str) -> Outcome<Token> {
    let shown = path.display();
    let pairs = dotenvy::from_read_iter(text.as_bytes()).collect::<Result<BTreeMap<_, _>, _>>();
    let pairs = pairs.map_err(|_| Failure::new(format!("{shown} is not a .env file")))?;
    let value = |name: &str| {
        pairs.get(&format!("{prefix}_{name}")).filter(|value| !value.is_empty()).cloned()
    };
    let token = match (value("ACCESS_TOKEN"), value("REFRESH_TOKEN")) {
        (Some(access), Some(refresh)) => Token::new(access).with_refresh_token(refresh),
        (Some(access), None) => Token::new(access),
        (None, Some(refresh)) => return Ok(Token::from_refresh_token(refresh)),
        (None, None) => {
            return Err(Failure::new(format!(
                "{shown} has neither {prefix}_ACCESS_TOKEN nor {prefix}_REFRESH_TOKEN"
            )));
        }
    };
    let Some(end) = value("EXPIRES_AT") else { return Ok(token) };
    let form = &evergrant::time::format_description::well_known::Rfc3339;
    let end = evergrant::time::OffsetDateTime::parse(&end, form).map_err(|_| {
        Failure::new(format!(
            "{prefix}_EXPIRES_AT in {shown} is not a date such as 2026-06-01T12:00:00Z"
        ))
    })?;
    Ok(token.with_expires_at(end))
}

/// Imports a complete record: a rescue file, or the file of another login.
fn whole(context: &Context, opened: &Opened, record: &Record) -> Outcome {
    let kept = logins::Kept::new(&opened.login, &context.places)?;
    let restored = crate::rescue::restore(context, opened, record);
    match restored {
        Ok(true) => kept.done()?,
        _ => kept.undo()?,
    }
    if !restored? {
        return Err(Failure::new(format!(
            "`{}` already has a newer state of this login, or another login: nothing was replaced",
            opened.name()
        ))
        .hint(format!("evergrant status {}", opened.name())));
    }
    context.tell(&format!(
        "The login `{}` is stored. Remove the imported file: a program that uses it would send the same refresh token.",
        opened.name()
    ));
    Ok(0)
}

fn read(name: &str, source: impl std::io::Read) -> Outcome<String> {
    let read = text::read(source, LIMIT);
    read.map_err(|error| Failure::new(format!("cannot read {name}: {error}")))
}
