//! Checks proofs of possession (RFC 9449), without I/O.

use std::collections::{HashSet, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, signature};
use serde_json::Value;

use super::http::{HttpRequest, Reply, find};
use super::server::{Server, Which};
use super::token_endpoint::TokenCall;
use super::tokens::{Now, Owner, Refused};
use crate::secret::random_text;

/// How far the time of a proof may be from the server's, in seconds.
const WINDOW: i64 = 60;
/// How many nonces of a server are accepted: the newest nonce and the nonces before it, until all are
/// renewed.
const ACCEPTED: usize = 8;

/// The server that checks a proof: each of the two servers has its own nonces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Api,
}

/// The request that a proof must be for.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a [(String, String)],
}

impl<'a> Target<'a> {
    pub(super) fn of(request: &'a HttpRequest) -> Target<'a> {
        let HttpRequest { method, path, headers, .. } = request;
        Target { method, path, headers }
    }
}

/// The seen proofs and the nonces of the two servers.
#[derive(Default)]
pub(super) struct Proofs {
    /// The identifiers of the proofs that were accepted.
    seen: HashSet<String>,
    /// The nonces of the token endpoint and of the API, the newest first, with the number of proofs
    /// with the newest nonce.
    nonces: [(VecDeque<String>, u64); 2],
    /// The key of the request that is being decided.
    pub(super) key: Option<String>,
}

const NONCE_WANTED: Refused = Refused::new("use_dpop_nonce", "the proof needs the nonce");

fn refused<T>(description: &'static str) -> Result<T, Refused> {
    Err(Refused::new("invalid_dpop_proof", description))
}

impl Server {
    /// Makes new nonces. From now on, proofs with earlier nonces are refused.
    pub(super) fn renew_nonces(&mut self) {
        for nonce in &mut self.proofs.nonces {
            *nonce = (VecDeque::from([random_text::<12>()]), 0);
        }
    }

    /// Adds the nonce to a reply, if the server demands nonces.
    pub(super) fn with_nonce(&self, side: Side, reply: Reply) -> Reply {
        match self.settings.dpop_nonces {
            Some(_) => {
                let newest = self.proofs.nonces[side as usize].0.front();
                reply.with_header("DPoP-Nonce", newest.map_or("", String::as_str))
            }
            None => reply,
        }
    }

    /// Checks the proof of a request and returns the thumbprint of its key; `None` for a request without a
    /// proof. `access_token` is the token that an API request carries.
    pub(super) fn proof(
        &mut self,
        now: Now,
        side: Side,
        request: Target<'_>,
        access_token: Option<&str>,
    ) -> Result<Option<String>, Refused> {
        let proofs: Vec<_> =
            request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("dpop")).collect();
        let result = match proofs[..] {
            [] => return Ok(None),
            [(_, proof)] => self.checked(now, side, request, proof, access_token),
            _ => refused("more than one proof"),
        };
        match &result {
            Err(error) if *error == NONCE_WANTED => self.counters.nonces_demanded += 1,
            Err(_) => self.counters.proofs_refused += 1,
            Ok(_) => {}
        }
        result.map(Some)
    }

    fn checked(
        &mut self,
        now: Now,
        side: Side,
        request: Target<'_>,
        proof: &str,
        access_token: Option<&str>,
    ) -> Result<String, Refused> {
        let Some((header, claims, jkt)) = signed(proof) else {
            return refused("the proof is not a JWT that is signed with its own key");
        };
        let target = format!("{}{}", self.url, request.path);
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let wall = now.wall.unix_timestamp().saturating_add(self.clock_offset);
        let in_time = |iat: i64| iat.abs_diff(wall) <= WINDOW.unsigned_abs();
        let hash =
            |token: &str| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
        if header["typ"] != "dpop+jwt" || header["alg"] != "ES256" {
            return refused("typ or alg is wrong");
        }
        if text("htm") != Some(request.method) || text("htu") != Some(&target) {
            return refused("the proof is for another request");
        }
        if !claims.get("iat").and_then(Value::as_i64).is_some_and(in_time) {
            return refused("the proof is not from now");
        }
        if text("ath") != access_token.map(hash).as_deref() {
            return refused("the proof is for another access token");
        }
        let Some(id) = text("jti").filter(|id| id.len() >= 16) else {
            return refused("jti is missing or short");
        };
        if let Some(every) = self.settings.dpop_nonces {
            let (nonces, uses) = &mut self.proofs.nonces[side as usize];
            if !nonces.iter().any(|nonce| text("nonce") == Some(nonce)) {
                return Err(NONCE_WANTED);
            }
            *uses += 1;
            if *uses >= every {
                nonces.push_front(random_text::<12>());
                nonces.truncate(ACCEPTED);
                *uses = 0;
            }
        }
        if !self.proofs.seen.insert(id.to_owned()) {
            return refused("the proof was used before");
        }
        Ok(jkt)
    }

