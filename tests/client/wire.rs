//! Tests of token requests on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use evergrant::clock::ManualClock;
use evergrant::provider::{Rotation, TokenFormat};
use evergrant::{Client, Credentials, Error, MemoryBackend, Secret, Token};
use ureq::SendBody;
use ureq::http::Request;
use ureq::middleware::MiddlewareNext;

use crate::support::{Fake, PATIENCE, builder, provider_at, rt, sandbox, stranger};

const TOKEN: &str = r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}"#;

#[test]
fn each_token_request_has_its_own_connection_and_closes_it() {
    let server = Fake::json(TOKEN);
    let client = stranger(provider_at(&server.url()).build().unwrap());
    for requests in 1..=3 {
        client.refresh().unwrap();
        assert_eq!((server.connections(), server.requests().len()), (requests, requests));
    }
    for request in server.requests() {
        let head = request.to_ascii_lowercase();
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        assert_eq!(head.matches("connection: close\r\n").count(), 1, "{head}");
        assert_eq!(head.matches("content-length: ").count(), 1, "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}

#[test]
fn a_server_that_closes_an_idle_connection_costs_no_second_request() {
    let server = Fake::start(|peer| {
        peer.request();
        peer.answer("200 OK", "Connection: keep-alive\r\n", TOKEN.as_bytes());
        peer.close();
    });
    let client = stranger(provider_at(&server.url()).build().unwrap());
    client.refresh().unwrap();
    client.refresh().unwrap();
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
}

#[test]
fn a_redirect_of_the_token_endpoint_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Fake::json(TOKEN);
        let location = format!("{}/elsewhere?ticket=c4nary", elsewhere.url());
        let header = format!("Location: {location}\r\n");
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(&format!("{status} Moved"), &header, b"");
            }
        });
        let client = stranger(provider_at(&server.url()).build().unwrap());
        let error = client.refresh().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{status}: {error:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(&format!("redirects to {}/elsewhere", elsewhere.url())), "{shown}");
        assert!(!shown.contains("c4nary"), "{shown}");
        assert_eq!(elsewhere.connections(), 0, "{status}");
    }
}

#[test]
fn an_endless_answer_is_cut_and_its_outcome_is_unknown() {
    let server = Fake::start(|peer| {
        peer.request();
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{\"access_token\":\"");
        while peer.write(&[b'x'; 16 * 1024]) {}
    });
    let client = stranger(provider_at(&server.url()).build().unwrap());
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(format!("{error:#}").contains("larger than 1048576 bytes"), "{error:#}");
    let stored = client.stored().unwrap().unwrap();
    assert_eq!((rt(stored.token()), stored.note().is_some()), ("rt-1", true));
}

#[test]
fn a_cut_form_is_not_read_as_a_token() {
    let server = Fake::start(|peer| {
        peer.request();
        peer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\naccess_token=at-2&refresh_token=r",
        );
        peer.close();
    });
    let client = stranger(provider_at(&server.url()).build().unwrap());
    assert!(matches!(client.refresh(), Err(Error::OutcomeUnknown(_))));
    assert_eq!(rt(client.stored().unwrap().unwrap().token()), "rt-1");
}

#[test]
fn a_whole_refresh_token_in_a_cut_answer_is_kept_and_used() {
    let server = Fake::start(|peer| {
        let request = peer.request().unwrap();
        if request.contains("refresh_token=rt-1") {
            let half = r#"{"refresh_token":"rt-2","access_token":"at-2","expires_in":36"#;
            peer.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{half}").as_bytes());
            peer.close();
        } else {
            peer.answer("200 OK", "", TOKEN.replace("-2", "-3").as_bytes());
        }
    });
    let client = stranger(provider_at(&server.url()).build().unwrap());
    client.refresh().unwrap();
    assert_eq!(rt(&client.token().unwrap()), "rt-3");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].contains("refresh_token=rt-2"), "{}", requests[1]);
}

#[test]
fn an_answer_that_never_ends_fails_at_the_token_timeout() {
    // The server sends nothing at all, or one byte at a time.
    for drips in [false, true] {
        let server = Fake::start(move |peer| {
            peer.request();
            if !drips {
                return peer.wait_for_end();
            }
            peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{");
            while peer.write(b" ") {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let timeout = Duration::from_millis(300);
        let provider = provider_at(&server.url())
            .build()
            .unwrap()
            .to_builder()
            .token_timeout(timeout)
            // There was no second attempt.
            .rotation(Rotation::StrictFamily)
            .ends_access_token(false);
        let client = stranger(provider.build().unwrap());
        let start = Instant::now();
        let error = client.refresh().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
        assert!(start.elapsed() >= timeout && start.elapsed() < PATIENCE);
        assert!(client.stored().unwrap().unwrap().note().is_some());
    }
}

#[test]
fn middleware_of_the_caller_sees_api_calls_and_no_token_request() {
    let sandbox = sandbox();
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let client = builder(&sandbox)
        .http(move |config| {
            let seen = seen.clone();
            config.middleware(move |request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
                assert_eq!(request.uri().path(), "/api/me");
                seen.fetch_add(1, Ordering::SeqCst);
                next.handle(request)
            })
        })
        .build();
    let authorization = client.authorize(&[]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
    client.refresh().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    client.get("/me").call().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(sandbox.counters().token_requests, 2);
}

#[test]
fn a_request_that_cannot_be_written_leaves_no_note() {
    // An address cannot have 70 000 characters.
    let long = "r".repeat(70_000);
    for format in [TokenFormat::Query, TokenFormat::Get] {
        let server = Fake::json(TOKEN);
        let provider = provider_at(&server.url()).token_format(format).build().unwrap();
        let clock = Arc::new(ManualClock::new());
        let client = Client::builder(provider, Credentials::new("a", "b"), MemoryBackend::new())
            .clock(clock.clone())
            .build();
        let token = Token::new("at").with_refresh_token(Secret::new(long.as_str()));
        client.seed(token.with_expires_at(time::OffsetDateTime::UNIX_EPOCH)).unwrap();
        let error = client.refresh().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("rrrr"));
        assert!(client.stored().unwrap().unwrap().note().is_none());
        assert_eq!((server.connections(), clock.slept()), (0, Duration::ZERO));
    }
}

#[test]
fn a_refresh_token_of_64_kib_with_odd_characters_is_sent_whole() {
    let server = Fake::json(TOKEN);
    let client = {
        let odd: String = (' '..='~').chain("é\u{1f600}".chars()).collect();
        let provider = provider_at(&server.url()).build().unwrap();
        let client = Client::new(provider, Credentials::new("a", "b"), MemoryBackend::new());
        let long = odd.repeat(700);
        let token = Token::new("at").with_refresh_token(long.as_str());
        client.seed(token).unwrap();
        client.refresh().unwrap();
        let request = &server.requests()[0];
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let sent = url::form_urlencoded::parse(body.as_bytes())
            .find(|(name, _)| name == "refresh_token")
            .map(|(_, value)| value.into_owned());
        assert!(sent.as_deref() == Some(&long));
        client
    };
    assert_eq!(rt(&client.token().unwrap()), "rt-2");
}
