//! Charge sessions.

use time::OffsetDateTime;

use super::SessionStatus;

model! {
    /// A charge session.
    pub struct Session {
        /// Its id, a UUID.
        id: Option<String> = "id",
        /// Who started it, a UUID.
        user_id: Option<String> = "userId",
        /// The account for electric mobility.
        ema_id: Option<String> = "emaId",
        /// The charge point.
        evse_id: Option<String> = "evseId",
        /// When it began, UTC.
        started_at: Option<OffsetDateTime> = "startedAt",
        /// When it ended, UTC; `None` while it runs.
        stopped_at: Option<OffsetDateTime> = "stoppedAt",
        /// When this was last changed, as Shell writes it; the form is not documented.
        last_updated: Option<String> = "lastUpdated",
        /// Where it stands. Shell spells the name in two ways.
        session_state: Option<SessionState> = "sessionState" | "SessionState",
    }

    /// Where a charge session stands.
    pub struct SessionState {
        /// In Shell's words; [`SessionState::phase`] reads them.
        status: Option<String> = "status",
        /// What went wrong.
        error: Option<SessionError> = "error",
    }

    /// What went wrong with a session.
    pub struct SessionError {
        /// A code, such as `InternalError`.
        code: Option<String> = "code",
        /// In words.
        message: Option<String> = "message",
    }
}

impl Session {
    /// Where it stands, if Shell says.
    pub fn phase(&self) -> Option<SessionStatus> {
        self.session_state.as_ref()?.phase()
    }
}

impl SessionState {
    /// The status, read without regard to case and to hyphens: samples say `Started` where the
    /// documentation says `started`.
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
    /// Whether Shell has not decided yet: a start or a stop was asked for.
    pub fn is_pending(&self) -> bool {
        matches!(self, SessionStatus::StartRequested | SessionStatus::StopRequested)
    }
}
