//! Tests that every field of every struct is in the list of properties, with its type, and that the structs
//! have every field of the Python SDK.

use std::collections::HashMap;

use evergrant::exact_online::*;
use serde_json::{Map, Value, json};

use super::every::{every_other_struct, every_resource};

/// An endpoint with its address and properties.
pub(crate) struct Listed {
    pub(crate) path: &'static str,
    pub(crate) uri: &'static str,
    same_as: &'static str,
    properties: Vec<(&'static str, &'static str, &'static str)>,
}

pub(crate) fn listed() -> Vec<Listed> {
    let lines = include_str!("properties.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap();
            let (path, uri, same_as) = (word(), word(), word());
            let property = |text: &'static str| {
                let mut parts = text.split(':');
                let mut part = || parts.next().unwrap_or_default();
                (part(), part(), part())
            };
            Listed { path, uri, same_as, properties: words.map(property).collect() }
        })
        .collect()
}

/// Returns the properties of an endpoint, or those of the endpoint with the same rows if the list has none
/// for it.
fn properties(name: &str) -> HashMap<&'static str, &'static str> {
    let all = listed();
    let of = |name: &str| all.iter().find(|listed| listed.path == name);
    let own = of(name).unwrap_or_else(|| panic!("{name} is not listed"));
    let found = if own.properties.is_empty() { of(own.same_as).unwrap() } else { own };
    found.properties.iter().map(|(name, kind, _)| (*name, *kind)).collect()
}

/// Returns a value of that type, as the service writes it.
pub(crate) fn sample(kind: &str) -> Value {
    match kind {
        "Guid" => json!("3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        "String" | "Binary" => json!("O'Neil"),
        "Boolean" => json!(true),
        "Byte" | "Int16" | "Int32" => json!(12),
        "Int64" => json!("493115"),
        "Double" => json!(12.5),
        "DateTime" => json!("/Date(1704412800000)/"),
        "Collection" => json!({ "results": [] }),
        other => json!({ "kind": other }),
    }
}

/// Returns the value of [`sample`], as this crate writes it.
pub(crate) fn written(kind: &str) -> Value {
    match kind {
        "Int64" => json!(493_115),
        "DateTime" => json!("2024-01-05T00:00:00"),
        "Collection" => json!([]),
        other => sample(other),
    }
}

/// Compares a struct with its endpoints, and reads and writes each of its fields.
fn check<M: Model + PartialEq + std::fmt::Debug>(twins: &[&str]) -> usize {
    let endpoint = Endpoint::find(M::PATH).unwrap();
    assert_eq!((endpoint.name, endpoint.key), (M::PATH, Some(M::KEY)));
    let mut known = HashMap::new();
    for name in twins.iter().chain([&M::PATH]) {
        known.extend(properties(name));
    }
    let mut row = Map::new();
    let mut expected = Map::new();
    for property in M::PROPERTIES {
        let kind = known.get(property.name);
        let kind = kind.unwrap_or_else(|| panic!("{}.{} is not listed", M::PATH, property.name));
        let plain = [
            "Guid",
            "String",
            "Binary",
            "Boolean",
            "Byte",
            "Int16",
            "Int32",
            "Int64",
            "Double",
            "DateTime",
            "DivisionClass",
        ];
        let kind = if plain.contains(kind) { *kind } else { "Collection" };
        assert!(
            property.types.contains(&kind),
            "{}.{} is {kind}, not {:?}",
            M::PATH,
            property.name,
            property.types
        );
        row.insert(property.name.to_owned(), sample(kind));
        expected.insert(property.name.to_owned(), written(kind));
    }
    let key = M::PROPERTIES.iter().filter(|property| property.name == M::KEY).count();
    assert_eq!(key, 1, "{} has its key once", M::PATH);
    row.insert("__metadata".to_owned(), json!({ "uri": "https://x", "type": "y" }));
    row.insert("Deferred".to_owned(), json!({ "__deferred": { "uri": "https://x" } }));
    // A property that has no field is kept, and written again.
    for row in [&mut row, &mut expected] {
        row.insert("Novelty".to_owned(), json!([1, { "a": 2 }]));
    }
    let read: M = serde_json::from_value(Value::Object(row)).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), Value::Object(expected.clone()));
    let again: M = serde_json::from_value(Value::Object(expected)).unwrap();
    assert_eq!(again, read);
    // An empty struct writes nothing; null and a property that was not expanded become `None`.
    assert_eq!(serde_json::to_string(&M::default()).unwrap(), "{}");
    let nothing = |property: &Property| {
        let deferred = json!({ "__deferred": { "uri": "https://x" } });
        let value = if property.is_collection() { deferred } else { Value::Null };
        (property.name.to_owned(), value)
    };
    let nulls: Map<String, Value> = M::PROPERTIES.iter().map(nothing).collect();
    assert_eq!(serde_json::from_value::<M>(Value::Object(nulls)).unwrap(), M::default());
    M::PROPERTIES.len()
}

