//! Quotations.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, CustomFieldValue};
use super::files::Location;
use super::json::{maybe, money, or_empty};
use super::lines::{CommercialDiscount, Expiry, LineGroup, LineItem, NewExpiry, NewQuotationLine};
use super::macros::{listed, methods, request, resource};
use super::{
    Change, Currency, Customer, DocumentCurrency, ExchangeRate, Money, Nothing, Reference, Tax,
};
use crate::error::Result;
use crate::sdk::open_enum;

pub use super::deals::IdFilter as QuotationFilter;

open_enum! {
    /// How a quotation stands.
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

    /// As what a quotation can be fetched.
    pub enum QuotationFormat {
        /// PDF.
        Pdf = "pdf",
    }

    /// Who sends a quotation.
    pub enum SenderType {
        /// A user.
        User = "user",
        /// A department.
        Department = "department",
    }
}

/// A quotation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Quotation {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The deal that it is for.
    pub deal: Option<Reference>,
    /// How it stands.
    pub status: Option<QuotationStatus>,
    /// Its lines; not in a list.
    pub grouped_lines: Option<Vec<LineGroup<LineItem>>>,
    /// Its currency; not in a list.
    pub currency: Option<Currency>,
    /// The exchange rate of its currency.
    pub currency_exchange_rate: Option<ExchangeRate>,
    /// Its text, as Markdown; not in a list.
    pub text: Option<String>,
    /// What it comes to.
    pub total: Option<QuotationTotal>,
    /// Discounts on all of it; not in a list.
    pub discounts: Option<Vec<CommercialDiscount>>,
    /// Its template; not in a list.
    pub document_template: Option<Reference>,
    /// Until when it holds.
    pub expiry: Option<Expiry>,
    /// Custom fields, where Teamleader sends any; the specification has none.
    pub custom_fields: Option<Vec<CustomField>>,
    /// When it was made.
    #[serde(default, with = "maybe")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "maybe")]
    pub updated_at: Option<OffsetDateTime>,
}

impl Quotation {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.status == Some(QuotationStatus::Open)
    }

    /// Whether it is accepted.
    pub fn is_accepted(&self) -> bool {
        self.status == Some(QuotationStatus::Accepted)
    }

    /// Whether Teamleader says that it has expired.
    pub fn is_expired(&self) -> bool {
        self.status == Some(QuotationStatus::Expired)
    }

    /// Whether its last day is before this one. Its status may not say so yet.
    pub fn is_past(&self, today: Date) -> bool {
        let last = self.expiry.as_ref().and_then(|expiry| expiry.expires_after);
        last.is_some_and(|last| last < today)
    }

    /// What it comes to without tax.
    pub fn total_tax_exclusive(&self) -> Option<&Money> {
        self.total.as_ref()?.tax_exclusive.as_ref()
    }

    /// What it comes to with tax.
    pub fn total_tax_inclusive(&self) -> Option<&Money> {
        self.total.as_ref()?.tax_inclusive.as_ref()
    }

    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: &str) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

/// What a quotation comes to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct QuotationTotal {
    /// Without tax.
    #[serde(default, deserialize_with = "money")]
    pub tax_exclusive: Option<Money>,
    /// With tax.
    #[serde(default, deserialize_with = "money")]
    pub tax_inclusive: Option<Money>,
    /// The taxes.
    #[serde(default, deserialize_with = "or_empty")]
    pub taxes: Vec<Tax>,
    /// What it costs to buy.
    #[serde(default, deserialize_with = "money")]
    pub purchase_price: Option<Money>,
}

request! {
    /// A quotation to be made.
    pub struct NewQuotation {
        /// The deal that it is for, by its id.
        deal_id: String,
        ; set
        /// Its currency, if it is not the account's.
        currency: DocumentCurrency,
        /// Its lines. Lines or a text there must be, says Teamleader's older documentation.
        grouped_lines: Vec<LineGroup<NewQuotationLine>>,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
        /// Its text, as Markdown.
        text: String,
        /// Its template, by its id.
        document_template_id: String,
        /// Until when it holds.
        expiry: NewExpiry,
    }
}

request! {
    /// A change of a quotation. Lists are replaced as a whole.
    pub struct QuotationUpdate {
        /// Which quotation.
        id: String,
        ; set
        /// Its currency.
        currency: DocumentCurrency,
        /// Its lines.
        grouped_lines: Vec<LineGroup<NewQuotationLine>>,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
        /// Its template, by its id.
        document_template_id: String,
        /// Until when it holds.
        expiry: NewExpiry,
        ; clear
        /// Its text, as Markdown.
        text: String,
    }
}

/// A user or a department that sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct SenderReference {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SenderType,
    /// Its id.
    pub id: String,
}

request! {
    /// Who sends a mail.
    pub struct Sender {
        /// The user or department.
        sender: SenderReference,
        /// From which address.
        email_address: String,
    }
}

impl Sender {
    /// A user, from that address.
    pub fn user(id: impl Into<String>, email_address: impl Into<String>) -> Sender {
        Sender::new(SenderReference { kind: SenderType::User, id: id.into() }, email_address)
    }

    /// A department, from that address.
    pub fn department(id: impl Into<String>, email_address: impl Into<String>) -> Sender {
        Sender::new(SenderReference { kind: SenderType::Department, id: id.into() }, email_address)
    }
}

request! {
    /// Whom a mail goes to.
    pub struct QuotationRecipient {
        /// The address.
        email_address: String,
        ; clear
        /// Whose address it is.
        customer: Customer,
    }
}

impl From<&str> for QuotationRecipient {
    fn from(email_address: &str) -> QuotationRecipient {
        QuotationRecipient::new(email_address)
    }
}

request! {
    /// Whom a mail goes to.
    pub struct QuotationRecipients {
        /// To whom.
        to: Vec<QuotationRecipient>,
        ; set
        /// With copies to whom.
        cc: Vec<QuotationRecipient>,
        /// With copies to whom, unseen.
        bcc: Vec<QuotationRecipient>,
    }
}

request! {
    /// Quotations of one deal to be sent by mail.
    pub struct QuotationMail {
        /// Which quotations, by their ids.
        quotations: Vec<String>,
        /// Whom it goes to.
        recipients: QuotationRecipients,
        /// Its subject.
        subject: String,
        /// Its text; `#LINK` in it becomes the address where it can be signed.
        content: String,
        /// Its language, in Teamleader's own list of mostly country codes: `en`, `nl`, `fr`.
        language: String,
        ; set
        /// Who sends it.
        from: Sender,
        /// Files that go with it, by their ids.
        attachments: Vec<String>,
    }
}

listed! {
    Quotation => "quotations.list", QuotationFilter, Nothing, Nothing;
}

resource! {
    /// The quotations of an account: [`Teamleader::quotations`](super::Teamleader::quotations).
    pub struct Quotations of Quotation
}

methods! {
    impl Quotations;
    fetch {
        /// One.
        get(id: &str) -> Quotation = "quotations.info";
        /// Where one can be fetched, and until when.
        download(id: &str, format: &QuotationFormat) -> Location = "quotations.download";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewQuotation) = "quotations.create";
    }
    act {
        /// Marks one as accepted.
        accept(id: &str) = "quotations.accept";
        /// Deletes one.
        delete(id: &str) = "quotations.delete";
    }
    send {
        /// Changes one.
        update(QuotationUpdate) = "quotations.update";
        /// Sends some by mail.
        send(QuotationMail) = "quotations.send";
    }
}

impl Quotations<'_> {
    /// The bytes of one.
    ///
    /// # Errors
    ///
    /// As [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: &str, format: &QuotationFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}
