//! Addresses, bank accounts and classes of accounts.

use time::PrimitiveDateTime;

use super::super::resource::resources;
use super::super::{Decimal, Guid, Id};
use super::model;
use super::{Account, Contact, Project, Warehouse};

model! {
    /// An address of an account.
    pub struct Address at "crm/Addresses", key "ID": Id<Address> {
        id: Id<Address> = "ID",
        account: Id<Account> = "Account",
        account_is_supplier: bool = "AccountIsSupplier" read_only,
        account_name: String = "AccountName" read_only,
        address_line1: String = "AddressLine1",
        address_line2: String = "AddressLine2",
        address_line3: String = "AddressLine3",
        city: String = "City",
        contact: Id<Contact> = "Contact",
        contact_name: String = "ContactName" read_only,
        country: String = "Country",
        country_name: String = "CountryName" read_only,
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        custom_field: String = "CustomField",
        division: i32 = "Division" read_only,
        fax: String = "Fax",
        free_bool_field_01: bool = "FreeBoolField_01",
        free_bool_field_02: bool = "FreeBoolField_02",
        free_bool_field_03: bool = "FreeBoolField_03",
        free_bool_field_04: bool = "FreeBoolField_04",
        free_bool_field_05: bool = "FreeBoolField_05",
        free_date_field_01: PrimitiveDateTime = "FreeDateField_01",
        free_date_field_02: PrimitiveDateTime = "FreeDateField_02",
        free_date_field_03: PrimitiveDateTime = "FreeDateField_03",
        free_date_field_04: PrimitiveDateTime = "FreeDateField_04",
        free_date_field_05: PrimitiveDateTime = "FreeDateField_05",
        free_number_field_01: Decimal = "FreeNumberField_01",
        free_number_field_02: Decimal = "FreeNumberField_02",
        free_number_field_03: Decimal = "FreeNumberField_03",
        free_number_field_04: Decimal = "FreeNumberField_04",
        free_number_field_05: Decimal = "FreeNumberField_05",
        free_text_field_01: String = "FreeTextField_01",
        free_text_field_02: String = "FreeTextField_02",
        free_text_field_03: String = "FreeTextField_03",
        free_text_field_04: String = "FreeTextField_04",
        free_text_field_05: String = "FreeTextField_05",
        mailbox: String = "Mailbox",
        main: bool = "Main",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        nic_number: String = "NicNumber",
        notes: String = "Notes",
        phone: String = "Phone",
        phone_extension: String = "PhoneExtension",
        postcode: String = "Postcode",
        state: String = "State",
        state_description: String = "StateDescription" read_only,
        kind: i32 = "Type",
        warehouse: Id<Warehouse> = "Warehouse",
        warehouse_code: String = "WarehouseCode" read_only,
        warehouse_description: String = "WarehouseDescription" read_only,
        timestamp: i64 = "Timestamp" read_only,
    }
}

model! {
    /// A state or province.
    pub struct AddressState at "crm/AddressStates", key "ID": Id<AddressState> {
        id: Id<AddressState> = "ID",
        country: String = "Country",
        display_value: String = "DisplayValue",
        latitude: Decimal = "Latitude",
        longitude: Decimal = "Longitude",
        name: String = "Name",
        state: String = "State",
    }
}

model! {
    /// A bank account of an account.
    pub struct BankAccount at "crm/BankAccounts", key "ID": Id<BankAccount> {
        id: Id<BankAccount> = "ID",
        account: Id<Account> = "Account",
        account_name: String = "AccountName" read_only,
        bank_account: String = "BankAccount",
        bank_account_holder_name: String = "BankAccountHolderName",
        bic_code: String = "BICCode",
        blocked: bool = "Blocked",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        description: String = "Description",
        division: i32 = "Division" read_only,
        format: String = "Format" read_only,
        main: bool = "Main",
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        payment_service_account: Guid = "PaymentServiceAccount" read_only,
        kind: String = "Type" read_only,
        type_description: String = "TypeDescription" read_only,
    }
}

model! {
    /// A class of accounts.
    pub struct AccountClass at "crm/AccountClasses", key "ID": Id<AccountClass> {
        id: Id<AccountClass> = "ID",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        credit_management_scenario: Guid = "CreditManagementScenario",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
    }
}

model! {
    /// A classification of accounts.
    pub struct AccountClassification at "crm/AccountClassifications", key "ID": Id<AccountClassification> {
        id: Id<AccountClassification> = "ID",
        account_classification_name: Guid = "AccountClassificationName",
        account_classification_name_description: String = "AccountClassificationNameDescription",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
    }
}

