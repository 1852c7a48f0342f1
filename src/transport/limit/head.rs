//! Cleans the head of an answer to a token request.
//!
//! ureq refuses a whole answer for one flaw in its head: a line that is not well formed, more than 128 lines, an
//! interim answer with headers. By then the server may have replaced the refresh token, and the only valid
//! token is in the body. So ureq gets a head without the flaws.

use ureq::http::{HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

/// The headers that say what the body is, or that a token request uses. They are kept from a head of any size.
const NEEDED: [&str; 9] = [
    "content-encoding",
    "content-type",
    "date",
    "dpop-nonce",
    "location",
    "proxy-authenticate",
    "retry-after",
    "transfer-encoding",
    "www-authenticate",
];

/// How many other lines are kept. ureq reads 128 lines.
const LINES: usize = 64;

/// How many bytes of other lines are kept. ureq reads a head of 64 KiB.
const BYTES: usize = 24 << 10;

/// Returns the received `bytes` with a head that ureq can read. `None` if more bytes are needed; no more come if
/// `ended`. Bytes that do not begin with a head of HTTP are returned unchanged.
pub(super) fn clean(bytes: &[u8], ended: bool) -> Option<Zeroizing<Vec<u8>>> {
    let unchanged = || Some(Zeroizing::new(bytes.to_vec()));
    let (status_line, lines, body) = match find(bytes) {
        Found::Whole { status_line, lines, body } => (status_line, lines, body),
        Found::Half if !ended => return None,
        Found::Half | Found::Other => return unchanged(),
    };
    let mut head = Head::default();
    for line in lines.split(|byte| *byte == b'\n') {
        head.add(line.trim_ascii_end());
    }
    let text = head.finish(status_line, body, ended)?;
    Some(Zeroizing::new([&text, body].concat()))
}

/// Whether the bytes begin with a whole head, after any interim answers.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    matches!(find(bytes), Found::Whole { .. })
}

/// The beginning of the received bytes.
enum Found<'a> {
    /// A whole head: its protocol and status, its other lines, and the bytes after it.
    Whole { status_line: (bool, &'a str), lines: &'a [u8], body: &'a [u8] },
    /// A part of a head.
    Half,
    /// Not a head of HTTP.
    Other,
}

fn find(mut rest: &[u8]) -> Found<'_> {
    loop {
        while let [b'\r' | b'\n', after @ ..] = rest {
            rest = after;
        }
        let known = rest.len().min(PROTOCOL.len());
        if rest[..known] != PROTOCOL[..known] {
            return Found::Other;
        }
        let Some(end) = end_of_head(rest) else { return Found::Half };
        let (head, body) = rest.split_at(end);
        let first = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
        let (first, lines) = head.split_at(first);
        match status(first.trim_ascii_end()) {
            None => return Found::Other,
            // An interim answer (RFC 9110 section 15.2): the answer follows.
            Some((_, true)) => rest = body,
            Some((status_line, false)) => return Found::Whole { status_line, lines, body },
        }
    }
}

const PROTOCOL: &[u8] = b"HTTP/";

/// The position after the empty line.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'\n') {
        from += at + 1;
        match &bytes[from..] {
            [b'\n', ..] => return Some(from + 1),
            [b'\r', b'\n', ..] => return Some(from + 2),
            _ => {}
        }
    }
    None
}

/// The protocol and the status of a status line, and whether the answer is interim. `None` for another line.
fn status(line: &[u8]) -> Option<((bool, &str), bool)> {
    let line = line.get(PROTOCOL.len()..)?;
    let at = line.iter().position(|byte| *byte == b' ')?;
    let digits = line[at..].trim_ascii_start().get(..3)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let interim = digits.starts_with('1') && digits != "101";
    is_number.then_some(((&line[..at] == b"1.0", digits), interim))
}

/// The lines that are kept of a head.
#[derive(Default)]
struct Head {
    lines: Vec<(HeaderName, HeaderValue)>,
    others: usize,
    bytes: usize,
    /// The length of the body; `None` if no length is given, or one that is not a number.
    length: Option<u64>,
    /// Whether two lengths differ, or one is not a number.
    odd_length: bool,
}

