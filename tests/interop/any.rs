//! What a client of any service needs, against `oidc-provider` and its own pages: discovery, device,
//! signing clients, introspection, userinfo, resource indicators, form_post, mutual TLS.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant::clock::ManualClock;
use evergrant::discovery::{Discovery, Form};
use evergrant::jwt::{AssertionAudience, SigningKey};
use evergrant::provider::{ClientAuth, ProviderBuilder, Rotation};
use evergrant::{Client, ClientBuilder, Credentials, Error, MemoryBackend};
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use url::Url;

const REDIRECT_URI: &str = "http://127.0.0.1:7099/cb";
const P256: &str = include_str!("../keys/p256.pem");
const RSA: &str = include_str!("../keys/rsa2048.pem");
const ED25519: &str = include_str!("../keys/ed25519.pem");

/// A running server and a folder of its own. Both end with it.
struct Real {
    child: Child,
    /// The server writes to it now and then, and dies when nobody holds the other end.
    _output: BufReader<ChildStdout>,
    issuer: String,
    folder: PathBuf,
}

impl Real {
    /// With these variables; `None` if it is not installed.
    fn start(environment: &[(&str, &str)]) -> Option<Real> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
        if node.is_err() || !root.join(".interop/node_modules/oidc-provider").exists() {
            let missing = "oidc-provider is not installed (tests/interop/install.sh does it)";
            assert!(!super::everything_is_required(), "{missing}");
            let _ = writeln!(std::io::stderr(), "skipped: {missing}");
            return None;
        }
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evergrant-any-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (from, to) in [("authority.pem", "ca.pem"), ("server.pem", ""), ("server.key", "")] {
            let to = folder.join(if to.is_empty() { from } else { to });
            std::fs::copy(root.join("tests/keys/tls").join(from), to).unwrap();
        }
        let mut command = Command::new("node");
        command.arg(root.join("tests/interop/as.mjs")).env_remove("PORT").current_dir(&folder);
        for (name, value) in environment {
            match *name {
                "CLIENT_JWK" => {
                    std::fs::write(folder.join("client.jwk"), value).unwrap();
                    command.env(name, "client.jwk");
                }
                _ => drop(command.env(name, value)),
            }
        }
        let log = std::fs::File::create(folder.join("server.log")).unwrap();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        // It says its port when it is ready; a server that dies ends the pipe.
        let mut port = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut port).unwrap();
        let port = port.trim_end();
        assert!(!port.is_empty(), "{:?}", std::fs::read_to_string(folder.join("server.log")));
        let tls = environment.contains(&("TLS", "1"));
        let issuer = format!("{}://localhost:{port}", if tls { "https" } else { "http" });
        Some(Real { child, _output: output, issuer, folder })
    }

    /// What the server says of itself, and what it does not say.
    fn provider(&self) -> ProviderBuilder {
        let metadata = Discovery::new(&self.issuer).metadata().unwrap();
        metadata.provider().unwrap().rotation(Rotation::StrictFamily).api_base(&self.issuer)
    }

    fn builder(&self, credentials: Credentials, auth: ClientAuth) -> ClientBuilder {
        let provider = self.provider().client_auth(auth).build().unwrap();
        let credentials = credentials.with_redirect_uri(REDIRECT_URI);
        Client::builder(provider, credentials, MemoryBackend::new())
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where a walk through pages ended.
#[derive(Debug)]
enum End {
    /// The browser would go there.
    Address(String),
    /// The browser would post this form there.
    Form(String),
    /// A page without a form.
    Page(String),
}

/// Follows redirects and fills forms, as a person does who agrees, up to the redirect URI.
fn browse(start: &str) -> End {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .build()
        .into();
    let mut cookies = BTreeMap::<String, String>::new();
    let (mut url, mut form) = (Url::parse(start).unwrap(), None::<Vec<(String, String)>>);
    for _ in 0..40 {
        let jar: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut answer = match form.take() {
            None => agent.get(url.as_str()).header("Cookie", jar.join("; ")).call().unwrap(),
            Some(pairs) => {
                let request = agent.post(url.as_str()).header("Cookie", jar.join("; "));
                request.send_form(pairs).unwrap()
            }
        };
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = text.split_once('=').unwrap();
            match value {
                "" => drop(cookies.remove(name)),
                _ => drop(cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        if let Some(location) = answer.headers().get("location") {
            url = url.join(location.to_str().unwrap()).unwrap();
            if url.as_str().starts_with(REDIRECT_URI) {
                return End::Address(url.into());
            }
            continue;
        }
        let page = answer.body_mut().read_to_string().unwrap();
        let Some(start) = page.find("<form") else { return End::Page(page) };
        let end = page[start..].find("</form>").unwrap_or(page.len() - start);
        let text = &page[start..start + end];
        let action = attribute(text, "action").unwrap_or_default();
        let mut pairs = Vec::new();
        for input in text.split("<input").skip(1) {
            let input = input.split('>').next().unwrap_or_default();
            let Some(name) = attribute(input, "name") else { continue };
            let value = match name.as_str() {
                "login" => "alice".to_owned(),
                "password" => "x".to_owned(),
                _ => attribute(input, "value").unwrap_or_default(),
            };
            pairs.push((name, value));
        }
        if action.starts_with(REDIRECT_URI) {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            return End::Form(body.extend_pairs(pairs).finish());
        }
        url = url.join(&action).unwrap();
        form = Some(pairs);
    }
    panic!("no end after 40 pages: {url}");
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    let value = rest.split('"').next()?;
    let named =
        [("&#x2F;", "/"), ("&#x3D;", "="), ("&#39;", "'"), ("&quot;", "\""), ("&amp;", "&")];
    Some(named.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to)))
}

fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(pem).unwrap().with_key_id("k1")
}

