//! Verifies ID tokens with the key set of the server, which is fetched when it is needed and kept for a while.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Client;
use crate::clock::Clock;
use crate::error::{Error, IdTokenError, Result};
use crate::oidc::VerifiedClaims;
use crate::protocol::{ExpectedIdToken, KeySet, Signed};
use crate::secret::Secret;

/// How long a key set is used before it is fetched again.
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long a key set is used if the server cannot be reached.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The time between two requests for the key set. Within this time, a token with an unknown `kid` is refused.
const PAUSE: Duration = Duration::from_secs(30);

/// The key set of a server, as it was last fetched.
#[derive(Default)]
pub(crate) struct Keys {
    state: Mutex<State>,
    /// Locked while a thread requests the key set, so that only one thread sends the request.
    asking: Mutex<()>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// How many threads wait for the thread whose request is on its way.
    waiting: usize,
    /// How many requests have failed.
    failures: u64,
    /// The last failure, for the threads that waited for it.
    failure: Option<Error>,
}

/// A key set with the monotonic times of its request and of the last request for a newer set.
#[derive(Clone)]
struct Known {
    set: Arc<KeySet>,
    fetched: Duration,
    asked: Duration,
}

impl Keys {
    /// Checks a signature. If no key fits, the server may have new keys: the set is fetched again, once within
    /// the pause.
    fn check(
        &self,
        signed: &Signed<'_>,
        clock: &dyn Clock,
        fetch: &dyn Fn() -> Result<KeySet>,
    ) -> Result<Result<(), IdTokenError>> {
        let age = |known: &Known| clock.monotonic().saturating_sub(known.fetched);
        let known = self.state.lock().known.clone();
        let first = match known {
            Some(known) if age(&known) < LIFETIME => known,
            // Another thread is requesting the key set, and the server may not answer: use the known set.
            Some(known) if age(&known) < LONGEST && self.asking.is_locked() => known,
            known => match (self.newer(known.as_ref(), clock, fetch), known) {
                (Ok(newer), _) => newer,
                // While the server cannot be reached, an old key set is better than none.
                (Err(error), Some(known)) if age(&known) < LONGEST => {
                    log::warn!(target: "evergrant", "uses an old key set: the server cannot be reached");
                    return known.set.check(signed).map(Ok).map_err(|_| error);
                }
                (Err(error), _) => return Err(error),
            },
        };
        let why = match first.set.check(signed) {
            Ok(()) => return Ok(Ok(())),
            Err(why) => why,
        };
        let second = self.newer(Some(&first), clock, fetch)?;
        Ok(if second.fetched > first.fetched { second.set.check(signed) } else { Err(why) })
    }

    /// Returns a set that is newer than `seen`, or `seen` if the server was asked a short time ago.
    fn newer(
        &self,
        seen: Option<&Known>,
        clock: &dyn Clock,
        fetch: &dyn Fn() -> Result<KeySet>,
    ) -> Result<Known> {
        let failures = {
            let mut state = self.state.lock();
            state.waiting += 1;
            state.failures
        };
        let _asking = self.asking.lock();
        let now = clock.monotonic();
        {
            let mut state = self.state.lock();
            state.waiting -= 1;
            if let Some(known) = &state.known {
                let is_newer = seen.is_none_or(|seen| known.fetched > seen.fetched);
                let since = |then: Duration| now.saturating_sub(then);
                if is_newer || since(known.asked) < PAUSE && since(known.fetched) < LONGEST {
                    return Ok(known.clone());
                }
            }
            // Threads that have waited for a server that does not answer must not wait again, one after
            // the other.
            if state.failures > failures
                && let Some(failure) = &state.failure
            {
                return Err(failure.echo());
            }
        }
        let fetched = fetch();
        let mut state = self.state.lock();
        match fetched {
            Ok(set) => {
                let set = Arc::new(set);
                Ok(state.known.insert(Known { set, fetched: now, asked: now }).clone())
            }
            Err(error) => {
                if let Some(known) = &mut state.known {
                    // A request to a server that does not answer may have taken longer than the pause.
                    known.asked = clock.monotonic();
                }
                state.failures += 1;
                state.failure = (state.waiting > 0).then(|| error.echo());
                Err(error)
            }
        }
    }
}

