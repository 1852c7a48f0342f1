//! Sources of deals.

use super::macros::{listed, model, request, resource};
use super::{Id, Nothing};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The fields that deal sources can be sorted by.
    pub enum DealSourceSort {
        /// The name.
        Name = "name",
    }
}

model! {
    /// A source of deals, such as a fair.
    pub struct DealSource {
        /// The id.
        id: Id<DealSource>,
        /// The name.
        name: Option<String>,
    }
}

request! {
    /// A filter for deal sources.
    pub struct DealSourceFilter {
        ; set
        /// The deal sources with one of these ids.
        ids: Vec<Id<DealSource>>,
    }
}

listed! {
    DealSource => "dealSources.list", DealSourceFilter, DealSourceSort, Nothing;
}

resource! {
    /// The operations on deal sources, from [`Teamleader::deal_sources`](super::Teamleader::deal_sources).
    pub struct DealSources of DealSource
}
