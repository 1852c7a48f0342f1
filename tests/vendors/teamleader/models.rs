//! Tests of the methods of models.

use evergrant::teamleader::companies::Company;
use evergrant::teamleader::contacts::Contact;
use evergrant::teamleader::deals::Deal;
use evergrant::teamleader::invoices::{Invoice, InvoiceStatus};
use evergrant::teamleader::quotations::{Quotation, QuotationStatus};
use evergrant::teamleader::{Currency, Customer, Money};
use serde_json::{Value, json};
use time::{Date, Month};

use super::support::{answering, data, world};

fn contact(value: Value) -> Contact {
    serde_json::from_value(value).unwrap()
}

fn invoice(value: Value) -> Invoice {
    serde_json::from_value(value).unwrap()
}

fn june(day: u8) -> Date {
    Date::from_calendar_date(2025, Month::June, day).unwrap()
}

#[test]
fn full_name_leaves_out_missing_names() {
    let name = |first: Value, last: Value| {
        contact(json!({ "id": "c", "first_name": first, "last_name": last })).full_name()
    };
    assert_eq!(name(json!("Ada"), json!("Jansen")), "Ada Jansen");
    assert_eq!(name(json!(null), json!("Jansen")), "Jansen");
    assert_eq!(name(json!("Ada"), json!("")), "Ada");
    assert_eq!(name(json!(null), json!(null)), "");
}

#[test]
fn contacts_and_companies_have_primary_email_phone_and_status() {
    let emails = json!([{ "type": "invoicing", "email": "i@x.example" }, { "type": "primary", "email": "p@x.example" }]);
    let phones = json!([{ "type": "mobile", "number": "1" }, { "type": "phone", "number": "2" }]);
    let value = json!({ "id": "c", "emails": emails, "telephones": phones, "status": "active" });
    let person = contact(value.clone());
    assert_eq!((person.primary_email(), person.primary_phone()), (Some("p@x.example"), Some("1")));
    assert!(person.is_active());
    let company: Company = serde_json::from_value(value).unwrap();
    assert_eq!(
        (company.primary_email(), company.primary_phone()),
        (Some("p@x.example"), Some("1"))
    );
    assert!(company.is_active());
    let other = contact(
        json!({ "id": "c", "emails": [{ "type": "work", "email": "w@x.example" }], "status": "deactivated" }),
    );
    assert_eq!((other.primary_email(), other.primary_phone()), (Some("w@x.example"), None));
    assert!(!other.is_active());
    assert_eq!(contact(json!({ "id": "c" })).primary_email(), None);
}

#[test]
fn a_deal_is_open_won_or_lost_and_has_a_customer() {
    let deal = |status: &str| -> Deal {
        let customer = json!({ "type": "company", "id": "k" });
        let lead = json!({ "customer": customer, "contact_person": null });
        serde_json::from_value(json!({ "id": "d", "status": status, "lead": lead })).unwrap()
    };
    assert!(deal("open").is_open() && deal("new").is_open() && !deal("won").is_open());
    assert!(deal("won").is_won() && deal("lost").is_lost() && !deal("refused").is_lost());
    assert_eq!(deal("open").customer_id().unwrap(), "k");
    assert_eq!(deal("open").customer(), Some(Customer::company("k")));
    assert_eq!(deal("open").customer_type(), Some("company"));
    let bare: Deal = serde_json::from_value(json!({ "id": "d", "lead": null })).unwrap();
    assert_eq!((bare.customer_id(), bare.is_open()), (None, false));
}

#[test]
fn an_unpaid_invoice_is_overdue_after_its_due_date() {
    let of =
        |paid: Value, due_on: Value| invoice(json!({ "id": "i", "paid": paid, "due_on": due_on }));
    assert!(of(json!(false), json!("2025-06-01")).is_overdue_on(june(2)));
    assert!(!of(json!(false), json!("2025-06-01")).is_overdue_on(june(1)));
    assert!(!of(json!(true), json!("2025-06-01")).is_overdue_on(june(2)));
    assert!(!of(json!(null), json!("2025-06-01")).is_overdue_on(june(2)), "`paid` is not known");
    assert!(!of(json!(false), json!(null)).is_overdue_on(june(2)));
    assert!(of(json!(false), json!("2001-01-01")).is_overdue());
    assert!(!of(json!(false), json!("9999-12-31")).is_overdue());
}

