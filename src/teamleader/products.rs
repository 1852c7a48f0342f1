//! Products.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::custom_fields::{CustomField, CustomFieldValue, NewCustomField};
use super::departments::Department;
use super::json::{maybe, money};
use super::kinds::{PriceList, ProductCategory, TaxRate, UnitOfMeasure};
use super::macros::{listed, methods, model, request, resource};
use super::{Change, CustomFieldsUpdate, Decimal, Id, Money, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// What more a product can have.
    pub enum ProductInclude {
        /// Who supplies it.
        Suppliers = "suppliers",
    }

    /// Which of several suppliers.
    pub enum SupplierRank {
        /// The first choice.
        Primary = "primary",
        /// Another.
        Secondary = "secondary",
    }

    /// What happens when there is too little in stock.
    pub enum StockAction {
        /// Somebody is told.
        Notify = "notify",
    }
}

model! {
    /// A product.
    pub struct Product {
        /// Its id.
        id: Id<Product>,
        /// Its name.
        name: Option<String>,
        /// What it is.
        description: Option<String>,
        /// Its code.
        code: Option<String>,
        /// What it costs to buy; not in a list.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// What it is sold for; not in a list.
        #[serde(default, deserialize_with = "money")]
        selling_price: Option<Money>,
        /// What it is counted in.
        unit: Option<Reference<UnitOfMeasure>>,
        /// The rate of its tax; not in a list.
        tax: Option<Reference<TaxRate>>,
        /// Who supplies it, when asked for; not in a list.
        suppliers: Option<Vec<Supplier>>,
        /// Custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// Its prices in price lists; not in a list.
        price_list_prices: Option<Vec<PriceListPrice>>,
        /// Its category; not in a list.
        product_category: Option<Reference<ProductCategory>>,
        /// How many there are.
        stock: Option<Stock>,
        /// How it is set up.
        configuration: Option<ProductConfiguration>,
        /// When it was added.
        #[serde(default, with = "maybe")]
        added_at: Option<OffsetDateTime>,
        /// When it was last changed.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
    }
}

impl Product {
    /// The value of the custom field with that definition.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// Who supplies a product.
    pub struct Supplier {
        /// The contact or company.
        supplier: Option<Reference>,
        /// What it costs there.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// Its code there.
        product_code: Option<String>,
        /// How many have to be ordered.
        minimum_order_amount: Option<Decimal>,
        /// Which choice it is.
        classification: Option<SupplierRank>,
    }
}

model! {
    /// A price in a price list, as it is answered. The specification has it as an array of arrays, and
    /// its own example as this.
    pub struct PriceListPrice {
        /// The price list.
        price_list: Option<Reference<PriceList>>,
        /// The price.
        #[serde(default, deserialize_with = "money")]
        price: Option<Money>,
    }
}

/// How many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stock {
    /// How many; `None` when it is not counted.
    pub amount: Option<Decimal>,
}

/// How a product is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProductConfiguration {
    /// From when on there are too few; `None` for never.
    pub stock_threshold: Option<StockThreshold>,
}

/// From when on there are too few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StockThreshold {
    /// Fewer than this.
    pub minimum: Decimal,
    /// What happens then.
    pub action: StockAction,
}

/// A price in a price list, to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewPriceListPrice {
    /// The price list, by its id.
    pub price_list_id: Id<PriceList>,
    /// The price.
    pub price: Money,
}

request! {
    /// A product to be added. It has a name or a code: [`NewProduct::named`], [`NewProduct::coded`].
    pub struct ProductDetails {
        ; set
        /// Its name.
        name: String,
        /// Its code.
        code: String,
        /// What it is.
        description: String,
        /// Its prices in price lists.
        price_list_prices: Vec<NewPriceListPrice>,
        /// How many there are.
        stock: Stock,
        /// The department, by its id.
        department_id: Id<Department>,
        /// Its category, by its id.
        product_category_id: Id<ProductCategory>,
        /// The rate of its tax, by its id.
        tax_rate_id: Id<TaxRate>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// What it costs to buy.
        purchase_price: Money,
        /// What it is sold for.
        selling_price: Money,
        /// What it is counted in, by its id.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// How it is set up.
        configuration: ProductConfiguration,
    }
}

/// A product to be added: with a name, or with a code, or with both.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct NewProduct(ProductDetails);

impl NewProduct {
    /// With that name.
    pub fn named(name: impl Into<String>) -> NewProduct {
        NewProduct(ProductDetails::new().name(name))
    }

    /// With that code.
    pub fn coded(code: impl Into<String>) -> NewProduct {
        NewProduct(ProductDetails::new().code(code))
    }

    /// With more about it. A name or a code that is in the details takes the place of the one before,
    /// and one that is not leaves it.
    #[must_use]
    pub fn details(self, mut details: ProductDetails) -> NewProduct {
        details.name = details.name.or(self.0.name);
        details.code = details.code.or(self.0.code);
        NewProduct(details)
    }
}

request! {
    /// A change of a product. Lists are replaced as a whole.
    pub struct ProductUpdate {
        ; set
        /// What it is.
        description: String,
        /// Its prices in price lists.
        price_list_prices: Vec<NewPriceListPrice>,
        /// How many there are.
        stock: Stock,
        /// The department, by its id.
        department_id: Id<Department>,
        /// Its category, by its id.
        product_category_id: Id<ProductCategory>,
        /// The rate of its tax, by its id.
        tax_rate_id: Id<TaxRate>,
        /// Custom fields.
        custom_fields: Vec<NewCustomField>,
        /// What becomes of the custom fields that are not named.
        custom_fields_update_strategy: CustomFieldsUpdate,
        ; clear
        /// Its name.
        name: String,
        /// Its code.
        code: String,
        /// What it costs to buy.
        purchase_price: Money,
        /// What it is sold for.
        selling_price: Money,
        /// What it is counted in, by its id.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// How it is set up.
        configuration: ProductConfiguration,
    }
}

request! {
    /// Which products.
    pub struct ProductFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<Product>>,
        /// Those that this text is found in.
        term: String,
        /// Those changed since.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
    }
}

listed! {
    Product => "products.list", ProductFilter, Nothing, Nothing;
}

resource! {
    /// The products of an account: [`Teamleader::products`](super::Teamleader::products).
    pub struct Products of Product
}

methods! {
    impl Products of Product;
    fetch {
        /// One.
        get(id: Product) -> Product = "products.info";
    }
    make {
        /// Adds one; the answer is its reference.
        create(NewProduct) = "products.add";
    }
    act {
        /// Deletes one.
        delete(id: Product) = "products.delete";
    }
    change {
        /// Changes one.
        update(ProductUpdate) = "products.update";
    }
}

impl Products<'_> {
    /// One, with more than it has by itself.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(
        self,
        id: impl Into<Id<Product>>,
        include: &[ProductInclude],
    ) -> Result<Product> {
        let includes: Vec<&str> = include.iter().map(ProductInclude::as_str).collect();
        self.0.fetch("products.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }
}
