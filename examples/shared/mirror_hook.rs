//! Receives the events of Teamleader for `mirror`. In a real service the web framework does this.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use evergrant::BoxError;

use super::tables::Mirror;

/// The largest request head, and the largest body, in bytes.
const LIMIT: u64 = 64 * 1024;

/// The timeout of each read and write. A slow peer would otherwise block the only thread.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves one connection after another. If a connection fails, the function prints the error to standard
/// error and serves the next connection.
pub(crate) fn serve(
    mirror: &Mirror,
    connections: impl Iterator<Item = std::io::Result<TcpStream>>,
    path: &str,
) {
    for stream in connections {
        let served =
            stream.map_err(BoxError::from).and_then(|stream| answer(mirror, &stream, path));
        if let Err(error) = served {
            eprintln!("a request was not received: {error}");
        }
    }
}

/// Saves the event of one request, then answers.
fn answer(mirror: &Mirror, mut stream: &TcpStream, path: &str) -> Result<(), BoxError> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let kept = match body_of(stream, path) {
        Ok(Some(body)) => mirror.receive(&body).map(|()| "204 No Content"),
        Ok(None) => Ok("404 Not Found"),
        Err(error) => Err(error),
    };
    let status = kept.as_ref().copied().unwrap_or("500 Internal Server Error");
    let sent =
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    kept?;
    Ok(sent?)
}

/// Reads the body of a request to this path. Reads nothing more of a request to another path.
fn body_of(stream: &TcpStream, path: &str) -> Result<Option<Vec<u8>>, BoxError> {
    let mut reader = BufReader::new(stream).take(LIMIT);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    if line.split(' ').nth(1) != Some(path) {
        return Ok(None);
    }
    while !line.trim().is_empty() {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err("the head is cut off or has more than 64 KiB".into());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    if length > LIMIT {
        return Err("the body has more than 64 KiB".into());
    }
    let mut body = Vec::new();
    reader.set_limit(length);
    reader.read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err("the body is cut off".into());
    }
    Ok(Some(body))
}
