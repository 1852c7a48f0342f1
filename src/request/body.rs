//! The body of an answer, whose beginning may have been read.

use std::io::{self, Read};

use serde_json::Value;
use ureq::BodyReader;

use crate::protocol;
use crate::provider::AnswerRule;
use crate::stored_json::wipe;

/// The largest number of bytes of a body that are read to apply a rule of the provider.
const PREFIX: usize = 16 << 10;

/// The body of an answer.
pub(super) enum Body {
    /// Nothing of the body was read.
    Fresh(ureq::Body),
    /// The beginning of the body was read. Boxed, because few bodies are read in this way and all
    /// are moved.
    Begun(Box<Begun>),
}

/// A body whose beginning is in memory.
pub(super) struct Begun {
    head: Vec<u8>,
    given: usize,
    /// The error that ended the reading of the beginning.
    failed: Option<io::Error>,
    rest: BodyReader<'static>,
}

/// Reads a whole body.
pub(super) enum Reader {
    Fresh(BodyReader<'static>),
    Begun(Box<Begun>),
}

impl Body {
    pub(super) fn into_reader(self) -> Reader {
        match self {
            Body::Fresh(body) => Reader::Fresh(body.into_reader()),
            Body::Begun(begun) => Reader::Begun(begun),
        }
    }

    /// Whether the access token is no longer valid, by the first of these rules that matches. Reads the
    /// beginning of the body if one of the rules is about this status.
    pub(super) fn ended(self, rules: &[AnswerRule], status: u16) -> (Body, Option<bool>) {
        let mut about = rules.iter().filter(|rule| rule.is_about(status)).peekable();
        if about.peek().is_none() {
            return (self, None);
        }
        let begun = match self {
            Body::Fresh(body) => Box::new(Begun::read(body)),
            Body::Begun(begun) => begun,
        };
        let mut value = begun.first_value().unwrap_or_default();
        let fits = about.find(|rule| protocol::has(&value, &rule.path, &rule.value));
        let ended = fits.map(|rule| rule.ended);
        wipe(&mut value);
        (Body::Begun(begun), ended)
    }
}

impl Begun {
    /// Reads until the first JSON value is whole, and at most [`PREFIX`] bytes: a stream of events may not
    /// end for hours. A body that is not JSON, or is too long, is not read further.
    fn read(body: ureq::Body) -> Begun {
        let too_long = body.content_length().is_some_and(|length| length > PREFIX as u64);
        let (head, rest) = (Vec::new(), body.into_reader());
        let mut begun = Begun { head, given: 0, failed: None, rest };
        while !too_long && begun.head.len() < PREFIX {
            let at = begun.head.len();
            begun.head.resize(PREFIX, 0);
            let read = begun.rest.read(&mut begun.head[at..]);
            let came = *read.as_ref().unwrap_or(&0);
            begun.head.truncate(at + came);
            match read {
                Ok(0) => break,
                Ok(_) if !begun.goes_on() => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    begun.failed = Some(error);
                    break;
                }
                _ => {}
            }
        }
        begun
    }

    /// The text without a byte order mark and white space at its beginning.
    fn text(&self) -> &[u8] {
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head);
        head.trim_ascii_start()
    }

    /// Whether the received text is an incomplete JSON value.
    fn goes_on(&self) -> bool {
        match self.text() {
            [] => true,
            [b'{' | b'[', ..] => {
                let closes = matches!(self.text().trim_ascii_end(), [.., b'}' | b']']);
                !closes || self.first_value().is_none()
            }
            _ => false,
        }
    }

    fn first_value(&self) -> Option<Value> {
        let text = self.text();
        let whole = text.get(..end_of_first(text)?)?;
        std::str::from_utf8(whole).ok()?.parse().ok()
    }
}

/// Where the object or array at the beginning of the text ends. Counts brackets, so that serde_json's reader
/// of a whole text can read the value. (serde_json's reader of several values would be compiled here once more.)
fn end_of_first(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

impl Read for Begun {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = &self.head[self.given..];
        if !kept.is_empty() {
            let length = kept.len().min(buffer.len());
            buffer[..length].copy_from_slice(&kept[..length]);
            self.given += length;
            return Ok(length);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.read(buffer),
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reader::Fresh(body) => body.read(buffer),
            Reader::Begun(begun) => begun.read(buffer),
        }
    }
}
