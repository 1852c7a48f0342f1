//! The lines of invoices and quotations.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use time::Date;

use super::json::{changed, maybe, money};
use super::kinds::{ProductCategory, TaxRate, UnitOfMeasure, WithholdingTaxRate};
use super::macros::{model, request};
use super::products::Product;
use super::{Change, Currency, Decimal, Id, Money, Reference};
use crate::sdk::open_enum;

open_enum! {
    /// What the value of a discount is.
    pub enum DiscountType {
        /// A percentage.
        Percentage = "percentage",
    }

    /// Whether a price has its tax in it.
    pub enum TaxMode {
        /// It has not.
        Excluding = "excluding",
    }

    /// What a period is counted in.
    pub enum PeriodUnit {
        /// Weeks.
        Week = "week",
        /// Months.
        Month = "month",
        /// Years.
        Year = "year",
    }

    /// What happens to a quotation that has expired.
    pub enum ActionAfterExpiry {
        /// It is locked.
        Lock = "lock",
        /// Nothing.
        Nothing = "none",
    }
}

model! {
    /// Lines under a title. In an answer the lines are [`LineItem`]s.
    pub struct LineGroup<L> {
        /// The title above the lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<Section>,
        /// The lines.
        line_items: Vec<L>,
    }
}

impl<L> LineGroup<L> {
    /// Lines without a title.
    pub fn new(line_items: impl Into<Vec<L>>) -> LineGroup<L> {
        LineGroup { section: None, line_items: line_items.into(), extra: Map::new() }
    }

    /// Lines under a title.
    pub fn titled(title: impl Into<String>, line_items: impl Into<Vec<L>>) -> LineGroup<L> {
        let section = Some(Section { title: title.into() });
        LineGroup { section, line_items: line_items.into(), extra: Map::new() }
    }
}

/// The title above lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Section {
    /// The title; it may be empty.
    pub title: String,
}

/// A price without its tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPrice {
    /// How much.
    pub amount: Decimal,
    /// In which currency. A quotation is answered with it; a request has none, since the document
    /// has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Whether the tax is in it.
    pub tax: TaxMode,
}

impl UnitPrice {
    /// So much, in the currency of the document.
    pub fn new(amount: impl Into<Decimal>) -> UnitPrice {
        UnitPrice { amount: amount.into(), currency: None, tax: TaxMode::Excluding }
    }
}

impl From<Decimal> for UnitPrice {
    fn from(amount: Decimal) -> UnitPrice {
        UnitPrice::new(amount)
    }
}

/// A discount on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Discount {
    /// How much.
    pub value: Decimal,
    /// Of what.
    #[serde(rename = "type")]
    pub kind: DiscountType,
}

impl Discount {
    /// So many percent.
    pub fn percent(value: impl Into<Decimal>) -> Discount {
        Discount { value: value.into(), kind: DiscountType::Percentage }
    }
}

/// A discount on a whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommercialDiscount {
    /// Of what it is a part.
    #[serde(rename = "type")]
    pub kind: DiscountType,
    /// How much.
    pub value: Decimal,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl CommercialDiscount {
    /// So many percent, and what for.
    pub fn percent(value: impl Into<Decimal>, what_for: impl Into<String>) -> CommercialDiscount {
        let description = Some(what_for.into());
        CommercialDiscount { kind: DiscountType::Percentage, value: value.into(), description }
    }
}

/// How often a line comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Periodicity {
    /// Counted in what.
    pub unit: PeriodUnit,
    /// Every how many: 1 or 2 weeks; 1, 2, 3, 4 or 6 months; 1 to 10 years.
    pub period: u32,
}

model! {
    /// A line, as it is answered.
    pub struct LineItem {
        /// The product, if it is one.
        product: Option<Reference<Product>>,
        /// The product's category.
        product_category: Option<Reference<ProductCategory>>,
        /// How many.
        quantity: Option<Decimal>,
        /// What.
        description: Option<String>,
        /// More about it.
        extended_description: Option<String>,
        /// What the quantity is counted in.
        unit: Option<Reference<UnitOfMeasure>>,
        /// What one costs.
        unit_price: Option<UnitPrice>,
        /// The rate of its tax.
        tax: Option<Reference<TaxRate>>,
        /// The rate of the tax that is withheld.
        withheld_tax: Option<Reference<WithholdingTaxRate>>,
        /// The discount on it.
        discount: Option<Discount>,
        /// What it comes to.
        total: Option<LineTotal>,
        /// What it cost to buy; in quotations.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// How often it comes again; in quotations.
        periodicity: Option<Periodicity>,
    }
}

model! {
    /// What a line comes to.
    pub struct LineTotal {
        /// Without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// Without tax, before the discount.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive_before_discount: Option<Money>,
        /// With tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// With tax, before the discount.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive_before_discount: Option<Money>,
    }
}

request! {
    /// A line of an invoice to be written.
    pub struct NewInvoiceLine {
        /// How many.
        quantity: Decimal,
        /// What.
        description: String,
        /// The rate of its tax, by its id.
        tax_rate_id: Id<TaxRate>,
        ; set
        /// What one costs.
        unit_price: UnitPrice,
        /// The discount on it.
        discount: Discount,
        /// The product, by its id.
        product_id: Id<Product>,
        /// The rate of the tax that is withheld, by its id.
        withholding_tax_rate_id: Id<WithholdingTaxRate>,
        /// The product's category, by its id.
        product_category_id: Id<ProductCategory>,
        ; clear
        /// More about it.
        extended_description: String,
        /// What the quantity is counted in, by its id.
        unit_of_measure_id: Id<UnitOfMeasure>,
    }
}

request! {
    /// A line of a quotation to be written.
    pub struct NewQuotationLine {
        /// How many.
        quantity: Decimal,
        /// What.
        description: String,
        /// The rate of its tax, by its id.
        tax_rate_id: Id<TaxRate>,
        /// What one costs.
        unit_price: UnitPrice,
        ; set
        /// More about it.
        extended_description: String,
        /// The discount on it.
        discount: Discount,
        /// The product, by its id.
        product_id: Id<Product>,
        ; clear
        /// What the quantity is counted in, by its id.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// What it cost to buy.
        purchase_price: Money,
        /// How often it comes again.
        periodicity: Periodicity,
    }
}

model! {
    /// Until when a quotation holds, as it is answered.
    pub struct Expiry {
        /// The last day.
        #[serde(default, with = "maybe")]
        expires_after: Option<Date>,
        /// What happens then.
        action_after_expiry: Option<ActionAfterExpiry>,
    }
}

request! {
    /// Until when a quotation holds.
    pub struct NewExpiry {
        /// What happens then.
        action_after_expiry: ActionAfterExpiry,
        ; clear
        /// The last day.
        #[serde(with = "changed")]
        expires_after: Date,
    }
}
