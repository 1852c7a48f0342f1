//! The JWT bearer grant (RFC 7523 section 2.1).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::assertion::{audience, signed};
use super::authorize::join_scopes;
use super::form::{Params, form_encoded};
use super::request::TokenRequest;
use super::requester::Requester;
use crate::clock::later;
use crate::error::Result;
use crate::secret::{Secret, random_id};
use crate::signing::{Shared, Signer};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The default lifetime of an assertion.
const LIFETIME: Duration = Duration::from_secs(300);

/// The JWT bearer grant (RFC 7523 section 2.1): a signed assertion instead of a person's login.
///
/// The claims of the assertion are `iss`, `sub`, `aud`, `iat`, `exp` and `jti`, and the claims of
/// [`JwtBearer::claim`]. Each token request gets a newly signed assertion.
#[derive(Clone)]
#[must_use]
pub struct JwtBearer {
    signer: Shared,
    issuer: Option<String>,
    subject: Option<String>,
    with_subject: bool,
    audience: Option<String>,
    scopes: Vec<String>,
    scope_in_claims: bool,
    lifetime: Duration,
    claims: Map<String, Value>,
}

impl JwtBearer {
    /// Makes a grant that is signed with this key. Issuer and subject are the client id, the audience
    /// is the provider's issuer (or the setting
    /// [`ProviderBuilder::assertion_audience`](crate::provider::ProviderBuilder::assertion_audience)),
    /// and the lifetime is 5 minutes.
    pub fn new(signer: impl Signer + 'static) -> JwtBearer {
        JwtBearer::shared(Shared(Arc::new(signer)))
    }

    pub(crate) fn shared(signer: Shared) -> JwtBearer {
        JwtBearer {
            signer,
            issuer: None,
            subject: None,
            with_subject: true,
            audience: None,
            scopes: Vec::new(),
            scope_in_claims: false,
            lifetime: LIFETIME,
            claims: Map::new(),
        }
    }

