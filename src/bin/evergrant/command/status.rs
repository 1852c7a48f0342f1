//! `status`: all logins, in a table for people or as JSON for programs.

use std::io::IsTerminal as _;

use evergrant::backend::BackendError;
use evergrant::health::{Health, LoginState};
use evergrant::logins::LoginStatus;
use evergrant::time::OffsetDateTime;
use evergrant::{Credentials, Logins};
use serde_json::{Value, json};

use super::Context;
use super::keep_alive::worse;
use crate::failure::{Failure, LATER, LOG_IN, Outcome};
use crate::logins::Login;
use crate::service;
use crate::shelf::Shelf;
use crate::show::{self, Colour, from_now, rfc3339, short};

/// A login in the table of `status`.
struct Row {
    login: Login,
    service: String,
    store: String,
    /// Who has logged in, if the stored ID token says so (OpenID Connect).
    who: Option<String>,
    found: Result<Option<LoginStatus>, Failure>,
}

pub(crate) fn run(context: &Context, name: Option<&str>, as_json: bool) -> Outcome {
    let logins = match name {
        Some(name) => vec![context.find(name)?],
        None => context.all()?,
    };
    let rows: Vec<Row> = logins.into_iter().map(|login| row(context, login)).collect();
    let code = rows.iter().fold(0, |code, row| worse(code, row.code()));
    let now = show::now();
    if as_json {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        show::print(&serde_json::to_string_pretty(&rows).unwrap_or_default())?;
        return Ok(if rows.is_empty() { LOG_IN } else { code });
    }
    if rows.is_empty() {
        context.tell("Nobody has logged in. Try: evergrant login PROVIDER");
        return Ok(LOG_IN);
    }
    let heads = ["LOGIN", "SERVICE", "WHO", "STATE", "TOKEN ENDS", "LOGIN ENDS", "SCOPES"];
    let mut table = vec![heads.map(|head| (head.to_owned(), Colour::Strong)).to_vec()];
    table.extend(rows.iter().map(|row| row.cells(now)));
    let terminal = std::io::stdout().is_terminal();
    show::write(show::table(&table, terminal).as_bytes())?;
    for row in &rows {
        for line in row.remarks(now) {
            show::print(&format!("{}: {line}", row.login.name))?;
        }
    }
    Ok(code)
}

/// Reads the store of a login. Needs no credentials and sends no token. The metadata of a service that the
/// person named by its issuer may be fetched, once a day.
fn row(context: &Context, login: Login) -> Row {
    let mut row = Row {
        service: login.about.service.clone(),
        store: String::new(),
        who: None,
        found: Err(Failure::new("not read")),
        login,
    };
    row.found = read(context, &mut row);
    row
}

fn read(context: &Context, row: &mut Row) -> Outcome<Option<LoginStatus>> {
    let name = &row.login.name;
    let store = context.store(&context.place(&row.login)?, name)?;
    row.store = store.describe();
    let service = service::find(&row.login.about.service, &context.places)?;
    row.service = service.provider.display_name().to_owned();
    let record = match store.load() {
        Err(error) if matches!(error.downcast_ref(), Some(BackendError::Empty(_))) => None,
        record => record?,
    };
    let Some(record) = record else { return Ok(None) };
    // The limits of the service are in the provider; the record itself names the client.
    let id = record.binding().map_or("nobody", |binding| &*binding.client_id);
    let shelf = Shelf([(name.clone(), store)].into());
    let status = Logins::new(service.provider, Credentials::public(id), shelf).status(name)?;
    row.who = status.as_ref().and_then(|status| Some(short(status.who.as_deref()?, 40)));
    Ok(status)
}

impl Row {
    fn code(&self) -> u8 {
        match &self.found {
            Err(failure) => failure.code,
            Ok(None) => LOG_IN,
            Ok(Some(status)) if status.health.needs_person() => LOG_IN,
            Ok(Some(status)) if status.health.state == LoginState::Unanswered => LATER,
            Ok(Some(_)) => 0,
        }
    }

