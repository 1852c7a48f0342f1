//! Documents and their files.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Item};

model! {
    /// A document. Type 10 is a sales invoice, 20 a purchase invoice, 55 any other document.
    pub struct Document at "documents/Documents", key "ID": Id<Document> {
        id: Id<Document> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode",
        account_name: String = "AccountName",
        action_regenerate_entry_proposal: bool = "ActionRegenerateEntryProposal",
        amount_fc: Decimal = "AmountFC",
        body: String = "Body",
        category: Guid = "Category",
        category_description: String = "CategoryDescription",
        contact: Guid = "Contact",
        contact_full_name: String = "ContactFullName",
        contract_id: Guid = "ContractID",
        contract_number: String = "ContractNumber",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        division: i32 = "Division",
        document_date: PrimitiveDateTime = "DocumentDate",
        document_folder: Guid = "DocumentFolder",
        document_folder_code: String = "DocumentFolderCode",
        document_folder_description: String = "DocumentFolderDescription",
        document_view_url: String = "DocumentViewUrl",
        entry_status_description: String = "EntryStatusDescription",
        expiry_date: PrimitiveDateTime = "ExpiryDate",
        financial_transaction_entry_id: Guid = "FinancialTransactionEntryID",
        has_empty_body: bool = "HasEmptyBody",
        hid: i32 = "HID",
        inherit_share: bool = "InheritShare",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        language: String = "Language",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        opportunity: Guid = "Opportunity",
        project: Guid = "Project",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        proposed_entry_status: i32 = "ProposedEntryStatus",
        sales_invoice_number: i32 = "SalesInvoiceNumber",
        sales_order_number: i32 = "SalesOrderNumber",
        send_method: i32 = "SendMethod",
        shop_order_number: i32 = "ShopOrderNumber",
        subject: String = "Subject",
        teams_meeting_id: String = "TeamsMeetingId",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
        timestamp: i64 = "Timestamp",
        item_material: String = "ItemMaterial",
        item_routing_step: String = "ItemRoutingStep",
    }
}

model! {
    /// A file of a document. A request has the file in base64 in `Attachment`; an answer has the
    /// file's address.
    pub struct DocumentAttachment at "documents/DocumentAttachments", key "ID": Id<DocumentAttachment> {
        id: Id<DocumentAttachment> = "ID",
        attachment: String = "Attachment",
        document: Id<Document> = "Document",
        file_name: String = "FileName",
        file_size: Decimal = "FileSize",
        url: String = "Url",
        timestamp: i64 = "Timestamp",
    }
}

resources! {
    /// Documents.
    documents: Document [List Create Update Delete]
        bulk "bulk/Documents/Documents" without ["Timestamp" "ItemMaterial" "ItemRoutingStep"]
        sync Document "sync/Documents/Documents" without [];
    /// Files of documents.
    document_attachments: DocumentAttachment [List Create Delete]
        bulk "bulk/Documents/DocumentAttachments" without ["Timestamp"]
        sync DocumentAttachment "sync/Documents/DocumentAttachments" without [];
}
