//! The authorization server's state and its decisions, without I/O. Each method processes one request, and
//! the caller holds the lock meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::codes::{Code, Pending};
use super::device::Device;
use super::dpop::Proofs;
use super::events::{Counters, Event, EventKind};
use super::par::Pushed;
use super::registration::Registered;
use super::settings::Settings;
use super::signing_key::SigningKey;
use super::tokens::{
    AccessToken, Decision, ENDED, EXPIRED, Issued, Login, Now, Owner, RefreshToken, Refused,
    TOO_EARLY, USED, access_name, refresh_name,
};
use crate::provider::Rotation;
use crate::secret::random_text;

#[derive(Clone, Copy)]
pub(super) enum Which {
    Access(usize),
    Refresh(usize),
}

pub(super) struct Server {
    pub(super) settings: Arc<Settings>,
    pub(super) url: String,
    pub(super) logins: Vec<Login>,
    pub(super) refresh_tokens: Vec<RefreshToken>,
    pub(super) access_tokens: Vec<AccessToken>,
    pub(super) by_text: HashMap<String, Which>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) pending: HashMap<String, Pending>,
    pub(super) pushed: HashMap<String, Pushed>,
    pub(super) registered: HashMap<String, Registered>,
    pub(super) devices: HashMap<String, Device>,
    pub(super) proofs: Proofs,
    /// The key of the ID tokens.
    pub(super) signing_key: Option<SigningKey>,
    #[cfg(feature = "jwt")]
    pub(super) seen_assertions: std::collections::HashSet<String>,
    pub(super) counters: Counters,
    pub(super) events: Vec<Event>,
    /// The error of the server's wall clock in seconds.
    pub(super) clock_offset: i64,
}

/// The name of the only person.
pub(super) const SUBJECT: &str = "ada";

impl Server {
    pub(super) fn new(settings: Arc<Settings>, url: &str) -> Server {
        let mut server = Server {
            settings,
            url: url.to_owned(),
            logins: Vec::new(),
            refresh_tokens: Vec::new(),
            access_tokens: Vec::new(),
            by_text: HashMap::new(),
            codes: HashMap::new(),
            pending: HashMap::new(),
            pushed: HashMap::new(),
            registered: HashMap::new(),
            devices: HashMap::new(),
            proofs: Proofs::default(),
            signing_key: SigningKey::generate(),
            #[cfg(feature = "jwt")]
            seen_assertions: Default::default(),
            counters: Counters::default(),
            events: Vec::new(),
            clock_offset: 0,
        };
        server.renew_nonces();
        server
    }

    /// Begins a login and issues its first pair of tokens.
    pub(super) fn begin_login(&mut self, now: Now, scope: &str) -> Issued {
        if self.settings.new_login_ends_earlier {
            self.end_all_logins(now, "another login");
        }
        let login = self.logins.len();
        let none = Issued { access: 0, refresh: None };
        let scope = scope.to_owned();
        let jkt = self.proofs.key.clone();
        let login_of = Login {
            scope,
            nonce: None,
            acr: None,
            began: now.wall.unix_timestamp(),
            client: None,
            jkt,
            ended: false,
            newest: none,
        };
        self.logins.push(login_of);
        let issued = self.issue_pair(now, login, None);
        self.note(now, EventKind::LoginBegan, Some(login), Some(issued));
        issued
    }

    /// Issues a token to the client itself (RFC 6749 section 4.4), without a refresh token.
    pub(super) fn client_credentials(&mut self, now: Now, scope: &str) -> Issued {
        self.own_token(now, scope, None)
    }

    /// Issues a token without a login: to the client itself, or on behalf of a user.
    pub(super) fn own_token(&mut self, now: Now, scope: &str, subject: Option<String>) -> Issued {
        let access = self.issue_access(now, None, None, scope);
        self.access_tokens[access].subject = subject;
        self.counters.client_credentials += 1;
        let issued = Issued { access, refresh: None };
        self.note(now, EventKind::ClientCredentials, None, Some(issued));
        issued
    }

