//! Balances, budgets, and lists of open items.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Document, GlAccount, Item};

model! {
    /// The balance of an account of the general ledger in a period.
    pub struct ReportingBalance at "financial/ReportingBalance", key "ID": i64 {
        id: i64 = "ID",
        amount: Decimal = "Amount",
        amount_credit: Decimal = "AmountCredit",
        amount_debit: Decimal = "AmountDebit",
        balance_type: String = "BalanceType",
        cost_center_code: String = "CostCenterCode",
        cost_center_description: String = "CostCenterDescription",
        cost_unit_code: String = "CostUnitCode",
        cost_unit_description: String = "CostUnitDescription",
        count: i32 = "Count",
        division: i32 = "Division",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        reporting_period: i32 = "ReportingPeriod",
        reporting_year: i32 = "ReportingYear",
        status: i32 = "Status",
        kind: i32 = "Type",
    }
}

model! {
    /// The budget of an account of the general ledger in a period.
    pub struct Budget at "budget/Budgets", key "ID": Id<Budget> {
        id: Id<Budget> = "ID",
        amount_dc: Decimal = "AmountDC",
        budget_scenario: Guid = "BudgetScenario",
        budget_scenario_code: String = "BudgetScenarioCode",
        budget_scenario_description: String = "BudgetScenarioDescription",
        costcenter: String = "Costcenter",
        costcenter_description: String = "CostcenterDescription",
        costunit: String = "Costunit",
        costunit_description: String = "CostunitDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        hid: i64 = "HID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        reporting_period: i32 = "ReportingPeriod",
        reporting_year: i32 = "ReportingYear",
    }
}

model! {
    /// A scenario of budgets.
    pub struct BudgetScenario at "beta/budget/BudgetScenarios", key "ID": Id<BudgetScenario> {
        id: Id<BudgetScenario> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        from_year: i32 = "FromYear",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        to_year: i32 = "ToYear",
    }
}

model! {
    /// What a customer owes, by age.
    pub struct AgingReceivable at "read/financial/AgingReceivablesList", key "AccountId": Id<Account> {
        account_id: Id<Account> = "AccountId",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        age_group1: i32 = "AgeGroup1",
        age_group1_amount: Decimal = "AgeGroup1Amount",
        age_group1_description: String = "AgeGroup1Description",
        age_group2: i32 = "AgeGroup2",
        age_group2_amount: Decimal = "AgeGroup2Amount",
        age_group2_description: String = "AgeGroup2Description",
        age_group3: i32 = "AgeGroup3",
        age_group3_amount: Decimal = "AgeGroup3Amount",
        age_group3_description: String = "AgeGroup3Description",
        age_group4: i32 = "AgeGroup4",
        age_group4_amount: Decimal = "AgeGroup4Amount",
        age_group4_description: String = "AgeGroup4Description",
        currency_code: String = "CurrencyCode",
        total_amount: Decimal = "TotalAmount",
    }
}

model! {
    /// What is owed to a supplier, by age.
    pub struct AgingPayable at "read/financial/AgingPayablesList", key "AccountId": Id<Account> {
        account_id: Id<Account> = "AccountId",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        age_group1: i32 = "AgeGroup1",
        age_group1_amount: Decimal = "AgeGroup1Amount",
        age_group1_description: String = "AgeGroup1Description",
        age_group2: i32 = "AgeGroup2",
        age_group2_amount: Decimal = "AgeGroup2Amount",
        age_group2_description: String = "AgeGroup2Description",
        age_group3: i32 = "AgeGroup3",
        age_group3_amount: Decimal = "AgeGroup3Amount",
        age_group3_description: String = "AgeGroup3Description",
        age_group4: i32 = "AgeGroup4",
        age_group4_amount: Decimal = "AgeGroup4Amount",
        age_group4_description: String = "AgeGroup4Description",
        currency_code: String = "CurrencyCode",
        total_amount: Decimal = "TotalAmount",
    }
}

