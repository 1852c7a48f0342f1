//! TLS with a private CA, by connections of the program.

#[cfg(feature = "postgres")]
mod stream;

use std::sync::Arc;

use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::servers;
use crate::support::*;

/// A client's settings that trust this CA and no other.
fn trusts(ca: &std::path::Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// Checks that a login is refreshed on this store.
fn refreshes(store: impl TokenBackend + 'static) {
    let sandbox = Sandbox::start().unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    client.refresh().unwrap();
    assert!(sandbox.login_alive());
}

/// A folder with a CA (`ca.pem`), another CA (`other.pem`), and a server's certificate and key.
fn certificates() -> TempDir {
    let dir = servers::folder();
    let script = "
        set -e
        for ca in ca other; do
          openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj /CN=$ca -keyout $ca.key -out $ca.pem
        done
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
          -keyout server.key -out server.csr
        printf 'subjectAltName = DNS:localhost, IP:127.0.0.1' >names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
          -extfile names -out server.pem
        chmod 600 server.key";
    let mut command = servers::as_their_user("/bin/sh");
    succeeded(&command.args(["-c", script]).current_dir(dir.path()).output().unwrap());
    dir
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_reached_by_tls_with_a_private_ca() {
    use self::stream::Connector;
    use evergrant::PostgresBackend;
    if !works("openssl", &["version"]) {
        return skip("openssl is not installed");
    }
    let dir = certificates();
    let [cert, key] = ["server.pem", "server.key"].map(|name| dir.join(name).display().to_string());
    let settings = [format!("ssl_cert_file={cert}"), format!("ssl_key_file={key}")];
    let Some(server) = servers::postgres_set(&["ssl=on", &settings[0], &settings[1]]) else {
        return;
    };
    let url = server.url().replace("127.0.0.1", "localhost") + "?sslmode=require";
    // The URL alone is refused, and the error says what to do.
    let error = PostgresBackend::new(&url).unwrap_err().to_string();
    assert!(error.contains("PostgresBackend::with_connections"), "{error}");
    let open = |ca: &str| {
        let (connector, url) = (Connector(trusts(&dir.join(ca))), url.clone());
        PostgresBackend::with_connections(move || {
            postgres::Client::connect(&url, connector.clone()).map(Box::new)
        })
    };
    refreshes(open("ca.pem"));
    let sql = "SELECT count(*) FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()";
    let mut client =
        postgres::Client::connect(&url, Connector(trusts(&dir.join("ca.pem")))).unwrap();
    assert_eq!(client.query_one(sql, &[]).unwrap().get::<_, i64>(0), 1);
    let error = crate::postgres::told(open("other.pem").load());
    assert!(error.contains("certificate"), "{error}");
}

#[cfg(feature = "redis")]
#[test]
fn redis_is_reached_by_tls_with_a_private_ca() {
    use evergrant::RedisBackend;
    use std::net::{TcpListener, TcpStream};
    if !works("openssl", &["version"]) {
        return skip("openssl is not installed");
    }
    let programs = servers::redis_programs();
    // The package of Valkey that the tests use has no TLS.
    let Some(program) = programs.iter().find(|program| program.ends_with("redis-server")) else {
        return;
    };
    let dir = certificates();
    let [cert, key, ca] =
        ["server.pem", "server.key", "ca.pem"].map(|name| dir.join(name).display().to_string());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(
        "--tls-port {port} --tls-cert-file {cert} --tls-key-file {key} --tls-ca-cert-file {ca} \
         --tls-auth-clients no"
    );
    let _server = servers::redis(program, settings.leak().split(' ').collect::<Vec<_>>().leak());
    let open = |ca: &str| {
        let config = trusts(&dir.join(ca));
        RedisBackend::with_connections(move || -> Result<Secure, BoxError> {
            let name = "localhost".try_into()?;
            let tls = rustls::ClientConnection::new(config.clone(), name)?;
            let socket = TcpStream::connect(("127.0.0.1", port))?;
            Ok(Secure(rustls::StreamOwned::new(tls, socket), redis::Parser::new()))
        })
    };
    refreshes(open("ca.pem"));
    let error = open("other.pem").load().unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("certificate"), "{cause}");
}

/// A connection to Redis by TLS.
#[cfg(feature = "redis")]
struct Secure(rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream>, redis::Parser);

#[cfg(feature = "redis")]
impl redis::ConnectionLike for Secure {
    fn req_packed_command(&mut self, command: &[u8]) -> redis::RedisResult<redis::Value> {
        use std::io::Write as _;
        self.0.write_all(command)?;
        self.1.parse_value(&mut self.0)
    }
    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> redis::RedisResult<Vec<redis::Value>> {
        use std::io::Write as _;
        self.0.write_all(commands)?;
        let answers = (0..offset + count).map(|_| self.1.parse_value(&mut self.0));
        answers.collect::<Result<Vec<_>, _>>().map(|mut all| all.split_off(offset))
    }
    fn get_db(&self) -> i64 {
        0
    }
    fn check_connection(&mut self) -> bool {
        true
    }
    fn is_open(&self) -> bool {
        true
    }
}
