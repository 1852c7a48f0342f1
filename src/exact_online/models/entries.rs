//! Sales entries and purchase entries.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Document, GlAccount, Item, Project, SalesInvoice, Warehouse};

model! {
    /// A sales entry: a sales invoice as the ledger records the invoice.
    pub struct SalesEntry at "salesentry/SalesEntries", key "EntryID": Id<SalesEntry> {
        entry_id: Id<SalesEntry> = "EntryID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        batch_number: i32 = "BatchNumber",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        customer: Id<Account> = "Customer",
        customer_name: String = "CustomerName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate",
        entry_date: PrimitiveDateTime = "EntryDate",
        entry_number: i32 = "EntryNumber",
        external_link_description: String = "ExternalLinkDescription" read_only,
        external_link_reference: String = "ExternalLinkReference",
        g_account_amount_fc: Decimal = "GAccountAmountFC",
        invoice_number: i32 = "InvoiceNumber",
        is_extra_duty: bool = "IsExtraDuty",
        journal: String = "Journal",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_number: i32 = "OrderNumber",
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        payment_condition_payment_method: String = "PaymentConditionPaymentMethod",
        payment_reference: String = "PaymentReference",
        process_number: i32 = "ProcessNumber",
        rate: Decimal = "Rate",
        reporting_period: i32 = "ReportingPeriod",
        reporting_year: i32 = "ReportingYear",
        reversal: bool = "Reversal",
        sales_entry_lines: Vec<SalesEntryLine> = "SalesEntryLines",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        kind: i32 = "Type" read_only,
        type_description: String = "TypeDescription" read_only,
        vat_amount_dc: Decimal = "VATAmountDC" read_only,
        vat_amount_fc: Decimal = "VATAmountFC",
        withholding_tax_amount_dc: Decimal = "WithholdingTaxAmountDC",
        withholding_tax_base_amount: Decimal = "WithholdingTaxBaseAmount",
        withholding_tax_percentage: Decimal = "WithholdingTaxPercentage",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a sales entry.
    pub struct SalesEntryLine at "salesentry/SalesEntryLines", key "ID": Id<SalesEntryLine> {
        id: Id<SalesEntryLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        asset: Guid = "Asset",
        asset_description: String = "AssetDescription" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_id: Id<SalesEntry> = "EntryID",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        extra_duty_percentage: Decimal = "ExtraDutyPercentage",
        from: PrimitiveDateTime = "From",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        intra_stat_area: String = "IntraStatArea",
        intra_stat_country: String = "IntraStatCountry",
        intra_stat_delivery_term: String = "IntraStatDeliveryTerm",
        intra_stat_transaction_a: String = "IntraStatTransactionA",
        intra_stat_transaction_b: String = "IntraStatTransactionB",
        intra_stat_transport_method: String = "IntraStatTransportMethod",
        line_number: i32 = "LineNumber" read_only,
        notes: String = "Notes",
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        serial_number: String = "SerialNumber",
        statistical_net_weight: Decimal = "StatisticalNetWeight",
        statistical_number: String = "StatisticalNumber",
        statistical_quantity: Decimal = "StatisticalQuantity",
        statistical_value: Decimal = "StatisticalValue",
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription" read_only,
        to: PrimitiveDateTime = "To",
        tracking_number: Guid = "TrackingNumber",
        tracking_number_description: String = "TrackingNumberDescription" read_only,
        kind: i32 = "Type" read_only,
        vat_amount_dc: Decimal = "VATAmountDC" read_only,
        vat_amount_fc: Decimal = "VATAmountFC",
        vat_base_amount_dc: Decimal = "VATBaseAmountDC",
        vat_base_amount_fc: Decimal = "VATBaseAmountFC",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// A purchase entry: a purchase invoice as the ledger records the invoice.
    pub struct PurchaseEntry at "purchaseentry/PurchaseEntries", key "EntryID": Id<PurchaseEntry> {
        entry_id: Id<PurchaseEntry> = "EntryID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        batch_number: i32 = "BatchNumber",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate",
        entry_date: PrimitiveDateTime = "EntryDate",
        entry_number: i32 = "EntryNumber",
        external_link_description: String = "ExternalLinkDescription" read_only,
        external_link_reference: String = "ExternalLinkReference",
        g_account_amount_fc: Decimal = "GAccountAmountFC",
        invoice_number: i32 = "InvoiceNumber",
        journal: String = "Journal",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_number: i32 = "OrderNumber",
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        payment_condition_payment_method: String = "PaymentConditionPaymentMethod",
        payment_reference: String = "PaymentReference",
        process_number: i32 = "ProcessNumber",
        purchase_entry_lines: Vec<PurchaseEntryLine> = "PurchaseEntryLines",
        rate: Decimal = "Rate",
        reporting_period: i32 = "ReportingPeriod",
        reporting_year: i32 = "ReportingYear",
        reversal: bool = "Reversal",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        supplier: Id<Account> = "Supplier",
        supplier_name: String = "SupplierName" read_only,
        kind: i32 = "Type" read_only,
        type_description: String = "TypeDescription" read_only,
        vat_amount_dc: Decimal = "VATAmountDC" read_only,
        vat_amount_fc: Decimal = "VATAmountFC",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a purchase entry.
    pub struct PurchaseEntryLine at "purchaseentry/PurchaseEntryLines", key "ID": Id<PurchaseEntryLine> {
        id: Id<PurchaseEntryLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        asset: Guid = "Asset",
        asset_description: String = "AssetDescription" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_id: Id<PurchaseEntry> = "EntryID",
        from: PrimitiveDateTime = "From",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode" read_only,
        gl_account_description: String = "GLAccountDescription" read_only,
        intra_stat_area: String = "IntraStatArea",
        intra_stat_country: String = "IntraStatCountry",
        intra_stat_delivery_term: String = "IntraStatDeliveryTerm",
        intra_stat_transaction_a: String = "IntraStatTransactionA",
        intra_stat_transaction_b: String = "IntraStatTransactionB",
        intra_stat_transport_method: String = "IntraStatTransportMethod",
        line_number: i32 = "LineNumber" read_only,
        notes: String = "Notes",
        private_use_percentage: Decimal = "PrivateUsePercentage",
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        serial_number: String = "SerialNumber",
        statistical_net_weight: Decimal = "StatisticalNetWeight",
        statistical_number: String = "StatisticalNumber",
        statistical_quantity: Decimal = "StatisticalQuantity",
        statistical_value: Decimal = "StatisticalValue",
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription" read_only,
        to: PrimitiveDateTime = "To",
        tracking_number: Guid = "TrackingNumber",
        tracking_number_description: String = "TrackingNumberDescription" read_only,
        kind: i32 = "Type" read_only,
        vat_amount_dc: Decimal = "VATAmountDC" read_only,
        vat_amount_fc: Decimal = "VATAmountFC",
        vat_base_amount_dc: Decimal = "VATBaseAmountDC" read_only,
        vat_base_amount_fc: Decimal = "VATBaseAmountFC",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_non_deductible_percentage: Decimal = "VATNonDeductiblePercentage",
        vat_percentage: Decimal = "VATPercentage",
        withholding_amount_dc: Decimal = "WithholdingAmountDC",
        withholding_tax: String = "WithholdingTax",
    }
}

model! {
    /// A purchase invoice.
    pub struct PurchaseInvoice at "purchase/PurchaseInvoices", key "ID": Id<PurchaseInvoice> {
        id: Id<PurchaseInvoice> = "ID",
        amount: Decimal = "Amount" read_only,
        contact_person: Guid = "ContactPerson",
        currency: String = "Currency",
        description: String = "Description",
        document: Id<Document> = "Document",
        due_date: PrimitiveDateTime = "DueDate",
        entry_number: i32 = "EntryNumber" read_only,
        exchange_rate: Decimal = "ExchangeRate",
        financial_period: i32 = "FinancialPeriod",
        financial_year: i32 = "FinancialYear",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        journal: String = "Journal",
        modified: PrimitiveDateTime = "Modified" read_only,
        payment_condition: String = "PaymentCondition",
        payment_reference: String = "PaymentReference",
        purchase_invoice_lines: Vec<PurchaseInvoiceLine> = "PurchaseInvoiceLines",
        remarks: String = "Remarks",
        source: i32 = "Source" read_only,
        status: i32 = "Status" read_only,
        supplier: Id<Account> = "Supplier",
        kind: i32 = "Type",
        vat_amount: Decimal = "VATAmount" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a purchase invoice.
    pub struct PurchaseInvoiceLine at "purchase/PurchaseInvoiceLines", key "ID": Id<PurchaseInvoiceLine> {
        id: Id<PurchaseInvoiceLine> = "ID",
        amount: Decimal = "Amount",
        cost_center: String = "CostCenter",
        cost_unit: String = "CostUnit",
        currency: String = "Currency" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        discount: Decimal = "Discount",
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription" read_only,
        invoice_id: Id<SalesInvoice> = "InvoiceID" read_only,
        item: Id<Item> = "Item",
        item_unit: String = "ItemUnit" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        project: Id<Project> = "Project",
        purchase_order_line: Guid = "PurchaseOrderLine",
        quantity: Decimal = "Quantity",
        quantity_in_default_units: Decimal = "QuantityInDefaultUnits" read_only,
        rebill: bool = "Rebill",
        unit: String = "Unit" read_only,
        unit_price: Decimal = "UnitPrice",
        vat_amount: Decimal = "VATAmount",
        vat_code: String = "VATCode",
        vat_percentage: Decimal = "VATPercentage" read_only,
    }
}

resources! {
    /// Sales entries.
    sales_entries: SalesEntry [List Create Update Delete]
        sync SalesEntry "salesentry/SalesEntries" without [];
    /// Lines of sales entries.
    sales_entry_lines: SalesEntryLine [List Create Update Delete];
    /// Purchase entries.
    purchase_entries: PurchaseEntry [List Create Update Delete]
        sync PurchaseEntry "purchaseentry/PurchaseEntries" without [];
    /// Lines of purchase entries.
    purchase_entry_lines: PurchaseEntryLine [List Create Update Delete];
    /// Purchase invoices.
    purchase_invoices: PurchaseInvoice [List Create Update Delete]
        sync PurchaseInvoice "purchase/PurchaseInvoices" without [];
    /// Lines of purchase invoices.
    purchase_invoice_lines: PurchaseInvoiceLine [List Create];
}
