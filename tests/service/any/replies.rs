//! Tests of answers of the token endpoint whose members have other names.

use evergrant::Error;
use evergrant::provider::{ReplyMember, Rotation};
use evergrant::time;
use serde_json::json;

use super::{client, provider};
use crate::support::{Fake, at, rt};

#[test]
fn the_members_of_a_token_may_have_other_names() {
    let later = time::OffsetDateTime::now_utc() + time::Duration::hours(2);
    let later = later.format(&time::format_description::well_known::Rfc3339).unwrap();
    // Sentry's answer has the date of expiry; DingTalk's answer has a lifetime.
    for body in [
        json!({"id": "38", "token": "at-1", "refreshToken": "rt-1", "expiresAt": later,
            "scopes": ["a", "b"]}),
        json!({"accessToken": "at-1", "refreshToken": "rt-1", "expireIn": 7200, "granted": "a b"}),
    ] {
        let body = body.to_string();
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer("200 OK", "", body.as_bytes());
            }
        });
        let row = provider(&server)
            .rotation(Rotation::Strict)
            .reply_member(ReplyMember::AccessToken, "token")
            .reply_member(ReplyMember::ExpiresIn, "expireIn")
            .reply_member(ReplyMember::ExpiresAt, "expiresAt")
            .reply_member(ReplyMember::Scope, "granted");
        let client = client(row);
        let authorization = client.authorize(&[]).unwrap();
        let callback = format!("?code=c&state={}", authorization.state().expose());
        let token = client.exchange(authorization, &callback).unwrap();
        assert_eq!((at(&token), rt(&token), token.scope()), ("at-1", "rt-1", Some("a b")));
        let lifetime = token.lifetime().unwrap().as_secs();
        assert!((7140..=7200).contains(&lifetime), "{lifetime}");
        for name in ["token", "refreshToken", "expireIn", "expiresAt", "granted"] {
            assert!(!token.extra().contains_key(name), "{name}");
        }
        client.refresh().unwrap();
    }
}

#[test]
fn a_member_with_another_name_is_not_shown_in_an_error() {
    let body = json!({"error": "odd", "message": "at-c4nary rt-c4nary", "token": "at-c4nary",
        "renewal": "rt-c4nary"});
    let server = Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "", body.to_string().as_bytes());
        }
    });
    let row = provider(&server)
        .reply_member(ReplyMember::AccessToken, "token")
        .reply_member(ReplyMember::RefreshToken, "renewal");
    let client = client(row);
    let authorization = client.authorize(&[]).unwrap();
    let callback = format!("?code=c&state={}", authorization.state().expose());
    let error = client.exchange(authorization, &callback).unwrap_err();
    assert!(!matches!(error, Error::Config(_)), "{error:?}");
    assert!(!format!("{error:#} {error:?}").contains("c4nary"), "{error:?}");
}
