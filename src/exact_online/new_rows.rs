//! Makes new rows: from the properties that Exact Online requires, or from rows that were read.

use super::{
    Account, Document, Id, Item, PurchaseOrder, PurchaseOrderLine, SalesInvoice, SalesInvoiceLine,
    SalesOrder, SalesOrderLine, Topic, WebhookSubscription,
};

/// Implements `new` and `to_new` for a type of line.
macro_rules! lines {
    ($( $line:ident of $what:literal: $($kept:ident)+; )+) => {$(
        impl $line {
            #[doc = concat!("Makes a line of a new ", $what, ". The service refuses a line without an item. Set the")]
            /// quantity and the price: without them, the service uses 1 and the price of the item.
            pub fn new(item: impl Into<Id<Item>>) -> $line {
                let item = item.into();
                $line::with(|line| line.item = Some(item))
            }

            #[doc = concat!("Makes a line of a new ", $what, " with the content of this line: the item, the quantity,")]
            /// the price and the other fields that a request may set. Ids, totals and the texts of other rows are
            /// not copied, because the service refuses some of them in a new line.
            pub fn to_new(&self) -> $line {
                $line::with(|line| {
                    $( line.$kept.clone_from(&self.$kept); )+
                })
            }
        }
    )+};
}

lines! {
    SalesInvoiceLine of "sales invoice":
        cost_center cost_unit customer_item_code delivery_date description discount employee end_time item notes
        pricelist project project_wbs quantity start_time unit_code unit_price vat_code;
    SalesOrderLine of "sales order":
        cost_center cost_unit customer_item_code delivery_date description discount item item_version notes
        pricelist project quantity unit_code unit_price use_drop_shipment vat_code;
    PurchaseOrderLine of "purchase order":
        cost_center cost_unit description discount expense item notes project quantity_in_purchase_units rebill
        receipt_date unit unit_price vat_code;
}

impl SalesInvoice {
    /// Makes a new invoice for an account. The service refuses an invoice without a customer or without lines.
    ///
    /// ```
    /// use evergrant::exact_online::{Guid, SalesInvoice, SalesInvoiceLine};
    ///
    /// let (account, item) = (Guid::from_u128(1), Guid::from_u128(2));
    /// let mut line = SalesInvoiceLine::new(item);
    /// line.quantity = Some(3.into());
    /// let mut invoice = SalesInvoice::new(account, [line]);
    /// invoice.your_ref = Some("order 4711".to_owned());
    /// let json = serde_json::to_value(&invoice)?;
    /// assert_eq!(json["SalesInvoiceLines"][0]["Quantity"], 3);
    /// # assert_eq!(json.as_object().map(|invoice| invoice.len()), Some(3));
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn new(
        ordered_by: impl Into<Id<Account>>,
        lines: impl Into<Vec<SalesInvoiceLine>>,
    ) -> SalesInvoice {
        let (ordered_by, lines) = (Some(ordered_by.into()), Some(lines.into()));
        SalesInvoice { ordered_by, sales_invoice_lines: lines, ..SalesInvoice::default() }
    }
}

impl SalesOrder {
    /// Makes a new sales order of an account. The service refuses an order without a customer or without lines.
    pub fn new(
        ordered_by: impl Into<Id<Account>>,
        lines: impl Into<Vec<SalesOrderLine>>,
    ) -> SalesOrder {
        let (ordered_by, lines) = (Some(ordered_by.into()), Some(lines.into()));
        SalesOrder { ordered_by, sales_order_lines: lines, ..SalesOrder::default() }
    }
}

impl PurchaseOrder {
    /// Makes a new order at a supplier.
    pub fn new(
        supplier: impl Into<Id<Account>>,
        lines: impl Into<Vec<PurchaseOrderLine>>,
    ) -> PurchaseOrder {
        let (supplier, lines) = (Some(supplier.into()), Some(lines.into()));
        PurchaseOrder { supplier, purchase_order_lines: lines, ..PurchaseOrder::default() }
    }
}

impl Document {
    /// Makes a new document. `kind` is 10 for a sales invoice, 20 for a purchase invoice, 55 for any other
    /// document. The service refuses a document without a subject or a kind.
    pub fn new(subject: impl Into<String>, kind: i32) -> Document {
        Document { subject: Some(subject.into()), kind: Some(kind), ..Document::default() }
    }
}

impl WebhookSubscription {
    /// Makes a new subscription. The service refuses a subscription without a topic or an address.
    pub fn new(topic: Topic, callback_url: impl Into<String>) -> WebhookSubscription {
        let (topic, callback_url) = (Some(topic), Some(callback_url.into()));
        WebhookSubscription { topic, callback_url, ..WebhookSubscription::default() }
    }
}
