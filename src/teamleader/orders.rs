//! Orders at suppliers.

use time::Date;

use super::custom_fields::CustomField;
use super::deals::Deal;
use super::declare::{body, enums, object};
use super::departments::Department;
use super::kinds::User;
use super::lines::{LineGroup, LineItem};
use super::macros::{included, listed, methods, resource};
use super::projects::Project;
use super::{Id, Money, Nothing, PaymentTerm, Reference, Tax};
use crate::error::Result;

enums! {
    /// Optional parts of an order.
    pub enum OrderInclude {
        /// The custom fields.
        CustomFields = "custom_fields",
    }
}

object! {
    /// The totals of an order.
    pub struct OrderTotal {
        /// The total without tax.
        tax_exclusive: Option<Money>,
        /// The total with tax.
        tax_inclusive: Option<Money>,
        /// The purchase price without tax.
        purchase_price_tax_exclusive: Option<Money>,
        /// The purchase price with tax.
        purchase_price_tax_inclusive: Option<Money>,
        /// The tax at each rate.
        taxes: Vec<Tax>,
    }
}

object! {
    /// An order at a supplier.
    pub struct Order {
        /// The id.
        id: Id<Order>,
        /// The name.
        name: Option<String>,
        /// The date of the order.
        order_date: Option<Date>,
        /// The number of the order.
        order_number: Option<u64>,
        /// The delivery date.
        delivery_date: Option<Date>,
        /// The payment term.
        payment_term: Option<PaymentTerm>,
        /// The lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// The totals.
        total: Option<OrderTotal>,
        /// The URL of the object's page in Teamleader.
        web_url: Option<String>,
        /// The contact or the company that supplies.
        supplier: Option<Reference>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The deal.
        deal: Option<Reference<Deal>>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The user who handles the order.
        assignee: Option<Reference<User>>,
        /// The custom fields; only on request.
        custom_fields: Option<Vec<CustomField>>,
    }
}

body! {
    /// A filter for orders.
    pub struct OrderFilter {
        ; set
        /// Orders with one of these ids.
        ids: Vec<Id<Order>>,
    }
}

listed! {
    Order => "orders.list", OrderFilter, Nothing, OrderInclude;
}

resource! {
    /// The operations on orders at suppliers, from [`Teamleader::orders`](super::Teamleader::orders).
    pub struct Orders of Order
}

methods! {
    impl Orders of Order;
    fetch {
        /// Fetches one order.
        get(id: Order) -> Order = "orders.info";
    }
}

included! { Orders of Order, OrderInclude = "orders.info" }
