//! The resources: a struct for the rows of each endpoint, and the endpoint's operations. Each area of
//! the API has a module.
//!
//! The fields come from the three public lists that `endpoints.txt` names. A property that only the list of
//! 2022 has is left out, unless a program uses the property. A test compares every field with
//! `tests/vendors/exact_online/properties.txt`.

mod cashflow;
mod crm;
mod deliveries;
mod document_parts;
mod documents;
mod entries;
mod financial;
mod inventory;
mod invoice_rows;
mod invoices;
mod item_parts;
mod journal_entries;
mod ledger;
mod logistics;
mod manufacturing;
mod payment_terms;
mod people;
mod prices;
mod project_time;
mod projects;
mod purchase;
mod purchase_rows;
mod quotations;
mod receipts;
mod relations;
mod reports;
mod sales;
mod sales_extras;
mod sales_rows;
mod stock;
mod subscriptions;
mod system;

pub use cashflow::{
    Bank, DirectDebitMandate, Payment, PaymentCondition, PaymentProcess, Receivable,
};
pub use crm::{Account, Contact};
pub use deliveries::{
    DropShipment, DropShipmentLine, GoodsDelivery, GoodsDeliveryLine, PlannedSalesReturn,
    PlannedSalesReturnLine, PurchaseReturn, PurchaseReturnLine,
};
pub use document_parts::{
    DocumentCategory, DocumentFolder, DocumentType, DocumentTypeCategory, DocumentTypeFolder,
};
pub use documents::{Document, DocumentAttachment};
pub use entries::{
    PurchaseEntry, PurchaseEntryLine, PurchaseInvoice, PurchaseInvoiceLine, SalesEntry,
    SalesEntryLine,
};
pub use financial::{GlAccount, Journal, VatCode, VatPercentage};
pub use inventory::{
    StockCount, StockCountLine, Warehouse, WarehouseTransfer, WarehouseTransferLine,
};
pub use invoice_rows::SalesInvoiceRow;
pub use invoices::{SalesInvoice, SalesInvoiceLine};
pub use item_parts::{
    CustomerItem, ItemAssortment, ItemAssortmentProperty, ItemChargeRelation, ItemGroup,
    ItemVersion, ItemWarehouse, ItemWarehousePlanningDetail, ItemWarehouseStorageLocation,
    StorageLocation,
};
pub use journal_entries::{
    BankEntry, BankEntryLine, CashEntry, CashEntryLine, GeneralJournalEntry,
    GeneralJournalEntryLine,
};
pub use ledger::{
    CostCenter, CostUnit, Currency, DeductibilityPercentage, ExchangeRate, FinancialPeriod,
    GlAccountClassificationMapping, GlClassification, GlScheme, GlTransactionSource,
    GlTransactionType, Transaction, TransactionLine,
};
pub use logistics::{Item, PurchaseItemPrice, SupplierItem, Unit};
pub use manufacturing::ShopOrder;
pub use payment_terms::PaymentTerm;
pub use people::{Department, Employee, User, UserRole};
pub use prices::{
    SalesItemPrice, SalesPriceList, SalesPriceListLinkedAccount, SalesPriceListPeriod,
    SalesPriceListVolumeDiscount,
};
pub use project_time::{
    CostTransaction, EmploymentInternalRate, ProjectWbsRow, TimeCorrection, TimeCostTransaction,
    TimeTransaction, WbsActivity, WbsDeliverable, WbsExpense,
};
pub use projects::{
    InvoiceTerm, Project, ProjectBudgetType, ProjectClassification, ProjectHourBudget,
    ProjectPlanning, ProjectRestrictionEmployee, ProjectRestrictionItem,
    ProjectRestrictionRebilling,
};
pub use purchase::{PurchaseOrder, PurchaseOrderLine};
pub use purchase_rows::PurchaseOrderRow;
pub use quotations::{
    Quotation, QuotationAcceptance, QuotationLine, QuotationOrderChargeLine, QuotationPrint,
    QuotationRejection, QuotationReopening,
};
pub use receipts::{GoodsReceipt, GoodsReceiptLine};
pub use relations::{
    AccountClass, AccountClassification, AccountClassificationName, Address, AddressState,
    BankAccount, LeadSource, Opportunity, ReasonCode,
};
pub use reports::{
    AgingGroup, AgingPayable, AgingReceivable, Budget, BudgetScenario, JournalStatus,
    OfficialReturn, OpenPayable, OpenReceivable, OutstandingInvoices, ProfitLossOverview,
    ReportingBalance, Revenue, TaxReturn,
};
pub use sales::{SalesOrder, SalesOrderLine};
pub use sales_extras::{
    Incoterm, InvoicedSalesOrders, Layout, OrderCharge, PrintedSalesInvoice, PrintedSalesOrder,
    SalesChannel, SalesInvoiceOrderChargeLine, SalesOrderOrderChargeLine, SelectionCode,
    ShippingMethod,
};
pub use sales_rows::SalesOrderHeader;
pub use stock::{
    AssemblyOrder, BatchNumber, ItemStorageLocation, SerialBatchNumber, SerialNumber,
    StockBatchNumber, StockCountProcess, StockPosition, StockSerialBatchNumber, StockSerialNumber,
    StorageLocationStockPosition, WarehouseTransferProcess,
};
pub use subscriptions::{
    Subscription, SubscriptionLine, SubscriptionLineType, SubscriptionReasonCode,
    SubscriptionRestrictionEmployee, SubscriptionRestrictionItem, SubscriptionType,
};
pub use system::{Deleted, Division, Me, SystemDivision, WebhookSubscription};

/// A struct with a field for each property: `field: type = "Property"`, and `read_only` after a property that
/// the service sets itself.
macro_rules! model {
    (
        $(#[$about:meta])*
        pub struct $name:ident at $path:literal, key $key:literal: $key_type:ty {
            $( $field:ident: $type:ty = $property:literal $($read_only:ident)?, )+
        }
    ) => {
        $(#[$about])*
        #[doc = concat!("\n\nEndpoint `", $path, "`.")]
        #[derive(Default)]
        #[non_exhaustive]
        pub struct $name {
            $(
                #[doc = concat!("`", $property, "`" $(, ", which the service sets (", stringify!($read_only), ")")?)]
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
                $( $crate::exact_online::model::Property::of::<$type>($property) $(.$read_only())?, )+
            ];
        }

        impl $crate::exact_online::model::Inner for $name {
            const ROW: &'static [$crate::exact_online::model::Property] =
                <$name as $crate::exact_online::model::Model>::PROPERTIES;
        }

        impl $crate::exact_online::model::Columns for $name {
            const NAMES: &'static [&'static str] = &[$( stringify!($field), )+];

            fn fields(&self) -> $crate::exact_online::model::Fields<'_> {
                (vec![$( &self.$field, )+], &self.extra)
            }

            fn fields_mut(&mut self) -> $crate::exact_online::model::FieldsMut<'_> {
                (vec![$( &mut self.$field, )+], &mut self.extra)
            }
        }

        impl Clone for $name {
            fn clone(&self) -> $name {
                $crate::exact_online::model::copy(self)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                use $crate::exact_online::model::{Columns as _, is_same};
                is_same(self.fields(), other.fields())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                use $crate::exact_online::model::{Columns, show};
                show(self.fields(), (stringify!($name), <$name as Columns>::NAMES), f)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                $crate::exact_online::model::read(from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use $crate::exact_online::model::{Columns as _, Model, write};
                write(<$name as Model>::PROPERTIES, self.fields(), to)
            }
        }
    };
}
use model;
