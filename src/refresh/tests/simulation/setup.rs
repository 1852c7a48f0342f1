//! Clients and their first record.

use super::config::Config;
use super::handle::Handle;
use super::server::Class;
use super::world::World;
use super::*;

pub(super) fn rules(config: &Config) -> Rules {
    let window = Duration::from_millis(config.window());
    let rotation = match config.class() {
        _ if config.told == 1 => Rotation::Unknown,
        _ if config.told == 2 => Rotation::Strict,
        _ if config.told == 3 => Rotation::StrictFamily,
        Class::None => Rotation::None,
        Class::UntilUsed | Class::UntilUsedFamily => Rotation::UntilUsed,
        Class::Grace | Class::GraceFirstDies => Rotation::Grace(window),
        Class::GraceFamily => Rotation::GraceThenFamily(window),
        Class::Strict => Rotation::Strict,
        Class::StrictFamily => Rotation::StrictFamily,
    };
    let mut world = super::World::new(rotation);
    world.rules.ends_access_token = config.ends_access;
    world.rules
}

/// The record at the start: `r0` and `a0`, issued when the clock stands at `start`.
pub(super) fn first_record(config: &Config, rules: &Rules, start: u64) -> Record {
    let at = clock::utc(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(start));
    let token = Token::new("a0")
        .with_refresh_token("r0")
        .with_issued_at(at)
        .with_expires_at(clock::later(at, Duration::from_millis(config.life())));
    let mut record = Record::new_login(token, None);
    record.binding = Some(rules.binding.clone());
    record
}

impl World {
    /// A client, in its process.
    pub(super) fn keeper(self: &Arc<World>, client: usize, rules: Rules) -> Keeper {
        let process = self.state.lock().clients[client].process;
        let handle = Handle { world: Arc::clone(self), client, process };
        let clock: Arc<dyn Clock> = Arc::new(handle.clone());
        Keeper::new(Box::new(handle.clone()), Box::new(handle), clock, rules, None)
    }
}
