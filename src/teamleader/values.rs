//! Types that several resources share.

use serde::{Deserialize, Serialize};

use super::json::{money, or_empty, unnamed};
use super::kinds::LevelTwoArea;
use super::macros::{model, request};
use super::{Decimal, Id, Reference};
use crate::sdk::open_enum;

open_enum! {
    /// The currencies in the specification. A currency is written as its ISO 4217 code.
    pub enum Currency {
        /// Bosnian convertible mark.
        Bam = "BAM",
        /// Canadian dollar.
        Cad = "CAD",
        /// Swiss franc.
        Chf = "CHF",
        /// Chilean peso.
        Clp = "CLP",
        /// Chinese yuan.
        Cny = "CNY",
        /// Colombian peso.
        Cop = "COP",
        /// Czech koruna.
        Czk = "CZK",
        /// Danish krone.
        Dkk = "DKK",
        /// Euro.
        Eur = "EUR",
        /// Pound sterling.
        Gbp = "GBP",
        /// Indian rupee.
        Inr = "INR",
        /// Icelandic krona.
        Isk = "ISK",
        /// Japanese yen.
        Jpy = "JPY",
        /// Moroccan dirham.
        Mad = "MAD",
        /// Mexican peso.
        Mxn = "MXN",
        /// Norwegian krone.
        Nok = "NOK",
        /// Peruvian sol.
        Pen = "PEN",
        /// Polish zloty.
        Pln = "PLN",
        /// Romanian leu.
        Ron = "RON",
        /// Swedish krona.
        Sek = "SEK",
        /// Turkish lira.
        Try = "TRY",
        /// US dollar.
        Usd = "USD",
        /// South African rand.
        Zar = "ZAR",
    }

    /// The type of an email address.
    pub enum EmailType {
        /// The address for correspondence.
        Primary = "primary",
        /// The address for invoices; only for companies and departments.
        Invoicing = "invoicing",
    }

    /// The type of a telephone number.
    pub enum TelephoneType {
        /// A landline.
        Phone = "phone",
        /// A mobile number; not for companies.
        Mobile = "mobile",
        /// A fax.
        Fax = "fax",
    }

    /// The purpose of an address.
    pub enum AddressType {
        /// The primary address.
        Primary = "primary",
        /// The address for invoices.
        Invoicing = "invoicing",
        /// The address for deliveries.
        Delivery = "delivery",
        /// The address for visits.
        Visiting = "visiting",
    }

    /// The day from which a payment term counts.
    pub enum PaymentTermType {
        /// No day: the invoice is due at once.
        Cash = "cash",
        /// The end of the month.
        EndOfMonth = "end_of_month",
        /// The date of the invoice.
        AfterInvoiceDate = "after_invoice_date",
    }

    /// Whether a contact or a company is in use.
    pub enum ActiveStatus {
        /// In use.
        Active = "active",
        /// Deactivated.
        Deactivated = "deactivated",
    }

    /// The order of a sorted list.
    pub enum Order {
        /// The smallest first.
        Ascending = "asc",
        /// The largest first.
        Descending = "desc",
    }

    /// How an update treats custom fields that it does not name. The specification does not have this
    /// setting; users report that it works for contacts, companies, deals, products and invoices.
    pub enum CustomFieldsUpdate {
        /// The fields keep their values. By default an update replaces all custom fields.
        Partial = "partial",
    }
}

/// An amount of money with all digits that Teamleader sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Money {
    /// The amount in the main unit of the currency: 12.5 is 12.50 euros.
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Makes an amount. `"123.30".parse()?` makes a [`Decimal`] from a string.
    pub fn new(amount: impl Into<Decimal>, currency: Currency) -> Money {
        Money { amount: amount.into(), currency }
    }

    /// Makes an amount in euros.
    pub fn eur(amount: impl Into<Decimal>) -> Money {
        Money::new(amount, Currency::Eur)
    }
}

/// An email address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Email {
    /// The purpose of the email address. Unknown with an empty name if Teamleader sent no purpose.
    #[serde(rename = "type", default = "unnamed")]
    pub kind: EmailType,
    /// The email address. In an update of a contact, `None` removes the address.
    pub email: Option<String>,
}

impl Email {
    /// Makes a primary email address.
    pub fn primary(email: impl Into<String>) -> Email {
        Email { kind: EmailType::Primary, email: Some(email.into()) }
    }

    /// Makes an email address for invoices.
    pub fn invoicing(email: impl Into<String>) -> Email {
        Email { kind: EmailType::Invoicing, email: Some(email.into()) }
    }
}

/// Returns the primary email address, or the first if none is primary.
pub(super) fn primary_email(emails: &[Email]) -> Option<&str> {
    let primary = emails.iter().find(|email| email.kind == EmailType::Primary);
    primary.or(emails.first())?.email.as_deref()
}

/// A telephone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Telephone {
    /// The type of the number. Unknown with an empty name if Teamleader sent no type.
    #[serde(rename = "type", default = "unnamed")]
    pub kind: TelephoneType,
    /// The number, as it was entered. Empty if Teamleader sent `null`.
    #[serde(default, deserialize_with = "or_empty")]
    pub number: String,
}

