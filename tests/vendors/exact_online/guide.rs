//! Tests that the guide's page names tests that exist and has the right numbers of fields.

use std::fs;
use std::path::Path;

use evergrant::exact_online::*;

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("src/guide/exact_online.md")).unwrap()
}

/// Returns the words in backticks of a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_page_names_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors/exact_online");
    let modules = [
        "batch",
        "calls",
        "coverage",
        "defects",
        "hostile",
        "limits",
        "login",
        "models",
        "odata",
        "paging",
        "sync_kills",
        "timing",
        "webhooks",
        "week",
        "writes",
    ];
    let page = page();
    let mut found = 0;
    for name in page.lines().flat_map(quoted) {
        let Some((module, test)) = name.split_once("::") else { continue };
        let ours = name == "webhooks::verify";
        if ours || !modules.contains(&module) {
            continue;
        }
        let text = fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap();
        let wanted = if test.is_empty() { "#[test]".to_owned() } else { format!("fn {test}()") };
        assert!(text.contains(&wanted), "{name} is not there");
        found += 1;
    }
    assert!(found > 70, "{found} tests are named");
}

#[test]
fn every_count_of_fields_is_right() {
    let page = page();
    let mut checked = 0;
    let mut check = |name: &str, fields: usize| {
        let wanted = format!("[`{name}`](crate::exact_online::{name}) ({fields})");
        assert!(page.contains(&wanted), "{wanted} is not in the page");
        checked += 1;
    };
    check("Account", Account::PROPERTIES.len());
    check("Item", Item::PROPERTIES.len());
    check("PurchaseOrder", PurchaseOrder::PROPERTIES.len());
    check("PurchaseOrderRow", PurchaseOrderRow::PROPERTIES.len());
    check("PurchaseOrderLine", PurchaseOrderLine::PROPERTIES.len());
    check("SalesOrder", SalesOrder::PROPERTIES.len());
    check("SalesOrderHeader", SalesOrderHeader::PROPERTIES.len());
    check("ShopOrder", ShopOrder::PROPERTIES.len());
    check("PurchaseItemPrice", PurchaseItemPrice::PROPERTIES.len());
    check("SupplierItem", SupplierItem::PROPERTIES.len());
    check("WarehouseTransfer", WarehouseTransfer::PROPERTIES.len());
    check("Warehouse", Warehouse::PROPERTIES.len());
    check("GoodsReceipt", GoodsReceipt::PROPERTIES.len());
    check("GoodsReceiptLine", GoodsReceiptLine::PROPERTIES.len());
    check("StockCount", StockCount::PROPERTIES.len());
    check("StockCountLine", StockCountLine::PROPERTIES.len());
    check("Unit", Unit::PROPERTIES.len());
    check("Division", Division::PROPERTIES.len());
    check("Me", Me::PROPERTIES.len());
    assert_eq!(checked, 19);
    // Check the numbers of the Python SDK's fields.
    for line in include_str!("python_fields.txt").lines().filter(|line| !line.starts_with('#')) {
        let (model, fields) = line.split_once(' ').unwrap();
        if model != "DeletedRecord" {
            let wanted = format!("`{model}` ({})", fields.split(' ').count());
            assert!(page.contains(&wanted), "{wanted} is not in the page");
        }
    }
}
