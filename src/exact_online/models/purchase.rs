//! Purchase orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{ApprovalStatus, Decimal, Guid, Id};
use super::model;
use super::{
    Account, Address, Contact, Document, Item, Project, PurchaseOrderRow, SelectionCode,
    ShippingMethod, Warehouse,
};

model! {
    /// A purchase order.
    pub struct PurchaseOrder at "purchaseorder/PurchaseOrders", key "PurchaseOrderID": Id<PurchaseOrder> {
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        approval_status: ApprovalStatus = "ApprovalStatus" read_only,
        approval_status_description: String = "ApprovalStatusDescription" read_only,
        approved: PrimitiveDateTime = "Approved" read_only,
        approver: Guid = "Approver" read_only,
        approver_full_name: String = "ApproverFullName" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        delivery_account: Id<Account> = "DeliveryAccount" read_only,
        delivery_account_code: String = "DeliveryAccountCode" read_only,
        delivery_account_name: String = "DeliveryAccountName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress" read_only,
        delivery_contact: Id<Contact> = "DeliveryContact" read_only,
        delivery_contact_person_full_name: String = "DeliveryContactPersonFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        drop_shipment: bool = "DropShipment" read_only,
        exchange_rate: Decimal = "ExchangeRate",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_status: i32 = "InvoiceStatus" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_date: PrimitiveDateTime = "OrderDate",
        order_number: i32 = "OrderNumber",
        order_status: i32 = "OrderStatus" read_only,
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        purchase_agent: Guid = "PurchaseAgent",
        purchase_agent_full_name: String = "PurchaseAgentFullName" read_only,
        purchase_order_line_count: i32 = "PurchaseOrderLineCount" read_only,
        purchase_order_lines: Vec<PurchaseOrderLine> = "PurchaseOrderLines",
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        receipt_status: i32 = "ReceiptStatus" read_only,
        remarks: String = "Remarks",
        sales_order: Guid = "SalesOrder" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        selection_code: Id<SelectionCode> = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode" read_only,
        selection_code_description: String = "SelectionCodeDescription" read_only,
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode" read_only,
        shipping_method_description: String = "ShippingMethodDescription" read_only,
        source: i32 = "Source" read_only,
        supplier: Id<Account> = "Supplier",
        supplier_code: String = "SupplierCode" read_only,
        supplier_contact: Id<Contact> = "SupplierContact",
        supplier_contact_person_full_name: String = "SupplierContactPersonFullName",
        supplier_name: String = "SupplierName" read_only,
        vat_amount: Decimal = "VATAmount" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a purchase order.
    pub struct PurchaseOrderLine at "purchaseorder/PurchaseOrderLines", key "ID": Id<PurchaseOrderLine> {
        id: Id<PurchaseOrderLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        expense: Guid = "Expense" read_only,
        expense_description: String = "ExpenseDescription" read_only,
        in_stock: Decimal = "InStock" read_only,
        invoiced_quantity: Decimal = "InvoicedQuantity" read_only,
        is_batch_number_item: i32 = "IsBatchNumberItem" read_only,
        is_serial_number_item: i32 = "IsSerialNumberItem" read_only,
        item: Id<Item> = "Item",
        item_barcode: String = "ItemBarcode" read_only,
        item_barcode_additional: String = "ItemBarcodeAdditional",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_divisable: bool = "ItemDivisable" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        projected_stock: Decimal = "ProjectedStock" read_only,
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID",
        quantity: Decimal = "Quantity" read_only,
        quantity_in_purchase_units: Decimal = "QuantityInPurchaseUnits",
        rebill: bool = "Rebill",
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        received_quantity: Decimal = "ReceivedQuantity" read_only,
        sales_order: Guid = "SalesOrder" read_only,
        sales_order_line: Guid = "SalesOrderLine" read_only,
        sales_order_line_number: i32 = "SalesOrderLineNumber" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        shop_order_material_plans: Vec<Value> = "ShopOrderMaterialPlans",
        shop_order_routing_step_plans: Vec<Value> = "ShopOrderRoutingStepPlans",
        supplier_item_code: String = "SupplierItemCode" read_only,
        supplier_item_copy_remarks: i32 = "SupplierItemCopyRemarks" read_only,
        unit: String = "Unit" read_only,
        unit_description: String = "UnitDescription" read_only,
        unit_price: Decimal = "UnitPrice",
        vat_amount: Decimal = "VATAmount" read_only,
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription" read_only,
        vat_percentage: Decimal = "VATPercentage",
    }
}

resources! {
    /// Purchase orders. A synchronisation of purchase orders has a row for each line.
    purchase_orders: PurchaseOrder [List Create Update Delete]
        sync PurchaseOrderRow "sync/PurchaseOrder/PurchaseOrders" without [];
    /// Lines of purchase orders.
    purchase_order_lines: PurchaseOrderLine [List Create Update Delete];
}