model! {
    /// The amounts receivable and payable in one age group.
    pub struct AgingGroup at "read/financial/AgingOverview", key "AgeGroup": i32 {
        age_group: i32 = "AgeGroup",
        age_group_description: String = "AgeGroupDescription",
        amount_payable: Decimal = "AmountPayable",
        amount_receivable: Decimal = "AmountReceivable",
        currency_code: String = "CurrencyCode",
    }
}

model! {
    /// An open item of a customer.
    pub struct OpenReceivable at "read/financial/ReceivablesList", key "HID": i64 {
        hid: i64 = "HID",
        account_code: String = "AccountCode",
        account_id: Id<Account> = "AccountId",
        account_name: String = "AccountName",
        amount: Decimal = "Amount",
        amount_in_transit: Decimal = "AmountInTransit",
        currency_code: String = "CurrencyCode",
        description: String = "Description",
        due_date: PrimitiveDateTime = "DueDate",
        entry_number: i32 = "EntryNumber",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_number: i32 = "InvoiceNumber",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription",
        notes: Vec<Value> = "Notes",
        your_ref: String = "YourRef",
    }
}

model! {
    /// An open item of a supplier.
    pub struct OpenPayable at "read/financial/PayablesList", key "HID": i64 {
        hid: i64 = "HID",
        account_code: String = "AccountCode",
        account_id: Id<Account> = "AccountId",
        account_name: String = "AccountName",
        amount: Decimal = "Amount",
        amount_in_transit: Decimal = "AmountInTransit",
        approval_status: i32 = "ApprovalStatus",
        currency_code: String = "CurrencyCode",
        description: String = "Description",
        due_date: PrimitiveDateTime = "DueDate",
        entry_number: i32 = "EntryNumber",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_number: i32 = "InvoiceNumber",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription",
        notes: Vec<Value> = "Notes",
        your_ref: String = "YourRef",
    }
}

model! {
    /// The numbers and amounts of outstanding and overdue invoices.
    pub struct OutstandingInvoices at "read/financial/OutstandingInvoicesOverview", key "CurrencyCode": String {
        currency_code: String = "CurrencyCode",
        outstanding_payable_invoice_amount: Decimal = "OutstandingPayableInvoiceAmount",
        outstanding_payable_invoice_count: Decimal = "OutstandingPayableInvoiceCount",
        outstanding_receivable_invoice_amount: Decimal = "OutstandingReceivableInvoiceAmount",
        outstanding_receivable_invoice_count: Decimal = "OutstandingReceivableInvoiceCount",
        overdue_payable_invoice_amount: Decimal = "OverduePayableInvoiceAmount",
        overdue_payable_invoice_count: Decimal = "OverduePayableInvoiceCount",
        overdue_receivable_invoice_amount: Decimal = "OverdueReceivableInvoiceAmount",
        overdue_receivable_invoice_count: Decimal = "OverdueReceivableInvoiceCount",
    }
}

model! {
    /// Costs, revenue and result of this year and of the year before.
    pub struct ProfitLossOverview at "read/financial/ProfitLossOverview", key "CurrentYear": i32 {
        current_year: i32 = "CurrentYear",
        costs_current_period: Decimal = "CostsCurrentPeriod",
        costs_current_year: Decimal = "CostsCurrentYear",
        costs_previous_year: Decimal = "CostsPreviousYear",
        costs_previous_year_period: Decimal = "CostsPreviousYearPeriod",
        currency_code: String = "CurrencyCode",
        current_period: i32 = "CurrentPeriod",
        previous_year: i32 = "PreviousYear",
        previous_year_period: i32 = "PreviousYearPeriod",
        result_current_period: Decimal = "ResultCurrentPeriod",
        result_current_year: Decimal = "ResultCurrentYear",
        result_previous_year: Decimal = "ResultPreviousYear",
        result_previous_year_period: Decimal = "ResultPreviousYearPeriod",
        revenue_current_period: Decimal = "RevenueCurrentPeriod",
        revenue_current_year: Decimal = "RevenueCurrentYear",
        revenue_previous_year: Decimal = "RevenuePreviousYear",
        revenue_previous_year_period: Decimal = "RevenuePreviousYearPeriod",
    }
}

