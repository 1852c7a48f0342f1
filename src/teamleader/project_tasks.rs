//! Tasks of projects of the newer module.

use time::Date;

use super::custom_fields::CustomField;
use super::declare::{body, enums, object};
use super::kinds::Anything;
use super::macros::{listed, methods, resource};
use super::project_groups::{BillingStatus, ProjectGroup};
use super::projects::{AssigneeEntry, Project};
use super::settings::WorkType;
use super::time_span::TimeSpan;
use super::{Assignee, Decimal, Id, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// What happens to the tracked time of a task that is deleted.
    pub enum TaskDeletion {
        /// The time is kept, without the task.
        UnlinkTimeTracking = "unlink_time_tracking",
        /// The time is deleted.
        DeleteTimeTracking = "delete_time_tracking",
    }

    /// The status of a task or a material of a project.
    pub enum WorkStatus {
        /// Not begun.
        ToDo = "to_do",
        /// Begun.
        InProgress = "in_progress",
        /// Paused.
        OnHold = "on_hold",
        /// Done.
        Done = "done",
    }

    /// How a task of a project is billed.
    pub enum TaskBilling {
        /// At the rate of the user.
        UserRate = "user_rate",
        /// At the rate of the type of work.
        WorkTypeRate = "work_type_rate",
        /// At the task's own rate.
        CustomRate = "custom_rate",
        /// At a fixed price.
        FixedPrice = "fixed_price",
        /// With the fixed price of the group or the project.
        ParentFixedPrice = "parent_fixed_price",
        /// Not at all.
        NonBillable = "non_billable",
    }
}

object! {
    /// A task of a project.
    pub struct ProjectTask {
        /// The id.
        id: Id<ProjectTask>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The group of the project.
        group: Option<Reference<ProjectGroup>>,
        /// The type of the work.
        work_type: Option<Reference<WorkType>>,
        /// The type of the task.
        task_type: Option<Reference>,
        /// The status.
        status: Option<WorkStatus>,
        /// The title.
        title: Option<String>,
        /// The description; not in a list.
        description: Option<String>,
        /// How the work is billed.
        billing_method: Option<TaskBilling>,
        /// Which part of the work is billed.
        billing_status: Option<BillingStatus>,
        /// The rate.
        custom_rate: Option<Money>,
        /// The amount that is billed.
        amount_billed: Option<Money>,
        /// The budget that the customer agreed to.
        external_budget: Option<Money>,
        /// The part of the external budget that is used.
        external_budget_spent: Option<Money>,
        /// The account's own budget.
        internal_budget: Option<Money>,
        /// The price.
        price: Option<Money>,
        /// The price of one hour.
        unit_price: Option<Money>,
        /// The fixed price.
        fixed_price: Option<Money>,
        /// The cost.
        cost: Option<Money>,
        /// The cost of one hour.
        unit_cost: Option<Money>,
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
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
    }
}

body! {
    /// A new task of a project.
    pub struct NewProjectTask {
        /// The id of the project.
        project_id: Id<Project>,
        /// The title.
        title: String,
        ; set
        /// The id of the group.
        group_id: Id<ProjectGroup>,
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The id of the type of the task.
        task_type_id: Id<Anything>,
        /// The description.
        description: String,
        /// How the work is billed.
        billing_method: TaskBilling,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The estimated time.
        time_estimated: TimeSpan,
        /// The users and the teams who do the work.
        assignees: Vec<Assignee>,
        ; clear
        /// The fixed price.
        fixed_price: Money,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
        /// The rate.
        custom_rate: Money,
    }
}

body! {
    /// Changes to a task of a project.
    pub struct ProjectTaskUpdate {
        ; set
        /// The status.
        status: WorkStatus,
        /// The title.
        title: String,
        /// How the work is billed.
        billing_method: TaskBilling,
        ; clear
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The id of the type of the task.
        task_type_id: Id<Anything>,
        /// The description.
        description: String,
        /// The fixed price.
        fixed_price: Money,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
        /// The rate.
        custom_rate: Money,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The estimated time.
        time_estimated: TimeSpan,
    }
}

body! {
    /// A filter for tasks of projects.
    pub struct ProjectTaskFilter {
        ; set
        /// Tasks with one of these ids.
        ids: Vec<Id<ProjectTask>>,
    }
}

listed! {
    ProjectTask => "projects-v2/tasks.list", ProjectTaskFilter, Nothing, Nothing;
}

resource! {
    /// The operations on tasks of projects of the newer module, from [`Teamleader::project_tasks`](super::Teamleader::project_tasks).
    pub struct ProjectTasks of ProjectTask
}

methods! {
    impl ProjectTasks of ProjectTask;
    fetch {
        /// Fetches one task.
        get(id: ProjectTask) -> ProjectTask = "projects-v2/tasks.info";
        /// Copies a task and returns a reference to the copy.
        duplicate(origin_id: ProjectTask) -> Reference<ProjectTask> = "projects-v2/tasks.duplicate";
    }
    make {
        /// Creates a task and returns a reference to the task.
        create(NewProjectTask) = "projects-v2/tasks.create";
    }
    act {
        /// Deletes the task.
        delete(id: ProjectTask; delete_strategy: &TaskDeletion) = "projects-v2/tasks.delete";
        /// Assigns a user or a team to the task.
        assign(id: ProjectTask; assignee: &Assignee) = "projects-v2/tasks.assign";
        /// Removes a user or a team from the task.
        unassign(id: ProjectTask; assignee: &Assignee) = "projects-v2/tasks.unassign";
    }
    change {
        /// Changes the task.
        update(ProjectTaskUpdate) = "projects-v2/tasks.update";
    }
}
