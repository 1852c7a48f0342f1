//! The functions that the fuzz targets run: the functions of `src/protocol/fuzz.rs`, and functions that
//! import from higher floors.
//!
//! The programs in `fuzz/` call these functions with libFuzzer on nightly; the tests below call them on stable.

#[cfg(test)]
pub(crate) mod feed;

use serde_json::Value;
use time::{Duration as Span, OffsetDateTime};
use ureq::http::{HeaderMap, HeaderValue};

use crate::protocol;
pub use crate::protocol::fuzz::*;
use crate::provider::LoginHost;
use crate::record::Record;
use crate::token::Token;

/// Reads the bytes as a token that another program stored. A token that was read can be stored and read
/// again, and an error does not repeat a value.
pub fn import(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Token::from_json(&text) {
        Ok(token) => {
            assert!(!token.access_token().is_empty(), "an access token without characters");
            let stored = Record::from(token.clone()).to_json();
            let again = stored.and_then(|stored| Record::from_json(&stored));
            assert!(again.is_ok_and(|again| again.token().access_token() == token.access_token()));
        }
        Err(error) => assert!(error.to_string().len() < 300, "an error that quotes its input"),
    }
}

/// Reads the bytes as a `.env` file. An error does not repeat a line.
#[cfg(feature = "dotenv")]
pub fn dotenv(bytes: &[u8]) {
    match crate::env::dotenv_pairs(bytes, "a.env") {
        Ok(pairs) => assert!(pairs.iter().all(|(name, _)| !name.is_empty())),
        Err(error) => assert!(error.to_string().len() < 100, "an error that quotes its input"),
    }
}

