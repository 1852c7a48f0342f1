//! Tests of profiles in an unexpected form.

use std::sync::{Arc, Mutex};

use evergrant::provider::Profile;
use evergrant::{Client, Error, MemoryBackend, Token, providers};
use serde_json::{Value, json};
use ureq::http::{Request, Response};
use ureq::middleware::MiddlewareNext;
use ureq::{Body, SendBody};

use crate::identity::{GITHUB, told};
use crate::rows::rows;
use crate::support::sandbox;

#[test]
fn an_answer_without_an_id_is_no_identity() {
    for answer in [
        json!({}),
        json!({"id": null}),
        json!({"id": ""}),
        json!({"id": true}),
        json!({"id": 1.5}),
        json!({"id": ["1"]}),
        json!({"id": {"id": 1}}),
        json!([{"id": 1}]),
        json!("id"),
        json!(null),
    ] {
        let (client, _) = told(providers::github(), vec![(GITHUB, 200, answer.clone())]);
        let error = client.id_and_email().unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{answer}: {error:?}");
    }
    let refused = json!({"resultcode": "024", "message": "Authentication failed"});
    let naver = vec![("https://openapi.naver.com/v1/nid/me", 200, refused)];
    let error = told(providers::naver(), naver).0.profile().unwrap_err();
    assert!(format!("{error:#}").contains("no profile"), "{error}");
}

#[test]
fn no_profile_causes_a_panic() {
    // Tries every value at every place of a profile that the rows read.
    let odd = [
        json!(null),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!([]),
        json!([[]]),
        json!({}),
        json!([null, {"primary": true}]),
    ];
    let places = [
        "/id",
        "/email",
        "/verified",
        "/emailAddresses",
        "/emailAddresses/0",
        "/emailAddresses/0/metadata",
        "/emailAddresses/0/value",
        "/kakao_account",
        "/elements",
        "/elements/0/handle~",
        "/response",
        "/shop",
        "/name",
        "/resourceName",
        "/userPrincipalName",
    ];
    let whole = json!({"id": "1", "email": "a@b", "verified": true, "name": "ada",
        "resourceName": "people/1", "userPrincipalName": "a@b", "kakao_account": {"email": "a@b"},
        "emailAddresses": [{"metadata": {"primary": true}, "value": "a@b"}],
        "elements": [{"handle~": {"emailAddress": "a@b"}}],
        "response": {"id": "1"}, "shop": {"id": 1}});
    let sandbox = sandbox();
    let answer = Arc::new(Mutex::new(Value::Null));
    let (mut good, mut bad) = (0, 0);
    for row in rows(&sandbox).into_iter().filter(|row| row.name() != "openid") {
        let given = answer.clone();
        let client = Client::builder(row, sandbox.credentials(), MemoryBackend::new())
            .http(move |config| {
                let given = given.clone();
                config.middleware(move |_: Request<SendBody<'_>>, _: MiddlewareNext<'_>| {
                    let body = Body::builder().data(given.lock().unwrap().to_string());
                    Ok(Response::new(body))
                })
            })
            .build();
        client.seed(Token::new("at-1")).unwrap();
        for place in places {
            for odd in &odd {
                let mut answered = whole.clone();
                *answered.pointer_mut(place).unwrap() = odd.clone();
                *answer.lock().unwrap() = answered;
                match client.id_and_email() {
                    Ok(identity) => {
                        assert!(!identity.id.is_empty() && identity.email.as_deref() != Some(""));
                        good += 1;
                    }
                    Err(Error::Decode(_)) => bad += 1,
                    Err(error) => panic!("{place} {odd}: {error:?}"),
                }
            }
        }
    }
    assert!(good > 500 && bad > 100, "{good} and {bad}");
}

#[test]
fn a_token_that_travels_in_a_query_is_in_no_error() {
    let me = "https://graph.facebook.com/v22.0/me";
    for (status, answer) in [(400, json!({"error": {"message": "at-1"}})), (200, json!({"a": 1}))] {
        let facebook = providers::facebook("v22.0").unwrap();
        let error = told(facebook, vec![(me, status, answer)]).0.id_and_email().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(me) && !shown.contains("at-1"), "{shown}");
    }
    let gone = Profile::get("http://127.0.0.1:1/me").token_in_query("access_token");
    let row = providers::kakao().to_builder().profile(gone).build().unwrap();
    let client = Client::builder(row, sandbox().credentials(), MemoryBackend::new());
    let client = client.retries(0).build();
    client.seed(Token::new("at-1")).unwrap();
    let error = client.id_and_email().unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert!(!format!("{error} {error:?}").contains("at-1"), "{error:?}");
}
