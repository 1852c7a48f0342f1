//! What several resources have in common.

use serde::{Deserialize, Serialize};

use super::json::money;
use super::kinds::LevelTwoArea;
use super::macros::{model, request};
use super::{Decimal, Id, Reference};
use crate::sdk::open_enum;

open_enum! {
    /// The currencies that the specification names.
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

    /// What kind of address of electronic mail.
    pub enum EmailType {
        /// The one to write to.
        Primary = "primary",
        /// Where invoices go; companies and departments have it.
        Invoicing = "invoicing",
    }

    /// What kind of telephone number.
    pub enum TelephoneType {
        /// A landline.
        Phone = "phone",
        /// A mobile; companies have none.
        Mobile = "mobile",
        /// A fax.
        Fax = "fax",
    }

    /// What an address is for.
    pub enum AddressType {
        /// The main one.
        Primary = "primary",
        /// For invoices.
        Invoicing = "invoicing",
        /// For deliveries.
        Delivery = "delivery",
        /// For visits.
        Visiting = "visiting",
    }

    /// From when the days of a payment term count.
    pub enum PaymentTermType {
        /// At once.
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
        /// Put away.
        Deactivated = "deactivated",
    }

    /// Which way a list is sorted.
    pub enum Order {
        /// The smallest first.
        Ascending = "asc",
        /// The largest first.
        Descending = "desc",
    }

    /// What an update does with the custom fields that it does not name. Not in the specification;
    /// reported to work for contacts, companies, deals, products and invoices.
    pub enum CustomFieldsUpdate {
        /// They stay. Without this, an update replaces them all.
        Partial = "partial",
    }
}

/// An amount of money. No arithmetic is done on it, and its digits are those that were written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Money {
    /// How much.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount; `"123.30".parse()?` makes one of a text.
    pub fn new(amount: impl Into<Decimal>, currency: Currency) -> Money {
        Money { amount: amount.into(), currency }
    }

    /// An amount in euros.
    pub fn eur(amount: impl Into<Decimal>) -> Money {
        Money::new(amount, Currency::Eur)
    }
}

/// An address of electronic mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Email {
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: EmailType,
    /// The address. `None` in an update of a contact takes it out.
    pub email: Option<String>,
}

impl Email {
    /// The primary address.
    pub fn primary(email: impl Into<String>) -> Email {
        Email { kind: EmailType::Primary, email: Some(email.into()) }
    }

    /// The one for invoices.
    pub fn invoicing(email: impl Into<String>) -> Email {
        Email { kind: EmailType::Invoicing, email: Some(email.into()) }
    }
}

/// The address of the entry of that type, else of the first.
pub(super) fn primary_email(emails: &[Email]) -> Option<&str> {
    let primary = emails.iter().find(|email| email.kind == EmailType::Primary);
    primary.or(emails.first())?.email.as_deref()
}

/// A telephone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Telephone {
    /// What is at its other end.
    #[serde(rename = "type")]
    pub kind: TelephoneType,
    /// The number, as it was entered.
    pub number: String,
}

impl Telephone {
    /// A landline.
    pub fn phone(number: impl Into<String>) -> Telephone {
        Telephone { kind: TelephoneType::Phone, number: number.into() }
    }

    /// A mobile.
    pub fn mobile(number: impl Into<String>) -> Telephone {
        Telephone { kind: TelephoneType::Mobile, number: number.into() }
    }
}

model! {
    /// An address, as it is answered.
    pub struct Address {
        /// Street and number.
        line_1: Option<String>,
        /// Postal code.
        postal_code: Option<String>,
        /// Town.
        city: Option<String>,
        /// Country, ISO 3166-1 alpha-2.
        country: Option<String>,
        /// Region or province.
        area_level_two: Option<Reference<LevelTwoArea>>,
        /// Whose name is on it.
        addressee: Option<String>,
    }
}

model! {
    /// An address and what it is for, as it is answered.
    pub struct AddressEntry {
        /// What it is for.
        #[serde(rename = "type")]
        kind: AddressType,
        /// Where.
        address: Option<Address>,
    }
}

/// An address to be stored. Only the country has to be known: Teamleader wants the other three
/// named, and takes `null` for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewAddress {
    /// Street and number.
    pub line_1: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: String,
    /// Region or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_level_two_id: Option<Id<LevelTwoArea>>,
    /// Whose name is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<String>,
}

impl NewAddress {
    /// An address in that country.
    pub fn new(country: impl Into<String>) -> NewAddress {
        let country = country.into();
        let (line_1, postal_code, city) = (None, None, None);
        NewAddress { line_1, postal_code, city, country, area_level_two_id: None, addressee: None }
    }

    /// With street and number.
    #[must_use]
    pub fn line_1(mut self, line: impl Into<String>) -> NewAddress {
        self.line_1 = Some(line.into());
        self
    }

    /// With the postal code.
    #[must_use]
    pub fn postal_code(mut self, code: impl Into<String>) -> NewAddress {
        self.postal_code = Some(code.into());
        self
    }

    /// With the town.
    #[must_use]
    pub fn city(mut self, city: impl Into<String>) -> NewAddress {
        self.city = Some(city.into());
        self
    }

    /// With the region or province, by its id.
    #[must_use]
    pub fn area_level_two(mut self, id: impl Into<Id<LevelTwoArea>>) -> NewAddress {
        self.area_level_two_id = Some(id.into());
        self
    }

    /// With the name on it.
    #[must_use]
    pub fn addressee(mut self, name: impl Into<String>) -> NewAddress {
        self.addressee = Some(name.into());
        self
    }
}

/// An address to be stored, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewAddressEntry {
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: AddressType,
    /// Where.
    pub address: NewAddress,
}

impl NewAddressEntry {
    /// An address for that.
    pub fn new(kind: AddressType, address: NewAddress) -> NewAddressEntry {
        NewAddressEntry { kind, address }
    }
}

/// When an invoice has to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentTerm {
    /// From when the days count.
    #[serde(rename = "type")]
    pub kind: PaymentTermType,
    /// How many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

impl PaymentTerm {
    /// At once.
    pub fn cash() -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::Cash, days: None }
    }

    /// So many days after the date of the invoice.
    pub fn after_invoice_date(days: i64) -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::AfterInvoiceDate, days: Some(days) }
    }

    /// So many days after the end of the month.
    pub fn end_of_month(days: i64) -> PaymentTerm {
        PaymentTerm { kind: PaymentTermType::EndOfMonth, days: Some(days) }
    }
}

model! {
    /// Preferences for invoices.
    pub struct InvoicingPreferences {
        /// Where electronic invoices go.
        electronic_invoicing_address: Option<String>,
    }
}

model! {
    /// What one currency was worth in another.
    pub struct ExchangeRate {
        /// The currency of the document.
        from: Option<Currency>,
        /// The currency of the account.
        to: Option<Currency>,
        /// How much of `to` one of `from` is.
        rate: Option<Decimal>,
    }
}

request! {
    /// The currency of a document.
    pub struct DocumentCurrency {
        /// Which.
        code: Currency,
        ; set
        /// How much one of it is in the account's currency.
        exchange_rate: Decimal,
    }
}

model! {
    /// A part of a VAT breakdown.
    pub struct Tax {
        /// The rate: 0.21 for 21 %.
        rate: Option<Decimal>,
        /// What it is charged on.
        #[serde(default, deserialize_with = "money")]
        taxable: Option<Money>,
        /// What it comes to.
        #[serde(default, deserialize_with = "money")]
        tax: Option<Money>,
    }
}
