//! The phases of pipelines.

use serde::{Deserialize, Serialize};

use super::deal_pipelines::DealPipeline;
use super::json::or_empty;
use super::macros::{listed, methods, model, request, resource};
use super::{Decimal, Id, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// A follow-up action that Teamleader suggests when a deal enters a phase.
    pub enum FollowUp {
        /// A meeting.
        CreateEvent = "create_event",
        /// A call.
        CreateCall = "create_call",
        /// A task.
        CreateTask = "create_task",
    }

    /// The unit of a [`Patience`].
    pub enum PatienceUnit {
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
    }
}

model! {
    /// A phase of a pipeline.
    pub struct DealPhase {
        /// The id.
        id: Id<DealPhase>,
        /// The name.
        name: Option<String>,
        /// The follow-up actions that Teamleader suggests when a deal enters the phase.
        #[serde(default, deserialize_with = "or_empty")]
        actions: Vec<FollowUp>,
        /// How long a deal may stay in the phase without attention.
        requires_attention_after: Option<Patience>,
        /// The probability that a deal in the phase is won, from 0 to 1.
        probability: Option<Decimal>,
    }
}

/// How long a deal may stay in a phase without attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Patience {
    /// The number of days or weeks.
    pub amount: Decimal,
    /// The unit: days or weeks.
    pub unit: PatienceUnit,
}

impl Patience {
    /// Allows a deal to stay this many days without attention.
    pub fn days(days: u32) -> Patience {
        Patience { amount: days.into(), unit: PatienceUnit::Days }
    }

    /// Allows a deal to stay this many weeks without attention.
    pub fn weeks(weeks: u32) -> Patience {
        Patience { amount: weeks.into(), unit: PatienceUnit::Weeks }
    }
}

request! {
    /// A filter for deal phases.
    pub struct DealPhaseFilter {
        ; set
        /// Phases with one of these ids.
        ids: Vec<Id<DealPhase>>,
        /// Phases of this pipeline.
        deal_pipeline_id: Id<DealPipeline>,
    }
}

request! {
    /// A new phase.
    pub struct NewDealPhase {
        /// The name.
        name: String,
        /// The id of the pipeline.
        deal_pipeline_id: Id<DealPipeline>,
        /// How long a deal may stay in the phase without attention.
        requires_attention_after: Patience,
        ; set
        /// The probability that a deal in the phase is won, from 0 to 1.
        estimated_probability: Decimal,
        /// The follow-up actions that Teamleader suggests when a deal enters the phase.
        follow_up_actions: Vec<FollowUp>,
    }
}

request! {
    /// Changes to a phase. Teamleader requires `requires_attention_after` in every update.
    pub struct DealPhaseUpdate {
        /// How long a deal may stay in the phase without attention.
        requires_attention_after: Patience,
        ; set
        /// The name.
        name: String,
        /// The probability that a deal in the phase is won, from 0 to 1.
        estimated_probability: Decimal,
        /// The follow-up actions that Teamleader suggests when a deal enters the phase.
        follow_up_actions: Vec<FollowUp>,
    }
}

listed! {
    DealPhase => "dealPhases.list", DealPhaseFilter, Nothing, Nothing;
}

resource! {
    /// The operations on phases of deal pipelines, from
    /// [`Teamleader::deal_phases`](super::Teamleader::deal_phases).
    pub struct DealPhases of DealPhase
}

methods! {
    impl DealPhases of DealPhase;
    fetch {
        /// Copies a phase and returns a reference to the copy. One user reports that Teamleader
        /// answers 404.
        duplicate(id: DealPhase) -> Reference<DealPhase> = "dealPhases.duplicate";
    }
    make {
        /// Creates a phase and returns a reference to the phase.
        create(NewDealPhase) = "dealPhases.create";
    }
    act {
        /// Moves a phase to the position after another phase.
        move_after(id: DealPhase, after_phase_id: DealPhase) = "dealPhases.move";
        /// Deletes a phase that has no deals.
        delete(id: DealPhase) = "dealPhases.delete";
        /// Deletes the phase and moves its deals to another phase.
        delete_into(id: DealPhase, new_phase_id: DealPhase) = "dealPhases.delete";
    }
    change {
        /// Changes the phase.
        update(DealPhaseUpdate) = "dealPhases.update";
    }
}
