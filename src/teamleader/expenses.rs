//! Expenses: incoming invoices, incoming credit notes and receipts.

use time::{Date, OffsetDateTime};

use super::declare::{body, enums, object};
use super::departments::Department;
use super::files::File;
use super::macros::{bare, listed, resource};
use super::settings::PaymentMethod;
use super::{Currency, Customer, Decimal, Id, List, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// How much of an expense is paid.
    pub enum PaymentStatus {
        /// Not known.
        NotKnown = "unknown",
        /// The whole.
        Paid = "paid",
        /// A part.
        PartiallyPaid = "partially_paid",
        /// Nothing.
        NotPaid = "not_paid",
    }

    /// The fields that expenses can be sorted by.
    pub enum ExpenseSort {
        /// The date of the document.
        DocumentDate = "document_date",
        /// The due date.
        DueDate = "due_date",
        /// The name of the supplier.
        SupplierName = "supplier_name",
    }

    /// Whether an expense is approved.
    pub enum ReviewStatus {
        /// Not decided yet.
        Pending = "pending",
        /// Approved.
        Approved = "approved",
        /// Refused.
        Refused = "refused",
    }

    /// Whether an expense was sent to the bookkeeping.
    pub enum BookkeepingStatus {
        /// Not sent.
        NotSent = "not_sent",
        /// Sent.
        Sent = "sent",
    }

    /// The status of an expense that was sent to the bookkeeping.
    pub enum SubmissionStatus {
        /// On its way.
        Sending = "sending",
        /// The bookkeeping received the expense.
        Confirmed = "confirmed",
        /// Sending failed.
        Failed = "failed",
    }

    /// How a filter compares dates.
    pub enum DateOperator {
        /// There is no date.
        IsEmpty = "is_empty",
        /// From `start` to `end`.
        Between = "between",
        /// On `value`.
        Equals = "equals",
        /// Before `value`.
        Before = "before",
        /// After `value`.
        After = "after",
    }

    /// The type of an expense.
    pub enum ExpenseType {
        /// An incoming invoice.
        IncomingInvoice = "incomingInvoice",
        /// An incoming credit note.
        IncomingCreditNote = "incomingCreditNote",
        /// A receipt.
        Receipt = "receipt",
    }

    /// Whether expenses are paid, in a filter.
    pub enum PaidFilter {
        /// Paid.
        Paid = "paid",
        /// Not paid.
        Unpaid = "unpaid",
    }
}

object! {
    /// The currency of an expense.
    pub struct CurrencyCode {
        /// The currency code, such as `USD`.
        code: Option<Currency>,
    }
}

object! {
    /// An amount in the currency of the expense.
    pub struct ExpenseAmount {
        /// The amount.
        amount: Option<Decimal>,
    }
}

object! {
    /// The totals of an expense.
    pub struct ExpenseTotal {
        /// The total without tax.
        tax_exclusive: Option<ExpenseAmount>,
        /// The total with tax.
        tax_inclusive: Option<ExpenseAmount>,
    }
}

object! {
    /// An expense: an incoming invoice, an incoming credit note or a receipt.
    pub struct Expense {
        /// The incoming invoice, the incoming credit note or the receipt.
        source: Option<Reference>,
        /// The user or the Peppol document that the expense comes from.
        origin: Option<Reference>,
        /// The title.
        title: Option<String>,
        /// The supplier: a contact or a company.
        supplier: Option<Reference>,
        /// The number on the document.
        document_number: Option<String>,
        /// The date of the document.
        document_date: Option<Date>,
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
        /// Whether the document was sent to the bookkeeping.
        bookkeeping_status: Option<BookkeepingStatus>,
        /// The IBAN of the bank account.
        iban_number: Option<String>,
        /// How much is paid.
        payment_status: Option<PaymentStatus>,
        /// The amount that is paid.
        paid_amount: Option<Decimal>,
        /// The date of the payment.
        paid_at: Option<Date>,
    }
}

object! {
    /// A payment of an expense.
    pub struct Payment {
        /// The id.
        id: Id<Payment>,
        /// The amount.
        payment: Option<Money>,
        /// The time of the payment.
        paid_at: Option<OffsetDateTime>,
        /// The payment method.
        payment_method: Option<Reference<PaymentMethod>>,
        /// A remark.
        remark: Option<String>,
    }
}

