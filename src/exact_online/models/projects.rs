//! Projects.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Contact, Item};

model! {
    /// A project.
    pub struct Project at "project/Projects", key "ID": Id<Project> {
        id: Id<Project> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_contact: Id<Contact> = "AccountContact",
        account_name: String = "AccountName" read_only,
        allow_additional_invoicing: bool = "AllowAdditionalInvoicing",
        allow_member_entry_only: bool = "AllowMemberEntryOnly",
        block_entry: bool = "BlockEntry",
        block_invoicing: bool = "BlockInvoicing",
        block_planning: bool = "BlockPlanning",
        block_purchasing: bool = "BlockPurchasing",
        block_rebilling: bool = "BlockRebilling",
        budgeted_amount: Decimal = "BudgetedAmount",
        budgeted_costs: Decimal = "BudgetedCosts",
        budgeted_hours_per_hour_type: Vec<Value> = "BudgetedHoursPerHourType" read_only,
        budgeted_revenue: Decimal = "BudgetedRevenue",
        budget_overrun_hours: i32 = "BudgetOverrunHours",
        budget_type: i32 = "BudgetType",
        budget_type_description: String = "BudgetTypeDescription" read_only,
        classification: Guid = "Classification",
        classification_description: String = "ClassificationDescription" read_only,
        code: String = "Code",
        costs_amount_fc: Decimal = "CostsAmountFC" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        customer_p_onumber: String = "CustomerPOnumber",
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        division_name: String = "DivisionName" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        fixed_price_item: Guid = "FixedPriceItem",
        fixed_price_item_description: String = "FixedPriceItemDescription" read_only,
        has_wbs_lines: bool = "HasWBSLines" read_only,
        include_invoice_specification: i32 = "IncludeInvoiceSpecification",
        include_specification_in_invoice_pdf: bool = "IncludeSpecificationInInvoicePdf",
        internal_notes: String = "InternalNotes",
        invoice_address: Guid = "InvoiceAddress",
        invoice_as_quoted: bool = "InvoiceAsQuoted" read_only,
        invoice_description: String = "InvoiceDescription",
        invoice_terms: Vec<InvoiceTerm> = "InvoiceTerms" read_only,
        is_wbs_required_for_entry: i32 = "IsWBSRequiredForEntry",
        manager: Guid = "Manager",
        manager_fullname: String = "ManagerFullname" read_only,
        markup_percentage: Decimal = "MarkupPercentage",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        payment_condition: String = "PaymentCondition",
        prepaid_item: Guid = "PrepaidItem",
        prepaid_item_description: String = "PrepaidItemDescription" read_only,
        prepaid_type: i32 = "PrepaidType",
        prepaid_type_description: String = "PrepaidTypeDescription" read_only,
        project_restriction_employees: Vec<ProjectRestrictionEmployee> = "ProjectRestrictionEmployees" read_only,
        project_restriction_items: Vec<ProjectRestrictionItem> = "ProjectRestrictionItems" read_only,
        project_restriction_rebillings: Vec<ProjectRestrictionRebilling> = "ProjectRestrictionRebillings" read_only,
        sales_time_quantity: Decimal = "SalesTimeQuantity",
        source_quotation: Guid = "SourceQuotation" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        time_quantity_to_alert: Decimal = "TimeQuantityToAlert",
        kind: i32 = "Type",
        type_description: String = "TypeDescription" read_only,
        use_billing_milestones: bool = "UseBillingMilestones",
        timestamp: i64 = "Timestamp" read_only,
        enable_work_in_progress: bool = "EnableWorkInProgress" read_only,
    }
}

model! {
    /// The budget of hours of a project.
    pub struct ProjectHourBudget at "project/ProjectHourBudgets", key "ID": Id<ProjectHourBudget> {
        id: Id<ProjectHourBudget> = "ID",
        budget: Decimal = "Budget",
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
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
    }
}

model! {
    /// A type of a project's budget.
    pub struct ProjectBudgetType at "project/ProjectBudgetTypes", key "ID": i32 {
        id: i32 = "ID",
        description: String = "Description",
    }
}

model! {
    /// A classification of projects.
    pub struct ProjectClassification at "project/ProjectClassifications", key "ID": Id<ProjectClassification> {
        id: Id<ProjectClassification> = "ID",
        code: String = "Code",
        cost_center: String = "CostCenter",
        cost_center_description: String = "CostCenterDescription" read_only,
        cost_unit: String = "CostUnit",
        cost_unit_description: String = "CostUnitDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        division_name: String = "DivisionName" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        use_employee_cost_center: bool = "UseEmployeeCostCenter",
    }
}

