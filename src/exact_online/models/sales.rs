//! Sales orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{ApprovalStatus, Decimal, Guid, Id, SalesOrderStatus};
use super::SalesOrderHeader;
use super::model;
use super::{Account, Contact, Document, Item, Warehouse};

model! {
    /// A sales order.
    pub struct SalesOrder at "salesorder/SalesOrders", key "OrderID": Id<SalesOrder> {
        order_id: Id<SalesOrder> = "OrderID",
        amount_dc: Decimal = "AmountDC",
        amount_discount: Decimal = "AmountDiscount",
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat",
        amount_fc: Decimal = "AmountFC",
        amount_fc_excl_vat: Decimal = "AmountFCExclVat",
        approval_status: ApprovalStatus = "ApprovalStatus",
        approval_status_description: String = "ApprovalStatusDescription",
        approved: PrimitiveDateTime = "Approved",
        approver: Guid = "Approver",
        approver_full_name: String = "ApproverFullName",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        custom_field: String = "CustomField",
        deliver_to: Id<Account> = "DeliverTo",
        deliver_to_contact_person: Id<Contact> = "DeliverToContactPerson",
        deliver_to_contact_person_full_name: String = "DeliverToContactPersonFullName",
        deliver_to_name: String = "DeliverToName",
        delivery_address: Guid = "DeliveryAddress",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_status: i32 = "DeliveryStatus",
        delivery_status_description: String = "DeliveryStatusDescription",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber",
        document_subject: String = "DocumentSubject",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_status: i32 = "InvoiceStatus",
        invoice_status_description: String = "InvoiceStatusDescription",
        invoice_to: Id<Account> = "InvoiceTo",
        invoice_to_contact_person: Id<Contact> = "InvoiceToContactPerson",
        invoice_to_contact_person_full_name: String = "InvoiceToContactPersonFullName",
        invoice_to_name: String = "InvoiceToName",
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
        sales_order_lines: Vec<SalesOrderLine> = "SalesOrderLines",
        sales_order_order_charge_lines: Vec<Value> = "SalesOrderOrderChargeLines",
        salesperson: Guid = "Salesperson",
        salesperson_full_name: String = "SalespersonFullName",
        selection_code: Guid = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode",
        selection_code_description: String = "SelectionCodeDescription",
        shipping_method: Guid = "ShippingMethod",
        shipping_method_description: String = "ShippingMethodDescription",
        status: SalesOrderStatus = "Status",
        status_description: String = "StatusDescription",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        warehouse_id: Id<Warehouse> = "WarehouseID",
        your_ref: String = "YourRef",
        tax_schedule: Guid = "TaxSchedule",
        tax_schedule_code: String = "TaxScheduleCode",
        tax_schedule_description: String = "TaxScheduleDescription",
    }
}

model! {
    /// A line of a sales order.
    pub struct SalesOrderLine at "salesorder/SalesOrderLines", key "ID": Id<SalesOrderLine> {
        id: Id<SalesOrderLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription",
        cost_price_fc: Decimal = "CostPriceFC",
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription",
        customer_item_code: String = "CustomerItemCode",
        custom_field: String = "CustomField",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_status: i32 = "DeliveryStatus",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division",
        invoice_status: i32 = "InvoiceStatus",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_version: Guid = "ItemVersion",
        item_version_description: String = "ItemVersionDescription",
        line_number: i32 = "LineNumber",
        margin: Decimal = "Margin",
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        order_id: Id<SalesOrder> = "OrderID",
        order_number: i32 = "OrderNumber",
        order_status: i32 = "OrderStatus",
        pricelist: Guid = "Pricelist",
        pricelist_description: String = "PricelistDescription",
        project: Guid = "Project",
        project_description: String = "ProjectDescription",
        purchase_order: Guid = "PurchaseOrder",
        purchase_order_line: Guid = "PurchaseOrderLine",
        purchase_order_line_number: i32 = "PurchaseOrderLineNumber",
        purchase_order_number: i32 = "PurchaseOrderNumber",
        quantity: Decimal = "Quantity",
        quantity_delivered: Decimal = "QuantityDelivered",
        quantity_invoiced: Decimal = "QuantityInvoiced",
        shop_order: Guid = "ShopOrder",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
        unit_price: Decimal = "UnitPrice",
        use_drop_shipment: i32 = "UseDropShipment",
        vat_amount: Decimal = "VATAmount",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

resources! {
    /// Sales orders. Their synchronisation has no lines.
    sales_orders: SalesOrder [List Create Update Delete]
        bulk "bulk/SalesOrder/SalesOrders" without ["TaxSchedule" "TaxScheduleCode" "TaxScheduleDescription"]
        sync SalesOrderHeader "sync/SalesOrder/SalesOrderHeaders" without [];
    /// Lines of sales orders.
    sales_order_lines: SalesOrderLine [List Create Update Delete];
}
