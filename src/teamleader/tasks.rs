//! Tasks.

use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, NewCustomField};
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::events::Event;
use super::kinds::User;
use super::macros::{listed, methods, resource};
use super::milestones::Milestone;
use super::projects::Project;
use super::settings::WorkType;
use super::tickets::Ticket;
use super::time_span::TimeSpan;
use super::{Assignee, Customer, Id, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The fields that tasks can be sorted by.
    pub enum TaskSort {
        /// The name.
        Name = "name",
    }

    /// The priority of a task. `A` is the highest.
    pub enum TaskPriority {
        /// The highest priority.
        A = "A",
        /// The second priority.
        B = "B",
        /// The third priority.
        C = "C",
        /// The lowest priority.
        D = "D",
    }
}

object! {
    /// A task.
    pub struct Task {
        /// The id.
        id: Id<Task>,
        /// The title.
        title: Option<String>,
        /// The description.
        description: Option<String>,
        /// Whether the work is done.
        completed: Option<bool>,
        /// The time of completion.
        completed_at: Option<OffsetDateTime>,
        /// The last day.
        due_on: Option<Date>,
        /// The estimated time.
        estimated_duration: Option<TimeSpan>,
        /// The type of the work.
        work_type: Option<Reference<WorkType>>,
        /// The user or the team who does the work.
        assignee: Option<Reference>,
        /// The contact or the company.
        customer: Option<Reference>,
        /// The milestone.
        milestone: Option<Reference<Milestone>>,
        /// The deal.
        deal: Option<Reference<Deal>>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The ticket.
        ticket: Option<Reference<Ticket>>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The priority.
        priority: Option<TaskPriority>,
        /// The time of creation; only in a list.
        added_at: Option<OffsetDateTime>,
    }
}

body! {
    /// A new task.
    pub struct NewTask {
        /// The title.
        title: String,
        /// The last day.
        due_on: Date,
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        ; set
        /// The description.
        description: String,
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
        /// The id of the project.
        project_id: Id<Project>,
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The id of the ticket.
        ticket_id: Id<Ticket>,
        /// The estimated time.
        estimated_duration: TimeSpan,
        /// The contact or the company.
        customer: Customer,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The user or the team who does the work.
        assignee: Assignee,
    }
}

body! {
    /// Changes to a task.
    pub struct TaskUpdate {
        ; set
        /// The title.
        title: String,
        /// The description.
        description: String,
        /// The last day.
        due_on: Date,
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The estimated time.
        estimated_duration: TimeSpan,
        /// The contact or the company.
        customer: Customer,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
        /// The id of the project.
        project_id: Id<Project>,
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The id of the ticket.
        ticket_id: Id<Ticket>,
        /// The user or the team who does the work.
        assignee: Assignee,
    }
}

body! {
    /// The time in the calendar for a task.
    pub struct TaskSchedule {
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
    }
}

body! {
    /// A filter for tasks.
    pub struct TaskFilter {
        ; set
        /// Tasks with one of these ids.
        ids: Vec<Id<Task>>,
        /// Tasks of this milestone.
        milestone_id: Id<Milestone>,
        /// Tasks that are done (`true`), or that are not (`false`).
        completed: bool,
        /// Tasks with a time in the calendar (`true`), or without (`false`).
        scheduled: bool,
        /// Tasks that end on this day or earlier.
        due_by: Date,
        /// Tasks that end on this day or later.
        due_from: Date,
        /// Tasks with this text.
        term: String,
        /// Tasks of this contact or company.
        customer: Customer,
        ; clear
        /// Tasks of this user; `None` for tasks without a user.
        user_id: Id<User>,
    }
}

listed! {
    Task => "tasks.list", TaskFilter, TaskSort, Nothing;
}

resource! {
    /// The operations on tasks, from [`Teamleader::tasks`](super::Teamleader::tasks).
    pub struct Tasks of Task
}

methods! {
    impl Tasks of Task;
    fetch {
        /// Fetches one task.
        get(id: Task) -> Task = "tasks.info";
    }
    make {
        /// Creates a task and returns a reference to the task.
        create(NewTask) = "tasks.create";
    }
    credit {
        /// Plans the task in the calendar and returns a reference to the event.
        schedule(TaskSchedule) -> Event = "tasks.schedule";
    }
    act {
        /// Marks the task as done.
        complete(id: Task) = "tasks.complete";
        /// Marks the task as not done.
        reopen(id: Task) = "tasks.reopen";
        /// Deletes the task.
        delete(id: Task) = "tasks.delete";
    }
    change {
        /// Changes the task.
        update(TaskUpdate) = "tasks.update";
    }
}
