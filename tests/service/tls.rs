//! Tests of TLS: the server's certificate is verified, and the client authenticates with its own certificate
//! (RFC 8705).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use evergrant::provider::{ClientAuth, Rotation};
use evergrant::{Client, ClientBuilder, Credentials, Error, MemoryBackend, Provider, Token};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

const AUTHORITY: &[u8] = include_bytes!("../keys/tls/authority.pem");
const SERVER: (&[u8], &[u8]) =
    (include_bytes!("../keys/tls/server.pem"), include_bytes!("../keys/tls/server.key"));
const CLIENT: (&[u8], &[u8]) =
    (include_bytes!("../keys/tls/client.pem"), include_bytes!("../keys/tls/client.key"));

/// A server that issues a token at `/token`, and says at `/me` whether the client sent a certificate.
struct Server {
    port: u16,
    /// The requests, and whether each came with the client's certificate.
    seen: Arc<Mutex<Vec<(String, bool)>>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Server {
    fn start() -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(AUTHORITY).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let verifier = verifier.allow_unauthenticated().build().unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(SERVER.0).unwrap()],
                PrivateKeyDer::from_pem_slice(SERVER.1).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, stopping) = <(Arc<Mutex<Vec<_>>>, Arc<AtomicBool>)>::default();
        let (log, stop) = (seen.clone(), stopping.clone());
        let accepting = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (config, log) = (config.clone(), log.clone());
                // A client that does not trust the server closes the connection in the handshake.
                thread::spawn(move || drop(serve(config, stream, &log)));
            }
        });
        Server { port, seen, stopping, accepting: Some(accepting) }
    }

    fn provider(&self) -> Provider {
        let base = format!("https://localhost:{}", self.port);
        Provider::builder("tls")
            .token_endpoint(format!("{base}/token"))
            .api_base(base)
            .client_auth(ClientAuth::Certificate)
            .rotation(Rotation::Strict)
            .build()
            .unwrap()
    }

    fn seen(&self) -> Vec<(String, bool)> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.accepting.take().unwrap().join();
    }
}

fn serve(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    log: &Mutex<Vec<(String, bool)>>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            head.push_str(&std::mem::take(&mut line));
        }
        if head.is_empty() {
            return Ok(());
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let known = reader.get_ref().conn.peer_certificates().is_some();
        let is_token = head.starts_with("POST /token");
        log.lock().unwrap().push((head + &String::from_utf8_lossy(&body), known));
        let answer = match (is_token, known) {
            (true, true) => {
                r#"{"access_token":"at-2","token_type":"Bearer","refresh_token":"rt-2"}"#
            }
            (true, false) => r#"{"error":"invalid_client"}"#,
            (false, _) => "{}",
        };
        let status = if known { "200 OK" } else { "401 Unauthorized" };
        let length = answer.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
        let stream = reader.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
    }
}

fn builder(provider: Provider) -> ClientBuilder {
    Client::builder(provider, Credentials::public("app"), MemoryBackend::new()).retries(0)
}

/// Makes a client that trusts the test's authority, and sends a certificate if `with_certificate`.
fn trusting(builder: ClientBuilder, with_certificate: bool) -> Client {
    let builder = builder.http(move |config| {
        let authority = Certificate::from_pem(AUTHORITY).unwrap();
        let own = with_certificate.then(|| {
            let chain = [Certificate::from_pem(CLIENT.0).unwrap()];
            ClientCert::new_with_certs(&chain, PrivateKey::from_pem(CLIENT.1).unwrap())
        });
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[authority]))
            .client_cert(own)
            .build();
        config.tls_config(tls)
    });
    builder.build()
}

fn seeded(client: &Client) {
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
}

#[test]
fn a_server_with_an_untrusted_certificate_gets_no_token() {
    let server = Server::start();
    let client = builder(server.provider()).build();
    seeded(&client);
    for error in [client.get("/me").call().unwrap_err(), client.refresh().unwrap_err()] {
        assert!(matches!(error, Error::Transport(_)), "{error:?}");
        assert!(!error.is_transient(), "no later call trusts the authority: {error:?}");
    }
    // A host that is not in the certificate is also an error.
    let address = format!("https://127.0.0.2:{}/token", server.port);
    let elsewhere = server.provider().to_builder().token_endpoint(address).build().unwrap();
    let client = trusting(builder(elsewhere), true);
    seeded(&client);
    assert!(matches!(client.refresh().unwrap_err(), Error::Transport(_)));
    assert!(server.seen().is_empty(), "nothing was sent");
    assert!(client.stored().unwrap().unwrap().note().is_none());
}

#[test]
fn a_certificate_authenticates_the_client_in_token_requests_and_at_the_api() {
    let server = Server::start();
    let client = trusting(builder(server.provider()), true);
    seeded(&client);
    client.refresh().unwrap();
    assert_eq!(client.get("/me").call().unwrap().status(), 200);
    let seen = server.seen();
    assert!(seen.iter().all(|(_, known)| *known) && seen.len() == 2, "{seen:?}");
    let (request, _) = &seen[0];
    assert!(request.ends_with("grant_type=refresh_token&refresh_token=rt-1&client_id=app"));
    assert!(!request.to_ascii_lowercase().contains("authorization:"), "{request}");
    // With a certificate, the client credentials grant needs no secret.
    let own = trusting(builder(server.provider()).client_credentials(&["read"]), true);
    own.access_token().unwrap();
    let (request, _) = server.seen().pop().unwrap();
    assert!(request.ends_with("grant_type=client_credentials&scope=read&client_id=app"));
}

#[test]
fn without_its_certificate_a_client_is_refused_and_keeps_its_login() {
    let server = Server::start();
    let client = trusting(builder(server.provider()), false);
    seeded(&client);
    let error = client.refresh().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    assert!(client.stored().unwrap().unwrap().token().refresh_token().is_some());
    assert!(!error.needs_authorization());
}