impl Client {
    /// Verifies an ID token: its signature with the server's key set, then its issuer, audience and dates (OpenID
    /// Connect Core section 3.1.3.7). Use this for an ID token that did not come from the token endpoint over TLS,
    /// such as the token that a mobile app sends to its server.
    ///
    /// The client fetches the key set from the provider's
    /// [`jwks_uri`](crate::provider::ProviderBuilder::jwks_uri) at the first call and keeps it in
    /// memory: for an hour, and for a day if the server cannot be reached. If no key of the set fits,
    /// the client fetches the set again, at most once in 30 seconds. The algorithms are RS256, RS384,
    /// RS512, PS256, PS384, PS512 (keys of 2048 to 8192 bits), ES256, ES384, and EdDSA with Ed25519. ES512 is
    /// refused ([`IdTokenError::Algorithm`]), because `ring` has no P-521. A key is used only for the
    /// algorithms of its kind, and a key with an `alg` only for that algorithm.
    ///
    /// Three claims are left to the caller: compare `nonce` with the value that was sent with the login of this
    /// ID token, and `azp`, if the ID token has this claim, with the applications that may send ID tokens to
    /// yours. An ID token that Google makes in a mobile app for its server has the server in `aud` and the
    /// app in `azp`. If your application demands a recent login, compare
    /// [`VerifiedClaims::authenticated_at`] with the time.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # let authorization = client.authorize(&["openid"])?;
    /// # let callback = sandbox.approve(authorization.url())?;
    /// # let token = client.exchange(authorization, &callback)?;
    /// # let Some(id_token) = token.id_token() else { return Ok(()) };
    /// let claims = client.verified_claims(id_token)?;
    /// println!("{} at {}", claims.subject(), claims.issuer());
    /// # assert_eq!(claims.subject(), "ada");
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] for an ID token that is not accepted (its source is an
    /// [`IdTokenError`]), and for an answer that is no key set; [`Error::Config`] for a
    /// provider without `jwks_uri` or issuer; [`Error::Transport`] and [`Error::Api`] when the key set
    /// cannot be fetched.
    pub fn verified_claims(&self, id_token: &Secret) -> Result<VerifiedClaims> {
        let provider = self.provider();
        let lacks = |what: &str| {
            let name = provider.display_name();
            Error::config(format!(
                "{name} has no {what}: set it, or make the provider from metadata"
            ))
        };
        let address = provider.jwks_uri().ok_or_else(|| lacks("jwks_uri"))?;
        let issuer = provider.issuer().ok_or_else(|| lacks("issuer"))?;
        let wrong = |why: IdTokenError| Error::decode("the ID token", why);
        let signed = Signed::read(id_token.expose()).map_err(wrong)?;
        let (clock, tokens) = (self.clock(), self.tokens());
        let fetch = || tokens.key_set(address, clock.now_utc());
        self.0.keys.check(&signed, clock, &fetch)?.map_err(wrong)?;
        let now = clock.now_utc();
        let expected = ExpectedIdToken {
            issuer: Some(issuer),
            client_id: self.0.credentials.id(),
            nonce: None,
            nonce_may_miss: true,
            unsigned: false,
            just_came: false,
            access_token: None,
            authenticated_since: None,
            now: [now, now],
        };
        let claims = expected.check(id_token.expose()).map_err(wrong)?;
        VerifiedClaims::of(claims).ok_or_else(|| wrong(IdTokenError::ClaimMissing("sub")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    /// The key and the JWT of RFC 7515 appendix A.3.
    const KEY: &[u8] = br#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    #[test]
    fn a_silent_server_delays_one_thread_and_once_in_the_pause() {
        let (keys, clock, signed) =
            (Keys::default(), ManualClock::new(), Signed::read(JWT).unwrap());
        let set = || KeySet::read(KEY).map_err(Error::config);
        assert_eq!(keys.check(&signed, &clock, &set).unwrap(), Ok(()));
        clock.sleep(LIFETIME * 2);
        let asked = std::cell::Cell::new(0);
        let silent = || {
            asked.set(asked.get() + 1);
            let other = || keys.check(&signed, &clock, &|| Err(Error::config("asked twice")));
            let other = std::thread::scope(|scope| scope.spawn(other).join().unwrap());
            assert_eq!(other.unwrap(), Ok(()), "another thread does not wait");
            clock.sleep(PAUSE * 2);
            Err(Error::config("no answer"))
        };
        for _ in 0..3 {
            assert_eq!(keys.check(&signed, &clock, &silent).unwrap(), Ok(()));
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn threads_that_waited_for_a_silent_server_share_its_failure() {
        let keys = Keys::default();
        let signed = Signed::read(JWT).unwrap();
        let asked = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (keys, signed, asked) = (&keys, &signed, &asked);
            let check = move |fetch: &dyn Fn() -> Result<KeySet>| {
                keys.check(signed, &ManualClock::new(), fetch).unwrap_err().to_string()
            };
            let silent = move || {
                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Err(Error::config("no answer"))
            };
            let first = check(&|| {
                for _ in 0..4 {
                    scope.spawn(move || assert!(check(&silent).contains("no answer")));
                }
                while keys.state.lock().waiting < 4 {
                    std::thread::yield_now();
                }
                silent()
            });
            assert!(first.contains("no answer"));
        });
        assert_eq!(asked.into_inner(), 1);
        // A later call sends the request again.
        let set = || KeySet::read(KEY).map_err(Error::config);
        assert_eq!(keys.check(&signed, &ManualClock::new(), &set).unwrap(), Ok(()));
    }
}
