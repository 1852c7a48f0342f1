//! Tests that the help, the completions and the manual pages name every command.

use crate::support::World;

const COMMANDS: [&str; 13] = [
    "login",
    "logout",
    "status",
    "token",
    "call",
    "keep-alive",
    "import",
    "move",
    "providers",
    "doctor",
    "get-tokens",
    "completions",
    "man",
];

#[test]
fn the_completions_of_every_shell_name_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = world.good(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let world = World::new();
    let page = world.good(&["man"]);
    assert!(
        page.contains(".TH evergrant 1")
            && page.contains("EXIT_CODES") | page.contains("Exit codes"),
        "{page}"
    );
    let folder = world.home.join("man");
    std::fs::create_dir(&folder).unwrap();
    world.good(&["man", folder.to_str().unwrap()]);
    for command in COMMANDS {
        let path = folder.join(format!("evergrant-{command}.1"));
        assert!(path.exists(), "{}", path.display());
    }
}

#[test]
fn the_guide_has_a_row_for_every_command_and_every_key() {
    let guide = include_str!("../../src/guide/tool.md");
    for command in COMMANDS {
        assert!(guide.contains(&format!("| `{command}")), "{command}");
    }
    let settings = include_str!("../../src/bin/evergrant/description/settings.rs");
    let quoted = settings.split('"').skip(1).step_by(2);
    let keys = quoted
        .filter(|text| text.len() > 2 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let mut count = 0;
    for key in keys {
        assert!(guide.contains(&format!("`{key}`")), "the guide lacks the key or word {key}");
        count += 1;
    }
    assert!(count > 40);
}

/// The settings of a provider that a description cannot have: they need a key that signs, or a type of a program.
const NO_KEY: [&str; 4] = ["assertion_audience", "assertion_type", "profile", "signed_requests"];

#[test]
fn a_description_has_every_setting_of_the_builder() {
    let guide = include_str!("../../src/guide/tool.md");
    let keys = include_str!("../../src/bin/evergrant/description/settings.rs");
    let builder = [
        include_str!("../../src/provider/builder/settings.rs"),
        include_str!("../../src/provider/builder/settings/api.rs"),
        include_str!("../../src/provider/builder/settings/authorization.rs"),
        include_str!("../../src/provider/builder/settings/refresh.rs"),
        include_str!("../../src/provider/builder/settings/reply.rs"),
        include_str!("../../src/provider/builder/settings/token_request.rs"),
    ]
    .concat();
    let settings = builder.split("pub fn ").filter_map(|text| text.split_once('('));
    let settings = settings
        .filter(|(_, rest)| rest.trim_start().trim_start_matches("mut ").starts_with("self"));
    let words: Vec<_> = keys.split(|c: char| !c.is_ascii_lowercase() && c != '_').collect();
    let mut count = 0;
    for (name, _) in settings {
        let name = name.split('<').next().unwrap();
        let has_key = words.contains(&name);
        assert_ne!(has_key, NO_KEY.contains(&name), "{name}");
        let is_told = ["", "s"].iter().any(|end| guide.contains(&format!("`{name}{end}`")));
        assert!(is_told, "the guide says nothing about {name}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn wrong_arguments_have_exit_code_2() {
    let world = World::new();
    for arguments in [&["login"] as &[_], &["nothing"], &["login", "acme", "--device", "--paste"]] {
        assert_eq!(world.run(arguments).code, Some(2), "{arguments:?}");
    }
    assert_eq!(
        world.run(&["--version"]).out,
        concat!("evergrant ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
