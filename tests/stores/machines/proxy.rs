//! The network between a host and the store: a proxy on loopback that can be cut.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Works,
    /// The network carries nothing, in either direction, and keeps the connections open.
    Silent,
    /// The network works for new connections. Connections that were open before stay silent.
    SilentForOld,
    /// The network closes all connections, new ones included.
    Closed,
}

#[derive(Debug)]
struct State {
    network: Network,
    /// The port that the proxy leads to.
    server: u16,
    streams: HashMap<u64, [Arc<TcpStream>; 2]>,
    /// The number of connections so far: the number of the newest connection.
    count: u64,
    /// The newest connection that stays silent.
    old: u64,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state =
            State { network: Network::Works, server, streams: HashMap::new(), count: 0, old: 0 };
        let state = Arc::new((Mutex::new(state), Condvar::new()));
        let ours = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&ours);
                state.0.lock().unwrap().count += 1;
                let id = state.0.lock().unwrap().count;
                std::thread::spawn(move || carry(id, client, &state));
            }
        });
        Proxy { port, state }
    }

    /// Leads new connections to this port, as an address does that moves to another machine.
    pub(crate) fn moves_to(&self, server: u16) {
        self.state.0.lock().unwrap().server = server;
    }

    pub(crate) fn set(&self, network: Network) {
        let mut state = self.state.0.lock().unwrap();
        state.network = network;
        state.old = state.count;
        if network == Network::Closed {
            for stream in state.streams.values().flatten() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.state.1.notify_all();
    }
}

/// Waits while this connection is silent. Returns `false` if the network is closed.
fn goes_on(id: u64, state: &(Mutex<State>, Condvar)) -> bool {
    let silent = |state: &mut State| match state.network {
        Network::Silent => true,
        Network::SilentForOld => id <= state.old,
        Network::Works | Network::Closed => false,
    };
    let guard = state.1.wait_while(state.0.lock().unwrap(), silent).unwrap();
    guard.network != Network::Closed
}

/// Carries data both ways, until one side ends.
fn carry(id: u64, client: TcpStream, state: &(Mutex<State>, Condvar)) {
    if !goes_on(id, state) {
        return;
    }
    let server = state.0.lock().unwrap().server;
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let [client, server] = [client, server].map(Arc::new);
    state.0.lock().unwrap().streams.insert(id, [Arc::clone(&client), Arc::clone(&server)]);
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let one_way = |mut from: &TcpStream, mut to: &TcpStream| {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n) = from.read(&mut buffer)
            && n > 0
            && goes_on(id, state)
            && to.write_all(&buffer[..n]).is_ok()
        {}
        goes_on(id, state);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| one_way(&server, &client));
        one_way(&client, &server);
    });
    state.0.lock().unwrap().streams.remove(&id);
}
