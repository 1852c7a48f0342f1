//! The pipelines that deals go through, and their phases.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::json::or_empty;
use super::macros::{listed, methods, request, resource};
use super::{Decimal, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// Whether a pipeline is in use.
    pub enum DealPipelineStatus {
        /// In use.
        Open = "open",
        /// About to be deleted.
        PendingDeletion = "pending_deletion",
    }

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

/// A pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct DealPipeline {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// A phase of a pipeline.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[non_exhaustive]
pub struct DealPhase {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What is suggested when a deal enters it.
    #[serde(default, deserialize_with = "or_empty")]
    pub actions: Vec<FollowUp>,
    /// How long a deal may stay in it unattended.
    pub requires_attention_after: Option<Patience>,
    /// How likely a deal in it is to be won.
    pub probability: Option<Decimal>,
}

/// How long a deal may stay in a phase unattended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Where the deals of a phase go when its pipeline is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct PhaseMigration {
    /// From which phase, by its id.
    pub old_phase_id: String,
    /// To which phase, by its id.
    pub new_phase_id: String,
}

impl PhaseMigration {
    /// From one phase to another.
    pub fn new(old: impl Into<String>, new: impl Into<String>) -> PhaseMigration {
        PhaseMigration { old_phase_id: old.into(), new_phase_id: new.into() }
    }
}

request! {
    /// Which pipelines.
    pub struct DealPipelineFilter {
        ; set
        /// Those with these ids.
        ids: Vec<String>,
        /// Those in use, or about to be deleted.
        status: Vec<DealPipelineStatus>,
    }
}

request! {
    /// Which phases.
    pub struct DealPhaseFilter {
        ; set
        /// Those with these ids.
        ids: Vec<String>,
        /// Those of this pipeline.
        deal_pipeline_id: String,
    }
}

request! {
    /// A phase to be made.
    pub struct NewDealPhase {
        /// Its name.
        name: String,
        /// The pipeline, by its id.
        deal_pipeline_id: String,
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
        /// Which phase.
        id: String,
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
    DealPipeline => "dealPipelines.list", DealPipelineFilter, Nothing, Nothing;
    DealPhase => "dealPhases.list", DealPhaseFilter, Nothing, Nothing;
}

resource! {
    /// The pipelines of an account: [`Teamleader::deal_pipelines`](super::Teamleader::deal_pipelines).
    pub struct DealPipelines of DealPipeline
}

methods! {
    impl DealPipelines;
    fetch {
        /// Makes one with that name; the answer is its reference.
        create(name: &str) -> Reference = "dealPipelines.create";
        /// Makes a copy; the answer is its reference, whose kind the specification has as
        /// `closingDay`.
        duplicate(id: &str) -> Reference = "dealPipelines.duplicate";
    }
    act {
        /// Gives one another name.
        update(id: &str, name: &str) = "dealPipelines.update";
        /// Makes one the account's own.
        mark_as_default(id: &str) = "dealPipelines.markAsDefault";
        /// Deletes one, and moves the deals that are in it.
        delete(id: &str, migrate_phases: &[PhaseMigration]) = "dealPipelines.delete";
    }
}

resource! {
    /// The phases of an account: [`Teamleader::deal_phases`](super::Teamleader::deal_phases).
    pub struct DealPhases of DealPhase
}

methods! {
    impl DealPhases;
    fetch {
        /// Makes a copy; the answer is its reference. One user reports that it answers 404.
        duplicate(id: &str) -> Reference = "dealPhases.duplicate";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewDealPhase) = "dealPhases.create";
    }
    act {
        /// Puts one behind another.
        move_after(id: &str, after_phase_id: &str) = "dealPhases.move";
        /// Deletes one that no deal is in.
        delete(id: &str) = "dealPhases.delete";
        /// Deletes one, and moves the deals that are in it.
        delete_into(id: &str, new_phase_id: &str) = "dealPhases.delete";
    }
    send {
        /// Changes one.
        update(DealPhaseUpdate) = "dealPhases.update";
    }
}
