//! Prices of items and price lists.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Item, ItemGroup, Project};

model! {
    /// A sales price of an item.
    pub struct SalesItemPrice at "logistics/SalesItemPrices", key "ID": Id<SalesItemPrice> {
        id: Id<SalesItemPrice> = "ID",
        account: Id<Account> = "Account",
        account_name: String = "AccountName" read_only,
        barcode: String = "Barcode",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        default_item_unit: String = "DefaultItemUnit" read_only,
        default_item_unit_description: String = "DefaultItemUnitDescription" read_only,
        division: i32 = "Division" read_only,
        employee: Guid = "Employee",
        end_date: PrimitiveDateTime = "EndDate",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        number_of_items_per_unit: Decimal = "NumberOfItemsPerUnit",
        price: Decimal = "Price",
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription",
        quantity: Decimal = "Quantity",
        start_date: PrimitiveDateTime = "StartDate",
        unit: String = "Unit",
        unit_description: String = "UnitDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A price list.
    pub struct SalesPriceList at "sales/SalesPriceLists", key "ID": Id<SalesPriceList> {
        id: Id<SalesPriceList> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        description: String = "Description",
        division: i32 = "Division",
        entity: i32 = "Entity",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        kind: i32 = "Type",
    }
}

model! {
    /// A period of a price list.
    pub struct SalesPriceListPeriod at "sales/SalesPriceListPeriods", key "ID": Id<SalesPriceListPeriod> {
        id: Id<SalesPriceListPeriod> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        price_list: Id<SalesPriceList> = "PriceList",
        start_date: PrimitiveDateTime = "StartDate",
        kind: i32 = "Type",
    }
}

model! {
    /// A price of a price list for a quantity.
    pub struct SalesPriceListVolumeDiscount at "sales/SalesPriceListVolumeDiscounts", key "ID": Id<SalesPriceListVolumeDiscount> {
        id: Id<SalesPriceListVolumeDiscount> = "ID",
        base_price: Guid = "BasePrice",
        base_price_amount: Decimal = "BasePriceAmount",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        discount: Decimal = "Discount",
        division: i32 = "Division",
        entry_method: i32 = "EntryMethod",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_group: Id<ItemGroup> = "ItemGroup",
        item_group_code: String = "ItemGroupCode",
        item_group_description: String = "ItemGroupDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        new_price: Decimal = "NewPrice",
        number_of_items_per_unit: Decimal = "NumberOfItemsPerUnit",
        price_list_code: String = "PriceListCode",
        price_list_description: String = "PriceListDescription",
        price_list_period: Guid = "PriceListPeriod",
        quantity: Decimal = "Quantity",
        sales_unit: String = "SalesUnit",
        unit: String = "Unit",
        unit_description: String = "UnitDescription",
        timestamp: i64 = "Timestamp",
    }
}

model! {
    /// An account to which a price list applies.
    pub struct SalesPriceListLinkedAccount at "sales/SalesPriceListLinkedAccounts", key "ID": Id<SalesPriceListLinkedAccount> {
        id: Id<SalesPriceListLinkedAccount> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        name: String = "Name",
        price_list: Id<SalesPriceList> = "PriceList",
    }
}

resources! {
    /// Sales prices of items.
    sales_item_prices: SalesItemPrice [List Create Update Delete]
        bulk "bulk/Logistics/SalesItemPrices" without ["Timestamp"]
        sync SalesItemPrice "sync/Logistics/SalesItemPrices" without [];
    /// Price lists.
    sales_price_lists: SalesPriceList [List]
        sync SalesPriceList "sales/SalesPriceLists" without [];
    /// Periods of price lists.
    sales_price_list_periods: SalesPriceListPeriod [List]
        sync SalesPriceListPeriod "sales/SalesPriceListPeriods" without [];
    /// Prices of price lists for quantities.
    sales_price_list_volume_discounts: SalesPriceListVolumeDiscount [List]
        sync SalesPriceListVolumeDiscount "sync/Sales/SalesPriceListVolumeDiscounts" without ["SalesUnit"];
    /// Accounts to which price lists apply.
    sales_price_list_linked_accounts: SalesPriceListLinkedAccount [List];
}
