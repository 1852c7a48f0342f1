//! SQLite tables of invoices and contacts that follow Teamleader and Exact Online.
//!
//! Each step writes its rows and its new position in one transaction, so after a kill at any moment the
//! tables may be out of date, but are never wrong; the next run continues from the saved position. Only one
//! worker at a time may call [`Mirror::turn`]. Any number of processes may call [`Mirror::receive`].
//!
//! One limit: the deleted rows of Exact Online name invoices, and not the lines of an invoice. If a line is removed
//! from an invoice that stays, the row of the line stays until the invoice is deleted.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use evergrant::exact_online::{EntityType, ExactOnline, Position, Resource, Synchronize};
use evergrant::teamleader::contacts::{Contact, ContactFilter, ContactSort};
use evergrant::teamleader::invoices::{Invoice, InvoiceFilter, InvoiceSort};
use evergrant::teamleader::webhooks::WebhookEvent;
use evergrant::teamleader::{List, Listed, Order, Teamleader, TeamleaderError, UnreadRow};
use evergrant::{BoxError, Error};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;

/// One table for each kind of object. `changed` is the time of the last change in Unix seconds (Teamleader) or
/// the `Timestamp` (Exact Online). A row of `invoices` is an invoice of Teamleader, or a line of an invoice of
/// Exact Online, whose synchronisation knows only lines; `parent` is then the invoice.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS invoices (source TEXT, id TEXT, parent TEXT, number TEXT, customer TEXT,
        amount TEXT, changed INTEGER, PRIMARY KEY (source, id));
    CREATE TABLE IF NOT EXISTS contacts (source TEXT, id TEXT, parent TEXT, name TEXT, email TEXT,
        amount TEXT, changed INTEGER, PRIMARY KEY (source, id));
    CREATE TABLE IF NOT EXISTS events (n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, id TEXT, UNIQUE (kind, id));
    CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, place TEXT);
    CREATE TABLE IF NOT EXISTS unread (source TEXT, id TEXT, what TEXT, PRIMARY KEY (source, id));";

/// The number of objects on a page: the largest number that Teamleader allows.
const PAGE: u32 = 100;

/// A sweep also reads again what changed up to this long before its position, because Teamleader's times are
/// in seconds and a list may show a change late.
const OVERLAP: Duration = Duration::from_secs(60);

/// Exact Online lists a deletion for two months. After this time without a run the tables are filled anew.
const FORGETS: Duration = Duration::from_secs(50 * 24 * 3600);

/// A row of either table.
struct Row {
    /// Empty if the service sent no id.
    id: String,
    parent: Option<String>,
    /// The number of an invoice, the name of a contact.
    title: Option<String>,
    /// The customer of an invoice, the address of a contact.
    detail: Option<String>,
    amount: Option<String>,
    changed: Option<i64>,
}

/// The tables.
pub(crate) struct Mirror(Connection);

