use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::SystemTime;

use parking_lot::Mutex;
use ureq::unversioned::transport::LazyBuffers;
use ureq::unversioned::transport::time::Duration as Wait;

use super::*;
use crate::backend::MemoryBackend;
use crate::backend::{Record, TokenBackend as _};
use crate::clock::ManualClock;
use crate::credentials::Credentials;
use crate::provider::{Provider, Rotation};
use crate::record::Binding;
use crate::refresh::{Keeper, Rules, Want};
use crate::token::Token;
use crate::transport::{Agents, TokenTransport};

const LIMIT: Duration = Duration::from_secs(120);
const PAUSES: [Duration; 3] =
    [Duration::from_secs(150), Duration::from_secs(600), Duration::from_secs(3 * 3600)];

/// One step of the layer below during a read.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The wait runs out.
    Silence,
    /// The process is stopped for this time, and the wait has run out when it continues.
    Stop(Duration),
    /// One byte arrives after this delay.
    Byte(Duration),
    End,
}

/// A connection that follows a script and moves the clock.
#[derive(Debug)]
struct Wire {
    buffers: LazyBuffers,
    steps: VecDeque<Step>,
    /// The step of every read after the end of the script.
    rest: Step,
    clock: Arc<ManualClock>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, _: usize, timeout: NextTimeout) -> Result<(), Error> {
        assert!(!timeout.after.is_zero());
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let wait = *timeout.after;
        assert!(!wait.is_zero(), "ureq's own connection would not read");
        self.waits.lock().push(wait);
        match self.steps.pop_front().unwrap_or(self.rest) {
            Step::Silence => {
                self.clock.advance(wait);
                Err(Error::Timeout(timeout.reason))
            }
            Step::Stop(pause) => {
                self.clock.advance(pause);
                // A change of the wall clock must have no effect.
                self.clock.set_wall(SystemTime::UNIX_EPOCH);
                Err(Error::Timeout(timeout.reason))
            }
            Step::Byte(after) if after > wait => {
                self.clock.advance(wait);
                self.steps.push_front(Step::Byte(after - wait));
                Err(Error::Timeout(timeout.reason))
            }
            Step::Byte(after) => {
                self.clock.advance(after);
                self.buffers.input_append_buf()[0] = b'x';
                self.buffers.input_appended(1);
                Ok(true)
            }
            Step::End => Ok(false),
        }
    }

    fn is_open(&mut self) -> bool {
        true
    }
}

