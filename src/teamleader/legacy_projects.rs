//! Projects of the older module. The newer module is [`super::projects`].

use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, NewCustomField};
use super::declare::{body, enums, object};
use super::kinds::User;
use super::macros::{listed, methods, resource};
use super::milestones::Milestone;
use super::{Customer, Decimal, Id, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The fields that projects can be sorted by.
    pub enum LegacyProjectSort {
        /// The last day.
        DueOn = "due_on",
        /// The title.
        Title = "title",
        /// The time of creation.
        CreatedAt = "created_at",
    }

    /// The status of a project of the older module.
    pub enum LegacyProjectStatus {
        /// Active.
        Active = "active",
        /// Paused.
        OnHold = "on_hold",
        /// Done.
        Done = "done",
        /// Cancelled.
        Cancelled = "cancelled",
    }

    /// The role of a user in a project.
    pub enum ParticipantRole {
        /// The user decides.
        DecisionMaker = "decision_maker",
        /// The user takes part.
        Member = "member",
    }
}

object! {
    /// The used part of a budget.
    pub struct SpentBudget {
        /// The totals.
        total: Option<Money>,
        /// The part for time.
        time: Option<Money>,
        /// The part for materials.
        materials: Option<Money>,
    }
}

object! {
    /// The budget of a project.
    pub struct ProjectBudget {
        /// The budget that was agreed.
        provided: Option<Money>,
        /// The part of the budget that is used.
        spent: Option<SpentBudget>,
        /// The part of the budget that is left.
        remaining: Option<Money>,
        /// The part of the budget that is assigned.
        allocated: Option<Money>,
        /// The budget that is expected to be used.
        forecasted: Option<Money>,
    }
}

object! {
    /// The amounts of a project or a milestone so far.
    pub struct ProjectActuals {
        /// The amount that can be invoiced.
        billable_amount: Option<Money>,
        /// The costs.
        costs: Option<Money>,
        /// The result: the amount that can be invoiced, minus the costs.
        result: Option<Money>,
        /// The profit, in percent; not for milestones.
        profit_percentage: Option<Decimal>,
    }
}

object! {
    /// A user who takes part in a project.
    pub struct ProjectParticipant {
        /// The user who takes part.
        participant: Option<Reference<User>>,
        /// The role.
        role: Option<ParticipantRole>,
    }
}

object! {
    /// A project of the older module.
    pub struct LegacyProject {
        /// The id.
        id: Id<LegacyProject>,
        /// The number, such as `PRO-1`.
        reference: Option<String>,
        /// The title.
        title: Option<String>,
        /// The description.
        description: Option<String>,
        /// The status.
        status: Option<LegacyProjectStatus>,
        /// The contact or the company.
        customer: Option<Reference>,
        /// The first day.
        starts_on: Option<Date>,
        /// The last day.
        due_on: Option<Date>,
        /// The object from which the project was created.
        source: Option<Reference>,
        /// The milestones; not in a list.
        milestones: Vec<Reference<Milestone>>,
        /// The users who take part; not in a list.
        participants: Vec<ProjectParticipant>,
        /// The customer's order number; not in a list.
        purchase_order_number: Option<String>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The amounts so far.
        actuals: Option<ProjectActuals>,
        /// The budget.
        budget: Option<ProjectBudget>,
        /// The time of creation; only in a list.
        created_at: Option<OffsetDateTime>,
    }
}

body! {
    /// A user who will take part in a project.
    pub struct NewProjectParticipant {
        /// The user. An `Id<User>` converts to a reference.
        participant: Reference<User>,
        ; set
        /// The role.
        role: ParticipantRole,
    }
}

body! {
    /// A milestone of a new project.
    pub struct FirstMilestone {
        /// The last day.
        due_on: Date,
        /// The name.
        name: String,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        ; clear
        /// The first day.
        starts_on: Date,
    }
}

body! {
    /// A new project of the older module.
    pub struct NewLegacyProject {
        /// The title.
        title: String,
        /// The first day.
        starts_on: Date,
        /// The milestones.
        milestones: Vec<FirstMilestone>,
        /// The users who take part.
        participants: Vec<NewProjectParticipant>,
        ; set
        /// The description.
        description: String,
        /// The customer's order number.
        purchase_order_number: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The contact or the company.
        customer: Customer,
    }
}

body! {
    /// Changes to a project of the older module.
    pub struct LegacyProjectUpdate {
        ; set
        /// The title.
        title: String,
        /// The description.
        description: String,
        /// The status.
        status: LegacyProjectStatus,
        /// The first day.
        starts_on: Date,
        /// The budget.
        budget: Money,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The contact or the company.
        customer: Customer,
        /// The customer's order number.
        purchase_order_number: String,
    }
}

body! {
    /// The new role of a user in a project.
    pub struct ProjectParticipantUpdate {
        /// The role.
        role: ParticipantRole,
        ; set
        /// The user.
        participant: Reference<User>,
    }
}

body! {
    /// A filter for projects of the older module.
    pub struct LegacyProjectFilter {
        ; set
        /// Projects of this contact or company.
        customer: Customer,
        /// Projects with this status.
        status: LegacyProjectStatus,
        /// Projects that this user takes part in.
        participant_id: Id<User>,
        /// Projects with this text.
        term: String,
        /// Projects changed since this time.
        updated_since: OffsetDateTime,
    }
}

listed! {
    LegacyProject => "projects.list", LegacyProjectFilter, LegacyProjectSort, Nothing;
}

resource! {
    /// The operations on projects of the older module, from [`Teamleader::legacy_projects`](super::Teamleader::legacy_projects).
    pub struct LegacyProjects of LegacyProject
}

methods! {
    impl LegacyProjects of LegacyProject;
    fetch {
        /// Fetches one project.
        get(id: LegacyProject) -> LegacyProject = "projects.info";
    }
    make {
        /// Creates a project and returns a reference to the project.
        create(NewLegacyProject) = "projects.create";
    }
    act {
        /// Closes the project.
        close(id: LegacyProject) = "projects.close";
        /// Opens the project again.
        reopen(id: LegacyProject) = "projects.reopen";
        /// Deletes the project.
        delete(id: LegacyProject) = "projects.delete";
    }
    change {
        /// Changes the project.
        update(LegacyProjectUpdate) = "projects.update";
        /// Adds a user.
        add_participant(NewProjectParticipant) = "projects.addParticipant";
        /// Changes the role of a user.
        update_participant(ProjectParticipantUpdate) = "projects.updateParticipant";
    }
}
