//! Remembers the records that a client has seen, to notice that a store has returned to an older state:
//! a restored backup, a failover, a volume snapshot.

use super::state::Pair;
use super::{Call, Keeper, decide};
use crate::event::Event;
use crate::record::Record;
use crate::secret::Secret;

/// How many replaced refresh tokens are remembered. If a store returns to an even older token, the
/// client does not notice.
const LONGEST: usize = 256;

/// The newest record of the login, and the refresh tokens that were used before it.
#[derive(Default)]
pub(crate) struct History {
    newest: Option<Record>,
    /// Fingerprints of refresh tokens that were replaced.
    replaced: Vec<String>,
}

impl History {
    /// Remembers a record that is in the store.
    pub(crate) fn learn(&mut self, record: &Record) {
        match &self.newest {
            Some(newest) if newest.login != record.login => self.replaced.clear(),
            Some(newest) if newest.generation > record.generation => return,
            Some(newest) => {
                let before = newest.token.refresh_token().cloned();
                self.add(before.as_ref(), record);
            }
            None => {}
        }
        self.add(record.superseded.as_ref(), record);
        self.newest = Some(record.copy());
    }

    fn add(&mut self, before: Option<&Secret>, record: &Record) {
        let before = before.filter(|before| record.token.refresh_token() != Some(before));
        let Some(fingerprint) = before.map(Secret::fingerprint) else { return };
        if self.replaced.contains(&fingerprint) {
            return;
        }
        if self.replaced.len() == LONGEST {
            self.replaced.remove(0);
        }
        self.replaced.push(fingerprint);
    }

    /// The newer record of the same login, if `stored` has an old refresh token that was replaced
    /// since.
    pub(crate) fn newer_than(&self, stored: &Record) -> Option<&Record> {
        let newest = self.newest.as_ref()?;
        let spent = stored.token.refresh_token()?.fingerprint();
        let older = newest.login == stored.login && newest.generation > stored.generation;
        (older && self.replaced.contains(&spent)).then_some(newest)
    }
}

impl Keeper {
    /// Whether the store returned to a refresh token that was replaced since, as after a restored
    /// backup or a failover. Our newer token pair is then treated as unsaved.
    pub(super) fn went_back(&self, call: &mut Call<'_>, stored: Option<&Record>) -> bool {
        let Some(stored) = stored else { return false };
        let Some(record) = call.turn.history.newer_than(stored).map(Record::copy) else {
            return false;
        };
        if call.turn.unsaved.is_some() {
            // The unsaved token pair is the newest: `save_pair` writes it over the store's token.
            return false;
        }
        let text = format!(
            "{} went back to an older token (generation {}, after {}); this process writes the newer \
             token again",
            self.store(),
            stored.generation,
            record.generation
        );
        call.events.push(Event::Warning { text });
        let spent = stored.token.refresh_token().cloned();
        let keeps_lock = decide::not_saved(self.rules.rotation, true) == decide::Unsaved::KeepLock;
        call.turn.unsaved = Some(Pair { record, spent, keeps_lock, ends_old: false });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    fn after(record: &Record, refresh_token: &str) -> Record {
        let mut next = record.next();
        next.generation += 1;
        next.token = Token::new("at").with_refresh_token(refresh_token);
        next
    }

    #[test]
    fn a_store_that_went_back_is_noticed_and_another_login_is_not() {
        let first = Record::from(Token::new("at").with_refresh_token("rt-1"));
        let second = after(&first, "rt-2");
        let third = after(&second, "rt-3");
        let mut history = History::default();
        assert!(history.newer_than(&first).is_none());
        for record in [&first, &second, &third] {
            history.learn(record);
            assert!(history.newer_than(record).is_none());
        }
        assert_eq!(history.newer_than(&first), Some(&third));
        assert_eq!(history.newer_than(&second), Some(&third));
        history.learn(&first);
        assert_eq!(history.newer_than(&second), Some(&third), "an older record teaches nothing");
        let foreign = after(&first, "rt-of-a-script");
        assert!(history.newer_than(&foreign).is_none());
        history.learn(&Record::from(Token::new("at").with_refresh_token("rt-9")));
        assert!(history.newer_than(&first).is_none());
    }

    #[test]
    fn the_history_is_bounded() {
        let mut record = Record::from(Token::new("at").with_refresh_token("rt-0"));
        let first = record.copy();
        let mut history = History::default();
        for n in 1..=LONGEST + 2 {
            history.learn(&record);
            record = after(&record, &format!("rt-{n}"));
        }
        history.learn(&record);
        assert_eq!(history.replaced.len(), LONGEST);
        assert!(history.newer_than(&first).is_none());
    }
}
