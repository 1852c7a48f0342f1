//! Tests of an API whose address comes from a stranger: the API must not lead the client to a private
//! address. A proxy on loopback plays the public host of the API.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use evergrant::discovery::{Connect, ResourceDiscovery};
use evergrant::registration::{ClientMetadata, RegistrationStore};
use evergrant::{Credentials, Error, MemoryBackend};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use ureq::config::ConfigBuilder;
use ureq::tls::TlsConfig;
use ureq::typestate::AgentScope;

const API: &str = "https://api.example/mcp";
const WHERE: &str = "/.well-known/oauth-protected-resource/mcp";

/// The answer of a host: the address, the status with further headers, and the body.
type Answer = (&'static str, &'static str, String);

/// A proxy that answers in the place of every host. Dropping the value stops the proxy.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    fn start(answers: Vec<Answer>) -> Proxy {
        let certificate = include_bytes!("../keys/tls/server.pem");
        let key = include_bytes!("../keys/tls/server.key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate).unwrap()],
                PrivateKeyDer::from_pem_slice(key).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, stopping) = <(Arc<Mutex<Vec<_>>>, Arc<AtomicBool>)>::default();
        let (config, answers) = (Arc::new(config), Arc::new(answers));
        let (log, stop) = (asked.clone(), stopping.clone());
        let accepting = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (config, answers, log) = (config.clone(), answers.clone(), log.clone());
                thread::spawn(move || drop(serve(stream, config, &answers, &log)));
            }
        });
        Proxy { port, asked, stopping, accepting: Some(accepting) }
    }

    /// The addresses of all requests.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn config(&self) -> impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + use<> {
        let proxy = ureq::Proxy::new(&format!("http://127.0.0.1:{}", self.port)).unwrap();
        move |config| {
            let tls = TlsConfig::builder().disable_verification(true).build();
            config.proxy(Some(proxy.clone())).tls_config(tls)
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.accepting.take().unwrap().join();
    }
}

/// Answers one request in a tunnel.
fn serve(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    answers: &[Answer],
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let connect = head(&mut stream)?;
    let host = connect.split_whitespace().nth(1).unwrap_or_default().trim_end_matches(":443");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut inside = StreamOwned::new(connection, stream);
    let request = head(&mut inside)?;
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let address = format!("https://{host}{path}");
    asked.lock().unwrap().push(address.clone());
    let known = answers.iter().find(|(at, ..)| *at == address);
    let (head, body) = known.map_or(("404 Not Found\r\n", ""), |(_, head, body)| (*head, body));
    let length = body.len();
    write!(inside, "HTTP/1.1 {head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
    inside.conn.send_close_notify();
    inside.flush()
}

fn head(stream: &mut impl Read) -> std::io::Result<String> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn document(server: &str) -> Answer {
    let text = format!(r#"{{"resource":"{API}","authorization_servers":["{server}"]}}"#);
    ("https://api.example/.well-known/oauth-protected-resource/mcp", "200 OK\r\n", text)
}

/// The metadata of an authorization server with its registration endpoint.
fn server(registration: &str) -> Answer {
    let text = format!(
        r#"{{"issuer":"https://as.example","token_endpoint":"https://as.example/token",
        "registration_endpoint":"{registration}"}}"#
    );
    ("https://as.example/.well-known/openid-configuration", "200 OK\r\n", text)
}

fn connect(proxy: &Proxy) -> Connect {
    Connect::to(API).http(proxy.config()).credentials(Credentials::public("app"))
}

#[test]
fn a_public_api_is_found_through_a_proxy() {
    let proxy = Proxy::start(vec![document("https://as.example"), server("https://as.example/r")]);
    let connection = connect(&proxy).public_only().discover().unwrap();
    assert_eq!(connection.provider().issuer(), Some("https://as.example"));
    assert_eq!(proxy.asked()[1], format!("https://api.example{WHERE}"));
}

#[test]
fn an_api_does_not_lead_to_a_private_authorization_server() {
    let proxy = Proxy::start(vec![document("https://10.0.0.1")]);
    let discovery = || ResourceDiscovery::new(API).http(proxy.config());
    assert_eq!(discovery().metadata().unwrap().authorization_servers(), ["https://10.0.0.1"]);
    for error in [
        discovery().public_only().metadata().unwrap_err(),
        connect(&proxy).public_only().discover().unwrap_err(),
        connect(&proxy)
            .public_only()
            .authorization_server("https://10.0.0.1")
            .discover()
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), "decode");
        assert!(format!("{error:#}").contains("authorization_servers: 10.0.0.1"), "{error:#}");
    }
    assert!(proxy.asked().iter().all(|address| address.starts_with("https://api.example/")));
}

#[test]
fn a_challenge_does_not_lead_to_a_private_address() {
    let head =
        "401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata=\"https://10.0.0.1/m\"\r\n";
    let proxy = Proxy::start(vec![(API, head, String::new())]);
    let error = connect(&proxy).public_only().discover().unwrap_err();
    assert!(matches!(&error, Error::Config(text) if text.contains("10.0.0.1")), "{error}");
    assert_eq!(proxy.asked(), [API]);
}

#[test]
fn an_authorization_server_does_not_lead_to_a_private_address() {
    let proxy = Proxy::start(vec![document("https://as.example"), server("https://10.0.0.1/r")]);
    let register = || {
        let store = RegistrationStore::new(MemoryBackend::new());
        let connect = Connect::to(API).http(proxy.config());
        connect.register(store, ClientMetadata::native("Test"))
    };
    let error = register().public_only().discover().unwrap_err();
    assert!(format!("{error:#}").contains("registration_endpoint: 10.0.0.1"), "{error:#}");
    assert!(!proxy.asked().iter().any(|address| address.contains("10.0.0.1")));
    // The metadata that an earlier run kept is checked too.
    let folder = evergrant::sandbox::Sandbox::start().unwrap();
    let file = folder.folder().join("kept");
    connect(&proxy).cache_file(&file).discover().unwrap();
    proxy.asked();
    connect(&proxy).cache_file(&file).discover().unwrap();
    assert_eq!(proxy.asked(), [""; 0]);
    let error = connect(&proxy).cache_file(&file).public_only().discover().unwrap_err();
    assert!(format!("{error:#}").contains("10.0.0.1"), "{error:#}");
}
