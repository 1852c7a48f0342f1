//! The planning: work that can be planned, reservations, and the available time of users.

use serde_json::json;
use time::Date;

use super::declare::{body, enums, object};
use super::form::Sent;
use super::kinds::User;
use super::macros::{bare, listed, methods, resource};
use super::projects::Project;
use super::settings::WorkType;
use super::time_span::TimeSpan;
use super::{ActiveStatus, Assignee, Id, List, Nothing, Reference};
use crate::error::Result;

enums! {
    /// The fields that plannable work can be sorted by.
    pub enum PlannableItemSort {
        /// The id.
        Id = "id",
        /// The last day.
        EndDate = "end_date",
        /// The duration of the whole work.
        TotalDuration = "total_duration",
    }

    /// Whether work is done.
    pub enum CompletionStatus {
        /// Not done.
        ToDo = "to_do",
        /// Done.
        Done = "done",
    }

    /// How much of the duration of work is planned.
    pub enum PlannedStatus {
        /// Nothing.
        Unplanned = "unplanned",
        /// A part.
        PartiallyPlanned = "partially_planned",
        /// The whole.
        FullyPlanned = "fully_planned",
        /// More time than the work takes.
        Overbooked = "overbooked",
    }

    /// The type of object that a reservation comes from.
    pub enum ReservationSource {
        /// A call.
        Call = "call",
        /// A closing day.
        ClosingDay = "closingDay",
        /// Days off.
        DayOffType = "dayOffType",
        /// An event of another calendar.
        ExternalEvent = "externalEvent",
        /// A meeting.
        Meeting = "meeting",
        /// A task.
        Task = "task",
    }
}

object! {
    /// Work that can be planned.
    pub struct PlannableItem {
        /// The id.
        id: Id<PlannableItem>,
        /// The object with the work, such as a task.
        source: Option<Reference>,
        /// The duration of the whole work.
        total_duration: Option<TimeSpan>,
        /// The part of the duration that is planned.
        planned_duration: Option<TimeSpan>,
        /// The part of the duration that is not planned yet.
        unplanned_duration: Option<TimeSpan>,
    }
}

object! {
    /// Time that is reserved for work.
    pub struct Reservation {
        /// The id.
        id: Id<Reservation>,
        /// The work that time is reserved for.
        plannable_item: Option<Reference<PlannableItem>>,
        /// The date.
        date: Option<Date>,
        /// The length.
        duration: Option<TimeSpan>,
        /// The user or the team.
        assignee: Option<Reference>,
        /// The object that the reservation comes from.
        origin: Option<Reference>,
    }
}

object! {
    /// The available time of a user.
    pub struct Availability {
        /// The working time.
        gross_time_available: Option<TimeSpan>,
        /// The working time without days off and closing days.
        net_time_available: Option<TimeSpan>,
        /// The time that is planned.
        planned_time: Option<TimeSpan>,
        /// The time that is not planned.
        unplanned_time: Option<TimeSpan>,
    }
}

object! {
    /// The available time of a user in a period.
    pub struct UserAvailability {
        /// The user.
        user: Option<Reference<User>>,
        /// The available time.
        availability: Option<Availability>,
    }
}

object! {
    /// The available time of a user on one day.
    pub struct DailyAvailability {
        /// The date.
        date: Option<Date>,
        /// The available time.
        availability: Option<Availability>,
    }
}

object! {
    /// The available time of a user, day by day.
    pub struct UserAvailabilityByDay {
        /// The user.
        user: Option<Reference<User>>,
        /// The available time, day by day.
        availabilities: Vec<DailyAvailability>,
    }
}

body! {
    /// A new reservation.
    pub struct NewReservation {
        /// The id of the work.
        plannable_item_id: Id<PlannableItem>,
        /// The date.
        date: Date,
        /// The length.
        duration: TimeSpan,
        /// The user or the team.
        assignee: Assignee,
    }
}

body! {
    /// Changes to a reservation.
    pub struct ReservationUpdate {
        ; set
        /// The date.
        date: Date,
        /// The length.
        duration: TimeSpan,
        /// The user or the team.
        assignee: Assignee,
    }
}

