//! Tests of wrong input and of services that cannot be reached.

use serde_json::{Value, json};

use crate::support::{World, ran};

#[test]
fn a_wrong_name_does_not_stop_keep_alive() {
    let world = World::new();
    world.seed("a", true);
    world.seed("b", true);
    let kept = world.run(&["keep-alive", "a", "typo", "b"]);
    assert_eq!(kept.code, Some(77), "{kept:?}");
    assert!(kept.err.contains("a: refreshed") && kept.err.contains("b: refreshed"), "{kept:?}");
    assert!(kept.err.contains("error: typo: "), "{}", kept.err);
}

#[test]
fn status_without_logins_has_one_exit_code() {
    let world = World::new();
    assert_eq!(world.run(&["status"]).code, Some(77));
    let ran = world.run(&["status", "--json"]);
    assert_eq!((ran.code, ran.out.trim()), (Some(77), "[]"));
}

#[test]
fn an_issuer_that_is_down_is_tried_again_later() {
    let world = World::new();
    std::fs::write(world.settings().join("down.toml"), "from = \"http://127.0.0.1:1\"\n").unwrap();
    let ran = world.run(&["login", "down", "--no-browser"]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    assert!(ran.err.contains("down.toml, line 1"), "{}", ran.err);
}

#[test]
fn a_login_is_forgotten_without_its_service() {
    let world = World::new();
    world.seed("acme", false);
    std::fs::remove_file(world.settings().join("acme.toml")).unwrap();
    world.good(&["logout", "acme", "--forget"]);
    assert!(!world.logins().join("acme.json").exists());
    assert!(!world.logins().join("acme.about.json").exists());
}

#[test]
fn a_named_file_is_imported_without_the_variables_of_the_process() {
    let world = World::new();
    let token = world.stored_token(false);
    let file = world.home.join("mine.env");
    std::fs::write(&file, format!("ACME_ACCESS_TOKEN={}\n", token["access_token"])).unwrap();
    let mut command = world.command(&["import", "acme", file.to_str().unwrap()]);
    command.env("ACME_ACCESS_TOKEN", "of-the-process").env("ACME_REFRESH_TOKEN", "of-it-too");
    let imported = ran(command);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    assert_eq!(record["token"]["access_token"], token["access_token"]);
    assert!(record["token"]["refresh_token"].is_null(), "{}", record["token"]);
}

#[test]
fn the_token_files_of_other_libraries_are_imported() {
    let world = World::new();
    let token = world.stored_token(false);
    let text = |name: &str| token[name].as_str().unwrap();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let end = token["expires_at"].as_i64().unwrap();
    let date = evergrant::time::OffsetDateTime::from_unix_timestamp(end).unwrap();
    let form = &evergrant::time::format_description::well_known::Rfc3339;
    let date = date.format(form).unwrap();
    for (name, stored) in [
        (
            "oauth2-rs",
            json!({"access_token": access, "refresh_token": refresh, "token_type": "bearer",
                "expires_in": 3600, "issued_at": token["issued_at"]}),
        ),
        (
            "yup-oauth2",
            json!([{"scopes": ["read"], "token": {"access_token": access,
                "refresh_token": refresh, "expires_at": date}}]),
        ),
        (
            "golang",
            json!({"access_token": access, "token_type": "Bearer", "refresh_token": refresh,
                "expiry": date}),
        ),
        (
            "gcloud",
            json!({"type": "authorized_user", "client_id": "x", "client_secret": "y",
                "refresh_token": refresh}),
        ),
        (
            "google-auth",
            json!({"token": access, "refresh_token": refresh, "token_uri": "https://x.example/t",
                "client_id": "x", "client_secret": "y", "scopes": ["read"], "expiry": date}),
        ),
        (
            "requests-oauthlib",
            json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer",
                "expires_in": 3600, "expires_at": end, "scope": ["read"]}),
        ),
    ] {
        let file = world.home.join(format!("{name}.json"));
        std::fs::write(&file, stored.to_string()).unwrap();
        world.good(&["import", "acme", file.to_str().unwrap(), "--name", name]);
        let record: Value = serde_json::from_slice(&world.record(name)).unwrap();
        assert_eq!(record["token"]["refresh_token"], refresh, "{name}");
    }
}

