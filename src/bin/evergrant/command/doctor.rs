//! `doctor`: finds faults, and names the command that fixes each fault.

mod advice;

use std::io::IsTerminal as _;
use std::time::Duration;

use evergrant::backend::{Durability, LockKind};
use evergrant::time::{OffsetDateTime, format_description};
use evergrant::ureq::http::Method;
use evergrant::{Client, Credentials, MemoryBackend, Provider};

use super::Context;
use super::keep_alive::worse;
use crate::failure::{Outcome, WRONG, code};
use crate::logins::{self, Login};
use crate::rescue::quoted;
use crate::service::{self, Service};
use crate::show::{self, Colour};
use crate::store::Place;

/// How many seconds the clocks of this machine and of the service may differ: services that check signed
/// requests accept about this difference.
const SKEW: i64 = 60;
/// How long to wait for the service.
const WAIT: Duration = Duration::from_secs(20);

/// The findings so far.
struct Report {
    code: u8,
    terminal: bool,
}

impl Report {
    fn line(&mut self, word: &str, colour: Colour, what: &str, text: &str) -> Outcome<()> {
        let word = show::coloured(word, colour, self.terminal);
        show::print(&format!("{word}  {what}: {text}"))
    }

    fn good(&mut self, what: &str, text: &str) -> Outcome<()> {
        self.line("ok  ", Colour::Good, what, text)
    }

    fn warning(&mut self, what: &str, text: &str, mend: &str) -> Outcome<()> {
        self.line("warn", Colour::Warning, what, text)?;
        show::print(&format!("      {mend}"))
    }

    fn bad(&mut self, code: u8, what: &str, text: &str, mend: &str) -> Outcome<()> {
        self.code = worse(self.code, code);
        self.line("bad ", Colour::Bad, what, text)?;
        show::print(&format!("      {mend}"))
    }
}

pub(crate) fn run(context: &Context, name: Option<&str>) -> Outcome {
    let mut report = Report { code: 0, terminal: std::io::stdout().is_terminal() };
    folders(context, &mut report)?;
    proxies(&mut report)?;
    let Some(name) = name else { return Ok(report.code) };
    let (login, service) = match logins::find(name, &context.places)? {
        Some(Login { fault: Some(fault), .. }) => {
            let mend = logins::written_anew(name);
            report.bad(WRONG, "login", &fault, &mend)?;
            return Ok(report.code);
        }
        Some(login) => match service::find(&login.about.service, &context.places) {
            Ok(service) => (login, service),
            Err(failure) => {
                report.bad(failure.code, "service", &failure.text, "evergrant providers")?;
                return Ok(report.code);
            }
        },
        None => context.new_login(name, None, None)?,
    };
    let provider = &service.provider;
    report
        .good("service", &format!("{} ({})", provider.display_name(), provider.token_endpoint()))?;
    let place = context.place(&login)?;
    let before = report.code;
    store(context, &login, &place, &mut report)?;
    let works = report.code == before;
    let credentials = credentials(context, &login, &service, &mut report)?;
    network(provider, &mut report)?;
    // If the store does not work, it is unknown whether anybody has logged in.
    if works {
        state(context, &login, &place, provider, credentials, &mut report)?;
    }
    Ok(report.code)
}

fn folders(context: &Context, report: &mut Report) -> Outcome<()> {
    for (what, folder) in [
        ("folder of logins", &context.places.logins),
        ("folder of settings", &context.places.settings),
    ] {
        let shown = folder.display().to_string();
        match std::fs::metadata(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                report.good(what, &format!("{shown} (made when it is needed)"))?;
            }
            Err(error) => {
                let text = format!("{shown}: {error}");
                report.bad(WRONG, what, &text, "set EVERGRANT_HOME to a folder of yours")?;
            }
            Ok(found) if !found.is_dir() => {
                report.bad(
                    WRONG,
                    what,
                    &format!("{shown} is not a folder"),
                    &advice::move_away(&shown),
                )?;
            }
            Ok(found) if open_to_others(&found) => {
                let text = format!("{shown} can be written by other users");
                report.warning(what, &text, &format!("chmod 700 {}", quoted(&shown)))?;
            }
            Ok(found) if is_of_another(&found) => {
                let text = format!("{shown} belongs to another user");
                report.warning(
                    what,
                    &text,
                    "run the command as that user, or set EVERGRANT_HOME",
                )?;
            }
            Ok(_) => report.good(what, &shown)?,
        }
    }
    Ok(())
}

