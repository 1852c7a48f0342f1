//! Invoices.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::contacts::Contact;
use super::custom_fields::{CustomField, CustomFieldValue};
use super::deals::Deal;
use super::departments::Department;
use super::files::File;
use super::files::Location;
use super::json::{Dated as _, maybe, money, or_empty};
use super::kinds::{CreditNote, DocumentTemplate, Project, WithholdingTaxRate};
use super::lines::{CommercialDiscount, LineGroup, LineItem};
use super::macros::{listed, methods, model, resource};
use super::{Currency, ExchangeRate, Id, Money, PaymentTerm, Reference, Tax};
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

model! {
    /// An invoice.
    pub struct Invoice {
        /// Its id.
        id: Id<Invoice>,
        /// The department.
        department: Option<Reference<Department>>,
        /// Its number, as `2018 / 27`; a draft has none.
        invoice_number: Option<String>,
        /// Its date.
        #[serde(default, with = "maybe")]
        invoice_date: Option<Date>,
        /// How it stands.
        status: Option<InvoiceStatus>,
        /// The day until which it is to be paid.
        #[serde(default, with = "maybe")]
        due_on: Option<Date>,
        /// Whether it is paid.
        paid: Option<bool>,
        /// When it was paid.
        #[serde(default, with = "maybe")]
        paid_at: Option<OffsetDateTime>,
        /// Whether it was sent.
        sent: Option<bool>,
        /// The customer's order number.
        purchase_order_number: Option<String>,
        /// Who is invoiced.
        invoicee: Option<Invoicee>,
        /// Discounts on all of it; not in a list.
        discounts: Option<Vec<CommercialDiscount>>,
        /// Its lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// What it comes to.
        total: Option<InvoiceTotal>,
        /// When it is to be paid; not in a list.
        payment_term: Option<PaymentTerm>,
        /// What was paid; not in a list.
        payments: Option<Vec<Payment>>,
        /// What a payment is to name.
        payment_reference: Option<String>,
        /// A note on it; not in a list.
        note: Option<String>,
        /// Its currency; not in a list.
        currency: Option<Currency>,
        /// The exchange rate of its currency.
        currency_exchange_rate: Option<ExchangeRate>,
        /// How it may be paid; not in a list.
        expected_payment_method: Option<PaymentMethod>,
        /// Its file.
        file: Option<Reference<File>>,
        /// The deal that it is for.
        deal: Option<Reference<Deal>>,
        /// The project that it is for.
        project: Option<Reference<Project>>,
        /// Since when it is on hold; not in a list.
        #[serde(default, with = "maybe")]
        on_hold_since: Option<Date>,
        /// Custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// When it was made.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// Its page in Teamleader; only in a list.
        web_url: Option<String>,
        /// Its template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// The day of the delivery.
        #[serde(default, with = "maybe")]
        delivery_date: Option<Date>,
        /// How far it is on its way through Peppol; not in a list.
        peppol_status: Option<PeppolStatus>,
    }
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
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// Who is invoiced, as it is answered.
    pub struct Invoicee {
        /// The name.
        name: Option<String>,
        /// VAT number.
        vat_number: Option<String>,
        /// The contact or company.
        customer: Option<Reference>,
        /// For whose attention.
        for_attention_of: Option<ForAttentionOf>,
        /// The address of electronic mail; not in a list.
        email: Option<String>,
        /// National identification number; not in a list.
        national_identification_number: Option<String>,
    }
}

model! {
    /// For whose attention, as it is answered.
    pub struct ForAttentionOf {
        /// A name.
        name: Option<String>,
        /// A contact.
        contact: Option<Reference<Contact>>,
    }
}

model! {
    /// What an invoice comes to.
    pub struct InvoiceTotal {
        /// Without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// Without tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive_before_discount: Option<Money>,
        /// With tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// With tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive_before_discount: Option<Money>,
        /// The taxes.
        #[serde(default, deserialize_with = "or_empty")]
        taxes: Vec<Tax>,
        /// The taxes that are withheld; not in a list.
        withheld_taxes: Option<Vec<WithheldTax>>,
        /// What was to be paid.
        #[serde(default, deserialize_with = "money")]
        payable: Option<Money>,
        /// What is still to be paid.
        #[serde(default, deserialize_with = "money")]
        due: Option<Money>,
        /// What is still to be paid, with the cost of collecting it.
        #[serde(default, deserialize_with = "money")]
        due_incasso_inclusive: Option<Money>,
        /// What being late costs, once; when late fees are asked for.
        #[serde(default, deserialize_with = "money")]
        fixed_late_fee: Option<Money>,
        /// What being late costs, by time; when late fees are asked for.
        #[serde(default, deserialize_with = "money")]
        interest: Option<Money>,
    }
}

model! {
    /// A tax that is withheld.
    pub struct WithheldTax {
        /// Its rate's id.
        id: Id<WithholdingTaxRate>,
        /// What it is charged on.
        #[serde(default, deserialize_with = "money")]
        taxable: Option<Money>,
        /// What is withheld.
        #[serde(default, deserialize_with = "money")]
        withheld: Option<Money>,
    }
}

model! {
    /// A payment.
    pub struct Payment {
        /// When.
        #[serde(default, with = "maybe")]
        paid_at: Option<OffsetDateTime>,
        /// How much.
        #[serde(default, deserialize_with = "money")]
        payment: Option<Money>,
    }
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
    impl Invoices of Invoice;
    fetch {
        /// One.
        get(id: Invoice) -> Invoice = "invoices.info";
        /// Where one can be fetched, and until when.
        download(id: Invoice; format: &InvoiceFormat) -> Location = "invoices.download";
        /// Makes a draft like it; the answer is its reference.
        copy(id: Invoice) -> Reference<Invoice> = "invoices.copy";
    }
    make {
        /// Makes a draft; the answer is its reference.
        create(NewInvoice) = "invoices.draft";
    }
    credit {
        /// Credits some lines of an invoice and returns a reference to the credit note.
        credit_partially(PartialCredit) -> CreditNote = "invoices.creditPartially";
    }
    act {
        /// Deletes one; Teamleader deletes drafts, and the last that was booked.
        delete(id: Invoice) = "invoices.delete";
        /// Takes the payments back.
        remove_payments(id: Invoice) = "invoices.removePayments";
        /// Sends one through Peppol.
        send_via_peppol(id: Invoice) = "invoices.sendViaPeppol";
    }
    change {
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
    pub fn get_with(
        self,
        id: impl Into<Id<Invoice>>,
        include: &[InvoiceInclude],
    ) -> Result<Invoice> {
        let includes: Vec<&str> = include.iter().map(InvoiceInclude::as_str).collect();
        self.0.fetch("invoices.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }

    /// Books a draft on that day: it gets its number.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn book(self, id: impl Into<Id<Invoice>>, on: Date) -> Result<()> {
        self.0.act("invoices.book", &json!({ "id": id.into(), "on": text(on)? }))
    }

    /// Credits all of it, today or on that day; the answer is the credit note's reference.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
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

    /// The bytes of one.
    ///
    /// # Errors
    ///
    /// As [`Files::fetch`](super::files::Files::fetch).
    pub fn bytes(self, id: impl Into<Id<Invoice>>, format: &InvoiceFormat) -> Result<Vec<u8>> {
        let location = self.download(id, format)?;
        self.0.files().fetch(&location)?.read_bytes()
    }
}

fn text(day: Date) -> Result<String> {
    day.write().ok_or_else(|| Error::Config("a date outside the calendar".into()))
}
