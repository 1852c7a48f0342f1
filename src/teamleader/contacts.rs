//! Contacts: people.

use serde_json::json;
use time::{Date, OffsetDateTime};

use super::companies::Company;
use super::custom_fields::{CustomField, CustomFieldValue, NewCustomField};
use super::files::Image;
use super::json::{changed, maybe, or_empty};
use super::kinds::PriceList;
use super::macros::{listed, methods, model, request, resource};
use super::values::primary_email;
use super::{
    ActiveStatus, Address, AddressEntry, Change, CustomFieldsUpdate, Email, Id,
    InvoicingPreferences, NewAddressEntry, PaymentTerm, Reference, Telephone,
};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The genders that Teamleader knows.
    pub enum Gender {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Non-binary.
        NonBinary = "non_binary",
        /// Prefers not to say.
        PrefersNotToSay = "prefers_not_to_say",
        /// The gender is not known.
        NotKnown = "unknown",
    }

    /// The fields that contacts can be sorted by.
    pub enum ContactSort {
        /// The time of creation.
        AddedAt = "added_at",
        /// The name.
        Name = "name",
        /// The time of the last change.
        UpdatedAt = "updated_at",
    }

    /// Optional fields of a list of contacts.
    pub enum ContactInclude {
        /// The custom fields.
        CustomFields = "custom_fields",
        /// The price list.
        PriceList = "price_list",
    }
}

model! {
    /// A contact.
    pub struct Contact {
        /// The id.
        id: Id<Contact>,
        /// The first name.
        first_name: Option<String>,
        /// The last name.
        last_name: Option<String>,
        /// Whether the contact is in use.
        status: Option<ActiveStatus>,
        /// The salutation.
        salutation: Option<String>,
        /// The VAT number; not in a list.
        vat_number: Option<String>,
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
        /// The gender.
        gender: Option<Gender>,
        /// The date of birth.
        #[serde(default, with = "maybe")]
        birthdate: Option<Date>,
        /// The IBAN of the bank account.
        iban: Option<String>,
        /// The BIC of the bank account.
        bic: Option<String>,
        /// The national identification number.
        national_identification_number: Option<String>,
        /// The companies of the contact; not in a list.
        companies: Option<Vec<CompanyLink>>,
        /// The language code, such as `nl`.
        language: Option<String>,
        /// The payment term.
        payment_term: Option<PaymentTerm>,
        /// The preferences for invoices.
        invoicing_preferences: Option<InvoicingPreferences>,
        /// The background information, as Markdown; not in a list.
        remarks: Option<String>,
        /// The tags.
        #[serde(default, deserialize_with = "or_empty")]
        tags: Vec<String>,
        /// The custom fields; in a list only on request.
        custom_fields: Option<Vec<CustomField>>,
        /// Whether the contact agreed to marketing emails.
        marketing_mails_consent: Option<bool>,
        /// The price list. A list of contacts has the price list only with [`ContactInclude::PriceList`].
        price_list: Option<Reference<PriceList>>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        added_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// The URL of the contact's page in Teamleader.
        web_url: Option<String>,
    }
}

impl Contact {
    /// Returns the first and the last name, separated by a space. Leaves out a name that is missing.
    pub fn full_name(&self) -> String {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        let names: Vec<&str> =
            names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        names.join(" ")
    }

    /// Returns the primary email address, or the first if none is primary.
    pub fn primary_email(&self) -> Option<&str> {
        primary_email(&self.emails)
    }

    /// Returns the first telephone number.
    pub fn primary_phone(&self) -> Option<&str> {
        self.telephones.first().map(|telephone| telephone.number.as_str())
    }

    /// Whether the contact is in use.
    pub fn is_active(&self) -> bool {
        self.status == Some(ActiveStatus::Active)
    }

    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// The link between a contact and a company.
    pub struct CompanyLink {
        /// The position in the company.
        position: Option<String>,
        /// A second position in the company.
        secondary_position: Option<String>,
        /// The division of the company.
        division: Option<String>,
        /// Whether the contact is a decision maker.
        decision_maker: Option<bool>,
        /// The company.
        company: Option<Reference<Company>>,
    }
}

