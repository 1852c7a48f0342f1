//! The steps of a request: which token it carries, what a 401 means, and when the request is sent
//! again.
//!
//! [`Request::run`] has the steps in their order. One attempt to send is in `send.rs`.

use std::time::Duration;

use ureq::http::Uri;

use super::proofs::Proofs;
use super::send::{Answer, Carried, Failed, Payload};
use super::{Request, Response, without_query};
use crate::error::{Error, Result, Unconfirmed, wants_stronger_login};
use crate::hooks::{HOOKS, Hooks, LONGEST_WAIT, Received, Sending};
use crate::plain::plain;
use crate::protocol;
use crate::provider::AnswerRule;
use crate::refresh::{Live, Want};

/// How often one request looks for another token after the API refused its access token. Several times
/// are needed: if a refresh revokes the old access token, other processes can revoke one token after
/// another.
const LOOKS: u32 = 4;

/// A request on its way through the steps.
pub(super) struct Call<'r, 'a, 'b> {
    pub(super) request: &'r mut Request<'a>,
    pub(super) payload: Payload<'b>,
    /// The address that the caller gave, if the API's base comes with the login.
    target: Option<String>,
    pub(super) uri: Uri,
    /// The address without its query, for hooks; empty if no hook gets it.
    url: String,
    hooks: &'a Hooks,
    /// The access token that is sent; `None` for a request without an access token.
    live: Option<Live>,
    /// How often the request was sent.
    attempts: u32,
    /// How often the request was sent again after a failure or a refusal, and how often this may happen at
    /// most.
    tries: u32,
    retries: u32,
    /// How many answers refused the access token.
    looks: u32,
    /// Whether this call has made a refresh.
    refreshed: bool,
    /// The state of the proofs of this call.
    pub(super) proofs: Proofs,
}

/// What an answer says about the access token that was sent.
enum Access {
    /// The API did not refuse the token, or the request was sent without a token.
    Accepted,
    /// The API refused the token, and there is another token.
    Replaced,
    /// The API refused the token, and there is no other token.
    Refused,
}

impl Request<'_> {
    pub(super) fn run(mut self, payload: Payload<'_>) -> Result<Response> {
        let mut call = Call::new(&mut self, payload)?;
        loop {
            call.before_send()?;
            let Some(mut answer) = call.attempt()? else { continue };
            call.on_answer(&answer);
            if call.proves_again(&answer) {
                continue;
            }
            let mut ended = None;
            if let Some(rules) = call.body_rules() {
                let status = answer.status();
                (answer.body, ended) = answer.body.ended(rules, status);
            }
            match call.token_after(&answer, ended)? {
                Access::Replaced => continue,
                Access::Accepted if call.waits_to_repeat(&answer) => continue,
                Access::Accepted | Access::Refused => return call.response(answer),
            }
        }
    }

    fn is_repeatable(&self) -> bool {
        self.repeatable.unwrap_or_else(|| self.client.hooks().repeats(&self.method))
    }
}