/// Reads the bytes as members of a login that name the API's host, and as the values of such members. Only
/// an allowed host is accepted, over TLS and without a user name.
pub fn login_host(bytes: &[u8]) {
    let address = LoginHost::address("api.url", &["a.example", "b.example"]).path("/v1");
    let label = LoginHost::label("api.url", "a.example");
    let allowed = |text: &str| {
        let url = url::Url::parse(text).ok();
        url.is_some_and(|url| {
            let host = url.host_str().unwrap_or_default();
            let below =
                ["a.example", "b.example"].into_iter().filter_map(|end| host.strip_suffix(end));
            url.scheme() == "https"
                && url.username().is_empty()
                && url.password().is_none()
                && below.into_iter().any(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    };
    let text = String::from_utf8_lossy(bytes);
    for host in [&address, &label] {
        if let Ok(url) = host.read(&text) {
            assert!(allowed(url.as_str()), "a host that is not allowed");
        }
        if let Ok(members) = serde_json::from_slice(bytes)
            && let Some(Ok(base)) = host.base(&members)
        {
            assert!(allowed(&base) && !base.ends_with('/'), "a base that is not allowed");
        }
    }
}

/// Reads the bytes as an answer of the API for an answer rule, with the path and the value of the rule in the
/// first two lines.
pub fn answer_rule(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n').map(String::from_utf8_lossy);
    let (Some(path), Some(wanted), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    let _ = protocol::has(&value, &path, &wanted);
    let rule = crate::provider::AnswerRule::ended(&path, &wanted);
    let provider = crate::Provider::builder("example").token_endpoint("https://a.example/token");
    let _ = provider.answer_rule(rule).build();
}

/// Reads the lines as `Date` and `Retry-After`. No wait is longer than the cap.
pub fn retry_after(bytes: &[u8]) {
    let cap = std::time::Duration::from_secs(3600);
    let mut headers = HeaderMap::new();
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(if n == 0 { "date" } else { "retry-after" }, value);
        }
    }
    for now in [OffsetDateTime::UNIX_EPOCH, OffsetDateTime::UNIX_EPOCH + Span::days(20_000)] {
        let wait = protocol::retry_after(&headers, now, cap);
        assert!(wait.is_none_or(|wait| wait <= cap), "a wait beyond the cap");
    }
}

/// Reads the bytes as the answer of an introspection endpoint. Only a boolean says whether a token is active.
#[cfg(feature = "introspection")]
pub fn introspection(bytes: &[u8]) {
    let provider = crate::Provider::new("https://a.example/authorize", "https://a.example/token");
    let Ok(provider) = provider else { return };
    let headers = HeaderMap::new();
    for status in [200, 401, 503] {
        let reply = protocol::RawReply { status, headers: &headers, body: bytes };
        let read = protocol::read_introspection(&provider, &reply, OffsetDateTime::UNIX_EPOCH);
        if let Ok((active, members)) = read {
            assert!(status == 200 && members.get("active") == Some(&Value::Bool(active)));
        }
    }
}

/// Reads the bytes as what a store holds under a [`SealedBackend`](crate::backend::SealedBackend). Only the
/// record that was sealed is ever opened.
#[cfg(feature = "encryption")]
pub fn sealed(bytes: &[u8]) {
    use crate::backend::{MemoryBackend, SealedBackend, SealingKey, TokenBackend};
    let Ok(record) = Record::from_json(bytes) else { return };
    let store = MemoryBackend::new();
    if store.save(&record).is_err() {
        return;
    }
    let store = SealedBackend::new(store, SealingKey::new([7; 32]));
    if let Ok(Some(opened)) = store.load() {
        assert!(
            opened.token().access_token().expose() == "sealed at",
            "a record that nobody sealed"
        );
    }
}

/// Reads the bytes as answers and webhooks of the three services. A value that was read can be written
/// and read again.
#[cfg(all(feature = "teamleader", feature = "exact-online", feature = "shell-ev"))]
pub fn vendors(bytes: &[u8]) {
    use crate::{exact_online, shell_ev, teamleader};

    fn read<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
        let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
        let Ok(written) = serde_json::to_vec(&value) else { return };
        assert!(serde_json::from_slice::<T>(&written).is_ok(), "what was written cannot be read");
    }
    read::<teamleader::invoices::Invoice>(bytes);
    read::<teamleader::contacts::Contact>(bytes);
    read::<teamleader::deals::Deal>(bytes);
    read::<exact_online::Account>(bytes);
    read::<exact_online::SalesInvoice>(bytes);
    read::<shell_ev::Session>(bytes);
    read::<shell_ev::Tariff>(bytes);
    let _ = teamleader::webhooks::WebhookEvent::parse(bytes);
    let secret = crate::Secret::new("sesame");
    let forged = exact_online::webhooks::verify(bytes, &secret);
    assert!(!matches!(forged, Ok(Some(_))), "an event without a signature");
    let text = String::from_utf8_lossy(bytes);
    if let Ok(number) = text.parse::<crate::sdk::decimal::Decimal>() {
        let again = number.to_string().parse();
        assert!(again == Ok(number), "a number that changed on the way");
    }
}

#[cfg(test)]
mod tests {
    use super::feed::fed;
    use super::*;

    fn texts(seeds: &[&str]) -> Vec<Vec<u8>> {
        seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
    }

    #[test]
    fn any_bytes_are_read_as_a_stored_token() {
        let seeds = texts(&[
            r#"{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":899,"expiry":1795200000}"#,
            r#"{"access_token":"a","expires_at":"2026-11-20T21:00:00+01:00","scope":["x","y"]}"#,
            r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#,
            r#"{"access_token":"a","expires_at":1.7952e9,"obtained_at":"2026-11-20 21:00:00"}"#,
        ]);
        fed("import", import, &seeds, 6000);
    }

    #[cfg(feature = "dotenv")]
    #[test]
    fn any_bytes_are_read_as_a_dotenv_file() {
        let seeds = texts(&[
            "A_CLIENT_ID=app\nexport A_SECRET='x y' # no\nB=\"${A_CLIENT_ID}\\n\"\n\n# c\nC",
        ]);
        fed("dotenv", dotenv, &seeds, 3000);
    }

    #[test]
    fn any_bytes_are_read_as_the_host_of_a_login() {
        let seeds = texts(&[
            r#"{"api":{"url":"https://eu.a.example/x"},"api.url":"shop"}"#,
            "https://eu.a.example/x?y#z",
            "https://a.example@c.example/",
            "https://b.example:8443\\@c.example",
            "shop-1",
        ]);
        fed("login_host", login_host, &seeds, 6000);
    }

    #[test]
    fn any_bytes_are_read_for_an_answer_rule() {
        let seeds = texts(&[
            "error\ntoken_expired\n{\"ok\":false,\"error\":\"token_expired\"}",
            "a.b[0].c\n3\n{\"a\":{\"b\":[{\"c\":3}]}}",
        ]);
        fed("answer_rule", answer_rule, &seeds, 3000);
    }

    #[test]
    fn any_bytes_are_read_as_a_wait() {
        let seeds = texts(&[
            "Fri, 20 Nov 2026 21:00:00 GMT\nFri, 20 Nov 2026 22:00:00 GMT\n120",
            "Friday, 20-Nov-26 21:00:00 GMT\nFri Nov 20 21:00:00 2026\n18446744073709551616",
        ]);
        fed("retry_after", retry_after, &seeds, 6000);
    }

    #[cfg(feature = "introspection")]
    #[test]
    fn any_bytes_are_read_as_an_introspection() {
        let seeds = texts(&[
            r#"{"active":true,"sub":"ada","exp":1795200000}"#,
            r#"{"error":"invalid_client","error_description":"no"}"#,
        ]);
        fed("introspection", introspection, &seeds, 3000);
    }

    #[cfg(feature = "encryption")]
    #[test]
    fn any_bytes_are_read_as_a_sealed_record() {
        use crate::backend::{MemoryBackend, SealedBackend, SealingKey, TokenBackend};
        let store = SealedBackend::new(MemoryBackend::new(), SealingKey::new([7; 32]));
        let record = Record::from(Token::new("sealed at").with_refresh_token("rt"));
        store.save(&record).unwrap();
        let carrier = store.store().load().unwrap().unwrap().to_json().unwrap();
        sealed(&carrier);
        fed("sealed", sealed, &[carrier, record.to_json().unwrap()], 3000);
    }

    #[cfg(all(feature = "teamleader", feature = "exact-online", feature = "shell-ev"))]
    #[test]
    fn any_bytes_are_read_as_answers_of_the_three_services() {
        let seeds = texts(&[
            r#"{"id":"2da4","status":"draft","total":{"payable":{"amount":12.50,"currency":"EUR"}},"due_on":"2026-11-20","invoicee":{"name":"A","vat_number":null},"tags":["x"],"later":[1]}"#,
            r#"{"ID":"a1b2c3d4-0000-0000-0000-000000000000","Name":"A","Modified":"/Date(1763672400000)/","AmountDC":1e2}"#,
            r#"{"id":"s","userId":"u","startedAt":"2026-11-20T21:00:00Z","state":{"status":"started"},"price":0.1}"#,
            r#"{"subject":{"type":"invoice","id":"2da4"},"type":"invoice.booked","account":{"type":"account","id":"1"}}"#,
            r#"{"Content":{"Topic":"Items","Action":"Update","Division":1,"Key":"k","ExactOnlineEndpoint":"e","EventCreatedOn":"2026-11-20T21:00:00"},"HashCode":"AB"}"#,
            "-12345678901234567890.1234567890e-7",
        ]);
        assert!(serde_json::from_slice::<crate::teamleader::invoices::Invoice>(&seeds[0]).is_ok());
        assert!(serde_json::from_slice::<crate::exact_online::Account>(&seeds[1]).is_ok());
        assert!(serde_json::from_slice::<crate::shell_ev::Session>(&seeds[2]).is_ok());
        assert!(crate::teamleader::webhooks::WebhookEvent::parse(&seeds[3]).is_ok());
        fed("vendors", vendors, &seeds, 3000);
    }
}
