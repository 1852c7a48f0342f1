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

/// For whose attention an invoice is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum AttentionOf {
    /// Somebody by name.
    Name {
        /// The name.
        name: String,
    },
    /// A contact.
    Contact {
        /// Its id.
        contact_id: Id<Contact>,
    },
}

impl AttentionOf {
    /// Somebody by name.
    pub fn name(name: impl Into<String>) -> AttentionOf {
        AttentionOf::Name { name: name.into() }
    }

    /// A contact by its id.
    pub fn contact(id: impl Into<Id<Contact>>) -> AttentionOf {
        AttentionOf::Contact { contact_id: id.into() }
    }
}

request! {
    /// Who is to be invoiced.
    pub struct NewInvoicee {
        /// The contact or company.
        customer: Customer,
        ; set
        /// For whose attention.
        for_attention_of: AttentionOf,
    }
}

impl From<Customer> for NewInvoicee {
    fn from(customer: Customer) -> NewInvoicee {
        NewInvoicee::new(customer)
    }
}

request! {
    /// An invoice to be drafted.
    pub struct NewInvoice {
        /// Who is invoiced; a [`Customer`] will do.
        invoicee: NewInvoicee,
        /// The department, by its id.
        department_id: Id<Department>,
        /// When it is to be paid.
        payment_term: PaymentTerm,
        /// Its lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        ; set
        /// Its currency, if it is not the account's.
        currency: DocumentCurrency,
        /// The project that it is for, by its id.
        project_id: Id<Project>,
        /// The customer's order number.
        purchase_order_number: String,
        /// Its date.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
        /// A note on it.
        note: String,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Its template, by its id.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// How it may be paid.
        expected_payment_method: PaymentMethod,
        /// The day of the delivery.
        #[serde(with = "changed")]
        delivery_date: Date,
    }
}

request! {
    /// A change of a draft. Lists are replaced as a whole.
    pub struct InvoiceUpdate {
        ; set
        /// Who is invoiced.
        invoicee: NewInvoicee,
        /// Its currency.
        currency: DocumentCurrency,
        /// The project that it is for, by its id.
        project_id: Id<Project>,
        /// The customer's order number.
        purchase_order_number: String,
        /// Its lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// Its date.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Its template, by its id.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// When it is to be paid.
        payment_term: PaymentTerm,
        /// A note on it.
        note: String,
        /// How it may be paid.
        expected_payment_method: PaymentMethod,
        /// The day of the delivery.
        #[serde(with = "changed")]
        delivery_date: Date,
    }
}

request! {
    /// A change of an invoice that is booked.
    pub struct BookedInvoiceUpdate {
        ; set
        /// Who is invoiced.
        invoicee: NewInvoicee,
        /// The project that it is for, by its id.
        project_id: Id<Project>,
        /// Its lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// Its date.
        #[serde(with = "maybe")]
        invoice_date: Date,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        ; clear
        /// When it is to be paid.
        payment_term: PaymentTerm,
        /// A note on it.
        note: String,
    }
}

request! {
    /// Which invoices.
    pub struct InvoiceFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<Invoice>>,
        /// Those that this text is found in: number, order number, reference, invoicee.
        term: String,
        /// The one with this number, as `2018 / 27`.
        invoice_number: String,
        /// Those of this department.
        department_id: Id<Department>,
        /// Those for this deal.
        deal_id: Id<Deal>,
        /// Those for this project.
        project_id: Id<Project>,
        /// Those of this subscription.
        subscription_id: Id<Subscription>,
        /// Those that stand so.
        status: Vec<InvoiceStatus>,
        /// Those changed since.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Those with this order number.
        purchase_order_number: String,
        /// Those with this payment reference.
        payment_reference: String,
        /// Those of this date or later.
        #[serde(with = "maybe")]
        invoice_date_after: Date,
        /// Those of this date or before.
        #[serde(with = "maybe")]
        invoice_date_before: Date,
        /// Those of this contact or company.
        customer: Customer,
    }
}

request! {
    /// A payment to be noted.
    pub struct NewPayment {
        /// How much.
        payment: Money,
        /// When.
        #[serde(with = "dated")]
        paid_at: OffsetDateTime,
        ; set
        /// How, by the id of the account's payment method.
        payment_method_id: Id<kinds::PaymentMethod>,
    }
}

request! {
    /// Lines of an invoice to be credited.
    pub struct PartialCredit {
        /// What is credited.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        ; set
        /// The date of the credit note; today without it.
        #[serde(with = "maybe")]
        credit_note_date: Date,
        /// Discounts on all of it.
        discounts: Vec<CommercialDiscount>,
    }
}

request! {
    /// What a mail says.
    pub struct MailContent {
        /// Its subject.
        subject: String,
        /// Its text.
        body: String,
        ; clear
        /// The template that it came from, by its id.
        mail_template_id: Id<MailTemplate>,
    }
}

request! {
    /// Whom a mail goes to.
    pub struct InvoiceRecipient {
        /// The address.
        email: String,
        ; clear
        /// Whose address it is.
        customer: Customer,
    }
}

impl From<&str> for InvoiceRecipient {
    fn from(email: &str) -> InvoiceRecipient {
        InvoiceRecipient::new(email)
    }
}

request! {
    /// Whom a mail goes to. Without any, Teamleader takes the invoicee's address.
    pub struct InvoiceRecipients {
        ; set
        /// To whom.
        to: Vec<InvoiceRecipient>,
        /// With copies to whom.
        cc: Vec<InvoiceRecipient>,
        /// With copies to whom, unseen.
        bcc: Vec<InvoiceRecipient>,
    }
}

request! {
    /// An invoice to be sent by mail.
    pub struct InvoiceMail {
        /// What the mail says.
        content: MailContent,
        ; set
        /// Whom it goes to.
        recipients: InvoiceRecipients,
        /// Files that go with it, by their ids.
        attachments: Vec<Id<File>>,
    }
}
