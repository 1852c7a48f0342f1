//! The program of an actor, which calls the API twice with a token of its client, and ends.

use super::handle::access_of;
use super::schedule::Point;
use super::turns::me;
use super::world::{Status, World};
use super::*;

/// How often a call handles a 401, as in `request::call`.
const LOOKS: u32 = 4;
/// How often a sweep visits a login that it had to put off.
const VISITS: u32 = 4;
/// How long a request to the API takes (ms).
const API: u64 = 20;

/// The program of an actor.
pub(super) fn run(world: &Arc<World>) {
    let (start, gap, client, sweeps) = {
        let state = world.state.lock();
        let last = me() + 1 == state.actors.len() && me() > 0;
        let start = if state.config.late && last { 200_000 } else { 0 };
        let sweeps = state.config.sweeps && me() + 1 == state.actors.len();
        (state.now + start, state.config.gap(), state.actors[me()].client, sweeps)
    };
    world.reach(Point::Start, Status::Until(start));
    for call in 0..2 {
        if call > 0 && gap > 0 {
            let until = world.state.lock().now + gap;
            world.reach(Point::Sleep, Status::Until(until));
        }
        let keeper = world.state.lock().clients[client].keeper.clone();
        if let Some(keeper) = keeper {
            if call == 0 && sweeps {
                sweep(world, &keeper);
            } else {
                one_call(world, &keeper);
            }
        }
    }
    close(world, client);
}

/// Drops a client after its last actor has ended.
fn close(world: &Arc<World>, client: usize) {
    world.reach(Point::Close, Status::Ready);
    let keeper = {
        let mut state = world.state.lock();
        state.clients[client].actors -= 1;
        if state.clients[client].actors > 0 {
            return;
        }
        state.closing(client);
        state.clients[client].keeper.take()
    };
    drop(keeper);
    world.state.lock().closed(me(), client);
}

/// Gets a token without waiting, as a sweep does, and tries again several times.
fn sweep(world: &World, keeper: &Keeper) {
    for _ in 0..VISITS {
        // The sweep also puts the login off if the store cannot be read.
        let Ok(Some(record)) = keeper.backend.load() else { return };
        let want = keeper.newer_than(&record);
        {
            let mut state = world.state.lock();
            state.asks(me(), &want);
            // The sweep asks for a token other than the token that it read.
            state.oracle.asked[me()].refused.push(access_of(&record.token));
        }
        // A check of a refusal, and a late save, need no permission of the sweep.
        let permitted = !keeper.has_doubt() && !keeper.has_unsaved();
        let result = keeper.keep_alive_unhurried(&record, permitted);
        let mut state = world.state.lock();
        state.judge_unhurried(me(), &want, &result);
        let Err(error) = result else { return };
        let wait = error.retry_after().unwrap_or(Duration::from_secs(1));
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).clamp(10, 400_000);
        let until = state.now + wait;
        drop(state);
        if error.needs_authorization() {
            return;
        }
        world.reach(Point::Sleep, Status::Until(until));
    }
}

/// Makes one API call, as `request::call` does.
pub(super) fn one_call(world: &World, keeper: &Keeper) -> bool {
    let Ok(mut live) = access(world, keeper, &Want::Usable) else { return false };
    let (mut refreshed, mut looks) = (false, 0);
    loop {
        if api(world, &live) {
            keeper.accepted(&live);
            return true;
        }
        if looks == LOOKS {
            return false;
        }
        let refused = live.access_token().clone();
        let next = if keeper.is_last_word(&refused) || refreshed {
            keeper.moved_on(&refused)
        } else {
            let before = keeper.refreshes();
            let next = access(world, keeper, &Want::Instead(refused)).ok();
            refreshed = keeper.refreshes() != before;
            next
        };
        let Some(next) = next else { return false };
        live = next;
        looks += 1;
    }
}

/// Gets a token from the client, and checks the result against the promise.
fn access(world: &World, keeper: &Keeper, want: &Want) -> Result<Live> {
    world.state.lock().asks(me(), want);
    let result = keeper.access(want);
    world.state.lock().judge(me(), want, &result);
    result
}

/// Sends a request to the API. Returns whether the API accepted the token.
fn api(world: &World, live: &Live) -> bool {
    world.reach(Point::Api, Status::Ready);
    let until = world.state.lock().now + API;
    world.reach(Point::ApiSent, Status::Until(until));
    let mut state = world.state.lock();
    let (access, now) = (access_of(&live.token), state.now);
    let taken = state.service.call(access, now) && !state.config.refuses;
    state.note(me(), 3040 + u64::from(taken), |_| {
        format!("the API {} a{access}", if taken { "takes" } else { "refuses" })
    });
    state.used(me(), access, taken);
    taken
}
