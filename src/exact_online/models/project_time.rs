//! Time, costs and work breakdown of projects.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Item, Project};

model! {
    /// Hours of an employee for a project.
    pub struct TimeTransaction at "project/TimeTransactions", key "ID": Id<TimeTransaction> {
        id: Id<TimeTransaction> = "ID",
        account: Id<Account> = "Account",
        account_name: String = "AccountName" read_only,
        activity: Guid = "Activity",
        activity_description: String = "ActivityDescription" read_only,
        amount_fc: Decimal = "AmountFC",
        attachment: Guid = "Attachment",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        division: i32 = "Division" read_only,
        division_description: String = "DivisionDescription" read_only,
        employee: Guid = "Employee",
        end_time: PrimitiveDateTime = "EndTime",
        entry_number: i32 = "EntryNumber",
        error_text: String = "ErrorText",
        hour_status: i32 = "HourStatus",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription" read_only,
        item_divisable: bool = "ItemDivisable" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        price_fc: Decimal = "PriceFC" read_only,
        project: Id<Project> = "Project",
        project_account: Guid = "ProjectAccount" read_only,
        project_account_code: String = "ProjectAccountCode" read_only,
        project_account_name: String = "ProjectAccountName" read_only,
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        start_time: PrimitiveDateTime = "StartTime",
        subscription: Guid = "Subscription",
        subscription_account: Guid = "SubscriptionAccount",
        subscription_account_code: String = "SubscriptionAccountCode" read_only,
        subscription_account_name: String = "SubscriptionAccountName" read_only,
        subscription_description: String = "SubscriptionDescription" read_only,
        subscription_number: i32 = "SubscriptionNumber" read_only,
        kind: i32 = "Type" read_only,
    }
}

model! {
    /// A cost of a project.
    pub struct CostTransaction at "project/CostTransactions", key "ID": Id<CostTransaction> {
        id: Id<CostTransaction> = "ID",
        account: Id<Account> = "Account",
        account_name: String = "AccountName" read_only,
        amount_fc: Decimal = "AmountFC",
        attachment: Guid = "Attachment",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        division: i32 = "Division" read_only,
        division_description: String = "DivisionDescription" read_only,
        employee: Guid = "Employee",
        entry_number: i32 = "EntryNumber",
        error_text: String = "ErrorText",
        expense: Guid = "Expense",
        expense_description: String = "ExpenseDescription",
        hour_status: i32 = "HourStatus",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription" read_only,
        item_divisable: bool = "ItemDivisable" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        price_fc: Decimal = "PriceFC",
        project: Id<Project> = "Project",
        project_account: Guid = "ProjectAccount" read_only,
        project_account_code: String = "ProjectAccountCode" read_only,
        project_account_name: String = "ProjectAccountName" read_only,
        project_description: String = "ProjectDescription" read_only,
        quantity: Decimal = "Quantity",
        subscription: Guid = "Subscription",
        subscription_account: Guid = "SubscriptionAccount",
        subscription_account_code: String = "SubscriptionAccountCode" read_only,
        subscription_account_name: String = "SubscriptionAccountName" read_only,
        subscription_description: String = "SubscriptionDescription" read_only,
        subscription_number: i32 = "SubscriptionNumber" read_only,
        kind: i32 = "Type" read_only,
    }
}

model! {
    /// Hours or a cost of a project.
    pub struct TimeCostTransaction at "sync/Project/TimeCostTransactions", key "ID": Id<TimeCostTransaction> {
        id: Id<TimeCostTransaction> = "ID",
        timestamp: i64 = "Timestamp",
        account: Id<Account> = "Account",
        account_name: String = "AccountName",
        amount_fc: Decimal = "AmountFC",
        attachment: Guid = "Attachment",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        custom_field: String = "CustomField",
        date: PrimitiveDateTime = "Date",
        division: i32 = "Division",
        division_description: String = "DivisionDescription",
        employee: Guid = "Employee",
        end_time: PrimitiveDateTime = "EndTime",
        entry_number: i32 = "EntryNumber",
        error_text: String = "ErrorText",
        hour_status: i32 = "HourStatus",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription",
        item_divisable: bool = "ItemDivisable",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        price_fc: Decimal = "PriceFC",
        project: Id<Project> = "Project",
        project_account: Guid = "ProjectAccount",
        project_account_code: String = "ProjectAccountCode",
        project_account_name: String = "ProjectAccountName",
        project_code: String = "ProjectCode",
        project_description: String = "ProjectDescription",
        quantity: Decimal = "Quantity",
        start_time: PrimitiveDateTime = "StartTime",
        subscription: Guid = "Subscription",
        subscription_account: Guid = "SubscriptionAccount",
        subscription_account_code: String = "SubscriptionAccountCode",
        subscription_account_name: String = "SubscriptionAccountName",
        subscription_description: String = "SubscriptionDescription",
        subscription_number: i32 = "SubscriptionNumber",
        kind: i32 = "Type",
        wbs: Guid = "WBS",
        wbs_description: String = "WBSDescription",
    }
}

