//! The form of a batch: `multipart/mixed` with an HTTP message in each part (OData 2.0, "Batch Processing").

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method};

/// The largest number of lines in the head of a part.
const MOST_LINES: usize = 100;
/// How many bytes of an answer with an error are kept.
pub(super) const LONGEST_REFUSAL: usize = 64 << 10;
/// The longest boundary (RFC 2046 section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// A request of a batch.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) url: String,
    /// The name of the endpoint.
    pub(super) name: String,
    pub(super) body: Option<String>,
}

impl Asked {
    pub(super) fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// A part of the outer message: the number of a read, or the numbers of the writes of a change set.
#[derive(Debug, PartialEq)]
pub(super) enum Group {
    Read(usize),
    Changes(Vec<usize>),
}

impl Group {
    /// Adjacent writes are one group.
    pub(super) fn of(asked: &[Asked]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (index, asked) in asked.iter().enumerate() {
            match groups.last_mut() {
                _ if !asked.writes() => groups.push(Group::Read(index)),
                Some(Group::Changes(changes)) => changes.push(index),
                _ => groups.push(Group::Changes(vec![index])),
            }
        }
        groups
    }
}

/// Writes a batch, and returns its boundary and its body.
pub(super) fn write(asked: &[Asked], groups: &[Group]) -> (String, String) {
    let inside = |boundary: &str| {
        asked.iter().any(|asked| asked.body.as_ref().is_some_and(|body| body.contains(boundary)))
    };
    // Chooses boundaries that no body contains.
    let number = (0..).find(|n| !inside(&format!("evergrant_{n}"))).unwrap_or(0);
    let (outer, inner) =
        (format!("batch_evergrant_{number}"), format!("changes_evergrant_{number}"));
    let mut text = String::new();
    for group in groups {
        text += &format!("--{outer}\r\n");
        match group {
            Group::Read(index) => message(*index, asked, &mut text),
            Group::Changes(changes) => {
                text += &format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n");
                for index in changes {
                    text += &format!("--{inner}\r\n");
                    message(*index, asked, &mut text);
                }
                text += &format!("--{inner}--\r\n");
            }
        }
    }
    text += &format!("--{outer}--\r\n");
    (outer, text)
}

fn message(index: usize, asked: &[Asked], text: &mut String) {
    let Some(Asked { method, url, body, .. }) = asked.get(index) else { return };
    *text += "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
    *text += &format!("Content-ID: {}\r\n\r\n", index + 1);
    *text += &format!("{method} {url} HTTP/1.1\r\nAccept: application/json\r\n");
    match body {
        Some(body) => {
            if method == Method::POST {
                *text += "Prefer: return=representation\r\n";
            }
            *text += "Content-Type: application/json\r\n";
            *text += &format!("Content-Length: {}\r\n\r\n{body}\r\n", body.len());
        }
        None => *text += "\r\n\r\n",
    }
}

/// The answer to a request of a batch.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why a part cannot be read.
type Why = &'static str;

const MISSING: Why = "the answer of the batch has no part for this request";

/// Reads the answer of a batch. Returns, for each of `count` requests, the reply or the reason why it is
/// missing.
pub(super) fn read(
    kind: &str,
    body: &[u8],
    groups: &[Group],
    count: usize,
) -> Result<Vec<Result<Reply, Why>>, Why> {
    let boundary = boundary(kind).ok_or("the answer is not multipart/mixed with a boundary")?;
    let (parts, is_whole) = split(body, boundary);
    // The answers are in the order of the requests. If answers are missing, the client cannot tell which
    // requests they belong to.
    if parts.len() > groups.len() || (is_whole && parts.len() < groups.len()) {
        return Err("the answer has another number of parts than the batch");
    }
    let mut replies: Vec<Result<Reply, Why>> = vec![Err(MISSING); count];
    let mut set = |index: usize, reply| {
        if let Some(place) = replies.get_mut(index) {
            *place = reply;
        }
    };
    for (group, part) in groups.iter().zip(parts) {
        match group {
            Group::Read(index) => set(*index, reply(part)),
            Group::Changes(changes) => {
                for (index, reply) in changes.iter().zip(change_set(part, changes)) {
                    set(*index, reply);
                }
            }
        }
    }
    Ok(replies)
}

/// Returns the replies of a change set.
fn change_set(part: &[u8], changes: &[usize]) -> Vec<Result<Reply, Why>> {
    let all = |reply: Result<Reply, Why>| vec![reply; changes.len()];
    let Some((headers, inside)) = head(part) else { return all(Err("a part has no head")) };
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Some(boundary) = boundary(kind) else {
        // A change set that was refused has one answer for all its requests.
        return match reply(part) {
            Ok(mut reply) if reply.status >= 400 => {
                // Each request gets a copy of the refusal.
                reply.body.truncate(LONGEST_REFUSAL);
                all(Ok(reply))
            }
            Ok(reply) if changes.len() == 1 => all(Ok(reply)),
            Ok(_) => all(Err("the change set has one answer for several requests")),
            Err(why) => all(Err(why)),
        };
    };
    let (parts, is_whole) = split(inside, boundary);
    if parts.len() > changes.len() {
        return all(Err("the change set has more answers than requests"));
    }
    let ids: Vec<Option<usize>> = parts.iter().map(|part| content_id(part)).collect();
    let named = ids.iter().all(|id| id.is_some_and(|id| changes.contains(&id)));
    let distinct =
        ids.iter().enumerate().all(|(n, id)| !ids.iter().skip(n + 1).any(|other| other == id));
    let in_order = !is_whole || parts.len() == changes.len();
    let place = |number: usize, index: usize| match named && distinct {
        true => ids.iter().position(|id| *id == Some(index)),
        false => Some(number).filter(|_| in_order),
    };
    let each = changes.iter().enumerate().map(|(number, index)| {
        let part = place(number, *index).and_then(|at| parts.get(at));
        part.map_or(Err(MISSING), |part| reply(part))
    });
    each.collect()
}

/// Returns the number of the request in the header `Content-ID` of a part.
fn content_id(part: &[u8]) -> Option<usize> {
    let (headers, _) = head(part)?;
    let id = headers.get("content-id")?.to_str().ok()?;
    id.trim_matches(['<', '>']).parse::<usize>().ok()?.checked_sub(1)
}

/// Reads the HTTP message in a part.
fn reply(part: &[u8]) -> Result<Reply, Why> {
    let torn = "a part is not a whole HTTP answer";
    let (_, message) = head(part).ok_or(torn)?;
    let (line, rest) = line(message).ok_or(torn)?;
    let line = std::str::from_utf8(line).map_err(|_| torn)?;
    let status = line.strip_prefix("HTTP/").and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok()).filter(|s| (200..600).contains(s));
    let (headers, body) = head(rest).ok_or(torn)?;
    let length = headers
        .get("content-length")
        .map(|length| length.to_str().ok().and_then(|length| length.trim().parse::<usize>().ok()));
    let body = match length {
        Some(length) => body.get(..length.ok_or(torn)?).ok_or(torn)?,
        None => body,
    };
    Ok(Reply { status: status.ok_or(torn)?, headers, body: body.to_vec() })
}

