//! Tests that this SDK does not have defects of the Python SDK.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evergrant::backend::Record;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::teamleader::contacts::Contact;
use evergrant::teamleader::custom_fields::{CustomField, NewCustomField};
use evergrant::teamleader::deals::NewDeal;
use evergrant::teamleader::invoices::NewInvoice;
use evergrant::teamleader::lines::{LineGroup, NewInvoiceLine};
use evergrant::teamleader::operations::Operation;
use evergrant::teamleader::quotations::NewQuotation;
use evergrant::teamleader::{Customer, Decimal, PaymentTerm, Teamleader};
use evergrant::{BoxError, Error, FileBackend, MemoryBackend, TokenBackend};
use serde_json::{Value, json};

use super::support::{answering, builder, clock, data, sandbox, world};

/// Makes a server, and a client whose access token has just expired.
fn expired() -> (Sandbox, Teamleader) {
    let (sandbox, teamleader) = world();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    sandbox.expire_access_tokens();
    (sandbox, teamleader)
}

#[test]
fn threads_with_an_expired_token_refresh_once() {
    let (sandbox, teamleader) = expired();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| teamleader.me().map(drop))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
    assert_eq!(sandbox.counters().refreshes, 1);
    assert_eq!(sandbox.counters().reuses, 0);
}

#[test]
fn clients_that_share_a_file_refresh_once() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let open = || {
        let backend = FileBackend::new(sandbox.folder().join("teamleader.json"));
        builder(&sandbox, backend).build().unwrap()
    };
    open().client().seed(sandbox.login()).unwrap();
    sandbox.expire_access_tokens();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| open().me().map(drop))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().reuses), (1, 0));
}

#[test]
fn the_error_reports_a_lost_answer_of_the_token_endpoint() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let open = || {
        let backend = FileBackend::new(sandbox.folder().join("teamleader.json"));
        builder(&sandbox, backend).build().unwrap()
    };
    open().client().seed(sandbox.login()).unwrap();
    sandbox.expire_access_tokens();
    sandbox.fault(Fault::CutAfter);
    // The service replaced the refresh token, and the client never got the new refresh token. No client can
    // keep this login. The error says what happened.
    let mut errors = vec![open().me().unwrap_err()];
    errors.push(open().me().unwrap_err());
    let Some(Error::Reauthorize(refusal)) =
        errors.into_iter().find(|error| matches!(error, Error::Reauthorize(_)))
    else {
        panic!("the second refresh is refused");
    };
    assert!(refusal.unanswered_since.is_some());
    assert!(refusal.to_string().contains("no answer was stored"), "{refusal}");
}

/// A store that fails to save on command.
#[derive(Clone, Default)]
struct Full(Arc<(MemoryBackend, AtomicBool)>);

impl TokenBackend for Full {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.0.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        // The note before a refresh is saved, but the new pair is not.
        if self.0.1.load(Ordering::SeqCst) && record.note().is_none() {
            return Err("no space left on device".into());
        }
        self.0.0.save(record)
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.0.0.clear()
    }
}

#[test]
fn a_token_pair_that_cannot_be_saved_is_not_lost() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let backend = Full::default();
    let teamleader = builder(&sandbox, backend.clone()).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    sandbox.expire_access_tokens();
    backend.0.1.store(true, Ordering::SeqCst);
    let error = teamleader.me().unwrap_err();
    assert!(matches!(error, Error::NotSaved(_)) && !error.needs_authorization(), "{error}");
    assert!(
        error.into_token().unwrap().refresh_token().is_some(),
        "the error contains the new pair"
    );
    backend.0.1.store(false, Ordering::SeqCst);
    teamleader.me().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
    assert!(sandbox.login_alive());
}

#[test]
fn a_401_before_the_expiry_causes_one_refresh() {
    let (sandbox, teamleader) = expired();
    // By the client's clock the access token is valid for an hour.
    assert!(teamleader.client().stored().unwrap().is_some());
    teamleader.me().unwrap();
    assert_eq!((sandbox.counters().api_unauthorized, sandbox.counters().refreshes), (1, 1));
}

