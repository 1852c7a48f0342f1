//! Warehouses, their transfers and stock counts.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{
    Decimal, Guid, Id, StockCountStatus, WarehouseTransferSource, WarehouseTransferStatus,
};
use super::Item;
use super::model;

model! {
    /// A warehouse.
    pub struct Warehouse at "inventory/Warehouses", key "ID": Id<Warehouse> {
        id: Id<Warehouse> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        default_storage_location: Guid = "DefaultStorageLocation" read_only,
        default_storage_location_code: String = "DefaultStorageLocationCode" read_only,
        default_storage_location_description: String = "DefaultStorageLocationDescription" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        email: String = "EMail",
        main: i32 = "Main",
        manager_user: Guid = "ManagerUser",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        use_storage_locations: i32 = "UseStorageLocations",
    }
}

model! {
    /// A warehouse transfer: goods that go from one warehouse to another.
    pub struct WarehouseTransfer at "inventory/WarehouseTransfers", key "TransferID": Id<WarehouseTransfer> {
        transfer_id: Id<WarehouseTransfer> = "TransferID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_date: PrimitiveDateTime = "EntryDate",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        planned_delivery_date: PrimitiveDateTime = "PlannedDeliveryDate",
        planned_receipt_date: PrimitiveDateTime = "PlannedReceiptDate",
        remarks: String = "Remarks",
        source: WarehouseTransferSource = "Source" read_only,
        status: WarehouseTransferStatus = "Status",
        transfer_date: PrimitiveDateTime = "TransferDate" read_only,
        transfer_number: i32 = "TransferNumber" read_only,
        warehouse_from: Id<Warehouse> = "WarehouseFrom",
        warehouse_from_code: String = "WarehouseFromCode" read_only,
        warehouse_from_description: String = "WarehouseFromDescription" read_only,
        warehouse_to: Id<Warehouse> = "WarehouseTo",
        warehouse_to_code: String = "WarehouseToCode" read_only,
        warehouse_to_description: String = "WarehouseToDescription" read_only,
        warehouse_transfer_lines: Vec<WarehouseTransferLine> = "WarehouseTransferLines",
    }
}

model! {
    /// A line of a warehouse transfer.
    pub struct WarehouseTransferLine at "inventory/WarehouseTransferLines", key "ID": Id<WarehouseTransferLine> {
        id: Id<WarehouseTransferLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        quantity: Decimal = "Quantity",
        serial_numbers: Vec<Value> = "SerialNumbers",
        storage_location_from: Guid = "StorageLocationFrom",
        storage_location_from_code: String = "StorageLocationFromCode" read_only,
        storage_location_from_description: String = "StorageLocationFromDescription" read_only,
        storage_location_from_location_sequence: i32 = "StorageLocationFromLocationSequence",
        storage_location_to: Guid = "StorageLocationTo",
        storage_location_to_code: String = "StorageLocationToCode" read_only,
        storage_location_to_description: String = "StorageLocationToDescription" read_only,
        storage_location_to_location_sequence: i32 = "StorageLocationToLocationSequence",
        transfer_id: Id<WarehouseTransfer> = "TransferID",
        unit_code: String = "UnitCode" read_only,
        unit_description: String = "UnitDescription" read_only,
    }
}

model! {
    /// A stock count.
    pub struct StockCount at "inventory/StockCounts", key "StockCountID": Id<StockCount> {
        stock_count_id: Id<StockCount> = "StockCountID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_number: i32 = "EntryNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        offset_gl_inventory: Guid = "OffsetGLInventory",
        offset_gl_inventory_code: String = "OffsetGLInventoryCode" read_only,
        offset_gl_inventory_description: String = "OffsetGLInventoryDescription" read_only,
        source: i32 = "Source" read_only,
        status: StockCountStatus = "Status",
        stock_count_date: PrimitiveDateTime = "StockCountDate",
        stock_count_lines: Vec<StockCountLine> = "StockCountLines",
        stock_count_number: i32 = "StockCountNumber" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        counted_by: Guid = "CountedBy",
    }
}

model! {
    /// A line of a stock count.
    pub struct StockCountLine at "inventory/StockCountLines", key "ID": Id<StockCountLine> {
        id: Id<StockCountLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        cost_price: Decimal = "CostPrice" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_cost_price: Decimal = "ItemCostPrice" read_only,
        item_description: String = "ItemDescription" read_only,
        item_divisable: bool = "ItemDivisable" read_only,
        line_number: i32 = "LineNumber" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        quantity_difference: Decimal = "QuantityDifference",
        quantity_in_stock: Decimal = "QuantityInStock" read_only,
        quantity_new: Decimal = "QuantityNew",
        reason_code: String = "ReasonCode",
        reason_code_description: String = "ReasonCodeDescription" read_only,
        reason_code_id: Guid = "ReasonCodeID" read_only,
        serial_numbers: Vec<Value> = "SerialNumbers",
        stock_count_id: Id<StockCount> = "StockCountID",
        stock_keeping_unit: String = "StockKeepingUnit" read_only,
        storage_location: Guid = "StorageLocation",
        storage_location_code: String = "StorageLocationCode" read_only,
        storage_location_description: String = "StorageLocationDescription" read_only,
        storage_location_sequence_number: i32 = "StorageLocationSequenceNumber",
        source: i32 = "Source",
    }
}

resources! {
    /// Warehouses.
    warehouses: Warehouse [List Create Update Delete]
        sync Warehouse "inventory/Warehouses" without [];
    /// Transfers of goods between warehouses.
    warehouse_transfers: WarehouseTransfer [List Create Update Delete]
        sync WarehouseTransfer "inventory/WarehouseTransfers" without [];
    /// Lines of transfers of goods.
    warehouse_transfer_lines: WarehouseTransferLine [List Create Update Delete];
    /// Stock counts.
    stock_counts: StockCount [List Create Update Delete]
        sync StockCount "inventory/StockCounts" without [];
    /// Lines of stock counts.
    stock_count_lines: StockCountLine [List Create Update Delete];
}
