//! Incoming invoices and incoming credit notes.

use serde_json::json;
use time::Date;

use super::declare::{body, object};
use super::departments::Department;
use super::expenses::{
    CurrencyCode, ExpensePaymentUpdate, ExpenseTotal, NewExpensePayment, NewExpenseTotal, Payment,
    PaymentStatus, ReviewStatus,
};
use super::files::File;
use super::kinds::Anything;
use super::macros::{bare, methods};
use super::{DocumentCurrency, Id, List, Reference};
use crate::error::Result;

object! {
    /// An incoming invoice.
    pub struct IncomingInvoice {
        /// The id.
        id: Id<IncomingInvoice>,
        /// The title.
        title: Option<String>,
        /// The user or the Peppol document that the expense comes from.
        origin: Option<Reference>,
        /// The contact or the company that supplies.
        supplier: Option<Reference>,
        /// The number on the document.
        document_number: Option<String>,
        /// The date of the document.
        invoice_date: Option<Date>,
        /// The due date.
        due_date: Option<Date>,
        /// The currency.
        currency: Option<CurrencyCode>,
        /// The totals.
        total: Option<ExpenseTotal>,
        /// The department.
        company_entity: Option<Reference<Department>>,
        /// The file with the document.
        file: Option<Reference<File>>,
        /// The reference of the payment.
        payment_reference: Option<String>,
        /// Whether the document is approved.
        review_status: Option<ReviewStatus>,
        /// The IBAN of the bank account.
        iban_number: Option<String>,
        /// How much is paid.
        payment_status: Option<PaymentStatus>,
    }
}

object! {
    /// An incoming credit note.
    pub struct IncomingCreditNote {
        /// The id.
        id: Id<IncomingCreditNote>,
        /// The title.
        title: Option<String>,
        /// The user or the Peppol document that the expense comes from.
        origin: Option<Reference>,
        /// The contact or the company that supplies.
        supplier: Option<Reference>,
        /// The number on the document.
        document_number: Option<String>,
        /// The date of the document.
        invoice_date: Option<Date>,
        /// The due date.
        due_date: Option<Date>,
        /// The currency.
        currency: Option<CurrencyCode>,
        /// The totals.
        total: Option<ExpenseTotal>,
        /// The department.
        company_entity: Option<Reference<Department>>,
        /// The file with the document.
        file: Option<Reference<File>>,
        /// The reference of the payment.
        payment_reference: Option<String>,
        /// Whether the document is approved.
        review_status: Option<ReviewStatus>,
        /// The IBAN of the bank account.
        iban_number: Option<String>,
        /// How much is paid.
        payment_status: Option<PaymentStatus>,
    }
}

body! {
    /// A new incoming invoice.
    pub struct NewIncomingInvoice {
        /// The title.
        title: String,
        /// The currency.
        currency: DocumentCurrency,
        ; set
        /// The totals.
        total: NewExpenseTotal,
        /// The id of the department.
        company_entity_id: Id<Department>,
        ; clear
        /// The id of the supplier: a contact or a company.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the document.
        invoice_date: Date,
        /// The due date.
        due_date: Date,
        /// The id of the file.
        file_id: Id<File>,
        /// The reference of the payment.
        payment_reference: String,
        /// The IBAN of the bank account.
        iban_number: String,
    }
}

body! {
    /// Changes to an incoming invoice.
    pub struct IncomingInvoiceUpdate {
        ; set
        /// The title.
        title: String,
        /// The currency.
        currency: DocumentCurrency,
        /// The totals.
        total: NewExpenseTotal,
        /// The id of the department.
        company_entity_id: Id<Department>,
        ; clear
        /// The id of the supplier: a contact or a company.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the document.
        invoice_date: Date,
        /// The due date.
        due_date: Date,
        /// The id of the file.
        file_id: Id<File>,
        /// The reference of the payment.
        payment_reference: String,
        /// The IBAN of the bank account.
        iban_number: String,
    }
}

body! {
    /// A new incoming credit note.
    pub struct NewIncomingCreditNote {
        /// The title.
        title: String,
        /// The currency.
        currency: DocumentCurrency,
        ; set
        /// The totals.
        total: NewExpenseTotal,
        /// The id of the department.
        company_entity_id: Id<Department>,
        ; clear
        /// The id of the supplier: a contact or a company.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the document.
        invoice_date: Date,
        /// The due date.
        due_date: Date,
        /// The id of the file.
        file_id: Id<File>,
        /// The reference of the payment.
        payment_reference: String,
        /// The IBAN of the bank account.
        iban_number: String,
    }
}