#[test]
fn everything_is_found_by_the_issuer_alone() {
    let Some(server) = Real::start(&[]) else { return };
    for form in [Form::OpenId, Form::OAuth, Form::Any] {
        let metadata = Discovery::new(&server.issuer).form(form).metadata().unwrap();
        assert_eq!(metadata.issuer(), server.issuer);
    }
    let wrong = Discovery::new(format!("{}/", server.issuer)).metadata().unwrap_err();
    assert!(matches!(wrong, Error::Decode(_)), "{wrong:?}");

    let client = server.builder(Credentials::new("basic", "s3cret"), ClientAuth::Basic).build();
    let scopes = ["openid", "offline_access", "email"];
    for mode in ["query", "form_post"] {
        let params = [("prompt", "consent"), ("response_mode", mode)];
        let authorization = client.authorize_with(&scopes, &params).unwrap();
        let callback = match (mode, browse(authorization.url())) {
            ("query", End::Address(address)) => address,
            ("form_post", End::Form(body)) => body,
            (_, end) => panic!("{mode}: {end:?}"),
        };
        assert!(callback.contains("iss="), "the server names itself (RFC 9207)");
        let token = client.exchange(authorization, &callback).unwrap();
        // The nonce was checked; the claims are there.
        let claims = token.unverified_claims().unwrap().unwrap();
        assert_eq!((claims.issuer(), claims.subject()), (Some(&*server.issuer), Some("alice")));
        assert!(claims.get("nonce").is_some());
        let user = client.userinfo().unwrap();
        assert_eq!((&user["sub"], &user["email"]), (&"alice".into(), &"alice@example.test".into()));
    }
    let token = client.token().unwrap();
    let refresh_token = token.refresh_token().unwrap();
    let known = client.introspect(token.access_token(), Some("access_token")).unwrap();
    assert!(known.active() && known.client_id() == Some("basic"));
    assert!(known.scopes().any(|scope| scope == "email") && known.expires_at().is_some());
    assert!(client.introspect(refresh_token, None).unwrap().active());
    client.refresh().unwrap();
    let newest = client.token().unwrap().refresh_token().unwrap().clone();
    assert_ne!(&newest, refresh_token);
    client.revoke().unwrap();
    assert!(client.stored().unwrap().is_none());
    assert!(!client.introspect(&newest, Some("refresh_token")).unwrap().active());
    client.revoke_token(&newest, Some("refresh_token")).unwrap();
}

#[test]
fn a_device_logs_in_at_a_server_that_names_no_interval() {
    let Some(server) = Real::start(&[]) else { return };
    // The client's clock jumps: the server has none of its own for the gaps.
    let clock = Arc::new(ManualClock::new());
    for credentials in [Credentials::public("native"), Credentials::new("basic", "s3cret")] {
        let auth =
            if credentials.secret().is_some() { ClientAuth::Basic } else { ClientAuth::None };
        let client = server.builder(credentials, auth).clock(clock.clone()).build();
        let mut shown = None;
        client
            .authorize_device(&["openid", "offline_access"], |code| {
                assert_eq!(code.interval().as_secs(), 5);
                let end = browse(code.verification_uri_complete().unwrap());
                assert!(matches!(&end, End::Page(page) if page.contains("Success")), "{end:?}");
                shown = Some(code.to_string());
            })
            .unwrap();
        assert!(shown.unwrap().contains("Enter "));
        assert_eq!(client.userinfo().unwrap()["sub"], "alice");
        client.refresh().unwrap();
    }
}

