//! Tests that a malformed member of an answer makes at most its own object unreadable. Each member at each
//! depth of each answer is set to `null`, removed, and replaced by a value of every other kind.

use serde_json::{Value, json};

use super::cases::{Case, cases};
use super::examples::{Exchange, World, fixtures};
use super::odd::{Odd, odd};
use crate::Error;
use crate::teamleader::files::FileSubject;
use crate::teamleader::operations::{Kind, Operation};
use crate::teamleader::{Reference, UnreadRow};

/// Whether the changed member identifies the object.
fn is_id(path: &str) -> bool {
    ["id", "tag", "url"].contains(&path)
}

fn answer(world: &World, case: &Case, request: &Value, data: &Value) -> crate::Result<Value> {
    let status = Operation::named(case.0).unwrap().status;
    let answer = Some(json!({ "data": data }));
    *world.exchange.lock() = Exchange { status, answer, ..Exchange::default() };
    case.1(&world.teamleader, request)
}

/// The members that a download or an upload cannot do without.
const NEEDED: [&str; 3] = ["location", "expires", "expires_at"];

/// Checks the error of an object, and returns whether there is one.
fn check(case: &str, odd: &Odd, error: Option<&Error>) -> bool {
    let Odd { path, change, .. } = odd;
    let Some(error) = error else { return false };
    let row = UnreadRow::of(error).unwrap_or_else(|| panic!("{case}, {path} {change}: {error:#}"));
    let told = format!("{case}, {path} {change}: {row}");
    assert_eq!(row.operation, case, "{told}");
    // If a list replaces an object, the error can be at the first element of the list.
    let inside = (*change == "list").then(|| format!("{path}[0]"));
    // The specification has two names for this member: `expires` and `expires_at`.
    let other = (path == "expires").then(|| "expires_at".to_owned());
    let other = inside.or(other);
    assert!(row.path == *path || other.as_ref() == Some(&row.path), "{told}");
    let id = ["id", "tag", "url"].iter().find_map(|key| odd.object[*key].as_str());
    if !is_id(path) {
        assert_eq!(row.id.as_deref(), id, "{told}");
    }
    let gone = ["null", "removed"].contains(change);
    assert!(!gone || is_id(path) || NEEDED.contains(&path.as_str()), "{told}");
    true
}

#[test]
fn a_malformed_member_of_a_single_answer_is_named() {
    let (world, fixtures) = (World::new(), fixtures());
    let (mut tried, mut refused) = (0, 0);
    for case in &cases() {
        let fixture = &fixtures[case.0];
        let Some(object) = fixture.get("response").map(|answer| &answer["data"]) else { continue };
        if !object.is_object() {
            continue;
        }
        let request = fixture.get("request").unwrap_or(&Value::Null);
        for odd in odd(object) {
            let came = answer(&world, case, request, &odd.object);
            tried += 1;
            refused += usize::from(check(case.0, &odd, came.as_ref().err()));
        }
    }
    println!("{tried} odd single answers: {refused} errors, each with id and path");
    assert!(tried > 2000 && refused > 500, "{tried} {refused}");
}

fn errors<T>(items: impl Iterator<Item = crate::Result<T>>) -> Vec<Option<Error>> {
    items.map(Result::err).collect()
}

