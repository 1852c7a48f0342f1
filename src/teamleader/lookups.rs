//! Short lists: business types, regions, payment terms, discounts, exchange rates, closing days.

use serde_json::json;
use time::Date;

use super::declare::{body, object};
use super::departments::Department;
use super::macros::{bare, listed, methods, resource};
use super::{Currency, Decimal, Id, List, Nothing, PaymentTermType, Reference};
use crate::error::Result;

object! {
    /// A legal form of companies.
    pub struct BusinessType {
        /// The id.
        id: Id<BusinessType>,
        /// The name.
        name: Option<String>,
        /// The country, as an ISO 3166-1 alpha-2 code such as `BE`.
        country: Option<String>,
    }
}

object! {
    /// A region or a province.
    pub struct LevelTwoArea {
        /// The id.
        id: Id<LevelTwoArea>,
        /// The name.
        name: Option<String>,
        /// The country, as an ISO 3166-1 alpha-2 code such as `BE`.
        country: Option<String>,
    }
}

object! {
    /// A payment term that the account offers.
    pub struct PaymentTermChoice {
        /// The id.
        id: Id<PaymentTermChoice>,
        /// The day from which the term counts.
        kind as "type": Option<PaymentTermType>,
        /// The number of days after that day; `None` for [`PaymentTermType::Cash`].
        days: Option<u64>,
    }
}

object! {
    /// A discount that the account offers.
    pub struct CommercialDiscountChoice {
        /// The name.
        name: Option<String>,
        /// The department.
        department: Option<Reference<Department>>,
    }
}

object! {
    /// The exchange rate of a currency.
    pub struct CurrencyRate {
        /// The currency code, such as `USD`.
        code: Option<Currency>,
        /// The symbol, such as `$`.
        symbol: Option<String>,
        /// The name.
        name: Option<String>,
        /// The amount in this currency that one unit of the base currency is worth.
        exchange_rate: Option<Decimal>,
    }
}

object! {
    /// A day on which the account is closed.
    pub struct ClosingDay {
        /// The id.
        id: Id<ClosingDay>,
        /// The date.
        date: Option<Date>,
    }
}

body! {
    /// A filter for discounts.
    pub struct CommercialDiscountFilter {
        ; set
        /// Discounts of this department.
        department_id: Id<Department>,
    }
}

body! {
    /// A filter for closing days.
    pub struct ClosingDayFilter {
        ; set
        /// Days before this day.
        date_before: Date,
        /// Days after this day.
        date_after: Date,
    }
}

listed! {
    BusinessType => "businessTypes.list", Nothing, Nothing, Nothing;
    LevelTwoArea => "levelTwoAreas.list", Nothing, Nothing, Nothing;
    PaymentTermChoice => "paymentTerms.list", Nothing, Nothing, Nothing;
    CommercialDiscountChoice => "commercialDiscounts.list", CommercialDiscountFilter, Nothing, Nothing;
    CurrencyRate => "currencies.exchangeRates", Nothing, Nothing, Nothing;
    ClosingDay => "closingDays.list", ClosingDayFilter, Nothing, Nothing;
}

resource! {
    /// The operations on legal forms of companies, from [`Teamleader::business_types`](super::Teamleader::business_types).
    pub struct BusinessTypes of BusinessType
}

resource! {
    /// The operations on payment terms, from [`Teamleader::payment_terms`](super::Teamleader::payment_terms).
    pub struct PaymentTerms of PaymentTermChoice
}

resource! {
    /// The operations on discounts, from [`Teamleader::commercial_discounts`](super::Teamleader::commercial_discounts).
    pub struct CommercialDiscounts of CommercialDiscountChoice
}

resource! {
    /// The operations on closing days, from [`Teamleader::closing_days`](super::Teamleader::closing_days).
    pub struct ClosingDays of ClosingDay
}

bare! {
    /// The operations on regions and provinces, from [`Teamleader::level_two_areas`](super::Teamleader::level_two_areas).
    pub struct LevelTwoAreas
}

bare! {
    /// The operations on exchange rates, from [`Teamleader::currencies`](super::Teamleader::currencies).
    pub struct Currencies
}

methods! {
    impl ClosingDays of ClosingDay;
    act {
        /// Deletes the closing day.
        delete(id: ClosingDay) = "closingDays.delete";
    }
}

#[derive(serde::Serialize)]
struct Closed {
    #[serde(with = "super::json::dated")]
    day: Date,
}

impl<'a> BusinessTypes<'a> {
    /// Lists the legal forms of one country, given as an ISO 3166-1 alpha-2 code such as `BE`.
    #[inline]
    pub fn of(self, country: &str) -> List<'a, BusinessType> {
        List::with(self.0, json!({ "country": country }))
    }
}

impl<'a> LevelTwoAreas<'a> {
    /// Lists the regions of one country, given as an ISO 3166-1 alpha-2 code such as `BE`, with their names
    /// in this language.
    #[inline]
    pub fn of(self, country: &str, language: &str) -> List<'a, LevelTwoArea> {
        List::with(self.0, json!({ "country": country, "language": language }))
    }
}

impl<'a> Currencies<'a> {
    /// Lists, for each currency, the amount that one unit of the currency `base` is worth.
    #[inline]
    pub fn exchange_rates(self, base: &Currency) -> List<'a, CurrencyRate> {
        List::with(self.0, json!({ "base": base }))
    }
}

impl ClosingDays<'_> {
    /// Closes the account on this day and returns a reference to the closing day.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn create(self, day: Date) -> Result<Reference<ClosingDay>> {
        self.0.fetch("closingDays.add", &Closed { day })
    }
}
