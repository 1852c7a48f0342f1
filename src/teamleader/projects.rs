//! Projects of Teamleader's newer project module (`projects-v2`). The older module is
//! [`super::legacy_projects`].

use time::Date;

use super::custom_fields::{CustomField, NewCustomField};
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::departments::Department;
use super::external_parties::ExternalParty;
use super::kinds::User;
use super::legacy_projects::LegacyProject;
use super::macros::{included, listed, methods, resource};
use super::quotations::Quotation;
use super::time_span::TimeSpan;
use super::{Assignee, Customer, Decimal, Id, Money, Reference};
use crate::error::Result;

enums! {
    /// The fields that projects can be sorted by.
    pub enum ProjectSort {
        /// The amount that is billed.
        AmountBilled = "amount_billed",
        /// The amount that is paid.
        AmountPaid = "amount_paid",
        /// The amount that is not billed yet.
        AmountUnbilled = "amount_unbilled",
        /// The cost.
        Cost = "cost",
        /// The contact or the company.
        Customer = "customer",
        /// The last day.
        EndDate = "end_date",
        /// The part of the external budget that is used.
        ExternalBudgetSpent = "external_budget_spent",
        /// The budget that the customer agreed to.
        ExternalBudget = "external_budget",
        /// The account's own budget.
        InternalBudget = "internal_budget",
        /// The margin.
        Margin = "margin",
        /// The price.
        Price = "price",
        /// The number.
        ProjectKey = "project_key",
        /// The first day.
        StartDate = "start_date",
        /// The status.
        Status = "status",
        /// The time that was agreed.
        TimeBudget = "time_budget",
        /// The estimated time.
        TimeEstimated = "time_estimated",
        /// The tracked time.
        TimeTracked = "time_tracked",
        /// The title.
        Title = "title",
    }

    /// Optional parts of a project.
    pub enum ProjectInclude {
        /// The same project in the older module.
        LegacyProject = "legacy_project",
        /// The custom fields; only for lists.
        CustomFields = "custom_fields",
    }

    /// How a project or a group is billed.
    pub enum ProjectBilling {
        /// By time and materials.
        TimeAndMaterials = "time_and_materials",
        /// At a fixed price.
        FixedPrice = "fixed_price",
        /// With the fixed price of the project.
        ParentFixedPrice = "parent_fixed_price",
        /// Not at all.
        NonBillable = "non_billable",
    }

    /// What happens to the parts of a project that is closed.
    pub enum ClosingStrategy {
        /// The parts are marked as done.
        MarkTasksAndMaterialsAsDone = "mark_tasks_and_materials_as_done",
        /// The parts keep their status.
        None = "none",
    }

    /// What happens to the parts of a project that is deleted.
    pub enum ProjectDeletion {
        /// Tasks and tracked time are kept, without the project.
        UnlinkTasksAndTimeTrackings = "unlink_tasks_and_time_trackings",
        /// Tasks and tracked time are deleted.
        DeleteTasksAndTimeTrackings = "delete_tasks_and_time_trackings",
        /// Tasks are deleted. Tracked time is kept, without the project.
        DeleteTasksUnlinkTimeTrackings = "delete_tasks_unlink_time_trackings",
    }

    /// How a user or a team was assigned.
    pub enum AssignType {
        /// By a person.
        Manual = "manual",
        /// By Teamleader, because of a part of the object.
        AutoAssigned = "auto_assigned",
        /// In both ways.
        ManualAndAutoAssigned = "manual_and_auto_assigned",
    }

    /// Whether a project or a milestone is open.
    pub enum OpenStatus {
        /// Open.
        Open = "open",
        /// Closed.
        Closed = "closed",
    }

    /// Who may change a project.
    pub enum UpdateRights {
        /// Its owners.
        Owners = "owners",
        /// The project's owners and assignees.
        OwnersAndAssignees = "owners_and_assignees",
        /// Everyone.
        Everyone = "everyone",
    }

    /// What a change does to the parts of a project or a group.
    pub enum UpdateStrategy {
        /// The parts keep their value.
        None = "none",
        /// The parts get the new value.
        Cascade = "cascade",
    }

    /// How far the work on a project has come.
    pub enum ProjectProgress {
        /// Not closed.
        Open = "open",
        /// Not begun.
        Planned = "planned",
        /// Begun.
        Running = "running",
        /// The last day has passed.
        Overdue = "overdue",
        /// Over its budget.
        OverBudget = "over_budget",
        /// Closed.
        Closed = "closed",
    }
}

