//! Sales invoices.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::SalesInvoiceRow;
use super::model;
use super::{Account, Contact, Document, GlAccount, Item, Warehouse};

model! {
    /// A sales invoice. An invoice that a program creates is a draft (status 10) until it is printed or
    /// processed.
    pub struct SalesInvoice at "salesinvoice/SalesInvoices", key "InvoiceID": Id<SalesInvoice> {
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        amount_dc: Decimal = "AmountDC",
        amount_discount: Decimal = "AmountDiscount",
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat",
        amount_fc: Decimal = "AmountFC",
        amount_fc_excl_vat: Decimal = "AmountFCExclVat",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        deliver_to: Id<Account> = "DeliverTo",
        deliver_to_address: Guid = "DeliverToAddress",
        deliver_to_contact_person: Id<Contact> = "DeliverToContactPerson",
        deliver_to_contact_person_full_name: String = "DeliverToContactPersonFullName",
        deliver_to_name: String = "DeliverToName",
        description: String = "Description",
        discount: Decimal = "Discount",
        discount_type: i32 = "DiscountType",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber",
        document_subject: String = "DocumentSubject",
        due_date: PrimitiveDateTime = "DueDate",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        g_account_amount_fc: Decimal = "GAccountAmountFC",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_number: i32 = "InvoiceNumber",
        invoice_to: Id<Account> = "InvoiceTo",
        invoice_to_contact_person: Id<Contact> = "InvoiceToContactPerson",
        invoice_to_contact_person_full_name: String = "InvoiceToContactPersonFullName",
        invoice_to_name: String = "InvoiceToName",
        is_extra_duty: bool = "IsExtraDuty",
        journal: String = "Journal",
        journal_description: String = "JournalDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        order_date: PrimitiveDateTime = "OrderDate",
        ordered_by: Id<Account> = "OrderedBy",
        ordered_by_contact_person: Id<Contact> = "OrderedByContactPerson",
        ordered_by_contact_person_full_name: String = "OrderedByContactPersonFullName",
        ordered_by_name: String = "OrderedByName",
        order_number: i32 = "OrderNumber",
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription",
        payment_reference: String = "PaymentReference",
        remarks: String = "Remarks",
        sales_channel: Guid = "SalesChannel",
        sales_channel_code: String = "SalesChannelCode",
        sales_channel_description: String = "SalesChannelDescription",
        sales_invoice_lines: Vec<SalesInvoiceLine> = "SalesInvoiceLines",
        sales_invoice_order_charge_lines: Vec<Value> = "SalesInvoiceOrderChargeLines",
        salesperson: Guid = "Salesperson",
        salesperson_full_name: String = "SalespersonFullName",
        selection_code: Guid = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode",
        selection_code_description: String = "SelectionCodeDescription",
        shipping_method: Guid = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode",
        shipping_method_description: String = "ShippingMethodDescription",
        starter_sales_invoice_status: i32 = "StarterSalesInvoiceStatus",
        starter_sales_invoice_status_description: String = "StarterSalesInvoiceStatusDescription",
        status: i32 = "Status",
        status_description: String = "StatusDescription",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
        vat_amount_dc: Decimal = "VATAmountDC",
        vat_amount_fc: Decimal = "VATAmountFC",
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
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription",
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription",
        customer_item_code: String = "CustomerItemCode",
        custom_field: String = "CustomField",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division",
        employee: Guid = "Employee",
        employee_full_name: String = "EmployeeFullName",
        end_time: PrimitiveDateTime = "EndTime",
        extra_duty_amount_fc: Decimal = "ExtraDutyAmountFC",
        extra_duty_percentage: Decimal = "ExtraDutyPercentage",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_description: String = "GLAccountDescription",
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        line_number: i32 = "LineNumber",
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        pricelist: Guid = "Pricelist",
        pricelist_description: String = "PricelistDescription",
        project: Guid = "Project",
        project_description: String = "ProjectDescription",
        project_wbs: Guid = "ProjectWBS",
        project_wbs_description: String = "ProjectWBSDescription",
        quantity: Decimal = "Quantity",
        sales_order: Guid = "SalesOrder",
        sales_order_line: Guid = "SalesOrderLine",
        sales_order_line_number: i32 = "SalesOrderLineNumber",
        sales_order_number: i32 = "SalesOrderNumber",
        start_time: PrimitiveDateTime = "StartTime",
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
        unit_price: Decimal = "UnitPrice",
        vat_amount_dc: Decimal = "VATAmountDC",
        vat_amount_fc: Decimal = "VATAmountFC",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

resources! {
    /// Sales invoices. Their synchronisation has a row for each line.
    sales_invoices: SalesInvoice [List Create Update Delete]
        bulk "bulk/SalesInvoice/SalesInvoices" without []
        sync SalesInvoiceRow "sync/SalesInvoice/SalesInvoices" without [];
    /// Lines of sales invoices.
    sales_invoice_lines: SalesInvoiceLine [List Create Update Delete];
}
