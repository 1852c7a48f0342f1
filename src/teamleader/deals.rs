//! Deals, and the pipelines and phases that they go through.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::custom_fields::{CustomField, CustomFieldValue, NewCustomField};
use super::json::{changed, maybe, money};
use super::macros::{listed, methods, request, resource};
use super::{
    Change, CustomFieldsUpdate, Customer, Decimal, DocumentCurrency, ExchangeRate, List, Money,
    Nothing, Reference,
};
use crate::error::Result;
use crate::sdk::open_enum;

pub use super::pipelines::{
    DealPhase, DealPhaseFilter, DealPhaseUpdate, DealPhases, DealPipeline, DealPipelineFilter,
    DealPipelineStatus, DealPipelines, FollowUp, NewDealPhase, Patience, PatienceUnit,
    PhaseMigration,
};

open_enum! {
    /// How a deal stands.
    pub enum DealStatus {
        /// New; in lists, and not in the specification of a single deal.
        New = "new",
        /// Open.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
    }

    /// What deals can be sorted by.
    pub enum DealSort {
        /// When they were made.
        CreatedAt = "created_at",
        /// Value times probability.
        WeightedValue = "weighted_value",
    }

    /// What more a list of deals can have.
    pub enum DealInclude {
        /// Custom fields.
        CustomFields = "custom_fields",
    }

    /// What sources and lost reasons can be sorted by.
    pub enum NameSort {
        /// The name.
        Name = "name",
    }
}

/// A deal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Deal {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it is about.
    pub summary: Option<String>,
    /// Its number.
    pub reference: Option<String>,
    /// How it stands.
    pub status: Option<DealStatus>,
    /// Whose it may become.
    pub lead: Option<Lead>,
    /// The department.
    pub department: Option<Reference>,
    /// What it may be worth.
    #[serde(default, deserialize_with = "money")]
    pub estimated_value: Option<Money>,
    /// When it may be closed.
    #[serde(default, with = "maybe")]
    pub estimated_closing_date: Option<Date>,
    /// How likely it is, from 0 to 1.
    pub estimated_probability: Option<Decimal>,
    /// Value times probability.
    #[serde(default, deserialize_with = "money")]
    pub weighted_value: Option<Money>,
    /// The customer's order number.
    pub purchase_order_number: Option<String>,
    /// The phase that it is in.
    pub current_phase: Option<Reference>,
    /// Who looks after it.
    pub responsible_user: Option<Reference>,
    /// When it was closed.
    #[serde(default, with = "maybe")]
    pub closed_at: Option<OffsetDateTime>,
    /// Where it came from.
    pub source: Option<Reference>,
    /// The phases that it went through; not in a list.
    pub phase_history: Option<Vec<PhaseVisit>>,
    /// Its quotations; not in a list.
    pub quotations: Option<Vec<Reference>>,
    /// Why it was lost.
    pub lost_reason: Option<LostBecause>,
    /// The pipeline that it is in.
    pub pipeline: Option<Reference>,
    /// Custom fields; in a list when they are asked for.
    pub custom_fields: Option<Vec<CustomField>>,
    /// The exchange rate of its value.
    pub currency_exchange_rate: Option<ExchangeRate>,
    /// When it was made.
    #[serde(default, with = "maybe")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "maybe")]
    pub updated_at: Option<OffsetDateTime>,
    /// Its page in Teamleader.
    pub web_url: Option<String>,
}

impl Deal {
    /// Whether it is neither won nor lost.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Some(DealStatus::Open | DealStatus::New))
    }

    /// Whether it is won.
    pub fn is_won(&self) -> bool {
        self.status == Some(DealStatus::Won)
    }

    /// Whether it is lost.
    pub fn is_lost(&self) -> bool {
        self.status == Some(DealStatus::Lost)
    }

    /// The id of the contact or company.
    pub fn customer_id(&self) -> Option<&str> {
        Some(&self.customer()?.id)
    }

    /// `contact` or `company`.
    pub fn customer_type(&self) -> Option<&str> {
        Some(&self.customer()?.kind)
    }

    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: &str) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }

    fn customer(&self) -> Option<&Reference> {
        self.lead.as_ref()?.customer.as_ref()
    }
}

/// Whose a deal may become, as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct Lead {
    /// The contact or company.
    pub customer: Option<Reference>,
    /// The person to talk to.
    pub contact_person: Option<Reference>,
}

/// A phase that a deal was in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct PhaseVisit {
    /// Which phase.
    pub phase: Option<Reference>,
    /// Since when.
    #[serde(default, with = "maybe")]
    pub started_at: Option<OffsetDateTime>,
    /// Who moved it there.
    pub started_by: Option<Reference>,
}

/// Why a deal was lost.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct LostBecause {
    /// The reason, of those that the account has.
    pub reason: Option<Reference>,
    /// In words.
    pub remark: Option<String>,
}

/// Where deals come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct DealSource {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// Why deals are lost.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[non_exhaustive]
pub struct LostReason {
    /// Its id.
    pub id: String,
    /// In words.
    pub name: Option<String>,
}

request! {
    /// Whose a deal may become.
    pub struct NewLead {
        /// The contact or company.
        customer: Customer,
        ; set
        /// The person to talk to, by the contact's id.
        contact_person_id: String,
    }
}

