//! Notes, tracked emails, and templates of emails and documents.

use time::OffsetDateTime;

use super::declare::{body, enums, object};
use super::departments::Department;
use super::files::File;
use super::kinds::User;
use super::macros::{bare, listed, methods};
use super::settings::UseStatus;
use super::{Id, List, Nothing, Reference};
use crate::error::Result;

enums! {
    /// What a template of emails is for.
    pub enum MailTemplateType {
        /// Invoices.
        Invoice = "invoice",
        /// Quotations.
        Quotation = "quotation",
        /// Work orders.
        WorkOrder = "work_order",
        /// Credit notes.
        CreditNote = "credit_note",
    }

    /// The type of a document.
    pub enum DocumentType {
        /// A delivery note.
        DeliveryNote = "delivery_note",
        /// An invoice.
        Invoice = "invoice",
        /// An order.
        Order = "order",
        /// A confirmation of an order.
        OrderConfirmation = "order_confirmation",
        /// A quotation.
        Quotation = "quotation",
        /// A report of tracked time.
        TimetrackingReport = "timetracking_report",
        /// A work order.
        Workorder = "workorder",
    }
}

object! {
    /// A note on an object.
    pub struct Note {
        /// The id.
        id: Id<Note>,
        /// The text.
        content: Option<String>,
        /// The object that the note is on.
        subject: Option<Reference>,
        /// The time of creation.
        added_at: Option<OffsetDateTime>,
    }
}

object! {
    /// An email that was sent to or by a contact or a company.
    pub struct TrackedEmail {
        /// The id.
        id: Id<TrackedEmail>,
        /// The subject line.
        title: Option<String>,
        /// The text, as HTML.
        content: Option<String>,
        /// The object that the email is filed under.
        subject: Option<Reference>,
        /// The time of creation.
        added_at: Option<OffsetDateTime>,
        /// The attached files.
        attachments: Vec<Reference<File>>,
    }
}

object! {
    /// A template of emails.
    pub struct MailTemplate {
        /// The id.
        id: Id<MailTemplate>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The name.
        name: Option<String>,
        /// The subject line and the text.
        content: Option<MailTemplateContent>,
        /// The language code, such as `nl`.
        language: Option<String>,
        /// What the template is for.
        kind as "type": Option<MailTemplateType>,
    }
}

object! {
    /// The subject line and the text of a template of emails.
    pub struct MailTemplateContent {
        /// The subject line.
        subject: Option<String>,
        /// The text.
        body: Option<String>,
    }
}

object! {
    /// A template of invoices, quotations and other documents.
    pub struct DocumentTemplate {
        /// The id.
        id: Id<DocumentTemplate>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The type of the document.
        document_type: Option<DocumentType>,
        /// Whether this template is the default.
        is_default: Option<bool>,
        /// The name.
        name: Option<String>,
        /// The status.
        status: Option<UseStatus>,
    }
}

body! {
    /// A new note.
    pub struct NewNote {
        /// The object that the note is on.
        subject: Reference,
        /// The text.
        content: String,
        ; set
        /// The users who get a notification.
        notify: Vec<Reference<User>>,
    }
}

body! {
    /// Changes to a note.
    pub struct NoteUpdate {
        ; set
        /// The text.
        content: String,
    }
}

body! {
    /// An email that was sent elsewhere.
    pub struct NewTrackedEmail {
        /// The object that the email is filed under.
        subject: Reference,
        /// The text, as HTML.
        content: String,
        ; set
        /// The subject line.
        title: String,
        /// The attached files.
        attachments: Vec<Id<File>>,
    }
}

body! {
    /// A filter for notes.
    pub struct NoteFilter {
        /// Notes of this object.
        subject: Reference,
    }
}

body! {
    /// A filter for tracked emails.
    pub struct TrackedEmailFilter {
        /// Emails of this object.
        subject: Reference,
    }
}

body! {
    /// A filter for templates of emails.
    pub struct MailTemplateFilter {
        /// Templates of this type.
        kind as "type": MailTemplateType,
        ; set
        /// Templates of this department.
        department_id: Id<Department>,
    }
}

body! {
    /// A filter for templates of documents.
    pub struct DocumentTemplateFilter {
        /// Templates of this department.
        department_id: Id<Department>,
        /// Templates of this type of document.
        document_type: DocumentType,
        ; set
        /// Templates with one of these statuses.
        status: Vec<UseStatus>,
    }
}

listed! {
    Note => "notes.list", NoteFilter, Nothing, Nothing;
    TrackedEmail => "emailTracking.list", TrackedEmailFilter, Nothing, Nothing;
    MailTemplate => "mailTemplates.list", MailTemplateFilter, Nothing, Nothing;
    DocumentTemplate => "documentTemplates.list", DocumentTemplateFilter, Nothing, Nothing;
}

bare! {
    /// The operations on notes, from [`Teamleader::notes`](super::Teamleader::notes).
    pub struct Notes
}

bare! {
    /// The operations on tracked emails, from [`Teamleader::email_tracking`](super::Teamleader::email_tracking).
    pub struct EmailTracking
}

bare! {
    /// The operations on templates of emails, from [`Teamleader::mail_templates`](super::Teamleader::mail_templates).
    pub struct MailTemplates
}

bare! {
    /// The operations on templates of documents, from [`Teamleader::document_templates`](super::Teamleader::document_templates).
    pub struct DocumentTemplates
}

methods! {
    impl Notes of Note;
    make {
        /// Writes a note and returns a reference to the note.
        create(NewNote) = "notes.create";
    }
    change {
        /// Changes the note.
        update(NoteUpdate) = "notes.update";
    }
}

methods! {
    impl EmailTracking of TrackedEmail;
    make {
        /// Files an email and returns a reference to the tracked email.
        create(NewTrackedEmail) = "emailTracking.create";
    }
}

impl<'a> Notes<'a> {
    /// Lists the notes on one object. Teamleader has no list of all notes.
    #[inline]
    pub fn of(self, subject: impl Into<Reference>) -> List<'a, Note> {
        List::new(self.0).filter(NoteFilter::new(subject))
    }
}

impl<'a> EmailTracking<'a> {
    /// Lists the emails that are filed under one object. Teamleader has no list of all emails.
    #[inline]
    pub fn of(self, subject: impl Into<Reference>) -> List<'a, TrackedEmail> {
        List::new(self.0).filter(TrackedEmailFilter::new(subject))
    }
}

impl<'a> MailTemplates<'a> {
    /// Lists the templates of one type.
    #[inline]
    pub fn of(self, kind: MailTemplateType) -> List<'a, MailTemplate> {
        List::new(self.0).filter(MailTemplateFilter::new(kind))
    }
}

impl<'a> DocumentTemplates<'a> {
    /// Lists the templates of one department and type of document.
    #[inline]
    pub fn of(
        self,
        department: impl Into<Id<Department>>,
        kind: DocumentType,
    ) -> List<'a, DocumentTemplate> {
        List::new(self.0).filter(DocumentTemplateFilter::new(department, kind))
    }
}
