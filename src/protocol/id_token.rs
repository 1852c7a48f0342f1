//! The claims of an ID token (OpenID Connect Core section 2), checked and read; the signature is
//! not verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::clean;
use crate::error::IdTokenError;
use crate::secret::Secret;
use crate::stored_json::{object, parse};
use crate::substring;

/// How long after its expiry an ID token is still accepted, in seconds, because clocks differ.
const LEEWAY: i64 = 120;
/// How far the issue time (`iat`) of an ID token may be ahead of our clock, in seconds.
const AHEAD: i64 = 600;
/// How old an ID token may be when it arrives from the token endpoint, in seconds.
const BEHIND: i64 = 86_400;

/// The placeholder for the tenant in Microsoft's issuer for all tenants.
const TENANT: &str = "{tenantid}";
/// Google's issuer, which Google writes with or without the scheme.
const GOOGLE: &str = "https://accounts.google.com";

/// Reads the claims of a signed JWT (RFC 7519 section 3). Does not verify the signature.
#[cfg(feature = "oidc")]
pub(crate) fn claims(token: &str) -> Result<Map<String, Value>, &'static str> {
    let [_, payload, _] = parts(token)?;
    claims_of(payload)
}

/// Splits a token into header, claims and signature, without decoding them.
pub(super) fn parts(token: &str) -> Result<[&str; 3], &'static str> {
    let mut parts = substring::split(token, '.');
    let (Some(header), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err("it is not a JWT");
    };
    match parts.next() {
        None => Ok([header, payload, signature]),
        Some(_) => Err("it is encrypted"),
    }
}

/// Reads a part of a token that is a JSON object.
#[cfg(feature = "oidc")]
pub(super) fn members_of(part: &str) -> Option<Map<String, Value>> {
    decoded(part).and_then(|bytes| parse(&bytes)).and_then(object)
}

fn claims_of(payload: &str) -> Result<Map<String, Value>, &'static str> {
    let bytes = decoded(payload).ok_or("its claims are not base64url")?;
    parse(&bytes).and_then(object).ok_or("its claims are not a JSON object")
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

/// The values that an ID token must agree with.
pub(crate) struct Expected<'a> {
    /// The provider's issuer, if it is known.
    pub(crate) issuer: Option<&'a str>,
    pub(crate) client_id: &'a str,
    /// The nonce that was sent, if one was.
    pub(crate) nonce: Option<&'a Secret>,
    /// Whether an ID token without a nonce is accepted.
    pub(crate) nonce_may_miss: bool,
    /// Whether the server said beforehand that its ID tokens may have no signature.
    pub(crate) unsigned: bool,
    /// Whether the ID token has just come from the token endpoint. An ID token that has just come was issued
    /// a day ago at most, and to this client (`azp`); any other ID token may come from another application.
    pub(crate) just_came: bool,
    /// The access token that came with the ID token.
    pub(crate) access_token: Option<&'a Secret>,
    /// The earliest allowed time of the person's authentication, by our clock. `None` without `max_age`.
    pub(crate) authenticated_since: Option<OffsetDateTime>,
    /// The time by our clock, and the time of the server's answer. A wrong clock on this machine must
    /// not fail a login, and the answer comes from the server that sent the ID token.
    pub(crate) now: [OffsetDateTime; 2],
}