    fn state(&self) -> (&'static str, Colour) {
        match &self.found {
            Err(_) => ("unreadable", Colour::Bad),
            Ok(None) => ("missing", Colour::Bad),
            Ok(Some(status)) => match status.health.state {
                LoginState::Missing => ("missing", Colour::Bad),
                LoginState::Refused => ("refused", Colour::Bad),
                LoginState::Ended => ("ended", Colour::Bad),
                LoginState::Unanswered => ("unanswered", Colour::Warning),
                LoginState::Alive => ("alive", Colour::Good),
                _ => ("unknown", Colour::Warning),
            },
        }
    }

    fn status(&self) -> Option<&LoginStatus> {
        self.found.as_ref().ok()?.as_ref()
    }

    fn health(&self) -> Option<&Health> {
        self.status().map(|status| &status.health)
    }

    fn scopes(&self) -> Option<&[String]> {
        let scopes = &self.status()?.scopes;
        (!scopes.is_empty()).then_some(scopes)
    }

    fn cells(&self, now: OffsetDateTime) -> Vec<(String, Colour)> {
        let plain = |text: Option<String>| (text.unwrap_or_else(|| "-".to_owned()), Colour::Plain);
        let date = |date: Option<OffsetDateTime>| plain(date.map(|date| from_now(date, now)));
        let (state, colour) = self.state();
        let health = self.health();
        vec![
            (self.login.name.clone(), Colour::Strong),
            plain(Some(short(&self.service, 40))),
            plain(self.who.clone()),
            (state.to_owned(), colour),
            date(health.and_then(|health| health.access_expires_at)),
            date(health.and_then(Health::ends_at)),
            plain(self.scopes().map(|scopes| short(&scopes.join(" "), 60))),
        ]
    }

    /// The remarks about a login that are printed below the table.
    fn remarks(&self, now: OffsetDateTime) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.found {
            Err(failure) => lines.push(failure.text.clone()),
            Ok(status) => {
                if let Some(refused) = status.as_ref().and_then(|status| status.refused.as_ref()) {
                    let why = refused.description.as_deref().unwrap_or(&refused.code);
                    let ago = from_now(refused.at, now);
                    lines.push(format!(
                        "the service refused the refresh token {ago}: {}",
                        short(why, 200)
                    ));
                }
                if let Some(pending) = status.as_ref().and_then(|status| status.pending.as_ref()) {
                    let ago = from_now(pending.sent_at, now);
                    lines.push(format!(
                        "no answer was recorded after the refresh token was sent {ago}; {} sent it last",
                        short(&pending.holder, 80)
                    ));
                }
                if self.code() == LOG_IN {
                    lines.push(format!("run `evergrant login {}`", self.login.name));
                }
            }
        }
        lines
    }

    fn json(&self) -> Value {
        let health = self.health();
        let date = |date: Option<OffsetDateTime>| date.map(rfc3339);
        json!({
            "name": self.login.name,
            "service": self.service,
            "store": self.store,
            "state": self.state().0,
            "who": self.who,
            "scopes": self.scopes(),
            "access_token_expires_at": date(health.and_then(|health| health.access_expires_at)),
            "refreshed_at": date(health.and_then(|health| health.refreshed_at)),
            "logged_in_at": date(health.and_then(|health| health.consented_at)),
            "login_ends_at": date(health.and_then(Health::ends_at)),
            "refresh_due": self.found.as_ref().ok().map(|_| health.is_some_and(|h| h.refresh_due)),
            "needs_person": self.code() == LOG_IN,
            "unanswered_since": date(self.status().and_then(|status| status.pending.as_ref()).map(|pending| pending.sent_at)),
            "refused": self.status().and_then(|status| status.refused.as_ref()).map(|refused| json!({
                "at": rfc3339(refused.at),
                "code": short(&refused.code, 200),
                "description": refused.description.as_deref().map(|text| short(text, 500)),
            })),
            "error": self.found.as_ref().err().map(|failure| &failure.text),
        })
    }
}
