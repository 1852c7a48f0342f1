//! Enums for coded values.

use super::model::Column;
use crate::sdk::open_enum;

open_enum! {
    /// The kind of an account.
    pub enum AccountStatus {
        /// A customer.
        Customer = "C",
        /// A prospect.
        Prospect = "P",
        /// A suspect.
        Suspect = "S",
        /// Neither a customer, a prospect nor a suspect.
        None = "A",
    }

    /// The kind of row that a webhook reports. The list comes from public code and is not complete.
    pub enum Topic {
        /// Accounts.
        Accounts = "Accounts",
        /// Bank accounts.
        BankAccounts = "BankAccounts",
        /// Bank entries.
        BankEntries = "BankEntries",
        /// Cash entries.
        CashEntries = "CashEntries",
        /// Contacts.
        Contacts = "Contacts",
        /// Cost transactions.
        CostTransactions = "CostTransactions",
        /// Documents.
        Documents = "Documents",
        /// Financial transactions.
        FinancialTransactions = "FinancialTransactions",
        /// General journal entries.
        GeneralJournalEntries = "GeneralJournalEntries",
        /// Goods deliveries, the only topic with immediate delivery (`IsInstant`).
        GoodsDeliveries = "GoodsDeliveries",
        /// Items.
        Items = "Items",
        /// Purchase entries.
        PurchaseEntries = "PurchaseEntries",
        /// Purchase orders.
        PurchaseOrders = "PurchaseOrders",
        /// Quotations.
        Quotations = "Quotations",
        /// Sales entries.
        SalesEntries = "SalesEntries",
        /// Sales invoices.
        SalesInvoices = "SalesInvoices",
        /// Sales prices of items.
        SalesItemPrices = "SalesItemPrices",
        /// Sales orders.
        SalesOrders = "SalesOrders",
        /// Stock positions.
        StockPositions = "StockPositions",
        /// Subscriptions.
        Subscriptions = "Subscriptions",
        /// Time transactions.
        TimeTransactions = "TimeTransactions",
    }

    /// The change that a webhook reports.
    pub enum Action {
        /// The row was created.
        Create = "Create",
        /// The row was changed.
        Update = "Update",
        /// The row was deleted.
        Delete = "Delete",
    }
}

macro_rules! text_columns {
    ($($name:ident)+) => {$(
        impl Column for $name {
            const TYPES: &'static [&'static str] = &["String"];

            fn read(json: &str) -> Result<Option<$name>, std::borrow::Cow<'static, str>> {
                let text = <String as Column>::read(json)?;
                Ok(text.map(|text| $name::from(text.as_str())))
            }

            fn write(&self) -> String {
                self.as_str().to_owned().write()
            }
        }
    )+};
}

text_columns!(AccountStatus Topic);

/// An enum of numbers. The service may add numbers: `Unknown` keeps an unknown number.
macro_rules! numbers {
    ($(
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[$variant_about:meta])* $variant:ident = $number:literal, )+
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_about])* $variant, )+
            /// A number that this version does not know.
            Unknown(i32),
        }

        impl $name {
            /// Every known value.
            pub const KNOWN: &'static [$name] = &[$( $name::$variant, )+];

            /// Returns the number.
            pub const fn code(self) -> i32 {
                match self {
                    $( $name::$variant => $number, )+
                    $name::Unknown(number) => number,
                }
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> $name {
                match number {
                    $( $number => $name::$variant, )+
                    _ => $name::Unknown(number),
                }
            }
        }

        impl From<$name> for super::odata::Literal {
            fn from(value: $name) -> super::odata::Literal {
                value.code().into()
            }
        }

        impl Column for $name {
            const TYPES: &'static [&'static str] = <i32 as Column>::TYPES;

            fn read(json: &str) -> Result<Option<$name>, std::borrow::Cow<'static, str>> {
                Ok(<i32 as Column>::read(json)?.map($name::from))
            }

            fn write(&self) -> String {
                self.code().to_string()
            }
        }
    )+};
}

