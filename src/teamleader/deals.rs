//! Deals.

use serde::Serialize;
use time::{Date, OffsetDateTime};

use super::contacts::Contact;
use super::custom_fields::{CustomField, CustomFieldValue, NewCustomField};
use super::deal_phases::DealPhase;
use super::deal_pipelines::DealPipeline;
use super::deal_sources::DealSource;
use super::departments::Department;
use super::json::{changed, maybe, money};
use super::kinds::{Anything, User};
use super::lost_reasons::LostReason;
use super::macros::{listed, methods, model, request, resource};
use super::quotations::Quotation;
use super::{
    Change, CustomFieldsUpdate, Customer, Decimal, DocumentCurrency, ExchangeRate, Id, Money,
    Reference,
};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// The status of a deal.
    pub enum DealStatus {
        /// New. The specification names this status for lists, but not for a single deal.
        New = "new",
        /// Open.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
    }

    /// The fields that deals can be sorted by.
    pub enum DealSort {
        /// The time of creation.
        CreatedAt = "created_at",
        /// The estimated value times the probability.
        WeightedValue = "weighted_value",
    }

    /// Optional fields of a list of deals.
    pub enum DealInclude {
        /// The custom fields.
        CustomFields = "custom_fields",
    }
}

model! {
    /// A deal.
    pub struct Deal {
        /// The id.
        id: Id<Deal>,
        /// The title.
        title: Option<String>,
        /// The summary.
        summary: Option<String>,
        /// The number of the deal, such as `2017/2`.
        reference: Option<String>,
        /// The status.
        status: Option<DealStatus>,
        /// The lead: the customer that the deal is for.
        lead: Option<Lead>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The estimated value.
        #[serde(default, deserialize_with = "money")]
        estimated_value: Option<Money>,
        /// The estimated closing date.
        #[serde(default, with = "maybe")]
        estimated_closing_date: Option<Date>,
        /// The estimated probability, from 0 to 1.
        estimated_probability: Option<Decimal>,
        /// The estimated value times the probability.
        #[serde(default, deserialize_with = "money")]
        weighted_value: Option<Money>,
        /// The customer's order number.
        purchase_order_number: Option<String>,
        /// The current phase.
        current_phase: Option<Reference<DealPhase>>,
        /// The responsible user.
        responsible_user: Option<Reference<User>>,
        /// The time at which the deal was closed.
        #[serde(default, with = "maybe")]
        closed_at: Option<OffsetDateTime>,
        /// The source.
        source: Option<Reference<DealSource>>,
        /// The phases that the deal went through; not in a list.
        phase_history: Option<Vec<PhaseVisit>>,
        /// The quotations; not in a list.
        quotations: Option<Vec<Reference<Quotation>>>,
        /// Why the deal was lost.
        lost_reason: Option<LostBecause>,
        /// The pipeline.
        pipeline: Option<Reference<DealPipeline>>,
        /// The custom fields; in a list only on request.
        custom_fields: Option<Vec<CustomField>>,
        /// The exchange rate of the estimated value.
        currency_exchange_rate: Option<ExchangeRate>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// The URL of the deal's page in Teamleader.
        web_url: Option<String>,
    }
}

impl Deal {
    /// Whether the deal is neither won nor lost.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Some(DealStatus::Open | DealStatus::New))
    }

    /// Whether the deal is won.
    pub fn is_won(&self) -> bool {
        self.status == Some(DealStatus::Won)
    }

    /// Whether the deal is lost.
    pub fn is_lost(&self) -> bool {
        self.status == Some(DealStatus::Lost)
    }

    /// Returns the id of the customer, which is a contact or a company.
    pub fn customer_id(&self) -> Option<&Id<Anything>> {
        Some(&self.lead.as_ref()?.customer.as_ref()?.id)
    }

    /// Returns the type of the customer: `contact` or `company`.
    pub fn customer_type(&self) -> Option<&str> {
        Some(&self.lead.as_ref()?.customer.as_ref()?.kind)
    }

    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }

    /// Returns the customer, which is a contact or a company.
    pub fn customer(&self) -> Option<Customer> {
        self.lead.as_ref()?.customer.as_ref()?.customer()
    }
}

model! {
    /// The lead of a deal in an answer.
    pub struct Lead {
        /// The contact or company that the deal is for.
        customer: Option<Reference>,
        /// The contact person.
        contact_person: Option<Reference<Contact>>,
    }
}

model! {
    /// A phase that a deal went through.
    pub struct PhaseVisit {
        /// The phase.
        phase: Option<Reference<DealPhase>>,
        /// The time at which the deal entered the phase.
        #[serde(default, with = "maybe")]
        started_at: Option<OffsetDateTime>,
        /// The user who moved the deal to the phase.
        started_by: Option<Reference<User>>,
    }
}

model! {
    /// Why a deal was lost.
    pub struct LostBecause {
        /// The reason, from the account's list of lost reasons.
        reason: Option<Reference<LostReason>>,
        /// A remark.
        remark: Option<String>,
    }
}

