//! The requests of a browser to the listener, and the pages that answer them.

use url::Url;

use super::comes_here;

/// The largest number of bytes that are read of a request: its head and its form. A browser sends the
/// cookies of all programs on `localhost` along, whatever their port.
pub(super) const HEAD_LIMIT: usize = 256 << 10;

/// The largest number of bytes of a posted form.
const FORM_LIMIT: usize = 64 << 10;

/// The head of a request, as far as it has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The rest of the head has not arrived yet.
    Incomplete,
    /// A request that the listener does not serve, with the status of the answer.
    Bad(u16),
    /// A GET of this path and query; or the path of a posted form, with the form in place of the query
    /// (`response_mode=form_post`, OAuth 2.0 Form Post Response Mode section 2).
    Get(String),
}

/// Reads the head of a request.
pub(super) fn read_head(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) if bytes.len() >= HEAD_LIMIT => Head::Bad(431),
        Ok(httparse::Status::Partial) => Head::Incomplete,
        Err(_) => Head::Bad(400),
        // Refuse a web page whose host name resolves to this machine (DNS rebinding).
        Ok(httparse::Status::Complete(_)) if !is_here(&request) => Head::Bad(400),
        Ok(httparse::Status::Complete(length)) => match (request.method, request.path) {
            (Some("GET"), Some(path)) => Head::Get(path.to_owned()),
            (Some("POST"), Some(path)) if is_form(&request) => {
                posted(path, &request, &bytes[length..])
            }
            _ => Head::Bad(405),
        },
    }
}

fn is_form(request: &httparse::Request<'_, '_>) -> bool {
    let kind = header(request, "content-type").unwrap_or_default();
    let kind = crate::substring::before(kind, ';').trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The first header of this name, if it is text.
fn header<'a>(request: &httparse::Request<'_, 'a>, name: &str) -> Option<&'a str> {
    let mut headers = request.headers.iter();
    let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(found.value).ok()
}

/// Reads a posted form, as far as it has arrived.
fn posted(path: &str, request: &httparse::Request<'_, '_>, body: &[u8]) -> Head {
    let length =
        header(request, "content-length").and_then(|text| text.trim().parse::<usize>().ok());
    let Some(length) = length else { return Head::Bad(411) };
    if length > FORM_LIMIT {
        return Head::Bad(413);
    }
    let Some(form) = body.get(..length) else { return Head::Incomplete };
    let path = crate::substring::before(path, '?');
    match std::str::from_utf8(form) {
        Ok(form)
            if !form.contains(['?', '#']) && form.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Head::Get(format!("{path}?{form}"))
        }
        _ => Head::Bad(400),
    }
}

/// Whether the request names a loopback host, or no host.
fn is_here(request: &httparse::Request<'_, '_>) -> bool {
    let mut hosts = request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("host"));
    hosts.all(|header| {
        let host = std::str::from_utf8(header.value).unwrap_or_default();
        Url::parse(&format!("http://{host}/")).is_ok_and(|url| comes_here(&url))
    })
}

/// The page that the person sees.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Logged in.
    Done,
    /// The login failed; the terminal says why.
    Failed,
    /// The request does not belong to this login.
    NotOurs(String),
    /// The listener does not serve this request; the answer has this status.
    Nothing(u16),
}

impl Answer {
    /// The whole answer: a plain page that loads nothing and shows nothing of the request, with headers
    /// that keep its address out of caches and referrers (RFC 6749 section 3.1.2.5).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (status, text) = match self {
            Answer::Done => (200, "You are logged in. This window can be closed."),
            Answer::Failed => (400, "The login failed. The program that started it says why."),
            Answer::NotOurs(why) => (400, why.as_str()),
            Answer::Nothing(status) => (*status, "There is nothing here."),
        };
        let reason = match status {
            200 => "OK",
            404 => "Not Found",
            405 => "Method Not Allowed",
            411 => "Length Required",
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            _ => "Bad Request",
        };
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{text}</title>\
             <p>{text}</p></html>\n"
        );
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'\r\n\r\n{page}",
            page.len()
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_its_head() {
        let whole = b"GET /callback?code=c&state=s HTTP/1.1\r\nHost: localhost:9999\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(read_head(&whole[..end]), Head::Incomplete, "{end}");
        }
        assert_eq!(read_head(whole), Head::Get("/callback?code=c&state=s".to_owned()));
        assert_eq!(read_head(b"POST /callback HTTP/1.1\r\n\r\n"), Head::Bad(405));
        let form = |kind: &str, length: &str, form: &str| {
            let head = format!(
                "POST /callback?a=1 HTTP/1.1\r\nContent-Type: {kind}\r\n{length}\r\n{form}"
            );
            read_head(head.as_bytes())
        };
        let urlencoded = "application/x-www-form-urlencoded; charset=utf-8";
        let got = Head::Get("/callback?code=c&state=s".to_owned());
        assert_eq!(form(urlencoded, "Content-Length: 14\r\n", "code=c&state=s"), got);
        assert_eq!(form(urlencoded, "Content-Length: 14\r\n", "code=c&state="), Head::Incomplete);
        assert_eq!(form(urlencoded, "Content-Length: 9\r\n", "code=c d&"), Head::Bad(400));
        assert_eq!(form(urlencoded, "", "code=c&state=s"), Head::Bad(411));
        assert_eq!(form(urlencoded, "Content-Length: 99999\r\n", ""), Head::Bad(413));
        assert_eq!(form("text/plain", "Content-Length: 14\r\n", "code=c&state=s"), Head::Bad(405));
        for (host, here) in [
            ("127.0.0.1:80", true),
            ("[::1]:8080", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
            ("a b", false),
        ] {
            let read = read_head(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
            let expected = if here { Head::Get("/x".to_owned()) } else { Head::Bad(400) };
            assert_eq!(read, expected, "{host}");
        }
        assert_eq!(read_head(b"\x16\x03\x01\x02\x00\x01\x00"), Head::Bad(400), "TLS");
        let long = [b"GET /".as_slice(), &[b'a'; HEAD_LIMIT]].concat();
        assert_eq!(read_head(&long), Head::Bad(431));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let whole = b"GET /callback?code=c&state=s HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n";
        for _ in 0..20_000 {
            let mut bytes = whole.to_vec();
            for _ in 0..1 + state % 5 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = state as usize % bytes.len();
                bytes[at] = (state >> 32) as u8;
            }
            let _ = read_head(&bytes);
        }
    }

    #[test]
    fn a_page_shows_nothing_of_the_request_and_loads_nothing() {
        for answer in [Answer::Done, Answer::Failed, Answer::Nothing(404)] {
            let page = String::from_utf8(answer.to_bytes()).unwrap_or_default();
            assert!(page.contains("no-store") && page.contains("no-referrer"));
            assert!(!page.contains("src=") && !page.contains("href=") && !page.contains("://"));
        }
    }
}