model! {
    /// The revenue of a period.
    pub struct Revenue at "read/financial/RevenueList", key "Period": i32 {
        period: i32 = "Period",
        year: i32 = "Year",
        amount: Decimal = "Amount",
    }
}

model! {
    /// The status of a journal in a period.
    pub struct JournalStatus at "read/financial/JournalStatusList", key "Journal": String {
        journal: String = "Journal",
        period: i32 = "Period",
        year: i32 = "Year",
        journal_description: String = "JournalDescription",
        journal_type: i32 = "JournalType",
        journal_type_description: String = "JournalTypeDescription",
        status: i32 = "Status",
        status_description: String = "StatusDescription",
    }
}

model! {
    /// A tax return, such as a VAT return.
    pub struct TaxReturn at "read/financial/Returns", key "DocumentID": Id<Document> {
        document_id: Id<Document> = "DocumentID",
        amount: Decimal = "Amount",
        created: PrimitiveDateTime = "Created",
        currency: String = "Currency",
        description: String = "Description",
        document_view_url: String = "DocumentViewUrl",
        due_date: PrimitiveDateTime = "DueDate",
        frequency: String = "Frequency",
        payroll_declaration_type: String = "PayrollDeclarationType",
        period: i32 = "Period",
        period_description: String = "PeriodDescription",
        request: Guid = "Request",
        status: i32 = "Status",
        subject: String = "Subject",
        kind: i32 = "Type",
        year: i32 = "Year",
    }
}

model! {
    /// A return for an authority.
    pub struct OfficialReturn at "financial/OfficialReturns", key "ID": Id<OfficialReturn> {
        id: Id<OfficialReturn> = "ID",
        amount: Decimal = "Amount",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description" read_only,
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        frequency: i32 = "Frequency",
        is_correction: i32 = "IsCorrection",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        period: i32 = "Period",
        presentation_data: String = "PresentationData",
        presentation_date: PrimitiveDateTime = "PresentationDate",
        presentation_file: String = "PresentationFile",
        presentation_file_name: String = "PresentationFileName",
        reference: String = "Reference",
        source: i32 = "Source" read_only,
        status: i32 = "Status",
        kind: i32 = "Type",
        type_description: String = "TypeDescription" read_only,
        year: i32 = "Year",
    }
}

resources! {
    /// Balances by account of the general ledger and period.
    reporting_balances: ReportingBalance [List];
    /// Budgets by account of the general ledger and period.
    budgets: Budget [List];
    /// Scenarios of budgets.
    budget_scenarios: BudgetScenario [List];
    /// What customers owe, by age.
    aging_receivables: AgingReceivable [List];
    /// What is owed to suppliers, by age.
    aging_payables: AgingPayable [List];
    /// Amounts receivable and payable, by age.
    aging_overview: AgingGroup [ListOnly];
    /// Open items of customers.
    open_receivables: OpenReceivable [List];
    /// Open items of suppliers.
    open_payables: OpenPayable [List];
    /// Numbers and amounts of outstanding and overdue invoices.
    outstanding_invoices: OutstandingInvoices [List];
    /// Costs, revenue and result of this year and of the year before.
    profit_loss_overview: ProfitLossOverview [List];
    /// Revenue by period.
    revenues: Revenue [ListOnly];
    /// The status of journals by period.
    journal_statuses: JournalStatus [ListOnly];
    /// Tax returns, such as VAT returns.
    tax_returns: TaxReturn [List];
    /// Returns for authorities.
    official_returns: OfficialReturn [List Create];
}
