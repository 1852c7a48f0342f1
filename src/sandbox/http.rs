//! The part of HTTP/1.1 that a server on loopback needs: reads requests, writes replies.

use std::fmt;
use std::io::{self, Read, Write};

use serde::Serialize;
use serde_json::Value;

const MAX_HEAD: usize = 256 * 1024;
const MAX_BODY: usize = 16 * 1024 * 1024;
const MAX_HEADERS: usize = 100;

/// A request as received.
#[derive(Clone, Default)]
pub(super) struct HttpRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) keep_alive: bool,
}

impl HttpRequest {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

pub(super) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Decodes form-encoded pairs.
pub(super) fn pairs(form: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form).into_owned().collect()
}

/// Reads the next request of a connection; `None` if the client has closed the connection. `buffer` keeps
/// bytes that belong to later requests.
pub(super) fn read(
    stream: &mut impl Read,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<HttpRequest>> {
    let (mut request, head) = loop {
        if let Some(parsed) = parse_head(buffer)? {
            break parsed;
        }
        if buffer.len() > MAX_HEAD {
            return Err(bad("the head is too large"));
        }
        if more(stream, buffer)? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(bad("cut within the head")) };
        }
    };
    buffer.drain(..head);
    let is_chunked = request.header("transfer-encoding").is_some();
    if is_chunked {
        request.body = chunked(stream, buffer)?;
    } else if let Some(length) = request.header("content-length") {
        let length: usize = length.trim().parse().map_err(|_| bad("odd content-length"))?;
        if length > MAX_BODY {
            return Err(bad("the body is too large"));
        }
        fill(stream, buffer, length)?;
        request.body = buffer.drain(..length).collect();
    }
    Ok(Some(request))
}

fn parse_head(buffer: &[u8]) -> io::Result<Option<(HttpRequest, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) =
        parsed.parse(buffer).map_err(|error| bad(&error.to_string()))?
    else {
        return Ok(None);
    };
    let target = parsed.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned()))
        .collect();
    let connection = find(&headers, "connection").unwrap_or_default().to_ascii_lowercase();
    Ok(Some((
        HttpRequest {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            keep_alive: !connection.contains("close")
                && (parsed.version == Some(1) || connection.contains("keep-alive")),
            headers,
            body: Vec::new(),
        },
        head,
    )))
}

/// Reads a chunked body (RFC 9112 section 7.1).
fn chunked(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (start, size) = loop {
            match httparse::parse_chunk_size(buffer).map_err(|_| bad("odd chunk"))? {
                httparse::Status::Complete((start, size)) => break (start, size),
                httparse::Status::Partial => {
                    if more(stream, buffer)? == 0 {
                        return Err(bad("cut within a chunk"));
                    }
                }
            }
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > MAX_BODY - body.len() {
            return Err(bad("the body is too large"));
        }
        buffer.drain(..start);
        if size == 0 {
            break;
        }
        fill(stream, buffer, size + 2)?;
        body.extend_from_slice(&buffer[..size]);
        buffer.drain(..size + 2);
    }
    // Skips trailers up to the empty line.
    loop {
        while !buffer.contains(&b'\n') {
            if buffer.len() > MAX_HEAD || more(stream, buffer)? == 0 {
                return Err(bad("cut within the trailers"));
            }
        }
        let end = buffer.iter().position(|&b| b == b'\n').unwrap_or_default();
        let is_empty = buffer[..end].iter().all(|&b| b == b'\r');
        buffer.drain(..=end);
        if is_empty {
            return Ok(body);
        }
    }
}

fn fill(stream: &mut impl Read, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
    while buffer.len() < length {
        if more(stream, buffer)? == 0 {
            return Err(bad("cut within the body"));
        }
    }
    Ok(())
}

fn more(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0_u8; 16 * 1024];
    let read = stream.read(&mut chunk)?;
    buffer.extend_from_slice(&chunk[..read]);
    Ok(read)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A reply of the sandbox. Handlers make and change replies. `Debug` shows the length of the body and no
/// header values, because both may contain tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers. The sandbox adds `Date`, `Content-Length` and `Connection`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Makes a reply without a body.
    pub fn new(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Makes a reply with a JSON body. A value that cannot be written as JSON becomes `null`.
    pub fn json(status: u16, value: impl Serialize) -> Reply {
        let body = serde_json::to_vec(&value).unwrap_or_else(|_| b"null".to_vec());
        Reply::bytes(status, "application/json", body)
    }

    /// Makes a reply with a body of any media type.
    pub fn bytes(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        Reply { body: body.into(), ..Reply::new(status) }.with_header("Content-Type", content_type)
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn to_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Replaces the body by this JSON value.
    #[must_use]
    pub fn with_json(mut self, value: impl Serialize) -> Reply {
        self.body = serde_json::to_vec(&value).unwrap_or_else(|_| b"null".to_vec());
        self
    }

    /// Writes the head and the first part of the body in one call, so that a reply on loopback fits in one
    /// packet.
    pub(super) fn write(
        &self,
        stream: &mut impl Write,
        head_only: bool,
        keep_alive: bool,
        date: &str,
        cut: Option<usize>,
    ) -> io::Result<()> {
        let mut out = Vec::with_capacity(256 + self.body.len());
        let reason = reason(self.status);
        write!(out, "HTTP/1.1 {} {reason}\r\nDate: {date}\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(out, "{name}: {value}\r\n")?;
        }
        // RFC 9110 section 8.6: no Content-Length with 204 and 304.
        let bodiless = matches!(self.status, 100..200 | 204 | 304);
        if !bodiless {
            write!(out, "Content-Length: {}\r\n", self.body.len())?;
        }
        if !keep_alive {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        if !bodiless && !head_only {
            let length = cut.unwrap_or(usize::MAX).min(self.body.len());
            out.extend_from_slice(&self.body[..length]);
        }
        stream.write_all(&out)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

fn reason(status: u16) -> &'static str {
    ureq::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown")
}

/// Formats a date as RFC 9110 section 5.6.7 requires.
pub(super) fn http_date(date: time::OffsetDateTime) -> String {
    let (weekday, month) = (date.weekday().to_string(), date.month().to_string());
    let (hour, minute, second) = date.to_hms();
    format!(
        "{}, {:02} {} {:04} {hour:02}:{minute:02}:{second:02} GMT",
        weekday.get(..3).unwrap_or_default(),
        date.day(),
        month.get(..3).unwrap_or_default(),
        date.year(),
    )
}
