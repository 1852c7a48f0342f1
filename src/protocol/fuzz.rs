//! Bodies of the fuzz targets: any bytes go in, and what must always hold is asserted.
//!
//! `fuzz/` calls them with libFuzzer on nightly; the tests below call them on stable.

use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::HeaderMap;

use super::authorize::authorize;
use super::reply::{Outcome, RawReply, read};
use super::text::clean;
use crate::credentials::Credentials;
use crate::provider::Provider;
use crate::providers;
use crate::record::Record;

/// Reads the bytes as an answer of a token endpoint, with good and bad statuses and three
/// providers. A refresh token at the top of whole JSON is always found, and what an error shows is
/// fit to be shown.
pub fn reply(bytes: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let top = value.as_ref().and_then(|value| value.get("refresh_token")?.as_str());
    let top = top.filter(|text| !text.is_empty());
    let wrapped = |builder: crate::provider::ProviderBuilder| {
        builder.reply_path("data[0]").reply_path("data").scope_separator(',').build()
    };
    let plain = Provider::builder("example").token_endpoint("https://a.example/token");
    let sent_at = OffsetDateTime::UNIX_EPOCH;
    let headers = HeaderMap::new();
    for provider in
        [plain.clone().build(), wrapped(plain), Ok(providers::teamleader())].into_iter().flatten()
    {
        for status in [200, 302, 400, 429, 500] {
            let raw = RawReply { status, headers: &headers, body: bytes };
            let reply = read(&provider, &raw, sent_at);
            let found = reply.refresh_token.as_ref().map(|secret| secret.expose());
            assert!(found != Some(""), "an empty text is no refresh token");
            if provider.reply_paths.is_empty()
                && let Some(top) = top.filter(|top| !top.contains(char::is_whitespace))
            {
                assert!(found == Some(top), "a refresh token was not found");
            }
            match &reply.outcome {
                Outcome::Token(issued) => {
                    let token = &issued.token;
                    let access_token = token.access_token().expose();
                    assert!(status == 200 && !access_token.is_empty());
                    assert!(!access_token.contains(char::is_control));
                    assert!(token.refresh_token() == reply.refresh_token.as_ref());
                    assert!(token.expires_at().is_none_or(|end| end > sent_at));
                }
                Outcome::Refused(error)
                | Outcome::TooEarly(error)
                | Outcome::Setup(error)
                | Outcome::Limited { error, .. }
                | Outcome::Unknown(error) => {
                    let texts = [Some(&error.code), error.description.as_ref(), error.uri.as_ref()];
                    for text in texts.into_iter().flatten() {
                        assert!(!text.contains(char::is_control) && text.chars().count() < 600);
                    }
                    assert!(!error.code.is_empty());
                }
            }
            #[cfg(feature = "device")]
            let _ =
                super::device::read_device(&provider, &Credentials::public("app"), &raw, sent_at);
        }
    }
}

/// Checks the bytes as a callback. Without the state that was sent none is believed; the same text
/// as a description is cleaned without harm.
pub fn callback(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = clean(&text);
    let provider = Provider::new("https://a.example/authorize", "https://a.example/token")
        .and_then(|provider| provider.to_builder().issuer(("https://a.example", false)).build());
    let credentials = Credentials::public("app");
    let Ok(login) =
        provider.and_then(|provider| authorize(&provider, &credentials, None, &[], &[]))
    else {
        return;
    };
    assert!(login.check(&text).is_err(), "a state cannot be guessed");
    // The same text with our state in the place of a mark, so that what follows is reached, too.
    let ours = text.replace("STATE", login.state().expose());
    if let Ok(code) = login.check(&ours) {
        assert!(!code.code.is_empty() && ours.contains(login.state().expose()));
    }
}