impl Telephone {
    /// Makes a landline number.
    pub fn phone(number: impl Into<String>) -> Telephone {
        Telephone { kind: TelephoneType::Phone, number: number.into() }
    }

    /// Makes a mobile number.
    pub fn mobile(number: impl Into<String>) -> Telephone {
        Telephone { kind: TelephoneType::Mobile, number: number.into() }
    }
}

model! {
    /// An address in an answer.
    pub struct Address {
        /// The street and the number.
        line_1: Option<String>,
        /// The postal code.
        postal_code: Option<String>,
        /// The town.
        city: Option<String>,
        /// The country, as an ISO 3166-1 alpha-2 code such as `BE`.
        country: Option<String>,
        /// The region or province.
        area_level_two: Option<Reference<LevelTwoArea>>,
        /// The name of the addressee.
        addressee: Option<String>,
    }
}

model! {
    /// An address and its purpose in an answer.
    pub struct AddressEntry {
        /// The purpose of the address. Unknown with an empty name if Teamleader sent no purpose.
        #[serde(rename = "type", default = "unnamed")]
        kind: AddressType,
        /// The address.
        address: Option<Address>,
    }
}

/// A new address. Only the country needs a value. `line_1`, `postal_code` and `city` are sent as `null`
/// if they are `None`, because Teamleader requires them but accepts `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewAddress {
    /// The street and the number.
    pub line_1: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The town.
    pub city: Option<String>,
    /// The country, as an ISO 3166-1 alpha-2 code such as `BE`.
    pub country: String,
    /// The id of the region or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_level_two_id: Option<Id<LevelTwoArea>>,
    /// The name of the addressee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<String>,
}

impl NewAddress {
    /// Makes an address in this country.
    pub fn new(country: impl Into<String>) -> NewAddress {
        let country = country.into();
        let (line_1, postal_code, city) = (None, None, None);
        NewAddress { line_1, postal_code, city, country, area_level_two_id: None, addressee: None }
    }

    /// Sets the street and the number.
    #[must_use]
    pub fn line_1(mut self, line: impl Into<String>) -> NewAddress {
        self.line_1 = Some(line.into());
        self
    }

    /// Sets the postal code.
    #[must_use]
    pub fn postal_code(mut self, code: impl Into<String>) -> NewAddress {
        self.postal_code = Some(code.into());
        self
    }

    /// Sets the town.
    #[must_use]
    pub fn city(mut self, city: impl Into<String>) -> NewAddress {
        self.city = Some(city.into());
        self
    }

    /// Sets the region or province by its id.
    #[must_use]
    pub fn area_level_two(mut self, id: impl Into<Id<LevelTwoArea>>) -> NewAddress {
        self.area_level_two_id = Some(id.into());
        self
    }

    /// Sets the name of the addressee.
    #[must_use]
    pub fn addressee(mut self, name: impl Into<String>) -> NewAddress {
        self.addressee = Some(name.into());
        self
    }
}

/// A new address and its purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewAddressEntry {
    /// The purpose of the address.
    #[serde(rename = "type")]
    pub kind: AddressType,
    /// The address.
    pub address: NewAddress,
}

impl NewAddressEntry {
    /// Makes an entry from a purpose and an address.
    pub fn new(kind: AddressType, address: NewAddress) -> NewAddressEntry {
        NewAddressEntry { kind, address }
    }
}

/// A payment term: the time until an invoice has to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentTerm {
    /// The day from which the term counts.
    #[serde(rename = "type")]
    pub kind: PaymentTermType,
    /// The number of days after that day; `None` for [`PaymentTermType::Cash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

impl PaymentTerm {
    /// Makes a payment term: the invoice is due at once.
    pub fn cash() -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::Cash, days: None }
    }

    /// Makes a payment term: the invoice is due this many days after its date.
    pub fn after_invoice_date(days: i64) -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::AfterInvoiceDate, days: Some(days) }
    }

    /// Makes a payment term: the invoice is due this many days after the end of the month.
    pub fn end_of_month(days: i64) -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::EndOfMonth, days: Some(days) }
    }
}

model! {
    /// The preferences for invoices.
    pub struct InvoicingPreferences {
        /// The address for electronic invoices.
        electronic_invoicing_address: Option<String>,
    }
}

model! {
    /// The exchange rate between two currencies.
    pub struct ExchangeRate {
        /// The currency of the document.
        from: Option<Currency>,
        /// The currency of the account.
        to: Option<Currency>,
        /// The amount in the currency `to` for one unit of the currency `from`.
        rate: Option<Decimal>,
    }
}

request! {
    /// The currency of a document.
    pub struct DocumentCurrency {
        /// The currency of the document.
        code: Currency,
        ; set
        /// The exchange rate to the account's currency.
        exchange_rate: Decimal,
    }
}

model! {
    /// The tax at one rate.
    pub struct Tax {
        /// The rate: 0.21 for 21 %.
        rate: Option<Decimal>,
        /// The taxable amount.
        #[serde(default, deserialize_with = "money")]
        taxable: Option<Money>,
        /// The amount of tax.
        #[serde(default, deserialize_with = "money")]
        tax: Option<Money>,
    }
}
