//! Adds members to the stored token of a login.

use serde_json::{Map, Value};

use super::{Keeper, Live};

impl Keeper {
    /// Adds `members` to the token of the login of `live`, in the store and in memory. Does not wait
    /// for the store: if the store cannot be changed at once, only this process has the members. Does not
    /// change a record with a refresh note, because a request is in progress.
    pub(crate) fn add_members(&self, live: &Live, members: &Map<String, Value>) -> Live {
        let mut events = Vec::new();
        let stored = self.alone_unless(&mut events, &|| Some(None), |call| {
            let free = call.turn.unsaved.is_none();
            let stored = self.load_checked()?.filter(|stored| {
                free && stored.note.is_none()
                    && (stored.login(), stored.generation()) == (&*live.login, live.generation)
            });
            let Some(stored) = stored else { return Ok(None) };
            let mut next = stored.next();
            next.token.add_extra(members);
            if next.token == stored.token {
                return Ok(Some(self.publish(self.live(&stored))));
            }
            if let Err(error) = self.backend.save(&next) {
                self.report(call, error.to_string());
                return Ok(None);
            }
            call.turn.history.learn(&next);
            Ok(Some(self.publish(self.live(&next))))
        });
        let added = stored.ok().flatten().unwrap_or_else(|| self.add_in_memory(live, members));
        // Emit the events last: a hook that calls the client then sees the members.
        self.tell(events);
        added
    }

    fn add_in_memory(&self, live: &Live, members: &Map<String, Value>) -> Live {
        let next = live.with_members(members, &self.rules);
        let mut memory = self.memory.lock();
        if memory.live.as_ref().is_some_and(|mine| mine.is_same(live)) {
            memory.live = Some(next.clone());
        }
        next
    }

    /// Returns the token in memory, if it is the token of `live`, perhaps with more members.
    pub(crate) fn again(&self, live: &Live) -> Option<Live> {
        self.memory.lock().live.clone().filter(|mine| mine.is_same(live))
    }
}
