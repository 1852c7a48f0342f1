//! Contacts and companies that take part in projects.

use super::declare::{body, object};
use super::macros::methods;
use super::projects::{Project, Projects};
use super::{Customer, Id, Reference};
use crate::error::Result;

object! {
    /// A contact or a company that takes part in a project.
    pub struct ExternalParty {
        /// The id.
        id: Id<ExternalParty>,
        /// The contact or the company.
        customer: Option<Reference>,
        /// The function.
        function: Option<String>,
        /// The function in more detail.
        sub_function: Option<String>,
    }
}

body! {
    /// A contact or a company that will take part in a project.
    pub struct NewExternalParty {
        /// The id of the project.
        project_id: Id<Project>,
        /// The contact or the company.
        customer: Customer,
        ; set
        /// The function.
        function: String,
        /// The function in more detail.
        sub_function: String,
    }
}

body! {
    /// Changes to a contact or a company that takes part in a project.
    pub struct ExternalPartyUpdate {
        ; set
        /// The contact or the company.
        customer: Customer,
        ; clear
        /// The function.
        function: String,
        /// The function in more detail.
        sub_function: String,
    }
}

methods! {
    impl Projects of Project;
    act {
        /// Removes a contact or a company from the project.
        remove_external_party(id: ExternalParty) = "projects-v2/externalParties.delete";
    }
    put {
        /// Adds a contact or a company to a project.
        add_external_party(NewExternalParty) = "projects-v2/externalParties.addToProject";
    }
}

impl Projects<'_> {
    /// Changes a contact or a company that takes part in a project.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn update_external_party(
        self,
        id: impl Into<Id<ExternalParty>>,
        changes: &ExternalPartyUpdate,
    ) -> Result<()> {
        self.0.change("projects-v2/externalParties.update", id.into().as_str(), changes)
    }
}
