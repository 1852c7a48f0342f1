//! Days off and working hours of users.

use serde_json::json;
use time::{Date, OffsetDateTime};

use super::declare::{body, enums, object};
use super::kinds::User;
use super::macros::{bare, listed, methods};
use super::settings::{DayOffType, DayOffTypes};
use super::users::Users;
use super::{Id, List, Nothing, Reference};
use crate::error::Result;

enums! {
    /// Whether a day off is approved.
    pub enum DayOffStatus {
        /// Approved.
        Approved = "approved",
        /// Refused.
        NotApproved = "not_approved",
        /// Not decided yet.
        Pending = "pending",
    }

    /// The type of a period of the week.
    pub enum PeriodType {
        /// Working hours.
        WorkingHours = "working_hours",
        /// A break.
        LunchBreak = "lunch_break",
    }

    /// A day of the week.
    pub enum WeekDay {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

object! {
    /// A day off of a user.
    pub struct DayOff {
        /// The id.
        id: Id<DayOff>,
        /// The start.
        starts_at: Option<OffsetDateTime>,
        /// The end.
        ends_at: Option<OffsetDateTime>,
        /// The user.
        user: Option<Reference<User>>,
        /// The type of the days off.
        leave_type: Option<Reference<DayOffType>>,
        /// Whether the day off is approved.
        status: Option<DayOffStatus>,
    }
}

object! {
    /// A day of the week and a time on that day.
    pub struct WeekMoment {
        /// The day.
        day: Option<WeekDay>,
        /// The time of day.
        time: Option<String>,
    }
}

object! {
    /// A period of the week.
    pub struct WeekPeriod {
        /// The type.
        kind as "type": Option<PeriodType>,
        /// The start.
        start: Option<WeekMoment>,
        /// The end.
        end: Option<WeekMoment>,
    }
}

object! {
    /// The working hours of a user.
    pub struct WeekSchedule {
        /// The periods of the week.
        periods: Vec<WeekPeriod>,
    }
}

body! {
    /// A filter for days off.
    pub struct DayOffFilter {
        ; set
        /// Days that start after this time.
        starts_after: Date,
        /// Days that end before this time.
        ends_before: Date,
    }
}

body! {
    /// A day off.
    pub struct NewDayOff {
        /// The start.
        starts_at: OffsetDateTime,
        /// The end.
        ends_at: OffsetDateTime,
    }
}

body! {
    /// New days off of a user.
    pub struct NewDaysOff {
        /// The id of the user.
        user_id: Id<User>,
        /// The id of the type of days off.
        leave_type_id: Id<DayOffType>,
        /// The days.
        days: Vec<NewDayOff>,
    }
}

body! {
    /// The period in which a type of days off can be used.
    pub struct DateValidity {
        /// The first day.
        from: Date,
        ; set
        /// The last day; `None` if the period has no end.
        until: Date,
    }
}

body! {
    /// A new type of days off.
    pub struct NewDayOffType {
        /// The name.
        name: String,
        ; clear
        /// The colour, such as `#00B2B2`.
        color: String,
        /// The period in which the type can be used.
        date_validity: DateValidity,
    }
}

body! {
    /// Changes to a type of days off.
    pub struct DayOffTypeUpdate {
        ; set
        /// The name.
        name: String,
        /// The colour, such as `#00B2B2`.
        color: String,
        ; clear
        /// The period in which the type can be used.
        date_validity: DateValidity,
    }
}

listed! {
    DayOff => "users.listDaysOff", DayOffFilter, Nothing, Nothing;
}

bare! {
    /// The operations on days off of users, from [`Teamleader::days_off`](super::Teamleader::days_off).
    pub struct DaysOff
}

methods! {
    impl DaysOff of DayOff;
    put {
        /// Adds days off of a user.
        import(NewDaysOff) = "daysOff.import";
    }
}

methods! {
    impl DayOffTypes of DayOffType;
    make {
        /// Creates a type and returns a reference to the type.
        create(NewDayOffType) = "dayOffTypes.create";
    }
    act {
        /// Deletes the type.
        delete(id: DayOffType) = "dayOffTypes.delete";
    }
    change {
        /// Changes the type.
        update(DayOffTypeUpdate) = "dayOffTypes.update";
    }
}

methods! {
    impl Users of User;
    fetch {
        /// Fetches the working hours of a user.
        week_schedule(id: User) -> WeekSchedule = "users.getWeekSchedule";
    }
}

impl<'a> DaysOff<'a> {
    /// Lists the days off of one user.
    #[inline]
    pub fn of(self, user: impl Into<Id<User>>) -> List<'a, DayOff> {
        List::with(self.0, json!({ "id": user.into() }))
    }

    /// Deletes days off of a user.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn delete_many(self, user: impl Into<Id<User>>, ids: &[Id<DayOff>]) -> Result<()> {
        self.0.act("daysOff.bulkDelete", &json!({ "user_id": user.into(), "ids": ids }))
    }
}
