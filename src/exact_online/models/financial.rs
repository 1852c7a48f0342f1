//! The general ledger, journals and value added tax.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, DeductibilityPercentage};

model! {
    /// An account of the general ledger.
    pub struct GlAccount at "financial/GLAccounts", key "ID": Id<GlAccount> {
        id: Id<GlAccount> = "ID",
        allow_costs_in_sales: i32 = "AllowCostsInSales",
        assimilated_vat_box: i32 = "AssimilatedVATBox",
        balance_side: String = "BalanceSide",
        balance_type: String = "BalanceType",
        belcotax_type: i32 = "BelcotaxType",
        code: String = "Code",
        compress: bool = "Compress",
        costcenter: String = "Costcenter",
        costcenter_description: String = "CostcenterDescription" read_only,
        costunit: String = "Costunit",
        costunit_description: String = "CostunitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        deductibility_percentages: Vec<DeductibilityPercentage> = "DeductibilityPercentages",
        description: String = "Description",
        division: i32 = "Division" read_only,
        exclude_vat_listing: i32 = "ExcludeVATListing",
        expense_non_deductible_percentage: Decimal = "ExpenseNonDeductiblePercentage",
        is_blocked: bool = "IsBlocked",
        matching: bool = "Matching",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        private_gl_account: Guid = "PrivateGLAccount",
        private_percentage: Decimal = "PrivatePercentage",
        reporting_code: String = "ReportingCode",
        revalue_currency: bool = "RevalueCurrency",
        search_code: String = "SearchCode",
        kind: i32 = "Type",
        type_description: String = "TypeDescription" read_only,
        use_costcenter: i32 = "UseCostcenter",
        use_costunit: i32 = "UseCostunit",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription" read_only,
        vatgl_account_type: String = "VATGLAccountType",
        vat_non_deductible_gl_account: Guid = "VATNonDeductibleGLAccount",
        vat_non_deductible_percentage: Decimal = "VATNonDeductiblePercentage",
        vat_system: String = "VATSystem",
        year_end_cost_gl_account: Guid = "YearEndCostGLAccount",
        year_end_reflection_gl_account: Guid = "YearEndReflectionGLAccount",
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A journal.
    pub struct Journal at "financial/Journals", key "ID": Id<Journal> {
        id: Id<Journal> = "ID",
        allow_variable_currency: bool = "AllowVariableCurrency",
        allow_variable_exchange_rate: bool = "AllowVariableExchangeRate",
        allow_vat: bool = "AllowVAT",
        auto_save: bool = "AutoSave",
        bank: Guid = "Bank",
        bank_account_bic_code: String = "BankAccountBICCode" read_only,
        bank_account_country: String = "BankAccountCountry" read_only,
        bank_account_description: String = "BankAccountDescription" read_only,
        bank_account_iban: String = "BankAccountIBAN" read_only,
        bank_account_id: Guid = "BankAccountID",
        bank_account_including_mask: String = "BankAccountIncludingMask",
        bank_name: String = "BankName" read_only,
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        currency_description: String = "CurrencyDescription" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        gl_account_type: i32 = "GLAccountType" read_only,
        is_blocked: bool = "IsBlocked",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        payment_in_transit_account: Guid = "PaymentInTransitAccount",
        payment_service_account_identifier: String = "PaymentServiceAccountIdentifier",
        payment_service_provider: i32 = "PaymentServiceProvider",
        payment_service_provider_name: String = "PaymentServiceProviderName" read_only,
        kind: i32 = "Type",
    }
}

model! {
    /// A VAT code.
    pub struct VatCode at "vat/VATCodes", key "ID": Id<VatCode> {
        id: Id<VatCode> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        calculation_basis: i32 = "CalculationBasis",
        charged: bool = "Charged",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        eu_sales_listing: String = "EUSalesListing",
        exclude_vat_listing: i32 = "ExcludeVATListing",
        gl_discount_purchase: Guid = "GLDiscountPurchase",
        gl_discount_purchase_code: String = "GLDiscountPurchaseCode" read_only,
        gl_discount_purchase_description: String = "GLDiscountPurchaseDescription" read_only,
        gl_discount_sales: Guid = "GLDiscountSales",
        gl_discount_sales_code: String = "GLDiscountSalesCode" read_only,
        gl_discount_sales_description: String = "GLDiscountSalesDescription" read_only,
        gl_to_claim: Id<GlAccount> = "GLToClaim",
        gl_to_claim_code: String = "GLToClaimCode" read_only,
        gl_to_claim_description: String = "GLToClaimDescription" read_only,
        gl_to_pay: Id<GlAccount> = "GLToPay",
        gl_to_pay_code: String = "GLToPayCode" read_only,
        gl_to_pay_description: String = "GLToPayDescription" read_only,
        intra_stat: bool = "IntraStat",
        intrastat_type: String = "IntrastatType",
        is_blocked: bool = "IsBlocked",
        legal_text: String = "LegalText",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        oss_country: String = "OssCountry",
        percentage: Decimal = "Percentage" read_only,
        tax_return_type: i32 = "TaxReturnType",
        kind: String = "Type",
        vat_doc_type: String = "VatDocType",
        vat_margin: i32 = "VatMargin",
        vat_partial_ratio: i32 = "VATPartialRatio",
        vat_percentages: Vec<VatPercentage> = "VATPercentages",
        vat_transaction_type: String = "VATTransactionType",
    }
}

model! {
    /// A percentage of a VAT code, with its period.
    pub struct VatPercentage at "vat/VatPercentages", key "ID": Id<VatPercentage> {
        id: Id<VatPercentage> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        line_number: i32 = "LineNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        percentage: Decimal = "Percentage",
        start_date: PrimitiveDateTime = "StartDate",
        kind: i32 = "Type",
        vat_code_id: Guid = "VATCodeID",
    }
}

resources! {
    /// Accounts of the general ledger.
    gl_accounts: GlAccount [List Create Update Delete]
        bulk "bulk/Financial/GLAccounts" without ["Timestamp"]
        sync GlAccount "sync/Financial/GLAccounts" without [];
    /// Journals.
    journals: Journal [List Create Update Delete];
    /// VAT codes.
    vat_codes: VatCode [List Create Update Delete];
    /// Percentages of VAT codes.
    vat_percentages: VatPercentage [List];
}
