//! Tests of a provider from the server's metadata.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::discovery::{Discovery, Form};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Error, MemoryBackend, Provider};
use serde_json::{Value, json};

use crate::support::{Fake, sandbox};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

fn asked(sandbox: &Sandbox) -> u64 {
    sandbox.counters().metadata_requests
}

#[test]
fn a_login_needs_only_the_issuer() {
    let sandbox = Sandbox::builder().issuer_in_callback(true).start().unwrap();
    let provider = Provider::discover(sandbox.url()).unwrap();
    let provider = provider.api_base(format!("{}/api", sandbox.url())).build().unwrap();
    assert_eq!(provider.issuer(), Some(sandbox.url()));
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let authorization = client.authorize(&["read"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    client.revoke().unwrap();
    assert_eq!(sandbox.counters().revocations, 1);
}

#[test]
fn metadata_is_fetched_once_in_its_lifetime() {
    let sandbox = sandbox();
    let clock = Arc::new(ManualClock::new());
    let discovery =
        Discovery::new(sandbox.url()).clock(clock.clone()).lifetime(Duration::from_secs(60));
    let first = discovery.metadata().unwrap();
    clock.advance(Duration::from_secs(59));
    assert_eq!(discovery.metadata().unwrap(), first);
    assert_eq!(asked(&sandbox), 1);
    clock.advance(Duration::from_secs(1));
    assert!(discovery.metadata().unwrap().fetched_at() > first.fetched_at());
    assert_eq!(asked(&sandbox), 2);
    discovery.refetch().unwrap();
    assert_eq!(asked(&sandbox), 3);
    // A date in the future comes from a clock that was wrong.
    clock.set_wall(std::time::SystemTime::UNIX_EPOCH);
    discovery.metadata().unwrap();
    assert_eq!(asked(&sandbox), 4);
}

#[test]
fn the_next_process_finds_the_document_in_the_file() {
    let sandbox = sandbox();
    let file = sandbox.folder().join("metadata");
    let discovery = || Discovery::new(sandbox.url()).cache_file(&file);
    let first = discovery().metadata().unwrap();
    assert_eq!(discovery().metadata().unwrap(), first);
    assert_eq!(asked(&sandbox), 1);
    // A file with another issuer, a cut file or a changed file is fetched again, and replaced.
    let other = Discovery::new(format!("{}/", sandbox.url())).cache_file(&file);
    assert!(other.metadata().is_err(), "the server names itself without the slash");
    let whole = std::fs::read_to_string(&file).unwrap();
    let plain = whole.replace("http://127.0.0.1", "http://evil.example");
    for (n, text) in ["", &whole[..whole.len() / 2], "[]", &plain].into_iter().enumerate() {
        let before = asked(&sandbox);
        std::fs::write(&file, text).unwrap();
        assert_eq!(discovery().metadata().unwrap().issuer(), sandbox.url(), "{n}");
        assert_eq!(asked(&sandbox), before + 1, "{n}");
        let now = std::fs::read_to_string(&file).unwrap();
        assert!(now.contains(sandbox.url()) && now.ends_with("}}"), "{n}");
    }
    // If the file cannot be written, each process fetches the metadata.
    let nowhere = Discovery::new(sandbox.url()).cache_file(sandbox.folder().join("no/file"));
    assert!(nowhere.metadata().is_ok());
    let names = std::fs::read_dir(sandbox.folder()).unwrap().count();
    assert_eq!(names, 1, "no helper file stays");
}

#[test]
fn while_the_server_fails_the_last_good_document_is_used() {
    let sandbox = sandbox();
    let clock = Arc::new(ManualClock::new());
    let discovery = Discovery::new(sandbox.url()).clock(clock.clone());
    let good = discovery.metadata().unwrap();
    let failing = |status: u16| {
        for path in [OPENID, OAUTH] {
            sandbox.on_open("GET", path, move |_| ApiReply::bytes(status, "text/html", "<h1>no"));
        }
    };
    for status in [500, 503, 404, 200] {
        failing(status);
        clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(discovery.metadata().unwrap(), good, "{status}");
        let error = discovery.refetch().unwrap_err();
        assert_eq!(error.is_transient(), status >= 500, "{status}: {error}");
        assert!(error.to_string().contains(".well-known"), "{error}");
    }
    let error = Discovery::new(sandbox.url()).metadata().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "metadata of an earlier fetch was used: {error:?}");
}

#[test]
fn a_missing_metadata_document_leads_to_the_next_form() {
    let sandbox = sandbox();
    for path in [OPENID, OAUTH] {
        sandbox.on_open("GET", path, |_| ApiReply::new(404));
        if path == OPENID {
            assert!(Discovery::new(sandbox.url()).metadata().is_ok());
            assert_eq!(asked(&sandbox), 2);
            let error = Discovery::new(sandbox.url()).form(Form::OpenId).metadata().unwrap_err();
            assert!(matches!(&error, Error::Config(text) if text.contains(OPENID)), "{error:?}");
            assert_eq!(asked(&sandbox), 3);
        }
    }
    let error = Discovery::new(sandbox.url()).metadata().unwrap_err();
    assert!(matches!(&error, Error::Config(text) if text.contains(OAUTH)), "{error:?}");
    // The issuer's path follows the well-known path or precedes it.
    let (url, with_path) = (sandbox.url(), format!("{}/t1", sandbox.url()));
    let document = json!({"issuer": with_path, "token_endpoint": format!("{url}/token")});
    sandbox.on_open("GET", &format!("{OPENID}/t1"), move |_| ApiReply::json(200, &document));
    let before = asked(&sandbox);
    assert_eq!(Discovery::new(&with_path).metadata().unwrap().issuer(), with_path);
    assert_eq!(asked(&sandbox) - before, 2, "the first of the three is below the issuer's path");
}

#[test]
fn another_issuer_is_refused_unless_it_was_expected() {
    let sandbox = sandbox();
    let pattern = "https://login.example/{tenantid}/v2.0";
    let document = json!({"issuer": pattern, "token_endpoint": format!("{}/t", sandbox.url())});
    sandbox.on_open("GET", OPENID, move |_| ApiReply::json(200, &document));
    let error = Discovery::new(sandbox.url()).metadata().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
    assert_eq!(asked(&sandbox), 1, "the next form of the address is not tried");
    let expected = Discovery::new(sandbox.url()).expect_issuer(pattern);
    assert_eq!(expected.metadata().unwrap().issuer(), pattern);
}

#[test]
fn huge_cut_or_moved_metadata_is_an_error() {
    let huge = Fake::start(|peer| {
        peer.request();
        peer.write(b"HTTP/1.1 200 OK\r\n\r\n{\"issuer\":\"");
        while peer.write(&[b'a'; 65536]) {}
    });
    let cut = Fake::start(|peer| {
        peer.request();
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"issuer\":\"");
        peer.close();
    });
    let deep = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "", &b"[".repeat(900_000));
        }
    });
    let moved = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("302 Found", "Location: http://127.0.0.1:1/x?secret=1\r\n", b"");
        }
    });
    for (server, kind) in
        [(&huge, "transport"), (&cut, "transport"), (&deep, "decode"), (&moved, "decode")]
    {
        let error = Discovery::new(server.url()).metadata().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(moved.requests().len(), 1, "a redirect is not followed");
    let error = Discovery::new("http://127.0.0.1:1").metadata().unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    for issuer in ["http://a.example", "https://a.example?x", "a.example"] {
        assert!(matches!(Provider::discover(issuer), Err(Error::Config(_))), "{issuer}");
    }
}