model! {
    /// Planned hours of an employee for a project.
    pub struct ProjectPlanning at "project/ProjectPlanning", key "ID": Id<ProjectPlanning> {
        id: Id<ProjectPlanning> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        bgt_status: i32 = "BGTStatus" read_only,
        communication_error_status: i32 = "CommunicationErrorStatus" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        description: String = "Description",
        division: i32 = "Division" read_only,
        employee: Guid = "Employee",
        employee_code: String = "EmployeeCode" read_only,
        employee_hid: i32 = "EmployeeHID" read_only,
        end_date: PrimitiveDateTime = "EndDate",
        hours: Decimal = "Hours",
        hour_type: Guid = "HourType",
        hour_type_code: String = "HourTypeCode" read_only,
        hour_type_description: String = "HourTypeDescription" read_only,
        is_broken_recurrence: bool = "IsBrokenRecurrence" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        over_allocate: bool = "OverAllocate",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        project_planning_recurring: Guid = "ProjectPlanningRecurring" read_only,
        project_wbs: Guid = "ProjectWBS",
        project_wbs_description: String = "ProjectWBSDescription" read_only,
        start_date: PrimitiveDateTime = "StartDate",
        status: i32 = "Status",
        kind: i32 = "Type" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// An instalment of a project with a fixed price.
    pub struct InvoiceTerm at "project/InvoiceTerms", key "ID": Id<InvoiceTerm> {
        id: Id<InvoiceTerm> = "ID",
        amount: Decimal = "Amount",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        deliverable: String = "Deliverable" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        execution_from_date: PrimitiveDateTime = "ExecutionFromDate",
        execution_to_date: PrimitiveDateTime = "ExecutionToDate",
        invoice_date: PrimitiveDateTime = "InvoiceDate",
        invoice_id: String = "InvoiceId",
        invoice_status: i32 = "InvoiceStatus",
        item: Id<Item> = "Item",
        item_description: String = "ItemDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        notes: String = "Notes",
        percentage: Decimal = "Percentage" read_only,
        project: Id<Project> = "Project",
        project_description: String = "ProjectDescription" read_only,
        vat_code: String = "VATCode",
        vat_code_description: String = "VATCodeDescription" read_only,
        vat_percentage: Decimal = "VATPercentage" read_only,
        wbs: Guid = "WBS",
    }
}

model! {
    /// An employee who may work for a project.
    pub struct ProjectRestrictionEmployee at "project/ProjectRestrictionEmployees", key "ID": Id<ProjectRestrictionEmployee> {
        id: Id<ProjectRestrictionEmployee> = "ID",
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
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
    }
}

model! {
    /// An item that may be used for a project.
    pub struct ProjectRestrictionItem at "project/ProjectRestrictionItems", key "ID": Id<ProjectRestrictionItem> {
        id: Id<ProjectRestrictionItem> = "ID",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        item: Id<Item> = "Item",
        item_code: String = "ItemCode" read_only,
        item_description: String = "ItemDescription" read_only,
        item_is_time: i32 = "ItemIsTime" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
    }
}

model! {
    /// A cost that may be charged for a project.
    pub struct ProjectRestrictionRebilling at "project/ProjectRestrictionRebillings", key "ID": Id<ProjectRestrictionRebilling> {
        id: Id<ProjectRestrictionRebilling> = "ID",
        cost_type_rebill: Guid = "CostTypeRebill",
        cost_type_rebill_code: String = "CostTypeRebillCode" read_only,
        cost_type_rebill_description: String = "CostTypeRebillDescription" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        division: i32 = "Division" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
    }
}

resources! {
    /// Projects.
    projects: Project [List Create Update Delete]
        sync Project "sync/Project/Projects" without [];
    /// Budgets of hours of projects.
    project_hour_budgets: ProjectHourBudget [List Create Update Delete]
        sync ProjectHourBudget "project/ProjectHourBudgets" without [];
    /// Types of projects' budgets.
    project_budget_types: ProjectBudgetType [List];
    /// Classifications of projects.
    project_classifications: ProjectClassification [List Create Update Delete];
    /// Planned hours of employees for projects.
    project_planning: ProjectPlanning [List Create Update Delete]
        sync ProjectPlanning "sync/Project/ProjectPlanning" without [];
    /// Instalments of projects with a fixed price.
    invoice_terms: InvoiceTerm [List Create Update Delete]
        sync InvoiceTerm "project/InvoiceTerms" without [];
    /// Employees who may work for projects.
    project_restriction_employees: ProjectRestrictionEmployee [List Create Update Delete];
    /// Items that may be used for projects.
    project_restriction_items: ProjectRestrictionItem [List Create Update Delete];
    /// Costs that may be charged for projects.
    project_restriction_rebillings: ProjectRestrictionRebilling [List Create Update Delete];
}