#[test]
fn a_malformed_token_answer_is_not_shown_and_loses_no_token() {
    let (sandbox, teamleader) = expired();
    let text = r#"{"access":"eyJ-s3cret","refresh":"def50200-s3cret"}"#;
    let (content_type, body) = ("application/json".to_owned(), text.as_bytes().to_vec());
    sandbox.faults(20, Fault::Body { status: 200, content_type, body, commit: false });
    let error = teamleader.me().unwrap_err();
    sandbox.clear_faults();
    assert!(!error.needs_authorization(), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert!(teamleader.client().stored().unwrap().unwrap().token().refresh_token().is_some());
}

#[test]
fn an_unreachable_token_endpoint_loses_nothing() {
    let (sandbox, teamleader) = expired();
    sandbox.faults(20, Fault::CutBefore);
    let first = teamleader.me().unwrap_err();
    assert!(!first.needs_authorization() && first.is_transient(), "{first}");
    assert!(sandbox.login_alive());
    sandbox.clear_faults();
    // A single failed attempt is repeated and causes no error.
    let (sandbox, teamleader) = expired();
    sandbox.fault(Fault::CutBefore);
    teamleader.me().unwrap();
}

#[test]
fn a_wrong_clock_does_not_refresh_on_every_call() {
    let (ahead, sandbox) = (clock(), sandbox());
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let login = sandbox.login();
    let teamleader = builder(&sandbox, MemoryBackend::new()).clock(ahead.clone()).build().unwrap();
    ahead.set_wall(std::time::SystemTime::now() + std::time::Duration::from_secs(7200));
    teamleader.client().seed(login).unwrap();
    for _ in 0..5 {
        teamleader.me().unwrap();
    }
    assert!(sandbox.counters().refreshes <= 1);
}

#[test]
fn no_debug_text_shows_a_secret() {
    let (sandbox, teamleader) = expired();
    teamleader.me().unwrap();
    let token = teamleader.client().token().unwrap();
    let secrets = [
        token.access_token().expose().to_owned(),
        token.refresh_token().unwrap().expose().to_owned(),
        sandbox.credentials().secret().unwrap().expose().to_owned(),
    ];
    let builder = builder(&sandbox, MemoryBackend::new());
    let list = format!("{:?}", teamleader.contacts().page_size(50));
    let shown = format!("{teamleader:?} {builder:?} {list} {token:?} {:?}", teamleader.contacts());
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[test]
fn create_calls_operations_that_exist() {
    let (sandbox, teamleader) = world();
    let asked = answering(&sandbox, |_, _| {
        evergrant::sandbox::ApiReply::json(201, json!({ "data": { "type": "t", "id": "n" } }))
    });
    let deal = NewDeal::new(Customer::company("c"), "A deal");
    assert_eq!(teamleader.deals().create(&deal).unwrap().id, "n");
    let line = NewInvoiceLine::new(2, "Work", "t", Decimal::from(80));
    let (lines, more) = (LineGroup::new([line.clone()]), LineGroup::titled("More", [line]));
    let term = PaymentTerm::after_invoice_date(30);
    let invoice = NewInvoice::new(Customer::contact("p"), "dept", term, vec![lines, more]);
    assert_eq!(teamleader.invoices().create(&invoice).unwrap().id, "n");
    assert_eq!(teamleader.quotations().create(&NewQuotation::new("d")).unwrap().id, "n");
    let names: Vec<String> = asked.lock().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["deals.create", "invoices.draft", "quotations.create"]);
    assert!(names.iter().all(|name| Operation::named(name).is_some()));
    let groups = asked.lock()[1].1["grouped_lines"].clone();
    assert_eq!(groups[0].get("section"), None);
    assert_eq!(groups[1]["section"], json!({ "title": "More" }));
    let lead = json!({ "customer": { "type": "company", "id": "c" } });
    assert_eq!(asked.lock()[0].1, json!({ "lead": lead, "title": "A deal" }));
}

#[test]
fn a_custom_field_is_written_in_teamleaders_form() {
    let read =
        json!({ "definition": { "type": "customFieldDefinition", "id": "d" }, "value": "red" });
    let field: CustomField = serde_json::from_value(read).unwrap();
    let written = serde_json::to_value(NewCustomField::from(field)).unwrap();
    assert_eq!(written, json!({ "id": "d", "value": "red" }));
}

#[test]
fn null_in_a_model_is_none_or_empty() {
    let contact: Contact = serde_json::from_value(json!({
        "id": "c", "first_name": null, "last_name": "Jansen", "emails": null, "telephones": null,
        "tags": null, "custom_fields": null, "birthdate": "", "salutation": null
    }))
    .unwrap();
    assert_eq!(contact.full_name(), "Jansen");
    assert!(contact.emails.is_empty() && contact.tags.is_empty() && contact.birthdate.is_none());
}

#[test]
fn operations_have_documented_names_and_required_fields() {
    // The operationIds in the specification are LegacyProjects.list and Projects.list.
    assert!(Operation::named("projects.list").is_some());
    assert!(Operation::named("/projects-v2/projects.list").is_some());
    let charset =
        ["documentTemplates.list", "notes.list", "emailTracking.list", "mailTemplates.list"];
    for name in charset {
        assert!(!Operation::named(name).unwrap().required.is_empty(), "{name}");
    }
}

#[test]
fn the_login_file_is_complete_and_private() {
    let sandbox = sandbox();
    let path = sandbox.folder().join("teamleader.json");
    let teamleader = builder(&sandbox, FileBackend::new(&path)).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    let record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(record.is_object());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