    /// Checks the proof of a token request, which the sandbox may demand. The tokens of the answer are bound
    /// to the proof's key.
    pub(super) fn prove(&mut self, now: Now, call: &TokenCall) -> Result<(), Refused> {
        let TokenCall { method, headers, .. } = call;
        let target = Target { method, path: "/token", headers };
        self.proofs.key = self.proof(now, Side::Server, target, None)?;
        match self.settings.dpop_required && self.proofs.key.is_none() {
            true => refused("there is no proof"),
            false => Ok(()),
        }
    }

    /// Finds the owner of the access token of an API request. A bound token needs a proof with its key.
    pub(super) fn owner_of(
        &mut self,
        now: Now,
        request: &HttpRequest,
    ) -> Result<Option<Owner>, Option<Refused>> {
        let header = find(&request.headers, "authorization").unwrap_or_default();
        let Some((scheme, token)) = header.split_once(' ') else { return Ok(None) };
        let token = token.trim();
        let bound = match self.by_text.get(token) {
            Some(Which::Access(access)) => self.access_tokens[*access].jkt.clone(),
            _ => None,
        };
        let Some(bound) = bound else {
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Ok(None);
            }
            return self.owner(now, token).map(Some).ok_or(None);
        };
        if !scheme.eq_ignore_ascii_case("dpop") {
            return Err(None);
        }
        let key = self.proof(now, Side::Api, Target::of(request), Some(token)).map_err(Some)?;
        if key != Some(bound) {
            self.counters.proofs_refused += 1;
            return Err(Some(Refused::new("invalid_dpop_proof", "the proof has another key")));
        }
        self.owner(now, token).map(Some).ok_or(None)
    }
}

/// The reply of the API to a proof that it does not accept, or to a bound token that is not valid.
pub(super) fn unauthorized(refused: Option<&Refused>) -> Reply {
    let code = refused.map_or("invalid_token", |refused| refused.code);
    let challenge = format!("DPoP error=\"{code}\", algs=\"ES256\"");
    Reply::json(401, serde_json::json!({ "error": code }))
        .with_header("WWW-Authenticate", &challenge)
}

