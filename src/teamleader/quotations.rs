//! Quotations.

use serde::Serialize;
use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, CustomFieldValue};
use super::deals::Deal;
use super::departments::Department;
use super::files::File;
use super::files::Location;
use super::json::{maybe, money, or_empty};
use super::kinds::{Anything, DocumentTemplate, User};
use super::lines::{CommercialDiscount, Expiry, LineGroup, LineItem, NewExpiry, NewQuotationLine};
use super::macros::{listed, methods, model, request, resource};
use super::{
    Change, Currency, Customer, DocumentCurrency, ExchangeRate, Id, Money, Nothing, Reference, Tax,
};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The status of a quotation.
    pub enum QuotationStatus {
        /// Open.
        Open = "open",
        /// Accepted.
        Accepted = "accepted",
        /// Expired.
        Expired = "expired",
        /// Rejected.
        Rejected = "rejected",
        /// Closed.
        Closed = "closed",
    }

    /// The file formats of a quotation.
    pub enum QuotationFormat {
        /// PDF.
        Pdf = "pdf",
    }

    /// The type of a sender.
    pub enum SenderType {
        /// A user.
        User = "user",
        /// A department.
        Department = "department",
    }
}

model! {
    /// A quotation.
    pub struct Quotation {
        /// The id.
        id: Id<Quotation>,
        /// The name.
        name: Option<String>,
        /// The deal.
        deal: Option<Reference<Deal>>,
        /// The status.
        status: Option<QuotationStatus>,
        /// The lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// The currency; not in a list.
        currency: Option<Currency>,
        /// The exchange rate of the quotation's currency.
        currency_exchange_rate: Option<ExchangeRate>,
        /// The text, as Markdown; not in a list.
        text: Option<String>,
        /// The totals.
        total: Option<QuotationTotal>,
        /// The discounts on the whole document; not in a list.
        discounts: Option<Vec<CommercialDiscount>>,
        /// The document template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// The expiry: the last day, and the action after it.
        expiry: Option<Expiry>,
        /// The custom fields, if Teamleader sends any. The specification does not list this member.
        custom_fields: Option<Vec<CustomField>>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
    }
}

impl Quotation {
    /// Whether the quotation is open.
    pub fn is_open(&self) -> bool {
        self.status == Some(QuotationStatus::Open)
    }

    /// Whether the quotation is accepted.
    pub fn is_accepted(&self) -> bool {
        self.status == Some(QuotationStatus::Accepted)
    }

    /// Whether the status of the quotation is expired.
    pub fn is_expired(&self) -> bool {
        self.status == Some(QuotationStatus::Expired)
    }

    /// Whether the last day of the quotation is before this day. Unlike [`Quotation::is_expired`], this
    /// method does not read the status.
    pub fn is_past(&self, today: Date) -> bool {
        let last = self.expiry.as_ref().and_then(|expiry| expiry.expires_after);
        last.is_some_and(|last| last < today)
    }

    /// Returns the total without tax.
    pub fn total_tax_exclusive(&self) -> Option<&Money> {
        self.total.as_ref()?.tax_exclusive.as_ref()
    }

    /// Returns the total with tax.
    pub fn total_tax_inclusive(&self) -> Option<&Money> {
        self.total.as_ref()?.tax_inclusive.as_ref()
    }

    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// The totals of a quotation.
    pub struct QuotationTotal {
        /// The total without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// The total with tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// The tax at each rate.
        #[serde(default, deserialize_with = "or_empty")]
        taxes: Vec<Tax>,
        /// The purchase price.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
    }
}

request! {
    /// A new quotation.
    pub struct NewQuotation {
        /// The id of the deal.
        deal_id: Id<Deal>,
        ; set
        /// The currency, if it is not the account's currency.
        currency: DocumentCurrency,
        /// The lines. Teamleader's older documentation requires lines or text.
        grouped_lines: Vec<LineGroup<NewQuotationLine>>,
        /// The discounts on the whole document.
        discounts: Vec<CommercialDiscount>,
        /// The text, as Markdown.
        text: String,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        /// The expiry: the last day, and the action after it.
        expiry: NewExpiry,
    }
}

