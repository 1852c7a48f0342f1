//! Goods deliveries, drop shipments and returns.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{
    Account, Address, Contact, Document, Item, Project, PurchaseOrderLine, SalesOrderLine,
    ShippingMethod, StockBatchNumber, StockSerialNumber, StorageLocation, Warehouse,
};

model! {
    /// A goods delivery.
    pub struct GoodsDelivery at "salesorder/GoodsDeliveries", key "EntryID": Id<GoodsDelivery> {
        entry_id: Id<GoodsDelivery> = "EntryID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        delivery_account: Id<Account> = "DeliveryAccount" read_only,
        delivery_account_code: String = "DeliveryAccountCode" read_only,
        delivery_account_name: String = "DeliveryAccountName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress" read_only,
        delivery_contact: Id<Contact> = "DeliveryContact" read_only,
        delivery_contact_person_full_name: String = "DeliveryContactPersonFullName" read_only,
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_number: i32 = "DeliveryNumber" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        entry_number: i32 = "EntryNumber" read_only,
        goods_delivery_lines: Vec<GoodsDeliveryLine> = "GoodsDeliveryLines",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        remarks: String = "Remarks",
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode" read_only,
        shipping_method_description: String = "ShippingMethodDescription" read_only,
        tracking_number: String = "TrackingNumber",
        warehouse: Id<Warehouse> = "Warehouse" read_only,
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A line of a goods delivery.
    pub struct GoodsDeliveryLine at "salesorder/GoodsDeliveryLines", key "ID": Id<GoodsDeliveryLine> {
        id: Id<GoodsDeliveryLine> = "ID",
        batch_numbers: Vec<StockBatchNumber> = "BatchNumbers",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        customer_item_code: String = "CustomerItemCode" read_only,
        delivery_date: PrimitiveDateTime = "DeliveryDate" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_id: Id<GoodsDelivery> = "EntryID",
        item: Id<Item> = "Item" read_only,
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        quantity_delivered: Decimal = "QuantityDelivered",
        quantity_ordered: Decimal = "QuantityOrdered" read_only,
        sales_order_line_id: Id<SalesOrderLine> = "SalesOrderLineID",
        sales_order_line_number: i32 = "SalesOrderLineNumber" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        serial_numbers: Vec<StockSerialNumber> = "SerialNumbers",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        tracking_number: String = "TrackingNumber",
        unitcode: String = "Unitcode" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A delivery by the supplier to the customer.
    pub struct DropShipment at "salesorder/DropShipments", key "EntryID": Id<DropShipment> {
        entry_id: Id<DropShipment> = "EntryID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        delivery_account: Id<Account> = "DeliveryAccount" read_only,
        delivery_account_code: String = "DeliveryAccountCode" read_only,
        delivery_account_name: String = "DeliveryAccountName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress" read_only,
        delivery_contact: Id<Contact> = "DeliveryContact" read_only,
        delivery_contact_person_full_name: String = "DeliveryContactPersonFullName" read_only,
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        delivery_number: i32 = "DeliveryNumber" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        drop_shipment_lines: Vec<DropShipmentLine> = "DropShipmentLines",
        entry_number: i32 = "EntryNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        remarks: String = "Remarks",
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_code: String = "ShippingMethodCode" read_only,
        shipping_method_description: String = "ShippingMethodDescription" read_only,
        tracking_number: String = "TrackingNumber",
    }
}

model! {
    /// A line of a delivery by the supplier.
    pub struct DropShipmentLine at "salesorder/DropShipmentLines", key "ID": Id<DropShipmentLine> {
        id: Id<DropShipmentLine> = "ID",
        batch_numbers: Vec<StockBatchNumber> = "BatchNumbers",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        customer_item_code: String = "CustomerItemCode" read_only,
        delivery_date: PrimitiveDateTime = "DeliveryDate" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_id: Id<DropShipment> = "EntryID",
        item: Id<Item> = "Item" read_only,
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        purchase_order_line_id: Id<PurchaseOrderLine> = "PurchaseOrderLineID",
        quantity_delivered: Decimal = "QuantityDelivered",
        quantity_ordered: Decimal = "QuantityOrdered" read_only,
        sales_order_line_id: Id<SalesOrderLine> = "SalesOrderLineID",
        sales_order_line_number: i32 = "SalesOrderLineNumber" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        serial_numbers: Vec<StockSerialNumber> = "SerialNumbers",
        tracking_number: String = "TrackingNumber",
        unitcode: String = "Unitcode" read_only,
    }
}

model! {
    /// A planned return of sold goods.
    pub struct PlannedSalesReturn at "salesorder/PlannedSalesReturns", key "PlannedSalesReturnID": Id<PlannedSalesReturn> {
        planned_sales_return_id: Id<PlannedSalesReturn> = "PlannedSalesReturnID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        delivered_to: Guid = "DeliveredTo",
        delivered_to_contact_person: Guid = "DeliveredToContactPerson",
        delivered_to_contact_person_full_name: String = "DeliveredToContactPersonFullName" read_only,
        delivered_to_name: String = "DeliveredToName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document" read_only,
        document_subject: String = "DocumentSubject" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        planned_sales_return_lines: Vec<PlannedSalesReturnLine> = "PlannedSalesReturnLines",
        remarks: String = "Remarks",
        return_date: PrimitiveDateTime = "ReturnDate",
        return_number: i32 = "ReturnNumber" read_only,
        source: i32 = "Source" read_only,
        status: i32 = "Status",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
    }
}

model! {
    /// A line of a planned return of sold goods.
    pub struct PlannedSalesReturnLine at "salesorder/PlannedSalesReturnLines", key "ID": Id<PlannedSalesReturnLine> {
        id: Id<PlannedSalesReturnLine> = "ID",
        batch_numbers: Vec<StockBatchNumber> = "BatchNumbers",
        create_credit: i32 = "CreateCredit",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        good_delivery_line_id: Guid = "GoodDeliveryLineID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        planned_return_quantity: Decimal = "PlannedReturnQuantity",
        planned_sales_return_id: Guid = "PlannedSalesReturnID" read_only,
        received_quantity: Decimal = "ReceivedQuantity",
        return_reason_code_code: String = "ReturnReasonCodeCode",
        return_reason_code_description: String = "ReturnReasonCodeDescription" read_only,
        return_reason_code_id: Guid = "ReturnReasonCodeID" read_only,
        sales_order_line_id: Id<SalesOrderLine> = "SalesOrderLineID" read_only,
        sales_order_number: i32 = "SalesOrderNumber" read_only,
        serial_numbers: Vec<StockSerialNumber> = "SerialNumbers",
        stock_transaction_entry_id: Guid = "StockTransactionEntryID" read_only,
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode" read_only,
        storage_location_description: String = "StorageLocationDescription" read_only,
        storage_location_sequence_number: i32 = "StorageLocationSequenceNumber",
        unit_code: String = "UnitCode" read_only,
        unit_description: String = "UnitDescription" read_only,
    }
}

model! {
    /// A return of bought goods.
    pub struct PurchaseReturn at "purchaseorder/PurchaseReturns", key "ID": Id<PurchaseReturn> {
        id: Id<PurchaseReturn> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        purchase_return_lines: Vec<PurchaseReturnLine> = "PurchaseReturnLines",
        remarks: String = "Remarks",
        return_date: PrimitiveDateTime = "ReturnDate",
        return_number: i32 = "ReturnNumber" read_only,
        status: i32 = "Status" read_only,
        supplier: Id<Account> = "Supplier" read_only,
        supplier_address: Guid = "SupplierAddress" read_only,
        supplier_contact: Id<Contact> = "SupplierContact" read_only,
        supplier_contact_full_name: String = "SupplierContactFullName" read_only,
        tracking_number: String = "TrackingNumber",
        warehouse: Id<Warehouse> = "Warehouse" read_only,
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a return of bought goods.
    pub struct PurchaseReturnLine at "purchaseorder/PurchaseReturnLines", key "ID": Id<PurchaseReturnLine> {
        id: Id<PurchaseReturnLine> = "ID",
        batch_numbers: Vec<StockBatchNumber> = "BatchNumbers",
        create_credit: bool = "CreateCredit",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        entry_id: Guid = "EntryID",
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription",
        goods_receipt_line_id: Guid = "GoodsReceiptLineID",
        item: Id<Item> = "Item" read_only,
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        location: Guid = "Location",
        location_code: String = "LocationCode" read_only,
        location_description: String = "LocationDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        purchase_order_line_id: Id<PurchaseOrderLine> = "PurchaseOrderLineID",
        purchase_order_number: i32 = "PurchaseOrderNumber" read_only,
        rebill: bool = "Rebill",
        receipt_number: i32 = "ReceiptNumber" read_only,
        received_quantity: Decimal = "ReceivedQuantity" read_only,
        return_quantity: Decimal = "ReturnQuantity",
        return_reason_code_description: String = "ReturnReasonCodeDescription" read_only,
        return_reason_code_id: Guid = "ReturnReasonCodeID" read_only,
        serial_numbers: Vec<StockSerialNumber> = "SerialNumbers",
        supplier_item_code: String = "SupplierItemCode" read_only,
        unit_code: String = "UnitCode" read_only,
    }
}

resources! {
    /// Goods deliveries.
    goods_deliveries: GoodsDelivery [List Create Update]
        bulk "bulk/SalesOrder/GoodsDeliveries" without ["Timestamp"]
        sync GoodsDelivery "sync/SalesOrder/GoodsDeliveries" without [];
    /// Lines of goods deliveries.
    goods_delivery_lines: GoodsDeliveryLine [List Create Update]
        bulk "bulk/SalesOrder/GoodsDeliveryLines" without ["CustomerItemCode" "Timestamp"]
        sync GoodsDeliveryLine "sync/SalesOrder/GoodsDeliveryLines" without [];
    /// Deliveries by suppliers to customers.
    drop_shipments: DropShipment [List Create Update]
        sync DropShipment "salesorder/DropShipments" without [];
    /// Lines of deliveries by suppliers.
    drop_shipment_lines: DropShipmentLine [List Create Update];
    /// Planned returns of sold goods.
    planned_sales_returns: PlannedSalesReturn [List Create Update Delete]
        sync PlannedSalesReturn "salesorder/PlannedSalesReturns" without [];
    /// Lines of planned returns of sold goods.
    planned_sales_return_lines: PlannedSalesReturnLine [List Create Update Delete];
    /// Returns of bought goods.
    purchase_returns: PurchaseReturn [List Create Update]
        sync PurchaseReturn "purchaseorder/PurchaseReturns" without [];
    /// Lines of returns of bought goods.
    purchase_return_lines: PurchaseReturnLine [List Create Update];
}
