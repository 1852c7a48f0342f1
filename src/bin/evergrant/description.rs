//! A file that describes a service: TOML or JSON. Each key is a setting of `ProviderBuilder`; an error names the
//! file, the line and the key.

mod reader;
mod settings;

use std::path::Path;

use evergrant::provider::ProviderBuilder;
use evergrant::{Credentials, Provider};
use serde_json::{Map, Value};

use self::reader::{Fault, Reader};
use crate::failure::{Failure, Outcome, file};
use crate::text;

/// The largest size of a description, in bytes.
const LIMIT: u64 = 1 << 20;

/// The settings that a file describes.
pub(crate) struct Description {
    pub(crate) provider: Provider,
    /// The credentials, if the file has a `client_id`.
    pub(crate) credentials: Option<Credentials>,
    /// Origins that get the token besides the API base.
    pub(crate) allow_hosts: Vec<String>,
}

/// Reads a file. `from` makes the builder for the key `from`: the name of a ready provider or an issuer.
pub(crate) fn read(
    path: &Path,
    from: impl Fn(&str) -> Outcome<ProviderBuilder>,
) -> Outcome<Description> {
    let text = text_of(path)?;
    let fallback = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let members = match is_json {
        true => json(&text),
        false => toml(&text),
    };
    let result = members.and_then(|members| described(members, &fallback, from));
    result.map_err(|fault| fault.at(path, &text))
}

fn text_of(path: &Path) -> Outcome<String> {
    let read = std::fs::File::open(path).and_then(|file| text::read(file, LIMIT));
    read.map_err(|error| file("read", path, &error))
}

fn json(text: &str) -> Result<Map<String, Value>, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::in_line(error.line(), syntax(&error)))
}

/// The message of serde_json without the line number at its end and without the value that it quotes, which
/// may be a secret.
fn syntax(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "the file is not a JSON object".to_owned(),
        _ => "this is not JSON".to_owned(),
    }
}

fn toml(text: &str) -> Result<Map<String, Value>, Fault> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        Fault::in_line(line, format!("this is not TOML: {}", error.message()))
    })
}

fn described(
    members: Map<String, Value>,
    fallback: &str,
    from: impl Fn(&str) -> Outcome<ProviderBuilder>,
) -> Result<Description, Fault> {
    let mut reader = Reader::new(members);
    let builder = match reader.text("from")? {
        Some(origin) => {
            let builder = from(&origin).map_err(|failure| Fault {
                code: failure.code,
                ..Fault::of("from", failure.text)
            })?;
            builder.name(fallback)
        }
        None => Provider::builder(fallback),
    };
    let keys: Vec<_> = reader.keys().map(str::to_owned).collect();
    let builder = settings::apply(builder, &mut reader)?;
    let id = reader.text("client_id")?;
    let secret = reader.text("client_secret")?;
    if secret.is_some() && id.is_none() {
        return Err(Fault::of("client_secret", "needs a client_id beside it"));
    }
    let allow_hosts = reader.texts("allow_hosts")?.unwrap_or_default();
    reader.finish()?;
    let credentials = id.map(|id| match secret {
        Some(secret) => Credentials::new(id, secret),
        None => Credentials::public(id),
    });
    let provider = builder.build().map_err(|error| of_build(&keys, &error.to_string()))?;
    Ok(Description { provider, credentials, allow_hosts })
}

/// Turns an error of the builder into a fault, with the key that the error's message is about.
fn of_build(keys: &[String], message: &str) -> Fault {
    let about =
        |key: &&String| message.contains(&***key) || message.contains(&key.replace('_', " "));
    match keys.iter().filter(about).max_by_key(|key| key.len()) {
        Some(key) => Fault::of(key, format!("is wrong: {message}")),
        None => Fault::whole(message),
    }
}