/// Reads the bytes as a stored record. One that can be read is written and read again with the same
/// login in it.
pub fn record(bytes: &[u8]) {
    let Ok(record) = Record::from_json(bytes) else { return };
    let again = record.to_json().and_then(|bytes| Record::from_json(&bytes));
    assert!(again.is_ok(), "a record that was read was not written");
    let Ok(again) = again else { return };
    // Not the records whole: a decimal fraction in an unknown member may change in its last digit.
    assert!(again.token().access_token() == record.token().access_token());
    assert!(again.token().refresh_token() == record.token().refresh_token());
    assert!(again.token().expires_at() == record.token().expires_at());
    assert!(again.login() == record.login() && again.revision() == record.revision());
    assert!(again.generation() == record.generation() && again.binding() == record.binding());
    assert!(again.note() == record.note() && again.refused() == record.refused());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::random::Random;
    use crate::protocol::reply::corpus::ROWS;
    use crate::token::Token;

    /// Changes, removes, doubles and inserts bytes.
    fn mutated(random: &mut Random, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() + 1);
            let end = (at + random.below(12)).min(bytes.len());
            match random.below(5) {
                0 if at < bytes.len() => bytes[at] = random.next() as u8,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => bytes.insert(at, *random.pick(b"\"\\{}[]:,&=%+?#0e-\0\xff\xf0")),
                _ => {
                    let words =
                        ["null", "\"error\":1,", "refresh_token", "\\ud800", "%2B", "1e999"];
                    bytes.splice(at..at, random.pick(&words).bytes());
                }
            }
        }
        bytes
    }

    /// Feeds a target with whole, cut and mutated seeds, and leaves them for libFuzzer where
    /// `EVERGRANT_SEEDS` names a folder.
    fn fed(name: &str, target: fn(&[u8]), seeds: &[Vec<u8>], rounds: usize) {
        if let Some(folder) = std::env::var_os("EVERGRANT_SEEDS") {
            let folder = std::path::Path::new(&folder).join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for (n, seed) in seeds.iter().enumerate() {
                std::fs::write(folder.join(format!("seed-{n}")), seed).unwrap();
            }
        }
        for seed in seeds {
            for end in 0..=seed.len() {
                target(&seed[..end]);
            }
        }
        let mut random = Random::new(11);
        for _ in 0..rounds {
            let seed = random.pick(seeds).clone();
            target(&mutated(&mut random, &seed));
        }
    }

    #[test]
    fn any_bytes_are_read_as_an_answer() {
        let seeds: Vec<_> = ROWS.iter().map(|row| row.body.as_bytes().to_vec()).collect();
        fed("reply", reply, &seeds, 3000);
        reply(&b"[".repeat(100_000));
        reply(&br#"{"a":"#.repeat(100_000));
    }

    #[test]
    fn any_text_is_read_as_a_callback() {
        let seeds = [
            "https://app.example/cb?code=a%2Bb%2F%21%3D&state=STATE&iss=https%3A%2F%2Fa.example#_=_",
            "?error=access_denied&error_description=no+way&state=STATE",
            "code=c&state=STATE",
        ];
        fed("callback", callback, &seeds.map(|seed| seed.as_bytes().to_vec()), 3000);
    }

    #[test]
    fn any_bytes_are_read_as_a_record() {
        let token =
            Token::new("at").with_refresh_token("rt").with_expires_at(OffsetDateTime::UNIX_EPOCH);
        let plain = Record::from(token).to_json().unwrap();
        let full = br#"{"version":1,"login":"l","revision":2,"generation":1,"token":{"access_token":"a","extra":{"n":1.5}},"binding":{"token_endpoint":"https://a.example/t","client_id":"app","grant":"authorization_code"},"note":{"fingerprint":"f","nonce":"n","holder":{"host":"h","pid":1},"sent_at":"2026-11-20T21:00:00Z","deadline":"2026-11-20T21:02:00+02:00"},"refused":{"fingerprint":"f","at":"2026-11-20T21:00:00Z","code":"invalid_grant"},"later":[1]}"#;
        record(full);
        assert!(Record::from_json(full).is_ok());
        fed("record", record, &[plain, full.to_vec()], 6000);
    }
}
