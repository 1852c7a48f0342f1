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
    /// What companies can be sorted by.
    pub enum CompanySort {
        /// The name.
        Name = "name",
        /// When they were added.
        AddedAt = "added_at",
        /// When they were last changed.
        UpdatedAt = "updated_at",
    }

    /// What more a list of companies can have.
    pub enum CompanyListInclude {
        /// Custom fields.
        CustomFields = "custom_fields",
        /// The price list.
        PriceList = "price_list",
    }

    /// What more a company can have.
    pub enum CompanyInclude {
        /// The companies that belong to it.
        RelatedCompanies = "related_companies",
        /// The contacts that belong to it.
        RelatedContacts = "related_contacts",
    }
}

model! {
    /// A company.
    pub struct Company {
        /// Its id.
        id: Id<Company>,
        /// Its name.
        name: Option<String>,
        /// Whether it is in use.
        status: Option<ActiveStatus>,
        /// The legal form.
        business_type: Option<Reference<BusinessType>>,
        /// VAT number.
        vat_number: Option<String>,
        /// National identification number.
        national_identification_number: Option<String>,
        /// Addresses of electronic mail.
        #[serde(default, deserialize_with = "or_empty")]
        emails: Vec<Email>,
        /// Telephone numbers.
        #[serde(default, deserialize_with = "or_empty")]
        telephones: Vec<Telephone>,
        /// The address of a web site.
        website: Option<String>,
        /// The main address; only in a list.
        primary_address: Option<Address>,
        /// All addresses; not in a list.
        addresses: Option<Vec<AddressEntry>>,
        /// Bank account.
        iban: Option<String>,
        /// Bank.
        bic: Option<String>,
        /// Language, as `nl`.
        language: Option<String>,
        /// The currency that it is invoiced in.
        preferred_currency: Option<Currency>,
        /// When it pays.
        payment_term: Option<PaymentTerm>,
        /// Preferences for invoices.
        invoicing_preferences: Option<InvoicingPreferences>,
        /// Who looks after it.
        responsible_user: Option<Reference<User>>,
        /// Background, as Markdown; not in a list.
        remarks: Option<String>,
        /// Tags.
        #[serde(default, deserialize_with = "or_empty")]
        tags: Vec<String>,
        /// Custom fields; in a list when they are asked for.
        custom_fields: Option<Vec<CustomField>>,
        /// Whether it has agreed to mailings.
        marketing_mails_consent: Option<bool>,
        /// The price list; in a list when it is asked for.
        price_list: Option<Reference<PriceList>>,
        /// When it was added.
        #[serde(default, with = "maybe")]
        added_at: Option<OffsetDateTime>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// Its page in Teamleader.
        web_url: Option<String>,
        /// The companies that belong to it, when they are asked for.
        related_companies: Option<Vec<Reference<Company>>>,
        /// The contacts that belong to it, when they are asked for.
        related_contacts: Option<Vec<RelatedContact>>,
    }
}

impl Company {
    /// The primary address of electronic mail, or else the first.
    pub fn primary_email(&self) -> Option<&str> {
        primary_email(&self.emails)
    }

    /// The first telephone number.
    pub fn primary_phone(&self) -> Option<&str> {
        self.telephones.first().map(|telephone| telephone.number.as_str())
    }

    /// Whether it is in use.
    pub fn is_active(&self) -> bool {
        self.status == Some(ActiveStatus::Active)
    }

    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// A contact of a company.
    pub struct RelatedContact {
        /// `contact`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// The contact's id.
        id: Id<Contact>,
        /// Position.
        position: Option<String>,
        /// A second position.
        secondary_position: Option<String>,
        /// Division.
        division: Option<String>,
        /// Whether it decides.
        is_decision_maker: Option<bool>,
    }
}