/// The key as the person wrote it: `table#2.name` becomes `table.name`. The number distinguishes tables of
/// the same name.
fn plain(key: &str) -> String {
    let parts = key.split('.').map(|part| part.split('#').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join(".")
}

impl Fault {
    fn at(self, path: &Path, text: &str) -> Failure {
        let name = path.display();
        let line = self.line.or_else(|| reader::line_of(text, self.key.as_deref()?));
        let place = line.map_or(name.to_string(), |line| format!("{name}, line {line}"));
        let text = match &self.key {
            Some(key) => format!("{place}: `{}` {}", plain(key), self.text),
            None => format!("{place}: {}", self.text),
        };
        Failure { code: self.code, ..Failure::new(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evergrant::provider::{ClientAuth, Pkce, Rotation};
    use std::time::Duration;

    fn read_text(name: &str, text: &str) -> Outcome<Description> {
        let folder =
            std::env::temp_dir().join(format!("evergrant-tool-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let result = read(&path, |origin| Ok(evergrant::providers::named(origin)?.to_builder()));
        std::fs::remove_dir_all(&folder).unwrap();
        result
    }

    #[test]
    fn a_description_sets_what_the_builder_can_set() {
        let found = read_text(
            "acme.toml",
            r#"
            token_endpoint = "https://login.acme.example/token"
            authorization_endpoint = "https://login.acme.example/authorize"
            client_auth = "body"
            pkce = "public_clients"
            default_scopes = ["read", "write"]
            client_id = "app-7"
            allow_hosts = ["https://files.acme.example"]
            idle_limit = "30 days"
            margin = 90
            rotation = { grace = "10 minutes" }

            [authorize_params]
            prompt = "consent"

            [[error_rules]]
            verdict = "refused"
            code = "token_gone"
            status = 403
            "#,
        )
        .unwrap();
        let expected = Provider::builder("acme")
            .token_endpoint("https://login.acme.example/token")
            .authorization_endpoint("https://login.acme.example/authorize")
            .client_auth(ClientAuth::Body)
            .pkce(Pkce::PublicClients)
            .default_scopes(&["read", "write"])
            .idle_limit(Duration::from_secs(30 * 86_400))
            .margin(Duration::from_secs(90))
            .rotation(Rotation::Grace(Duration::from_secs(600)))
            .authorize_param("prompt", "consent")
            .error_rule(
                evergrant::provider::ErrorRule::new(evergrant::provider::Verdict::Refused)
                    .status(403)
                    .code("token_gone"),
            )
            .build()
            .unwrap();
        assert_eq!(found.provider, expected);
        assert_eq!(found.credentials.unwrap().id(), "app-7");
        assert_eq!(found.allow_hosts, ["https://files.acme.example"]);
    }

    #[test]
    fn a_description_may_begin_with_a_ready_provider() {
        let found = read_text("work.json", r#"{"from": "github"}"#).unwrap();
        assert_eq!(found.provider.name(), "work");
        assert_eq!(
            found.provider.token_endpoint(),
            evergrant::providers::github().token_endpoint()
        );
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        for (name, text, expected) in [
            ("a.toml", "x = 1\nnonsense", "a.toml, line 2: this is not TOML"),
            ("a.json", "{\n\"name\" \"sesame\"}", "a.json, line 2: this is not JSON"),
            (
                "b.toml",
                "name = \"b\"\ntoken_endpiont = \"https://b.example/t\"",
                "b.toml, line 2: `token_endpiont` is not a setting; did you mean `token_endpoint`?",
            ),
            (
                "c.toml",
                "token_endpoint = \"https://c.example/t\"\n\npkce = \"yes\"",
                "c.toml, line 3: `pkce` must be one of: s256, public_clients, off",
            ),
            (
                "d.json",
                "{\"token_endpoint\": \"https://d.example/t\",\n \"margin\": \"soon\"}",
                "d.json, line 2: `margin` must be a time, such as 90 or \"30 days\"",
            ),
            (
                "e.toml",
                "token_endpoint = \"https://e.example/t\"\n[rotation]\ngarce = 10",
                "e.toml, line 3: `rotation.garce` is not a setting",
            ),
            ("f.toml", "name = \"f\"", "f.toml: "),
            (
                "k.toml",
                "token_endpoint = \"https://k.example/t\"\n[[error_rules]]\nverdict = \"refused\"\ncode = \"a\"\n\
                 [[error_rules]]\nverdict = \"gone\"",
                "k.toml, line 6: `error_rules.verdict` must be one of",
            ),
            (
                "l.toml",
                "# a note\ntoken_endpoint = \"http://l.example/t\"",
                "l.toml, line 2: `token_endpoint` is wrong: ",
            ),
            (
                "j.toml",
                "# pkce = \"s256\"\ntoken_endpoint = \"https://j.example/t\"\npkce = \"yes\"",
                "j.toml, line 3: `pkce`",
            ),
            (
                "g.toml",
                "token_endpoint = \"https://g.example/t\"\nclient_secret = \"sesame\"",
                "g.toml, line 2: `client_secret` needs a client_id",
            ),
            ("h.toml", "from = \"nobody\"", "h.toml, line 1: `from` no ready provider"),
            (
                "i.toml",
                "token_endpoint = \"https://i.example/t\"\nclient_id = 7",
                "i.toml, line 2: `client_id` must be a text in quotes",
            ),
        ] {
            let text = read_text(name, text).err().map(|failure| failure.text).unwrap();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("sesame"), "{text}");
        }
    }
}