#[cfg(unix)]
fn open_to_others(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(found) & 0o022 != 0
}

#[cfg(unix)]
fn is_readable_to_others(file: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().is_ok_and(|found| found.mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_readable_to_others(_: &std::path::Path) -> bool {
    false
}

/// Whether the folder belongs to another user than this process. Checked on Linux only.
#[cfg(unix)]
fn is_of_another(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|this| this.uid() != found.uid())
}

#[cfg(not(unix))]
fn is_of_another(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

fn proxies(report: &mut Report) -> Outcome<()> {
    let set: Vec<_> =
        ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"]
            .into_iter()
            .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
            .collect();
    for name in &set {
        let readable =
            std::env::var(name).is_ok_and(|value| evergrant::ureq::Proxy::new(&value).is_ok());
        if !readable {
            let text = format!("{name} is not the address of a proxy, so no proxy is used");
            report.bad(WRONG, "proxy", &text, &advice::set(name, "http://proxy.example:3128"))?;
        } else {
            let text = format!("{name} is set (not used for requests to this machine)");
            report.good("proxy", &text)?;
        }
    }
    match set.is_empty() {
        true => report.good("proxy", "none"),
        false => Ok(()),
    }
}

/// Checks the folder, the owner and the modes of the store, the store's lock, and which failures a
/// saved record survives.
fn store(context: &Context, login: &Login, place: &Place, report: &mut Report) -> Outcome<()> {
    let store = match context.store(place, &login.name) {
        Ok(store) => store,
        Err(failure) => {
            let other = "write the address of the store as `evergrant help` shows it".to_owned();
            let mend = failure.hint.unwrap_or(other);
            return report.bad(failure.code, "store", &failure.text, &mend);
        }
    };
    if let Place::File(path) | Place::Sqlite(path) | Place::Keyring(path) = place
        && let Some(folder) = path.parent().filter(|folder| !folder.exists())
    {
        if place.is_in(&context.places.logins) {
            return report.good("store", &format!("{} (nothing is there yet)", path.display()));
        }
        let shown = folder.display().to_string();
        let text = format!("the folder {shown} is missing");
        return report.bad(WRONG, "store", &text, &advice::make_folder(&shown));
    }
    let shown = store.describe();
    match store.probe() {
        Ok(()) => report.good("store", &shown)?,
        Err(error) => {
            let (code, mend) = advice::of_store(&*error, place, &login.name);
            return report.bad(code, "store", &format!("{shown}: {error}"), &mend);
        }
    }
    for warning in store.warnings() {
        report.warning("store", &warning, advice::PLATFORM)?;
    }
    match store.lock(Duration::from_secs(2)) {
        Ok(guard) => match guard.kind() {
            LockKind::FreedByDeath => {
                report.good("lock", "works; released when its process ends")?
            }
            LockKind::Lease => {
                report.good("lock", "works; released when its lease or its connection ends")?
            }
            _ => report.warning("lock", "this store has none", "use one process at a time")?,
        },
        Err(error) => {
            let (code, mend) = advice::of_store(&*error, place, &login.name);
            report.bad(code, "lock", &error.to_string(), &mend)?;
        }
    }
    match store.durability() {
        Durability::PowerCut => report.good("flush", "a saved login survives a power cut"),
        Durability::Process => {
            report.warning("flush", "a power cut may lose the last save", advice::STORES)
        }
        _ => {
            report.warning("flush", "not known whether a save survives a power cut", advice::STORES)
        }
    }
}

fn credentials(
    context: &Context,
    login: &Login,
    service: &Service,
    report: &mut Report,
) -> Outcome<Option<Credentials>> {
    let sources = context.sources(login, service);
    match sources.find(&service.provider) {
        Ok(found) => {
            let place = match &found.file {
                Some(file) => file.display().to_string(),
                None => "the environment or the description of the service".to_owned(),
            };
            let secret = if found.credentials.secret().is_some() {
                "id and secret"
            } else {
                "id, no secret"
            };
            match found.file.as_ref().filter(|file| is_readable_to_others(file)) {
                Some(_) => {
                    let text = format!("other users can read {place}");
                    let mend = format!("chmod 600 {}", quoted(&place));
                    report.warning("credentials", &text, &mend)?;
                }
                None => report.good("credentials", &format!("{secret}, from {place}"))?,
            }
            let redirect = found.credentials.redirect_uri().map(str::to_owned);
            let redirect = redirect.or(service.provider.authorization_rules().redirect_uri.clone());
            let redirect =
                redirect.unwrap_or_else(|| "http://127.0.0.1/callback, any port".to_owned());
            let advice = format!("{redirect}: register this address at the service");
            report.good("redirect URI", &advice)?;
            Ok(Some(found.credentials))
        }
        Err(failure) => {
            let mend = failure.hint.unwrap_or_else(|| "correct that file".to_owned());
            report.bad(failure.code, "credentials", &failure.text, &mend)?;
            Ok(None)
        }
    }
}

/// Sends a request to the token endpoint with the proxy and the certificates that a login uses, and compares
/// the clocks.
fn network(provider: &Provider, report: &mut Report) -> Outcome<()> {
    let nobody =
        Client::builder(provider.clone(), Credentials::public("nobody"), MemoryBackend::new());
    let nobody = match super::authorities() {
        Ok(Some(tls)) => nobody.http(move |config| config.tls_config(tls.clone())).build(),
        Ok(None) => nobody.build(),
        Err(failure) => {
            return report.bad(
                failure.code,
                "certificates",
                &failure.text,
                &advice::unset("SSL_CERT_FILE"),
            );
        }
    };
    let asked = nobody.without_token(Method::GET, provider.token_endpoint()).any_status();
    let answer = match asked.timeout(WAIT).retries(0).call() {
        Ok(answer) => answer,
        Err(error) => {
            let text = format!("{error:#}");
            let mend = if text.contains("certificate") {
                let set = advice::set("SSL_CERT_FILE", "/path/of/its/authority.pem");
                &format!("a company's proxy may have an authority of its own: {set}")
            } else {
                "check the network, the proxy variables and the address of the service"
            };
            return report.bad(code(&error), "network", &text, mend);
        }
    };
    report.good("network", &format!("the token endpoint answers (status {})", answer.status()))?;
    let form = &format_description::well_known::Rfc2822;
    let date = answer
        .header("date")
        .and_then(|date| OffsetDateTime::parse(&date.replace("GMT", "+0000"), form).ok());
    match date.map(|theirs| (show::now() - theirs).whole_seconds()) {
        None => report.good("clock", "not compared: the answer of the service has no date"),
        Some(ahead) if ahead.abs() <= SKEW => report.good("clock", "agrees with the service"),
        Some(ahead) => {
            let word = if ahead > 0 { "ahead of" } else { "behind" };
            let text = format!("this machine is {} seconds {word} the service", ahead.abs());
            report.warning("clock", &text, advice::set_clock())
        }
    }
}

fn state(
    context: &Context,
    login: &Login,
    place: &Place,
    provider: &Provider,
    credentials: Option<Credentials>,
    report: &mut Report,
) -> Outcome<()> {
    let Some(credentials) = credentials else { return Ok(()) };
    let login_again = format!("evergrant login {}", login.name);
    if let Place::File(path) = place
        && !path.exists()
    {
        return report.bad(crate::failure::LOG_IN, "login", "nobody has logged in", &login_again);
    }
    let client = Client::new(provider.clone(), credentials, context.store(place, &login.name)?);
    match client.health() {
        Ok(health) if health.needs_person() => {
            report.bad(crate::failure::LOG_IN, "login", &health.to_string(), &login_again)
        }
        Ok(health) => report.good("login", &health.to_string()),
        Err(error) if error.needs_authorization() => {
            report.bad(code(&error), "login", &format!("{error:#}"), &login_again)
        }
        Err(error @ evergrant::Error::Backend(_)) => {
            let (code, mend) = advice::of_store(&error, place, &login.name);
            report.bad(code, "login", &format!("{error:#}"), &mend)
        }
        Err(error) => {
            let mend =
                format!("use the client id with which `{}` was made, or {login_again}", login.name);
            report.bad(code(&error), "login", &format!("{error:#}"), &mend)
        }
    }
}
