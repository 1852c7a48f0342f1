//! Groups, versions and other parts of items.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Item, Warehouse};

model! {
    /// A group of items.
    pub struct ItemGroup at "logistics/ItemGroups", key "ID": Id<ItemGroup> {
        id: Id<ItemGroup> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        gl_costs: Guid = "GLCosts",
        gl_costs_code: String = "GLCostsCode",
        gl_costs_description: String = "GLCostsDescription",
        gl_purchase_account: Guid = "GLPurchaseAccount",
        gl_purchase_account_code: String = "GLPurchaseAccountCode",
        gl_purchase_account_description: String = "GLPurchaseAccountDescription",
        gl_purchase_price_difference: Guid = "GLPurchasePriceDifference",
        gl_purchase_price_difference_code: String = "GLPurchasePriceDifferenceCode",
        gl_purchase_price_difference_descr: String = "GLPurchasePriceDifferenceDescr",
        gl_revenue: Guid = "GLRevenue",
        gl_revenue_code: String = "GLRevenueCode",
        gl_revenue_description: String = "GLRevenueDescription",
        gl_stock: Guid = "GLStock",
        gl_stock_code: String = "GLStockCode",
        gl_stock_description: String = "GLStockDescription",
        gl_stock_variance: Guid = "GLStockVariance",
        gl_stock_variance_code: String = "GLStockVarianceCode",
        gl_stock_variance_description: String = "GLStockVarianceDescription",
        is_default: i32 = "IsDefault",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
    }
}

model! {
    /// A version of an item.
    pub struct ItemVersion at "logistics/ItemVersions", key "ID": Id<ItemVersion> {
        id: Id<ItemVersion> = "ID",
        batch_quantity: Decimal = "BatchQuantity",
        calculated_cost_price: Decimal = "CalculatedCostPrice",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        is_default: i32 = "IsDefault",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription",
        lead_time: i32 = "LeadTime",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        status: i32 = "Status",
        status_description: String = "StatusDescription",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
        version_date: PrimitiveDateTime = "VersionDate",
        version_number: i32 = "VersionNumber",
    }
}

model! {
    /// An item as a customer names it.
    pub struct CustomerItem at "logistics/CustomerItems", key "ID": Id<CustomerItem> {
        id: Id<CustomerItem> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        customer_item_code: String = "CustomerItemCode",
        division: i32 = "Division",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
    }
}

model! {
    /// An assortment of items.
    pub struct ItemAssortment at "logistics/ItemAssortment", key "ID": Id<ItemAssortment> {
        id: Id<ItemAssortment> = "ID",
        code: i32 = "Code",
        description: String = "Description",
        division: i32 = "Division",
        properties: Vec<Value> = "Properties",
    }
}

model! {
    /// A property of an assortment.
    pub struct ItemAssortmentProperty at "logistics/ItemAssortmentProperty", key "ID": Id<ItemAssortmentProperty> {
        id: Id<ItemAssortmentProperty> = "ID",
        code: String = "Code",
        description: String = "Description",
        division: i32 = "Division",
        item_assortment_code: i32 = "ItemAssortmentCode",
    }
}

model! {
    /// A charge that belongs to an item.
    pub struct ItemChargeRelation at "logistics/ItemChargeRelation", key "ID": Id<ItemChargeRelation> {
        id: Id<ItemChargeRelation> = "ID",
        amount: Decimal = "Amount",
        charge_code: String = "ChargeCode",
        charge_description: String = "ChargeDescription",
        charge_id: Guid = "ChargeID",
        charge_vat_code: String = "ChargeVATCode",
        charge_vat_description: String = "ChargeVATDescription",
        charge_vat_percentage: Decimal = "ChargeVATPercentage",
        charge_vat_type: String = "ChargeVATType",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        division: i32 = "Division",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_id: Id<Item> = "ItemID",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        quantity: Decimal = "Quantity",
        total_amount: Decimal = "TotalAmount",
    }
}

