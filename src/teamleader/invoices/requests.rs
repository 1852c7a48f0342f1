//! Requests about invoices.

use serde::Serialize;
use time::{Date, OffsetDateTime};

use super::{Invoice, InvoiceStatus, PaymentMethod};
use crate::teamleader::contacts::Contact;
use crate::teamleader::custom_fields::NewCustomField;
use crate::teamleader::deals::Deal;
use crate::teamleader::departments::Department;
use crate::teamleader::files::File;
use crate::teamleader::json::{changed, dated, maybe};
use crate::teamleader::kinds::{self, DocumentTemplate, MailTemplate, Project, Subscription};
use crate::teamleader::lines::{CommercialDiscount, LineGroup, NewInvoiceLine};
use crate::teamleader::macros::request;
use crate::teamleader::{
    Change, CustomFieldsUpdate, Customer, DocumentCurrency, Id, Money, PaymentTerm,
};

/// The person whose attention an invoice is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum AttentionOf {
    /// A person by name.
    Name {
        /// The name of the person.
        name: String,
    },
    /// A contact.
    Contact {
        /// The id of the contact.
        contact_id: Id<Contact>,
    },
}

impl AttentionOf {
    /// Names a person.
    pub fn name(name: impl Into<String>) -> AttentionOf {
        AttentionOf::Name { name: name.into() }
    }

    /// Makes the person from the id of a contact.
    pub fn contact(id: impl Into<Id<Contact>>) -> AttentionOf {
        AttentionOf::Contact { contact_id: id.into() }
    }
}

request! {
    /// The invoicee of a new invoice.
    pub struct NewInvoicee {
        /// The contact or company that gets the invoice.
        customer: Customer,
        ; set
        /// The person whose attention the invoice is for.
        for_attention_of: AttentionOf,
    }
}

impl From<Customer> for NewInvoicee {
    fn from(customer: Customer) -> NewInvoicee {
        NewInvoicee::new(customer)
    }
}

request! {
    /// A new invoice.
    pub struct NewInvoice {
        /// The invoicee. A [`Customer`] converts to an invoicee.
        invoicee: NewInvoicee,
        /// The id of the department.
        department_id: Id<Department>,
        /// The payment term.
        payment_term: PaymentTerm,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        ; set
        /// The currency, if it is not the account's currency.
        currency: DocumentCurrency,
        /// The id of the project.
        project_id: Id<Project>,
        /// The customer's order number.
        purchase_order_number: String,
        /// The date of the invoice.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// The discounts on the whole document.
        discounts: Vec<CommercialDiscount>,
        /// A note.
        note: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// The expected payment method.
        expected_payment_method: PaymentMethod,
        /// The delivery date.
        #[serde(with = "changed")]
        delivery_date: Date,
    }
}

request! {
    /// Changes to a draft. Lists are replaced as a whole.
    pub struct InvoiceUpdate {
        ; set
        /// The invoicee: the customer who gets the invoice.
        invoicee: NewInvoicee,
        /// The currency.
        currency: DocumentCurrency,
        /// The id of the project.
        project_id: Id<Project>,
        /// The customer's order number.
        purchase_order_number: String,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// The date of the invoice.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// The discounts on the whole document.
        discounts: Vec<CommercialDiscount>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// The payment term.
        payment_term: PaymentTerm,
        /// A note.
        note: String,
        /// The expected payment method.
        expected_payment_method: PaymentMethod,
        /// The delivery date.
        #[serde(with = "changed")]
        delivery_date: Date,
    }
}

request! {
    /// Changes to a booked invoice.
    pub struct BookedInvoiceUpdate {
        ; set
        /// The invoicee: the customer who gets the invoice.
        invoicee: NewInvoicee,
        /// The id of the project.
        project_id: Id<Project>,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// The date of the invoice.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        ; clear
        /// The payment term.
        payment_term: PaymentTerm,
        /// A note.
        note: String,
    }
}

request! {
    /// A filter for invoices.
    pub struct InvoiceFilter {
        ; set
        /// Invoices with one of these ids.
        ids: Vec<Id<Invoice>>,
        /// Invoices with this text in the number, the order number, the reference or the
        /// invoicee's name.
        term: String,
        /// The invoice with this number, such as `2018 / 27`.
        invoice_number: String,
        /// Invoices of this department.
        department_id: Id<Department>,
        /// Invoices for this deal.
        deal_id: Id<Deal>,
        /// Invoices for this project.
        project_id: Id<Project>,
        /// Invoices of this subscription.
        subscription_id: Id<Subscription>,
        /// Invoices with one of these statuses.
        status: Vec<InvoiceStatus>,
        /// Invoices changed since this time.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Invoices with this order number.
        purchase_order_number: String,
        /// Invoices with this payment reference.
        payment_reference: String,
        /// Invoices of this date or a later date.
        #[serde(with = "maybe")]
        invoice_date_after: Date,
        /// Invoices of this date or an earlier date.
        #[serde(with = "maybe")]
        invoice_date_before: Date,
        /// Invoices of this contact or company.
        customer: Customer,
    }
}

request! {
    /// A new payment.
    pub struct NewPayment {
        /// The amount that was paid.
        payment: Money,
        /// The time of the payment.
        #[serde(with = "dated")]
        paid_at: OffsetDateTime,
        ; set
        /// The id of a payment method of the account.
        payment_method_id: Id<kinds::PaymentMethod>,
    }
}

request! {
    /// A credit for some lines of an invoice.
    pub struct PartialCredit {
        /// The credited lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        ; set
        /// The date of the credit note; the default is today.
        #[serde(with = "maybe")]
        credit_note_date: Date,
        /// The discounts on the whole document.
        discounts: Vec<CommercialDiscount>,
    }
}

request! {
    /// The content of an email.
    pub struct MailContent {
        /// The subject.
        subject: String,
        /// The text of the email.
        body: String,
        ; clear
        /// The id of the template of the email.
        mail_template_id: Id<MailTemplate>,
    }
}

request! {
    /// The recipient of an email.
    pub struct InvoiceRecipient {
        /// The email address.
        email: String,
        ; clear
        /// The contact or company with this address.
        customer: Customer,
    }
}

impl From<&str> for InvoiceRecipient {
    fn from(email: &str) -> InvoiceRecipient {
        InvoiceRecipient::new(email)
    }
}

request! {
    /// The recipients of an email. Without recipients, Teamleader sends the email to the invoicee.
    pub struct InvoiceRecipients {
        ; set
        /// The recipients.
        to: Vec<InvoiceRecipient>,
        /// The recipients of copies.
        cc: Vec<InvoiceRecipient>,
        /// The recipients of blind copies.
        bcc: Vec<InvoiceRecipient>,
    }
}

request! {
    /// An email with an invoice.
    pub struct InvoiceMail {
        /// The content of the email.
        content: MailContent,
        ; set
        /// The recipients.
        recipients: InvoiceRecipients,
        /// The ids of the attached files.
        attachments: Vec<Id<File>>,
    }
}
