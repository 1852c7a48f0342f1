//! The statements of the usage pages of four Python libraries, one by one, each with the Rust that does the
//! same. A comment shows the Python.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use evergrant::backend::{FileLock, Guard, Record};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{
    BoxError, Client, Credentials, Error, FileBackend, MemoryBackend, Provider, Token, TokenBackend,
};
use serde_json::json;
use time::OffsetDateTime;

/// `class FileTokenBackend(TokenBackend)`
struct FileTokenBackend {
    path: PathBuf,
    lock: FileLock,
}

impl FileTokenBackend {
    // def __init__(self, path: str): self._path = pathlib.Path(path)
    fn new(path: PathBuf) -> FileTokenBackend {
        let lock = FileLock::new(path.with_extension("lock"));
        FileTokenBackend { path, lock }
    }
}

impl TokenBackend for FileTokenBackend {
    // if not self._path.exists(): return None; data = json.loads(self._path.read_text())
    fn load(&self) -> Result<Option<Record>, BoxError> {
        match fs::read(&self.path) {
            Ok(text) => Ok(Some(Record::from_json(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    // self._path.write_text(json.dumps({...}))
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        Ok(fs::write(&self.path, record.to_json()?)?)
    }

    // self._path.unlink(missing_ok=True)
    fn clear(&self) -> Result<(), BoxError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    // The Python class has no lock.
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.lock.lock(wait)
    }
}

#[cfg(feature = "teamleader")]
#[test]
fn every_statement_of_the_teamleader_page_has_its_rust() -> Result<(), BoxError> {
    use evergrant::teamleader::Teamleader;

    let sandbox = Sandbox::start()?;
    sandbox.on("POST", "/api/invoices.info", |request| {
        let id = request.json()["id"].clone();
        let data = json!({ "id": id, "invoice_number": "2017 / 5", "due_on": "2017-02-01", "paid": false });
        ApiReply::json(200, json!({ "data": data }))
    });
    let given = sandbox.login();
    let (access, refresh) =
        (given.access_token().expose(), given.refresh_token().unwrap().expose());

    // backend = MemoryTokenBackend()
    let backend = MemoryBackend::new();
    // backend.save(Token(access_token="..", refresh_token="..", expires_at=datetime(..)))
    let expires_at = OffsetDateTime::now_utc() + time::Duration::HOUR;
    let token = Token::new(access).with_refresh_token(refresh).with_expires_at(expires_at);
    // handler = OAuth2Handler(client_id=.., client_secret=.., redirect_uri=.., token_backend=backend)
    let credentials = sandbox.credentials().with_redirect_uri("http://localhost:9999/callback");
    // client = TeamleaderClient(handler)
    let client = Teamleader::builder(credentials, backend).provider(sandbox.provider()).build()?;
    client.client().seed(token)?;
    // invoice = client.invoices.get("e540fe7e-..")
    let invoice = client.invoices().get("e540fe7e-dce2-459e-bf7e-24e605fc18b3")?;
    // print(invoice.invoice_number, invoice.is_overdue)
    assert_eq!(invoice.invoice_number.as_deref(), Some("2017 / 5"));
    assert!(invoice.is_overdue());

    // "the handler transparently issues a refresh-token grant and saves the new pair"
    sandbox.expire_access_tokens();
    client.invoices().get("e540fe7e-dce2-459e-bf7e-24e605fc18b3")?;
    assert_eq!(sandbox.counters().refreshes, 1);
    assert_ne!(client.client().token()?.access_token(), given.access_token());

    // "TeamleaderAuthExpiredError is raised"
    sandbox.revoke_login();
    let error = client.invoices().get("e540fe7e-dce2-459e-bf7e-24e605fc18b3").unwrap_err();
    assert!(error.needs_authorization(), "{error}");

    // FileTokenBackend: "Pass it to OAuth2Handler the same way as MemoryTokenBackend"
    let path = sandbox.folder().join("own.json");
    let own = || FileTokenBackend::new(path.clone());
    let builder = Teamleader::builder(sandbox.credentials(), own());
    let client = builder.provider(sandbox.provider()).build()?;
    client.client().seed(sandbox.login())?;
    client.client().refresh()?;
    let stored = own().load()?.expect("a record");
    assert_eq!(stored.token().access_token(), client.client().token()?.access_token());
    client.client().clear()?;
    assert!(own().load()?.is_none() && !path.exists());
    Ok(())
}

#[cfg(feature = "exact-online")]
#[test]
fn every_statement_of_the_exact_online_page_has_its_rust() -> Result<(), BoxError> {
    use evergrant::exact_online::{Country, ExactOnline};

    let sandbox = Sandbox::builder().exact_online().start()?;
    sandbox.on("GET", "/api/v1/current/Me", |_| {
        ApiReply::json(200, json!({ "d": { "results": [{ "CurrentDivision": 7 }] } }))
    });
    // class MyTokenStorage: get_tokens, save_tokens
    let path = sandbox.folder().join("exact.json");
    let exact = || {
        ExactOnline::builder(Country::Netherlands, sandbox.credentials(), FileBackend::new(&path))
            .provider(sandbox.provider())
            .build()
    };
    let client = exact()?;
    // https://start.exactonline.nl/api/oauth2/auth?client_id=..&redirect_uri=..&response_type=code
    let authorization = client.client().authorize(&[])?;
    for part in ["client_id=", "redirect_uri=", "response_type=code"] {
        assert!(authorization.url().contains(part), "{}", authorization.url());
    }
    // https://yourapp.com/callback?code=..
    let callback = sandbox.approve(authorization.url())?;
    assert!(callback.contains("code="));
    // async def callback(code: str): await oauth.exchange(code)
    let token = client.client().exchange(authorization, &callback)?;
    // "After exchange, tokens are automatically saved via your token storage implementation"
    let stored = FileBackend::new(&path).load()?.expect("a record");
    assert_eq!(stored.token().access_token(), token.access_token());
    // "access tokens expire after 10 minutes"; "`expires_at` as a timezone-aware datetime in UTC"
    let left = token.expires_at().expect("a date") - OffsetDateTime::now_utc();
    assert!(left > time::Duration::minutes(9) && left <= time::Duration::minutes(10), "{left}");
    // Another process uses the stored login.
    assert_eq!(exact()?.me()?.current_division, Some(7));
    Ok(())
}

#[test]
fn every_statement_of_the_generic_page_has_its_rust() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let at = |path: &str| format!("{}{path}", sandbox.url());
    sandbox.on("GET", "/api/me", |_| {
        ApiReply::json(200, json!({ "id": "ada", "email": "ada@example.com" }))
    });
    // client = OAuth2("CLIENT_ID", "CLIENT_SECRET", "AUTHORIZE_ENDPOINT", "ACCESS_TOKEN_ENDPOINT",
    //     refresh_token_endpoint=.., revoke_token_endpoint=..)
    let provider = Provider::builder("example")
        .authorization_endpoint(at("/authorize"))
        .token_endpoint(at("/token"))
        .refresh_endpoint(at("/token"))
        .revocation_endpoint(at("/revoke"))
        .api_base(at("/api"))
        .build()?;
    let credentials: Credentials = sandbox.credentials();
    let client = Client::builder(provider, credentials, MemoryBackend::new())
        // class OAuth2CustomTimeout: httpx.AsyncClient(timeout=10.0)
        .http(|http| http.timeout_global(Some(Duration::from_secs(10))))
        .build();
    // authorization_url = await client.get_authorization_url(".../oauth-callback", scope=["SCOPE1", ..])
    let authorization = client.authorize(&["SCOPE1", "SCOPE2", "SCOPE3"])?;
    assert!(authorization.url().contains("SCOPE1"), "{}", authorization.url());
    // access_token = await client.get_access_token("CODE", ".../oauth-callback")
    let callback = sandbox.approve(authorization.url())?;
    let token = client.exchange(authorization, &callback)?;
    // access_token = await client.refresh_token("REFRESH_TOKEN")
    client.refresh()?;
    assert_ne!(client.token()?.access_token(), token.access_token());
    // client.get_id_email(token)
    let me: serde_json::Value = client.get("/me").call()?.read_json()?;
    assert_eq!((&me["id"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
    // client.revoke_token(token)
    client.revoke()?;
    assert!(matches!(client.token(), Err(Error::NotAuthorized(_))));
    Ok(())
}

#[cfg(feature = "shell-ev")]
#[test]
fn every_statement_of_the_shell_page_has_its_rust() -> Result<(), BoxError> {
    use evergrant::provider::ClientAuth;
    use evergrant::shell_ev::{Environment, ShellEv};

    let sandbox = Sandbox::builder().client_auth(ClientAuth::BasicRaw).start()?;
    sandbox.on("GET", "/api/v2/locations", |_| {
        ApiReply::json(200, json!({ "data": [{ "uid": "7" }] }))
    });
    let shell = |credentials: Credentials| {
        ShellEv::builder(Environment::Sit, credentials, MemoryBackend::new())
            .token_url(format!("{}/token", sandbox.url()))
            .api_base(format!("{}/api", sandbox.url()))
            .build()
    };
    // client = ShellevClient(client_credentials_auth_credentials=ClientCredentialsAuthCredentials(..))
    let client = shell(sandbox.credentials())?;
    // token = client.bearer_auth.fetch_token()
    let token = client.client().token()?;
    // except OAuthProviderException as ex
    let wrong = shell(Credentials::new("sandbox-client", "wrong"))?;
    assert!(matches!(wrong.client().token(), Err(Error::OAuth(_))));
    // save_token_to_database(client.config.client_credentials_auth_credentials.o_auth_token)
    let database = serde_json::to_string(&token)?;
    // ShellevClient(ClientCredentialsAuthCredentials(o_auth_token=load_token_from_database()))
    let client = shell(sandbox.credentials())?;
    client.client().seed(serde_json::from_str(&database)?)?;
    // "the client is now authorized and you can use controllers to make endpoint calls"
    let asked = sandbox.counters().token_requests;
    assert_eq!(client.locations().first()?.and_then(|location| location.uid).unwrap(), "7");
    assert_eq!(sandbox.counters().token_requests, asked, "the stored token was used");
    Ok(())
}
