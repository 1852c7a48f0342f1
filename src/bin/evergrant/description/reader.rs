//! Takes typed values out of a table, and finds the keys that no setting has taken.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::failure::WRONG;

/// A mistake in a description: the key, and what is wrong with its value.
pub(super) struct Fault {
    /// The exit code.
    pub(super) code: u8,
    pub(super) key: Option<String>,
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl Fault {
    pub(super) fn of(key: &str, text: impl Into<String>) -> Fault {
        Fault { code: WRONG, key: Some(key.to_owned()), line: None, text: text.into() }
    }

    pub(super) fn whole(text: impl Into<String>) -> Fault {
        Fault { code: WRONG, key: None, line: None, text: text.into() }
    }

    pub(super) fn in_line(line: usize, text: impl Into<String>) -> Fault {
        Fault { code: WRONG, key: None, line: Some(line), text: text.into() }
    }
}

/// A table whose keys are taken one after another.
pub(super) struct Reader {
    /// The key of this table and a dot; empty for the whole file.
    prefix: String,
    members: Map<String, Value>,
    /// The keys that settings have asked for, to suggest a similar key in an error.
    known: Vec<String>,
}

impl Reader {
    pub(super) fn new(members: Map<String, Value>) -> Reader {
        Reader { prefix: String::new(), members, known: Vec::new() }
    }

    /// The keys of the table that were not taken yet.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.known.push(key.to_owned());
        self.members.remove(key)
    }

    /// Makes a fault for a key of this table. The text must not repeat the value, which may be a
    /// secret.
    pub(super) fn fault(&self, key: &str, text: impl Into<String>) -> Fault {
        Fault::of(&format!("{}{key}", self.prefix), text)
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.fault(key, "must be a text in quotes")),
        }
    }

    pub(super) fn must(&mut self, key: &str) -> Result<String, Fault> {
        match self.text(key)? {
            Some(text) => Ok(text),
            None => Err(self.fault(key, "is missing")),
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let texts = match value {
            Value::String(text) => Some(vec![text]),
            Value::Array(list) => {
                list.into_iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        texts.map(Some).ok_or_else(|| self.fault(key, "must be a list of texts"))
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.fault(key, "must be true or false")),
        }
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<u64>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| self.fault(key, "must be a whole number"))
            }
        }
    }

    /// Reads a time: a number of seconds, or a text with a number and a unit.
    pub(super) fn time(&mut self, key: &str) -> Result<Option<Duration>, Fault> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let time = match &value {
            Value::Number(number) => number.as_u64().map(Duration::from_secs),
            Value::String(text) => time(text),
            _ => None,
        };
        let wrong = "must be a time, such as 90 or \"30 days\"";
        time.map(Some).ok_or_else(|| self.fault(key, wrong))
    }

    /// One of the words that a setting accepts.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let found = value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        match found {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                Err(self.fault(key, format!("must be one of: {}", names.join(", "))))
            }
        }
    }

    /// A table of names and texts, such as the parameters of a request.
    pub(super) fn pairs(&mut self, key: &str) -> Result<Vec<(String, String)>, Fault> {
        let Some(mut table) = self.table(key)? else { return Ok(Vec::new()) };
        let names: Vec<_> = table.members.keys().cloned().collect();
        let mut pairs = Vec::new();
        for name in names {
            let value = table.must(&name)?;
            pairs.push((name, value));
        }
        Ok(pairs)
    }

    pub(super) fn table(&mut self, key: &str) -> Result<Option<Reader>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(self.below(key, members))),
            Some(_) => Err(self.fault(key, "must be a table")),
        }
    }

    pub(super) fn tables(&mut self, key: &str) -> Result<Vec<Reader>, Fault> {
        let wrong = "must be a list of tables";
        let list = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.fault(key, wrong)),
        };
        list.into_iter()
            .zip(1..)
            .map(|(item, number)| match item {
                Value::Object(members) => Ok(self.below(&format!("{key}#{number}"), members)),
                _ => Err(self.fault(key, wrong)),
            })
            .collect()
    }

    fn below(&self, key: &str, members: Map<String, Value>) -> Reader {
        Reader { prefix: format!("{}{key}.", self.prefix), members, known: Vec::new() }
    }

    /// Whether the value is a text, such as `"strict"`, and not a table, such as `{ grace = "10
    /// minutes" }`.
    pub(super) fn is_text(&self, key: &str) -> bool {
        self.members.get(key).is_some_and(Value::is_string)
    }

    /// Fails for a key that is no setting.
    pub(super) fn finish(self) -> Result<(), Fault> {
        let Some(unknown) = self.members.keys().next() else { return Ok(()) };
        let near = self.known.iter().min_by_key(|known| distance(known, unknown));
        let near = near.filter(|known| distance(known, unknown) <= 3);
        Err(self.fault(
            unknown,
            match near {
                Some(known) => format!("is not a setting; did you mean `{known}`?"),
                None => "is not a setting".to_owned(),
            },
        ))
    }
}

/// `90 seconds`, `10 minutes`, `1 hour`, `30 days`.
fn time(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ').unwrap_or((text, "seconds"));
    let seconds = match unit.trim().trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// The number of changes that make one word the other (Levenshtein).
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// Finds the line of a key: below the lines of the tables around the key, the first line that begins with the
/// key's last part. A number after `#` counts the tables of one name. If the key has no such line, returns the
/// line of its table.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut at, mut found) = (0, None);
    for part in key.split('.') {
        let (name, number) = part.split_once('#').unwrap_or((part, "1"));
        let header = format!("[[{name}]]");
        let in_headers = part.contains('#') && lines.iter().any(|line| line.trim() == header);
        let wanted = if in_headers { number.parse().unwrap_or(1) } else { 1 };
        let here = |line: &str| match in_headers {
            true => line.trim() == header,
            false => names(line, name),
        };
        let mut places = lines.iter().enumerate().skip(at).filter(|(_, line)| here(line));
        let Some((place, _)) = places.nth(wanted - 1) else { break };
        // In TOML, the next header ends a table.
        let begins_table = |line: &&str| line.trim_start().starts_with('[');
        if found.is_some() && lines[at..place].iter().skip(1).any(begins_table) && !in_headers {
            break;
        }
        (at, found) = (place, Some(place + 1));
    }
    found
}

/// Whether a line begins the value of a key. A comment in TOML has no key.
fn names(line: &str, key: &str) -> bool {
    !line.trim_start().starts_with('#')
        && line.match_indices(key).any(|(at, _)| {
            let before = line[..at].trim_end_matches('"').chars().next_back();
            let after = line[at + key.len()..].trim_start_matches('"').trim_start();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                && after.starts_with(['=', ':', ']', '.'])
        })
}
