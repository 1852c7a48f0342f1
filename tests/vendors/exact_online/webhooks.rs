//! Tests of webhooks: the signature over the raw bytes, and subscriptions.

use evergrant::exact_online::{Action, Topic, WebhookSubscription, webhooks};
use evergrant::sandbox::ApiReply;
use evergrant::{Error, Secret};
use serde_json::json;

use super::support::World;

const CONTENT: &str = r#"{"Topic":"Accounts","ClientId":"app","Division":123,"Action":"Update","Key":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","ExactOnlineEndpoint":"https://start.exactonline.nl/api/v1/123/crm/Accounts(guid'3f2504e0-4f89-11d3-9a0c-0305e82c3301')","EventCreatedOn":"2026-01-05T12:00:00.123"}"#;
/// Computed by `printf '%s' "$CONTENT" | openssl dgst -sha256 -hmac webhook-secret`.
const SIGNATURE: &str = "3B39A285F41A4266E35D4333AF0A82A9DF3ACB362638D13BE71FA78A816D04E2";

fn secret() -> Secret {
    Secret::new("webhook-secret")
}

fn body(content: &str, signature: &str) -> Vec<u8> {
    format!("{{\"Content\":{content},\"HashCode\":\"{signature}\"}}").into_bytes()
}

#[test]
fn a_signed_call_is_read() {
    assert_eq!(webhooks::sign(CONTENT.as_bytes(), &secret()), SIGNATURE);
    let event = webhooks::verify(&body(CONTENT, SIGNATURE), &secret()).unwrap().unwrap();
    assert_eq!((event.topic, event.action, event.division), (Topic::Accounts, Action::Update, 123));
    assert_eq!(event.key.to_string(), "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
    assert_eq!(event.event_created_on.unwrap().millisecond(), 123);
    // The signature covers the bytes: other white space needs another signature.
    let spaced = format!(" {} ", CONTENT.replacen(",", " , ", 1));
    assert!(webhooks::verify(&body(&spaced, SIGNATURE), &secret()).is_err());
    let own = webhooks::sign(spaced.as_bytes(), &secret());
    assert!(webhooks::verify(&body(&spaced, &own), &secret()).unwrap().is_some());
}

#[test]
fn an_empty_secret_verifies_nothing() {
    for empty in ["", " ", "\n"] {
        let own = webhooks::sign(CONTENT.as_bytes(), &Secret::new(empty));
        for body in [body(CONTENT, &own), Vec::new()] {
            let error = webhooks::verify(&body, &Secret::new(empty)).unwrap_err();
            assert!(matches!(&error, Error::Config(text) if text.contains("secret is empty")));
        }
    }
}

#[test]
fn an_empty_call_tests_the_address() {
    assert!(webhooks::verify(b"", &secret()).unwrap().is_none());
    assert!(webhooks::verify(b"\r\n", &secret()).unwrap().is_none());
}

#[test]
fn an_unsigned_body_is_refused_and_not_read() {
    let good = body(CONTENT, SIGNATURE);
    let refused = |body: &[u8]| match webhooks::verify(body, &secret()) {
        Err(Error::Config(text)) => !text.contains(SIGNATURE) && !text.contains("webhook-secret"),
        other => panic!("{other:?}"),
    };
    // A change of any byte makes the signature wrong.
    for at in 0..good.len() {
        let mut forged = good.clone();
        forged[at] ^= 1;
        assert!(webhooks::verify(&forged, &secret()).is_err(), "byte {at}");
    }
    for cut in 1..good.len() {
        assert!(webhooks::verify(&good[..cut], &secret()).is_err(), "cut at {cut}");
    }
    assert!(
        refused(&body(CONTENT, &SIGNATURE.to_lowercase())),
        "a signature in lower case was accepted"
    );
    assert!(refused(&body(CONTENT, "")) && refused(&body(CONTENT, "é")) && refused(b"\xff\xfe"));
    assert!(refused(&body(CONTENT, &SIGNATURE[..62])), "a part of the signature was accepted");
    assert!(webhooks::verify(&good, &Secret::new("another")).is_err());
    // A second, unsigned content is not read.
    let forged = CONTENT.replace("Update", "Delete");
    let two =
        format!("{{\"Content\":{CONTENT},\"HashCode\":\"{SIGNATURE}\",\"Content\":{forged}}}");
    assert!(refused(two.as_bytes()));
    let inner = format!("{{\"Content\":{forged},\"x\":{CONTENT},\"HashCode\":\"{SIGNATURE}\"}}");
    assert!(refused(inner.as_bytes()));
    // A signed body that is no webhook is an error.
    let odd = webhooks::sign(b"{}", &secret());
    let error = webhooks::verify(&body("{}", &odd), &secret()).unwrap_err();
    assert!(matches!(error, Error::Decode(_)));
    // An unknown topic is no error.
    let new = CONTENT.replace("Accounts\",\"Client", "Novelties\",\"Client");
    let event =
        webhooks::verify(&body(&new, &webhooks::sign(new.as_bytes(), &secret())), &secret());
    assert_eq!(event.unwrap().unwrap().topic, Topic::Unknown("Novelties".to_owned()));
}

#[test]
fn a_subscription_is_created_listed_and_deleted() {
    let world = World::new();
    let exact = world.seeded();
    let id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    world.on("POST", "123/webhooks/WebhookSubscriptions", move |request| {
        let sent = request.json();
        assert_eq!(sent, json!({"Topic": "Items", "CallbackURL": "https://app.example/hook"}));
        ApiReply::json(201, json!({"d": {"ID": id, "Topic": sent["Topic"]}}))
    });
    world.rows("123/webhooks/WebhookSubscriptions", json!([{"ID": id, "Topic": "Items"}]));
    let path = format!("123/webhooks/WebhookSubscriptions(guid'{id}')");
    world.on("DELETE", &path, |_| ApiReply::new(204));
    let new = WebhookSubscription::with(|new| {
        new.topic = Some(Topic::Items);
        new.callback_url = Some("https://app.example/hook".to_owned());
    });
    let made = exact.webhook_subscriptions().create(&new).unwrap();
    assert_eq!(made.topic, Some(Topic::Items));
    assert_eq!(exact.webhook_subscriptions().iter().count(), 1);
    exact.webhook_subscriptions().delete(made.id.unwrap()).unwrap();
}
