//! Tests of files of documents, which are sent and received piece by piece.

use std::io::{Read as _, repeat, sink};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::Error;
use evergrant::exact_online::{DocumentAttachment, Guid, Progress, Unconfirmed};
use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use serde_json::json;

use super::child::{Worker, builder, given, say};
use super::support::World;

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

#[test]
fn an_upload_is_the_file_in_base64_with_its_progress() {
    let world = World::new();
    let exact = world.seeded();
    world.on("POST", "123/documents/DocumentAttachments", |request| {
        let body = request.json();
        let file = STANDARD.decode(body["Attachment"].as_str().unwrap()).unwrap();
        assert!(file.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
        assert_eq!((&body["Document"], &body["FileName"]), (&json!(ID), &json!("a \"}{.pdf")));
        let row = json!({ "ID": ID, "FileName": "a.pdf", "FileSize": file.len() });
        ApiReply::json(201, json!({ "d": row }))
    });
    let document = ID.parse::<Guid>().unwrap();
    // Sizes around those of the pieces, and with each kind of padding.
    for size in [0, 1, 2, 3, 49_151, 49_152, 49_153, 100_000] {
        let file: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        for length in [Some(size as u64), None] {
            let mut seen = Vec::new();
            let row = exact
                .document_attachments()
                .upload(document, "a \"}{.pdf", &mut &*file, length, &mut |now| seen.push(now))
                .unwrap();
            assert_eq!(row.file_size.unwrap().to_string(), size.to_string());
            assert!(seen.windows(2).all(|two| two[0].bytes < two[1].bytes));
            let last = seen.last().map(|now| (now.bytes, now.total));
            assert_eq!(last, (size > 0).then_some((size as u64, length)), "{size}");
        }
    }
    world.sandbox.api_fault(Fault::CutAfter);
    let files = exact.document_attachments();
    let error = files.upload(document, "a", &mut &[0][..], Some(1), &mut |_| {}).unwrap_err();
    assert!(Unconfirmed::of(&error).is_some() && !error.is_transient(), "{error:#}");
}

#[test]
fn a_download_needs_the_token_and_tells_its_progress() {
    let world = World::new();
    let exact = world.seeded();
    let carried = format!("Bearer {}", exact.client().access_token().unwrap().expose());
    world.sandbox.on("GET", "/api/docs/SysAttachment.aspx", move |request| {
        assert_eq!(request.header("authorization"), Some(&*carried));
        ApiReply::bytes(200, "application/pdf", vec![7; 300_000])
    });
    let url = format!("{}/api/docs/SysAttachment.aspx?ID=1", world.sandbox.url());
    let row = DocumentAttachment::with(|row| row.url = Some(url));
    let (mut file, mut seen) = (Vec::new(), Vec::<Progress>::new());
    let files = exact.document_attachments();
    let bytes = files.download(&row, &mut file, &mut |now| seen.push(now)).unwrap();
    assert_eq!((bytes, file.len()), (300_000, 300_000));
    let last = seen.last().unwrap();
    assert_eq!((last.bytes, last.total), (300_000, Some(300_000)));
    // A connection that is cut leaves the beginning of the file.
    world.sandbox.api_fault(Fault::CutMid(100_000));
    let mut cut = Vec::new();
    let error = files.download(&row, &mut cut, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Decode(_)) && error.to_string().contains("early"), "{error}");
    assert!(!cut.is_empty() && cut.len() < 300_000, "{} bytes", cut.len());
    // A disk that is full ends the download.
    let mut small = [0_u8; 9];
    let error = files.download(&row, &mut &mut small[..], &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Decode(_)) && error.to_string().contains("written"), "{error}");
}

#[test]
fn an_upload_that_does_not_fit_is_an_error() {
    let world = World::new();
    let exact = world.seeded();
    world.on("POST", "123/documents/DocumentAttachments", |request| {
        assert!(request.body.len() <= 10_000_000, "{} bytes", request.body.len());
        ApiReply::json(201, json!({ "d": { "ID": ID } }))
    });
    let (files, document) = (exact.document_attachments(), ID.parse::<Guid>().unwrap());
    // Around the file there are 86 bytes of JSON, so 2,499,978 groups of four encoded bytes fit.
    let fits = 2_499_978 * 3;
    for size in [fits, fits + 1] {
        for length in [Some(size), None] {
            let before = world.sandbox.counters().api_calls;
            let sent =
                files.upload(document, "a.bin", &mut repeat(7).take(size), length, &mut |_| {});
            let calls = world.sandbox.counters().api_calls - before;
            match (sent, length) {
                (Ok(_), _) => assert_eq!((size, calls), (fits, 1)),
                (Err(Error::Config(_)), Some(_)) => assert_eq!((size, calls), (fits + 1, 0)),
                (Err(error @ Error::Transport(_)), None) => {
                    assert_eq!(size, fits + 1);
                    assert!(format!("{error:#}").contains("more than 10000000 bytes"), "{error:#}");
                }
                (Err(error), _) => panic!("{size} {length:?}: {error:#}"),
            }
        }
    }
}

/// The largest upload of the test: the service takes about 7.5 MB.
const UPLOAD: u64 = 7 << 20;

/// Sends and receives a large file, and prints the peak memory of the process.
pub(crate) fn child() {
    let exact = builder().division(123).build().unwrap();
    let files = exact.document_attachments();
    let size: u64 = given("SIZE").parse().unwrap();
    let part = size.min(UPLOAD);
    let mut content = repeat(7).take(part);
    let document = ID.parse::<Guid>().unwrap();
    files.upload(document, "a.bin", &mut content, Some(part), &mut |_| {}).unwrap();
    let url = format!("{}/api/docs/SysAttachment.aspx", given("URL"));
    let row = DocumentAttachment::with(|row| row.url = Some(url));
    assert_eq!(files.download(&row, &mut sink(), &mut |_| {}).unwrap(), size);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0").trim();
    say(&format!("peak {}", peak.trim_end_matches(" kB")));
}

#[test]
fn a_large_file_needs_no_more_memory_than_a_small_one() {
    let peak = |size: usize| {
        let sandbox = Sandbox::builder().exact_online().start().unwrap();
        let store = sandbox.folder().join("exact.json");
        let backend = evergrant::FileBackend::new(&store);
        let client = evergrant::Client::new(sandbox.provider(), sandbox.credentials(), backend);
        client.seed(sandbox.login()).unwrap();
        let coded = size.min(UPLOAD as usize).div_ceil(3) * 4;
        sandbox.on("POST", "/api/v1/123/documents/DocumentAttachments", move |request| {
            assert!(request.body.len() > coded, "{} of {coded} bytes", request.body.len());
            ApiReply::json(201, json!({ "d": { "ID": ID } }))
        });
        sandbox.on("GET", "/api/docs/SysAttachment.aspx", move |_| {
            ApiReply::bytes(200, "application/octet-stream", vec![7; size])
        });
        let (size, store) = (size.to_string(), store.to_str().unwrap().to_owned());
        let worker =
            Worker::start("files", &[("URL", sandbox.url()), ("STORE", &store), ("SIZE", &size)]);
        let line = worker.hear().unwrap();
        line.strip_prefix("peak ").unwrap().parse::<u64>().unwrap()
    };
    let (small, large) = (peak(1 << 20), peak(48 << 20));
    println!("peak with 1 MiB {small} kB, with 48 MiB {large} kB");
    // On a system that does not report the memory, both peaks are 0.
    assert!(large <= small + small / 4, "{small} kB, then {large} kB");
}
