//! The carrier: the record that a store keeps, with the sealed record inside.

use serde_json::{Map, Value};

use super::carrier::SEALED;
use super::{Record, Replaces};
use crate::secret::Secret;
use crate::token::Token;

impl Record {
    /// A copy without secrets, for a store that gets the record only in sealed form. The copy keeps the
    /// members that stores compare, and the refresh note, because a store reserves space for the record that
    /// follows a note.
    pub(crate) fn carrier(&self, key: &str, text: String) -> Record {
        let placeholder = |refresh_token: Option<&Secret>| {
            // Stores also compare refresh tokens, so each refresh token gets a placeholder of its own.
            let token = Token::new(SEALED);
            match refresh_token {
                Some(secret) => {
                    token.with_refresh_token(format!("sealed-{}", secret.fingerprint()))
                }
                None => token,
            }
        };
        let mut carrier = Record::from(placeholder(self.token.refresh_token()));
        carrier.login.clone_from(&self.login);
        (carrier.revision, carrier.generation) = (self.revision, self.generation);
        carrier.note.clone_from(&self.note);
        carrier.replaces =
            self.replaces.sealed(|token| placeholder(Some(token)).refresh_token().cloned());
        let members = [("key".to_owned(), key.into()), ("text".to_owned(), text.into())];
        carrier.put_beside(SEALED, Some(Value::Object(Map::from_iter(members))));
        carrier
    }

    /// A copy of a carrier that replaces a record which is not sealed.
    pub(crate) fn over(mut self, plain: &Record) -> Record {
        self.replaces = Replaces::of(plain);
        self
    }

    /// Whether a carrier belongs to this record.
    pub(crate) fn is_in(&self, carrier: &Record) -> bool {
        let refresh_token = |record: &Record| record.token.refresh_token().cloned();
        self.login == carrier.login
            && self.revision == carrier.revision
            && self.generation == carrier.generation
            && self.note == carrier.note
            && refresh_token(&self.carrier("", String::new())) == refresh_token(carrier)
    }
}
