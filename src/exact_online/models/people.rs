//! Users and employees.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Guid, Id};
use super::Account;
use super::model;

model! {
    /// A user.
    pub struct User at "users/Users", key "UserID": Id<User> {
        user_id: Id<User> = "UserID",
        birth_date: PrimitiveDateTime = "BirthDate",
        birth_name: String = "BirthName",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        customer: Id<Account> = "Customer",
        customer_name: String = "CustomerName",
        email: String = "Email",
        end_date: PrimitiveDateTime = "EndDate",
        first_name: String = "FirstName",
        full_name: String = "FullName",
        gender: String = "Gender",
        has_registered_for_two_step_verification: bool = "HasRegisteredForTwoStepVerification",
        has_two_step_verification: bool = "HasTwoStepVerification",
        initials: String = "Initials",
        is_anonymised: i32 = "IsAnonymised",
        language: String = "Language",
        last_login: PrimitiveDateTime = "LastLogin",
        last_name: String = "LastName",
        middle_name: String = "MiddleName",
        mobile: String = "Mobile",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        nationality: String = "Nationality",
        notes: String = "Notes",
        phone: String = "Phone",
        phone_extension: String = "PhoneExtension",
        profile_code: String = "ProfileCode",
        start_date: PrimitiveDateTime = "StartDate",
        start_division: i32 = "StartDivision",
        title: String = "Title",
        user_name: String = "UserName",
        user_roles: Vec<Value> = "UserRoles",
        user_roles_per_division: Vec<Value> = "UserRolesPerDivision",
        user_types_list: String = "UserTypesList",
    }
}

model! {
    /// A role of a user.
    pub struct UserRole at "users/UserRoles", key "ID": Id<UserRole> {
        id: Id<UserRole> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        end_date: PrimitiveDateTime = "EndDate",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        role: i32 = "Role",
        role_level: i32 = "RoleLevel",
        start_date: PrimitiveDateTime = "StartDate",
        user_id: Guid = "UserID",
    }
}

model! {
    /// An employee.
    pub struct Employee at "payroll/Employees", key "ID": Id<Employee> {
        id: Id<Employee> = "ID",
        address_line2: String = "AddressLine2",
        address_line3: String = "AddressLine3",
        address_street: String = "AddressStreet",
        address_street_number: String = "AddressStreetNumber",
        address_street_number_suffix: String = "AddressStreetNumberSuffix",
        birth_date: PrimitiveDateTime = "BirthDate",
        birth_name: String = "BirthName",
        birth_name_prefix: String = "BirthNamePrefix",
        birth_place: String = "BirthPlace",
        business_email: String = "BusinessEmail",
        business_fax: String = "BusinessFax",
        business_mobile: String = "BusinessMobile",
        business_phone: String = "BusinessPhone",
        business_phone_extension: String = "BusinessPhoneExtension",
        city: String = "City",
        code: String = "Code",
        country: String = "Country",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        customer: Id<Account> = "Customer",
        custom_field: String = "CustomField",
        division: i32 = "Division",
        email: String = "Email",
        employee_hid: i32 = "EmployeeHID",
        end_date: PrimitiveDateTime = "EndDate",
        first_name: String = "FirstName",
        full_name: String = "FullName",
        gender: String = "Gender",
        hid: i32 = "HID",
        initials: String = "Initials",
        is_active: bool = "IsActive",
        is_anonymised: i32 = "IsAnonymised",
        language: String = "Language",
        last_name: String = "LastName",
        location_description: String = "LocationDescription",
        manager: Guid = "Manager",
        marital_date: PrimitiveDateTime = "MaritalDate",
        marital_status: i32 = "MaritalStatus",
        middle_name: String = "MiddleName",
        mobile: String = "Mobile",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        name_composition: i32 = "NameComposition",
        nationality: String = "Nationality",
        nick_name: String = "NickName",
        notes: String = "Notes",
        partner_name: String = "PartnerName",
        partner_name_prefix: String = "PartnerNamePrefix",
        person: Guid = "Person",
        phone: String = "Phone",
        phone_extension: String = "PhoneExtension",
        picture: String = "Picture",
        picture_file_name: String = "PictureFileName",
        picture_thumbnail_url: String = "PictureThumbnailUrl",
        picture_url: String = "PictureUrl",
        postcode: String = "Postcode",
        private_email: String = "PrivateEmail",
        social_security_number: String = "SocialSecurityNumber",
        start_date: PrimitiveDateTime = "StartDate",
        state: String = "State",
        tax_identification_number: String = "TaxIdentificationNumber",
        title: String = "Title",
        user: Guid = "User",
        user_full_name: String = "UserFullName",
        timestamp: i64 = "Timestamp",
    }
}

model! {
    /// A department.
    pub struct Department at "hrm/Departments", key "ID": Id<Department> {
        id: Id<Department> = "ID",
        code: String = "Code",
        costcenter: String = "Costcenter",
        costcenter_description: String = "CostcenterDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
    }
}

resources! {
    /// Users.
    users: User [List Create Update Delete];
    /// Roles of users.
    user_roles: UserRole [List];
    /// Employees.
    employees: Employee [List]
        sync Employee "sync/Payroll/Employees" without [];
    /// Departments.
    departments: Department [List];
}
