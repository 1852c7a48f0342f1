//! Invoices.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, CustomFieldValue};
use super::files::{File, Location};
use super::json::{Dated as _, maybe, money, or_empty};
use super::kinds::{CreditNote, DocumentTemplate, Project, WithholdingTaxRate};
use super::lines::{CommercialDiscount, LineGroup, LineItem};
use super::macros::{listed, methods, model, resource};
use super::{Currency, ExchangeRate, Id, Money, PaymentTerm, Reference, Tax};
use super::{contacts::Contact, deals::Deal, departments::Department};
use crate::clock::{Clock as _, SystemClock};
use crate::error::{Error, Result};
use crate::sdk::open_enum;

pub use self::requests::{
    AttentionOf, BookedInvoiceUpdate, InvoiceFilter, InvoiceMail, InvoiceRecipient,
    InvoiceRecipients, InvoiceUpdate, MailContent, NewInvoice, NewInvoicee, NewPayment,
    PartialCredit,
};

mod requests;

open_enum! {
    /// The status of an invoice. The field `paid` says whether the invoice is paid.
    pub enum InvoiceStatus {
        /// Not booked yet.
        Draft = "draft",
        /// Booked and not paid yet.
        Outstanding = "outstanding",
        /// Paid.
        Matched = "matched",
    }

    /// The fields that invoices can be sorted by.
    pub enum InvoiceSort {
        /// The invoice number.
        InvoiceNumber = "invoice_number",
        /// The date of the invoice.
        InvoiceDate = "invoice_date",
    }

    /// Optional parts of an invoice.
    pub enum InvoiceInclude {
        /// The late fees.
        LateFees = "late_fees",
    }

    /// The file formats of an invoice.
    pub enum InvoiceFormat {
        /// PDF.
        Pdf = "pdf",
        /// UBL, the Belgian e-FFF.
        UblEfff = "ubl/e-fff",
        /// UBL, Peppol BIS 3.
        UblPeppolBis3 = "ubl/peppol_bis_3",
    }

    /// A way to pay an invoice.
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

    /// The status of an invoice sent through Peppol.
    pub enum PeppolStatus {
        /// The invoice is being sent.
        Sending = "sending",
        /// Sending failed.
        SendingFailed = "sending_failed",
        /// The invoice was sent.
        Sent = "sent",
        /// The receiver's access point acknowledged the invoice.
        ApplicationAcknowledged = "application_acknowledged",
        /// The receiver's access point accepted the invoice.
        ApplicationAccepted = "application_accepted",
        /// The receiver's access point rejected the invoice.
        ApplicationRejected = "application_rejected",
        /// The receiver acknowledged the invoice.
        ReceiverAcknowledged = "receiver_acknowledged",
        /// The receiver accepted the invoice.
        ReceiverAccepted = "receiver_accepted",
        /// The receiver rejected the invoice.
        ReceiverRejected = "receiver_rejected",
        /// The receiver is processing the invoice.
        ReceiverIsProcessing = "receiver_is_processing",
        /// The receiver waits for feedback.
        ReceiverAwaitsFeedback = "receiver_awaits_feedback",
        /// The receiver accepted the invoice with conditions.
        ReceiverConditionallyAccepted = "receiver_conditionally_accepted",
        /// The receiver paid the invoice.
        ReceiverPaid = "receiver_paid",
    }
}