request! {
    /// A company to be added.
    pub struct NewCompany {
        /// Its name.
        name: String,
        ; set
        /// The legal form, by its id.
        business_type_id: Id<BusinessType>,
        /// VAT number.
        vat_number: String,
        /// National identification number.
        national_identification_number: String,
        /// Addresses of electronic mail.
        emails: Vec<Email>,
        /// Telephone numbers; mobiles are refused.
        telephones: Vec<Telephone>,
        /// The address of a web site.
        website: String,
        /// Addresses.
        addresses: Vec<NewAddressEntry>,
        /// Bank account.
        iban: String,
        /// Bank.
        bic: String,
        /// Language, as `nl`.
        language: String,
        /// Who looks after it, by the user's id.
        responsible_user_id: Id<User>,
        /// Background, as Markdown.
        remarks: String,
        /// Tags.
        tags: Vec<String>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Whether it has agreed to mailings.
        marketing_mails_consent: bool,
        /// The currency that it is invoiced in.
        preferred_currency: Currency,
    }
}

request! {
    /// A change of a company. Lists are replaced as a whole.
    pub struct CompanyUpdate {
        ; set
        /// Its name.
        name: String,
        /// Addresses of electronic mail.
        emails: Vec<Email>,
        /// Telephone numbers; mobiles are refused.
        telephones: Vec<Telephone>,
        /// The address of a web site.
        website: String,
        /// Addresses.
        addresses: Vec<NewAddressEntry>,
        /// Tags.
        tags: Vec<String>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Whether it has agreed to mailings.
        marketing_mails_consent: bool,
        ; clear
        /// The legal form, by its id.
        business_type_id: Id<BusinessType>,
        /// VAT number.
        vat_number: String,
        /// National identification number.
        national_identification_number: String,
        /// Bank account.
        iban: String,
        /// Bank.
        bic: String,
        /// Language, as `nl`.
        language: String,
        /// Who looks after it, by the user's id.
        responsible_user_id: Id<User>,
        /// Background, as Markdown.
        remarks: String,
        /// The currency that it is invoiced in.
        preferred_currency: Currency,
    }
}

request! {
    /// Which companies.
    pub struct CompanyFilter {
        ; set
        /// Those with this address of electronic mail.
        email: Email,
        /// Those with these ids.
        ids: Vec<Id<Company>>,
        /// Those that this text is found in: name, VAT number, mail, telephone.
        term: String,
        /// Those changed since.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Those with all of these tags.
        tags: Vec<String>,
        /// Those with this VAT number.
        vat_number: String,
        /// Those with this national identification number.
        national_identification_number: String,
        /// Those in use, or put away.
        status: ActiveStatus,
        /// Those that have agreed to mailings, or have not.
        marketing_mails_consent: bool,
    }
}

listed! {
    Company => "companies.list", CompanyFilter, CompanySort, CompanyListInclude;
}

resource! {
    /// The companies of an account: [`Teamleader::companies`](super::Teamleader::companies).
    pub struct Companies of Company
}

methods! {
    impl Companies of Company;
    fetch {
        /// One.
        get(id: Company) -> Company = "companies.info";
    }
    make {
        /// Adds one; the answer is its reference.
        create(NewCompany) = "companies.add";
    }
    act {
        /// Deletes one.
        delete(id: Company) = "companies.delete";
        /// Adds tags.
        tag(id: Company; tags: &[&str]) = "companies.tag";
        /// Takes tags away.
        untag(id: Company; tags: &[&str]) = "companies.untag";
    }
    change {
        /// Changes one.
        update(CompanyUpdate) = "companies.update";
    }
}

impl Companies<'_> {
    /// One, with more than it has by itself.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(
        self,
        id: impl Into<Id<Company>>,
        include: &[CompanyInclude],
    ) -> Result<Company> {
        let includes: Vec<&str> = include.iter().map(CompanyInclude::as_str).collect();
        self.0.fetch("companies.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }

    /// Stores a logo, or takes it away.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn upload_logo(self, id: impl Into<Id<Company>>, image: Option<Image<'_>>) -> Result<()> {
        let image = image.map(|image| image.data_uri());
        self.0.act("companies.uploadLogo", &json!({ "id": id.into(), "image": image }))
    }
}
