//! The end of a client that is closed: what waits to be saved is saved, or its owner is told.

use super::Keeper;
use crate::error::{BoxError, Error, NotSaved, Result};
use crate::event::Event;
use crate::token::Token;

impl Keeper {
    /// Saves the pair that waits to be saved, if there is one.
    pub(crate) fn save_waiting(&self) -> Result<()> {
        let Some(token) = self.waiting() else { return Ok(()) };
        let mut events = Vec::new();
        let saved = self.alone(&mut events, |call| match call.turn.unsaved.take() {
            Some(pair) => match self.keep(call, pair) {
                Ok(_) => Ok(()),
                Err(source) => {
                    let (store, reason) = (self.store(), source.to_string());
                    call.events.push(Event::SaveFailed { store, reason });
                    Err(self.unsaved(token.clone(), source))
                }
            },
            // Another call of a clone has saved it.
            None => Ok(()),
        });
        self.tell(events);
        saved.map_err(|error| match error {
            Error::NotSaved(_) => error,
            // The store's lock was not to be had.
            Error::Backend(failure) => self.unsaved(token, failure.source),
            other => self.unsaved(token, other.into()),
        })
    }

    fn waiting(&self) -> Option<Token> {
        self.turn.lock().unsaved.as_ref().map(|pair| pair.record.token().clone())
    }

    fn unsaved(&self, token: Token, source: BoxError) -> Error {
        Error::NotSaved(Box::new(NotSaved { store: self.store(), source, token }))
    }
}
