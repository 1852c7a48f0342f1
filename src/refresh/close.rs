//! Closes a client: saves an unsaved token pair, or returns it in an error.

use super::Keeper;
use crate::error::{BoxError, Error, NotSaved, Result};
use crate::event::Event;
use crate::token::Token;

impl Keeper {
    /// Saves the unsaved token pair, if there is one.
    pub(crate) fn save_waiting(&self) -> Result<()> {
        let Some(token) = self.waiting()? else { return Ok(()) };
        let mut events = Vec::new();
        let saved = self.alone(&mut events, |call| match call.turn.unsaved.take() {
            Some(pair) => match self.keep(call, pair) {
                Ok(kept) => {
                    // Clones of this client may go on, and must notice if the store returns to an older
                    // state.
                    if let Some(record) = &kept {
                        self.saw(call, record);
                    }
                    Ok(())
                }
                Err(source) => {
                    let (store, reason) = (self.store(), source.to_string());
                    call.events.push(Event::SaveFailed { store, reason });
                    Err(self.unsaved(token.clone(), source))
                }
            },
            // A clone of this client has saved the token pair meanwhile.
            None => Ok(()),
        });
        self.tell(events);
        saved.map_err(|error| match error {
            Error::NotSaved(_) => error,
            // The store could not be locked.
            Error::Backend(failure) => self.unsaved(token, failure.source),
            other => self.unsaved(token, other.into()),
        })
    }

    fn waiting(&self) -> Result<Option<Token>> {
        let turn = self.turn.lock()?;
        Ok(turn.unsaved.as_ref().map(|pair| pair.record.token().clone()))
    }

    fn unsaved(&self, token: Token, source: BoxError) -> Error {
        Error::NotSaved(Box::new(NotSaved { store: self.store(), source, token }))
    }
}