impl Expected<'_> {
    /// Checks an ID token that the token endpoint sent (OpenID Connect Core section 3.1.3.7). The signature
    /// need not be checked (number 6): TLS proves who sent the token.
    pub(crate) fn check(&self, token: &str) -> Result<Map<String, Value>, IdTokenError> {
        let [header, payload, signature] = parts(token).map_err(IdTokenError::Unreadable)?;
        let claims = claims_of(payload).map_err(IdTokenError::Unreadable)?;
        if let Some(nonce) = self.nonce {
            match check_nonce(&claims, nonce) {
                Err(IdTokenError::NonceMissing) if self.nonce_may_miss => {
                    log::warn!(target: "evergrant", "an ID token came without the nonce of its login");
                }
                checked => checked?,
            }
        }
        let algorithm = self.check_signed(header, signature)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        self.check_dates(&claims)?;
        self.check_authentication(&claims)?;
        self.check_access_token(&claims, &algorithm)?;
        Ok(claims)
    }

    /// Returns the algorithm.
    fn check_signed(&self, header: &str, signature: &str) -> Result<String, IdTokenError> {
        let header = decoded(header).and_then(|bytes| parse(&bytes)).and_then(object);
        let header = header.ok_or(IdTokenError::Unreadable("its header is not a JSON object"))?;
        let Some(algorithm) = text(&header, "alg").filter(|name| !name.is_empty()) else {
            return Err(IdTokenError::Unreadable("its header names no algorithm"));
        };
        let signed = !algorithm.eq_ignore_ascii_case("none") && !signature.is_empty();
        if signed || self.unsigned { Ok(algorithm.to_owned()) } else { Err(IdTokenError::Unsigned) }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), IdTokenError> {
        let came = text(claims, "iss").ok_or(IdTokenError::ClaimMissing("iss"))?;
        let fits = |known: &str| {
            full_name(known) == full_name(came)
                || text(claims, "tid").is_some_and(|tenant| is_issuer_of(known, tenant, came))
        };
        match self.issuer {
            Some(known) if !fits(known) || substring::has(came, TENANT) => {
                Err(IdTokenError::Issuer {
                    expected: known.to_owned(),
                    came: clean(came).unwrap_or_default(),
                })
            }
            _ => Ok(()),
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), IdTokenError> {
        let audience = audience(claims).ok_or(IdTokenError::ClaimMissing("aud"))?;
        if !audience.contains(&self.client_id) {
            return Err(IdTokenError::Audience);
        }
        match claims.get("azp").filter(|party| !party.is_null()) {
            None if audience.len() == 1 => Ok(()),
            Some(Value::String(party)) if party == self.client_id => Ok(()),
            Some(Value::String(_)) if audience.len() == 1 && !self.just_came => Ok(()),
            _ => Err(IdTokenError::AuthorizedParty),
        }
    }

    fn check_dates(&self, claims: &Map<String, Value>) -> Result<(), IdTokenError> {
        let end = date(claims, "exp").ok_or(IdTokenError::ClaimMissing("exp"))?;
        let issued = date(claims, "iat").ok_or(IdTokenError::ClaimMissing("iat"))?;
        let seconds = |from: OffsetDateTime, to: OffsetDateTime| {
            to.unix_timestamp().saturating_sub(from.unix_timestamp())
        };
        if self.now.iter().all(|now| seconds(*now, end) <= -LEEWAY) {
            return Err(IdTokenError::Expired(end));
        }
        let behind = if self.just_came { -BEHIND } else { i64::MIN };
        let fits = |now: &OffsetDateTime| (behind..=AHEAD).contains(&seconds(*now, issued));
        if self.now.iter().any(fits) { Ok(()) } else { Err(IdTokenError::IssuedAt(issued)) }
    }

    /// After `max_age`, the claim `auth_time` is required, and must not be too long before the start of the login
    /// (section 3.1.3.7, number 13). The time of the start is taken by the server's clock, too.
    fn check_authentication(&self, claims: &Map<String, Value>) -> Result<(), IdTokenError> {
        let Some(since) = self.authenticated_since else { return Ok(()) };
        let came = date(claims, "auth_time").ok_or(IdTokenError::ClaimMissing("auth_time"))?;
        let [ours, _] = self.now;
        let earliest = |now: &OffsetDateTime| {
            let ahead = now.unix_timestamp().saturating_sub(ours.unix_timestamp());
            since.unix_timestamp().saturating_add(ahead).saturating_sub(LEEWAY)
        };
        match self.now.iter().any(|now| came.unix_timestamp() >= earliest(now)) {
            true => Ok(()),
            false => Err(IdTokenError::AuthenticatedAt(came)),
        }
    }

    /// If the ID token has an `at_hash`, it is the left half of the hash of the access token, by the hash function
    /// of the ID token's algorithm (section 3.1.3.6).
    fn check_access_token(
        &self,
        claims: &Map<String, Value>,
        algorithm: &str,
    ) -> Result<(), IdTokenError> {
        let came = claims.get("at_hash").filter(|came| !came.is_null());
        let (Some(access_token), Some(came)) = (self.access_token, came) else {
            return Ok(());
        };
        let Some(hash) = hash_of(algorithm) else {
            log::debug!(target: "evergrant", "the at_hash of an ID token has an unknown hash function");
            return Ok(());
        };
        let whole = digest(hash, access_token.expose().as_bytes());
        let (left, _) = whole.as_ref().split_at(whole.as_ref().len() / 2);
        let same = |came: &str| decoded(came).is_some_and(|came| bool::from(came.ct_eq(left)));
        match came.as_str().is_some_and(same) {
            true => Ok(()),
            false => Err(IdTokenError::AccessTokenHash),
        }
    }
}

