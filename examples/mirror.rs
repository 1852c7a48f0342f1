//! Keeps SQLite tables of invoices and contacts up to date from Teamleader (webhooks and a sweep) and Exact
//! Online (synchronisation and deleted rows):
//! `cargo run --features sqlite,teamleader,exact-online --example mirror [FOLDER [once|daily|hook]]`.
//!
//! FOLDER has the database `mirror.sqlite` and the logins `teamleader.json` and `exact.json`. `once` brings the
//! tables up to date: run it every few minutes, with a lock against a second run (`flock`). `daily` also compares
//! every object of Teamleader, which finds deletions without an event. `hook` receives the events of a webhook on
//! port 8080 of this machine and keeps them in the database; the next run fetches the objects. Every command may
//! be killed at any moment. If Exact Online moves the division to another database (`division_move_date`), delete
//! the rows of the table `positions` whose name begins with `exact.`.
//!
//! Without FOLDER the example uses two sandboxes on this machine.

#[path = "shared/mirror.rs"]
mod tables;
#[path = "shared/mirror_world.rs"]
mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use evergrant::exact_online::{Country, ExactOnline};
use evergrant::teamleader::Teamleader;
use evergrant::{BoxError, FileBackend, MemoryBackend};

use self::tables::Mirror;
use self::world::{DIVISION, TABLES, World, event, exact_at, teamleader_at};

/// Events have no signature, so a part of the path is secret. Choose your own secret.
const PATH: &str = "/hook/5f1c0a4e9d";

fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else { return demo() };
    let mut mirror = Mirror::open(&folder.join("mirror.sqlite"))?;
    let what = arguments.next().unwrap_or("once".to_owned());
    if what == "hook" {
        let listener = TcpListener::bind(("127.0.0.1", 8080))?;
        return listener.incoming().try_for_each(|stream| receive(&mirror, &mut stream?));
    }
    let teamleader = Teamleader::from_env(FileBackend::new(folder.join("teamleader.json")))?;
    let exact =
        ExactOnline::from_env(Country::from_env()?, FileBackend::new(folder.join("exact.json")))?;
    let division = std::env::var("EXACT_ONLINE_DIVISION")?.parse()?;
    mirror.turn(&teamleader, &exact.division(division), what == "daily")?;
    show(&mirror)
}

/// Keeps the event of one request, and answers only then.
fn receive(mirror: &Mirror, stream: &mut TcpStream) -> Result<(), BoxError> {
    let kept = body_of(stream)?.map(|body| mirror.receive(&body));
    let status = match kept {
        Some(Ok(())) => "204 No Content",
        Some(Err(_)) => "500 Internal Server Error",
        None => "404 Not Found",
    };
    Ok(write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?)
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

fn show(mirror: &Mirror) -> Result<(), BoxError> {
    for table in TABLES {
        println!("{table}: {}", mirror.count(table)?);
    }
    println!("rows that could not be read: {}", mirror.count("unread")?);
    Ok(())
}

/// Fills the tables from two sandboxes, changes objects, and brings the tables up to date.
fn demo() -> Result<(), BoxError> {
    let world = World::start(|_| {})?;
    let (teamleader, exact) = clients(&world)?;
    for number in 0..30 {
        for table in 0..2 {
            world.truth().change(true, table, number);
            world.truth().change(false, table, number);
        }
    }
    let mut mirror = Mirror::open(Path::new(&world.exact.folder().join("mirror.sqlite")))?;
    mirror.turn(&teamleader, &exact, false)?;
    show(&mirror)?;
    println!(
        "Teamleader: invoice 7 is deleted, and an event tells. Exact Online: contact 3 is deleted."
    );
    world.truth().delete(false, 0, 7);
    mirror.receive(event(0, 7).as_bytes())?;
    world.truth().delete(true, 1, 3);
    mirror.turn(&teamleader, &exact, false)?;
    show(&mirror)?;
    for (at, table) in TABLES.iter().enumerate() {
        let same = mirror.rows(table)? == world.truth().rows(at);
        println!("{table} as at the services: {same}");
    }
    Ok(())
}

fn clients(world: &World) -> Result<(Teamleader, ExactOnline), BoxError> {
    let builder = Teamleader::builder(world.teamleader.credentials(), MemoryBackend::new());
    let teamleader = builder.provider(teamleader_at(world.teamleader.url())?).build()?;
    teamleader.client().seed(world.teamleader.login())?;
    let credentials = world.exact.credentials();
    let builder = ExactOnline::builder(Country::Netherlands, credentials, MemoryBackend::new());
    let exact = builder.provider(exact_at(world.exact.url())?).division(DIVISION).build()?;
    exact.client().seed(world.exact.login())?;
    Ok((teamleader, exact))
}
