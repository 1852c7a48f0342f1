//! Proofs with the feature `dpop`.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use time::OffsetDateTime;
use ureq::http::HeaderMap;
use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::error::{DpopError, Error, ProofFault, Result};
use crate::proof_key::ProofKey;
use crate::protocol::dpop::{Proven, code, nonce, proof};
use crate::protocol::{Outcome, TokenRequest, skew};
use crate::provider::Dpop;
use crate::refresh::Sent;
use crate::secret::Secret;
use crate::token::Token;
use crate::transport::TokenTransport;
use crate::transport::exchange::Raw;

/// Clocks that differ by no more than this, in seconds, agree.
const TOLERANCE: i64 = 30;
/// The time of a server whose clock is further from ours than this, in seconds, is not used.
const FURTHEST: i64 = 86_400;

/// The setting of the client's builder for new logins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The provider decides.
    #[default]
    None,
    /// A login is bound, and a token that is not bound is an error.
    Bound,
    /// A login is bound if the server binds its tokens.
    IfOffered,
}

/// The server that gets a request. The two servers have separate nonces, even on one host (sections 8
/// and 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Server,
    Api,
}

/// The nonces and clocks of servers, for a client's proofs. All clones of the client share the value.
pub(crate) struct Proofs {
    demand: Demand,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<(Side, String), Known>>,
}

/// The state of one origin: its newest nonce, and by how many seconds its clock is ahead of ours.
#[derive(Default)]
struct Known {
    nonce: Option<Arc<str>>,
    skew: i64,
}

/// What the client learns from an answer: the nonce and the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    /// The nonce of the answer.
    nonce: Option<Arc<str>>,
    /// Whether the answer corrected the client's knowledge of the server's clock.
    clock: bool,
}

impl Learned {
    /// Whether another proof may be accepted after a proof had this fault.
    pub(crate) fn mends(&self, fault: ProofFault) -> bool {
        match fault {
            ProofFault::Nonce => self.nonce.is_some(),
            ProofFault::Invalid => self.clock,
        }
    }

    /// The nonce of this answer. The request is sent again with this nonce: the nonce in `Proofs` may
    /// by then be an older nonce, from the answer to another request.
    pub(crate) fn into_nonce(self) -> Option<Arc<str>> {
        self.nonce
    }
}

impl Default for Proofs {
    fn default() -> Proofs {
        Proofs::new(Demand::None, Arc::new(SystemClock))
    }
}

impl Proofs {
    pub(crate) fn new(demand: Demand, clock: Arc<dyn Clock>) -> Proofs {
        Proofs { demand, clock, known: Mutex::default() }
    }

    /// Makes the proof of a request. `nonce` is the nonce of the answer that demanded this proof; if it is
    /// `None`, the newest nonce of the origin is used.
    pub(crate) fn proof(
        &self,
        (side, method, url): (Side, &str, &str),
        key: &ProofKey,
        access_token: Option<&Secret>,
        nonce: Option<&Arc<str>>,
    ) -> Result<Secret> {
        let (newest, skew) = match self.known.lock().get(&(side, origin(url))) {
            Some(known) => (known.nonce.clone(), known.skew),
            None => (None, 0),
        };
        let nonce = nonce.or(newest.as_ref());
        let now = self.clock.now_utc();
        let now = now.checked_add(time::Duration::seconds(skew)).unwrap_or(now);
        proof(key, &Proven { method, url, now, nonce: nonce.map(|nonce| &**nonce), access_token })
    }

    /// The time at which a request is sent.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now_utc()
    }

    /// Remembers the nonce and the clock of the server that sent an answer. The newest nonce wins (section
    /// 8.2).
    pub(crate) fn learn(
        &self,
        side: Side,
        url: &str,
        headers: &HeaderMap,
        sent_at: OffsetDateTime,
    ) -> Learned {
        let nonce: Option<Arc<str>> = nonce(headers).map(Into::into);
        let told = skew(headers, sent_at, self.clock.now_utc());
        let mut all = self.known.lock();
        let of_origin = all.entry((side, origin(url))).or_default();
        if nonce.is_some() {
            of_origin.nonce.clone_from(&nonce);
        }
        // An answer without a date does not change the known time.
        let before = of_origin.skew;
        let skew = told.map_or(before, |skew| {
            let fits = (TOLERANCE + 1..=FURTHEST).contains(&skew.saturating_abs());
            if fits { skew } else { 0 }
        });
        of_origin.skew = skew;
        let clock = skew.abs_diff(before) > TOLERANCE.unsigned_abs();
        Learned { nonce, clock }
    }
}

fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

/// Why a token request is sent again, and the nonce for it.
pub(crate) struct Again {
    fault: ProofFault,
    nonce: Option<Arc<str>>,
}

/// Which repetitions of a token request are left: one with another nonce, and one with another time.
pub(crate) struct Left {
    nonce: bool,
    clock: bool,
}

impl Left {
    pub(crate) fn all() -> Left {
        Left { nonce: true, clock: true }
    }

    /// Whether the request is sent once more because of this fault.
    pub(crate) fn take(&mut self, again: Option<&Again>) -> bool {
        match again.map(|again| again.fault) {
            Some(ProofFault::Nonce) => std::mem::take(&mut self.nonce),
            Some(ProofFault::Invalid) => std::mem::take(&mut self.clock),
            None => false,
        }
    }
}

impl TokenTransport {
    pub(crate) fn login_key(&self) -> Result<Option<ProofKey>> {
        match (self.provider.token_request.dpop, self.proofs.demand) {
            (Dpop::Off, Demand::Bound) => Err(Error::config(format!(
                "{} does not accept DPoP proofs that are signed with ES256 (RFC 9449), so this client \
                 cannot bind a login: leave `ClientBuilder::dpop` out",
                self.provider.display_name
            ))),
            (Dpop::Off, _) | (Dpop::Offered, Demand::None) => Ok(None),
            _ => ProofKey::generate().map(Some),
        }
    }

    /// Adds the DPoP proof to a request, after the hook `before_token_request` has changed the request.
    pub(in crate::transport) fn prove(
        &self,
        request: &mut TokenRequest,
        key: Option<&ProofKey>,
        again: Option<&Again>,
    ) -> Result<()> {
        let Some(key) = key else { return Ok(()) };
        let nonce = again.and_then(|again| again.nonce.as_ref());
        let target = (Side::Server, request.method, request.url.as_str());
        let proof = self.proofs.proof(target, key, None, nonce)?;
        // A header of this name that a hook has set is replaced.
        request.headers.push(("DPoP".into(), proof));
        Ok(())
    }

    /// Remembers what an answer says for the next proof. Returns the fault of this proof, if another
    /// proof may be accepted.
    pub(in crate::transport) fn learned(
        &self,
        url: &str,
        raw: &Raw,
        key: Option<&ProofKey>,
        sent_at: OffsetDateTime,
    ) -> Option<Again> {
        let Raw::Answer(answer) = raw else { return None };
        let learned = self.proofs.learn(Side::Server, url, &answer.headers, sent_at);
        key?;
        let fault = ProofFault::named(&code(answer.status, &answer.body)?)?;
        let mends = learned.mends(fault);
        mends.then(|| Again { fault, nonce: learned.into_nonce() })
    }

    /// Puts the key into the token of a new login. A token that is not bound to the key is discarded, unless
    /// the client accepts it (section 5).
    pub(in crate::transport) fn bound(&self, mut sent: Sent, key: Option<&ProofKey>) -> Sent {
        let (Some(key), Sent::Reply(reply)) = (key, &mut sent) else { return sent };
        let Outcome::Token(issued) = &mut reply.outcome else { return sent };
        if issued.token.is_dpop() {
            issued.token = issued.token.clone().with_dpop_key(key.jwk().clone());
            return sent;
        }
        // A token of the type N_A is no access token and goes to no API (RFC 8693 section 2.2.1).
        let no_access_token = issued.token.token_type().eq_ignore_ascii_case("N_A");
        if no_access_token || self.proofs.demand == Demand::IfOffered {
            return sent;
        }
        let what = format!("the token of {}", self.provider.token_host());
        let token_type = issued.token.token_type().to_owned();
        Sent::Never(Error::decode(what, DpopError::NotBound { token_type }).into())
    }

