//! glewlwyd, a server in C. The server rotates on every refresh, revokes the login when it receives a refresh
//! token twice, and gives few details in error answers.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use evergrant::Provider;
use evergrant::provider::{ClientAuth, ErrorRule, ProviderBuilder, Rotation, Verdict};
use serde_json::{Value, json};
use url::Url;

use crate::keys::registered;
use crate::person::{Person, Place};
use crate::process::{Folder, Process};
use crate::server::{App, BASIC, Count, Kind, NATIVE, POST, REDIRECT_URI, Server, root, skip};

/// Glewlwyd compares the id and the secret of a Basic header without percent-decoding them.
const RAW: App = App("odd+% id", "p@:w +%", ClientAuth::BasicRaw);

const PACKAGE: &str = "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz";

struct Glewlwyd;

/// Starts a server whose access tokens live this many seconds; `None` if the server is not installed.
pub(crate) fn start(lifetime: u32) -> Option<Server> {
    start_with(lifetime, &json!({}))
}

/// Does the same as [`start`], with a server that checks DPoP proofs (RFC 9449) and may demand nonces.
#[cfg(feature = "dpop")]
pub(crate) fn start_with_dpop(lifetime: u32, nonces: bool) -> Option<Server> {
    let more = json!({
        "oauth-dpop-allowed": true, "oauth-dpop-iat-duration": 60, "oauth-dpop-iat-gap-duration": 60,
        "oauth-dpop-nonce-mandatory": nonces, "oauth-dpop-nonce-counter": 8,
    });
    start_with(lifetime, &more)
}

/// Does the same as [`start`], with a server that accepts only pushed authorization requests (RFC
/// 9126).
#[cfg(feature = "par")]
pub(crate) fn start_with_par(lifetime: u32) -> Option<Server> {
    let more = json!({
        "oauth-par-allowed": true, "oauth-par-required": true, "oauth-par-duration": 60,
        "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
    });
    start_with(lifetime, &more)
}

/// Starts a server with more settings of its plugin.
fn start_with(lifetime: u32, more: &Value) -> Option<Server> {
    if !Path::new("/usr/bin/glewlwyd").exists() || !Path::new("/usr/bin/sqlite3").exists() {
        return skip("glewlwyd or sqlite3 is not installed (tests/interop/install.sh does it)");
    }
    // Glewlwyd cannot choose a free port itself. A port that was free a moment ago may be taken now.
    let mut failures = Vec::new();
    'ports: while failures.len() < 10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = Folder::new();
        std::fs::write(folder.file("glewlwyd.sqlite"), tables()).expect("a database");
        std::fs::write(folder.file("glewlwyd.conf"), configuration(port)).expect("a file");
        let mut command = Command::new("/usr/bin/glewlwyd");
        command.arg("--config-file=glewlwyd.conf");
        let ready = |line: &str| line.contains("Glewlwyd started on port").then_some(());
        match Process::start(&mut command, &folder, ready) {
            Ok((mut process, ())) => {
                // Glewlwyd reports that it is ready a moment too early.
                while TcpStream::connect(("127.0.0.1", port)).is_err() {
                    if let Some(status) = process.ended() {
                        failures.push(status);
                        continue 'ports;
                    }
                    std::thread::yield_now();
                }
                let server = Server::new(&Glewlwyd, process, folder, port);
                set_up(&server, lifetime, more);
                return Some(server);
            }
            Err(why) => failures.push(why),
        }
    }
    panic!("glewlwyd: {}", failures.join("\n"));
}

fn configuration(port: u16) -> String {
    let modules: String = [
        ("user", "user"),
        ("client", "client"),
        ("user_auth_scheme", "scheme"),
        ("plugin", "plugin"),
    ]
    .iter()
    .map(|(what, folder)| format!("{what}_module_path=\"/usr/lib/glewlwyd/{folder}\"\n"))
    .collect();
    format!(
        r#"bind_address="127.0.0.1"
port={port}
external_url="http://localhost:{port}"
login_url="login.html"
api_prefix="api"
log_mode="console,file"
log_file="glewlwyd.log"
log_level="DEBUG"
cookie_secure=0
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
hash_algorithm="SHA512"
static_files_path="/usr/share/glewlwyd/webapp/"
static_files_mime_types=({{ extension=".html" mime_type="text/html" }})
database={{ type="sqlite3" path="glewlwyd.sqlite" }};
{modules}"#
    )
}

/// Returns the database that the package sets up. The database is made once.
fn tables() -> &'static [u8] {
    static TABLES: OnceLock<Vec<u8>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let folder = Folder::new();
        let database = folder.file("glewlwyd.sqlite");
        let script = "zcat \"$0\" | sqlite3 \"$1\"";
        let made = Command::new("sh").args(["-c", script, PACKAGE]).arg(&database).output();
        let made = made.expect("sh starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::read(&database).expect("a database")
    })
}

