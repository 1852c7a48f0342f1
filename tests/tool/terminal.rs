//! Tests of the program at a terminal: a pseudo-terminal takes the place of the person's terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};

use evergrant::sandbox::ApiReply;

use crate::support::{World, visit};

/// A program at a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    screen: File,
    shown: String,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Terminal {
        let (mut ours, mut theirs) = (0, 0);
        let none = std::ptr::null_mut();
        // SAFETY: the two numbers are written before they are read; the null pointers ask for the defaults.
        let opened =
            unsafe { libc::openpty(&mut ours, &mut theirs, none, none.cast(), none.cast()) };
        assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: nobody else owns the two descriptors.
        let (screen, keyboard) = unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
        let copy = || Stdio::from(keyboard.try_clone().unwrap());
        command.stdin(copy()).stdout(copy()).stderr(copy()).env("TERM", "xterm");
        // SAFETY: both calls may be made after a fork. The calls make the terminal the program's own, so that
        // Ctrl-C reaches the program.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                match libc::ioctl(0, libc::TIOCSCTTY as _, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn().unwrap();
        Terminal { child, screen, shown: String::new() }
    }

    /// Reads until the screen shows `text`.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.shown.contains(text) {
            let length = self.screen.read(&mut buffer).unwrap_or(0);
            assert_ne!(length, 0, "the program ended: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    /// The address of the login that the screen shows.
    fn address(&mut self) -> String {
        self.wait_for("/authorize?");
        let at = self.shown.find("http").unwrap();
        while !self.shown[at..].contains('\n') {
            let before = self.shown.len();
            let mut buffer = [0; 4096];
            let length = self.screen.read(&mut buffer).unwrap();
            self.shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
            assert_ne!(self.shown.len(), before);
        }
        let line = self.shown[at..].lines().next().unwrap();
        line.trim_end_matches("\u{1b}[0m").to_owned()
    }

    /// Reads to the end. On Linux, a terminal without a program is an error.
    pub(crate) fn end(mut self) -> (std::process::ExitStatus, String) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = self.screen.read(&mut buffer) {
            self.shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        (self.child.wait().unwrap(), self.shown)
    }
}

#[test]
fn a_terminal_gets_no_token_unless_it_asks() {
    let world = World::new();
    world.seed("acme", false);
    let token = world.good(&["token", "acme"]);
    let (status, shown) = Terminal::start(world.command(&["token", "acme"])).end();
    assert_eq!(status.code(), Some(1), "{shown}");
    assert!(shown.contains("a token is a secret") && !shown.contains(token.trim()), "{shown}");
    let (status, shown) = Terminal::start(world.command(&["token", "acme", "--terminal"])).end();
    assert_eq!((status.code(), shown.trim()), (Some(0), token.trim()));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let world = World::new();
    world.seed("acme", false);
    let (_, shown) = Terminal::start(world.command(&["status"])).end();
    assert!(shown.contains("\u{1b}[32malive\u{1b}[0m"), "{shown:?}");
    let mut command = world.command(&["status"]);
    command.env("NO_COLOR", "1");
    let (_, shown) = Terminal::start(command).end();
    assert!(shown.contains("alive") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_person_pastes_an_address_at_a_prompt() {
    let world = World::new();
    let mut terminal = Terminal::start(world.command(&["login", "acme", "--paste"]));
    let url = terminal.address();
    terminal.press("nonsense\n");
    terminal.wait_for("That did not work");
    let callback = world.sandbox.approve(&url).unwrap();
    terminal.press(&format!("{callback}\n"));
    let (status, shown) = terminal.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("Logged in to Acme"), "{shown}");
}

#[test]
fn a_download_draws_a_bar_on_a_terminal() {
    let world = World::new();
    world.seed("acme", false);
    world
        .sandbox
        .on("GET", "/api/big", |_| ApiReply::bytes(200, "text/plain", vec![b'x'; 500_000]));
    let arguments = ["call", "acme", "GET", "/big", "--output", "big.txt"];
    let (status, shown) = Terminal::start(world.command(&arguments)).end();
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("] 100 % of 500.0 kB"), "{shown:?}");
    let quiet: Vec<_> = arguments.iter().copied().chain(["--quiet"]).collect();
    let (_, shown) = Terminal::start(world.command(&quiet)).end();
    assert_eq!(shown, "");
}

#[test]
fn an_interrupted_login_loses_nothing() {
    let world = World::new();
    world.seed("acme", true);
    let before = world.record("acme");
    let mut terminal = Terminal::start(world.command(&["login", "acme", "--no-browser"]));
    let url = terminal.address();
    terminal.press("\u{3}");
    let (status, _) = terminal.end();
    assert_eq!(status.signal(), Some(libc::SIGINT));
    assert_eq!(world.record("acme"), before);
    world.good(&["token", "acme"]);
    assert_eq!(world.sandbox.counters().refreshes, 1, "the lock is free");
    // The address of the interrupted login leads nowhere now; a second login works.
    assert!(world.sandbox.approve(&url).is_ok());
    let mut terminal = Terminal::start(world.command(&["login", "acme", "--no-browser"]));
    let url = terminal.address();
    visit(&world.sandbox.approve(&url).unwrap());
    let (status, shown) = terminal.end();
    assert_eq!(status.code(), Some(0), "{shown}");
}
