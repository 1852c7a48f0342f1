//! Checks that the commands, paths and variables in the documentation exist: a renamed test, bench, example,
//! feature or file breaks the build.

use std::collections::BTreeMap;
use std::fs;

use super::{Source, root, sources};

/// Folders with pages, beside those with sources.
const PAGES: [&str; 3] = [".", "examples", "src/guide"];

/// Paths in examples of the pages: a file of the reader's own program, or of a store that does not exist.
const NOT_HERE: [&str; 3] = ["src/main.rs", "src/backend/etcd.rs", "tests/stores/etcd.rs"];

/// Options of cargo that take a value.
const WITH_VALUE: [&str; 9] = [
    "--test",
    "--bench",
    "--example",
    "--bin",
    "--features",
    "--target",
    "--target-dir",
    "--path",
    "--message-format",
];

/// The features that each target needs, by its kind and its name.
type Targets = BTreeMap<(String, String), Vec<String>>;

/// What `Cargo.toml` and the sources have.
struct Crate {
    features: Vec<String>,
    targets: Targets,
    /// The paths of all tests, by the name of their target; `lib` for those of the library.
    tests: BTreeMap<String, Vec<String>>,
}

impl Crate {
    fn read() -> Crate {
        // The published package keeps the manifest as it was written under this name.
        let written = fs::read_to_string(root().join("Cargo.toml.orig"));
        let manifest =
            written.unwrap_or_else(|_| fs::read_to_string(root().join("Cargo.toml")).unwrap());
        let (features, mut targets) = read_manifest(&manifest);
        // A test without features needs no entry.
        targets.insert(("test".to_owned(), "tidy".to_owned()), Vec::new());
        let mut tests = BTreeMap::from([("lib".to_owned(), test_paths("src/"))]);
        for (kind, name) in targets.keys() {
            if kind == "test" {
                tests.insert(name.clone(), test_paths(&format!("tests/{name}")));
            }
        }
        Crate { features, targets, tests }
    }

    /// Returns what is wrong with a command.
    fn faults(&self, command: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut words = command.iter().copied().skip(1).filter(|word| !word.starts_with('+'));
        let Some(kind) = words.next() else { return faults };
        if kind == "fuzz" {
            let target = words.nth(1).unwrap_or_default();
            let fuzz = root().join("fuzz");
            if fuzz.exists() && !fuzz.join(format!("fuzz_targets/{target}.rs")).exists() {
                faults.push(format!("there is no fuzz target {target}"));
            }
            return faults;
        }
        if !["test", "bench", "run", "build", "doc", "install"].contains(&kind) {
            return faults;
        }
        let (mut given, mut targets, mut filters) = (Vec::new(), Vec::new(), Vec::new());
        let (mut all, mut after) = (false, false);
        while let Some(word) = words.next() {
            match word {
                "--" => after = true,
                "--all-features" => all = true,
                "--lib" => targets.push(("lib", "lib")),
                _ if WITH_VALUE.contains(&word) && !after => {
                    let value = words.next().unwrap_or_default();
                    match word.trim_start_matches("--") {
                        "features" => given.extend(value.split(',')),
                        target @ ("test" | "bench" | "example" | "bin") => {
                            targets.push((target, value));
                        }
                        _ => {}
                    }
                }
                _ if word.starts_with('-') => {}
                _ => filters.push(word),
            }
        }
        for feature in given.iter().filter(|feature| !is_placeholder(feature)) {
            if !self.features.iter().any(|known| known == feature) {
                faults.push(format!("there is no feature {feature}"));
            }
        }
        for (target, name) in
            targets.iter().filter(|(target, name)| *target != "lib" && !is_placeholder(name))
        {
            match self.targets.get(&((*target).to_owned(), (*name).to_owned())) {
                None => faults.push(format!("there is no {target} {name}")),
                Some(needed) => faults.extend(
                    // The crate is its own dev-dependency, with `sandbox`.
                    needed
                        .iter()
                        .filter(|need| {
                            !all && *need != "sandbox" && !given.contains(&need.as_str())
                        })
                        .map(|need| format!("{target} {name} needs the feature {need}")),
                ),
            }
        }
        if kind == "test" {
            for (_, name) in &targets {
                let Some(tests) = self.tests.get(*name) else { continue };
                for filter in filters.iter().filter(|filter| !is_placeholder(filter)) {
                    if !tests.iter().any(|test| test.contains(filter)) {
                        faults.push(format!("no test of {name} has {filter} in its path"));
                    }
                }
            }
        }
        faults
    }
}

