//! Tests that a malformed property makes at most its own row unreadable: in lists, single answers and
//! synchronisations. Each property of each struct is set to `null`, removed, and replaced by values of other
//! kinds.

use std::sync::{Arc, Mutex};

use evergrant::Error;
use evergrant::exact_online::*;
use evergrant::sandbox::ApiReply;
use serde_json::{Map, Value, json};

use super::every::{every_list_of_rows, every_other_struct, every_resource};
use super::models::sample;
use super::support::World;

/// A changed row, and the path of the changed property.
struct Odd {
    row: Value,
    path: String,
    gone: bool,
}

/// A row with a value in each property of the struct.
fn full<M: Model>() -> Map<String, Value> {
    let value = |property: &Property| (property.name.to_owned(), sample(property.types[0]));
    M::PROPERTIES.iter().map(value).collect()
}

/// How many changes each property has.
const CHANGES: usize = 7;

/// Every change of the row. `inside` is the property with the rows of `M`, if they are inside another row.
fn odd<M: Model>(inside: Option<(&str, Map<String, Value>)>) -> Vec<Odd> {
    let full = full::<M>();
    let mut all = Vec::new();
    let mut add = |name: &str, row: Map<String, Value>, gone: bool| {
        all.push(match &inside {
            None => Odd { row: row.into(), path: name.to_owned(), gone },
            Some((list, outer)) => {
                let mut outer = outer.clone();
                outer.insert((*list).to_owned(), json!({ "results": [{}, row] }));
                Odd { row: outer.into(), path: format!("{list}[1].{name}"), gone }
            }
        });
    };
    for name in full.keys() {
        let mut row = full.clone();
        row.remove(name);
        add(name, row.clone(), true);
        let values = [
            json!(null),
            json!("odd"),
            json!(7.5),
            json!(true),
            json!({ "odd": [1] }),
            json!(["odd"]),
        ];
        for value in values {
            let gone = value.is_null();
            row.insert(name.clone(), value);
            add(name, row.clone(), gone);
        }
    }
    all
}

/// How many rows were tried, and how many of them were errors.
type Counts = (usize, usize);

