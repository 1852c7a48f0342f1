//! An endpoint whose rows have a struct.

use std::marker::PhantomData;

use serde::Serialize;
use time::PrimitiveDateTime;

use super::call::{Call, query_methods};
use super::errors::unreadable;
use super::listing::{Batch, Batches, Position, Rows};
use super::model::{Column, Model};
use super::odata::{Filter, Order, Query, field};
use super::{ExactOnline, models::*};
use crate::Result;

/// An endpoint whose rows are `M`s. Made by [`ExactOnline::accounts`] and its like; what an endpoint
/// does not take, such as a deletion, is not there.
///
/// ```
/// # use evergrant::exact_online::{Country, ExactOnline};
/// # use evergrant::sandbox::{ApiReply, Sandbox};
/// # let sandbox = Sandbox::builder().exact_online().start()?;
/// # sandbox.on("GET", "/api/v1/123/crm/Accounts", |request| ApiReply::json(200,
/// #     serde_json::json!({"d": {"results": [{"ID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Name": "Rose"}]}})));
/// # sandbox.on("PUT", "/api/v1/123/crm/Accounts(guid'3f2504e0-4f89-11d3-9a0c-0305e82c3301')", |_| ApiReply::new(204));
/// # let exact = ExactOnline::builder(Country::Netherlands, sandbox.credentials(), evergrant::MemoryBackend::new())
/// #     .provider(sandbox.provider()).division(123).build()?;
/// # exact.client().seed(sandbox.login())?;
/// use evergrant::exact_online::{Account, odata::field};
///
/// for account in exact.accounts().filter(field("IsSupplier").eq(true)).rows() {
///     let account = account?;
///     if let Some(id) = account.id {
///         let change = Account { blocked: Some(true), ..Account::default() };
///         exact.accounts().update(id, &change)?;
///     }
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[must_use = "nothing is sent until a method that ends the call is called"]
pub struct Resource<M: Model> {
    call: Call,
    kind: PhantomData<fn() -> M>,
}

query_methods!(Resource<M: Model>);

impl<M: Model> Clone for Resource<M> {
    fn clone(&self) -> Resource<M> {
        Resource { call: self.call.clone(), kind: PhantomData }
    }
}

impl<M: Model> std::fmt::Debug for Resource<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("endpoint", &M::PATH).finish_non_exhaustive()
    }
}

/// Rows that can be made.
pub trait Create: Model {}
/// Rows that can be changed.
pub trait Update: Model {}
/// Rows that can be deleted.
pub trait Delete: Model {}
/// Rows that can be listed. Those of some endpoints are for synchronisation only.
pub trait List: Model {}

/// Rows that come by the thousand from a twin of their endpoint below `bulk/`.
pub trait Bulk: Model {
    /// That endpoint.
    const BULK: &'static str;
    /// The properties that it does not have.
    const WITHOUT: &'static [&'static str];
}

/// Rows of which one can have what has changed.
pub trait Synchronize: Model {
    /// The rows of the synchronisation, which are not always those of the endpoint.
    type Row: Model;
    /// The endpoint of the synchronisation: below `sync/`, by `Timestamp`; or the rows' own, by
    /// `Modified`.
    const SYNC: &'static str;
    /// The properties that it does not have.
    const WITHOUT: &'static [&'static str];
}

impl<M: Model> Resource<M> {
    fn new(exact: &ExactOnline) -> Resource<M> {
        Resource { call: Call::new(exact, M::PATH), kind: PhantomData }
    }

    fn with(self, change: impl FnOnce(Query) -> Query) -> Resource<M> {
        Resource { call: self.call.with(change), kind: PhantomData }
    }
}

impl<M: List> Resource<M> {
    /// The first page of the query: 60 rows at most.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn list(self) -> Result<Batch<M>> {
        self.call.list()
    }

    /// Every row of the query, page by page as they are asked for.
    pub fn rows(self) -> Rows<M> {
        self.call.rows()
    }

    /// Every page of the query, from a stored position on or from the beginning.
    pub fn batches(self, position: Option<Position>) -> Batches<M> {
        self.call.batches(position)
    }

    /// The row with this key, if there is one.
    ///
    /// It is asked for with a filter: not every endpoint takes a key in its address without a choice
    /// of properties, and one that finds nothing is then no error that Exact Online counts.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn get(self, key: M::Key) -> Result<Option<M>> {
        self.call.filter(field(M::KEY).eq(key)).first()
    }

    /// The first row of the query, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn first(self) -> Result<Option<M>> {
        self.call.first()
    }

    /// How many rows the query finds.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn count(self) -> Result<u64> {
        self.call.count()
    }
}

