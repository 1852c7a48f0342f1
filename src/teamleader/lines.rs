//! The lines of invoices and quotations.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use time::Date;

use super::json::{changed, maybe, money, or_empty};
use super::kinds::{ProductCategory, TaxRate, UnitOfMeasure, WithholdingTaxRate};
use super::macros::{model, request};
use super::products::Product;
use super::{Change, Currency, Decimal, Id, Money, Reference};
use crate::error::{Error, Result};
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
    /// The title; an empty string if Teamleader sent `null`.
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

/// Reads `null` as `excluding`, the only mode that Teamleader documents.
fn tax_mode<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<TaxMode, D::Error> {
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
        /// The price of one unit. The specification does not require the price, but an invoice needs one.
        unit_price: UnitPrice,
        ; set
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

/// The members that a new line needs, taken from a line of an answer.
struct Needed {
    quantity: Decimal,
    description: String,
    tax_rate_id: Id<TaxRate>,
    unit_price: UnitPrice,
}

impl LineItem {
    fn needed(&self) -> Result<Needed> {
        let missing = |name: &str| {
            Error::Config(format!("the line has no {name}, which a new line needs").into())
        };
        let price = self.unit_price.as_ref().ok_or_else(|| missing("unit_price"))?;
        Ok(Needed {
            quantity: self.quantity.ok_or_else(|| missing("quantity"))?,
            description: self.description.clone().ok_or_else(|| missing("description"))?,
            tax_rate_id: self.tax.as_ref().ok_or_else(|| missing("tax"))?.id.clone(),
            // The currency of the document applies.
            unit_price: UnitPrice { currency: None, ..price.clone() },
        })
    }
}

/// Makes a new line with the content of a line that was read.
impl TryFrom<LineItem> for NewInvoiceLine {
    type Error = Error;

    fn try_from(line: LineItem) -> Result<NewInvoiceLine> {
        let Needed { quantity, description, tax_rate_id, unit_price } = line.needed()?;
        let mut new = NewInvoiceLine::new(quantity, description, tax_rate_id, unit_price);
        new.discount = line.discount;
        new.product_id = line.product.map(|product| product.id);
        new.withholding_tax_rate_id = line.withheld_tax.map(|rate| rate.id);
        new.product_category_id = line.product_category.map(|category| category.id);
        new.extended_description = line.extended_description.map_or(Change::Keep, Change::Set);
        new.unit_of_measure_id = line.unit.map_or(Change::Keep, |unit| Change::Set(unit.id));
        Ok(new)
    }
}

/// Makes a new line with the content of a line that was read.
impl TryFrom<LineItem> for NewQuotationLine {
    type Error = Error;

    fn try_from(line: LineItem) -> Result<NewQuotationLine> {
        let Needed { quantity, description, tax_rate_id, unit_price } = line.needed()?;
        let mut new = NewQuotationLine::new(quantity, description, tax_rate_id, unit_price);
        new.discount = line.discount;
        new.product_id = line.product.map(|product| product.id);
        new.extended_description = line.extended_description;
        new.unit_of_measure_id = line.unit.map_or(Change::Keep, |unit| Change::Set(unit.id));
        new.purchase_price = line.purchase_price.map_or(Change::Keep, Change::Set);
        new.periodicity = line.periodicity.map_or(Change::Keep, Change::Set);
        Ok(new)
    }
}

impl LineGroup<LineItem> {
    /// Makes a group of new lines with the content of this group: [`NewInvoiceLine`]s or
    /// [`NewQuotationLine`]s.
    ///
    /// ```
    /// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
    /// # let sandbox = Sandbox::start()?;
    /// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    /// # let teamleader = builder.provider(sandbox.provider()).build()?;
    /// # teamleader.client().seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/invoices.info", |_| ApiReply::json(200, serde_json::json!({ "data": {
    /// #     "id": "i", "grouped_lines": [{ "section": { "title": "Work" }, "line_items": [{ "quantity": 1,
    /// #     "description": "Consulting", "unit_price": { "amount": 80.50, "tax": "excluding" },
    /// #     "tax": { "type": "taxRate", "id": "t" }, "product": null }] }] } })));
    /// # sandbox.on("POST", "/api/invoices.update", |request| {
    /// #     let sent = serde_json::json!({ "id": "i", "grouped_lines": [{ "section": { "title": "Work" },
    /// #         "line_items": [{ "quantity": 3, "description": "Consulting", "tax_rate_id": "t",
    /// #         "unit_price": { "amount": 80.50, "tax": "excluding" } }] }] });
    /// #     assert_eq!(request.json(), sent);
    /// #     ApiReply::new(204)
    /// # });
    /// use evergrant::teamleader::invoices::InvoiceUpdate;
    /// use evergrant::teamleader::lines::{LineGroup, NewInvoiceLine};
    ///
    /// let invoice = teamleader.invoices().get("i")?;
    /// let groups = invoice.grouped_lines.into_iter().flatten();
    /// let mut lines: Vec<LineGroup<NewInvoiceLine>> =
    ///     groups.map(LineGroup::to_new).collect::<Result<_, _>>()?;
    /// lines[0].line_items[0].quantity = 3.into();
    /// teamleader.invoices().update("i", &InvoiceUpdate::new().grouped_lines(lines))?;
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names the member that a new line needs and a line of this group does not have: the
    /// quantity, the description, the tax rate or the price.
    pub fn to_new<L: TryFrom<LineItem, Error = Error>>(self) -> Result<LineGroup<L>> {
        let lines: Result<Vec<L>> = self.line_items.into_iter().map(L::try_from).collect();
        Ok(LineGroup { section: self.section, line_items: lines?, extra: Map::new() })
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
