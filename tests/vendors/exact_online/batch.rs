//! Tests of `$batch`: what is sent, and what a program knows after each kind of answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use evergrant::Error;
use evergrant::exact_online::odata::field;
use evergrant::exact_online::*;
use evergrant::sandbox::{ApiReply, Fault};
use serde_json::json;

use super::support::World;

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
const PATH: &str = "/api/v1/$batch";

/// A part with an HTTP message.
fn part(boundary: &str, id: &str, message: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("Content-ID: {id}\r\n") };
    format!("--{boundary}\r\nContent-Type: application/http\r\n{id}\r\nHTTP/1.1 {message}\r\n")
}

fn json_part(boundary: &str, id: &str, status: &str, body: serde_json::Value) -> String {
    let body = body.to_string();
    let head = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    part(boundary, id, &format!("{status}\r\n{head}\r\n\r\n{body}"))
}

/// A part with a change set.
fn changes(parts: &[String]) -> String {
    let head = "--b\r\nContent-Type: multipart/mixed; boundary=\"c\"\r\n\r\n";
    format!("{head}{}--c--\r\n", parts.concat())
}

fn answers(world: &World, body: String) {
    world.sandbox.on("POST", PATH, move |_| {
        ApiReply::bytes(202, "multipart/mixed; boundary=b", body.clone())
    });
}

/// The parts of the batch that most tests send: a list, a new row, a change, a deletion, and another list.
struct Sent {
    accounts: Part<Page<Account>>,
    made: Part<Item>,
    changed: Part<()>,
    deleted: Part<()>,
    one: Part<Contact>,
}

fn batch(exact: &ExactOnline) -> (Batch, Sent) {
    let mut batch = exact.batch();
    let accounts = exact.accounts().filter(field("Name").eq("O'Neil")).select(&["Name"]).top(2);
    let item = Item::with(|item| {
        item.description = Some("Box é".to_owned());
        item.created_by_the_service();
    });
    let change = Account::with(|account| account.blocked = Some(true));
    let sent = Sent {
        accounts: batch.list(&accounts).unwrap(),
        made: batch.create(&exact.items(), &item).unwrap(),
        changed: batch.update(&exact.accounts(), ID.parse().unwrap(), &change).unwrap(),
        deleted: batch.delete(&exact.documents(), ID.parse().unwrap()).unwrap(),
        one: batch.get(&exact.contacts(), ID.parse().unwrap()).unwrap(),
    };
    (batch, sent)
}

/// Sets a property that the service sets itself, which must not be sent.
trait SetByTheService {
    fn created_by_the_service(&mut self);
}

impl SetByTheService for Item {
    fn created_by_the_service(&mut self) {
        self.creator_full_name = Some("Ada".to_owned());
    }
}

fn good_change_set() -> String {
    changes(&[
        json_part("c", "2", "201 Created", json!({ "d": { "ID": ID, "Description": "Box é" } })),
        part("c", "3", "204 No Content\r\n\r\n"),
        part("c", "4", "204 No Content"),
    ])
}

fn good() -> [String; 3] {
    let rows = json!({ "d": { "results": [{ "Name": "Rose" }, { "Blocked": ["odd"] }] } });
    let one = json!({ "d": [{ "ID": ID, "FullName": "Ada" }] });
    [json_part("b", "", "200 OK", rows), good_change_set(), json_part("b", "", "200 OK", one)]
}

fn whole(parts: &[String]) -> String {
    format!("{}--b--\r\n", parts.concat())
}

