//! Checks that every test that the guide's tables name exists.

use std::fs;
use std::path::{Path, PathBuf};

fn texts(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_guide_names_exists() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("src/guide/teamleader.md")).unwrap();
    // The table of the grammar names types and methods, not tests.
    let mut parts = guide.split("The grammar of the three SDKs");
    let before = parts.next().unwrap();
    let after = parts.next().and_then(|part| part.split_once("\n## ")).map_or("", |part| part.1);
    let guide = format!("{before}\n{after}");
    let mut sources = String::new();
    texts(&root.join("tests"), &mut sources);
    texts(&root.join("src"), &mut sources);
    let rows = guide.lines().filter(|line| line.starts_with('|') && !line.starts_with("| ---"));
    let mut named = 0;
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for name in last.split('`').skip(1).step_by(2) {
            assert!(sources.contains(&format!("fn {name}()")), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 100, "{named}");
}