/// Splits off the first line. Returns the line without its line break, and the rest of the text. Returns
/// `None` if the text is empty.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match end {
        Some(end) => (text.get(..end)?, text.get(end + 1..)?),
        None if text.is_empty() => return None,
        None => (text, text.get(text.len()..)?),
    };
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Splits a part at its first empty line. Returns the headers before the empty line, and the body after the
/// empty line.
fn head(mut text: &[u8]) -> Option<(HeaderMap, &[u8])> {
    let mut headers = HeaderMap::new();
    for _ in 0..MOST_LINES {
        // A message without a body may end at its last header.
        let Some((line, rest)) = line(text) else { return Some((headers, text)) };
        text = rest;
        if line.is_empty() {
            return Some((headers, text));
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(line.get(..colon)?.trim_ascii()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line.get(colon + 1..)?.trim_ascii()).ok()?);
    }
    None
}

/// Returns the boundary in a `Content-Type`.
fn boundary(kind: &str) -> Option<&str> {
    let (name, parameters) = kind.split_once(';')?;
    if !name.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    Some(boundary).filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()))
}

/// Returns the parts between the lines with the boundary, and whether the last line with the boundary is
/// there. A part that no boundary follows is left out, because the part may be truncated.
fn split<'a>(body: &'a [u8], boundary: &str) -> (Vec<&'a [u8]>, bool) {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some((this, rest)) = body.get(at..).and_then(line) {
        let next = body.len() - rest.len();
        let mark = this.strip_prefix(b"--").and_then(|this| this.strip_prefix(boundary.as_bytes()));
        let is_last = mark.is_some_and(|end| end.trim_ascii_end() == b"--");
        if is_last || mark.is_some_and(|end| end.trim_ascii_end().is_empty()) {
            if let Some(part) = start.and_then(|start| body.get(start..at)) {
                // The line break before the boundary belongs to the boundary.
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            if is_last {
                return (parts, true);
            }
            start = Some(next);
        }
        at = next;
    }
    (parts, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_lines_with_the_boundary() {
        let whole: (Vec<&[u8]>, bool) = (vec![b"a\n--bx", b"--b c", b""], true);
        assert_eq!(
            split(b"preamble\r\n--b\r\na\n--bx\r\n--b\t\n--b c\n--b\n\r\n--b--", "b"),
            whole
        );
        assert_eq!(split(b"--b\r\na\r\n--b\r\ntorn", "b"), (vec![b"a".as_slice()], false));
        assert_eq!(split(b"", "b"), (vec![], false));
        assert_eq!(split(b"--b--", "b"), (vec![], true));
    }

    #[test]
    fn a_shared_refusal_is_cut_before_it_is_copied() {
        let head = "Content-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n";
        let part = [head, &"x".repeat(100_000)].concat();
        let changes: Vec<usize> = (0..3).collect();
        let lengths = change_set(part.as_bytes(), &changes);
        let lengths: Vec<_> = lengths.into_iter().map(|reply| reply.unwrap().body.len()).collect();
        assert_eq!(lengths, [65_536; 3]);
    }

    #[test]
    fn more_answers_than_requests_are_an_error_for_all() {
        let part =
            |id: usize| format!("--c\r\nContent-ID: {id}\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
        let head = "Content-Type: multipart/mixed; boundary=c\r\n\r\n";
        for end in ["--c--\r\n", "--c\r\ntorn"] {
            let text = [head, &part(1), &part(2), &part(3), end].concat();
            for reply in change_set(text.as_bytes(), &[0, 1]) {
                assert_eq!(reply.err(), Some("the change set has more answers than requests"));
            }
            assert!(change_set(text.as_bytes(), &[0, 1, 2]).iter().all(Result::is_ok));
        }
    }

    #[test]
    fn a_boundary_is_read_in_every_form() {
        for (kind, wanted) in [
            ("multipart/mixed; boundary=b", Some("b")),
            ("Multipart/Mixed;charset=utf-8; Boundary=\"b_1\"", Some("b_1")),
            ("multipart/mixed; boundary=", None),
            ("multipart/mixed", None),
            ("text/html; boundary=b", None),
        ] {
            assert_eq!(boundary(kind), wanted, "{kind}");
        }
        let long = format!("multipart/mixed; boundary={}", "b".repeat(71));
        assert_eq!(boundary(&long), None);
    }

    #[test]
    fn a_boundary_is_in_no_body() {
        let body = |text: &str| Asked {
            method: Method::POST,
            url: "https://x/y".to_owned(),
            name: "y".to_owned(),
            body: Some(text.to_owned()),
        };
        let asked = [body("--batch_evergrant_0--"), body("changes_evergrant_1")];
        assert_eq!(write(&asked, &Group::of(&asked)).0, "batch_evergrant_2");
    }
}
