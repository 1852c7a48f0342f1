//! Reads text that a person or another program has written.

use std::io::{Error, ErrorKind, Read, Result};

/// Reads at most `limit` bytes as text.
///
/// # Errors
///
/// The errors of the source, and an error if the bytes are not text.
pub(crate) fn read(source: impl Read, limit: u64) -> Result<String> {
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes)?;
    decoded(&bytes).ok_or_else(|| Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

/// The text in bytes, without a byte order mark. Notepad writes UTF-8 with a mark, and `>` of Windows PowerShell
/// writes UTF-16.
pub(crate) fn decoded(bytes: &[u8]) -> Option<String> {
    let wide = |order: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes[2..].as_chunks();
        let units: Vec<u16> = units.iter().copied().map(order).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8(text.to_vec()).ok(),
        text => String::from_utf8(text.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_windows_is_read() {
        let marked = "\u{feff}{\"a\": 1}\r\n";
        let units = |order: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(order).collect();
        let wide: [Vec<u8>; 2] = [units(u16::to_le_bytes), units(u16::to_be_bytes)];
        for bytes in [&marked.as_bytes()[3..], marked.as_bytes(), &wide[0], &wide[1]] {
            assert_eq!(read(bytes, 99).unwrap(), "{\"a\": 1}\r\n");
        }
        for bytes in [b"\xff\xfea".as_slice(), b"\xe9"] {
            assert_eq!(read(bytes, 99).unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }
}
