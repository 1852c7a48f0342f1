//! The pipelines that deals go through.

use serde::Serialize;

use super::deal_phases::DealPhase;
use super::macros::{listed, methods, model, request, resource};
use super::{Id, Nothing, Reference};
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
}

model! {
    /// A pipeline.
    pub struct DealPipeline {
        /// Its id.
        id: Id<DealPipeline>,
        /// Its name.
        name: Option<String>,
    }
}

/// Where the deals of a phase go when its pipeline is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct PhaseMigration {
    /// From which phase, by its id.
    pub old_phase_id: Id<DealPhase>,
    /// To which phase, by its id.
    pub new_phase_id: Id<DealPhase>,
}

impl PhaseMigration {
    /// From one phase to another.
    pub fn new(old: impl Into<Id<DealPhase>>, new: impl Into<Id<DealPhase>>) -> PhaseMigration {
        PhaseMigration { old_phase_id: old.into(), new_phase_id: new.into() }
    }
}

request! {
    /// Which pipelines.
    pub struct DealPipelineFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<DealPipeline>>,
        /// Those in use, or about to be deleted.
        status: Vec<DealPipelineStatus>,
    }
}

listed! {
    DealPipeline => "dealPipelines.list", DealPipelineFilter, Nothing, Nothing;
}

resource! {
    /// The pipelines of an account: [`Teamleader::deal_pipelines`](super::Teamleader::deal_pipelines).
    pub struct DealPipelines of DealPipeline
}

methods! {
    impl DealPipelines of DealPipeline;
    fetch {
        /// Makes one with that name; the answer is its reference.
        create(; name: &str) -> Reference<DealPipeline> = "dealPipelines.create";
        /// Makes a copy; the answer is its reference, whose kind the specification has as
        /// `closingDay`.
        duplicate(id: DealPipeline) -> Reference<DealPipeline> = "dealPipelines.duplicate";
    }
    act {
        /// Gives one another name.
        update(id: DealPipeline; name: &str) = "dealPipelines.update";
        /// Makes one the account's own.
        mark_as_default(id: DealPipeline) = "dealPipelines.markAsDefault";
        /// Deletes one, and moves the deals that are in it.
        delete(id: DealPipeline; migrate_phases: &[PhaseMigration]) = "dealPipelines.delete";
    }
}