object! {
    /// A user or a team who does the work.
    pub struct AssigneeEntry {
        /// The user or the team.
        assignee: Option<Reference>,
        /// How the user or the team was assigned.
        assign_type: Option<AssignType>,
    }
}

object! {
    /// The rate of a user in a project.
    pub struct UserRate {
        /// The user.
        user: Option<Reference<User>>,
        /// The rate.
        custom_rate: Option<Money>,
    }
}

object! {
    /// A project.
    pub struct Project {
        /// The id.
        id: Id<Project>,
        /// The number of the project.
        project_key: Option<u64>,
        /// The title.
        title: Option<String>,
        /// The description.
        description: Option<String>,
        /// The status.
        status: Option<OpenStatus>,
        /// Who may change the project; not in a list.
        update_rights: Option<UpdateRights>,
        /// How the work is billed.
        billing_method: Option<ProjectBilling>,
        /// The time that was agreed.
        time_budget: Option<TimeSpan>,
        /// The tracked time.
        time_tracked: Option<TimeSpan>,
        /// The amount that is billed.
        amount_billed: Option<Money>,
        /// The part of the fixed price that is billed.
        fixed_amount_billed: Option<Money>,
        /// The amount that is paid.
        amount_paid: Option<Money>,
        /// The budget that the customer agreed to.
        external_budget: Option<Money>,
        /// The part of the external budget that tasks used; not in a list.
        task_external_budget_spent: Option<Money>,
        /// The part of the external budget that materials used; not in a list.
        material_external_budget_spent: Option<Money>,
        /// The part of the external budget that is used.
        external_budget_spent: Option<Money>,
        /// The account's own budget.
        internal_budget: Option<Money>,
        /// The price.
        price: Option<Money>,
        /// The fixed price.
        fixed_price: Option<Money>,
        /// The price by time and materials.
        calculated_price: Option<Money>,
        /// The cost.
        cost: Option<Money>,
        /// The margin.
        margin: Option<Money>,
        /// The margin, in percent.
        margin_percentage: Option<Decimal>,
        /// The first day.
        start_date: Option<Date>,
        /// The last day.
        end_date: Option<Date>,
        /// The customer's order number; not in a list.
        purchase_order_number: Option<String>,
        /// The department.
        company_entity: Option<Reference<Department>>,
        /// The users who own the project.
        owners: Vec<Reference<User>>,
        /// The colour, such as `#00B2B2`.
        color: Option<String>,
        /// The users and the teams who do the work.
        assignees: Vec<AssigneeEntry>,
        /// The contacts and the companies.
        customers: Vec<Reference>,
        /// The deals.
        deals: Vec<Reference<Deal>>,
        /// The quotations.
        quotations: Vec<Reference<Quotation>>,
        /// The rates of users that differ in this project; not in a list.
        custom_user_rates: Vec<UserRate>,
        /// The custom fields; in a list only on request.
        custom_fields: Option<Vec<CustomField>>,
        /// The same project in the older module; only on request.
        legacy_project: Option<Reference<LegacyProject>>,
        /// The contacts and the companies that take part; not in a list.
        external_parties: Vec<ExternalParty>,
        /// The estimated time; only in a list.
        time_estimated: Option<TimeSpan>,
        /// The amount that is not billed yet; only in a list.
        amount_unbilled: Option<Money>,
    }
}

body! {
    /// A change of how a project or a group is billed.
    pub struct BillingChange {
        /// How the work is billed from now on.
        value: ProjectBilling,
        /// What the change does to the parts of the project or the group.
        update_strategy: UpdateStrategy,
    }
}

