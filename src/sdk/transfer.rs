//! Transfers of files, and their progress.

use std::io::{self, Read, Write};

use crate::error::DecodeError;
use crate::{Error, Response, Result};

/// The progress of a file transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The bytes that have been sent or received.
    pub bytes: u64,
    /// The size of the file in bytes, if it is known.
    pub total: Option<u64>,
}

/// How many bytes of a download are in memory at a time.
const PIECE: usize = 64 << 10;

/// Writes the body of an answer piece by piece, calls `told` after each piece, and returns the number of bytes.
pub(crate) fn save(
    response: Response,
    to: &mut dyn Write,
    told: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let length = response.header("content-length").and_then(|length| length.parse().ok());
    // A compressed body has another length than the file, and a chunked body marks its own end.
    let other = ["content-encoding", "transfer-encoding"];
    let total = length.filter(|_| other.iter().all(|name| response.header(name).is_none()));
    copy(&mut response.into_reader(), total, to, told)
}

fn copy(
    body: &mut dyn Read,
    total: Option<u64>,
    to: &mut dyn Write,
    told: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let failed =
        |what: &str, error: io::Error| Error::Decode(Box::new(DecodeError::new(what, error)));
    let (mut piece, mut bytes) = (vec![0; PIECE], 0);
    loop {
        let came = match body.read(&mut piece) {
            Ok(0) => break,
            Ok(came) => came,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed("a file, which ended early", error)),
        };
        let part = piece.get(..came).unwrap_or_default();
        to.write_all(part).map_err(|error| failed("a file, which could not be written", error))?;
        bytes += came as u64;
        told(Progress { bytes, total });
    }
    to.flush().map_err(|error| failed("a file, which could not be written", error))?;
    if let Some(total) = total.filter(|total| bytes < *total) {
        let why = format!("only {bytes} of {total} bytes arrived");
        let why = io::Error::new(io::ErrorKind::UnexpectedEof, why);
        return Err(failed("a file, which ended early", why));
    }
    Ok(bytes)
}

/// A reader of content that reports how much has been read.
pub(crate) struct Told<'a> {
    content: &'a mut dyn Read,
    told: &'a mut dyn FnMut(Progress),
    progress: Progress,
}

impl<'a> Told<'a> {
    pub(crate) fn new(
        content: &'a mut dyn Read,
        total: Option<u64>,
        told: &'a mut dyn FnMut(Progress),
    ) -> Told<'a> {
        Told { content, told, progress: Progress { bytes: 0, total } }
    }
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        if read > 0 {
            self.progress.bytes += read as u64;
            (self.told)(self.progress);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_shorter_than_its_length_is_an_error() {
        let came = |total| {
            let mut file = Vec::new();
            (copy(&mut &b"beginning"[..], total, &mut file, &mut |_| {}), file)
        };
        for total in [None, Some(9)] {
            let (result, file) = came(total);
            assert_eq!((result.unwrap(), &*file), (9, &b"beginning"[..]));
        }
        let (result, file) = came(Some(10));
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        let text = format!("{error:#}");
        assert_eq!(text, "could not read a file, which ended early: only 9 of 10 bytes arrived");
        assert_eq!(file, b"beginning");
    }
}
