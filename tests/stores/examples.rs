//! Tests of the examples with a real server, and of their output without a server.

use std::path::PathBuf;
use std::process::Command;

use crate::servers;
use crate::support::*;

/// Returns the example that cargo has built beside this test.
fn built(name: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().unwrap();
    let found = program.parent().unwrap().parent().unwrap().join("examples").join(name);
    if !found.exists() {
        skip(&format!("{} is not built (cargo build --examples)", found.display()));
        return None;
    }
    Some(found)
}

fn works_with(name: &str, variable: &str, url: &str) {
    let Some(program) = built(name) else { return };
    let output = Command::new(&program).env(variable, url).output().unwrap();
    succeeded(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    println!("{said}");
    assert!(said.contains("16 workers got status 200 after 1 refresh"), "{said}");
    let output = Command::new(&program).env_remove(variable).output().unwrap();
    succeeded(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("Nothing was done. Set ") && said.contains(variable), "{said}");
}

#[cfg(feature = "redis")]
#[test]
fn redis_workers_refresh_once() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, servers::FLUSHED);
        works_with("redis_workers", "REDIS_URL", &server.url());
    }
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_workers_refresh_once() {
    let Some(server) = servers::postgres() else { return };
    works_with("postgres_workers", "DATABASE_URL", &server.url());
}
