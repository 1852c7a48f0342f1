//! A schedule: the list of choices of which actor goes on and which fault happens. The choices of a schedule
//! are given or random, and are recorded.

/// A point where another actor may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Point {
    Start,
    Lock,
    LockWait,
    Locked,
    Unlock,
    Load,
    Save,
    Saved,
    Lasts,
    IsHeld,
    Connect,
    Sent,
    Replied,
    Api,
    ApiSent,
    Sleep,
    Turn,
    Close,
}

impl Point {
    /// The line of the trace for an actor that continues from this point; empty if another line has the
    /// same content.
    pub(super) fn done(self) -> &'static str {
        match self {
            Point::Start => "starts",
            Point::LockWait => "has waited for the lock",
            Point::IsHeld => "looks whether the lock is still held",
            Point::Sleep => "has slept",
            Point::Turn => "has waited for its client's refresh lock",
            _ => "",
        }
    }
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// The process dies.
    Kill,
    /// The process is paused for so many seconds.
    Stop(u64),
    /// The host's wall clock is changed by so many seconds.
    Wall(i64),
    /// The store returns to the record that is so many records older.
    Rollback(usize),
    /// The lock is lost: its file was deleted, or the lease has expired.
    FreeLock,
    /// The actor's next call fails.
    Op(Failure),
}

/// How a call of the store or a token request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Failure {
    /// The call does nothing and reports an error.
    Before,
    /// The call does its work and reports an error.
    After,
    /// This call, and every later call of the same kind, fails for ten minutes.
    Outage,
    /// The request never leaves.
    Never,
    /// The request leaves and does not arrive; the connection is cut.
    LoseRequest,
    /// The request is served, and the connection is cut before the answer.
    LoseReply,
    /// The request is served, and no answer comes until the client's timeout.
    Silence,
    /// No answer comes, and the request arrives so many seconds after the client has given up.
    Late(u64),
    /// Status 500, and the request was not served.
    Broken,
    /// Status 500, after the request was served.
    BrokenAfter,
}

/// The faults that an actor can meet at a point, besides those of its call.
pub(super) const ANYWHERE: [Fault; 5] =
    [Fault::Kill, Fault::Stop(150), Fault::Stop(400), Fault::Wall(4000), Fault::Wall(-4000)];

/// How the calls at a point can fail.
pub(super) fn failures(point: Point) -> &'static [Failure] {
    match point {
        Point::Lock | Point::Load => &[Failure::Before, Failure::Outage],
        Point::Save => &[Failure::Before, Failure::After, Failure::Outage],
        Point::Connect => &[
            Failure::Never,
            Failure::LoseRequest,
            Failure::LoseReply,
            Failure::Silence,
            Failure::Late(1),
            Failure::Late(130),
            Failure::Broken,
            Failure::BrokenAfter,
        ],
        _ => &[],
    }
}

/// A small random generator, the same on every machine (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// The source of the choices.
pub(super) enum Plan {
    /// The choices other than 0, by position in the schedule; all others are 0.
    List(Vec<(usize, usize)>),
    /// Random choices with these faults. On average one in `switches` choices is random; the others are the first.
    Drawn { random: Random, faults: Vec<Aim>, switches: usize },
}

/// When a random fault happens: at a position in the schedule, or at the n-th call of this kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    Place(usize),
    Call(Point, usize),
}

/// A choice that was made: its number, and the number of possible choices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) choice: usize,
    pub(super) of: usize,
}

pub(super) struct Chooser {
    plan: Plan,
    pub(super) taken: Vec<Taken>,
}

impl Chooser {
    pub(super) fn new(plan: Plan) -> Chooser {
        Chooser { plan, taken: Vec::new() }
    }

    /// Draws a plan.
    pub(super) fn drawn(mut random: Random, faults: usize) -> Plan {
        let reach = [20, 60, 150][random.below(3)];
        let calls = [Point::Save, Point::Save, Point::Connect, Point::Load, Point::Lock];
        let faults = (0..faults).map(|_| match random.one_in(2) {
            true => Aim::Call(calls[random.below(calls.len())], random.below(6)),
            false => Aim::Place(random.below(reach)),
        });
        let faults = faults.collect();
        let switches = [2, 4, 10, 30][random.below(4)];
        Plan::Drawn { random, faults, switches }
    }

    /// Chooses one of `actors` that may go on, or, with a higher number, one of `faults`. The first
    /// `failures` faults are failures of the call at this point.
    pub(super) fn choose(
        &mut self,
        point: Point,
        actors: usize,
        failures: usize,
        faults: usize,
    ) -> usize {
        let of = actors + faults;
        if of <= 1 {
            return 0;
        }
        let place = self.taken.len();
        let choice = match &mut self.plan {
            Plan::List(list) => {
                let found = list.iter().find(|(at, _)| *at == place);
                found.map_or(0, |(_, choice)| *choice).min(of - 1)
            }
            Plan::Drawn { random, faults: aims, switches } => {
                let due = aims.iter_mut().position(|aim| match aim {
                    Aim::Place(at) => *at <= place && faults > 0,
                    Aim::Call(call, before) if *call == point && failures > 0 => {
                        let due = *before == 0;
                        *before = before.saturating_sub(1);
                        due
                    }
                    Aim::Call(..) => false,
                });
                match due.map(|due| aims.swap_remove(due)) {
                    Some(Aim::Call(..)) => actors + random.below(failures),
                    Some(Aim::Place(_)) => actors + random.below(faults),
                    None if random.one_in(*switches) => random.below(actors),
                    None => 0,
                }
            }
        };
        self.taken.push(Taken { choice, of });
        choice
    }

    /// The choices other than 0, by position in the schedule.
    pub(super) fn list(&self) -> Vec<(usize, usize)> {
        let places = self.taken.iter().enumerate();
        places.filter(|(_, taken)| taken.choice > 0).map(|(at, taken)| (at, taken.choice)).collect()
    }
}
