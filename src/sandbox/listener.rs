//! The listener and its connections, with a thread for each.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::http::{self, Reply};
use super::routes::{Outcome, Shared};

/// Accepts connections. Dropping the value stops the listener.
pub(super) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    open: Arc<Open>,
    thread: Option<JoinHandle<()>>,
}

/// The open connections. Stopping the listener closes these connections.
#[derive(Default)]
struct Open {
    streams: Mutex<HashMap<u64, Arc<TcpStream>>>,
    one_less: Condvar,
}

impl Listener {
    pub(super) fn start(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Listener> {
        let address = listener.local_addr()?;
        let open = Arc::new(Open::default());
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn({
            let (shared, open) = (shared.clone(), open.clone());
            move || accept(&listener, &shared, &open)
        })?;
        Ok(Listener { address, shared, open, thread: Some(thread) })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // Only a connection interrupts `accept`.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            let _ = thread.join();
        }
        let mut streams = self.open.streams.lock();
        for stream in streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // A handler of the user may run for long, so wait for a limited time.
        let until = Instant::now() + Duration::from_secs(1);
        while !streams.is_empty() && !self.open.one_less.wait_until(&mut streams, until).timed_out()
        {
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, open: &Arc<Open>) {
    for (number, stream) in (0_u64..).zip(listener.incoming()) {
        if shared.is_stopping() {
            return;
        }
        let Ok(stream) = stream else {
            // Probably no file descriptor is free. Try again.
            std::thread::yield_now();
            continue;
        };
        let stream = Arc::new(stream);
        open.streams.lock().insert(number, stream.clone());
        let spawned = std::thread::Builder::new().name("sandbox connection".to_owned()).spawn({
            let (shared, open) = (shared.clone(), open.clone());
            move || {
                // Removes the connection from the table even if a handler of the user panics.
                let _leave = Leave { open, number };
                shared.server.lock().counters.connections += 1;
                let _ = serve(&stream, &shared);
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        if spawned.is_err() {
            open.streams.lock().remove(&number);
        }
    }
}

struct Leave {
    open: Arc<Open>,
    number: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.open.streams.lock().remove(&self.number);
        self.open.one_less.notify_all();
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let request = match http::read(&mut &*stream, &mut buffer) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let reply = Reply::bytes(400, "text/plain", error.to_string());
                return reply.write(&mut &*stream, false, false, &date(shared), None);
            }
            Err(error) => return Err(error),
        };
        match shared.handle(&request) {
            Outcome::Close { lost } => {
                if let Some(issued) = lost {
                    shared.server.lock().sent(shared.now(), issued, false);
                }
                return Ok(());
            }
            Outcome::Answer { reply, cut, issued } => {
                let keep_alive = request.keep_alive && cut.is_none();
                let is_head = request.method == "HEAD";
                let write = || reply.write(&mut &*stream, is_head, keep_alive, &date(shared), cut);
                let Some(issued) = issued else {
                    write()?;
                    if !keep_alive {
                        return Ok(());
                    }
                    continue;
                };
                // Record the event before the reply is sent, so that a client that has the reply
                // finds the event.
                let is_whole = cut.is_none() && is_connected(stream);
                shared.server.lock().sent(shared.now(), issued, is_whole);
                write()?;
                if !keep_alive {
                    return Ok(());
                }
            }
        }
    }
}

/// Whether the client's side of the connection still seems to be open.
fn is_connected(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let seen = stream.peek(&mut [0]);
    let _ = stream.set_nonblocking(false);
    match seen {
        Ok(bytes) => bytes > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

fn date(shared: &Shared) -> String {
    let offset = shared.server.lock().clock_offset;
    let wall = shared.settings.clock.now_utc();
    let wall = wall.checked_add(time::Duration::seconds(offset)).unwrap_or(wall);
    http::http_date(wall)
}