impl<'r, 'a, 'b> Call<'r, 'a, 'b> {
    /// Gets the address and the access token. A request without a token calls no hooks of the
    /// client.
    fn new(request: &'r mut Request<'a>, payload: Payload<'b>) -> Result<Call<'r, 'a, 'b>> {
        let mut url = std::mem::replace(&mut request.url, Ok(String::new()))?;
        let client = request.client;
        let retries = request.retries.unwrap_or(client.hooks().retries);
        let (mut live, hooks) = if request.without_token {
            (None, const { &HOOKS })
        } else {
            (Some(client.keeper().access(&Want::Usable)?), client.hooks())
        };
        let mut target = None;
        if client.base_comes_with_login()
            && !request.whole
            && let Some(found) = live
        {
            let found = client.located(found)?;
            let (at, loopback) = client.url_at(&found, &url)?;
            target = Some(std::mem::replace(&mut url, at));
            request.agent = client.agent_at(loopback);
            live = Some(found);
        }
        let uri = uri_of(url)?;
        let url = if hooks.need_url() { without_query(&uri) } else { String::new() };
        Ok(Call {
            request,
            payload,
            target,
            uri,
            url,
            hooks,
            live,
            attempts: 0,
            tries: 0,
            retries,
            looks: 0,
            refreshed: false,
            proofs: Proofs::default(),
        })
    }

    /// Step 1. Calls the hook, which may wait or return an error.
    fn before_send(&mut self) -> Result<()> {
        if let Some(before_send) = &self.hooks.before_send {
            let (method, url, attempt) = (&self.request.method, &*self.url, self.attempts);
            before_send(&Sending { method, url, attempt })?;
        }
        self.attempts += 1;
        Ok(())
    }

    /// Step 2. Sends the request once. Returns `None` after a failure if the request is to be sent
    /// again.
    fn attempt(&mut self) -> Result<Option<Answer>> {
        let value = match &self.live {
            Some(live) => {
                let token = live.header.as_ref().ok_or_else(|| live.without_header())?;
                let proof = self.proofs.of(self.request, live, &self.uri)?;
                Some(Carried { token, proof })
            }
            None => None,
        };
        match self.request.send_once(&self.uri, value.as_ref(), &mut self.payload) {
            Ok(answer) => Ok(Some(answer)),
            Err(Failed { left, .. })
                if self.may_try_again() && (!left || self.request.is_repeatable()) =>
            {
                self.pause(None);
                Ok(None)
            }
            Err(Failed { error, .. }) => Err(error),
        }
    }

    /// Step 3. Calls the hook with the answer.
    fn on_answer(&self, answer: &Answer) {
        if let Some(on_answer) = &self.hooks.on_answer {
            on_answer(&self.received(answer));
        }
    }

    /// The provider's rules for what a body says about the access token. Returns `None` if the provider has
    /// no rules of this kind, or if no token was sent.
    fn body_rules(&self) -> Option<&'a [AnswerRule]> {
        let rules = &self.request.client.provider().api.answer_rules;
        (!rules.is_empty() && self.live.is_some()).then_some(rules)
    }

    /// Step 4. Looks for another access token if the API refused this one.
    fn token_after(&mut self, answer: &Answer, ended: Option<bool>) -> Result<Access> {
        let Some(live) = &self.live else { return Ok(Access::Accepted) };
        // The token is good, and the API complained about the proof alone.
        if self.proofs.is_faulty() {
            return Ok(Access::Accepted);
        }
        // The token is good, but a person has to log in by a stronger method, whatever other rules
        // say.
        let stronger = answer.status() == 401 && wants_stronger_login(&answer.parts.headers);
        if stronger || !ended.unwrap_or_else(|| self.is_expired(answer)) {
            self.request.client.keeper().accepted(live);
            return Ok(Access::Accepted);
        }
        if self.looks == LOOKS {
            return Ok(Access::Accepted);
        }
        self.looks += 1;
        match another(self.request, live, &self.payload, &mut self.refreshed)? {
            Some(mut next) => {
                if let Some(target) = &self.target {
                    let client = self.request.client;
                    next = client.located(next)?;
                    let (url, loopback) = client.url_at(&next, target)?;
                    self.uri = uri_of(url)?;
                    self.request.agent = client.agent_at(loopback);
                }
                self.live = Some(next);
                Ok(Access::Replaced)
            }
            None => Ok(Access::Refused),
        }
    }

    /// Step 5. Waits, if the service asks for a later retry and the request may be sent again.
    fn waits_to_repeat(&mut self, answer: &Answer) -> bool {
        let wait = self.retry_after(answer);
        let status = answer.status();
        // After a 429 the request was not processed. After another status, the request may have been
        // processed.
        let safe = status == 429 || self.request.is_repeatable();
        let again = self.may_try_again()
            && self.hooks.retries_after(status, wait.is_some())
            && safe
            && wait.is_none_or(|wait| wait <= LONGEST_WAIT);
        if again {
            self.pause(wait);
        }
        again
    }

