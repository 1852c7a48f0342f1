//! What charging costs.

use time::{Date, OffsetDateTime};

use super::{DayOfWeek, PriceType, TariffType};

model! {
    /// A tariff.
    pub struct Tariff {
        /// Its id.
        tariff_id: Option<String> = "tariffId",
        /// Whom it is for.
        tariff_type: Option<TariffType> = "tariffType",
        /// Which powers it is for.
        power_range: Option<PowerRange> = "powerRange",
        /// An internal id of Shell's.
        internal_id: Option<String> = "internalId",
        /// The operator of the charge point.
        operator_id: Option<String> = "operatorId",
        /// Who sells to the driver; sample `Shell_RP_2`.
        provider_id: Option<String> = "providerId",
        /// ISO 4217.
        currency: Option<String> = "currency",
        /// The tariff in words, one for each language.
        tariff_alt_text: Vec<AltText> = "tariffAltText",
        /// The least a session costs.
        min_price: Option<f64> = "minPrice",
        /// The most a session costs.
        max_price: Option<f64> = "maxPrice",
        /// Its parts.
        elements: Vec<TariffElement> = "elements",
        /// From when it holds, UTC.
        start_date_time: Option<OffsetDateTime> = "startDateTime",
        /// Until when it holds, UTC.
        end_date_time: Option<OffsetDateTime> = "endDateTime",
        /// When it was last changed, UTC.
        last_updated: Option<OffsetDateTime> = "lastUpdated",
        /// Who made it.
        created_by: Option<String> = "createdBy",
    }

    /// A range of powers.
    pub struct PowerRange {
        /// Kilowatts; often 0.
        min: Option<i64> = "min",
        /// Kilowatts.
        max: Option<i64> = "max",
    }

    /// A text in a language.
    pub struct AltText {
        /// The language.
        language: Option<String> = "language",
        /// The text.
        text: Option<String> = "text",
    }

    /// A part of a tariff: prices, and when they hold.
    pub struct TariffElement {
        /// The prices.
        price_components: Vec<PriceComponent> = "priceComponents",
        /// When they hold; always, if there are none.
        restrictions: Option<Restrictions> = "restrictions",
    }

    /// A price.
    pub struct PriceComponent {
        /// What it is for.
        price_type: Option<PriceType> = "type",
        /// What is billed at once: seconds for time, kWh for energy, 1 for a flat price.
        step_size: Option<i64> = "stepSize",
        /// The price of a step.
        price: Option<f64> = "price",
        /// Value added tax, percent.
        vat: Option<f64> = "vat",
    }

    /// When prices hold.
    pub struct Restrictions {
        /// From this time of day, local, `HH:mm`.
        start_time: Option<String> = "startTime",
        /// Until this time of day, local, `HH:mm`.
        end_time: Option<String> = "endTime",
        /// From this day.
        start_date: Option<Date> = "startDate",
        /// Until this day.
        end_date: Option<Date> = "endDate",
        /// From this energy on, kWh.
        min_kwh: Option<f64> = "minKwh",
        /// Up to this energy, kWh.
        max_kwh: Option<f64> = "maxKwh",
        /// From this current on, A.
        min_current: Option<f64> = "minCurrent",
        /// Up to this current, A.
        max_current: Option<f64> = "maxCurrent",
        /// From this power on, kW.
        min_power: Option<f64> = "minPower",
        /// Up to this power, kW.
        max_power: Option<f64> = "maxPower",
        /// From this duration on, seconds.
        min_duration: Option<i64> = "minDuration",
        /// Up to this duration, seconds.
        max_duration: Option<i64> = "maxDuration",
        /// On these days.
        day_of_week: Vec<DayOfWeek> = "dayOfWeek",
    }
}
