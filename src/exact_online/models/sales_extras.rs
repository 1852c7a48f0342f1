//! Parts of sales orders and sales invoices: printing, charges, layouts, channels.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Document, GlAccount, SalesInvoice, SalesOrder};

model! {
    /// An order to print or send a sales order.
    pub struct PrintedSalesOrder at "salesorder/PrintedSalesOrders", key "OrderId": Id<SalesOrder> {
        order_id: Id<SalesOrder> = "OrderId",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_creation_error: String = "DocumentCreationError",
        document_creation_success: String = "DocumentCreationSuccess",
        document_layout: Guid = "DocumentLayout",
        email_creation_error: String = "EmailCreationError",
        email_creation_success: String = "EmailCreationSuccess",
        email_layout: Guid = "EmailLayout",
        extra_text: String = "ExtraText",
        send_email_to_customer: bool = "SendEmailToCustomer",
        sender_email_address: String = "SenderEmailAddress",
    }
}

model! {
    /// A charge of a sales order.
    pub struct SalesOrderOrderChargeLine at "salesorder/SalesOrderOrderChargeLines", key "ID": Id<SalesOrderOrderChargeLine> {
        id: Id<SalesOrderOrderChargeLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc_excl_vat: Decimal = "AmountFCExclVAT",
        amount_fc_incl_vat: Decimal = "AmountFCInclVAT",
        amount_vatfc: Decimal = "AmountVATFC",
        division: i32 = "Division",
        is_shipping_cost: bool = "IsShippingCost",
        line_number: i32 = "LineNumber",
        order_charge: Guid = "OrderCharge",
        order_charge_code: String = "OrderChargeCode",
        order_charge_description: String = "OrderChargeDescription",
        order_charges_line_description: String = "OrderChargesLineDescription",
        order_id: Id<SalesOrder> = "OrderID",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// An order to print or send a sales invoice, which makes the invoice final.
    pub struct PrintedSalesInvoice at "salesinvoice/PrintedSalesInvoices", key "InvoiceID": Id<SalesInvoice> {
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_creation_error: String = "DocumentCreationError",
        document_creation_success: String = "DocumentCreationSuccess",
        document_layout: Guid = "DocumentLayout",
        email_creation_error: String = "EmailCreationError",
        email_creation_success: String = "EmailCreationSuccess",
        email_layout: Guid = "EmailLayout",
        extra_text: String = "ExtraText",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        peppol_creation_error: String = "PeppolCreationError",
        peppol_creation_success: String = "PeppolCreationSuccess",
        postbox_message_creation_error: String = "PostboxMessageCreationError",
        postbox_message_creation_success: String = "PostboxMessageCreationSuccess",
        postbox_sender: Guid = "PostboxSender",
        reporting_period: i32 = "ReportingPeriod",
        reporting_year: i32 = "ReportingYear",
        send_email_to_customer: bool = "SendEmailToCustomer",
        sender_email_address: String = "SenderEmailAddress",
        send_invoice_to_customer_postbox: bool = "SendInvoiceToCustomerPostbox",
        send_invoice_via_peppol: bool = "SendInvoiceViaPeppol",
        send_output_based_on_account: bool = "SendOutputBasedOnAccount",
    }
}

model! {
    /// An order to make invoices of sales orders.
    pub struct InvoicedSalesOrders at "salesinvoice/InvoiceSalesOrders", key "ID": Id<InvoicedSalesOrders> {
        id: Id<InvoicedSalesOrders> = "ID",
        create_mode: i32 = "CreateMode",
        delivery_number: i32 = "DeliveryNumber",
        end_date: PrimitiveDateTime = "EndDate",
        errors: String = "Errors" read_only,
        invoice_mode: i32 = "InvoiceMode",
        journal_code: String = "JournalCode",
        number_of_created_invoices: i32 = "NumberOfCreatedInvoices" read_only,
        number_of_failed_invoices: i32 = "NumberOfFailedInvoices" read_only,
        sales_order_i_ds: Vec<Value> = "SalesOrderIDs",
        start_date: PrimitiveDateTime = "StartDate",
        user_invoice_date: PrimitiveDateTime = "UserInvoiceDate",
    }
}

model! {
    /// A charge of a sales invoice.
    pub struct SalesInvoiceOrderChargeLine at "salesinvoice/SalesInvoiceOrderChargeLines", key "ID": Id<SalesInvoiceOrderChargeLine> {
        id: Id<SalesInvoiceOrderChargeLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc_excl_vat: Decimal = "AmountFCExclVAT",
        amount_fc_incl_vat: Decimal = "AmountFCInclVAT",
        amount_vatfc: Decimal = "AmountVATFC",
        division: i32 = "Division",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        invoice_id: Id<SalesInvoice> = "InvoiceID",
        is_shipping_cost: bool = "IsShippingCost",
        line_number: i32 = "LineNumber",
        order_charge: Guid = "OrderCharge",
        order_charge_code: String = "OrderChargeCode",
        order_charge_description: String = "OrderChargeDescription",
        order_charges_line_description: String = "OrderChargesLineDescription",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// A layout of printed documents.
    pub struct Layout at "salesinvoice/Layouts", key "ID": Id<Layout> {
        id: Id<Layout> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        subject: String = "Subject",
        kind: i32 = "Type",
    }
}

model! {
    /// A channel of sales.
    pub struct SalesChannel at "sales/SalesChannels", key "ID": Id<SalesChannel> {
        id: Id<SalesChannel> = "ID",
        active: bool = "Active",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
    }
}

model! {
    /// A shipping method.
    pub struct ShippingMethod at "sales/ShippingMethods", key "ID": Id<ShippingMethod> {
        id: Id<ShippingMethod> = "ID",
        active: bool = "Active",
        amount: Decimal = "Amount",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        shipping_rates_url: String = "ShippingRatesURL",
        tracking_url: String = "TrackingURL",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// A charge that orders and invoices can have.
    pub struct OrderCharge at "sales/OrderCharges", key "ID": Id<OrderCharge> {
        id: Id<OrderCharge> = "ID",
        active: bool = "Active",
        amount: Decimal = "Amount",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        gl_account: Id<GlAccount> = "GLAccount",
        gl_account_code: String = "GLAccountCode",
        gl_account_description: String = "GLAccountDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// A selection code of orders.
    pub struct SelectionCode at "logistics/SelectionCodes", key "ID": Id<SelectionCode> {
        id: Id<SelectionCode> = "ID",
        active: i32 = "Active",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
    }
}

model! {
    /// An Incoterm.
    pub struct Incoterm at "logistics/Incoterms", key "ID": i32 {
        id: i32 = "ID",
        code: String = "Code",
        description: String = "Description",
        version: i32 = "Version",
    }
}

resources! {
    /// Orders to print or send sales orders.
    printed_sales_orders: PrintedSalesOrder [Create];
    /// Charges of sales orders.
    sales_order_order_charge_lines: SalesOrderOrderChargeLine [List Create Update Delete];
    /// Orders to print or send sales invoices, which makes the invoices final.
    printed_sales_invoices: PrintedSalesInvoice [Create];
    /// Orders to make invoices of sales orders.
    invoice_sales_orders: InvoicedSalesOrders [Create];
    /// Charges of sales invoices.
    sales_invoice_order_charge_lines: SalesInvoiceOrderChargeLine [List Create Update Delete];
    /// Layouts of printed documents.
    layouts: Layout [List];
    /// Channels of sales.
    sales_channels: SalesChannel [List Create Update Delete];
    /// Shipping methods.
    shipping_methods: ShippingMethod [List];
    /// Charges that orders and invoices can have.
    order_charges: OrderCharge [List];
    /// Selection codes of orders.
    selection_codes: SelectionCode [List];
    /// Incoterms.
    incoterms: Incoterm [List];
}
