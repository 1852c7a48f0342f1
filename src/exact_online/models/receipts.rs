//! Goods receipts.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Contact, Document, Item, PurchaseOrder, PurchaseOrderLine, Warehouse};

model! {
    /// A goods receipt.
    pub struct GoodsReceipt at "purchaseorder/GoodsReceipts", key "ID": Id<GoodsReceipt> {
        id: Id<GoodsReceipt> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject",
        entry_number: i32 = "EntryNumber",
        goods_receipt_line_count: i32 = "GoodsReceiptLineCount",
        goods_receipt_lines: Vec<GoodsReceiptLine> = "GoodsReceiptLines",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        receipt_date: PrimitiveDateTime = "ReceiptDate",
        receipt_number: i32 = "ReceiptNumber",
        remarks: String = "Remarks",
        supplier: Id<Account> = "Supplier",
        supplier_code: String = "SupplierCode",
        supplier_contact: Id<Contact> = "SupplierContact",
        supplier_contact_full_name: String = "SupplierContactFullName",
        supplier_name: String = "SupplierName",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        your_ref: String = "YourRef",
    }
}

model! {
    /// A line of a goods receipt.
    pub struct GoodsReceiptLine at "purchaseorder/GoodsReceiptLines", key "ID": Id<GoodsReceiptLine> {
        id: Id<GoodsReceiptLine> = "ID",
        batch_numbers: Vec<Value> = "BatchNumbers",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription",
        goods_receipt_id: Id<GoodsReceipt> = "GoodsReceiptID",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        item_unit_code: String = "ItemUnitCode",
        line_number: i32 = "LineNumber",
        location: Guid = "Location",
        location_code: String = "LocationCode",
        location_description: String = "LocationDescription",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        project: Guid = "Project",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        purchase_order_id: Id<PurchaseOrder> = "PurchaseOrderID",
        purchase_order_line_id: Id<PurchaseOrderLine> = "PurchaseOrderLineID",
        purchase_order_number: i32 = "PurchaseOrderNumber",
        quantity_ordered: Decimal = "QuantityOrdered",
        quantity_received: Decimal = "QuantityReceived",
        rebill: bool = "Rebill",
        serial_numbers: Vec<Value> = "SerialNumbers",
        supplier_item_code: String = "SupplierItemCode",
    }
}

resources! {
    /// Goods receipts.
    goods_receipts: GoodsReceipt [List Create Update]
        sync GoodsReceipt "purchaseorder/GoodsReceipts" without [];
    /// Lines of goods receipts.
    goods_receipt_lines: GoodsReceiptLine [List Create];
}
