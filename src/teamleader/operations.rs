//! The table of Teamleader's operations.

use std::sync::LazyLock;

use serde_json::Value;

use crate::error::{Error, Result};

/// `tests/distil.rs` makes this table from the specification, and checks that both agree.
static TABLE: &str = include_str!("operations.tsv");

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut operations: Vec<Operation> = rows.filter_map(Operation::read).collect();
    operations.sort_by_key(|operation| operation.name);
    operations
});

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Returns a list of objects.
    List,
    /// Returns one object by its id.
    Info,
    /// Returns other data and changes nothing.
    Read,
    /// Returns the address of a file's download or upload.
    File,
    /// Changes something.
    Action,
}

/// The form of the answer of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Returns {
    /// An array of objects.
    List,
    /// An object.
    Object,
    /// A reference `{type, id}` to the new object.
    Reference,
    /// The address of a file, and the time at which the address expires.
    Location,
    /// Nothing.
    Nothing,
}

/// An operation of Teamleader, by specification 1.112.0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The path without the first slash: `deals.create`, `projects-v2/projects.list`.
    pub name: &'static str,
    /// The kind of the operation.
    pub kind: Kind,
    /// Whether the request has a body.
    pub takes_body: bool,
    /// Whether the list comes in pages. A list without pages sends all objects in one answer.
    pub pages: bool,
    /// Whether the list can be sorted.
    pub sorts: bool,
    /// Whether the list can be filtered.
    pub filters: bool,
    /// Whether `includes` can ask for optional parts.
    pub includes: bool,
    /// Whether, by the specification, the answer has the total number of objects if `includes` asks for
    /// `pagination`.
    pub counts: bool,
    /// The required fields. Each entry is a path such as `grouped_lines[].line_items[].quantity`, or
    /// alternatives: `a+b|a+c` requires `a` and `b`, or `a` and `c`. A field whose path ends in `?` may be
    /// `null`.
    pub required: Vec<&'static str>,
    /// The HTTP status of a success.
    pub status: u16,
    /// The form of the answer.
    pub returns: Returns,
}

impl Operation {
    /// Returns all operations, sorted by name.
    pub fn all() -> &'static [Operation] {
        &OPERATIONS
    }

    /// Finds the operation with this name. A slash at the start is ignored.
    pub fn named(name: &str) -> Option<&'static Operation> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let at = OPERATIONS.binary_search_by_key(&name, |operation| operation.name).ok()?;
        OPERATIONS.get(at)
    }

    /// Does the same as [`Operation::named`], with an error for an unknown name.
    pub(super) fn known(name: &str) -> Result<&'static Operation> {
        Operation::named(name).ok_or_else(|| {
            let text = format!(
                "{name:?} is not in this version's table of Teamleader operations; \
                 `Teamleader::call_unlisted` calls operations outside the table"
            );
            Error::Config(text.into())
        })
    }

    /// Whether the operation only reads. The request of an operation that only reads can be sent again if its
    /// answer was lost.
    pub fn is_read(&self) -> bool {
        match self.kind {
            Kind::List | Kind::Info | Kind::Read => true,
            Kind::File => self.name.ends_with(".download"),
            Kind::Action => false,
        }
    }

    fn read(row: &'static str) -> Option<Operation> {
        let mut cells = row.split('\t');
        let mut next = || cells.next();
        let (name, kind, flags, required) = (next()?, next()?, next()?, next()?);
        let (status, returns) = (next()?.parse().ok()?, next()?);
        Some(Operation {
            name,
            kind: match kind {
                "list" => Kind::List,
                "info" => Kind::Info,
                "read" => Kind::Read,
                "file" => Kind::File,
                "action" => Kind::Action,
                _ => return None,
            },
            takes_body: flags.contains('B'),
            pages: flags.contains('P'),
            sorts: flags.contains('S'),
            filters: flags.contains('F'),
            includes: flags.contains('I'),
            counts: flags.contains('C'),
            required: required.split(' ').filter(|cell| !cell.is_empty()).collect(),
            status,
            returns: match returns {
                "list" => Returns::List,
                "object" => Returns::Object,
                "reference" => Returns::Reference,
                "location" => Returns::Location,
                "nothing" => Returns::Nothing,
                _ => return None,
            },
        })
    }

    /// Refuses a body without a required field.
    pub(super) fn check(&self, body: &Value) -> Result<()> {
        let refuse = |text: String| Err(Error::Config(text.into()));
        if !matches!(body, Value::Object(_) | Value::Null) {
            return refuse(format!("{}: the body must be an object", self.name));
        }
        let missing: Vec<&str> =
            self.required.iter().copied().filter(|demand| !satisfied(body, demand)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let readable: Vec<String> = missing
            .iter()
            .map(|demand| demand.replace('+', " and ").replace('|', ", or ").replace('?', ""))
            .collect();
        refuse(format!("{} needs {}; nothing was sent", self.name, readable.join("; ")))
    }
}

fn satisfied(body: &Value, demand: &str) -> bool {
    demand.split('|').any(|set| set.split('+').all(|path| has(body, path)))
}

fn has(value: &Value, path: &str) -> bool {
    let (step, rest) = match path.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    let (step, nullable) = match step.strip_suffix('?') {
        Some(step) => (step, true),
        None => (step, false),
    };
    let (step, each) = match step.strip_suffix("[]") {
        Some(step) => (step, true),
        None => (step, false),
    };
    match value.get(step) {
        None => false,
        Some(Value::Null) => nullable,
        Some(Value::Array(items)) if each => {
            rest.is_none_or(|rest| items.iter().all(|item| has(item, rest)))
        }
        // A value that does not have the form of the specification is left to Teamleader's own check.
        Some(inside @ Value::Object(_)) => rest.is_none_or(|rest| has(inside, rest)),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((rows, Operation::all().len()), (290, 290));
        for pair in Operation::all().windows(2) {
            assert!(pair[0].name < pair[1].name);
        }
    }

    #[test]
    fn required_fields_are_found_at_any_depth() {
        assert!(satisfied(&json!({ "a": 1 }), "a"));
        assert!(!satisfied(&json!({ "a": null }), "a"));
        assert!(satisfied(&json!({ "a": null }), "a?"));
        assert!(!satisfied(&json!({}), "a?"));
        let lines = json!({ "l": [{ "i": [{ "q": 1 }, { "q": 2 }] }, { "i": [] }] });
        assert!(satisfied(&lines, "l[].i[].q"));
        assert!(!satisfied(&lines, "l[].i[].d"));
        assert!(!satisfied(&json!({ "l": [{}] }), "l[].i[].q"));
        assert!(!satisfied(&json!({}), "l[].i[].q"));
        let one_of = "a+b|a+c";
        assert!(satisfied(&json!({ "a": 1, "c": 1 }), one_of));
        assert!(!satisfied(&json!({ "b": 1, "c": 1 }), one_of));
    }
}