model! {
    /// A correction of hours.
    pub struct TimeCorrection at "project/TimeCorrections", key "ID": Id<TimeCorrection> {
        id: Id<TimeCorrection> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        original_entry_id: Guid = "OriginalEntryId",
        quantity: Decimal = "Quantity",
    }
}

model! {
    /// The internal rate of an employment.
    pub struct EmploymentInternalRate at "project/EmploymentInternalRates", key "ID": Id<EmploymentInternalRate> {
        id: Id<EmploymentInternalRate> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        division: i32 = "Division",
        employee: Guid = "Employee",
        employee_full_name: String = "EmployeeFullName",
        employee_hid: i32 = "EmployeeHID",
        employment: Guid = "Employment",
        employment_hid: i32 = "EmploymentHID",
        end_date: PrimitiveDateTime = "EndDate",
        internal_rate: Decimal = "InternalRate",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        start_date: PrimitiveDateTime = "StartDate",
    }
}

model! {
    /// An activity in the work breakdown of a project.
    pub struct WbsActivity at "project/WBSActivities", key "ID": Id<WbsActivity> {
        id: Id<WbsActivity> = "ID",
        auto_create_invoice_term: bool = "AutoCreateInvoiceTerm",
        block_entry: bool = "BlockEntry",
        budgeted_cost: Decimal = "BudgetedCost",
        budgeted_hours: Decimal = "BudgetedHours",
        budgeted_revenue: Decimal = "BudgetedRevenue",
        budget_overrun_hours: i32 = "BudgetOverrunHours",
        completed: bool = "Completed",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        default_item: Guid = "DefaultItem",
        default_item_is_mandatory: bool = "DefaultItemIsMandatory",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_method: i32 = "InvoiceMethod",
        invoice_separately: bool = "InvoiceSeparately",
        invoice_term: String = "InvoiceTerm",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        part_of: Guid = "PartOf",
        part_of_description: String = "PartOfDescription" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        release_invoice_term: bool = "ReleaseInvoiceTerm",
        release_invoice_term_date: PrimitiveDateTime = "ReleaseInvoiceTermDate",
        sequence_number: i32 = "SequenceNumber",
        start_date: PrimitiveDateTime = "StartDate",
        time_quantity_to_alert: Decimal = "TimeQuantityToAlert",
    }
}

model! {
    /// A deliverable in the work breakdown of a project.
    pub struct WbsDeliverable at "project/WBSDeliverables", key "ID": Id<WbsDeliverable> {
        id: Id<WbsDeliverable> = "ID",
        completed: bool = "Completed",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        milestone: bool = "Milestone",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        part_of: Guid = "PartOf",
        part_of_description: String = "PartOfDescription" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        project_term: Guid = "ProjectTerm",
        project_term_description: String = "ProjectTermDescription" read_only,
        release_invoice_term: bool = "ReleaseInvoiceTerm",
        release_invoice_term_date: PrimitiveDateTime = "ReleaseInvoiceTermDate",
        sequence_number: i32 = "SequenceNumber",
    }
}

