//! Implements the authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636), without I/O.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::events::EventKind;
use super::exact_online;
use super::resource;
use super::server::{Server, Which};
use super::token_endpoint::TokenCall;
use super::tokens::{Decision, Now, Refused};
use crate::provider::is_loopback;
use crate::secret::random_text;

/// How long a code lives. RFC 6749 section 4.1.2 recommends at most ten minutes.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// An authorization request that waits for the person.
#[derive(Clone)]
pub(super) struct Pending {
    pub(super) client: String,
    redirect_uri: String,
    state: Option<String>,
    pub(super) scope: String,
    challenge: Option<String>,
    nonce: Option<String>,
    acr: Option<String>,
    /// The thumbprint of the key that the code is bound to (RFC 9449 section 10).
    pub(super) dpop_jkt: Option<String>,
}

/// An issued authorization code.
pub(super) struct Code {
    client: String,
    redirect_uri: String,
    scope: String,
    challenge: Option<String>,
    nonce: Option<String>,
    acr: Option<String>,
    dpop_jkt: Option<String>,
    issued_at: Duration,
    /// Whether the code was used, and the login that it began, if any.
    spent: Option<Option<usize>>,
}

/// Why an authorization request gets no page on which the person can agree.
pub(super) enum Unfit {
    /// The redirect URI is not registered, so the error is shown to the person and not sent to the client
    /// (section 4.1.2.1).
    Page(&'static str),
    /// The error is sent to the client at this address.
    Redirect(String),
}

/// What is wrong with an authorization request. Without `pending`, the redirect URI cannot be trusted.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
    pending: Option<Box<Pending>>,
}