    /// Step 6. Returns the answer, or an error for its status.
    fn response(self, answer: Answer) -> Result<Response> {
        let retry_after = self.retry_after(&answer);
        let Call { request, uri, hooks, live, .. } = self;
        let Answer { parts, body } = answer;
        let response = Response { uri, parts, body, limit: request.limit, live };
        if request.any_status || response.status() < 400 {
            return Ok(response);
        }
        let live = response.live.clone();
        let open = Unconfirmed::is_left_open_by(response.status(), retry_after.is_some());
        let unconfirmed = open.then(|| request.unconfirmed(&response.uri)).flatten();
        let error = response.into_error(&request.method, retry_after, unconfirmed);
        let mut error = match &hooks.map_error {
            Some(map_error) => map_error(error),
            None => Error::Api(Box::new(error)),
        };
        if let Error::Api(api) = &mut error {
            let redact = |text| match &live {
                Some(live) => live.redact(text),
                None => text,
            };
            // `map_error` may have copied texts of the answer unchanged.
            api.reason = api.reason.take().map(redact).map(plain);
            api.request_id = api.request_id.take().map(plain);
        }
        Err(error)
    }

    fn received<'c>(&'c self, answer: &'c Answer) -> Received<'c> {
        let (status, headers) = (answer.status(), &answer.parts.headers);
        Received { method: &self.request.method, url: &self.url, status, headers }
    }

    /// Whether an answer says that the access token is no longer valid.
    fn is_expired(&self, answer: &Answer) -> bool {
        answer.status() == 401
            || self.hooks.expired.as_ref().is_some_and(|expired| expired(&self.received(answer)))
    }

    fn retry_after(&self, answer: &Answer) -> Option<Duration> {
        if !matches!(answer.status(), 413 | 429 | 503) {
            return None;
        }
        let now = self.request.client.clock().now_utc();
        protocol::retry_after(&answer.parts.headers, now, Duration::MAX).or_else(|| {
            let read = self.hooks.retry_after.as_ref()?;
            read(&self.received(answer))
        })
    }

    fn may_try_again(&self) -> bool {
        self.tries < self.retries && self.payload.can_repeat()
    }

    /// Waits as long as the service asked, or else longer after each try. A random part is added, so
    /// that many clients do not retry at the same time.
    fn pause(&mut self, asked: Option<Duration>) {
        let client = self.request.client;
        let wait = asked.unwrap_or_else(|| client.hooks().wait_after(self.tries));
        let extra = wait.min(Duration::from_secs(2)) / 4;
        let share = u32::from(crate::secret::random_byte());
        client.clock().sleep(wait + extra * share / 256);
        self.tries += 1;
    }
}

fn uri_of(url: String) -> Result<Uri> {
    Uri::try_from(url).map_err(|_| {
        Error::config("the request's path or query has characters that are not valid in a URL")
    })
}

/// Gets another access token in place of the refused access token. Returns `None` if the API's answer is
/// final.
fn another(
    request: &Request<'_>,
    live: &Live,
    payload: &Payload<'_>,
    refreshed: &mut bool,
) -> Result<Option<Live>> {
    let keeper = request.client.keeper();
    let refused = live.access_token();
    if !payload.can_repeat() {
        keeper.suspect(refused);
        return Ok(None);
    }
    // Each call refreshes once. If a refresh revokes the old access token, another process can revoke
    // our token before we use it; then the store has a newer token.
    if keeper.is_last_word(refused) {
        return Ok(keeper.moved_on(refused));
    }
    if *refreshed {
        let next = keeper.moved_on(refused);
        if next.is_none() {
            keeper.deny(refused);
        }
        return Ok(next);
    }
    let before = keeper.refreshes();
    match keeper.access(&Want::Instead(refused.clone())) {
        Ok(next) => {
            // A token from the store may have been revoked together with ours, so the next 401 may
            // still lead to a refresh. After a refresh of this call, there is no other token.
            *refreshed = keeper.refreshes() != before;
            Ok(Some(next))
        }
        // There is no refresh token, so the API's own answer says more.
        Err(Error::NotAuthorized(_)) if live.token.refresh_token().is_none() => Ok(None),
        Err(Error::RateLimited(limited)) if request.client.is_too_early(&limited) => Ok(None),
        Err(error) => Err(error),
    }
}
