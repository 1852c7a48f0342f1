//! Tags.

use super::Nothing;
use super::macros::{listed, model, resource};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The fields that tags can be sorted by.
    pub enum TagSort {
        /// The tag.
        Tag = "tag",
    }
}

model! {
    /// A tag.
    pub struct Tag {
        /// The text of the tag.
        tag: String,
    }
}

listed! {
    Tag => "tags.list", Nothing, TagSort, Nothing;
}

resource! {
    /// The operations on tags, from [`Teamleader::tags`](super::Teamleader::tags).
    pub struct Tags of Tag
}