#[test]
fn a_batch_sends_reads_and_change_sets() {
    let world = World::new();
    let exact = world.seeded();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let bodies = Arc::clone(&heard);
    let body = whole(&good());
    world.sandbox.on("POST", PATH, move |request| {
        assert_eq!(request.header("accept"), Some("multipart/mixed"));
        let kind = "multipart/mixed; boundary=batch_evergrant_0";
        assert_eq!(request.header("content-type"), Some(kind));
        bodies.lock().unwrap().push(String::from_utf8(request.body.clone()).unwrap());
        ApiReply::bytes(202, "multipart/mixed; boundary=b", body.clone())
    });
    let (batch, sent) = batch(&exact);
    assert_eq!((batch.len(), batch.is_empty()), (5, false));
    let mut answers = batch.send().unwrap();
    let page = answers.take(sent.accounts).unwrap();
    let after = exact.accounts().pages_from(Some(page.position.clone())).next();
    assert!(after.is_none(), "the page is the last");
    assert_eq!((page.items[0].name.as_deref(), page.unread.len()), (Some("Rose"), 1));
    assert_eq!(answers.take(sent.made).unwrap().id, Some(ID.parse().unwrap()));
    answers.take(sent.changed).unwrap();
    answers.take(sent.deleted).unwrap();
    assert_eq!(answers.take(sent.one).unwrap().full_name.as_deref(), Some("Ada"));
    let base = format!("{}/api/v1/123", world.sandbox.url());
    let http = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n";
    let accept = "HTTP/1.1\nAccept: application/json\n";
    let json = "Content-Type: application/json\n";
    let expected = format!(
        "--batch_evergrant_0\n{http}Content-ID: 1\n\n\
         GET {base}/crm/Accounts?$filter=%28Name%20eq%20%27O%27%27Neil%27%29&$select=Name&$top=2 {accept}\n\n\
         --batch_evergrant_0\nContent-Type: multipart/mixed; boundary=changes_evergrant_0\n\n\
         --changes_evergrant_0\n{http}Content-ID: 2\n\n\
         POST {base}/logistics/Items {accept}Prefer: return=representation\n{json}\
         Content-Length: 24\n\n{{\"Description\":\"Box é\"}}\n\
         --changes_evergrant_0\n{http}Content-ID: 3\n\n\
         PUT {base}/crm/Accounts(guid'{ID}') {accept}{json}Content-Length: 16\n\n{{\"Blocked\":true}}\n\
         --changes_evergrant_0\n{http}Content-ID: 4\n\n\
         DELETE {base}/documents/Documents(guid'{ID}') {accept}\n\n\
         --changes_evergrant_0--\n\
         --batch_evergrant_0\n{http}Content-ID: 5\n\n\
         GET {base}/crm/Contacts?$filter=%28ID%20eq%20guid%27{ID}%27%29&$top=1 {accept}\n\n\
         --batch_evergrant_0--\n"
    );
    assert_eq!(*heard.lock().unwrap(), [expected.replace('\n', "\r\n")]);
}

/// The form of the answers in the tests of the Python SDK: status 200, lines without CR, and no line break at
/// the end.
#[test]
fn an_answer_as_in_the_tests_of_the_python_sdk_is_read() {
    let world = World::new();
    let exact = world.seeded();
    let head = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n\n";
    let json = "Content-Type: application/json\n\n";
    let answer = format!(
        "--batch_response\n{head}HTTP/1.1 200 OK\n{json}{{\"d\": {{\"results\": [{{\"Name\": \"Rose\"}}]}}}}\n\
         --batch_response\n{head}HTTP/1.1 400 Bad Request\n{json}\
         {{\"error\": {{\"message\": {{\"value\": \"Bad Request\"}}}}}}\n--batch_response--"
    );
    world.sandbox.on("POST", PATH, move |_| {
        ApiReply::bytes(200, "multipart/mixed; boundary=batch_response", answer.clone())
    });
    let mut batch = exact.batch();
    let good = batch.list(&exact.accounts()).unwrap();
    let refused = batch.list(&exact.contacts()).unwrap();
    let mut answers = batch.send().unwrap();
    assert_eq!(answers.take(good).unwrap().items[0].name.as_deref(), Some("Rose"));
    let error = answers.take(refused).unwrap_err();
    let told = ExactOnlineError::of(&error).unwrap();
    assert_eq!((told.status(), told.message()), (400, Some("Bad Request")));
}

/// Describes what a program knows of a part.
fn known<T>(result: Result<T, Error>) -> &'static str {
    match &result {
        Ok(_) => "answer",
        Err(error) if Unconfirmed::of(error).is_some_and(|told| told.processed) => "processed",
        Err(error) if Unconfirmed::of(error).is_some() => "unconfirmed",
        Err(Error::Api(api)) if api.status == 200 => "no row",
        Err(Error::Api(_)) => "refused",
        Err(Error::RateLimited(_)) => "limited",
        Err(Error::Decode(_)) => "unreadable",
        Err(error) => panic!("{error:?}"),
    }
}

fn told(answers: Result<Answers, Error>, sent: Sent) -> String {
    let mut answers = match answers {
        Ok(answers) => answers,
        Err(error) => return format!("all {}", known::<()>(Err(error))),
    };
    let parts = [
        known(answers.take(sent.accounts)),
        known(answers.take(sent.made)),
        known(answers.take(sent.changed)),
        known(answers.take(sent.deleted)),
        known(answers.take(sent.one)),
    ];
    parts.join(", ")
}

