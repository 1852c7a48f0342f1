//! Calls.

use time::{Date, OffsetDateTime};

use super::contacts::Contact;
use super::custom_fields::{CustomField, NewCustomField};
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::macros::{listed, methods, resource};
use super::settings::CallOutcome;
use super::{Assignee, Customer, Id, Nothing, Reference};
use crate::error::Result;

enums! {
    /// Whether a call took place.
    pub enum CallStatus {
        /// Not yet.
        Open = "open",
        /// The call took place.
        Completed = "completed",
    }
}

object! {
    /// The customer and the contact of a call.
    pub struct CallParticipant {
        /// The contact or the company.
        customer: Option<Reference>,
        /// The contact.
        contact: Option<Reference<Contact>>,
    }
}

object! {
    /// A call.
    pub struct Call {
        /// The id.
        id: Id<Call>,
        /// The time of creation.
        added_at: Option<OffsetDateTime>,
        /// The time of completion; not in a list.
        completed_at: Option<OffsetDateTime>,
        /// The customer and the contact.
        participant: Option<CallParticipant>,
        /// The description.
        description: Option<String>,
        /// The outcome.
        outcome: Option<Reference<CallOutcome>>,
        /// The summary of the outcome.
        outcome_summary: Option<String>,
        /// The user or the team who does the work.
        assignee: Option<Reference>,
        /// The time that is planned.
        scheduled_at: Option<OffsetDateTime>,
        /// The status.
        status: Option<CallStatus>,
        /// The deal.
        deal: Option<Reference<Deal>>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
    }
}

body! {
    /// The customer of a new call.
    pub struct NewCallParticipant {
        /// The contact or the company.
        customer: Customer,
    }
}

body! {
    /// A new call.
    pub struct NewCall {
        /// The customer. A [`Customer`] converts to a participant.
        participant: NewCallParticipant,
        /// The time that is planned.
        due_at: OffsetDateTime,
        /// The user or the team who does the work.
        assignee: Assignee,
        ; set
        /// The description.
        description: String,
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
    }
}

impl From<Customer> for NewCallParticipant {
    fn from(customer: Customer) -> NewCallParticipant {
        NewCallParticipant::new(customer)
    }
}

body! {
    /// Changes to a call.
    pub struct CallUpdate {
        ; set
        /// The description.
        description: String,
        /// The customer.
        participant: NewCallParticipant,
        /// The time that is planned.
        due_at: OffsetDateTime,
        /// The user or the team who does the work.
        assignee: Assignee,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The id of the deal.
        deal_id: Id<Deal>,
    }
}

body! {
    /// The outcome of a call.
    pub struct CallCompletion {
        ; set
        /// The id of the outcome.
        call_outcome_id: Id<CallOutcome>,
        /// The summary of the outcome.
        outcome_summary: String,
    }
}

body! {
    /// A filter for calls.
    pub struct CallFilter {
        ; set
        /// Calls planned after this time.
        scheduled_after: Date,
        /// Calls planned before this time.
        scheduled_before: Date,
        /// Calls that are related to this object.
        relates_to: Reference,
        /// Calls with this outcome.
        call_outcome_id: Id<CallOutcome>,
    }
}

listed! {
    Call => "calls.list", CallFilter, Nothing, Nothing;
}

resource! {
    /// The operations on calls, from [`Teamleader::calls`](super::Teamleader::calls).
    pub struct Calls of Call
}

methods! {
    impl Calls of Call;
    fetch {
        /// Fetches one call.
        get(id: Call) -> Call = "calls.info";
    }
    make {
        /// Plans a call and returns a reference to the call.
        create(NewCall) = "calls.add";
    }
    change {
        /// Changes the call.
        update(CallUpdate) = "calls.update";
        /// Marks the call as done.
        complete(CallCompletion) = "calls.complete";
    }
}