    /// Whether the answer to a refresh of `before` can be used: a login that is bound to a key stays bound, unless
    /// the client accepts both.
    #[cfg(feature = "token-exchange")]
    pub(in crate::transport) fn keeps_bound(&self, before: &Token, new: &Token) -> bool {
        before.dpop_key().is_none() || new.is_dpop() || self.proofs.demand == Demand::IfOffered
    }

    /// The token as it is stored by `Client::seed`. In a client whose logins are bound, a token without
    /// a key gets a new key: its access token is not used, and the first refresh binds the login.
    pub(crate) fn seeded(&self, token: Token, now: OffsetDateTime) -> Result<Token> {
        if let Some(jwk) = token.dpop_key() {
            ProofKey::from_jwk(jwk)?;
            return Ok(token);
        }
        let key = match self.proofs.demand {
            Demand::IfOffered => None,
            _ => self.login_key()?,
        };
        let Some(key) = key else { return Ok(token) };
        if token.refresh_token().is_none() {
            return Err(Error::config(
                "the token has no key (`Token::with_dpop_key`) and no refresh token, and this client uses \
                 only tokens that are bound to a key (DPoP, RFC 9449)",
            ));
        }
        Ok(token.with_expires_at(now).with_dpop_key(key.jwk().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    const URL: &str = "https://a.example/token";

    fn claims(proofs: &Proofs, side: Side, url: &str) -> Value {
        let key = ProofKey::generate().unwrap();
        let proof = proofs.proof((side, "GET", url), &key, None, None).unwrap();
        let claims = proof.expose().split('.').nth(1).unwrap().to_owned();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    }

    fn answer(nonce: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("dpop-nonce", nonce.parse().unwrap());
        headers
    }

    #[test]
    fn nonces_are_kept_by_server_and_origin_and_the_newest_wins() {
        let proofs = Proofs::default();
        let now = proofs.now();
        assert_eq!(claims(&proofs, Side::Api, URL)["nonce"], Value::Null);
        proofs.learn(Side::Api, URL, &answer("n-1"), now);
        proofs.learn(Side::Api, "https://a.example/other", &answer("n-2"), now);
        proofs.learn(Side::Api, "https://b.example/token", &answer("n-3"), now);
        proofs.learn(Side::Server, URL, &answer("n-4"), now);
        proofs.learn(Side::Api, URL, &HeaderMap::new(), now);
        for (side, url, nonce) in [
            (Side::Api, "https://a.example/third?x", "n-2"),
            (Side::Api, "https://b.example/", "n-3"),
            (Side::Server, URL, "n-4"),
        ] {
            assert_eq!(claims(&proofs, side, url)["nonce"], nonce, "{side:?} {url}");
        }
        assert_eq!(claims(&proofs, Side::Api, "https://a.example:8443/")["nonce"], Value::Null);
    }

    #[test]
    fn the_time_of_a_proof_is_the_servers() {
        let clock = Arc::new(ManualClock::at(
            OffsetDateTime::from_unix_timestamp(1_795_208_400).unwrap().into(),
        ));
        let proofs = Proofs::new(Demand::None, clock);
        let now = proofs.now();
        let date = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("date", text.parse().unwrap());
            headers
        };
        let iat = || claims(&proofs, Side::Api, URL)["iat"].as_i64().unwrap() - 1_795_208_400;
        assert_eq!(iat(), 0);
        for (text, moved, expected) in [
            ("Fri, 20 Nov 2026 21:00:30 GMT", false, 0),
            ("Fri, 20 Nov 2026 22:00:00 GMT", true, 3600),
            ("Fri, 20 Nov 2026 22:00:30 GMT", false, 3630),
            ("Fri, 20 Nov 2026 22:00:10 GMT", false, 3610),
            ("Sat, 21 Nov 2026 21:00:00 GMT", true, 86_400),
            ("Mon, 20 Nov 2028 22:00:00 GMT", true, 0),
        ] {
            let learned = proofs.learn(Side::Api, URL, &date(text), now);
            assert_eq!((learned.clock, iat()), (moved, expected), "{text}");
        }
    }
}
