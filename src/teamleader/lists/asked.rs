//! Lists whose requests have members beside the filter.

use serde::Serialize;
use serde_json::Value;

use super::{List, Listed};
use crate::teamleader::Teamleader;

impl<'a, T: Listed> List<'a, T> {
    /// Makes a list whose requests have these members beside the filter.
    pub(in crate::teamleader) fn with(teamleader: &'a Teamleader, asked: Value) -> List<'a, T> {
        let asked = Ok(asked.as_object().cloned().unwrap_or_default());
        List { asked, ..List::new(teamleader) }
    }

    /// Makes a list whose requests have the members of this request. If the request cannot
    /// be serialized, reading the first page returns an error.
    pub(in crate::teamleader) fn asked(
        teamleader: &'a Teamleader,
        request: &impl Serialize,
    ) -> List<'a, T> {
        match serde_json::to_value(request) {
            Ok(members) => List::with(teamleader, members),
            Err(error) => List { asked: Err(error.to_string()), ..List::new(teamleader) },
        }
    }

    /// Makes the list of another operation that lists the same type of objects.
    pub(in crate::teamleader) fn by(self, operation: &'static str) -> List<'a, T> {
        List { operation, ..self }
    }
}