/// Checks that the endpoint `name` has every property that is selected.
fn twin<M: Model>(name: &str, without: &[&str]) {
    let known = properties(name);
    for property in M::PROPERTIES.iter().filter(|property| !property.is_collection()) {
        let asked = !without.contains(&property.name);
        assert_eq!(asked, known.contains_key(property.name), "{name}.{}", property.name);
    }
}

fn sync<M: Synchronize>() {
    if M::SYNC.starts_with("sync/") {
        twin::<M::Row>(M::SYNC, M::WITHOUT);
        let timestamp = M::Row::PROPERTIES.iter().any(|property| property.name == "Timestamp");
        assert!(timestamp, "{} has no Timestamp", M::SYNC);
    } else {
        assert!(properties(M::SYNC).contains_key("Modified"), "{} has no Modified", M::SYNC);
    }
}

fn bulk<M: Bulk>() {
    let known = properties(M::BULK);
    for property in M::PROPERTIES.iter().filter(|property| !property.is_collection()) {
        let asked = !M::WITHOUT.contains(&property.name);
        assert!(!asked || known.contains_key(property.name), "{}.{}", M::BULK, property.name);
    }
}

/// Checks which properties the service sets itself: those of the list of 2022 that POST and PUT do not take,
/// and those that only a synchronisation has.
fn read_only<M: Model>() -> usize {
    let endpoint = Endpoint::find(M::PATH).unwrap();
    let writes = endpoint.takes("POST") || endpoint.takes("PUT");
    let all = listed();
    let own = &all.iter().find(|listed| listed.path == M::PATH).unwrap().properties;
    let told = own.iter().any(|(_, _, flags)| flags.contains(['c', 'u']));
    for property in M::PROPERTIES {
        let flags = own.iter().find(|(name, ..)| *name == property.name).map(|(.., flags)| flags);
        let expected = match flags {
            Some(flags) => writes && told && !flags.contains(['c', 'u', 'k', '?']),
            None => writes,
        };
        assert_eq!(property.read_only, expected, "{}.{}", M::PATH, property.name);
    }
    M::PROPERTIES.iter().filter(|property| property.read_only).count()
}

/// The endpoints below `bulk/` and `sync/` with the rows of the struct.
macro_rules! twins {
    ($model:ident [$($ability:ident)*]) => { [$( twins!(@$ability $model) ),*] };
    (@bulk $model:ident) => { <$model as Bulk>::BULK };
    (@sync $model:ident) => { <$model as Synchronize>::SYNC };
    (@$other:ident $model:ident) => { $model::PATH };
}

#[test]
fn every_field_has_its_type_and_reads_and_writes() {
    let mut fields = Vec::new();
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {$(
            let own = |path: &&str| path.starts_with("sync/") && !$model::PATH.starts_with("sync/");
            let twins: [&str; _] = twins!($model [$($ability)*]);
            let twins: Vec<&str> = twins.into_iter().filter(own).collect();
            fields.push(check::<$model>(&twins));
        )+};
    }
    every_resource!(resources);
    macro_rules! others {
        ($($model:ident)+) => { $( fields.push(check::<$model>(&[])); )+ };
    }
    every_other_struct!(others);
    let all: usize = fields.iter().sum();
    println!("{} structs, {all} fields", fields.len());
    assert!(fields.len() == 176 && all > 4500, "{} structs, {all} fields", fields.len());
}