#[test]
fn discovery_stays_away_from_private_addresses_where_asked() {
    let sandbox = sandbox();
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    // Try the address itself, and a name that the system looks up.
    for issuer in [sandbox.url().to_owned(), format!("http://localhost:{port}")] {
        let discovery = || Discovery::new(issuer.clone()).expect_issuer(sandbox.url());
        let refused = discovery().public_only().metadata().unwrap_err();
        assert!(format!("{refused:#}").contains("public"), "{refused:#}");
        assert_eq!(asked(&sandbox), 0, "nothing was asked");
    }
    for issuer in
        ["https://169.254.169.254", "https://[::1]", "https://0x7f.1", "https://localhost."]
    {
        let refused = Discovery::new(issuer).public_only().metadata().unwrap_err();
        assert!(matches!(refused, Error::Config(_)), "{issuer}: {refused:?}");
    }
    // The metadata that an earlier process kept is also checked.
    let file = sandbox.folder().join("metadata");
    Discovery::new(sandbox.url()).cache_file(&file).metadata().unwrap();
    let kept = Discovery::new(sandbox.url()).cache_file(&file).public_only().metadata();
    assert!(kept.is_err(), "{kept:?}");
}

#[cfg(unix)]
#[test]
fn the_cache_file_is_private_and_nothing_replaces_it() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let sandbox = sandbox();
    let file = sandbox.folder().join("metadata");
    let discovery = || Discovery::new(sandbox.url()).cache_file(&file);
    discovery().metadata().unwrap();
    let mode = || std::fs::symlink_metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(), asked(&sandbox)), (0o600, 1));
    let whole = std::fs::read(&file).unwrap();
    let elsewhere = sandbox.folder().join("elsewhere");
    std::fs::write(&elsewhere, &whole).unwrap();
    let fifo = |_: &std::path::Path| {
        let made = std::process::Command::new("mkfifo").arg(&file).status();
        assert!(made.unwrap().success());
    };
    type Plant<'a> = Box<dyn Fn(&std::path::Path) + 'a>;
    let planted: [(&str, Plant<'_>); 5] = [
        ("a pipe", Box::new(fifo)),
        ("an endless device", Box::new(|file| symlink("/dev/zero", file).unwrap())),
        ("a link", Box::new(|file| symlink(&elsewhere, file).unwrap())),
        (
            "others may write",
            Box::new(|file| {
                std::fs::write(file, &whole).unwrap();
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o666)).unwrap();
            }),
        ),
        (
            "too much",
            Box::new(|file| {
                let mut text = whole.clone();
                text.resize(3 << 20, b' ');
                std::fs::write(file, text).unwrap();
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
            }),
        ),
    ];
    for (what, plant) in planted {
        std::fs::remove_file(&file).unwrap();
        plant(&file);
        let before = asked(&sandbox);
        discovery().metadata().unwrap();
        assert_eq!(asked(&sandbox), before + 1, "{what} is not read");
        assert_eq!(mode(), 0o600, "{what} is replaced");
    }
    assert_eq!(std::fs::read(&elsewhere).unwrap(), whole, "nothing is written through a link");
}

