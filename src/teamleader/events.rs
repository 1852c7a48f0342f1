//! Events in the calendar.

use time::OffsetDateTime;

use super::declare::{body, enums, object};
use super::kinds::User;
use super::macros::{listed, methods, resource};
use super::settings::{ActivityType, WorkType};
use super::tasks::Task;
use super::{Attendee, Id, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The fields that events can be sorted by.
    pub enum EventSort {
        /// The start.
        StartsAt = "starts_at",
    }
}

object! {
    /// An event in the calendar.
    pub struct Event {
        /// The id.
        id: Id<Event>,
        /// The title.
        title: Option<String>,
        /// The description.
        description: Option<String>,
        /// The user who created the event.
        creator: Option<Reference<User>>,
        /// The task that the event plans.
        task: Option<Reference<Task>>,
        /// The type of the activity.
        activity_type: Option<Reference<ActivityType>>,
        /// The start.
        starts_at: Option<OffsetDateTime>,
        /// The end.
        ends_at: Option<OffsetDateTime>,
        /// The place.
        location: Option<String>,
        /// The people who attend.
        attendees: Vec<Reference>,
        /// The contacts, companies and deals that the event is about.
        links: Vec<Reference>,
    }
}

body! {
    /// A new event.
    pub struct NewEvent {
        /// The title.
        title: String,
        /// The id of the type of activity.
        activity_type_id: Id<ActivityType>,
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
        ; set
        /// The description.
        description: String,
        /// The place.
        location: String,
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The people who attend.
        attendees: Vec<Attendee>,
        /// The contacts, companies and deals that the event is about.
        links: Vec<Reference>,
    }
}

body! {
    /// Changes to an event. Lists are replaced as a whole.
    pub struct EventUpdate {
        ; set
        /// The title.
        title: String,
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
        /// The place.
        location: String,
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The people who attend.
        attendees: Vec<Attendee>,
        /// The contacts, companies and deals that the event is about.
        links: Vec<Reference>,
        ; clear
        /// The description.
        description: String,
    }
}

body! {
    /// A filter for events.
    pub struct EventFilter {
        ; set
        /// Events with one of these ids.
        ids: Vec<Id<Event>>,
        /// Events of this user.
        user_id: Id<User>,
        /// Events of this type.
        activity_type_id: Id<ActivityType>,
        /// Events that end after this time.
        ends_after: OffsetDateTime,
        /// Events that start before this time.
        starts_before: OffsetDateTime,
        /// Events with this text.
        term: String,
        /// Events that this contact attends.
        attendee: Attendee,
        /// Events about this contact, company or deal.
        link: Reference,
        /// Events that plan this task.
        task_id: Id<Task>,
        /// Events that are done (`true`), or that are not (`false`).
        done: bool,
    }
}

listed! {
    Event => "events.list", EventFilter, EventSort, Nothing;
}

resource! {
    /// The operations on events in the calendar, from [`Teamleader::events`](super::Teamleader::events).
    pub struct Events of Event
}

methods! {
    impl Events of Event;
    fetch {
        /// Fetches one event.
        get(id: Event) -> Event = "events.info";
    }
    make {
        /// Creates an event and returns a reference to the event.
        create(NewEvent) = "events.create";
    }
    act {
        /// Cancels the event for all who attend.
        cancel(id: Event) = "events.cancel";
    }
    change {
        /// Changes the event.
        update(EventUpdate) = "events.update";
    }
}