#[test]
fn properties_that_the_service_sets_are_marked() {
    let mut marked = 0;
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {
            $( marked += read_only::<$model>(); )+
        };
    }
    every_resource!(resources);
    assert!(marked > 1000, "{marked}");
    let of = |name: &str| Account::PROPERTIES.iter().find(|property| property.name == name);
    assert!(of("Modified").unwrap().read_only && !of("Name").unwrap().read_only);
}

#[test]
fn bulk_and_sync_endpoints_have_the_selected_properties() {
    let mut twins = 0;
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {
            $( $( resources!(@$ability $model); )* )+
        };
        (@bulk $model:ident) => { bulk::<$model>(); twins += 1; };
        (@sync $model:ident) => { sync::<$model>(); twins += 1; };
        (@$other:ident $model:ident) => {};
    }
    every_resource!(resources);
    assert!(twins > 80, "{twins}");
}

/// Fields of the Python SDK that no list of the vendor has. These fields are always null, so this crate does
/// not have them.
const NOT_THERE: [(&str, &[&str]); 6] = [
    ("PurchaseOrder", &["AmountFCExclVat", "AmountDiscount", "AmountDiscountExclVat", "Timestamp"]),
    ("PurchaseOrderLine", &["QuantityReceived", "Timestamp"]),
    ("GoodsReceiptLine", &["Unit", "UnitCode", "UnitDescription"]),
    ("SalesOrder", &["Timestamp"]),
    ("StockCountLine", &["BatchNumber", "ItemCostPriceStandard", "SerialNumber"]),
    ("Me", &["UserDivisions"]),
];

#[test]
fn every_field_of_the_python_sdk_is_accounted_for() {
    fn of<M: Model>() -> Vec<&'static str> {
        M::PROPERTIES.iter().map(|property| property.name).collect()
    }
    let ours: HashMap<&str, Vec<&str>> = HashMap::from([
        ("Account", of::<Account>()),
        ("Item", of::<Item>()),
        ("PurchaseOrderLine", of::<PurchaseOrderLine>()),
        ("PurchaseOrder", of::<PurchaseOrder>()),
        ("SalesOrder", of::<SalesOrder>()),
        ("ShopOrder", of::<ShopOrder>()),
        ("WarehouseTransfer", of::<WarehouseTransfer>()),
        ("Warehouse", of::<Warehouse>()),
        ("GoodsReceiptLine", of::<GoodsReceiptLine>()),
        ("GoodsReceipt", of::<GoodsReceipt>()),
        ("StockCountLine", of::<StockCountLine>()),
        ("StockCount", of::<StockCount>()),
        ("SupplierItem", of::<SupplierItem>()),
        ("PurchaseItemPrice", of::<PurchaseItemPrice>()),
        ("Unit", of::<Unit>()),
        ("Division", of::<Division>()),
        ("Me", of::<Me>()),
        ("DeletedRecord", of::<Deleted>()),
    ]);
    let mut models = 0;
    for line in include_str!("python_fields.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let model = words.next().unwrap();
        // A row inside `Me` that the vendor does not have.
        let Some(ours) = ours.get(model) else {
            assert_eq!(model, "UserDivision");
            continue;
        };
        let absent = NOT_THERE.iter().find(|(name, _)| *name == model).map_or(&[][..], |row| row.1);
        let missing: Vec<_> = words.filter(|name| !ours.contains(name)).collect();
        let mut expected = absent.to_vec();
        expected.sort_unstable();
        let mut got = missing.clone();
        got.sort_unstable();
        assert_eq!(got, expected, "{model}");
        models += 1;
    }
    assert_eq!(models, 18);
}

