//! Reads an answer as JSON. Parses a large answer while its bytes arrive.

use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::DeserializeOwned;

use crate::transport::{Reads, read_up_to};

/// An answer up to this size is read whole before it is parsed, which is faster. Of a larger answer, only the
/// parsed value is in memory.
const WHOLE: u64 = 1 << 20;
/// How much of a larger answer is read at a time.
const PIECE: usize = 64 << 10;

/// Why no value was read.
pub(super) enum Fault {
    /// The connection broke before the end of the answer.
    Cut(io::Error),
    TooLarge,
    /// The text is not the wanted JSON. The number is the length of the answer.
    Json(serde_json::Error, u64),
}

/// A body of at most `limit` bytes, with a count of the bytes that were read.
struct Limited<'a> {
    body: Reads<'a>,
    limit: u64,
    read: u64,
}

#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is too large")
    }
}

impl std::error::Error for TooLarge {}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let came = self.body.read(buffer)?;
        self.read = self.read.saturating_add(came as u64);
        if self.read > self.limit {
            return Err(io::Error::other(TooLarge));
        }
        Ok(came)
    }
}

fn fault(error: io::Error) -> Fault {
    match error.get_ref().is_some_and(|inner| inner.is::<TooLarge>()) {
        true => Fault::TooLarge,
        false => Fault::Cut(error),
    }
}

/// Reads one JSON value. One byte order mark at the beginning is ignored.
pub(super) fn read<T: DeserializeOwned>(body: Reads<'_>, limit: u64) -> Result<T, Fault> {
    let mut body = Limited { body, limit, read: 0 };
    let mut head = Vec::new();
    read_up_to(&mut body, WHOLE, &mut head).map_err(fault)?;
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if (head.len() as u64) < WHOLE {
        return serde_json::from_slice(text).map_err(|error| Fault::Json(error, head.len() as u64));
    }
    let rest = BufReader::with_capacity(PIECE, &mut body);
    let error = match serde_json::from_reader(text.chain(rest)) {
        Ok(value) => return Ok(value),
        Err(error) if error.is_io() => return Err(fault(error.into())),
        Err(error) => error,
    };
    // A cut or too large answer is reported as cut or too large, even if its text is not JSON.
    io::copy(&mut body, &mut io::sink()).map_err(fault)?;
    Err(Fault::Json(error, body.read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn told(mut body: impl Read, limit: u64) -> String {
        match read::<Value>(Reads(&mut |buffer| body.read(buffer)), limit) {
            Ok(value) => format!("{} items", value.as_array().map_or(0, Vec::len)),
            Err(Fault::Cut(error)) => format!("cut: {error}"),
            Err(Fault::TooLarge) => "too large".to_owned(),
            Err(Fault::Json(error, length)) => {
                format!("json: {} of {length}", error.to_string().split(" at ").next().unwrap())
            }
        }
    }

    /// A text of `length` bytes that ends with `end`.
    fn text(length: usize, end: &str) -> Vec<u8> {
        let mut text = b"[1".to_vec();
        text.resize(length - end.len(), b' ');
        text.extend(end.as_bytes());
        text
    }

    /// A body that breaks off with an error.
    struct Breaks<'a>(&'a [u8]);

    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::ErrorKind::ConnectionReset.into()),
                came => Ok(came),
            }
        }
    }

    #[test]
    fn answers_of_each_size_are_read_alike() {
        let whole = WHOLE as usize;
        for length in [10, whole - 1, whole, whole + 1, 3 * whole + 5] {
            let limit = length as u64;
            let good = text(length, ",2]");
            assert_eq!(told(&*good, limit), "2 items", "{length}");
            assert_eq!(told(&*good, limit - 1), "too large", "{length}");
            assert!(told(Breaks(&good[..length - 1]), limit).starts_with("cut"), "{length}");
            let mut marked = b"\xef\xbb\xbf".to_vec();
            marked.extend(&good);
            assert_eq!(told(&*marked, limit + 3), "2 items", "{length}");
            let open = text(length, ",2");
            let end = format!("json: EOF while parsing a list of {length}");
            assert_eq!(told(&*open, limit), end);
            let twice = text(length, "] 2");
            assert_eq!(told(&*twice, limit), format!("json: trailing characters of {length}"));
            assert_eq!(told(&*twice, limit - 1), "too large", "{length}");
        }
    }

    #[test]
    fn a_large_answer_with_an_early_error_is_still_reported_as_cut() {
        let mut wrong = text(3 << 20, "]");
        wrong[0] = b'x';
        assert_eq!(told(&*wrong, u64::MAX), format!("json: expected value of {}", 3 << 20));
        assert!(told(Breaks(&wrong), u64::MAX).starts_with("cut"));
        assert_eq!(told(&*wrong, 2 << 20), "too large");
    }
}