body! {
    /// Changes to an incoming credit note.
    pub struct IncomingCreditNoteUpdate {
        ; set
        /// The title.
        title: String,
        /// The currency.
        currency: DocumentCurrency,
        /// The totals.
        total: NewExpenseTotal,
        /// The id of the department.
        company_entity_id: Id<Department>,
        ; clear
        /// The id of the supplier: a contact or a company.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the document.
        invoice_date: Date,
        /// The due date.
        due_date: Date,
        /// The id of the file.
        file_id: Id<File>,
        /// The reference of the payment.
        payment_reference: String,
        /// The IBAN of the bank account.
        iban_number: String,
    }
}

bare! {
    /// The operations on incoming invoices, from [`Teamleader::incoming_invoices`](super::Teamleader::incoming_invoices).
    pub struct IncomingInvoices
}

bare! {
    /// The operations on incoming credit notes, from [`Teamleader::incoming_credit_notes`](super::Teamleader::incoming_credit_notes).
    pub struct IncomingCreditNotes
}

methods! {
    impl IncomingInvoices of IncomingInvoice;
    fetch {
        /// Fetches one incoming invoice.
        get(id: IncomingInvoice) -> IncomingInvoice = "incomingInvoices.info";
    }
    make {
        /// Creates an incoming invoice and returns a reference to the incoming invoice.
        create(NewIncomingInvoice) = "incomingInvoices.add";
    }
    credit {
        /// Adds a payment and returns a reference to the payment.
        register_payment(NewExpensePayment) -> Payment = "incomingInvoices.registerPayment";
    }
    act {
        /// Approves the incoming invoice.
        approve(id: IncomingInvoice) = "incomingInvoices.approve";
        /// Refuses the incoming invoice.
        refuse(id: IncomingInvoice) = "incomingInvoices.refuse";
        /// Withdraws the approval or the refusal.
        mark_as_pending_review(id: IncomingInvoice) = "incomingInvoices.markAsPendingReview";
        /// Sends the incoming invoice to the bookkeeping.
        send_to_bookkeeping(id: IncomingInvoice) = "incomingInvoices.sendToBookkeeping";
        /// Deletes the incoming invoice.
        delete(id: IncomingInvoice) = "incomingInvoices.delete";
        /// Removes a payment.
        remove_payment(id: IncomingInvoice, payment_id: Payment) = "incomingInvoices.removePayment";
    }
    change {
        /// Changes the incoming invoice.
        update(IncomingInvoiceUpdate) = "incomingInvoices.update";
        /// Changes a payment.
        update_payment(ExpensePaymentUpdate) = "incomingInvoices.updatePayment";
    }
}

impl<'a> IncomingInvoices<'a> {
    /// Lists the payments.
    #[inline]
    pub fn payments(self, id: impl Into<Id<IncomingInvoice>>) -> List<'a, Payment> {
        List::with(self.0, json!({ "id": id.into() })).by("incomingInvoices.listPayments")
    }
}

methods! {
    impl IncomingCreditNotes of IncomingCreditNote;
    fetch {
        /// Fetches one incoming credit note.
        get(id: IncomingCreditNote) -> IncomingCreditNote = "incomingCreditNotes.info";
    }
    make {
        /// Creates an incoming credit note and returns a reference to the incoming credit note.
        create(NewIncomingCreditNote) = "incomingCreditNotes.add";
    }
    credit {
        /// Adds a payment and returns a reference to the payment.
        register_payment(NewExpensePayment) -> Payment = "incomingCreditNotes.registerPayment";
    }
    act {
        /// Approves the incoming credit note.
        approve(id: IncomingCreditNote) = "incomingCreditNotes.approve";
        /// Refuses the incoming credit note.
        refuse(id: IncomingCreditNote) = "incomingCreditNotes.refuse";
        /// Withdraws the approval or the refusal.
        mark_as_pending_review(id: IncomingCreditNote) = "incomingCreditNotes.markAsPendingReview";
        /// Sends the incoming credit note to the bookkeeping.
        send_to_bookkeeping(id: IncomingCreditNote) = "incomingCreditNotes.sendToBookkeeping";
        /// Deletes the incoming credit note.
        delete(id: IncomingCreditNote) = "incomingCreditNotes.delete";
        /// Removes a payment.
        remove_payment(id: IncomingCreditNote, payment_id: Payment) = "incomingCreditNotes.removePayment";
    }
    change {
        /// Changes the incoming credit note.
        update(IncomingCreditNoteUpdate) = "incomingCreditNotes.update";
        /// Changes a payment.
        update_payment(ExpensePaymentUpdate) = "incomingCreditNotes.updatePayment";
    }
}

impl<'a> IncomingCreditNotes<'a> {
    /// Lists the payments.
    #[inline]
    pub fn payments(self, id: impl Into<Id<IncomingCreditNote>>) -> List<'a, Payment> {
        List::with(self.0, json!({ "id": id.into() })).by("incomingCreditNotes.listPayments")
    }
}
