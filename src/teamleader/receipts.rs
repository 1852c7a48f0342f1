//! Receipts.

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
    /// A receipt.
    pub struct Receipt {
        /// The id.
        id: Id<Receipt>,
        /// The title.
        title: Option<String>,
        /// The user or the Peppol document that the expense comes from.
        origin: Option<Reference>,
        /// The contact or the company that supplies.
        supplier: Option<Reference>,
        /// The number on the document.
        document_number: Option<String>,
        /// The date of the receipt.
        receipt_date: Option<Date>,
        /// The currency.
        currency: Option<CurrencyCode>,
        /// The totals.
        total: Option<ExpenseTotal>,
        /// The department.
        company_entity: Option<Reference<Department>>,
        /// The file with the document.
        file: Option<Reference<File>>,
        /// Whether the document is approved.
        review_status: Option<ReviewStatus>,
        /// How much is paid.
        payment_status: Option<PaymentStatus>,
    }
}

body! {
    /// A new receipt.
    pub struct NewReceipt {
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
        /// The id of the contact or the company that supplies.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the receipt.
        receipt_date: Date,
        /// The id of the file.
        file_id: Id<File>,
    }
}

body! {
    /// Changes to a receipt.
    pub struct ReceiptUpdate {
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
        /// The id of the contact or the company that supplies.
        supplier_id: Id<Anything>,
        /// The number on the document.
        document_number: String,
        /// The date of the receipt.
        receipt_date: Date,
        /// The id of the file.
        file_id: Id<File>,
    }
}

bare! {
    /// The operations on receipts, from [`Teamleader::receipts`](super::Teamleader::receipts).
    pub struct Receipts
}

methods! {
    impl Receipts of Receipt;
    fetch {
        /// Fetches one receipt.
        get(id: Receipt) -> Receipt = "receipts.info";
    }
    make {
        /// Creates a receipt and returns a reference to the receipt.
        create(NewReceipt) = "receipts.add";
    }
    credit {
        /// Adds a payment and returns a reference to the payment.
        register_payment(NewExpensePayment) -> Payment = "receipts.registerPayment";
    }
    act {
        /// Approves the receipt.
        approve(id: Receipt) = "receipts.approve";
        /// Refuses the receipt.
        refuse(id: Receipt) = "receipts.refuse";
        /// Takes the approval or the refusal back.
        mark_as_pending_review(id: Receipt) = "receipts.markAsPendingReview";
        /// Sends the receipt to the bookkeeping.
        send_to_bookkeeping(id: Receipt) = "receipts.sendToBookkeeping";
        /// Deletes the receipt.
        delete(id: Receipt) = "receipts.delete";
        /// Removes a payment.
        remove_payment(id: Receipt, payment_id: Payment) = "receipts.removePayment";
    }
    change {
        /// Changes the receipt.
        update(ReceiptUpdate) = "receipts.update";
        /// Changes a payment.
        update_payment(ExpensePaymentUpdate) = "receipts.updatePayment";
    }
}

impl<'a> Receipts<'a> {
    /// Lists the payments.
    #[inline]
    pub fn payments(self, id: impl Into<Id<Receipt>>) -> List<'a, Payment> {
        List::with(self.0, json!({ "id": id.into() })).by("receipts.listPayments")
    }
}
