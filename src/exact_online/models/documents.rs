//! Documents and their files.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Item, Project};

model! {
    /// A document. Type 10 is a sales invoice, 20 a purchase invoice, 55 any other document.
    pub struct Document at "documents/Documents", key "ID": Id<Document> {
        id: Id<Document> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        action_regenerate_entry_proposal: bool = "ActionRegenerateEntryProposal",
        amount_fc: Decimal = "AmountFC",
        body: String = "Body",
        category: Guid = "Category",
        category_description: String = "CategoryDescription",
        contact: Guid = "Contact",
        contact_full_name: String = "ContactFullName" read_only,
        contract_id: Guid = "ContractID",
        contract_number: String = "ContractNumber",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        division: i32 = "Division" read_only,
        document_date: PrimitiveDateTime = "DocumentDate",
        document_folder: Guid = "DocumentFolder",
        document_folder_code: String = "DocumentFolderCode" read_only,
        document_folder_description: String = "DocumentFolderDescription" read_only,
        document_view_url: String = "DocumentViewUrl" read_only,
        entry_status_description: String = "EntryStatusDescription",
        expiry_date: PrimitiveDateTime = "ExpiryDate",
        financial_transaction_entry_id: Guid = "FinancialTransactionEntryID",
        has_empty_body: bool = "HasEmptyBody" read_only,
        hid: i32 = "HID",
        inherit_share: bool = "InheritShare",
        item: Id<Item> = "Item",
        item_code: String = "ItemCode",
        item_description: String = "ItemDescription",
        language: String = "Language",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        opportunity: Guid = "Opportunity",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        proposed_entry_status: i32 = "ProposedEntryStatus",
        sales_invoice_number: i32 = "SalesInvoiceNumber",
        sales_order_number: i32 = "SalesOrderNumber",
        send_method: i32 = "SendMethod" read_only,
        shop_order_number: i32 = "ShopOrderNumber",
        subject: String = "Subject",
        teams_meeting_id: String = "TeamsMeetingId",
        kind: i32 = "Type",
        type_description: String = "TypeDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
        item_material: String = "ItemMaterial" read_only,
        item_routing_step: String = "ItemRoutingStep" read_only,
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
        file_size: Decimal = "FileSize" read_only,
        url: String = "Url" read_only,
        timestamp: i64 = "Timestamp" read_only,
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
