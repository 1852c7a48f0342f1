//! Tests of webhooks.

use evergrant::Error;
use evergrant::sandbox::ApiReply;
use evergrant::teamleader::webhooks::{WebhookEvent, WebhookType};
use serde_json::{Value, json};

use super::support::{answering, data, world};

#[test]
fn webhooks_are_registered_listed_and_unregistered() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |name, _| match name {
        "webhooks.list" => {
            data(json!([{ "url": "https://a.example/hook", "types": ["deal.won", "deal.danced"] }]))
        }
        _ => ApiReply::new(204),
    });
    let url = "https://a.example/hook/2f9c";
    let types = [WebhookType::InvoiceBooked, WebhookType::from("quotation.signed")];
    teamleader.webhooks().register(url, &types).unwrap();
    teamleader.webhooks().unregister(url, &types).unwrap();
    let body = json!({ "url": url, "types": ["invoice.booked", "quotation.signed"] });
    assert_eq!(asked.lock()[0], ("webhooks.register".to_owned(), body.clone()));
    assert_eq!(asked.lock()[1], ("webhooks.unregister".to_owned(), body));
    let registered = teamleader.webhooks().iter().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(registered[0].types[0], WebhookType::DealWon);
    assert_eq!(registered[0].types[1].as_str(), "deal.danced");
    assert_eq!(asked.lock().len(), 3, "the list is fetched once");
}

#[test]
fn every_event_type_of_the_specification_is_known() {
    assert_eq!(WebhookType::KNOWN.len(), 95);
    for kind in WebhookType::KNOWN {
        assert_eq!(&WebhookType::from(kind.as_str()), kind);
    }
}

#[test]
fn an_event_is_read_in_every_known_form() {
    let parse = |value: Value| WebhookEvent::parse(value.to_string().as_bytes()).unwrap();
    let subject = json!({ "type": "deal", "id": "d" });
    for value in [
        json!({ "type": "deal.won", "subject": subject, "account": { "type": "account", "id": "a" } }),
        json!({ "type": "deal.won", "data": { "id": "d" } }),
        json!({ "event": "deal.won", "data": { "subject": subject } }),
        json!({ "type": "deal.won", "data": subject }),
    ] {
        let event = parse(value.clone());
        assert_eq!(event.kind, Some(WebhookType::DealWon), "{value}");
        let subject = event.subject.unwrap();
        assert_eq!((subject.kind.as_str(), subject.id.as_str()), ("deal", "d"), "{value}");
        assert_eq!(event.raw, value);
    }
    let empty = parse(json!({}));
    assert_eq!((empty.kind, empty.subject, empty.account), (None, None, None));
    for body in [&b""[..], b"[]", b"null", b"{", b"\xff"] {
        assert!(matches!(WebhookEvent::parse(body), Err(Error::Decode(_))));
    }
}