#[test]
fn a_file_of_windows_is_imported() {
    let world = World::new();
    let text = world.stored_token(false).to_string();
    let file = world.home.join("token.json");
    let marked = format!("\u{feff}{text}\r\n");
    // `>` of Windows PowerShell writes UTF-16.
    let wide = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("marked", marked.clone().into_bytes()), ("wide", wide)] {
        std::fs::write(&file, bytes).unwrap();
        world.good(&["import", "acme", file.to_str().unwrap(), "--name", name]);
    }
    // The description of the service may be such a file, too.
    let described = world.home.join("other.json");
    let description = r#"{"token_endpoint":"https://a.example/token"}"#;
    std::fs::write(&described, format!("\u{feff}{description}")).unwrap();
    let shown = world.run(&["providers", described.to_str().unwrap()]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

#[test]
fn an_access_token_in_the_credentials_file_is_enough() {
    let world = World::new();
    let token = world.stored_token(false);
    let file = world.settings().join("acme.env");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}ACME_ACCESS_TOKEN={}\n", token["access_token"])).unwrap();
    world.good(&["import", "acme"]);
    world.good(&["call", "acme", "GET", "/me"]);
}

#[test]
fn a_message_names_the_options_of_the_tool() {
    let world = World::new();
    world.seed("acme", false);
    let other = evergrant::sandbox::Sandbox::start().unwrap();
    let address = format!("{}/api/echo", other.url());
    let ran = world.run(&["call", "acme", "GET", &address]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let option = format!("`--allow {}`", other.url());
    assert!(ran.err.contains(&option) && !ran.err.contains("ClientBuilder"), "{}", ran.err);
    let allowed = world.run(&["call", "acme", "GET", &address, "--allow", other.url()]);
    assert!(!allowed.err.contains("does not go to"), "{allowed:?}");
    let base = world.sandbox.url();
    assert!(world.good(&["call", "acme", "GET", "/api/me", "--api-base", base]).contains("ada"));
}

#[test]
fn a_relative_home_and_an_unknown_store_are_refused() {
    let world = World::new();
    let mut command = world.command(&["status"]);
    command.env("EVERGRANT_HOME", "logins");
    let relative = ran(command);
    assert_eq!(relative.code, Some(1), "{relative:?}");
    assert!(relative.err.contains("EVERGRANT_HOME must be"), "{}", relative.err);
    let ran = world.run(&["status", "acme", "--store", "postgre:db"]);
    assert!(ran.code == Some(1) && ran.err.contains("`postgre:`"), "{ran:?}");
}

#[test]
fn a_device_login_ends_with_its_timeout() {
    let world = World::new();
    let ran = world.run(&["login", "acme", "--device", "--timeout", "1"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(world.sandbox.url().starts_with("http"), "the sandbox still runs");
}

#[test]
fn a_described_service_has_no_page_of_evidence() {
    let world = World::new();
    std::fs::write(world.home.join("d.toml"), world.description()).unwrap();
    let shown = world.good(&["providers", "./d.toml"]);
    assert!(shown.contains("d.toml") && !shown.contains("docs.rs"), "{shown}");
}

#[test]
fn a_pasted_login_ends_with_its_timeout() {
    let world = World::new();
    let arguments = ["login", "acme", "--paste", "--timeout", "1"];
    // The standard input stays open, and nobody writes.
    let login = crate::support::Waiting::start(world.command(&arguments));
    let (code, kept) = (login.ended(), world.logins().join("acme.about.json"));
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(!kept.exists());
}

#[test]
fn the_doctor_sees_missing_folders_and_open_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.seed("acme", false);
    let env = world.settings().join("acme.env");
    std::fs::set_permissions(&env, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = world.run(&["doctor", "acme"]);
    assert!(open.out.contains("warn  credentials") && open.out.contains("chmod 600"), "{open:?}");
    let missing = world.home.join("a disk/acme.json");
    let ran = world.run(&["doctor", "acme", "--store", missing.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("bad   store") && ran.out.contains("mkdir -p -m 700 '"), "{ran:?}");
}

#[test]
fn a_link_to_another_host_gets_no_token() {
    use evergrant::sandbox::{ApiReply, Sandbox};
    let world = World::new();
    world.seed("acme", false);
    let other = Sandbox::start().unwrap();
    let next = format!("<{}/api/list>; rel=\"next\"", other.url());
    world.sandbox.on("GET", "/api/list", move |_| {
        ApiReply::json(200, serde_json::json!([1])).with_header("Link", &next)
    });
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = seen.clone();
    other.on("GET", "/api/list", move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        ApiReply::json(200, serde_json::json!([2]))
    });
    let ran = world.run(&["call", "acme", "GET", "/list", "--paginate"]);
    assert_eq!((ran.code, &*ran.out), (Some(1), "1\n"), "{ran:?}");
    assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn status_shows_a_refresh_without_an_answer_and_no_other() {
    let world = World::new();
    world.seed("acme", false);
    let mut record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    let refresh_token = record["token"]["refresh_token"].as_str().unwrap().to_owned();
    let (sent_at, earlier) = ("2026-01-01T12:00:00Z", "2026-01-01T11:00:00Z");
    for (answered, since, unanswered) in [
        (false, None, Some(sent_at)),
        (false, Some(earlier), Some(earlier)),
        (true, None, None),
        (true, Some(earlier), Some(earlier)),
    ] {
        record["note"] = json!({
            "fingerprint": evergrant::Secret::from(refresh_token.clone()).fingerprint(),
            "nonce": "n", "holder": {"host": "db-1", "pid": 4711}, "attempts": 2,
            "sent_at": sent_at, "deadline": "2026-01-01T12:03:00Z", "answered": answered,
        });
        if let Some(since) = since {
            record["note"]["unanswered_since"] = json!(since);
        }
        std::fs::write(world.logins().join("acme.json"), record.to_string()).unwrap();
        let shown = world.run(&["status"]);
        let listed = world.run(&["status", "--json"]);
        let row: Value = serde_json::from_str(&listed.out).unwrap();
        let what = format!("{answered} {since:?}: {shown:?} {row}");
        let (code, state) = if unanswered.is_some() { (75, "unanswered") } else { (0, "alive") };
        assert_eq!((shown.code, listed.code), (Some(code), Some(code)), "{what}");
        assert_eq!(row[0]["state"], state, "{what}");
        assert_eq!(row[0]["unanswered_since"], json!(unanswered), "{what}");
        assert!(shown.out.contains(state), "{what}");
        let remark = "; process 4711 on db-1 sent it last";
        assert_eq!(shown.out.contains(remark), unanswered.is_some(), "{what}");
    }
}

#[test]
fn a_login_works_after_the_service_asked_to_wait() {
    use evergrant::sandbox::Fault;
    let world = World::new();
    world.seed("acme", true);
    world.sandbox.fault(Fault::TooMany(Some(600)));
    assert_eq!(world.run(&["token", "acme"]).code, Some(75));
    let shown = world.run(&["status"]);
    assert!(shown.code == Some(0) && shown.out.contains("alive"), "{shown:?}");
}

#[test]
fn providers_lists_each_description_that_has_a_name() {
    let world = World::new();
    let write = |name: &str, text: &str| {
        std::fs::write(world.settings().join(name), text).unwrap();
    };
    let json = r#"{"token_endpoint":"https://a.example/token"}"#;
    write("beta.json", json);
    // The TOML file of this name is used.
    write("acme.json", json);
    // A name cannot have a dot, and a login is no description.
    write("gamma.delta.json", json);
    world.seed("acme", false);
    std::fs::write(world.settings().join("work.json"), world.record("acme")).unwrap();
    let listed = world.good(&["providers"]);
    let mine: Vec<_> = listed.lines().filter(|line| line.contains("a file of yours")).collect();
    assert_eq!(mine.len(), 2, "{mine:?}");
    assert!(mine[0].starts_with("acme") && mine[0].contains("acme.toml"), "{mine:?}");
    assert!(mine[1].starts_with("beta") && mine[1].contains("beta.json"), "{mine:?}");
    assert!(world.good(&["providers", "beta"]).contains("https://a.example/token"));
}
