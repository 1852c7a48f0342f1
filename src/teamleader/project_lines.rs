//! The lines of projects: tasks, materials and groups.

use serde_json::json;

use super::declare::{body, enums, object};
use super::kinds::Anything;
use super::macros::{listed, methods};
use super::project_groups::ProjectGroup;
use super::projects::{Project, Projects};
use super::{Assignee, Id, List, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The type of a line of a project.
    pub enum LineType {
        /// A task.
        NextgenTask = "nextgenTask",
        /// A material.
        NextgenMaterial = "nextgenMaterial",
        /// A group.
        NextgenProjectGroup = "nextgenProjectGroup",
    }
}

object! {
    /// A line of a project: a task, a material or a group.
    pub struct ProjectLine {
        /// The line: a task, a material or a group.
        line: Option<Reference>,
        /// The group that the line is in.
        group: Option<Reference<ProjectGroup>>,
    }
}

body! {
    /// A filter for the lines of a project.
    pub struct ProjectLineFilter {
        ; set
        /// Lines of one of these types.
        types: Vec<LineType>,
        /// Lines of one of these users and teams.
        assignees: Vec<Assignee>,
    }
}

listed! {
    ProjectLine => "projects-v2/projectLines.list", ProjectLineFilter, Nothing, Nothing;
}

methods! {
    impl Projects of Project;
    act {
        /// Puts a task or a material into a group. [`Id::cast`](super::Id::cast) makes the id of the line.
        add_to_group(line_id: Anything, group_id: ProjectGroup) = "projects-v2/projectLines.addToGroup";
        /// Takes a task or a material out of its group.
        remove_from_group(line_id: Anything) = "projects-v2/projectLines.removeFromGroup";
    }
}

impl<'a> Projects<'a> {
    /// Lists the lines of a project: its tasks, its materials and its groups.
    #[inline]
    pub fn lines(self, project: impl Into<Id<Project>>) -> List<'a, ProjectLine> {
        List::with(self.0, json!({ "project_id": project.into() }))
    }
}
