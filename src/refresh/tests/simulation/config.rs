//! A configuration: the actors, the store and the service of a schedule. A number names each configuration,
//! so that a violation can be replayed.

use std::fmt;

use super::server::Class;
use crate::backend::LockKind;

/// The arrangement of actors: the client of each actor, the process of each client, the host of each
/// process.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) clients: &'static [usize],
    pub(super) processes: &'static [usize],
    pub(super) hosts: &'static [usize],
}

/// The arrangements of actors.
pub(super) const SHAPES: [Shape; 8] = [
    Shape { name: "two threads", clients: &[0, 0], processes: &[0], hosts: &[0] },
    Shape { name: "two processes", clients: &[0, 1], processes: &[0, 1], hosts: &[0, 0] },
    Shape { name: "three threads", clients: &[0, 0, 0], processes: &[0], hosts: &[0] },
    Shape { name: "two clients", clients: &[0, 1], processes: &[0, 0], hosts: &[0] },
    Shape {
        name: "three processes",
        clients: &[0, 1, 2],
        processes: &[0, 1, 2],
        hosts: &[0, 0, 0],
    },
    Shape {
        name: "two threads, a process",
        clients: &[0, 0, 1],
        processes: &[0, 1],
        hosts: &[0, 0],
    },
    Shape { name: "two hosts", clients: &[0, 1], processes: &[0, 1], hosts: &[0, 1] },
    Shape { name: "one thread", clients: &[0], processes: &[0], hosts: &[0] },
];

/// The kind of lock, and whether a save compares.
pub(super) const STORES: [(LockKind, bool); 6] = [
    (LockKind::FreedByDeath, true),
    (LockKind::Lease, true),
    (LockKind::None, true),
    (LockKind::FreedByDeath, false),
    (LockKind::Lease, false),
    (LockKind::None, false),
];

pub(super) const CLASSES: [Class; 8] = [
    Class::Strict,
    Class::StrictFamily,
    Class::UntilUsed,
    Class::UntilUsedFamily,
    Class::Grace,
    Class::GraceFirstDies,
    Class::GraceFamily,
    Class::None,
];

/// The lifetime of an access token (s), and the latency of a request in each direction (ms).
pub(super) const TIMES: [(u64, u64); 4] = [(3600, 40), (3600, 50_000), (60, 50_000), (90, 40)];

/// How long the access token works at the start (s).
pub(super) const LEFT: [i64; 3] = [30, -1, 100];

/// The rotation that the client is configured with. The last two values compare policies for an unknown
/// class.
pub(super) const TOLD: [&str; 4] = ["the class", "nothing", "Strict", "StrictFamily"];

/// A configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Config {
    pub(super) shape: usize,
    pub(super) store: usize,
    pub(super) class: usize,
    /// The rotation that the client is configured with: see [`TOLD`].
    pub(super) told: usize,
    pub(super) ends_access: bool,
    pub(super) left: usize,
    pub(super) times: usize,
    /// The pause between the two calls of an actor: none, some seconds, or a token's lifetime.
    pub(super) gap: usize,
    /// Whether the last actor starts minutes later.
    pub(super) late: bool,
    /// Whether the clients have the token in memory at the start.
    pub(super) warm: bool,
    /// Whether the API refuses every token.
    pub(super) refuses: bool,
    /// Whether the service's grace window is longer than a request can take.
    pub(super) wide: bool,
    pub(super) faults: usize,
    /// Whether the last actor refreshes as a sweep does, which does not wait, in place of its first call.
    pub(super) sweeps: bool,
}

/// How many values each digit of a configuration's number has, the last digit first.
const DIGITS: [u64; 14] = [8, 6, 8, 4, 2, 3, 4, 3, 2, 2, 2, 2, 3, 2];

impl Config {
    pub(super) fn from_number(mut number: u64) -> Config {
        let mut digit = [0; 14];
        for (digit, base) in digit.iter_mut().zip(DIGITS) {
            *digit = (number % base) as usize;
            number /= base;
        }
        Config {
            shape: digit[0],
            store: digit[1],
            class: digit[2],
            told: digit[3],
            ends_access: digit[4] == 1,
            left: digit[5],
            times: digit[6],
            gap: digit[7],
            late: digit[8] == 1,
            warm: digit[9] == 1,
            refuses: digit[10] == 1,
            wide: digit[11] == 1,
            faults: digit[12],
            sweeps: digit[13] == 1,
        }
    }

    pub(super) fn number(&self) -> u64 {
        let digit = [
            self.shape,
            self.store,
            self.class,
            self.told,
            usize::from(self.ends_access),
            self.left,
            self.times,
            self.gap,
            usize::from(self.late),
            usize::from(self.warm),
            usize::from(self.refuses),
            usize::from(self.wide),
            self.faults,
            usize::from(self.sweeps),
        ];
        digit
            .iter()
            .zip(DIGITS)
            .rev()
            .fold(0, |number, (digit, base)| number * base + *digit as u64)
    }

    pub(super) fn shape(&self) -> &'static Shape {
        &SHAPES[self.shape]
    }

    pub(super) fn lock(&self) -> LockKind {
        STORES[self.store].0
    }

    pub(super) fn compares(&self) -> bool {
        STORES[self.store].1
    }

    pub(super) fn class(&self) -> Class {
        CLASSES[self.class]
    }

    pub(super) fn life(&self) -> u64 {
        TIMES[self.times].0 * 1000
    }

    pub(super) fn latency(&self) -> u64 {
        TIMES[self.times].1
    }

    pub(super) fn window(&self) -> u64 {
        if self.wide { 900_000 } else { 60_000 }
    }

    pub(super) fn gap(&self) -> u64 {
        [0, 7_000, self.life() + 1_000][self.gap]
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lock = match self.lock() {
            LockKind::FreedByDeath => "a file's lock",
            LockKind::Lease => "a lease",
            LockKind::None => "no lock",
        };
        let saves = if self.compares() { "comparing" } else { "plain" };
        let told = match self.told {
            0 => String::new(),
            told => format!(" (the client is told {})", TOLD[told]),
        };
        let access = if self.ends_access { "dies" } else { "survives" };
        let warm = if self.warm { "warm" } else { "fresh" };
        write!(
            f,
            "{} ({warm} clients), {lock}, {saves} saves; service {:?}{told}, the old access token \
             {access} at a refresh; {} s left, life {} s, latency {} ms, {} s between calls{}{}{}{}; {} \
             faults at most",
            self.shape().name,
            self.class(),
            LEFT[self.left],
            self.life() / 1000,
            self.latency(),
            self.gap() / 1000,
            if self.late { ", the last actor starts after 200 s" } else { "" },
            if self.refuses { ", the API refuses every token" } else { "" },
            if self.wide { ", a grace of 900 s" } else { "" },
            if self.sweeps { ", the last actor sweeps" } else { "" },
            self.faults,
        )
    }
}
