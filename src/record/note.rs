//! The parts of a record besides the token: its owner, and the state of the last refresh.

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Record;
use crate::secret::random_id;

/// The server and client that a record belongs to. Only a client with the same binding uses the record,
/// so a refresh token goes only to the server that issued it (RFC 6749 section 10.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The token endpoint. If the callback of the login named the endpoint's host, this is the token
    /// endpoint on that host.
    pub token_endpoint: String,
    /// The client id.
    pub client_id: String,
    /// The grant: `authorization_code`, `client_credentials` ...
    pub grant: String,
    /// The requested scope, for a grant that has no refresh token.
    pub scope: Option<String>,
    /// Further request parameters that select a token, for a grant that has no refresh token.
    pub audience: Option<String>,
    /// Members that a later release adds.
    pub(crate) unknown: Map<String, Value>,
}

/// The note of a refresh: written before the refresh token is sent, and removed after a definite answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// The [`crate::Secret::fingerprint`] of the refresh token.
    pub fingerprint: String,
    /// A random id of the attempt.
    pub nonce: String,
    /// The process that sent the refresh token.
    pub holder: Holder,
    /// When the token was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// The latest time at which the process that sent the token may still get the answer, UTC.
    pub deadline: OffsetDateTime,
    /// How often this token was sent without a definite answer.
    pub attempts: u32,
    /// Whether the service answered "too early" or "too many requests", and so did not use the token.
    pub answered: bool,
    /// When the service allows the next try, UTC.
    pub not_before: Option<OffsetDateTime>,
    /// When the first unanswered attempt was made, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
    /// Whether the service answered "too early", which means that its newest access token still works.
    pub early: bool,
    /// The hosts whose clocks say that the deadline is too far away, and when each host first saw the refresh
    /// note.
    pub(crate) seen: Vec<Seen>,
    pub(crate) unknown: Map<String, Value>,
}

/// When a host first saw a refresh note, by its own clock, UTC.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) unknown: Map<String, Value>,
}

impl Note {
    /// When this token was first sent without an answer.
    pub(crate) fn unanswered(&self) -> Option<OffsetDateTime> {
        self.unanswered_since.or((!self.answered).then_some(self.sent_at))
    }

    /// When a host first saw this note. A time in the future is ignored: the host's clock was set back since.
    pub(crate) fn seen_by(&self, host: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let seen = self.seen.iter().find(|seen| seen.host == host);
        seen.map(|seen| seen.at).filter(|at| *at <= now)
    }
}

impl Record {
    /// Whether the present refresh token has this fingerprint.
    pub(crate) fn has_refresh_token(&self, fingerprint: &str) -> bool {
        self.token.refresh_token().is_some_and(|token| token.fingerprint() == fingerprint)
    }

    /// The refusal of the present refresh token.
    pub(crate) fn present_refusal(&self) -> Option<&Refused> {
        self.refused.as_ref().filter(|refused| self.has_refresh_token(&refused.fingerprint))
    }

    /// The note of the present refresh token, and when this token was first sent without an answer. `None` if
    /// every request with this token was answered.
    pub(crate) fn unanswered(&self) -> Option<(&Note, OffsetDateTime)> {
        let note = self.note.as_ref()?;
        let since = note.unanswered()?;
        self.has_refresh_token(&note.fingerprint).then_some((note, since))
    }
}

/// A process, named so that a person can find it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The host's name.
    pub host: String,
    /// The process id.
    pub pid: u32,
    pub(crate) unknown: Map<String, Value>,
}

impl Holder {
    /// This process.
    pub(crate) fn this() -> Holder {
        Holder { host: host(), pid: std::process::id(), unknown: Map::new() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

/// The host's name, read from files, because std has no function for the name. Two hosts have the same name
/// only if a person gave them the same name: a refresh note names the host by whose clock it was first seen.
fn host() -> String {
    /// The name in the settings of macOS, which every user may read.
    const MAC: &str = "/Library/Preferences/SystemConfiguration/preferences.plist";
    let read = |path: &str| std::fs::read_to_string(path).ok();
    // The paths of Linux, of many other systems, and of OpenBSD and NetBSD.
    ["/proc/sys/kernel/hostname", "/etc/hostname", "/etc/myname"]
        .into_iter()
        .find_map(read)
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| read(MAC).as_deref().and_then(name_of_mac).map(str::to_owned))
        .map(|name| name.trim().chars().take(64).collect::<String>())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(nameless)
}

/// The `LocalHostName` in a property list in XML.
fn name_of_mac(plist: &str) -> Option<&str> {
    let (_, after) = plist.split_once("<key>LocalHostName</key>")?;
    let (name, _) = after.trim_start().strip_prefix("<string>")?.split_once("</string>")?;
    Some(name).filter(|name| !name.contains(['<', '&']))
}

/// A name for a host whose name cannot be read: a new name for each process, so that no two hosts share
/// it. A process on a host without a name therefore does not recognize the notes that an earlier process of
/// the host has seen.
fn nameless() -> String {
    static NAME: LazyLock<String> = LazyLock::new(|| format!("nameless host {}", random_id()));
    NAME.clone()
}

/// The service's refusal of a refresh token. The store keeps the refusal, so that not every run sends the
/// token again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The [`crate::Secret::fingerprint`] of the refresh token.
    pub fingerprint: String,
    /// When the service refused, UTC.
    pub at: OffsetDateTime,
    /// The server's error code.
    pub code: String,
    /// The server's description of the error.
    pub description: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// When an earlier attempt with the same token got no answer, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
    pub(crate) unknown: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_named_by_its_local_host_name() {
        let plist = "<plist>\n<key>HostNames</key>\n<dict>\n\t<key>LocalHostName</key>\n\t\
                     <string>Annas-MacBook</string>\n</dict>";
        assert_eq!(name_of_mac(plist), Some("Annas-MacBook"));
        for other in
            ["", "<key>LocalHostName</key>", "<key>LocalHostName</key><string>a&amp;b</string>"]
        {
            assert_eq!(name_of_mac(other), None, "{other}");
        }
    }

    #[test]
    fn a_host_without_a_name_is_not_taken_for_another() {
        let name = nameless();
        assert_eq!(name, nameless());
        assert!(name.len() > "nameless host ".len() + 16, "{name}");
        assert_ne!(host(), "this host");
    }
}
