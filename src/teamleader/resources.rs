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
    /// The users.
    users -> users::Users;
    /// The teams of users.
    teams -> users::Teams;
    /// The tax rates.
    tax_rates -> settings::TaxRates;
    /// The rates of withholding tax.
    withholding_tax_rates -> settings::WithholdingTaxRates;
    /// The payment methods.
    payment_methods -> settings::PaymentMethods;
    /// The categories of products.
    product_categories -> settings::ProductCategories;
    /// The units of measure.
    units_of_measure -> settings::UnitsOfMeasure;
    /// The price lists.
    price_lists -> settings::PriceLists;
    /// The types of work.
    work_types -> settings::WorkTypes;
    /// The types of activities.
    activity_types -> settings::ActivityTypes;
    /// The outcomes of calls.
    call_outcomes -> settings::CallOutcomes;
    /// The types of days off.
    day_off_types -> settings::DayOffTypes;
    /// The tasks.
    tasks -> tasks::Tasks;
    /// The tracked time.
    time_tracking -> time_tracking::TimeTracking;
    /// The timer of the user who is logged in.
    timers -> time_tracking::Timers;
    /// The events in the calendar.
    events -> events::Events;
    /// The meetings.
    meetings -> meetings::Meetings;
    /// The calls.
    calls -> calls::Calls;
    /// The credit notes.
    credit_notes -> credit_notes::CreditNotes;
    /// The orders at suppliers.
    orders -> orders::Orders;
    /// The subscriptions.
    subscriptions -> subscriptions::Subscriptions;
    /// The tickets.
    tickets -> tickets::Tickets;
    /// The statuses of tickets.
    ticket_statuses -> tickets::TicketStatuses;
    /// The projects of the newer module.
    projects -> projects::Projects;
    /// The groups of tasks and materials in projects.
    project_groups -> project_groups::ProjectGroups;
    /// The tasks of projects of the newer module.
    project_tasks -> project_tasks::ProjectTasks;
    /// The materials of projects of the newer module.
    project_materials -> project_materials::ProjectMaterials;
    /// The projects of the older module.
    legacy_projects -> legacy_projects::LegacyProjects;
    /// The milestones of projects of the older module.
    milestones -> milestones::Milestones;
    /// The notes.
    notes -> notes::Notes;
    /// The tracked emails.
    email_tracking -> notes::EmailTracking;
    /// The templates of emails.
    mail_templates -> notes::MailTemplates;
    /// The templates of documents.
    document_templates -> notes::DocumentTemplates;
    /// The legal forms of companies.
    business_types -> lookups::BusinessTypes;
    /// The payment terms.
    payment_terms -> lookups::PaymentTerms;
    /// The discounts.
    commercial_discounts -> lookups::CommercialDiscounts;
    /// The closing days.
    closing_days -> lookups::ClosingDays;
    /// The regions and provinces.
    level_two_areas -> lookups::LevelTwoAreas;
    /// The exchange rates.
    currencies -> lookups::Currencies;
    /// The days off of users.
    days_off -> days_off::DaysOff;
    /// The expenses.
    expenses -> expenses::Expenses;
    /// What was sent to the bookkeeping.
    bookkeeping_submissions -> expenses::BookkeepingSubmissions;
    /// The incoming invoices.
    incoming_invoices -> incoming::IncomingInvoices;
    /// The incoming credit notes.
    incoming_credit_notes -> incoming::IncomingCreditNotes;
    /// The receipts.
    receipts -> receipts::Receipts;
    /// The work that can be planned.
    plannable_items -> planning::PlannableItems;
    /// The reservations.
    reservations -> planning::Reservations;
    /// The time that users have.
    user_availability -> planning::UserAvailabilities;
    /// The account.
    account -> accounts::Account;
}
