//! Subscriptions: invoices that repeat.

use time::{Date, OffsetDateTime};

use super::contacts::Contact;
use super::custom_fields::{CustomField, NewCustomField};
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::departments::Department;
use super::invoices::{Invoice, NewInvoicee};
use super::lines::{LineGroup, LineItem, NewInvoiceLine, Periodicity};
use super::macros::{listed, methods, resource};
use super::notes::DocumentTemplate;
use super::projects::Project;
use super::{ActiveStatus, Currency, Customer, Id, Money, Nothing, PaymentTerm, Reference, Tax};
use crate::error::Result;

enums! {
    /// The fields that subscriptions can be sorted by.
    pub enum SubscriptionSort {
        /// The title.
        Title = "title",
        /// The time of creation.
        CreatedAt = "created_at",
        /// The status.
        Status = "status",
    }

    /// What happens with each new invoice of a subscription.
    pub enum InvoiceAction {
        /// The invoice stays a draft.
        Draft = "draft",
        /// The invoice is booked.
        Book = "book",
        /// The invoice is booked and sent.
        BookAndSend = "book_and_send",
    }

    /// A way of sending an invoice.
    pub enum SendingMethod {
        /// By email.
        Email = "email",
        /// Through Peppol.
        Peppol = "peppol",
        /// By post.
        PostalService = "postal_service",
    }

    /// How a subscription is paid.
    pub enum SubscriptionPaymentMethod {
        /// By direct debit.
        DirectDebit = "direct_debit",
    }
}

object! {
    /// How often and when a subscription makes an invoice.
    pub struct BillingCycle {
        /// The period between two invoices.
        periodicity: Option<Periodicity>,
        /// How many days before its period an invoice is made: 0, 7, 14, 21 or 28.
        days_in_advance: Option<u64>,
    }
}

impl BillingCycle {
    /// Makes a cycle.
    pub fn new(periodicity: Periodicity, days_in_advance: u64) -> BillingCycle {
        let (periodicity, days_in_advance) = (Some(periodicity), Some(days_in_advance));
        BillingCycle { periodicity, days_in_advance, extra: serde_json::Map::new() }
    }
}

object! {
    /// The person whose attention an invoice is for.
    pub struct ForAttentionOf {
        /// The name.
        name: Option<String>,
        /// The contact.
        contact: Option<Reference<Contact>>,
    }
}

object! {
    /// The customer who gets the invoices of a subscription.
    pub struct SubscriptionInvoicee {
        /// The contact or the company.
        customer: Option<Reference>,
        /// The person whose attention the invoice is for.
        for_attention_of: Option<ForAttentionOf>,
    }
}

object! {
    /// The totals of a subscription.
    pub struct SubscriptionTotal {
        /// The total without tax.
        tax_exclusive: Option<Money>,
        /// The total with tax.
        tax_inclusive: Option<Money>,
        /// The tax at each rate.
        taxes: Vec<Tax>,
    }
}

object! {
    /// A way in which an invoice is sent.
    pub struct SendingMethodEntry {
        /// The way of sending.
        method: Option<SendingMethod>,
    }
}

object! {
    /// What happens with each new invoice of a subscription.
    pub struct InvoiceGeneration {
        /// The action.
        action: Option<InvoiceAction>,
        /// The ways in which the invoice is sent.
        sending_methods: Vec<SendingMethodEntry>,
        /// The payment method.
        payment_method: Option<SubscriptionPaymentMethod>,
    }
}

object! {
    /// A subscription: an invoice that repeats.
    pub struct Subscription {
        /// The id.
        id: Id<Subscription>,
        /// The title.
        title: Option<String>,
        /// A note.
        note: Option<String>,
        /// The status.
        status: Option<ActiveStatus>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The invoicee: the customer who gets the invoice.
        invoicee: Option<SubscriptionInvoicee>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The date of the next renewal.
        next_renewal_date: Option<Date>,
        /// The totals.
        total: Option<SubscriptionTotal>,
        /// The URL of the object's page in Teamleader.
        web_url: Option<String>,
        /// The first day.
        starts_on: Option<Date>,
        /// The last day; `None` without an end.
        ends_on: Option<Date>,
        /// How often and when an invoice is made.
        billing_cycle: Option<BillingCycle>,
        /// The payment term; not in a list.
        payment_term: Option<PaymentTerm>,
        /// The lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// What happens with each new invoice; not in a list.
        invoice_generation: Option<InvoiceGeneration>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The document template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// The currency; not in a list.
        currency: Option<Currency>,
        /// The time of creation.
        created_at: Option<OffsetDateTime>,
    }
}

