//! Logs in on a web page. The session keeps the pending authorization until the callback.
//!
//! `cargo run --example web` starts the page, acts as the browser and the person, and prints the answers.
//! `cargo run --example web -- --serve` only starts the page. Open the printed address.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use evergrant::sandbox::Sandbox;
use evergrant::{Authorization, BoxError, Client, FileBackend};

/// The pending authorizations by session, as JSON. A real application keeps them in its session store, where
/// the user cannot read them.
type Sessions = HashMap<String, String>;

/// Answers one request. Returns the status line with headers, and the page.
fn answer(
    client: &Client,
    sessions: &mut Sessions,
    (path, cookie, body): (&str, &str, &str),
) -> Result<(String, String), BoxError> {
    if path == "/" {
        let authorization = client.authorize(&["read"])?;
        let session = authorization.state().fingerprint();
        sessions.insert(session.clone(), serde_json::to_string(&authorization)?);
        let cookie = format!("Set-Cookie: session={session}; HttpOnly; SameSite=Lax; Path=/");
        return Ok((
            format!("302 Found\r\nLocation: {}\r\n{cookie}", authorization.url()),
            String::new(),
        ));
    }
    if !path.starts_with("/callback") {
        return Ok(("404 Not Found".to_owned(), String::new()));
    }
    // Remove the authorization from the session, because it is valid for one login.
    let pending = sessions.remove(cookie).ok_or("no login was started in this browser")?;
    let authorization: Authorization = serde_json::from_str(&pending)?;
    // The parameters of the callback are in the query, or in the body if the server posts a form.
    client.exchange(authorization, if body.is_empty() { path } else { body })?;
    let me: serde_json::Value = client.get("/me").read_json()?;
    Ok(("200 OK".to_owned(), format!("{} is logged in\n", me["login"])))
}

fn serve(client: &Client, listener: &TcpListener, requests: usize) -> Result<(), BoxError> {
    let mut sessions = Sessions::new();
    for stream in listener.incoming().take(requests) {
        let mut stream: TcpStream = stream?;
        let mut reader = BufReader::new(&stream);
        let (mut head, mut line) = (Vec::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            head.push(std::mem::take(&mut line));
        }
        let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or("/");
        let of = |name: &str| head.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let cookie = of("Cookie: session=").or(of("cookie: session=")).unwrap_or_default();
        let length = of("Content-Length: ").or(of("content-length: ")).and_then(|n| n.parse().ok());
        let mut body = String::new();
        reader.take(length.unwrap_or(0).min(65_536)).read_to_string(&mut body)?;
        let (head, page) = answer(client, &mut sessions, (path, cookie, &body))
            .unwrap_or_else(|error| ("400 Bad Request".to_owned(), format!("{error}\n")));
        let length = page.len();
        write!(
            stream,
            "HTTP/1.1 {head}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{page}"
        )?;
    }
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let page = format!("http://{}", listener.local_addr()?);
    let backend = FileBackend::new(sandbox.folder().join("login.json"));
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), backend)
        .redirect_uri(format!("{page}/callback"))
        .build();
    println!("listening on {page}/");
    if std::env::args().any(|arg| arg == "--serve") {
        return serve(&client, &listener, usize::MAX);
    }
    // The browser opens the page, the person agrees, and the browser returns with its cookie.
    let server =
        std::thread::spawn(move || serve(&client, &listener, 3).map_err(|e| e.to_string()));
    let browser = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let browser = browser.max_redirects_will_error(false).http_status_as_error(false);
    let browser = browser.build().new_agent();
    let begun = browser.get(format!("{page}/")).call()?;
    let header = |name: &str| begun.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let callback = sandbox.approve(header("location"))?;
    let cookie = header("set-cookie").split(';').next().unwrap_or_default();
    for _ in 0..2 {
        let mut answer = browser.get(&callback).header("Cookie", cookie).call()?;
        print!("{} {}", answer.status(), answer.body_mut().read_to_string()?);
    }
    server.join().map_err(|_| "the server panicked")?.map_err(Into::into)
}
