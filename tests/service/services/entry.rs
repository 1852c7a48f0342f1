//! An entry of the table, as strings.

use evergrant::{Provider, Result};

/// A service.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) kind: &'static str,
    /// The name of the function's parameter, or an empty string if the function has none.
    pub(super) parameter: &'static str,
    /// The values that the parameter can have, as the entry lists them.
    pub(super) allowed: &'static str,
    pub(super) make: Make,
    pub(super) facts: &'static [Fact],
}

/// The function that makes the provider.
#[derive(Clone, Copy)]
pub(super) enum Make {
    Plain(fn() -> Provider),
    At(fn(&str) -> Result<Provider>),
}

/// A line of an entry. `value` is the text in parentheses, parentheses included.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) evidence: &'static str,
}

impl Entry {
    /// The facts with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'static Fact> {
        self.facts.iter().filter(move |fact| fact.name == name)
    }

    /// The words of the only fact with this name; none if the fact is unknown or absent.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let fact = self.all(name).next().filter(|fact| !fact.is_unknown());
        fact.map(Fact::words).unwrap_or_default()
    }

    /// The first word of the only fact with this name.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        self.words(name).into_iter().next()
    }

    /// The value of the parameter in the tests.
    pub(super) fn example(&self) -> String {
        match self.allowed {
            "label" => "example".to_owned(),
            "host" => "host.example.com".to_owned(),
            list => words(list).into_iter().next().unwrap_or_default(),
        }
    }

    /// A string of the entry with [`Entry::example`] in place of the parameter.
    pub(super) fn filled(&self, text: &str) -> String {
        text.replace(&format!("{{{}}}", self.parameter), &self.example())
    }

    pub(super) fn provider(&self) -> Provider {
        match self.make {
            Make::Plain(make) => make(),
            Make::At(make) => make(&self.example()).unwrap(),
        }
    }

    /// How a program calls the function.
    pub(super) fn call(&self) -> String {
        format!("{}({})", self.name, self.parameter)
    }
}

impl Fact {
    pub(super) fn is_unknown(&self) -> bool {
        self.value == "(unknown)"
    }

    /// The words of the value, without punctuation and quotes.
    pub(super) fn words(&self) -> Vec<String> {
        words(self.value)
    }
}

/// Splits a string into words. A part in quotes is treated as one word.
fn words(text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let length = match first {
            '"' | '\'' => {
                let length = after.find(first).unwrap();
                found.push(after[..length].to_owned());
                length + 2
            }
            '(' | ')' | '[' | ']' | ',' | ' ' | '\n' => 1,
            _ => {
                let ends = |c: char| matches!(c, '(' | ')' | '[' | ']' | ',' | ' ' | '\n');
                let length = rest.find(ends).unwrap_or(rest.len());
                found.push(rest[..length].to_owned());
                length
            }
        };
        rest = &rest[length..];
    }
    found
}

#[test]
fn a_value_is_read_word_by_word() {
    assert_eq!(words(r#"(Refused field "a b" "401")"#), ["Refused", "field", "a b", "401"]);
    assert_eq!(words(r#"("m", ["a.com", "b.com"], "")"#), ["m", "a.com", "b.com", ""]);
    assert_eq!(words("(',')"), [","]);
    assert_eq!(words("()"), [""; 0]);
}