model! {
    /// The name of one of the classifications of accounts.
    pub struct AccountClassificationName at "crm/AccountClassificationNames", key "ID": Id<AccountClassificationName> {
        id: Id<AccountClassificationName> = "ID",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        sequence_number: i32 = "SequenceNumber",
    }
}

model! {
    /// An opportunity for a sale.
    pub struct Opportunity at "crm/Opportunities", key "ID": Id<Opportunity> {
        id: Id<Opportunity> = "ID",
        account: Id<Account> = "Account",
        account_code: String = "AccountCode" read_only,
        account_name: String = "AccountName" read_only,
        action_date: PrimitiveDateTime = "ActionDate",
        amount_dc: Decimal = "AmountDC",
        amount_fc: Decimal = "AmountFC",
        campaign: Guid = "Campaign",
        campaign_description: String = "CampaignDescription" read_only,
        close_date: PrimitiveDateTime = "CloseDate",
        contact: Id<Contact> = "Contact",
        contact_full_name: String = "ContactFullName",
        created: PrimitiveDateTime = "Created" read_only,
        creator: Guid = "Creator" read_only,
        creator_full_name: String = "CreatorFullName" read_only,
        currency: String = "Currency",
        custom_field: String = "CustomField",
        division: i32 = "Division" read_only,
        lead_source: Guid = "LeadSource",
        lead_source_description: String = "LeadSourceDescription" read_only,
        modified: PrimitiveDateTime = "Modified" read_only,
        modifier: Guid = "Modifier" read_only,
        modifier_full_name: String = "ModifierFullName" read_only,
        name: String = "Name",
        next_action: String = "NextAction",
        notes: String = "Notes",
        number: i32 = "Number",
        opportunity_stage: Guid = "OpportunityStage",
        opportunity_stage_description: String = "OpportunityStageDescription" read_only,
        opportunity_status: i32 = "OpportunityStatus" read_only,
        owner: Guid = "Owner",
        owner_full_name: String = "OwnerFullName" read_only,
        probability: Decimal = "Probability",
        project: Id<Project> = "Project",
        project_code: String = "ProjectCode" read_only,
        project_description: String = "ProjectDescription" read_only,
        rate_fc: Decimal = "RateFC",
        reason_code: Guid = "ReasonCode",
        reason_code_description: String = "ReasonCodeDescription" read_only,
        sales_type: Guid = "SalesType",
        sales_type_description: String = "SalesTypeDescription" read_only,
    }
}

model! {
    /// A source of leads.
    pub struct LeadSource at "crm/LeadSources", key "ID": Id<LeadSource> {
        id: Id<LeadSource> = "ID",
        code: String = "Code",
        description: String = "Description",
    }
}

model! {
    /// A code for the reason that a person gives for a quotation or an opportunity.
    pub struct ReasonCode at "crm/ReasonCodes", key "ID": Id<ReasonCode> {
        id: Id<ReasonCode> = "ID",
        active: i32 = "Active",
        code: String = "Code",
        created: PrimitiveDateTime = "Created",
        creator: Guid = "Creator",
        creator_full_name: String = "CreatorFullName",
        description: String = "Description",
        division: i32 = "Division",
        modified: PrimitiveDateTime = "Modified",
        modifier: Guid = "Modifier",
        modifier_full_name: String = "ModifierFullName",
        notes: String = "Notes",
        kind: i32 = "Type",
        type_description: String = "TypeDescription",
    }
}

resources! {
    /// Addresses of accounts.
    addresses: Address [List Create Update Delete]
        bulk "bulk/CRM/Addresses" without ["Timestamp"]
        sync Address "sync/CRM/Addresses" without [];
    /// States and provinces.
    address_states: AddressState [List];
    /// Bank accounts of accounts.
    bank_accounts: BankAccount [List Create Update Delete]
        sync BankAccount "crm/BankAccounts" without [];
    /// Classes of accounts.
    account_classes: AccountClass [List];
    /// Classifications of accounts.
    account_classifications: AccountClassification [List];
    /// Names of the classifications of accounts.
    account_classification_names: AccountClassificationName [List];
    /// Opportunities for sales.
    opportunities: Opportunity [List Create Update Delete]
        sync Opportunity "crm/Opportunities" without [];
    /// Sources of leads.
    lead_sources: LeadSource [List];
    /// Reasons of quotations and opportunities.
    reason_codes: ReasonCode [List];
}
