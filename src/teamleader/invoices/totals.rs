//! The totals of an invoice.

use crate::teamleader::json::{money, or_empty};
use crate::teamleader::kinds::WithholdingTaxRate;
use crate::teamleader::macros::model;
use crate::teamleader::{Id, Money, Tax};

model! {
    /// The totals of an invoice.
    pub struct InvoiceTotal {
        /// Without tax.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive: Option<Money>,
        /// Without tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_exclusive_before_discount: Option<Money>,
        /// With tax.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive: Option<Money>,
        /// With tax, before discounts; not in a list.
        #[serde(default, deserialize_with = "money")]
        tax_inclusive_before_discount: Option<Money>,
        /// The taxes.
        #[serde(default, deserialize_with = "or_empty")]
        taxes: Vec<Tax>,
        /// The taxes that are withheld; not in a list.
        withheld_taxes: Option<Vec<WithheldTax>>,
        /// The payable amount.
        #[serde(default, deserialize_with = "money")]
        payable: Option<Money>,
        /// The amount that is still due.
        #[serde(default, deserialize_with = "money")]
        due: Option<Money>,
        /// The amount that is still due, with collection costs.
        #[serde(default, deserialize_with = "money")]
        due_incasso_inclusive: Option<Money>,
        /// The fixed late fee, on request.
        #[serde(default, deserialize_with = "money")]
        fixed_late_fee: Option<Money>,
        /// The interest for late payment, on request.
        #[serde(default, deserialize_with = "money")]
        interest: Option<Money>,
    }
}

model! {
    /// A withholding tax.
    pub struct WithheldTax {
        /// The id of the rate.
        id: Id<WithholdingTaxRate>,
        /// The taxable amount.
        #[serde(default, deserialize_with = "money")]
        taxable: Option<Money>,
        /// The withheld amount.
        #[serde(default, deserialize_with = "money")]
        withheld: Option<Money>,
    }
}
