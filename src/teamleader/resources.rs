//! The methods of [`Teamleader`] that return the resources.

use super::{
    Teamleader, accounts, calls, credit_notes, days_off, events, expenses, incoming,
    legacy_projects, lookups, meetings, milestones, notes, orders, planning, project_groups,
    project_materials, project_tasks, projects, receipts, settings, subscriptions, tasks, tickets,
    time_tracking, users,
};

macro_rules! lists {
    ($( $(#[$about:meta])* $name:ident -> $module:ident::$resource:ident; )+) => {
        impl Teamleader {
            $(
                $(#[$about])*
                pub fn $name(&self) -> $module::$resource<'_> {
                    $module::$resource(self)
                }
            )+
        }
    };
}

lists! {
    /// Returns the operations on users.
    users -> users::Users;
    /// Returns the operations on teams of users.
    teams -> users::Teams;
    /// Returns the operations on tax rates.
    tax_rates -> settings::TaxRates;
    /// Returns the operations on rates of withholding tax.
    withholding_tax_rates -> settings::WithholdingTaxRates;
    /// Returns the operations on payment methods.
    payment_methods -> settings::PaymentMethods;
    /// Returns the operations on categories of products.
    product_categories -> settings::ProductCategories;
    /// Returns the operations on units of measure.
    units_of_measure -> settings::UnitsOfMeasure;
    /// Returns the operations on price lists.
    price_lists -> settings::PriceLists;
    /// Returns the operations on types of work.
    work_types -> settings::WorkTypes;
    /// Returns the operations on types of activities.
    activity_types -> settings::ActivityTypes;
    /// Returns the operations on outcomes of calls.
    call_outcomes -> settings::CallOutcomes;
    /// Returns the operations on types of days off.
    day_off_types -> settings::DayOffTypes;
    /// Returns the operations on tasks.
    tasks -> tasks::Tasks;
    /// Returns the operations on tracked time.
    time_tracking -> time_tracking::TimeTracking;
    /// Returns the operations on the timer of the user who is logged in.
    timers -> time_tracking::Timers;
    /// Returns the operations on events in the calendar.
    events -> events::Events;
    /// Returns the operations on meetings.
    meetings -> meetings::Meetings;
    /// Returns the operations on calls.
    calls -> calls::Calls;
    /// Returns the operations on credit notes.
    credit_notes -> credit_notes::CreditNotes;
    /// Returns the operations on orders at suppliers.
    orders -> orders::Orders;
    /// Returns the operations on subscriptions.
    subscriptions -> subscriptions::Subscriptions;
    /// Returns the operations on tickets.
    tickets -> tickets::Tickets;
    /// Returns the operations on statuses of tickets.
    ticket_statuses -> tickets::TicketStatuses;
    /// Returns the operations on projects of the newer module.
    projects -> projects::Projects;
    /// Returns the operations on groups of tasks and materials in projects.
    project_groups -> project_groups::ProjectGroups;
    /// Returns the operations on tasks of projects of the newer module.
    project_tasks -> project_tasks::ProjectTasks;
    /// Returns the operations on materials of projects of the newer module.
    project_materials -> project_materials::ProjectMaterials;
    /// Returns the operations on projects of the older module.
    legacy_projects -> legacy_projects::LegacyProjects;
    /// Returns the operations on milestones of projects of the older module.
    milestones -> milestones::Milestones;
    /// Returns the operations on notes.
    notes -> notes::Notes;
    /// Returns the operations on tracked emails.
    email_tracking -> notes::EmailTracking;
    /// Returns the operations on templates of emails.
    mail_templates -> notes::MailTemplates;
    /// Returns the operations on templates of documents.
    document_templates -> notes::DocumentTemplates;
    /// Returns the operations on legal forms of companies.
    business_types -> lookups::BusinessTypes;
    /// Returns the operations on payment terms.
    payment_terms -> lookups::PaymentTerms;
    /// Returns the operations on discounts.
    commercial_discounts -> lookups::CommercialDiscounts;
    /// Returns the operations on closing days.
    closing_days -> lookups::ClosingDays;
    /// Returns the operations on regions and provinces.
    level_two_areas -> lookups::LevelTwoAreas;
    /// Returns the operations on exchange rates.
    currencies -> lookups::Currencies;
    /// Returns the operations on days off of users.
    days_off -> days_off::DaysOff;
    /// Returns the operations on expenses.
    expenses -> expenses::Expenses;
    /// Returns the operations on submissions to the bookkeeping.
    bookkeeping_submissions -> expenses::BookkeepingSubmissions;
    /// Returns the operations on incoming invoices.
    incoming_invoices -> incoming::IncomingInvoices;
    /// Returns the operations on incoming credit notes.
    incoming_credit_notes -> incoming::IncomingCreditNotes;
    /// Returns the operations on receipts.
    receipts -> receipts::Receipts;
    /// Returns the operations on work that can be planned.
    plannable_items -> planning::PlannableItems;
    /// Returns the operations on reservations.
    reservations -> planning::Reservations;
    /// Returns the operations on the available time of users.
    user_availability -> planning::UserAvailabilities;
    /// Returns the operations on the account.
    account -> accounts::Account;
}
