//! Meetings.

use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, NewCustomField};
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::kinds::{Anything, User};
use super::macros::{included, listed, methods, resource};
use super::milestones::Milestone;
use super::project_groups::ProjectGroup;
use super::time_span::TimeSpan;
use super::{Address, Attendee, Customer, Id, NewAddress, Reference};
use crate::error::Result;

enums! {
    /// The fields that meetings can be sorted by.
    pub enum MeetingSort {
        /// The time that is planned.
        ScheduledAt = "scheduled_at",
    }

    /// Optional parts of a meeting.
    pub enum MeetingInclude {
        /// The tracked time.
        TrackedTime = "tracked_time",
    }

    /// The type of a meeting's location.
    pub enum MeetingLocationType {
        /// No location: the meeting is online.
        Virtual = "virtual",
        /// A room or another resource of the calendar.
        CalendarResource = "calendarResource",
        /// An address of a contact.
        Contact = "contact",
        /// An address of a company.
        Company = "company",
        /// Any other address.
        CustomLocation = "customLocation",
    }

    /// Whether a meeting took place.
    pub enum MeetingStatus {
        /// Not yet.
        Open = "open",
        /// The meeting took place.
        Done = "done",
    }
}

object! {
    /// The location of a meeting.
    pub struct MeetingLocation {
        /// The type of the location.
        kind as "type": Option<MeetingLocationType>,
        /// The id of the contact, the company or the resource of the calendar.
        id: Option<Id<Anything>>,
        /// The address.
        address: Option<Address>,
    }
}

object! {
    /// The tracked or the estimated time of a meeting.
    pub struct MeetingTime {
        /// The totals.
        total: Option<TimeSpan>,
    }
}

object! {
    /// A meeting.
    pub struct Meeting {
        /// The id.
        id: Id<Meeting>,
        /// The title.
        title: Option<String>,
        /// The description.
        description: Option<String>,
        /// The time of creation.
        created_at: Option<OffsetDateTime>,
        /// The time that is planned.
        scheduled_at: Option<OffsetDateTime>,
        /// The length.
        duration: Option<TimeSpan>,
        /// The time that was tracked; only on request.
        tracked_time: Option<MeetingTime>,
        /// The estimated time.
        estimated_time: Option<MeetingTime>,
        /// The contact or the company.
        customer: Option<Reference>,
        /// The project.
        project: Option<Reference>,
        /// The milestone.
        milestone: Option<Reference<Milestone>>,
        /// The group of the project.
        group: Option<Reference<ProjectGroup>>,
        /// The deal; not in a list.
        deal: Option<Reference<Deal>>,
        /// The location; not in a list.
        location: Option<MeetingLocation>,
        /// The room of the online meeting; not in a list.
        online_meeting_room: Option<Reference>,
        /// The people who attend.
        attendees: Vec<Reference>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The status.
        status: Option<MeetingStatus>,
        /// The series that the meeting belongs to.
        recurrence: Option<Reference>,
        /// The work order; not in a list.
        work_order as "workOrder": Option<Reference>,
    }
}

body! {
    own new;
    /// The location of a meeting in a request.
    pub struct NewMeetingLocation {
        /// The type of the location.
        kind as "type": MeetingLocationType,
        ; set
        /// The id of the contact, the company or the resource of the calendar.
        id: Id<Anything>,
        /// The address.
        address: NewAddress,
    }
}

impl NewMeetingLocation {
    /// No location: the meeting is online.
    pub fn online() -> NewMeetingLocation {
        NewMeetingLocation::new(MeetingLocationType::Virtual)
    }

    /// Makes the location from a room or another resource of the calendar.
    pub fn resource(id: impl Into<Id<Anything>>) -> NewMeetingLocation {
        NewMeetingLocation::new(MeetingLocationType::CalendarResource).id(id)
    }

    /// Makes the location from an address of a contact or a company.
    pub fn of(customer: Customer, address: NewAddress) -> NewMeetingLocation {
        let (kind, id) = match customer {
            Customer::Contact(id) => (MeetingLocationType::Contact, id.cast()),
            Customer::Company(id) => (MeetingLocationType::Company, id.cast::<Anything>()),
        };
        NewMeetingLocation::new(kind).id(id).address(address)
    }

    /// Any other address.
    pub fn at(address: NewAddress) -> NewMeetingLocation {
        NewMeetingLocation::new(MeetingLocationType::CustomLocation).address(address)
    }
}

body! {
    /// A new meeting.
    pub struct NewMeeting {
        /// The title.
        title: String,
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
        /// The people who attend.
        attendees: Vec<Attendee>,
        ; set
        /// The description.
        description: String,
        /// The contact or the company.
        customer: Customer,
        /// The location.
        location: NewMeetingLocation,
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The id of the work order.
        work_order_id: Id<Anything>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
    }
}

body! {
    /// Changes to a meeting. Lists are replaced as a whole.
    pub struct MeetingUpdate {
        ; set
        /// The title.
        title: String,
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
        /// The people who attend.
        attendees: Vec<Attendee>,
        /// The location.
        location: NewMeetingLocation,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The description.
        description: String,
        /// The contact or the company.
        customer: Customer,
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
        /// The id of the deal.
        deal_id: Id<Deal>,
    }
}

body! {
    /// A report of a meeting.
    pub struct NewMeetingReport {
        /// The contact, the company or the deal that gets the report.
        attach_to: Reference,
        ; set
        /// The summary.
        summary: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
    }
}

body! {
    /// A filter for meetings.
    pub struct MeetingFilter {
        ; set
        /// Meetings with one of these ids.
        ids: Vec<Id<Meeting>>,
        /// Meetings that this user attends.
        employee_id: Id<User>,
        /// Meetings from this day on.
        start_date: Date,
        /// Meetings until this day.
        end_date: Date,
        /// Meetings of this milestone.
        milestone_id: Id<Milestone>,
        /// Meetings with this text.
        term: String,
        /// Meetings of this series.
        recurrence_id: Id<Anything>,
    }
}

listed! {
    Meeting => "meetings.list", MeetingFilter, MeetingSort, MeetingInclude;
}

resource! {
    /// The operations on meetings, from [`Teamleader::meetings`](super::Teamleader::meetings).
    pub struct Meetings of Meeting
}

methods! {
    impl Meetings of Meeting;
    fetch {
        /// Fetches one meeting.
        get(id: Meeting) -> Meeting = "meetings.info";
    }
    make {
        /// Plans a meeting and returns a reference to the meeting.
        create(NewMeeting) = "meetings.schedule";
    }
    credit {
        /// Writes a report of the meeting and returns a reference to the report.
        create_report(NewMeetingReport) -> Anything = "meetings.createReport";
    }
    act {
        /// Marks the meeting as done.
        complete(id: Meeting) = "meetings.complete";
        /// Deletes the meeting.
        delete(id: Meeting) = "meetings.delete";
    }
    change {
        /// Changes the meeting.
        update(MeetingUpdate) = "meetings.update";
    }
}

included! { Meetings of Meeting, MeetingInclude = "meetings.info" }
