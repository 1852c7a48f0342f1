//! Purchase orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{ApprovalStatus, Decimal, Guid, Id};
use super::PurchaseOrderRow;
use super::model;
use super::{Account, Contact, Document, Item, Warehouse};

model! {
    /// A purchase order.
    pub struct PurchaseOrder at "purchaseorder/PurchaseOrders", key "PurchaseOrderID": Id<PurchaseOrder> {
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        approval_status: ApprovalStatus = "ApprovalStatus",
        approval_status_description: String = "ApprovalStatusDescription",
        approved: PrimitiveDateTime = "Approved",
        approver: Guid = "Approver",
        approver_full_name: String = "ApproverFullName",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        delivery_account: Id<Account> = "DeliveryAccount",
        delivery_account_code: String = "DeliveryAccountCode",
        delivery_account_name: String = "DeliveryAccountName",
        delivery_address: Guid = "DeliveryAddress",
        delivery_contact: Id<Contact> = "DeliveryContact",
        delivery_contact_person_full_name: String = "DeliveryContactPersonFullName",
        description: String = "Description",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject",
        drop_shipment: bool = "DropShipment",
        exchange_rate: Decimal = "ExchangeRate",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_status: i32 = "InvoiceStatus",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        order_date: PrimitiveDateTime = "OrderDate",
        order_number: i32 = "OrderNumber",
        order_status: i32 = "OrderStatus",
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription",
        purchase_agent: Guid = "PurchaseAgent",
        purchase_agent_full_name: String = "PurchaseAgentFullName",
        purchase_order_line_count: i32 = "PurchaseOrderLineCount",
        purchase_order_lines: Vec<PurchaseOrderLine> = "PurchaseOrderLines",
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        receipt_status: i32 = "ReceiptStatus",
        remarks: String = "Remarks",
        sales_order: Guid = "SalesOrder",
        sales_order_number: i32 = "SalesOrderNumber",
        selection_code: Guid = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode",
        selection_code_description: String = "SelectionCodeDescription",
        shipping_method: Guid = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode",
        shipping_method_description: String = "ShippingMethodDescription",
        source: i32 = "Source",
        supplier: Id<Account> = "Supplier",
        supplier_code: String = "SupplierCode",
        supplier_contact: Id<Contact> = "SupplierContact",
        supplier_contact_person_full_name: String = "SupplierContactPersonFullName",
        supplier_name: String = "SupplierName",
        vat_amount: Decimal = "VATAmount",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a purchase order.
    pub struct PurchaseOrderLine at "purchaseorder/PurchaseOrderLines", key "ID": Id<PurchaseOrderLine> {
        id: Id<PurchaseOrderLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription",
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division",
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription",
        in_stock: Decimal = "InStock",
        invoiced_quantity: Decimal = "InvoicedQuantity",
        is_batch_number_item: i32 = "IsBatchNumberItem",
        is_serial_number_item: i32 = "IsSerialNumberItem",
        item: Id<Item> = "Item",
        item_barcode: String = "ItemBarcode",
        item_barcode_additional: String = "ItemBarcodeAdditional",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_divisable: bool = "ItemDivisable",
        line_number: i32 = "LineNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        project: Guid = "Project",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        projected_stock: Decimal = "ProjectedStock",
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID",
        quantity: Decimal = "Quantity",
        quantity_in_purchase_units: Decimal = "QuantityInPurchaseUnits",
        rebill: bool = "Rebill",
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        received_quantity: Decimal = "ReceivedQuantity",
        sales_order: Guid = "SalesOrder",
        sales_order_line: Guid = "SalesOrderLine",
        sales_order_line_number: i32 = "SalesOrderLineNumber",
        sales_order_number: i32 = "SalesOrderNumber",
        shop_order_material_plans: Vec<Value> = "ShopOrderMaterialPlans",
        shop_order_routing_step_plans: Vec<Value> = "ShopOrderRoutingStepPlans",
        supplier_item_code: String = "SupplierItemCode",
        supplier_item_copy_remarks: i32 = "SupplierItemCopyRemarks",
        unit: String = "Unit",
        unit_description: String = "UnitDescription",
        unit_price: Decimal = "UnitPrice",
        vat_amount: Decimal = "VATAmount",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

resources! {
    /// Purchase orders. Their synchronisation has a row for each line.
    purchase_orders: PurchaseOrder [List Create Update Delete]
        sync PurchaseOrderRow "sync/PurchaseOrder/PurchaseOrders" without [];
    /// Lines of purchase orders.
    purchase_order_lines: PurchaseOrderLine [List Create Update Delete];
}
