//! The lists of an account's settings: tax rates, payment methods, categories of products, price lists, units of
//! measure, and types of work, activities, calls and days off.

use super::departments::Department;
use super::json::or_empty;
use super::macros::{listed, model, request, resource};
use super::{Decimal, Id, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

open_enum! {
    /// Whether a payment method is in use.
    pub enum UseStatus {
        /// In use.
        Active = "active",
        /// Archived.
        Archived = "archived",
    }

    /// How the prices of a price list are calculated.
    pub enum CalculationMethod {
        /// Each price is entered.
        Manual = "manual",
        /// From another price list.
        BasedOnPriceList = "based_on_price_list",
        /// From the purchase prices.
        BasedOnPurchasePrice = "based_on_purchase_price",
    }

    /// The fields that tax rates can be sorted by.
    pub enum TaxRateSort {
        /// The department.
        DepartmentId = "department_id",
        /// The rate.
        Rate = "rate",
        /// The description.
        Description = "description",
    }
}

model! {
    /// The ledger account of a category of products in one department.
    pub struct Ledger {
        /// The department.
        department: Option<Reference<Department>>,
        /// The number of the ledger account.
        ledger_account_number: Option<String>,
    }
}

model! {
    /// A tax rate.
    pub struct TaxRate {
        /// The id.
        id: Id<TaxRate>,
        /// The description, such as `21%`.
        description: Option<String>,
        /// The rate: 0.21 for 21 %.
        rate: Option<Decimal>,
        /// The department.
        department: Option<Reference<Department>>,
    }
}

request! {
    /// A filter for tax rates.
    pub struct TaxRateFilter {
        ; set
        /// Tax rates of this department.
        department_id: Id<Department>,
    }
}

resource! {
    /// The operations on tax rates, from
    /// [`Teamleader::tax_rates`](super::Teamleader::tax_rates).
    pub struct TaxRates of TaxRate
}

model! {
    /// A rate of withholding tax.
    pub struct WithholdingTaxRate {
        /// The id.
        id: Id<WithholdingTaxRate>,
        /// The description.
        description: Option<String>,
        /// The rate: 0.046 for 4.6 %.
        rate: Option<Decimal>,
        /// The department.
        department: Option<Reference<Department>>,
    }
}

request! {
    /// A filter for rates of withholding tax.
    pub struct WithholdingTaxRateFilter {
        ; set
        /// Rates of this department.
        department_id: Id<Department>,
    }
}

resource! {
    /// The operations on rates of withholding tax, from
    /// [`Teamleader::withholding_tax_rates`](super::Teamleader::withholding_tax_rates).
    pub struct WithholdingTaxRates of WithholdingTaxRate
}

model! {
    /// A payment method of an account.
    pub struct PaymentMethod {
        /// The id.
        id: Id<PaymentMethod>,
        /// The name.
        name: Option<String>,
        /// Whether the payment method is in use.
        status: Option<UseStatus>,
    }
}

request! {
    /// A filter for payment methods.
    pub struct PaymentMethodFilter {
        ; set
        /// Payment methods with one of these ids.
        ids: Vec<Id<PaymentMethod>>,
        /// Payment methods with one of these statuses.
        status: Vec<UseStatus>,
    }
}

resource! {
    /// The operations on payment methods, from
    /// [`Teamleader::payment_methods`](super::Teamleader::payment_methods).
    pub struct PaymentMethods of PaymentMethod
}

model! {
    /// A category of products.
    pub struct ProductCategory {
        /// The id.
        id: Id<ProductCategory>,
        /// The name.
        name: Option<String>,
        /// The ledger accounts, one for each department.
        #[serde(default, deserialize_with = "or_empty")]
        ledgers: Vec<Ledger>,
    }
}

request! {
    /// A filter for categories of products.
    pub struct ProductCategoryFilter {
        ; set
        /// Categories of this department.
        department_id: Id<Department>,
    }
}

resource! {
    /// The operations on categories of products, from
    /// [`Teamleader::product_categories`](super::Teamleader::product_categories).
    pub struct ProductCategories of ProductCategory
}

model! {
    /// A unit of measure.
    pub struct UnitOfMeasure {
        /// The id.
        id: Id<UnitOfMeasure>,
        /// The name.
        name: Option<String>,
    }
}

resource! {
    /// The operations on units of measure, from
    /// [`Teamleader::units_of_measure`](super::Teamleader::units_of_measure).
    pub struct UnitsOfMeasure of UnitOfMeasure
}

model! {
    /// A price list.
    pub struct PriceList {
        /// The id.
        id: Id<PriceList>,
        /// The name.
        name: Option<String>,
        /// How the prices are calculated.
        calculation_method: Option<CalculationMethod>,
    }
}

request! {
    /// A filter for price lists.
    pub struct PriceListFilter {
        ; set
        /// Price lists with one of these ids.
        ids: Vec<Id<PriceList>>,
    }
}

resource! {
    /// The operations on price lists, from
    /// [`Teamleader::price_lists`](super::Teamleader::price_lists).
    pub struct PriceLists of PriceList
}

model! {
    /// A type of work, for tracked time.
    pub struct WorkType {
        /// The id.
        id: Id<WorkType>,
        /// The name.
        name: Option<String>,
    }
}

request! {
    /// A filter for types of work.
    pub struct WorkTypeFilter {
        ; set
        /// Types with one of these ids.
        ids: Vec<Id<WorkType>>,
        /// Types with this text in the name.
        term: String,
    }
}

resource! {
    /// The operations on types of work, from
    /// [`Teamleader::work_types`](super::Teamleader::work_types).
    pub struct WorkTypes of WorkType
}

model! {
    /// A type of activity.
    pub struct ActivityType {
        /// The id.
        id: Id<ActivityType>,
        /// The name.
        name: Option<String>,
    }
}

request! {
    /// A filter for types of activities.
    pub struct ActivityTypeFilter {
        ; set
        /// Types with one of these ids.
        ids: Vec<Id<ActivityType>>,
    }
}

resource! {
    /// The operations on types of activities, from
    /// [`Teamleader::activity_types`](super::Teamleader::activity_types).
    pub struct ActivityTypes of ActivityType
}

model! {
    /// An outcome of a call.
    pub struct CallOutcome {
        /// The id.
        id: Id<CallOutcome>,
        /// The name.
        name: Option<String>,
    }
}

resource! {
    /// The operations on outcomes of calls, from
    /// [`Teamleader::call_outcomes`](super::Teamleader::call_outcomes).
    pub struct CallOutcomes of CallOutcome
}

model! {
    /// A type of days off.
    pub struct DayOffType {
        /// The id.
        id: Id<DayOffType>,
        /// The name.
        name: Option<String>,
    }
}

resource! {
    /// The operations on types of days off, from
    /// [`Teamleader::day_off_types`](super::Teamleader::day_off_types).
    pub struct DayOffTypes of DayOffType
}

listed! {
    TaxRate => "taxRates.list", TaxRateFilter, TaxRateSort, Nothing;
    WithholdingTaxRate => "withholdingTaxRates.list", WithholdingTaxRateFilter, Nothing, Nothing;
    PaymentMethod => "paymentMethods.list", PaymentMethodFilter, Nothing, Nothing;
    ProductCategory => "productCategories.list", ProductCategoryFilter, Nothing, Nothing;
    UnitOfMeasure => "unitsOfMeasure.list", Nothing, Nothing, Nothing;
    PriceList => "priceLists.list", PriceListFilter, Nothing, Nothing;
    WorkType => "workTypes.list", WorkTypeFilter, Nothing, Nothing;
    ActivityType => "activityTypes.list", ActivityTypeFilter, Nothing, Nothing;
    CallOutcome => "callOutcomes.list", Nothing, Nothing, Nothing;
    DayOffType => "dayOffTypes.list", Nothing, Nothing, Nothing;
}