body! {
    /// A filter for plannable work.
    pub struct PlannableItemFilter {
        ; set
        /// Work with one of these ids.
        ids: Vec<Id<PlannableItem>>,
        /// Work with one of these statuses.
        status: Vec<ActiveStatus>,
        /// Work with this text.
        term: String,
        /// Work from this day on.
        start_date: Date,
        /// Work until this day.
        end_date: Date,
        /// Work of one of these projects.
        project_ids: Vec<Id<Project>>,
        /// Work of one of these users and teams.
        assignees: Vec<Assignee>,
        /// Work with one of these types of work.
        work_type_ids: Vec<Id<WorkType>>,
        /// Work that is done or not.
        completion_statuses: Vec<CompletionStatus>,
        /// Work of whose duration this much is planned.
        planned_time_statuses: Vec<PlannedStatus>,
    }
}

body! {
    /// A filter for reservations.
    pub struct ReservationFilter {
        ; set
        /// Reservations for one of these pieces of work.
        plannable_item_ids: Vec<Id<PlannableItem>>,
        /// Reservations from this day on.
        start_date: Date,
        /// Reservations until this day.
        end_date: Date,
        /// Reservations of one of these users and teams.
        assignees: Vec<Assignee>,
        /// Reservations for one of these objects.
        sources: Vec<Reference>,
        /// Reservations from objects of one of these types.
        source_types: Vec<ReservationSource>,
    }
}

body! {
    /// A filter for the available time of users.
    pub struct AvailabilityFilter {
        ; set
        /// Time of one of these users and teams.
        assignees: Vec<Assignee>,
    }
}

listed! {
    PlannableItem => "plannableItems.list", PlannableItemFilter, PlannableItemSort, Nothing;
    Reservation => "reservations.list", ReservationFilter, Nothing, Nothing;
    UserAvailability => "userAvailability.total", AvailabilityFilter, Nothing, Nothing;
    UserAvailabilityByDay => "userAvailability.daily", AvailabilityFilter, Nothing, Nothing;
}

resource! {
    /// The operations on work that can be planned, from [`Teamleader::plannable_items`](super::Teamleader::plannable_items).
    pub struct PlannableItems of PlannableItem
}

resource! {
    /// The operations on reservations, from [`Teamleader::reservations`](super::Teamleader::reservations).
    pub struct Reservations of Reservation
}

bare! {
    /// The operations on the available time of users, from [`Teamleader::user_availability`](super::Teamleader::user_availability).
    pub struct UserAvailabilities
}

methods! {
    impl PlannableItems of PlannableItem;
    fetch {
        /// Fetches one piece of work.
        get(id: PlannableItem) -> PlannableItem = "plannableItems.info";
    }
}

impl PlannableItems<'_> {
    /// Fetches the work of an object, such as a task.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn get_by_source(self, source: &Reference) -> Result<PlannableItem> {
        self.0.fetch("plannableItems.info", &json!({ "source": Sent(source) }))
    }
}

methods! {
    impl Reservations of Reservation;
    make {
        /// Reserves time and returns a reference to the reservation.
        create(NewReservation) = "reservations.create";
    }
    act {
        /// Deletes the reservation.
        delete(id: Reservation) = "reservations.delete";
    }
    change {
        /// Changes the reservation.
        update(ReservationUpdate) = "reservations.update";
    }
}

impl<'a> UserAvailabilities<'a> {
    /// Lists the available time of each user in the period from the first to the last day.
    #[inline]
    pub fn total(self, first: Date, last: Date) -> List<'a, UserAvailability> {
        List::asked(self.0, &period(first, last))
    }

    /// Lists the available time of each user on each day from the first to the last.
    #[inline]
    pub fn daily(self, first: Date, last: Date) -> List<'a, UserAvailabilityByDay> {
        List::asked(self.0, &period(first, last))
    }
}

#[derive(serde::Serialize)]
struct Asked {
    period: Period,
}

#[derive(serde::Serialize)]
struct Period {
    #[serde(with = "super::json::dated")]
    start_date: Date,
    #[serde(with = "super::json::dated")]
    end_date: Date,
}

fn period(first: Date, last: Date) -> Asked {
    Asked { period: Period { start_date: first, end_date: last } }
}
