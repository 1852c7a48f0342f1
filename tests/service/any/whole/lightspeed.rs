//! Lightspeed Retail X from the login to the refusal. The callback names the first part of the host of
//! the token endpoint and of the API, so a proxy of the test plays every host, over TLS.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use evergrant::provider::{ClientAuth, LoginHost, Pkce, Rotation};
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::Asked;

/// The requests that came through the proxy: host and request.
type Seen = Arc<Mutex<Vec<(String, String)>>>;
/// The answers, in their order.
type Answers = Arc<Mutex<VecDeque<(&'static str, &'static str)>>>;

struct Proxy {
    port: u16,
    seen: Seen,
    answers: Answers,
    stopping: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    fn start() -> Proxy {
        let chain = vec![
            CertificateDer::from_pem_slice(include_bytes!("../../../keys/tls/server.pem")).unwrap(),
        ];
        let key = include_bytes!("../../../keys/tls/server.key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key).unwrap())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, answers) = (Seen::default(), Answers::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let (log, next, stop) = (seen.clone(), answers.clone(), stopping.clone());
        let accepting = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (config, log, next) = (config.clone(), log.clone(), next.clone());
                thread::spawn(move || drop(serve(config, stream, &log, &next)));
            }
        });
        Proxy { port, seen, answers, stopping, accepting: Some(accepting) }
    }

    fn next(&self, answers: &[(&'static str, &'static str)]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Returns the requests so far, and removes them from the list.
    fn seen(&self) -> Vec<(String, Asked)> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.into_iter().map(|(host, request)| (host, Asked::read(&request))).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.accepting.take().unwrap().join();
    }
}

fn head(reader: &mut impl BufRead) -> std::io::Result<String> {
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line)? > 2 {
        head.push_str(&std::mem::take(&mut line));
    }
    Ok(head)
}

fn serve(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    seen: &Seen,
    answers: &Answers,
) -> std::io::Result<()> {
    let mut plain = BufReader::new(stream);
    let connect = head(&mut plain)?;
    let host = connect.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut stream = plain.into_inner();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let head = head(&mut reader)?;
        if head.is_empty() {
            return Ok(());
        }
        let length = super::super::header(&head, "content-length");
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let request = format!("{head}\r\n{}", String::from_utf8_lossy(&body));
        seen.lock().unwrap().push((host.clone(), request));
        let (status, body) = answers.lock().unwrap().pop_front().unwrap_or(("500 x", "{}"));
        let kind = "Content-Type: application/json";
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}");
        reader.get_mut().write_all(answer.as_bytes())?;
        reader.get_mut().flush()?;
    }
}

fn client(proxy: &Proxy) -> Client {
    let shop = || LoginHost::label("domain_prefix", "retail.lightspeed.app");
    let row = Provider::builder("lightspeed_x")
        .authorization_endpoint("https://secure.retail.lightspeed.app/connect")
        .token_endpoint("https://x.retail.lightspeed.app/api/1.0/token")
        .client_auth(ClientAuth::Body)
        .pkce(Pkce::Off)
        .token_host_from(shop())
        .api_base_from(shop().path("/api/2.0"))
        .rotation(Rotation::Strict);
    let credentials = Credentials::new("app", "sesame").with_redirect_uri("https://app.example/cb");
    let address = format!("http://127.0.0.1:{}", proxy.port);
    Client::builder(row.build().unwrap(), credentials, MemoryBackend::new())
        .http(move |config| {
            // The proxy's certificate is only for `localhost`.
            let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
            config.proxy(Some(ureq::Proxy::new(&address).unwrap())).tls_config(tls)
        })
        .build()
}

#[test]
fn a_shop_of_lightspeed_is_the_host_of_all_its_requests() {
    let proxy = Proxy::start();
    let client = client(&proxy);
    // If the callback names a host that is not a shop, the client sends no code.
    for shop in ["evil.example/", "a.b", "x@evil", ""] {
        let login = client.authorize(&[]).unwrap();
        let state = login.state().expose().to_owned();
        let error =
            client.exchange(login, &format!("?code=c-1&domain_prefix={shop}&state={state}"));
        assert!(matches!(error, Err(Error::Config(_) | Error::Callback(_))), "{shop}: {error:?}");
    }
    assert!(proxy.seen().is_empty());

    proxy.next(&[
        ("200 OK", r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":86400}"#),
        ("200 OK", r#"{"n":1}"#),
        ("401 Unauthorized", r#"{"error":"invalid_token"}"#),
        ("200 OK", r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":86400}"#),
        ("200 OK", r#"{"n":2}"#),
    ]);
    let login = client.authorize(&[]).unwrap();
    assert!(!login.url().contains("code_challenge"));
    let state = login.state().expose().to_owned();
    client.exchange(login, &format!("?code=c-1&domain_prefix=shop&state={state}")).unwrap();
    for n in 1..=2 {
        let answer: Value = client.get("/products").read_json().unwrap();
        assert_eq!(answer["n"], n);
    }
    let seen = proxy.seen();
    assert!(seen.iter().all(|(host, _)| host == "shop.retail.lightspeed.app:443"));
    let asked: Vec<_> = seen.iter().map(|(_, asked)| (&*asked.method, &*asked.path)).collect();
    let (token, products) = (("POST", "/api/1.0/token"), ("GET", "/api/2.0/products"));
    assert_eq!(asked, [token, products, products, token, products]);
    let of = |at: usize| &seen[at].1;
    assert!(
        of(0).by_body() && of(0).is("code", "c-1") && of(0).is("grant_type", "authorization_code")
    );
    assert!(of(1).is_bearer("at-1") && of(2).is_bearer("at-1") && of(4).is_bearer("at-2"));
    assert!(of(3).by_body() && of(3).is("refresh_token", "rt-1"));

    // The refusal comes from the same host, and the login stays in the store.
    proxy.next(&[("400 Bad Request", r#"{"error":"invalid_grant"}"#)]);
    let error = client.refresh().unwrap_err();
    assert!(error.needs_authorization(), "{error:?}");
    let (host, refused) = proxy.seen().remove(0);
    assert_eq!(host, "shop.retail.lightspeed.app:443");
    assert!(refused.is("refresh_token", "rt-2"));
    let stored = client.stored().unwrap().unwrap();
    assert_eq!(stored.token().extra()["domain_prefix"], "shop");
}