model! {
    /// An invoice.
    pub struct Invoice {
        /// The id.
        id: Id<Invoice>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The invoice number, such as `2018 / 27`; `None` for a draft.
        invoice_number: Option<String>,
        /// The date of the invoice.
        #[serde(default, with = "maybe")]
        invoice_date: Option<Date>,
        /// The status.
        status: Option<InvoiceStatus>,
        /// The due date.
        #[serde(default, with = "maybe")]
        due_on: Option<Date>,
        /// Whether the invoice is paid.
        paid: Option<bool>,
        /// The time of payment.
        #[serde(default, with = "maybe")]
        paid_at: Option<OffsetDateTime>,
        /// Whether the invoice was sent.
        sent: Option<bool>,
        /// The customer's order number.
        purchase_order_number: Option<String>,
        /// The invoicee: the customer who gets the invoice.
        invoicee: Option<Invoicee>,
        /// The discounts on the whole document; not in a list.
        discounts: Option<Vec<CommercialDiscount>>,
        /// The lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// The totals.
        total: Option<InvoiceTotal>,
        /// The payment term; not in a list.
        payment_term: Option<PaymentTerm>,
        /// The payments; not in a list.
        payments: Option<Vec<Payment>>,
        /// The reference that the customer gives with the payment.
        payment_reference: Option<String>,
        /// A note; not in a list.
        note: Option<String>,
        /// The currency; not in a list.
        currency: Option<Currency>,
        /// The exchange rate of the invoice's currency.
        currency_exchange_rate: Option<ExchangeRate>,
        /// The expected payment method; not in a list.
        expected_payment_method: Option<PaymentMethod>,
        /// The file of the invoice.
        file: Option<Reference<File>>,
        /// The deal.
        deal: Option<Reference<Deal>>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The date since which the invoice is on hold; not in a list.
        #[serde(default, with = "maybe")]
        on_hold_since: Option<Date>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// The URL of the invoice's page in Teamleader; only in a list.
        web_url: Option<String>,
        /// The document template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// The delivery date.
        #[serde(default, with = "maybe")]
        delivery_date: Option<Date>,
        /// The Peppol status; not in a list.
        peppol_status: Option<PeppolStatus>,
    }
}

impl Invoice {
    /// Whether the invoice is paid.
    pub fn is_paid(&self) -> bool {
        self.paid == Some(true)
    }

    /// Whether the invoice is a draft.
    pub fn is_draft(&self) -> bool {
        self.status == Some(InvoiceStatus::Draft)
    }

    /// Whether the invoice is unpaid and was due before today, by the computer's clock in UTC. An
    /// invoice without `paid` or `due_on` is not overdue.
    pub fn is_overdue(&self) -> bool {
        self.is_overdue_on(SystemClock.now_utc().date())
    }

    /// Does the same as [`Invoice::is_overdue`] for another day, such as today in your time zone.
    pub fn is_overdue_on(&self, today: Date) -> bool {
        self.paid == Some(false) && self.due_on.is_some_and(|due_on| due_on < today)
    }

    /// Returns the amount that is still to be paid.
    pub fn total_due(&self) -> Option<&Money> {
        self.total.as_ref()?.due.as_ref()
    }

    /// Returns the name of the invoicee.
    pub fn customer_name(&self) -> Option<&str> {
        self.invoicee.as_ref()?.name.as_deref()
    }

    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// The invoicee in an answer.
    pub struct Invoicee {
        /// The name.
        name: Option<String>,
        /// The VAT number.
        vat_number: Option<String>,
        /// The contact or company that gets the invoice.
        customer: Option<Reference>,
        /// The person whose attention the invoice is for.
        for_attention_of: Option<ForAttentionOf>,
        /// The email address; not in a list.
        email: Option<String>,
        /// The national identification number; not in a list.
        national_identification_number: Option<String>,
    }
}

model! {
    /// The person whose attention an invoice is for, in an answer.
    pub struct ForAttentionOf {
        /// The name of the person.
        name: Option<String>,
        /// The person as a contact.
        contact: Option<Reference<Contact>>,
    }
}

model! {
    /// The totals of an invoice.
    pub struct InvoiceTotal {
        /// The total without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// The total without tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive_before_discount: Option<Money>,
        /// The total with tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// The total with tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive_before_discount: Option<Money>,
        /// The tax at each rate.
        #[serde(default, deserialize_with = "or_empty")]
        taxes: Vec<Tax>,
        /// The taxes that are withheld; not in a list.
        withheld_taxes: Option<Vec<WithheldTax>>,
        /// The amount to pay.
        #[serde(default, deserialize_with = "money")]
        payable: Option<Money>,
        /// The amount that is still to be paid.
        #[serde(default, deserialize_with = "money")]
        due: Option<Money>,
        /// The amount that is still to be paid, with collection costs.
        #[serde(default, deserialize_with = "money")]
        due_incasso_inclusive: Option<Money>,
        /// The fixed late fee, on request.
        #[serde(default, deserialize_with = "money")]
        fixed_late_fee: Option<Money>,
        /// The interest for late payment, on request.
        #[serde(default, deserialize_with = "money")]
        interest: Option<Money>,
    }
}

