//! What stands beside the situations of the other files: a cache before a table, an API that refuses at
//! one address only, a store that is locked while somebody only reads.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A cache gave the note back as it was written. Then the record comes from a table of three columns, as
/// a new login each time.
#[test]
fn a_store_that_forgets_the_login_during_a_refresh_loses_no_successor() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily, Rotation::UntilUsed] {
        for compares in [true, false] {
            let world = World::with(rotation, LockKind::FreedByDeath, compares);
            let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
            world.plan(move |call, _| {
                if call == "load" && !wire.0.lock().sent.is_empty() {
                    let mut record = store.record.lock();
                    *record = record.take().map(|record| Record::from(record.token));
                }
                None
            });
            let keeper = world.keeper();
            for round in 1..4 {
                world.past_end();
                assert_eq!(kind(&use_token(&keeper)), format!("at-{}", round + 1));
                assert_eq!(world.sent().len(), round, "{rotation:?} {compares}");
            }
            assert!(world.wire.0.lock().revoked.is_empty());
            assert!(world.alive());
        }
    }
}