/// Returns a test key for signing ID tokens: its private and its public half.
fn key() -> (&'static str, &'static str) {
    static PUBLIC: OnceLock<String> = OnceLock::new();
    let public = PUBLIC.get_or_init(|| {
        let file = root().join("tests/keys/rsa2048.pem");
        let output = Command::new("openssl").args(["rsa", "-pubout", "-in"]).arg(file).output();
        let output = output.expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    });
    (include_str!("../keys/rsa2048.pem"), public)
}

/// Sets the server up as an administrator would on the server's pages.
fn set_up(server: &Server, lifetime: u32, more: &Value) {
    let mut admin = Person::new(REDIRECT_URI);
    let mut call = |path: &str, body: &Value| {
        admin.send_json("POST", &format!("{}/api{path}", server.url), body);
    };
    // Log in with the administrator's account that the package makes.
    call("/auth/", &json!({"username": "admin", "password": "password"}));
    for scope in ["read", "offline_access"] {
        let scope = json!({"name": scope, "display_name": scope, "description": scope,
            "password_required": false, "scheme": {}});
        call("/scope/", &scope);
    }
    let mut plugin = plugin(&server.issuer(), lifetime);
    for (name, value) in more.as_object().expect("settings") {
        plugin["parameters"][name] = value.clone();
    }
    call("/mod/plugin/", &plugin);
    call(
        "/user/",
        &json!({"username": "alice", "password": "correct horse", "name": "Alice",
        "email": "alice@example.test", "enabled": true,
        "scope": ["openid", "read", "offline_access", "g_profile"]}),
    );
    for (app, method) in [
        (BASIC, "client_secret_basic"),
        (POST, "client_secret_post"),
        (NATIVE, "none"),
        (RAW, "client_secret_basic"),
    ] {
        let mut client = application(app.0, method);
        if method != "none" {
            client["client_secret"] = app.1.into();
        }
        call("/client/", &client);
    }
    for (id, key) in registered().as_object().expect("keys by application") {
        let mut client = application(id, "private_key_jwt");
        client["jwks"] = json!({"keys": [key]});
        call("/client/", &client);
    }
}

fn application(id: &str, method: &str) -> Value {
    json!({"client_id": id, "name": id, "enabled": true, "confidential": method != "none",
        "redirect_uri": [REDIRECT_URI], "scope": ["read"],
        "authorization_type": ["code", "refresh_token", "client_credentials", "device_authorization"],
        "token_endpoint_auth_method": [method]})
}

