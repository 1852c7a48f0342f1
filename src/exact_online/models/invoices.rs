//! Sales invoices.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{
    Account, Contact, Document, GlAccount, Item, Project, SalesChannel,
    SalesInvoiceOrderChargeLine, SalesInvoiceRow, SelectionCode, ShippingMethod, Warehouse,
};

model! {
    /// A sales invoice. An invoice that a program creates is a draft (status 10) until it is printed or
    /// processed.
    pub struct SalesInvoice at "salesinvoice/SalesInvoices", key "InvoiceID": Id<SalesInvoice> {
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_discount: Decimal = "AmountDiscount",
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat",
        amount_fc: Decimal = "AmountFC" read_only,
        amount_fc_excl_vat: Decimal = "AmountFCExclVat" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        deliver_to: Id<Account> = "DeliverTo",
        deliver_to_address: Guid = "DeliverToAddress",
        deliver_to_contact_person: Id<Contact> = "DeliverToContactPerson",
        deliver_to_contact_person_full_name: String = "DeliverToContactPersonFullName" read_only,
        deliver_to_name: String = "DeliverToName" read_only,
        description: String = "Description",
        discount: Decimal = "Discount",
        discount_type: i32 = "DiscountType" read_only,
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        g_account_amount_fc: Decimal = "GAccountAmountFC",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_date: PrimitiveDateTime = "InvoiceDate" read_only,
        invoice_number: i32 = "InvoiceNumber" read_only,
        invoice_to: Id<Account> = "InvoiceTo",
        invoice_to_contact_person: Id<Contact> = "InvoiceToContactPerson",
        invoice_to_contact_person_full_name: String = "InvoiceToContactPersonFullName" read_only,
        invoice_to_name: String = "InvoiceToName" read_only,
        is_extra_duty: bool = "IsExtraDuty",
        journal: String = "Journal",
        journal_description: String = "JournalDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_date: PrimitiveDateTime = "OrderDate",
        ordered_by: Id<Account> = "OrderedBy",
        ordered_by_contact_person: Id<Contact> = "OrderedByContactPerson",
        ordered_by_contact_person_full_name: String = "OrderedByContactPersonFullName" read_only,
        ordered_by_name: String = "OrderedByName" read_only,
        order_number: i32 = "OrderNumber",
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        payment_reference: String = "PaymentReference",
        remarks: String = "Remarks",
        sales_channel: Id<SalesChannel> = "SalesChannel",
        sales_channel_code: String = "SalesChannelCode" read_only,
        sales_channel_description: String = "SalesChannelDescription" read_only,
        sales_invoice_lines: Vec<SalesInvoiceLine> = "SalesInvoiceLines",
        sales_invoice_order_charge_lines: Vec<SalesInvoiceOrderChargeLine> = "SalesInvoiceOrderChargeLines",
        salesperson: Guid = "Salesperson",
        salesperson_full_name: String = "SalespersonFullName" read_only,
        selection_code: Id<SelectionCode> = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode" read_only,
        selection_code_description: String = "SelectionCodeDescription" read_only,
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode",
        shipping_method_description: String = "ShippingMethodDescription",
        starter_sales_invoice_status: i32 = "StarterSalesInvoiceStatus" read_only,
        starter_sales_invoice_status_description: String = "StarterSalesInvoiceStatusDescription" read_only,
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        kind: i32 = "Type",
        type_description: String = "TypeDescription" read_only,
        vat_amount_dc: Decimal = "VATAmountDC" read_only,
        vat_amount_fc: Decimal = "VATAmountFC" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        withholding_tax_amount_fc: Decimal = "WithholdingTaxAmountFC",
        withholding_tax_base_amount: Decimal = "WithholdingTaxBaseAmount",
        withholding_tax_percentage: Decimal = "WithholdingTaxPercentage",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a sales invoice.
    pub struct SalesInvoiceLine at "salesinvoice/SalesInvoiceLines", key "ID": Id<SalesInvoiceLine> {
        id: Id<SalesInvoiceLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        customer_item_code: String = "CustomerItemCode" read_only,
        custom_field: String = "CustomField",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        employee: Guid = "Employee",
        employee_full_name: String = "EmployeeFullName" read_only,
        end_time: PrimitiveDateTime = "EndTime",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        extra_duty_percentage: Decimal = "ExtraDutyPercentage",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_description: String = "GLAccountDescription" read_only,
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        pricelist: Guid = "Pricelist",
        pricelist_description: String = "PricelistDescription" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        project_wbs: Guid = "ProjectWBS",
        project_wbs_description: String = "ProjectWBSDescription" read_only,
        quantity: Decimal = "Quantity",
        sales_order: Guid = "SalesOrder" read_only,
        sales_order_line: Guid = "SalesOrderLine" read_only,
        sales_order_line_number: i32 = "SalesOrderLineNumber" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        start_time: PrimitiveDateTime = "StartTime",
        subscription: Guid = "Subscription" read_only,
        subscription_description: String = "SubscriptionDescription" read_only,
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription" read_only,
        unit_price: Decimal = "UnitPrice",
        vat_amount_dc: Decimal = "VATAmountDC",
        vat_amount_fc: Decimal = "VATAmountFC",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
    }
}

resources! {
    /// Sales invoices. A synchronisation of sales invoices has a row for each line.
    sales_invoices: SalesInvoice [List Create Update Delete]
        bulk "bulk/SalesInvoice/SalesInvoices" without []
        sync SalesInvoiceRow "sync/SalesInvoice/SalesInvoices" without [];
    /// Lines of sales invoices.
    sales_invoice_lines: SalesInvoiceLine [List Create Update Delete]
        bulk "bulk/SalesInvoice/SalesInvoiceLines" without ["CustomField"];
}
