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

model! {
    /// A quotation.
    pub struct Quotation {
        /// Its id.
        id: Id<Quotation>,
        /// Its name.
        name: Option<String>,
        /// The deal that it is for.
        deal: Option<Reference<Deal>>,
        /// How it stands.
        status: Option<QuotationStatus>,
        /// Its lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// Its currency; not in a list.
        currency: Option<Currency>,
        /// The exchange rate of its currency.
        currency_exchange_rate: Option<ExchangeRate>,
        /// Its text, as Markdown; not in a list.
        text: Option<String>,
        /// What it comes to.
        total: Option<QuotationTotal>,
        /// Discounts on all of it; not in a list.
        discounts: Option<Vec<CommercialDiscount>>,
        /// Its template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// Until when it holds.
        expiry: Option<Expiry>,
        /// Custom fields, where Teamleader sends any; the specification has none.
        custom_fields: Option<Vec<CustomField>>,
        /// When it was made.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
    }
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
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// What a quotation comes to.
    pub struct QuotationTotal {
        /// Without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// With tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// The taxes.
        #[serde(default, deserialize_with = "or_empty")]
        taxes: Vec<Tax>,
        /// What it costs to buy.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
    }
}

request! {
    /// A quotation to be made.
    pub struct NewQuotation {
        /// The deal that it is for, by its id.
        deal_id: Id<Deal>,
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
        document_template_id: Id<DocumentTemplate>,
        /// Until when it holds.
        expiry: NewExpiry,
    }
}

request! {
    /// A change of a quotation. Lists are replaced as a whole.
    pub struct QuotationUpdate {
        ; set
        /// Its currency.
        currency: DocumentCurrency,
        /// Its lines.
        grouped_lines: Vec<LineGroup<NewQuotationLine>>,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
        /// Its template, by its id.
        document_template_id: Id<DocumentTemplate>,
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
#[non_exhaustive]
pub struct SenderReference {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SenderType,
    /// Its id.
    pub id: Id<Anything>,
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
    pub fn user(id: impl Into<Id<User>>, email_address: impl Into<String>) -> Sender {
        Sender::new(SenderReference { kind: SenderType::User, id: id.into().cast() }, email_address)
    }

    /// A department, from that address.
    pub fn department(id: impl Into<Id<Department>>, email_address: impl Into<String>) -> Sender {
        Sender::new(
            SenderReference { kind: SenderType::Department, id: id.into().cast() },
            email_address,
        )
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
        quotations: Vec<Id<Quotation>>,
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
    /// The quotations of an account: [`Teamleader::quotations`](super::Teamleader::quotations).
    pub struct Quotations of Quotation
}

methods! {
    impl Quotations of Quotation;
    fetch {
        /// One.
        get(id: Quotation) -> Quotation = "quotations.info";
        /// Where one can be fetched, and until when.
        download(id: Quotation; format: &QuotationFormat) -> Location = "quotations.download";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewQuotation) = "quotations.create";
    }
    act {
        /// Marks one as accepted.
        accept(id: Quotation) = "quotations.accept";
        /// Deletes one.
        delete(id: Quotation) = "quotations.delete";
    }
    change {
        /// Changes one.
        update(QuotationUpdate) = "quotations.update";
    }
}

impl Quotations<'_> {
    /// Sends quotations of one deal by email.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn send(self, mail: &QuotationMail) -> Result<()> {
        self.0.act("quotations.send", mail)
    }

    /// The bytes of one.
    ///
    /// # Errors
    ///
    /// As [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: impl Into<Id<Quotation>>, format: &QuotationFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}