/// A connection on which a request has been written.
struct Case {
    limited: Limited,
    clock: Arc<ManualClock>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

fn ureqs(after: Duration) -> NextTimeout {
    NextTimeout { after: after.into(), ..NextTimeout::default() }
}

fn case(limit: Duration, steps: &[Step], rest: Step) -> Case {
    let clock = Arc::new(ManualClock::new());
    let waits = Arc::default();
    let wire = Wire {
        buffers: LazyBuffers::new(4096, 4096),
        steps: steps.iter().copied().collect(),
        rest,
        clock: clock.clone(),
        waits: Arc::clone(&waits),
    };
    let shared: Arc<dyn Clock> = clock.clone();
    let inner = Box::new(wire);
    let mut limited =
        Limited { inner, limit, slice: SLICE, clock: shared, meter: None, head_is_clean: false };
    limited.transmit_output(10, ureqs(FAR)).unwrap();
    Case { limited, clock, waits }
}

impl Case {
    /// Reads as ureq would, on the same clock.
    fn read(&mut self) -> Result<bool, Error> {
        self.limited.await_input(ureqs(FAR - self.clock.monotonic()))
    }
}

fn is_over(result: &Result<bool, Error>) -> bool {
    matches!(result, Err(Error::Timeout(Timeout::Global)))
}

#[test]
fn bytes_that_arrived_while_the_process_was_stopped_are_read() {
    for pause in PAUSES {
        for limit in [Duration::from_millis(50), Duration::from_secs(1), LIMIT] {
            // The process is stopped before the first byte or in the middle, during a wait or between two
            // waits.
            let byte = Step::Byte(Duration::ZERO);
            let steps = [Step::Stop(pause), byte, byte, Step::Stop(pause), byte, Step::End];
            let mut case = case(limit, &steps, Step::Silence);
            assert!(case.read().unwrap(), "{pause:?}, {limit:?}");
            case.clock.advance(pause);
            assert!(case.read().unwrap(), "{pause:?}, {limit:?}");
            assert!(case.read().unwrap(), "{pause:?}, {limit:?}");
            assert!(!case.read().unwrap(), "{pause:?}, {limit:?}");
        }
    }
}

/// The body of an answer such as `text/event-stream` may begin much later.
#[test]
fn a_whole_head_is_an_answer_although_no_body_comes() {
    let head = b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (length, comes) in [(head.len(), true), (head.len() - 1, false)] {
        let mut case = case(LIMIT, &[], Step::Silence);
        let buffers = case.limited.inner.buffers();
        buffers.input_append_buf()[..length].copy_from_slice(&head[..length]);
        buffers.input_appended(length);
        assert_eq!(case.read().is_ok_and(|more| more), comes);
        assert!(is_over(&case.read()));
    }
}

#[test]
fn time_in_which_the_process_was_stopped_does_not_count() {
    for pause in PAUSES {
        // The network sends lost packets again some time after the machine wakes up.
        let later = [Step::Silence; 100];
        let steps = [&[Step::Silence, Step::Stop(pause)], &later[..]].concat();
        let mut case = case(LIMIT, &steps, Step::Byte(Duration::ZERO));
        assert!(case.read().unwrap(), "{pause:?}");
        assert_eq!(case.waits.lock().len(), steps.len() + 1);
    }
}

#[test]
fn a_silent_request_ends_at_its_limit_and_one_read() {
    for limit in [Duration::from_millis(50), Duration::from_millis(2500), LIMIT] {
        let mut case = case(limit, &[], Step::Silence);
        assert!(is_over(&case.read()));
        assert_eq!(case.clock.monotonic(), limit + LOOK);
        assert!(case.waits.lock().iter().all(|wait| *wait <= SLICE));
    }
}

#[test]
fn a_stop_does_not_lengthen_the_limit_of_a_silent_server() {
    for pause in PAUSES {
        let mut case = case(LIMIT, &[Step::Silence, Step::Stop(pause)], Step::Silence);
        assert!(is_over(&case.read()));
        let ran = case.clock.monotonic() - pause;
        assert!(ran <= LIMIT + LOOK && ran >= LIMIT - SLICE - SLACK, "{pause:?}: {ran:?}");
    }
}

#[test]
fn dripping_bytes_end_at_the_limit_and_the_last_reads() {
    for drip in [1, 5, 900] {
        let drip = Duration::from_millis(drip);
        let mut case = case(LIMIT, &[], Step::Byte(drip));
        let result = loop {
            match case.read() {
                Ok(_) => case.limited.buffers().input_consume(1),
                result => break result,
            }
            assert!(case.clock.monotonic() < 2 * LIMIT, "{drip:?}");
        };
        assert!(is_over(&result));
        let (took, end) = (case.clock.monotonic(), LIMIT + LOOKS + LOOK);
        assert!(took >= LIMIT && took <= end, "{drip:?}: {took:?}");
    }
}

#[test]
fn a_process_stopped_in_its_last_read_reads_again() {
    let limit = Duration::from_secs(1);
    let stop = Step::Stop(PAUSES[0]);
    let steps = [Step::Silence, stop, stop, Step::Byte(Duration::ZERO)];
    let mut case = case(limit, &steps, Step::Silence);
    assert!(case.read().unwrap());
}

#[test]
fn a_read_that_cannot_resume_waits_for_the_whole_limit() {
    let steps = [Step::Stop(PAUSES[1]), Step::Byte(Duration::ZERO)];
    let mut case = case(LIMIT, &steps, Step::Silence);
    case.limited.slice = Duration::MAX;
    assert!(case.read().unwrap());
    assert_eq!(case.waits.lock()[0], LIMIT);
}

#[test]
fn connecting_keeps_ureqs_limits() {
    let mut case = case(LIMIT, &[], Step::Silence);
    let connect = NextTimeout { reason: Timeout::Connect, ..ureqs(Duration::from_secs(30)) };
    let result = case.limited.await_input(connect);
    assert!(matches!(result, Err(Error::Timeout(Timeout::Connect))));
    assert_eq!(*case.waits.lock(), [Duration::from_secs(30)]);
}

#[test]
fn time_before_the_request_was_written_counts() {
    let mut case = case(LIMIT, &[], Step::Silence);
    case.limited.meter = None;
    assert!(is_over(&case.limited.await_input(ureqs(FAR - Duration::from_secs(110)))));
    assert_eq!(case.clock.monotonic(), Duration::from_secs(10) + LOOK);
    // Nothing is sent when no time is left.
    case.limited.meter = None;
    let sent = case.limited.transmit_output(10, ureqs(FAR - PAUSES[2]));
    assert!(matches!(sent, Err(Error::Timeout(Timeout::Global))));
    // If ureq sets no limit, no time is counted.
    case.limited.meter = None;
    let never = NextTimeout { after: Wait::NotHappening, ..NextTimeout::default() };
    case.limited.transmit_output(10, never).unwrap();
}

#[test]
fn the_limit_applies_inside_a_proxy_tunnel() {
    let steps = [Step::Silence; 30];
    let byte = Step::Byte(Duration::ZERO);
    let Case { limited: proxy, clock, waits } = case(LIMIT, &steps, byte);
    let (shared, inner) = (proxy.clock.clone(), Box::new(Limited { meter: None, ..proxy }));
    let mut limited = Limited {
        inner,
        limit: LIMIT,
        slice: SLICE,
        clock: shared,
        meter: None,
        head_is_clean: false,
    };
    limited.transmit_output(10, ureqs(FAR)).unwrap();
    let mut case = Case { limited, clock, waits };
    assert!(case.read().unwrap());
    assert_eq!(*case.waits.lock(), [SLICE; 31]);
}

/// Runs all of ureq on a socket. The clock goes on between the request and each part of the answer.
#[test]
fn an_answer_that_comes_in_parts_hours_apart_is_whole() {
    let clock = Arc::new(ManualClock::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let theirs = clock.clone();
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut request = Vec::new();
        while !request.ends_with(b"the body") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        for part in ["HTTP/1.1 200 OK\r\nContent-", "Length: 4\r\n\r\n", "re", "ad"] {
            theirs.advance(PAUSES[2]);
            theirs.set_wall(SystemTime::UNIX_EPOCH);
            stream.write_all(part.as_bytes()).unwrap();
        }
    });
    let config = Agent::config_builder().proxy(None).timeout_global(Some(FAR)).build();
    let agent = agent(config, Duration::from_secs(10), clock);
    let mut answer = agent.post(&url).send("the body").unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "read");
    server.join().unwrap();
}