    /// Answers a refresh request (RFC 6749 section 6).
    pub(super) fn refresh(&mut self, now: Now, text: &str, scope: Option<&str>) -> Decision {
        let Some(&Which::Refresh(came)) = self.by_text.get(text) else {
            return Err(Refused::new("invalid_grant", "unknown refresh token"));
        };
        let login = self.refresh_tokens[came].login;
        let replaced_at = self.refresh_tokens[came].replaced_at;
        if self.logins[login].ended {
            if replaced_at.is_some() {
                self.reused(now, came, login);
            }
            return Err(ENDED);
        }
        let key = self.proofs.key.clone();
        if self.logins[login].jkt.is_some() && self.logins[login].jkt != key {
            return Err(Refused::new("invalid_grant", "the login is bound to another key"));
        }
        let age = now.monotonic.saturating_sub(self.refresh_tokens[came].issued_at);
        if replaced_at.is_none() && self.settings.refresh_token_lifetime.is_some_and(|l| age >= l) {
            return Err(EXPIRED);
        }
        if self.is_too_early(now, login) {
            return Err(TOO_EARLY);
        }
        if let Some(scope) = scope {
            let granted = &self.logins[login].scope;
            if !scope.split_whitespace().all(|s| granted.split_whitespace().any(|g| g == s)) {
                return Err(Refused::new("invalid_scope", "more than was granted"));
            }
        }
        // The first proof binds a login that began without a proof.
        self.logins[login].jkt = key;
        match replaced_at {
            None if self.refresh_tokens[came].ended => {
                Err(Refused::new("invalid_grant", "the refresh token was revoked"))
            }
            None => Ok(self.rotate(now, came, login)),
            Some(at) => self.repeat(now, came, login, at),
        }
    }

    /// Accepts a refresh token that has not been replaced.
    fn rotate(&mut self, now: Now, came: usize, login: usize) -> Issued {
        self.was_used(came);
        let issued = if self.settings.rotation == Rotation::None {
            self.end_access_of(came);
            let scope = self.logins[login].scope.clone();
            let access = self.issue_access(now, Some(login), Some(came), &scope);
            self.logins[login].newest = Issued { access, refresh: Some(came) };
            Issued { access, refresh: None }
        } else {
            self.end_access_of(came);
            self.refresh_tokens[came].replaced_at = Some(now.monotonic);
            let issued = self.issue_pair(now, login, Some(came));
            self.refresh_tokens[came].successor = Some(issued);
            issued
        };
        self.counters.refreshes += 1;
        self.note(now, EventKind::Refreshed, Some(login), Some(issued)).spent =
            Some(refresh_name(came));
        issued
    }

    /// Answers a refresh request with a refresh token that has been replaced.
    fn repeat(&mut self, now: Now, came: usize, login: usize, at: Duration) -> Decision {
        let in_window = |grace| now.monotonic.saturating_sub(at) < grace;
        let token = &self.refresh_tokens[came];
        let good = !token.ended
            && match self.settings.rotation {
                Rotation::Grace(grace) | Rotation::GraceThenFamily(grace) => in_window(grace),
                // `was_used` revokes the old refresh token when its successor is used.
                Rotation::UntilUsed => true,
                _ => false,
            };
        if !good {
            self.reused(now, came, login);
            if self.settings.reuse_is_fatal() {
                self.end_login(now, login, "reuse");
            }
            return Err(USED);
        }
        let issued = match token.successor {
            Some(first) if self.settings.same_pair => first,
            _ => {
                if self.settings.second_pair_ends_first {
                    self.end_descendants(came);
                }
                self.issue_pair(now, login, Some(came))
            }
        };
        self.counters.recovered += 1;
        self.note(now, EventKind::Recovered, Some(login), Some(issued)).spent =
            Some(refresh_name(came));
        Ok(issued)
    }

