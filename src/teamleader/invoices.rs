//! Invoices.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, CustomFieldValue};
use super::files::Location;
use super::json::{Dated as _, maybe, money, or_empty};
use super::lines::{CommercialDiscount, LineGroup, LineItem};
use super::macros::{listed, methods, resource};
use super::{Currency, ExchangeRate, Money, PaymentTerm, Reference, Tax};
use crate::clock::{Clock as _, SystemClock};
use crate::error::{Error, Result};
use crate::sdk::open_enum;

pub use super::invoicing::{
    AttentionOf, BookedInvoiceUpdate, InvoiceFilter, InvoiceMail, InvoiceRecipient,
    InvoiceRecipients, InvoiceUpdate, MailContent, NewInvoice, NewInvoicee, NewPayment,
    PartialCredit,
};

open_enum! {
    /// How an invoice stands. Whether it is paid is told apart from that.
    pub enum InvoiceStatus {
        /// Not booked yet.
        Draft = "draft",
        /// Booked, and to be paid.
        Outstanding = "outstanding",
        /// Paid.
        Matched = "matched",
    }

    /// What invoices can be sorted by.
    pub enum InvoiceSort {
        /// The number.
        InvoiceNumber = "invoice_number",
        /// The date.
        InvoiceDate = "invoice_date",
    }

    /// What more an invoice can have.
    pub enum InvoiceInclude {
        /// What being late costs.
        LateFees = "late_fees",
    }

    /// As what an invoice can be fetched.
    pub enum InvoiceFormat {
        /// PDF.
        Pdf = "pdf",
        /// UBL, the Belgian e-FFF.
        UblEfff = "ubl/e-fff",
        /// UBL, Peppol BIS 3.
        UblPeppolBis3 = "ubl/peppol_bis_3",
    }

    /// How an invoice may be paid.
    pub enum PaymentMethodKind {
        /// SEPA direct debit.
        SepaDirectDebit = "sepa_direct_debit",
        /// Direct debit.
        DirectDebit = "direct_debit",
        /// Credit card.
        CreditCard = "credit_card",
        /// Cash.
        Cash = "cash",
        /// Cheque.
        Cheque = "cheque",
        /// Banker's draft.
        BankersDraft = "bankers_draft",
        /// Bank transfer.
        BankTransfer = "bank_transfer",
        /// Payment card.
        PaymentCard = "payment_card",
    }

    /// How far an invoice is on its way through Peppol.
    pub enum PeppolStatus {
        /// On its way.
        Sending = "sending",
        /// Did not go.
        SendingFailed = "sending_failed",
        /// Gone.
        Sent = "sent",
        /// The receiving access point has it.
        ApplicationAcknowledged = "application_acknowledged",
        /// The receiving access point takes it.
        ApplicationAccepted = "application_accepted",
        /// The receiving access point refuses it.
        ApplicationRejected = "application_rejected",
        /// The receiver has it.
        ReceiverAcknowledged = "receiver_acknowledged",
        /// The receiver takes it.
        ReceiverAccepted = "receiver_accepted",
        /// The receiver refuses it.
        ReceiverRejected = "receiver_rejected",
        /// The receiver is at it.
        ReceiverIsProcessing = "receiver_is_processing",
        /// The receiver waits for something.
        ReceiverAwaitsFeedback = "receiver_awaits_feedback",
        /// The receiver takes it with conditions.
        ReceiverConditionallyAccepted = "receiver_conditionally_accepted",
        /// The receiver has paid it.
        ReceiverPaid = "receiver_paid",
    }
}