impl<M: Create> Resource<M> {
    /// Makes a new one and gives it out as it is then. `body` is an `M` with what is known, or
    /// anything else that serde writes.
    ///
    /// It is never sent a second time by itself when it may have been processed: Exact Online has
    /// nothing by which it would notice that.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn create(self, body: &(impl Serialize + ?Sized)) -> Result<M> {
        self.call.create(body)
    }
}

impl<M: Update> Resource<M> {
    /// Changes the fields that are sent: those of an `M` that are set, or anything else that serde
    /// writes.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn update(self, key: M::Key, body: &(impl Serialize + ?Sized)) -> Result<()> {
        self.call.update(key, body)
    }
}

impl<M: Delete> Resource<M> {
    /// Deletes it.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn delete(self, key: M::Key) -> Result<()> {
        self.call.delete(key)
    }
}

/// The call of a twin of an endpoint, with a choice of properties, which it demands: the caller's, or
/// every field of the struct that it has.
fn twin<M: Model>(call: Call, name: &str, without: &[&str]) -> Call {
    let mut twin = call.renamed(name);
    if !twin.has_choice() {
        let plain = M::PROPERTIES.iter().filter(|property| !property.is_collection());
        let names: Vec<_> = plain.map(|p| p.name).filter(|name| !without.contains(name)).collect();
        twin = twin.select(&names);
    }
    twin
}

impl<M: Bulk> Resource<M> {
    /// Every row of the query, a thousand a page, from a stored position on or from the beginning.
    /// Without a choice of properties every field of the struct is asked for.
    pub fn bulk(self, position: Option<Position>) -> Batches<M> {
        twin::<M>(self.call, M::BULK, M::WITHOUT).batches(position)
    }
}

impl<M: Synchronize> Resource<M> {
    /// What has changed since the position; without one, everything there is. Keep the position of
    /// each batch when its rows are worked off. What was deleted comes from
    /// [`ExactOnline::deleted`].
    ///
    /// A division that Exact Online moves to another database gets new timestamps: when
    /// `division_move_date` of its [`SystemDivision`] changes, begin without a position.
    pub fn sync(self, position: Option<Position>) -> Batches<M::Row> {
        if !M::SYNC.starts_with("sync/") {
            return self.call.sync_modified(position);
        }
        let chosen = self.call.has_choice();
        let call = twin::<M::Row>(self.call, M::SYNC, M::WITHOUT);
        let call = if chosen { call.select(&["Timestamp"]) } else { call };
        call.sync(position)
    }
}

impl<M: Synchronize> Resource<M> {
    /// A position from which [`Resource::sync`] has what changed on that date or later, for a first run
    /// that does not want everything. Where a synchronisation goes by `Timestamp`, Exact Online is asked
    /// which one that is; its documentation has 24 endpoints of which it knows that.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn position_at(self, modified: PrimitiveDateTime) -> Result<Position> {
        if !M::SYNC.starts_with("sync/") {
            return Ok(Position::after_date(&self.call, modified));
        }
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "TimeStampAsBigInt")]
            timestamp: serde_json::Value,
        }
        let name = M::SYNC.rsplit('/').next().unwrap_or_default();
        let call = self.call.clone().renamed("read/sync/Sync/SyncTimestamp").bare();
        let answer: Answer = call.param("modified", modified).param("endPoint", name).one()?;
        let timestamp = <i64 as Column>::read(&answer.timestamp.to_string());
        let timestamp = timestamp.ok().flatten().ok_or_else(|| unreadable(name, "no timestamp"))?;
        // What has this very version is wanted, too.
        let twin = self.call.renamed(M::SYNC);
        Ok(Position::after_timestamp(&twin, timestamp.saturating_sub(1)))
    }
}

macro_rules! resources {
    ($(
        $(#[$about:meta])*
        $method:ident: $model:ident [$($ability:ident)*]
            $(bulk $bulk:literal without [$($no_bulk:literal)*])?
            $(sync $row:ident $sync:literal without [$($no_sync:literal)*])?;
    )+) => {
        impl ExactOnline {
            $(
                $(#[$about])*
                #[doc = concat!("\n\nEndpoint `", stringify!($model), "`'s; needs a division.")]
                pub fn $method(&self) -> Resource<$model> {
                    Resource::new(self)
                }
            )+
        }
        $(
            $(impl $ability for $model {})*
            $(impl Bulk for $model {
                const BULK: &'static str = $bulk;
                const WITHOUT: &'static [&'static str] = &[$($no_bulk),*];
            })?
            $(impl Synchronize for $model {
                type Row = $row;
                const SYNC: &'static str = $sync;
                const WITHOUT: &'static [&'static str] = &[$($no_sync),*];
            })?
        )+
    };
}

