//! Introspection (RFC 7662) and ID tokens (OpenID Connect Core section 2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::server::{SUBJECT, Server, Which};
use super::tokens::{Issued, Now};

impl Server {
    /// Answers an introspection request. An introspection is not treated as a use of the token.
    pub(super) fn introspect(&mut self, now: Now, text: &str) -> Value {
        self.counters.introspections += 1;
        let inactive = json!({ "active": false });
        let (login, scope, left, kind) = match self.by_text.get(text) {
            None => return inactive,
            Some(&Which::Access(access)) => {
                let token = &self.access_tokens[access];
                if !token.is_live(now) {
                    return inactive;
                }
                let left = self.lifetime_left(now, access).as_secs();
                (token.login, token.scope.clone(), Some(left), "access_token")
            }
            Some(&Which::Refresh(refresh)) => {
                let token = &self.refresh_tokens[refresh];
                if token.ended || token.successor.is_some() {
                    return inactive;
                }
                (Some(token.login), self.logins[token.login].scope.clone(), None, "refresh_token")
            }
        };
        if login.is_some_and(|login| self.logins[login].ended) {
            return inactive;
        }
        let wall = now.wall.unix_timestamp().saturating_add(self.clock_offset);
        json!({
            "active": true,
            "scope": scope,
            "client_id": self.settings.client_id,
            "sub": login.map_or(self.settings.client_id.as_str(), |_| SUBJECT),
            "token_type": kind,
            "iss": self.url,
            "exp": left.map(|left| wall.saturating_add_unsigned(left)),
        })
    }

    /// Makes an ID token for a login with the scope `openid`, signed with the sandbox's key (ES256).
    pub(super) fn id_token(&self, now: Now, issued: Issued) -> Option<String> {
        let access = &self.access_tokens[issued.access];
        let login = &self.logins[access.login?];
        if !login.scope.split(' ').any(|scope| scope == "openid") {
            return None;
        }
        let wall = now.wall.unix_timestamp().saturating_add(self.clock_offset);
        let hash = digest(&SHA256, access.text.as_bytes());
        let mut claims = json!({
            "iss": self.url,
            "sub": SUBJECT,
            "aud": self.settings.client_id,
            "iat": wall,
            "exp": wall.saturating_add(600),
            "auth_time": login.began.saturating_add(self.clock_offset),
            "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]),
            "email": "ada@example.com",
            "email_verified": true,
        });
        for (name, value) in [("nonce", &login.nonce), ("acr", &login.acr)] {
            if let (Some(value), Some(claims)) = (value, claims.as_object_mut()) {
                claims.insert(name.to_owned(), value.as_str().into());
            }
        }
        self.signing_key.as_ref()?.sign(&claims)
    }
}
