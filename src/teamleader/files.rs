//! Files: lists, downloads and uploads.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::json::{dated, maybe};
use super::kinds::{Anything, User};
use super::macros::{methods, model, request};
use super::{Id, List, Listed, Nothing, Reference, Teamleader};
use crate::error::Result;
use crate::sdk::open_enum;
use crate::sdk::transfer::{Progress, Told, save};
use crate::{Response, Secret};

open_enum! {
    /// The type of object that a file belongs to.
    pub enum FileSubjectType {
        /// A company.
        Company = "company",
        /// A contact.
        Contact = "contact",
        /// A deal.
        Deal = "deal",
        /// An invoice.
        Invoice = "invoice",
        /// A credit note.
        CreditNote = "creditNote",
        /// A product.
        Product = "product",
        /// A project of the older type.
        Project = "project",
        /// A project.
        NextgenProject = "nextgenProject",
        /// A ticket.
        Ticket = "ticket",
        /// No object yet. Teamleader keeps the file for at most 24 hours.
        Temporary = "temporary",
    }

    /// The fields that files can be sorted by.
    pub enum FileSort {
        /// The time of the last change.
        UpdatedAt = "updated_at",
    }
}

model! {
    /// A file.
    pub struct File {
        /// The id.
        id: Id<File>,
        /// The name.
        name: Option<String>,
        /// The object that the file belongs to.
        subject: Option<Reference>,
        /// The media type, such as `application/pdf`.
        mime_type: Option<String>,
        /// The size in bytes.
        size: Option<u64>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// The user who uploaded the file.
        uploaded_by: Option<Reference<User>>,
        /// The name of the folder.
        folder: Option<String>,
    }
}

/// The object that a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct FileSubject {
    /// The type of the object.
    #[serde(rename = "type")]
    pub kind: FileSubjectType,
    /// The id of the object; `None` for a temporary file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<Anything>>,
}

impl FileSubject {
    /// Makes the subject from a type and an id.
    pub fn new(kind: FileSubjectType, id: impl AsRef<str>) -> FileSubject {
        FileSubject { kind, id: Some(id.as_ref().into()) }
    }

    /// Makes the subject of a temporary file. Attach the file by its id within 24 hours.
    pub fn temporary() -> FileSubject {
        FileSubject { kind: FileSubjectType::Temporary, id: None }
    }
}

request! {
    /// A filter for files.
    pub struct FileFilter {
        /// Files that belong to this object.
        subject: FileSubject,
    }
}

request! {
    /// A new file.
    pub struct NewFile {
        /// The file name with its extension.
        name: String,
        /// The object that the file belongs to.
        subject: FileSubject,
        ; set
        /// The name of the folder. The default is `General`, in the account's language.
        folder: String,
    }
}

/// The address of a file's download or upload. Everyone who knows the address can use the address, so the
/// address is a [`Secret`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Location {
    /// The address.
    #[cfg_attr(test, serde(serialize_with = "tests::in_clear"))]
    pub location: Secret,
    /// The time at which the address expires.
    #[serde(rename = "expires_at", alias = "expires", with = "dated")]
    pub expires_at: OffsetDateTime,
}

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// The media type, such as `image/png`.
    pub media_type: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> Image<'a> {
    /// Makes a picture from its media type and its bytes.
    pub fn new(media_type: &'a str, bytes: &'a [u8]) -> Image<'a> {
        Image { media_type, bytes }
    }

    pub(super) fn data_uri(self) -> String {
        format!("data:{};base64,{}", self.media_type, STANDARD.encode(self.bytes))
    }
}

impl super::lists::sealed::Sealed for File {}

impl Listed for File {
    type Filter = FileFilter;
    type Sort = FileSort;
    type Include = Nothing;
    const OPERATION: &'static str = "files.list";
}

/// The operations on files, from [`Teamleader::files`].
#[derive(Clone, Copy, Debug)]
pub struct Files<'a>(pub(super) &'a Teamleader);

