//! The guide's page of services.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::entry::{Entry, Fact};
use super::evidence::SOURCES;
use super::{compare, entries, root};

const PAGE: &str = "src/guide/services.md";

/// The marks at the beginning and the end of the parts of the page that come from the table.
const BEGIN: &str = "<!-- from the table of services -->";
const END: &str = "<!-- end -->";

/// The steps by which a person gets a refresh token.
fn offline(entry: &Entry) -> String {
    let words = entry.words("offline");
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["scope", scope] => format!("scope `{scope}`"),
        ["param", name, value] => format!("`{name}={value}`, which is sent"),
        ["setting", name] => format!("setting of the application: {name}"),
        ["always"] => "nothing".to_owned(),
        ["never"] => "there is none".to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn pkce(entry: &Entry) -> &'static str {
    match entry.word("pkce").as_deref() {
        Some("S256") => "sent",
        Some("PublicClients") => "without a secret",
        Some("Off") => "not sent",
        _ => "sent; unknown",
    }
}

fn credentials(entry: &Entry) -> &'static str {
    match entry.word("auth").as_deref() {
        Some("Body") => "id and secret in the body",
        Some("None") => "id only",
        Some("SecretAsBearer") => "secret as bearer token",
        Some("SecretAsUser") => "secret as user name",
        _ => "HTTP Basic",
    }
}

fn rotation(entry: &Entry) -> String {
    let words = entry.words("rotation");
    let mut words = words.iter().map(String::as_str);
    let class = words.next().unwrap_or("unknown").to_owned();
    match (class.as_str(), words.collect::<Vec<_>>().join(" ")) {
        ("None", _) => "none".to_owned(),
        ("Unknown", _) => "replaced; old one unknown".to_owned(),
        ("unknown" | "setting", _) => class.replace("setting", "a setting"),
        (_, time) if time.is_empty() => format!("`{class}`"),
        (_, time) => format!("`{class}`, {time}"),
    }
}

fn life(entry: &Entry, name: &str) -> String {
    let lives = entry.all(name).map(|fact| match &fact.words()[..] {
        [word] if word == "endless" => "no end".to_owned(),
        [word] => word.clone(),
        [kind, rest @ ..] if kind == "unused" => format!("{} unused", rest.join(" ")),
        [kind, rest @ ..] if kind == "consent" => format!("{} from login", rest.join(" ")),
        words => words.join(" "),
    });
    lives.collect::<Vec<_>>().join(", ")
}

/// The names of the unknown facts.
fn unknown(entry: &Entry) -> String {
    let named = |fact: &Fact| match fact.name {
        "offline" => "what a refresh token needs",
        "access_life" => "access token's life",
        "refresh_life" => "refresh token's life",
        "error" => "own error answers",
        "revoke" => "revocation",
        "api" => "API",
        "pkce" => "PKCE",
        _ => "rotation",
    };
    let names = entry.facts.iter().filter(|fact| fact.is_unknown()).map(named);
    names.collect::<Vec<_>>().join(", ")
}

fn tables() -> String {
    let mut kinds: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries() {
        kinds.entry(entry.kind).or_default().push(entry);
    }
    let mut text = String::new();
    for (kind, mut rows) in kinds {
        rows.sort_by_key(|entry| entry.display_name.to_lowercase());
        let title = kind[..1].to_uppercase() + &kind[1..];
        let _ = write!(
            text,
            "\n### {title}\n\n\
             | service | for a refresh token | PKCE | credentials | rotation | access token lives | \
             refresh token lives | unknown |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        );
        for entry in rows {
            let _ = writeln!(
                text,
                "| {}: [`{}`](crate::providers::{}) | {} | {} | {} | {} | {} | {} | {} |",
                entry.display_name,
                entry.call(),
                entry.name,
                offline(entry),
                pkce(entry),
                credentials(entry),
                rotation(entry),
                life(entry, "access_life"),
                life(entry, "refresh_life"),
                unknown(entry),
            );
        }
    }
    text
}

fn sources() -> String {
    let mut text = "\n| source | what it is | read |\n| --- | --- | --- |\n".to_owned();
    for (short, date, name) in SOURCES {
        let _ = writeln!(text, "| `{short}` | {name} | {date} |");
    }
    text
}

#[test]
fn the_page_of_services_is_that_of_the_table() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let mut parts = page.split(BEGIN);
    let mut text = parts.next().unwrap().to_owned();
    let generated = [tables(), sources()];
    let kept: Vec<_> = parts.map(|part| part.split_once(END).unwrap().1).collect();
    assert_eq!(kept.len(), generated.len(), "the page has two parts between {BEGIN} and {END}");
    for (new, kept) in generated.iter().zip(kept) {
        let _ = write!(text, "{BEGIN}\n{new}\n{END}{kept}");
    }
    compare(PAGE, &text);
}