model! {
    /// A withholding tax.
    pub struct WithheldTax {
        /// The id of the rate.
        id: Id<WithholdingTaxRate>,
        /// The taxable amount.
        #[serde(default, deserialize_with = "money")]
        taxable: Option<Money>,
        /// The withheld amount.
        #[serde(default, deserialize_with = "money")]
        withheld: Option<Money>,
    }
}

model! {
    /// A payment.
    pub struct Payment {
        /// The time of the payment.
        #[serde(default, with = "maybe")]
        paid_at: Option<OffsetDateTime>,
        /// The amount that was paid.
        #[serde(default, deserialize_with = "money")]
        payment: Option<Money>,
    }
}

/// A way to pay an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentMethod {
    /// The payment method.
    pub method: PaymentMethodKind,
    /// The mandate of a direct debit, or the card of a credit card payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl PaymentMethod {
    /// Makes a payment method without a reference.
    pub fn new(method: PaymentMethodKind) -> PaymentMethod {
        PaymentMethod { method, reference: None }
    }

    /// Sets the mandate or the card.
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
    /// The operations on invoices, from [`Teamleader::invoices`](super::Teamleader::invoices).
    pub struct Invoices of Invoice
}

methods! {
    impl Invoices of Invoice;
    fetch {
        /// Fetches one invoice.
        get(id: Invoice) -> Invoice = "invoices.info";
        /// Fetches the address where the invoice can be downloaded.
        download(id: Invoice; format: &InvoiceFormat) -> Location = "invoices.download";
        /// Creates a draft with the content of this invoice and returns a reference to the draft.
        copy(id: Invoice) -> Reference<Invoice> = "invoices.copy";
    }
    make {
        /// Creates a draft and returns a reference to the draft.
        create(NewInvoice) = "invoices.draft";
    }
    credit {
        /// Credits some lines of an invoice and returns a reference to the credit note.
        credit_partially(PartialCredit) -> CreditNote = "invoices.creditPartially";
    }
    act {
        /// Deletes an invoice. Teamleader allows this for drafts and for the invoice that was booked last.
        delete(id: Invoice) = "invoices.delete";
        /// Removes all payments of an invoice.
        remove_payments(id: Invoice) = "invoices.removePayments";
        /// Sends an invoice through Peppol.
        send_via_peppol(id: Invoice) = "invoices.sendViaPeppol";
    }
    change {
        /// Changes a draft.
        update(InvoiceUpdate) = "invoices.update";
        /// Changes a booked invoice.
        update_booked(BookedInvoiceUpdate) = "invoices.updateBooked";
        /// Registers a payment of an invoice.
        register_payment(NewPayment) = "invoices.registerPayment";
        /// Sends an invoice by email.
        send(InvoiceMail) = "invoices.send";
    }
}

impl Invoices<'_> {
    /// Fetches one invoice with optional parts.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(
        self,
        id: impl Into<Id<Invoice>>,
        include: &[InvoiceInclude],
    ) -> Result<Invoice> {
        let includes: Vec<&str> = include.iter().map(InvoiceInclude::as_str).collect();
        self.0.fetch("invoices.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }

    /// Books a draft on this day. Teamleader then gives the invoice its number.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn book(self, id: impl Into<Id<Invoice>>, on: Date) -> Result<()> {
        self.0.act("invoices.book", &json!({ "id": id.into(), "on": text(on)? }))
    }

    /// Credits the whole invoice and returns a reference to the credit note. `on` is the date of the credit
    /// note; `None` means today.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn credit(
        self,
        id: impl Into<Id<Invoice>>,
        on: Option<Date>,
    ) -> Result<Reference<CreditNote>> {
        let id = id.into();
        let body = match on {
            Some(on) => json!({ "id": id, "credit_note_date": text(on)? }),
            None => json!({ "id": id }),
        };
        self.0.fetch("invoices.credit", &body)
    }

    /// Downloads the invoice.
    ///
    /// # Errors
    ///
    /// The errors of [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: impl Into<Id<Invoice>>, format: &InvoiceFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}

fn text(day: Date) -> Result<String> {
    day.write()
        .ok_or_else(|| Error::Config("the year of the date is not between 0 and 9999".into()))
}
