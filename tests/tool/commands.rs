//! Tests of the output and the exit codes of every command.

use std::process::Stdio;

use evergrant::sandbox::Fault;
use serde_json::{Value, json};

use crate::support::{Waiting, World, mode, ran, visit};

#[test]
fn a_login_in_the_browser_is_kept_and_shown() {
    let world = World::new();
    let ran = world.log_in(&["login", "acme", "--no-browser", "--scope", "read"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("Logged in to Acme as `acme`. Scopes: read."), "{}", ran.err);
    assert_eq!(mode(&world.logins()), 0o700);
    assert_eq!(mode(&world.logins().join("acme.json")), 0o600);
    let status: Value = serde_json::from_str(&world.good(&["status", "--json"])).unwrap();
    assert_eq!(status[0]["name"], "acme");
    assert_eq!(status[0]["state"], "alive");
    assert_eq!(status[0]["scopes"], json!(["read"]));
    assert_eq!(status[0]["needs_person"], false);
    let table = world.good(&["status"]);
    assert!(table.starts_with("LOGIN") && table.contains("acme   Acme     -    alive"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn a_login_with_a_pasted_address_asks_again() {
    let world = World::new();
    let mut login = Waiting::start(world.command(&["login", "acme", "--paste"]));
    login.type_line("");
    let callback = world.sandbox.approve(&login.url).unwrap();
    login.type_line(&callback);
    let ran = login.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err.matches("That did not work").count(), 1, "{}", ran.err);
}

#[test]
fn a_login_on_another_device_shows_a_code() {
    let world = World::new();
    let mut command = world.command(&["login", "acme", "--device"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let code = lines.find_map(|line| line.unwrap().trim().strip_prefix("Enter").map(str::to_owned));
    assert!(world.sandbox.approve_device(code.unwrap().trim()));
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.good(&["token", "acme"]);
}

#[test]
fn a_store_that_cannot_save_shows_no_address() {
    let world = World::new();
    let missing = world.home.join("nowhere/login.json");
    let ran = world.run(&["login", "acme", "--no-browser", "--store", missing.to_str().unwrap()]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.err.contains("nowhere") && !ran.err.contains("/authorize?"), "{}", ran.err);
}

#[test]
fn token_prints_a_token_and_refreshes_an_expired_token() {
    let world = World::new();
    world.seed("acme", true);
    let token = world.good(&["token", "acme"]);
    assert_eq!(world.sandbox.counters().refreshes, 1);
    assert_eq!(world.good(&["token", "acme"]), token);
    let url = format!("{}/api/me", world.sandbox.url());
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let answer = agent.get(url).header("Authorization", format!("Bearer {}", token.trim())).call();
    assert_eq!(answer.unwrap().status(), 200);
}

#[test]
fn a_missing_login_has_exit_code_77_and_names_the_command() {
    let world = World::new();
    for arguments in
        [&["token", "acme"] as &[_], &["call", "acme", "GET", "/me"], &["logout", "acme"]]
    {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(77), "{ran:?}");
        assert!(ran.err.contains("try: evergrant login acme"), "{}", ran.err);
    }
    let ran = world.run(&["status"]);
    assert_eq!((ran.code, &*ran.out), (Some(77), ""));
    assert_eq!(world.run(&["keep-alive"]).code, Some(0), "cron has nothing to do");
}

#[test]
fn an_outage_has_exit_code_75_and_a_revoked_login_77() {
    let world = World::new();
    world.seed("acme", true);
    world.sandbox.faults(9, Fault::StatusBefore(503));
    let ran = world.run(&["token", "acme"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    world.sandbox.clear_faults();
    world.sandbox.revoke_login();
    let ran = world.run(&["keep-alive"]);
    assert_eq!(ran.code, Some(77), "{ran:?}");
    assert!(ran.err.contains("error: acme: "), "{}", ran.err);
    let ran = world.run(&["status"]);
    assert_eq!(ran.code, Some(77));
    assert!(
        ran.out.contains("refused") && ran.out.contains("run `evergrant login acme`"),
        "{}",
        ran.out
    );
    let status: Value = serde_json::from_str(&world.run(&["status", "--json"]).out).unwrap();
    assert_eq!(status[0]["refused"]["code"], "invalid_grant");
}

#[test]
fn cron_keeps_all_logins_alive_in_an_empty_environment() {
    let world = World::new();
    world.seed("one", true);
    world.seed("two", false);
    let kept = world.run(&["keep-alive"]);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert_eq!(kept.err, "one: refreshed\ntwo: not due\n");
    assert_eq!(world.sandbox.counters().refreshes, 1);
    let quiet = world.run(&["keep-alive", "--quiet"]);
    assert_eq!((quiet.code, quiet.out, quiet.err), (Some(0), String::new(), String::new()));
    let mut command = world.command(&["status"]);
    command.env_remove("HOME");
    let ran = ran(command);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("HOME is not set") && ran.err.contains("EVERGRANT_HOME"),
        "{}",
        ran.err
    );
}

#[test]
fn an_import_never_replaces_a_login() {
    let world = World::new();
    let token = world.stored_token(false);
    let file = world.home.join("old.env");
    let text = |name: &str| token[name].as_str().unwrap().to_owned();
    let lines = format!(
        "ACME_ACCESS_TOKEN={}\nACME_REFRESH_TOKEN={}\n",
        text("access_token"),
        text("refresh_token")
    );
    std::fs::write(&file, lines).unwrap();
    world.good(&["import", "acme", file.to_str().unwrap()]);
    let before = world.record("acme");
    let ran = world.run(&["import", "acme", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("has a login already"), "{}", ran.err);
    assert_eq!(world.record("acme"), before);
    let mut command = world.command(&["import", "acme", "--name", "second"]);
    command.env("ACME_REFRESH_TOKEN", text("refresh_token"));
    assert_eq!(ran_code(command), Some(0));
    let mut command = world.command(&["import", "acme", "-", "--name", "third"]);
    std::fs::write(&file, token.to_string()).unwrap();
    command.stdin(std::fs::File::open(&file).unwrap());
    assert_eq!(ran_code(command), Some(0));
}

fn ran_code(command: std::process::Command) -> Option<i32> {
    let ran = ran(command);
    assert!(!ran.err.contains("rt-"), "{}", ran.err);
    ran.code
}

#[test]
fn a_moved_login_is_used_at_its_new_place() {
    let world = World::new();
    world.seed("acme", true);
    let there = world.home.join("there.json");
    world.good(&["move", "acme", there.to_str().unwrap()]);
    assert!(there.exists() && !world.logins().join("acme.json").exists());
    world.good(&["token", "acme"]);
    let status = world.good(&["status", "--json"]);
    assert!(status.contains("there.json"), "{status}");
    let ran = world.run(&["move", "acme", "postgres://app:pw@db.example/app"]);
    assert!(ran.code == Some(1) && ran.err.contains("password"), "{ran:?}");
}

#[test]
fn the_environment_may_name_a_store_with_a_password() {
    let world = World::new();
    let store = "postgres://ada:sesame@127.0.0.1:1/logins";
    let ran_with = world.run(&["status", "acme", "--store", store]);
    assert_eq!(ran_with.code, Some(1));
    assert!(ran_with.err.contains("EVERGRANT_STORE"), "{}", ran_with.err);
    let mut command = world.command(&["token", "acme"]);
    let there = world.home.join("there.json");
    command.env("EVERGRANT_STORE", &there);
    assert_eq!(ran(command).code, Some(77), "nobody has logged in there");
    let mut command = world.command(&["status", "acme"]);
    command.env("EVERGRANT_STORE", store);
    let shown = ran(command);
    assert!(shown.code != Some(0) && !shown.out.contains("sesame"), "{shown:?}");
    assert!(!shown.err.contains("sesame"), "{shown:?}");
}

#[test]
fn credentials_come_from_the_environment_or_a_file() {
    let world = World::new();
    world.seed("acme", true);
    std::fs::remove_file(world.settings().join("acme.env")).unwrap();
    let without = world.run(&["token", "acme"]);
    assert_eq!(without.code, Some(1));
    assert!(without.err.contains("set ACME_CLIENT_ID"), "{}", without.err);
    let mut command = world.command(&["token", "acme"]);
    command.env("ACME_CLIENT_ID", "sandbox-client").env("ACME_CLIENT_SECRET", "sandbox-secret");
    assert_eq!(ran(command).code, Some(0));
    let variables = "ACME_CLIENT_ID=sandbox-client\nACME_CLIENT_SECRET=sandbox-secret\n";
    for place in [".env", "other.env"] {
        std::fs::write(world.home.join(place), variables).unwrap();
    }
    world.good(&["token", "acme"]);
    std::fs::remove_file(world.home.join(".env")).unwrap();
    assert_eq!(world.run(&["token", "acme"]).code, Some(1));
    world.good(&["token", "acme", "--env-file", "other.env"]);
    let described = world.description()
        + "client_id = \"sandbox-client\"\nclient_secret = \"sandbox-secret\"\n";
    std::fs::write(world.settings().join("acme.toml"), described).unwrap();
    world.good(&["token", "acme"]);
}

#[test]
fn a_login_can_live_in_a_database() {
    if !cfg!(feature = "sqlite") {
        return;
    }
    let world = World::new();
    let store = format!("sqlite:{}", world.home.join("logins.sqlite").display());
    let login = world.log_in(&["login", "acme", "--no-browser", "--store", &store]);
    assert_eq!(login.code, Some(0), "{login:?}");
    world.good(&["token", "acme"]);
    assert!(world.good(&["status", "--json"]).contains("logins.sqlite"));
    world.seed("other", false);
    let there = world.good(&["status", "--store", &store]);
    assert!(there.contains("acme") && !there.contains("other"), "{there}");
    let kept = world.run(&["keep-alive", "--store", &store]);
    assert_eq!((kept.code, &*kept.err), (Some(0), "acme: not due\n"));
    let file = world.logins().join("other.json");
    let all = world.run(&["status", "--store", file.to_str().unwrap()]);
    assert!(all.code == Some(1) && all.err.contains("name the login"), "{all:?}");
    world.good(&["status", "other", "--store", file.to_str().unwrap()]);
}

#[test]
fn a_missing_store_feature_names_the_install_command() {
    if cfg!(feature = "redis") {
        return;
    }
    let world = World::new();
    let ran = world.run(&["token", "acme", "--store", "redis://127.0.0.1/0"]);
    assert!(ran.err.contains("cargo install evergrant --features cli,redis"), "{}", ran.err);
}

#[test]
fn logout_revokes_at_the_service_and_forgets() {
    let world = World::new();
    world.seed("acme", false);
    world.good(&["logout", "acme"]);
    assert!(!world.sandbox.login_alive());
    assert_eq!(world.run(&["status"]).code, Some(77));
    world.seed("acme", false);
    world.good(&["logout", "acme", "--forget"]);
    assert!(world.sandbox.login_alive());
    assert_eq!(world.run(&["token", "acme"]).code, Some(77));
}

#[test]
fn get_tokens_prints_a_block_that_import_takes() {
    let world = World::new();
    let ran = world.log_in(&["get-tokens", "acme", "--no-browser"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names: Vec<_> = ran.out.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["ACME_ACCESS_TOKEN", "ACME_REFRESH_TOKEN", "ACME_EXPIRES_AT"]);
    assert_eq!(world.run(&["status"]).code, Some(77), "nothing is kept");
    let file = world.home.join("block.env");
    std::fs::write(&file, ran.out).unwrap();
    world.good(&["import", "acme", file.to_str().unwrap()]);
    world.good(&["token", "acme"]);
}

#[test]
fn a_token_with_every_sign_passes_through_get_tokens_and_import() {
    let world = World::new();
    let odd = "a$b'c\\d\"e#f$$ g`h!i~j";
    let text = json!({"access_token": odd, "refresh_token": odd, "expires_in": 3600});
    world.sandbox.fault(Fault::Body {
        status: 200,
        content_type: "application/json".into(),
        body: text.to_string().into_bytes(),
        commit: true,
    });
    let block = world.log_in(&["get-tokens", "acme", "--no-browser"]);
    assert_eq!(block.code, Some(0), "{block:?}");
    let file = world.home.join("block.env");
    std::fs::write(&file, block.out).unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", ". \"$0\"; printf %s \"$ACME_REFRESH_TOKEN\""]).arg(&file);
    assert_eq!(ran(shell).out, odd);
    world.good(&["import", "acme", file.to_str().unwrap()]);
    let record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    assert_eq!(record["token"]["refresh_token"], odd);
    assert_eq!(record["token"]["access_token"], odd);
}

#[test]
fn providers_lists_every_service_and_shows_what_each_needs() {
    let world = World::new();
    let all = world.good(&["providers"]);
    for ready in evergrant::providers::ready() {
        assert!(all.lines().any(|line| line.starts_with(&ready.usage())), "{}", ready.name());
    }
    assert!(all.contains("acme"), "the description of the person");
    let xero = world.good(&["providers", "xero"]);
    for part in ["XERO_CLIENT_ID", "offline_access", "60 days", "fn.xero.html"] {
        assert!(xero.contains(part), "{part}: {xero}");
    }
    assert!(world.good(&["providers", "exact-online"]).contains("exact_online:COUNTRY"));
    let ran = world.run(&["providers", "nobody"]);
    assert!(ran.code == Some(1) && ran.err.contains("`nobody`"), "{ran:?}");
}

#[test]
fn a_service_is_found_by_its_issuer() {
    let world = World::new();
    let issuer = world.sandbox.url();
    let mut command = world.command(&[
        "login",
        issuer,
        "--name",
        "byissuer",
        "--no-browser",
        "--api-base",
        &format!("{issuer}/api"),
    ]);
    let prefix = issuer.trim_start_matches("http://").replace(['.', ':'], "_");
    command.env(format!("{prefix}_CLIENT_ID"), "sandbox-client");
    command.env(format!("{prefix}_CLIENT_SECRET"), "sandbox-secret");
    let login = Waiting::start(command);
    visit(&world.sandbox.approve(&login.url).unwrap());
    assert_eq!(login.end().code, Some(0));
    let mut command = world.command(&["call", "byissuer", "GET", "/me"]);
    command.env(format!("{prefix}_CLIENT_ID"), "sandbox-client");
    command.env(format!("{prefix}_CLIENT_SECRET"), "sandbox-secret");
    assert!(ran(command).out.contains("ada"));
}

#[test]
fn the_doctor_names_each_fault_and_what_mends_it() {
    let world = World::new();
    world.seed("acme", false);
    let good = world.run(&["doctor", "acme"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    for part in ["ok    credentials", "ok    network", "ok    clock", "ok    lock", "ok    login"] {
        assert!(good.out.contains(part), "{part}: {}", good.out);
    }
    let file = world.settings().join("acme.env");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&file, open).unwrap();
    let ran = world.run(&["doctor", "acme"]);
    assert!(ran.code == Some(0) && ran.out.contains("chmod 600"), "{}", ran.out);
    std::fs::remove_file(&file).unwrap();
    let ran = world.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("bad   credentials") && ran.out.contains("acme.env"), "{}", ran.out);
    std::fs::remove_file(world.logins().join("acme.json")).unwrap();
    let variables = "ACME_CLIENT_ID=sandbox-client\n";
    std::fs::write(world.settings().join("acme.env"), variables).unwrap();
    let ran = world.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(77), "{ran:?}");
    assert!(ran.out.contains("nobody has logged in") && ran.out.contains("evergrant login acme"));
    let text = world.description().replace("/token\"", "/token\"\npkce = \"sometimes\"");
    std::fs::write(world.settings().join("acme.toml"), text).unwrap();
    let ran = world.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("acme.toml, line 4: `pkce` must be one of"), "{}", ran.out);
}

#[test]
fn certificates_and_proxies_of_the_environment_are_checked() {
    let world = World::new();
    world.seed("acme", false);
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/tls/authority.pem");
    for (file, code) in [(authority, 0), ("/dev/null", 1), ("/nowhere.pem", 1)] {
        let mut command = world.command(&["call", "acme", "GET", "/me"]);
        command.env("SSL_CERT_FILE", file);
        let ran = ran(command);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(code == 0 || ran.err.contains("SSL_CERT_FILE"), "{}", ran.err);
    }
    let mut command = world.command(&["doctor", "acme"]);
    command.env("HTTPS_PROXY", "not a proxy");
    let ran = ran(command);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("bad   proxy: HTTPS_PROXY is not the address"), "{}", ran.out);
}

#[test]
fn only_token_and_get_tokens_print_a_secret() {
    let world = World::new();
    world.seed("acme", true);
    let token = world.good(&["token", "acme"]);
    let record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    let refresh = record["token"]["refresh_token"].as_str().unwrap().to_owned();
    for arguments in [
        &["status"] as &[_],
        &["status", "--json"],
        &["doctor", "acme"],
        &["keep-alive"],
        &["call", "acme", "GET", "/me"],
        &["call", "acme", "GET", "/status/403"],
        &["providers", "acme"],
        &["logout", "acme"],
    ] {
        let ran = world.run(arguments);
        for secret in [token.trim(), &refresh, "sandbox-secret"] {
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "{arguments:?}: {ran:?}"
            );
        }
    }
}
