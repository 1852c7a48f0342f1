//! Two sandboxes that answer as Teamleader and Exact Online do, with objects that change, for `mirror`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use evergrant::exact_online::{Country, ExactOnline};
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{ApiReply, ApiRequest, Sandbox};
use evergrant::teamleader::Teamleader;
use evergrant::{BoxError, MemoryBackend, Provider, providers};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The division of Exact Online.
pub(crate) const DIVISION: i64 = 123;

/// The number of rows on a page of Exact Online: fewer than the real 1,000, so that a small table has pages.
const PAGE: usize = 20;

/// The objects of both services: for each table, the number of an object, its last change and its version.
#[derive(Default)]
pub(crate) struct Truth {
    /// Unix seconds, and the `Timestamp` of Exact Online. Each change advances this value.
    pub(crate) now: i64,
    pub(crate) teamleader: [BTreeMap<u64, (i64, u64)>; 2],
    pub(crate) exact: [BTreeMap<u64, (i64, u64)>; 2],
    /// The deletions in Exact Online: `Timestamp`, table, and the number of the invoice or of the contact.
    deleted: Vec<(i64, usize, u64)>,
    /// Whether both services leave out the id of each row.
    pub(crate) nameless: bool,
}

/// The two tables, in the order of [`Truth`].
pub(crate) const TABLES: [&str; 2] = ["invoices", "contacts"];

/// The `EntityType` of each table in Exact Online's list of deletions.
const KINDS: [i32; 2] = [13, 5];

/// The first part of the ids of whole invoices and of accounts of Exact Online, where a row's id has the
/// number of its table.
const PARENT: u64 = 9;

/// The number of a deleted invoice (which has three lines) or contact in Exact Online's list of deletions.
fn deletion(table: usize, number: u64) -> u64 {
    if table == 0 { number / 3 } else { number }
}

impl Truth {
    /// Makes or changes an object.
    pub(crate) fn change(&mut self, exact: bool, table: usize, number: u64) {
        self.now += 1;
        let now = self.now;
        // Exact Online never uses the id of a deleted invoice or contact again.
        let key = (table, deletion(table, number));
        let gone = exact && self.deleted.iter().any(|(_, of, n)| (*of, *n) == key);
        let number = if gone { 3000 + 3 * (now.unsigned_abs() % 1_000_000) } else { number };
        let objects = if exact { &mut self.exact } else { &mut self.teamleader };
        let object = objects[table].entry(number).or_default();
        *object = (now, object.1 + 1);
    }

    /// Deletes an object. Exact Online deletes the whole invoice of a line, and its list of deletions names
    /// only the invoice.
    pub(crate) fn delete(&mut self, exact: bool, table: usize, number: u64) {
        self.now += 1;
        if !exact {
            self.teamleader[table].remove(&number);
        } else if self.exact[table].contains_key(&number) {
            let key = deletion(table, number);
            self.exact[table].retain(|number, _| deletion(table, *number) != key);
            self.deleted.push((self.now, table, key));
        }
    }

    /// The rows that the table must have.
    pub(crate) fn rows(&self, table: usize) -> Vec<[String; 6]> {
        let text = |parts: [&str; 6]| parts.map(str::to_owned);
        let exact = self.exact[table].iter().map(|(number, (_, version))| {
            let (id, parent) = (guid(table as u64, *number), guid(PARENT, number / 3));
            match table {
                0 => text(["exact", &id, &parent, &number.to_string(), "Rose", &amount(*version)]),
                _ => text(["exact", &id, &parent, &name(*number, *version), &mail(*number), ""]),
            }
        });
        let teamleader = self.teamleader[table].iter().map(|(number, (_, version))| match table {
            0 => {
                let title = format!("2026 / {number}");
                text(["teamleader", &id(*number), "", &title, "Rose", &amount(*version)])
            }
            _ => {
                let name = name(*number, *version);
                text(["teamleader", &id(*number), "", &name, &mail(*number), ""])
            }
        });
        let mut rows: Vec<_> = exact.chain(teamleader).collect();
        rows.sort();
        rows
    }
}

