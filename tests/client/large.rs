//! Tests of downloads and uploads far larger than the memory of the process.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use evergrant::{Client, Credentials, MemoryBackend, Provider, Token};

pub(crate) const CHILD: &str = "EVERGRANT_LARGE_CHILD";

const SIZE: u64 = 200 << 20;
/// The size of a JSON text below the limit of a body that is read into memory.
const JSON: u64 = 60 << 20;
/// The largest number of bytes that the process may allocate for heap, stacks and other memory that is not a
/// file.
const LIMIT: &str = "16777216";

/// A reader that makes its bytes while they are read.
struct Pattern(u64, u8);

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
        buffer[..n].fill(self.1);
        self.0 -= n as u64;
        Ok(n)
    }
}

/// Sends SIZE bytes in answer to a GET, and reads as many bytes from a PUT.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let (get, json) = (line.starts_with("GET"), line.starts_with("GET /json"));
        if line.is_empty() {
            return Ok(());
        }
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let taken = std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        if json {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {JSON}\r\n\r\n\"")?;
            std::io::copy(&mut Pattern(JSON - 2, b'7'), &mut stream)?;
            write!(stream, "\"")?;
        } else if get {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")?;
            std::io::copy(&mut Pattern(SIZE, 7), &mut stream)?;
        } else {
            let text = taken.to_string();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
        }
    }
}

/// The child process, which runs under the limit.
pub(crate) fn child() {
    let base = std::env::var(CHILD).unwrap();
    let provider = Provider::builder("large").token_endpoint(format!("{base}/token"));
    let provider = provider.api_base(base).build().unwrap();
    let client = Client::new(provider, Credentials::public("app"), MemoryBackend::new());
    client.seed(Token::new("at-1")).unwrap();
    let mut down = client.get("/large").call().unwrap().into_reader();
    assert_eq!(std::io::copy(&mut down, &mut std::io::sink()).unwrap(), SIZE);
    // For a large answer, only the parsed value is in memory.
    client.get("/json").read_json::<serde::de::IgnoredAny>().unwrap();
    let up = client.put("/large").send_reader(&mut Pattern(SIZE, 7), Some(SIZE)).unwrap();
    assert_eq!(up.read_string().unwrap(), SIZE.to_string());
    // The limit is real: an allocation beyond it fails.
    assert!(Vec::<u8>::new().try_reserve_exact(32 << 20).is_err());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("\n{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}

#[test]
fn large_bodies_go_both_ways_through_a_process_with_little_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    let output = Command::new("prlimit")
        .arg(format!("--data={LIMIT}"))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child_entry", "--nocapture", "--test-threads=1"])
        .env(CHILD, base)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "skipped: prlimit: {error}");
            let required = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1");
            return assert!(
                !required,
                "EVERGRANT_REQUIRE_ALL=1, but prlimit does not run: {error}"
            );
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    println!("{}", text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
