//! A whole day with the program, in a shell. The page `src/guide/tool_day.md` is its transcript: the test compares
//! both, and writes the page with `EVERGRANT_WRITE=1`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use evergrant::sandbox::Sandbox;

use crate::support::{TOOL, World, visit};

const PAGE: &str = "src/guide/tool_day.md";
const HEAD: &str = "\
# A day with the tool

This page is the transcript of a day with the command `evergrant`. The test `a_day_with_the_tool_is_as_the_guide_shows`
(`cargo test --all-features --test tool`) runs every line in a shell against the sandbox and compares what the program prints. The service
Acme is the sandbox; a person named Ada works on the machine. [The tool](crate::guide::tool) explains each command.
";

struct Day {
    world: World,
    text: String,
}

impl Day {
    fn new() -> Day {
        let hours = Duration::from_secs(9000);
        let builder = Sandbox::builder().access_token_lifetime(hours);
        let world = World::with(builder.start().unwrap());
        Day { world, text: HEAD.to_owned() }
    }

    fn say(&mut self, text: &str) {
        self.text.push_str(&format!("\n{text}\n\n"));
    }

    /// Runs a line as Ada types it, and shows what the screen shows.
    fn run(&mut self, line: &str) {
        self.run_with(line, |_, _| {});
    }

    /// Runs a login, and plays the person who agrees at the address that is shown.
    fn log_in(&mut self, line: &str) {
        self.run_with(line, |world, shown| {
            if shown.starts_with("http") {
                visit(&world.sandbox.approve(shown).unwrap());
            }
        });
    }

    fn run_with(&mut self, line: &str, mut act: impl FnMut(&World, &str)) {
        let (screen, shown) = std::io::pipe().unwrap();
        let url = self.world.sandbox.url();
        let real = line.replace("https://api.acme.example", &format!("{url}/api"));
        let folder = Path::new(TOOL).parent().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &real])
            .env_clear()
            .env("HOME", &self.world.home)
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .current_dir(&self.world.home)
            .stdin(Stdio::null())
            .stdout(shown.try_clone().unwrap())
            .stderr(shown)
            .spawn()
            .unwrap();
        let mut output = String::new();
        let mut lines = BufReader::new(screen);
        loop {
            let before = output.len();
            if lines.read_line(&mut output).unwrap() == 0 {
                break;
            }
            let shown = output[before..].trim().to_owned();
            act(&self.world, &shown);
        }
        lines.read_to_string(&mut output).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        let code = if code == 0 { String::new() } else { format!("(exit code {code})\n") };
        let shown = self.plain(&output);
        let shown = if shown.is_empty() || shown.ends_with('\n') { shown } else { shown + "\n" };
        self.text.push_str(&format!("```text\n$ {line}\n{shown}{code}```\n"));
    }

    /// Replaces the parts of the output that differ from run to run.
    fn plain(&self, output: &str) -> String {
        let home = self.world.home.display().to_string();
        let url = self.world.sandbox.url();
        let text = output.replace(&home, "/home/ada");
        let text = text.replace(&format!("{url}/api"), "https://api.acme.example");
        let text = text.replace(url, "https://login.acme.example");
        let host = url.trim_start_matches("http://");
        let text = text.replace(host, "login.acme.example");
        let lines = text.lines().map(|line| match line.split_once("/authorize?") {
            Some((address, _)) => format!("{address}/authorize?response_type=code&..."),
            // What a save survives depends on the machine.
            None if line.contains("  flush: ") => {
                "ok    flush: a saved login survives a power cut".to_owned()
            }
            None => undated(line),
        });
        lines.fold(String::new(), |text, line| text + &line + "\n")
    }
}

/// A line without the date and the time of the run.
fn undated(line: &str) -> String {
    let between = |from: &str, to: &str, with: &str| {
        let (start, rest) = line.split_once(from)?;
        let (_, end) = rest.split_once(to)?;
        Some(format!("{start}{from}{with}{to}{end}"))
    };
    between(" expires in ", ")", "29 days (2026-12-30")
        .or_else(|| {
            between("(the login was revoked) at ", "; authorize", "2026-11-30T15:12:07.665Z")
        })
        .or_else(|| between("refused the refresh token ", ": the login", "just now"))
        .unwrap_or_else(|| line.to_owned())
}

#[test]
fn a_day_with_the_tool_is_as_the_guide_shows() {
    let curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !curl {
        assert!(std::env::var_os("EVERGRANT_REQUIRE_ALL").is_none(), "curl is not installed");
        let _ = writeln!(std::io::stderr(), "skipped: curl is not installed");
        return;
    }
    let mut day = Day::new();
    day.say("## In the morning\n\nAda has described the service in a file, and has written the credentials of the application into another.");
    day.run("cat .config/evergrant/acme.toml");
    day.run("sed 's/=.*/=.../' .config/evergrant/acme.env");
    day.run("evergrant status");
    day.log_in("evergrant login acme --no-browser --scope read");
    day.run("evergrant status");

    day.say("## A script\n\nA shell script passes a token to curl.");
    day.run(
        "curl -s -H \"Authorization: Bearer $(evergrant token acme)\" https://api.acme.example/me",
    );

    day.say(
        "An older script keeps a login of its own in a file. Ada imports that login into the command.",
    );
    let token = day.world.stored_token(true);
    std::fs::write(day.world.home.join("old-script.json"), token.to_string()).unwrap();
    day.run("evergrant import acme old-script.json --name reports");

    day.say("## At noon\n\nThe service revokes all access tokens before they expire. The call gets a 401, refreshes the access token, and sends its request again.");
    day.world.sandbox.expire_access_tokens();
    day.run("evergrant call acme GET /me");
    day.say("Cron runs `keep-alive`. Nobody has used the login `reports` for three weeks, so the command refreshes it.");
    day.run("evergrant keep-alive");
    day.run("evergrant status --json | grep -E 'name|state|needs_person'");

    day.say("## In the afternoon\n\nSomebody withdraws the application's access on a page of the service. The service now refuses the refresh token, so a person has to log in again.");
    day.world.sandbox.revoke_login();
    day.world.sandbox.expire_access_tokens();
    day.run("evergrant call acme GET /me");
    day.run("evergrant status acme");
    day.run("evergrant doctor acme");
    day.log_in("evergrant login acme --no-browser --scope read");
    day.run("evergrant call acme GET /me");

    day.say("## In the evening\n\nNobody runs the old script any more. The service has already revoked the login `reports`, so Ada only removes it from this machine.");
    day.run("evergrant logout reports --forget");
    day.run("evergrant logout acme");
    day.run("evergrant status");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("EVERGRANT_WRITE").is_some() {
        std::fs::write(&page, &day.text).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap();
    for (line, (ours, theirs)) in day.text.lines().zip(written.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {} of {PAGE}; EVERGRANT_WRITE=1 writes the page", line + 1);
    }
    assert_eq!(day.text, written, "EVERGRANT_WRITE=1 writes the page");
}
