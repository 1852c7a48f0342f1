//! Charge sessions.

use time::OffsetDateTime;

use super::{EmaId, EvseId, Id, SessionStatus, User};

model! {
    /// A charge session.
    pub struct Session {
        /// The id of the session, a UUID.
        id: Option<Id<Session>> = "id",
        /// The user who started the session, a UUID.
        user_id: Option<Id<User>> = "userId",
        /// The e-mobility account.
        ema_id: Option<EmaId> = "emaId",
        /// The charge point.
        evse_id: Option<EvseId> = "evseId",
        /// When the session began, UTC.
        started_at: Option<OffsetDateTime> = "startedAt",
        /// When the session ended, UTC; `None` while it runs.
        stopped_at: Option<OffsetDateTime> = "stoppedAt",
        /// When the data was last changed, as Shell writes it. The form is not documented.
        last_updated: Option<String> = "lastUpdated",
        /// The state of the session. Shell spells this member in two ways.
        session_state: Option<SessionState> = "sessionState",
        /// The code of the error; only in version 1 of the API.
        session_code: Option<String> = "sessionCode",
        /// The description of the error; only in version 1 of the API.
        session_message: Option<String> = "sessionMessage",
    }

    /// The state of a charge session. Version 1 of the API sends the status alone, as a string.
    pub struct SessionState or text "status" {
        /// The status as Shell writes it; [`SessionState::phase`] parses the status.
        status: Option<String> = "status",
        /// The error that ended the session or kept it from starting.
        error: Option<SessionError> = "error",
    }

    /// The error of a charge session.
    pub struct SessionError {
        /// A code, such as `InternalError`.
        code: Option<String> = "code",
        /// The description.
        message: Option<String> = "message",
    }
}

impl Session {
    /// Returns the status of the session, if Shell names one.
    pub fn phase(&self) -> Option<SessionStatus> {
        self.session_state.as_ref()?.phase()
    }
}

impl SessionState {
    /// Returns the status, read without regard to case and hyphens: Shell's samples have `Started` where its
    /// documentation has `started`.
    pub fn phase(&self) -> Option<SessionStatus> {
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let text = self.status.as_deref()?;
        let known = SessionStatus::KNOWN.iter().find(|known| plain(known.as_str()) == plain(text));
        Some(known.cloned().unwrap_or_else(|| SessionStatus::from(text)))
    }
}

impl SessionStatus {
    /// Whether a start or a stop was requested and Shell has not decided about the request.
    pub fn is_pending(&self) -> bool {
        matches!(self, SessionStatus::StartRequested | SessionStatus::StopRequested)
    }
}