    /// Sets the issuer of the assertion (`iss`).
    pub fn issuer(mut self, issuer: impl Into<String>) -> JwtBearer {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the subject (`sub`): the account that the token is for.
    pub fn subject(mut self, subject: impl Into<String>) -> JwtBearer {
        self.subject = Some(subject.into());
        self
    }

    /// Leaves `sub` out, for a server that treats a missing `sub` as "the issuer itself". (RFC 7523
    /// section 3 requires `sub`.)
    pub fn without_subject(mut self) -> JwtBearer {
        self.with_subject = false;
        self
    }

    /// Sets the audience (`aud`): one string.
    pub fn audience(mut self, audience: impl Into<String>) -> JwtBearer {
        self.audience = Some(audience.into());
        self
    }

    /// Sets the scopes to request, in the parameter `scope`.
    pub fn scopes(mut self, scopes: &[&str]) -> JwtBearer {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// Sends the scopes in the claim `scope`, as Google requires.
    pub fn scope_in_claims(mut self) -> JwtBearer {
        self.scope_in_claims = true;
        self
    }

    /// Sets the lifetime of the assertion, in whole seconds. 5 minutes by default. The server sets the
    /// lifetime of the access token.
    pub fn lifetime(mut self, lifetime: Duration) -> JwtBearer {
        self.lifetime = lifetime;
        self
    }

    /// Adds a claim. The new claim replaces a claim of the same name.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> JwtBearer {
        self.claims.insert(name.into(), value.into());
        self
    }

    pub(crate) fn scopes_asked(&self) -> &[String] {
        &self.scopes
    }

    /// The text with which a store distinguishes the accounts of this grant.
    pub(crate) fn mark(&self) -> Option<String> {
        let pairs = [("iss", &self.issuer), ("sub", &self.subject), ("aud", &self.audience)];
        let mut marks: Vec<_> = pairs
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", form_encoded(value.as_ref()?))))
            .collect();
        // Errors show this text and a claim may be a secret, so the text has only the claim's
        // fingerprint.
        let claim = |(name, value): (&String, &Value)| {
            format!("{name}={}", Secret::new(value.to_string()).fingerprint())
        };
        marks.extend(self.claims.iter().map(claim));
        Some(marks.join("&")).filter(|marks| !marks.is_empty())
    }

    fn assertion(&self, caller: &Requester<'_>, scope: Option<&str>) -> Result<Secret> {
        let Requester { provider, credentials, now, .. } = *caller;
        let issuer = self.issuer.as_deref().unwrap_or(credentials.id());
        let mut claims = json!({
            "iss": issuer,
            "aud": self.audience.as_deref().unwrap_or_else(|| audience(provider)),
            "jti": random_id(),
            "iat": now.unix_timestamp(),
            "exp": later(now, self.lifetime).unix_timestamp(),
        });
        if let Some(members) = claims.as_object_mut() {
            let subject = self.subject.as_deref().or(self.with_subject.then_some(issuer));
            members.extend(subject.map(|subject| ("sub".to_owned(), subject.into())));
            members.extend(scope.map(|scope| ("scope".to_owned(), scope.into())));
            members.extend(self.claims.clone());
        }
        signed(&*self.signer.0, None, &claims)
    }
}

impl fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBearer")
            .field("signer", &self.signer)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .field("scopes", &self.scopes)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Builds a token request with a signed assertion. A client authenticates if it can; otherwise the
/// assertion alone identifies it (RFC 7521 section 4.1).
pub(crate) fn jwt_bearer(caller: &Requester<'_>, grant: &JwtBearer) -> Result<TokenRequest> {
    let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    let scope = join_scopes(&scopes, caller.provider.authorization.scope_separator)?;
    let in_claims = scope.as_deref().filter(|_| grant.scope_in_claims);
    let assertion = grant.assertion(caller, in_claims)?;
    let mut params = Params::new();
    params.push("grant_type", GRANT);
    params.push("assertion", assertion.expose().to_owned());
    if let Some(scope) = scope.filter(|_| !grant.scope_in_claims) {
        params.push("scope", scope);
    }
    if caller.is_confidential() {
        return caller.token_request(params);
    }
    caller.request_without_client(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use time::OffsetDateTime;

    use crate::credentials::Credentials;
    use crate::provider::Provider;
    use crate::signing::SigningKey;

    const NOW: i64 = 1_795_208_400;

    fn key() -> SigningKey {
        SigningKey::from_pem(include_str!("../../tests/keys/p256.pem")).unwrap()
    }

    fn caller<'a>(provider: &'a Provider, credentials: &'a Credentials) -> Requester<'a> {
        let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
        Requester {
            provider,
            credentials,
            extra: &[],
            home: None,
            auth: provider.client_auth(),
            now,
        }
    }

    fn claims_of(jwt: &str) -> Value {
        let part = jwt.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_grant_is_marked_by_accounts_and_claims() {
        let grant = || JwtBearer::new(key());
        assert_eq!(grant().mark(), None);
        let mark = grant().issuer("a b").subject("c").mark();
        assert_eq!(mark.as_deref(), Some("iss=a%20b&sub=c"));
        let marks = ["sesame", "other"].map(|value| grant().claim("tenant", value).mark().unwrap());
        assert!(marks[0].starts_with("tenant=") && !marks[0].contains("sesame"), "{marks:?}");
        assert_ne!(marks[0], marks[1]);
    }

    #[test]
    fn the_scope_of_an_assertion_is_a_parameter_or_a_claim() {
        let provider = Provider::builder("example").token_endpoint("https://as.example/token");
        let provider = provider.build().unwrap();
        let credentials = Credentials::public("app7");
        let claims = |grant: JwtBearer| {
            let request = jwt_bearer(&caller(&provider, &credentials), &grant).unwrap();
            let body = String::from_utf8(request.body.to_vec()).unwrap();
            let jwt = body.split("assertion=").nth(1).unwrap().split('&').next().unwrap();
            (claims_of(jwt), body)
        };
        let (own, body) = claims(JwtBearer::new(key()).scopes(&["a", "b"]));
        assert_eq!((&own["iss"], &own["sub"]), (&json!("app7"), &json!("app7")));
        assert_eq!(own["aud"], "https://as.example/token");
        assert_eq!((&own["exp"], own.get("scope")), (&json!(NOW + 300), None));
        assert!(body.ends_with("&scope=a%20b") && !body.contains("client_id"), "{body}");
        let delegated = JwtBearer::new(key())
            .issuer("svc@example.com")
            .subject("ada@example.com")
            .audience("urn:aud")
            .scopes(&["a", "b"])
            .scope_in_claims()
            .lifetime(Duration::from_secs(3600))
            .claim("tenant", "t1");
        let (other, body) = claims(delegated);
        assert_eq!((&other["sub"], &other["exp"]), (&json!("ada@example.com"), &json!(NOW + 3600)));
        assert_eq!((&other["scope"], &other["tenant"]), (&json!("a b"), &json!("t1")));
        assert_eq!((&other["iss"], &other["aud"]), (&json!("svc@example.com"), &json!("urn:aud")));
        assert!(!body.contains("scope="), "{body}");
        assert!(claims(JwtBearer::new(key()).without_subject()).0.get("sub").is_none());
        let confidential = Credentials::new("app7", "s3cret");
        let request =
            jwt_bearer(&caller(&provider, &confidential), &JwtBearer::new(key())).unwrap();
        assert!(request.headers.iter().any(|(name, _)| *name == "Authorization"));
    }
}