/// Starts a service that replaces `rt-1`. Before each part of its answer the clock moves and the wall
/// clock is set, as when the process is stopped. Returns the address, and the count of requests.
fn service(
    pause: Duration,
    wall: SystemTime,
    clock: &Arc<ManualClock>,
) -> (String, Arc<Mutex<u32>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(0));
    let (clock, seen) = (clock.clone(), Arc::clone(&requests));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            // A server that closes a connection before it has read the whole request resets it, and the reset
            // can overtake the answer (RFC 9112 section 9.6).
            while !request.ends_with(b"client_id=app") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            *seen.lock() += 1;
            let body = r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":86400}"#;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            for part in [&head, &body[..20], &body[20..]] {
                clock.advance(pause);
                clock.set_wall(wall);
                stream.write_all(part.as_bytes()).unwrap();
            }
        }
    });
    (url, requests)
}

#[test]
fn a_refresh_survives_any_stop_and_any_step_of_the_wall_clock() {
    let day = Duration::from_secs(86_400);
    for pause in PAUSES {
        for rotation in [Rotation::Strict, Rotation::StrictFamily] {
            for step in [-400, -1, 0, 1, 400] {
                let what = format!("{pause:?}, {rotation:?}, {step} days");
                let clock = Arc::new(ManualClock::new());
                let now = clock.now_utc();
                let by = day * i32::unsigned_abs(step);
                let wall = if step < 0 { clock.now() - by } else { clock.now() + by };
                let (url, requests) = service(pause, wall, &clock);
                let binding = Binding {
                    token_endpoint: url.clone(),
                    client_id: "app".to_owned(),
                    grant: "authorization_code".to_owned(),
                    scope: None,
                    audience: None,
                    unknown: Default::default(),
                };
                let provider = Provider::builder("x").token_endpoint(url).rotation(rotation);
                let provider = Arc::new(provider.build().unwrap());
                let shared: Arc<dyn Clock> = clock.clone();
                let mut tokens = TokenTransport::new(
                    provider.clone(),
                    Credentials::public("app"),
                    None,
                    Vec::new(),
                    None,
                    &shared,
                );
                tokens.agents = Agents::on(None, LIMIT, None, shared.clone());
                let store = Arc::new(MemoryBackend::new());
                let token = Token::new("at-1").with_refresh_token("rt-1").with_expires_at(now);
                store.save(&Record::from(token)).unwrap();
                let rules = Rules::new(&provider, binding, true);
                let keeper =
                    Keeper::new(Box::new(store.clone()), Box::new(tokens), shared, rules, None);
                let live = keeper.access(&Want::Usable).expect(&what);
                assert_eq!(live.access_token().expose(), "at-2", "{what}");
                let stored = store.load().unwrap().unwrap();
                assert_eq!(stored.token().refresh_token().unwrap().expose(), "rt-2", "{what}");
                assert!(stored.note().is_none(), "{what}");
                assert_eq!(*requests.lock(), 1, "{what}");
            }
        }
    }
}