/// Iterates over a list, and returns the error of each object that has one.
fn items(world: &World, name: &str) -> Vec<Option<Error>> {
    let t = &world.teamleader;
    match name {
        "users.list" => errors(t.users().iter()),
        "teams.list" => errors(t.teams().iter()),
        "taxRates.list" => errors(t.tax_rates().iter()),
        "withholdingTaxRates.list" => errors(t.withholding_tax_rates().iter()),
        "paymentMethods.list" => errors(t.payment_methods().iter()),
        "productCategories.list" => errors(t.product_categories().iter()),
        "unitsOfMeasure.list" => errors(t.units_of_measure().iter()),
        "priceLists.list" => errors(t.price_lists().iter()),
        "workTypes.list" => errors(t.work_types().iter()),
        "activityTypes.list" => errors(t.activity_types().iter()),
        "callOutcomes.list" => errors(t.call_outcomes().iter()),
        "dayOffTypes.list" => errors(t.day_off_types().iter()),
        "departments.list" => errors(t.departments().iter()),
        "tags.list" => errors(t.tags().iter()),
        "products.list" => errors(t.products().iter()),
        "files.list" => errors(t.files().of(FileSubject::temporary()).iter()),
        "webhooks.list" => errors(t.webhooks().iter()),
        "customFieldDefinitions.list" => errors(t.custom_fields().iter()),
        "contacts.list" => errors(t.contacts().iter()),
        "companies.list" => errors(t.companies().iter()),
        "deals.list" => errors(t.deals().iter()),
        "lostReasons.list" => errors(t.lost_reasons().iter()),
        "dealSources.list" => errors(t.deal_sources().iter()),
        "dealPipelines.list" => errors(t.deal_pipelines().iter()),
        "dealPhases.list" => errors(t.deal_phases().iter()),
        "quotations.list" => errors(t.quotations().iter()),
        "invoices.list" => errors(t.invoices().iter()),
        "tasks.list" => errors(t.tasks().iter()),
        "timeTracking.list" => errors(t.time_tracking().iter()),
        "events.list" => errors(t.events().iter()),
        "meetings.list" => errors(t.meetings().iter()),
        "calls.list" => errors(t.calls().iter()),
        "creditNotes.list" => errors(t.credit_notes().iter()),
        "orders.list" => errors(t.orders().iter()),
        "subscriptions.list" => errors(t.subscriptions().iter()),
        "tickets.list" => errors(t.tickets().iter()),
        "ticketStatus.list" => errors(t.ticket_statuses().iter()),
        "tickets.listMessages" => errors(t.tickets().messages("t").iter()),
        "projects-v2/projects.list" => errors(t.projects().iter()),
        "projects-v2/projectLines.list" => errors(t.projects().lines("p").iter()),
        "projects-v2/projectGroups.list" => errors(t.project_groups().iter()),
        "projects-v2/tasks.list" => errors(t.project_tasks().iter()),
        "projects-v2/materials.list" => errors(t.project_materials().iter()),
        "projects.list" => errors(t.legacy_projects().iter()),
        "milestones.list" => errors(t.milestones().iter()),
        "notes.list" => errors(t.notes().of(Reference::new("deal", "d")).iter()),
        "emailTracking.list" => errors(t.email_tracking().of(Reference::new("deal", "d")).iter()),
        "mailTemplates.list" => errors(t.mail_templates().of("invoice".into()).iter()),
        "documentTemplates.list" => errors(t.document_templates().of("d", "invoice".into()).iter()),
        "businessTypes.list" => errors(t.business_types().iter()),
        "paymentTerms.list" => errors(t.payment_terms().iter()),
        "commercialDiscounts.list" => errors(t.commercial_discounts().iter()),
        "closingDays.list" => errors(t.closing_days().iter()),
        "levelTwoAreas.list" => errors(t.level_two_areas().of("BE", "en").iter()),
        "currencies.exchangeRates" => errors(t.currencies().exchange_rates(&"EUR".into()).iter()),
        "users.listDaysOff" => errors(t.days_off().of("u").iter()),
        "expenses.list" => errors(t.expenses().iter()),
        "bookkeepingSubmissions.list" => {
            errors(t.bookkeeping_submissions().of(Reference::new("receipt", "r")).iter())
        }
        "incomingInvoices.listPayments" => errors(t.incoming_invoices().payments("i").iter()),
        "incomingCreditNotes.listPayments" => {
            errors(t.incoming_credit_notes().payments("i").iter())
        }
        "receipts.listPayments" => errors(t.receipts().payments("i").iter()),
        "plannableItems.list" => errors(t.plannable_items().iter()),
        "reservations.list" => errors(t.reservations().iter()),
        "userAvailability.total" => errors(
            t.user_availability()
                .total(
                    time::Date::from_calendar_date(2025, time::Month::May, 1).unwrap(),
                    time::Date::from_calendar_date(2025, time::Month::May, 2).unwrap(),
                )
                .iter(),
        ),
        "userAvailability.daily" => errors(
            t.user_availability()
                .daily(
                    time::Date::from_calendar_date(2025, time::Month::May, 1).unwrap(),
                    time::Date::from_calendar_date(2025, time::Month::May, 2).unwrap(),
                )
                .iter(),
        ),
        other => panic!("{other} is not in this table"),
    }
}

#[test]
fn a_malformed_member_in_a_list_loses_one_row() {
    let (world, fixtures) = (World::new(), fixtures());
    let (mut lists, mut tried, mut refused) = (0, 0, 0);
    for case in &cases() {
        if Operation::named(case.0).unwrap().kind != Kind::List {
            continue;
        }
        // The answer of `info` has members that the list leaves out.
        let info = case.0.strip_suffix(".list").map(|resource| format!("{resource}.info"));
        let objects = [
            Some(&fixtures[case.0]["response"]["data"][0]),
            info.and_then(|info| fixtures.get(&info)).map(|info| &info["response"]["data"]),
        ];
        let odd: Vec<Odd> = objects.iter().flatten().flat_map(|object| odd(object)).collect();
        lists += 1;
        for some in odd.chunks(50) {
            // Good and malformed rows alternate on a page of 100.
            let good = objects[0].unwrap();
            let rows: Vec<&Value> = (0..100)
                .map(|n| {
                    some.get(n / 2).filter(|_| n.is_multiple_of(2)).map_or(good, |odd| &odd.object)
                })
                .collect();
            *world.exchange.lock() = Exchange {
                status: 200,
                answer: Some(json!({ "data": rows })),
                ..Exchange::default()
            };
            let came: Vec<Option<Error>> = items(&world, case.0);
            assert_eq!(came.len(), 100, "{}: the list ended", case.0);
            for (n, error) in came.iter().enumerate() {
                match some.get(n / 2).filter(|_| n.is_multiple_of(2)) {
                    Some(odd) => {
                        tried += 1;
                        refused += usize::from(check(case.0, odd, error.as_ref()));
                    }
                    None => assert!(error.is_none(), "{}: {}", case.0, error.as_ref().unwrap()),
                }
            }
        }
    }
    println!("{tried} odd rows in {lists} lists of 100: 0 lists ended, {refused} errors of rows");
    assert!(lists == 65 && tried > 6000 && refused > 2000, "{lists} {tried} {refused}");
}
