//! The lines of the general ledger, financial periods, exchange rates and classifications.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Document, GlAccount, Item, Project};

model! {
    /// A line of an entry in the general ledger.
    pub struct TransactionLine at "financialtransaction/TransactionLines", key "ID": Id<TransactionLine> {
        id: Id<TransactionLine> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        amount_vat_base_fc: Decimal = "AmountVATBaseFC",
        amount_vatfc: Decimal = "AmountVATFC",
        asset: Guid = "Asset",
        asset_code: String = "AssetCode",
        asset_description: String = "AssetDescription",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription",
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        description: String = "Description",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber",
        document_subject: String = "DocumentSubject",
        due_date: PrimitiveDateTime = "DueDate",
        entry_id: Id<Transaction> = "EntryID",
        entry_number: i32 = "EntryNumber",
        exchange_rate: Decimal = "ExchangeRate",
        external_link_description: String = "ExternalLinkDescription",
        external_link_reference: String = "ExternalLinkReference",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        extra_duty_percentage: Decimal = "ExtraDutyPercentage",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        invoice_number: i32 = "InvoiceNumber",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription",
        line_number: i32 = "LineNumber",
        line_type: i32 = "LineType",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        offset_id: Guid = "OffsetID",
        order_number: i32 = "OrderNumber",
        payment_discount_amount: Decimal = "PaymentDiscountAmount",
        payment_reference: String = "PaymentReference",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        quantity: Decimal = "Quantity",
        shop_order: Guid = "ShopOrder",
        status: i32 = "Status",
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription",
        tracking_number: String = "TrackingNumber",
        tracking_number_description: String = "TrackingNumberDescription",
        kind: i32 = "Type",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription",
        vat_percentage: Decimal = "VATPercentage",
        vat_type: String = "VATType",
        your_ref: String = "YourRef",
        timestamp: i64 = "Timestamp",
    }
}

model! {
    /// An entry in the general ledger, without its lines.
    pub struct Transaction at "financialtransaction/Transactions", key "EntryID": Id<Transaction> {
        entry_id: Id<Transaction> = "EntryID",
        closing_balance_fc: Decimal = "ClosingBalanceFC",
        created: PrimitiveDateTime = "Created",
        date: PrimitiveDateTime = "Date",
        description: String = "Description",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber",
        document_subject: String = "DocumentSubject",
        entry_number: i32 = "EntryNumber",
        external_link_description: String = "ExternalLinkDescription",
        external_link_reference: String = "ExternalLinkReference",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        is_extra_duty: bool = "IsExtraDuty",
        journal_code: String = "JournalCode",
        journal_description: String = "JournalDescription",
        modified: PrimitiveDateTime = "Modified",
        opening_balance_fc: Decimal = "OpeningBalanceFC",
        payment_condition_code: String = "PaymentConditionCode",
        payment_condition_description: String = "PaymentConditionDescription",
        payment_reference: String = "PaymentReference",
        status: i32 = "Status",
        status_description: String = "StatusDescription",
        transaction_lines: Vec<TransactionLine> = "TransactionLines",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
    }
}

model! {
    /// A period of a financial year.
    pub struct FinancialPeriod at "financial/FinancialPeriods", key "ID": Id<FinancialPeriod> {
        id: Id<FinancialPeriod> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        fin_period: i32 = "FinPeriod",
        fin_year: i32 = "FinYear",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        start_date: PrimitiveDateTime = "StartDate",
    }
}

model! {
    /// A rate between two currencies, from its start date on.
    pub struct ExchangeRate at "financial/ExchangeRates", key "ID": Id<ExchangeRate> {
        id: Id<ExchangeRate> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        rate: Decimal = "Rate",
        source_currency: String = "SourceCurrency",
        source_currency_description: String = "SourceCurrencyDescription" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        target_currency: String = "TargetCurrency" read_only,
        target_currency_description: String = "TargetCurrencyDescription" read_only,
    }
}

model! {
    /// A currency.
    pub struct Currency at "general/Currencies", key "Code": String {
        code: String = "Code",
        amount_precision: Decimal = "AmountPrecision",
        created: PrimitiveDateTime = "Created",
        description: String = "Description",
        modified: PrimitiveDateTime = "Modified",
        price_precision: Decimal = "PricePrecision",
    }
}

