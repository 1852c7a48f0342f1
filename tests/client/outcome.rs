//! Tests that the client knows whether a refresh token has left this machine.

use std::net::TcpListener;

use evergrant::Error;
use evergrant::provider::{Rotation, TokenFormat};

use crate::support::{Fake, provider_at, rt, stranger};

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn an_unsent_request_is_a_transport_error_and_leaves_no_note() {
    let plain = Fake::start(|peer| {
        peer.answer("400 Bad Request", "Connection: close\r\n", b"this is plain HTTP");
        peer.close();
    });
    let tls_to_plain = plain.url().replace("http://", "https://");
    for address in [
        format!("http://127.0.0.1:{}/token", closed_port()),
        "https://nonexistent.invalid/token".to_owned(),
        format!("{tls_to_plain}/token?key=c4nary"),
    ] {
        let client = stranger(provider_at(&address).build().unwrap());
        let error = client.refresh().unwrap_err();
        let Error::Transport(transport) = &error else { panic!("{address}: {error:?}") };
        assert_eq!(transport.method, "POST");
        assert_eq!(transport.url, address.split('?').next().unwrap());
        assert!(error.is_transient() && !error.needs_authorization());
        assert!(!format!("{error} {error:?}").contains("c4nary"));
        let stored = client.stored().unwrap().unwrap();
        assert!(stored.note().is_none(), "{address}: there is a note, but the request never left");
        assert_eq!(rt(stored.token()), "rt-1");
    }
    assert!(plain.requests().is_empty());
}

#[test]
fn a_closed_connection_leaves_the_outcome_unknown_and_the_note() {
    // The connection is cut before the request is read, in the middle of the request, after the request, or
    // in the head of the answer.
    for step in 0..4 {
        let server = Fake::start(move |peer| {
            if step > 1 {
                peer.request();
            }
            if step == 3 {
                peer.write(b"HTTP/1.1 200 OK\r\nContent-Le");
            }
            peer.close();
        });
        let family = provider_at(&server.url()).rotation(Rotation::StrictFamily);
        let client = stranger(family.build().unwrap());
        let error = client.refresh().unwrap_err();
        let Error::OutcomeUnknown(unknown) = &error else { panic!("{step}: {error:?}") };
        assert_eq!(unknown.holder, None, "{step}: the request was sent by this process");
        let stored = client.stored().unwrap().unwrap();
        assert!(stored.note().is_some(), "{step}");
        assert_eq!(rt(stored.token()), "rt-1");
    }
}

#[test]
fn a_failed_request_without_a_body_counts_as_sent() {
    let address = format!("http://127.0.0.1:{}/token", closed_port());
    let provider = provider_at(&address).token_format(TokenFormat::Get).build().unwrap();
    let client = stranger(provider);
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("rt-1"));
}
