//! Tracked time, and the timer that runs now.

use time::{Date, OffsetDateTime};

use super::declare::{body, enums, object};
use super::invoices::Invoice;
use super::kinds::User;
use super::macros::{bare, included, listed, methods, resource};
use super::products::Product;
use super::settings::WorkType;
use super::{Decimal, Id, Money, Reference};
use crate::error::Result;

enums! {
    /// The fields that tracked time can be sorted by.
    pub enum TimeSort {
        /// The day.
        StartsOn = "starts_on",
    }

    /// Optional parts of tracked time.
    pub enum TimeInclude {
        /// The materials that were used.
        Materials = "materials",
        /// The objects that the time is related to.
        RelatesTo = "relates_to",
    }

    /// How tracked time was billed.
    pub enum BillingType {
        /// With an invoice.
        Invoice = "invoice",
        /// From a prepaid budget.
        Prepaid = "prepaid",
    }

    /// The type of object that time is tracked for.
    pub enum TimeSubjectType {
        /// A company.
        Company = "company",
        /// A contact.
        Contact = "contact",
        /// An event.
        Event = "event",
        /// A task.
        Todo = "todo",
        /// A milestone.
        Milestone = "milestone",
        /// A ticket.
        Ticket = "ticket",
    }
}

object! {
    /// How tracked time was billed.
    pub struct BillingInfo {
        /// The type.
        kind as "type": Option<BillingType>,
        /// The invoice.
        invoice: Option<Reference<Invoice>>,
    }
}

object! {
    /// A material that was used.
    pub struct TrackedMaterial {
        /// The product.
        product: Option<Reference<Product>>,
        /// The description.
        description: Option<String>,
        /// The price of one unit.
        unit_price: Option<Money>,
        /// The quantity, in units of measure.
        quantity: Option<Decimal>,
    }
}

object! {
    /// Time that a user tracked.
    pub struct TrackedTime {
        /// The id.
        id: Id<TrackedTime>,
        /// The user.
        user: Option<Reference<User>>,
        /// The type of the work.
        work_type: Option<Reference<WorkType>>,
        /// The day.
        started_on: Option<Date>,
        /// The start.
        started_at: Option<OffsetDateTime>,
        /// The end.
        ended_at: Option<OffsetDateTime>,
        /// The length, in seconds.
        duration: Option<u64>,
        /// The description.
        description: Option<String>,
        /// The object that the time was tracked for.
        subject: Option<Reference>,
        /// Whether the time is invoiced.
        invoiceable: Option<bool>,
        /// Whether the time can no longer be changed; not in a list.
        locked: Option<bool>,
        /// How the time was billed.
        billing_info: Option<BillingInfo>,
        /// The materials that were used; only on request.
        materials: Vec<TrackedMaterial>,
        /// The objects that the time is related to; only on request.
        relates_to: Vec<Reference>,
        /// The rate of one hour.
        hourly_rate: Option<Money>,
    }
}

body! {
    own new;
    /// New tracked time. [`NewTrackedTime::lasting`], [`NewTrackedTime::between`] and [`NewTrackedTime::on`] make
    /// a request.
    pub struct NewTrackedTime {
        ; set
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The description.
        description: String,
        /// The object that the time is tracked for.
        subject: Reference,
        /// Whether the time is invoiced.
        invoiceable: bool,
        /// The id of the user.
        user_id: Id<User>,
        /// The start.
        started_at: OffsetDateTime,
        /// The length, in seconds.
        duration: u64,
        /// The end.
        ended_at: OffsetDateTime,
        /// The day.
        started_on: Date,
    }
}

impl NewTrackedTime {
    /// Time from this moment on, of this length in seconds.
    pub fn lasting(started_at: OffsetDateTime, seconds: u64) -> NewTrackedTime {
        NewTrackedTime::new().started_at(started_at).duration(seconds)
    }

    /// Time from one moment to another.
    pub fn between(started_at: OffsetDateTime, ended_at: OffsetDateTime) -> NewTrackedTime {
        NewTrackedTime::new().started_at(started_at).ended_at(ended_at)
    }

    /// Time on this day, of this length in seconds.
    pub fn on(started_on: Date, seconds: u64) -> NewTrackedTime {
        NewTrackedTime::new().started_on(started_on).duration(seconds)
    }
}

body! {
    own new;
    /// Changes to tracked time. Teamleader demands the start and the length: [`TrackedTimeUpdate::lasting`] and
    /// [`TrackedTimeUpdate::on`] make a request.
    pub struct TrackedTimeUpdate {
        /// The length, in seconds.
        duration: u64,
        ; set
        /// Whether the time is invoiced.
        invoiceable: bool,
        /// The start.
        started_at: OffsetDateTime,
        /// The day.
        started_on: Date,
        ; clear
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The description.
        description: String,
        /// The object that the time is tracked for.
        subject: Reference,
    }
}

