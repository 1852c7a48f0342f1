//! Reads the lifetime of a token in the forms that services use.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::{later, until};
use crate::provider::{ReplyMember, ReplyRules};

/// The longest lifetime, in seconds. A longer lifetime is a mistake: a date instead of a lifetime, or
/// milliseconds.
const LONGEST: f64 = 10.0 * 365.25 * 86_400.0;

const SECONDS: [&str; 4] = ["expires_in_sec", "expires_in", "expiresIn", "expires"];
const MOMENTS: [&str; 3] = ["expires_at", "expires_on", "expires"];
const REFRESH: [&str; 3] =
    ["refresh_token_expires_in", "x_refresh_token_expires_in", "refresh_expires_in"];

/// When the access token expires. A lifetime, counted from the moment when the request was sent, is
/// preferred to a date, because the server's clock may differ from ours; the provider's default comes
/// last.
pub(super) fn expires_at(
    object: &Map<String, Value>,
    sent_at: OffsetDateTime,
    rules: &ReplyRules,
) -> Option<OffsetDateTime> {
    let own = |member| rules.names(member);
    if let Some(lifetime) = first(object, own(ReplyMember::ExpiresIn), &SECONDS, seconds) {
        return Some(later(sent_at, lifetime));
    }
    let near = |date: &OffsetDateTime| {
        let lifetime = until(sent_at, *date);
        !lifetime.is_zero() && lifetime.as_secs_f64() <= LONGEST
    };
    first(object, own(ReplyMember::ExpiresAt), &MOMENTS, |value| moment(value).filter(near))
        .or_else(|| rules.default_lifetime.map(|lifetime| later(sent_at, lifetime)))
}

/// The lifetime of the refresh token, if the service gives one. Zero means that it does not expire
/// (Keycloak's offline tokens).
pub(super) fn refresh_expires_in(
    object: &Map<String, Value>,
    rules: &ReplyRules,
) -> Option<Duration> {
    first(object, rules.names(ReplyMember::RefreshExpiresIn), &REFRESH, seconds)
}

/// Reads a number of seconds: an integer, a float, or a string with a number. Returns `None` for more than
/// ten years, and for zero and less: services write 0 for "does not expire".
pub(in crate::protocol) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = number(value)?.floor();
    // The condition is written so that NaN is refused.
    (1.0..=LONGEST).contains(&seconds).then(|| Duration::from_secs(seconds as u64))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_in(text.trim()),
        _ => None,
    }
}

/// Reads a number by serde_json's reader, which every program has. The reader of std has a table of 10 kB,
/// which a program would have for this function alone.
fn number_in(text: &str) -> Option<f64> {
    // JSON allows no plus sign, no zeros before a number and no point behind the number.
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    let short = text.trim_start_matches('0');
    let text = if short.starts_with(|c: char| c.is_ascii_digit()) { short } else { text };
    text.parse::<serde_json::Number>().ok()?.as_f64()
}

/// A larger number is milliseconds since 1970, not seconds: as seconds, it would be in the year
/// 5138.
const MILLISECONDS: f64 = 1e11;

/// Reads seconds or milliseconds since 1970, or an RFC 3339 date and time.
pub(in crate::protocol) fn moment(value: &Value) -> Option<OffsetDateTime> {
    if let Some(epoch) = number(value) {
        let epoch = if epoch >= MILLISECONDS { epoch / 1000.0 } else { epoch };
        // `as` saturates, and dates out of range are refused.
        return OffsetDateTime::from_unix_timestamp(epoch as i64).ok();
    }
    let date = OffsetDateTime::parse(value.as_str()?.trim(), &Rfc3339).ok()?;
    date.checked_to_offset(time::UtcOffset::UTC)
}

fn first<'a, T>(
    object: &Map<String, Value>,
    own: impl Iterator<Item = &'a str>,
    usual: &[&'a str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    own.chain(usual.iter().copied()).find_map(|name| read(object.get(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2026-11-20T21:00:00Z.
    const SENT: i64 = 1_795_208_400;

    fn lifetime(members: &Value, default: Option<u64>) -> Option<i64> {
        let sent_at = OffsetDateTime::from_unix_timestamp(SENT).unwrap();
        let default_lifetime = default.map(Duration::from_secs);
        let rules = ReplyRules { default_lifetime, ..ReplyRules::default() };
        let end = expires_at(members.as_object().unwrap(), sent_at, &rules)?;
        Some((end - sent_at).whole_seconds())
    }

    #[test]
    fn a_lifetime_is_a_number_or_text_and_nonsense_is_ignored() {
        for (value, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3600.9), Some(3600)),
            (json!("3600.5"), Some(3600)),
            (json!("3.6e3"), Some(3600)),
            (json!("+3600"), Some(3600)),
            (json!("003600"), Some(3600)),
            (json!("3600."), Some(3600)),
            (json!("+"), None),
            (json!("."), None),
            (json!("3600 s"), None),
            (json!(1), Some(1)),
            (json!(315_360_000), Some(315_360_000)),
            (json!(0), None),
            (json!(0.5), None),
            (json!(-1), None),
            (json!("0"), None),
            (json!(""), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("1h"), None),
            (json!(null), None),
            (json!(true), None),
            (json!([3600]), None),
            (json!(1_893_456_000_000_u64), None),
            (json!(u64::MAX), None),
            (json!(1e300), None),
        ] {
            assert_eq!(lifetime(&json!({"expires_in": value}), None), expected, "{value}");
            let with_default = lifetime(&json!({"expires_in": value}), Some(600));
            assert_eq!(with_default, expected.or(Some(600)), "{value}");
        }
    }

    #[test]
    fn a_date_counts_where_no_lifetime_is_given() {
        let later = SENT + 900;
        for (members, expected) in [
            (json!({"expires_at": later}), Some(900)),
            (json!({"expires_on": later.to_string()}), Some(900)),
            (json!({"expires_at": "2026-11-20T22:15:00+01:00"}), Some(900)),
            (json!({"expires": later}), Some(900)),
            (json!({"expires": 300}), Some(300)),
            (json!({"expires_in": 60, "expires_at": later}), Some(60)),
            (json!({"expires_in": 0, "expires_at": later}), Some(900)),
            (json!({"expiresIn": "70"}), Some(70)),
            (json!({"expires_in_sec": 80, "expires_in": 90}), Some(80)),
            (json!({"expires_on": "06/19/2030 23:42:01 +00:00"}), None),
            (json!({"expires_at": SENT - 1}), None),
            (json!({"expires_at": later * 1000}), Some(900)),
            (json!({"expires_at": "2026-11-20T22:15:00"}), None),
            (json!({"expires_at": SENT + 315_576_000}), Some(315_576_000)),
            (json!({"expires_at": SENT + 315_576_001}), None),
            (json!({}), None),
        ] {
            assert_eq!(lifetime(&members, None), expected, "{members}");
        }
    }

    #[test]
    fn a_refresh_token_may_have_a_lifetime_of_its_own() {
        let rules = ReplyRules::default();
        let of = |members: Value| refresh_expires_in(members.as_object().unwrap(), &rules);
        assert_eq!(of(json!({"x_refresh_token_expires_in": "60"})), Some(Duration::from_secs(60)));
        assert_eq!(of(json!({"refresh_expires_in": 0})), None);
    }
}
