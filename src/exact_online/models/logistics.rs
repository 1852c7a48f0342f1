//! Items, their suppliers and prices, and units of measure.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, GlAccount, ItemGroup};

model! {
    /// An item: a thing or service that is bought, made or sold.
    pub struct Item at "logistics/Items", key "ID": Id<Item> {
        id: Id<Item> = "ID",
        average_cost: Decimal = "AverageCost",
        barcode: String = "Barcode",
        class_01: String = "Class_01",
        class_02: String = "Class_02",
        class_03: String = "Class_03",
        class_04: String = "Class_04",
        class_05: String = "Class_05",
        class_06: String = "Class_06",
        class_07: String = "Class_07",
        class_08: String = "Class_08",
        class_09: String = "Class_09",
        class_10: String = "Class_10",
        code: String = "Code",
        copy_remarks: i32 = "CopyRemarks",
        cost_price_currency: String = "CostPriceCurrency",
        cost_price_new: Decimal = "CostPriceNew",
        cost_price_standard: Decimal = "CostPriceStandard",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        extra_description: String = "ExtraDescription",
        free_bool_field_01: bool = "FreeBoolField_01",
        free_bool_field_02: bool = "FreeBoolField_02",
        free_bool_field_03: bool = "FreeBoolField_03",
        free_bool_field_04: bool = "FreeBoolField_04",
        free_bool_field_05: bool = "FreeBoolField_05",
        free_date_field_01: PrimitiveDateTime = "FreeDateField_01",
        free_date_field_02: PrimitiveDateTime = "FreeDateField_02",
        free_date_field_03: PrimitiveDateTime = "FreeDateField_03",
        free_date_field_04: PrimitiveDateTime = "FreeDateField_04",
        free_date_field_05: PrimitiveDateTime = "FreeDateField_05",
        free_number_field_01: Decimal = "FreeNumberField_01",
        free_number_field_02: Decimal = "FreeNumberField_02",
        free_number_field_03: Decimal = "FreeNumberField_03",
        free_number_field_04: Decimal = "FreeNumberField_04",
        free_number_field_05: Decimal = "FreeNumberField_05",
        free_number_field_06: Decimal = "FreeNumberField_06",
        free_number_field_07: Decimal = "FreeNumberField_07",
        free_number_field_08: Decimal = "FreeNumberField_08",
        free_text_field_01: String = "FreeTextField_01",
        free_text_field_02: String = "FreeTextField_02",
        free_text_field_03: String = "FreeTextField_03",
        free_text_field_04: String = "FreeTextField_04",
        free_text_field_05: String = "FreeTextField_05",
        free_text_field_06: String = "FreeTextField_06",
        free_text_field_07: String = "FreeTextField_07",
        free_text_field_08: String = "FreeTextField_08",
        free_text_field_09: String = "FreeTextField_09",
        free_text_field_10: String = "FreeTextField_10",
        gl_costs: Id<GlAccount> = "GLCosts",
        gl_costs_code: String = "GLCostsCode" read_only,
        gl_costs_description: String = "GLCostsDescription" read_only,
        gl_revenue: Id<GlAccount> = "GLRevenue",
        gl_revenue_code: String = "GLRevenueCode" read_only,
        gl_revenue_description: String = "GLRevenueDescription" read_only,
        gl_stock: Id<GlAccount> = "GLStock",
        gl_stock_code: String = "GLStockCode" read_only,
        gl_stock_description: String = "GLStockDescription" read_only,
        gross_weight: Decimal = "GrossWeight",
        is_batch_item: i32 = "IsBatchItem",
        is_fraction_allowed_item: bool = "IsFractionAllowedItem",
        is_make_item: i32 = "IsMakeItem",
        is_new_contract: i32 = "IsNewContract",
        is_on_demand_item: i32 = "IsOnDemandItem",
        is_package_item: bool = "IsPackageItem",
        is_purchase_item: bool = "IsPurchaseItem",
        is_sales_item: bool = "IsSalesItem",
        is_serial_item: bool = "IsSerialItem",
        is_stock_item: bool = "IsStockItem",
        is_subcontracted_item: bool = "IsSubcontractedItem",
        is_taxable_item: i32 = "IsTaxableItem",
        is_time: i32 = "IsTime",
        is_webshop_item: i32 = "IsWebshopItem",
        item_group: Id<ItemGroup> = "ItemGroup",
        item_group_code: String = "ItemGroupCode" read_only,
        item_group_description: String = "ItemGroupDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        net_weight: Decimal = "NetWeight",
        net_weight_unit: String = "NetWeightUnit",
        notes: String = "Notes",
        picture: String = "Picture",
        picture_name: String = "PictureName" read_only,
        picture_thumbnail_url: String = "PictureThumbnailUrl" read_only,
        picture_url: String = "PictureUrl" read_only,
        sales_vat_code: String = "SalesVatCode",
        sales_vat_code_description: String = "SalesVatCodeDescription" read_only,
        search_code: String = "SearchCode",
        security_level: i32 = "SecurityLevel",
        standard_sales_price: Decimal = "StandardSalesPrice" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        statistical_code: String = "StatisticalCode" read_only,
        statistical_net_weight: Decimal = "StatisticalNetWeight" read_only,
        statistical_units: Decimal = "StatisticalUnits" read_only,
        statistical_value: Decimal = "StatisticalValue" read_only,
        stock: Decimal = "Stock" read_only,
        unit: String = "Unit",
        unit_description: String = "UnitDescription" read_only,
        unit_type: String = "UnitType" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// An item as a supplier sells it.
    pub struct SupplierItem at "logistics/SupplierItem", key "ID": Id<SupplierItem> {
        id: Id<SupplierItem> = "ID",
        barcode: String = "Barcode",
        copy_remarks: i32 = "CopyRemarks",
        country_of_origin: String = "CountryOfOrigin",
        country_of_origin_description: String = "CountryOfOriginDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        currency_description: String = "CurrencyDescription" read_only,
        division: i32 = "Division" read_only,
        drop_shipment: i32 = "DropShipment",
        end_date: PrimitiveDateTime = "EndDate" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_unit: String = "ItemUnit",
        item_unit_code: String = "ItemUnitCode",
        item_unit_description: String = "ItemUnitDescription",
        main_supplier: bool = "MainSupplier",
        minimum_quantity: Decimal = "MinimumQuantity",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        purchase_lead_time: i32 = "PurchaseLeadTime",
        purchase_lot_size: i32 = "PurchaseLotSize",
        purchase_price: Decimal = "PurchasePrice",
        purchase_unit: String = "PurchaseUnit",
        purchase_unit_description: String = "PurchaseUnitDescription" read_only,
        purchase_unit_factor: Decimal = "PurchaseUnitFactor",
        purchase_vat_code: String = "PurchaseVATCode",
        purchase_vat_code_description: String = "PurchaseVATCodeDescription" read_only,
        start_date: PrimitiveDateTime = "StartDate" read_only,
        supplier: Id<Account> = "Supplier",
        supplier_code: String = "SupplierCode" read_only,
        supplier_description: String = "SupplierDescription" read_only,
        supplier_item_code: String = "SupplierItemCode",
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A purchase price of an item. Purchase prices can only be synchronised.
    pub struct PurchaseItemPrice at "sync/Logistics/PurchaseItemPrices", key "ID": Id<PurchaseItemPrice> {
        timestamp: i64 = "Timestamp",
        account: Id<Account> = "Account",
        account_name: String = "AccountName",
        barcode: String = "Barcode",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        default_item_unit: String = "DefaultItemUnit",
        default_item_unit_description: String = "DefaultItemUnitDescription",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        id: Id<PurchaseItemPrice> = "ID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        number_of_items_per_unit: Decimal = "NumberOfItemsPerUnit",
        price: Decimal = "Price",
        quantity: Decimal = "Quantity",
        start_date: PrimitiveDateTime = "StartDate",
        unit: String = "Unit",
        unit_description: String = "UnitDescription",
    }
}

model! {
    /// A unit of measure.
    pub struct Unit at "logistics/Units", key "ID": Id<Unit> {
        id: Id<Unit> = "ID",
        active: bool = "Active",
        code: String = "Code",
        description: String = "Description",
        division: i32 = "Division",
        main: i32 = "Main",
        time_unit: String = "TimeUnit",
        kind: String = "Type",
    }
}

resources! {
    /// Items.
    items: Item [List Create Update Delete]
        bulk "bulk/Logistics/Items" without ["Timestamp"]
        sync Item "sync/Logistics/Items" without ["StandardSalesPrice"];
    /// Items as suppliers sell them.
    supplier_items: SupplierItem [List Create Update Delete]
        sync SupplierItem "sync/Logistics/SupplierItem" without [];
    /// Purchase prices of items. These rows can be synchronised, not listed.
    purchase_item_prices: PurchaseItemPrice []
        sync PurchaseItemPrice "sync/Logistics/PurchaseItemPrices" without [];
    /// Units of measure.
    units: Unit [List];
}
