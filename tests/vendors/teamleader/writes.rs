//! Tests of what a program knows after a write.

use evergrant::Error;
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::teamleader::contacts::NewContact;
use evergrant::teamleader::lines::{LineGroup, LineItem, NewInvoiceLine, NewQuotationLine};
use evergrant::teamleader::{Teamleader, Unconfirmed};
use serde_json::{Value, json};

use super::support::{answering, world};

fn create(teamleader: &Teamleader) -> Error {
    teamleader.contacts().create(&NewContact::new("Jansen")).unwrap_err()
}

#[test]
fn an_unreadable_created_object_is_reported_as_created() {
    let (sandbox, teamleader) = world();
    for (reply, id) in [
        (ApiReply::json(201, json!({ "data": { "type": ["odd"], "id": "2bc1" } })), Some("2bc1")),
        (ApiReply::json(201, json!({ "data": { "type": "contact" } })), None),
        (ApiReply::json(201, json!({})), None),
        (ApiReply::new(201), None),
        (ApiReply::bytes(201, "text/html", "<h1>ok</h1>"), None),
    ] {
        answering(&sandbox, move |_, _| reply.clone());
        for error in [
            create(&teamleader),
            teamleader.call::<Made>("contacts.add", &json!({ "last_name": "x" })).unwrap_err(),
        ] {
            let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{error:#}"));
            assert!(told.processed && told.operation == "contacts.add");
            assert!(id.is_none() || told.id.as_deref() == id, "{told:?}");
            assert!(error.to_string().contains("do not send the request again"), "{error}");
            assert!(!error.is_transient());
        }
    }
}

/// A reference, as a type of the program's own.
#[derive(Debug, serde::Deserialize)]
struct Made {
    #[serde(rename = "type")]
    _kind: String,
    #[serde(rename = "id")]
    _id: String,
}

#[test]
fn a_lost_answer_to_a_write_says_so() {
    let (sandbox, teamleader) = world();
    for fault in [Some(Fault::CutBefore), Some(Fault::CutAfter), None] {
        let what = format!("{fault:?}");
        match fault {
            Some(fault) => sandbox.api_fault(fault),
            None => drop(answering(&sandbox, |_, _| ApiReply::new(504))),
        }
        let error = create(&teamleader);
        let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{what}: {error:#}"));
        assert!(!told.processed && told.operation == "contacts.add", "{what}: {told:?}");
        assert!(error.to_string().contains("look before you send it again"), "{error}");
        // A loop that repeats a call while its error is transient makes only one contact.
        assert!(!error.is_transient(), "{what}");
    }
    // The operation is newer than this version, so it may change something.
    answering(&sandbox, |_, _| ApiReply::new(200));
    let error = teamleader.call_unlisted::<Made>("novelties.add", &json!({})).unwrap_err();
    assert!(Unconfirmed::of(&error).is_some_and(|told| told.processed), "{error:#}");
    // A failed read leaves nothing unconfirmed, because a read changes nothing.
    answering(&sandbox, |_, _| ApiReply::bytes(200, "text/html", "<h1>ok</h1>"));
    assert!(Unconfirmed::of(&teamleader.contacts().get("c").unwrap_err()).is_none());
}

fn line(without: &str) -> LineItem {
    let mut line = json!({
        "product": { "type": "product", "id": "p" }, "quantity": 2, "description": "Work",
        "extended_description": "much", "unit": { "type": "unitOfMeasure", "id": "u" },
        "unit_price": { "amount": 80.10, "currency": "EUR", "tax": "excluding" },
        "tax": { "type": "taxRate", "id": "t" }, "discount": { "value": 10, "type": "percentage" },
        "purchase_price": { "amount": 5, "currency": "EUR" }, "periodicity": { "unit": "month", "period": 1 },
        "total": {}, "product_category": { "type": "productCategory", "id": "k" },
        "withheld_tax": { "type": "withholdingTaxRate", "id": "w" },
    });
    line.as_object_mut().unwrap().remove(without);
    serde_json::from_value(line).unwrap()
}

#[test]
fn a_read_line_becomes_a_new_line() {
    let group: LineGroup<NewInvoiceLine> = LineGroup::titled("A", [line("")]).to_new().unwrap();
    let price = json!({ "amount": 80.10, "tax": "excluding" });
    let mut sent = json!({
        "quantity": 2, "description": "Work", "tax_rate_id": "t", "unit_price": price,
        "discount": { "value": 10, "type": "percentage" }, "product_id": "p", "extended_description": "much",
        "unit_of_measure_id": "u", "product_category_id": "k", "withholding_tax_rate_id": "w",
    });
    let wanted = json!({ "section": { "title": "A" }, "line_items": [sent] });
    assert_eq!(serde_json::to_value(&group).unwrap(), wanted);
    let quotation: NewQuotationLine = line("").try_into().unwrap();
    let members = sent.as_object_mut().unwrap();
    members.remove("product_category_id");
    members.remove("withholding_tax_rate_id");
    members.insert("purchase_price".to_owned(), json!({ "amount": 5, "currency": "EUR" }));
    members.insert("periodicity".to_owned(), json!({ "unit": "month", "period": 1 }));
    assert_eq!(serde_json::to_value(&quotation).unwrap(), Value::Object(members.clone()));
    for name in ["quantity", "description", "tax", "unit_price"] {
        let error = NewInvoiceLine::try_from(line(name)).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