impl Mirror {
    pub(crate) fn open(path: &Path) -> Result<Mirror, BoxError> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(30))?;
        // A committed transaction survives a power cut, so an event is acknowledged only after it is safe.
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        db.execute_batch(TABLES)?;
        Ok(Mirror(db))
    }

    /// Keeps an event of Teamleader. Answer Teamleader only after this method has returned.
    pub(crate) fn receive(&self, body: &[u8]) -> Result<(), BoxError> {
        let event = WebhookEvent::parse(body)?;
        let subject = event.subject.ok_or("the event has no subject")?;
        let insert = "INSERT OR REPLACE INTO events (kind, id) VALUES (?1, ?2)";
        self.0.execute(insert, params![subject.kind, subject.id.as_str()])?;
        Ok(())
    }

    /// Brings the tables up to date. `whole` compares every object of Teamleader: once a day is enough.
    pub(crate) fn turn(
        &mut self,
        teamleader: &Teamleader,
        exact: &ExactOnline,
        whole: bool,
    ) -> Result<(), BoxError> {
        self.events(teamleader)?;
        self.sweep::<Invoice>(teamleader, whole)?;
        self.sweep::<Contact>(teamleader, whole)?;
        self.exact(exact)
    }

    /// Fetches the objects that events name. Events are not signed, so this function uses only the id in an
    /// event.
    fn events(&mut self, teamleader: &Teamleader) -> Result<(), BoxError> {
        loop {
            let first = "SELECT n, kind, id FROM events ORDER BY n LIMIT 1";
            let event = self.0.query_row(first, [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            });
            let Some((n, kind, id)) = event.optional()? else { return Ok(()) };
            match &*kind {
                "invoice" => self.look::<Invoice>(teamleader, &id)?,
                "contact" => self.look::<Contact>(teamleader, &id)?,
                _ => {}
            }
            // If the process is killed before this line, the next run fetches the object again. An event that
            // arrived in the meantime has another number, and stays.
            self.0.execute("DELETE FROM events WHERE n = ?1", [n])?;
        }
    }

    /// Fetches one object, and writes or deletes its row. If Teamleader refuses this object, the tables note the
    /// refusal, so that one event does not stop all following events.
    fn look<T: Swept>(&mut self, teamleader: &Teamleader, id: &str) -> Result<(), BoxError> {
        let found = T::get(teamleader, id);
        let tx = self.write()?;
        match found {
            Ok(object) => put(&tx, T::TABLE, "teamleader", &object.row())?,
            Err(error) if TeamleaderError::of(&error).is_some_and(|e| e.is_not_found()) => {
                delete(&tx, T::TABLE, "teamleader", id)?;
            }
            Err(error) if matches!(error, Error::Decode(_)) || refused(&error) => {
                unread(&tx, "teamleader", id, &error)?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(tx.commit()?)
    }

    /// Reads the objects that have changed since the last sweep, or all objects.
    ///
    /// Teamleader's lists have numbered pages. If an object on an already read page is deleted, all later
    /// objects move up by one, and the list skips one of them. So a sweep reads the list again until the list
    /// still has every object of the previous reading: then no object was deleted in between, and none was
    /// skipped. The newest change of the previous reading becomes the position, because every change that the
    /// last reading may have missed is newer. A sort field that changes can also make a list skip an object,
    /// so the lists are sorted by the time of creation, and invoices, whose time of creation is no sort
    /// field, by their date.
    fn sweep<T: Swept>(&mut self, teamleader: &Teamleader, whole: bool) -> Result<(), BoxError> {
        let name = format!("teamleader.{}", T::TABLE);
        let since: Option<i64> = self.place(&name)?.map(|place| place.parse()).transpose()?;
        let whole = whole || since.is_none();
        let from = since.filter(|_| !whole).map(OffsetDateTime::from_unix_timestamp).transpose()?;
        let list =
            from.map_or_else(|| T::all(teamleader), |from| T::since(teamleader, from - OVERLAP));
        let mut before: Option<(HashSet<String>, Option<i64>)> = None;
        loop {
            let (mut seen, mut newest) = (HashSet::new(), since);
            for page in list.pages() {
                let page = page?;
                let tx = self.write()?;
                for object in &page.items {
                    let row = object.row();
                    put(&tx, T::TABLE, "teamleader", &row)?;
                    newest = newest.max(row.changed);
                    seen.insert(row.id);
                }
                for row in &page.unread {
                    unread(&tx, "teamleader", &name_of(row), row)?;
                    seen.extend(row.id.clone());
                }
                tx.commit()?;
            }
            match &before {
                Some((all, newest)) if all.is_subset(&seen) => {
                    if whole {
                        self.compare::<T>(teamleader, &seen)?;
                    }
                    let newest = newest.map(|newest| newest.to_string());
                    return self.set_place(&name, newest.as_deref());
                }
                _ => before = Some((seen, newest)),
            }
        }
    }

    /// Fetches each object that is in the table but not in the complete list: such an object was deleted, or
    /// is new.
    fn compare<T: Swept>(
        &mut self,
        teamleader: &Teamleader,
        seen: &HashSet<String>,
    ) -> Result<(), BoxError> {
        let all = format!("SELECT id FROM {} WHERE source = 'teamleader'", T::TABLE);
        let ids: Vec<String> =
            self.0.prepare(&all)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in ids.iter().filter(|id| !seen.contains(*id)) {
            self.look::<T>(teamleader, id)?;
        }
        Ok(())
    }

    /// Reads what has changed in Exact Online: first the rows, then the deletions, because a deleted row never
    /// comes back.
    fn exact(&mut self, exact: &ExactOnline) -> Result<(), BoxError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let last = self.place("exact.run")?.map(|place| place.parse::<u64>()).transpose()?;
        if last.is_some_and(|last| now.saturating_sub(last) > FORGETS.as_secs()) {
            let tx = self.write()?;
            tx.execute_batch(
                "DELETE FROM invoices WHERE source = 'exact'; DELETE FROM contacts WHERE source = 'exact';
                 DELETE FROM unread WHERE source = 'exact'; DELETE FROM positions WHERE name LIKE 'exact.%';",
            )?;
            tx.commit()?;
        }
        self.pull("invoices", &exact.sales_invoices(), |row| Row {
            id: row.id.map(|id| id.to_string()).unwrap_or_default(),
            parent: row.invoice_id.map(|id| id.to_string()),
            title: row.invoice_number.map(|number| number.to_string()),
            detail: row.invoice_to_name.clone(),
            amount: row.amount_dc.map(|amount| amount.to_string()),
            changed: row.timestamp,
        })?;
        self.pull("contacts", &exact.contacts(), |row| Row {
            id: row.id.map(|id| id.to_string()).unwrap_or_default(),
            parent: row.account.map(|id| id.to_string()),
            title: row.full_name.clone(),
            detail: row.email.clone(),
            amount: None,
            changed: row.timestamp,
        })?;
        let place = self.position("exact.deleted")?;
        for page in exact.deleted(place, &[EntityType::Contacts, EntityType::SalesInvoices]) {
            let page = page?;
            let tx = self.write()?;
            for row in &page {
                let (Some(kind), Some(key)) = (row.entity_type, row.entity_key) else { continue };
                let table = if kind == EntityType::Contacts { "contacts" } else { "invoices" };
                delete(&tx, table, "exact", &key.to_string())?;
            }
            keep(&tx, "exact.deleted", &serde_json::to_string(&page.position)?)?;
            tx.commit()?;
        }
        self.set_place("exact.run", Some(&now.to_string()))
    }

    /// Writes each page of changed rows in one transaction with the position after that page.
    fn pull<M: Synchronize>(
        &mut self,
        table: &str,
        resource: &Resource<M>,
        read: impl Fn(&M::Row) -> Row,
    ) -> Result<(), BoxError> {
        let name = format!("exact.{table}");
        for page in resource.sync(self.position(&name)?) {
            let page = page?;
            let place = serde_json::to_string(&page.position)?;
            let tx = self.write()?;
            for (index, row) in page.iter().map(&read).enumerate() {
                if row.id.is_empty() {
                    let name = format!("{name}, page before {place}, row {index}");
                    unread(&tx, "exact", &name, &"the row has no id")?;
                } else {
                    put(&tx, table, "exact", &row)?;
                }
            }
            for row in &page.unread {
                unread(&tx, "exact", &name_of(row), row)?;
            }
            keep(&tx, &name, &place)?;
            tx.commit()?;
        }
        Ok(())
    }

    fn position(&self, name: &str) -> Result<Option<Position>, BoxError> {
        Ok(self.place(name)?.map(|place| serde_json::from_str(&place)).transpose()?)
    }

    pub(crate) fn place(&self, name: &str) -> Result<Option<String>, BoxError> {
        let query = "SELECT place FROM positions WHERE name = ?1";
        Ok(self.0.query_row(query, [name], |row| row.get(0)).optional()?)
    }

    fn set_place(&mut self, name: &str, place: Option<&str>) -> Result<(), BoxError> {
        let Some(place) = place else { return Ok(()) };
        let tx = self.write()?;
        keep(&tx, name, place)?;
        Ok(tx.commit()?)
    }

    fn write(&mut self) -> Result<Transaction<'_>, rusqlite::Error> {
        self.0.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    /// Returns all rows of `table` as text. A row has six columns: source, id, parent, number (of an invoice) or name
    /// (of a contact), customer or e-mail address, and amount.
    pub(crate) fn rows(&self, table: &str) -> Result<Vec<[String; 6]>, BoxError> {
        let detail = if table == "contacts" { "name, email" } else { "number, customer" };
        let query =
            format!("SELECT source, id, parent, {detail}, amount FROM {table} ORDER BY 1, 2");
        let mut query = self.0.prepare(&query)?;
        let rows = query.query_map([], |row| {
            let mut text = [const { String::new() }; 6];
            for (at, text) in text.iter_mut().enumerate() {
                *text = row.get::<_, Option<String>>(at)?.unwrap_or_default();
            }
            Ok(text)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of rows of a table.
    pub(crate) fn count(&self, table: &str) -> Result<i64, BoxError> {
        Ok(self.0.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
    }
}

/// Writes a row, unless the table has a newer one.
fn put(tx: &Transaction<'_>, table: &str, source: &str, row: &Row) -> Result<(), rusqlite::Error> {
    let (title, detail) =
        if table == "contacts" { ("name", "email") } else { ("number", "customer") };
    let insert = format!(
        "INSERT INTO {table} (source, id, parent, {title}, {detail}, amount, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (source, id) DO UPDATE SET parent = ?3,
         {title} = ?4, {detail} = ?5, amount = ?6, changed = ?7 WHERE coalesce(?7 >= changed, 1)"
    );
    let Row { id, parent, title, detail, amount, changed } = row;
    tx.execute(&insert, params![source, id, parent, title, detail, amount, changed])?;
    tx.execute("DELETE FROM unread WHERE source = ?1 AND id = ?2", [source, id])?;
    Ok(())
}

/// Deletes the row with this id. For the id of an invoice of Exact Online, deletes the rows of its lines.
fn delete(
    tx: &Transaction<'_>,
    table: &str,
    source: &str,
    id: &str,
) -> Result<(), rusqlite::Error> {
    let lines = if table == "invoices" { "OR parent = ?2" } else { "" };
    tx.execute(
        &format!("DELETE FROM {table} WHERE source = ?1 AND (id = ?2 {lines})"),
        [source, id],
    )?;
    tx.execute("DELETE FROM unread WHERE source = ?1 AND id = ?2", [source, id])?;
    Ok(())
}

/// Whether Teamleader refused the request for a reason that a repeat does not change. A 401, 408 or 429 is about
/// the login or the moment, not about the object.
fn refused(error: &Error) -> bool {
    TeamleaderError::of(error).is_some_and(|error| {
        (400..500).contains(&error.status()) && !matches!(error.status(), 401 | 408 | 429)
    })
}

/// The name under which a row is noted: its id. A row without an id has its JSON as name, so that a row never
/// replaces another row, and a repeat of the row makes no second note.
fn name_of(row: &UnreadRow) -> String {
    row.id.clone().unwrap_or_else(|| format!("{}: {}", row.operation, row.json))
}

/// Notes a row that this version cannot read, for a person to look at.
fn unread(
    tx: &Transaction<'_>,
    source: &str,
    id: &str,
    why: &impl ToString,
) -> Result<(), rusqlite::Error> {
    let insert = "INSERT OR REPLACE INTO unread (source, id, what) VALUES (?1, ?2, ?3)";
    tx.execute(insert, params![source, id, why.to_string()]).map(drop)
}

fn keep(tx: &Transaction<'_>, name: &str, place: &str) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT OR REPLACE INTO positions (name, place) VALUES (?1, ?2)", [name, place])
        .map(drop)
}

/// An object of Teamleader that has a table.
trait Swept: Listed {
    const TABLE: &'static str;

    fn row(&self) -> Row;
    fn get(teamleader: &Teamleader, id: &str) -> Result<Self, Error>;
    fn all(teamleader: &Teamleader) -> List<'_, Self>;
    fn since(teamleader: &Teamleader, from: OffsetDateTime) -> List<'_, Self>;
}

impl Swept for Invoice {
    const TABLE: &'static str = "invoices";

    fn row(&self) -> Row {
        let total = self.total.as_ref().and_then(|total| total.tax_inclusive.as_ref());
        Row {
            id: self.id.to_string(),
            parent: None,
            title: self.invoice_number.clone(),
            detail: self.customer_name().map(str::to_owned),
            amount: total.map(|money| money.amount.to_string()),
            changed: self.updated_at.map(OffsetDateTime::unix_timestamp),
        }
    }

    fn get(teamleader: &Teamleader, id: &str) -> Result<Invoice, Error> {
        teamleader.invoices().get(id)
    }

    fn all(teamleader: &Teamleader) -> List<'_, Invoice> {
        teamleader.invoices().page_size(PAGE).sort(InvoiceSort::InvoiceDate, Order::Ascending)
    }

    fn since(teamleader: &Teamleader, from: OffsetDateTime) -> List<'_, Invoice> {
        Self::all(teamleader).filter(InvoiceFilter::new().updated_since(from))
    }
}

impl Swept for Contact {
    const TABLE: &'static str = "contacts";

    fn row(&self) -> Row {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        Row {
            id: self.id.to_string(),
            parent: None,
            title: Some(names.into_iter().flatten().collect::<Vec<_>>().join(" ")),
            detail: self.emails.first().and_then(|email| email.email.clone()),
            amount: None,
            changed: self.updated_at.map(OffsetDateTime::unix_timestamp),
        }
    }

    fn get(teamleader: &Teamleader, id: &str) -> Result<Contact, Error> {
        teamleader.contacts().get(id)
    }

    fn all(teamleader: &Teamleader) -> List<'_, Contact> {
        teamleader.contacts().page_size(PAGE).sort(ContactSort::AddedAt, Order::Ascending)
    }

    fn since(teamleader: &Teamleader, from: OffsetDateTime) -> List<'_, Contact> {
        Self::all(teamleader).filter(ContactFilter::new().updated_since(from))
    }
}
