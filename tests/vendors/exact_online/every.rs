//! Every resource and struct, for the tests that treat all of them alike.

/// Calls a macro with every resource: its method, its rows, and its operations.
macro_rules! every_resource {
    ($do:ident $($given:tt)*) => {
        $do! {
            $($given)*
            budget_scenarios: BudgetScenario [list];
            budgets: Budget [list];
            banks: Bank [list];
            direct_debit_mandates: DirectDebitMandate [list create update delete sync];
            payment_conditions: PaymentCondition [list create];
            payments: Payment [list update bulk];
            process_payments: PaymentProcess [create];
            receivables: Receivable [list update bulk];
            accept_quotation: QuotationAcceptance [create];
            account_classes: AccountClass [list];
            account_classification_names: AccountClassificationName [list];
            account_classifications: AccountClassification [list];
            accounts: Account [list create update delete bulk sync];
            addresses: Address [list create update delete bulk sync];
            address_states: AddressState [list];
            bank_accounts: BankAccount [list create update delete sync];
            contacts: Contact [list create update delete bulk sync];
            lead_sources: LeadSource [list];
            opportunities: Opportunity [list create update delete sync];
            print_quotation: QuotationPrint [create];
            quotation_lines: QuotationLine [list create update delete bulk sync];
            quotation_order_charge_lines: QuotationOrderChargeLine [list create update delete];
            quotations: Quotation [list create update delete bulk sync];
            reason_codes: ReasonCode [list];
            reject_quotation: QuotationRejection [create];
            reopen_quotation: QuotationReopening [create];
            document_attachments: DocumentAttachment [list create delete bulk sync];
            document_categories: DocumentCategory [list];
            document_folders: DocumentFolder [list create update delete];
            documents: Document [list create update delete bulk sync];
            document_type_categories: DocumentTypeCategory [list];
            document_type_folders: DocumentTypeFolder [list create update delete];
            document_types: DocumentType [list];
            deductibility_percentages: DeductibilityPercentage [list];
            exchange_rates: ExchangeRate [list create update delete];
            financial_periods: FinancialPeriod [list];
            gl_account_classification_mappings: GlAccountClassificationMapping [list create update delete];
            gl_accounts: GlAccount [list create update delete bulk sync];
            gl_classifications: GlClassification [list bulk sync];
            gl_schemes: GlScheme [list];
            gl_transaction_sources: GlTransactionSource [list];
            gl_transaction_types: GlTransactionType [list];
            journals: Journal [list create update delete];
            official_returns: OfficialReturn [list create];
            reporting_balances: ReportingBalance [list];
            bank_entries: BankEntry [list create delete sync];
            bank_entry_lines: BankEntryLine [list create];
            cash_entries: CashEntry [list create delete sync];
            cash_entry_lines: CashEntryLine [list create];
            transaction_lines: TransactionLine [list bulk sync];
            transactions: Transaction [list];
            currencies: Currency [list];
            general_journal_entries: GeneralJournalEntry [list create delete sync];
            general_journal_entry_lines: GeneralJournalEntryLine [list create];
            cost_centers: CostCenter [list create update delete];
            cost_units: CostUnit [list create update delete];
            departments: Department [list];
            divisions: Division [list sync];
            assembly_orders: AssemblyOrder [list];
            batch_numbers: BatchNumber [list];
            item_warehouse_planning_details: ItemWarehousePlanningDetail [list];
            item_warehouses: ItemWarehouse [list create update delete sync];
            item_warehouse_storage_locations: ItemWarehouseStorageLocation [list];
            process_stock_count: StockCountProcess [create];
            process_warehouse_transfer: WarehouseTransferProcess [create];
            serial_numbers: SerialNumber [list];
            stock_batch_numbers: StockBatchNumber [list create update delete];
            stock_count_lines: StockCountLine [list create update delete];
            stock_counts: StockCount [list create update delete sync];
            stock_serial_numbers: StockSerialNumber [list create update delete];
            storage_locations: StorageLocation [list];
            warehouses: Warehouse [list create update delete sync];
            warehouse_transfer_lines: WarehouseTransferLine [list create update delete];
            warehouse_transfers: WarehouseTransfer [list create update delete sync];
            customer_items: CustomerItem [list create update delete sync];
            incoterms: Incoterm [list];
            item_assortments: ItemAssortment [list];
            item_assortment_properties: ItemAssortmentProperty [list];
            item_charge_relations: ItemChargeRelation [list];
            item_groups: ItemGroup [list sync];
            items: Item [list create update delete bulk sync];
            item_versions: ItemVersion [list sync];
            sales_item_prices: SalesItemPrice [list create update delete bulk sync];
            selection_codes: SelectionCode [list];
            supplier_items: SupplierItem [list create update delete sync];
            units: Unit [list];
            shop_orders: ShopOrder [list create update delete sync];
            employees: Employee [list sync];
            cost_transactions: CostTransaction [list create update delete sync];
            employment_internal_rates: EmploymentInternalRate [list];
            invoice_terms: InvoiceTerm [list create update delete sync];
            project_budget_types: ProjectBudgetType [list];
            project_classifications: ProjectClassification [list create update delete];
            project_hour_budgets: ProjectHourBudget [list create update delete sync];
            project_planning: ProjectPlanning [list create update delete sync];
            project_restriction_employees: ProjectRestrictionEmployee [list create update delete];
            project_restriction_items: ProjectRestrictionItem [list create update delete];
            project_restriction_rebillings: ProjectRestrictionRebilling [list create update delete];
            projects: Project [list create update delete sync];
            time_corrections: TimeCorrection [list create update delete sync];
            time_transactions: TimeTransaction [list create update delete sync];
            wbs_activities: WbsActivity [list create update delete sync];
            wbs_deliverables: WbsDeliverable [list create update delete sync];
            wbs_expenses: WbsExpense [list create update delete sync];
            purchase_invoice_lines: PurchaseInvoiceLine [list create];
            purchase_invoices: PurchaseInvoice [list create update delete sync];
            purchase_entries: PurchaseEntry [list create update delete sync];
            purchase_entry_lines: PurchaseEntryLine [list create update delete];
            goods_receipt_lines: GoodsReceiptLine [list create];
            goods_receipts: GoodsReceipt [list create update sync];
            purchase_order_lines: PurchaseOrderLine [list create update delete];
            purchase_orders: PurchaseOrder [list create update delete sync];
            purchase_return_lines: PurchaseReturnLine [list create update];
            purchase_returns: PurchaseReturn [list create update sync];
            aging_overview: AgingGroup [list];
            aging_payables: AgingPayable [list];
            aging_receivables: AgingReceivable [list];
            journal_statuses: JournalStatus [list];
            outstanding_invoices: OutstandingInvoices [list];
            open_payables: OpenPayable [list];
            profit_loss_overview: ProfitLossOverview [list];
            open_receivables: OpenReceivable [list];
            tax_returns: TaxReturn [list];
            revenues: Revenue [list];
            order_charges: OrderCharge [list];
            sales_channels: SalesChannel [list create update delete];
            sales_price_list_linked_accounts: SalesPriceListLinkedAccount [list];
            sales_price_list_periods: SalesPriceListPeriod [list sync];
            sales_price_lists: SalesPriceList [list sync];
            sales_price_list_volume_discounts: SalesPriceListVolumeDiscount [list sync];
            shipping_methods: ShippingMethod [list];
            sales_entries: SalesEntry [list create update delete sync];
            sales_entry_lines: SalesEntryLine [list create update delete];
            invoice_sales_orders: InvoicedSalesOrders [create];
            layouts: Layout [list];
            printed_sales_invoices: PrintedSalesInvoice [create];
            sales_invoice_lines: SalesInvoiceLine [list create update delete bulk];
            sales_invoice_order_charge_lines: SalesInvoiceOrderChargeLine [list create update delete];
            sales_invoices: SalesInvoice [list create update delete bulk sync];
            drop_shipment_lines: DropShipmentLine [list create update];
            drop_shipments: DropShipment [list create update sync];
            goods_deliveries: GoodsDelivery [list create update bulk sync];
            goods_delivery_lines: GoodsDeliveryLine [list create update bulk sync];
            planned_sales_return_lines: PlannedSalesReturnLine [list create update delete];
            planned_sales_returns: PlannedSalesReturn [list create update delete sync];
            printed_sales_orders: PrintedSalesOrder [create];
            sales_order_lines: SalesOrderLine [list create update delete bulk sync];
            sales_order_order_charge_lines: SalesOrderOrderChargeLine [list create update delete];
            sales_orders: SalesOrder [list create update delete bulk sync];
            subscription_lines: SubscriptionLine [list create update delete sync];
            subscription_line_types: SubscriptionLineType [list];
            subscription_reason_codes: SubscriptionReasonCode [list];
            subscription_restriction_employees: SubscriptionRestrictionEmployee [list create delete];
            subscription_restriction_items: SubscriptionRestrictionItem [list create delete];
            subscriptions: Subscription [list create update delete sync];
            subscription_types: SubscriptionType [list];
            payment_terms: PaymentTerm [sync];
            item_storage_locations: ItemStorageLocation [sync];
            serial_batch_numbers: SerialBatchNumber [sync];
            stock_positions: StockPosition [sync];
            stock_serial_batch_numbers: StockSerialBatchNumber [sync];
            storage_location_stock_positions: StorageLocationStockPosition [sync];
            purchase_item_prices: PurchaseItemPrice [sync];
            project_wbs: ProjectWbsRow [sync];
            time_cost_transactions: TimeCostTransaction [sync];
            system_divisions: SystemDivision [list delete];
            user_roles: UserRole [list];
            users: User [list create update delete];
            vat_codes: VatCode [list create update delete];
            vat_percentages: VatPercentage [list];
            webhook_subscriptions: WebhookSubscription [list create update delete];
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
