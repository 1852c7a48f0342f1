//! Tests of the guide's page for users of other libraries: the counts of lines, and the statements
//! about stored tokens.

use evergrant::Token;

const PAGE: &str = include_str!("../../src/guide/coming_from.md");

/// The sections of the libraries: name and text.
fn sections() -> Vec<(&'static str, &'static str)> {
    PAGE.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect()
}

/// The first block of a section with this mark.
fn block(section: &'static str, mark: &str) -> &'static str {
    let rest = section.split_once(&format!("\n```{mark}\n")).unwrap().1;
    rest.split_once("\n```").unwrap().0
}

fn lines(block: &str) -> usize {
    block.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# ")).count()
}

#[test]
fn the_page_counts_the_lines_of_both_programs() {
    assert_eq!(sections().len(), 4);
    for (name, section) in sections() {
        let (theirs, ours) = (lines(block(section, "text")), lines(block(section, "no_run")));
        let row = format!("| {name} | {theirs} lines | {ours} lines |");
        assert!(PAGE.contains(&row), "{row}");
    }
}

#[test]
fn stored_tokens_of_other_libraries_are_read_as_the_page_says() {
    for (name, section) in sections() {
        let stored = block(section, "json");
        let said = section.split_once(&format!("A stored token of {name} is ")).unwrap().1;
        match Token::from_json(stored) {
            Ok(token) => {
                assert!(said.starts_with("imported"), "{name}");
                assert_eq!(token.refresh_token().unwrap().expose(), "r");
                assert!(token.expires_at().is_some(), "{name}");
            }
            Err(error) => {
                assert!(said.starts_with("refused"), "{name}: {error}");
                assert!(error.to_string().contains("expires_in needs the moment"), "{error}");
            }
        }
    }
    let refused = sections().iter().filter(|(_, text)| text.contains(" is refused: ")).count();
    assert_eq!(refused, 1);
    let alone = Token::from_json(r#"{"refresh_token":"r","scope":"repo"}"#).unwrap();
    assert_eq!(alone.refresh_token().unwrap().expose(), "r");
}
