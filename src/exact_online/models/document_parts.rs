//! Categories, folders and types of documents.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Guid, Id};
use super::model;

model! {
    /// A category of documents.
    pub struct DocumentCategory at "documents/DocumentCategories", key "ID": Id<DocumentCategory> {
        id: Id<DocumentCategory> = "ID",
        created: PrimitiveDateTime = "Created",
        description: String = "Description",
        modified: PrimitiveDateTime = "Modified",
    }
}

model! {
    /// A folder of documents.
    pub struct DocumentFolder at "documents/DocumentFolders", key "ID": Id<DocumentFolder> {
        id: Id<DocumentFolder> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        parent_folder: Guid = "ParentFolder",
        share: i32 = "Share",
    }
}

model! {
    /// A type of documents.
    pub struct DocumentType at "documents/DocumentTypes", key "ID": i32 {
        id: i32 = "ID",
        created: PrimitiveDateTime = "Created",
        description: String = "Description",
        document_is_creatable: bool = "DocumentIsCreatable",
        document_is_deletable: bool = "DocumentIsDeletable",
        document_is_updatable: bool = "DocumentIsUpdatable",
        document_is_viewable: bool = "DocumentIsViewable",
        modified: PrimitiveDateTime = "Modified",
        type_category: i32 = "TypeCategory",
    }
}

model! {
    /// A category of types of documents.
    pub struct DocumentTypeCategory at "documents/DocumentTypeCategories", key "ID": i32 {
        id: i32 = "ID",
        created: PrimitiveDateTime = "Created",
        description: String = "Description",
        modified: PrimitiveDateTime = "Modified",
    }
}

model! {
    /// The folder of a type of documents.
    pub struct DocumentTypeFolder at "documents/DocumentTypeFolders", key "ID": Id<DocumentTypeFolder> {
        id: Id<DocumentTypeFolder> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        division: i32 = "Division" read_only,
        document_folder: Guid = "DocumentFolder",
        document_type: i32 = "DocumentType",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
    }
}

resources! {
    /// Categories of documents.
    document_categories: DocumentCategory [List];
    /// Folders of documents.
    document_folders: DocumentFolder [List Create Update Delete];
    /// Types of documents.
    document_types: DocumentType [List];
    /// Categories of types of documents.
    document_type_categories: DocumentTypeCategory [List];
    /// Folders of types of documents.
    document_type_folders: DocumentTypeFolder [List Create Update Delete];
}
