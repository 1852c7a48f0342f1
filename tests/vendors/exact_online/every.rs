//! Every resource and struct, for the tests that treat all of them alike.

/// Calls a macro with every resource: its method, its rows, and its operations.
macro_rules! every_resource {
    ($do:ident $($given:tt)*) => {
        $do! {
            $($given)*
            budget_scenarios: BudgetScenario [list get];
            budgets: Budget [list get];
            banks: Bank [list get];
            direct_debit_mandates: DirectDebitMandate [list get create update delete sync];
            payment_conditions: PaymentCondition [list get create];
            payments: Payment [list get update bulk];
            process_payments: PaymentProcess [create];
            receivables: Receivable [list get update bulk];
            accept_quotation: QuotationAcceptance [create];
            account_classes: AccountClass [list get];
            account_classification_names: AccountClassificationName [list get];
            account_classifications: AccountClassification [list get];
            accounts: Account [list get create update delete bulk sync];
            addresses: Address [list get create update delete bulk sync];
            address_states: AddressState [list get];
            bank_accounts: BankAccount [list get create update delete sync];
            contacts: Contact [list get create update delete bulk sync];
            lead_sources: LeadSource [list get];
            opportunities: Opportunity [list get create update delete sync];
            print_quotation: QuotationPrint [create];
            quotation_lines: QuotationLine [list get create update delete bulk sync];
            quotation_order_charge_lines: QuotationOrderChargeLine [list get create update delete];
            quotations: Quotation [list get create update delete bulk sync];
            reason_codes: ReasonCode [list get];
            reject_quotation: QuotationRejection [create];
            reopen_quotation: QuotationReopening [create];
            document_attachments: DocumentAttachment [list get create delete bulk sync];
            document_categories: DocumentCategory [list get];
            document_folders: DocumentFolder [list get create update delete];
            documents: Document [list get create update delete bulk sync];
            document_type_categories: DocumentTypeCategory [list get];
            document_type_folders: DocumentTypeFolder [list get create update delete];
            document_types: DocumentType [list get];
            deductibility_percentages: DeductibilityPercentage [list get];
            exchange_rates: ExchangeRate [list get create update delete];
            financial_periods: FinancialPeriod [list get];
            gl_account_classification_mappings: GlAccountClassificationMapping [list get create update delete];
            gl_accounts: GlAccount [list get create update delete bulk sync];
            gl_classifications: GlClassification [list get bulk sync];
            gl_schemes: GlScheme [list get];
            gl_transaction_sources: GlTransactionSource [list get];
            gl_transaction_types: GlTransactionType [list get];
            journals: Journal [list get create update delete];
            official_returns: OfficialReturn [list get create];
            reporting_balances: ReportingBalance [list get];
            bank_entries: BankEntry [list get create delete sync];
            bank_entry_lines: BankEntryLine [list get create];
            cash_entries: CashEntry [list get create delete sync];
            cash_entry_lines: CashEntryLine [list get create];
            transaction_lines: TransactionLine [list get bulk sync];
            transactions: Transaction [list get];
            currencies: Currency [list get];
            general_journal_entries: GeneralJournalEntry [list get create delete sync];
            general_journal_entry_lines: GeneralJournalEntryLine [list get create];
            cost_centers: CostCenter [list get create update delete];
            cost_units: CostUnit [list get create update delete];
            departments: Department [list get];
            divisions: Division [list get sync];
            assembly_orders: AssemblyOrder [list get];
            batch_numbers: BatchNumber [list get];
            item_warehouse_planning_details: ItemWarehousePlanningDetail [list get];
            item_warehouses: ItemWarehouse [list get create update delete sync];
            item_warehouse_storage_locations: ItemWarehouseStorageLocation [list get];
            process_stock_count: StockCountProcess [create];
            process_warehouse_transfer: WarehouseTransferProcess [create];
            serial_numbers: SerialNumber [list get];
            stock_batch_numbers: StockBatchNumber [list get create update delete];
            stock_count_lines: StockCountLine [list get create update delete];
            stock_counts: StockCount [list get create update delete sync];
            stock_serial_numbers: StockSerialNumber [list get create update delete];
            storage_locations: StorageLocation [list get];
            warehouses: Warehouse [list get create update delete sync];
            warehouse_transfer_lines: WarehouseTransferLine [list get create update delete];
            warehouse_transfers: WarehouseTransfer [list get create update delete sync];
            customer_items: CustomerItem [list get create update delete sync];
            incoterms: Incoterm [list get];
            item_assortments: ItemAssortment [list get];
            item_assortment_properties: ItemAssortmentProperty [list get];
            item_charge_relations: ItemChargeRelation [list get];
            item_groups: ItemGroup [list get sync];
            items: Item [list get create update delete bulk sync];
            item_versions: ItemVersion [list get sync];
            sales_item_prices: SalesItemPrice [list get create update delete bulk sync];
            selection_codes: SelectionCode [list get];
            supplier_items: SupplierItem [list get create update delete sync];
            units: Unit [list get];
            shop_orders: ShopOrder [list get create update delete sync];
            employees: Employee [list get sync];
            cost_transactions: CostTransaction [list get create update delete sync];
            employment_internal_rates: EmploymentInternalRate [list get];
            invoice_terms: InvoiceTerm [list get create update delete sync];
            project_budget_types: ProjectBudgetType [list get];
            project_classifications: ProjectClassification [list get create update delete];
            project_hour_budgets: ProjectHourBudget [list get create update delete sync];
            project_planning: ProjectPlanning [list get create update delete sync];
            project_restriction_employees: ProjectRestrictionEmployee [list get create update delete];
            project_restriction_items: ProjectRestrictionItem [list get create update delete];
            project_restriction_rebillings: ProjectRestrictionRebilling [list get create update delete];
            projects: Project [list get create update delete sync];
            time_corrections: TimeCorrection [list get create update delete sync];
            time_transactions: TimeTransaction [list get create update delete sync];
            wbs_activities: WbsActivity [list get create update delete sync];
            wbs_deliverables: WbsDeliverable [list get create update delete sync];
            wbs_expenses: WbsExpense [list get create update delete sync];
            purchase_invoice_lines: PurchaseInvoiceLine [list get create];
            purchase_invoices: PurchaseInvoice [list get create update delete sync];
            purchase_entries: PurchaseEntry [list get create update delete sync];
            purchase_entry_lines: PurchaseEntryLine [list get create update delete];
            goods_receipt_lines: GoodsReceiptLine [list get create];
            goods_receipts: GoodsReceipt [list get create update sync];
            purchase_order_lines: PurchaseOrderLine [list get create update delete];
            purchase_orders: PurchaseOrder [list get create update delete sync];
            purchase_return_lines: PurchaseReturnLine [list get create update];
            purchase_returns: PurchaseReturn [list get create update sync];
            aging_overview: AgingGroup [list];
            aging_payables: AgingPayable [list get];
            aging_receivables: AgingReceivable [list get];
            journal_statuses: JournalStatus [list];
            outstanding_invoices: OutstandingInvoices [list get];
            open_payables: OpenPayable [list get];
            profit_loss_overview: ProfitLossOverview [list get];
            open_receivables: OpenReceivable [list get];
            tax_returns: TaxReturn [list get];
            revenues: Revenue [list];
            order_charges: OrderCharge [list get];
            sales_channels: SalesChannel [list get create update delete];
            sales_price_list_linked_accounts: SalesPriceListLinkedAccount [list get];
            sales_price_list_periods: SalesPriceListPeriod [list get sync];
            sales_price_lists: SalesPriceList [list get sync];
            sales_price_list_volume_discounts: SalesPriceListVolumeDiscount [list get sync];
            shipping_methods: ShippingMethod [list get];
            sales_entries: SalesEntry [list get create update delete sync];
            sales_entry_lines: SalesEntryLine [list get create update delete];
            invoice_sales_orders: InvoicedSalesOrders [create];
            layouts: Layout [list get];
            printed_sales_invoices: PrintedSalesInvoice [create];
            sales_invoice_lines: SalesInvoiceLine [list get create update delete bulk];
            sales_invoice_order_charge_lines: SalesInvoiceOrderChargeLine [list get create update delete];
            sales_invoices: SalesInvoice [list get create update delete bulk sync];
            drop_shipment_lines: DropShipmentLine [list get create update];
            drop_shipments: DropShipment [list get create update sync];
            goods_deliveries: GoodsDelivery [list get create update bulk sync];
            goods_delivery_lines: GoodsDeliveryLine [list get create update bulk sync];
            planned_sales_return_lines: PlannedSalesReturnLine [list get create update delete];
            planned_sales_returns: PlannedSalesReturn [list get create update delete sync];
            printed_sales_orders: PrintedSalesOrder [create];
            sales_order_lines: SalesOrderLine [list get create update delete bulk sync];
            sales_order_order_charge_lines: SalesOrderOrderChargeLine [list get create update delete];
            sales_orders: SalesOrder [list get create update delete bulk sync];
            subscription_lines: SubscriptionLine [list get create update delete sync];
            subscription_line_types: SubscriptionLineType [list get];
            subscription_reason_codes: SubscriptionReasonCode [list get];
            subscription_restriction_employees: SubscriptionRestrictionEmployee [list get create delete];
            subscription_restriction_items: SubscriptionRestrictionItem [list get create delete];
            subscriptions: Subscription [list get create update delete sync];
            subscription_types: SubscriptionType [list get];
            payment_terms: PaymentTerm [sync];
            item_storage_locations: ItemStorageLocation [sync];
            serial_batch_numbers: SerialBatchNumber [sync];
            stock_positions: StockPosition [sync];
            stock_serial_batch_numbers: StockSerialBatchNumber [sync];
            storage_location_stock_positions: StorageLocationStockPosition [sync];
            purchase_item_prices: PurchaseItemPrice [sync];
            project_wbs: ProjectWbsRow [sync];
            time_cost_transactions: TimeCostTransaction [sync];
            system_divisions: SystemDivision [list get delete];
            user_roles: UserRole [list get];
            users: User [list get create update delete];
            vat_codes: VatCode [list get create update delete];
            vat_percentages: VatPercentage [list get];
            webhook_subscriptions: WebhookSubscription [list get create update delete];
        }
    };
}

