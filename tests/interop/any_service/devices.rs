//! Tests of device logins (RFC 8628).

use std::ops::ControlFlow;
use std::sync::Arc;

use evergrant::clock::ManualClock;
use evergrant::device::DevicePoll;
use evergrant::{Client, Error, MemoryBackend};

use crate::person::Person;
use crate::server::{REDIRECT_URI, Server};

/// Makes a client whose clock jumps instead of sleeping: this server does not check the time between polls.
fn hasty(server: &Server) -> Client {
    let clock = Arc::new(ManualClock::at(std::time::SystemTime::now()));
    server.builder(server.kind.device_app(), MemoryBackend::new()).clock(clock).build()
}

pub(crate) fn a_device_logs_in(server: &Server) {
    let client = hasty(server);
    let code = client.device_code(server.kind.device_scopes()).unwrap();
    assert_eq!(code.interval().as_secs(), 5, "the interval of the server, or the default");
    assert!(code.to_string().contains(code.user_code()));
    let (mut pending, mut person) = (0, Person::new(REDIRECT_URI));
    let watched = client.exchange_device(&code, |poll| {
        if *poll == DevicePoll::Pending {
            pending += 1;
            if pending == 2 {
                server.kind.approve(&mut person, server, &code);
            }
        }
        ControlFlow::Continue(())
    });
    watched.unwrap();
    assert_eq!(pending, 2, "the client polls until the person has decided");
    assert!(server.is_active(&client.access_token().unwrap()));
    if client.token().unwrap().refresh_token().is_some() {
        client.refresh().unwrap();
    }
}

/// The person denies the request.
pub(crate) fn a_device_that_nobody_wants_is_told_so(server: &Server) {
    let client = hasty(server);
    let code = client.device_code(server.kind.device_scopes()).unwrap();
    let mut person = Person::new(REDIRECT_URI).who_refuses();
    server.kind.approve(&mut person, server, &code);
    let error = client.exchange_device(&code, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "access_denied"), "{error:?}");
    assert!(client.stored().unwrap().is_none());
}

/// A server that checks the time between polls answers `slow_down`, because the test sends additional
/// polls between the polls of the client.
pub(crate) fn a_device_slows_down_when_it_is_told_to(server: &Server) {
    let app = server.kind.device_app();
    let client = server.builder(app, MemoryBackend::new()).build();
    let code = client.device_code(server.kind.device_scopes()).unwrap();
    let before = code.interval();
    let written = serde_json::to_value(&code).unwrap();
    let endpoint = client.provider().token_endpoint().to_owned();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", written["device_code"].as_str().unwrap()),
    ];
    let (mut slower, mut person) = (None, Person::new(REDIRECT_URI));
    let watched = client.exchange_device(&code, |poll| {
        match poll {
            DevicePoll::SlowDown { interval } if slower.is_none() => {
                slower = Some(*interval);
                server.kind.approve(&mut person, server, &code);
            }
            DevicePoll::Waiting { .. } if slower.is_none() => {
                let (status, _) = server.post_as(app, &endpoint, &form);
                assert_eq!(status, 400, "nobody has decided yet");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    watched.unwrap();
    assert!(
        slower.unwrap() >= before + std::time::Duration::from_secs(5),
        "slow_down must add 5 s (RFC 8628 section 3.5)"
    );
    assert!(server.is_active(&client.access_token().unwrap()));
    client.refresh().unwrap();
}
