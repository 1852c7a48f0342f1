//! Milestones of projects of the older module.

use time::Date;

use super::custom_fields::{CustomField, NewCustomField};
use super::declare::{body, enums, object};
use super::kinds::User;
use super::legacy_projects::{LegacyProject, ProjectActuals};
use super::macros::{listed, methods, resource};
use super::projects::OpenStatus;
use super::{Id, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The fields that milestones can be sorted by.
    pub enum MilestoneSort {
        /// The first day.
        StartsOn = "starts_on",
        /// The last day.
        DueOn = "due_on",
    }

    /// How a milestone is invoiced.
    pub enum MilestoneBilling {
        /// By time and materials.
        TimeAndMaterials = "time_and_materials",
        /// At a fixed price.
        FixedPrice = "fixed_price",
        /// Not at all.
        NonInvoiceable = "non_invoiceable",
    }
}

object! {
    /// The budget of a milestone.
    pub struct MilestoneBudget {
        /// The budget that was agreed.
        provided: Option<Money>,
        /// The part of the budget that is used.
        spent: Option<Money>,
        /// The part of the budget that is left.
        remaining: Option<Money>,
        /// The part of the budget that is assigned.
        allocated: Option<Money>,
        /// The budget that is expected to be used.
        forecasted: Option<Money>,
    }
}

object! {
    /// A milestone of a project of the older module.
    pub struct Milestone {
        /// The id.
        id: Id<Milestone>,
        /// The project.
        project: Option<Reference<LegacyProject>>,
        /// The first day.
        starts_on: Option<Date>,
        /// The last day.
        due_on: Option<Date>,
        /// The name.
        name: Option<String>,
        /// The description; not in a list.
        description: Option<String>,
        /// The responsible user.
        responsible_user: Option<Reference<User>>,
        /// The status.
        status: Option<OpenStatus>,
        /// How the milestone is invoiced.
        invoicing_method: Option<MilestoneBilling>,
        /// The milestone that must end first.
        depends_on: Option<Reference<Milestone>>,
        /// The milestones that start after this milestone.
        dependency_for: Vec<Reference<Milestone>>,
        /// The amounts so far.
        actuals: Option<ProjectActuals>,
        /// The budget.
        budget: Option<MilestoneBudget>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
    }
}

body! {
    /// A new milestone.
    pub struct NewMilestone {
        /// The id of the project.
        project_id: Id<LegacyProject>,
        /// The last day.
        due_on: Date,
        /// The name.
        name: String,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        ; set
        /// The description.
        description: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the milestone is invoiced.
        billing_method: MilestoneBilling,
        /// The budget.
        budget: Money,
        /// The price, for [`MilestoneBilling::FixedPrice`].
        price: Money,
        ; clear
        /// The first day.
        starts_on: Date,
        /// The id of the milestone that must end first.
        depends_on: Id<Milestone>,
    }
}

body! {
    /// Changes to a milestone.
    pub struct MilestoneUpdate {
        ; set
        /// The last day.
        due_on: Date,
        /// The name.
        name: String,
        /// The description.
        description: String,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        /// Whether the dates of the dependent milestones move as well.
        propagate_date_changes: bool,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The first day.
        starts_on: Date,
        /// The id of the milestone that must end first.
        depends_on: Id<Milestone>,
    }
}

body! {
    /// A filter for milestones.
    pub struct MilestoneFilter {
        ; set
        /// Milestones with one of these ids.
        ids: Vec<Id<Milestone>>,
        /// Milestones of this project.
        project_id: Id<LegacyProject>,
        /// Milestones with this status.
        status: OpenStatus,
        /// Milestones that end before this day.
        due_before: Date,
        /// Milestones that end after this day.
        due_after: Date,
        /// Milestones with this text.
        term: String,
    }
}

listed! {
    Milestone => "milestones.list", MilestoneFilter, MilestoneSort, Nothing;
}

resource! {
    /// The operations on milestones of projects of the older module, from [`Teamleader::milestones`](super::Teamleader::milestones).
    pub struct Milestones of Milestone
}

methods! {
    impl Milestones of Milestone;
    fetch {
        /// Fetches one milestone.
        get(id: Milestone) -> Milestone = "milestones.info";
    }
    make {
        /// Creates a milestone and returns a reference to the milestone.
        create(NewMilestone) = "milestones.create";
    }
    act {
        /// Closes the milestone.
        close(id: Milestone) = "milestones.close";
        /// Opens the milestone again.
        open(id: Milestone) = "milestones.open";
        /// Deletes the milestone.
        delete(id: Milestone) = "milestones.delete";
    }
    change {
        /// Changes the milestone.
        update(MilestoneUpdate) = "milestones.update";
    }
}
