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
}

model! {
    /// A deal.
    pub struct Deal {
        /// Its id.
        id: Id<Deal>,
        /// Its title.
        title: Option<String>,
        /// What it is about.
        summary: Option<String>,
        /// Its number.
        reference: Option<String>,
        /// How it stands.
        status: Option<DealStatus>,
        /// Whose it may become.
        lead: Option<Lead>,
        /// The department.
        department: Option<Reference<Department>>,
        /// What it may be worth.
        #[serde(default, deserialize_with = "money")]
        estimated_value: Option<Money>,
        /// When it may be closed.
        #[serde(default, with = "maybe")]
        estimated_closing_date: Option<Date>,
        /// How likely it is, from 0 to 1.
        estimated_probability: Option<Decimal>,
        /// Value times probability.
        #[serde(default, deserialize_with = "money")]
        weighted_value: Option<Money>,
        /// The customer's order number.
        purchase_order_number: Option<String>,
        /// The phase that it is in.
        current_phase: Option<Reference<DealPhase>>,
        /// Who looks after it.
        responsible_user: Option<Reference<User>>,
        /// When it was closed.
        #[serde(default, with = "maybe")]
        closed_at: Option<OffsetDateTime>,
        /// Where it came from.
        source: Option<Reference<DealSource>>,
        /// The phases that it went through; not in a list.
        phase_history: Option<Vec<PhaseVisit>>,
        /// Its quotations; not in a list.
        quotations: Option<Vec<Reference<Quotation>>>,
        /// Why it was lost.
        lost_reason: Option<LostBecause>,
        /// The pipeline that it is in.
        pipeline: Option<Reference<DealPipeline>>,
        /// Custom fields; in a list when they are asked for.
        custom_fields: Option<Vec<CustomField>>,
        /// The exchange rate of its value.
        currency_exchange_rate: Option<ExchangeRate>,
        /// When it was made.
        #[serde(default, with = "maybe")]
        created_at: Option<OffsetDateTime>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
        /// Its page in Teamleader.
        web_url: Option<String>,
    }
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
    pub fn customer_id(&self) -> Option<&Id<Anything>> {
        Some(&self.lead.as_ref()?.customer.as_ref()?.id)
    }

    /// `contact` or `company`.
    pub fn customer_type(&self) -> Option<&str> {
        Some(&self.lead.as_ref()?.customer.as_ref()?.kind)
    }

    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }

    /// The contact or company.
    pub fn customer(&self) -> Option<Customer> {
        self.lead.as_ref()?.customer.as_ref()?.customer()
    }
}

model! {
    /// Whose a deal may become, as it is answered.
    pub struct Lead {
        /// The contact or company.
        customer: Option<Reference>,
        /// The person to talk to.
        contact_person: Option<Reference<Contact>>,
    }
}

model! {
    /// A phase that a deal was in.
    pub struct PhaseVisit {
        /// Which phase.
        phase: Option<Reference<DealPhase>>,
        /// Since when.
        #[serde(default, with = "maybe")]
        started_at: Option<OffsetDateTime>,
        /// Who moved it there.
        started_by: Option<Reference<User>>,
    }
}

model! {
    /// Why a deal was lost.
    pub struct LostBecause {
        /// The reason, of those that the account has.
        reason: Option<Reference<LostReason>>,
        /// In words.
        remark: Option<String>,
    }
}

request! {
    /// Whose a deal may become.
    pub struct NewLead {
        /// The contact or company.
        customer: Customer,
        ; set
        /// The person to talk to, by the contact's id.
        contact_person_id: Id<Contact>,
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
        source_id: Id<DealSource>,
        /// The department, by its id.
        department_id: Id<Department>,
        /// Who looks after it, by the user's id.
        responsible_user_id: Id<User>,
        /// The phase that it begins in, by its id.
        phase_id: Id<DealPhase>,
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
        source_id: Id<DealSource>,
        /// The department, by its id.
        department_id: Id<Department>,
        /// Who looks after it, by the user's id.
        responsible_user_id: Id<User>,
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
    One(Id<User>),
    /// Those with these ids.
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
    /// Which deals.
    pub struct DealFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<Deal>>,
        /// Those that this text is found in: title, number, customer.
        term: String,
        /// Those of this contact or company.
        customer: Customer,
        /// Those in this phase.
        phase_id: Id<DealPhase>,
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
        pipeline_ids: Vec<Id<DealPipeline>>,
        ; clear
        /// Those that may be closed on this day, or for which no day is known.
        #[serde(with = "changed")]
        estimated_closing_date: Date,
    }
}

request! {
    /// A lost deal.
    pub struct Loss {
        ; set
        /// Why, of the reasons that the account has.
        reason_id: Id<LostReason>,
        /// Why, in words.
        extra_info: String,
    }
}

listed! {
    Deal => "deals.list", DealFilter, DealSort, DealInclude;
}

resource! {
    /// The deals of an account: [`Teamleader::deals`](super::Teamleader::deals).
    pub struct Deals of Deal
}

methods! {
    impl Deals of Deal;
    fetch {
        /// One.
        get(id: Deal) -> Deal = "deals.info";
    }
    make {
        /// Makes one; the answer is its reference.
        create(NewDeal) = "deals.create";
    }
    act {
        /// Moves one to another phase.
        move_to_phase(id: Deal, phase_id: DealPhase) = "deals.move";
        /// Marks one as won.
        win(id: Deal) = "deals.win";
        /// Deletes one.
        delete(id: Deal) = "deals.delete";
    }
    change {
        /// Changes one.
        update(DealUpdate) = "deals.update";
        /// Marks one as lost.
        lose(Loss) = "deals.lose";
    }
}
