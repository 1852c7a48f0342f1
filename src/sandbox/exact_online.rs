//! Exact Online's error replies, as its users report them.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use super::http::Reply;
use super::tokens::{ENDED, EXPIRED, Now, Refused, TOO_EARLY, USED};

/// How long an authorization code of Exact Online lives.
pub(super) const CODE_LIFETIME: Duration = Duration::from_secs(180);

/// The reply to a refused request. `issued_at` is when the refresh token of the request was issued, `life`
/// is how long a refresh token lives.
pub(super) fn refusal(
    refused: &Refused,
    grant_type: &str,
    now: Now,
    issued_at: Option<Duration>,
    life: Duration,
) -> Reply {
    let said = |status: u16, code: &str, text: &str| {
        Reply::json(status, json!({ "error": code, "error_description": text }))
    };
    match *refused {
        TOO_EARLY => {
            let reason = format!("TooEarlyToRefreshTokens: {}", refused.description);
            said(400, refused.code, refused.description).with_header("Reason", &reason)
        }
        USED => said(401, "unauthorized_client", "Old refresh token used."),
        EXPIRED => {
            let age = now.monotonic.saturating_sub(issued_at.unwrap_or_default());
            let end = now.wall - age.saturating_sub(life);
            let text = format!(
                "The refresh token expired at {} and it is now {}.",
                american(end),
                american(now.wall)
            );
            said(400, "invalid_request", &text)
        }
        ENDED => {
            said(400, "invalid_grant", "Token is not allowed, because of invalid or empty chainId")
        }
        // The code was used before, is too old, or is wrong in any other way.
        _ if grant_type == "authorization_code" && refused.status == 400 => Reply::new(400),
        _ => Reply::json(400, json!({ "error": "invalid_request" })),
    }
}

/// Formats a date as `1/5/2026 3:04:05 PM`.
fn american(date: OffsetDateTime) -> String {
    let (hour, minute, second) = date.to_hms();
    let (half, hour) = if hour < 12 { ("AM", hour) } else { ("PM", hour - 12) };
    let hour = if hour == 0 { 12 } else { hour };
    let (year, month, day) = date.to_calendar_date();
    format!("{}/{day}/{year} {hour}:{minute:02}:{second:02} {half}", u8::from(month))
}
