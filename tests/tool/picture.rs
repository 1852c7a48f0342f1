//! The picture of a terminal in README and in the guide, drawn from what the program shows. The test compares both,
//! and writes the picture with `EVERGRANT_WRITE=1`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use evergrant::sandbox::Sandbox;

use crate::support::World;
use crate::terminal::Terminal;

const PICTURE: &str = "src/guide/terminal.svg";
/// The width of a character, and the height of a line.
const WIDE: usize = 8;
const HIGH: usize = 20;

/// A world with three logins: one works, one is of another service, one was refused.
fn three_logins() -> World {
    let hours = Duration::from_secs(9000);
    let world = World::with(Sandbox::builder().access_token_lifetime(hours).start().unwrap());
    let other = world.description().replace("Acme", "Billing");
    std::fs::write(world.settings().join("billing.toml"), other).unwrap();
    let variables = "BILLING_CLIENT_ID=sandbox-client\nBILLING_CLIENT_SECRET=sandbox-secret\n";
    std::fs::write(world.settings().join("billing.env"), variables).unwrap();
    world.seed("reports", true);
    world.sandbox.revoke_login();
    assert_eq!(world.run(&["token", "reports"]).code, Some(77));
    for service in ["acme", "billing"] {
        let login = world.log_in(&["login", service, "--no-browser", "--scope", "read"]);
        assert_eq!(login.code, Some(0), "{login:?}");
    }
    world
}

/// A server that sends half of a file, and then a byte at a time until it is told to stop.
fn half_a_file() -> (String, Sender<()>, JoinHandle<()>) {
    const SIZE: usize = 3_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (enough, told) = channel();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while request.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").unwrap();
        stream.write_all(&vec![b'x'; SIZE / 2]).unwrap();
        // The bar is drawn when a byte comes a tenth of a second after the last drawing.
        for _ in 0..SIZE / 100 {
            if told.recv_timeout(Duration::from_millis(1)).is_ok() {
                break;
            }
            stream.write_all(b"x").unwrap();
        }
    });
    (url, enough, server)
}

/// Returns the progress bar after half of the file.
fn bar(world: &World) -> String {
    let (url, enough, server) = half_a_file();
    let arguments =
        ["call", "acme", "GET", "/report.csv", "--api-base", &url, "--output", "report.csv"];
    let mut terminal = Terminal::start(world.command(&arguments));
    terminal.wait_for(" 50 % of 3.0 MB, ");
    enough.send(()).unwrap();
    server.join().unwrap();
    let (_, shown) = terminal.end();
    let frame = shown.split('\r').find(|frame| frame.contains(" 50 % of ")).unwrap();
    let (bar, _) = frame.rsplit_once(", ").unwrap();
    // The speed differs from run to run.
    format!("{bar}, 1.2 MB/s")
}

/// A line of the screen in parts, each with its colour.
fn parts(line: &str) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    let mut class = "";
    for piece in line.split_inclusive('m') {
        match piece.rsplit_once("\u{1b}[") {
            Some((text, code)) => {
                parts.push((class, text.to_owned()));
                class = match code {
                    "32m" => "good",
                    "33m" => "warning",
                    "31m" => "bad",
                    "1m" => "strong",
                    "0m" => "",
                    other => panic!("no colour for {other:?}"),
                };
            }
            None => parts.push((class, piece.to_owned())),
        }
    }
    parts.retain(|(_, text)| !text.is_empty());
    parts
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Draws the lines of a screen. The window has its own background, so it looks the same on a light and a dark page.
fn drawn(screen: &str) -> String {
    let plain = |line: &str| parts(line).iter().map(|(_, text)| text.chars().count()).sum();
    let columns: usize = screen.lines().map(plain).max().unwrap();
    let (width, height) = (columns * WIDE + 40, screen.lines().count() * HIGH + 40);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" style=\"max-width: {width}px; \
         width: 100%; height: auto\" role=\"img\" aria-label=\"A terminal with the table of evergrant status, and the \
         bar of a download\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\" fill=\"#e6edf3\">\n\
         <rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#161b22\" stroke=\"#6e7681\"/>\n",
        width - 2,
        height - 2
    );
    for (number, line) in screen.lines().enumerate() {
        let mut column = 0;
        for (class, text) in parts(line) {
            let colour = match class {
                "good" => " fill=\"#3fb950\"",
                "warning" => " fill=\"#d29922\"",
                "bad" => " fill=\"#ff7b72\"",
                "strong" => " font-weight=\"bold\"",
                _ => "",
            };
            // Each word has its own place, so that columns stay columns in every font.
            let mut at = column;
            for word in text.split_inclusive(' ') {
                let (shown, length) = (word.trim_end(), word.trim_end().chars().count());
                if length > 0 {
                    svg.push_str(&format!(
                        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{colour}>{}</text>\n",
                        20 + at * WIDE,
                        34 + number * HIGH,
                        length * WIDE,
                        escaped(shown)
                    ));
                }
                at += word.chars().count();
            }
            column += text.chars().count();
        }
    }
    svg + "</svg>\n"
}

#[test]
fn the_picture_shows_what_the_program_shows() {
    let world = three_logins();
    let (status, table) = Terminal::start(world.command(&["status"])).end();
    assert_eq!(status.code(), Some(77), "{table}");
    // The time since the refusal differs from run to run.
    let (before, after) = table.split_once("refused the refresh token ").unwrap();
    let after = after.split_once(": ").unwrap().1;
    let table = format!("{before}refused the refresh token just now: {after}");
    let screen = format!(
        "$ evergrant status\n{}$ evergrant call acme GET /report.csv --output report.csv\n{}\n",
        table.replace('\r', ""),
        bar(&world)
    );
    let picture = drawn(&screen);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        std::fs::write(&path, &picture).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    for (line, (ours, theirs)) in picture.lines().zip(written.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {} of {PICTURE}; EVERGRANT_WRITE=1 draws it", line + 1);
    }
    assert_eq!(picture, written, "EVERGRANT_WRITE=1 draws the picture");
}
