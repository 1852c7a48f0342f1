//! `--paginate`: prints the items of all pages, each on a line, as the API wrote them.

use std::collections::{BTreeMap, BTreeSet};

use evergrant::Client;
use evergrant::ureq::http::Method;
use serde_json::value::RawValue;

use super::{Secrets, Sent, prepared};
use crate::arguments;
use crate::command::Opened;
use crate::failure::{Failure, Outcome};
use crate::show;

/// The largest number of pages that one call reads.
const PAGES: usize = 10_000;

pub(super) fn run(
    client: &Client,
    opened: &Opened,
    method: &Method,
    asked: &arguments::Call,
    secrets: &Secrets,
) -> Outcome {
    let mut target = asked.path.clone();
    let mut query = asked.query.clone();
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES {
        if !seen.insert((target.clone(), query.clone())) {
            return Err(Failure::new("the list leads back to a page that was already read"));
        }
        let request = prepared(client, method, &target, &query, asked)?;
        let answer = Sent { opened, client, secrets }.answer(request.call())?;
        let linked = answer.link("next");
        let page: Box<RawValue> = answer.read_json_with(|bytes| serde_json::from_slice(bytes))?;
        for item in items(&page, asked.items.as_deref())? {
            show::print(&on_one_line(item.get()))?;
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
fn items<'a>(page: &'a RawValue, member: Option<&str>) -> Outcome<Vec<&'a RawValue>> {
    let list = match member {
        Some(member) => at(page, member),
        None => Some(page),
    };
    let found = list.and_then(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok());
    match found {
        Some(items) => Ok(items),
        None if member.is_none() => Ok(vec![page]),
        None => Err(Failure::new(format!(
            "the page has no list in its member `{}`",
            member.unwrap_or_default()
        ))),
    }
}

/// A member, whose path is written with dots.
fn at<'a>(page: &'a RawValue, member: &str) -> Option<&'a RawValue> {
    member.split('.').try_fold(page, |value, part| {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
        members.get(part).copied()
    })
}

/// The value of the member that names the next page, if the value is a text or a number.
fn text_of(page: &RawValue, member: &str) -> Option<String> {
    let text = at(page, member)?.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok().filter(|text: &String| !text.is_empty()),
        b'-' | b'0'..=b'9' => Some(text.to_owned()),
        _ => None,
    }
}

/// JSON without the spaces and line breaks between its parts. Numbers and texts stay as they are written.
fn on_one_line(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    json.chars()
        .filter(|&c| {
            let kept = inside || !c.is_ascii_whitespace();
            match c {
                '"' if !escaped => inside = !inside,
                _ => {}
            }
            escaped = inside && c == '\\' && !escaped;
            kept
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn items_and_cursor_are_found_in_a_page() {
        let page =
            page(r#"{"data": {"rows": [1, 2]}, "meta": {"next": "c2", "page": 3, "end": null}}"#);
        let texts = |items: Vec<&RawValue>| items.iter().map(|i| i.get().to_owned()).collect();
        let rows: Vec<String> = texts(items(&page, Some("data.rows")).unwrap());
        assert_eq!(rows, ["1", "2"]);
        let whole: Vec<String> = texts(items(&page, None).unwrap());
        assert_eq!(whole, [page.get()]);
        assert!(items(&page, Some("data")).is_err());
        assert_eq!(text_of(&page, "meta.next").as_deref(), Some("c2"));
        assert_eq!(text_of(&page, "meta.page").as_deref(), Some("3"));
        assert_eq!(text_of(&page, "meta.end"), None);
        assert_eq!(text_of(&page, "none.at.all"), None);
    }

    #[test]
    fn an_item_keeps_its_text_on_one_line() {
        let text = "{\n  \"a b\": 1.10, \"q\": \"x \\\" \\\\\", \"z\" : [ 1e2 ]\n}";
        assert_eq!(on_one_line(text), "{\"a b\":1.10,\"q\":\"x \\\" \\\\\",\"z\":[1e2]}");
    }
}
