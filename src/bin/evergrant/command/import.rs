//! `import`: takes over a login that another program has stored.

use std::io::Read as _;
use std::path::Path;

use evergrant::Token;
use evergrant::backend::Record;

use super::{Context, Opened};
use crate::arguments;
use crate::failure::{Failure, Outcome, file};
use crate::logins;

/// The most bytes that a file with a token may have.
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
    if opened.place.is_in(&context.places.logins) {
        context.places.make()?;
    }
    let client = opened.client()?;
    let kept = logins::Kept::new(&opened.login, &context.places)?;
    let seeded = match client.seed(token) {
        Err(evergrant::Error::NotSaved(_)) => opened.finish(&client).map(|()| true),
        seeded => seeded.map_err(Into::into),
    };
    if !matches!(seeded, Ok(true)) && opened.unsaved.record().is_none() {
        kept.undo()?;
    }
    if !seeded? {
        return Err(Failure::new(format!(
            "`{}` has a login already, and an older token must not replace it",
            opened.name()
        ))
        .hint(format!("evergrant logout {}, and import again", opened.name())));
    }
    context.tell(&format!(
        "The login `{}` is here now. Do not use it in the other program any more: both would send the same \
         refresh token.",
        opened.name()
    ));
    Ok(0)
}

/// Takes over a whole record: a rescue file, or the file of a login.
fn whole(context: &Context, opened: &Opened, record: &Record) -> Outcome {
    let kept = logins::Kept::new(&opened.login, &context.places)?;
    let restored = crate::rescue::restore(context, opened, record);
    if !matches!(restored, Ok(true)) {
        kept.undo()?;
    }
    if !restored? {
        return Err(Failure::new(format!(
            "`{}` has this login in a newer form, or another login: nothing is replaced",
            opened.name()
        ))
        .hint(format!("evergrant status {}", opened.name())));
    }
    context.tell(&format!(
        "The login `{}` is here now. Remove the file that it came from: both would send the same refresh token.",
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