    /// Exact Online's rule: a refresh is too early while the newest access token of the login is valid and
    /// younger than the limit.
    fn is_too_early(&self, now: Now, login: usize) -> bool {
        let newest = &self.access_tokens[self.logins[login].newest.access];
        self.settings.earliest_refresh.is_some_and(|earliest| {
            newest.is_live(now) && now.monotonic.saturating_sub(newest.issued_at) < earliest
        })
    }

    /// With [`Rotation::UntilUsed`], the first use of a token pair revokes the refresh token that the pair
    /// replaced.
    fn was_used(&mut self, refresh: usize) {
        if self.settings.rotation == Rotation::UntilUsed
            && let Some(parent) = self.refresh_tokens[refresh].parent
        {
            self.refresh_tokens[parent].ended = true;
        }
    }

    fn end_access_of(&mut self, refresh: usize) {
        if self.settings.ends_access_token {
            for token in self.access_tokens.iter_mut().filter(|t| t.refresh == Some(refresh)) {
                token.ended = true;
            }
        }
    }

    fn end_descendants(&mut self, of: usize) {
        let mut ended = vec![of];
        for index in of + 1..self.refresh_tokens.len() {
            if self.refresh_tokens[index].parent.is_some_and(|parent| ended.contains(&parent)) {
                self.refresh_tokens[index].ended = true;
                ended.push(index);
            }
        }
        for token in &mut self.access_tokens {
            token.ended |= token.refresh.is_some_and(|r| r != of && ended.contains(&r));
        }
    }

    fn reused(&mut self, now: Now, came: usize, login: usize) {
        self.counters.reuses += 1;
        self.note(now, EventKind::Reused, Some(login), None).spent = Some(refresh_name(came));
    }

    /// Revokes a login and all its tokens.
    pub(super) fn end_login(&mut self, now: Now, login: usize, reason: &str) {
        if std::mem::replace(&mut self.logins[login].ended, true) {
            return;
        }
        self.counters.logins_ended += 1;
        self.note(now, EventKind::LoginEnded, Some(login), None).reason = Some(reason.to_owned());
    }

    pub(super) fn end_all_logins(&mut self, now: Now, reason: &str) {
        for login in 0..self.logins.len() {
            self.end_login(now, login, reason);
        }
    }

    pub(super) fn expire_access_tokens(&mut self, now: Now) {
        for token in &mut self.access_tokens {
            token.ends_at = token.ends_at.min(now.monotonic);
        }
    }

    /// Whether the newest refresh token of the newest login is still valid.
    pub(super) fn login_alive(&self) -> bool {
        self.logins.last().is_some_and(|login| {
            !login.ended
                && login.newest.refresh.is_some_and(|refresh| !self.refresh_tokens[refresh].ended)
        })
    }

    /// Finds the owner of an access token, for the API.
    pub(super) fn owner(&mut self, now: Now, text: &str) -> Option<Owner> {
        let Some(&Which::Access(access)) = self.by_text.get(text) else { return None };
        let token = &self.access_tokens[access];
        let login = token.login;
        if !token.is_live(now) || login.is_some_and(|login| self.logins[login].ended) {
            let event = self.note(now, EventKind::Unauthorized, login, None);
            event.access_token = Some(access_name(access));
            return None;
        }
        let refresh = token.refresh;
        if !std::mem::replace(&mut self.access_tokens[access].used, true) {
            if let Some(refresh) = refresh {
                self.was_used(refresh);
            }
            self.note(now, EventKind::Used, login, Some(Issued { access, refresh }));
        }
        let subject = match login {
            Some(_) => SUBJECT.to_owned(),
            None => {
                let own = self.access_tokens[access].subject.as_ref();
                own.unwrap_or(&self.settings.client_id).clone()
            }
        };
        Some(Owner { access, subject })
    }

