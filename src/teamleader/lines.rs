//! The lines of invoices and quotations.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use time::Date;

use super::json::{changed, maybe, money, or_empty};
use super::kinds::{ProductCategory, TaxRate, UnitOfMeasure, WithholdingTaxRate};
use super::macros::{model, request};
use super::products::Product;
use super::{Change, Currency, Decimal, Id, Money, Reference};
use crate::sdk::open_enum;

open_enum! {
    /// The type of a discount.
    pub enum DiscountType {
        /// A percentage.
        Percentage = "percentage",
    }

    /// Whether a price includes tax.
    pub enum TaxMode {
        /// The price excludes tax.
        Excluding = "excluding",
    }

    /// The unit of a period.
    pub enum PeriodUnit {
        /// Weeks.
        Week = "week",
        /// Months.
        Month = "month",
        /// Years.
        Year = "year",
    }

    /// The action when a quotation expires.
    pub enum ActionAfterExpiry {
        /// The quotation is locked.
        Lock = "lock",
        /// Nothing happens.
        Nothing = "none",
    }
}

model! {
    /// A group of lines with an optional title. In an answer the lines are [`LineItem`]s.
    pub struct LineGroup<L> {
        /// The title above the lines, if the group has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<Section>,
        /// The lines.
        #[serde(
            default = "Vec::new",
            deserialize_with = "or_empty",
            bound(deserialize = "L: Deserialize<'de>")
        )]
        line_items: Vec<L>,
    }
}

impl<L> LineGroup<L> {
    /// Makes a group of lines without a title.
    pub fn new(line_items: impl Into<Vec<L>>) -> LineGroup<L> {
        LineGroup { section: None, line_items: line_items.into(), extra: Map::new() }
    }

    /// Makes a group of lines under a title.
    pub fn titled(title: impl Into<String>, line_items: impl Into<Vec<L>>) -> LineGroup<L> {
        let section = Some(Section { title: title.into() });
        LineGroup { section, line_items: line_items.into(), extra: Map::new() }
    }
}

/// The title above lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Section {
    /// The title; it may be empty, and is empty if Teamleader sent `null`.
    #[serde(default, deserialize_with = "or_empty")]
    pub title: String,
}

/// A price without tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPrice {
    /// The price of one unit, in the main unit of the currency: 12.5 is 12.50 euros.
    pub amount: Decimal,
    /// The currency. Only the lines of a quotation in an answer have a currency. A request leaves the
    /// currency out, because the currency of the document applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Whether the price includes tax.
    #[serde(default = "excluding", deserialize_with = "tax_mode")]
    pub tax: TaxMode,
}

fn excluding() -> TaxMode {
    TaxMode::Excluding
}

/// Reads `null` as the only mode that Teamleader documents.
fn tax_mode<'de, D: serde::Deserializer<'de>>(from: D) -> Result<TaxMode, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_else(excluding))
}

impl UnitPrice {
    /// Makes a price in the currency of the document.
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
    /// The discount, in the unit of `kind`: 10 is 10 %.
    pub value: Decimal,
    /// The type of the discount: a percentage.
    #[serde(rename = "type")]
    pub kind: DiscountType,
}

impl Discount {
    /// Makes a discount in percent.
    pub fn percent(value: impl Into<Decimal>) -> Discount {
        Discount { value: value.into(), kind: DiscountType::Percentage }
    }
}

/// A discount on a whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommercialDiscount {
    /// The type of the discount: a percentage.
    #[serde(rename = "type")]
    pub kind: DiscountType,
    /// The discount, in the unit of `kind`: 10 is 10 %.
    pub value: Decimal,
    /// The description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl CommercialDiscount {
    /// Makes a discount in percent with a description.
    pub fn percent(value: impl Into<Decimal>, what_for: impl Into<String>) -> CommercialDiscount {
        let description = Some(what_for.into());
        CommercialDiscount { kind: DiscountType::Percentage, value: value.into(), description }
    }
}

/// The period of a recurring line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Periodicity {
    /// The unit of the period.
    pub unit: PeriodUnit,
    /// The number of units: 1 or 2 weeks; 1, 2, 3, 4 or 6 months; 1 to 10 years.
    pub period: u32,
}

model! {
    /// A line in an answer.
    pub struct LineItem {
        /// The product, if the line has one.
        product: Option<Reference<Product>>,
        /// The product's category.
        product_category: Option<Reference<ProductCategory>>,
        /// The quantity, in units of measure.
        quantity: Option<Decimal>,
        /// The description.
        description: Option<String>,
        /// An extended description.
        extended_description: Option<String>,
        /// The unit of measure.
        unit: Option<Reference<UnitOfMeasure>>,
        /// The price of one unit.
        unit_price: Option<UnitPrice>,
        /// The tax rate.
        tax: Option<Reference<TaxRate>>,
        /// The rate of the withholding tax.
        withheld_tax: Option<Reference<WithholdingTaxRate>>,
        /// The discount.
        discount: Option<Discount>,
        /// The totals.
        total: Option<LineTotal>,
        /// The purchase price; only in quotations.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// The period, if the line is recurring; only in quotations.
        periodicity: Option<Periodicity>,
    }
}

model! {
    /// The totals of a line.
    pub struct LineTotal {
        /// The total without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// The total without tax, before the discount.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive_before_discount: Option<Money>,
        /// The total with tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// The total with tax, before the discount.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive_before_discount: Option<Money>,
    }
}

request! {
    /// A new line of an invoice.
    pub struct NewInvoiceLine {
        /// The quantity, in units of measure.
        quantity: Decimal,
        /// The description.
        description: String,
        /// The id of the tax rate.
        tax_rate_id: Id<TaxRate>,
        ; set
        /// The price of one unit.
        unit_price: UnitPrice,
        /// The discount.
        discount: Discount,
        /// The id of the product.
        product_id: Id<Product>,
        /// The id of the rate of withholding tax.
        withholding_tax_rate_id: Id<WithholdingTaxRate>,
        /// The id of the product's category.
        product_category_id: Id<ProductCategory>,
        ; clear
        /// An extended description.
        extended_description: String,
        /// The id of the unit of measure.
        unit_of_measure_id: Id<UnitOfMeasure>,
    }
}

request! {
    /// A new line of a quotation.
    pub struct NewQuotationLine {
        /// The quantity, in units of measure.
        quantity: Decimal,
        /// The description.
        description: String,
        /// The id of the tax rate.
        tax_rate_id: Id<TaxRate>,
        /// The price of one unit.
        unit_price: UnitPrice,
        ; set
        /// An extended description.
        extended_description: String,
        /// The discount.
        discount: Discount,
        /// The id of the product.
        product_id: Id<Product>,
        ; clear
        /// The id of the unit of measure.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// The purchase price.
        purchase_price: Money,
        /// The period of a recurring line.
        periodicity: Periodicity,
    }
}

model! {
    /// The expiry of a quotation in an answer.
    pub struct Expiry {
        /// The last day on which the quotation is valid.
        #[serde(default, with = "maybe")]
        expires_after: Option<Date>,
        /// The action after the last day.
        action_after_expiry: Option<ActionAfterExpiry>,
    }
}

request! {
    /// The expiry of a quotation.
    pub struct NewExpiry {
        /// The action after the last day.
        action_after_expiry: ActionAfterExpiry,
        ; clear
        /// The last day on which the quotation is valid.
        #[serde(with = "changed")]
        expires_after: Date,
    }
}
