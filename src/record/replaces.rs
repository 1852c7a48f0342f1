//! What a save of a record replaces.

use super::Record;
use crate::secret::Secret;

/// The record that a save replaces. This value is not stored, and is ignored when records are compared.
#[derive(Clone, Default)]
pub(super) struct Replaces(Option<Replaced>);

#[derive(Clone)]
struct Replaced {
    login: String,
    revision: u64,
    /// Shows whether a script changed the refresh token without a new revision: the script's token may be the
    /// valid token.
    refresh_token: Option<Secret>,
    spare: Option<Secret>,
}

impl Replaces {
    pub(super) fn of(record: &Record) -> Replaces {
        Replaces(Some(Replaced {
            login: record.login.clone(),
            revision: record.revision,
            refresh_token: record.token.refresh_token().cloned(),
            spare: record.spare.clone(),
        }))
    }

    /// A copy with a placeholder for each refresh token.
    #[cfg(feature = "encryption")]
    pub(super) fn sealed(&self, placeholder: impl Fn(&Secret) -> Option<Secret>) -> Replaces {
        Replaces(self.0.as_ref().map(|old| Replaced {
            login: old.login.clone(),
            revision: old.revision,
            refresh_token: old.refresh_token.as_ref().and_then(&placeholder),
            spare: old.spare.as_ref().and_then(&placeholder),
        }))
    }

    fn fits(&self, stored: Option<&Record>) -> bool {
        let stored = stored
            .map(|stored| (stored.login.as_str(), stored.revision, stored.token.refresh_token()));
        let replaced = self.0.as_ref();
        stored == replaced.map(|old| (old.login.as_str(), old.revision, old.refresh_token.as_ref()))
    }
}

impl PartialEq for Replaces {
    fn eq(&self, _: &Replaces) -> bool {
        true
    }
}

impl Record {
    /// Login and revision of the record that a save of this record replaces; `None` if this record replaces
    /// nothing. A store that can compare refuses the save with `Conflict` if it holds a record that is
    /// neither the replaced record nor this record.
    ///
    /// Only a record that is about to be saved has this value; it is not stored.
    pub fn replaces(&self) -> Option<(&str, u64)> {
        self.replaces.0.as_ref().map(|old| (old.login.as_str(), old.revision))
    }

    /// Whether a save of `self` may replace `stored`: the rule behind [`Record::replaces`]. The rule also
    /// compares the refresh token, because a script may have changed the token without a new revision.
    pub fn may_replace(&self, stored: Option<&Record>) -> bool {
        stored == Some(self) || self.replaces.fits(stored)
    }

    /// Whether a save of this record stores a token that the replaced record does not have: the first token of a
    /// login, or a new refresh token. If such a save fails, no store has the token. A new access token alone does
    /// not count, because the stored refresh token gets another one.
    ///
    /// Only for a record that is about to be saved, as a [`Watcher`](crate::backend::Watcher) sees it.
    pub fn has_new_token(&self) -> bool {
        let before = self.replaces.0.as_ref().filter(|old| old.login == self.login);
        let Some(before) = before else { return true };
        let known = [before.refresh_token.as_ref(), before.spare.as_ref()];
        let tokens = [self.token.refresh_token(), self.spare.as_ref()];
        tokens.iter().flatten().any(|token| !known.contains(&Some(*token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    #[test]
    fn a_new_refresh_token_is_told_from_a_new_state() {
        let first = Record::from(Token::new("at-1").with_refresh_token("rt-1"));
        assert!(first.has_new_token(), "the first record of a login");
        let mut next = first.next();
        assert!(!next.has_new_token(), "only the state is new");
        next.token = Token::new("at-2").with_refresh_token("rt-1");
        assert!(!next.has_new_token(), "the stored refresh token gets another access token");
        next.token = Token::new("at-2").with_refresh_token("rt-2");
        assert!(next.has_new_token());
        let mut with_spare = next.next();
        with_spare.spare = Some("rt-3".into());
        assert!(with_spare.has_new_token());
        let mut swapped = with_spare.next();
        swapped.token = Token::new("at-2").with_refresh_token("rt-3");
        swapped.spare = Some("rt-2".into());
        assert!(!swapped.has_new_token(), "both tokens are stored");
        let login = Record::new_login(Token::new("at-9"), Some(&first));
        assert!(login.has_new_token(), "another login");
    }
}
