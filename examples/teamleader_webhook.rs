//! Registers a webhook, and fetches the deal that each event is about:
//! `cargo run --features teamleader --example teamleader_webhook [URL]`.
//!
//! Without settings the example uses a sandbox on this machine and ends after one event. With
//! `TEAMLEADER_CLIENT_ID`, `TEAMLEADER_CLIENT_SECRET`, a login in `teamleader.json` and a URL that leads to
//! port 8080 of this machine, it receives the events of that account.

#[path = "support/teamleader.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use evergrant::BoxError;
use evergrant::teamleader::Teamleader;
use evergrant::teamleader::webhooks::{WebhookEvent, WebhookType};

/// Events have no signature, so a part of the path is secret. Choose your own secret.
const PATH: &str = "/hook/5f1c0a4e9d";

fn main() -> Result<(), BoxError> {
    let (server, teamleader) = support::teamleader()?;
    let port = if server.is_some() { 0 } else { 8080 };
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let here = format!("http://{}", listener.local_addr()?);
    let url = std::env::args().nth(1).unwrap_or(here) + PATH;
    let types = [WebhookType::DealWon, WebhookType::DealLost];
    teamleader.webhooks().register(&url, &types)?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let body = body_of(&mut stream)?;
        // Answer first, then do the work.
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
        let Some(body) = body else { continue };
        if let Err(error) = handle(&teamleader, &body) {
            eprintln!("{error:#}");
        }
        if server.is_some() {
            break;
        }
    }
    teamleader.webhooks().unregister(&url, &types)?;
    Ok(())
}

/// Fetches the deal that the event names. The event itself does not prove its sender.
fn handle(teamleader: &Teamleader, body: &[u8]) -> Result<(), BoxError> {
    let event = WebhookEvent::parse(body)?;
    let subject = event.subject.ok_or("the event has no subject")?;
    let deal = teamleader.deals().get(subject.id.cast())?;
    let kind = event.kind.ok_or("the event has no type")?;
    println!("{kind}: {}", deal.title.as_deref().unwrap_or("-"));
    Ok(())
}

/// Reads the body of a request to our path. In a real service the web framework does this.
fn body_of(stream: &mut TcpStream) -> Result<Option<Vec<u8>>, BoxError> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(first.contains(PATH).then_some(body))
}
