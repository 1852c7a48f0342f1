//! Tests that every fact has evidence in the right form, and that endpoints and client authentication have
//! enough evidence.

use super::entries;
use super::entry::{Entry, Fact};

/// The abbreviations of secondary sources, with the date of the version that was read. The page of the guide
/// explains the abbreviations.
pub(super) const SOURCES: [(&str, &str, &str); 10] = [
    ("AA", "2026-04", "django-allauth (commit 20f4bde)"),
    ("AR", "2025-05", "pilcrowonpaper/arctic, branch v3"),
    ("BA", "2026-08", "better-auth (commit 451aa4b)"),
    ("GO", "2026-01", "golang/oauth2, package `endpoints` (commit 89ff2e1)"),
    ("GR", "2025-02", "simov/grant (commit 500ab20)"),
    (
        "N",
        "2026-08",
        "Nango's catalogue `providers.yaml` (commit 2f4c0af): what an integrator runs",
    ),
    ("NA", "2026-07", "next-auth, Auth.js (commit a1a16a5)"),
    ("ND", "2026-08", "Nango's documentation (the same commit)"),
    ("PSA", "2026-08", "python-social-auth/social-core (commit 3bb06ab)"),
    ("SP", "2026-08", "SocialiteProviders/Providers (commit 47679c1)"),
];

/// The facts that every entry has, in this order. Other facts may come between these facts.
const EVERYWHERE: [&str; 11] = [
    "authorize",
    "token",
    "revoke",
    "auth",
    "pkce",
    "offline",
    "access_life",
    "refresh_life",
    "rotation",
    "error",
    "api",
];

/// A piece of evidence: `v` (a source of the service itself) or `s` (a secondary source), the source, year
/// and month.
struct Tag<'a> {
    own: bool,
    source: &'a str,
}

/// Reads the evidence of a fact; the error says what is wrong with it.
fn tags(evidence: &str) -> Result<Vec<Tag<'_>>, String> {
    let mut found = Vec::new();
    for tag in evidence.split(", ") {
        let parts = tag.split_once(' ').and_then(|(kind, rest)| {
            let (source, date) = rest.rsplit_once(' ')?;
            Some((kind, source, date))
        });
        let Some((kind, source, date)) = parts else {
            return Err(format!("{tag:?} is not written as `s SOURCE 2026-08`"));
        };
        // For some sources only the year of the version is known.
        let (year, month) = date.split_once('-').unwrap_or((date, "01"));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let dated = year.len() == 4 && month.len() == 2 && number(year) && number(month);
        if !dated || !("01"..="12").contains(&month) || !("2015".."2100").contains(&year) {
            return Err(format!("{tag:?} has no year and month"));
        }
        let known = SOURCES.iter().find(|(short, ..)| *short == source);
        if known.is_some_and(|(_, read, _)| *read != date) {
            return Err(format!("{tag:?} has another date than its source"));
        }
        let abbreviation = source.len() < 4 && source.chars().all(|c| c.is_ascii_uppercase());
        let plain = !source.contains([';', '|']);
        let right = plain
            && match kind {
                "v" => !abbreviation && !source.is_empty(),
                "s" => abbreviation == known.is_some() && !source.is_empty(),
                _ => false,
            };
        if !right {
            return Err(format!("{tag:?} is neither `v` with a source of the service nor `s`"));
        }
        found.push(Tag { own: kind == "v", source });
    }
    Ok(found)
}

/// Whether the evidence has a source of the service itself, or two secondary sources that are independent.
fn is_enough(tags: &[Tag<'_>]) -> bool {
    let public = |source: &str| {
        let count =
            source.strip_suffix(" public clients").or(source.strip_suffix(" public client"))?;
        count.parse::<usize>().ok()
    };
    let count = |tag: &Tag<'_>| public(tag.source).unwrap_or(1);
    // Nango and its documentation are one source.
    let docs =
        tags.iter().any(|tag| tag.source == "N") && tags.iter().any(|tag| tag.source == "ND");
    let secondary: usize = tags.iter().map(count).sum::<usize>() - usize::from(docs);
    tags.iter().any(|tag| tag.own) || secondary >= 2
}

/// Returns what is wrong with the evidence of an entry.
fn faults(entry: &Entry) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault =
        |what: &str, text: String| faults.push(format!("{} {what}: {text}", entry.name));
    let mut at = 0;
    for name in EVERYWHERE {
        // In place of `api`, an entry can have a fact that names the source of the API's address.
        let api = ["api", "api_from", "api_host", "api_lookup"];
        let fits = |fact: &Fact| fact.name == name || name == "api" && api.contains(&fact.name);
        match entry.facts[at..].iter().position(fits) {
            Some(found) => at += found,
            None => fault(
                name,
                "is missing, or stands in another place than in the other rows".to_owned(),
            ),
        }
    }
    for fact in entry.facts {
        if fact.is_unknown() {
            if !fact.evidence.is_empty() {
                fault(fact.name, "has evidence although it is unknown".to_owned());
            }
            continue;
        }
        match tags(fact.evidence) {
            Err(text) => fault(fact.name, text),
            Ok(tags)
                if ["authorize", "token", "auth"].contains(&fact.name) && !is_enough(&tags) =>
            {
                fault(fact.name, "needs the service's own word or two sources".to_owned());
            }
            Ok(_) => {}
        }
    }
    faults
}

#[test]
fn every_fact_has_its_evidence() {
    let faults: Vec<_> = entries().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_check_of_evidence_can_fail() {
    let enough = |evidence: &str| is_enough(&tags(evidence).unwrap_or_default());
    assert!(enough("v xero-node 2026-07") && enough("s N 2026-08, s SP 2026-08"));
    assert!(enough("s 10 public clients 2026-11"));
    assert!(!enough("s N 2026-08") && !enough("s N 2026-08, s ND 2026-08"));
    for wrong in [
        "",
        "N 2026-08",
        "s N",
        "s N 2026",
        "s N 2026-13",
        "s N 2026-07",
        "s ZZ 2026-07",
        "v N 2026-08",
        "w xero-node 2026-07",
        "s N 2026-08; s SP 2026-08",
    ] {
        assert!(tags(wrong).is_err(), "{wrong}");
    }
    let facts = &[
        Fact { name: "rotation", value: "(Strict)", evidence: "" },
        Fact { name: "authorize", value: "(\"https://a.example\")", evidence: "s N 2026-08" },
        Fact { name: "api", value: "(unknown)", evidence: "s N 2026-08" },
    ];
    let make = super::Make::Plain(evergrant::providers::github);
    let entry =
        Entry { name: "a", display_name: "A", kind: "x", parameter: "", allowed: "", make, facts };
    let faults = faults(&entry).join("\n");
    for part in
        ["a rotation: \"\" is not", "a authorize: needs", "a api: has evidence", "a token: is"]
    {
        assert!(faults.contains(part), "{part}\n{faults}");
    }
}
