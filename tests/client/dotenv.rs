//! Tests that variables are read from a `.env` file, and that the file cannot change the process.

use std::path::{Path, PathBuf};
use std::process::Command;

use evergrant::sandbox::Sandbox;
use evergrant::{Client, Credentials, MemoryBackend, Provider};

/// The variable that is set in a child process of this test binary.
pub(super) const CHILD: &str = "EVERGRANT_TEST_DOTENV";

/// A file that would harm a process that sets all of its variables.
const FILE: &str = "APP_CLIENT_ID=of-the-file\nAPP_CLIENT_SECRET=sesame\n\
    EXACT_ONLINE_CLIENT_ID=of-the-file\nTEAMLEADER_CLIENT_ID=of-the-file\n\
    SHELL_EV_CLIENT_ID=of-the-file\nSHELL_EV_CLIENT_SECRET=sesame\n\
    BROWSER=/bin/evil\nLD_PRELOAD=/tmp/evil.so\nHTTPS_PROXY=http://evil.example\n\
    PROXY_ADDRESS=http://evil.example:1\nPROXY_PORT=2\n";

fn provider() -> Provider {
    Provider::builder("app").token_endpoint("https://a.example/t").build().unwrap()
}

/// The child process: reads the file with every function that reads `.env`, and prints the results.
pub(super) fn child() {
    let before: Vec<_> = std::env::vars_os().collect();
    let store = MemoryBackend::new;
    let mut said = vec![
        ("credentials", Credentials::from_dotenv("APP").map(|c| format!("{c:?}"))),
        ("client", Client::from_dotenv(provider(), store()).map(|c| format!("{c:?}"))),
    ];
    #[cfg(feature = "exact-online")]
    {
        use evergrant::exact_online::{Country, ExactOnline};
        let exact = ExactOnline::from_dotenv(Country::Belgium, store());
        said.push(("exact", exact.map(|exact| format!("{:?}", exact.client()))));
    }
    #[cfg(feature = "teamleader")]
    {
        let teamleader = evergrant::teamleader::Teamleader::from_dotenv(store());
        said.push(("teamleader", teamleader.map(|made| format!("{:?}", made.client()))));
    }
    #[cfg(feature = "shell-ev")]
    {
        use evergrant::shell_ev::{Environment, ShellEv};
        let shell = ShellEv::from_dotenv(Environment::Sit, store());
        said.push(("shell", shell.map(|shell| format!("{:?}", shell.client()))));
    }
    for (name, result) in said {
        match result {
            Ok(text) => println!("\n{name}: ok {text}"),
            Err(error) => println!("\n{name}: {} {error}", error.kind()),
        }
    }
    let after: Vec<_> = std::env::vars_os().collect();
    println!("\nthe process has {} variables more", after.len() - before.len());
}

/// Returns what a child process prints if `folder` is its current folder.
fn said(folder: &Path) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["_CLIENT_ID", "PROXY"].iter().any(|part| name.to_uppercase().contains(part)) {
            child.env_remove(name);
        }
    }
    child.args(["--exact", "child_entry", "--nocapture"]).env(CHILD, "1").current_dir(folder);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn folders() -> (Sandbox, PathBuf, PathBuf) {
    let sandbox = Sandbox::start().unwrap();
    let above = sandbox.folder().to_owned();
    // A child reports its working directory without links, so take the folder's path without links too. On
    // Windows `canonicalize` would change the form of the path.
    let above = if cfg!(windows) { above } else { above.canonicalize().unwrap() };
    let below = above.join("a").join("b");
    std::fs::create_dir_all(&below).unwrap();
    (sandbox, above, below)
}

#[test]
fn a_dotenv_file_sets_nothing_in_the_process() {
    let (_sandbox, folder, _) = folders();
    std::fs::write(folder.join(".env"), FILE).unwrap();
    let said = said(&folder);
    assert!(said.contains("the process has 0 variables more"), "{said}");
    assert_eq!(said.matches(": ok ").count(), said.matches("of-the-file").count(), "{said}");
    assert!(!said.contains(": config"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn a_dotenv_file_in_a_folder_above_is_not_read() {
    let (_sandbox, above, below) = folders();
    std::fs::write(above.join(".env"), FILE).unwrap();
    let said = said(&below);
    assert!(!said.contains(": ok "), "{said}");
    let expected =
        format!("client: config APP_CLIENT_ID is not set (no .env file in {})", below.display());
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn an_error_names_the_dotenv_file_that_was_read() {
    let (_sandbox, folder, _) = folders();
    let path = folder.join(".env");
    for (text, fault) in [
        ("OTHER=1\n", "APP_CLIENT_ID is not set"),
        ("APP_CLIENT_ID=\"ses\tame\"\n", "APP_CLIENT_ID has a control character"),
    ] {
        std::fs::write(&path, text).unwrap();
        let said = said(&folder);
        assert!(said.contains(&format!("credentials: config {fault}")), "{said}");
        assert!(said.matches(&*path.display().to_string()).count() >= 2, "{said}");
    }
    // `>` of Windows PowerShell writes UTF-16.
    let wide = "\u{feff}APP_CLIENT_ID=\"ses\tame\"\r\n".encode_utf16().flat_map(u16::to_le_bytes);
    std::fs::write(&path, wide.collect::<Vec<_>>()).unwrap();
    assert!(self::said(&folder).contains("APP_CLIENT_ID has a control character"));
    std::fs::write(&path, "APP_CLIENT_ID=sesame sesame\n").unwrap();
    let said = said(&folder);
    assert!(said.contains(&format!("{} has an error at character", path.display())), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}
