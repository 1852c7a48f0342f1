//! The resources: a struct for the rows of each endpoint, and the endpoint's operations. Each area of
//! the API has a module.
//!
//! The fields come from the three public lists that `endpoints.txt` names. A property that stands only in the
//! list of 2022 is left out, unless a program uses the property. A test compares every field with
//! `tests/vendors/exact_online/properties.txt`.

mod crm;
mod documents;
mod financial;
mod inventory;
mod invoice_rows;
mod invoices;
mod logistics;
mod manufacturing;
mod purchase;
mod purchase_rows;
mod receipts;
mod sales;
mod sales_rows;
mod system;

pub use crm::{Account, Contact};
pub use documents::{Document, DocumentAttachment};
pub use financial::{GlAccount, Journal, VatCode, VatPercentage};
pub use inventory::{
    StockCount, StockCountLine, Warehouse, WarehouseTransfer, WarehouseTransferLine,
};
pub use invoice_rows::SalesInvoiceRow;
pub use invoices::{SalesInvoice, SalesInvoiceLine};
pub use logistics::{Item, PurchaseItemPrice, SupplierItem, Unit};
pub use manufacturing::ShopOrder;
pub use purchase::{PurchaseOrder, PurchaseOrderLine};
pub use purchase_rows::PurchaseOrderRow;
pub use receipts::{GoodsReceipt, GoodsReceiptLine};
pub use sales::{SalesOrder, SalesOrderLine};
pub use sales_rows::SalesOrderHeader;
pub use system::{Deleted, Division, Me, SystemDivision, WebhookSubscription};

/// A struct with a field for each property: `field: type = "Property"`.
macro_rules! model {
    (
        $(#[$about:meta])*
        pub struct $name:ident at $path:literal, key $key:literal: $key_type:ty {
            $( $field:ident: $type:ty = $property:literal, )+
        }
    ) => {
        $(#[$about])*
        #[doc = concat!("\n\nEndpoint `", $path, "`.")]
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                #[doc = concat!("`", $property, "`")]
                pub $field: Option<$type>,
            )+
            /// Properties without a field, by their names. These properties are sent as well: `null` clears a
            /// property.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $name {
            /// Makes an empty row and sets its fields with `change`, for
            /// [`create`](crate::exact_online::Resource::create) and
            /// [`update`](crate::exact_online::Resource::update). Only the fields that `change` sets
            /// are sent.
            pub fn with(change: impl FnOnce(&mut $name)) -> $name {
                let mut row = $name::default();
                change(&mut row);
                row
            }

            /// Changes a copy of this row with `change`, and returns the changed fields only, for
            /// [`update`](crate::exact_online::Resource::update). A field that `change` sets to `None` is
            /// cleared.
            #[must_use = "the changes are not sent before `update`"]
            pub fn changes(&self, change: impl FnOnce(&mut $name)) -> $name {
                let mut after = self.clone();
                change(&mut after);
                $crate::exact_online::model::difference(self, &after)
            }
        }

        impl $crate::exact_online::model::Model for $name {
            const PATH: &'static str = $path;
            const KEY: &'static str = $key;
            type Key = $key_type;
            const PROPERTIES: &'static [$crate::exact_online::model::Property] = &[
                $( $crate::exact_online::model::Property::of::<$type>($property), )+
            ];
        }

        impl $crate::exact_online::model::Columns for $name {
            fn set(&mut self, name: &str, json: &str) -> Result<(), String> {
                match name {
                    $(
                        $property => {
                            self.$field = $crate::exact_online::model::read_column(name, json)?;
                        }
                    )+
                    _ => $crate::exact_online::model::keep(&mut self.extra, name, json)?,
                }
                Ok(())
            }

            fn extra(&self) -> &serde_json::Map<String, serde_json::Value> {
                &self.extra
            }

            fn put_extra(&mut self, name: &str, value: serde_json::Value) {
                self.extra.insert(name.to_owned(), value);
            }

            fn put(&self, to: &mut dyn FnMut(&'static str, String)) {
                $(
                    if let Some(value) = &self.$field {
                        to($property, $crate::exact_online::model::Column::write(value));
                    }
                )+
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(
                    if let Some(value) = &self.$field {
                        shown.field(stringify!($field), value);
                    }
                )+
                if !self.extra.is_empty() {
                    shown.field("extra", &self.extra);
                }
                shown.finish_non_exhaustive()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                $crate::exact_online::model::read(from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::exact_online::model::write(self, to)
            }
        }
    };
}
use model;
