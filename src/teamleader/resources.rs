//! The methods of [`Teamleader`] that return the lists of an account's settings, its users and its teams.

use super::{Teamleader, settings, users};

macro_rules! lists {
    ($( $(#[$about:meta])* $name:ident -> $module:ident::$resource:ident; )+) => {
        impl Teamleader {
            $(
                $(#[$about])*
                pub fn $name(&self) -> $module::$resource<'_> {
                    $module::$resource(self)
                }
            )+
        }
    };
}

lists! {
    /// The users.
    users -> users::Users;
    /// The teams of users.
    teams -> users::Teams;
    /// The tax rates.
    tax_rates -> settings::TaxRates;
    /// The rates of withholding tax.
    withholding_tax_rates -> settings::WithholdingTaxRates;
    /// The payment methods.
    payment_methods -> settings::PaymentMethods;
    /// The categories of products.
    product_categories -> settings::ProductCategories;
    /// The units of measure.
    units_of_measure -> settings::UnitsOfMeasure;
    /// The price lists.
    price_lists -> settings::PriceLists;
    /// The types of work.
    work_types -> settings::WorkTypes;
    /// The types of activities.
    activity_types -> settings::ActivityTypes;
    /// The outcomes of calls.
    call_outcomes -> settings::CallOutcomes;
    /// The types of days off.
    day_off_types -> settings::DayOffTypes;
}
