//! `call`: sends a request to the API of a service.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use evergrant::ureq::http::Method;
use evergrant::{Client, Error, Request, Response};
use serde_json::Value;

use super::{Context, Opened};
use crate::arguments;
use crate::failure::{Failure, Outcome, file};
use crate::progress::Bar;
use crate::show;

/// The most pages of one list.
const PAGES: usize = 10_000;

pub(crate) fn run(context: &Context, asked: &arguments::Call) -> Outcome {
    let method: Method = asked
        .method
        .to_uppercase()
        .parse()
        .map_err(|_| Failure::new(format!("{:?} is not an HTTP method", asked.method)))?;
    let opened = context.open(context.find(&asked.name)?)?;
    let client = opened.client()?;
    if asked.paginate {
        return pages(&client, &opened, &method, asked);
    }
    let request = prepared(&client, &method, &asked.path, &asked.query, asked)?;
    let answer = match asked.body.as_deref() {
        None => request.call(),
        Some(body) => sent(request, body, asked)?,
    };
    let answer = answer.map_err(|error| refused(&opened, &client, error))?;
    opened.finish(&client)?;
    match &asked.output {
        Some(path) => download(answer, path, context.quiet)?,
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
        let length = body.metadata()?.len();
        Ok((body, length))
    };
    let (mut body, length) = open().map_err(|error| file("read", path, &error))?;
    Ok(request.send_reader(&mut body, Some(length)))
}

/// The failure, with what the API said on the standard error.
fn refused(opened: &Opened, client: &Client, error: Error) -> Failure {
    if let Error::Api(api) = &error
        && !api.body.is_empty()
    {
        show::note(&evergrant::error::one_line(&String::from_utf8_lossy(&api.body)));
    }
    opened.failed(client, &error)
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
    Failure {
        code: crate::failure::LATER,
        text: format!("the answer ended early: {error}"),
        hint: None,
    }
}

/// Writes the answer beside the file and then gives it the file's name, so that nobody reads half of it.
fn download(answer: Response, path: &Path, quiet: bool) -> Outcome<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let result = fill(answer, &part, path, &name, quiet);
    if result.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    result
}

fn fill(answer: Response, part: &Path, path: &Path, name: &str, quiet: bool) -> Outcome<()> {
    use std::io::Write as _;
    let size = answer.header("content-length").and_then(|text| text.parse().ok());
    let mut bar = Bar::new(name, size, quiet);
    let mut out = std::fs::File::create_new(part).map_err(|error| file("write", part, &error))?;
    let mut reader = answer.into_reader();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = reader.read(&mut buffer).map_err(cut)?;
        if length == 0 {
            break;
        }
        out.write_all(&buffer[..length]).map_err(|error| file("write", part, &error))?;
        bar.add(length as u64);
    }
    bar.end();
    let saved = out.sync_all().and_then(|()| std::fs::rename(part, path));
    saved.map_err(|error| file("write", path, &error))
}

/// Prints the items of all pages, each on a line.
fn pages(client: &Client, opened: &Opened, method: &Method, asked: &arguments::Call) -> Outcome {
    let mut target = asked.path.clone();
    let mut query = asked.query.clone();
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES {
        if !seen.insert((target.clone(), query.clone())) {
            return Err(Failure::new("the list leads back to a page that was read already"));
        }
        let request = prepared(client, method, &target, &query, asked)?;
        let answer = request.call().map_err(|error| refused(opened, client, error))?;
        opened.finish(client)?;
        let linked = answer.link("next");
        let page: Value = answer.read_json()?;
        for item in items(&page, asked.items.as_deref())? {
            show::print(&item.to_string())?;
        }
        match (&asked.cursor, linked) {
            (Some(cursor), _) => {
                let (member, parameter) = match cursor.split_once('=') {
                    Some((member, parameter)) => (member, Some(parameter)),
                    None => (&**cursor, None),
                };
                match (text_of(&page, member), parameter) {
                    (None, _) => return Ok(0),
                    (Some(address), None) => (target, query) = (address, Vec::new()),
                    (Some(value), Some(parameter)) => {
                        query.retain(|pair| {
                            pair.split_once('=').map(|(name, _)| name) != Some(parameter)
                        });
                        query.push(format!("{parameter}={value}"));
                    }
                }
            }
            (None, Some(next)) => (target, query) = (next, Vec::new()),
            (None, None) => return Ok(0),
        }
    }
    Err(Failure::new(format!("the list has more than {PAGES} pages")))
}

/// The items of a page: the page itself, or its member.
fn items<'a>(page: &'a Value, member: Option<&str>) -> Outcome<Vec<&'a Value>> {
    let list = match member {
        Some(member) => at(page, member),
        None => Some(page),
    };
    match list {
        Some(Value::Array(items)) => Ok(items.iter().collect()),
        Some(other) if member.is_none() => Ok(vec![other]),
        _ => Err(Failure::new(format!(
            "the page has no list in its member `{}`",
            member.unwrap_or_default()
        ))),
    }
}

/// A member, whose path is written with dots.
fn at<'a>(page: &'a Value, member: &str) -> Option<&'a Value> {
    member.split('.').try_fold(page, |value, part| value.get(part))
}

/// The text or the number of a member that says where the next page is.
fn text_of(page: &Value, member: &str) -> Option<String> {
    match at(page, member)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_and_cursor_are_found_in_a_page() {
        let page =
            json!({"data": {"rows": [1, 2]}, "meta": {"next": "c2", "page": 3, "end": null}});
        assert_eq!(items(&page, Some("data.rows")).unwrap(), [&json!(1), &json!(2)]);
        assert_eq!(items(&page, None).unwrap(), [&page]);
        assert!(items(&page, Some("data")).is_err());
        assert_eq!(text_of(&page, "meta.next").as_deref(), Some("c2"));
        assert_eq!(text_of(&page, "meta.page").as_deref(), Some("3"));
        assert_eq!(text_of(&page, "meta.end"), None);
        assert_eq!(text_of(&page, "none.at.all"), None);
    }
}
