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
