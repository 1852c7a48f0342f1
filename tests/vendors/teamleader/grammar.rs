//! Tests that the three SDKs of this crate (Teamleader, Exact Online, Shell EV) are used in the same way.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use evergrant::hooks::Event;
use evergrant::sandbox::ApiReply;
use evergrant::teamleader::contacts::{Contact, ContactUpdate};
use evergrant::teamleader::deals::Deal;
use evergrant::teamleader::kinds::User;
use evergrant::teamleader::{Id, Reference, Teamleader, TeamleaderBuilder, TeamleaderError};
use evergrant::{Error, MemoryBackend};
use parking_lot::Mutex;
use serde_json::json;

use super::support::{answering, builder, data, page_of, provider, sandbox, world};

fn message(builder: TeamleaderBuilder) -> String {
    match builder.build() {
        Err(Error::Config(text)) => text.to_string(),
        other => panic!("{other:?} is not a Config error"),
    }
}

#[test]
fn build_reports_every_wrong_setting() {
    let sandbox = sandbox();
    let new = || builder(&sandbox, MemoryBackend::new());
    assert!(message(new().proxy("no://proxy:s3cret@")).contains("proxy"));
    assert!(message(new().api_base("http://api.example")).contains("http"));
    assert!(message(new().page_size(101)).contains("101"));
    let credentials = sandbox.credentials();
    assert!(Teamleader::new(credentials, MemoryBackend::new()).is_ok());
}

#[test]
fn settings_of_the_builder_reach_the_client() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let teamleader = builder(&sandbox, MemoryBackend::new())
        .provider(provider(&sandbox))
        .api_base(format!("{}/api", sandbox.url()))
        .margin(Duration::from_secs(7))
        .on_event(move |event| seen.lock().push(event.clone()))
        .configure(|client| client.retries(0))
        .build()
        .unwrap();
    assert_eq!(teamleader.client().provider().margin(), Duration::from_secs(7));
    teamleader.client().seed(sandbox.login()).unwrap();
    sandbox.expire_access_tokens();
    teamleader.me().unwrap();
    assert!(events.lock().iter().any(|event| matches!(event, Event::Refreshed { .. })));
}

#[test]
fn every_resource_reads_one_all_pages_first_and_count() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |name, body| match name {
        "contacts.info" => data(json!({ "id": body["id"] })),
        "companies.list" => {
            ApiReply::json(200, json!({ "data": page_of(3, body), "meta": { "matches": 3 } }))
        }
        _ => data(page_of(3, body)),
    });
    let contacts = teamleader.contacts();
    let id = contacts.first().unwrap().unwrap().id;
    assert_eq!(asked.lock()[0].1["page"], json!({ "size": 1, "number": 1 }));
    assert_eq!(contacts.get(&id).unwrap().id, id);
    assert_eq!(contacts.get(id).unwrap().id, "0");
    assert_eq!(contacts.iter().map(Result::unwrap).count(), 3);
    let sizes: Vec<usize> = contacts.page_size(2).pages().map(|page| page.unwrap().len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(contacts.pages().map(|page| page.unwrap().len()).collect::<Vec<_>>(), [3]);
    assert_eq!(teamleader.companies().count().unwrap(), Some(3));
    assert_eq!(contacts.count().unwrap(), None);
}

#[test]
fn update_takes_the_id_and_the_changes() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, _| ApiReply::new(204));
    let id: Id<Contact> = "2bc1".parse().unwrap();
    let changes = ContactUpdate::new().first_name("Ada").remarks(None);
    teamleader.contacts().update(&id, &changes).unwrap();
    teamleader.contacts().delete(id).unwrap();
    let update = json!({ "id": "2bc1", "first_name": "Ada", "remarks": null });
    assert_eq!(asked.lock()[0], ("contacts.update".to_owned(), update));
    assert_eq!(asked.lock()[1], ("contacts.delete".to_owned(), json!({ "id": "2bc1" })));
}

#[test]
fn ids_in_answers_have_the_type_of_their_object() {
    let deal: Deal = serde_json::from_value(json!({ "id": "d",
        "responsible_user": { "type": "user", "id": "u", "since": 2020 } }))
    .unwrap();
    let user: Reference<User> = deal.responsible_user.clone().unwrap();
    assert_eq!((user.id.as_str(), &user.extra["since"]), ("u", &json!(2020)));
    let ids = HashSet::from([user.id.clone()]);
    assert!(ids.contains("u"));
    let by_id = BTreeMap::from([(deal.id.clone(), deal.title.clone())]);
    assert_eq!(serde_json::to_value(by_id).unwrap(), json!({ "d": null }));
    let again: Deal = serde_json::from_value(serde_json::to_value(&deal).unwrap()).unwrap();
    assert_eq!(again, deal);
}

#[test]
fn the_public_types_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Teamleader>();
    check::<TeamleaderError>();
    check::<Id<Contact>>();
    check::<Reference>();
    check::<Deal>();
}
