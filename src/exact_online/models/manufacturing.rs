//! Shop orders.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id, ShopOrderStatus};
use super::model;
use super::{Item, Warehouse};

model! {
    /// A shop order: an order to produce an item.
    pub struct ShopOrder at "manufacturing/ShopOrders", key "ID": Id<ShopOrder> {
        id: Id<ShopOrder> = "ID",
        cad_drawing_url: String = "CADDrawingURL",
        costcenter: String = "Costcenter",
        costcenter_description: String = "CostcenterDescription",
        costunit: String = "Costunit",
        costunit_description: String = "CostunitDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        entry_date: PrimitiveDateTime = "EntryDate",
        is_batch: i32 = "IsBatch",
        is_fraction_allowed_item: i32 = "IsFractionAllowedItem",
        is_in_planning: i32 = "IsInPlanning",
        is_on_hold: i32 = "IsOnHold",
        is_released: i32 = "IsReleased",
        is_serial: i32 = "IsSerial",
        item: Id<Item> = "Item",
        item_barcode: String = "ItemBarcode",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_picture_url: String = "ItemPictureUrl",
        item_version: Guid = "ItemVersion",
        item_version_description: String = "ItemVersionDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        planned_date: PrimitiveDateTime = "PlannedDate",
        planned_quantity: Decimal = "PlannedQuantity",
        planned_start_date: PrimitiveDateTime = "PlannedStartDate",
        produced_quantity: Decimal = "ProducedQuantity",
        production_lead_days: i32 = "ProductionLeadDays",
        project: Guid = "Project",
        project_description: String = "ProjectDescription",
        ready_to_ship_quantity: Decimal = "ReadyToShipQuantity",
        sales_order_line_count: i32 = "SalesOrderLineCount",
        sales_order_lines: Vec<Value> = "SalesOrderLines",
        selection_code: Guid = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode",
        selection_code_description: String = "SelectionCodeDescription",
        shop_order_by_product_plan_backflush_count: i32 = "ShopOrderByProductPlanBackflushCount",
        shop_order_by_product_plan_count: i32 = "ShopOrderByProductPlanCount",
        shop_order_main: Guid = "ShopOrderMain",
        shop_order_main_number: i32 = "ShopOrderMainNumber",
        shop_order_material_plan_backflush_count: i32 = "ShopOrderMaterialPlanBackflushCount",
        shop_order_material_plan_count: i32 = "ShopOrderMaterialPlanCount",
        shop_order_material_plans: Vec<Value> = "ShopOrderMaterialPlans",
        shop_order_material_plans_non_issued_byproducts_count: i32 = "ShopOrderMaterialPlansNonIssuedByproductsCount",
        shop_order_material_plans_non_issued_materials_count: i32 = "ShopOrderMaterialPlansNonIssuedMaterialsCount",
        shop_order_number: i32 = "ShopOrderNumber",
        shop_order_number_string: String = "ShopOrderNumberString",
        shop_order_parent: Guid = "ShopOrderParent",
        shop_order_parent_number: i32 = "ShopOrderParentNumber",
        shop_order_routing_step_plan_count: i32 = "ShopOrderRoutingStepPlanCount",
        shop_order_routing_step_plans: Vec<Value> = "ShopOrderRoutingStepPlans",
        status: ShopOrderStatus = "Status",
        sub_shop_order_count: i32 = "SubShopOrderCount",
        kind: i32 = "Type",
        unit: String = "Unit",
        unit_description: String = "UnitDescription",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        your_ref: String = "YourRef",
        timestamp: i64 = "Timestamp",
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