object! {
    /// An expense that was sent to the bookkeeping.
    pub struct BookkeepingSubmission {
        /// The id.
        id: Id<BookkeepingSubmission>,
        /// The expense.
        subject: Option<Reference>,
        /// The email address of the bookkeeping.
        email_address: Option<String>,
        /// The status.
        status: Option<SubmissionStatus>,
        /// The time of sending.
        created_at: Option<OffsetDateTime>,
    }
}

body! {
    /// A condition for dates.
    pub struct DateCondition {
        /// How the dates are compared.
        operator: DateOperator,
        ; set
        /// The date that [`DateOperator::Equals`], `Before` and `After` compare with.
        value: Date,
        /// The first date of [`DateOperator::Between`].
        start: Date,
        /// The last date of [`DateOperator::Between`].
        end: Date,
    }
}

body! {
    /// A filter for expenses.
    pub struct ExpenseFilter {
        ; set
        /// Expenses with this text.
        term: String,
        /// Expenses from objects of one of these types.
        source_types: Vec<ExpenseType>,
        /// Expenses with one of these results of the review.
        review_statuses: Vec<ReviewStatus>,
        /// Expenses that were sent to the bookkeeping, or that were not.
        bookkeeping_statuses: Vec<BookkeepingStatus>,
        /// Expenses that are paid, or that are not.
        payment_statuses: Vec<PaidFilter>,
        /// Expenses of one of these departments.
        department_ids: Vec<Id<Department>>,
        /// Expenses of this contact or company.
        supplier: Customer,
        /// Expenses whose document date meets this condition.
        document_date: DateCondition,
        /// Expenses whose date of payment meets this condition.
        paid_at: DateCondition,
    }
}

body! {
    /// An amount in the currency of the expense.
    pub struct NewExpenseAmount {
        /// The amount.
        amount: Decimal,
    }
}

body! {
    /// The totals of an expense, in a request.
    pub struct NewExpenseTotal {
        ; clear
        /// The total without tax; not for receipts.
        tax_exclusive: NewExpenseAmount,
        /// The total with tax.
        tax_inclusive: NewExpenseAmount,
    }
}

impl From<Decimal> for NewExpenseAmount {
    fn from(amount: Decimal) -> NewExpenseAmount {
        NewExpenseAmount { amount }
    }
}

body! {
    /// A new payment of an expense.
    pub struct NewExpensePayment {
        /// The amount.
        payment: Money,
        /// The time of the payment.
        paid_at: OffsetDateTime,
        ; clear
        /// The id of the payment method.
        payment_method_id: Id<PaymentMethod>,
        /// A remark.
        remark: String,
    }
}

body! {
    /// Changes to a payment of an expense.
    pub struct ExpensePaymentUpdate {
        /// The id of the payment.
        payment_id: Id<Payment>,
        ; set
        /// The amount.
        payment: Money,
        /// The time of the payment.
        paid_at: OffsetDateTime,
        ; clear
        /// The id of the payment method.
        payment_method_id: Id<PaymentMethod>,
        /// A remark.
        remark: String,
    }
}

body! {
    /// A filter for submissions to the bookkeeping.
    pub struct SubmissionFilter {
        /// Submissions of this object.
        subject: Reference,
    }
}

listed! {
    Expense => "expenses.list", ExpenseFilter, ExpenseSort, Nothing;
    Payment => "receipts.listPayments", Nothing, Nothing, Nothing;
    BookkeepingSubmission => "bookkeepingSubmissions.list", SubmissionFilter, Nothing, Nothing;
}

resource! {
    /// The operations on expenses, from [`Teamleader::expenses`](super::Teamleader::expenses).
    pub struct Expenses of Expense
}

bare! {
    /// The operations on submissions to the bookkeeping, from [`Teamleader::bookkeeping_submissions`](super::Teamleader::bookkeeping_submissions).
    pub struct BookkeepingSubmissions
}

impl<'a> BookkeepingSubmissions<'a> {
    /// Lists how often and when an expense was sent to the bookkeeping. The type of the reference is `incoming_invoice`,
    /// `incoming_credit_note` or `receipt`.
    #[inline]
    pub fn of(self, expense: impl Into<Reference>) -> List<'a, BookkeepingSubmission> {
        List::new(self.0).filter(SubmissionFilter::new(expense))
    }
}
