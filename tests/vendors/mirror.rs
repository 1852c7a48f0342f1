//! Tests that the tables of the example `mirror` are never wrong, although its process is killed at random.

#[path = "../../examples/shared/mirror_hook.rs"]
mod hook;
#[path = "../../examples/shared/mirror.rs"]
mod tables;
#[path = "../../examples/shared/mirror_world.rs"]
mod world;

use std::collections::HashSet;
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use evergrant::FileBackend;
use evergrant::clock::ManualClock;
use evergrant::exact_online::{Country, ExactOnline, Position};
use evergrant::teamleader::Teamleader;

use self::tables::Mirror;
use self::world::{DIVISION, TABLES, Truth, World, event, exact_at, teamleader_at};
use super::exact_online::child::{Worker, given, say};

/// A random number from a seed, so that a failure can be repeated.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Brings the tables up to date, again and again, and receives events in another thread. With `SETTLE`, does so
/// once and ends.
pub(crate) fn child() {
    let folder = given("FOLDER");
    let (database, store) = (Path::new(&folder).join("mirror.sqlite"), Path::new(&folder));
    let mut mirror = Mirror::open(&database).unwrap();
    let credentials = || evergrant::Credentials::new("sandbox-client", "sandbox-secret");
    // With a manual clock, waiting for a limit takes no real time.
    let clock = Arc::new(ManualClock::at(std::time::SystemTime::now()));
    let builder =
        Teamleader::builder(credentials(), FileBackend::new(store.join("teamleader.json")));
    let teamleader = builder.provider(teamleader_at(&given("TEAMLEADER")).unwrap());
    let teamleader = teamleader.clock(clock.clone()).build().unwrap();
    let backend = FileBackend::new(store.join("exact.json"));
    let exact = ExactOnline::builder(Country::Netherlands, credentials(), backend);
    let exact = exact.provider(exact_at(&given("EXACT")).unwrap()).clock(clock);
    let exact = exact.division(DIVISION).build().unwrap();
    if std::env::var_os("SETTLE").is_some() {
        mirror.turn(&teamleader, &exact, true).unwrap();
        return say("settled");
    }
    std::thread::spawn(move || {
        let mirror = Mirror::open(&database).unwrap();
        for line in std::io::stdin().lock().lines() {
            mirror.receive(line.unwrap().as_bytes()).unwrap();
        }
    });
    for round in 0.. {
        mirror.turn(&teamleader, &exact, round % 2 == 1).unwrap();
    }
}

/// Changes, makes or deletes an object, and returns the event that Teamleader sends.
fn happen(truth: &mut Truth, dice: &mut Dice) -> Option<String> {
    let (exact, table, number) = (dice.below(2) == 0, dice.below(2) as usize, dice.below(300));
    match dice.below(4) {
        0 => truth.delete(exact, table, number),
        _ => truth.change(exact, table, number),
    }
    (!exact).then(|| event(table, number))
}

/// Checks that the table has every row of Exact Online up to the stored position, with the service's values,
/// and that every other row of the table existed at some time.
fn check_between(mirror: &Mirror, world: &World, known: &HashSet<[String; 6]>) {
    let truth = world.truth();
    for (at, table) in TABLES.iter().enumerate() {
        let rows: HashSet<_> = mirror.rows(table).unwrap().into_iter().collect();
        if let Some(row) = rows.iter().find(|row| !known.contains(*row)) {
            panic!("{table} has a row that never existed: {row:?}");
        }
        let Some(place) = mirror.place(&format!("exact.{table}")).unwrap() else { continue };
        let place: Position = serde_json::from_str(&place).unwrap();
        let stamp = place.timestamp().unwrap();
        let settled = truth.exact[at].iter().filter(|(_, (changed, _))| *changed <= stamp);
        let expected = truth.rows(at);
        for (number, _) in settled {
            let n = format!("{number:012x}");
            let row =
                expected.iter().find(|row| row[0] == "exact" && row[1].ends_with(&n)).unwrap();
            assert!(
                rows.contains(row),
                "{table}: the position is behind {row:?}, which is missing"
            );
        }
    }
}

#[test]
fn a_refused_object_does_not_stop_the_following_events() {
    let world = World::start(|_| {}).unwrap();
    let (teamleader, exact) = world.clients().unwrap();
    let mut mirror = Mirror::open(&world.exact.folder().join("mirror.sqlite")).unwrap();
    world.truth().change(false, 1, 7);
    mirror.turn(&teamleader, &exact, false).unwrap();
    world.truth().delete(false, 1, 7);
    let wrong = r#"{"subject": {"type": "invoice", "id": "7"}, "type": "invoice.updated"}"#;
    mirror.receive(wrong.as_bytes()).unwrap();
    mirror.receive(event(1, 7).as_bytes()).unwrap();
    mirror.turn(&teamleader, &exact, false).unwrap();
    let counts = ["contacts", "events", "unread"].map(|table| mirror.count(table).unwrap());
    assert_eq!(counts, [0, 0, 1], "the second event deletes the contact, and the first is noted");
}

#[test]
fn every_row_without_an_id_is_noted() {
    let world = World::start(|_| {}).unwrap();
    let (teamleader, exact) = world.clients().unwrap();
    let mut mirror = Mirror::open(&world.exact.folder().join("mirror.sqlite")).unwrap();
    world.truth().nameless = true;
    // Two pages of invoices, and one of contacts.
    (0..25).for_each(|number| world.truth().change(true, 0, number));
    (0..3).for_each(|number| world.truth().change(true, 1, number));
    (0..4).for_each(|number| world.truth().change(false, 1, number));
    mirror.turn(&teamleader, &exact, false).unwrap();
    let counts = ["invoices", "contacts", "unread"].map(|table| mirror.count(table).unwrap());
    assert_eq!(counts, [0, 0, 32]);
}