impl TrackedTimeUpdate {
    /// Time from this moment on, of this length in seconds.
    pub fn lasting(started_at: OffsetDateTime, seconds: u64) -> TrackedTimeUpdate {
        TrackedTimeUpdate::new(seconds).started_at(started_at)
    }

    /// Time on this day, of this length in seconds.
    pub fn on(started_on: Date, seconds: u64) -> TrackedTimeUpdate {
        TrackedTimeUpdate::new(seconds).started_on(started_on)
    }
}

body! {
    /// When a new timer for tracked time starts.
    pub struct TimeResume {
        ; set
        /// The start; the default is now.
        started_at: OffsetDateTime,
    }
}

body! {
    /// A filter for tracked time.
    pub struct TimeFilter {
        ; set
        /// Entries with one of these ids.
        ids: Vec<Id<TrackedTime>>,
        /// Entries of this user.
        user_id: Id<User>,
        /// Entries that start after this time.
        started_after: OffsetDateTime,
        /// Entries that start before this time.
        started_before: OffsetDateTime,
        /// Entries that end after this time.
        ended_after: OffsetDateTime,
        /// Entries that end before this time.
        ended_before: OffsetDateTime,
        /// Entries for this object.
        subject: Reference,
        /// Entries for objects of one of these types.
        subject_types: Vec<TimeSubjectType>,
        /// Entries that are related to this object.
        relates_to: Reference,
    }
}

listed! {
    TrackedTime => "timeTracking.list", TimeFilter, TimeSort, TimeInclude;
}

resource! {
    /// The operations on tracked time, from [`Teamleader::time_tracking`](super::Teamleader::time_tracking).
    pub struct TimeTracking of TrackedTime
}

methods! {
    impl TimeTracking of TrackedTime;
    fetch {
        /// Fetches one entry.
        get(id: TrackedTime) -> TrackedTime = "timeTracking.info";
    }
    make {
        /// Adds tracked time and returns a reference to the entry.
        create(NewTrackedTime) = "timeTracking.add";
    }
    credit {
        /// Starts a timer with the content of the entry and returns a reference to the timer.
        resume(TimeResume) -> Timer = "timeTracking.resume";
    }
    act {
        /// Deletes the entry.
        delete(id: TrackedTime) = "timeTracking.delete";
    }
    change {
        /// Changes the entry.
        update(TrackedTimeUpdate) = "timeTracking.update";
    }
}

included! { TimeTracking of TrackedTime, TimeInclude = "timeTracking.info" }

object! {
    /// A timer that runs.
    pub struct Timer {
        /// The id.
        id: Id<Timer>,
        /// The user.
        user: Option<Reference<User>>,
        /// The type of the work.
        work_type: Option<Reference<WorkType>>,
        /// The start.
        started_at: Option<OffsetDateTime>,
        /// The description.
        description: Option<String>,
        /// The object that the time is tracked for.
        subject: Option<Reference>,
        /// Whether the time is invoiced.
        invoiceable: Option<bool>,
    }
}

body! {
    /// A new timer.
    pub struct NewTimer {
        ; set
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The start; the default is now.
        started_at: OffsetDateTime,
        /// The description.
        description: String,
        /// The object that the time is tracked for.
        subject: Reference,
        /// Whether the time is invoiced.
        invoiceable: bool,
    }
}

body! {
    /// Changes to the timer that runs.
    pub struct TimerUpdate {
        ; set
        /// The start.
        started_at: OffsetDateTime,
        /// Whether the time is invoiced.
        invoiceable: bool,
        ; clear
        /// The id of the type of work.
        work_type_id: Id<WorkType>,
        /// The description.
        description: String,
        /// The object that the time is tracked for.
        subject: Reference,
    }
}

bare! {
    /// The operations on the timer of the user who is logged in, from [`Teamleader::timers`](super::Teamleader::timers).
    pub struct Timers
}

methods! {
    impl Timers of Timer;
    make {
        /// Starts a timer and returns a reference to the timer. Teamleader stops a running timer first.
        start(NewTimer) = "timers.start";
    }
    put {
        /// Changes the timer that runs.
        update(TimerUpdate) = "timers.update";
    }
}

impl Timers<'_> {
    /// Fetches the timer that runs. Returns `None` if Teamleader sends `null`.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn current(self) -> Result<Option<Timer>> {
        self.0.fetch("timers.current", &())
    }

    /// Stops the timer and returns a reference to the tracked time.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    #[inline]
    pub fn stop(self) -> Result<Reference<TrackedTime>> {
        self.0.fetch("timers.stop", &())
    }
}
