//! Quotations.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{
    Account, Address, Contact, Document, Item, Opportunity, Project, SalesChannel, SelectionCode,
    ShippingMethod, SubscriptionType,
};

model! {
    /// A quotation.
    pub struct Quotation at "crm/Quotations", key "QuotationID": Id<Quotation> {
        quotation_id: Id<Quotation> = "QuotationID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_discount: Decimal = "AmountDiscount",
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat",
        amount_fc: Decimal = "AmountFC" read_only,
        close_date: PrimitiveDateTime = "CloseDate" read_only,
        closing_date: PrimitiveDateTime = "ClosingDate",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        delivery_account: Id<Account> = "DeliveryAccount",
        delivery_account_code: String = "DeliveryAccountCode" read_only,
        delivery_account_contact: Id<Contact> = "DeliveryAccountContact",
        delivery_account_contact_full_name: String = "DeliveryAccountContactFullName" read_only,
        delivery_account_name: String = "DeliveryAccountName" read_only,
        delivery_address: Id<Address> = "DeliveryAddress",
        delivery_date: PrimitiveDateTime = "DeliveryDate",
        description: String = "Description",
        division: i32 = "Division" read_only,
        document: Id<Document> = "Document",
        document_subject: String = "DocumentSubject" read_only,
        due_date: PrimitiveDateTime = "DueDate",
        incoterm_address: String = "IncotermAddress",
        incoterm_code: String = "IncotermCode",
        incoterm_version: i32 = "IncotermVersion",
        invoice_account: Id<Account> = "InvoiceAccount",
        invoice_account_code: String = "InvoiceAccountCode" read_only,
        invoice_account_contact: Id<Contact> = "InvoiceAccountContact",
        invoice_account_contact_full_name: String = "InvoiceAccountContactFullName" read_only,
        invoice_account_name: String = "InvoiceAccountName" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        opportunity: Id<Opportunity> = "Opportunity",
        opportunity_name: String = "OpportunityName" read_only,
        order_account: Id<Account> = "OrderAccount",
        order_account_code: String = "OrderAccountCode" read_only,
        order_account_contact: Id<Contact> = "OrderAccountContact",
        order_account_contact_full_name: String = "OrderAccountContactFullName" read_only,
        order_account_name: String = "OrderAccountName" read_only,
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        quotation_date: PrimitiveDateTime = "QuotationDate",
        quotation_lines: Vec<QuotationLine> = "QuotationLines",
        quotation_number: i32 = "QuotationNumber",
        quotation_order_charge_lines: Vec<QuotationOrderChargeLine> = "QuotationOrderChargeLines",
        remarks: String = "Remarks",
        sales_channel: Id<SalesChannel> = "SalesChannel",
        sales_channel_code: String = "SalesChannelCode" read_only,
        sales_channel_description: String = "SalesChannelDescription" read_only,
        sales_person: Guid = "SalesPerson",
        sales_person_full_name: String = "SalesPersonFullName" read_only,
        selection_code: Id<SelectionCode> = "SelectionCode",
        selection_code_code: String = "SelectionCodeCode" read_only,
        selection_code_description: String = "SelectionCodeDescription" read_only,
        shipping_method: Id<ShippingMethod> = "ShippingMethod",
        shipping_method_description: String = "ShippingMethodDescription",
        status: i32 = "Status" read_only,
        status_description: String = "StatusDescription" read_only,
        vat_amount_fc: Decimal = "VATAmountFC" read_only,
        version_number: i32 = "VersionNumber" read_only,
        warehouse_code: String = "WarehouseCode",
        warehouse_description: String = "WarehouseDescription",
        warehouse_id: Guid = "WarehouseID",
        your_ref: String = "YourRef",
        timestamp: i64 = "Timestamp" read_only,
        discount: Decimal = "Discount" read_only,
        id: Guid = "ID" read_only,
        notes: String = "Notes" read_only,
    }
}

model! {
    /// A line of a quotation.
    pub struct QuotationLine at "crm/QuotationLines", key "ID": Id<QuotationLine> {
        id: Id<QuotationLine> = "ID",
        amount_dc: Decimal = "AmountDC" read_only,
        amount_fc: Decimal = "AmountFC" read_only,
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription",
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription",
        customer_item_code: String = "CustomerItemCode" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        optional: bool = "Optional",
        quantity: Decimal = "Quantity",
        quotation_id: Id<Quotation> = "QuotationID",
        quotation_number: i32 = "QuotationNumber" read_only,
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription" read_only,
        unit_price: Decimal = "UnitPrice",
        vat_amount_fc: Decimal = "VATAmountFC" read_only,
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription" read_only,
        vat_percentage: Decimal = "VATPercentage" read_only,
        version_number: i32 = "VersionNumber" read_only,
        timestamp: i64 = "Timestamp" read_only,
        amount_discount: Decimal = "AmountDiscount" read_only,
        amount_discount_excl_vat: Decimal = "AmountDiscountExclVat" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
    }
}

model! {
    /// A charge of a quotation.
    pub struct QuotationOrderChargeLine at "crm/QuotationOrderChargeLines", key "ID": Id<QuotationOrderChargeLine> {
        id: Id<QuotationOrderChargeLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc_excl_vat: Decimal = "AmountFCExclVAT",
        amount_fc_incl_vat: Decimal = "AmountFCInclVAT",
        amount_vatfc: Decimal = "AmountVATFC",
        division: i32 = "Division",
        is_shipping_cost: bool = "IsShippingCost",
        line_number: i32 = "LineNumber",
        order_charge: Guid = "OrderCharge",
        order_charge_code: String = "OrderChargeCode",
        order_charge_description: String = "OrderChargeDescription",
        order_charges_line_description: String = "OrderChargesLineDescription",
        quotation_id: Id<Quotation> = "QuotationID",
        vat_code: String = "VATCode",
        vat_description: String = "VATDescription",
        vat_percentage: Decimal = "VATPercentage",
    }
}