methods! {
    impl Files of File;
    fetch {
        /// Fetches one file.
        get(id: File) -> File = "files.info";
        /// Fetches the address where the file can be downloaded.
        download(id: File) -> Location = "files.download";
    }
    act {
        /// Deletes the file.
        delete(id: File) = "files.delete";
    }
}

impl<'a> Files<'a> {
    /// Lists the files of one object. Teamleader has no list of all files.
    pub fn of(self, subject: FileSubject) -> List<'a, File> {
        List::new(self.0).filter(FileFilter::new(subject))
    }

    /// Fetches the file at a location. The request does not contain the access token.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] for an address that is neither https nor loopback, and the errors of
    /// [`crate::Request::call`].
    pub fn fetch(self, location: &Location) -> Result<Response> {
        let method = ureq::http::Method::GET;
        self.0.client().without_token(method, location.location.expose()).call()
    }

    /// Downloads a file: asks for its address, then fetches the bytes.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`] and [`Files::fetch`], and [`crate::Error::Decode`] for a file of more than
    /// 64 MiB. [`Files::fetch`] reads larger files as a stream.
    pub fn bytes(self, id: impl Into<Id<File>>) -> Result<Vec<u8>> {
        self.fetch(&self.download(id)?)?.read_bytes()
    }

    /// Downloads the file at a location into `to`, calls `told` after each piece, and returns the number of bytes.
    /// At most 64 KiB of the file are in memory. [`Files::download`] fetches the location, and invoices and
    /// quotations have a method `download` as well.
    ///
    /// # Errors
    ///
    /// The errors of [`Files::fetch`], and [`crate::Error::Decode`] if the file ends early or `to` cannot be
    /// written. `to` then holds the beginning of the file.
    pub fn save(
        self,
        location: &Location,
        to: &mut dyn Write,
        told: &mut dyn FnMut(Progress),
    ) -> Result<u64> {
        save(self.fetch(location)?, to, told)
    }

    /// Uploads a file: asks for an upload address, then sends the bytes there without the access
    /// token.
    ///
    /// Teamleader does not return the id of the file. The file appears in the list of its subject
    /// ([`Files::of`]), after about two seconds by reports of users.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`] and [`Files::fetch`].
    pub fn upload(self, file: &NewFile, bytes: &[u8]) -> Result<()> {
        self.upload_reader(file, &mut &*bytes, Some(bytes.len() as u64))
    }

    /// Does the same as [`Files::upload`], and reads the content while sending it. `length` is the number
    /// of bytes, if known.
    ///
    /// # Errors
    ///
    /// The errors of [`Files::upload`].
    pub fn upload_reader(
        self,
        file: &NewFile,
        content: &mut dyn Read,
        length: Option<u64>,
    ) -> Result<()> {
        self.upload_told(file, content, length, &mut |_| {})
    }

    /// Does the same as [`Files::upload_reader`], and calls `told` after each piece that was read.
    ///
    /// # Errors
    ///
    /// The errors of [`Files::upload`].
    pub fn upload_told(
        self,
        file: &NewFile,
        content: &mut dyn Read,
        length: Option<u64>,
        told: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let location: Location = self.0.fetch("files.upload", file)?;
        let method = ureq::http::Method::POST;
        let request = self.0.client().without_token(method, location.location.expose());
        let request = request.header("Content-Type", "application/octet-stream");
        request.send_reader(&mut Told::new(content, length, told), length).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the address unmasked, so that a test can compare the address with the answer.
    pub(super) fn in_clear<S: serde::Serializer>(text: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text.expose())
    }

    #[test]
    fn debug_of_a_location_hides_its_address() {
        let text = r#"{"location": "https://cdn.example/f?key=s3cret", "expires": "2025-01-01T00:00:00+00:00"}"#;
        let location: Location = serde_json::from_str(text).unwrap();
        assert!(!format!("{location:?}").contains("s3cret"));
        assert_eq!(location.expires_at.unix_timestamp(), 1_735_689_600);
    }
}