/// The hash function of an algorithm (RFC 7518 section 3.1; SHA-512 for Ed25519, RFC 8032 section 5.1). `None` for an
/// algorithm without one hash function: `none`, and `EdDSA`, which may use Ed25519 or Ed448.
fn hash_of(algorithm: &str) -> Option<&'static Algorithm> {
    match algorithm {
        "RS256" | "PS256" | "ES256" | "HS256" | "ES256K" => Some(&SHA256),
        "RS384" | "PS384" | "ES384" | "HS384" => Some(&SHA384),
        "RS512" | "PS512" | "ES512" | "HS512" | "Ed25519" => Some(&SHA512),
        _ => None,
    }
}

/// Checks that an ID token from a refresh is about the same login as the first ID token (OpenID Connect
/// Core section 12.2).
pub(crate) fn check_same_login(new: &Map<String, Value>, before: &str) -> Result<(), IdTokenError> {
    let Ok(before) = parts(before).and_then(|[_, payload, _]| claims_of(payload)) else {
        return Ok(());
    };
    let issuer = |claims| text(claims, "iss").map(full_name);
    let other = |claim| Err(IdTokenError::OtherLogin(claim));
    if issuer(new) != issuer(&before) {
        return other("iss");
    }
    if new.get("sub") != before.get("sub") {
        return other("sub");
    }
    if audience(new) != audience(&before) {
        return other("aud");
    }
    if new.contains_key("nonce") && new.get("nonce") != before.get("nonce") {
        return other("nonce");
    }
    Ok(())
}

/// Whether `came` is the issuer of this tenant, by the pattern for all tenants.
fn is_issuer_of(pattern: &str, tenant: &str, came: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !tenant.is_empty()
        && tenant.chars().all(plain)
        && substring::replaced(pattern, TENANT, tenant) == came
}

/// Whether `came` is the known issuer or, if the known issuer is a pattern for all tenants, the issuer
/// of a tenant.
pub(super) fn may_be_issuer(known: &str, came: &str) -> bool {
    let tenant = || {
        let (before, after) = known.split_once(TENANT)?;
        came.strip_prefix(before)?.strip_suffix(after)
    };
    match tenant() {
        Some(tenant) => is_issuer_of(known, tenant, came),
        None => known == came,
    }
}

fn full_name(issuer: &str) -> &str {
    if Some(issuer) == GOOGLE.strip_prefix("https://") { GOOGLE } else { issuer }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

/// The claim `aud`, which is a string or a list of strings.
fn audience(claims: &Map<String, Value>) -> Option<Vec<&str>> {
    match claims.get("aud")? {
        Value::String(one) => Some(vec![one]),
        Value::Array(many) => many.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// A `NumericDate` (RFC 7519 section 2), in whole seconds.
pub(crate) fn date(claims: &Map<String, Value>, name: &str) -> Option<OffsetDateTime> {
    let value = claims.get(name)?;
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Whether an ID token belongs to the login that sent this nonce (OpenID Connect Core section 3.1.3.7,
/// number 11).
fn check_nonce(claims: &Map<String, Value>, nonce: &Secret) -> Result<(), IdTokenError> {
    match claims.get("nonce") {
        Some(Value::String(came))
            if bool::from(came.as_bytes().ct_eq(nonce.expose().as_bytes())) =>
        {
            Ok(())
        }
        None | Some(Value::Null) => Err(IdTokenError::NonceMissing),
        Some(_) => Err(IdTokenError::Nonce),
    }
}

/// Reads the answer of a userinfo endpoint (OpenID Connect Core section 5.3.2). If an ID token is
/// known, the answer must be about the same user.
#[cfg(feature = "oidc")]
pub(crate) fn userinfo(
    content_type: &str,
    body: &[u8],
    id_token: Option<&str>,
) -> Result<Map<String, Value>, &'static str> {
    if content_type.trim_start().to_ascii_lowercase().starts_with("application/jwt") {
        return Err("it is signed (application/jwt), which this release does not read");
    }
    let members = parse(body).and_then(object).ok_or("it is not a JSON object")?;
    let claims = id_token.and_then(|text| claims(text).ok());
    match claims.as_ref().and_then(|claims| claims.get("sub")) {
        Some(subject) if members.get("sub") != Some(subject) => {
            Err("it is about another user than the ID token (its sub differs)")
        }
        _ => Ok(members),
    }
}

#[cfg(test)]
mod tests;
