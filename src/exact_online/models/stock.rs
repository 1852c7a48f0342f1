//! Positions of the stock, batch numbers, serial numbers and assembly orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Item, StockCount, StorageLocation, Warehouse, WarehouseTransfer};

model! {
    /// The position of an item in a warehouse: the stock, and the quantities that are planned to arrive and
    /// to leave.
    pub struct StockPosition at "sync/Inventory/StockPositions", key "ID": Id<StockPosition> {
        id: Id<StockPosition> = "ID",
        timestamp: i64 = "Timestamp",
        current_stock: Decimal = "CurrentStock",
        division: i32 = "Division",
        free_stock: Decimal = "FreeStock",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_id: Id<Item> = "ItemId",
        planning_in: Decimal = "PlanningIn",
        planning_out: Decimal = "PlanningOut",
        projected_stock: Decimal = "ProjectedStock",
        reorder_point: Decimal = "ReorderPoint",
        reserved_stock: Decimal = "ReservedStock",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// The stock of an item at a location.
    pub struct StorageLocationStockPosition at "sync/Inventory/StorageLocationStockPositions", key "ID": Id<StorageLocationStockPosition> {
        id: Id<StorageLocationStockPosition> = "ID",
        timestamp: i64 = "Timestamp",
        division: i32 = "Division",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        quantity_to_picked: Decimal = "QuantityToPicked",
        reserved_pick: Decimal = "ReservedPick",
        serial_batch_reserved_stock: Decimal = "SerialBatchReservedStock",
        stock: Decimal = "Stock",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// A location at which an item is kept.
    pub struct ItemStorageLocation at "sync/Inventory/ItemStorageLocations", key "ID": Id<ItemStorageLocation> {
        id: Id<ItemStorageLocation> = "ID",
        timestamp: i64 = "Timestamp",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        maximum_stock: Decimal = "MaximumStock",
        minimum_stock: Decimal = "MinimumStock",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        kind: i32 = "Type",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// A serial number or a batch number.
    pub struct SerialBatchNumber at "sync/Inventory/SerialBatchNumbers", key "ID": Id<SerialBatchNumber> {
        id: Id<SerialBatchNumber> = "ID",
        timestamp: i64 = "Timestamp",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        is_blocked: i32 = "IsBlocked",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        remarks: String = "Remarks",
        serial_batch_number: Guid = "SerialBatchNumber",
        start_date: PrimitiveDateTime = "StartDate",
        kind: i32 = "Type",
    }
}

model! {
    /// A serial number or a batch number in a movement of stock.
    pub struct StockSerialBatchNumber at "sync/Inventory/StockSerialBatchNumbers", key "ID": Id<StockSerialBatchNumber> {
        id: Id<StockSerialBatchNumber> = "ID",
        timestamp: i64 = "Timestamp",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        draft_stock_transaction_location: Guid = "DraftStockTransactionLocation",
        draft_transaction_id: Guid = "DraftTransactionID",
        is_draft: i32 = "IsDraft",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        parent_id: Guid = "ParentID",
        picklist_line: Guid = "PicklistLine",
        pick_order_line: Guid = "PickOrderLine",
        purchase_transaction: Guid = "PurchaseTransaction",
        quantity: Decimal = "Quantity",
        remarks: String = "Remarks",
        sales_order_line: Guid = "SalesOrderLine",
        sales_return_line: Guid = "SalesReturnLine",
        sales_transaction: Guid = "SalesTransaction",
        serial_batch_number: Guid = "SerialBatchNumber",
        stock_count_line: Guid = "StockCountLine",
        stock_transaction_id: Guid = "StockTransactionID",
        stock_transaction_location: Guid = "StockTransactionLocation",
        stock_transaction_type: i32 = "StockTransactionType",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        warehouse_transfer_line: Guid = "WarehouseTransferLine",
    }
}

model! {
    /// A batch number.
    pub struct BatchNumber at "inventory/BatchNumbers", key "ID": Id<BatchNumber> {
        id: Id<BatchNumber> = "ID",
        available_quantity: Decimal = "AvailableQuantity",
        batch_number: String = "BatchNumber",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        division: i32 = "Division",
        expiry_date: PrimitiveDateTime = "ExpiryDate",
        is_blocked: i32 = "IsBlocked",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        remarks: String = "Remarks",
        storage_locations: Vec<StorageLocation> = "StorageLocations",
        warehouses: Vec<Warehouse> = "Warehouses",
    }
}

model! {
    /// A serial number.
    pub struct SerialNumber at "inventory/SerialNumbers", key "ID": Id<SerialNumber> {
        id: Id<SerialNumber> = "ID",
        available: i32 = "Available",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        is_blocked: i32 = "IsBlocked",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        remarks: String = "Remarks",
        serial_number: String = "SerialNumber",
        start_date: PrimitiveDateTime = "StartDate",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// A batch number in a movement of stock.
    pub struct StockBatchNumber at "inventory/StockBatchNumbers", key "ID": Id<StockBatchNumber> {
        id: Id<StockBatchNumber> = "ID",
        batch_number: String = "BatchNumber",
        batch_number_id: Guid = "BatchNumberID" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        draft_stock_transaction_id: Guid = "DraftStockTransactionID",
        end_date: PrimitiveDateTime = "EndDate",
        is_blocked: i32 = "IsBlocked",
        is_draft: i32 = "IsDraft" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        parent_id: Guid = "ParentID",
        pick_order_line: Guid = "PickOrderLine",
        quantity: Decimal = "Quantity",
        remarks: String = "Remarks",
        sales_order_line: Guid = "SalesOrderLine",
        sales_return_line: Guid = "SalesReturnLine",
        stock_count_line: Guid = "StockCountLine",
        stock_transaction_id: Guid = "StockTransactionID" read_only,
        stock_transaction_type: i32 = "StockTransactionType",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode" read_only,
        storage_location_description: String = "StorageLocationDescription" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        warehouse_transfer_line: Guid = "WarehouseTransferLine",
    }
}

model! {
    /// A serial number in a movement of stock.
    pub struct StockSerialNumber at "inventory/StockSerialNumbers", key "ID": Id<StockSerialNumber> {
        id: Id<StockSerialNumber> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        draft_stock_transaction_id: Guid = "DraftStockTransactionID",
        end_date: PrimitiveDateTime = "EndDate",
        is_blocked: i32 = "IsBlocked",
        is_draft: i32 = "IsDraft" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        parent_id: Guid = "ParentID",
        pick_order_line: Guid = "PickOrderLine",
        remarks: String = "Remarks",
        sales_order_line: Guid = "SalesOrderLine",
        sales_return_line: Guid = "SalesReturnLine",
        serial_number: String = "SerialNumber",
        serial_number_id: Guid = "SerialNumberID" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        stock_count_line: Guid = "StockCountLine" read_only,
        stock_transaction_id: Guid = "StockTransactionID" read_only,
        stock_transaction_type: i32 = "StockTransactionType",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode" read_only,
        storage_location_description: String = "StorageLocationDescription" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        warehouse_transfer_line: Guid = "WarehouseTransferLine",
    }
}

model! {
    /// An assembly order.
    pub struct AssemblyOrder at "inventory/AssemblyOrders", key "ID": Id<AssemblyOrder> {
        id: Id<AssemblyOrder> = "ID",
        assembly_date: PrimitiveDateTime = "AssemblyDate",
        description: String = "Description",
        division: i32 = "Division",
        finished_assembly_date: PrimitiveDateTime = "FinishedAssemblyDate",
        finished_quantity: Decimal = "FinishedQuantity",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        notes: String = "Notes",
        order_date: PrimitiveDateTime = "OrderDate",
        order_number: i32 = "OrderNumber",
        order_status: i32 = "OrderStatus",
        part_items: Vec<Value> = "PartItems",
        planned_quantity: Decimal = "PlannedQuantity",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        storage_location_sequence_number: i32 = "StorageLocationSequenceNumber",
        kind: i32 = "Type",
        unit: String = "Unit",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// An order to process a stock count.
    pub struct StockCountProcess at "inventory/ProcessStockCount", key "StockCountID": Id<StockCount> {
        stock_count_id: Id<StockCount> = "StockCountID",
        division: i32 = "Division",
        error_message: String = "ErrorMessage",
        success_message: String = "SuccessMessage",
    }
}

model! {
    /// An order to process a warehouse transfer.
    pub struct WarehouseTransferProcess at "inventory/ProcessWarehouseTransfer", key "TransferID": Id<WarehouseTransfer> {
        transfer_id: Id<WarehouseTransfer> = "TransferID",
        division: i32 = "Division" read_only,
        transfer_date: PrimitiveDateTime = "TransferDate",
    }
}

resources! {
    /// Positions of items in warehouses. These rows can be synchronised, not listed.
    stock_positions: StockPosition []
        sync StockPosition "sync/Inventory/StockPositions" without [];
    /// Stock of items by location. These rows can be synchronised, not listed.
    storage_location_stock_positions: StorageLocationStockPosition []
        sync StorageLocationStockPosition "sync/Inventory/StorageLocationStockPositions" without [];
    /// Locations at which items are kept. These rows can be synchronised, not listed.
    item_storage_locations: ItemStorageLocation []
        sync ItemStorageLocation "sync/Inventory/ItemStorageLocations" without [];
    /// Serial numbers and batch numbers. These rows can be synchronised, not listed.
    serial_batch_numbers: SerialBatchNumber []
        sync SerialBatchNumber "sync/Inventory/SerialBatchNumbers" without [];
    /// Serial numbers and batch numbers in movements of stock. These rows can be synchronised, not listed.
    stock_serial_batch_numbers: StockSerialBatchNumber []
        sync StockSerialBatchNumber "sync/Inventory/StockSerialBatchNumbers" without [];
    /// Batch numbers.
    batch_numbers: BatchNumber [List];
    /// Serial numbers.
    serial_numbers: SerialNumber [List];
    /// Batch numbers in movements of stock.
    stock_batch_numbers: StockBatchNumber [List Create Update Delete];
    /// Serial numbers in movements of stock.
    stock_serial_numbers: StockSerialNumber [List Create Update Delete];
    /// Assembly orders.
    assembly_orders: AssemblyOrder [List];
    /// Orders to process stock counts.
    process_stock_count: StockCountProcess [Create];
    /// Orders to process warehouse transfers.
    process_warehouse_transfer: WarehouseTransferProcess [Create];
}
