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
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        default_storage_location: Guid = "DefaultStorageLocation",
        default_storage_location_code: String = "DefaultStorageLocationCode",
        default_storage_location_description: String = "DefaultStorageLocationDescription",
        description: String = "Description",
        division: i32 = "Division",
        email: String = "EMail",
        main: i32 = "Main",
        manager_user: Guid = "ManagerUser",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        use_storage_locations: i32 = "UseStorageLocations",
    }
}

model! {
    /// A warehouse transfer: goods that go from one warehouse to another.
    pub struct WarehouseTransfer at "inventory/WarehouseTransfers", key "TransferID": Id<WarehouseTransfer> {
        transfer_id: Id<WarehouseTransfer> = "TransferID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        entry_date: PrimitiveDateTime = "EntryDate",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        planned_delivery_date: PrimitiveDateTime = "PlannedDeliveryDate",
        planned_receipt_date: PrimitiveDateTime = "PlannedReceiptDate",
        remarks: String = "Remarks",
        source: WarehouseTransferSource = "Source",
        status: WarehouseTransferStatus = "Status",
        transfer_date: PrimitiveDateTime = "TransferDate",
        transfer_number: i32 = "TransferNumber",
        warehouse_from: Id<Warehouse> = "WarehouseFrom",
        warehouse_from_code: String = "WarehouseFromCode",
        warehouse_from_description: String = "WarehouseFromDescription",
        warehouse_to: Id<Warehouse> = "WarehouseTo",
        warehouse_to_code: String = "WarehouseToCode",
        warehouse_to_description: String = "WarehouseToDescription",
        warehouse_transfer_lines: Vec<WarehouseTransferLine> = "WarehouseTransferLines",
    }
}

model! {
    /// A line of a warehouse transfer.
    pub struct WarehouseTransferLine at "inventory/WarehouseTransferLines", key "ID": Id<WarehouseTransferLine> {
        id: Id<WarehouseTransferLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        line_number: i32 = "LineNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        quantity: Decimal = "Quantity",
        serial_numbers: Vec<Value> = "SerialNumbers",
        storage_location_from: Guid = "StorageLocationFrom",
        storage_location_from_code: String = "StorageLocationFromCode",
        storage_location_from_description: String = "StorageLocationFromDescription",
        storage_location_from_location_sequence: i32 = "StorageLocationFromLocationSequence",
        storage_location_to: Guid = "StorageLocationTo",
        storage_location_to_code: String = "StorageLocationToCode",
        storage_location_to_description: String = "StorageLocationToDescription",
        storage_location_to_location_sequence: i32 = "StorageLocationToLocationSequence",
        transfer_id: Id<WarehouseTransfer> = "TransferID",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription",
    }
}

model! {
    /// A stock count.
    pub struct StockCount at "inventory/StockCounts", key "StockCountID": Id<StockCount> {
        stock_count_id: Id<StockCount> = "StockCountID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        entry_number: i32 = "EntryNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        offset_gl_inventory: Guid = "OffsetGLInventory",
        offset_gl_inventory_code: String = "OffsetGLInventoryCode",
        offset_gl_inventory_description: String = "OffsetGLInventoryDescription",
        source: i32 = "Source",
        status: StockCountStatus = "Status",
        stock_count_date: PrimitiveDateTime = "StockCountDate",
        stock_count_lines: Vec<StockCountLine> = "StockCountLines",
        stock_count_number: i32 = "StockCountNumber",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        counted_by: Guid = "CountedBy",
    }
}

model! {
    /// A line of a stock count.
    pub struct StockCountLine at "inventory/StockCountLines", key "ID": Id<StockCountLine> {
        id: Id<StockCountLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        cost_price: Decimal = "CostPrice",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_cost_price: Decimal = "ItemCostPrice",
        item_description: String = "ItemDescription",
        item_divisable: bool = "ItemDivisable",
        line_number: i32 = "LineNumber",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        quantity_difference: Decimal = "QuantityDifference",
        quantity_in_stock: Decimal = "QuantityInStock",
        quantity_new: Decimal = "QuantityNew",
        reason_code: String = "ReasonCode",
        reason_code_description: String = "ReasonCodeDescription",
        reason_code_id: Guid = "ReasonCodeID",
        serial_numbers: Vec<Value> = "SerialNumbers",
        stock_count_id: Id<StockCount> = "StockCountID",
        stock_keeping_unit: String = "StockKeepingUnit",
        storage_location: Guid = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
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
    /// Stock counts.
    stock_counts: StockCount [List Create Update Delete]
        sync StockCount "inventory/StockCounts" without [];
    /// Lines of stock counts.
    stock_count_lines: StockCountLine [List Create Update Delete];
}
