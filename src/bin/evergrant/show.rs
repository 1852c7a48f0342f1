//! The output for a person: colours, tables, dates. Results go to the standard output, all other text
//! to the standard error.

use std::io::{self, IsTerminal as _, Write as _};

use evergrant::clock::{Clock as _, SystemClock};
use evergrant::error::one_line;
use evergrant::time::OffsetDateTime;

use crate::failure::{Failure, Outcome, UNREAD};

/// The colours that a word may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Good,
    Warning,
    Bad,
    Strong,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Colour::Plain => "0",
            Colour::Good => "32",
            Colour::Warning => "33",
            Colour::Bad => "31",
            Colour::Strong => "1",
        }
    }
}

/// A text in a colour, unless the stream is no terminal, `NO_COLOR` is set or `TERM` is `dumb` (<https://no-color.org>).
pub(crate) fn coloured(text: &str, colour: Colour, terminal: bool) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    match terminal && !plain && colour != Colour::Plain {
        true => format!("\u{1b}[{}m{text}\u{1b}[0m", colour.code()),
        false => text.to_owned(),
    }
}

pub(crate) fn now() -> OffsetDateTime {
    SystemClock.now_utc()
}

/// Writes a line of the result. If the reader has closed the pipe, returns [`Failure::unread`].
pub(crate) fn print(line: &str) -> Outcome<()> {
    write(format!("{line}\n").as_bytes())
}

/// Writes bytes of the result.
pub(crate) fn write(bytes: &[u8]) -> Outcome<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::unread(),
        _ => Failure::new(format!("cannot write the result: {error}")),
    })
}

/// Writes a line for the person.
pub(crate) fn note(line: &str) {
    // Continue if the standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

pub(crate) fn failure(failure: &Failure) {
    if failure.code == UNREAD {
        return;
    }
    let terminal = io::stderr().is_terminal();
    note(&format!("{} {}", coloured("error:", Colour::Bad, terminal), failure.text));
    if let Some(hint) = &failure.hint {
        note(&format!("{} {hint}", coloured("  try:", Colour::Strong, terminal)));
    }
}

/// Formats rows as a table whose columns are aligned, with two spaces between them.
pub(crate) fn table(rows: &[Vec<(String, Colour)>], terminal: bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| text.chars().count()).max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for ((text, colour), width) in row.iter().zip(&widths) {
            line.push_str(&coloured(text, *colour, terminal));
            line.push_str(&" ".repeat(width - text.chars().count() + 2));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// Cuts a text from a server or a file to one line of at most `limit` characters.
pub(crate) fn short(text: &str, limit: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A time from now, in the largest fitting unit: `in 42 minutes`, `3 days ago`.
pub(crate) fn from_now(date: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (date - now).whole_seconds();
    let size = seconds.unsigned_abs();
    let (count, unit) = match size {
        0..5 => return "just now".to_owned(),
        5..120 => (size, "second"),
        120..7200 => (size / 60, "minute"),
        7200..172_800 => (size / 3600, "hour"),
        _ => (size / 86_400, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    match seconds < 0 {
        true => format!("{count} {unit}{s} ago"),
        false => format!("in {count} {unit}{s}"),
    }
}

/// A date in RFC 3339.
pub(crate) fn rfc3339(date: OffsetDateTime) -> String {
    let form = &evergrant::time::format_description::well_known::Rfc3339;
    date.format(form).unwrap_or_default()
}

struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("evergrant")
    }
    fn log(&self, record: &log::Record<'_>) {
        // Errors are not logged: each is also the failure that the command prints at its end.
        if self.enabled(record.metadata()) && record.level() == log::Level::Warn {
            note(&format!("warning: {}", record.args()));
        }
    }
    fn flush(&self) {}
}

/// Shows the warnings of the library.
pub(crate) fn log_to_stderr(quiet: bool) {
    if !quiet && log::set_logger(&Log).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