/// Calls a macro with the structs that are rows of a synchronisation or of a function.
macro_rules! every_other_struct {
    ($do:ident $($given:tt)*) => {
        $do! { $($given)* Deleted Me PurchaseOrderRow SalesInvoiceRow SalesOrderHeader }
    };
}

/// Calls a macro with every struct that has rows of another struct inside: the outer struct, the inner
/// struct, and the property.
macro_rules! every_list_of_rows {
    ($do:ident $($given:tt)*) => {
        $do! {
            $($given)*
            Account BankAccount "BankAccounts";
            BankEntry BankEntryLine "BankEntryLines";
            BatchNumber StorageLocation "StorageLocations";
            BatchNumber Warehouse "Warehouses";
            CashEntry CashEntryLine "CashEntryLines";
            DropShipment DropShipmentLine "DropShipmentLines";
            DropShipmentLine StockBatchNumber "BatchNumbers";
            DropShipmentLine StockSerialNumber "SerialNumbers";
            GeneralJournalEntry GeneralJournalEntryLine "GeneralJournalEntryLines";
            GlAccount DeductibilityPercentage "DeductibilityPercentages";
            GoodsDelivery GoodsDeliveryLine "GoodsDeliveryLines";
            GoodsDeliveryLine StockBatchNumber "BatchNumbers";
            GoodsDeliveryLine StockSerialNumber "SerialNumbers";
            GoodsReceipt GoodsReceiptLine "GoodsReceiptLines";
            PlannedSalesReturn PlannedSalesReturnLine "PlannedSalesReturnLines";
            PlannedSalesReturnLine StockBatchNumber "BatchNumbers";
            PlannedSalesReturnLine StockSerialNumber "SerialNumbers";
            Project InvoiceTerm "InvoiceTerms";
            Project ProjectRestrictionEmployee "ProjectRestrictionEmployees";
            Project ProjectRestrictionItem "ProjectRestrictionItems";
            Project ProjectRestrictionRebilling "ProjectRestrictionRebillings";
            PurchaseEntry PurchaseEntryLine "PurchaseEntryLines";
            PurchaseInvoice PurchaseInvoiceLine "PurchaseInvoiceLines";
            PurchaseOrder PurchaseOrderLine "PurchaseOrderLines";
            PurchaseReturn PurchaseReturnLine "PurchaseReturnLines";
            PurchaseReturnLine StockBatchNumber "BatchNumbers";
            PurchaseReturnLine StockSerialNumber "SerialNumbers";
            Quotation QuotationLine "QuotationLines";
            Quotation QuotationOrderChargeLine "QuotationOrderChargeLines";
            SalesEntry SalesEntryLine "SalesEntryLines";
            SalesInvoice SalesInvoiceLine "SalesInvoiceLines";
            SalesInvoice SalesInvoiceOrderChargeLine "SalesInvoiceOrderChargeLines";
            SalesOrder SalesOrderLine "SalesOrderLines";
            SalesOrder SalesOrderOrderChargeLine "SalesOrderOrderChargeLines";
            StockCount StockCountLine "StockCountLines";
            Subscription SubscriptionLine "SubscriptionLines";
            Subscription SubscriptionRestrictionEmployee "SubscriptionRestrictionEmployees";
            Subscription SubscriptionRestrictionItem "SubscriptionRestrictionItems";
            Transaction TransactionLine "TransactionLines";
            VatCode VatPercentage "VATPercentages";
            WarehouseTransfer WarehouseTransferLine "WarehouseTransferLines";
        }
    };
}

pub(crate) use {every_list_of_rows, every_other_struct, every_resource};
