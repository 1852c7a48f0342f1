//! The account: which module of projects it has, addresses of its documents, and ids of the older API.

use serde_json::json;
use time::Date;

use super::declare::{enums, object};
use super::departments::Department;
use super::form::Sent;
use super::macros::bare;
use super::settings::{ActivityType, TaxRate};
use super::{Id, Reference};
use crate::error::Result;

enums! {
    /// The module of projects that an account has.
    pub enum ProjectsModule {
        /// The newer module: [`super::projects`].
        ProjectsV2 = "projects-v2",
        /// The older module: [`super::legacy_projects`].
        Legacy = "legacy",
    }

    /// A type of activity in the older API.
    pub enum OldActivity {
        /// A meeting.
        Meeting = "meeting",
        /// A call.
        Call = "call",
        /// A task.
        Task = "task",
    }
}

object! {
    /// Which module of projects the account has.
    pub struct ProjectsStatus {
        /// The module.
        status: Option<ProjectsModule>,
        /// The day on which the account gets the new module.
        will_be_automatically_switched_on: Option<Date>,
    }
}

object! {
    /// The address of a document for the customer.
    pub struct CloudUrl {
        /// The address. Everyone who knows the address can see the document.
        url: Option<String>,
    }
}

bare! {
    /// The operations on the account, from [`Teamleader::account`](super::Teamleader::account).
    pub struct Account
}

impl Account<'_> {
    /// Fetches which module of projects the account has.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn projects_status(self) -> Result<ProjectsStatus> {
        self.0.fetch("accounts.projects-v2-status", &())
    }

    /// Fetches the address where the customer sees an invoice, a quotation or a ticket. The type of the reference is
    /// `invoice`, `quotation` or `ticket`.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn cloud_url(self, document: &Reference) -> Result<CloudUrl> {
        self.0.fetch("cloudPlatforms.url", &Sent(document))
    }

    /// Fetches the id of an object by its type and its number in the older API.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn migrated_id(self, kind: &str, number: u64) -> Result<Reference> {
        self.0.fetch("migrate.id", &json!({ "type": kind, "id": number }))
    }

    /// Fetches the id of a tax rate by the department and the name in the older API, such as `21`.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn migrated_tax_rate(
        self,
        department: impl Into<Id<Department>>,
        tax_rate: &str,
    ) -> Result<Reference<TaxRate>> {
        self.0.fetch(
            "migrate.taxRate",
            &json!({ "department_id": department.into(), "tax_rate": tax_rate }),
        )
    }

    /// Fetches the id of a type of activity in the older API.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn migrated_activity_type(self, kind: &OldActivity) -> Result<Reference<ActivityType>> {
        self.0.fetch("migrate.activityType", &json!({ "type": kind }))
    }
}
