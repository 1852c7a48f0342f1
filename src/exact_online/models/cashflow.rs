//! Receivables, payments, payment conditions and mandates.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Contact, Document, GlAccount};

model! {
    /// An amount that a customer has to pay.
    pub struct Receivable at "cashflow/Receivables", key "ID": Id<Receivable> {
        id: Id<Receivable> = "ID",
        account: Id<Account> = "Account" read_only,
        account_bank_account_id: Guid = "AccountBankAccountID" read_only,
        account_bank_account_number: String = "AccountBankAccountNumber" read_only,
        account_code: String = "AccountCode" read_only,
        account_contact: Id<Contact> = "AccountContact" read_only,
        account_contact_name: String = "AccountContactName" read_only,
        account_country: String = "AccountCountry" read_only,
        account_name: String = "AccountName" read_only,
        amount_dc: Decimal = "AmountDC" read_only,
        amount_discount_dc: Decimal = "AmountDiscountDC" read_only,
        amount_discount_fc: Decimal = "AmountDiscountFC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        bank_account_id: Guid = "BankAccountID" read_only,
        bank_account_number: String = "BankAccountNumber" read_only,
        cashflow_transaction_batch_code: String = "CashflowTransactionBatchCode" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency" read_only,
        description: String = "Description",
        direct_debit_mandate: Guid = "DirectDebitMandate" read_only,
        direct_debit_mandate_description: String = "DirectDebitMandateDescription" read_only,
        direct_debit_mandate_payment_type: i32 = "DirectDebitMandatePaymentType" read_only,
        direct_debit_mandate_reference: String = "DirectDebitMandateReference" read_only,
        direct_debit_mandate_type: i32 = "DirectDebitMandateType" read_only,
        discount_due_date: PrimitiveDateTime = "DiscountDueDate" read_only,
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document" read_only,
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate" read_only,
        end_date: PrimitiveDateTime = "EndDate" read_only,
        end_period: i32 = "EndPeriod" read_only,
        end_to_end_id: String = "EndToEndID" read_only,
        end_year: i32 = "EndYear" read_only,
        entry_date: PrimitiveDateTime = "EntryDate" read_only,
        entry_id: Guid = "EntryID" read_only,
        entry_number: i32 = "EntryNumber" read_only,
        gl_account: Id<GlAccount> = "GLAccount" read_only,
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        invoice_date: PrimitiveDateTime = "InvoiceDate" read_only,
        invoice_number: i32 = "InvoiceNumber" read_only,
        is_batch_booking: i32 = "IsBatchBooking" read_only,
        is_fully_paid: bool = "IsFullyPaid" read_only,
        journal: String = "Journal" read_only,
        journal_description: String = "JournalDescription" read_only,
        last_payment_date: PrimitiveDateTime = "LastPaymentDate" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_number: i32 = "OrderNumber" read_only,
        payment_condition: String = "PaymentCondition" read_only,
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        payment_days: i32 = "PaymentDays" read_only,
        payment_days_discount: i32 = "PaymentDaysDiscount" read_only,
        payment_discount_percentage: Decimal = "PaymentDiscountPercentage" read_only,
        payment_information_id: String = "PaymentInformationID" read_only,
        payment_method: String = "PaymentMethod",
        payment_reference: String = "PaymentReference",
        rate_fc: Decimal = "RateFC" read_only,
        receivable_batch_number: i32 = "ReceivableBatchNumber" read_only,
        receivable_selected: PrimitiveDateTime = "ReceivableSelected" read_only,
        receivable_selector: Guid = "ReceivableSelector" read_only,
        receivable_selector_full_name: String = "ReceivableSelectorFullName" read_only,
        source: i32 = "Source" read_only,
        status: i32 = "Status" read_only,
        transaction_amount_dc: Decimal = "TransactionAmountDC" read_only,
        transaction_amount_fc: Decimal = "TransactionAmountFC" read_only,
        transaction_due_date: PrimitiveDateTime = "TransactionDueDate" read_only,
        transaction_entry_id: Guid = "TransactionEntryID" read_only,
        transaction_id: Guid = "TransactionID" read_only,
        transaction_is_reversal: bool = "TransactionIsReversal" read_only,
        transaction_reporting_period: i32 = "TransactionReportingPeriod" read_only,
        transaction_reporting_year: i32 = "TransactionReportingYear" read_only,
        transaction_status: i32 = "TransactionStatus" read_only,
        transaction_type: i32 = "TransactionType" read_only,
        your_ref: String = "YourRef" read_only,
    }
}

