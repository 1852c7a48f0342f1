//! Shop orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id, ShopOrderStatus};
use super::model;
use super::{Item, Project, SelectionCode, Warehouse};

model! {
    /// A shop order: an order to produce an item.
    pub struct ShopOrder at "manufacturing/ShopOrders", key "ID": Id<ShopOrder> {
        id: Id<ShopOrder> = "ID",
        cad_drawing_url: String = "CADDrawingURL",
        costcenter: String = "Costcenter",
        costcenter_description: String = "CostcenterDescription" read_only,
        costunit: String = "Costunit",
        costunit_description: String = "CostunitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        entry_date: PrimitiveDateTime = "EntryDate",
        is_batch: i32 = "IsBatch" read_only,
        is_fraction_allowed_item: i32 = "IsFractionAllowedItem" read_only,
        is_in_planning: i32 = "IsInPlanning",
        is_on_hold: i32 = "IsOnHold",
        is_released: i32 = "IsReleased",
        is_serial: i32 = "IsSerial" read_only,
        item: Id<Item> = "Item",
        item_barcode: String = "ItemBarcode",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_picture_url: String = "ItemPictureUrl" read_only,
        item_version: Guid = "ItemVersion",
        item_version_description: String = "ItemVersionDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        planned_date: PrimitiveDateTime = "PlannedDate",
        planned_quantity: Decimal = "PlannedQuantity",
        planned_start_date: PrimitiveDateTime = "PlannedStartDate",
        produced_quantity: Decimal = "ProducedQuantity" read_only,
        production_lead_days: i32 = "ProductionLeadDays",
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        ready_to_ship_quantity: Decimal = "ReadyToShipQuantity",
        sales_order_line_count: i32 = "SalesOrderLineCount" read_only,
        sales_order_lines: Vec<Value> = "SalesOrderLines" read_only,
        selection_code: Id<SelectionCode> = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode" read_only,
        selection_code_description: String = "SelectionCodeDescription" read_only,
        shop_order_by_product_plan_backflush_count: i32 = "ShopOrderByProductPlanBackflushCount" read_only,
        shop_order_by_product_plan_count: i32 = "ShopOrderByProductPlanCount" read_only,
        shop_order_main: Guid = "ShopOrderMain" read_only,
        shop_order_main_number: i32 = "ShopOrderMainNumber" read_only,
        shop_order_material_plan_backflush_count: i32 = "ShopOrderMaterialPlanBackflushCount" read_only,
        shop_order_material_plan_count: i32 = "ShopOrderMaterialPlanCount" read_only,
        shop_order_material_plans: Vec<Value> = "ShopOrderMaterialPlans" read_only,
        shop_order_material_plans_non_issued_byproducts_count: i32 = "ShopOrderMaterialPlansNonIssuedByproductsCount",
        shop_order_material_plans_non_issued_materials_count: i32 = "ShopOrderMaterialPlansNonIssuedMaterialsCount",
        shop_order_number: i32 = "ShopOrderNumber" read_only,
        shop_order_number_string: String = "ShopOrderNumberString" read_only,
        shop_order_parent: Guid = "ShopOrderParent" read_only,
        shop_order_parent_number: i32 = "ShopOrderParentNumber" read_only,
        shop_order_routing_step_plan_count: i32 = "ShopOrderRoutingStepPlanCount" read_only,
        shop_order_routing_step_plans: Vec<Value> = "ShopOrderRoutingStepPlans" read_only,
        status: ShopOrderStatus = "Status" read_only,
        sub_shop_order_count: i32 = "SubShopOrderCount" read_only,
        kind: i32 = "Type" read_only,
        unit: String = "Unit" read_only,
        unit_description: String = "UnitDescription" read_only,
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        your_ref: String = "YourRef",
        timestamp: i64 = "Timestamp" read_only,
    }
}

resources! {
    /// Shop orders: orders to produce an item.
    shop_orders: ShopOrder [List Create Update Delete]
        sync ShopOrder "sync/Manufacturing/ShopOrders" without [
            "ItemBarcode" "ShopOrderMaterialPlansNonIssuedByproductsCount"
            "ShopOrderMaterialPlansNonIssuedMaterialsCount" "WarehouseCode" "WarehouseDescription"
        ];
}
