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
        /// The id.
        id: Id<DealPipeline>,
        /// The name.
        name: Option<String>,
    }
}

/// The new phase for the deals of a phase whose pipeline is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct PhaseMigration {
    /// The id of the phase that is deleted.
    pub old_phase_id: Id<DealPhase>,
    /// The id of the phase that the deals move to.
    pub new_phase_id: Id<DealPhase>,
}

impl PhaseMigration {
    /// Moves the deals of the phase `old` to the phase `new`.
    pub fn new(old: impl Into<Id<DealPhase>>, new: impl Into<Id<DealPhase>>) -> PhaseMigration {
        PhaseMigration { old_phase_id: old.into(), new_phase_id: new.into() }
    }
}

request! {
    /// A filter for deal pipelines.
    pub struct DealPipelineFilter {
        ; set
        /// Pipelines with one of these ids.
        ids: Vec<Id<DealPipeline>>,
        /// Pipelines with one of these statuses.
        status: Vec<DealPipelineStatus>,
    }
}

listed! {
    DealPipeline => "dealPipelines.list", DealPipelineFilter, Nothing, Nothing;
}

resource! {
    /// The operations on deal pipelines, from
    /// [`Teamleader::deal_pipelines`](super::Teamleader::deal_pipelines).
    pub struct DealPipelines of DealPipeline
}

methods! {
    impl DealPipelines of DealPipeline;
    fetch {
        /// Creates a pipeline with this name and returns a reference to the pipeline.
        create(; name: &str) -> Reference<DealPipeline> = "dealPipelines.create";
        /// Copies a pipeline and returns a reference to the copy. In the specification the reference has the
        /// type `closingDay`.
        duplicate(id: DealPipeline) -> Reference<DealPipeline> = "dealPipelines.duplicate";
    }
    act {
        /// Renames a pipeline.
        update(id: DealPipeline; name: &str) = "dealPipelines.update";
        /// Makes a pipeline the default of the account.
        mark_as_default(id: DealPipeline) = "dealPipelines.markAsDefault";
        /// Deletes the pipeline and moves its deals to other phases.
        delete(id: DealPipeline; migrate_phases: &[PhaseMigration]) = "dealPipelines.delete";
    }
}
