//! Lengths of time.

use super::Decimal;
use super::declare::{enums, object};

enums! {
    /// The unit of a length of time. Teamleader has two names for seconds, and two for minutes.
    pub enum TimeUnit {
        /// Minutes.
        Min = "min",
        /// Seconds.
        S = "s",
        /// Seconds.
        Seconds = "seconds",
        /// Minutes.
        Minutes = "minutes",
        /// Hours.
        Hours = "hours",
    }
}

object! {
    /// A length of time.
    pub struct TimeSpan {
        /// The unit.
        unit: Option<TimeUnit>,
        /// The number of units.
        value: Option<Decimal>,
    }
}

impl TimeSpan {
    /// Makes a length of time. Tasks require [`TimeUnit::Min`], reservations [`TimeUnit::Minutes`], and
    /// projects [`TimeUnit::Seconds`], [`TimeUnit::Minutes`] or [`TimeUnit::Hours`].
    pub fn new(value: impl Into<Decimal>, unit: TimeUnit) -> TimeSpan {
        TimeSpan { unit: Some(unit), value: Some(value.into()), extra: serde_json::Map::new() }
    }
}