numbers! {
    /// The status of a sales order.
    pub enum SalesOrderStatus {
        /// Open.
        Open = 12,
        /// Partly delivered.
        Partial = 20,
        /// Complete.
        Complete = 21,
        /// Cancelled.
        Cancelled = 45,
    }

    /// The status of an approval.
    pub enum ApprovalStatus {
        /// Waits for approval.
        Awaiting = 0,
        /// Needed no approval.
        Automatic = 1,
        /// Approved.
        Approved = 2,
    }

    /// The status of a shop order.
    pub enum ShopOrderStatus {
        /// Open.
        Open = 10,
        /// In process.
        InProcess = 20,
        /// Finished.
        Finished = 30,
        /// Completed.
        Completed = 40,
    }

    /// The status of a stock count.
    pub enum StockCountStatus {
        /// A draft.
        Draft = 12,
        /// Processed.
        Processed = 21,
    }

    /// The status of a warehouse transfer.
    pub enum WarehouseTransferStatus {
        /// Open.
        Open = 10,
        /// Complete.
        Complete = 50,
    }

    /// The origin of a warehouse transfer.
    pub enum WarehouseTransferSource {
        /// A person.
        Manual = 1,
        /// An import.
        Import = 2,
        /// A transfer advice.
        TransferAdvice = 3,
        /// A program.
        WebService = 4,
    }
}

numbers! {
    /// The kind of a deleted row.
    pub enum EntityType {
        /// Transaction lines.
        TransactionLines = 1,
        /// Accounts.
        Accounts = 2,
        /// Addresses.
        Addresses = 3,
        /// Attachments.
        Attachments = 4,
        /// Contacts.
        Contacts = 5,
        /// Documents.
        Documents = 6,
        /// Accounts of the general ledger.
        GlAccounts = 7,
        /// Item prices.
        ItemPrices = 8,
        /// Items.
        Items = 9,
        /// Payment terms.
        PaymentTerms = 10,
        /// Sales orders.
        SalesOrders = 12,
        /// Sales invoices.
        SalesInvoices = 13,
        /// Time cost transactions.
        TimeCostTransactions = 14,
        /// Stock positions.
        StockPositions = 15,
        /// Goods deliveries.
        GoodsDeliveries = 16,
        /// Goods delivery lines.
        GoodsDeliveryLines = 17,
        /// Classifications of the general ledger.
        GlClassifications = 18,
        /// Item warehouses.
        ItemWarehouses = 19,
        /// Storage location stock positions.
        StorageLocationStockPositions = 20,
        /// Projects.
        Projects = 21,
        /// Purchase orders.
        PurchaseOrders = 22,
        /// Subscriptions.
        Subscriptions = 23,
        /// Subscription lines.
        SubscriptionLines = 24,
        /// Work breakdown structures of projects.
        ProjectWbs = 25,
        /// Project planning.
        ProjectPlanning = 26,
        /// Leave absence hours by day.
        LeaveAbsenceHoursByDay = 27,
        /// Serial batch numbers.
        SerialBatchNumbers = 28,
        /// Stock serial batch numbers.
        StockSerialBatchNumbers = 29,
        /// Item accounts.
        ItemAccounts = 30,
        /// Discount tables.
        DiscountTables = 31,
        /// Sales order headers.
        SalesOrderHeaders = 32,
        /// Sales order lines.
        SalesOrderLines = 33,
        /// Quotation headers.
        QuotationHeaders = 34,
        /// Quotation lines.
        QuotationLines = 35,
        /// Shop orders.
        ShopOrders = 36,
        /// Shop order material plans.
        ShopOrderMaterialPlans = 37,
        /// Shop order routing step plans.
        ShopOrderRoutingStepPlans = 38,
        /// Schedules.
        Schedules = 39,
        /// Schedule entries.
        ScheduleEntries = 40,
        /// Item storage locations.
        ItemStorageLocations = 41,
        /// Employees.
        Employees = 42,
        /// Employments.
        Employments = 43,
        /// Employment contracts.
        EmploymentContracts = 44,
        /// Employment organizations.
        EmploymentOrganizations = 45,
        /// Collective agreements of employments.
        EmploymentClas = 46,
        /// Employment salaries.
        EmploymentSalaries = 47,
        /// Bank accounts.
        BankAccounts = 48,
        /// Employment tax authorities general.
        EmploymentTaxAuthoritiesGeneral = 49,
        /// Shop order purchase planning.
        ShopOrderPurchasePlanning = 50,
        /// Shop order sub orders.
        ShopOrderSubOrders = 51,
        /// Requirement issues.
        RequirementIssues = 53,
        /// Bill of material materials.
        BillOfMaterialMaterials = 54,
        /// Bill of material versions.
        BillOfMaterialVersions = 55,
        /// Leave registrations.
        LeaveRegistrations = 56,
        /// Leave build up registrations.
        LeaveBuildUpRegistrations = 57,
        /// Absence registration transactions.
        AbsenceRegistrationTransactions = 58,
        /// Absence registrations.
        AbsenceRegistrations = 59,
    }
}
