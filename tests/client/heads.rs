//! Tests of answers to a refresh whose head is not well formed, or whose body is not as its head says. The
//! service accepts each refresh token once, so a refused answer would cost the login.

use evergrant::provider::{ProviderBuilder, Rotation};
use evergrant::{Client, Error};

use crate::support::{Fake, provider_at, rt, stranger};

const TOKEN: &str = r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}"#;
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// Sends `answer` to a refresh and closes the connection.
fn answered(
    answer: Vec<u8>,
    change: fn(ProviderBuilder) -> ProviderBuilder,
) -> (Client, Option<Error>) {
    let server = Fake::start(move |peer| {
        peer.request();
        peer.write(&answer);
        peer.close();
    });
    // The request is not repeated while the old access token may work.
    let provider = provider_at(&server.url()).rotation(Rotation::StrictFamily);
    let client = stranger(change(provider.ends_access_token(false)).build().unwrap());
    let error = client.refresh().err();
    (client, error)
}

fn assert_kept(answer: &str) {
    let (client, error) = answered(answer.as_bytes().to_vec(), |provider| provider);
    let stored = client.stored().unwrap().unwrap();
    let start: String = answer.chars().take(80).collect();
    assert_eq!(rt(stored.token()), "rt-2", "{start:?}: {error:?}");
}

#[test]
fn a_flaw_in_a_head_does_not_cost_the_token() {
    let plain = format!("Content-Length: {}\r\n\r\n{TOKEN}", TOKEN.len());
    let cookies: String = (0..300).map(|n| format!("Set-Cookie: c{n}=1\r\n")).collect();
    let long = format!("X: {}\r\n", "x".repeat(80 << 10));
    for line in [
        "",
        &cookies,
        &long,
        "X Powered: a\r\n",
        "X-A : a\r\n",
        "no colon\r\n",
        "X-A: a\u{1}b\r\n",
        "X-Ä: Ä\r\n",
        "X-A: a\r\n b: c\r\n",
        "Transfer-Encoding: identity\r\n",
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: utf-8\r\n",
        "Content-Length: \r\n",
        "Content-Length: all\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 7\r\n",
    ] {
        assert_kept(&format!("HTTP/1.1 200 OK\r\n{line}{plain}"));
    }
    for status in [
        "HTTP/1.1 200",
        "HTTP/1.1 200 \u{1}Ä",
        "HTTP/1.2 200 OK",
        "HTTP/2 200",
        "\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 100 Continue\r\nDate: x\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK",
    ] {
        assert_kept(&format!("{status}\r\n{plain}"));
        assert_kept(&format!("{status}\r\n{plain}").replace("\r\n", "\n"));
    }
}

#[test]
fn a_body_unlike_its_head_does_not_cost_the_token() {
    let chunks = format!("{:x} ;a=b\r\n{TOKEN}\r\n0\r\n\r\n", TOKEN.len());
    for lines in [CHUNKED, &CHUNKED.repeat(2), &CHUNKED.replace("chunked", "gzip, Chunked")] {
        assert_kept(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n{chunks}"));
    }
    assert_kept(&format!("HTTP/1.0 200 OK\r\n{CHUNKED}\r\n{chunks}"));
    assert_kept(&format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{CHUNKED}\r\n{chunks}"));
    assert_kept(&format!("HTTP/1.1 200 OK\r\n{CHUNKED}\r\n{TOKEN}"));
    // The connection closes before the announced end.
    let unended = chunks.strip_suffix("0\r\n\r\n").unwrap();
    assert_kept(&format!("HTTP/1.1 200 OK\r\n{CHUNKED}\r\n{unended}"));
    for body in [TOKEN, &format!("\u{feff}{TOKEN}"), &format!("[{TOKEN}]")] {
        assert_kept(&format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{body}"));
        let short = body.len() - 3;
        assert_kept(&format!("HTTP/1.1 200 OK\r\nContent-Length: {short}\r\n\r\n{body}"));
    }
    // .NET's `Encoding.Unicode` is UTF-16 with a mark.
    let wide = format!("\u{feff}{TOKEN}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (client, error) =
        answered([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), wide].concat(), |provider| provider);
    assert_eq!(rt(client.stored().unwrap().unwrap().token()), "rt-2", "{error:?}");
}

/// The data in gzip's form (RFC 1952), without compression (RFC 1951 section 3.2.4).
fn gzip(data: &str) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let crc = data.bytes().fold(!0_u32, |crc, byte| {
        let shift = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        (0..8).fold(crc ^ u32::from(byte), shift)
    });
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    bytes.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
    bytes.extend(data.as_bytes());
    bytes.extend([(!crc).to_le_bytes(), u32::from(length).to_le_bytes()].concat());
    bytes
}

#[test]
fn a_compressed_answer_is_read_whatever_its_head_says() {
    for lines in [
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: GZIP\r\n",
        "Content-Encoding: x-gzip\r\n",
        "Content-Encoding: utf-8\r\nContent-Encoding: gzip\r\n",
        "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "",
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes();
        let (client, error) = answered([head, gzip(TOKEN)].concat(), |provider| provider);
        let stored = client.stored().unwrap().unwrap();
        assert_eq!(rt(stored.token()), "rt-2", "{lines:?}: {error:?}");
    }
}

#[test]
fn whole_json_before_the_announced_end_is_an_answer() {
    let cut = |body: &str| {
        let answer = format!("HTTP/1.1 400 Bad\r\nContent-Length: 999\r\n\r\n{body}");
        answered(answer.into_bytes(), |provider| provider).1
    };
    let error = cut(r#"{"error":"invalid_grant"}"#);
    assert!(matches!(error, Some(Error::Reauthorize(_))), "{error:?}");
    for torn in [r#"{"error":"invalid_grant""#, "error=invalid_grant&x=y"] {
        let error = cut(torn);
        assert!(matches!(error, Some(Error::OutcomeUnknown(_))), "{torn}: {error:?}");
    }
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"access_token\":\"at-2\"}";
    let (client, error) = answered(answer.into(), |provider| provider.rotation(Rotation::None));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(client.token().unwrap().access_token().expose(), "at-2");
}
