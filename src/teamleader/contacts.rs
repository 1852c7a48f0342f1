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
    /// What Teamleader knows as a gender.
    pub enum Gender {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Non-binary.
        NonBinary = "non_binary",
        /// Prefers not to say.
        PrefersNotToSay = "prefers_not_to_say",
        /// Not known to the account.
        NotKnown = "unknown",
    }

    /// What contacts can be sorted by.
    pub enum ContactSort {
        /// When they were added.
        AddedAt = "added_at",
        /// The name.
        Name = "name",
        /// When they were last changed.
        UpdatedAt = "updated_at",
    }

    /// What more a list of contacts can have.
    pub enum ContactInclude {
        /// Custom fields.
        CustomFields = "custom_fields",
        /// The price list.
        PriceList = "price_list",
    }
}

model! {
    /// A contact.
    pub struct Contact {
        /// Its id.
        id: Id<Contact>,
        /// First name.
        first_name: Option<String>,
        /// Last name.
        last_name: Option<String>,
        /// Whether it is in use.
        status: Option<ActiveStatus>,
        /// Salutation.
        salutation: Option<String>,
        /// VAT number; not in a list.
        vat_number: Option<String>,
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
        /// Gender.
        gender: Option<Gender>,
        /// Birthday.
        #[serde(default, with = "maybe")]
        birthdate: Option<Date>,
        /// Bank account.
        iban: Option<String>,
        /// Bank.
        bic: Option<String>,
        /// National identification number.
        national_identification_number: Option<String>,
        /// The companies it belongs to; not in a list.
        companies: Option<Vec<CompanyLink>>,
        /// Language, as `nl`.
        language: Option<String>,
        /// When it pays.
        payment_term: Option<PaymentTerm>,
        /// Preferences for invoices.
        invoicing_preferences: Option<InvoicingPreferences>,
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
    }
}

impl Contact {
    /// First and last name, as far as they are known.
    pub fn full_name(&self) -> String {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        let names: Vec<&str> =
            names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        names.join(" ")
    }

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
    /// What a contact is in a company.
    pub struct CompanyLink {
        /// Position.
        position: Option<String>,
        /// A second position.
        secondary_position: Option<String>,
        /// Division.
        division: Option<String>,
        /// Whether it decides.
        decision_maker: Option<bool>,
        /// The company.
        company: Option<Reference<Company>>,
    }
}

request! {
    /// A contact to be added.
    pub struct NewContact {
        /// Last name.
        last_name: String,
        ; set
        /// First name.
        first_name: String,
        /// Addresses of electronic mail.
        emails: Vec<Email>,
        /// Salutation.
        salutation: String,
        /// Telephone numbers.
        telephones: Vec<Telephone>,
        /// The address of a web site.
        website: String,
        /// Addresses.
        addresses: Vec<NewAddressEntry>,
        /// Language, as `nl`.
        language: String,
        /// Gender.
        gender: Gender,
        /// Birthday.
        #[serde(with = "maybe")]
        birthdate: Date,
        /// Bank account.
        iban: String,
        /// Bank.
        bic: String,
        /// National identification number.
        national_identification_number: String,
        /// Background, as Markdown.
        remarks: String,
        /// Tags.
        tags: Vec<String>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Whether it has agreed to mailings.
        marketing_mails_consent: bool,
    }
}

request! {
    /// A change of a contact. Lists are replaced as a whole.
    pub struct ContactUpdate {
        ; set
        /// Last name.
        last_name: String,
        /// Addresses of electronic mail.
        emails: Vec<Email>,
        /// Addresses.
        addresses: Vec<NewAddressEntry>,
        /// Language, as `nl`.
        language: String,
        /// National identification number.
        national_identification_number: String,
        /// Tags.
        tags: Vec<String>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Whether it has agreed to mailings.
        marketing_mails_consent: bool,
        ; clear
        /// First name.
        first_name: String,
        /// Salutation.
        salutation: String,
        /// Telephone numbers.
        telephones: Vec<Telephone>,
        /// The address of a web site.
        website: String,
        /// Gender.
        gender: Gender,
        /// Birthday.
        #[serde(with = "changed")]
        birthdate: Date,
        /// Bank account.
        iban: String,
        /// Bank.
        bic: String,
        /// Background, as Markdown.
        remarks: String,
    }
}

request! {
    /// Which contacts.
    pub struct ContactFilter {
        ; set
        /// Those with this address of electronic mail.
        email: Email,
        /// Those with these ids.
        ids: Vec<Id<Contact>>,
        /// Those of this company.
        company_id: Id<Company>,
        /// Those that this text is found in: name, mail, telephone.
        term: String,
        /// Those changed since.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Those with all of these tags.
        tags: Vec<String>,
        /// Those in use, or put away.
        status: ActiveStatus,
        /// Those that have agreed to mailings, or have not.
        marketing_mails_consent: bool,
    }
}

request! {
    /// A contact's place in a company.
    pub struct CompanyPosition {
        /// The company.
        company_id: Id<Company>,
        ; set
        /// Position.
        position: String,
        /// Whether it decides.
        decision_maker: bool,
    }
}

listed! {
    Contact => "contacts.list", ContactFilter, ContactSort, ContactInclude;
}

resource! {
    /// The contacts of an account: [`Teamleader::contacts`](super::Teamleader::contacts).
    pub struct Contacts of Contact
}

methods! {
    impl Contacts of Contact;
    fetch {
        /// One.
        get(id: Contact) -> Contact = "contacts.info";
    }
    make {
        /// Adds one; the answer is its reference.
        create(NewContact) = "contacts.add";
    }
    act {
        /// Deletes one.
        delete(id: Contact) = "contacts.delete";
        /// Adds tags.
        tag(id: Contact; tags: &[&str]) = "contacts.tag";
        /// Takes tags away.
        untag(id: Contact; tags: &[&str]) = "contacts.untag";
        /// Makes one belong to a company no longer.
        unlink_from_company(id: Contact, company_id: Company) = "contacts.unlinkFromCompany";
    }
    change {
        /// Changes one.
        update(ContactUpdate) = "contacts.update";
        /// Makes one belong to a company.
        link_to_company(CompanyPosition) = "contacts.linkToCompany";
        /// Changes what one is in a company.
        update_company_link(CompanyPosition) = "contacts.updateCompanyLink";
    }
}

impl Contacts<'_> {
    /// Stores a picture, or takes it away.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn upload_avatar(self, id: impl Into<Id<Contact>>, image: Option<Image<'_>>) -> Result<()> {
        let image = image.map(|image| image.data_uri());
        self.0.act("contacts.uploadAvatar", &json!({ "id": id.into(), "image": image }))
    }
}
