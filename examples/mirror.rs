//! Keeps SQLite tables of invoices and contacts up to date from Teamleader (webhooks and a sweep) and Exact
//! Online (synchronisation and deleted rows):
//! `cargo run --features sqlite,teamleader,exact-online --example mirror [FOLDER [once|daily|hook]]`.
//!
//! FOLDER has the database `mirror.sqlite` and the logins `teamleader.json` and `exact.json`. `once` brings the
//! tables up to date: run it every few minutes, with a lock against a second run (`flock`). `daily` also
//! compares every object of Teamleader, to find deletions for which no event came. `hook` receives the events
//! of a webhook on port 8080 of this machine and keeps them in the database; the next run fetches the
//! objects. Every command may be killed at any moment. If Exact Online moves the division to another database
//! (`division_move_date`), delete the rows of the table `positions` whose name begins with `exact.`.
//!
//! Without FOLDER the example uses two sandboxes on this machine.

#[path = "shared/mirror_hook.rs"]
mod hook;
#[path = "shared/mirror.rs"]
mod tables;
#[path = "shared/mirror_world.rs"]
mod world;

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use evergrant::exact_online::{Country, ExactOnline};
use evergrant::teamleader::Teamleader;
use evergrant::{BoxError, FileBackend};

use self::tables::Mirror;
use self::world::{TABLES, World, event};

/// Events have no signature, so a part of the path is secret. Choose your own secret.
const PATH: &str = "/hook/5f1c0a4e9d";

fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else { return demo() };
    let mut mirror = Mirror::open(&folder.join("mirror.sqlite"))?;
    let what = arguments.next().unwrap_or("once".to_owned());
    if what == "hook" {
        let listener = TcpListener::bind(("127.0.0.1", 8080))?;
        hook::serve(&mirror, listener.incoming(), PATH);
        return Ok(());
    }
    let teamleader = Teamleader::from_env(FileBackend::new(folder.join("teamleader.json")))?;
    let exact =
        ExactOnline::from_env(Country::from_env()?, FileBackend::new(folder.join("exact.json")))?;
    let division = std::env::var("EXACT_ONLINE_DIVISION")?.parse()?;
    mirror.turn(&teamleader, &exact.division(division), what == "daily")?;
    show(&mirror)
}

fn show(mirror: &Mirror) -> Result<(), BoxError> {
    for table in TABLES {
        println!("  rows of {table}: {}", mirror.count(table)?);
    }
    println!("  rows that could not be read: {}", mirror.count("unread")?);
    Ok(())
}

/// Fills the tables from two sandboxes, changes objects, and brings the tables up to date.
fn demo() -> Result<(), BoxError> {
    let world = World::start(|_| {})?;
    let (teamleader, exact) = world.clients()?;
    for number in 0..30 {
        for table in 0..2 {
            world.truth().change(true, table, number);
            world.truth().change(false, table, number);
        }
    }
    let mut mirror = Mirror::open(Path::new(&world.exact.folder().join("mirror.sqlite")))?;
    mirror.turn(&teamleader, &exact, false)?;
    println!("Each service has 30 rows for each table. After the first run:");
    show(&mirror)?;
    println!("Teamleader: an invoice is deleted, and a webhook reports the deletion.");
    println!("Exact Online: an invoice with three lines is deleted, and a contact.");
    world.truth().delete(false, 0, 7);
    mirror.receive(event(0, 7).as_bytes())?;
    world.truth().delete(true, 0, 7);
    world.truth().delete(true, 1, 3);
    mirror.turn(&teamleader, &exact, false)?;
    println!("After the second run:");
    show(&mirror)?;
    for (at, table) in TABLES.iter().enumerate() {
        let same = mirror.rows(table)? == world.truth().rows(at);
        println!("{table} has the same rows as the services: {same}");
    }
    Ok(())
}