impl From<Customer> for NewLead {
    fn from(customer: Customer) -> NewLead {
        NewLead::new(customer)
    }
}

request! {
    /// A deal to be made.
    pub struct NewDeal {
        /// Whose it may become; a [`Customer`] will do.
        lead: NewLead,
        /// Its title.
        title: String,
        ; set
        /// What it is about.
        summary: String,
        /// Where it came from, by the source's id.
        source_id: String,
        /// The department, by its id.
        department_id: String,
        /// Who looks after it, by the user's id.
        responsible_user_id: String,
        /// The phase that it begins in, by its id.
        phase_id: String,
        /// What it may be worth.
        estimated_value: Money,
        /// How likely it is, from 0 to 1.
        estimated_probability: Decimal,
        /// When it may be closed.
        #[serde(with = "maybe")]
        estimated_closing_date: Date,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// Its currency; Teamleader wants the exchange rate as well.
        currency: DocumentCurrency,
    }
}

request! {
    /// A change of a deal. Its phase is changed by [`Deals::move_to_phase`].
    pub struct DealUpdate {
        /// Which deal.
        id: String,
        ; set
        /// Whose it may become.
        lead: NewLead,
        /// Its title.
        title: String,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        /// Its currency; Teamleader wants the exchange rate as well.
        currency: DocumentCurrency,
        ; clear
        /// What it is about.
        summary: String,
        /// Where it came from, by the source's id.
        source_id: String,
        /// The department, by its id.
        department_id: String,
        /// Who looks after it, by the user's id.
        responsible_user_id: String,
        /// What it may be worth.
        estimated_value: Money,
        /// How likely it is, from 0 to 1.
        estimated_probability: Decimal,
        /// When it may be closed.
        #[serde(with = "changed")]
        estimated_closing_date: Date,
    }
}

/// One user or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum Users {
    /// The one with this id.
    One(String),
    /// Those with these ids.
    Any(Vec<String>),
}

impl From<&str> for Users {
    fn from(id: &str) -> Users {
        Users::One(id.to_owned())
    }
}

impl From<Vec<String>> for Users {
    fn from(ids: Vec<String>) -> Users {
        Users::Any(ids)
    }
}

request! {
    /// Which deals.
    pub struct DealFilter {
        ; set
        /// Those with these ids.
        ids: Vec<String>,
        /// Those that this text is found in: title, number, customer.
        term: String,
        /// Those of this contact or company.
        customer: Customer,
        /// Those in this phase.
        phase_id: String,
        /// Those that may be closed on this day or later.
        #[serde(with = "maybe")]
        estimated_closing_date_from: Date,
        /// Those that may be closed on this day or before.
        #[serde(with = "maybe")]
        estimated_closing_date_until: Date,
        /// Those that one of these users looks after.
        responsible_user_id: Users,
        /// Those changed since.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
        /// Those made before.
        #[serde(with = "maybe")]
        created_before: OffsetDateTime,
        /// Those that stand so.
        status: Vec<DealStatus>,
        /// Those in these pipelines.
        pipeline_ids: Vec<String>,
        ; clear
        /// Those that may be closed on this day, or for which no day is known.
        #[serde(with = "changed")]
        estimated_closing_date: Date,
    }
}

request! {
    /// Which of them.
    pub struct IdFilter {
        ; set
        /// Those with these ids.
        ids: Vec<String>,
    }
}

request! {
    /// A lost deal.
    pub struct Loss {
        /// Which deal.
        id: String,
        ; set
        /// Why, of the reasons that the account has.
        reason_id: String,
        /// Why, in words.
        extra_info: String,
    }
}

listed! {
    Deal => "deals.list", DealFilter, DealSort, DealInclude;
    DealSource => "dealSources.list", IdFilter, NameSort, Nothing;
    LostReason => "lostReasons.list", IdFilter, NameSort, Nothing;
}

resource! {
    /// The deals of an account: [`Teamleader::deals`](super::Teamleader::deals).
    pub struct Deals of Deal
}

methods! {
    impl Deals;
    fetch {
        /// One.
        get(id: &str) -> Deal = "deals.info";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewDeal) = "deals.create";
    }
    act {
        /// Moves one to another phase.
        move_to_phase(id: &str, phase_id: &str) = "deals.move";
        /// Marks one as won.
        win(id: &str) = "deals.win";
        /// Deletes one.
        delete(id: &str) = "deals.delete";
    }
    send {
        /// Changes one.
        update(DealUpdate) = "deals.update";
        /// Marks one as lost.
        lose(Loss) = "deals.lose";
    }
}

impl<'a> Deals<'a> {
    /// Where deals come from.
    pub fn sources(self) -> List<'a, DealSource> {
        List::new(self.0)
    }

    /// Why deals are lost.
    pub fn lost_reasons(self) -> List<'a, LostReason> {
        List::new(self.0)
    }

    /// The phases, of all pipelines.
    pub fn phases(self) -> List<'a, DealPhase> {
        List::new(self.0)
    }

    /// The pipelines.
    pub fn pipelines(self) -> List<'a, DealPipeline> {
        List::new(self.0)
    }
}