body! {
    /// A new project.
    pub struct NewProject {
        /// The title.
        title: String,
        ; set
        /// The description.
        description: String,
        /// The ids of the users who own the project.
        owner_ids: Vec<Id<User>>,
        /// The time that was agreed.
        time_budget: TimeSpan,
        /// How the work is billed.
        billing_method: ProjectBilling,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The customer's order number.
        purchase_order_number: String,
        /// The id of the department.
        company_entity_id: Id<Department>,
        /// The colour, such as `#00B2B2`.
        color: String,
        /// The contacts and the companies.
        customers: Vec<Customer>,
        /// The users and the teams who do the work.
        assignees: Vec<Assignee>,
        /// The ids of the deals.
        deal_ids: Vec<Id<Deal>>,
        /// The ids of the quotations.
        quotation_ids: Vec<Id<Quotation>>,
        /// The time that was tracked before the project was created in Teamleader.
        initial_time_tracked: TimeSpan,
        /// The price before the project was created in Teamleader.
        initial_price: Money,
        /// The cost before the project was created in Teamleader.
        initial_cost: Money,
        /// The amount that was billed before the project was created in Teamleader.
        initial_amount_billed: Money,
        /// The amount that was paid before the project was created in Teamleader.
        initial_amount_paid: Money,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
        /// The fixed price.
        fixed_price: Money,
    }
}

body! {
    /// Changes to a project.
    pub struct ProjectUpdate {
        ; set
        /// The title.
        title: String,
        /// How the work is billed.
        billing_method: BillingChange,
        /// The colour, such as `#00B2B2`.
        color: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The description.
        description: String,
        /// The time that was agreed.
        time_budget: TimeSpan,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
        /// The fixed price.
        fixed_price: Money,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The customer's order number.
        purchase_order_number: String,
        /// The id of the department.
        company_entity_id: Id<Department>,
    }
}

body! {
    /// A filter for projects.
    pub struct ProjectFilter {
        ; set
        /// Projects with one of these ids.
        ids: Vec<Id<Project>>,
        /// Projects with this status.
        status: ProjectProgress,
        /// Projects of one of these quotations.
        quotation_ids: Vec<Id<Quotation>>,
        /// Projects of one of these deals.
        deal_ids: Vec<Id<Deal>>,
        /// Projects with this text.
        term: String,
        /// Projects of one of these contacts and companies.
        customers: Vec<Customer>,
    }
}

listed! {
    Project => "projects-v2/projects.list", ProjectFilter, ProjectSort, ProjectInclude;
}

resource! {
    /// The operations on projects of the newer module, from
    /// [`Teamleader::projects`](super::Teamleader::projects).
    pub struct Projects of Project
}

methods! {
    impl Projects of Project;
    fetch {
        /// Fetches one project.
        get(id: Project) -> Project = "projects-v2/projects.info";
        /// Copies a project under another title and returns a reference to the copy.
        duplicate(id: Project; title: &str) -> Reference<Project> = "projects-v2/projects.duplicate";
    }
    make {
        /// Creates a project and returns a reference to the project.
        create(NewProject) = "projects-v2/projects.create";
    }
    act {
        /// Closes the project.
        close(id: Project; closing_strategy: &ClosingStrategy) = "projects-v2/projects.close";
        /// Opens the project again.
        reopen(id: Project) = "projects-v2/projects.reopen";
        /// Deletes the project.
        delete(id: Project; delete_strategy: &ProjectDeletion) = "projects-v2/projects.delete";
        /// Adds an owner of the project.
        add_owner(id: Project, user_id: User) = "projects-v2/projects.addOwner";
        /// Removes an owner of the project.
        remove_owner(id: Project, user_id: User) = "projects-v2/projects.removeOwner";
        /// Assigns a user or a team to the project.
        assign(id: Project; assignee: &Assignee) = "projects-v2/projects.assign";
        /// Removes a user or a team from the project.
        unassign(id: Project; assignee: &Assignee) = "projects-v2/projects.unassign";
        /// Adds a contact or a company as a customer of the project.
        add_customer(id: Project; customer: &Customer) = "projects-v2/projects.addCustomer";
        /// Removes a contact or a company from the project's customers.
        remove_customer(id: Project; customer: &Customer) = "projects-v2/projects.removeCustomer";
        /// Adds a deal to the project.
        add_deal(id: Project, deal_id: Deal) = "projects-v2/projects.addDeal";
        /// Removes a deal from the project.
        remove_deal(id: Project, deal_id: Deal) = "projects-v2/projects.removeDeal";
        /// Adds a quotation to the project.
        add_quotation(id: Project, quotation_id: Quotation) = "projects-v2/projects.addQuotation";
        /// Removes a quotation from the project.
        remove_quotation(id: Project, quotation_id: Quotation) = "projects-v2/projects.removeQuotation";
    }
    change {
        /// Changes the project.
        update(ProjectUpdate) = "projects-v2/projects.update";
    }
}

included! { Projects of Project, ProjectInclude = "projects-v2/projects.info" }
