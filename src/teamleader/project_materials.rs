//! Materials of projects of the newer module.

use time::Date;

use super::declare::{body, enums, object};
use super::macros::{listed, methods, resource};
use super::products::Product;
use super::project_groups::{BillingStatus, ProjectGroup};
use super::project_tasks::WorkStatus;
use super::projects::{AssigneeEntry, Project};
use super::settings::UnitOfMeasure;
use super::{Assignee, Decimal, Id, Money, Nothing, Reference};
use crate::error::Result;

enums! {
    /// How a material of a project is billed.
    pub enum MaterialBilling {
        /// At a fixed price.
        FixedPrice = "fixed_price",
        /// By the price of one unit.
        UnitPrice = "unit_price",
        /// Not at all.
        NonBillable = "non_billable",
    }
}

object! {
    /// A material of a project.
    pub struct ProjectMaterial {
        /// The id.
        id: Id<ProjectMaterial>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The group of the project.
        group: Option<Reference<ProjectGroup>>,
        /// The title.
        title: Option<String>,
        /// The description; not in a list.
        description: Option<String>,
        /// The status.
        status: Option<WorkStatus>,
        /// How the work is billed.
        billing_method: Option<MaterialBilling>,
        /// Which part of the work is billed.
        billing_status: Option<BillingStatus>,
        /// The quantity, in units of measure.
        quantity: Option<Decimal>,
        /// The estimated quantity, in units of measure.
        quantity_estimated: Option<Decimal>,
        /// The price of one unit.
        unit_price: Option<Money>,
        /// The cost of one unit.
        unit_cost: Option<Money>,
        /// The unit of measure.
        unit: Option<Reference<UnitOfMeasure>>,
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
        /// The fixed price.
        fixed_price: Option<Money>,
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
        /// The product.
        product: Option<Reference<Product>>,
    }
}

body! {
    /// A new material of a project.
    pub struct NewProjectMaterial {
        /// The id of the project.
        project_id: Id<Project>,
        /// The title.
        title: String,
        ; set
        /// The id of the group.
        group_id: Id<ProjectGroup>,
        /// The description.
        description: String,
        /// How the work is billed.
        billing_method: MaterialBilling,
        /// The quantity, in units of measure.
        quantity: Decimal,
        /// The estimated quantity, in units of measure.
        quantity_estimated: Decimal,
        /// The id of the unit of measure.
        unit_id: Id<UnitOfMeasure>,
        /// The first day.
        start_date: Date,
        /// The last day.
        end_date: Date,
        /// The id of the product.
        product_id: Id<Product>,
        /// The users and the teams who do the work.
        assignees: Vec<Assignee>,
        ; clear
        /// The id of the material after which the new material is placed.
        after_id: Id<ProjectMaterial>,
        /// The price of one unit.
        unit_price: Money,
        /// The cost of one unit.
        unit_cost: Money,
        /// The fixed price.
        fixed_price: Money,
        /// The budget that the customer agreed to.
        external_budget: Money,
        /// The account's own budget.
        internal_budget: Money,
    }
}

body! {
    /// Changes to a material of a project.
    pub struct ProjectMaterialUpdate {
        ; set
        /// The title.
        title: String,
        /// The status.
        status: WorkStatus,
        /// How the work is billed.
        billing_method: MaterialBilling,
        ; clear
        /// The description.
        description: String,
        /// The quantity, in units of measure.
        quantity: Decimal,
        /// The estimated quantity, in units of measure.
        quantity_estimated: Decimal,
        /// The price of one unit.
        unit_price: Money,
        /// The cost of one unit.
        unit_cost: Money,
        /// The id of the unit of measure.
        unit_id: Id<UnitOfMeasure>,
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
        /// The id of the product.
        product_id: Id<Product>,
    }
}

body! {
    /// A filter for materials of projects.
    pub struct ProjectMaterialFilter {
        ; set
        /// Materials with one of these ids.
        ids: Vec<Id<ProjectMaterial>>,
    }
}

listed! {
    ProjectMaterial => "projects-v2/materials.list", ProjectMaterialFilter, Nothing, Nothing;
}

resource! {
    /// The operations on materials of projects of the newer module, from [`Teamleader::project_materials`](super::Teamleader::project_materials).
    pub struct ProjectMaterials of ProjectMaterial
}

methods! {
    impl ProjectMaterials of ProjectMaterial;
    fetch {
        /// Fetches one material.
        get(id: ProjectMaterial) -> ProjectMaterial = "projects-v2/materials.info";
        /// Copies a material and returns a reference to the copy.
        duplicate(origin_id: ProjectMaterial) -> Reference<ProjectMaterial> = "projects-v2/materials.duplicate";
    }
    make {
        /// Creates a material and returns a reference to the material.
        create(NewProjectMaterial) = "projects-v2/materials.create";
    }
    act {
        /// Deletes the material.
        delete(id: ProjectMaterial) = "projects-v2/materials.delete";
        /// Assigns a user or a team to the material.
        assign(id: ProjectMaterial; assignee: &Assignee) = "projects-v2/materials.assign";
        /// Removes a user or a team from the material.
        unassign(id: ProjectMaterial; assignee: &Assignee) = "projects-v2/materials.unassign";
    }
    change {
        /// Changes the material.
        update(ProjectMaterialUpdate) = "projects-v2/materials.update";
    }
}
