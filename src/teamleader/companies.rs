//! Companies.

use serde_json::json;
use time::OffsetDateTime;

use super::contacts::Contact;
use super::custom_fields::{CustomField, CustomFieldValue, NewCustomField};
use super::files::Image;
use super::json::{maybe, or_empty};
use super::kinds::{BusinessType, PriceList, User};
use super::macros::{listed, methods, model, request, resource};
use super::values::primary_email;
use super::{
    ActiveStatus, Address, AddressEntry, Change, Currency, CustomFieldsUpdate, Email, Id,
    InvoicingPreferences, NewAddressEntry, PaymentTerm, Reference, Telephone,
};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The fields that companies can be sorted by.
    pub enum CompanySort {
        /// The name.
        Name = "name",
        /// The time of creation.
        AddedAt = "added_at",
        /// The time of the last change.
        UpdatedAt = "updated_at",
    }

    /// Optional fields of a list of companies.
    pub enum CompanyListInclude {
        /// The custom fields.
        CustomFields = "custom_fields",
        /// The price list.
        PriceList = "price_list",
    }

    /// Optional parts of a company.
    pub enum CompanyInclude {
        /// The related companies.
        RelatedCompanies = "related_companies",
        /// The related contacts.
        RelatedContacts = "related_contacts",
    }
}

model! {
    /// A company.
    pub struct Company {
        /// The id.
        id: Id<Company>,
        /// The name.
        name: Option<String>,
        /// Whether the company is in use.
        status: Option<ActiveStatus>,
        /// The legal form.
        business_type: Option<Reference<BusinessType>>,
        /// The VAT number.
        vat_number: Option<String>,
        /// The national identification number.
        national_identification_number: Option<String>,
        /// The email addresses.
        #[serde(default, deserialize_with = "or_empty")]
        emails: Vec<Email>,
        /// The telephone numbers.
        #[serde(default, deserialize_with = "or_empty")]
        telephones: Vec<Telephone>,
        /// The URL of the website.
        website: Option<String>,
        /// The primary address; only in a list.
        primary_address: Option<Address>,
        /// All addresses; not in a list.
        addresses: Option<Vec<AddressEntry>>,
        /// The IBAN of the bank account.
        iban: Option<String>,
        /// The BIC of the bank account.
        bic: Option<String>,
        /// The language code, such as `nl`.
        language: Option<String>,
        /// The currency of the company's invoices.
        preferred_currency: Option<Currency>,
        /// The payment term.
        payment_term: Option<PaymentTerm>,
        /// The preferences for invoices.
        invoicing_preferences: Option<InvoicingPreferences>,
        /// The responsible user.
        responsible_user: Option<Reference<User>>,
        /// The background information, as Markdown; not in a list.
        remarks: Option<String>,
        /// The tags.
        #[serde(default, deserialize_with = "or_empty")]
        tags: Vec<String>,
        /// The custom fields; in a list only on request.
        custom_fields: Option<Vec<CustomField>>,
        /// Whether the company agreed to marketing emails.
        marketing_mails_consent: Option<bool>,
        /// The price list; in a list only on request.
        price_list: Option<Reference<PriceList>>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        added_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// The URL of the company's page in Teamleader.
        web_url: Option<String>,
        /// The related companies, on request.
        related_companies: Option<Vec<Reference<Company>>>,
        /// The related contacts, on request.
        related_contacts: Option<Vec<RelatedContact>>,
    }
}

impl Company {
    /// Returns the primary email address, or the first if none is primary.
    pub fn primary_email(&self) -> Option<&str> {
        primary_email(&self.emails)
    }

    /// Returns the first telephone number.
    pub fn primary_phone(&self) -> Option<&str> {
        self.telephones.first().map(|telephone| telephone.number.as_str())
    }

    /// Whether the company is in use.
    pub fn is_active(&self) -> bool {
        self.status == Some(ActiveStatus::Active)
    }

    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// A contact of a company.
    pub struct RelatedContact {
        /// The type of the object: `contact`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// The contact's id.
        id: Id<Contact>,
        /// The position in the company.
        position: Option<String>,
        /// A second position in the company.
        secondary_position: Option<String>,
        /// The division of the company.
        division: Option<String>,
        /// Whether the contact is a decision maker.
        is_decision_maker: Option<bool>,
    }
}