request! {
    /// The lead of a deal: a customer and a contact person.
    pub struct NewLead {
        /// The contact or company that the deal is for.
        customer: Customer,
        ; set
        /// The id of the contact person.
        contact_person_id: Id<Contact>,
    }
}

impl From<Customer> for NewLead {
    fn from(customer: Customer) -> NewLead {
        NewLead::new(customer)
    }
}

request! {
    /// A new deal.
    pub struct NewDeal {
        /// The lead. A [`Customer`] converts to a lead.
        lead: NewLead,
        /// The title.
        title: String,
        ; set
        /// The summary.
        summary: String,
        /// The id of the deal's source.
        source_id: Id<DealSource>,
        /// The id of the department.
        department_id: Id<Department>,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        /// The id of the first phase.
        phase_id: Id<DealPhase>,
        /// The estimated value.
        estimated_value: Money,
        /// The estimated probability, from 0 to 1.
        estimated_probability: Decimal,
        /// The estimated closing date.
        #[serde(with = "maybe")]
        estimated_closing_date: Date,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The currency; Teamleader requires the exchange rate as well.
        currency: DocumentCurrency,
    }
}

request! {
    /// Changes to a deal. [`Deals::move_to_phase`] changes the phase.
    pub struct DealUpdate {
        ; set
        /// The lead: the customer that the deal is for.
        lead: NewLead,
        /// The title.
        title: String,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// The currency; Teamleader requires the exchange rate as well.
        currency: DocumentCurrency,
        ; clear
        /// The summary.
        summary: String,
        /// The id of the deal's source.
        source_id: Id<DealSource>,
        /// The id of the department.
        department_id: Id<Department>,
        /// The id of the responsible user.
        responsible_user_id: Id<User>,
        /// The estimated value.
        estimated_value: Money,
        /// The estimated probability, from 0 to 1.
        estimated_probability: Decimal,
        /// The estimated closing date.
        #[serde(with = "changed")]
        estimated_closing_date: Date,
    }
}

/// A user or several users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum Users {
    /// The user with this id.
    One(Id<User>),
    /// Any of the users with these ids.
    Any(Vec<Id<User>>),
}

impl From<&str> for Users {
    fn from(id: &str) -> Users {
        Users::One(id.into())
    }
}

impl From<Id<User>> for Users {
    fn from(id: Id<User>) -> Users {
        Users::One(id)
    }
}

impl From<Vec<Id<User>>> for Users {
    fn from(ids: Vec<Id<User>>) -> Users {
        Users::Any(ids)
    }
}

request! {
    /// A filter for deals.
    pub struct DealFilter {
        ; set
        /// Deals with one of these ids.
        ids: Vec<Id<Deal>>,
        /// Deals with this text in the title, the number or the customer's name.
        term: String,
        /// Deals of this contact or company.
        customer: Customer,
        /// Deals in this phase.
        phase_id: Id<DealPhase>,
        /// Deals with this estimated closing date or a later date.
        #[serde(with = "maybe")]
        estimated_closing_date_from: Date,
        /// Deals with this estimated closing date or an earlier date.
        #[serde(with = "maybe")]
        estimated_closing_date_until: Date,
        /// Deals for which one of these users is responsible.
        responsible_user_id: Users,
        /// Deals changed since this time.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Deals created before this time.
        #[serde(with = "maybe")]
        created_before: OffsetDateTime,
        /// Deals with one of these statuses.
        status: Vec<DealStatus>,
        /// Deals in one of these pipelines.
        pipeline_ids: Vec<Id<DealPipeline>>,
        ; clear
        /// Deals with this estimated closing date. `None` selects deals without an estimated closing date.
        #[serde(with = "changed")]
        estimated_closing_date: Date,
    }
}

request! {
    /// Why a deal was lost.
    pub struct Loss {
        ; set
        /// The id of the reason, from the account's list of lost reasons.
        reason_id: Id<LostReason>,
        /// A remark on the reason.
        extra_info: String,
    }
}

listed! {
    Deal => "deals.list", DealFilter, DealSort, DealInclude;
}

resource! {
    /// The operations on deals, from [`Teamleader::deals`](super::Teamleader::deals).
    pub struct Deals of Deal
}

methods! {
    impl Deals of Deal;
    fetch {
        /// Fetches one deal.
        get(id: Deal) -> Deal = "deals.info";
    }
    make {
        /// Creates a deal and returns a reference to the deal.
        create(NewDeal) = "deals.create";
    }
    act {
        /// Moves a deal to another phase.
        move_to_phase(id: Deal, phase_id: DealPhase) = "deals.move";
        /// Marks a deal as won.
        win(id: Deal) = "deals.win";
        /// Deletes the deal.
        delete(id: Deal) = "deals.delete";
    }
    change {
        /// Changes the deal.
        update(DealUpdate) = "deals.update";
        /// Marks a deal as lost.
        lose(Loss) = "deals.lose";
    }
}
