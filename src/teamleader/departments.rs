//! Departments.

use super::json::or_empty;
use super::macros::{listed, methods, model, request, resource};
use super::{Address, Currency, Email, Id, Nothing, Telephone};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// Whether a department is in use.
    pub enum DepartmentStatus {
        /// In use.
        Active = "active",
        /// Archived.
        Archived = "archived",
    }

    /// The fields that departments can be sorted by.
    pub enum DepartmentSort {
        /// Whether the department is the default department.
        DefaultDepartment = "default_department",
        /// The name.
        Name = "name",
        /// The time of creation.
        CreatedAt = "created_at",
    }
}

model! {
    /// A department.
    pub struct Department {
        /// The id.
        id: Id<Department>,
        /// The name.
        name: Option<String>,
        /// The VAT number.
        vat_number: Option<String>,
        /// The currency.
        currency: Option<Currency>,
        /// The email addresses.
        #[serde(default, deserialize_with = "or_empty")]
        emails: Vec<Email>,
        /// Whether the department is in use.
        status: Option<DepartmentStatus>,
        /// The address; not in a list.
        address: Option<Address>,
        /// The telephone numbers; not in a list.
        telephones: Option<Vec<Telephone>>,
        /// The URL of the website; not in a list.
        website: Option<String>,
        /// The IBAN of the bank account; not in a list.
        iban: Option<String>,
        /// The BIC of the bank account; not in a list.
        bic: Option<String>,
        /// The fiscal regime; not in a list.
        fiscal_regime: Option<String>,
    }
}

request! {
    /// A filter for departments.
    pub struct DepartmentFilter {
        ; set
        /// Departments with one of these ids.
        ids: Vec<Id<Department>>,
        /// Departments with one of these statuses.
        status: Vec<DepartmentStatus>,
    }
}

listed! {
    Department => "departments.list", DepartmentFilter, DepartmentSort, Nothing;
}

resource! {
    /// The operations on departments, from [`Teamleader::departments`](super::Teamleader::departments).
    pub struct Departments of Department
}

methods! {
    impl Departments of Department;
    fetch {
        /// Fetches one department.
        get(id: Department) -> Department = "departments.info";
    }
}