model! {
    /// An order to accept a quotation.
    pub struct QuotationAcceptance at "crm/AcceptQuotation", key "QuotationID": Id<Quotation> {
        quotation_id: Id<Quotation> = "QuotationID",
        action: i32 = "Action",
        add_to_existing_project_success: String = "AddToExistingProjectSuccess",
        create_item_price_agreement: bool = "CreateItemPriceAgreement",
        create_project_wbs: bool = "CreateProjectWBS",
        division: i32 = "Division",
        error_message: String = "ErrorMessage",
        invoice_journal: String = "InvoiceJournal",
        notification_layout: String = "NotificationLayout",
        opportunity_stage: Guid = "OpportunityStage",
        optional_quotation_line_i_ds: Vec<Value> = "OptionalQuotationLineIDs",
        project_budget_type: i32 = "ProjectBudgetType",
        project_classification: String = "ProjectClassification",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        project_id: Guid = "ProjectID",
        project_invoice_date: PrimitiveDateTime = "ProjectInvoiceDate",
        project_invoicing_action: i32 = "ProjectInvoicingAction",
        project_prepaind_types: i32 = "ProjectPrepaindTypes",
        project_price_agreement: Decimal = "ProjectPriceAgreement",
        project_success: String = "ProjectSuccess",
        project_type: i32 = "ProjectType",
        project_wbs_part_of: Guid = "ProjectWBSPartOf",
        reason_code: Guid = "ReasonCode",
        sales_invoice_success: String = "SalesInvoiceSuccess",
        sales_order_success: String = "SalesOrderSuccess",
        subscription_description: String = "SubscriptionDescription",
        subscription_start_date: String = "SubscriptionStartDate",
        subscription_success: String = "SubscriptionSuccess",
        subscription_type: Id<SubscriptionType> = "SubscriptionType",
        success_message: String = "SuccessMessage",
        update_project_budget_and_price_agreement: bool = "UpdateProjectBudgetAndPriceAgreement",
        your_ref: String = "YourRef",
    }
}

model! {
    /// An order to reject a quotation.
    pub struct QuotationRejection at "crm/RejectQuotation", key "QuotationID": Id<Quotation> {
        quotation_id: Id<Quotation> = "QuotationID",
        division: i32 = "Division",
        error_message: String = "ErrorMessage",
        notification_layout: String = "NotificationLayout",
        opportunity_stage: Guid = "OpportunityStage",
        reason_code: Guid = "ReasonCode",
        success_message: String = "SuccessMessage",
    }
}

model! {
    /// An order to open a quotation again.
    pub struct QuotationReopening at "crm/ReopenQuotation", key "QuotationID": Id<Quotation> {
        quotation_id: Id<Quotation> = "QuotationID",
        division: i32 = "Division",
        error_message: String = "ErrorMessage",
        success_message: String = "SuccessMessage",
    }
}

model! {
    /// An order to print or send a quotation.
    pub struct QuotationPrint at "crm/PrintQuotation", key "QuotationID": Id<Quotation> {
        quotation_id: Id<Quotation> = "QuotationID",
        division: i32 = "Division",
        document: Id<Document> = "Document",
        document_creation_error: String = "DocumentCreationError",
        document_creation_success: String = "DocumentCreationSuccess",
        document_layout: Guid = "DocumentLayout",
        email_creation_error: String = "EmailCreationError",
        email_layout: Guid = "EmailLayout",
        extra_text: String = "ExtraText",
        quotation_date: PrimitiveDateTime = "QuotationDate",
        send_email_to_customer: bool = "SendEmailToCustomer",
        sender_email_address: String = "SenderEmailAddress",
    }
}

resources! {
    /// Quotations. A synchronisation of quotations has no lines.
    quotations: Quotation [List Create Update Delete]
        bulk "bulk/CRM/Quotations" without ["Timestamp" "Discount" "ID" "Notes"]
        sync Quotation "sync/CRM/QuotationHeaders" without [
            "VATAmountFC" "WarehouseCode" "WarehouseDescription" "WarehouseID"
        ];
    /// Lines of quotations.
    quotation_lines: QuotationLine [List Create Update Delete]
        bulk "bulk/CRM/QuotationLines" without [
            "CostCenter" "CostCenterDescription" "CostUnit" "CostUnitDescription" "CustomField"
            "Optional" "Timestamp" "AmountDiscount" "AmountDiscountExclVat" "Created" "Creator"
            "CreatorFullName" "Modified" "Modifier" "ModifierFullName"
        ]
        sync QuotationLine "sync/CRM/QuotationLines" without ["VersionNumber"];
    /// Charges of quotations.
    quotation_order_charge_lines: QuotationOrderChargeLine [List Create Update Delete];
    /// Orders to accept quotations.
    accept_quotation: QuotationAcceptance [Create];
    /// Orders to reject quotations.
    reject_quotation: QuotationRejection [Create];
    /// Orders to open quotations again.
    reopen_quotation: QuotationReopening [Create];
    /// Orders to print or send quotations.
    print_quotation: QuotationPrint [Create];
}
