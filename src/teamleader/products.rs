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
    /// Optional parts of a product.
    pub enum ProductInclude {
        /// The suppliers.
        Suppliers = "suppliers",
    }

    /// The rank of a supplier.
    pub enum SupplierRank {
        /// The supplier of first choice.
        Primary = "primary",
        /// Another supplier.
        Secondary = "secondary",
    }

    /// The action when the stock is too low.
    pub enum StockAction {
        /// Teamleader sends a notification.
        Notify = "notify",
    }
}

model! {
    /// A product.
    pub struct Product {
        /// The id.
        id: Id<Product>,
        /// The name.
        name: Option<String>,
        /// The description.
        description: Option<String>,
        /// The product code.
        code: Option<String>,
        /// The purchase price; not in a list.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// The selling price; not in a list.
        #[serde(default, deserialize_with = "money")]
        selling_price: Option<Money>,
        /// The unit of measure.
        unit: Option<Reference<UnitOfMeasure>>,
        /// The tax rate; not in a list.
        tax: Option<Reference<TaxRate>>,
        /// The suppliers, on request; not in a list.
        suppliers: Option<Vec<Supplier>>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
        /// The prices in price lists; not in a list.
        price_list_prices: Option<Vec<PriceListPrice>>,
        /// The category; not in a list.
        product_category: Option<Reference<ProductCategory>>,
        /// The stock.
        stock: Option<Stock>,
        /// The configuration: the stock threshold.
        configuration: Option<ProductConfiguration>,
        /// The time of creation.
        #[serde(default, with = "maybe")]
        added_at: Option<OffsetDateTime>,
        /// The time of the last change.
        #[serde(default, with = "maybe")]
        updated_at: Option<OffsetDateTime>,
    }
}

impl Product {
    /// Returns the value of the custom field whose definition has this id.
    pub fn custom_field(&self, definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        CustomField::find(self.custom_fields.as_deref().unwrap_or_default(), definition)
    }
}

model! {
    /// A supplier of a product.
    pub struct Supplier {
        /// The contact or company that supplies the product.
        supplier: Option<Reference>,
        /// The supplier's purchase price.
        #[serde(default, deserialize_with = "money")]
        purchase_price: Option<Money>,
        /// The supplier's code of the product.
        product_code: Option<String>,
        /// The smallest quantity that can be ordered.
        minimum_order_amount: Option<Decimal>,
        /// The rank of the supplier.
        classification: Option<SupplierRank>,
    }
}

model! {
    /// A price in a price list in an answer. The specification's schema is an array of arrays, but its
    /// example has the form of this type.
    pub struct PriceListPrice {
        /// The price list.
        price_list: Option<Reference<PriceList>>,
        /// The price.
        #[serde(default, deserialize_with = "money")]
        price: Option<Money>,
    }
}

/// The stock of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stock {
    /// The quantity in stock; `None` if the stock is not counted.
    pub amount: Option<Decimal>,
}

/// The configuration of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProductConfiguration {
    /// The threshold below which the stock is too low; `None` for no threshold.
    pub stock_threshold: Option<StockThreshold>,
}

/// The threshold below which the stock is too low.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StockThreshold {
    /// The smallest quantity that is enough: below it the stock is too low.
    pub minimum: Decimal,
    /// The action when the stock is too low.
    pub action: StockAction,
}

/// A new price in a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewPriceListPrice {
    /// The id of the price list.
    pub price_list_id: Id<PriceList>,
    /// The price.
    pub price: Money,
}

request! {
    /// The details of a new product: see [`NewProduct`].
    pub struct ProductDetails {
        ; set
        /// The name.
        name: String,
        /// The product code.
        code: String,
        /// The description.
        description: String,
        /// The prices in price lists.
        price_list_prices: Vec<NewPriceListPrice>,
        /// The stock.
        stock: Stock,
        /// The id of the department.
        department_id: Id<Department>,
        /// The id of the product category.
        product_category_id: Id<ProductCategory>,
        /// The id of the tax rate.
        tax_rate_id: Id<TaxRate>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The purchase price.
        purchase_price: Money,
        /// The selling price.
        selling_price: Money,
        /// The id of the unit of measure.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// The configuration: the stock threshold.
        configuration: ProductConfiguration,
    }
}

/// A new product, with a name, a code or both.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct NewProduct(ProductDetails);

impl NewProduct {
    /// Makes a product with this name.
    pub fn named(name: impl Into<String>) -> NewProduct {
        NewProduct(ProductDetails::new().name(name))
    }

    /// Makes a product with this code.
    pub fn coded(code: impl Into<String>) -> NewProduct {
        NewProduct(ProductDetails::new().code(code))
    }

    /// Adds details. A name or a code in the details replaces the earlier name or code.
    #[must_use]
    pub fn details(self, mut details: ProductDetails) -> NewProduct {
        details.name = details.name.or(self.0.name);
        details.code = details.code.or(self.0.code);
        NewProduct(details)
    }
}

request! {
    /// Changes to a product. Lists are replaced as a whole.
    pub struct ProductUpdate {
        ; set
        /// The description.
        description: String,
        /// The prices in price lists.
        price_list_prices: Vec<NewPriceListPrice>,
        /// The stock.
        stock: Stock,
        /// The id of the department.
        department_id: Id<Department>,
        /// The id of the product category.
        product_category_id: Id<ProductCategory>,
        /// The id of the tax rate.
        tax_rate_id: Id<TaxRate>,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// How the update treats custom fields that it does not name.
        custom_fields_update_strategy: CustomFieldsUpdate,
        ; clear
        /// The name.
        name: String,
        /// The product code.
        code: String,
        /// The purchase price.
        purchase_price: Money,
        /// The selling price.
        selling_price: Money,
        /// The id of the unit of measure.
        unit_of_measure_id: Id<UnitOfMeasure>,
        /// The configuration: the stock threshold.
        configuration: ProductConfiguration,
    }
}

request! {
    /// A filter for products.
    pub struct ProductFilter {
        ; set
        /// Products with one of these ids.
        ids: Vec<Id<Product>>,
        /// Products that contain this text.
        term: String,
        /// Products changed since this time.
        #[serde(with = "maybe")]
        updated_since: OffsetDateTime,
    }
}

listed! {
    Product => "products.list", ProductFilter, Nothing, Nothing;
}

resource! {
    /// The operations on products, from [`Teamleader::products`](super::Teamleader::products).
    pub struct Products of Product
}

methods! {
    impl Products of Product;
    fetch {
        /// Fetches one product.
        get(id: Product) -> Product = "products.info";
    }
    make {
        /// Creates a product and returns a reference to the product.
        create(NewProduct) = "products.add";
    }
    act {
        /// Deletes the product.
        delete(id: Product) = "products.delete";
    }
    change {
        /// Changes the product.
        update(ProductUpdate) = "products.update";
    }
}

impl Products<'_> {
    /// Fetches one product with optional parts.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
    pub fn get_with(
        self,
        id: impl Into<Id<Product>>,
        include: &[ProductInclude],
    ) -> Result<Product> {
        let includes: Vec<&str> = include.iter().map(ProductInclude::as_str).collect();
        self.0.fetch("products.info", &json!({ "id": id.into(), "includes": includes.join(",") }))
    }
}
