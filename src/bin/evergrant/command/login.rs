//! `login`: a person logs in, and the login is stored.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::ops::ControlFlow;
use std::time::Duration;

use evergrant::clock::{Clock as _, SystemClock};
use evergrant::health::Health;
use evergrant::{Client, ClientBuilder};

use super::{Context, Opened};
use crate::arguments;
use crate::failure::{Failure, Outcome};
use crate::logins;
use crate::show::{self, Colour};

/// The redirect URI of a login with `--paste`, if no other URI is set. `login` without `--paste` asks people
/// to register the same URI.
const NOBODY: &str = "http://127.0.0.1/callback";

pub(crate) fn run(context: &Context, asked: &arguments::Login) -> Outcome {
    let (mut login, service) =
        context.new_login(&asked.provider, asked.name.as_deref(), asked.api_base.as_deref())?;
    if !asked.scopes.is_empty() {
        login.about.scopes = asked.scopes.clone();
    }
    let opened = context.open_with(login, service)?;
    if opened.place.is_in(&context.places.logins) {
        context.places.make()?;
    }
    let client = patient(opened.builder()?, &opened, asked);
    // Before the library shows the address, it locks and reads the store and makes a test write. Write the
    // file about the login first: the tool could not find a stored login without this file.
    let kept = logins::Kept::new(&opened.login, &context.places)?;
    let result = authorize(&client, &opened, asked);
    // If the login is in a rescue file, keep the file about the login for the import.
    match result.is_err() && opened.unsaved.record().is_none() {
        true => kept.undo()?,
        false => kept.done()?,
    }
    result?;
    let record = client.stored()?;
    let scopes = record.as_ref().and_then(|record| record.token().scope()).unwrap_or("not told");
    context.tell(&format!(
        "Logged in to {} as `{}`. Scopes: {}.",
        opened.provider().display_name(),
        opened.name(),
        show::short(scopes, 200)
    ));
    context.tell(&format!("The login is in {}.", client_store(&opened)));
    let lasts = record.is_some_and(|record| record.token().refresh_token().is_some());
    if let Some(line) = end(&client.health()?, lasts) {
        context.tell(&line);
    }
    Ok(0)
}

/// A sentence for the person: when the login ends, and what prevents this.
fn end(health: &Health, has_refresh_token: bool) -> Option<String> {
    let ends = health.ends_at()?;
    let when = show::from_now(ends, show::now());
    Some(if !has_refresh_token {
        format!("The login ends {when}: the service has issued no refresh token.")
    } else if health.consent_ends_at == Some(ends) {
        format!("The login ends {when}, even if it is used: then a person has to log in again.")
    } else {
        format!(
            "If nobody uses it, the login ends {when}; `evergrant keep-alive` in cron prevents that."
        )
    })
}

/// A client that waits for the person for the time of `--timeout`.
pub(crate) fn patient(builder: ClientBuilder, opened: &Opened, asked: &arguments::Login) -> Client {
    let builder = builder.login_timeout(Duration::from_secs(asked.timeout));
    match asked.paste && !opened.has_redirect_uri() {
        // No program listens at this address: the browser shows an error page, and the person
        // pastes the page's address.
        true => builder.redirect_uri(NOBODY).build(),
        false => builder.build(),
    }
}

/// The store, without a password.
pub(crate) fn client_store(opened: &Opened) -> String {
    opened.store.describe()
}

/// Logs the person in, in the way that the arguments ask for.
pub(crate) fn authorize(client: &Client, opened: &Opened, asked: &arguments::Login) -> Outcome<()> {
    let before = &opened.login.about.scopes;
    let scopes = if asked.scopes.is_empty() { before } else { &asked.scopes };
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let result = if asked.device {
        device(client, &scopes, Duration::from_secs(asked.timeout))
    } else if asked.paste {
        client.authorize_pasted(&scopes, |url, wrong| {
            if let Some(wrong) = wrong {
                show::note(&format!("That did not work: {wrong}."));
            }
            show::note(
                "Open this address, log in, and paste the address that the browser shows then:",
            );
            show::note(url);
            pasted(Duration::from_secs(asked.timeout))
        })
    } else {
        let shown = |url: &str| {
            show::note("Open this address in a browser and log in:");
            show::note(&show::coloured(url, Colour::Strong, io::stderr().is_terminal()));
        };
        match asked.no_browser {
            true => client.authorize_interactive(&scopes, shown),
            false => client.authorize_in_browser(&scopes, shown),
        }
    };
    match result {
        // The person has logged in: try for a while to save the login.
        Err(evergrant::Error::NotSaved(_)) => opened.finish(client).map(drop),
        result => result.map_err(|error| with_advice(error, opened)),
    }
}

/// Reads the line that the person pastes. Fails after `patience`. The thread that waits for the
/// line ends with the process.
fn pasted(patience: Duration) -> io::Result<String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let mut line = String::new();
        let read = match io::stdin().lock().read_line(&mut line) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(line),
            Err(error) => Err(error),
        };
        // If the line comes after the timeout, the receiver is gone.
        let _ = sender.send(read);
    })?;
    receiver.recv_timeout(patience).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn device(client: &Client, scopes: &[&str], patience: Duration) -> evergrant::Result<()> {
    let code = client.device_code(scopes)?;
    show::note(&code.to_string());
    let began = SystemClock.monotonic();
    let poll = |_: &_| match SystemClock.monotonic().saturating_sub(began) < patience {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    };
    client.exchange_device(&code, poll).map(drop)
}

/// Adds advice to the error: the option of the tool that works instead, if there is one.
fn with_advice(error: evergrant::Error, opened: &Opened) -> Failure {
    let failure = Failure::from(error);
    match failure.text.contains("authorize_pasted") {
        true => {
            let text = failure.text.replace("`Client::authorize_pasted`", "`--paste`");
            let page = "`Client::authorize` and `Client::exchange` on a web page";
            let text = text.replace(page, "a web page");
            Failure { text, ..failure }.hint(format!("evergrant login {} --paste", opened.name()))
        }
        false => failure,
    }
}