#[test]
fn a_bad_connection_does_not_end_the_receiver() {
    let world = World::start(|_| {}).unwrap();
    let database = world.exact.folder().join("mirror.sqlite");
    let mirror = Mirror::open(&database).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = |sent: &[u8]| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(sent).unwrap();
        stream
    };
    let status = |mut stream: TcpStream| {
        let mut answer = String::new();
        // The receiver closes without reading the rest, which the system may report as a reset.
        let _ = stream.read_to_string(&mut answer);
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let receiver = std::thread::spawn(move || {
        let mirror = Mirror::open(&database).unwrap();
        hook::serve(&mirror, listener.incoming().take(7), "/hook/secret");
    });
    // This connection sends nothing, and stays open until the others are answered.
    let idle = connect(b"");
    drop(connect(b"POST /hook/secret HTTP/1.1\r\n"));
    assert_eq!(status(connect(b"\xff\xfe\r\n")), "500");
    let head = "POST /hook/secret HTTP/1.1\r\nContent-Length:";
    assert_eq!(status(connect(format!("{head} many\r\n\r\n").as_bytes())), "500");
    assert_eq!(status(connect(format!("{head} 99999999999\r\n\r\n").as_bytes())), "500");
    // A request to another path is refused, although its body never arrives.
    let other = connect(b"POST /hook/guess HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(status(other), "404");
    let body = event(0, 7);
    let good = connect(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes());
    assert_eq!(status(good), "204");
    receiver.join().unwrap();
    drop(idle);
    assert_eq!(mirror.count("events").unwrap(), 1);
}

#[test]
fn a_killed_mirror_is_never_wrong() {
    const KILLS: u64 = 60;
    let seed = 0x2545_F491_4F6C_DD1D;
    let mut dice = Dice(seed);
    // Each request of the child may change an object, and increases the counter that decides when to kill the
    // child.
    let (requests, busy) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(1)));
    let (events, known) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(HashSet::new())));
    let (count, works) = (requests.clone(), busy.clone());
    let (sent, noted, inner) = (events.clone(), known.clone(), Mutex::new(Dice(seed ^ 77)));
    let note = move |truth: &Truth| {
        let mut known = noted.lock().unwrap();
        (0..2).for_each(|table| known.extend(truth.rows(table)));
    };
    let remember = note.clone();
    let world = World::start(move |truth| {
        count.fetch_add(1, Ordering::SeqCst);
        let mut dice = inner.lock().unwrap();
        if works.load(Ordering::SeqCst) == 1 && dice.below(2) == 0 {
            sent.lock().unwrap().extend(happen(truth, &mut dice));
            note(truth);
        }
    })
    .unwrap();
    for number in 0..300 {
        let mut truth = world.truth();
        for table in 0..2 {
            truth.change(true, table, number);
            truth.change(false, table, number);
        }
    }
    remember(&world.truth());
    let folder = world.exact.folder().to_owned();
    for (sandbox, store) in [(&world.teamleader, "teamleader.json"), (&world.exact, "exact.json")] {
        let backend = FileBackend::new(folder.join(store));
        let client = evergrant::Client::new(sandbox.provider(), sandbox.credentials(), backend);
        client.seed(sandbox.login()).unwrap();
    }
    let folder = folder.to_str().unwrap().to_owned();
    let mut environment = vec![
        ("FOLDER", &*folder),
        ("TEAMLEADER", world.teamleader.url()),
        ("EXACT", world.exact.url()),
    ];
    let (mut told, mut lost) = (0, 0);
    for kill in 0..KILLS {
        let mut worker = Worker::start("mirror", &environment);
        // The process is killed some time after a random number of requests, so at any of its steps.
        let until = requests.load(Ordering::SeqCst) + 1 + dice.below(60);
        while requests.load(Ordering::SeqCst) < until {
            assert!(worker.is_alive(), "the process ended by itself before kill {kill}");
            for event in std::mem::take(&mut *events.lock().unwrap()) {
                // Some events never arrive.
                match dice.below(3) {
                    0 => lost += 1,
                    _ => {
                        worker.tell(&event);
                        told += 1;
                    }
                }
            }
            std::thread::yield_now();
        }
        for _ in 0..dice.below(200_000) {
            std::hint::spin_loop();
        }
        worker.kill();
        let mirror = Mirror::open(&Path::new(&folder).join("mirror.sqlite")).unwrap();
        // The sandbox locks the versions while it holds the lock of the objects, so this thread never holds
        // both locks at once.
        let versions = known.lock().unwrap().clone();
        check_between(&mirror, &world, &versions);
    }
    busy.store(0, Ordering::SeqCst);
    environment.push(("SETTLE", "1"));
    let worker = Worker::start("mirror", &environment);
    assert_eq!(worker.hear().as_deref(), Some("settled"));
    let mirror = Mirror::open(&Path::new(&folder).join("mirror.sqlite")).unwrap();
    let truth = world.truth();
    for (at, table) in TABLES.iter().enumerate() {
        let (found, right) = (mirror.rows(table).unwrap(), truth.rows(at));
        assert_eq!(found, right, "{table}");
        assert!(right.len() > 300, "{table}: {} rows", right.len());
    }
    assert_eq!((mirror.count("unread").unwrap(), mirror.count("events").unwrap()), (0, 0));
    println!(
        "{KILLS} kills, {} requests, {} versions, {told} events told and {lost} lost: the tables are right",
        requests.load(Ordering::SeqCst),
        known.lock().unwrap().len()
    );
}
