//! Tariffs: the price of charging.

use time::{Date, OffsetDateTime};

use super::{DayOfWeek, Decimal, Id, PriceType, TariffType};

model! {
    /// A tariff.
    pub struct Tariff {
        /// The id of the tariff.
        tariff_id: Option<Id<Tariff>> = "tariffId",
        /// The group of customers that pays this tariff.
        tariff_type: Option<TariffType> = "tariffType",
        /// The charging powers to which the tariff applies.
        power_range: Option<PowerRange> = "powerRange",
        /// Shell's internal id.
        internal_id: Option<String> = "internalId",
        /// The operator of the charge point.
        operator_id: Option<String> = "operatorId",
        /// The provider that bills the driver, such as `Shell_RP_2`.
        provider_id: Option<String> = "providerId",
        /// The currency, by ISO 4217.
        currency: Option<String> = "currency",
        /// The descriptions of the tariff, one for each language.
        tariff_alt_text: Vec<AltText> = "tariffAltText",
        /// The lowest price of a session.
        min_price: Option<Decimal> = "minPrice",
        /// The highest price of a session.
        max_price: Option<Decimal> = "maxPrice",
        /// The parts of the tariff.
        elements: Vec<TariffElement> = "elements",
        /// The start of the tariff, UTC.
        start_date_time: Option<OffsetDateTime> = "startDateTime",
        /// The end of the tariff, UTC.
        end_date_time: Option<OffsetDateTime> = "endDateTime",
        /// When the tariff was last changed, UTC.
        last_updated: Option<OffsetDateTime> = "lastUpdated",
        /// The creator of the tariff.
        created_by: Option<String> = "createdBy",
    }

    /// A range of charging powers.
    pub struct PowerRange {
        /// The lowest power, in kilowatts; often 0.
        min: Option<i64> = "min",
        /// The highest power, in kilowatts.
        max: Option<i64> = "max",
    }

    /// A description of a tariff in one language.
    pub struct AltText {
        /// The language.
        language: Option<String> = "language",
        /// The text.
        text: Option<String> = "text",
    }

    /// A part of a tariff: prices, and the restrictions under which they apply.
    pub struct TariffElement {
        /// The prices.
        price_components: Vec<PriceComponent> = "priceComponents",
        /// When the prices apply. Without restrictions the prices always apply.
        restrictions: Option<Restrictions> = "restrictions",
    }

    /// A price.
    pub struct PriceComponent {
        /// What the price is charged for: time, energy, or the session.
        price_type: Option<PriceType> = "type",
        /// The unit of billing: seconds for time, kWh for energy, 1 for a flat price.
        step_size: Option<i64> = "stepSize",
        /// The price of one step.
        price: Option<Decimal> = "price",
        /// The value added tax, in percent.
        vat: Option<Decimal> = "vat",
    }

    /// When prices apply.
    pub struct Restrictions {
        /// The local time of day from which the prices apply, `HH:mm`.
        start_time: Option<String> = "startTime",
        /// The local time of day until which the prices apply, `HH:mm`.
        end_time: Option<String> = "endTime",
        /// The day from which the prices apply.
        start_date: Option<Date> = "startDate",
        /// The day until which the prices apply.
        end_date: Option<Date> = "endDate",
        /// The least energy, in kWh, for which the prices apply.
        min_kwh: Option<Decimal> = "minKwh",
        /// The energy, in kWh, up to which the prices apply.
        max_kwh: Option<Decimal> = "maxKwh",
        /// The least current, in amperes, for which the prices apply.
        min_current: Option<Decimal> = "minCurrent",
        /// The current, in amperes, up to which the prices apply.
        max_current: Option<Decimal> = "maxCurrent",
        /// The least power, in kW, for which the prices apply.
        min_power: Option<Decimal> = "minPower",
        /// The power, in kW, up to which the prices apply.
        max_power: Option<Decimal> = "maxPower",
        /// The least duration, in seconds, for which the prices apply.
        min_duration: Option<i64> = "minDuration",
        /// The duration, in seconds, up to which the prices apply.
        max_duration: Option<i64> = "maxDuration",
        /// The days of the week on which the prices apply.
        day_of_week: Vec<DayOfWeek> = "dayOfWeek",
    }
}