request! {
    /// A new company.
    pub struct NewCompany {
        /// The name.
        name: String,
        ; set
        /// The id of the legal form.
        business_type_id: Id<BusinessType>,
        /// The VAT number.
        vat_number: String,
        /// The national identification number.
        national_identification_number: String,
        /// The email addresses.
        emails: Vec<Email>,
        /// The telephone numbers; Teamleader refuses mobile numbers.
        telephones: Vec<Telephone>,
        /// The URL of the website.
        website: String,
        /// The addresses.
        addresses: Vec<NewAddressEntry>,
        /// The IBAN of the bank account.
        iban: String,
        /// The BIC of the bank account.
        bic: String,
        /// The language code, such as `nl`.
        language: String,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        /// The background information, as Markdown.
        remarks: String,
        /// The tags.
        tags: Vec<String>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Whether the company agreed to marketing emails.
        marketing_mails_consent: bool,
        /// The currency of the company's invoices.
        preferred_currency: Currency,
    }
}

request! {
    /// Changes to a company. Lists are replaced as a whole.
    pub struct CompanyUpdate {
        ; set
        /// The name.
        name: String,
        /// The email addresses.
        emails: Vec<Email>,
        /// The telephone numbers; Teamleader refuses mobile numbers.
        telephones: Vec<Telephone>,
        /// The URL of the website.
        website: String,
        /// The addresses.
        addresses: Vec<NewAddressEntry>,
        /// The tags.
        tags: Vec<String>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Whether the company agreed to marketing emails.
        marketing_mails_consent: bool,
        ; clear
        /// The id of the legal form.
        business_type_id: Id<BusinessType>,
        /// The VAT number.
        vat_number: String,
        /// The national identification number.
        national_identification_number: String,
        /// The IBAN of the bank account.
        iban: String,
        /// The BIC of the bank account.
        bic: String,
        /// The language code, such as `nl`.
        language: String,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        /// The background information, as Markdown.
        remarks: String,
        /// The currency of the company's invoices.
        preferred_currency: Currency,
    }
}

request! {
    /// A filter for companies.
    pub struct CompanyFilter {
        ; set
        /// Companies with this email address.
        email: Email,
        /// Companies with one of these ids.
        ids: Vec<Id<Company>>,
        /// Companies with this text in the name, the VAT number, the email address or the
        /// telephone number.
        term: String,
        /// Companies changed since this time.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Companies with all of these tags.
        tags: Vec<String>,
        /// Companies with this VAT number.
        vat_number: String,
        /// Companies with this national identification number.
        national_identification_number: String,
        /// Companies with this status.
        status: ActiveStatus,
        /// Companies that agreed to marketing emails (`true`), or that did not (`false`).
        marketing_mails_consent: bool,
    }
}

listed! {
    Company => "companies.list", CompanyFilter, CompanySort, CompanyListInclude;
}

resource! {
    /// The operations on companies, from [`Teamleader::companies`](super::Teamleader::companies).
    pub struct Companies of Company
}

methods! {
    impl Companies of Company;
    fetch {
        /// Fetches one company.
        get(id: Company) -> Company = "companies.info";
    }
    make {
        /// Creates a company and returns a reference to the company.
        create(NewCompany) = "companies.add";
    }
    act {
        /// Deletes the company.
        delete(id: Company) = "companies.delete";
        /// Adds tags to the company.
        tag(id: Company; tags: &[&str]) = "companies.tag";
        /// Removes tags from the company.
        untag(id: Company; tags: &[&str]) = "companies.untag";
    }
    change {
        /// Changes the company.
        update(CompanyUpdate) = "companies.update";
    }
}

impl Companies<'_> {
    /// Fetches one company with optional parts.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(
        self,
        id: impl Into<Id<Company>>,
        include: &[CompanyInclude],
    ) -> Result<Company> {
        let includes: Vec<&str> = include.iter().map(CompanyInclude::as_str).collect();
        self.0.fetch("companies.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }

    /// Uploads a logo. `None` removes the logo.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn upload_logo(self, id: impl Into<Id<Company>>, image: Option<Image<'_>>) -> Result<()> {
        let image = image.map(|image| image.data_uri());
        self.0.act("companies.uploadLogo", &json!({ "id": id.into(), "image": image }))
    }
}