#[test]
fn a_malformed_batch_answer_loses_only_its_own_parts() {
    let world = World::new();
    let exact = world.seeded();
    let [first, set, last] = good();
    let error = json!({ "error": { "message": { "value": "No." } } });
    let refused = json_part("b", "", "400 Bad Request", error.clone());
    let good = || "answer, answer, answer, answer, answer";
    let lost_writes = "answer, unconfirmed, unconfirmed, unconfirmed, answer";
    let with = |set: String| whole(&[first.clone(), set, last.clone()]);
    let made = json_part("c", "", "201 Created", json!({ "d": { "ID": ID } }));
    let done = part("c", "", "204 No Content\r\n\r\n");
    let named = |id: &str| part("c", id, "204 No Content\r\n\r\n");
    let torn = "--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n";
    let cases: Vec<(&str, String, &str)> = vec![
        ("as it should be", with(set.clone()), good()),
        ("lines without CR", with(set.clone()).replace("\r\n", "\n"), good()),
        (
            "a change set without ids",
            with(changes(&[made.clone(), done.clone(), done.clone()])),
            good(),
        ),
        (
            "a change set in another order",
            with(changes(&[
                named("4"),
                named("3"),
                json_part("c", "2", "201 Created", json!({ "d": { "ID": ID } })),
            ])),
            good(),
        ),
        (
            "a refused change set",
            with(refused.clone()),
            "answer, refused, refused, refused, answer",
        ),
        (
            "a change set that failed at a gateway",
            with(part("b", "", "504 Gateway Timeout\r\n\r\n")),
            "answer, unconfirmed, refused, refused, answer",
        ),
        (
            "a change set that failed, without a time to wait",
            with(part("b", "", "503 Service Unavailable\r\n\r\n")),
            "answer, unconfirmed, refused, refused, answer",
        ),
        (
            "a change set that was sent away for some time",
            with(part("b", "", "503 Service Unavailable\r\nRetry-After: 7\r\n\r\n")),
            "answer, refused, refused, refused, answer",
        ),
        (
            "a refused read",
            whole(&[refused.clone(), set.clone(), last.clone()]),
            "refused, answer, answer, answer, answer",
        ),
        (
            "a read beyond the limit",
            whole(&[part("b", "", "429 Too Many Requests\r\n\r\n"), set.clone(), last.clone()]),
            "limited, answer, answer, answer, answer",
        ),
        ("a part is missing", whole(&[first.clone(), set.clone()]), "all unconfirmed"),
        ("a part too many", with(set.clone() + &last), "all unconfirmed"),
        (
            "torn after two parts",
            first.clone()
                + &set
                + "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"d\":",
            "answer, answer, answer, answer, unreadable",
        ),
        (
            "torn in the change set",
            first.clone() + &set[..set.len() - 40],
            "answer, unconfirmed, unconfirmed, unconfirmed, unreadable",
        ),
        (
            "a change set with a torn end",
            with(format!(
                "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{made}{done}{torn}"
            )),
            "answer, answer, answer, unconfirmed, answer",
        ),
        (
            "a change set with two answers",
            with(changes(&[made.clone(), done.clone()])),
            lost_writes,
        ),
        (
            "a change set with two ids",
            with(changes(&[named("3"), named("4")])),
            "answer, unconfirmed, answer, answer, answer",
        ),
        ("an id twice", with(changes(&[named("3"), named("3")])), lost_writes),
        ("foreign ids", with(changes(&[named("7"), named("8")])), lost_writes),
        ("one answer for three writes", with(part("b", "", "204 No Content\r\n\r\n")), lost_writes),
        (
            "a change set without a boundary",
            with("--b\r\nContent-Type: multipart/mixed\r\n\r\n\r\n".to_owned()),
            lost_writes,
        ),
        (
            "a change set inside a change set",
            with(changes(&[
                "--c\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d--\r\n".to_owned()
            ])),
            lost_writes,
        ),
        (
            "a created row that cannot be read",
            with(changes(&[
                json_part("c", "", "201 Created", json!({ "d": { "ID": ID, "IsSalesItem": [] } })),
                done.clone(),
                done.clone(),
            ])),
            "answer, processed, answer, answer, answer",
        ),
        (
            "a status that is none",
            whole(&[part("b", "", "999 Odd\r\n\r\n"), set.clone(), part("b", "", "odd")]),
            "unreadable, answer, answer, answer, unreadable",
        ),
        (
            "a body shorter than its length",
            whole(&[
                part("b", "", "200 OK\r\nContent-Length: 99\r\n\r\n{}"),
                set.clone(),
                last.clone(),
            ]),
            "unreadable, answer, answer, answer, answer",
        ),
        (
            "other bodies",
            whole(&[
                part("b", "", "200 OK\r\n\r\n<html>"),
                set.clone(),
                json_part("b", "", "200 OK", json!({ "d": { "results": [] } })),
            ]),
            "unreadable, answer, answer, answer, no row",
        ),
        ("no parts", "--b--\r\n".to_owned(), "all unconfirmed"),
        ("nothing", String::new(), "unreadable, unconfirmed, unconfirmed, unconfirmed, unreadable"),
    ];
    for (what, body, expected) in cases {
        answers(&world, body);
        let (batch, sent) = batch(&exact);
        assert_eq!(told(batch.send(), sent), expected, "{what}");
    }
    for kind in ["text/html", "application/json", "multipart/mixed", "multipart/mixed; boundary=x"]
    {
        let body = whole(std::slice::from_ref(&first));
        world.sandbox.on("POST", PATH, move |_| ApiReply::bytes(200, kind, body.clone()));
        let (batch, sent) = batch(&exact);
        let text = told(batch.send(), sent);
        assert!(!text.contains("answer"), "{kind}: {text}");
    }
}