/// Returns the settings of Glewlwyd's OpenID Connect plugin.
fn plugin(issuer: &str, lifetime: u32) -> Value {
    let (key, public) = key();
    let mut parameters = json!({
        "issuer": issuer, "iss": issuer, "jwt-type": "rsa", "jwt-key-size": "256",
        "key": key, "cert": public,
        "access-token-duration": lifetime, "refresh-token-duration": 3600, "code-duration": 60,
        "refresh-token-rolling": false, "refresh-token-one-use": "always",
        "auth-type-token-enabled": false, "auth-type-password-enabled": false,
        "device-authorization-expiration": 600, "device-authorization-interval": 2,
        "scope": [], "additional-parameters": [], "claims": [], "address-claim": {"type": "no"},
        "name-claim": "mandatory", "name-claim-scope": ["openid"], "email-claim": "on-demand",
        "email-claim-scope": ["openid"], "scope-claim": "no", "pkce-method-plain-allowed": false,
        "introspection-revocation-auth-scope": [], "subject-type": "public",
        "client-pubkey-parameter": "pubkey", "client-jwks-parameter": "jwks",
        "client-jwks_uri-parameter": "jwks_uri", "client-sign_kid-parameter": "sign_kid",
        "resource-scope": {"read": ["https://api.example.test/"]},
        "resource-scope-and-client-property": false,
    });
    for switch in [
        "allow-non-oidc",
        "auth-type-code-enabled",
        "auth-type-code-revoke-replayed",
        "auth-type-client-enabled",
        "auth-type-refresh-enabled",
        "auth-type-device-enabled",
        "pkce-allowed",
        "pkce-required-public-client",
        "introspection-revocation-allowed",
        "introspection-revocation-allow-target-client",
        "oauth-as-iss-id",
        "jwks-show",
        "request-parameter-allow",
        "resource-allowed",
    ] {
        parameters[switch] = true.into();
    }
    json!({"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters})
}

/// Alice logs in and gives an application access.
fn grant(person: &mut Person, server: &Server, app: App) {
    let api = format!("{}/api/auth/", server.url);
    person.send_json("POST", &api, &json!({"username": "alice", "password": "correct horse"}));
    let id = app.0.replace('%', "%25").replace('+', "%2B").replace(' ', "%20");
    person.send_json("PUT", &format!("{api}grant/{id}"), &json!({"scope": "openid read"}));
}

impl Kind for Glewlwyd {
    fn provider(&self, url: &str, port: u16) -> ProviderBuilder {
        Provider::builder("glewlwyd")
            .authorization_endpoint(format!("{url}/api/oidc/auth"))
            .token_endpoint(format!("{url}/api/oidc/token"))
            .revocation_endpoint(format!("{url}/api/oidc/revoke"))
            .introspection_endpoint(format!("{url}/api/oidc/introspect"))
            .device_authorization_endpoint(format!("{url}/api/oidc/device_authorization"))
            .userinfo_endpoint(format!("{url}/api/oidc/userinfo"))
            .issuer(format!("http://localhost:{port}/api/oidc"))
            .issuer_in_callback(true)
            .rotation(Rotation::StrictFamily)
            // Glewlwyd answers without a body for an invalid refresh token. Glewlwyd gives the same answer
            // for a token that it has just rotated, because it rotates before it checks the client secret.
            .error_rule(ErrorRule::new(Verdict::Refused).code("http_400"))
            .error_rule(ErrorRule::new(Verdict::Setup).code("http_403"))
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["openid", "read"]
    }

    fn apps(&self) -> &'static [App] {
        &[BASIC, RAW, POST, NATIVE]
    }

    fn own_apps(&self) -> &'static [App] {
        &[BASIC, RAW, POST]
    }

    fn own_scopes(&self) -> &'static [&'static str] {
        &["read"]
    }

    fn ends_access_token_at_logout(&self) -> bool {
        false
    }

    fn has_oauth_metadata(&self) -> bool {
        false
    }

    fn device_app(&self) -> App {
        BASIC
    }

    fn device_scopes(&self) -> &'static [&'static str] {
        &["read"]
    }

    #[cfg(feature = "device")]
    fn approve(&self, person: &mut Person, server: &Server, code: &evergrant::device::DeviceCode) {
        grant(person, server, self.device_app());
        let page = format!("{}/api/oidc/device?code={}&g_continue=", server.url, code.user_code());
        assert!(matches!(person.open(Url::parse(&page).unwrap()), Place::Page { status: 200, .. }));
    }

    // Glewlwyd accepts no other audience, and accepts the audience only as a single string.
    #[cfg(feature = "jwt")]
    fn signs_for(&self, provider: ProviderBuilder, server: &Server) -> ProviderBuilder {
        let endpoint = format!("{}/token", server.issuer());
        provider.assertion_audience(evergrant::jwt::AssertionAudience::Text(endpoint))
    }

    // Glewlwyd's metadata names only Basic for the revocation endpoint.
    #[cfg(feature = "jwt")]
    fn revokes_for_who_signs(&self) -> bool {
        false
    }

    fn me(&self) -> &'static str {
        "/api/oidc/userinfo"
    }

    // The subject is random, so compare the name.
    fn alice(&self) -> (&'static str, &'static str) {
        ("name", "Alice")
    }

    // Glewlwyd's login page is a script: make the requests that the script makes.
    fn log_in(&self, person: &mut Person, server: &Server, app: App, url: &str) -> String {
        let Place::Page { url: page, status, .. } = person.open(Url::parse(url).unwrap()) else {
            panic!("the server shows no login page");
        };
        assert!(status == 200 && page.path() == "/login.html", "{page} {status}");
        grant(person, server, app);
        match person.open(Url::parse(&format!("{url}&g_continue=")).unwrap()) {
            Place::Callback(url) => url,
            Place::Page { url, body, .. } => panic!("{url}: {body}"),
        }
    }

    // Glewlwyd makes a row for every refresh token. The rows of different logins have different codes.
    fn count(&self, server: &Server) -> Count {
        let rows = "select count(*) - count(distinct gpoc_id) from gpo_refresh_token;";
        let mut command = Command::new("/usr/bin/sqlite3");
        command.args(["-cmd", ".timeout 600000"]).arg(server.file("glewlwyd.sqlite")).arg(rows);
        let output = command.output().expect("sqlite3");
        let text = String::from_utf8(output.stdout).expect("text");
        let log = std::fs::read_to_string(server.file("glewlwyd.log")).expect("a log");
        Count {
            granted: text.trim().parse().expect("a number"),
            refused: log.matches("Security - Token invalid").count() as u64,
        }
    }
}
