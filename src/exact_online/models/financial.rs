//! The general ledger, journals and value added tax.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::Account;
use super::model;

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
        costcenter_description: String = "CostcenterDescription",
        costunit: String = "Costunit",
        costunit_description: String = "CostunitDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        deductibility_percentages: Vec<Value> = "DeductibilityPercentages",
        description: String = "Description",
        division: i32 = "Division",
        exclude_vat_listing: i32 = "ExcludeVATListing",
        expense_non_deductible_percentage: Decimal = "ExpenseNonDeductiblePercentage",
        is_blocked: bool = "IsBlocked",
        matching: bool = "Matching",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        private_gl_account: Guid = "PrivateGLAccount",
        private_percentage: Decimal = "PrivatePercentage",
        reporting_code: String = "ReportingCode",
        revalue_currency: bool = "RevalueCurrency",
        search_code: String = "SearchCode",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
        use_costcenter: i32 = "UseCostcenter",
        use_costunit: i32 = "UseCostunit",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vatgl_account_type: String = "VATGLAccountType",
        vat_non_deductible_gl_account: Guid = "VATNonDeductibleGLAccount",
        vat_non_deductible_percentage: Decimal = "VATNonDeductiblePercentage",
        vat_system: String = "VATSystem",
        year_end_cost_gl_account: Guid = "YearEndCostGLAccount",
        year_end_reflection_gl_account: Guid = "YearEndReflectionGLAccount",
        timestamp: i64 = "Timestamp",
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
        bank_account_bic_code: String = "BankAccountBICCode",
        bank_account_country: String = "BankAccountCountry",
        bank_account_description: String = "BankAccountDescription",
        bank_account_iban: String = "BankAccountIBAN",
        bank_account_id: Guid = "BankAccountID",
        bank_account_including_mask: String = "BankAccountIncludingMask",
        bank_name: String = "BankName",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        currency_description: String = "CurrencyDescription",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        gl_account_type: i32 = "GLAccountType",
        is_blocked: bool = "IsBlocked",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        payment_in_transit_account: Guid = "PaymentInTransitAccount",
        payment_service_account_identifier: String = "PaymentServiceAccountIdentifier",
        payment_service_provider: i32 = "PaymentServiceProvider",
        payment_service_provider_name: String = "PaymentServiceProviderName",
        kind: i32 = "Type",
    }
}

model! {
    /// A VAT code.
    pub struct VatCode at "vat/VATCodes", key "ID": Id<VatCode> {
        id: Id<VatCode> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        calculation_basis: i32 = "CalculationBasis",
        charged: bool = "Charged",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division",
        eu_sales_listing: String = "EUSalesListing",
        exclude_vat_listing: i32 = "ExcludeVATListing",
        gl_discount_purchase: Guid = "GLDiscountPurchase",
        gl_discount_purchase_code: String = "GLDiscountPurchaseCode",
        gl_discount_purchase_description: String = "GLDiscountPurchaseDescription",
        gl_discount_sales: Guid = "GLDiscountSales",
        gl_discount_sales_code: String = "GLDiscountSalesCode",
        gl_discount_sales_description: String = "GLDiscountSalesDescription",
        gl_to_claim: Id<GlAccount> = "GLToClaim",
        gl_to_claim_code: String = "GLToClaimCode",
        gl_to_claim_description: String = "GLToClaimDescription",
        gl_to_pay: Id<GlAccount> = "GLToPay",
        gl_to_pay_code: String = "GLToPayCode",
        gl_to_pay_description: String = "GLToPayDescription",
        intra_stat: bool = "IntraStat",
        intrastat_type: String = "IntrastatType",
        is_blocked: bool = "IsBlocked",
        legal_text: String = "LegalText",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        oss_country: String = "OssCountry",
        percentage: Decimal = "Percentage",
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
