//! The specification, where the environment names it, and what is read of it.

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// Its text.
pub(super) fn specification() -> Option<String> {
    let path = std::env::var_os("TEAMLEADER_OPENAPI")?;
    Some(std::fs::read_to_string(path).expect("the file that TEAMLEADER_OPENAPI names"))
}

pub(super) fn parsed(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).expect("YAML").remove(0)
}

/// Every operation: its name and its description.
pub(super) fn operations(document: &Yaml) -> Vec<(&str, &Yaml)> {
    let paths = document["paths"].as_hash().expect("paths");
    let read = paths.iter().map(|(path, methods)| {
        let name = path.as_str().expect("a path").trim_start_matches('/');
        assert_eq!(methods.as_hash().expect("methods").len(), 1, "{name} has one method");
        (name, &methods["post"])
    });
    read.collect()
}

/// The one content of a body or an answer, whatever its media type says beside `application/json`.
pub(super) fn content(of: &Yaml) -> &Yaml {
    match of["content"].as_hash().and_then(|types| types.iter().next()) {
        Some((_, content)) => content,
        None => &Yaml::BadValue,
    }
}

/// The first answer of success.
pub(super) fn success(operation: &Yaml) -> (u16, &Yaml) {
    let answers = operation["responses"].as_hash().expect("answers");
    let mut successes = answers.iter().filter_map(|(status, answer)| {
        let status = match status {
            Yaml::Integer(status) => u16::try_from(*status).ok()?,
            other => other.as_str()?.parse().ok()?,
        };
        (200..300).contains(&status).then_some((status, answer))
    });
    successes.next().expect("an answer of success")
}

/// An example as JSON.
pub(super) fn json(yaml: &Yaml) -> Option<Value> {
    Some(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(yes) => (*yes).into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Real(text) => text.parse().ok().map(|number: f64| number.into())?,
        Yaml::String(text) => text.as_str().into(),
        Yaml::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Yaml::Hash(fields) => {
            let field =
                |(name, value): (&Yaml, &Yaml)| Some((name.as_str()?.to_owned(), json(value)?));
            fields.iter().map(field).collect::<Option<Map<_, _>>>()?.into()
        }
        Yaml::Alias(_) | Yaml::BadValue => return None,
    })
}
