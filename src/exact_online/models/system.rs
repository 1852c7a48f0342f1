//! The person who is logged in, companies, deleted rows and webhook subscriptions.

use serde_json::Value;
use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, EntityType, Guid, Id, Topic};
use super::model;

model! {
    /// The person who is logged in.
    pub struct Me at "current/Me", key "UserID": Id<Me> {
        user_id: Id<Me> = "UserID",
        accounting_division: i32 = "AccountingDivision",
        current_division: i32 = "CurrentDivision",
        customer_code: String = "CustomerCode",
        division_customer: Guid = "DivisionCustomer",
        division_customer_code: String = "DivisionCustomerCode",
        division_customer_name: String = "DivisionCustomerName",
        division_customer_siret_number: String = "DivisionCustomerSiretNumber",
        division_customer_vat_number: String = "DivisionCustomerVatNumber",
        dossier_division: i32 = "DossierDivision",
        email: String = "Email",
        employee_id: Guid = "EmployeeID",
        first_name: String = "FirstName",
        full_name: String = "FullName",
        gender: String = "Gender",
        initials: String = "Initials",
        is_client_user: bool = "IsClientUser",
        is_employee_self_service_user: bool = "IsEmployeeSelfServiceUser",
        is_my_firm_lite_user: bool = "IsMyFirmLiteUser",
        is_my_firm_portal_user: bool = "IsMyFirmPortalUser",
        is_oei_migration_mandatory: bool = "IsOEIMigrationMandatory",
        is_starter_user: bool = "IsStarterUser",
        language: String = "Language",
        language_code: String = "LanguageCode",
        last_name: String = "LastName",
        legislation: i64 = "Legislation",
        middle_name: String = "MiddleName",
        mobile: String = "Mobile",
        nationality: String = "Nationality",
        package_code: String = "PackageCode",
        phone: String = "Phone",
        phone_extension: String = "PhoneExtension",
        picture_url: String = "PictureUrl",
        server_time: String = "ServerTime",
        server_utc_offset: Decimal = "ServerUtcOffset",
        thumbnail_picture: String = "ThumbnailPicture",
        thumbnail_picture_format: String = "ThumbnailPictureFormat",
        title: String = "Title",
        user_name: String = "UserName",
    }
}

model! {
    /// A company of the licence to which the division in the address belongs.
    pub struct Division at "hrm/Divisions", key "Code": i32 {
        code: i32 = "Code",
        archive_date: PrimitiveDateTime = "ArchiveDate",
        blocking_status: i32 = "BlockingStatus",
        class_01: Value = "Class_01",
        class_02: Value = "Class_02",
        class_03: Value = "Class_03",
        class_04: Value = "Class_04",
        class_05: Value = "Class_05",
        country: String = "Country",
        country_description: String = "CountryDescription",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        currency_description: String = "CurrencyDescription",
        customer: Guid = "Customer",
        customer_code: String = "CustomerCode",
        customer_name: String = "CustomerName",
        description: String = "Description",
        hid: i32 = "HID",
        main: bool = "Main",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        ob_number: String = "OBNumber",
        siret_number: String = "SiretNumber",
        start_date: PrimitiveDateTime = "StartDate",
        status: i32 = "Status",
        tax_office_number: String = "TaxOfficeNumber",
        tax_reference_number: String = "TaxReferenceNumber",
        template_code: String = "TemplateCode",
        vat_number: String = "VATNumber",
        website: String = "Website",
    }
}

model! {
    /// A company that the login may use.
    pub struct SystemDivision at "system/Divisions", key "Code": i32 {
        code: i32 = "Code",
        address_line1: String = "AddressLine1",
        address_line2: String = "AddressLine2",
        address_line3: String = "AddressLine3",
        archive_date: PrimitiveDateTime = "ArchiveDate",
        blocking_status: i32 = "BlockingStatus",
        business_type_code: String = "BusinessTypeCode",
        business_type_description: String = "BusinessTypeDescription",
        chamber_of_commerce_establishment: String = "ChamberOfCommerceEstablishment",
        chamber_of_commerce_number: String = "ChamberOfCommerceNumber",
        city: String = "City",
        class_01: Value = "Class_01",
        class_02: Value = "Class_02",
        class_03: Value = "Class_03",
        class_04: Value = "Class_04",
        class_05: Value = "Class_05",
        company_size_code: String = "CompanySizeCode",
        company_size_description: String = "CompanySizeDescription",
        country: String = "Country",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        currency: String = "Currency",
        current: bool = "Current",
        customer: Guid = "Customer",
        customer_code: String = "CustomerCode",
        customer_name: String = "CustomerName",
        datev_accountant_number: String = "DatevAccountantNumber",
        datev_client_number: String = "DatevClientNumber",
        description: String = "Description",
        division_hr_link_unlink_date: String = "DivisionHRLinkUnlinkDate",
        division_move_date: PrimitiveDateTime = "DivisionMoveDate",
        email: String = "Email",
        fax: String = "Fax",
        hid: i64 = "Hid",
        is_dossier_division: bool = "IsDossierDivision",
        is_hr_division: bool = "IsHRDivision",
        is_main_division: bool = "IsMainDivision",
        is_practice_division: bool = "IsPracticeDivision",
        legislation: String = "Legislation",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        ob_number: String = "OBNumber",
        phone: String = "Phone",
        postcode: String = "Postcode",
        sbi_code: String = "SbiCode",
        sbi_description: String = "SbiDescription",
        sector_code: String = "SectorCode",
        sector_description: String = "SectorDescription",
        share_capital: Decimal = "ShareCapital",
        siret_number: String = "SiretNumber",
        start_date: PrimitiveDateTime = "StartDate",
        state: String = "State",
        status: i32 = "Status",
        subsector_code: String = "SubsectorCode",
        subsector_description: String = "SubsectorDescription",
        tax_office_number: String = "TaxOfficeNumber",
        tax_reference_number: String = "TaxReferenceNumber",
        template_code: String = "TemplateCode",
        vat_number: String = "VATNumber",
        website: String = "Website",
    }
}

model! {
    /// A deleted row. Exact Online reports a deletion for two months.
    pub struct Deleted at "sync/Deleted", key "ID": Id<Deleted> {
        timestamp: i64 = "Timestamp",
        deleted_by: Guid = "DeletedBy",
        deleted_date: PrimitiveDateTime = "DeletedDate",
        division: i32 = "Division",
        entity_key: Guid = "EntityKey",
        entity_type: EntityType = "EntityType",
        id: Id<Deleted> = "ID",
    }
}

model! {
    /// A webhook subscription: a topic, and the address that Exact Online calls.
    pub struct WebhookSubscription at "webhooks/WebhookSubscriptions", key "ID": Id<WebhookSubscription> {
        id: Id<WebhookSubscription> = "ID",
        callback_url: String = "CallbackURL",
        client_id: Guid = "ClientID" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description" read_only,
        division: i32 = "Division" read_only,
        is_instant: bool = "IsInstant",
        topic: Topic = "Topic",
        user_id: Guid = "UserID",
    }
}

resources! {
    /// The companies of the licence to which the chosen division belongs.
    divisions: Division [List]
        sync Division "hrm/Divisions" without [];
    /// Every company that the login may use.
    system_divisions: SystemDivision [List Delete];
    /// Webhook subscriptions.
    webhook_subscriptions: WebhookSubscription [List Create Update Delete];
}