request! {
    /// Changes to a quotation. Lists are replaced as a whole.
    pub struct QuotationUpdate {
        ; set
        /// The currency.
        currency: DocumentCurrency,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewQuotationLine>>,
        /// The discounts on the whole document.
        discounts: Vec<CommercialDiscount>,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        /// The expiry: the last day, and the action after it.
        expiry: NewExpiry,
        ; clear
        /// The text, as Markdown.
        text: String,
    }
}

/// A reference to the user or department that sends an email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct SenderReference {
    /// The type: a user or a department.
    #[serde(rename = "type")]
    pub kind: SenderType,
    /// The id of the user or department.
    pub id: Id<Anything>,
}

request! {
    /// The sender of an email.
    pub struct Sender {
        /// The user or department.
        sender: SenderReference,
        /// The sender's email address.
        email_address: String,
    }
}

impl Sender {
    /// Makes a sender from a user and an email address.
    pub fn user(id: impl Into<Id<User>>, email_address: impl Into<String>) -> Sender {
        Sender::new(SenderReference { kind: SenderType::User, id: id.into().cast() }, email_address)
    }

    /// Makes a sender from a department and an email address.
    pub fn department(id: impl Into<Id<Department>>, email_address: impl Into<String>) -> Sender {
        Sender::new(
            SenderReference { kind: SenderType::Department, id: id.into().cast() },
            email_address,
        )
    }
}

request! {
    /// The recipient of an email.
    pub struct QuotationRecipient {
        /// The email address.
        email_address: String,
        ; clear
        /// The contact or company with this address.
        customer: Customer,
    }
}

impl From<&str> for QuotationRecipient {
    fn from(email_address: &str) -> QuotationRecipient {
        QuotationRecipient::new(email_address)
    }
}

request! {
    /// The recipients of an email.
    pub struct QuotationRecipients {
        /// The recipients.
        to: Vec<QuotationRecipient>,
        ; set
        /// The recipients of copies.
        cc: Vec<QuotationRecipient>,
        /// The recipients of blind copies.
        bcc: Vec<QuotationRecipient>,
    }
}

request! {
    /// An email with quotations of one deal.
    pub struct QuotationMail {
        /// The ids of the quotations.
        quotations: Vec<Id<Quotation>>,
        /// The recipients.
        recipients: QuotationRecipients,
        /// The subject.
        subject: String,
        /// The text of the email. Teamleader replaces `#LINK` with the address where the quotation can
        /// be signed.
        content: String,
        /// The language, in Teamleader's own codes: `en`, `nl`, `fr`.
        language: String,
        ; set
        /// The sender.
        from: Sender,
        /// The ids of the attached files.
        attachments: Vec<Id<File>>,
    }
}

request! {
    /// A filter for quotations.
    pub struct QuotationFilter {
        ; set
        /// Quotations with one of these ids.
        ids: Vec<Id<Quotation>>,
    }
}

listed! {
    Quotation => "quotations.list", QuotationFilter, Nothing, Nothing;
}

resource! {
    /// The operations on quotations, from [`Teamleader::quotations`](super::Teamleader::quotations).
    pub struct Quotations of Quotation
}

methods! {
    impl Quotations of Quotation;
    fetch {
        /// Fetches one quotation.
        get(id: Quotation) -> Quotation = "quotations.info";
        /// Fetches the address where the quotation can be downloaded.
        download(id: Quotation; format: &QuotationFormat) -> Location = "quotations.download";
    }
    make {
        /// Creates a quotation and returns a reference to the quotation.
        create(NewQuotation) = "quotations.create";
    }
    act {
        /// Marks a quotation as accepted.
        accept(id: Quotation) = "quotations.accept";
        /// Deletes the quotation.
        delete(id: Quotation) = "quotations.delete";
    }
    change {
        /// Changes the quotation.
        update(QuotationUpdate) = "quotations.update";
    }
}

impl Quotations<'_> {
    /// Sends quotations of one deal by email.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn send(self, mail: &QuotationMail) -> Result<()> {
        self.0.act("quotations.send", mail)
    }

    /// Downloads the quotation.
    ///
    /// # Errors
    ///
    /// The errors of [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: impl Into<Id<Quotation>>, format: &QuotationFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}