/// The header and the claims of a proof, and the thumbprint of the key that has signed it (RFC 7638).
fn signed(proof: &str) -> Option<(Value, Value, String)> {
    let (message, signed) = proof.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
    let claims: Value = serde_json::from_slice(&decoded(claims)?).ok()?;
    let jwk = header.get("jwk")?.as_object()?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    if jwk.contains_key("d") || member("kty")? != "EC" || member("crv")? != "P-256" {
        return None;
    }
    let (x, y) = (member("x")?, member("y")?);
    let point = [&[4], &*decoded(x)?, &*decoded(y)?].concat();
    signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
        .verify(message.as_bytes(), &decoded(signed)?)
        .ok()?;
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let thumbprint = digest::digest(&digest::SHA256, members.as_bytes());
    Some((header, claims, URL_SAFE_NO_PAD.encode(thumbprint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proofs of RFC 9449 sections 4.1 and 7.1, whose key has the thumbprint of section 6.1 (RFC 7638).
    const PROOFS: [(&str, &str); 2] = [
        (
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo\
             UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW\
             clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh\
             0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8\
             v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
            "https://server.example.com/token",
        ),
        (
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo\
             UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW\
             clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR\
             1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCw\
             iYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-E\
             y71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
            "https://resource.example.org/protectedresource",
        ),
    ];

    #[test]
    fn the_proofs_of_the_standard_are_accepted() {
        for (proof, htu) in PROOFS {
            let (header, claims, thumbprint) = signed(proof).expect("a good signature");
            assert_eq!(header["typ"], "dpop+jwt");
            assert_eq!(claims["htu"], htu);
            assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
            let bad = proof.replacen("eyJqdGki", "eyJqdGkj", 1);
            assert!(signed(&bad).is_none(), "another message");
        }
        let (_, claims, _) = signed(PROOFS[1].0).expect("a good signature");
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    #[cfg(feature = "dpop")]
    mod refusals {
        use std::sync::Arc;
        use std::time::Duration;

        use serde_json::json;
        use time::OffsetDateTime;

        use super::super::*;
        use crate::proof_key::ProofKey;
        use crate::sandbox::settings::Settings;

        const URL: &str = "http://127.0.0.1:1";

        fn server(dpop_nonces: Option<u64>) -> Server {
            Server::new(Arc::new(Settings { dpop_nonces, ..Settings::default() }), URL)
        }

        fn now() -> Now {
            Now { monotonic: Duration::ZERO, wall: OffsetDateTime::UNIX_EPOCH }
        }

        fn made(key: &ProofKey, change: impl Fn(&mut Value, &mut Value)) -> String {
            let jwk: Value = key.public_jwk().parse().unwrap();
            let mut header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
            let mut claims = json!({"jti": crate::secret::random_id(), "htm": "POST",
                "htu": format!("{URL}/token"), "iat": 0});
            change(&mut header, &mut claims);
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(&header), part(&claims));
            let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap());
            format!("{message}.{signature}")
        }

        fn asked(server: &mut Server, proof: &str, token: Option<&str>) -> Result<String, Refused> {
            let headers = [("dpop".to_owned(), proof.to_owned())];
            let target = Target { method: "POST", path: "/token", headers: &headers };
            server.proof(now(), Side::Server, target, token).map(Option::unwrap)
        }

        #[test]
        fn a_proof_with_one_wrong_member_is_refused() {
            let key = ProofKey::generate().unwrap();
            let mut server = server(None);
            assert_eq!(asked(&mut server, &made(&key, |_, _| ()), None), Ok(key.thumbprint()));
            let hash = |c: &mut Value| c["ath"] = crate::protocol::dpop::hash(&"at".into()).into();
            let bound = made(&key, |_, claims| hash(claims));
            assert!(asked(&mut server, &bound, Some("at")).is_ok());
            type Change = fn(&mut Value, &mut Value);
            let wrong: [Change; 13] = [
                |header, _| header["typ"] = "JWT".into(),
                |header, _| header["alg"] = "none".into(),
                |header, _| header["jwk"]["d"] = "x".into(),
                |header, _| header["jwk"]["kty"] = "RSA".into(),
                |header, _| header["jwk"]["crv"] = "P-384".into(),
                |_, claims| claims["htm"] = "GET".into(),
                |_, claims| claims["htu"] = format!("{URL}/token?x=1").into(),
                |_, claims| claims["iat"] = 61.into(),
                |_, claims| claims["iat"] = Value::Null,
                |_, claims| claims["ath"] = "x".into(),
                |_, claims| claims["jti"] = "short".into(),
                |_, claims| claims["jti"] = Value::Null,
                |_, claims| claims["jti"] = "the same id twice".into(),
            ];
            assert!(asked(&mut server, &made(&key, wrong[12]), None).is_ok());
            for (number, change) in wrong.into_iter().enumerate() {
                let result = asked(&mut server, &made(&key, change), None);
                assert_eq!(result.unwrap_err().code, "invalid_dpop_proof", "{number}");
            }
            assert!(asked(&mut server, &made(&key, |_, c| c["iat"] = 60.into()), None).is_ok());
            let unhashed = asked(&mut server, &made(&key, |_, _| ()), Some("at"));
            assert_eq!(unhashed.unwrap_err().code, "invalid_dpop_proof");
            assert_eq!(server.counters.proofs_refused, 14);
        }

        #[test]
        fn eight_nonces_of_each_server_are_accepted_until_all_are_renewed() {
            let key = ProofKey::generate().unwrap();
            let mut server = server(Some(2));
            let newest = |server: &Server| {
                let reply = server.with_nonce(Side::Server, Reply::new(200));
                reply.header("dpop-nonce").unwrap().to_owned()
            };
            let with = |server: &mut Server, nonce: &str| {
                let proof = made(&key, |_, claims| claims["nonce"] = nonce.into());
                asked(server, &proof, None).map(drop)
            };
            let first = newest(&server);
            assert_eq!(with(&mut server, "other"), Err(NONCE_WANTED));
            for used in 1..=14 {
                assert_eq!(with(&mut server, &first), Ok(()), "{used}");
                assert_eq!(newest(&server) != first, used >= 2, "{used}");
            }
            let last = newest(&server);
            assert_eq!(with(&mut server, &first), Ok(()));
            assert_eq!(with(&mut server, &last), Ok(()));
            assert_eq!(with(&mut server, &first), Err(NONCE_WANTED));
            server.renew_nonces();
            assert_eq!(with(&mut server, &last), Err(NONCE_WANTED));
            assert_eq!(server.counters.nonces_demanded, 3);
        }
    }
}
