//! Reads the specification, if the environment names its file.

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// The text of the specification, if `TEAMLEADER_OPENAPI` is set.
pub(super) fn specification() -> Option<String> {
    let path = std::env::var_os("TEAMLEADER_OPENAPI")?;
    Some(
        std::fs::read_to_string(path)
            .expect("TEAMLEADER_OPENAPI must name a file that can be read"),
    )
}

pub(super) fn parsed(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).expect("YAML").remove(0)
}

/// Every operation: its name and its definition.
pub(super) fn operations(document: &Yaml) -> Vec<(&str, &Yaml)> {
    let paths = document["paths"].as_hash().expect("paths");
    let read = paths.iter().map(|(path, methods)| {
        let name = path.as_str().expect("a path").trim_start_matches('/');
        assert_eq!(methods.as_hash().expect("methods").len(), 1, "{name} has one method");
        (name, &methods["post"])
    });
    read.collect()
}

/// The content of a body or an answer. Some media types have a charset after `application/json`.
pub(super) fn content(of: &Yaml) -> &Yaml {
    match of["content"].as_hash().and_then(|types| types.iter().next()) {
        Some((_, content)) => content,
        None => &Yaml::BadValue,
    }
}

/// The first successful answer, with its status.
pub(super) fn success(operation: &Yaml) -> (u16, &Yaml) {
    let answers = operation["responses"].as_hash().expect("answers");
    let mut successes = answers.iter().filter_map(|(status, answer)| {
        let status = match status {
            Yaml::Integer(status) => u16::try_from(*status).ok()?,
            other => other.as_str()?.parse().ok()?,
        };
        (200..300).contains(&status).then_some((status, answer))
    });
    successes.next().expect("a successful answer")
}

/// Converts an example to JSON.
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
