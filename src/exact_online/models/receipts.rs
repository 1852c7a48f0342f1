//! Goods receipts.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{
    Account, Contact, Document, Item, Project, PurchaseOrder, PurchaseOrderLine, Warehouse,
};

model! {
    /// A goods receipt.
    pub struct GoodsReceipt at "purchaseorder/GoodsReceipts", key "ID": Id<GoodsReceipt> {
        id: Id<GoodsReceipt> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        entry_number: i32 = "EntryNumber" read_only,
        goods_receipt_line_count: i32 = "GoodsReceiptLineCount" read_only,
        goods_receipt_lines: Vec<GoodsReceiptLine> = "GoodsReceiptLines",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        receipt_number: i32 = "ReceiptNumber" read_only,
        remarks: String = "Remarks",
        supplier: Id<Account> = "Supplier" read_only,
        supplier_code: String = "SupplierCode" read_only,
        supplier_contact: Id<Contact> = "SupplierContact" read_only,
        supplier_contact_full_name: String = "SupplierContactFullName" read_only,
        supplier_name: String = "SupplierName" read_only,
        warehouse: Id<Warehouse> = "Warehouse" read_only,
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a goods receipt.
    pub struct GoodsReceiptLine at "purchaseorder/GoodsReceiptLines", key "ID": Id<GoodsReceiptLine> {
        id: Id<GoodsReceiptLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription",
        goods_receipt_id: Id<GoodsReceipt> = "GoodsReceiptID" read_only,
        item: Id<Item> = "Item" read_only,
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_unit_code: String = "ItemUnitCode" read_only,
        line_number: i32 = "LineNumber" read_only,
        location: Guid = "Location" read_only,
        location_code: String = "LocationCode" read_only,
        location_description: String = "LocationDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        project: Id<Project> = "Project" read_only,
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID" read_only,
        purchase_order_line_id: Id<PurchaseOrderLine> = "PurchaseOrderLineID",
        purchase_order_number: i32 = "PurchaseOrderNumber" read_only,
        quantity_ordered: Decimal = "QuantityOrdered" read_only,
        quantity_received: Decimal = "QuantityReceived",
        rebill: bool = "Rebill",
        serial_numbers: Vec<Value> = "SerialNumbers",
        supplier_item_code: String = "SupplierItemCode" read_only,
    }
}

resources! {
    /// Goods receipts.
    goods_receipts: GoodsReceipt [List Create Update]
        sync GoodsReceipt "purchaseorder/GoodsReceipts" without [];
    /// Lines of goods receipts.
    goods_receipt_lines: GoodsReceiptLine [List Create];
}
