//! Sales orders.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{ApprovalStatus, Decimal, Guid, Id, SalesOrderStatus};
use super::model;
use super::{
    Account, Address, Contact, Document, Item, Project, SalesChannel, SalesOrderHeader,
    SalesOrderOrderChargeLine, SelectionCode, ShippingMethod, Warehouse,
};

model! {
    /// A sales order.
    pub struct SalesOrder at "salesorder/SalesOrders", key "OrderID": Id<SalesOrder> {
        order_id: Id<SalesOrder> = "OrderID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_discount: Decimal = "AmountDiscount",
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat",
        amount_fc: Decimal = "AmountFC" read_only,
        amount_fc_excl_vat: Decimal = "AmountFCExclVat" read_only,
        approval_status: ApprovalStatus = "ApprovalStatus" read_only,
        approval_status_description: String = "ApprovalStatusDescription" read_only,
        approved: PrimitiveDateTime = "Approved" read_only,
        approver: Guid = "Approver" read_only,
        approver_full_name: String = "ApproverFullName" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        deliver_to: Id<Account> = "DeliverTo",
        deliver_to_contact_person: Id<Contact> = "DeliverToContactPerson",
        deliver_to_contact_person_full_name: String = "DeliverToContactPersonFullName" read_only,
        deliver_to_name: String = "DeliverToName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_status: i32 = "DeliveryStatus" read_only,
        delivery_status_description: String = "DeliveryStatusDescription" read_only,
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_number: i32 = "DocumentNumber" read_only,
        document_subject: String = "DocumentSubject" read_only,
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_status: i32 = "InvoiceStatus" read_only,
        invoice_status_description: String = "InvoiceStatusDescription" read_only,
        invoice_to: Id<Account> = "InvoiceTo",
        invoice_to_contact_person: Id<Contact> = "InvoiceToContactPerson",
        invoice_to_contact_person_full_name: String = "InvoiceToContactPersonFullName" read_only,
        invoice_to_name: String = "InvoiceToName" read_only,
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
        sales_order_lines: Vec<SalesOrderLine> = "SalesOrderLines",
        sales_order_order_charge_lines: Vec<SalesOrderOrderChargeLine> = "SalesOrderOrderChargeLines",
        salesperson: Guid = "Salesperson",
        salesperson_full_name: String = "SalespersonFullName" read_only,
        selection_code: Id<SelectionCode> = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode" read_only,
        selection_code_description: String = "SelectionCodeDescription" read_only,
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_description: String = "ShippingMethodDescription" read_only,
        status: SalesOrderStatus = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        warehouse_id: Id<Warehouse> = "WarehouseID",
        your_ref: String = "YourRef",
        tax_schedule: Guid = "TaxSchedule",
        tax_schedule_code: String = "TaxScheduleCode" read_only,
        tax_schedule_description: String = "TaxScheduleDescription" read_only,
    }
}

model! {
    /// A line of a sales order.
    pub struct SalesOrderLine at "salesorder/SalesOrderLines", key "ID": Id<SalesOrderLine> {
        id: Id<SalesOrderLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_price_fc: Decimal = "CostPriceFC" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        customer_item_code: String = "CustomerItemCode" read_only,
        custom_field: String = "CustomField",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_status: i32 = "DeliveryStatus" read_only,
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        invoice_status: i32 = "InvoiceStatus" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_version: Guid = "ItemVersion",
        item_version_description: String = "ItemVersionDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        margin: Decimal = "Margin",
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        order_id: Id<SalesOrder> = "OrderID",
        order_number: i32 = "OrderNumber",
        order_status: i32 = "OrderStatus" read_only,
        pricelist: Guid = "Pricelist",
        pricelist_description: String = "PricelistDescription" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        purchase_order: Guid = "PurchaseOrder" read_only,
        purchase_order_line: Guid = "PurchaseOrderLine" read_only,
        purchase_order_line_number: i32 = "PurchaseOrderLineNumber" read_only,
        purchase_order_number: i32 = "PurchaseOrderNumber" read_only,
        quantity: Decimal = "Quantity",
        quantity_delivered: Decimal = "QuantityDelivered" read_only,
        quantity_invoiced: Decimal = "QuantityInvoiced" read_only,
        shop_order: Guid = "ShopOrder",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription" read_only,
        unit_price: Decimal = "UnitPrice",
        use_drop_shipment: i32 = "UseDropShipment",
        vat_amount: Decimal = "VATAmount",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
        timestamp: i64 = "Timestamp" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        delivery_status_description: String = "DeliveryStatusDescription" read_only,
        invoice_status_description: String = "InvoiceStatusDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        project_code: String = "ProjectCode" read_only,
        shop_order_number: i32 = "ShopOrderNumber" read_only,
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
    }
}

resources! {
    /// Sales orders. A synchronisation of sales orders has no lines.
    sales_orders: SalesOrder [List Create Update Delete]
        bulk "bulk/SalesOrder/SalesOrders" without ["TaxSchedule" "TaxScheduleCode" "TaxScheduleDescription"]
        sync SalesOrderHeader "sync/SalesOrder/SalesOrderHeaders" without [];
    /// Lines of sales orders.
    sales_order_lines: SalesOrderLine [List Create Update Delete]
        bulk "bulk/SalesOrder/SalesOrderLines" without [
            "CustomField" "DeliveryStatus" "InvoiceStatus" "Margin" "OrderStatus"
            "QuantityDelivered" "QuantityInvoiced" "Timestamp" "Created" "Creator" "CreatorFullName"
            "DeliveryStatusDescription" "InvoiceStatusDescription" "Modified" "Modifier"
            "ModifierFullName" "ProjectCode" "ShopOrderNumber" "Status" "StatusDescription"
        ]
        sync SalesOrderLine "sync/SalesOrder/SalesOrderLines" without ["OrderStatus"];
}
