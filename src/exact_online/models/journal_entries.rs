//! General journal entries, bank entries and cash entries.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Document, GlAccount, Project};

model! {
    /// A general journal entry.
    pub struct GeneralJournalEntry at "generaljournalentry/GeneralJournalEntries", key "EntryID": Id<GeneralJournalEntry> {
        entry_id: Id<GeneralJournalEntry> = "EntryID",
        created: PrimitiveDateTime = "Created" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        division: i32 = "Division" read_only,
        entry_number: i32 = "EntryNumber",
        exchange_rate: Decimal = "ExchangeRate",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        general_journal_entry_lines: Vec<GeneralJournalEntryLine> = "GeneralJournalEntryLines",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        reversal: bool = "Reversal",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        kind: i32 = "Type" read_only,
        type_description: String = "TypeDescription" read_only,
    }
}

model! {
    /// A line of a general journal entry.
    pub struct GeneralJournalEntryLine at "generaljournalentry/GeneralJournalEntryLines", key "ID": Id<GeneralJournalEntryLine> {
        id: Id<GeneralJournalEntryLine> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        amount_vatdc: Decimal = "AmountVATDC" read_only,
        amount_vatfc: Decimal = "AmountVATFC",
        asset: Guid = "Asset",
        asset_code: String = "AssetCode" read_only,
        asset_description: String = "AssetDescription" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        entry_id: Id<GeneralJournalEntry> = "EntryID",
        entry_number: i32 = "EntryNumber" read_only,
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        offset_id: Guid = "OffsetID",
        our_ref: i32 = "OurRef",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        vat_base_amount_dc: Decimal = "VATBaseAmountDC" read_only,
        vat_base_amount_fc: Decimal = "VATBaseAmountFC" read_only,
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
        vat_type: String = "VATType" read_only,
    }
}

model! {
    /// A bank entry: a statement of a bank account.
    pub struct BankEntry at "financialtransaction/BankEntries", key "EntryID": Id<BankEntry> {
        entry_id: Id<BankEntry> = "EntryID",
        bank_entry_lines: Vec<BankEntryLine> = "BankEntryLines",
        bank_statement_document: Guid = "BankStatementDocument",
        bank_statement_document_number: i32 = "BankStatementDocumentNumber" read_only,
        bank_statement_document_subject: String = "BankStatementDocumentSubject" read_only,
        closing_balance_fc: Decimal = "ClosingBalanceFC",
        created: PrimitiveDateTime = "Created" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        division: i32 = "Division" read_only,
        entry_number: i32 = "EntryNumber",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        opening_balance_fc: Decimal = "OpeningBalanceFC",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
    }
}

model! {
    /// A line of a bank entry.
    pub struct BankEntryLine at "financialtransaction/BankEntryLines", key "ID": Id<BankEntryLine> {
        id: Id<BankEntryLine> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        amount_vatfc: Decimal = "AmountVATFC",
        asset: Guid = "Asset",
        asset_code: String = "AssetCode" read_only,
        asset_description: String = "AssetDescription" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        entry_id: Id<BankEntry> = "EntryID",
        entry_number: i32 = "EntryNumber" read_only,
        exchange_rate: Decimal = "ExchangeRate",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        offset_id: Guid = "OffsetID" read_only,
        our_ref: i32 = "OurRef",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
        vat_type: String = "VATType",
    }
}

model! {
    /// A cash entry.
    pub struct CashEntry at "financialtransaction/CashEntries", key "EntryID": Id<CashEntry> {
        entry_id: Id<CashEntry> = "EntryID",
        cash_entry_lines: Vec<CashEntryLine> = "CashEntryLines",
        closing_balance_fc: Decimal = "ClosingBalanceFC",
        created: PrimitiveDateTime = "Created" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        division: i32 = "Division" read_only,
        entry_number: i32 = "EntryNumber",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        opening_balance_fc: Decimal = "OpeningBalanceFC",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
    }
}

model! {
    /// A line of a cash entry.
    pub struct CashEntryLine at "financialtransaction/CashEntryLines", key "ID": Id<CashEntryLine> {
        id: Id<CashEntryLine> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        amount_vatfc: Decimal = "AmountVATFC",
        asset: Guid = "Asset",
        asset_code: String = "AssetCode" read_only,
        asset_description: String = "AssetDescription" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        entry_id: Id<CashEntry> = "EntryID",
        entry_number: i32 = "EntryNumber" read_only,
        exchange_rate: Decimal = "ExchangeRate",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        offset_id: Guid = "OffsetID" read_only,
        our_ref: i32 = "OurRef",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
        vat_type: String = "VATType",
    }
}

resources! {
    /// General journal entries.
    general_journal_entries: GeneralJournalEntry [List Create Delete]
        sync GeneralJournalEntry "generaljournalentry/GeneralJournalEntries" without [];
    /// Lines of general journal entries.
    general_journal_entry_lines: GeneralJournalEntryLine [List Create];
    /// Bank entries.
    bank_entries: BankEntry [List Create Delete]
        sync BankEntry "financialtransaction/BankEntries" without [];
    /// Lines of bank entries.
    bank_entry_lines: BankEntryLine [List Create];
    /// Cash entries.
    cash_entries: CashEntry [List Create Delete]
        sync CashEntry "financialtransaction/CashEntries" without [];
    /// Lines of cash entries.
    cash_entry_lines: CashEntryLine [List Create];
}
