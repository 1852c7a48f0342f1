//! Files: found, fetched and sent.

use std::io::Read;

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
use crate::{Response, Secret};

open_enum! {
    /// What a file belongs to.
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
        /// A project of the older kind.
        Project = "project",
        /// A project.
        NextgenProject = "nextgenProject",
        /// A ticket.
        Ticket = "ticket",
        /// Nothing yet: the file is kept for 24 hours at most.
        Temporary = "temporary",
    }

    /// What files can be sorted by.
    pub enum FileSort {
        /// When they were last changed.
        UpdatedAt = "updated_at",
    }
}

model! {
    /// A file.
    pub struct File {
        /// Its id.
        id: Id<File>,
        /// Its name.
        name: Option<String>,
        /// What it belongs to.
        subject: Option<Reference>,
        /// Its media type.
        mime_type: Option<String>,
        /// Its size in bytes.
        size: Option<u64>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// Who put it there.
        uploaded_by: Option<Reference<User>>,
        /// The folder that it is in.
        folder: Option<String>,
    }
}

/// What a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct FileSubject {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FileSubjectType,
    /// Its id; a temporary file has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<Anything>>,
}

impl FileSubject {
    /// That thing.
    pub fn new(kind: FileSubjectType, id: impl AsRef<str>) -> FileSubject {
        FileSubject { kind, id: Some(id.as_ref().into()) }
    }

    /// Nothing yet. Within 24 hours it can be named by its id, as an attachment for one.
    pub fn temporary() -> FileSubject {
        FileSubject { kind: FileSubjectType::Temporary, id: None }
    }
}

request! {
    /// Which files.
    pub struct FileFilter {
        /// Those of this.
        subject: FileSubject,
    }
}

request! {
    /// A file to be sent.
    pub struct NewFile {
        /// Its name, with the ending of what it is.
        name: String,
        /// What it belongs to.
        subject: FileSubject,
        ; set
        /// The folder that it goes to; `General`, in the account's language, without it.
        folder: String,
    }
}

/// Where a file is to be fetched or sent, and until when. The address is its own permission: it is
/// kept as a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Location {
    /// The address.
    #[cfg_attr(test, serde(serialize_with = "tests::in_clear"))]
    pub location: Secret,
    /// Until when it works.
    #[serde(rename = "expires_at", alias = "expires", with = "dated")]
    pub expires_at: OffsetDateTime,
}

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// Its media type, as `image/png`.
    pub media_type: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl<'a> Image<'a> {
    /// These bytes, which are of that type.
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

/// The files of an account: [`Teamleader::files`].
#[derive(Clone, Copy, Debug)]
pub struct Files<'a>(pub(super) &'a Teamleader);

methods! {
    impl Files of File;
    fetch {
        /// One.
        get(id: File) -> File = "files.info";
        /// Where one can be fetched, and until when.
        download(id: File) -> Location = "files.download";
    }
    act {
        /// Deletes one.
        delete(id: File) = "files.delete";
    }
}

impl<'a> Files<'a> {
    /// The files of one thing: Teamleader lists no others.
    pub fn of(self, subject: FileSubject) -> List<'a, File> {
        List::new(self.0).filter(FileFilter::new(subject))
    }

    /// Fetches what a location names, without the access token.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] for an address that is not https (or on loopback), and as
    /// [`crate::Request::call`].
    pub fn fetch(self, location: &Location) -> Result<Response> {
        let method = ureq::http::Method::GET;
        self.0.client().without_token(method, location.location.expose()).call()
    }

    /// The bytes of one: asks where it is, and fetches it.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`] and [`Files::fetch`]; [`crate::Error::Decode`] for more than 64 MiB,
    /// which [`Files::fetch`] reads as a stream.
    pub fn bytes(self, id: impl Into<Id<File>>) -> Result<Vec<u8>> {
        self.fetch(&self.download(id)?)?.read_bytes()
    }

    /// Sends a file: asks where it goes, and sends it there, without the access token.
    ///
    /// Teamleader does not answer with the file's id: it is in the list of its subject, after about
    /// two seconds as users report.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`] and [`Files::fetch`].
    pub fn upload(self, file: &NewFile, bytes: &[u8]) -> Result<()> {
        self.upload_reader(file, &mut &*bytes, Some(bytes.len() as u64))
    }

    /// As [`Files::upload`], with a content that is read as it is sent, of this many bytes if that is
    /// known.
    ///
    /// # Errors
    ///
    /// As [`Files::upload`].
    pub fn upload_reader(
        self,
        file: &NewFile,
        content: &mut dyn Read,
        length: Option<u64>,
    ) -> Result<()> {
        let location: Location = self.0.fetch("files.upload", file)?;
        let method = ureq::http::Method::POST;
        let request = self.0.client().without_token(method, location.location.expose());
        let request = request.header("Content-Type", "application/octet-stream");
        request.send_reader(content, length).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For comparing what was read with what was answered.
    pub(super) fn in_clear<S: serde::Serializer>(text: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text.expose())
    }

    #[test]
    fn a_location_does_not_show_itself() {
        let text = r#"{"location": "https://cdn.example/f?key=s3cret", "expires": "2025-01-01T00:00:00+00:00"}"#;
        let location: Location = serde_json::from_str(text).unwrap();
        assert!(!format!("{location:?}").contains("s3cret"));
        assert_eq!(location.expires_at.unix_timestamp(), 1_735_689_600);
    }
}