#[cfg(unix)]
#[test]
fn a_cache_file_of_another_user_is_not_read() {
    let sandbox = sandbox();
    let file = sandbox.folder().join("metadata");
    let discovery = || Discovery::new(sandbox.url()).cache_file(&file);
    discovery().metadata().unwrap();
    // Only root can give a file away.
    if std::os::unix::fs::chown(&file, Some(65533), None).is_err() {
        let _ =
            writeln!(std::io::stderr(), "skipped: not root, who can give a file to another user");
        let required = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1");
        return assert!(!required, "EVERGRANT_REQUIRE_ALL=1, but not root");
    }
    let before = asked(&sandbox);
    discovery().metadata().unwrap();
    assert_eq!(asked(&sandbox), before + 1);
}

/// Runs another test again as user 65534: this user must be able to read their own cache file.
#[cfg(target_os = "linux")]
#[test]
fn a_user_who_is_not_root_reads_a_cache_file_of_theirs() {
    use std::process::Command;
    let nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command
    };
    let program = std::env::current_exe().unwrap();
    let runs = nobody().args(["test", "-x"]).arg(&program).status();
    if !runs.is_ok_and(|status| status.success()) {
        // Without root, the test below runs as a user who is not root anyway.
        let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        let required = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1");
        assert!(!root || !required, "EVERGRANT_REQUIRE_ALL=1, but no other user can run the tests");
        let _ =
            writeln!(std::io::stderr(), "skipped: not root, or no other user can run the tests");
        return;
    }
    let test = "discovery::the_next_process_finds_the_document_in_the_file";
    let output = nobody().arg(&program).args(["--exact", test]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
