//! Subscriptions.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Contact, Item, Project};

model! {
    /// A subscription: an invoice that recurs.
    pub struct Subscription at "subscription/Subscriptions", key "EntryID": Id<Subscription> {
        entry_id: Id<Subscription> = "EntryID",
        block_entry: bool = "BlockEntry",
        cancellation_date: PrimitiveDateTime = "CancellationDate",
        classification: Guid = "Classification",
        classification_code: String = "ClassificationCode" read_only,
        classification_description: String = "ClassificationDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        customer_po_number: String = "CustomerPONumber",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        invoice_day: i32 = "InvoiceDay",
        invoiced_to: PrimitiveDateTime = "InvoicedTo" read_only,
        invoice_to: Id<Account> = "InvoiceTo",
        invoice_to_contact_person: Id<Contact> = "InvoiceToContactPerson",
        invoice_to_contact_person_full_name: String = "InvoiceToContactPersonFullName" read_only,
        invoice_to_name: String = "InvoiceToName" read_only,
        invoicing_start_date: PrimitiveDateTime = "InvoicingStartDate",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        number: i32 = "Number" read_only,
        ordered_by: Id<Account> = "OrderedBy",
        ordered_by_contact_person: Id<Contact> = "OrderedByContactPerson",
        ordered_by_contact_person_full_name: String = "OrderedByContactPersonFullName" read_only,
        ordered_by_name: String = "OrderedByName" read_only,
        payment_condition: String = "PaymentCondition",
        payment_condition_description: String = "PaymentConditionDescription" read_only,
        printed: bool = "Printed",
        project: Id<Project> = "Project",
        reason_cancelled: Guid = "ReasonCancelled",
        reason_cancelled_code: String = "ReasonCancelledCode" read_only,
        reason_cancelled_description: String = "ReasonCancelledDescription" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        subscription_lines: Vec<SubscriptionLine> = "SubscriptionLines",
        subscription_restriction_employees: Vec<SubscriptionRestrictionEmployee> = "SubscriptionRestrictionEmployees" read_only,
        subscription_restriction_items: Vec<SubscriptionRestrictionItem> = "SubscriptionRestrictionItems" read_only,
        subscription_type: Id<SubscriptionType> = "SubscriptionType",
        subscription_type_code: String = "SubscriptionTypeCode" read_only,
        subscription_type_description: String = "SubscriptionTypeDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A line of a subscription.
    pub struct SubscriptionLine at "subscription/SubscriptionLines", key "ID": Id<SubscriptionLine> {
        id: Id<SubscriptionLine> = "ID",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        costcenter: String = "Costcenter",
        costunit: String = "Costunit",
        custom_field: String = "CustomField",
        description: String = "Description",
        discount: Decimal = "Discount",
        division: i32 = "Division" read_only,
        entry_id: Id<Subscription> = "EntryID",
        from_date: PrimitiveDateTime = "FromDate",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription" read_only,
        line_number: i32 = "LineNumber" read_only,
        line_type: i32 = "LineType",
        line_type_description: String = "LineTypeDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        net_price: Decimal = "NetPrice",
        notes: String = "Notes",
        quantity: Decimal = "Quantity",
        subscription_number: i32 = "SubscriptionNumber" read_only,
        to_date: PrimitiveDateTime = "ToDate",
        unit_code: String = "UnitCode",
        unit_description: String = "UnitDescription" read_only,
        unit_price: Decimal = "UnitPrice",
        vat_amount_fc: Decimal = "VATAmountFC",
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A type of lines of subscriptions.
    pub struct SubscriptionLineType at "subscription/SubscriptionLineTypes", key "ID": i32 {
        id: i32 = "ID",
        description: String = "Description",
    }
}

model! {
    /// A type of subscriptions.
    pub struct SubscriptionType at "subscription/SubscriptionTypes", key "ID": Id<SubscriptionType> {
        id: Id<SubscriptionType> = "ID",
        automatic_generate_invoice_days: i32 = "AutomaticGenerateInvoiceDays",
        automatic_generate_invoice_description: String = "AutomaticGenerateInvoiceDescription",
        automatic_generate_invoice_type: i32 = "AutomaticGenerateInvoiceType",
        automatic_send_invoice_days: i32 = "AutomaticSendInvoiceDays",
        automatic_send_invoice_method: i32 = "AutomaticSendInvoiceMethod",
        automatic_send_invoice_sender: i32 = "AutomaticSendInvoiceSender",
        automatic_send_invoice_sender_mailbox: Guid = "AutomaticSendInvoiceSenderMailbox",
        automatic_send_invoice_type: i32 = "AutomaticSendInvoiceType",
        cancellation_period: i32 = "CancellationPeriod",
        cancellation_period_unit: String = "CancellationPeriodUnit",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division",
        enable_payment_link: i32 = "EnablePaymentLink",
        invoice_correction_method: i32 = "InvoiceCorrectionMethod",
        invoice_period: i32 = "InvoicePeriod",
        invoice_period_unit: String = "InvoicePeriodUnit",
        manual_renewal_method: i32 = "ManualRenewalMethod",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        prolongation_type: i32 = "ProlongationType",
        renewal_cancellation_period: i32 = "RenewalCancellationPeriod",
        renewal_cancellation_period_unit: String = "RenewalCancellationPeriodUnit",
        renewal_period: i32 = "RenewalPeriod",
        renewal_period_unit: String = "RenewalPeriodUnit",
        subscription_period: i32 = "SubscriptionPeriod",
        subscription_period_unit: String = "SubscriptionPeriodUnit",
    }
}

model! {
    /// A reason to cancel subscriptions.
    pub struct SubscriptionReasonCode at "subscription/SubscriptionReasonCodes", key "ID": Id<SubscriptionReasonCode> {
        id: Id<SubscriptionReasonCode> = "ID",
        active: bool = "Active",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
    }
}

model! {
    /// An employee who may work for a subscription.
    pub struct SubscriptionRestrictionEmployee at "subscription/SubscriptionRestrictionEmployees", key "ID": Id<SubscriptionRestrictionEmployee> {
        id: Id<SubscriptionRestrictionEmployee> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        employee: Guid = "Employee",
        employee_full_name: String = "EmployeeFullName" read_only,
        employee_hid: i32 = "EmployeeHID" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription" read_only,
        subscription_number: i32 = "SubscriptionNumber" read_only,
    }
}

model! {
    /// An item that may be used for a subscription.
    pub struct SubscriptionRestrictionItem at "subscription/SubscriptionRestrictionItems", key "ID": Id<SubscriptionRestrictionItem> {
        id: Id<SubscriptionRestrictionItem> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        subscription: Guid = "Subscription",
        subscription_description: String = "SubscriptionDescription" read_only,
        subscription_number: i32 = "SubscriptionNumber" read_only,
    }
}

resources! {
    /// Subscriptions: invoices that recur.
    subscriptions: Subscription [List Create Update Delete]
        sync Subscription "sync/Subscription/Subscriptions" without [];
    /// Lines of subscriptions.
    subscription_lines: SubscriptionLine [List Create Update Delete]
        sync SubscriptionLine "sync/Subscription/SubscriptionLines" without [];
    /// Types of lines of subscriptions.
    subscription_line_types: SubscriptionLineType [List];
    /// Types of subscriptions.
    subscription_types: SubscriptionType [List];
    /// Reasons to cancel subscriptions.
    subscription_reason_codes: SubscriptionReasonCode [List];
    /// Employees who may work for subscriptions.
    subscription_restriction_employees: SubscriptionRestrictionEmployee [List Create Delete];
    /// Items that may be used for subscriptions.
    subscription_restriction_items: SubscriptionRestrictionItem [List Create Delete];
}