/// Checks the result of an odd row.
fn check<M: Model>(odd: &Odd, error: Option<&Error>, counts: &mut Counts) {
    counts.0 += 1;
    let Some(error) = error else { return };
    counts.1 += 1;
    let row = UnreadRow::of(error).unwrap_or_else(|| panic!("{}: {error:#}", M::PATH));
    let told = format!("{} {}: {row}", M::PATH, odd.path);
    // If another list replaces a list of rows, the error is at the first element.
    assert!(row.path == odd.path || row.path == format!("{}[0]", odd.path), "{told}");
    assert!(!odd.gone, "{told}");
    // Some rows have a property `ID` beside their key.
    let id = [M::KEY, "ID"].iter().find_map(|key| match &odd.row[*key] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    assert_eq!(row.id, id, "{told}");
}

/// Answers every GET with the rows that the test has set.
struct Server {
    world: World,
    exact: ExactOnline,
    rows: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    fn new() -> Server {
        let world = World::new();
        let exact = world.builder_on(evergrant::MemoryBackend::new()).division(123);
        let exact = exact.configure(|client| client.retries(0)).build().unwrap();
        exact.client().seed(world.sandbox.login()).unwrap();
        let rows: Arc<Mutex<Vec<Value>>> = Arc::default();
        let sent = Arc::clone(&rows);
        world.on("GET", "*", move |_| {
            ApiReply::json(200, json!({ "d": { "results": *sent.lock().unwrap() } }))
        });
        Server { world, exact, rows }
    }

    /// Reads the odd rows in lists of 100, between good rows.
    fn lists<M: Model>(&self, odd: &[Odd], inner: bool) -> Counts {
        let good = Value::Object(if inner { Map::new() } else { full::<M>() });
        let mut counts = (0, 0);
        for some in odd.chunks(50) {
            let turn = |n: usize| some.get(n / 2).filter(|_| n.is_multiple_of(2));
            *self.rows.lock().unwrap() =
                (0..100).map(|n| turn(n).map_or(&good, |odd| &odd.row).clone()).collect();
            let came: Vec<_> = self.exact.call(M::PATH).iter::<M>().collect();
            assert_eq!(came.len(), 100, "{}: the list ended", M::PATH);
            for (n, row) in came.iter().enumerate() {
                match turn(n) {
                    Some(odd) => check::<M>(odd, row.as_ref().err(), &mut counts),
                    None => assert!(row.is_ok(), "{}: row {n}", M::PATH),
                }
            }
        }
        counts
    }

    /// Reads, for each property, one changed row as the only row of an answer: for property number `n`, the
    /// change number `n % CHANGES`.
    fn alone<M: Model>(&self, odd: &[Odd]) -> Counts {
        let mut counts = (0, 0);
        for odd in odd.chunks(CHANGES).enumerate().map(|(n, of_one)| &of_one[n % CHANGES]) {
            *self.rows.lock().unwrap() = vec![odd.row.clone()];
            let came = self.exact.call(M::PATH).single::<M>();
            check::<M>(odd, came.as_ref().err(), &mut counts);
        }
        counts
    }

    fn all<M: Model>(&self) -> [Counts; 2] {
        let odd = odd::<M>(None);
        [self.lists::<M>(&odd, false), self.alone::<M>(&odd)]
    }

    fn inner<M: Model, R: Model>(&self, list: &str) -> [Counts; 2] {
        let outer = Map::from_iter([(M::KEY.to_owned(), full::<M>()[M::KEY].clone())]);
        let odd = odd::<R>(Some((list, outer)));
        [self.lists::<M>(&odd, true), self.alone::<M>(&odd)]
    }
}

#[test]
fn a_malformed_property_loses_at_most_its_row() {
    let server = Server::new();
    let mut tried = Vec::new();
    macro_rules! resources {
        ($($method:ident: $model:ident [$($ability:ident)*];)+) => {
            $( tried.push(server.all::<$model>()); )+
        };
    }
    every_resource!(resources);
    macro_rules! others {
        ($($model:ident)+) => { $( tried.push(server.all::<$model>()); )+ };
    }
    every_other_struct!(others);
    macro_rules! lists {
        ($($outer:ident $inner:ident $list:literal;)+) => {
            $( tried.push(server.inner::<$outer, $inner>($list)); )+
        };
    }
    every_list_of_rows!(lists);
    let sum = |at: usize| {
        tried.iter().fold((0, 0), |sum, counts| (sum.0 + counts[at].0, sum.1 + counts[at].1))
    };
    let (lists, alone) = (sum(0), sum(1));
    println!("rows in lists of 100: {} odd, {} errors of rows, 0 lists ended", lists.0, lists.1);
    println!("single answers: {} odd, {} errors", alone.0, alone.1);
    assert!(lists.0 > 40_000 && lists.1 > 12_000 && alone.0 > 5000 && alone.1 > 1500);
    drop(server.world);
}

#[test]
fn a_synchronisation_continues_after_a_malformed_row() {
    let server = Server::new();
    let id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    *server.rows.lock().unwrap() = vec![
        json!({ "ID": id, "Timestamp": "7" }),
        json!({ "ID": id, "Timestamp": "9", "CreditLineSales": ["odd"] }),
        json!({ "ID": id, "Timestamp": ["odd"] }),
        json!({ "ID": id, "Timestamp": null, "Name": "Rose" }),
        json!("odd"),
        json!({ "ID": id, "Timestamp": "8" }),
    ];
    let pages: Vec<_> = server.exact.accounts().sync(None).map(Result::unwrap).collect();
    let page = &pages[0];
    assert_eq!((pages.len(), page.items.len()), (1, 3));
    let places: Vec<_> = page.unread.iter().map(|row| (row.index, &*row.path)).collect();
    assert_eq!(places, [(1, "CreditLineSales"), (2, "Timestamp"), (4, "")]);
    assert_eq!(page.unread[0].id.as_deref(), Some(id));
    // The position is after the malformed row, and the page lists the row as unread.
    assert_eq!(page.position.timestamp(), Some(9));
    let stored: Page<Account> =
        serde_json::from_value(serde_json::to_value(page).unwrap()).unwrap();
    assert_eq!(&stored, page);
    // A synchronisation by `Modified` keeps the position if the newest date cannot be read.
    *server.rows.lock().unwrap() =
        vec![json!({ "ID": id, "Modified": ["odd"] }), json!({ "ID": id })];
    let pages: Vec<_> = server.exact.sales_invoices().sync(None).map(Result::unwrap).collect();
    assert_eq!((pages[0].items.len(), pages[0].unread.len()), (1, 1));
}

#[test]
fn strict_mode_ends_a_list_at_a_malformed_row() {
    let server = Server::new();
    let odd = json!({ "ID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Modified": "odd" });
    *server.rows.lock().unwrap() = vec![json!({ "Name": "Rose" }), odd];
    let mut strict = server.exact.accounts().strict(true).iter();
    let error = strict.next().unwrap().unwrap_err();
    assert_eq!(UnreadRow::of(&error).unwrap().path, "Modified");
    let text = format!("{error:#}");
    let told = "a row in the answer of crm/Accounts";
    assert!(text.contains(told) && text.contains("the object 3f2504e0"), "{text}");
    assert!(strict.next().is_none());
    assert!(server.exact.call("crm/Accounts").strict(true).page::<Account>().is_err());
    assert_eq!(server.exact.accounts().page().unwrap().unread.len(), 1);
}

#[test]
fn a_choice_without_timestamp_is_refused_before_sending() {
    let server = Server::new();
    let call = server.exact.call("sync/CRM/Accounts").select(&["ID"]);
    let error = call.sync::<Account>(None).next().unwrap().unwrap_err();
    assert!(matches!(&error, Error::Config(text) if text.contains("Timestamp")), "{error}");
}
