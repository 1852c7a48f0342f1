//! Tests of the record for a token that another program has stored.

use time::OffsetDateTime;

use super::*;
use crate::record::Refused;
use crate::secret::Secret;

fn token(access: &str, refresh: &str) -> Token {
    Token::new(access).with_refresh_token(refresh)
}

#[test]
fn a_token_of_another_program_clears_note_and_refusal() {
    let then = OffsetDateTime::UNIX_EPOCH;
    let mut record = Record::from(token("at-1", "rt-1"));
    record.superseded = Some(Secret::new("rt-0"));
    record.spare = Some(Secret::new("rt-spare"));
    record.rotated_at = Some(then);
    record.refresh_expires_at = Some(then);
    record.refused = Some(Refused {
        fingerprint: Secret::new("rt-1").fingerprint(),
        at: then,
        code: "invalid_grant".to_owned(),
        description: None,
        status: 400,
        unanswered_since: None,
        unknown: Default::default(),
    });
    let issued = then + Duration::from_secs(60);
    let next = moved_on(&record, &token("at-2", "rt-2").with_issued_at(issued));
    assert_eq!((&next.login, next.generation), (&record.login, record.generation + 1));
    assert_eq!(next.revision, record.revision + 1);
    assert_eq!(next.rotated_at, Some(issued));
    assert_eq!(next.spare, record.spare);
    assert!(next.superseded.is_none() && next.refused.is_none());
    assert!(next.note.is_none() && next.refresh_expires_at.is_none());
    // A spare refresh token that is in the table is no longer the spare.
    assert_eq!(moved_on(&record, &token("at-2", "rt-spare")).spare, None);
}

#[test]
fn a_column_changed_a_token_if_the_rest_of_the_row_fits() {
    let ours = token("at-long", "rt-long");
    for (back, expected) in [
        (token("at-long", "rt-long"), None),
        (token("at-lo", "rt-long"), Some("access token")),
        (token("at-long", " rt-long "), Some("refresh token")),
        (Token::new("at-long"), Some("refresh token")),
        (token("", "rt-long"), None),
        (token("at-other", "rt-long"), None),
        (token("at-long", "rt-other"), None),
    ] {
        assert_eq!(changed(&back, &ours), expected, "{:?}", back.access_token().expose());
    }
}
