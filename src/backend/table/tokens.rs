//! How the tokens of a table are compared, and the records that are made of them.

use serde_json::Value;

use crate::record::Record;
use crate::secret::Secret;
use crate::token::Token;

/// The access token and refresh token, by which two tokens of a table are compared. The expiry may be
/// rounded by its column.
pub(super) fn pair(token: &Token) -> (&Secret, Option<&Secret>) {
    (token.access_token(), token.refresh_token())
}

/// A fingerprint of the token pair, from which neither token can be recovered.
pub(super) fn name(token: &Token) -> Value {
    let refresh_token = token.refresh_token().map_or("", Secret::expose);
    let both = format!("{}\0{refresh_token}", token.access_token().expose());
    Value::String(Secret::new(both).fingerprint())
}

/// Names the token that a column has changed: a column may cut, pad or strip a string. Returns `None` if the
/// table has the same token, or a different token.
pub(super) fn changed(back: &Token, ours: &Token) -> Option<&'static str> {
    let refresh_token = |token| pair(token).1.map_or("", Secret::expose);
    let (access, refresh) = (back.access_token().expose(), refresh_token(back));
    let (our_access, our_refresh) = (ours.access_token().expose(), refresh_token(ours));
    let is_of = |back: &str, ours: &str| ours.starts_with(back) || back.trim() == ours.trim();
    if access.is_empty() || !is_of(access, our_access) || !is_of(refresh, our_refresh) {
        None
    } else if access != our_access {
        Some("access token")
    } else {
        (refresh != our_refresh).then_some("refresh token")
    }
}

/// The record of a token without a file. Each read makes the same record.
pub(super) fn taken_over(token: &Token) -> Record {
    let mut record = Record::from(token.clone());
    record.login = format!("table-{}", name(token).as_str().unwrap_or_default());
    record
}

/// Makes the record for a `token` that another program has put into the table: the record has the same login, but not
/// the refresh note and the refusal of the previous token.
pub(super) fn moved_on(record: &Record, token: &Token) -> Record {
    let mut next = record.next();
    next.generation = record.generation.saturating_add(1);
    next.token = match token.refresh_token() {
        Some(_) => record.token.succeeded_by(token.clone()),
        None => token.clone(),
    };
    next.superseded = None;
    next.spare = next.spare.filter(|spare| Some(spare) != token.refresh_token());
    next.rotated_at = token.issued_at();
    next.note = None;
    next.refused = None;
    next.refresh_expires_at = None;
    next
}