    /// Revokes a token (RFC 7009). Revoking a refresh token revokes its login; an unknown token is no error.
    pub(super) fn revoke(&mut self, now: Now, text: &str) {
        let Some(&which) = self.by_text.get(text) else { return };
        self.counters.revocations += 1;
        match which {
            Which::Access(access) => {
                self.access_tokens[access].ended = true;
                let login = self.access_tokens[access].login;
                self.note(now, EventKind::Revoked, login, None).access_token =
                    Some(access_name(access));
            }
            Which::Refresh(refresh) => {
                let login = self.refresh_tokens[refresh].login;
                self.note(now, EventKind::Revoked, Some(login), None).refresh_token =
                    Some(refresh_name(refresh));
                self.end_login(now, login, "revoked");
            }
        }
    }

    /// When the refresh token with this text was issued.
    pub(super) fn refresh_issued_at(&self, text: &str) -> Option<Duration> {
        match self.by_text.get(text)? {
            Which::Refresh(refresh) => Some(self.refresh_tokens[*refresh].issued_at),
            Which::Access(_) => None,
        }
    }

    /// Records a refusal at the token endpoint.
    pub(super) fn refused(&mut self, now: Now, refused: &Refused, came: Option<&str>) {
        self.counters.refused += 1;
        if *refused == TOO_EARLY {
            self.counters.too_early += 1;
        }
        let spent = match came.and_then(|text| self.by_text.get(text)) {
            Some(&Which::Refresh(refresh)) => Some(refresh),
            _ => None,
        };
        let login = spent.map(|refresh| self.refresh_tokens[refresh].login);
        let event = self.note(now, EventKind::Refused, login, None);
        event.spent = spent.map(refresh_name);
        event.reason = Some(format!("{}: {}", refused.code, refused.description));
    }

    /// Records whether a reply with tokens was sent.
    pub(super) fn sent(&mut self, now: Now, issued: Issued, whole: bool) {
        let kind = if whole { EventKind::Delivered } else { EventKind::Lost };
        let login = self.access_tokens[issued.access].login;
        self.note(now, kind, login, Some(issued));
    }

    pub(super) fn lifetime_left(&self, now: Now, access: usize) -> Duration {
        self.access_tokens[access].ends_at.saturating_sub(now.monotonic)
    }

    fn issue_pair(&mut self, now: Now, login: usize, parent: Option<usize>) -> Issued {
        let refresh = self.refresh_tokens.len();
        let text = format!("{}-{}", refresh_name(refresh), random_text::<24>());
        self.by_text.insert(text.clone(), Which::Refresh(refresh));
        self.refresh_tokens.push(RefreshToken {
            text,
            login,
            issued_at: now.monotonic,
            parent,
            successor: None,
            replaced_at: None,
            ended: false,
        });
        let scope = self.logins[login].scope.clone();
        let access = self.issue_access(now, Some(login), Some(refresh), &scope);
        let issued = Issued { access, refresh: Some(refresh) };
        self.logins[login].newest = issued;
        issued
    }

    fn issue_access(
        &mut self,
        now: Now,
        login: Option<usize>,
        refresh: Option<usize>,
        scope: &str,
    ) -> usize {
        let access = self.access_tokens.len();
        let text = format!("{}-{}", access_name(access), random_text::<24>());
        self.by_text.insert(text.clone(), Which::Access(access));
        self.access_tokens.push(AccessToken {
            text,
            login,
            refresh,
            issued_at: now.monotonic,
            ends_at: now.monotonic.saturating_add(self.settings.access_token_lifetime),
            ended: false,
            used: false,
            subject: None,
            kind: None,
            scope: scope.to_owned(),
            jkt: self.proofs.key.clone(),
        });
        access
    }

    pub(super) fn note(
        &mut self,
        now: Now,
        kind: EventKind,
        login: Option<usize>,
        issued: Option<Issued>,
    ) -> &mut Event {
        let mut event = Event::new(now.wall, kind);
        event.login = login.map(|login| login + 1);
        event.access_token = issued.map(|issued| access_name(issued.access));
        event.refresh_token = issued.and_then(|issued| issued.refresh).map(refresh_name);
        let last = self.events.len();
        self.events.push(event);
        &mut self.events[last]
    }
}