resources! {
    /// Customers and suppliers.
    accounts: Account [List Create Update Delete]
        bulk "bulk/CRM/Accounts" without ["Timestamp"]
        sync Account "sync/CRM/Accounts" without [];
    /// People at accounts.
    contacts: Contact [List Create Update Delete]
        bulk "bulk/CRM/Contacts" without ["Timestamp"]
        sync Contact "sync/CRM/Contacts" without [];
    /// Items.
    items: Item [List Create Update Delete]
        bulk "bulk/Logistics/Items" without ["Timestamp"]
        sync Item "sync/Logistics/Items" without ["StandardSalesPrice"];
    /// Items as suppliers have them.
    supplier_items: SupplierItem [List Create Update Delete]
        sync SupplierItem "sync/Logistics/SupplierItem" without [];
    /// Prices at which items are bought; for synchronisation only.
    purchase_item_prices: PurchaseItemPrice []
        sync PurchaseItemPrice "sync/Logistics/PurchaseItemPrices" without [];
    /// Units of measure.
    units: Unit [List];
    /// Orders at suppliers. Their synchronisation has a row for each line.
    purchase_orders: PurchaseOrder [List Create Update Delete]
        sync PurchaseOrderRow "sync/PurchaseOrder/PurchaseOrders" without [];
    /// Lines of orders at suppliers.
    purchase_order_lines: PurchaseOrderLine [List Create Update Delete];
    /// Goods that came in.
    goods_receipts: GoodsReceipt [List Create Update]
        sync GoodsReceipt "purchaseorder/GoodsReceipts" without [];
    /// Lines of goods that came in.
    goods_receipt_lines: GoodsReceiptLine [List Create];
    /// Orders of customers. Their synchronisation has no lines; those have their own.
    sales_orders: SalesOrder [List Create Update Delete]
        bulk "bulk/SalesOrder/SalesOrders" without ["TaxSchedule" "TaxScheduleCode" "TaxScheduleDescription"]
        sync SalesOrderHeader "sync/SalesOrder/SalesOrderHeaders" without [];
    /// Lines of orders of customers.
    sales_order_lines: SalesOrderLine [List Create Update Delete];
    /// Invoices to customers. Their synchronisation has a row for each line.
    sales_invoices: SalesInvoice [List Create Update Delete]
        bulk "bulk/SalesInvoice/SalesInvoices" without []
        sync SalesInvoiceRow "sync/SalesInvoice/SalesInvoices" without [];
    /// Lines of invoices to customers.
    sales_invoice_lines: SalesInvoiceLine [List Create Update Delete];
    /// Orders to make something.
    shop_orders: ShopOrder [List Create Update Delete]
        sync ShopOrder "sync/Manufacturing/ShopOrders" without [
            "ItemBarcode" "ShopOrderMaterialPlansNonIssuedByproductsCount"
            "ShopOrderMaterialPlansNonIssuedMaterialsCount" "WarehouseCode" "WarehouseDescription"
        ];
    /// Warehouses.
    warehouses: Warehouse [List Create Update Delete]
        sync Warehouse "inventory/Warehouses" without [];
    /// Goods that go from one warehouse to another.
    warehouse_transfers: WarehouseTransfer [List Create Update Delete]
        sync WarehouseTransfer "inventory/WarehouseTransfers" without [];
    /// Counts of what is in stock.
    stock_counts: StockCount [List Create Update Delete]
        sync StockCount "inventory/StockCounts" without [];
    /// Lines of counts of what is in stock.
    stock_count_lines: StockCountLine [List Create Update Delete];
    /// Accounts of the general ledger.
    gl_accounts: GlAccount [List Create Update Delete]
        bulk "bulk/Financial/GLAccounts" without ["Timestamp"]
        sync GlAccount "sync/Financial/GLAccounts" without [];
    /// Journals.
    journals: Journal [List Create Update Delete];
    /// Codes for value added tax.
    vat_codes: VatCode [List Create Update Delete];
    /// Percentages of codes for value added tax.
    vat_percentages: VatPercentage [List];
    /// Documents.
    documents: Document [List Create Update Delete]
        bulk "bulk/Documents/Documents" without ["Timestamp" "ItemMaterial" "ItemRoutingStep"]
        sync Document "sync/Documents/Documents" without [];
    /// Files of documents.
    document_attachments: DocumentAttachment [List Create Delete]
        bulk "bulk/Documents/DocumentAttachments" without ["Timestamp"]
        sync DocumentAttachment "sync/Documents/DocumentAttachments" without [];
    /// The companies of the licence to which the chosen division belongs.
    divisions: Division [List]
        sync Division "hrm/Divisions" without [];
    /// Every company that the login may use.
    system_divisions: SystemDivision [List Delete];
    /// What Exact Online calls an address about.
    webhook_subscriptions: WebhookSubscription [List Create Update Delete];
}