/// An invoice.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Invoice {
    /// Its id.
    pub id: String,
    /// The department.
    pub department: Option<Reference>,
    /// Its number, as `2018 / 27`; a draft has none.
    pub invoice_number: Option<String>,
    /// Its date.
    #[serde(default, with = "maybe")]
    pub invoice_date: Option<Date>,
    /// How it stands.
    pub status: Option<InvoiceStatus>,
    /// The day until which it is to be paid.
    #[serde(default, with = "maybe")]
    pub due_on: Option<Date>,
    /// Whether it is paid.
    pub paid: Option<bool>,
    /// When it was paid.
    #[serde(default, with = "maybe")]
    pub paid_at: Option<OffsetDateTime>,
    /// Whether it was sent.
    pub sent: Option<bool>,
    /// The customer's order number.
    pub purchase_order_number: Option<String>,
    /// Who is invoiced.
    pub invoicee: Option<Invoicee>,
    /// Discounts on all of it; not in a list.
    pub discounts: Option<Vec<CommercialDiscount>>,
    /// Its lines; not in a list.
    pub grouped_lines: Option<Vec<LineGroup<LineItem>>>,
    /// What it comes to.
    pub total: Option<InvoiceTotal>,
    /// When it is to be paid; not in a list.
    pub payment_term: Option<PaymentTerm>,
    /// What was paid; not in a list.
    pub payments: Option<Vec<Payment>>,
    /// What a payment is to name.
    pub payment_reference: Option<String>,
    /// A note on it; not in a list.
    pub note: Option<String>,
    /// Its currency; not in a list.
    pub currency: Option<Currency>,
    /// The exchange rate of its currency.
    pub currency_exchange_rate: Option<ExchangeRate>,
    /// How it may be paid; not in a list.
    pub expected_payment_method: Option<PaymentMethod>,
    /// Its file.
    pub file: Option<Reference>,
    /// The deal that it is for.
    pub deal: Option<Reference>,
    /// The project that it is for.
    pub project: Option<Reference>,
    /// Since when it is on hold; not in a list.
    #[serde(default, with = "maybe")]
    pub on_hold_since: Option<Date>,
    /// Custom fields; not in a list.
    pub custom_fields: Option<Vec<CustomField>>,
    /// When it was made.
    #[serde(default, with = "maybe")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "maybe")]
    pub updated_at: Option<OffsetDateTime>,
    /// Its page in Teamleader; only in a list.
    pub web_url: Option<String>,
    /// Its template; not in a list.
    pub document_template: Option<Reference>,
    /// The day of the delivery.
    #[serde(default, with = "maybe")]
    pub delivery_date: Option<Date>,
    /// How far it is on its way through Peppol; not in a list.
    pub peppol_status: Option<PeppolStatus>,
}

impl Invoice {
    /// Whether it is paid.
    pub fn is_paid(&self) -> bool {
        self.paid == Some(true)
    }

    /// Whether it is not booked yet.
    pub fn is_draft(&self) -> bool {
        self.status == Some(InvoiceStatus::Draft)
    }

    /// Whether it is known to be unpaid, and its day has passed by the computer's clock, in UTC.
    pub fn is_overdue(&self) -> bool {
        self.is_overdue_on(SystemClock.now_utc().date())
    }

    /// As [`Invoice::is_overdue`], on a day of your own: the day of the office, for one.
    pub fn is_overdue_on(&self, today: Date) -> bool {
        self.paid == Some(false) && self.due_on.is_some_and(|due_on| due_on < today)
    }

    /// What is still to be paid.
    pub fn total_due(&self) -> Option<&Money> {
        self.total.as_ref()?.due.as_ref()
    }

    /// The name of whoever is invoiced.
    pub fn customer_name(&self) -> Option<&str> {
        self.invoicee.as_ref()?.name.as_deref()
    }

    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: &str) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

/// Who is invoiced, as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Invoicee {
    /// The name.
    pub name: Option<String>,
    /// VAT number.
    pub vat_number: Option<String>,
    /// The contact or company.
    pub customer: Option<Reference>,
    /// For whose attention.
    pub for_attention_of: Option<ForAttentionOf>,
    /// The address of electronic mail; not in a list.
    pub email: Option<String>,
    /// National identification number; not in a list.
    pub national_identification_number: Option<String>,
}

/// For whose attention, as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct ForAttentionOf {
    /// A name.
    pub name: Option<String>,
    /// A contact.
    pub contact: Option<Reference>,
}

/// What an invoice comes to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct InvoiceTotal {
    /// Without tax.
    #[serde(default, deserialize_with = "money")]
    pub tax_exclusive: Option<Money>,
    /// Without tax, before discounts; not in a list.
    #[serde(default, deserialize_with = "money")]
    pub tax_exclusive_before_discount: Option<Money>,
    /// With tax.
    #[serde(default, deserialize_with = "money")]
    pub tax_inclusive: Option<Money>,
    /// With tax, before discounts; not in a list.
    #[serde(default, deserialize_with = "money")]
    pub tax_inclusive_before_discount: Option<Money>,
    /// The taxes.
    #[serde(default, deserialize_with = "or_empty")]
    pub taxes: Vec<Tax>,
    /// The taxes that are withheld; not in a list.
    pub withheld_taxes: Option<Vec<WithheldTax>>,
    /// What was to be paid.
    #[serde(default, deserialize_with = "money")]
    pub payable: Option<Money>,
    /// What is still to be paid.
    #[serde(default, deserialize_with = "money")]
    pub due: Option<Money>,
    /// What is still to be paid, with the cost of collecting it.
    #[serde(default, deserialize_with = "money")]
    pub due_incasso_inclusive: Option<Money>,
    /// What being late costs, once; when late fees are asked for.
    #[serde(default, deserialize_with = "money")]
    pub fixed_late_fee: Option<Money>,
    /// What being late costs, by time; when late fees are asked for.
    #[serde(default, deserialize_with = "money")]
    pub interest: Option<Money>,
}