#[test]
fn values_in_odd_forms_are_read() {
    let row = r#"{
        "ID": "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "Timestamp": "98765432109",
        "IsBatchItem": true,
        "IsSalesItem": 1,
        "IsPurchaseItem": "false",
        "Code": 4711,
        "AverageCost": 0.1000000000000000055511151231257827,
        "Stock": "1.5",
        "StandardSalesPrice": 9007199254740993,
        "Created": "/Date(-62135596800000)/",
        "StartDate": "2026-01-05T00:00:00",
        "EndDate": "",
        "ItemGroup": null,
        "Barcode": {"__deferred": {"uri": "x"}}
    }"#;
    let item: Item = serde_json::from_str(row).unwrap();
    assert_eq!(item.timestamp, Some(98_765_432_109));
    assert_eq!((item.is_batch_item, item.is_sales_item), (Some(1), Some(true)));
    assert_eq!((item.is_purchase_item, item.code.as_deref()), (Some(false), Some("4711")));
    assert_eq!(item.average_cost.unwrap().to_string(), "0.1000000000000000055511151231257827");
    assert_eq!(item.standard_sales_price.unwrap().to_string(), "9007199254740993");
    assert_eq!(item.created.unwrap().year(), 1);
    assert_eq!((item.end_date, item.barcode.clone(), item.item_group), (None, None, None));
    assert!(item.start_date.is_some());
    // Rounding errors of binary fractions are cut, so they make no page unreadable.
    for (text, want) in [
        ("2.8421709430404007E-14", "0.000000000000028421709430404007"),
        ("-4.4408920985006262E-30", "-0.00000000000000000000000000000444089209"),
        ("4.44E-40", "0"),
        ("1e-99999", "0"),
    ] {
        let item: Item = serde_json::from_str(&format!("{{\"Stock\": {text}}}")).unwrap();
        assert_eq!(item.stock.unwrap().to_string(), want);
    }
    // `Debug` shows the fields that are set.
    let shown = format!("{item:?}");
    assert!(shown.contains("stock: 1.5") && !shown.contains("barcode"), "{shown}");
    for (field, value) in [
        ("ID", "\"zzz\""),
        ("Created", "\"tomorrow\""),
        ("Stock", "\"much\""),
        ("IsSalesItem", "\"perhaps\""),
        ("IsMakeItem", "99999999999"),
        ("AverageCost", "[]"),
    ] {
        let error = serde_json::from_str::<Item>(&format!("{{\"{field}\": {value}}}")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(field) && text.contains("is expected"), "{text}");
        assert!(!text.contains(value.trim_matches('"')) || value == "[]", "{text}");
    }
}

#[test]
fn unknown_properties_are_kept_and_sent() {
    let text = r#"{"Name":"Rose","Novelty":{"a":[1,null]},"Count":9007199254740993}"#;
    let mut account: Account = serde_json::from_str(text).unwrap();
    assert_eq!(account.extra["Novelty"], json!({ "a": [1, null] }));
    assert!(format!("{account:?}").contains("Novelty"));
    assert_eq!(
        serde_json::to_value(&account).unwrap(),
        serde_json::from_str::<Value>(text).unwrap()
    );
    // A field overrides a member of `extra` with its name; `null` clears a property.
    account.extra.insert("Name".to_owned(), json!("Lily"));
    account.extra.insert("Email".to_owned(), Value::Null);
    let written = serde_json::to_string(&account).unwrap();
    assert!(written.contains(r#""Name":"Rose""#) && !written.contains("Lily"), "{written}");
    assert!(written.contains(r#""Email":null"#), "{written}");
}

#[test]
fn codes_keep_unknown_values() {
    for kind in EntityType::KNOWN {
        assert_eq!(EntityType::from(kind.code()), *kind);
    }
    assert_eq!((EntityType::KNOWN.len(), EntityType::from(52).code()), (57, 52));
    let order: SalesOrder = serde_json::from_str(r#"{"Status": 12, "ApprovalStatus": 7}"#).unwrap();
    assert_eq!(order.status, Some(SalesOrderStatus::Open));
    assert_eq!(order.approval_status, Some(ApprovalStatus::Unknown(7)));
    assert_eq!(serde_json::to_string(&order).unwrap(), r#"{"ApprovalStatus":7,"Status":12}"#);
    let account: Account = serde_json::from_str(r#"{"Status": "X"}"#).unwrap();
    assert_eq!(account.status, Some(AccountStatus::Unknown("X".to_owned())));
}
