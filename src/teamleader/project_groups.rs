//! Groups of tasks and materials in projects.

use time::Date;

use super::declare::{body, enums, object};
use super::macros::{listed, methods, resource};
use super::projects::{AssigneeEntry, BillingChange, Project, ProjectBilling};
use super::time_span::TimeSpan;
use super::{Assignee, Decimal, Id, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// What happens to the parts of a group that is deleted.
    pub enum GroupDeletion {
        /// Tasks and materials are kept, without the group.
        UngroupTasksAndMaterials = "ungroup_tasks_and_materials",
        /// Tasks and materials are deleted.
        DeleteTasksAndMaterials = "delete_tasks_and_materials",
        /// Tasks, materials and the tracked time that is not billed are deleted.
        DeleteTasksMaterialsAndUnbilledTimetrackings = "delete_tasks_materials_and_unbilled_timetrackings",
    }

    /// Which part of the work is billed.
    pub enum BillingStatus {
        /// The work is not billed.
        NotBillable = "not_billable",
        /// Nothing yet.
        NotBilled = "not_billed",
        /// A part.
        PartiallyBilled = "partially_billed",
        /// The whole.
        FullyBilled = "fully_billed",
    }
}

object! {
    /// A group of tasks and materials in a project.
    pub struct ProjectGroup {
        /// The id.
        id: Id<ProjectGroup>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The title.
        title: Option<String>,
        /// The description; not in a list.
        description: Option<String>,
        /// The colour, such as `#00B2B2`.
        color: Option<String>,
        /// How the work is billed.
        billing_method: Option<ProjectBilling>,
        /// Which part of the work is billed.
        billing_status: Option<BillingStatus>,
        /// The amount that is billed.
        amount_billed: Option<Money>,
        /// The part of the fixed price that is billed.
        fixed_amount_billed: Option<Money>,
        /// The budget that the customer agreed to.
        external_budget: Option<Money>,
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
        /// The users and the teams who do the work.
        assignees: Vec<AssigneeEntry>,
        /// The first day.
        start_date: Option<Date>,
        /// The last day.
        end_date: Option<Date>,
        /// The estimated time.
        time_estimated: Option<TimeSpan>,
        /// The tracked time.
        time_tracked: Option<TimeSpan>,
    }
}

body! {
    /// A new group.
    pub struct NewProjectGroup {
        /// The id of the project.
        project_id: Id<Project>,
        /// The title.
        title: String,
        ; set
        /// The description.
        description: String,
        /// The colour, such as `#00B2B2`.
        color: String,
        /// How the work is billed.
        billing_method: ProjectBilling,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The users and the teams who do the work.
        assignees: Vec<Assignee>,
        ; clear
        /// The fixed price.
        fixed_price: Money,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
    }
}

body! {
    /// Changes to a group.
    pub struct ProjectGroupUpdate {
        ; set
        /// The title.
        title: String,
        /// The colour, such as `#00B2B2`.
        color: String,
        /// How the work is billed.
        billing_method: BillingChange,
        ; clear
        /// The description.
        description: String,
        /// The fixed price.
        fixed_price: Money,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
    }
}

body! {
    /// A filter for groups.
    pub struct ProjectGroupFilter {
        ; set
        /// Groups with one of these ids.
        ids: Vec<Id<ProjectGroup>>,
        /// Groups of this project.
        project_id: Id<Project>,
    }
}

listed! {
    ProjectGroup => "projects-v2/projectGroups.list", ProjectGroupFilter, Nothing, Nothing;
}

resource! {
    /// The operations on groups of tasks and materials in projects, from [`Teamleader::project_groups`](super::Teamleader::project_groups).
    pub struct ProjectGroups of ProjectGroup
}

methods! {
    impl ProjectGroups of ProjectGroup;
    fetch {
        /// Fetches one group.
        get(id: ProjectGroup) -> ProjectGroup = "projects-v2/projectGroups.info";
        /// Copies a group and returns a reference to the copy.
        duplicate(origin_id: ProjectGroup) -> Reference<ProjectGroup> = "projects-v2/projectGroups.duplicate";
    }
    make {
        /// Creates a group and returns a reference to the group.
        create(NewProjectGroup) = "projects-v2/projectGroups.create";
    }
    act {
        /// Deletes the group.
        delete(id: ProjectGroup; delete_strategy: &GroupDeletion) = "projects-v2/projectGroups.delete";
        /// Assigns a user or a team to the group.
        assign(id: ProjectGroup; assignee: &Assignee) = "projects-v2/projectGroups.assign";
        /// Removes a user or a team from the group.
        unassign(id: ProjectGroup; assignee: &Assignee) = "projects-v2/projectGroups.unassign";
    }
    change {
        /// Changes the group.
        update(ProjectGroupUpdate) = "projects-v2/projectGroups.update";
    }
}