/// Whether a word stands for something that the reader chooses, such as `NAME`, `{feature}` or `...`.
fn is_placeholder(word: &str) -> bool {
    word.contains(['.', '…', '{', '[']) || !word.contains(|c: char| c.is_lowercase())
}

/// Returns the features, and the targets with the features that they need.
fn read_manifest(manifest: &str) -> (Vec<String>, Targets) {
    let (mut features, mut targets) = (Vec::new(), BTreeMap::new());
    let (mut table, mut last) = (String::new(), None);
    for line in manifest.lines() {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']).to_owned();
        }
        let Some((key, value)) = line.split_once(" = ") else { continue };
        match (table.as_str(), key) {
            ("features", _) => features.push(key.to_owned()),
            ("test" | "bench" | "example" | "bin", "name") => {
                let key = (table.clone(), value.trim_matches('"').to_owned());
                targets.insert(key.clone(), Vec::new());
                last = Some(key);
            }
            ("test" | "bench" | "example" | "bin", "required-features") => {
                let needed = value.split('"').skip(1).step_by(2).map(str::to_owned).collect();
                targets.insert(last.clone().unwrap(), needed);
            }
            _ => {}
        }
    }
    (features, targets)
}

/// Returns the paths of the tests below `start`, which is `src/` or the beginning of a test's files.
fn test_paths(start: &str) -> Vec<String> {
    let folder = start.split('/').next().unwrap_or_default();
    let inside = |source: &Source| {
        let rest = source.path.strip_prefix(start)?.strip_suffix(".rs")?;
        (start.ends_with('/') || rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    let sources = sources(folder);
    let found = sources.iter().filter_map(|source| Some((inside(source)?, source)));
    found.flat_map(|(path, source)| tests_in(path.trim_start_matches('/'), &source.text)).collect()
}

/// Returns the paths of the tests in a file, whose own path has slashes.
fn tests_in(file: &str, text: &str) -> Vec<String> {
    let names = file.split('/').filter(|name| !["", "main", "mod", "lib"].contains(name));
    let outer: Vec<&str> = names.collect();
    let (mut inner, mut found, mut marked) = (Vec::<(usize, &str)>::new(), Vec::new(), false);
    for line in text.lines() {
        let plain = line.trim_start();
        let depth = line.len() - plain.len();
        if plain.starts_with('}') {
            inner.retain(|(opened, _)| *opened < depth);
        }
        let item = plain.strip_prefix("pub(crate) ").unwrap_or(plain);
        let item = item.strip_prefix("pub(super) ").unwrap_or(item);
        if let Some(name) = item.strip_prefix("mod ").and_then(|name| name.strip_suffix(" {")) {
            inner.push((depth, name));
        } else if plain == "#[test]" {
            marked = true;
        } else if let Some(name) = item.strip_prefix("fn ").filter(|_| marked) {
            let within = outer.iter().copied().chain(inner.iter().map(|(_, name)| *name));
            let path: Vec<_> =
                within.chain([super::name(name).as_str()]).map(str::to_owned).collect();
            found.push(path.join("::"));
            marked = false;
        }
    }
    found
}

/// Returns the cargo commands in the text of a page or of a source file, each as one line.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("cargo ") {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = &text[line..at];
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
            continue;
        }
        let rest = &text[at..];
        // In backticks a command may go on in the next line.
        let opened = before.rsplit_once('`').map(|(_, start)| start);
        let in_span =
            opened.is_some_and(|start| start.split_whitespace().all(|word| word.contains('=')));
        let ends: &[_] = if in_span { &['`'] } else { &['`', '"', '\n'] };
        let command = rest.split(ends).next().unwrap_or_default();
        let lines =
            command.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', ' ']));
        let command = lines.collect::<Vec<_>>().join(" ");
        found.push(command.split(" #").next().unwrap_or_default().to_owned());
    }
    found
}

fn words(command: &str) -> Vec<&str> {
    let words = command.split_whitespace().map(|word| word.trim_end_matches([',', '.', ')', ';']));
    words.filter(|word| !word.is_empty()).collect()
}

/// Returns the words in backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns what is wrong with the tables whose head has a command with `NAME`: in each row, the last cell has
/// the names.
fn table_faults(text: &str, this: &Crate) -> Vec<String> {
    let (mut faults, mut head) = (Vec::new(), None);
    for line in text.lines() {
        if !line.starts_with('|') {
            head = None;
        } else if let Some(command) =
            commands(line).pop().filter(|command| command.contains(" NAME"))
        {
            head = Some(command);
        } else if let Some(command) = &head {
            let cell = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
            for name in spans(cell) {
                faults.extend(this.faults(&words(&command.replace(" NAME", &format!(" {name}")))));
            }
        }
    }
    faults
}