#[test]
fn a_lost_answer_to_a_batch_with_writes_is_unconfirmed() {
    let world = World::new();
    let exact = world.seeded();
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let body = whole(&[good()[0].clone()]);
    world.sandbox.on("POST", PATH, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        ApiReply::bytes(202, "multipart/mixed; boundary=b", body.clone())
    });
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        let what = format!("{fault:?}");
        world.sandbox.api_fault(fault);
        let (batch, _) = batch(&exact);
        let error = batch.send().unwrap_err();
        let unconfirmed = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{what}: {error:#}"));
        assert!(!unconfirmed.processed && unconfirmed.operation == "$batch", "{what}");
    }
    // A batch that only reads is sent again.
    world.sandbox.api_fault(Fault::CutAfter);
    let before = times.load(Ordering::Relaxed);
    let mut reads = exact.batch();
    let accounts = reads.list(&exact.accounts()).unwrap();
    assert_eq!(reads.send().unwrap().take(accounts).unwrap().items.len(), 1);
    assert_eq!(times.load(Ordering::Relaxed) - before, 2);
    for status in [502, 504] {
        world.sandbox.on("POST", PATH, move |_| ApiReply::new(status));
        let (batch, _) = batch(&exact);
        let error = batch.send().unwrap_err();
        assert!(error.to_string().contains("may have been processed"), "{error}");
    }
    world.sandbox.on("POST", PATH, |_| ApiReply::new(400));
    let (batch, sent) = batch(&exact);
    assert_eq!(told(batch.send(), sent), "all refused");
}

#[test]
fn a_batch_has_bounds_and_its_own_parts() {
    let world = World::new();
    let exact = world.seeded();
    world.sandbox.on("POST", PATH, |_| unreachable!("nothing may be sent"));
    let mut full = exact.batch();
    for _ in 0..100 {
        let _ = full.list(&exact.accounts()).unwrap();
    }
    assert!(matches!(full.list(&exact.accounts()), Err(Error::Config(_))));
    let mut long = exact.batch();
    let item = Item::with(|item| item.notes = Some("x".repeat(10_000_000)));
    let _ = long.create(&exact.items(), &item).unwrap();
    assert!(matches!(long.send(), Err(Error::Config(_))));
    let none = world.builder_on(evergrant::MemoryBackend::new()).build().unwrap();
    let mut nowhere = none.batch();
    assert!(matches!(nowhere.list(&none.accounts()), Err(Error::Config(_))));
    // The requests carry the token of one client, in any division.
    let mut own = exact.batch();
    let other = world.another(&exact);
    assert!(matches!(own.list(&other.accounts()), Err(Error::Config(_))));
    assert!(matches!(own.delete(&other.accounts(), ID.parse().unwrap()), Err(Error::Config(_))));
    let _ = own.list(&exact.division(7).accounts()).unwrap();
    assert_eq!(own.len(), 1);
    // An empty batch is not sent. A part belongs to its batch.
    let mut empty = exact.batch().send().unwrap();
    let foreign = full_part(&exact);
    assert!(matches!(empty.take(foreign), Err(Error::Config(_))));
}

fn full_part(exact: &ExactOnline) -> Part<Page<Account>> {
    exact.batch().list(&exact.accounts()).unwrap()
}