/// A tax that is withheld.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct WithheldTax {
    /// Its rate's id.
    pub id: String,
    /// What it is charged on.
    #[serde(default, deserialize_with = "money")]
    pub taxable: Option<Money>,
    /// What is withheld.
    #[serde(default, deserialize_with = "money")]
    pub withheld: Option<Money>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct Payment {
    /// When.
    #[serde(default, with = "maybe")]
    pub paid_at: Option<OffsetDateTime>,
    /// How much.
    #[serde(default, deserialize_with = "money")]
    pub payment: Option<Money>,
}

/// How an invoice may be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentMethod {
    /// The way.
    pub method: PaymentMethodKind,
    /// A mandate or a card; for debits and credit cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl PaymentMethod {
    /// That way.
    pub fn new(method: PaymentMethodKind) -> PaymentMethod {
        PaymentMethod { method, reference: None }
    }

    /// With a mandate or a card.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> PaymentMethod {
        self.reference = Some(reference.into());
        self
    }
}

listed! {
    Invoice => "invoices.list", InvoiceFilter, InvoiceSort, InvoiceInclude;
}

resource! {
    /// The invoices of an account: [`Teamleader::invoices`](super::Teamleader::invoices).
    pub struct Invoices of Invoice
}

methods! {
    impl Invoices;
    fetch {
        /// One.
        get(id: &str) -> Invoice = "invoices.info";
        /// Where one can be fetched, and until when.
        download(id: &str, format: &InvoiceFormat) -> Location = "invoices.download";
        /// Makes a draft like it; the answer is its reference.
        copy(id: &str) -> Reference = "invoices.copy";
    }
    make {
        /// Makes a draft; the answer is its reference.
        create(NewInvoice) = "invoices.draft";
        /// Credits some of its lines; the answer is the credit note's reference.
        credit_partially(PartialCredit) = "invoices.creditPartially";
    }
    act {
        /// Deletes one; Teamleader deletes drafts, and the last that was booked.
        delete(id: &str) = "invoices.delete";
        /// Takes the payments back.
        remove_payments(id: &str) = "invoices.removePayments";
        /// Sends one through Peppol.
        send_via_peppol(id: &str) = "invoices.sendViaPeppol";
    }
    send {
        /// Changes a draft.
        update(InvoiceUpdate) = "invoices.update";
        /// Changes what may be changed once it is booked.
        update_booked(BookedInvoiceUpdate) = "invoices.updateBooked";
        /// Notes a payment.
        register_payment(NewPayment) = "invoices.registerPayment";
        /// Sends one by mail.
        send(InvoiceMail) = "invoices.send";
    }
}

impl Invoices<'_> {
    /// One, with more than it has by itself.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(self, id: &str, include: &[InvoiceInclude]) -> Result<Invoice> {
        let includes: Vec<&str> = include.iter().map(InvoiceInclude::as_str).collect();
        self.0.fetch("invoices.info", &json!({ "id": id, "includes": includes.join(",") }))
    }

    /// Books a draft on that day: it gets its number.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn book(self, id: &str, on: Date) -> Result<()> {
        self.0.act("invoices.book", &json!({ "id": id, "on": text(on)? }))
    }

    /// Credits all of it, today or on that day; the answer is the credit note's reference.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn credit(self, id: &str, on: Option<Date>) -> Result<Reference> {
        let body = match on {
            Some(on) => json!({ "id": id, "credit_note_date": text(on)? }),
            None => json!({ "id": id }),
        };
        self.0.fetch("invoices.credit", &body)
    }

    /// The bytes of one.
    ///
    /// # Errors
    ///
    /// As [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: &str, format: &InvoiceFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}

fn text(day: Date) -> Result<String> {
    day.write().ok_or_else(|| Error::Config("a date outside the calendar".into()))
}
