//! Tests of downloads and uploads of files.

use std::io::Read as _;
use std::sync::Arc;

use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::teamleader::files::{FileSubject, FileSubjectType, NewFile};
use evergrant::teamleader::invoices::InvoiceFormat;
use evergrant::teamleader::quotations::QuotationFormat;
use parking_lot::Mutex;
use serde_json::json;

use super::support::{answering, data, world};

/// Starts an object store, which refuses requests with an access token.
fn store() -> (Sandbox, Arc<Mutex<Vec<u8>>>) {
    let store = Sandbox::start().unwrap();
    let kept = Arc::new(Mutex::new(b"the bytes of a file".to_vec()));
    let (reading, writing) = (kept.clone(), kept.clone());
    store.on_open("GET", "/api/object", move |request| match request.header("authorization") {
        None => ApiReply::bytes(200, "application/pdf", reading.lock().clone()),
        Some(_) => ApiReply::new(400),
    });
    store.on_open("POST", "/api/object", move |request| {
        if request.header("authorization").is_some() || request.parameter("key").is_none() {
            return ApiReply::new(400);
        }
        *writing.lock() = request.body.clone();
        ApiReply::new(201)
    });
    (store, kept)
}

#[test]
fn downloads_do_not_send_the_access_token() {
    let ((sandbox, teamleader), (store, _)) = (world(), store());
    let location = format!("{}/api/object?key=s3cret", store.url());
    let asked = answering(&sandbox, move |name, _| match name {
        "files.download" => {
            data(json!({ "location": location, "expires_at": "2030-01-01T00:00:00+00:00" }))
        }
        _ => data(json!({ "location": location, "expires": "2030-01-01T00:00:00+00:00" })),
    });
    let expected = b"the bytes of a file";
    assert_eq!(teamleader.files().bytes("f").unwrap(), expected);
    assert_eq!(teamleader.invoices().bytes("i", &InvoiceFormat::UblPeppolBis3).unwrap(), expected);
    assert_eq!(teamleader.quotations().bytes("q", &QuotationFormat::Pdf).unwrap(), expected);
    assert_eq!(asked.lock()[1].1, json!({ "id": "i", "format": "ubl/peppol_bis_3" }));
    // Download the file in two steps, as a stream.
    let location = teamleader.files().download("f").unwrap();
    assert_eq!(location.expires_at.year(), 2030);
    assert!(!format!("{location:?}").contains("s3cret"));
    let mut text = String::new();
    teamleader.files().fetch(&location).unwrap().into_reader().read_to_string(&mut text).unwrap();
    assert_eq!(text.as_bytes(), expected);
}

#[test]
fn uploads_send_the_bytes_unchanged() {
    let ((sandbox, teamleader), (store, kept)) = (world(), store());
    let location = format!("{}/api/object?key=s3cret", store.url());
    let asked = answering(&sandbox, move |_, _| {
        data(json!({ "location": location, "expires_at": "2030-01-01T00:00:00+00:00" }))
    });
    let file = NewFile::new("notes.txt", FileSubject::new(FileSubjectType::Deal, "d"));
    let bytes = [0, 255, 13, 10, 45, 45];
    teamleader.files().upload(&file.folder("Notes"), &bytes).unwrap();
    assert_eq!(*kept.lock(), bytes);
    let subject = json!({ "type": "deal", "id": "d" });
    assert_eq!(
        asked.lock()[0].1,
        json!({ "name": "notes.txt", "subject": subject, "folder": "Notes" })
    );
    // Upload a temporary file, as for an attachment; the length of its content is not known.
    let file = NewFile::new("a.txt", FileSubject::temporary());
    teamleader.files().upload_reader(&file, &mut &b"streamed"[..], None).unwrap();
    assert_eq!(*kept.lock(), b"streamed");
    assert_eq!(asked.lock()[1].1["subject"], json!({ "type": "temporary" }));
}

#[test]
fn a_download_error_does_not_show_the_address() {
    let ((sandbox, teamleader), (store, _)) = (world(), store());
    let location = format!("{}/api/status/403?key=s3cret", store.url());
    answering(&sandbox, move |_, _| {
        data(json!({ "location": location, "expires_at": "2030-01-01T00:00:00+00:00" }))
    });
    let error = teamleader.files().bytes("f").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    assert_eq!(sandbox.counters().refreshes, 0);
}

#[test]
fn transfers_tell_their_progress() {
    let ((sandbox, teamleader), (store, kept)) = (world(), store());
    let location = format!("{}/api/object?key=s3cret", store.url());
    answering(&sandbox, move |_, _| {
        data(json!({ "location": location, "expires_at": "2030-01-01T00:00:00+00:00" }))
    });
    let bytes: Vec<u8> = (0..300_000).map(|at| (at % 251) as u8).collect();
    let length = Some(bytes.len() as u64);
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    let file = NewFile::new("a.bin", FileSubject::temporary());
    let files = teamleader.files();
    files.upload_told(&file, &mut &*bytes, length, &mut |now| sent.push(now)).unwrap();
    assert_eq!(*kept.lock(), bytes);
    let mut copy = Vec::new();
    let location = files.download("f").unwrap();
    let size = files.save(&location, &mut copy, &mut |now| received.push(now)).unwrap();
    assert_eq!((Some(size), copy), (length, bytes));
    for seen in [sent, received] {
        assert!(seen.len() > 1 && seen.windows(2).all(|two| two[0].bytes < two[1].bytes));
        assert_eq!(seen.last().map(|now| (Some(now.bytes), now.total)), Some((length, length)));
    }
}
