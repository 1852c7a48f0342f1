//! Files of documents: download and upload, with a small part of the file in memory.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use ureq::http::Method;

use super::write::LONGEST;
use super::{Document, DocumentAttachment, Id, Resource};
use crate::sdk::transfer::{Progress, Told, save};
use crate::{Error, Response, Result};

impl Resource<DocumentAttachment> {
    /// Fetches the file of an attachment. The field `url` of the row is the file's address. The request
    /// carries the access token, so the address must be at the API's host. The answer can be read as a
    /// stream.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the row has no address, or if the address is at another host: fetch such a file with
    /// [`Client::without_token`](crate::Client::without_token). The errors of [`crate::Request::call`].
    pub fn file(&self, attachment: &DocumentAttachment) -> Result<Response> {
        let url = attachment.url.as_deref().ok_or_else(|| {
            Error::Config("the attachment has no Url: request the property with `select`".into())
        })?;
        self.call().file(url)
    }

    /// Downloads the file of an attachment into `to`, calls `told` after each piece, and returns the number of
    /// bytes. At most 64 KiB of the file are in memory.
    ///
    /// # Errors
    ///
    /// The errors of [`Resource::file`], and [`Error::Decode`] if the file ends early or `to` cannot be
    /// written. `to` then holds the beginning of the file.
    pub fn download(
        &self,
        attachment: &DocumentAttachment,
        to: &mut dyn Write,
        told: &mut dyn FnMut(Progress),
    ) -> Result<u64> {
        save(self.file(attachment)?, to, told)
    }

    /// Uploads a file to a document: reads `content` to its end, writes it in base64 while it is sent, and calls
    /// `told` after each piece. `length` is the number of bytes, if known. Returns the row of the attachment.
    ///
    /// Exact Online refuses requests of more than 10 MB, which is a file of about 7.5 MB. The request is sent
    /// only once, because the content can be read only once.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if `length` is more than fits into a request: nothing is sent. The errors of
    /// [`Call::create`](super::Call::create). An error of `content`, or a `content` without `length` that does not
    /// fit into a request, is an [`Error::Transport`].
    pub fn upload(
        &self,
        document: impl Into<Id<Document>>,
        file_name: &str,
        content: &mut dyn Read,
        length: Option<u64>,
        told: &mut dyn FnMut(Progress),
    ) -> Result<DocumentAttachment> {
        let document: Id<Document> = document.into();
        let head = json!({ "Document": document, "FileName": file_name }).to_string();
        // The member with the file goes before the closing brace.
        let head = format!(r#"{},"Attachment":""#, head.trim_end_matches('}'));
        let around = (head.len() + TAIL.len()) as u64;
        let whole =
            length.map(|length| length.div_ceil(3).saturating_mul(4).saturating_add(around));
        if let Some(whole) = whole.filter(|whole| *whole > LONGEST) {
            let text =
                format!("the request has {whole} bytes, and Exact Online takes at most {LONGEST}");
            return Err(Error::Config(text.into()));
        }
        let mut content = Told::new(content, length, told);
        let left = LONGEST.saturating_sub(around);
        let coded = Coded { content: &mut content, rest: Vec::new(), ended: false, left };
        let mut body = head.as_bytes().chain(coded).chain(TAIL);
        let call = self.call();
        let request = call.request(Method::POST, &call.target("")?);
        let request = request.header("Prefer", "return=representation");
        let request = request.header("Content-Type", "application/json");
        call.answered(request.send_reader(&mut body, whole))
    }
}

/// The end of the body, after the file.
const TAIL: &[u8] = b"\"}";

/// How many bytes are encoded at a time: a multiple of three, so that only the last piece is padded.
const PIECE: usize = 48 << 10;

/// Reads content in base64.
struct Coded<'a> {
    content: &'a mut dyn Read,
    /// Encoded bytes that have not been read, in reverse order.
    rest: Vec<u8>,
    ended: bool,
    /// How many more encoded bytes fit into the request.
    left: u64,
}

impl Read for Coded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.ended {
            let mut piece = Vec::with_capacity(PIECE);
            (&mut *self.content).take(PIECE as u64).read_to_end(&mut piece)?;
            self.ended = piece.len() < PIECE;
            let coded = STANDARD.encode(piece).into_bytes();
            self.left = self.left.checked_sub(coded.len() as u64).ok_or_else(|| {
                io::Error::other(format!("the request has more than {LONGEST} bytes"))
            })?;
            self.rest = coded;
            self.rest.reverse();
        }
        let mut written = 0;
        for place in buffer.iter_mut() {
            let Some(byte) = self.rest.pop() else { break };
            *place = byte;
            written += 1;
        }
        Ok(written)
    }
}