model! {
    /// A classification of accounts of the general ledger.
    pub struct GlClassification at "financial/GLClassifications", key "ID": Id<GlClassification> {
        id: Id<GlClassification> = "ID",
        is_abstract: bool = "Abstract",
        balance: String = "Balance",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        name: String = "Name",
        nillable: bool = "Nillable",
        parent: Guid = "Parent",
        period_type: String = "PeriodType",
        substitution_group: String = "SubstitutionGroup",
        taxonomy_namespace: Guid = "TaxonomyNamespace",
        taxonomy_namespace_description: String = "TaxonomyNamespaceDescription",
        kind: Guid = "Type",
        timestamp: i64 = "Timestamp",
    }
}

model! {
    /// A scheme of classifications.
    pub struct GlScheme at "financial/GLSchemes", key "ID": Id<GlScheme> {
        id: Id<GlScheme> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        main: i32 = "Main",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        target_namespace: String = "TargetNamespace",
    }
}

model! {
    /// The link of an account of the general ledger to a classification.
    pub struct GlAccountClassificationMapping at "financial/GLAccountClassificationMappings", key "ID": Id<GlAccountClassificationMapping> {
        id: Id<GlAccountClassificationMapping> = "ID",
        classification: Guid = "Classification",
        classification_code: String = "ClassificationCode" read_only,
        classification_description: String = "ClassificationDescription" read_only,
        division: i32 = "Division" read_only,
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        gl_scheme_code: String = "GLSchemeCode" read_only,
        gl_scheme_description: String = "GLSchemeDescription" read_only,
        gl_scheme_id: Guid = "GLSchemeID",
    }
}

model! {
    /// The deductible percentage of an account of the general ledger, with its period.
    pub struct DeductibilityPercentage at "financial/DeductibilityPercentages", key "ID": Id<DeductibilityPercentage> {
        id: Id<DeductibilityPercentage> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        expense_non_deductible_percentage: Decimal = "ExpenseNonDeductiblePercentage",
        gl_account: Id<GlAccount> = "GLAccount",
        line_number: i32 = "LineNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        private_use_percentage: Decimal = "PrivateUsePercentage",
        start_date: PrimitiveDateTime = "StartDate",
        vat_non_deductible_percentage: Decimal = "VATNonDeductiblePercentage",
    }
}

model! {
    /// A type of entry in the general ledger.
    pub struct GlTransactionType at "financial/GLTransactionTypes", key "ID": i32 {
        id: i32 = "ID",
        description: String = "Description",
        description_suffix: String = "DescriptionSuffix",
    }
}

model! {
    /// A source of entries in the general ledger.
    pub struct GlTransactionSource at "financial/GLTransactionSources", key "ID": i32 {
        id: i32 = "ID",
        description: String = "Description",
        description_suffix: String = "DescriptionSuffix",
    }
}

model! {
    /// A cost centre.
    pub struct CostCenter at "hrm/Costcenters", key "ID": Id<CostCenter> {
        id: Id<CostCenter> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
    }
}

model! {
    /// A cost unit.
    pub struct CostUnit at "hrm/Costunits", key "ID": Id<CostUnit> {
        id: Id<CostUnit> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
    }
}

resources! {
    /// Lines of all entries in the general ledger.
    transaction_lines: TransactionLine [List]
        bulk "bulk/Financial/TransactionLines" without ["Timestamp"]
        sync TransactionLine "sync/Financial/TransactionLines" without ["ShopOrder"];
    /// Entries in the general ledger.
    transactions: Transaction [List];
    /// Periods of financial years.
    financial_periods: FinancialPeriod [List];
    /// Exchange rates.
    exchange_rates: ExchangeRate [List Create Update Delete];
    /// Currencies.
    currencies: Currency [List];
    /// Classifications of accounts of the general ledger.
    gl_classifications: GlClassification [List]
        bulk "bulk/Financial/GLClassifications" without ["Timestamp"]
        sync GlClassification "sync/Financial/GLClassifications" without [];
    /// Schemes of classifications.
    gl_schemes: GlScheme [List];
    /// Links of accounts of the general ledger to classifications.
    gl_account_classification_mappings: GlAccountClassificationMapping [List Create Update Delete];
    /// Deductible percentages of accounts of the general ledger.
    deductibility_percentages: DeductibilityPercentage [List];
    /// Types of entries in the general ledger.
    gl_transaction_types: GlTransactionType [List];
    /// Sources of entries in the general ledger.
    gl_transaction_sources: GlTransactionSource [List];
    /// Cost centres.
    cost_centers: CostCenter [List Create Update Delete];
    /// Cost units.
    cost_units: CostUnit [List Create Update Delete];
}