request! {
    /// A new contact.
    pub struct NewContact {
        /// The last name.
        last_name: String,
        ; set
        /// The first name.
        first_name: String,
        /// The email addresses.
        emails: Vec<Email>,
        /// The salutation.
        salutation: String,
        /// The telephone numbers.
        telephones: Vec<Telephone>,
        /// The URL of the website.
        website: String,
        /// The addresses.
        addresses: Vec<NewAddressEntry>,
        /// The language code, such as `nl`.
        language: String,
        /// The gender.
        gender: Gender,
        /// The date of birth.
        #[serde(with = "maybe")]
        birthdate: Date,
        /// The IBAN of the bank account.
        iban: String,
        /// The BIC of the bank account.
        bic: String,
        /// The national identification number.
        national_identification_number: String,
        /// The background information, as Markdown.
        remarks: String,
        /// The tags.
        tags: Vec<String>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Whether the contact agreed to marketing emails.
        marketing_mails_consent: bool,
    }
}

request! {
    /// Changes to a contact. Lists are replaced as a whole.
    pub struct ContactUpdate {
        ; set
        /// The last name.
        last_name: String,
        /// The email addresses.
        emails: Vec<Email>,
        /// The addresses.
        addresses: Vec<NewAddressEntry>,
        /// The language code, such as `nl`.
        language: String,
        /// The national identification number.
        national_identification_number: String,
        /// The tags.
        tags: Vec<String>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Whether the contact agreed to marketing emails.
        marketing_mails_consent: bool,
        ; clear
        /// The first name.
        first_name: String,
        /// The salutation.
        salutation: String,
        /// The telephone numbers.
        telephones: Vec<Telephone>,
        /// The URL of the website.
        website: String,
        /// The gender.
        gender: Gender,
        /// The date of birth.
        #[serde(with = "changed")]
        birthdate: Date,
        /// The IBAN of the bank account.
        iban: String,
        /// The BIC of the bank account.
        bic: String,
        /// The background information, as Markdown.
        remarks: String,
    }
}

request! {
    /// A filter for contacts.
    pub struct ContactFilter {
        ; set
        /// Contacts with this email address.
        email: Email,
        /// Contacts with one of these ids.
        ids: Vec<Id<Contact>>,
        /// Contacts of this company.
        company_id: Id<Company>,
        /// Contacts with this text in the name, the email address or the telephone number.
        term: String,
        /// Contacts changed since this time.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Contacts with all of these tags.
        tags: Vec<String>,
        /// Contacts with this status.
        status: ActiveStatus,
        /// Contacts that agreed to marketing emails (`true`), or that did not (`false`).
        marketing_mails_consent: bool,
    }
}

request! {
    /// A contact's position in a company.
    pub struct CompanyPosition {
        /// The id of the company.
        company_id: Id<Company>,
        ; set
        /// The position in the company.
        position: String,
        /// Whether the contact is a decision maker.
        decision_maker: bool,
    }
}

listed! {
    Contact => "contacts.list", ContactFilter, ContactSort, ContactInclude;
}

resource! {
    /// The operations on contacts, from [`Teamleader::contacts`](super::Teamleader::contacts).
    pub struct Contacts of Contact
}

methods! {
    impl Contacts of Contact;
    fetch {
        /// Fetches one contact.
        get(id: Contact) -> Contact = "contacts.info";
    }
    make {
        /// Creates a contact and returns a reference to the contact.
        create(NewContact) = "contacts.add";
    }
    act {
        /// Deletes the contact.
        delete(id: Contact) = "contacts.delete";
        /// Adds tags to the contact.
        tag(id: Contact; tags: &[&str]) = "contacts.tag";
        /// Removes tags from the contact.
        untag(id: Contact; tags: &[&str]) = "contacts.untag";
        /// Removes the link between a contact and a company.
        unlink_from_company(id: Contact, company_id: Company) = "contacts.unlinkFromCompany";
    }
    change {
        /// Changes the contact.
        update(ContactUpdate) = "contacts.update";
        /// Links a contact to a company.
        link_to_company(CompanyPosition) = "contacts.linkToCompany";
        /// Changes a contact's position in a company.
        update_company_link(CompanyPosition) = "contacts.updateCompanyLink";
    }
}

impl Contacts<'_> {
    /// Uploads a picture of the contact. `None` removes the picture.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn upload_avatar(self, id: impl Into<Id<Contact>>, image: Option<Image<'_>>) -> Result<()> {
        let image = image.map(|image| image.data_uri());
        self.0.act("contacts.uploadAvatar", &json!({ "id": id.into(), "image": image }))
    }
}
