//! Tests of custom fields.

use evergrant::teamleader::contacts::{Contact, ContactUpdate};
use evergrant::teamleader::custom_fields::{CustomFieldContext, CustomFieldValue, NewCustomField};
use evergrant::teamleader::{CustomFieldsUpdate, Reference};
use serde_json::json;
use time::{Date, Month};

use super::support::{answering, data, page_of, world};

#[test]
fn a_custom_field_is_found_and_read_by_its_type() {
    let field = |id: &str, value: serde_json::Value| json!({ "definition": { "type": "customFieldDefinition", "id": id }, "value": value });
    let contact: Contact = serde_json::from_value(json!({ "id": "c", "custom_fields": [
        field("text", json!("red")), field("number", json!(0.3)), field("yes", json!(true)),
        field("many", json!(["a", "b"])), field("who", json!({ "type": "user", "id": "u" })),
        field("day", json!("2025-06-01")), field("none", json!(null)), field("odd", json!([1, {}])),
        { "definition": { "type": "customFieldDefinition", "id": "bare" } },
    ] }))
    .unwrap();
    let value = |id: &str| contact.custom_field(id).unwrap();
    assert_eq!(value("text").as_text(), Some("red"));
    assert_eq!(value("number").as_number(), Some("0.3".parse().unwrap()));
    assert_eq!(value("yes").as_bool(), Some(true));
    assert_eq!(value("many").as_texts().unwrap(), ["a", "b"]);
    assert_eq!(value("text").as_texts().unwrap(), ["red"]);
    assert_eq!(value("who").as_reference(), Some(&Reference::new("user", "u")));
    let day = Date::from_calendar_date(2025, Month::June, 1).unwrap();
    assert_eq!(value("day").as_date(), Some(day));
    assert_eq!(
        (value("none"), value("bare")),
        (&CustomFieldValue::Empty, &CustomFieldValue::Empty)
    );
    assert_eq!(value("odd"), &CustomFieldValue::Other(json!([1, {}])));
    assert!(contact.custom_field("nobody").is_none() && value("yes").as_text().is_none());
    // A field of an answer converts to the form of a request.
    let again: Vec<NewCustomField> =
        contact.custom_fields.unwrap().into_iter().take(2).map(NewCustomField::from).collect();
    let update = ContactUpdate::new().custom_fields(again);
    let update = update.custom_fields_update_strategy(CustomFieldsUpdate::Partial);
    assert_eq!(
        serde_json::to_value(&update).unwrap(),
        json!({ "custom_fields_update_strategy": "partial",
                "custom_fields": [{ "id": "text", "value": "red" }, { "id": "number", "value": 0.3 }] })
    );
    let written = |value: NewCustomField| serde_json::to_value(value).unwrap()["value"].clone();
    assert_eq!(written(NewCustomField::new("d", day)), json!("2025-06-01"));
    assert_eq!(written(NewCustomField::new("d", 7)), json!(7));
    assert_eq!(written(NewCustomField::new("d", CustomFieldValue::Empty)), json!(null));
}

#[test]
fn a_definition_is_found_by_its_label() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, body| {
        let mut page = page_of(150, body);
        for definition in page.as_array_mut().unwrap() {
            definition["label"] = json!(format!("field {}", definition["id"].as_str().unwrap()));
        }
        data(page)
    });
    let found = teamleader.custom_fields().labelled(CustomFieldContext::Contact, "field 120");
    let found = found.unwrap().unwrap();
    assert_eq!(found.id, "120");
    assert_eq!(asked.lock()[0].1["filter"], json!({ "context": "contact" }));
    assert!(teamleader.custom_fields().labelled(CustomFieldContext::Deal, "no").unwrap().is_none());
    let value =
        json!([{ "definition": { "type": "customFieldDefinition", "id": "120" }, "value": 1 }]);
    let fields: Vec<_> = serde_json::from_value(value).unwrap();
    assert_eq!(found.value_in(&fields).unwrap().as_number(), Some(1.into()));
}