fn pages() -> Vec<Source> {
    let files = PAGES.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let read = |path: std::path::PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
    };
    pages.map(read).collect()
}

fn rust() -> Vec<Source> {
    let all = ["src", "tests", "examples", "benches"].into_iter().flat_map(sources);
    all.filter(|source| source.path != "tests/tidy/commands.rs").collect()
}

#[test]
fn every_command_in_the_documentation_names_what_exists() {
    let this = Crate::read();
    let (mut faults, mut count) = (Vec::new(), 0);
    for source in pages().into_iter().chain(rust()) {
        for command in commands(&source.text) {
            count += 1;
            let found = this.faults(&words(&command)).into_iter();
            faults.extend(found.map(|fault| format!("{}: {command}: {fault}", source.path)));
        }
        let found = table_faults(&source.text, &this).into_iter();
        faults.extend(found.map(|fault| format!("{}: {fault}", source.path)));
    }
    assert!(count > 100, "{count} commands were found");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_path_and_variable_in_a_page_exists() {
    let code: String = rust().iter().flat_map(Source::lines_of_code).collect();
    let scripts =
        [".ci/run", ".ci/tests", "tests/wine/run", "tests/mutants/run", "tests/size/check"];
    let scripts = scripts.map(|path| fs::read_to_string(root().join(path)).unwrap_or_default());
    let code = code + &scripts.join("\n");
    let mut faults = Vec::new();
    for page in pages() {
        let all = spans(&page.text).flat_map(str::split_whitespace);
        for word in all.filter(|word| !NOT_HERE.contains(word)) {
            let folder = word.split('/').next().unwrap_or_default();
            let ours = ["src", "tests", "examples", "benches", "fuzz", ".ci"].contains(&folder);
            let exists = || !root().join(folder).exists() || root().join(word).exists();
            let is_path = word.contains('/') && !word.contains(['*', '{', '<', '(']);
            if ours && is_path && !exists() {
                faults.push(format!("{}: there is no {word}", page.path));
            }
        }
        for start in ["EVERGRANT_", "FLEET_"] {
            for (at, _) in page.text.match_indices(start) {
                let name = super::name(&page.text[at..]);
                if !code.contains(&name) {
                    faults.push(format!("{}: nothing reads {name}", page.path));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_page_for_contributors_names_every_test_binary_and_every_exception() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let line = page.lines().find_map(|line| line.split_once("one test binary: ")).unwrap().1;
    let this = Crate::read();
    let names =
        this.targets.keys().filter(|(kind, _)| kind == "test").map(|(_, name)| name.as_str());
    assert_eq!(line.split(", ").collect::<Vec<_>>(), names.collect::<Vec<_>>());
    let floors = fs::read_to_string(root().join("src/guide/architecture.md")).unwrap();
    for page in [page, floors] {
        let rule =
            page.split("\n* ").find(|rule| rule.starts_with("Floors 0, 1, 2 and 4")).unwrap();
        for (module, _) in super::EXCEPTIONS {
            assert!(rule.contains(&format!("`{module}`")), "{module}: {rule}");
        }
    }
}

#[test]
fn the_check_of_commands_can_fail() {
    let this = Crate::read();
    let faults = |text: &str| -> Vec<String> {
        commands(text).iter().flat_map(|command| this.faults(&words(command))).collect()
    };
    assert_eq!(
        faults("`cargo test --lib no_such_test -- --ignored`"),
        ["no test of lib has no_such_test in its path"]
    );
    assert_eq!(
        faults("`A=1 cargo test --all-features --test\n//! nothing x`"),
        ["there is no test nothing"]
    );
    assert_eq!(faults("$ cargo run --example sandboxes 8080\n"), ["there is no example sandboxes"]);
    assert_eq!(faults("$ cargo run --features cli,tls   # x\n"), ["there is no feature tls"]);
    assert_eq!(
        faults("`cargo bench --bench paging`"),
        ["bench paging needs the feature teamleader"]
    );
    assert_eq!(
        faults("`cargo +nightly fuzz run nothing`").len(),
        usize::from(root().join("fuzz").exists())
    );
    assert_eq!(faults("`cargo test --test tidy commands::` `cargo doc --no-deps`"), [""; 0]);
    let table =
        "| a | `cargo test --test tidy NAME` |\n| --- | --- |\n| b | `reach::`, `none::` |\n";
    assert_eq!(table_faults(table, &this), ["no test of tidy has none:: in its path"]);
    let text = "mod a {\n    #[test]\n    fn b() {\n    }\n}\n#[test]\nfn c() {\n}\nfn d() {}\n";
    assert_eq!(tests_in("x/main", text), ["x::a::b", "x::c"]);
}