#[test]
fn a_client_that_signs_is_taken_and_another_key_is_not() {
    let hmac = Credentials::new("csjwt", "a-shared-secret-of-32-bytes-or-more!");
    for (pem, pss) in [(P256, false), (RSA, false), (RSA, true), (ED25519, false)] {
        let made = || if pss { key(pem).with_pss() } else { key(pem) };
        let jwk = made().public_jwk().to_string();
        let Some(server) = Real::start(&[("CLIENT_JWK", &jwk)]) else { return };
        let client =
            server.builder(Credentials::signed("pkjwt", made()), ClientAuth::PrivateKeyJwt).build();
        let params = [("prompt", "consent")];
        let authorization = client.authorize_with(&["openid", "offline_access"], &params).unwrap();
        let End::Address(callback) = browse(authorization.url()) else { panic!() };
        client.exchange(authorization, &callback).unwrap();
        client.refresh().unwrap();
        let token = client.token().unwrap();
        assert!(client.introspect(token.access_token(), None).unwrap().active(), "{jwk}");
        client.revoke().unwrap();

        let own = |credentials: Credentials, provider: ProviderBuilder| {
            let provider = provider.build().unwrap();
            let client = Client::builder(provider, credentials, MemoryBackend::new());
            client.client_credentials(&[]).build().access_token()
        };
        let endpoint = server.provider().assertion_audience(AssertionAudience::TokenEndpoint);
        let endpoint = endpoint.assertion_type("client-authentication+jwt");
        own(Credentials::signed("pkjwt", made()), endpoint).unwrap();
        own(hmac.clone(), server.provider().client_auth(ClientAuth::SecretJwt)).unwrap();
        let other = if pem == P256 { ED25519 } else { P256 };
        let error = own(Credentials::signed("pkjwt", key(other)), server.provider()).unwrap_err();
        assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    }
}

#[test]
fn a_token_is_for_the_resource_that_was_asked_for() {
    use base64::Engine as _;
    let Some(server) = Real::start(&[]) else { return };
    let client = server.builder(Credentials::new("basic", "s3cret"), ClientAuth::Basic);
    let client =
        client.client_credentials(&["api:read"]).resource("https://api.example/v1").build();
    let token = client.access_token().unwrap();
    let claims = token.expose().split('.').nth(1).unwrap();
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims: Value = serde_json::from_slice(&base64.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["aud"], "https://api.example/v1");
    assert_eq!(claims["scope"], "api:read");
}

#[test]
fn a_certificate_is_the_clients_authentication() {
    let Some(server) = Real::start(&[("TLS", "1")]) else { return };
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/tls");
    let read = move |name: &str| std::fs::read(keys.join(name)).unwrap();
    let tls = |with_certificate: bool| {
        let own = with_certificate.then(|| {
            let chain = [Certificate::from_pem(&read("client.pem")).unwrap()];
            ClientCert::new_with_certs(&chain, PrivateKey::from_pem(&read("client.key")).unwrap())
        });
        let authority = Certificate::from_pem(&read("authority.pem")).unwrap();
        let roots = RootCerts::new_with_certs(&[authority]);
        TlsConfig::builder().root_certs(roots).client_cert(own).build()
    };
    let trusting = tls(true);
    let discovery =
        Discovery::new(&server.issuer).http(move |config| config.tls_config(trusting.clone()));
    let metadata = discovery.metadata().unwrap();
    assert_eq!(metadata.flag("tls_client_certificate_bound_access_tokens"), Some(true));
    let provider = metadata.mtls_provider().unwrap().build().unwrap();
    let client = |with_certificate: bool| {
        let tls = tls(with_certificate);
        let credentials = Credentials::public("mtls");
        Client::builder(provider.clone(), credentials, MemoryBackend::new())
            .client_credentials(&[])
            .http(move |config| config.tls_config(tls.clone()))
            .build()
    };
    let known = client(true);
    let token = known.access_token().unwrap();
    let introspection = known.introspect(&token, None).unwrap();
    assert!(introspection.active());
    let bound = introspection.get("cnf").and_then(|cnf| cnf.get("x5t#S256"));
    assert!(bound.is_some(), "the token is bound to the certificate");
    let error = client(false).access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
}