fn id(number: u64) -> String {
    format!("t-{number:05}")
}

fn guid(kind: u64, number: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn amount(version: u64) -> String {
    format!("{version}.50")
}

fn name(number: u64, version: u64) -> String {
    format!("Ada {number}.{version}")
}

fn mail(number: u64) -> String {
    format!("ada{number}@example.com")
}

/// The body of the event that Teamleader sends about an object.
pub(crate) fn event(table: usize, number: u64) -> String {
    let kind = ["invoice", "contact"][table];
    json!({ "subject": { "type": kind, "id": id(number) }, "type": format!("{kind}.updated") })
        .to_string()
}

/// The two services.
pub(crate) struct World {
    pub(crate) teamleader: Sandbox,
    pub(crate) exact: Sandbox,
    truth: Arc<Mutex<Truth>>,
}

impl World {
    /// Starts both services. `before` is called before each answer to a request for objects.
    pub(crate) fn start(
        before: impl Fn(&mut Truth) + Send + Sync + 'static,
    ) -> Result<World, BoxError> {
        let teamleader = Sandbox::builder().client_auth(ClientAuth::Body).start()?;
        let exact = Sandbox::builder().exact_online().start()?;
        let truth = Arc::new(Mutex::new(Truth { now: 1_795_200_000, ..Truth::default() }));
        let before = Arc::new(before);
        let (objects, hook) = (Arc::clone(&truth), Arc::clone(&before));
        teamleader.on("POST", "/api/*", move |request| {
            let mut truth = locked(&objects);
            hook(&mut truth);
            answer(&truth, request)
        });
        for (table, name) in
            [(0, "SalesInvoice/SalesInvoices"), (1, "CRM/Contacts"), (2, "Deleted")]
        {
            let path = format!("/api/v1/{DIVISION}/sync/{name}");
            let address = format!("{}{path}", exact.url());
            let (objects, hook) = (Arc::clone(&truth), Arc::clone(&before));
            exact.on("GET", &path, move |request| {
                let mut truth = locked(&objects);
                hook(&mut truth);
                page(&truth, table, request, &address)
            });
        }
        Ok(World { teamleader, exact, truth })
    }

    pub(crate) fn truth(&self) -> MutexGuard<'_, Truth> {
        locked(&self.truth)
    }

    /// Clients of both services, with logins.
    pub(crate) fn clients(&self) -> Result<(Teamleader, ExactOnline), BoxError> {
        let builder = Teamleader::builder(self.teamleader.credentials(), MemoryBackend::new());
        let teamleader = builder.provider(teamleader_at(self.teamleader.url())?).build()?;
        teamleader.client().seed(self.teamleader.login())?;
        let credentials = self.exact.credentials();
        let builder = ExactOnline::builder(Country::Netherlands, credentials, MemoryBackend::new());
        let exact = builder.provider(exact_at(self.exact.url())?).division(DIVISION).build()?;
        exact.client().seed(self.exact.login())?;
        Ok((teamleader, exact))
    }
}

fn locked(truth: &Mutex<Truth>) -> MutexGuard<'_, Truth> {
    truth.lock().unwrap_or_else(|error| error.into_inner())
}

/// The provider of Teamleader at this address.
pub(crate) fn teamleader_at(url: &str) -> Result<Provider, BoxError> {
    let row = providers::teamleader().to_builder();
    let row = row.authorization_endpoint(format!("{url}/authorize"));
    Ok(row.token_endpoint(format!("{url}/token")).api_base(format!("{url}/api")).build()?)
}

/// The provider of Exact Online at this address.
pub(crate) fn exact_at(url: &str) -> Result<Provider, BoxError> {
    let row = providers::exact_online("nl")?.to_builder();
    let row = row.authorization_endpoint(format!("{url}/authorize"));
    Ok(row.token_endpoint(format!("{url}/token")).api_base(format!("{url}/api")).build()?)
}

