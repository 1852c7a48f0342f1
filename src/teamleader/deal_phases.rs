//! The phases of pipelines.

use serde::{Deserialize, Serialize};

use super::deal_pipelines::DealPipeline;
use super::json::or_empty;
use super::macros::{listed, methods, model, request, resource};
use super::{Decimal, Id, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// What is suggested when a deal enters a phase.
    pub enum FollowUp {
        /// A meeting.
        CreateEvent = "create_event",
        /// A call.
        CreateCall = "create_call",
        /// A task.
        CreateTask = "create_task",
    }

    /// What patience is counted in.
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
        /// Its id.
        id: Id<DealPhase>,
        /// Its name.
        name: Option<String>,
        /// What is suggested when a deal enters it.
        #[serde(default, deserialize_with = "or_empty")]
        actions: Vec<FollowUp>,
        /// How long a deal may stay in it unattended.
        requires_attention_after: Option<Patience>,
        /// How likely a deal in it is to be won.
        probability: Option<Decimal>,
    }
}

/// How long a deal may stay in a phase unattended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Patience {
    /// How many.
    pub amount: Decimal,
    /// Of what.
    pub unit: PatienceUnit,
}

impl Patience {
    /// So many days.
    pub fn days(days: u32) -> Patience {
        Patience { amount: days.into(), unit: PatienceUnit::Days }
    }

    /// So many weeks.
    pub fn weeks(weeks: u32) -> Patience {
        Patience { amount: weeks.into(), unit: PatienceUnit::Weeks }
    }
}

request! {
    /// Which phases.
    pub struct DealPhaseFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<DealPhase>>,
        /// Those of this pipeline.
        deal_pipeline_id: Id<DealPipeline>,
    }
}

request! {
    /// A phase to be made.
    pub struct NewDealPhase {
        /// Its name.
        name: String,
        /// The pipeline, by its id.
        deal_pipeline_id: Id<DealPipeline>,
        /// How long a deal may stay in it unattended.
        requires_attention_after: Patience,
        ; set
        /// How likely a deal in it is to be won.
        estimated_probability: Decimal,
        /// What is suggested when a deal enters it.
        follow_up_actions: Vec<FollowUp>,
    }
}

request! {
    /// A change of a phase. Teamleader wants the patience named each time.
    pub struct DealPhaseUpdate {
        /// How long a deal may stay in it unattended.
        requires_attention_after: Patience,
        ; set
        /// Its name.
        name: String,
        /// How likely a deal in it is to be won.
        estimated_probability: Decimal,
        /// What is suggested when a deal enters it.
        follow_up_actions: Vec<FollowUp>,
    }
}

listed! {
    DealPhase => "dealPhases.list", DealPhaseFilter, Nothing, Nothing;
}

resource! {
    /// The phases of an account: [`Teamleader::deal_phases`](super::Teamleader::deal_phases).
    pub struct DealPhases of DealPhase
}

methods! {
    impl DealPhases of DealPhase;
    fetch {
        /// Makes a copy; the answer is its reference. One user reports that it answers 404.
        duplicate(id: DealPhase) -> Reference<DealPhase> = "dealPhases.duplicate";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewDealPhase) = "dealPhases.create";
    }
    act {
        /// Puts one behind another.
        move_after(id: DealPhase, after_phase_id: DealPhase) = "dealPhases.move";
        /// Deletes one that no deal is in.
        delete(id: DealPhase) = "dealPhases.delete";
        /// Deletes one, and moves the deals that are in it.
        delete_into(id: DealPhase, new_phase_id: DealPhase) = "dealPhases.delete";
    }
    change {
        /// Changes one.
        update(DealPhaseUpdate) = "dealPhases.update";
    }
}