model! {
    /// An expense in the work breakdown of a project.
    pub struct WbsExpense at "project/WBSExpenses", key "ID": Id<WbsExpense> {
        id: Id<WbsExpense> = "ID",
        auto_create_invoice_term: bool = "AutoCreateInvoiceTerm",
        block_entry: bool = "BlockEntry",
        block_rebilling: bool = "BlockRebilling",
        budgeted_cost: Decimal = "BudgetedCost",
        budgeted_revenue: Decimal = "BudgetedRevenue",
        completed: bool = "Completed",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_method: i32 = "InvoiceMethod",
        invoice_term: String = "InvoiceTerm",
        item: Id<Item> = "Item",
        markup_percentage: Decimal = "MarkupPercentage",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        part_of: Guid = "PartOf",
        part_of_description: String = "PartOfDescription" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        purchase_price: Decimal = "PurchasePrice",
        quantity: Decimal = "Quantity",
        release_invoice_term: bool = "ReleaseInvoiceTerm",
        release_invoice_term_date: PrimitiveDateTime = "ReleaseInvoiceTermDate",
        sequence_number: i32 = "SequenceNumber",
        start_date: PrimitiveDateTime = "StartDate",
        supplier: Id<Account> = "Supplier",
    }
}

model! {
    /// A part of the work breakdown of a project.
    pub struct ProjectWbsRow at "sync/Project/ProjectWBS", key "ID": Id<ProjectWbsRow> {
        id: Id<ProjectWbsRow> = "ID",
        timestamp: i64 = "Timestamp",
        block_entry: i32 = "BlockEntry",
        block_rebilling: i32 = "BlockRebilling",
        budgeted_cost: Decimal = "BudgetedCost",
        budgeted_hours: Decimal = "BudgetedHours",
        budgeted_quantity: Decimal = "BudgetedQuantity",
        budgeted_revenue: Decimal = "BudgetedRevenue",
        budget_overrun_hours: i32 = "BudgetOverrunHours",
        completed: i32 = "Completed",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        custom_field: String = "CustomField",
        default_item: Guid = "DefaultItem",
        default_item_is_mandatory: i32 = "DefaultItemIsMandatory",
        description: String = "Description",
        division: i32 = "Division",
        end_date: PrimitiveDateTime = "EndDate",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_method: i32 = "InvoiceMethod",
        markup_percentage: Decimal = "MarkupPercentage",
        milestone: i32 = "Milestone",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        part_of: Guid = "PartOf",
        part_of_description: String = "PartOfDescription",
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription",
        project_term: Guid = "ProjectTerm",
        project_term_description: String = "ProjectTermDescription",
        purchase_price: Decimal = "PurchasePrice",
        sequence_number: i32 = "SequenceNumber",
        start_date: PrimitiveDateTime = "StartDate",
        supplier: Id<Account> = "Supplier",
        time_quantity_to_alert: Decimal = "TimeQuantityToAlert",
        kind: i32 = "Type",
    }
}

resources! {
    /// Hours of employees for projects.
    /// [`time_cost_transactions`](crate::exact_online::ExactOnline::time_cost_transactions) synchronises the
    /// hours.
    time_transactions: TimeTransaction [List Create Update Delete]
        sync TimeTransaction "project/TimeTransactions" without [];
    /// Costs of projects.
    /// [`time_cost_transactions`](crate::exact_online::ExactOnline::time_cost_transactions) synchronises the
    /// costs.
    cost_transactions: CostTransaction [List Create Update Delete]
        sync CostTransaction "project/CostTransactions" without [];
    /// Hours and costs of projects. These rows can be synchronised, not listed.
    time_cost_transactions: TimeCostTransaction []
        sync TimeCostTransaction "sync/Project/TimeCostTransactions" without [];
    /// Corrections of hours.
    time_corrections: TimeCorrection [List Create Update Delete]
        sync TimeCorrection "project/TimeCorrections" without [];
    /// Internal rates of employments.
    employment_internal_rates: EmploymentInternalRate [List];
    /// Activities in the work breakdown of projects.
    wbs_activities: WbsActivity [List Create Update Delete]
        sync WbsActivity "project/WBSActivities" without [];
    /// Deliverables in the work breakdown of projects.
    wbs_deliverables: WbsDeliverable [List Create Update Delete]
        sync WbsDeliverable "project/WBSDeliverables" without [];
    /// Expenses in the work breakdown of projects.
    wbs_expenses: WbsExpense [List Create Update Delete]
        sync WbsExpense "project/WBSExpenses" without [];
    /// All parts of the work breakdown of projects. These rows can be synchronised, not listed.
    project_wbs: ProjectWbsRow []
        sync ProjectWbsRow "sync/Project/ProjectWBS" without [];
}