model! {
    /// An amount that is owed to a supplier, and its payment.
    pub struct Payment at "cashflow/Payments", key "ID": Id<Payment> {
        id: Id<Payment> = "ID",
        account: Id<Account> = "Account" read_only,
        account_bank_account_id: Guid = "AccountBankAccountID" read_only,
        account_bank_account_number: String = "AccountBankAccountNumber" read_only,
        account_code: String = "AccountCode" read_only,
        account_contact: Id<Contact> = "AccountContact" read_only,
        account_contact_name: String = "AccountContactName" read_only,
        account_name: String = "AccountName" read_only,
        amount_dc: Decimal = "AmountDC" read_only,
        amount_discount_dc: Decimal = "AmountDiscountDC" read_only,
        amount_discount_fc: Decimal = "AmountDiscountFC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        bank_account_id: Guid = "BankAccountID" read_only,
        bank_account_number: String = "BankAccountNumber" read_only,
        cashflow_transaction_batch_code: String = "CashflowTransactionBatchCode" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency" read_only,
        description: String = "Description",
        discount_due_date: PrimitiveDateTime = "DiscountDueDate" read_only,
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document" read_only,
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate" read_only,
        end_date: PrimitiveDateTime = "EndDate" read_only,
        end_period: i32 = "EndPeriod" read_only,
        end_year: i32 = "EndYear" read_only,
        entry_date: PrimitiveDateTime = "EntryDate" read_only,
        entry_id: Guid = "EntryID" read_only,
        entry_number: i32 = "EntryNumber" read_only,
        gl_account: Id<GlAccount> = "GLAccount" read_only,
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        invoice_date: PrimitiveDateTime = "InvoiceDate" read_only,
        invoice_number: i32 = "InvoiceNumber" read_only,
        is_batch_booking: i32 = "IsBatchBooking" read_only,
        journal: String = "Journal" read_only,
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        payment_batch_number: i32 = "PaymentBatchNumber" read_only,
        payment_condition: String = "PaymentCondition" read_only,
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        payment_days: i32 = "PaymentDays" read_only,
        payment_days_discount: i32 = "PaymentDaysDiscount" read_only,
        payment_discount_percentage: Decimal = "PaymentDiscountPercentage" read_only,
        payment_method: String = "PaymentMethod",
        payment_reference: String = "PaymentReference",
        payment_selected: PrimitiveDateTime = "PaymentSelected" read_only,
        payment_selector: Guid = "PaymentSelector" read_only,
        payment_selector_full_name: String = "PaymentSelectorFullName" read_only,
        rate_fc: Decimal = "RateFC" read_only,
        source: i32 = "Source" read_only,
        status: i32 = "Status" read_only,
        transaction_amount_dc: Decimal = "TransactionAmountDC" read_only,
        transaction_amount_fc: Decimal = "TransactionAmountFC" read_only,
        transaction_due_date: PrimitiveDateTime = "TransactionDueDate" read_only,
        transaction_entry_id: Guid = "TransactionEntryID" read_only,
        transaction_id: Guid = "TransactionID" read_only,
        transaction_is_reversal: bool = "TransactionIsReversal" read_only,
        transaction_reporting_period: i32 = "TransactionReportingPeriod" read_only,
        transaction_reporting_year: i32 = "TransactionReportingYear" read_only,
        transaction_status: i32 = "TransactionStatus" read_only,
        transaction_type: i32 = "TransactionType" read_only,
        your_ref: String = "YourRef" read_only,
    }
}

model! {
    /// A payment condition, such as 30 days.
    pub struct PaymentCondition at "cashflow/PaymentConditions", key "ID": Id<PaymentCondition> {
        id: Id<PaymentCondition> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        credit_management_scenario: Guid = "CreditManagementScenario",
        credit_management_scenario_code: String = "CreditManagementScenarioCode" read_only,
        credit_management_scenario_description: String = "CreditManagementScenarioDescription" read_only,
        description: String = "Description",
        discount_calculation: String = "DiscountCalculation",
        discount_payment_days: i32 = "DiscountPaymentDays",
        discount_percentage: Decimal = "DiscountPercentage",
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        payment_days: i32 = "PaymentDays",
        payment_discount_type: String = "PaymentDiscountType",
        payment_end_of_months: i32 = "PaymentEndOfMonths",
        payment_method: String = "PaymentMethod",
        percentage: Decimal = "Percentage",
        vat_calculation: String = "VATCalculation",
    }
}

model! {
    /// An order to process payments.
    pub struct PaymentProcess at "cashflow/ProcessPayments", key "ID": Id<PaymentProcess> {
        id: Id<PaymentProcess> = "ID",
        bank_export_documents_url: String = "BankExportDocumentsUrl",
        division: i32 = "Division" read_only,
        error_message: String = "ErrorMessage",
        payment_i_ds: Vec<Value> = "PaymentIDs",
        success_message: String = "SuccessMessage",
    }
}

model! {
    /// A mandate for direct debit.
    pub struct DirectDebitMandate at "cashflow/DirectDebitMandates", key "ID": Id<DirectDebitMandate> {
        id: Id<DirectDebitMandate> = "ID",
        account: Id<Account> = "Account",
        attachment: Guid = "Attachment",
        attachment_file_name: String = "AttachmentFileName",
        bank_account: Guid = "BankAccount",
        cancellation_date: PrimitiveDateTime = "CancellationDate",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        first_send: i32 = "FirstSend",
        main: i32 = "Main",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        payment_type: i32 = "PaymentType",
        reference: String = "Reference",
        signature_date: PrimitiveDateTime = "SignatureDate",
        kind: i32 = "Type",
    }
}

model! {
    /// A bank.
    pub struct Bank at "cashflow/Banks", key "ID": Id<Bank> {
        id: Id<Bank> = "ID",
        bank_name: String = "BankName",
        bic_code: String = "BICCode",
        country: String = "Country",
        created: PrimitiveDateTime = "Created",
        description: String = "Description",
        format: String = "Format",
        home_page_address: String = "HomePageAddress",
        modified: PrimitiveDateTime = "Modified",
        status: String = "Status",
    }
}

resources! {
    /// Amounts that customers have to pay.
    receivables: Receivable [List Update]
        bulk "bulk/Cashflow/Receivables" without [];
    /// Amounts that are owed to suppliers, and their payments.
    payments: Payment [List Update]
        bulk "bulk/Cashflow/Payments" without [];
    /// Payment conditions.
    payment_conditions: PaymentCondition [List Create];
    /// Orders to process payments.
    process_payments: PaymentProcess [Create];
    /// Mandates for direct debit.
    direct_debit_mandates: DirectDebitMandate [List Create Update Delete]
        sync DirectDebitMandate "cashflow/DirectDebitMandates" without [];
    /// Banks.
    banks: Bank [List];
}
