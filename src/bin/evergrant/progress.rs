//! A progress bar on the standard error, if that is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use evergrant::clock::{Clock as _, SystemClock};

/// The shortest time between two drawings of the bar.
const PAUSE: Duration = Duration::from_millis(100);
/// How many characters the bar is wide.
const WIDTH: u64 = 30;

pub(crate) struct Bar {
    name: String,
    size: Option<u64>,
    done: u64,
    began: Duration,
    drawn: Option<Duration>,
    shown: bool,
}

impl Bar {
    /// Starts a bar for `size` bytes, if the size is known.
    pub(crate) fn new(name: &str, size: Option<u64>, quiet: bool) -> Bar {
        let shown = !quiet && std::io::stderr().is_terminal();
        let began = SystemClock.monotonic();
        let name = crate::show::short(name, 30);
        Bar { name, size: size.filter(|size| *size > 0), done: 0, began, drawn: None, shown }
    }

    pub(crate) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let now = SystemClock.monotonic();
        if self.shown && self.drawn.is_none_or(|drawn| now.saturating_sub(drawn) >= PAUSE) {
            self.drawn = Some(now);
            self.draw(now);
        }
    }

    /// Draws the bar a last time and ends its line.
    pub(crate) fn end(&mut self) {
        if self.shown {
            self.draw(SystemClock.monotonic());
            let _ = writeln!(std::io::stderr());
        }
    }

    fn draw(&self, now: Duration) {
        let seconds = now.saturating_sub(self.began).as_secs_f64().max(0.001);
        let text = line(&self.name, self.done, self.size, self.done as f64 / seconds);
        let mut out = std::io::stderr().lock();
        let _ = write!(out, "\r{text}\u{1b}[K").and_then(|()| out.flush());
    }
}

fn line(name: &str, done: u64, size: Option<u64>, speed: f64) -> String {
    let speed = bytes(speed);
    match size {
        Some(size) => {
            let full = (done.min(size) * WIDTH / size) as usize;
            let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH as usize - full));
            let percent = done.min(size) * 100 / size;
            format!("{name} [{bar}] {percent:3} % of {}, {speed}/s", bytes(size as f64))
        }
        None => format!("{name} {}, {speed}/s", bytes(done as f64)),
    }
}

fn bytes(count: f64) -> String {
    let units = ["B", "kB", "MB", "GB"];
    let mut count = count;
    let mut unit = 0;
    while count >= 1000.0 && unit + 1 < units.len() {
        count /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{count:.0} B"),
        _ => format!("{count:.1} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_how_much_is_there() {
        let half = line("x.bin", 1_500_000, Some(3_000_000), 250_000.0);
        assert_eq!(half, "x.bin [###############---------------]  50 % of 3.0 MB, 250.0 kB/s");
        assert_eq!(line("x.bin", 900, None, 10.0), "x.bin 900 B, 10 B/s");
        assert!(line("x", 5, Some(3), 1.0).contains("100 %"));
    }
}
