//! Has events sent here, and fetches what they are about:
//! `cargo run --features teamleader --example teamleader_webhook [URL]`.
//!
//! Runs on a server of its own, and ends after one event. With `TEAMLEADER_CLIENT_ID` and its like
//! set, a login in `teamleader.json` and a URL that leads to this machine's port 8080, the events of
//! that account come.

#[path = "support/teamleader.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use evergrant::BoxError;
use evergrant::teamleader::Teamleader;
use evergrant::teamleader::webhooks::{WebhookEvent, WebhookType};

/// Nobody signs an event, so a part of the address is one that nobody can guess. Choose your own.
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
        // Answer at once: what takes long comes afterwards.
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

/// An event says which deal it is about; what it is now is Teamleader's to say.
fn handle(teamleader: &Teamleader, body: &[u8]) -> Result<(), BoxError> {
    let event = WebhookEvent::parse(body)?;
    let subject = event.subject.ok_or("an event about nothing")?;
    let deal = teamleader.deals().get(&subject.id)?;
    let kind = event.kind.ok_or("an event of no kind")?;
    println!("{kind}: {}", deal.title.as_deref().unwrap_or("-"));
    Ok(())
}

/// The body of a request to our path; a real service leaves this to its web framework.
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