body! {
    /// A way in which an invoice is sent, in a request.
    pub struct NewSendingMethod {
        /// The way of sending.
        method: SendingMethod,
    }
}

body! {
    own new;
    /// What happens with each new invoice of a subscription, in a request.
    pub struct NewInvoiceGeneration {
        /// The action.
        action: InvoiceAction,
        ; set
        /// The ways in which the invoice is sent.
        sending_methods: Vec<NewSendingMethod>,
        ; clear
        /// The payment method.
        payment_method: SubscriptionPaymentMethod,
    }
}

impl NewInvoiceGeneration {
    /// Leaves each new invoice as a draft.
    pub fn draft() -> NewInvoiceGeneration {
        NewInvoiceGeneration::new(InvoiceAction::Draft)
    }

    /// Books each new invoice.
    pub fn book() -> NewInvoiceGeneration {
        NewInvoiceGeneration::new(InvoiceAction::Book)
    }

    /// Books each new invoice and sends the invoice in these ways.
    pub fn book_and_send(ways: impl IntoIterator<Item = SendingMethod>) -> NewInvoiceGeneration {
        let ways: Vec<NewSendingMethod> = ways.into_iter().map(NewSendingMethod::new).collect();
        NewInvoiceGeneration::new(InvoiceAction::BookAndSend).sending_methods(ways)
    }
}

body! {
    /// A new subscription.
    pub struct NewSubscription {
        /// The invoicee. A [`Customer`] converts to an invoicee.
        invoicee: NewInvoicee,
        /// The id of the department.
        department_id: Id<Department>,
        /// The first day.
        starts_on: Date,
        /// How often and when an invoice is made.
        billing_cycle: BillingCycle,
        /// The title.
        title: String,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// The payment term.
        payment_term: PaymentTerm,
        /// What happens with each new invoice.
        invoice_generation: NewInvoiceGeneration,
        ; set
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The id of the project.
        project_id: Id<Project>,
        /// A note.
        note: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// The last day; `None` without an end.
        ends_on: Date,
    }
}

body! {
    /// Changes to a subscription. Lists are replaced as a whole.
    pub struct SubscriptionUpdate {
        ; set
        /// The first day.
        starts_on: Date,
        /// How often and when an invoice is made.
        billing_cycle: BillingCycle,
        /// The title.
        title: String,
        /// The invoicee: the customer who gets the invoice.
        invoicee: NewInvoicee,
        /// The id of the department.
        department_id: Id<Department>,
        /// The id of the project.
        project_id: Id<Project>,
        /// The id of the deal.
        deal_id: Id<Deal>,
        /// The lines.
        grouped_lines: Vec<LineGroup<NewInvoiceLine>>,
        /// What happens with each new invoice.
        invoice_generation: NewInvoiceGeneration,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The id of the document template.
        document_template_id: Id<DocumentTemplate>,
        ; clear
        /// The last day; `None` without an end.
        ends_on: Date,
        /// The payment term.
        payment_term: PaymentTerm,
        /// A note.
        note: String,
    }
}

body! {
    /// A filter for subscriptions.
    pub struct SubscriptionFilter {
        ; set
        /// Subscriptions with one of these ids.
        ids: Vec<Id<Subscription>>,
        /// Subscriptions of this invoice.
        invoice_id: Id<Invoice>,
        /// Subscriptions of this deal.
        deal_id: Id<Deal>,
        /// Subscriptions of this department.
        department_id: Id<Department>,
        /// Subscriptions of this contact or company.
        customer: Customer,
        /// Subscriptions with one of these statuses.
        status: Vec<ActiveStatus>,
    }
}

listed! {
    Subscription => "subscriptions.list", SubscriptionFilter, SubscriptionSort, Nothing;
}

resource! {
    /// The operations on subscriptions, from [`Teamleader::subscriptions`](super::Teamleader::subscriptions).
    pub struct Subscriptions of Subscription
}

methods! {
    impl Subscriptions of Subscription;
    fetch {
        /// Fetches one subscription.
        get(id: Subscription) -> Subscription = "subscriptions.info";
    }
    make {
        /// Creates a subscription and returns a reference to the subscription.
        create(NewSubscription) = "subscriptions.create";
    }
    act {
        /// Ends the subscription.
        deactivate(id: Subscription) = "subscriptions.deactivate";
    }
    change {
        /// Changes the subscription.
        update(SubscriptionUpdate) = "subscriptions.update";
    }
}
