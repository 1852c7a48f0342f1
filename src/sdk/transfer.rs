//! Files on their way, with their progress.

use std::io::{self, Read, Write};

use crate::error::DecodeError;
use crate::{Error, Response, Result};

/// How far a file has come.
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
    // A compressed body has another length than the file.
    let total = length.filter(|_| response.header("content-encoding").is_none());
    let mut body = response.into_reader();
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
    Ok(bytes)
}

/// Reads content and tells how much has been read.
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
