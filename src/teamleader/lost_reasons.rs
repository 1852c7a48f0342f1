//! Reasons for losing deals.

use super::macros::{listed, model, request, resource};
use super::{Id, Nothing};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The fields that lost reasons can be sorted by.
    pub enum LostReasonSort {
        /// The name.
        Name = "name",
    }
}

model! {
    /// A reason for losing a deal.
    pub struct LostReason {
        /// The id.
        id: Id<LostReason>,
        /// The name.
        name: Option<String>,
    }
}

request! {
    /// A filter for lost reasons.
    pub struct LostReasonFilter {
        ; set
        /// The lost reasons with one of these ids.
        ids: Vec<Id<LostReason>>,
    }
}

listed! {
    LostReason => "lostReasons.list", LostReasonFilter, LostReasonSort, Nothing;
}

resource! {
    /// The operations on lost reasons, from [`Teamleader::lost_reasons`](super::Teamleader::lost_reasons).
    pub struct LostReasons of LostReason
}