model! {
    /// The stock of an item in a warehouse.
    pub struct ItemWarehouse at "inventory/ItemWarehouses", key "ID": Id<ItemWarehouse> {
        id: Id<ItemWarehouse> = "ID",
        counting_cycle: i32 = "CountingCycle",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        current_stock: Decimal = "CurrentStock" read_only,
        default_storage_location: Guid = "DefaultStorageLocation",
        default_storage_location_code: String = "DefaultStorageLocationCode" read_only,
        default_storage_location_description: String = "DefaultStorageLocationDescription" read_only,
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_end_date: PrimitiveDateTime = "ItemEndDate" read_only,
        item_is_fraction_allowed_item: bool = "ItemIsFractionAllowedItem" read_only,
        item_is_stock_item: bool = "ItemIsStockItem" read_only,
        item_start_date: PrimitiveDateTime = "ItemStartDate" read_only,
        item_unit: String = "ItemUnit" read_only,
        item_unit_description: String = "ItemUnitDescription" read_only,
        maximum_stock: Decimal = "MaximumStock",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        order_policy: i32 = "OrderPolicy",
        period: i32 = "Period",
        planned_stock_in: Decimal = "PlannedStockIn" read_only,
        planned_stock_out: Decimal = "PlannedStockOut" read_only,
        planning_details_url: String = "PlanningDetailsUrl" read_only,
        projected_stock: Decimal = "ProjectedStock" read_only,
        reorder_point: Decimal = "ReorderPoint",
        reorder_quantity: Decimal = "ReorderQuantity",
        replenishment_type: i32 = "ReplenishmentType",
        reserved_stock: Decimal = "ReservedStock" read_only,
        safety_stock: Decimal = "SafetyStock",
        storage_location_sequence_number: i32 = "StorageLocationSequenceNumber",
        storage_location_url: String = "StorageLocationUrl" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A location in a warehouse.
    pub struct StorageLocation at "inventory/StorageLocations", key "ID": Id<StorageLocation> {
        id: Id<StorageLocation> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        main: i32 = "Main",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        pick_sequence: i32 = "PickSequence",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// The stock of an item at a location.
    pub struct ItemWarehouseStorageLocation at "inventory/ItemWarehouseStorageLocations", key "ID": Id<ItemWarehouseStorageLocation> {
        id: Id<ItemWarehouseStorageLocation> = "ID",
        is_fraction_allowed_item: i32 = "IsFractionAllowedItem",
        is_stock_item: i32 = "IsStockItem",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_end_date: PrimitiveDateTime = "ItemEndDate",
        item_start_date: PrimitiveDateTime = "ItemStartDate",
        item_unit: String = "ItemUnit",
        item_unit_description: String = "ItemUnitDescription",
        stock: Decimal = "Stock",
        storage_location: Id<StorageLocation> = "StorageLocation",
        storage_location_code: String = "StorageLocationCode",
        storage_location_description: String = "StorageLocationDescription",
        storage_location_sequence_number: i32 = "StorageLocationSequenceNumber",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

model! {
    /// Goods that are planned to arrive or to leave.
    pub struct ItemWarehousePlanningDetail at "inventory/ItemWarehousePlanningDetails", key "ID": Id<ItemWarehousePlanningDetail> {
        id: Id<ItemWarehousePlanningDetail> = "ID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        planned_date: PrimitiveDateTime = "PlannedDate",
        planned_quantity: Decimal = "PlannedQuantity",
        planning_source_description: String = "PlanningSourceDescription",
        planning_source_id: Guid = "PlanningSourceID",
        planning_source_line_number: i32 = "PlanningSourceLineNumber",
        planning_source_number: i32 = "PlanningSourceNumber",
        planning_source_url: String = "PlanningSourceUrl",
        planning_type: i32 = "PlanningType",
        planning_type_description: String = "PlanningTypeDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
    }
}

resources! {
    /// Groups of items.
    item_groups: ItemGroup [List]
        sync ItemGroup "logistics/ItemGroups" without [];
    /// Versions of items.
    item_versions: ItemVersion [List]
        sync ItemVersion "logistics/ItemVersions" without [];
    /// Items as customers name them.
    customer_items: CustomerItem [List Create Update Delete]
        sync CustomerItem "logistics/CustomerItems" without [];
    /// Assortments of items.
    item_assortments: ItemAssortment [List];
    /// Properties of assortments.
    item_assortment_properties: ItemAssortmentProperty [List];
    /// Charges that belong to items.
    item_charge_relations: ItemChargeRelation [List];
    /// Stock of items by warehouse.
    item_warehouses: ItemWarehouse [List Create Update Delete]
        sync ItemWarehouse "sync/Inventory/ItemWarehouses" without [
            "CurrentStock" "ItemEndDate" "ItemIsFractionAllowedItem" "ItemIsStockItem"
            "ItemStartDate" "ItemUnit" "ItemUnitDescription" "PlannedStockIn" "PlannedStockOut"
            "PlanningDetailsUrl" "ProjectedStock" "StorageLocationUrl"
        ];
    /// Locations in warehouses.
    storage_locations: StorageLocation [List];
    /// Stock of items by location.
    item_warehouse_storage_locations: ItemWarehouseStorageLocation [List];
    /// Goods that are planned to arrive or to leave.
    item_warehouse_planning_details: ItemWarehousePlanningDetail [List];
}