/// An answer of Teamleader: a page of a list, or one object.
fn answer(truth: &Truth, request: &ApiRequest) -> ApiReply {
    let (body, operation) = (request.json(), request.path.trim_start_matches("/api/").to_owned());
    let table = usize::from(operation.starts_with("contacts."));
    let written = |(number, (changed, version)): (&u64, &(i64, u64))| {
        let changed = OffsetDateTime::from_unix_timestamp(*changed);
        let changed = changed.ok().and_then(|at| at.format(&Rfc3339).ok());
        let id = (!truth.nameless).then(|| id(*number));
        match table {
            0 => json!({
                "id": id, "invoice_number": format!("2026 / {number}"), "updated_at": changed,
                "invoicee": { "name": "Rose" },
                "total": { "tax_inclusive": { "amount": amount(*version), "currency": "EUR" } },
            }),
            _ => json!({
                "id": id, "first_name": "Ada", "last_name": format!("{number}.{version}"),
                "emails": [{ "type": "primary", "email": mail(*number) }], "updated_at": changed,
            }),
        }
    };
    let objects = &truth.teamleader[table];
    if operation.ends_with(".info") {
        let found = objects.iter().find(|(number, _)| body["id"] == id(**number));
        return match found {
            Some(object) => ApiReply::json(200, json!({ "data": written(object) })),
            None if !body["id"].as_str().is_some_and(|id| id.starts_with("t-")) => {
                ApiReply::json(400, json!({ "errors": [{ "title": "id is not a UUID" }] }))
            }
            None => ApiReply::json(404, json!({ "errors": [{ "title": "not found" }] })),
        };
    }
    let since = body["filter"]["updated_since"].as_str();
    let since = since.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let since = since.map_or(i64::MIN, OffsetDateTime::unix_timestamp);
    let number =
        |name: &str| body["page"][name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let (size, first) = (number("size"), number("number") - 1);
    let changed = objects.iter().filter(|(_, (changed, _))| *changed >= since);
    let rows: Vec<Value> = changed.skip(first * size).take(size).map(written).collect();
    ApiReply::json(200, json!({ "data": rows }))
}

/// An answer of Exact Online: the rows after a `Timestamp`.
fn page(truth: &Truth, table: usize, request: &ApiRequest, address: &str) -> ApiReply {
    let filter = request.parameter("$filter").unwrap_or_default();
    let filter = filter.rsplit("Timestamp gt ").next().unwrap_or_default().to_owned();
    let token = request.parameter("$skiptoken").unwrap_or(filter);
    let digits = token.chars().take_while(char::is_ascii_digit);
    let after: i64 = digits.collect::<String>().parse().unwrap_or(0);
    let mut rows: Vec<(i64, Value)> = match truth.exact.get(table) {
        Some(objects) => {
            let written = |(number, (stamp, version)): (&u64, &(i64, u64))| {
                let id = (!truth.nameless).then(|| guid(table as u64, *number));
                let parent = guid(PARENT, number / 3);
                let row = match table {
                    0 => json!({
                        "ID": id, "Timestamp": stamp.to_string(), "InvoiceID": parent,
                        "InvoiceNumber": number, "InvoiceToName": "Rose", "AmountDC": amount(*version),
                    }),
                    _ => json!({
                        "ID": id, "Timestamp": stamp.to_string(), "Account": parent,
                        "FullName": name(*number, *version), "Email": mail(*number),
                    }),
                };
                (*stamp, row)
            };
            objects.iter().map(written).collect()
        }
        None => {
            let written = |(stamp, table, number): &(i64, usize, u64)| {
                let kind = if *table == 0 { PARENT } else { *table as u64 };
                let row = json!({
                    "Timestamp": stamp.to_string(), "EntityKey": guid(kind, *number),
                    "EntityType": KINDS[*table],
                });
                (*stamp, row)
            };
            truth.deleted.iter().map(written).collect()
        }
    };
    rows.retain(|(stamp, _)| *stamp > after);
    rows.sort_by_key(|(stamp, _)| *stamp);
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let last = rows.last().map_or(after, |(stamp, _)| *stamp);
    let next = more.then(|| format!("{address}?$skiptoken={last}L"));
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    ApiReply::json(200, json!({ "d": { "results": rows, "__next": next } }))
}