#[test]
fn an_invoice_has_amount_due_customer_and_status() {
    let due = json!({ "amount": 12.10, "currency": "EUR" });
    let invoice = invoice(json!({
        "id": "i", "status": "draft", "paid": true, "invoice_number": null,
        "total": { "due": due, "payable": { "amount": null, "currency": "EUR" } },
        "invoicee": { "name": "Ada Ltd" }
    }));
    assert!(invoice.is_draft() && invoice.is_paid());
    assert_eq!(
        invoice.total_due(),
        Some(&Money::eur("12.1".parse::<evergrant::teamleader::Decimal>().unwrap()))
    );
    assert_eq!(invoice.total.as_ref().unwrap().payable, None);
    assert_eq!(invoice.customer_name(), Some("Ada Ltd"));
    assert_eq!(invoice.status, Some(InvoiceStatus::Draft));
}

#[test]
fn a_quotation_is_open_accepted_or_expired_and_has_totals() {
    let of = |status: &str| -> Quotation {
        let total = json!({
            "tax_exclusive": { "amount": 100, "currency": "USD" },
            "tax_inclusive": { "amount": 121, "currency": "USD" }
        });
        let expiry = json!({ "expires_after": "2025-06-01", "action_after_expiry": "lock" });
        let value = json!({ "id": "q", "status": status, "total": total, "expiry": expiry });
        serde_json::from_value(value).unwrap()
    };
    assert!(of("open").is_open() && of("accepted").is_accepted() && of("expired").is_expired());
    assert_eq!(of("open").total_tax_exclusive(), Some(&Money::new(100, Currency::Usd)));
    assert_eq!(of("open").total_tax_inclusive(), Some(&Money::new(121, Currency::Usd)));
    assert!(of("open").is_past(june(2)) && !of("open").is_past(june(1)));
    assert_eq!(of("refused").status, Some(QuotationStatus::Unknown("refused".to_owned())));
}

#[test]
fn an_amount_keeps_its_digits_when_read_and_sent() {
    let (sandbox, teamleader) = world();
    let text =
        r#"{"data":{"id":"i","total":{"due":{"amount":100000000000000000.10,"currency":"EUR"}}}}"#;
    sandbox.on("POST", "/api/invoices.info", move |_| {
        evergrant::sandbox::ApiReply::bytes(200, "application/json", text)
    });
    let invoice = teamleader.invoices().get("i").unwrap();
    let due = invoice.total_due().unwrap().clone();
    assert_eq!(due.amount.to_string(), "100000000000000000.10");
    let seen = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let sent = seen.clone();
    sandbox.on("POST", "/api/invoices.registerPayment", move |request| {
        *sent.lock() = String::from_utf8_lossy(&request.body).into_owned();
        evergrant::sandbox::ApiReply::new(204)
    });
    let paid_at = time::OffsetDateTime::UNIX_EPOCH;
    let payment = evergrant::teamleader::invoices::NewPayment::new(due, paid_at);
    teamleader.invoices().register_payment("i", &payment).unwrap();
    assert!(seen.lock().contains(r#""amount":100000000000000000.10"#), "{}", seen.lock());
}

#[test]
fn me_returns_the_user_of_the_login() {
    let (sandbox, teamleader) = world();
    let asked =
        answering(&sandbox, |_, _| data(json!({ "id": "u", "language": "nl-BE", "teams": [] })));
    assert_eq!(teamleader.me().unwrap().language.as_deref(), Some("nl-BE"));
    assert_eq!(asked.lock()[0].1, Value::Null, "the request has no body");
}