impl Head {
    fn add(&mut self, line: &[u8]) {
        // A line that begins with a blank goes on with the line before (RFC 9112 section 5.2).
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return;
        }
        let Some(at) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        else {
            return;
        };
        if name == "content-length" {
            return self.add_length(&value);
        }
        if !NEEDED.contains(&name.as_str()) {
            self.others += 1;
            let bytes = self.bytes + name.as_str().len() + value.len();
            if self.others > LINES || bytes > BYTES {
                return;
            }
            self.bytes = bytes;
        }
        self.lines.push((name, value));
    }

    /// Equal lengths mean one length (RFC 9110 section 8.6).
    fn add_length(&mut self, value: &HeaderValue) {
        for length in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let is_number = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(length).ok().filter(|_| is_number);
            match length.and_then(|length| length.parse().ok()) {
                Some(length) if self.length.is_none_or(|before| before == length) => {
                    self.length = Some(length);
                }
                _ => self.odd_length = true,
            }
        }
    }

    fn names(&self, name: &str, word: &str) -> bool {
        let values = self.lines.iter().filter(|line| line.0 == name);
        values.filter_map(|line| line.1.to_str().ok()).any(|value| {
            crate::substring::split(value, ',').any(|found| found.trim().eq_ignore_ascii_case(word))
        })
    }

    /// The text of the head. The body decides whether it is what its head says. `None` if the beginning of the
    /// body is needed and has not come.
    fn finish(mut self, (old, status): (bool, &str), body: &[u8], ended: bool) -> Option<Vec<u8>> {
        let empty = self.length == Some(0) && !self.odd_length;
        let has_body = !empty && !matches!(status, "204" | "304");
        let mut chunked = self.names("transfer-encoding", "chunked");
        if has_body && chunked {
            match body.first().copied() {
                None if !ended => return None,
                // JSON, perhaps with a byte order mark, or gzip, and not the length of a chunk.
                first => chunked = !matches!(first, Some(b'{' | b'[' | 0xef | GZIP)),
            }
        }
        if has_body {
            let gzip = ["gzip", "x-gzip"].iter().any(|word| self.names("content-encoding", word));
            let coding = header::CONTENT_ENCODING;
            match first_data(body, chunked) {
                None if gzip && !ended => return None,
                None => {}
                // ureq knows the coding by this name alone.
                Some(GZIP) => {
                    self.lines.retain(|line| line.0 != coding);
                    self.lines.push((coding, HeaderValue::from_static("gzip")));
                }
                Some(_) => self.lines.retain(|line| line.0 != coding),
            }
        }
        self.odd_length |= self.length.is_some_and(|length| is_short(length, body));
        self.lines.retain(|line| line.0 != "transfer-encoding");
        let mut text = format!("HTTP/1.{} {status}\r\n", u8::from(!old || chunked)).into_bytes();
        let mut add = |name: &str, value: &[u8]| {
            text.extend_from_slice(&[name.as_bytes(), b":", value, b"\r\n"].concat());
        };
        for (name, value) in &self.lines {
            add(name.as_str(), value.as_bytes());
        }
        // If the length is not known, the body ends with the connection.
        match self.length.filter(|_| !self.odd_length) {
            _ if chunked => add("transfer-encoding", b"chunked"),
            Some(length) => add("content-length", length.to_string().as_bytes()),
            None => {}
        }
        text.extend_from_slice(b"\r\n");
        Some(text)
    }
}

/// Whether this length ends within JSON that has come: some servers count characters in place of bytes.
fn is_short(length: u64, body: &[u8]) -> bool {
    let told = usize::try_from(length).ok().filter(|length| *length < body.len());
    told.is_some_and(|length| {
        let told = body[..length].trim_ascii();
        let told = told.strip_prefix(b"\xef\xbb\xbf").unwrap_or(told);
        match told.first() {
            Some(b'{') => !told.ends_with(b"}"),
            Some(b'[') => !told.ends_with(b"]"),
            _ => false,
        }
    })
}

/// The first byte of gzip (RFC 1952 section 2.3.1).
const GZIP: u8 = 0x1f;

/// The first byte of the body's data, if it has come.
fn first_data(body: &[u8], chunked: bool) -> Option<u8> {
    let size = if chunked { body.iter().position(|byte| *byte == b'\n')? + 1 } else { 0 };
    body.get(size).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(bytes: &str) -> Option<String> {
        clean(bytes.as_bytes(), false).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn a_head_is_cleaned_when_it_is_whole() {
        let whole = "\r\nHTTP/1.1 103 Early\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\nA b: c\r\nx: y\r\n\
                     Content-Length: 2, 2\r\nno colon\r\n\r\n{}";
        for end in 0..whole.len() - 2 {
            assert_eq!(cleaned(&whole[..end]), None, "{end}");
        }
        let clean = "HTTP/1.1 200\r\nx:y\r\ncontent-length:2\r\n\r\n{}";
        assert_eq!(cleaned(whole).as_deref(), Some(clean));
        assert_eq!(cleaned(clean).as_deref(), Some(clean), "a clean head does not change");
    }

    #[test]
    fn bytes_that_are_no_answer_stay_unchanged() {
        for bytes in ["SSH-2.0-x\r\n", "x", "HTTX", "HTTP/1.1\r\n\r\n", "HTTP/1.1 0x1\r\n\r\n"] {
            assert_eq!(cleaned(bytes).as_deref(), Some(bytes));
        }
        let half = b"HTTP/1.1 200 OK\r\nx: y\r\n";
        assert_eq!(clean(half, true).as_deref().map(Vec::as_slice), Some(half.as_slice()));
    }

    #[test]
    fn the_body_decides_about_its_coding() {
        let gzip = "HTTP/1.1 200\r\ncontent-encoding:gzip\r\n";
        for (body, kept) in [("\u{1f}", true), ("{", false)] {
            for chunk in ["", "a\r\n"] {
                let coding = if chunk.is_empty() { "" } else { "transfer-encoding:chunked\r\n" };
                let head = format!("{gzip}{coding}\r\n{chunk}");
                assert_eq!(cleaned(&head), None, "the body has not come");
                let text = cleaned(&format!("{head}{body}")).unwrap();
                assert_eq!(text.contains("gzip"), kept, "{text}");
                assert_eq!(text.contains("chunked"), !chunk.is_empty(), "{text}");
            }
        }
        // No body comes.
        assert!(cleaned(&format!("{gzip}content-length:0\r\n\r\n")).is_some());
        assert!(cleaned("HTTP/1.1 204\r\ntransfer-encoding:chunked\r\n\r\n").is_some());
        assert!(
            !cleaned("HTTP/1.0 200\r\ntransfer-encoding:chunked\r\n\r\n{").unwrap().contains("c")
        );
    }

    #[test]
    fn a_large_head_keeps_what_a_token_request_needs() {
        let many: String =
            (0..500).map(|n| format!("Set-Cookie: {n}={}\r\n", "x".repeat(99))).collect();
        let text = cleaned(&format!("HTTP/1.1 429\r\n{many}Retry-After: 7\r\n\r\n")).unwrap();
        assert!(text.contains("retry-after:7\r\n") && text.len() < 64 << 10, "{}", text.len());
        assert!(text.lines().count() < 128);
    }
}
