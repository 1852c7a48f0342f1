//! `call`: sends a request to the API of a service.

mod download;
mod pages;

use std::io::Read;
use std::path::Path;

use evergrant::ureq::http::Method;
use evergrant::{Client, Error, Request, Response, Token};

use super::{Context, Opened};
use crate::arguments;
use crate::failure::{Failure, LATER, Outcome, file};
use crate::show;

/// How many characters of an error answer's body are shown.
const SHOWN: usize = 2000;

pub(crate) fn run(context: &Context, asked: &arguments::Call) -> Outcome {
    let method: Method = asked
        .method
        .to_uppercase()
        .parse()
        .map_err(|_| Failure::new(format!("{:?} is not an HTTP method", asked.method)))?;
    let mut login = context.find(&asked.name)?;
    if let Some(base) = &asked.api_base {
        login.about.api_base = Some(base.clone());
    }
    let mut opened = context.open(login)?;
    opened.service.allow_hosts.extend(asked.allow.iter().cloned());
    let client = opened.client()?;
    let request = prepared(&client, &method, &asked.path, &asked.query, asked)?;
    let output = asked.output.as_deref().map(download::Output::open).transpose()?;
    let secrets = Secrets(opened.tried(&client, Client::token)?);
    if asked.paginate {
        drop(request);
        return pages::run(&client, &opened, &method, asked, &secrets);
    }
    let answer = match asked.body.as_deref() {
        None => request.call(),
        Some(body) => sent(request, body, asked)?,
    };
    let answer = Sent { opened: &opened, client: &client, secrets: &secrets }.answer(answer)?;
    match output {
        Some(output) => output.fill(answer, context.quiet)?,
        None => stream(answer)?,
    }
    Ok(0)
}

fn prepared<'a>(
    client: &'a Client,
    method: &Method,
    target: &str,
    query: &[String],
    asked: &arguments::Call,
) -> Outcome<Request<'a>> {
    let mut request = client.request(method.clone(), target);
    for pair in query {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::new(format!("--query {pair:?} is not NAME=VALUE")))?;
        request = request.query(name, value);
    }
    for header in &asked.headers {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| Failure::new("a --header is not written as `NAME: VALUE`"))?;
        request = request.header(name.trim(), value.trim());
    }
    Ok(request)
}

fn sent(
    request: Request<'_>,
    body: &str,
    asked: &arguments::Call,
) -> Outcome<Result<Response, Error>> {
    let request = request.header("Content-Type", &asked.content_type);
    if body == "-" {
        let mut all = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut all);
        read.map_err(|error| Failure::new(format!("cannot read the standard input: {error}")))?;
        return Ok(request.send(all));
    }
    let path = Path::new(body);
    let open = || {
        let body = std::fs::File::open(path)?;
        let found = body.metadata()?;
        // The length of a pipe is unknown.
        Ok((body, found.is_file().then_some(found.len())))
    };
    let (mut body, length) = open().map_err(|error| file("read", path, &error))?;
    Ok(request.send_reader(&mut body, length))
}

/// The token that was sent, to remove it from messages: an API may repeat the token in an error.
struct Secrets(Token);

impl Secrets {
    /// The text without the tokens of the login: the sent token, and the tokens that are stored now.
    fn hidden_in(&self, text: &str, client: &Client) -> String {
        let stored = client.stored().ok().flatten();
        let tokens = stored.iter().map(|record| record.token()).chain([&self.0]);
        let secrets = tokens.flat_map(|token| {
            let refresh = token.refresh_token().map(|secret| secret.expose().to_owned());
            [Some(token.access_token().expose().to_owned()), refresh]
        });
        let mut text = text.to_owned();
        for secret in secrets.flatten().filter(|secret| !secret.is_empty()) {
            text = without(&text, &secret);
        }
        text
    }
}

/// The text without a secret, whether the secret is plain, percent-encoded, or escaped in JSON.
fn without(text: &str, secret: &str) -> String {
    let encoded = |upper: bool| -> String {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        };
        secret.bytes().map(byte).collect()
    };
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let slashes = json.replace('/', "\\/");
    let forms = [secret.to_owned(), encoded(true), encoded(false), json, slashes];
    forms.iter().fold(text.to_owned(), |text, form| text.replace(form, "[token]"))
}

/// A request that was sent.
struct Sent<'a> {
    opened: &'a Opened,
    client: &'a Client,
    secrets: &'a Secrets,
}

impl Sent<'_> {
    /// Returns the answer, or shows the body of an error answer on the standard error and returns the
    /// failure. Before a failure is returned, a new token is saved.
    fn answer(&self, answer: Result<Response, Error>) -> Outcome<Response> {
        let answer = answer.map_err(|error| self.refused(&error))?;
        self.opened.finish(self.client)?;
        let status = answer.status();
        if (300..400).contains(&status) {
            let to = answer.header("location").unwrap_or("no address");
            let to = show::short(&self.secrets.hidden_in(to, self.client), SHOWN);
            return Err(Failure::new(format!(
                "the API answered with the redirect {status} to {to}, which is not followed: call the new address"
            )));
        }
        Ok(answer)
    }

    fn refused(&self, error: &Error) -> Failure {
        if let Error::Api(api) = error
            && !api.body.is_empty()
        {
            let said = String::from_utf8_lossy(&api.body);
            show::note(&show::short(&self.secrets.hidden_in(&said, self.client), SHOWN));
        }
        let failure = self.opened.failed(self.client, error);
        Failure { text: self.secrets.hidden_in(&failure.text, self.client), ..failure }
    }
}

fn stream(answer: Response) -> Outcome<()> {
    let mut reader = answer.into_reader();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer).map_err(cut)? {
            0 => return Ok(()),
            length => show::write(&buffer[..length])?,
        }
    }
}

fn cut(error: std::io::Error) -> Failure {
    Failure { code: LATER, text: format!("the answer ended early: {error}"), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_each_form() {
        let text = r#"a/b+c a%2Fb%2Bc a%2fb%2bc a\/b+c abc"#;
        assert_eq!(without(text, "a/b+c"), "[token] [token] [token] [token] abc");
    }
}
