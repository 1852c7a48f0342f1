//! Where an access token may go: to the provider's API base and to hosts that the caller has allowed.

use ureq::Agent;
use url::Url;

use super::Client;
use crate::error::{Error, Result};
use crate::plain::plain;
use crate::provider::{Provider, is_loopback};
use crate::refresh::Live;
use crate::substring;

impl Client {
    /// The address of a request. A path is appended to the base unchanged: the path begins with a
    /// slash, so it cannot name another host and need not be parsed. A fragment is never sent.
    pub(crate) fn url_of(&self, target: &str) -> Result<String> {
        self.check_hosts()?;
        let end = target.bytes().position(|byte| byte == b'#').unwrap_or(target.len());
        let target = &target[..end];
        if target.starts_with('/') {
            return match &self.0.base {
                Some(base) => {
                    let mut url = String::with_capacity(base.len() + target.len());
                    url.push_str(base);
                    url.push_str(target);
                    Ok(url)
                }
                None => Err(Error::config(format!(
                    "provider {} has no API base: set `ProviderBuilder::api_base`, or call whole \
                     addresses",
                    self.0.provider.name
                ))),
            };
        }
        let url = parsed(target)?;
        match origin(&url) {
            Some(origin) if self.0.origins.contains(&origin) => Ok(url.into()),
            Some(origin) => Err(Error::config(format!(
                "the access token does not go to {origin}: allow it with \
                 `ClientBuilder::allow_host(\"{origin}\")` if it may see the token"
            ))),
            None => Err(Error::config(
                "the access token goes only to https addresses, or to http addresses on loopback",
            )),
        }
    }

    /// Fails if the caller passed a text to `allow_host` that is no origin.
    pub(crate) fn check_hosts(&self) -> Result<()> {
        match &self.0.wrong_host {
            Some(wrong) => Err(Error::config(wrong.as_str())),
            None => Ok(()),
        }
    }

    /// Whether the API's base may come with the login, so that [`Client::url_at`] decides about a target.
    pub(crate) fn base_comes_with_login(&self) -> bool {
        self.0.provider.api.base_from.is_some()
    }

    /// Whether the access token of at least one login may go to an absolute address.
    pub(crate) fn may_be_api(&self, target: &str) -> bool {
        let place = self.0.provider.api.base_from.as_ref();
        let is_place = |url: Url| place.is_some_and(|place| place.allows(&url));
        self.url_of(target).is_ok() || parsed(target).is_ok_and(is_place)
    }

    /// The address of a request of this login, and whether it is on loopback.
    pub(crate) fn url_at(&self, live: &Live, target: &str) -> Result<(String, bool)> {
        let on_loopback = |url: &str| Url::parse(url).is_ok_and(|url| is_loopback(&url));
        let base = match &live.base {
            None => {
                let url = self.url_of(target)?;
                let loopback = on_loopback(&url);
                return Ok((url, loopback));
            }
            Some(Ok(base)) => base,
            Some(Err(fault)) => {
                return Err(Error::config(format!(
                    "the access token is not sent: the address that came with the login is not allowed. {}",
                    plain(fault.clone())
                )));
            }
        };
        self.check_hosts()?;
        if target.starts_with('/') {
            return Ok((format!("{base}{target}"), on_loopback(base)));
        }
        let url = parsed(target)?;
        let own = Url::parse(base).is_ok_and(|base| base.origin() == url.origin());
        match own {
            true => Ok((url.to_string(), is_loopback(&url))),
            false => self.url_of(target).map(|url| (url.clone(), on_loopback(&url))),
        }
    }

    /// The agent for an address.
    pub(crate) fn agent_at(&self, loopback: bool) -> &Agent {
        self.0.agents.at(loopback)
    }

    /// The address of a request that carries no token.
    pub(crate) fn any_url(&self, target: &str) -> Result<String> {
        let url = parsed(substring::before(target, '#'))?;
        match origin(&url) {
            Some(_) => Ok(url.into()),
            None => Err(Error::config(
                "a request goes only to https addresses, or to http addresses on loopback",
            )),
        }
    }

    /// The agent for an address that [`Client::url_of`] made of `target`.
    pub(crate) fn agent_for(&self, target: &str, url: Option<&str>) -> &Agent {
        let loopback = if target.starts_with('/') {
            self.0.base_is_loopback
        } else {
            url.and_then(|url| Url::parse(url).ok()).is_some_and(|url| is_loopback(&url))
        };
        self.agent_at(loopback)
    }
}

fn parsed(target: &str) -> Result<Url> {
    let url = Url::parse(target).map_err(|_| {
        Error::config("a request needs a path that begins with /, or a whole address")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::config("a request's address must not carry credentials"));
    }
    Ok(url)
}

/// The origins that the access token may go to: of the API base, the userinfo endpoint, the profile and
/// the hosts that the caller has allowed.
pub(super) fn allowed(provider: &Provider, hosts: &[String]) -> Vec<String> {
    let all = provider.api.base.iter().chain(hosts).chain(&provider.endpoints.userinfo);
    #[cfg(feature = "identity")]
    let all = all.chain(provider.api.profile.iter().flat_map(|profile| profile.urls()));
    all.filter_map(|text| origin(&Url::parse(text).ok()?)).collect()
}

/// The origin of an address that a token may go to: https, or http on loopback.
fn origin(url: &Url) -> Option<String> {
    let allowed = url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
    allowed.then(|| url.origin().ascii_serialization())
}

/// Whether a text is an origin that an access token may go to.
pub(super) fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| origin(&url).is_some())
}