impl Server {
    /// Accepts an authorization request and returns its number, or refuses it.
    pub(super) fn authorize(
        &mut self,
        now: Now,
        issuer: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Unfit> {
        let is_pushed = parameters.iter().any(|(name, _)| name == "request_uri");
        let pending = if is_pushed {
            self.take_pushed(now, issuer, parameters)?
        } else {
            self.pending_of(parameters)
                .and_then(|pending| match self.settings.pushed_required {
                    true => Err(Fault {
                        code: "invalid_request",
                        description: "only pushed authorization requests",
                        pending: Some(Box::new(pending)),
                    }),
                    false => Ok(pending),
                })
                .map_err(|fault| self.unfit(issuer, fault))?
        };
        let number = random_text::<16>();
        self.pending.insert(number.clone(), pending);
        Ok(number)
    }

    fn unfit(&self, issuer: &str, fault: Fault) -> Unfit {
        let Some(pending) = fault.pending else { return Unfit::Page(fault.description) };
        let parameters = [("error", fault.code), ("error_description", fault.description)];
        Unfit::Redirect(self.callback(issuer, &pending, &parameters))
    }

    /// Checks the parameters of an authorization request.
    pub(super) fn pending_of(&self, parameters: &[(String, String)]) -> Result<Pending, Fault> {
        let get =
            |name: &str| parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        let page = |description| Fault { code: "invalid_request", description, pending: None };
        let client = get("client_id").unwrap_or_default();
        let is_ours = client == self.settings.client_id;
        if !is_ours && !self.registered.contains_key(&client) {
            return Err(page("unknown client_id"));
        }
        let may = |uri: &String| match is_ours {
            true => self.may_redirect(uri),
            false => self.has_registered(&client, uri),
        };
        let Some(redirect_uri) = get("redirect_uri").filter(may) else {
            return Err(page("redirect_uri is missing or not registered"));
        };
        let pending = Pending {
            client,
            redirect_uri,
            state: get("state"),
            scope: get("scope").unwrap_or_default(),
            challenge: get("code_challenge"),
            nonce: get("nonce"),
            acr: get("acr_values").and_then(|all| Some(all.split(' ').next()?.to_owned())),
            dpop_jkt: get("dpop_jkt"),
        };
        let twice = |name: &str| parameters.iter().filter(|(n, _)| n == name).count() > 1;
        let (code, description) =
            if ["client_id", "redirect_uri", "state", "scope", "code_challenge"]
                .iter()
                .any(|name| twice(name))
            {
                ("invalid_request", "a parameter came twice")
            } else if get("response_type").as_deref() != Some("code") {
                ("unsupported_response_type", "only response_type=code")
            } else if pending.challenge.is_some()
                && get("code_challenge_method").as_deref() != Some("S256")
            {
                ("invalid_request", "only code_challenge_method=S256")
            } else if pending.challenge.is_none() && self.settings.pkce_required {
                ("invalid_request", "code_challenge is missing")
            } else {
                match resource::check_target(&self.url, &self.settings, parameters) {
                    Ok(()) => return Ok(pending),
                    Err(refused) => (refused.code, refused.description),
                }
            };
        Err(Fault { code, description, pending: Some(Box::new(pending)) })
    }

    /// Records the person's decision and returns the address for the browser. Returns `None` if no request
    /// waits under this number.
    pub(super) fn decide(
        &mut self,
        now: Now,
        issuer: &str,
        number: &str,
        approve: bool,
    ) -> Option<String> {
        let pending = self.pending.remove(number)?;
        if !approve {
            return Some(self.callback(issuer, &pending, &[("error", "access_denied")]));
        }
        let code = random_text::<24>();
        let address = self.callback(issuer, &pending, &[("code", &code)]);
        self.codes.insert(
            code,
            Code {
                client: pending.client,
                redirect_uri: pending.redirect_uri,
                scope: pending.scope,
                challenge: pending.challenge,
                nonce: pending.nonce,
                acr: pending.acr,
                dpop_jkt: pending.dpop_jkt,
                issued_at: now.monotonic,
                spent: None,
            },
        );
        Some(address)
    }

    /// Exchanges a code at the token endpoint. The code is used up even if the exchange fails. A second use
    /// revokes the login that the first use began (RFC 6749 section 4.1.2).
    pub(super) fn exchange(
        &mut self,
        now: Now,
        text: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Decision {
        let refused = |description| Err(Refused::new("invalid_grant", description));
        let Some(code) = self.codes.get_mut(text) else { return refused("unknown code") };
        if let Some(login) = code.spent {
            self.counters.code_replays += 1;
            self.note(now, EventKind::CodeReplayed, login, None);
            if let Some(login) = login {
                self.end_login(now, login, "code replayed");
            }
            return refused("the code was used before");
        }
        code.spent = Some(None);
        let lifetime = match self.settings.exact_online {
            true => exact_online::CODE_LIFETIME,
            false => CODE_LIFETIME,
        };
        if now.monotonic.saturating_sub(code.issued_at) >= lifetime {
            return refused("the code has expired");
        }
        if redirect_uri != Some(&code.redirect_uri) {
            return refused("another redirect_uri");
        }
        if code.dpop_jkt.is_some() && code.dpop_jkt != self.proofs.key {
            return refused("the code is bound to another key");
        }
        match (&code.challenge, verifier) {
            (None, None) => {}
            (Some(challenge), Some(verifier)) if *challenge == s256(verifier) => {}
            (Some(_), Some(_)) => return refused("the code_verifier does not match"),
            (Some(_), None) => return refused("the code_verifier is missing"),
            // RFC 9700 section 2.1.1: a verifier without a challenge is a downgrade attack.
            (None, Some(_)) => return refused("a code_verifier for a request without PKCE"),
        }
        let (scope, nonce, acr) = (code.scope.clone(), code.nonce.clone(), code.acr.clone());
        let client = Some(code.client.clone()).filter(|id| self.registered.contains_key(id));
        let login = self.logins.len();
        if let Some(code) = self.codes.get_mut(text) {
            code.spent = Some(Some(login));
        }
        self.counters.code_exchanges += 1;
        let issued = self.begin_login(now, &scope);
        self.logins[login].nonce = nonce;
        self.logins[login].acr = acr;
        self.logins[login].client = client;
        Ok(issued)
    }

    /// Checks that a code belongs to the client of this request (RFC 6749 section 5.2).
    pub(super) fn check_code_owner(&self, code: &str, call: &TokenCall) -> Result<(), Refused> {
        let client = self.registered_client(call);
        let client = client.as_ref().unwrap_or(&self.settings.client_id);
        match self.codes.get(code) {
            Some(code) if code.client != *client => {
                Err(Refused::new("invalid_grant", "the code of another client"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that a refresh token belongs to the client of this request (RFC 6749 section 6).
    pub(super) fn check_login_owner(&self, token: &str, call: &TokenCall) -> Result<(), Refused> {
        let Some(&Which::Refresh(index)) = self.by_text.get(token) else { return Ok(()) };
        let login = &self.logins[self.refresh_tokens[index].login];
        match login.client == self.registered_client(call) {
            true => Ok(()),
            false => Err(Refused::new("invalid_grant", "the refresh token of another client")),
        }
    }

    fn may_redirect(&self, uri: &str) -> bool {
        self.settings.redirect_uris.iter().any(|known| known == uri)
            || Url::parse(uri).is_ok_and(|url| is_loopback(&url) && url.fragment().is_none())
    }

    pub(super) fn callback(
        &self,
        issuer: &str,
        pending: &Pending,
        parameters: &[(&str, &str)],
    ) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = &pending.state {
            query.append_pair("state", state);
        }
        if self.settings.issuer_in_callback {
            query.append_pair("iss", issuer);
        }
        let separator = if pending.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", pending.redirect_uri, query.finish())
    }
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}
